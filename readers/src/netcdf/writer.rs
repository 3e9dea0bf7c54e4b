//! Whole datasets into NetCDF files, by `netcdf-writer`: classic (CDF-1, 2, 5) and NetCDF-4.
//!
//! The encoder wants all values in memory, so a dataset that does not fit the budget is refused before it is computed. The file is
//! written beside its place and renamed to it.
use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Arc;

use netcdf_core::NcAttrValue;
use netcdf_writer::{DimensionId, NcFileBuilder, NcWriteFormat, NcWriteOptions, NcWriteType, VariableId};
use terracube_cube::base::ChunkGrid;
use terracube_cube::data::{Attribute, Attributes, into_sinks};
use terracube_cube::execute::{ArraySpec, MemorySink, Sink};
use terracube_cube::{Block, Context, DType, Error, ErrorKind, Region, Result, RunReport};

use super::guard::guarded;
use crate::cf::encode::{Packer, limits};
use crate::store::{Store, StoreOptions};
use crate::write::{Mode, NetCdfFormat, Plan, Planned, WriteOptions};

/// How often the values are held at once, at most. The encoder has copied the blocks, which are gone by then, and holds three more:
/// classic, the variables of its plan, of the plan before, and in the order of the file; NetCDF-4, the datasets, what their chunks are
/// made of, and the encoded file. Where the file goes through memory to its place, the last two have made room for it.
const COPIES: u64 = 4;
/// Bytes that are written to the disk at once.
const BUFFERED: usize = 1 << 20;
/// The size that chunks of a NetCDF-4 file have where none is said, in bytes: readers keep few of them.
const CHUNK_BYTES: u64 = 4 << 20;

/// Writes a dataset as a NetCDF file.
///
/// # Errors
/// If the place is taken, the dataset does not fit the memory budget, or it has something that the format cannot hold.
pub(crate) fn write(
    plan: &Plan,
    url: &str,
    store: &StoreOptions,
    options: &WriteOptions,
    format: NetCdfFormat,
) -> Result<RunReport> {
    let place = Store::open(url, store)?;
    check_place(&place, options)?;
    let lazy: Vec<&Planned> = plan.variables.iter().filter(|planned| planned.values.is_none()).collect();
    let held: Vec<Arc<Held>> = lazy.iter().map(|_| Arc::new(Held(MemorySink::new()))).collect();
    let sinks: Vec<Arc<dyn Sink>> = held.iter().map(|sink| sink.clone() as Arc<dyn Sink>).collect();
    let exprs: Vec<_> = lazy.iter().map(|planned| planned.variable.expr().clone()).collect();
    let report = into_sinks(&exprs, &sinks, &Context::current()?).map_err(|error| match error.kind() {
        ErrorKind::OverBudget => error.hint("NetCDF files are encoded in memory: write a Zarr store, which is not"),
        _ => error,
    })?;
    drop(sinks);
    let mut file = FileToWrite { builder: NcFileBuilder::new(), dims: BTreeMap::new(), options, format };
    let mut computed = held.into_iter();
    file.attributes(&plan.attributes)?;
    // Coordinates of dimensions come first, as readers of headers like them.
    for planned in &plan.variables {
        let values = match &planned.values {
            Some(values) => values.clone(),
            None => computed.next().ok_or_else(|| Error::internal("a variable was not computed"))?.0.take()?,
        };
        file.variable(planned, &values).map_err(|error| error.context(format!("variable `{}`", planned.name)))?;
    }
    // Renamed to its place where that is a path; an object appears whole.
    place.put_through("", BUFFERED, |out| guarded(place.url(), || file.encode(out)))?;
    Ok(report)
}

