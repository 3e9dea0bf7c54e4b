//! References as Parquet tables, as kerchunk writes them: many chunks then cost little to open (`store::reference_tables` reads them).
use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::{ArrayRef, BinaryArray, Int64Array, RecordBatch, StringArray};
use base64::Engine as _;
use bytes::Bytes;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use serde_json::{Map, Value, json};
use terracube_cube::{Error, Result};

use super::References;
use crate::store::{Store, StoreOptions};

/// Rows of a table, unless no array has as many chunks.
const ROWS: u64 = 100_000;

/// What a row says of a chunk.
enum Row {
    Part { url: String, offset: i64, size: i64 },
    Inline(Vec<u8>),
}

/// Arrays by path: the number of chunks, and what is known of them by number.
type Arrays = BTreeMap<String, (Vec<u64>, BTreeMap<u64, Row>)>;

impl References {
    /// Writes the references as Parquet tables into a directory or bucket, the description last.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn write_tables(&self, url: &str, options: &StoreOptions) -> Result<()> {
        let place = Store::open(url, options)?;
        let refs = self.json["refs"].as_object().ok_or_else(|| Error::internal("references without `refs`"))?;
        let (documents, arrays) = sorted(refs)?;
        let n_chunks = |counts: &[u64]| counts.iter().fold(1, |n: u64, count| n.saturating_mul(*count));
        let most = arrays.values().map(|(counts, _)| n_chunks(counts)).max().unwrap_or(1);
        let rows = most.clamp(1, ROWS);
        for (array, (_, mut chunks)) in arrays {
            while let Some((&first, _)) = chunks.first_key_value() {
                let table = first / rows;
                let rest = chunks.split_off(&((table + 1) * rows));
                let bytes = encoded(chunks, table * rows, rows)?;
                place.put(&format!("{array}/refs.{table}.parq"), bytes).wait()?;
                chunks = rest;
            }
        }
        let described = json!({"metadata": documents, "record_size": rows});
        place.put(".zmetadata", described.to_string()).wait()
    }
}

/// The documents, and the chunks of all arrays.
fn sorted(refs: &Map<String, Value>) -> Result<(Map<String, Value>, Arrays)> {
    let mut documents = Map::new();
    let mut arrays = Arrays::new();
    for (key, value) in refs {
        let file = key.rsplit('/').next().unwrap_or_default();
        if !file.starts_with(".z") {
            continue;
        }
        let document = match value {
            Value::String(text) => {
                serde_json::from_str(text).map_err(|error| Error::internal(format!("`{key}`: {error}")))?
            }
            other => other.clone(),
        };
        if let Some(array) = key.strip_suffix("/.zarray") {
            let lengths = |name: &str| {
                document[name].as_array().into_iter().flatten().filter_map(Value::as_u64).collect::<Vec<_>>()
            };
            let counts =
                lengths("shape").iter().zip(lengths("chunks")).map(|(len, chunk)| len.div_ceil(chunk.max(1))).collect();
            arrays.insert(array.to_owned(), (counts, BTreeMap::new()));
        }
        documents.insert(key.clone(), document);
    }
    for (key, value) in refs {
        let Some((array, chunk)) = key.rsplit_once('/') else { continue };
        let Some((counts, chunks)) = arrays.get_mut(array).filter(|_| !chunk.starts_with(".z")) else { continue };
        let odd = || Error::internal(format!("reference `{key}` is {value}"));
        let index: Vec<u64> =
            chunk.split('.').map(str::parse).collect::<std::result::Result<_, _>>().map_err(|_| odd())?;
        let number = index.iter().zip(counts.iter()).fold(0, |number, (i, count)| number * count + i);
        chunks.insert(number, row(value).ok_or_else(odd)?);
    }
    Ok((documents, arrays))
}

fn row(value: &Value) -> Option<Row> {
    match value {
        Value::String(text) => Some(Row::Inline(match text.strip_prefix("base64:") {
            Some(coded) => base64::engine::general_purpose::STANDARD.decode(coded).ok()?,
            None => text.as_bytes().to_vec(),
        })),
        Value::Array(list) => {
            let url = list.first()?.as_str()?.to_owned();
            match list.len() {
                1 => Some(Row::Part { url, offset: 0, size: 0 }),
                _ => Some(Row::Part { url, offset: list.get(1)?.as_i64()?, size: list.get(2)?.as_i64()? }),
            }
        }
        _ => None,
    }
}

/// One table: a row for every chunk from `first` on, known or not.
fn encoded(mut chunks: BTreeMap<u64, Row>, first: u64, rows: u64) -> Result<Bytes> {
    let n = rows as usize;
    let (mut paths, mut offsets, mut sizes, mut raws) =
        (Vec::with_capacity(n), Vec::with_capacity(n), Vec::with_capacity(n), Vec::with_capacity(n));
    for number in first..first + rows {
        let (path, offset, size, raw) = match chunks.remove(&number) {
            Some(Row::Part { url, offset, size }) => (Some(url), offset, size, None),
            Some(Row::Inline(bytes)) => (None, 0, 0, Some(bytes)),
            None => (None, 0, 0, None),
        };
        paths.push(path);
        offsets.push(offset);
        sizes.push(size);
        raws.push(raw);
    }
    let failed = |error: &dyn std::fmt::Display| Error::internal(format!("a table of references: {error}"));
    let columns: [(&str, ArrayRef, bool); 4] = [
        ("path", Arc::new(StringArray::from(paths)), true),
        ("offset", Arc::new(Int64Array::from(offsets)), false),
        ("size", Arc::new(Int64Array::from(sizes)), false),
        ("raw", Arc::new(BinaryArray::from_iter(raws)), true),
    ];
    let batch = RecordBatch::try_from_iter_with_nullable(columns).map_err(|error| failed(&error))?;
    let properties = WriterProperties::builder().set_compression(Compression::ZSTD(ZstdLevel::default())).build();
    let mut bytes = Vec::new();
    let mut writer =
        ArrowWriter::try_new(&mut bytes, batch.schema(), Some(properties)).map_err(|error| failed(&error))?;
    writer.write(&batch).map_err(|error| failed(&error))?;
    writer.close().map_err(|error| failed(&error))?;
    Ok(bytes.into())
}
