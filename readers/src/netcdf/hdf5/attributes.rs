//! Values of HDF5 attributes, and the references that NetCDF-4 keeps in them.
use hdf5_reader::io::Cursor;
use hdf5_reader::messages::Datatype;
use terracube_cube::base::DType;

use super::super::item::{Item, padded_text};
use super::Hdf5;
use super::datatype::{Values, described, values};
use super::header::StoredAttribute;
use super::heap::{Heaps, reference_size};
use terracube_cube::data::{Attribute, Attributes};
use terracube_cube::{Error, Result};

/// Attributes that carry NetCDF-4's and HDF5's own book-keeping.
const HIDDEN: [&str; 10] = [
    "CLASS",
    "NAME",
    "REFERENCE_LIST",
    "DIMENSION_LIST",
    "DIMENSION_LABELS",
    "_Netcdf4Dimid",
    "_Netcdf4Coordinates",
    "_NCProperties",
    "_nc3_strict",
    "_NCCOPY",
];

/// Attributes without which values would be read wrongly.
const NEEDED: [&str; 7] =
    ["scale_factor", "add_offset", "_FillValue", "missing_value", "valid_min", "valid_max", "valid_range"];

/// Reads attribute values, with the heaps that hold their strings.
pub(super) struct AttributeReader<'a> {
    hdf: &'a Hdf5,
    heaps: Heaps<'a>,
}

impl<'a> AttributeReader<'a> {
    pub(super) fn new(hdf: &'a Hdf5) -> Self {
        Self { hdf, heaps: Heaps::new(hdf) }
    }

    /// The attributes that users see, in order; those of types without a counterpart (compounds, references) are left out.
    pub(super) fn visible(&self, attributes: &[StoredAttribute]) -> Attributes {
        let name = |attribute: &StoredAttribute| attribute.message.name.clone();
        let shown = attributes.iter().filter(|attribute| !HIDDEN.contains(&attribute.message.name.as_str()));
        shown.filter_map(|attribute| Some((name(attribute), self.value(attribute)?))).collect()
    }

    /// Whether all numbers that decoding needs are read.
    ///
    /// # Errors
    /// If one is not; the error names the attribute.
    pub(super) fn check_needed(&self, attributes: &[StoredAttribute]) -> Result<()> {
        let is_number = |datatype: &Datatype| {
            matches!(datatype, Datatype::FixedPoint { .. } | Datatype::FloatingPoint { .. } | Datatype::Bitfield { .. })
        };
        for attribute in attributes {
            let message = &attribute.message;
            if NEEDED.contains(&message.name.as_str())
                && is_number(&message.datatype)
                && self.value(attribute).is_none()
            {
                let why = match &attribute.bits {
                    Some(Err(error)) => error.to_string(),
                    _ => format!("it has the HDF5 type {}", described(&message.datatype)),
                };
                return Err(Error::unsupported(format!("its attribute `{}` is not read: {why}", message.name))
                    .hint("its values would be wrong without it; write that attribute as a float of 64 bits"));
            }
        }
        Ok(())
    }

    /// The value of an attribute.
    pub(super) fn value(&self, attribute: &StoredAttribute) -> Option<Attribute> {
        let message = &attribute.message;
        let n = usize::try_from(message.dataspace.num_elements().ok()?).ok()?;
        if let Some(bits) = &attribute.bits {
            return numbers(&Item::Bits(bits.as_ref().ok()?.clone()), &message.raw_data, n);
        }
        match values(&message.datatype).ok()? {
            Values::Text => {
                let size = reference_size(self.hdf);
                let references = message.raw_data.chunks_exact(size).take(n);
                let mut texts: Vec<String> =
                    references.map(|reference| self.heaps.text(reference).unwrap_or_default()).collect();
                Some(match texts.len() {
                    1 => Attribute::Text(texts.remove(0)),
                    _ => Attribute::Texts(texts),
                })
            }
            Values::Fixed(Item::Text { size, blanks }) => {
                let mut texts: Vec<String> =
                    message.raw_data.chunks_exact(size.max(1)).take(n).map(|text| padded_text(text, blanks)).collect();
                Some(match texts.len() {
                    0 => Attribute::Text(String::new()),
                    1 => Attribute::Text(texts.remove(0)),
                    _ => Attribute::Texts(texts),
                })
            }
            Values::Fixed(Item::Character) => Some(Attribute::Text(padded_text(&message.raw_data, false))),
            // NetCDF shows a truth value as the integer that it is.
            Values::Fixed(Item::Truth { .. }) => match &message.datatype {
                Datatype::Enum { base, .. } => match values(base).ok()? {
                    Values::Fixed(item) => numbers(&item, &message.raw_data, n),
                    Values::Text => None,
                },
                _ => None,
            },
            Values::Fixed(item) => numbers(&item, &message.raw_data, n),
        }
    }

    /// The text of an attribute.
    pub(super) fn text_of(&self, attribute: Option<&StoredAttribute>) -> Option<String> {
        self.value(attribute?)?.as_text().map(str::to_owned)
    }

    /// The integers of an attribute.
    pub(super) fn integers(&self, attribute: Option<&StoredAttribute>) -> Option<Vec<i64>> {
        match self.value(attribute?)? {
            Attribute::I32(v) => Some(v.into_iter().map(i64::from).collect()),
            Attribute::I64(v) => Some(v),
            _ => None,
        }
    }

    /// The addresses that `DIMENSION_LIST` holds: the first of each axis.
    pub(super) fn dimension_list(&self, attribute: &StoredAttribute) -> Vec<Option<u64>> {
        let size = reference_size(self.hdf);
        let first = |reference: &[u8]| {
            let object = self.heaps.object(reference).ok()?;
            Cursor::new(&object).read_offset(self.hdf.offset_size()).ok()
        };
        attribute.message.raw_data.chunks_exact(size).map(first).collect()
    }
}

fn numbers(item: &Item, bytes: &[u8], n: usize) -> Option<Attribute> {
    let block = item.decode(bytes.get(..n.checked_mul(item.size())?)?.to_vec().into(), &[n]).ok()?;
    Some(match block.dtype() {
        DType::I8 => Attribute::I8(block.values().ok()?.to_vec()),
        DType::I16 => Attribute::I16(block.values().ok()?.to_vec()),
        DType::I32 => Attribute::I32(block.values().ok()?.to_vec()),
        DType::I64 => Attribute::I64(block.values().ok()?.to_vec()),
        DType::U8 => Attribute::U8(block.values().ok()?.to_vec()),
        DType::U16 => Attribute::U16(block.values().ok()?.to_vec()),
        DType::U32 => Attribute::U32(block.values().ok()?.to_vec()),
        DType::U64 => Attribute::U64(block.values().ok()?.to_vec()),
        DType::F32 => Attribute::F32(block.values().ok()?.to_vec()),
        DType::F64 => Attribute::F64(block.values().ok()?.to_vec()),
        _ => return None,
    })
}
