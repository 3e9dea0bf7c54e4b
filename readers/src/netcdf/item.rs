//! How one stored value looks, and how a run of them becomes a block.
use arrow_buffer::Buffer;
use bytes::Bytes;
use terracube_cube::base::{Block, DType, recycled_buffer, recycled_vec};
use terracube_cube::{Error, Result};

use super::bits::Bits;

/// Fewer bytes are copied rather than shared.
const LEAST_SHARED: usize = 32 << 10;

/// The form of a stored value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Item {
    /// A number in the byte order of the file.
    Number { dtype: DType, big_endian: bool },
    /// A 16-bit float, widened to 32 bits.
    Half { big_endian: bool },
    /// A truth value, stored as an integer of some size.
    Truth { size: usize },
    /// One character of a NetCDF `char` array: it reads as `U8` and is joined by [`super::JoinedText`].
    Character,
    /// A number whose bits no machine has as they are.
    Bits(Bits),
    /// A string of fixed length, padded with NULs or blanks.
    Text { size: usize, blanks: bool },
}

impl Item {
    /// The dtype of the values in memory.
    pub(super) fn dtype(&self) -> DType {
        match self {
            Self::Number { dtype, .. } => *dtype,
            Self::Half { .. } => DType::F32,
            Self::Bits(bits) => bits.dtype(),
            Self::Truth { .. } => DType::Bool,
            Self::Character => DType::U8,
            Self::Text { .. } => DType::Utf8,
        }
    }

    /// Whether it is a number, and no truth value or text.
    pub(super) fn is_number(&self) -> bool {
        matches!(self, Self::Number { .. } | Self::Half { .. } | Self::Bits(_))
    }

    /// Bytes per stored value.
    pub(super) fn size(&self) -> usize {
        match self {
            Self::Number { dtype, .. } => dtype.item_size(),
            Self::Half { .. } => 2,
            Self::Bits(bits) => bits.size,
            Self::Truth { size } | Self::Text { size, .. } => *size,
            Self::Character => 1,
        }
    }

    /// The type as numpy writes it: "<f4".
    pub(super) fn numpy_name(&self) -> Result<String> {
        let order = |big_endian: bool| if big_endian { '>' } else { '<' };
        Ok(match self {
            Self::Number { dtype, big_endian } => {
                let kind = match dtype {
                    dtype if dtype.is_float() => 'f',
                    dtype if dtype.is_unsigned() => 'u',
                    _ => 'i',
                };
                let order = if dtype.item_size() == 1 { '|' } else { order(*big_endian) };
                format!("{order}{kind}{}", dtype.item_size())
            }
            Self::Half { big_endian } => format!("{}f2", order(*big_endian)),
            Self::Bits(_) => return Err(Error::unsupported("numbers of such bits have no name in numpy")),
            Self::Truth { size: 1 } => "|b1".to_owned(),
            Self::Truth { .. } => {
                return Err(Error::unsupported("truth values of several bytes have no name in numpy"));
            }
            Self::Character => "|S1".to_owned(),
            Self::Text { size, .. } => format!("|S{size}"),
        })
    }

    /// Turns stored values in C order into a block, which shares them where they need no change.
    pub(super) fn decode(&self, bytes: Bytes, shape: &[usize]) -> Result<Block> {
        match self {
            Self::Number { dtype, big_endian } => {
                let size = dtype.item_size();
                let is_aligned = bytes.as_ptr().align_offset(size) == 0;
                // A few values are not worth the file's header that they may stand in.
                let is_large = bytes.len() >= LEAST_SHARED;
                if is_large && (size == 1 || *big_endian == cfg!(target_endian = "big")) && is_aligned {
                    return Block::from_buffer(*dtype, shape, Buffer::from(bytes));
                }
                let mut own = recycled_vec::<u8>(bytes.len());
                if *big_endian == cfg!(target_endian = "big") {
                    own.extend_from_slice(&bytes);
                } else {
                    extend_swapped(&mut own, &bytes, size);
                }
                Block::from_buffer(*dtype, shape, recycled_buffer(own))
            }
            Self::Half { big_endian } => {
                let read = if *big_endian { u16::from_be_bytes } else { u16::from_le_bytes };
                let values = bytes.as_chunks::<2>().0.iter().map(|pair| half::f16::from_bits(read(*pair)).to_f32());
                Block::new(shape, values.collect())
            }
            Self::Bits(bits) => bits.decode(&bytes, shape),
            Self::Truth { size } => {
                let values: Vec<u8> =
                    bytes.chunks_exact(*size).map(|value| u8::from(value.iter().any(|b| *b != 0))).collect();
                Block::with_dtype(DType::Bool, shape, values)
            }
            Self::Character => Block::from_buffer(DType::U8, shape, Buffer::from_slice_ref(&bytes)),
            Self::Text { size: 0, .. } => Err(Error::corrupt("strings of length 0")),
            Self::Text { size, blanks } => {
                Block::from_strings(shape, bytes.chunks_exact(*size).map(|text| padded_text(text, *blanks)))
            }
        }
    }
}

/// The text in a field that is padded with NULs (and blanks, if `blanks`). Bytes that are not UTF-8 are read as Latin-1.
pub(super) fn padded_text(field: &[u8], blanks: bool) -> String {
    let end = field.iter().rposition(|&b| b != 0 && !(blanks && b == b' ')).map_or(0, |last| last + 1);
    text_of(&field[..end])
}

/// UTF-8 if it is that, else Latin-1, in which every byte is a character.
pub(super) fn text_of(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().map(|&b| char::from(b)).collect(),
    }
}

/// Appends values of `size` bytes in the other byte order: piece by piece, so that what was copied is still in the cache when it is
/// turned.
fn extend_swapped(own: &mut Vec<u8>, bytes: &[u8], size: usize) {
    const PIECE: usize = 16 << 10;
    for piece in bytes.chunks(PIECE) {
        let start = own.len();
        own.extend_from_slice(piece);
        swap(&mut own[start..], size);
    }
}

fn swap(bytes: &mut [u8], size: usize) {
    match size {
        2 => bytes.as_chunks_mut::<2>().0.iter_mut().for_each(|value| value.reverse()),
        4 => bytes.as_chunks_mut::<4>().0.iter_mut().for_each(|value| value.reverse()),
        8 => bytes.as_chunks_mut::<8>().0.iter_mut().for_each(|value| value.reverse()),
        _ => {}
    }
}