fn check_place(place: &Store, options: &WriteOptions) -> Result<()> {
    let url = place.url();
    if !matches!(options.mode, Mode::Create | Mode::Overwrite) {
        return Err(Error::unsupported("NetCDF files are written whole: nothing is appended to them")
            .hint("append to a Zarr store"));
    }
    let is_dir = place.local_path().is_some_and(std::path::Path::is_dir);
    let is_taken = is_dir || place.size("").wait()?.is_some();
    if !is_taken {
        return Ok(());
    }
    if options.mode == Mode::Create {
        return Err(Error::new(ErrorKind::Exists, format!("there is something at {url} already"))
            .hint("choose another place, or call `.overwrite()` to replace the file"));
    }
    let is_netcdf = !is_dir && super::kind(&super::FileBytes::open(place)?)?.is_some();
    if is_netcdf {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Exists, format!("what is at {url} is no NetCDF file, so that it is not overwritten"))
        .hint("choose another place, or remove it yourself"))
}

/// Holds an array, and says how much memory its encoding will take.
struct Held(MemorySink);

impl Sink for Held {
    fn held_bytes(&self, spec: &ArraySpec) -> u64 {
        self.0.held_bytes(spec).saturating_mul(COPIES)
    }

    fn begin(&self, spec: &ArraySpec) -> Result<()> {
        self.0.begin(spec)
    }

    fn write(&self, region: &Region, block: &Block) -> Result<()> {
        self.0.write(region, block)
    }

    fn finish(&self) -> Result<()> {
        self.0.finish()
    }
}

struct FileToWrite<'a> {
    builder: NcFileBuilder,
    dims: BTreeMap<String, (DimensionId, u64)>,
    options: &'a WriteOptions,
    format: NetCdfFormat,
}

