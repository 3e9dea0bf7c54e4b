//! NetCDF classic (CDF-1), 64-bit offset (CDF-2) and 64-bit data (CDF-5): the header by `netcdf-reader`, values by arithmetic.
use std::sync::Arc;

use netcdf_reader::classic::header::{ClassicHeader, parse_header};
use netcdf_reader::{NcAttrValue, NcAttribute, NcFormat, NcType, NcVariable};
use terracube_cube::base::DType;
use terracube_cube::source::Source;
use terracube_cube::{Error, Result};

use super::bytes::FileBytes;
use super::flat::FlatSource;
use super::guard::guarded;
use super::item::Item;
use crate::manifest::ChunkIndexer;
use crate::raw::{RawDim, RawGroup, RawStorage, RawVariable};
use terracube_cube::data::{Attribute, Attributes};

/// The header is read in steps that double, from this size on.
const FIRST_READ: u64 = 64 << 10;
/// No header is larger than this.
const MAX_HEADER: u64 = 256 << 20;

/// Reads the header of a classic file.
pub(super) fn open(file: &FileBytes) -> Result<RawGroup> {
    let (mut header, streaming, version) = read_header(file)?;
    let record = record_size(&header.variables)?;
    let known = u64::from(u32::MAX);
    if streaming || (version != 5 && header.numrecs == known) {
        let start = header.variables.iter().filter(|v| v.is_record_var).map(|v| v.data_offset).min();
        let bytes = start.map_or(0, |start| file.len().saturating_sub(start));
        header.numrecs = bytes.checked_div(record).unwrap_or(0);
    }
    let dims = header.dimensions.iter().map(|dim| RawDim {
        name: name(&dim.name),
        len: if dim.is_unlimited { header.numrecs } else { dim.size },
        unlimited: dim.is_unlimited,
    });
    let mut group = RawGroup { path: "/".into(), dims: dims.collect(), ..RawGroup::default() };
    group.attributes = attributes(&header.global_attributes);
    for variable in &header.variables {
        group.variables.push(raw_variable(file, variable, &header, record));
    }
    Ok(group)
}

fn read_header(file: &FileBytes) -> Result<(ClassicHeader, bool, u8)> {
    let mut wanted = FIRST_READ;
    loop {
        let bytes = file.read(0..file.len().min(wanted))?;
        let version = bytes.get(3).copied().unwrap_or(0);
        let format = match version {
            1 => NcFormat::Classic,
            2 => NcFormat::Offset64,
            _ => NcFormat::Cdf5,
        };
        let parsed = guarded(file.name(), || Ok(parse_header(&bytes, format)))?;
        let streaming = match version {
            5 => bytes.get(4..12) == Some(&[0xff; 8]),
            _ => bytes.get(4..8) == Some(&[0xff; 4]),
        };
        match parsed {
            Ok(header) => return Ok((header, streaming, version)),
            // A header that is cut off looks damaged in many ways: only the whole file decides.
            Err(_) if wanted < file.len() && wanted < MAX_HEADER => wanted *= 4,
            Err(error) => {
                return Err(Error::corrupt(format!("the NetCDF header of {} is damaged: {error}", file.name()))
                    .hint("get the file again"));
            }
        }
    }
}

/// Bytes of one record of all record variables. A single one is not padded.
fn record_size(variables: &[NcVariable]) -> Result<u64> {
    let records: Vec<&NcVariable> = variables.iter().filter(|v| v.is_record_var).collect();
    let mut total = 0u64;
    for variable in &records {
        let bytes = slab_bytes(variable)?;
        total = total
            .checked_add(if records.len() == 1 { bytes } else { bytes.div_ceil(4).saturating_mul(4) })
            .ok_or_else(|| Error::corrupt("a record is larger than 2^64 bytes"))?;
    }
    Ok(total)
}

