//! Decoded values back into the form in which they are stored: the other way round from [`super::decode`], by the same conventions.
use std::sync::atomic::{AtomicBool, Ordering};

use terracube_cube::base::{TimeScaling, TimeUnits};
use terracube_cube::data::{Attribute, Attributes};
use terracube_cube::{Block, DType, EncodingFields, Error, Result, TimeUnit};

use super::numbers::number;

/// How the blocks of one variable become stored values, and the attributes that say so.
#[derive(Debug)]
pub(crate) struct Packer {
    from: DType,
    to: DType,
    how: How,
    /// What stands for missing values, as it is stored.
    fill: Option<Fill>,
    attributes: Attributes,
    units: String,
    /// Whether a missing time was stored without a fill value that was chosen for it.
    has_missing_times: AtomicBool,
}

#[derive(Debug)]
enum How {
    /// The same bytes.
    Same,
    /// Counts of the dtype's unit to numbers of the CF units.
    Count(TimeScaling),
    /// `(value - offset) / scale`, rounded where integers are stored.
    Pack { scale: f64, offset: f64 },
    /// Truth values as bytes.
    Truth,
}

#[derive(Debug, Clone, Copy)]
enum Fill {
    Integer(i128),
    Float(f64),
}

impl Packer {
    /// Blocks of `from` stored as `encoding` says; what it does not say is the dtype's own form.
    ///
    /// # Errors
    /// If the time units cannot be understood, or the dtype cannot be stored so.
    pub(crate) fn new(from: DType, encoding: &EncodingFields) -> Result<Self> {
        match from {
            DType::Time { unit, calendar } => {
                let units = encoding.units.clone().unwrap_or_else(|| format!("{} since 1970-01-01", word(unit)));
                let scaling = TimeUnits::parse(&units, calendar)?.scaling(unit)?;
                let mut packer = Self::times(from, encoding, scaling, units.clone())?;
                packer.attributes.set("units", units);
                packer.attributes.set("calendar", calendar.name());
                packer.declare_fill(encoding);
                Ok(packer)
            }
            DType::Duration { unit } => {
                let scaling = TimeScaling { numerator: 1, denominator: 1, epoch: 0 };
                let plain = EncodingFields { fill_value: encoding.fill_value.clone(), ..EncodingFields::default() };
                let mut packer = Self::times(from, &plain, scaling, word(unit).to_owned())?;
                packer.attributes.set("units", word(unit));
                // "days" alone would stay a number: this is how xarray tells durations.
                packer.attributes.set("dtype", format!("timedelta64[{}]", unit.name()));
                packer.declare_fill(&plain);
                Ok(packer)
            }
            DType::Utf8 | DType::Bool => Ok(Self::plain(from, from, How::Same)),
            _ => Self::numbers(from, encoding),
        }
    }

    /// The same, for formats without truth values: bytes with an attribute that says what they are, as xarray has it.
    pub(crate) fn without_truth(mut self) -> Self {
        if self.from == DType::Bool {
            (self.to, self.how) = (DType::I8, How::Truth);
            self.attributes.set("dtype", "bool");
        }
        self
    }

    /// The dtype of the blocks that it takes.
    pub(crate) fn takes(&self) -> DType {
        self.from
    }

    /// The dtype of what is stored: a number, a truth value or text.
    pub(crate) fn stored(&self) -> DType {
        self.to
    }

    /// What stands for missing values, in the stored dtype, if that was declared.
    pub(crate) fn fill(&self) -> Option<Attribute> {
        self.fill.map(|fill| typed(self.to, fill))
    }

    /// The attributes that say how values are stored, once all blocks were packed: units, calendar, scale, offset, fill value.
    pub(crate) fn attributes(&self) -> Attributes {
        let mut attributes = self.attributes.clone();
        if self.has_missing_times.load(Ordering::SeqCst) {
            attributes.set("_FillValue", Attribute::I64(vec![i64::MIN]));
        }
        attributes
    }

