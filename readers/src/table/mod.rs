//! Tables as labelled 1-D datasets: a column is a variable along `row`; time, latitude, longitude and depth are its coordinates.
mod columns;
mod csv;
mod observations;
mod parquet;
mod writer;

use terracube_cube::data::{Attributes, Dataset, cf_role};
use terracube_cube::{Error, Result};

use crate::netcdf::FileBytes;
use crate::store::{Store, StoreOptions};

pub use observations::observations;
pub(crate) use writer::write;

/// The dimension of all columns.
pub const ROW: &str = "row";

/// Opens a table: Parquet, whose columns are read when they are used, or CSV, which is read whole.
///
/// Columns that are time, latitude, longitude or depth by CF or by their usual names become coordinates along `row`: the table can be given
/// to [`at_points`](terracube_cube::DataArray::at_points). Empty fields are missing: NaN in numbers, the missing time in times, "" in text.
/// A column of a type that has no place here (lists, decimals) carries its error.
///
/// ```
/// # let directory = tempfile::tempdir().unwrap();
/// # let path = directory.path().join("stations.csv");
/// # std::fs::write(&path, "time,lat,lon,sst\n2001-02-03T04:05:06Z,1.5,-2,287.5\n2001-02-04,1.5,,288\n").unwrap();
/// let table = terracube_readers::open_table(path.to_str().unwrap())?;
/// assert_eq!(table.var("sst").to_f64()?, [287.5, 288.0]);
/// assert_eq!(table.coords().names().collect::<Vec<_>>(), ["time", "lat", "lon"]);
/// # Ok::<(), terracube_cube::Error>(())
/// ```
///
/// # Errors
/// If there is nothing, or it is no table, or damaged.
pub fn open_table(url: &str) -> Result<Dataset> {
    open_table_with(url, &StoreOptions::default())
}

/// As [`open_table`], with credentials, endpoints and timeouts.
///
/// # Errors
/// As [`open_table`].
pub fn open_table_with(url: &str, options: &StoreOptions) -> Result<Dataset> {
    let file = FileBytes::open(&Store::open(url, options)?)?;
    open_file(&file).map_err(|error| {
        let is_named = error.to_string().contains(file.name());
        if is_named { error } else { error.context(file.name().to_owned()) }
    })
}

/// Whether a name is that of a table.
pub(crate) fn is_table_name(url: &str) -> bool {
    let path = url.split(['?', '#']).next().unwrap_or_default().to_ascii_lowercase();
    [".parquet", ".parq", ".pq", ".csv", ".tsv"].iter().any(|ending| path.ends_with(ending))
}

fn open_file(file: &FileBytes) -> Result<Dataset> {
    let start = file.read(0..file.len().min(4))?;
    let (columns, attributes) =
        if start[..] == *b"PAR1" { parquet::open(file)? } else { (csv::open(file)?, Attributes::new()) };
    let coordinates: Vec<String> = columns
        .iter()
        .filter(|(name, variable)| variable.error().is_none() && cf_role(name, variable).is_some())
        .map(|(name, _)| name.clone())
        .collect();
    if columns.is_empty() {
        return Err(Error::corrupt("the table has no columns"));
    }
    Dataset::new(columns, coordinates.iter().map(String::as_str), attributes)
}
