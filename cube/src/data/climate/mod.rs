//! What climate and Earth observation work adds to labelled arrays: areas, climatologies, trends, runs, patterns.
mod area;
mod eof;
mod running_days;
mod runs;
mod solar_day;
mod trends;

pub use eof::Eofs;
pub use running_days::RunningDays;