    /// A block as it is stored.
    ///
    /// # Errors
    /// If a value cannot be stored exactly (times), lies beyond the stored dtype, or is missing where nothing stands for that.
    pub(crate) fn pack(&self, block: &Block) -> Result<Block> {
        if block.dtype() != self.from {
            return Err(Error::internal(format!("a block of {} for an array of {}", block.dtype(), self.from)));
        }
        let block = block.contiguous()?;
        match &self.how {
            How::Same if self.fill.is_some() && self.to.is_float() => self.packed(&block, 1.0, 0.0),
            How::Same => Ok(block),
            How::Truth => {
                let values = block.values::<u8>()?.iter().map(|&truth| truth as i8).collect();
                Block::new::<i8>(block.shape(), values)
            }
            How::Count(scaling) => self.counted(&block, scaling),
            How::Pack { scale, offset } => self.packed(&block, *scale, *offset),
        }
    }

    fn plain(from: DType, to: DType, how: How) -> Self {
        let (attributes, units) = (Attributes::new(), String::new());
        Self { from, to, how, fill: None, attributes, units, has_missing_times: AtomicBool::new(false) }
    }

    fn times(from: DType, encoding: &EncodingFields, scaling: TimeScaling, units: String) -> Result<Self> {
        let to = encoding.dtype.filter(|dtype| dtype.is_numeric()).unwrap_or(DType::I64);
        let fill = encoding.fill_value.as_ref().and_then(|fill| fill_of(fill, to));
        Ok(Self { fill, units, ..Self::plain(from, to, How::Count(scaling)) })
    }

    fn numbers(from: DType, encoding: &EncodingFields) -> Result<Self> {
        let to = encoding.dtype.filter(|dtype| dtype.is_numeric()).unwrap_or(from);
        let part = |attribute: &Option<Attribute>| attribute.as_ref().and_then(number).map(|(_, value)| value);
        let (scale, offset) = (part(&encoding.scale_factor), part(&encoding.add_offset));
        if scale == Some(0.0) {
            return Err(Error::invalid("a scale_factor of 0 cannot be written").hint("drop the encoding"));
        }
        let how = match (scale, offset) {
            (None, None) if from == to => How::Same,
            _ => How::Pack { scale: scale.unwrap_or(1.0), offset: offset.unwrap_or(0.0) },
        };
        let declared = encoding.fill_value.as_ref().or(encoding.missing_value.as_ref());
        let mut packer = Self { fill: declared.and_then(|fill| fill_of(fill, to)), ..Self::plain(from, to, how) };
        packer.declare_fill(encoding);
        if packer.fill.is_some()
            && let Some(missing) = encoding.missing_value.as_ref().and_then(|value| fill_of(value, to))
        {
            packer.attributes.set("missing_value", typed(to, missing));
        }
        for (name, value) in [("scale_factor", &encoding.scale_factor), ("add_offset", &encoding.add_offset)] {
            if let Some(value) = value {
                packer.attributes.set(name, value.clone());
            }
        }
        Ok(packer)
    }

    fn declare_fill(&mut self, encoding: &EncodingFields) {
        if let (Some(fill), true) = (self.fill, encoding.fill_value.is_some()) {
            self.attributes.set("_FillValue", typed(self.to, fill));
        }
    }

    fn counted(&self, block: &Block, scaling: &TimeScaling) -> Result<Block> {
        let counts = block.values::<i64>()?;
        let inexact = |count: i64| {
            let shown = match self.from {
                DType::Time { unit, calendar } => calendar.format(count, unit),
                _ => count.to_string(),
            };
            Error::invalid(format!("{shown} is no whole number of `{}`", self.units))
                .hint("writing does not round: choose finer time units")
        };
        if self.to.is_float() {
            let mut values = Vec::with_capacity(counts.len());
            for &count in counts {
                values.push(if count == i64::MIN {
                    self.fill.map_or(f64::NAN, Fill::as_f64)
                } else {
                    self.fraction(scaling, count).ok_or_else(|| inexact(count))?
                });
            }
            return numbers_of(self.to, block.shape(), values.into_iter().map(Ok));
        }
        let missing = match (self.fill, self.to) {
            (Some(fill), _) => Some(fill.as_i128()),
            (None, DType::I64) => Some(i128::from(i64::MIN)),
            (None, _) => None,
        };
        let mut values = Vec::with_capacity(counts.len());
        for &count in counts {
            values.push(if count == i64::MIN {
                if self.fill.is_none() {
                    self.has_missing_times.store(true, Ordering::SeqCst);
                }
                missing.ok_or_else(no_fill)?
            } else {
                scaling.to_i64(count).ok_or_else(|| inexact(count))?.into()
            });
        }
        integers_of(self.to, block.shape(), values.into_iter())
    }

