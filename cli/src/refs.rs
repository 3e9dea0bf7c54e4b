//! `terracube refs`: where the chunks of a NetCDF or HDF5 file stand, as references that kerchunk's readers and `open` understand.
use std::io::Write as _;
use std::path::Path;

use terracube::readers::OpenOptions;

use crate::arguments::RefsArguments;
use crate::failure::Failure;
use crate::info::print;

/// Prints the references, or writes them to a file. Variables that references cannot express are named on standard error.
pub(crate) fn refs(arguments: &RefsArguments) -> Result<(), Failure> {
    let references = OpenOptions::new().references(&arguments.url).map_err(|error| Failure::of(&error))?;
    for (name, error) in &references.left_out {
        drop(writeln!(std::io::stderr(), "left out `{name}`: {error}")); // without a standard error there is nobody to tell
    }
    let json = format!("{}\n", references.json);
    let is_tables = |path: &Path| path.extension().is_some_and(|end| end == "parq" || end == "parquet");
    match &arguments.output {
        None => print(&json),
        Some(path) if is_tables(path) => {
            let written = references.write_tables(&path.to_string_lossy(), &Default::default());
            written.map_err(|error| Failure::of(&error))
        }
        Some(path) => std::fs::write(path, json)
            .map_err(|error| Failure::new(format!("cannot write {}: {error}", path.display()))),
    }
}