impl FileToWrite<'_> {
    fn attributes(&mut self, attributes: &Attributes) -> Result<()> {
        for (name, value) in attributes.iter() {
            self.builder.add_attribute(name, attribute(name, value, self.format)?).map_err(|error| refused(&error))?;
        }
        Ok(())
    }

    fn variable(&mut self, planned: &Planned, values: &Block) -> Result<()> {
        let variable = &planned.variable;
        let packer = Packer::new(variable.dtype(), &planned.encoding)?.without_truth();
        let mut packed = packer.pack(values)?.contiguous()?;
        let mut attributes = planned.attributes.clone();
        for (name, value) in packer.attributes().iter() {
            attributes.set(name, value.clone());
        }
        if self.format == NetCdfFormat::Classic {
            (packed, attributes) = narrowed(packed, attributes)?;
        }
        // Where nothing is said, NaN is what is missing, as xarray has it.
        if packed.dtype().is_float() && attributes.get("_FillValue").is_none() && !planned.is_coordinate {
            attributes.set(
                "_FillValue",
                match packed.dtype() {
                    DType::F32 => Attribute::F32(vec![f32::NAN]),
                    _ => Attribute::F64(vec![f64::NAN]),
                },
            );
        }
        let mut dims = Vec::with_capacity(variable.dims().len() + 1);
        for (dim, &len) in variable.dims().iter().zip(variable.shape()) {
            dims.push(self.dimension(dim, len)?);
        }
        let id = if packed.dtype() == DType::Utf8 {
            self.text(&planned.name, &dims, &packed, &mut attributes)?
        } else {
            let id = self.numbers(&planned.name, &dims, &packed)?;
            self.store_in_chunks(id, variable.dims().iter(), &packed, &variable.chunks().clone())?;
            id
        };
        if let Some(fill) = attributes.remove("_FillValue") {
            let done = self.fill(id, &fill, packed.dtype());
            done.map_err(|error| refused(&error))?;
        }
        for (name, value) in attributes.iter() {
            let value = attribute(name, value, self.format)?;
            self.builder.add_variable_attribute(id, name, value).map_err(|error| refused(&error))?;
        }
        Ok(())
    }

    fn dimension(&mut self, name: &str, len: u64) -> Result<DimensionId> {
        if let Some((id, _)) = self.dims.get(name) {
            return Ok(*id);
        }
        let grows = self.options.unlimited.iter().any(|unlimited| unlimited == name);
        let added =
            if grows { self.builder.add_unlimited_dimension(name) } else { self.builder.add_dimension(name, len) };
        let id = added.map_err(|error| refused(&error))?;
        self.dims.insert(name.to_owned(), (id, len));
        Ok(id)
    }

    fn numbers(&mut self, name: &str, dims: &[DimensionId], values: &Block) -> Result<VariableId> {
        macro_rules! written {
            ($t:ty) => {{
                let id = self.builder.add_variable::<$t>(name, dims);
                let id = id.map_err(|error| refused(&error))?;
                self.put::<$t>(id, values.values::<$t>()?, values.shape())?;
                Ok(id)
            }};
        }
        match values.dtype() {
            DType::I8 => written!(i8),
            DType::I16 => written!(i16),
            DType::I32 => written!(i32),
            DType::I64 => written!(i64),
            DType::U8 => written!(u8),
            DType::U16 => written!(u16),
            DType::U32 => written!(u32),
            DType::U64 => written!(u64),
            DType::F32 => written!(f32),
            DType::F64 => written!(f64),
            other => Err(Error::internal(format!("{other} in a NetCDF file"))),
        }
    }

    fn put<T: NcWriteType>(&mut self, id: VariableId, values: &[T], shape: &[usize]) -> Result<()> {
        if values.is_empty() && !shape.is_empty() {
            return Ok(());
        }
        self.builder.write_variable(id, values).map_err(|error| refused(&error))
    }

    fn text(
        &mut self,
        name: &str,
        dims: &[DimensionId],
        values: &Block,
        attributes: &mut Attributes,
    ) -> Result<VariableId> {
        attributes.remove("_FillValue");
        let texts = values.text().ok_or_else(|| Error::internal("text that is none"))?;
        let texts: Vec<&str> = texts.iter().map(Option::unwrap_or_default).collect();
        if self.format == NetCdfFormat::NetCdf4 {
            let id = self.builder.add_string_variable(name, dims).map_err(|error| refused(&error))?;
            self.builder.write_string_variable(id, &texts).map_err(|error| refused(&error))?;
            return Ok(id);
        }
        // Characters along one more dimension, in bytes of UTF-8.
        let width = texts.iter().map(|text| text.len()).max().unwrap_or(0).max(1);
        let mut dims = dims.to_vec();
        dims.push(self.dimension(&format!("string{width}"), width as u64)?);
        attributes.set("_Encoding", "utf-8");
        let id = self.builder.add_char_variable(name, &dims).map_err(|error| refused(&error))?;
        let mut bytes = Vec::with_capacity(width * texts.len());
        for text in texts {
            bytes.extend_from_slice(text.as_bytes());
            bytes.resize(bytes.len() + width - text.len(), 0);
        }
        self.builder.write_char_variable(id, &bytes).map_err(|error| refused(&error))?;
        Ok(id)
    }

    fn store_in_chunks<'d>(
        &mut self,
        id: VariableId,
        dims: impl Iterator<Item = &'d str> + Clone,
        values: &Block,
        grid: &ChunkGrid,
    ) -> Result<()> {
        let shape: Vec<u64> = values.shape().iter().map(|&len| len as u64).collect();
        if self.format == NetCdfFormat::Classic || shape.is_empty() || shape.contains(&0) {
            return Ok(());
        }
        let deflate = self.options.compression.deflate()?;
        let is_named = |dim: &str| self.options.chunks.iter().any(|(name, _)| name == dim);
        let grows = |dim: &str| self.options.unlimited.iter().any(|name| name == dim);
        let small = values.n_bytes() < 1 << 10;
        if !dims.clone().any(|dim| is_named(dim) || grows(dim)) && (deflate.is_none() || small) {
            return Ok(());
        }
        let mut chunks = chunk_lengths(&shape, &grid.largest_chunk(), values.dtype());
        for (axis, dim) in dims.enumerate() {
            if let Some((_, len)) = self.options.chunks.iter().find(|(name, _)| name == dim) {
                chunks[axis] = (*len).clamp(1, shape[axis]);
            }
        }
        let builder = &mut self.builder;
        let mut set = || -> netcdf_writer::Result<()> {
            builder.set_variable_chunking(id, chunks.clone())?;
            if let Some(level) = deflate {
                builder.set_variable_deflate(id, Some(level as u8), values.dtype().item_size() > 1)?;
            }
            Ok(())
        };
        set().map_err(|error| refused(&error))
    }

    fn fill(&mut self, id: VariableId, fill: &Attribute, dtype: DType) -> netcdf_writer::Result<()> {
        let builder = &mut self.builder;
        match (fill, dtype) {
            (Attribute::I8(v), DType::I8) => builder.set_variable_fill_value(id, v[0]),
            (Attribute::I16(v), DType::I16) => builder.set_variable_fill_value(id, v[0]),
            (Attribute::I32(v), DType::I32) => builder.set_variable_fill_value(id, v[0]),
            (Attribute::I64(v), DType::I64) => builder.set_variable_fill_value(id, v[0]),
            (Attribute::U8(v), DType::U8) => builder.set_variable_fill_value(id, v[0]),
            (Attribute::U16(v), DType::U16) => builder.set_variable_fill_value(id, v[0]),
            (Attribute::U32(v), DType::U32) => builder.set_variable_fill_value(id, v[0]),
            (Attribute::U64(v), DType::U64) => builder.set_variable_fill_value(id, v[0]),
            (Attribute::F32(v), DType::F32) => builder.set_variable_fill_value(id, v[0]),
            (Attribute::F64(v), DType::F64) => builder.set_variable_fill_value(id, v[0]),
            _ => Ok(()),
        }
    }

    fn encode(&self, out: &mut dyn Write) -> Result<()> {
        let format = match self.format {
            NetCdfFormat::NetCdf4 => NcWriteFormat::Nc4,
            NetCdfFormat::Classic => NcWriteFormat::AutoClassic,
        };
        self.builder.write(out, NcWriteOptions { format }).map_err(|error| refused(&error))?;
        Ok(())
    }
}