    /// The float that decodes to this very count.
    fn fraction(&self, scaling: &TimeScaling, count: i64) -> Option<f64> {
        let since = i128::from(count) - i128::from(scaling.epoch);
        let (whole, rest) = (since / i128::from(scaling.numerator), since % i128::from(scaling.numerator));
        let value = (whole as f64 + rest as f64 / scaling.numerator as f64) * scaling.denominator as f64;
        let value = if self.to == DType::F32 { f64::from(value as f32) } else { value };
        (scaling.of_f64(value) == Some(count)).then_some(value)
    }

    fn packed(&self, block: &Block, scale: f64, offset: f64) -> Result<Block> {
        let is_whole = scale == 1.0 && offset == 0.0;
        // 64-bit integers do not go through floats.
        if is_whole && self.from.is_integer() && self.to.is_integer() {
            let values: Vec<i128> = match self.from {
                DType::U64 => block.values::<u64>()?.iter().map(|&v| v.into()).collect(),
                DType::I64 => block.values::<i64>()?.iter().map(|&v| v.into()).collect(),
                _ => block.to_f64()?.into_iter().map(|v| v as i128).collect(),
            };
            return integers_of(self.to, block.shape(), values.into_iter());
        }
        let values = block.to_f64()?.into_iter().map(|value| {
            if value.is_nan() {
                return match self.fill {
                    Some(fill) => Ok(fill.as_f64()),
                    None if self.to.is_float() => Ok(f64::NAN),
                    None => Err(no_fill()),
                };
            }
            let stored = (value - offset) / scale;
            let stored = match self.to {
                DType::F64 => stored,
                DType::F32 => f64::from(stored as f32),
                _ => stored.round_ties_even(),
            };
            if self.fill.is_some_and(|fill| fill.as_f64() == stored) {
                return Err(Error::invalid(format!(
                    "{value} would be stored as {stored}, which stands for missing values"
                ))
                .hint("drop the encoding, or choose another fill value"));
            }
            Ok(stored)
        });
        numbers_of(self.to, block.shape(), values)
    }
}

impl Fill {
    fn as_f64(self) -> f64 {
        match self {
            Self::Integer(value) => value as f64,
            Self::Float(value) => value,
        }
    }

    fn as_i128(self) -> i128 {
        match self {
            Self::Integer(value) => value,
            Self::Float(value) => value as i128,
        }
    }
}

/// The CF word for a unit of time.
fn word(unit: TimeUnit) -> &'static str {
    match unit {
        TimeUnit::S => "seconds",
        TimeUnit::Ms => "milliseconds",
        TimeUnit::Us => "microseconds",
        TimeUnit::Ns => "nanoseconds",
    }
}

fn no_fill() -> Error {
    Error::invalid("a value is missing, but nothing stands for missing values in the stored integers")
        .hint("drop the encoding, or give it a `_FillValue`")
}

/// A fill value that the stored dtype can hold.
fn fill_of(attribute: &Attribute, to: DType) -> Option<Fill> {
    let exact = match attribute {
        Attribute::I64(values) => values.first().map(|&value| i128::from(value)),
        Attribute::U64(values) => values.first().map(|&value| i128::from(value)),
        other => number(other).filter(|(_, value)| value.fract() == 0.0).map(|(_, value)| value as i128),
    };
    if to.is_integer() {
        return exact
            .filter(|&value| limits(to).is_some_and(|(least, most)| (least..=most).contains(&value)))
            .map(Fill::Integer);
    }
    number(attribute).map(|(_, value)| Fill::Float(value))
}

