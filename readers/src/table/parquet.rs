//! Parquet: the footer is read at once, a column of a row group when it is used.
use std::io::Read;
use std::ops::Range;
use std::sync::Arc;

use bytes::{Buf, Bytes};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use parquet::errors::ParquetError;
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData};
use parquet::file::reader::{ChunkReader, Length};
use parquet::file::statistics::Statistics;
use terracube_cube::base::AxisChunks;
use terracube_cube::data::{Attribute, Attributes, Variable};
use terracube_cube::source::{Encoded, Fetch, Source, SourceSpec};
use terracube_cube::{Block, ChunkGrid, DType, Dims, Encoding, Error, Region, Result};

use super::ROW;
use super::columns::{block_of, dtype_of};
use crate::netcdf::{FileBytes, guarded};

/// The columns of a file and the attributes that it carries.
pub(super) fn open(file: &FileBytes) -> Result<(Vec<(String, Variable)>, Attributes)> {
    let damaged =
        |error: ParquetError| Error::corrupt(format!("the Parquet file is damaged: {error}")).hint("get it again");
    let load = |options| guarded(file.name(), || ArrowReaderMetadata::load(file, options).map_err(damaged));
    // Types by Parquet's own word, so that values come in few forms; what a program wrote about its columns beside them.
    let metadata = load(ArrowReaderOptions::new().with_skip_arrow_metadata(true))?;
    let described = load(ArrowReaderOptions::new())?;
    let groups = metadata.metadata().row_groups();
    let mut boundaries = vec![0u64];
    for group in groups {
        let rows = u64::try_from(group.num_rows()).map_err(|_| Error::corrupt("a row group of less than no rows"))?;
        boundaries.push(boundaries.last().copied().unwrap_or(0).saturating_add(rows));
    }
    // Empty row groups hold nothing and have no chunk.
    let filled: Vec<usize> = (0..groups.len()).filter(|&i| boundaries[i + 1] > boundaries[i]).collect();
    boundaries.dedup();
    let grid = ChunkGrid::new(vec![AxisChunks::from_boundaries(boundaries)]);
    let mut columns = Vec::new();
    for (position, field) in metadata.schema().fields().iter().enumerate() {
        let name = field.name().clone();
        let attributes = described
            .schema()
            .field_with_name(&name)
            .map(|field| attributes(field.metadata().iter().map(|(name, value)| (name.clone(), value.clone()))))
            .unwrap_or_default();
        let leaves: Vec<usize> = (0..metadata.parquet_schema().num_columns())
            .filter(|&leaf| metadata.parquet_schema().get_column_root_idx(leaf) == position)
            .collect();
        let dims = Dims::new([ROW])?;
        let source = dtype_of(field.data_type(), may_lack(metadata.metadata(), &leaves)).map(|dtype| ParquetColumn {
            file: file.clone(),
            name: name.clone(),
            metadata: metadata.clone(),
            leaf: leaves.first().copied().unwrap_or(0),
            groups: filled.clone(),
            grid: grid.clone(),
            dtype,
        });
        let variable = match source {
            Ok(source) => Variable::from_source(dims, Arc::new(source), attributes, Encoding::default()),
            Err(error) => {
                let error = error.context(format!("column `{name}` of {}", file.name()));
                Variable::failed(dims, grid.shape(), DType::F64, attributes, error)
            }
        };
        columns.push((name, variable));
    }
    let pairs = metadata.metadata().file_metadata().key_value_metadata().cloned().unwrap_or_default();
    let own = pairs
        .into_iter()
        .filter_map(|pair| Some((pair.key, pair.value?)))
        .filter(|(key, _)| !["ARROW:schema", "pandas", "geo"].contains(&key.as_str()));
    Ok((columns, attributes(own)))
}

/// What stands in metadata is text: what is JSON there was no text before.
fn attributes(pairs: impl Iterator<Item = (String, String)>) -> Attributes {
    let value = |text: String| match serde_json::from_str(&text) {
        Ok(json) => Attribute::from_json(json),
        Err(_) => Attribute::Text(text),
    };
    let mut pairs: Vec<(String, String)> = pairs.filter(|(name, _)| !name.starts_with("PARQUET:")).collect();
    pairs.sort();
    pairs.into_iter().map(|(name, text)| (name, value(text))).collect()
}

/// Whether values of a column may be missing, as far as its statistics tell.
fn may_lack(metadata: &ParquetMetaData, leaves: &[usize]) -> bool {
    let [leaf] = leaves else { return true };
    let schema = metadata.file_metadata().schema_descr();
    if schema.column(*leaf).max_def_level() == 0 {
        return false;
    }
    let nulls = |statistics: Option<&Statistics>| statistics.and_then(Statistics::null_count_opt);
    metadata.row_groups().iter().any(|group| {
        let statistics = group.columns().get(*leaf).and_then(|column| column.statistics());
        nulls(statistics) != Some(0)
    })
}

/// One column.
#[derive(Debug)]
struct ParquetColumn {
    file: FileBytes,
    name: String,
    metadata: ArrowReaderMetadata,
    leaf: usize,
    /// The row groups that hold rows, one for each chunk.
    groups: Vec<usize>,
    grid: ChunkGrid,
    dtype: DType,
}

impl ParquetColumn {
    /// The row group of a region, and the bytes of the column in it.
    fn place(&self, region: &Region) -> Result<(usize, u64, Range<u64>)> {
        let axis = &self.grid.axes()[0];
        let chunk = axis.chunk_of(region.range(0).start);
        let group = self.groups.get(chunk as usize).copied();
        let group = group.ok_or_else(|| Error::internal(format!("{region:?} is in no row group")))?;
        // Damaged metadata may say less than nothing, which its own accessor takes for a bug.
        let (start, len) = guarded(self.file.name(), || Ok(self.column(group)?.byte_range()))?;
        let end = start.checked_add(len).filter(|&end| end <= self.file.len());
        let end =
            end.ok_or_else(|| Error::corrupt("a column reaches past the end of the file").hint("get it again"))?;
        Ok((group, axis.range(chunk).start, start..end))
    }