/// Classic files before CDF-5 lack 64-bit and unsigned integers: what fits is stored in 32 or 16 bits.
fn narrowed(values: Block, mut attributes: Attributes) -> Result<(Block, Attributes)> {
    let target = match values.dtype() {
        DType::I64 | DType::U32 | DType::U64 => DType::I32,
        DType::U16 => DType::I32,
        DType::U8 => DType::I16,
        _ => return Ok((values, attributes)),
    };
    let Some((least, most)) = limits(target) else { return Ok((values, attributes)) };
    let all: Vec<i128> = match values.dtype() {
        DType::U64 => values.values::<u64>()?.iter().map(|&v| v.into()).collect(),
        DType::I64 => values.values::<i64>()?.iter().map(|&v| v.into()).collect(),
        _ => values.to_f64()?.into_iter().map(|v| v as i128).collect(),
    };
    let numbers = |attribute: &Attribute| attribute.numbers().unwrap_or_default();
    let fills: Vec<f64> =
        ["_FillValue", "missing_value"].iter().filter_map(|name| attributes.get(name)).flat_map(numbers).collect();
    // The 64-bit missing time has no place in 32 bits; a number that no time has takes it.
    let missing = i128::from(i64::MIN);
    let spare = least;
    let fits = |v: i128| (least..=most).contains(&v) || (v == missing && fills.contains(&(missing as f64)));
    if !all.iter().all(|&v| fits(v)) || (all.contains(&missing) && all.contains(&spare)) {
        return Ok((values, attributes));
    }
    let whole = |v: i128| if v == missing && !(least..=most).contains(&v) { spare } else { v };
    let block = match target {
        DType::I16 => Block::new(values.shape(), all.iter().map(|&v| whole(v) as i16).collect())?,
        _ => Block::new(values.shape(), all.iter().map(|&v| whole(v) as i32).collect())?,
    };
    for name in ["_FillValue", "missing_value"] {
        let Some(fill) = attributes.get(name).map(numbers).and_then(|list| list.first().copied()) else { continue };
        let fill = whole(fill as i128);
        if !(least..=most).contains(&fill) {
            // No value bears it.
            attributes.remove(name);
            continue;
        }
        attributes.set(
            name,
            match target {
                DType::I16 => Attribute::I16(vec![fill as i16]),
                _ => Attribute::I32(vec![fill as i32]),
            },
        );
    }
    Ok((block, attributes))
}