/// The fill value as an attribute of the stored dtype.
fn typed(to: DType, fill: Fill) -> Attribute {
    let (integer, float) = (fill.as_i128(), fill.as_f64());
    match to {
        DType::I8 => Attribute::I8(vec![integer as i8]),
        DType::I16 => Attribute::I16(vec![integer as i16]),
        DType::I32 => Attribute::I32(vec![integer as i32]),
        DType::I64 => Attribute::I64(vec![integer as i64]),
        DType::U8 => Attribute::U8(vec![integer as u8]),
        DType::U16 => Attribute::U16(vec![integer as u16]),
        DType::U32 => Attribute::U32(vec![integer as u32]),
        DType::U64 => Attribute::U64(vec![integer as u64]),
        DType::F32 => Attribute::F32(vec![float as f32]),
        _ => Attribute::F64(vec![float]),
    }
}

/// The dtype in which stored integers are read, and the fill value in it, where `_Unsigned` says that the sign is another than the stored
/// dtype's. Writing uses the true dtype.
pub(crate) fn true_sign(stored: DType, unsigned: &str, fill: Option<Attribute>) -> (DType, Option<Attribute>) {
    let dtype = match (stored, unsigned) {
        (DType::I8, "true") => DType::U8,
        (DType::I16, "true") => DType::U16,
        (DType::I32, "true") => DType::U32,
        (DType::I64, "true") => DType::U64,
        (DType::U8, "false") => DType::I8,
        (DType::U16, "false") => DType::I16,
        (DType::U32, "false") => DType::I32,
        (DType::U64, "false") => DType::I64,
        _ => return (stored, fill),
    };
    let same_bits = |fill: Attribute| {
        let (_, value) = number(&fill)?;
        let (least, most) = limits(dtype)?;
        let span = most - least + 1;
        let value = value as i128;
        let wrapped = if value < least {
            value + span
        } else if value > most {
            value - span
        } else {
            value
        };
        Some(typed(dtype, Fill::Integer(wrapped)))
    };
    (dtype, fill.and_then(same_bits))
}

/// The least and the greatest integer of a dtype.
pub(crate) fn limits(dtype: DType) -> Option<(i128, i128)> {
    Some(match dtype {
        DType::I8 => (i8::MIN.into(), i8::MAX.into()),
        DType::I16 => (i16::MIN.into(), i16::MAX.into()),
        DType::I32 => (i32::MIN.into(), i32::MAX.into()),
        DType::I64 => (i64::MIN.into(), i64::MAX.into()),
        DType::U8 => (0, u8::MAX.into()),
        DType::U16 => (0, u16::MAX.into()),
        DType::U32 => (0, u32::MAX.into()),
        DType::U64 => (0, u64::MAX.into()),
        _ => return None,
    })
}

fn integers_of(dtype: DType, shape: &[usize], values: impl Iterator<Item = i128>) -> Result<Block> {
    macro_rules! collected {
        ($t:ty) => {{
            let fits = |value: i128| <$t>::try_from(value).map_err(|_| beyond(value, dtype));
            Block::new(shape, values.map(fits).collect::<Result<Vec<$t>>>()?)
        }};
    }
    match dtype {
        DType::I8 => collected!(i8),
        DType::I16 => collected!(i16),
        DType::I32 => collected!(i32),
        DType::I64 => collected!(i64),
        DType::U8 => collected!(u8),
        DType::U16 => collected!(u16),
        DType::U32 => collected!(u32),
        DType::U64 => collected!(u64),
        other => Err(Error::internal(format!("integers stored as {other}"))),
    }
}

fn numbers_of(dtype: DType, shape: &[usize], values: impl Iterator<Item = Result<f64>>) -> Result<Block> {
    match dtype {
        DType::F32 => Block::new(shape, values.map(|value| Ok(value? as f32)).collect::<Result<Vec<f32>>>()?),
        DType::F64 => Block::new(shape, values.collect::<Result<Vec<f64>>>()?),
        _ => {
            let (least, most) = limits(dtype).unwrap_or((0, 0));
            let whole = values.map(|value| {
                let value = value?;
                let inside = value >= least as f64 && value <= most as f64;
                if inside { Ok((value as i128).clamp(least, most)) } else { Err(beyond(value, dtype)) }
            });
            integers_of(dtype, shape, whole.collect::<Result<Vec<i128>>>()?.into_iter())
        }
    }
}

