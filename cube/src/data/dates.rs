//! Fields of times: `array.dt().month()`.
use super::DataArray;
use super::frequency::Frequency;
use crate::base::{DType, Error, Result};
use crate::compute::pointwise::{FormatTime, RoundTime, RoundTimeTo, TimeField, UnaryOp};

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
    ///
    /// ```
    /// use terracube_cube::{Calendar, DataArray, date_range};
    /// let t = DataArray::from_vec(["time"], &[4], vec![1.0, 2.0, 3.0, 8.0]).assign_coords([("time", &date_range("2000-01-30", "2000-02-02", "D", Calendar::Standard))]);
    /// assert_eq!(t.coord("time").dt().month().to_vec::<i64>()?, [1, 1, 2, 2]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn dt(&self) -> Dates {
        Dates(self.clone())
    }
}

impl Dates {
    #[track_caller]
    fn field(&self, field: TimeField) -> DataArray {
        let array = self.0.unary(UnaryOp::TimeField(field));
        if array.error().is_some() { array } else { array.named(field.name()) }
    }

    /// The whole step before each time, by a frequency of fixed length ("D", "6h", "15min"; xarray's `dt.floor`).
    ///
    /// ```
    /// use terracube_cube::{Block, Calendar, DType, DataArray, TimeUnit};
    /// let dtype = DType::Time { unit: TimeUnit::S, calendar: Calendar::Standard };
    /// let times = DataArray::from_block(["time"], Block::with_dtype(dtype, &[1], vec![951_782_400_i64 + 50_000])?);
    /// assert_eq!(times.dt().floor("6h").values()?.to_dates()?, ["2000-02-29T12:00:00"]);
    /// assert_eq!(times.dt().round("D").values()?.to_dates()?, ["2000-03-01"]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn floor(&self, frequency: &str) -> DataArray {
        self.rounded(RoundTimeTo::Floor, frequency)
    }

    /// The whole step after each time (xarray's `dt.ceil`); see [`Dates::floor`].
    ///
    /// ```
    /// use terracube_cube::{Calendar, date_range};
    /// let hours = date_range("2000-02-28T18", "2000-02-29T00", "6h", Calendar::Standard);
    /// assert_eq!(hours.dt().ceil("D").values()?.to_dates()?, ["2000-02-29", "2000-02-29"]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn ceil(&self, frequency: &str) -> DataArray {
        self.rounded(RoundTimeTo::Ceil, frequency)
    }

    /// The whole step nearest to each time, of two equally near ones the even one (xarray's `dt.round`); see [`Dates::floor`].
    ///
    /// ```
    /// use terracube_cube::{Calendar, date_range};
    /// let hours = date_range("2000-02-28T06", "2000-02-28T18", "12h", Calendar::Standard);
    /// assert_eq!(hours.dt().round("D").values()?.to_dates()?, ["2000-02-28", "2000-02-29"]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn round(&self, frequency: &str) -> DataArray {
        self.rounded(RoundTimeTo::Nearest, frequency)
    }

    #[track_caller]
    fn rounded(&self, to: RoundTimeTo, frequency: &str) -> DataArray {
        let step = || -> Result<i64> {
            match Frequency::parse(frequency)? {
                Frequency::Step { length } => Ok(length),
                _ => Err(Error::invalid(format!("`{frequency}` has no fixed length"))
                    .hint("write days or less: \"D\", \"6h\", \"15min\"")),
            }
        };
        match step() {
            Ok(step) => self.0.unary(UnaryOp::RoundTime(RoundTime { to, step })),
            Err(error) => self.0.fail(error),
        }
    }

    /// Durations in seconds (float64; xarray's `dt.total_seconds()`).
    ///
    /// ```
    /// use terracube_cube::{Calendar, DataArray, date_range};
    /// let t = DataArray::from_vec(["time"], &[4], vec![1.0, 2.0, 3.0, 8.0]).assign_coords([("time", &date_range("2000-01-30", "2000-02-02", "D", Calendar::Standard))]);
    /// assert_eq!(t.coord("time").diff("time").dt().total_seconds().to_f64()?, [86_400.0; 3]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn total_seconds(&self) -> DataArray {
        let DType::Duration { unit } = self.0.dtype() else {
            let error = Error::dtype(format!("`total_seconds` is for durations, not {}", self.0.dtype()));
            return self.0.fail(error.hint("the difference of two times is one"));
        };
        let missing = self.0.isnull();
        let counts = self.0.cast(DType::I64).cast(DType::F64) / unit.per_second() as f64;
        let array = counts.where_(!missing);
        if array.error().is_some() { array } else { array.named("total_seconds") }
    }

    #[track_caller]
    fn holds(&self, name: &str, of: impl FnOnce(&Self) -> DataArray) -> DataArray {
        let array = of(self);
        if array.error().is_some() { array } else { array.named(name) }
    }

    /// Whether the day is the first of its month (bool).
    ///
    /// ```
    /// use terracube_cube::{Calendar, DataArray, date_range};
    /// let t = DataArray::from_vec(["time"], &[4], vec![1.0, 2.0, 3.0, 8.0]).assign_coords([("time", &date_range("2000-01-30", "2000-02-02", "D", Calendar::Standard))]);
    /// assert_eq!(t.coord("time").dt().is_month_start().to_vec::<u8>()?, [0, 0, 1, 0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn is_month_start(&self) -> DataArray {
        self.holds("is_month_start", |dates| dates.day().eq_to(1))
    }

    /// Whether the day is the last of its month (bool).
    ///
    /// ```
    /// use terracube_cube::{Calendar, DataArray, date_range};
    /// let t = DataArray::from_vec(["time"], &[4], vec![1.0, 2.0, 3.0, 8.0]).assign_coords([("time", &date_range("2000-01-30", "2000-02-02", "D", Calendar::Standard))]);
    /// assert_eq!(t.coord("time").dt().is_month_end().to_vec::<u8>()?, [0, 1, 0, 0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn is_month_end(&self) -> DataArray {
        self.holds("is_month_end", |dates| dates.day().eq_to(dates.days_in_month()))
    }

    /// Whether the day is the first of its quarter (bool).
    ///
    /// ```
    /// use terracube_cube::{Calendar, date_range};
    /// let months = date_range("2000-03-01", "2000-05-01", "MS", Calendar::Standard);
    /// assert_eq!(months.dt().is_quarter_start().to_vec::<u8>()?, [0, 1, 0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn is_quarter_start(&self) -> DataArray {
        self.holds("is_quarter_start", |dates| dates.day().eq_to(1) & dates.month().rem(3).eq_to(1))
    }

    /// Whether the day is the last of its quarter (bool).
    ///
    /// ```
    /// use terracube_cube::{Calendar, date_range};
    /// let days = date_range("2000-03-30", "2000-04-01", "D", Calendar::Standard);
    /// assert_eq!(days.dt().is_quarter_end().to_vec::<u8>()?, [0, 1, 0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn is_quarter_end(&self) -> DataArray {
        self.holds("is_quarter_end", |dates| dates.is_month_end() & dates.month().rem(3).eq_to(0))
    }

    /// Whether the day is the first of its year (bool).
    ///
    /// ```
    /// use terracube_cube::{Calendar, date_range};
    /// let days = date_range("1999-12-31", "2000-01-02", "D", Calendar::Standard);
    /// assert_eq!(days.dt().is_year_start().to_vec::<u8>()?, [0, 1, 0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn is_year_start(&self) -> DataArray {
        self.holds("is_year_start", |dates| dates.dayofyear().eq_to(1))
    }

    /// Whether the day is the last of its year (bool). In the calendar of the times: 30 December with 360 days.
    ///
    /// ```
    /// use terracube_cube::{Calendar, date_range};
    /// let days = date_range("2000-12-29", "2001-01-01", "D", Calendar::Day360);
    /// assert_eq!(days.dt().is_year_end().to_vec::<u8>()?, [0, 1, 0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn is_year_end(&self) -> DataArray {
        self.holds("is_year_end", |dates| dates.dayofyear().eq_to(dates.days_in_year()))
    }

    /// Times as text by a format of C's `strftime`: `%Y-%m-%d`.
    ///
    /// ```
    /// use terracube_cube::{Calendar, DataArray, date_range};
    /// let t = DataArray::from_vec(["time"], &[4], vec![1.0, 2.0, 3.0, 8.0]).assign_coords([("time", &date_range("2000-01-30", "2000-02-02", "D", Calendar::Standard))]);
    /// assert_eq!(t.coord("time").dt().strftime("%d/%m").values()?.to_strings()?[0], "30/01");
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
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
            $($(#[$doc])* #[must_use] #[track_caller] pub fn $name(&self) -> DataArray { self.field(TimeField::$field) })*
        }
    };
}
fields! {
    /// The years (int64).
    ///
    /// ```
    /// use terracube_cube::{Calendar, date_range};
    /// let days = date_range("1999-12-31", "2000-01-01", "D", Calendar::Standard);
    /// assert_eq!(days.dt().year().to_vec::<i64>()?, [1999, 2000]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    year => Year;
    /// 1 to 4 (int64).
    ///
    /// ```
    /// use terracube_cube::{Calendar, date_range};
    /// let months = date_range("2000-03-01", "2000-04-01", "MS", Calendar::Standard);
    /// assert_eq!(months.dt().quarter().to_vec::<i64>()?, [1, 2]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    quarter => Quarter;
    /// 1 to 12 (int64).
    ///
    /// ```
    /// use terracube_cube::{Calendar, date_range};
    /// let months = date_range("1999-12-01", "2000-01-01", "MS", Calendar::Standard);
    /// assert_eq!(months.dt().month().to_vec::<i64>()?, [12, 1]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    month => Month;
    /// The days of the month, 1 to 31 (int64).
    ///
    /// ```
    /// use terracube_cube::{Calendar, date_range};
    /// let days = date_range("2000-02-29", "2000-03-01", "D", Calendar::Standard);
    /// assert_eq!(days.dt().day().to_vec::<i64>()?, [29, 1]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    day => Day;
    /// The days of the year, 1 to 366 (int64).
    ///
    /// ```
    /// use terracube_cube::{Calendar, date_range};
    /// let days = date_range("2000-12-31", "2001-01-01", "D", Calendar::Standard);
    /// assert_eq!(days.dt().dayofyear().to_vec::<i64>()?, [366, 1]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    dayofyear => DayOfYear;
    /// Monday 0 to Sunday 6 (int64).
    ///
    /// ```
    /// use terracube_cube::{Calendar, date_range};
    /// let days = date_range("2026-11-29", "2026-11-30", "D", Calendar::Standard);
    /// assert_eq!(days.dt().dayofweek().to_vec::<i64>()?, [6, 0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    dayofweek => DayOfWeek;
    /// The weeks by ISO 8601, 1 to 53 (int64; xarray's `isocalendar().week`).
    ///
    /// ```
    /// use terracube_cube::{Calendar, date_range};
    /// let days = date_range("2021-01-03", "2021-01-04", "D", Calendar::Standard);
    /// assert_eq!(days.dt().week().to_vec::<i64>()?, [53, 1]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    week => Week;
    /// 0 to 23 (int64).
    ///
    /// ```
    /// use terracube_cube::{Calendar, date_range};
    /// let hours = date_range("2000-01-01T12", "2000-01-01T18", "6h", Calendar::Standard);
    /// assert_eq!(hours.dt().hour().to_vec::<i64>()?, [12, 18]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    hour => Hour;
    /// 0 to 59 (int64).
    ///
    /// ```
    /// use terracube_cube::{Calendar, date_range_of};
    /// let times = date_range_of("2000-01-01T12", 3, "30min", Calendar::Standard);
    /// assert_eq!(times.dt().minute().to_vec::<i64>()?, [0, 30, 0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    minute => Minute;
    /// 0 to 59 (int64).
    ///
    /// ```
    /// use terracube_cube::{Calendar, date_range_of};
    /// let times = date_range_of("2000-01-01T12", 3, "30s", Calendar::Standard);
    /// assert_eq!(times.dt().second().to_vec::<i64>()?, [0, 30, 0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    second => Second;
    /// 0 to 999,999 (int64).
    ///
    /// ```
    /// use terracube_cube::{Block, Calendar, DType, DataArray, TimeUnit};
    /// let dtype = DType::Time { unit: TimeUnit::Us, calendar: Calendar::Standard };
    /// let times = DataArray::from_block(["time"], Block::with_dtype(dtype, &[1], vec![3_250_000_i64])?);
    /// assert_eq!((times.dt().second().item()?, times.dt().microsecond().item()?), (3.0, 250_000.0));
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    microsecond => Microsecond;
    /// 0 to 999 (int64).
    ///
    /// ```
    /// use terracube_cube::{Block, Calendar, DType, DataArray, TimeUnit};
    /// let dtype = DType::Time { unit: TimeUnit::Ns, calendar: Calendar::Standard };
    /// let times = DataArray::from_block(["time"], Block::with_dtype(dtype, &[1], vec![1_234_567_i64])?);
    /// assert_eq!((times.dt().nanosecond().item()?, times.dt().microsecond().item()?), (567.0, 1234.0));
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    nanosecond => Nanosecond;
    /// "DJF", "MAM", "JJA" or "SON".
    ///
    /// ```
    /// use terracube_cube::{Calendar, date_range};
    /// let months = date_range("2000-02-01", "2000-03-01", "MS", Calendar::Standard);
    /// assert_eq!(months.dt().season().values()?.to_strings()?, ["DJF", "MAM"]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    season => Season;
    /// How many days the months have (int64).
    ///
    /// ```
    /// use terracube_cube::{Calendar, date_range};
    /// let months = date_range("2000-01-01", "2000-02-01", "MS", Calendar::Standard);
    /// assert_eq!(months.dt().days_in_month().to_vec::<i64>()?, [31, 29]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    days_in_month => DaysInMonth;
    /// How many days the years have (int64).
    ///
    /// ```
    /// use terracube_cube::{Calendar, date_range_of};
    /// let year = |calendar| date_range_of("2000-01-01", 1, "D", calendar).dt().days_in_year().item();
    /// assert_eq!((year(Calendar::Standard)?, year(Calendar::NoLeap)?, year(Calendar::Day360)?), (366.0, 365.0, 360.0));
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    days_in_year => DaysInYear;
    /// Whether the years have a 29th of February (bool).
    ///
    /// ```
    /// use terracube_cube::{Calendar, date_range};
    /// let years = date_range("1900-01-01", "1904-01-01", "YS", Calendar::Standard);
    /// assert_eq!(years.dt().is_leap_year().to_vec::<u8>()?, [0, 0, 0, 0, 1]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    is_leap_year => IsLeapYear;
    /// The years and the parts of them that have passed (float64).
    ///
    /// ```
    /// use terracube_cube::{Calendar, date_range_of};
    /// let july = date_range_of("2001-07-01", 1, "D", Calendar::Day360);
    /// assert_eq!(july.dt().decimal_year().item()?, 2001.5);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    decimal_year => DecimalYear;
}
