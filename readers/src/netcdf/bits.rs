//! Numbers whose bits are not those of a machine's: integers of fewer bits than their bytes hold, or of three bytes; floats whose
//! exponent and mantissa have other lengths (bfloat16, 80 bits of an x87, packed ones). HDF5 describes each by the places of its fields,
//! which count from the lowest bit of the word even where the number begins further up.
use terracube_cube::base::{Block, DType};
use terracube_cube::{Error, Result};

/// The fields of a stored number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Bits {
    /// Bytes of a stored number, at most 16.
    pub size: usize,
    /// The order of the bytes.
    pub big_endian: bool,
    /// What the bits mean.
    pub kind: BitsKind,
}

/// What the bits of a number mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum BitsKind {
    /// `precision` bits from bit `offset` on.
    Integer { offset: u32, precision: u32, signed: bool },
    /// Fields of these places and lengths. The highest bit of the mantissa is 1 and left out if `implied`.
    Float { sign: u32, exponent: (u32, u32), mantissa: (u32, u32), bias: u32, implied: bool },
}

impl Bits {
    /// The dtype that holds all values: f64 for floats that an f32 would round.
    pub(super) fn dtype(&self) -> DType {
        match &self.kind {
            BitsKind::Integer { signed, .. } => match (self.size, signed) {
                (1, true) => DType::I8,
                (2, true) => DType::I16,
                (3 | 4, true) => DType::I32,
                (_, true) => DType::I64,
                (1, false) => DType::U8,
                (2, false) => DType::U16,
                (3 | 4, false) => DType::U32,
                (_, false) => DType::U64,
            },
            BitsKind::Float { exponent, mantissa, bias, implied, .. } => {
                let behind = i64::from(mantissa.1) - i64::from(!implied);
                let powers = 1i64 << exponent.1.min(16);
                // The powers of two of the greatest number, and of the least above zero.
                let (most, least) = (powers - 2 - i64::from(*bias), 1 - i64::from(*bias) - behind);
                if mantissa.1 <= 23 && most <= 127 && least >= -149 { DType::F32 } else { DType::F64 }
            }
        }
    }

    /// The first of the stored values, if it is an integer.
    pub(super) fn whole(&self, bytes: &[u8]) -> Option<i128> {
        let BitsKind::Integer { offset, precision, signed } = self.kind else { return None };
        Some(integer(self.word(bytes.get(..self.size)?), offset, precision, signed))
    }

    /// Values in C order as a block.
    pub(super) fn decode(&self, bytes: &[u8], shape: &[usize]) -> Result<Block> {
        let words = bytes.chunks_exact(self.size.max(1)).map(|value| self.word(value));
        match &self.kind {
            BitsKind::Integer { offset, precision, signed } => {
                let field = |word: u128| integer(word, *offset, *precision, *signed);
                macro_rules! integers {
                    ($t:ty) => {
                        Block::new::<$t>(shape, words.map(|word| field(word) as $t).collect())
                    };
                }
                match self.dtype() {
                    DType::I8 => integers!(i8),
                    DType::I16 => integers!(i16),
                    DType::I32 => integers!(i32),
                    DType::I64 => integers!(i64),
                    DType::U8 => integers!(u8),
                    DType::U16 => integers!(u16),
                    DType::U32 => integers!(u32),
                    DType::U64 => integers!(u64),
                    dtype => Err(Error::internal(format!("integers as {dtype}"))),
                }
            }
            BitsKind::Float { .. } if self.dtype() == DType::F32 => {
                Block::new::<f32>(shape, words.map(|word| self.float(word) as f32).collect())
            }
            BitsKind::Float { .. } => Block::new::<f64>(shape, words.map(|word| self.float(word)).collect()),
        }
    }

    fn word(&self, value: &[u8]) -> u128 {
        let push = |word: u128, byte: &u8| word << 8 | u128::from(*byte);
        if self.big_endian { value.iter().fold(0, push) } else { value.iter().rev().fold(0, push) }
    }

    fn float(&self, word: u128) -> f64 {
        let BitsKind::Float { sign, exponent, mantissa, bias, implied } = self.kind else { return f64::NAN };
        let field = |(start, len): (u32, u32)| word >> start & ((1 << len) - 1);
        let (power, fraction) = (field(exponent), field(mantissa));
        // Bits of the mantissa behind the point; where the highest is stored, one stands in front of it.
        let behind = mantissa.1 as i32 - i32::from(!implied);
        let is_top = power == (1 << exponent.1) - 1;
        let magnitude = if is_top && (fraction == 0 || !implied && fraction == 1 << behind) {
            f64::INFINITY
        } else if is_top {
            f64::NAN
        } else if power == 0 {
            scaled(fraction, 1 - i64::from(bias) - i64::from(behind))
        } else {
            let whole = if implied { fraction | 1 << behind } else { fraction };
            scaled(whole, power as i64 - i64::from(bias) - i64::from(behind))
        };
        if word >> sign & 1 == 1 { -magnitude } else { magnitude }
    }
}

