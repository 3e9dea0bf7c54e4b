//! Fields of times: `array.dt().month()`.
use super::DataArray;
use crate::compute::pointwise::{FormatTime, TimeField, UnaryOp};

/// The fields of an array of times (xarray's `.dt`).
///
/// ```
/// use terracube_cube::{Block, Calendar, DType, DataArray, TimeUnit};
/// let dtype = DType::Time { unit: TimeUnit::S, calendar: Calendar::Standard };
/// let times = DataArray::from_block(["time"], Block::with_dtype(dtype, &[1], vec![951_782_400_i64])?);
/// assert_eq!(times.dt().day().to_vec::<i64>()?, [29]);
/// assert_eq!(times.dt().strftime("%d %B %Y").values()?.to_strings()?, ["29 February 2000"]);
/// # Ok::<(), terracube_cube::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Dates(DataArray);

impl DataArray {
    /// The fields of times.
    #[must_use]
    pub fn dt(&self) -> Dates {
        Dates(self.clone())
    }
}

impl Dates {
    fn field(&self, field: TimeField) -> DataArray {
        let array = self.0.unary(UnaryOp::TimeField(field));
        if array.error().is_some() { array } else { array.named(field.name()) }
    }

    /// Times as text by a format of C's `strftime`: `%Y-%m-%d`.
    #[must_use]
    pub fn strftime(&self, format: &str) -> DataArray {
        match FormatTime::new(format) {
            Ok(format) => {
                let array = self.0.unary(UnaryOp::FormatTime(format));
                if array.error().is_some() { array } else { array.named("strftime") }
            }
            Err(error) => self.0.fail(error),
        }
    }
}

macro_rules! fields {
    ($($(#[$doc:meta])* $name:ident => $field:ident;)*) => {
        impl Dates {
            $($(#[$doc])* #[must_use] pub fn $name(&self) -> DataArray { self.field(TimeField::$field) })*
        }
    };
}
fields! {
    /// The years (int64).
    year => Year;
    /// 1 to 4 (int64).
    quarter => Quarter;
    /// 1 to 12 (int64).
    month => Month;
    /// The days of the month, 1 to 31 (int64).
    day => Day;
    /// The days of the year, 1 to 366 (int64).
    dayofyear => DayOfYear;
    /// Monday 0 to Sunday 6 (int64).
    dayofweek => DayOfWeek;
    /// The weeks by ISO 8601, 1 to 53 (int64; xarray's `isocalendar().week`).
    week => Week;
    /// 0 to 23 (int64).
    hour => Hour;
    /// 0 to 59 (int64).
    minute => Minute;
    /// 0 to 59 (int64).
    second => Second;
    /// 0 to 999,999 (int64).
    microsecond => Microsecond;
    /// 0 to 999 (int64).
    nanosecond => Nanosecond;
    /// "DJF", "MAM", "JJA" or "SON".
    season => Season;
    /// How many days the months have (int64).
    days_in_month => DaysInMonth;
    /// How many days the years have (int64).
    days_in_year => DaysInYear;
    /// Whether the years have a 29th of February (bool).
    is_leap_year => IsLeapYear;
    /// The years and the parts of them that have passed (float64).
    decimal_year => DecimalYear;
}
