//! CF calendars on integers.

/// A calendar of the CF conventions (section 4.4.1).
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
    /// The CF name.
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
    pub fn is_standard(self) -> bool {
        matches!(self, Self::Standard | Self::ProlepticGregorian)
    }
}
