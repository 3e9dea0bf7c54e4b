//! References to chunks in Parquet, as kerchunk writes them: the metadata of a Zarr store in `.zmetadata`, and for each array tables
//! `refs.0.parq`, `refs.1.parq`, ... with one row for each chunk. A table is read when one of its chunks is.
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{Array, ArrayRef, RecordBatch};
use bytes::Bytes;
use parquet::arrow::arrow_reader::{ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use serde_json::{Map, Value, json};
use terracube_cube::{Error, Result};
use tokio::sync::OnceCell;

use super::mapped::{Object, listed};
use super::objects::Objects;
use super::references::{Files, WHAT};
use super::{ByteRange, Entry, Reading, Store, StoreOptions};
use crate::netcdf::guarded;
use crate::runtime;

/// Tables of more bytes are not read.
const MAX_TABLE_BYTES: u64 = 1 << 30;
/// Rows that are kept of all tables together.
const KEPT_ROWS: u64 = 2_000_000;

impl Store {
    /// The store that the references in Parquet at this place describe; `described` is its `.zmetadata`.
    ///
    /// # Errors
    /// If the description is damaged.
    pub(crate) fn reference_tables(&self, described: &Value, options: &StoreOptions) -> Result<Self> {
        let tables =
            ReferenceTables::new(self, described, options).map_err(|error| error.context(self.url().to_owned()))?;
        Ok(Self::within(self.url(), tables))
    }
}

/// Whether the `.zmetadata` of a place says that references stand beside it.
pub(crate) fn are_described_by(zmetadata: &Value) -> bool {
    zmetadata.get("record_size").is_some_and(Value::is_u64)
}

struct ReferenceTables {
    /// The documents of the store.
    documents: BTreeMap<String, Object>,
    /// How many chunks each array has along each axis.
    counts: HashMap<String, Vec<u64>>,
    /// Rows of a table; the last one of an array may have fewer.
    rows: u64,
    place: Store,
    files: Files,
    is_remote: bool,
    kept: Mutex<Kept>,
}

/// What stands in one table, by row.
type Table = Arc<Vec<Option<Object>>>;
type Cell = Arc<OnceCell<Table>>;

#[derive(Default)]
struct Kept {
    cells: HashMap<String, Cell>,
    order: VecDeque<String>,
}

impl ReferenceTables {
    fn new(place: &Store, described: &Value, options: &StoreOptions) -> Result<Self> {
        let damaged = |what: &str| Error::corrupt(format!("its .zmetadata {what}"));
        let rows = described["record_size"].as_u64().filter(|rows| (1..=1 << 32).contains(rows));
        let rows = rows.ok_or_else(|| damaged("gives no usable `record_size`"))?;
        let nodes = described["metadata"].as_object().ok_or_else(|| damaged("holds no `metadata`"))?;
        let mut documents = BTreeMap::new();
        let mut counts = HashMap::new();
        for (key, document) in nodes {
            // Some writers keep documents as text.
            let document = match document {
                Value::String(text) => {
                    serde_json::from_str(text).map_err(|_| damaged(&format!("has no JSON at `{key}`")))?
                }
                other => other.clone(),
            };
            if let Some(array) = key.strip_suffix("/.zarray") {
                let along =
                    counts_of(&document).ok_or_else(|| damaged(&format!("gives `{array}` no shape or no chunks")))?;
                counts.insert(array.to_owned(), along);
            }
            documents.insert(key.clone(), document);
        }
        let gathered: Map<String, Value> =
            documents.iter().map(|(key, document)| (key.clone(), document.clone())).collect();
        documents.insert(".zmetadata".to_owned(), json!({"zarr_consolidated_format": 1, "metadata": gathered}));
        let mut tables = Self {
            documents: documents
                .into_iter()
                .map(|(key, json)| (key, Object::Inline(json.to_string().into())))
                .collect(),
            counts,
            rows,
            place: place.clone(),
            files: Files::new(place, options),
            is_remote: place.is_remote(),
            kept: Mutex::default(),
        };
        tables.is_remote = tables.is_remote || tables.points_afar()?;
        Ok(tables)
    }

    /// Whether the first table that there is points through a network: then all reads are taken to.
    fn points_afar(&self) -> Result<bool> {
        let mut arrays: Vec<&String> = self.counts.keys().collect();
        arrays.sort();
        for array in arrays {
            let table = runtime::drive(self.read(&format!("{array}/refs.0.parq")))?;
            let first = table.iter().flatten().find_map(|object| match object {
                Object::Part { file, .. } => Some(file.is_remote()),
                _ => None,
            });
            if let Some(is_remote) = first {
                return Ok(is_remote);
            }
        }
        Ok(false)
    }

    /// The object of a key; `None` if there is none.
    async fn find(&self, key: &str) -> Result<Option<Object>> {
        if let Some(document) = self.documents.get(key) {
            return Ok(Some(document.clone()));
        }
        let Some((array, chunk)) = self.place_of(key) else { return Ok(None) };
        let name = format!("{array}/refs.{}.parq", chunk / self.rows);
        // Readers of one table that come together share one read; a failed one is not kept.
        let cell = self.cell(&name);
        let table = cell.get_or_try_init(|| self.read(&name)).await?;
        Ok(table.get((chunk % self.rows) as usize).cloned().flatten())
    }

    /// The array of a chunk's key and the chunk's number in C order.
    fn place_of<'a>(&self, key: &'a str) -> Option<(&'a str, u64)> {
        let (array, chunk) = key
            .char_indices()
            .filter(|(_, letter)| *letter == '/')
            .map(|(at, _)| (&key[..at], &key[at + 1..]))
            .find(|(array, _)| self.counts.contains_key(*array))?;
        let counts = self.counts.get(array)?;
        let index: Vec<u64> = chunk.split(['.', '/']).map(|part| part.parse().ok()).collect::<Option<_>>()?;
        if counts.is_empty() {
            return (index == [0]).then_some((array, 0));
        }
        if index.len() != counts.len() || index.iter().zip(counts).any(|(i, n)| i >= n) {
            return None;
        }
        Some((
            array,
            index.iter().zip(counts).fold(0, |number: u64, (i, n)| number.saturating_mul(*n).saturating_add(*i)),
        ))
    }

    fn cell(&self, name: &str) -> Cell {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(cell) = kept.cells.get(name) {
            return cell.clone();
        }
        let most = (KEPT_ROWS / self.rows).max(4) as usize;
        while kept.order.len() >= most {
            let oldest = kept.order.pop_front().unwrap_or_default();
            kept.cells.remove(&oldest);
        }
        let cell = Cell::default();
        kept.order.push_back(name.to_owned());
        kept.cells.insert(name.to_owned(), cell.clone());
        cell
    }

    /// The rows of a table. An array whose chunks were never written has no tables.
    async fn read(&self, name: &str) -> Result<Table> {
        let Some(bytes) = self.place.get_at_most(name, MAX_TABLE_BYTES).await? else { return Ok(Table::default()) };
        let url = self.place.url_of(name);
        let rows = guarded(&url, || self.parse(bytes)).map_err(|error| error.context(url.clone()))?;
        Ok(Arc::new(rows))
    }

    fn parse(&self, bytes: Bytes) -> Result<Vec<Option<Object>>> {
        let damaged = |error: &dyn std::fmt::Display| {
            Error::corrupt(format!("the table of references is damaged: {error}")).hint("get it again")
        };
        let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
        let builder =
            ParquetRecordBatchReaderBuilder::try_new_with_options(bytes, options).map_err(|error| damaged(&error))?;
        let n_rows = builder.metadata().file_metadata().num_rows();
        if u64::try_from(n_rows).map_or(true, |n_rows| n_rows > self.rows) {
            return Err(Error::corrupt(format!("it has {n_rows} rows, but {} are said to be in a table", self.rows)));
        }
        let mut rows = Vec::with_capacity(n_rows as usize);
        for batch in builder.build().map_err(|error| damaged(&error))? {
            self.take(&batch.map_err(|error| damaged(&error))?, &mut rows)?;
        }
        Ok(rows)
    }

    fn take(&self, batch: &RecordBatch, rows: &mut Vec<Option<Object>>) -> Result<()> {
        let lacks = |name: &str| Error::corrupt(format!("the table of references has no usable column `{name}`"));
        let path = batch.column_by_name("path").ok_or_else(|| lacks("path"))?;
        let number = |name: &'static str| {
            let column = batch.column_by_name(name).and_then(|column| column.as_primitive_opt::<Int64Type>().cloned());
            column.ok_or_else(|| lacks(name))
        };
        let (offset, size) = (number("offset")?, number("size")?);
        let raw = batch.column_by_name("raw");
        for row in 0..batch.num_rows() {
            if let Some(bytes) = raw.and_then(|raw| bytes_at(raw, row)) {
                rows.push(Some(Object::Inline(Bytes::copy_from_slice(bytes))));
                continue;
            }
            let Some(url) = bytes_at(path, row) else {
                rows.push(None);
                continue;
            };
            let url = std::str::from_utf8(url).map_err(|_| lacks("path"))?;
            let file = self.files.target(url).map_err(|error| error.context(format!("row {}", rows.len())))?;
            let range = match (u64::try_from(offset.value(row)), u64::try_from(size.value(row))) {
                (Ok(0), Ok(0)) => None,
                (Ok(offset), Ok(size)) if offset.checked_add(size).is_some() => Some((offset, size)),
                _ => return Err(Error::corrupt(format!("row {} has an offset or a size below 0", rows.len()))),
            };
            rows.push(Some(Object::Part { file, range }));
        }
        Ok(())
    }

    fn reading<T, W, F>(self: Arc<Self>, key: &str, work: W) -> Reading<Option<T>>
    where
        T: Send + 'static,
        W: FnOnce(Object, String) -> F + Send + 'static,
        F: Future<Output = Result<T>> + Send + 'static,
    {
        let (key, is_remote) = (key.to_owned(), self.is_remote);
        let read = async move {
            match self.find(&key).await? {
                Some(object) => work(object, key).await.map(Some),
                None => Ok(None),
            }
        };
        if is_remote { Reading::Remote(runtime::spawn(read)) } else { Reading::local(move || runtime::drive(read)) }
    }
}