/// A field of a word; the highest bit of a signed one is its sign.
fn integer(word: u128, offset: u32, precision: u32, signed: bool) -> i128 {
    let field = (word >> offset & ((1 << precision) - 1)) as i128;
    if signed && field >> (precision - 1) & 1 == 1 { field - (1 << precision) } else { field }
}

/// `mantissa · 2^power`, rounded once: subnormal results take two steps, the last of which is the one that rounds.
fn scaled(mantissa: u128, power: i64) -> f64 {
    let power = power.clamp(-5000, 5000) as i32;
    // Sticky: what is cut off of a mantissa of more than 64 bits still decides a tie.
    let cut = 64u32.saturating_sub(mantissa.leading_zeros());
    let kept = mantissa >> cut | u128::from(mantissa & ((1u128 << cut) - 1) != 0);
    let (mut value, mut left) = (kept as f64, power + cut as i32);
    while left < -1000 && value != 0.0 {
        value *= 2f64.powi(-900);
        left += 900;
    }
    while left > 1000 && value.is_finite() && value != 0.0 {
        value *= 2f64.powi(900);
        left -= 900;
    }
    value * 2f64.powi(left.clamp(-1000, 1000))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(bits: &Bits, bytes: &[u8]) -> f64 {
        bits.decode(bytes, &[1]).unwrap().to_f64().unwrap()[0]
    }

    #[test]
    fn integers_of_fewer_bits_keep_their_sign() {
        let bits = |size, offset, precision, signed, big_endian| Bits {
            size,
            big_endian,
            kind: BitsKind::Integer { offset, precision, signed },
        };
        assert_eq!(one(&bits(4, 0, 20, true, false), &0x000f_fffdu32.to_le_bytes()), -3.0);
        assert_eq!(one(&bits(4, 0, 20, false, false), &0x000f_fffdu32.to_le_bytes()), 1_048_573.0);
        assert_eq!(one(&bits(2, 3, 10, false, true), &(1000u16 << 3).to_be_bytes()), 1000.0);
        assert_eq!(one(&bits(3, 0, 24, true, true), &[0xff, 0xff, 0xfe]), -2.0);
        assert_eq!(bits(3, 0, 24, false, true).dtype(), DType::U32);
        let wide = bits(8, 0, 64, true, false).decode(&i64::MIN.to_le_bytes(), &[1]).unwrap();
        assert_eq!(wide.values::<i64>().unwrap(), [i64::MIN]);
        assert_eq!(bits(8, 0, 64, false, true).whole(&[0xff; 8]), Some(u64::MAX.into()));
    }

    #[test]
    fn floats_of_other_lengths_are_the_numbers_that_they_stand_for() {
        let float = |size, sign, exponent, mantissa, bias, implied| Bits {
            size,
            big_endian: false,
            kind: BitsKind::Float { sign, exponent, mantissa, bias, implied },
        };
        let brain = float(2, 15, (7, 8), (0, 7), 127, true);
        for value in [1.0f32, -2.5, 0.0, f32::INFINITY, f32::MIN_POSITIVE, -1.0e-40] {
            let bits = (value.to_bits() >> 16) as u16;
            assert_eq!(one(&brain, &bits.to_le_bytes()), f64::from(f32::from_bits(u32::from(bits) << 16)), "{value}");
        }
        assert!(one(&brain, &0x7fc0u16.to_le_bytes()).is_nan());
        assert_eq!(brain.dtype(), DType::F32);
        // The same fields with another bias reach further up, or down, than 32 bits do.
        let up = float(2, 15, (7, 8), (0, 7), 63, true);
        assert_eq!((up.dtype(), one(&up, &0x7f00u16.to_le_bytes())), (DType::F64, 2f64.powi(191)));
        let down = float(2, 15, (7, 8), (0, 7), 200, true);
        assert_eq!((down.dtype(), one(&down, &0x0001u16.to_le_bytes())), (DType::F64, 2f64.powi(-206)));
        let longer = float(4, 31, (23, 8), (0, 23), 127, true);
        assert_eq!((longer.dtype(), one(&longer, &1u32.to_le_bytes())), (DType::F32, 2f64.powi(-149)));
        // 1.5 and the least float of 80 bits, whose first bit is stored.
        let extended = float(10, 79, (64, 15), (0, 64), 16383, false);
        let bytes = |exponent: u16, mantissa: u64| [&mantissa.to_le_bytes()[..], &exponent.to_le_bytes()].concat();
        assert_eq!(one(&extended, &bytes(0x3fff, 3 << 62)), 1.5);
        assert_eq!(one(&extended, &bytes(0xc000, 3 << 62)), -3.0);
        assert_eq!(one(&extended, &bytes(0x7fff, 1 << 63)), f64::INFINITY);
        assert_eq!(one(&extended, &bytes(0, 1)), 0.0, "too small for 64 bits");
        // Every double comes back, subnormal ones too.
        let double = float(8, 63, (52, 11), (0, 52), 1023, true);
        for value in [std::f64::consts::PI, 5e-324, f64::MIN_POSITIVE, -1.7e308, 2.5e-310] {
            assert_eq!(one(&double, &value.to_le_bytes()), value);
        }
    }
}