    fn column(&self, group: usize) -> Result<&ColumnChunkMetaData> {
        let column = self.metadata.metadata().row_groups().get(group).and_then(|group| group.columns().get(self.leaf));
        column.ok_or_else(|| Error::corrupt("a row group lacks the column").hint("get the file again"))
    }

    fn named(&self, error: Error) -> Error {
        error.context(format!("column `{}` of {}", self.name, self.file.name()))
    }
}

impl Source for ParquetColumn {
    fn spec(&self) -> Option<SourceSpec> {
        Some(SourceSpec { reader: "table".into(), url: self.file.name().into(), variable: self.name.clone() })
    }

    fn dtype(&self) -> DType {
        self.dtype
    }

    fn grid(&self) -> &ChunkGrid {
        &self.grid
    }

    fn encoded_bound(&self, region: &Region) -> u64 {
        if region.is_empty() {
            return 0;
        }
        self.place(region).map_or(0, |(_, _, range)| range.end - range.start)
    }

    fn decode_scratch(&self, region: &Region) -> u64 {
        if region.is_empty() {
            return 0;
        }
        let group = self.place(region).map_or(0, |(group, _, _)| group);
        let size = self.column(group).map_or(0, ColumnChunkMetaData::uncompressed_size);
        u64::try_from(size).unwrap_or(0).saturating_mul(3)
    }

    fn fetch(&self, region: &Region) -> Fetch {
        if region.is_empty() {
            return Fetch::Ready(Ok(Encoded::default()));
        }
        match self.place(region) {
            Ok((_, _, range)) => self.file.fetch(vec![Some(range)]),
            Err(error) => Fetch::Ready(Err(self.named(error))),
        }
    }

    fn decode(&self, encoded: Encoded, region: &Region) -> Result<Block> {
        if region.is_empty() {
            return Block::assemble(self.dtype, &region.extents(), &[]);
        }
        let decode = || -> Result<Block> {
            let (group, first_row, range) = self.place(region)?;
            let piece = encoded.pieces.into_iter().next().flatten();
            let bytes = piece.ok_or_else(|| Error::internal("a column without bytes"))?;
            let window = Window { bytes, start: range.start, len: self.file.len() };
            let damaged = |error: &dyn std::fmt::Display| {
                Error::corrupt(format!("its values cannot be read: {error}")).hint("get the file again")
            };
            let rows = self.metadata.metadata().row_group(group).num_rows().max(0) as usize;
            let arrays = guarded(self.file.name(), || {
                let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(window, self.metadata.clone());
                let mask = ProjectionMask::leaves(builder.parquet_schema(), [self.leaf]);
                let reader = builder.with_projection(mask).with_row_groups(vec![group]).with_batch_size(rows.max(1));
                let reader = reader.build().map_err(|error| damaged(&error))?;
                reader
                    .map(|batch| Ok(batch.map_err(|error| damaged(&error))?.column(0).clone()))
                    .collect::<Result<Vec<_>>>()
            })?;
            let blocks = arrays.iter().map(|array| block_of(array, self.dtype)).collect::<Result<Vec<_>>>()?;
            let whole = if blocks.len() == 1 { blocks[0].clone() } else { Block::concat(0, &blocks)? };
            if whole.len() != rows {
                return Err(Error::corrupt(format!("{} values where {rows} were announced", whole.len())));
            }
            let rows = region.range(0);
            whole.slice(&[((rows.start - first_row) as usize, (rows.end - rows.start) as usize, 1)])?.contiguous()
        };
        decode().map_err(|error| self.named(error))
    }
}

impl Length for FileBytes {
    fn len(&self) -> u64 {
        Self::len(self)
    }
}

impl ChunkReader for FileBytes {
    type T = Box<dyn Read>;

    fn get_read(&self, start: u64) -> parquet::errors::Result<Self::T> {
        let rest = self.read(start.min(Self::len(self))..Self::len(self)).map_err(external)?;
        Ok(Box::new(rest.reader()))
    }

    fn get_bytes(&self, start: u64, length: usize) -> parquet::errors::Result<Bytes> {
        self.read(start..start.saturating_add(length as u64)).map_err(external)
    }
}

fn external(error: Error) -> ParquetError {
    ParquetError::External(Box::new(std::io::Error::other(error.to_string())))
}

/// A part of a file, at its place.
struct Window {
    bytes: Bytes,
    start: u64,
    len: u64,
}

impl Length for Window {
    fn len(&self) -> u64 {
        self.len
    }
}

impl ChunkReader for Window {
    type T = bytes::buf::Reader<Bytes>;

    fn get_read(&self, start: u64) -> parquet::errors::Result<Self::T> {
        let end = self.start + self.bytes.len() as u64;
        Ok(self.get_bytes(start, end.saturating_sub(start) as usize)?.reader())
    }

    fn get_bytes(&self, start: u64, length: usize) -> parquet::errors::Result<Bytes> {
        let from = start.checked_sub(self.start).and_then(|from| usize::try_from(from).ok());
        let inside = from.and_then(|from| Some(from..from.checked_add(length).filter(|&end| end <= self.bytes.len())?));
        match inside {
            Some(range) => Ok(self.bytes.slice(range)),
            None => Err(ParquetError::EOF(format!("bytes {start} and {length} more do not belong to the column"))),
        }
    }
}
