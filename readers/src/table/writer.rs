//! Datasets of one dimension as Parquet tables: a column for every variable and coordinate, a row for every position.
use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::{Field, Schema};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression as ParquetCompression, GzipLevel, ZstdLevel};
use parquet::file::properties::WriterProperties;
use terracube_cube::data::{Attribute, Attributes, into_sinks};
use terracube_cube::execute::{MemorySink, Sink};
use terracube_cube::{Context, Error, ErrorKind, Result, RunReport};

use super::columns::array_of;
use crate::store::{Store, StoreOptions};
use crate::write::{Compression, Mode, Plan, WriteOptions};

/// Rows of a row group, which readers take at once.
const GROUP_ROWS: usize = 1 << 20;

/// Writes a dataset whose variables all have the same single dimension.
///
/// # Errors
/// If they have not, the place is taken, or a type has no place in a table.
pub(crate) fn write(plan: &Plan, url: &str, store: &StoreOptions, options: &WriteOptions) -> Result<RunReport> {
    let dim = dimension(plan)?;
    let place = Store::open(url, store)?;
    check_place(&place, options)?;
    let columns: Vec<_> = plan.variables.iter().filter(|planned| planned.variable.dims().len() == 1).collect();
    let memory: Vec<Arc<MemorySink>> = columns.iter().map(|_| Arc::new(MemorySink::new())).collect();
    let sinks: Vec<Arc<dyn Sink>> = memory.iter().map(|sink| sink.clone() as Arc<dyn Sink>).collect();
    let exprs: Vec<_> = columns.iter().map(|planned| planned.variable.expr().clone()).collect();
    let report = into_sinks(&exprs, &sinks, &Context::current()?)?;
    let (mut fields, mut arrays) = (Vec::new(), Vec::new());
    for (planned, sink) in columns.iter().zip(&memory) {
        let named = |error: Error| error.context(format!("variable `{}`", planned.name));
        let array = array_of(&sink.take()?).map_err(named)?;
        let field = Field::new(&planned.name, array.data_type().clone(), array.null_count() > 0);
        // Which coordinates there are is told by their names when a table is opened.
        let mut attributes = planned.attributes.clone();
        attributes.remove("coordinates");
        fields.push(field.with_metadata(texts(&attributes)));
        arrays.push(array);
    }
    let mut whole = plan.attributes.clone();
    whole.remove("coordinates");
    let schema = Arc::new(Schema::new_with_metadata(fields, texts(&whole)));
    let failed =
        |error: &dyn std::fmt::Display| Error::io(format!("{url} cannot be written as a table of `{dim}`: {error}"));
    let properties = WriterProperties::builder()
        .set_compression(compression(&options.compression)?)
        .set_max_row_group_row_count(Some(GROUP_ROWS))
        .build();
    let mut bytes = Vec::new();
    let batch = RecordBatch::try_new(schema.clone(), arrays).map_err(|error| failed(&error))?;
    let mut writer = ArrowWriter::try_new(&mut bytes, schema, Some(properties)).map_err(|error| failed(&error))?;
    writer.write(&batch).map_err(|error| failed(&error))?;
    writer.close().map_err(|error| failed(&error))?;
    place.put("", bytes).wait()?;
    Ok(report)
}

/// The one dimension of all variables.
fn dimension(plan: &Plan) -> Result<String> {
    let mut found: Option<String> = None;
    for planned in &plan.variables {
        let dims: Vec<&str> = planned.variable.dims().iter().collect();
        match (&found, &dims[..]) {
            (_, []) if planned.is_coordinate => {}
            (None, [one]) => found = Some((*one).to_owned()),
            (Some(known), [one]) if known == one => {}
            _ => {
                return Err(Error::mismatch(format!(
                    "`{}` has dimensions ({}): a table has one",
                    planned.name,
                    dims.join(", ")
                ))
                .hint("select positions or stack dimensions first, or write a Zarr store"));
            }
        }
    }
    found.ok_or_else(|| Error::invalid("there is nothing along a dimension to write as a table"))
}

fn check_place(place: &Store, options: &WriteOptions) -> Result<()> {
    match options.mode {
        Mode::Append(_) | Mode::Region(_) => {
            Err(Error::unsupported("tables are written whole: nothing is appended to them")
                .hint("append to a Zarr store"))
        }
        Mode::Overwrite => Ok(()),
        Mode::Create if place.size("").wait()?.is_none() => Ok(()),
        Mode::Create => Err(Error::new(ErrorKind::Exists, format!("there is something at {} already", place.url()))
            .hint("choose another place, or call `.overwrite()`")),
    }
}

/// Attributes as metadata, which is text: text that looks like JSON, and everything else, as JSON.
fn texts(attributes: &Attributes) -> HashMap<String, String> {
    let text = |value: &Attribute| match value {
        Attribute::Text(text) if serde_json::from_str::<serde_json::Value>(text).is_err() => text.clone(),
        other => other.to_json().to_string(),
    };
    attributes.iter().map(|(name, value)| (name.to_owned(), text(value))).collect()
}

fn compression(wanted: &Compression) -> Result<ParquetCompression> {
    let unusable = |error: parquet::errors::ParquetError| Error::invalid(error.to_string());
    Ok(match wanted {
        Compression::Default => ParquetCompression::ZSTD(ZstdLevel::default()),
        Compression::None => ParquetCompression::UNCOMPRESSED,
        Compression::Zstd(level) => ParquetCompression::ZSTD(ZstdLevel::try_new((*level).max(1)).map_err(unusable)?),
        Compression::Deflate(level) => ParquetCompression::GZIP(GzipLevel::try_new(*level).map_err(unusable)?),
        other => {
            return Err(Error::unsupported(format!("a Parquet table is not compressed with {other:?}"))
                .hint("choose zstd, gzip or none"));
        }
    })
}