fn beyond(value: impl std::fmt::Display, dtype: DType) -> Error {
    Error::invalid(format!("{value} does not fit the stored {dtype}"))
        .hint("the encoding is that of the file which was opened; drop it, or write another dtype")
}

#[cfg(test)]
mod tests {
    use super::*;
    use terracube_cube::Calendar;

    fn numbers(block: &Block) -> Vec<f64> {
        block.to_f64().unwrap()
    }

    #[test]
    fn packed_numbers_come_back_and_what_does_not_fit_is_an_error() {
        let encoding = EncodingFields {
            dtype: Some(DType::I16),
            fill_value: Some(Attribute::I16(vec![-999])),
            scale_factor: Some(Attribute::F64(vec![0.1])),
            add_offset: Some(Attribute::F64(vec![5.0])),
            ..EncodingFields::default()
        };
        let packer = Packer::new(DType::F64, &encoding).unwrap();
        let packed = packer.pack(&Block::new(&[3], vec![5.0, 6.3, f64::NAN]).unwrap()).unwrap();
        assert_eq!((packed.dtype(), numbers(&packed)), (DType::I16, vec![0.0, 13.0, -999.0]));
        let error = packer.pack(&Block::new(&[1], vec![4000.0]).unwrap()).unwrap_err();
        assert!(error.to_string().contains("39950 does not fit the stored int16"), "{error}");
        let names: Vec<String> = packer.attributes().iter().map(|(name, _)| name.to_owned()).collect();
        assert_eq!(names, ["_FillValue", "scale_factor", "add_offset"]);
        let bare = EncodingFields { fill_value: None, ..encoding };
        let error = Packer::new(DType::F64, &bare).unwrap().pack(&Block::new(&[1], vec![f64::NAN]).unwrap());
        assert!(error.unwrap_err().to_string().contains("nothing stands for missing values"));
    }

    #[test]
    fn times_are_stored_exactly_as_integers_or_floats() {
        let dtype = DType::Time { unit: TimeUnit::S, calendar: Calendar::Standard };
        let stored = |stored: DType, counts: Vec<i64>| {
            let encoding = EncodingFields {
                dtype: Some(stored),
                units: Some("days since 1970-01-02".into()),
                ..EncodingFields::default()
            };
            Packer::new(dtype, &encoding)?.pack(&Block::with_dtype(dtype, &[counts.len()], counts)?)
        };
        assert_eq!(numbers(&stored(DType::I32, vec![0, 86_400]).unwrap()), [-1.0, 0.0]);
        assert!(stored(DType::I32, vec![1]).unwrap_err().to_string().contains("no whole number"));
        assert_eq!(numbers(&stored(DType::F64, vec![86_400 + 21_600]).unwrap()), [0.25]);
        assert!(numbers(&stored(DType::F64, vec![i64::MIN]).unwrap())[0].is_nan());
        assert!(stored(DType::I32, vec![i64::MIN]).unwrap_err().to_string().contains("missing"));
        assert!(stored(DType::F32, vec![86_400 * 40_000 + 1]).is_err(), "a second in a hundred years is lost in f32");
    }

    #[test]
    fn whole_numbers_of_64_bits_are_kept() {
        let encoding = EncodingFields { dtype: Some(DType::U64), ..EncodingFields::default() };
        let packer = Packer::new(DType::I64, &encoding).unwrap();
        let packed = packer.pack(&Block::new(&[1], vec![i64::MAX]).unwrap()).unwrap();
        assert_eq!(packed.values::<u64>().unwrap(), [i64::MAX as u64]);
        assert!(packer.pack(&Block::new(&[1], vec![-1i64]).unwrap()).is_err());
    }
}
