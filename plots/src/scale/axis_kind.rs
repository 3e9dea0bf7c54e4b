//! What the values along an axis mean, which decides how ticks are chosen and written.
use terracube_cube::Calendar;

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum AxisKind {
    /// Any number.
    Number,
    /// Whole numbers, as positions and months are: never a tick between two of them.
    Integer,
    /// Seconds since 1970-01-01 in a calendar.
    Time(Calendar),
    /// Degrees east, 0..360 or -180..180.
    Longitude,
    /// Degrees north.
    Latitude,
    /// Names that stand at 0, 1, 2 ...
    Labels(Vec<String>),
}
