//! Times as text in a format of the user's.
use std::fmt::Write as _;
use std::sync::Arc;

use crate::base::{Block, Calendar, DType, Error, Result, TimeFields, TimeUnit};

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/// Times as text: the directives `%Y %y %m %d %H %I %M %S %f %j %b %B %a %A %p %F %T %%` of C's `strftime`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormatTime {
    format: Arc<str>,
}

impl FormatTime {
    /// A format; an error for a directive that is not known.
    ///
    /// ```
    /// use terracube_cube::compute::pointwise::FormatTime;
    /// assert!(FormatTime::new("%Y-%m-%d").is_ok() && FormatTime::new("%Q").is_err());
    /// ```
    ///
    /// # Errors
    /// For other directives.
    pub fn new(format: &str) -> Result<Self> {
        let probe = Calendar::ProlepticGregorian.fields(0, TimeUnit::S);
        written(format, &probe)?;
        Ok(Self { format: format.into() })
    }

    /// Strings.
    ///
    /// ```
    /// use terracube_cube::{Calendar, DType, TimeUnit};
    /// use terracube_cube::compute::pointwise::FormatTime;
    /// let time = DType::Time { unit: TimeUnit::S, calendar: Calendar::Standard };
    /// assert_eq!(FormatTime::new("%Y")?.output_dtype(time)?, DType::Utf8);
    /// assert!(FormatTime::new("%Y")?.output_dtype(DType::F64).is_err());
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    ///
    /// # Errors
    /// If `x` are no times.
    pub fn output_dtype(&self, x: DType) -> Result<DType> {
        match x {
            DType::Time { .. } => Ok(DType::Utf8),
            _ => Err(Error::dtype(format!("`strftime` is for times, these are {x}"))),
        }
    }

    pub(super) fn of(&self, x: &Block) -> Result<Block> {
        let DType::Time { unit, calendar } = x.dtype() else { return Err(Error::internal("times expected")) };
        let times = x.contiguous()?;
        let texts = times.values::<i64>()?.iter().map(|&count| match count {
            i64::MIN => Ok("NaT".to_owned()),
            _ => written(&self.format, &calendar.fields(count, unit)),
        });
        Block::from_strings(x.shape(), texts.collect::<Result<Vec<_>>>()?)
    }
}

fn written(format: &str, t: &TimeFields) -> Result<String> {
    let mut text = String::new();
    let mut letters = format.chars();
    while let Some(letter) = letters.next() {
        if letter != '%' {
            text.push(letter);
            continue;
        }
        let month = MONTHS[usize::from(t.month.clamp(1, 12) - 1)];
        let day = DAYS[usize::from(t.day_of_week.min(6))];
        let hour12 = (t.hour + 11) % 12 + 1;
        // Writing to a String cannot fail.
        let _ = match letters.next() {
            Some('Y') => write!(text, "{:04}", t.year),
            Some('y') => write!(text, "{:02}", t.year.rem_euclid(100)),
            Some('m') => write!(text, "{:02}", t.month),
            Some('d') => write!(text, "{:02}", t.day),
            Some('H') => write!(text, "{:02}", t.hour),
            Some('I') => write!(text, "{hour12:02}"),
            Some('M') => write!(text, "{:02}", t.minute),
            Some('S') => write!(text, "{:02}", t.second),
            Some('f') => write!(text, "{:06}", t.nanosecond / 1_000),
            Some('j') => write!(text, "{:03}", t.day_of_year),
            Some('b' | 'h') => write!(text, "{}", &month[..3]),
            Some('B') => write!(text, "{month}"),
            Some('a') => write!(text, "{}", &day[..3]),
            Some('A') => write!(text, "{day}"),
            Some('p') => write!(text, "{}", if t.hour < 12 { "AM" } else { "PM" }),
            Some('F') => write!(text, "{:04}-{:02}-{:02}", t.year, t.month, t.day),
            Some('T') => write!(text, "{:02}:{:02}:{:02}", t.hour, t.minute, t.second),
            Some('%') => write!(text, "%"),
            other => {
                let found = other.map_or_else(|| "%".to_owned(), |letter| format!("%{letter}"));
                return Err(Error::invalid(format!("`{found}` is no directive of strftime"))
                    .hint("there are: %Y %y %m %d %H %I %M %S %f %j %b %B %a %A %p %F %T %%"));
            }
        };
    }
    Ok(text)
}