/// Whole chunks of the data where they are small enough, else parts of them of about [`CHUNK_BYTES`].
fn chunk_lengths(shape: &[u64], source: &[u64], dtype: DType) -> Vec<u64> {
    let mut chunks: Vec<u64> = shape.iter().zip(source).map(|(&len, &chunk)| chunk.min(len).max(1)).collect();
    let size = |chunks: &[u64]| chunks.iter().fold(dtype.item_size() as u64, |n, &len| n.saturating_mul(len));
    for axis in 0..chunks.len() {
        let too_large = size(&chunks).div_ceil(CHUNK_BYTES);
        chunks[axis] = chunks[axis].div_ceil(too_large).max(1);
    }
    chunks
}

fn attribute(name: &str, value: &Attribute, format: NetCdfFormat) -> Result<NcAttrValue> {
    Ok(match value {
        Attribute::Text(text) => NcAttrValue::Chars(text.clone()),
        Attribute::Texts(texts) if format == NetCdfFormat::NetCdf4 => NcAttrValue::Strings(texts.clone()),
        Attribute::Texts(texts) => NcAttrValue::Chars(texts.join(" ")),
        Attribute::I8(v) => NcAttrValue::Bytes(v.clone()),
        Attribute::I16(v) => NcAttrValue::Shorts(v.clone()),
        Attribute::I32(v) => NcAttrValue::Ints(v.clone()),
        Attribute::F32(v) => NcAttrValue::Floats(v.clone()),
        Attribute::F64(v) => NcAttrValue::Doubles(v.clone()),
        _ if format == NetCdfFormat::Classic => return small_integers(name, value),
        Attribute::I64(v) => NcAttrValue::Int64s(v.clone()),
        Attribute::U8(v) => NcAttrValue::UBytes(v.clone()),
        Attribute::U16(v) => NcAttrValue::UShorts(v.clone()),
        Attribute::U32(v) => NcAttrValue::UInts(v.clone()),
        Attribute::U64(v) => NcAttrValue::UInt64s(v.clone()),
        Attribute::Json(json) => NcAttrValue::Chars(json.to_string()),
    })
}

/// Integers that a classic file can hold.
fn small_integers(name: &str, value: &Attribute) -> Result<NcAttrValue> {
    if let Attribute::Json(json) = value {
        return Ok(NcAttrValue::Chars(json.to_string()));
    }
    let numbers = value.numbers().unwrap_or_default();
    let fits = numbers.iter().all(|&v| v >= f64::from(i32::MIN) && v <= f64::from(i32::MAX));
    if fits {
        return Ok(NcAttrValue::Ints(numbers.into_iter().map(|v| v as i32).collect()));
    }
    let exact = numbers.iter().all(|v| v.abs() <= 9_007_199_254_740_992.0);
    if exact {
        return Ok(NcAttrValue::Doubles(numbers));
    }
    Err(Error::unsupported(format!("attribute `{name}` does not fit a classic NetCDF file"))
        .hint("write NetCDF-4 (.nc)"))
}

fn refused(error: &netcdf_writer::Error) -> Error {
    Error::unsupported(format!("it cannot be written as NetCDF: {error}")).hint("write a Zarr store, which holds it")
}
