//! CF calendars on integers: days and dates, counts and fields, text.
mod date_text;
mod days;
mod fields;
mod partial_date;

pub(crate) use date_text::DateText;
pub use fields::TimeFields;
pub use partial_date::{DatePrecision, PartialDate};

use super::{Error, Result};

/// A calendar of the CF conventions (section 4.4.1).
///
/// Year zero follows cftime 1.6 and CF: `Standard` and `Julian` have none (the year before 1 is -1), the others have one.
/// For dates from 1582-10-15 on `Standard` and `ProlepticGregorian` count alike, so that numpy's datetime64 holds both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Calendar {
    /// "standard" or "gregorian": Julian before 1582-10-15, Gregorian from then on.
    #[default]
    Standard,
    /// "proleptic_gregorian": Gregorian throughout.
    ProlepticGregorian,
    /// "julian".
    Julian,
    /// "noleap" or "365_day": no leap years.
    NoLeap,
    /// "all_leap" or "366_day": every year is a leap year.
    AllLeap,
    /// "360_day": twelve months of thirty days.
    Day360,
}

impl Calendar {
    /// All calendars.
    pub const ALL: [Self; 6] =
        [Self::Standard, Self::ProlepticGregorian, Self::Julian, Self::NoLeap, Self::AllLeap, Self::Day360];

    /// A calendar from its CF name or alias, whatever the case; "" is the default of CF, `Standard`.
    ///
    /// ```
    /// use terracube_cube::Calendar;
    /// assert_eq!(Calendar::parse("365_day")?, Calendar::NoLeap);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    ///
    /// # Errors
    /// For other names, with a suggestion.
    pub fn parse(name: &str) -> Result<Self> {
        Ok(match name.trim().to_ascii_lowercase().as_str() {
            "" | "standard" | "gregorian" => Self::Standard,
            "proleptic_gregorian" => Self::ProlepticGregorian,
            "julian" => Self::Julian,
            "noleap" | "no_leap" | "365_day" | "365day" => Self::NoLeap,
            "all_leap" | "allleap" | "366_day" | "366day" => Self::AllLeap,
            "360_day" | "360day" => Self::Day360,
            _ => return Err(Error::unknown_name("calendar", name, Self::ALL.map(Self::name))),
        })
    }

    /// The CF name.
    ///
    /// ```
    /// use terracube_cube::Calendar;
    /// assert_eq!((Calendar::NoLeap.name(), Calendar::Day360.name()), ("noleap", "360_day"));
    /// ```
    pub fn name(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::ProlepticGregorian => "proleptic_gregorian",
            Self::Julian => "julian",
            Self::NoLeap => "noleap",
            Self::AllLeap => "all_leap",
            Self::Day360 => "360_day",
        }
    }

    /// Whether numpy's datetime64 can hold times of this calendar ("standard" and "proleptic_gregorian").
    ///
    /// ```
    /// use terracube_cube::Calendar;
    /// assert!(Calendar::ProlepticGregorian.is_standard() && !Calendar::Julian.is_standard());
    /// ```
    pub fn is_standard(self) -> bool {
        matches!(self, Self::Standard | Self::ProlepticGregorian)
    }

    /// Whether a year 0 stands between -1 and 1.
    ///
    /// ```
    /// use terracube_cube::Calendar;
    /// assert!(Calendar::ProlepticGregorian.has_year_zero() && !Calendar::Standard.has_year_zero());
    /// ```
    pub fn has_year_zero(self) -> bool {
        !matches!(self, Self::Standard | Self::Julian)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_aliases_parse_whatever_their_case() {
        for calendar in Calendar::ALL {
            assert_eq!(Calendar::parse(calendar.name()).unwrap(), calendar);
        }
        let aliases = [
            ("Gregorian", Calendar::Standard),
            ("", Calendar::Standard),
            ("PROLEPTIC_GREGORIAN", Calendar::ProlepticGregorian),
            ("365_day", Calendar::NoLeap),
            ("366_day", Calendar::AllLeap),
            (" 360_day ", Calendar::Day360),
        ];
        for (name, calendar) in aliases {
            assert_eq!(Calendar::parse(name).unwrap(), calendar, "{name}");
        }
        let error = Calendar::parse("nolaep").unwrap_err().to_string();
        assert_eq!(error, "no calendar `nolaep`; did you mean `noleap`?");
    }
}