/// Text or bytes; `None` where the value is missing.
fn bytes_at(column: &ArrayRef, row: usize) -> Option<&[u8]> {
    if column.is_null(row) {
        return None;
    }
    match (column.as_binary_opt::<i32>(), column.as_string_opt::<i32>()) {
        (Some(binary), _) => Some(binary.value(row)),
        (None, Some(text)) => Some(text.value(row).as_bytes()),
        (None, None) => None,
    }
}

/// The number of chunks along each axis.
fn counts_of(array: &Value) -> Option<Vec<u64>> {
    let lengths = |name: &str| -> Option<Vec<u64>> { array[name].as_array()?.iter().map(Value::as_u64).collect() };
    let (shape, chunks) = (lengths("shape")?, lengths("chunks")?);
    let fits = shape.len() == chunks.len() && !chunks.contains(&0);
    fits.then(|| shape.iter().zip(&chunks).map(|(len, chunk)| len.div_ceil(*chunk)).collect())
}

impl Objects for ReferenceTables {
    fn what(&self) -> &'static str {
        WHAT
    }

    fn is_remote(&self) -> bool {
        self.is_remote
    }

    fn get(self: Arc<Self>, key: &str, limit: u64) -> Reading<Option<Bytes>> {
        self.reading(key, move |object, key| async move { object.get(&key, limit).await })
    }

    fn get_ranges(self: Arc<Self>, key: &str, ranges: Vec<ByteRange>) -> Reading<Option<Vec<Bytes>>> {
        self.reading(key, move |object, key| async move { object.get_ranges(&key, ranges).await })
    }

    fn size(self: Arc<Self>, key: &str) -> Reading<Option<u64>> {
        self.reading(key, move |object, key| async move { object.size(&key).await })
    }

    /// The documents alone: what chunks there are is not listed.
    fn list(self: Arc<Self>, key: &str) -> Reading<Vec<Entry>> {
        let entries = listed(&self.documents, key);
        Reading::local(move || Ok(entries))
    }
}
