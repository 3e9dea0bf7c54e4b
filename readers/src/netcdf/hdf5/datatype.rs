//! What HDF5 types mean to us.
use hdf5_reader::error::ByteOrder;
use hdf5_reader::messages::Datatype;
use hdf5_reader::messages::datatype::{EnumMember, StringPadding, StringSize, VarLenKind};
use terracube_cube::base::DType;
use terracube_cube::{Error, Result};

use super::super::bits::{Bits, BitsKind};
use super::super::item::Item;
use super::objects::Stored;

/// What the values of a dataset are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Values {
    /// Of fixed size, decoded by [`Item`].
    Fixed(Item),
    /// Strings of variable length, which stand in the heap of the file.
    Text,
}

/// What the values of a dataset are: those of its type, or numbers of unusual bits.
pub(super) fn stored_values(stored: &Stored) -> Result<Values> {
    match &stored.bits {
        Some(bits) => Ok(Values::Fixed(Item::Bits(bits.clone()))),
        None => values(&stored.datatype),
    }
}

/// What a type means; an error names what is not supported.
pub(super) fn values(datatype: &Datatype) -> Result<Values> {
    let unsupported = || {
        let message = format!("it has the HDF5 type {}, which has no array type here", described(datatype));
        Err(Error::unsupported(message))
    };
    Ok(Values::Fixed(match datatype {
        Datatype::FixedPoint { size, signed, byte_order } => integer(*size, *signed, *byte_order)?,
        Datatype::Bitfield { size, byte_order } => integer(*size, false, *byte_order)?,
        Datatype::FloatingPoint { size, byte_order } => {
            let big_endian = *byte_order == ByteOrder::BigEndian;
            match size {
                2 => Item::Half { big_endian },
                4 => Item::Number { dtype: DType::F32, big_endian },
                8 => Item::Number { dtype: DType::F64, big_endian },
                _ => return unsupported(),
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
            _ => return unsupported(),
        },
        Datatype::Enum { base, .. } => return values(base),
        Datatype::Compound { .. }
        | Datatype::Array { .. }
        | Datatype::VarLen { .. }
        | Datatype::Opaque { .. }
        | Datatype::Reference { .. } => return unsupported(),
    }))
}

/// The fields of a number from the message of its type; `None` if it is one of a machine's, or no number.
pub(super) fn bits(message: &[u8]) -> Option<Result<Bits>> {
    let (class, flags) = (message.first()? & 0x0f, message.get(1..4)?);
    let size = u32::from_le_bytes(message.get(4..8)?.try_into().ok()?);
    let half = |at: usize| Some(u32::from(u16::from_le_bytes(message.get(at..at + 2)?.try_into().ok()?)));
    let byte = |at: usize| message.get(at).copied().map(u32::from);
    let (offset, precision) = (half(8)?, half(10)?);
    let big_endian = flags[0] & 1 == 1;
    let no = |what: &str| Some(Err(Error::unsupported(format!("it has {what} of {size} bytes and {precision} bits"))));
    match class {
        0 => {
            if offset == 0 && precision == 8 * size && size.is_power_of_two() && size <= 8 {
                return None;
            }
            if size > 8 || precision == 0 || offset + precision > 8 * size {
                return no("integers");
            }
            let kind = BitsKind::Integer { offset, precision, signed: flags[0] & 8 != 0 };
            Some(Ok(Bits { size: size as usize, big_endian, kind }))
        }
        1 => {
            let sign = u32::from(flags[1]);
            let (exponent, mantissa) = ((byte(12)?, byte(13)?), (byte(14)?, byte(15)?));
            let bias = u32::from_le_bytes(message.get(16..20)?.try_into().ok()?);
            let is_vax = flags[0] & 0x40 != 0;
            let norm = flags[0] >> 4 & 3;
            let machine = match size {
                2 => ((10, 5), (0, 10), 15),
                4 => ((23, 8), (0, 23), 127),
                _ => ((52, 11), (0, 52), 1023),
            };
            if norm == 2 && !is_vax && offset == 0 && sign + 1 == 8 * size && (exponent, mantissa, bias) == machine {
                return None;
            }
            let within = |(start, len): (u32, u32)| len > 0 && start + len <= 8 * size;
            let fits = size <= 16 && sign < 8 * size && within(exponent) && within(mantissa) && exponent.1 <= 16;
            if is_vax || !fits || mantissa.1 > 112 || bias > 1 << 20 {
                return no("floats");
            }
            let kind = BitsKind::Float { sign, exponent, mantissa, bias, implied: norm == 2 };
            Some(Ok(Bits { size: size as usize, big_endian, kind }))
        }
        _ => None,
    }
}

/// A type as people read it: "compound {a: int32, b: float64}".
pub(super) fn described(datatype: &Datatype) -> String {
    let of = |size: u8| 8 * u32::from(size);
    match datatype {
        Datatype::FixedPoint { size, signed: true, .. } => format!("int{}", of(*size)),
        Datatype::FixedPoint { size, .. } => format!("uint{}", of(*size)),
        Datatype::FloatingPoint { size, .. } => format!("float{}", of(*size)),
        Datatype::Bitfield { size, .. } => format!("bits of {size} bytes"),
        Datatype::String { size: StringSize::Fixed(n), .. } => format!("text of {n} bytes"),
        Datatype::String { size: StringSize::Variable, .. } | Datatype::VarLen { kind: VarLenKind::String, .. } => {
            "text".to_owned()
        }
        Datatype::Compound { fields, .. } => {
            let each = fields.iter().map(|field| format!("{}: {}", field.name, described(&field.datatype)));
            format!("compound {{{}}}", listed(each))
        }
        Datatype::Array { base, dims } => format!("array {dims:?} of {}", described(base)),
        Datatype::Enum { base, members } => {
            let each = members.iter().map(|member| format!("{}: {}", member.name, member_value(base, &member.value)));
            format!("enum {} {{{}}}", described(base), listed(each))
        }
        Datatype::VarLen { base, .. } => format!("variable-length sequence of {}", described(base)),
        Datatype::Opaque { size, tag } if tag.is_empty() => format!("opaque of {size} bytes"),
        Datatype::Opaque { size, tag } => format!("opaque of {size} bytes ({tag})"),
        Datatype::Reference { .. } => "reference".to_owned(),
    }
}

/// The first of a list; there may be thousands.
fn listed(each: impl Iterator<Item = String>) -> String {
    const SHOWN: usize = 64;
    let mut each = each.peekable();
    let mut shown: Vec<String> = each.by_ref().take(SHOWN).collect();
    if each.peek().is_some() {
        shown.push(format!("... {} more", each.count()));
    }
    shown.join(", ")
}

/// The value of a member of an enum.
fn member_value(base: &Datatype, bytes: &[u8]) -> String {
    let Datatype::FixedPoint { size, signed, byte_order } = base else { return format!("{bytes:?}") };
    let big_endian = *byte_order == ByteOrder::BigEndian;
    let size = usize::from(*size);
    let kind = BitsKind::Integer { offset: 0, precision: 8 * size as u32, signed: *signed };
    let value = bytes
        .get(..size)
        .filter(|_| size <= 8)
        .and_then(|bytes| Some(Bits { size, big_endian, kind }.whole(bytes)?.to_string()));
    value.unwrap_or_else(|| format!("{bytes:?}"))
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
pub(super) fn is_truth(members: &[EnumMember]) -> bool {
    let value = |name: &str| {
        members.iter().find(|member| member.name == name).map(|member| member.value.iter().any(|b| *b != 0))
    };
    members.len() == 2 && value("FALSE") == Some(false) && value("TRUE") == Some(true)
}
