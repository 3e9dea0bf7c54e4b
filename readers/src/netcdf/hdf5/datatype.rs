//! What HDF5 types mean to us.
use hdf5_reader::error::ByteOrder;
use hdf5_reader::messages::Datatype;
use hdf5_reader::messages::datatype::{EnumMember, StringPadding, StringSize, VarLenKind};
use terracube_cube::base::DType;
use terracube_cube::{Error, Result};

use super::super::item::Item;

/// What the values of a dataset are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Values {
    /// Of fixed size, decoded by [`Item`].
    Fixed(Item),
    /// Strings of variable length, which stand in the heap of the file.
    Text,
}

/// What a type means; an error names what is not supported.
pub(super) fn values(datatype: &Datatype) -> Result<Values> {
    let unsupported =
        |what: &str| Err(Error::unsupported(format!("it has the HDF5 type {what}, which has no array type here")));
    Ok(Values::Fixed(match datatype {
        Datatype::FixedPoint { size, signed, byte_order } => integer(*size, *signed, *byte_order)?,
        Datatype::Bitfield { size, byte_order } => integer(*size, false, *byte_order)?,
        Datatype::FloatingPoint { size, byte_order } => {
            let big_endian = *byte_order == ByteOrder::BigEndian;
            match size {
                2 => Item::Half { big_endian },
                4 => Item::Number { dtype: DType::F32, big_endian },
                8 => Item::Number { dtype: DType::F64, big_endian },
                n => return unsupported(&format!("float of {n} bytes")),
            }
        }
        Datatype::String { size: StringSize::Fixed(1), .. } => Item::Character,
        Datatype::String { size: StringSize::Fixed(n), padding, .. } => {
            Item::Text { size: *n as usize, blanks: *padding == StringPadding::SpacePad }
        }
        Datatype::String { size: StringSize::Variable, .. } | Datatype::VarLen { kind: VarLenKind::String, .. } => {
            return Ok(Values::Text);
        }
        Datatype::Enum { base, members } if is_truth(members) => match &**base {
            Datatype::FixedPoint { size, .. } => Item::Truth { size: usize::from(*size) },
            _ => return unsupported("enum"),
        },
        Datatype::Enum { base, .. } => return values(base),
        Datatype::Compound { .. } => return unsupported("compound"),
        Datatype::Array { .. } => return unsupported("array"),
        Datatype::VarLen { .. } => return unsupported("variable-length sequence"),
        Datatype::Opaque { .. } => return unsupported("opaque"),
        Datatype::Reference { .. } => return unsupported("reference"),
    }))
}

fn integer(size: u8, signed: bool, order: ByteOrder) -> Result<Item> {
    let dtype = match (size, signed) {
        (1, true) => DType::I8,
        (2, true) => DType::I16,
        (4, true) => DType::I32,
        (8, true) => DType::I64,
        (1, false) => DType::U8,
        (2, false) => DType::U16,
        (4, false) => DType::U32,
        (8, false) => DType::U64,
        _ => return Err(Error::unsupported(format!("it has integers of {size} bytes"))),
    };
    Ok(Item::Number { dtype, big_endian: order == ByteOrder::BigEndian })
}

/// h5py writes truth values as an enum of FALSE = 0 and TRUE = 1.
fn is_truth(members: &[EnumMember]) -> bool {
    let value = |name: &str| {
        members.iter().find(|member| member.name == name).map(|member| member.value.iter().any(|b| *b != 0))
    };
    members.len() == 2 && value("FALSE") == Some(false) && value("TRUE") == Some(true)
}