fn slab_bytes(variable: &NcVariable) -> Result<u64> {
    let (dtype, _) = dtype_of(variable)?;
    let inner = variable.dimensions.iter().skip(usize::from(variable.is_record_var));
    inner
        .map(|dim| dim.size)
        .try_fold(dtype.item_size() as u64, u64::checked_mul)
        .ok_or_else(|| Error::corrupt(format!("variable `{}` is larger than 2^64 bytes", variable.name)))
}

fn raw_variable(file: &FileBytes, variable: &NcVariable, header: &ClassicHeader, record: u64) -> RawVariable {
    let shape: Vec<u64> =
        variable.dimensions.iter().map(|dim| if dim.is_unlimited { header.numrecs } else { dim.size }).collect();
    let characters = matches!(dtype_of(variable), Ok((_, true)));
    let data = dtype_of(variable).and_then(|(dtype, characters)| {
        let item = if characters { Item::Character } else { Item::Number { dtype, big_endian: true } };
        let record = variable.is_record_var.then_some(record);
        let source = FlatSource::new(file.clone(), &variable.name, item, shape.clone(), variable.data_offset, record)?;
        if !shape.contains(&0) && source.end() > file.len() {
            return Err(Error::corrupt(format!(
                "{} is truncated: variable `{}` ends at byte {}, but the file holds {}",
                file.name(),
                variable.name,
                source.end(),
                file.len()
            ))
            .hint("get the file again"));
        }
        Ok(Arc::new(source))
    });
    RawVariable {
        name: name(&variable.name),
        dims: variable.dimensions.iter().map(|dim| name(&dim.name)).collect(),
        shape,
        attributes: attributes(&variable.attributes),
        chunks: data.as_ref().ok().map(|source| source.clone() as Arc<dyn ChunkIndexer>),
        data: data.map(|source| source as Arc<dyn Source>),
        characters,
        storage: RawStorage::default(),
    }
}

/// Names end at a NUL, as they do in C.
fn name(stored: &str) -> String {
    stored.split('\0').next().unwrap_or_default().to_owned()
}

fn dtype_of(variable: &NcVariable) -> Result<(DType, bool)> {
    Ok(match variable.dtype {
        NcType::Byte => (DType::I8, false),
        NcType::Char => (DType::U8, true),
        NcType::Short => (DType::I16, false),
        NcType::Int => (DType::I32, false),
        NcType::Float => (DType::F32, false),
        NcType::Double => (DType::F64, false),
        NcType::UByte => (DType::U8, false),
        NcType::UShort => (DType::U16, false),
        NcType::UInt => (DType::U32, false),
        NcType::Int64 => (DType::I64, false),
        NcType::UInt64 => (DType::U64, false),
        _ => return Err(Error::corrupt(format!("variable `{}` has a type that no classic file has", variable.name))),
    })
}

fn attributes(attributes: &[NcAttribute]) -> Attributes {
    let value = |value: &NcAttrValue| match value {
        NcAttrValue::Bytes(v) => Attribute::I8(v.clone()),
        NcAttrValue::Chars(v) => Attribute::Text(v.clone()),
        NcAttrValue::Shorts(v) => Attribute::I16(v.clone()),
        NcAttrValue::Ints(v) => Attribute::I32(v.clone()),
        NcAttrValue::Floats(v) => Attribute::F32(v.clone()),
        NcAttrValue::Doubles(v) => Attribute::F64(v.clone()),
        NcAttrValue::UBytes(v) => Attribute::U8(v.clone()),
        NcAttrValue::UShorts(v) => Attribute::U16(v.clone()),
        NcAttrValue::UInts(v) => Attribute::U32(v.clone()),
        NcAttrValue::Int64s(v) => Attribute::I64(v.clone()),
        NcAttrValue::UInt64s(v) => Attribute::U64(v.clone()),
        NcAttrValue::Strings(v) => Attribute::Texts(v.clone()),
        NcAttrValue::UserDefined { .. } => Attribute::Texts(Vec::new()),
    };
    attributes.iter().map(|attribute| (name(&attribute.name), value(&attribute.value))).collect()
}
