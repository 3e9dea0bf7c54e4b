//! From HDF5 objects to groups of variables.
use std::sync::Arc;

use hdf5_reader::io::Cursor;
use hdf5_reader::messages::Datatype;
use hdf5_reader::messages::datatype::VarLenKind;
use hdf5_reader::messages::layout::DataLayout;
use terracube_cube::base::{Block, ChunkGrid};
use terracube_cube::source::{MemorySource, Source};
use terracube_cube::{Error, ErrorKind, Result};

use super::super::flat::FlatSource;
use super::super::item::Item;
use super::Hdf5;
use super::attributes::AttributeReader;
use super::chunked::ChunkedSource;
use super::datatype::{Values, described, is_truth, stored_values};
use super::dimensions::Dimensions;
use super::filters::Filters;
use super::objects::{DatasetObject, GroupObject, Stored};
use super::strings::HeapText;
use crate::manifest::ChunkIndexer;
use crate::raw::{RawGroup, RawStorage, RawVariable};

/// The tree of a file as users see it.
pub(super) fn raw_group(hdf: &Arc<Hdf5>, root: GroupObject) -> RawGroup {
    let reader = AttributeReader::new(hdf);
    let mut dims = Dimensions::of(&root, &reader);
    convert(hdf, &root, &mut dims, &reader)
}

fn convert(hdf: &Arc<Hdf5>, group: &GroupObject, dims: &mut Dimensions, reader: &AttributeReader<'_>) -> RawGroup {
    let mut raw =
        RawGroup { path: group.path.clone(), attributes: reader.visible(&group.attributes), ..RawGroup::default() };
    // NetCDF's library numbers the axes without a dimension in this order: inner groups first.
    raw.groups = group.groups.iter().map(|inner| convert(hdf, inner, dims, reader)).collect();
    for dataset in &group.datasets {
        if dims.is_variable(dataset) {
            raw.variables.push(variable(hdf, group, dataset, dims, reader));
        }
    }
    raw.dims = dims.defined_in(group);
    raw
}

fn variable(
    hdf: &Arc<Hdf5>,
    group: &GroupObject,
    dataset: &DatasetObject,
    dims: &mut Dimensions,
    reader: &AttributeReader<'_>,
) -> RawVariable {
    let (names, shape) = dims.of_dataset(group, dataset, reader);
    let name = Dimensions::visible_name(dataset);
    let path = format!("{}/{}", group.path.trim_end_matches('/'), dataset.name);
    let mut storage = RawStorage::default();
    let mut characters = false;
    let data = dataset.stored.clone().and_then(|stored| {
        storage = storage_of(&stored);
        let values = stored_values(&stored)?;
        characters = values == Values::Fixed(Item::Character);
        reader.check_needed(&dataset.attributes)?;
        source(hdf, &path, stored, values, &shape)
    });
    let place = format!("variable `{name}` of {}", hdf.bytes.name());
    RawVariable {
        name,
        dims: names,
        shape,
        attributes: reader.visible(&dataset.attributes),
        chunks: data.as_ref().ok().and_then(|(_, chunks)| chunks.clone()),
        data: data.map(|(source, _)| source).map_err(|error| error.context(place)),
        characters,
        storage,
    }
}

fn storage_of(stored: &Stored) -> RawStorage {
    let chunks = match &stored.layout {
        Ok(DataLayout::Chunked { dims, .. }) => Some(dims.iter().map(|&n| u64::from(n)).collect()),
        _ => None,
    };
    let names: Vec<String> = stored.filters.iter().map(Filters::name).collect();
    let stored_type = unlike_ours(&stored.datatype).then(|| described(&stored.datatype));
    RawStorage { chunks, codecs: (!names.is_empty()).then(|| names.into()), stored_type, ..RawStorage::default() }
}

/// Whether a type says more than a dtype can.
fn unlike_ours(datatype: &Datatype) -> bool {
    match datatype {
        Datatype::Enum { members, .. } => !is_truth(members),
        Datatype::VarLen { kind, .. } => *kind != VarLenKind::String,
        Datatype::Compound { .. }
        | Datatype::Array { .. }
        | Datatype::Opaque { .. }
        | Datatype::Reference { .. }
        | Datatype::Bitfield { .. } => true,
        _ => false,
    }
}

type Opened = (Arc<dyn Source>, Option<Arc<dyn ChunkIndexer>>);

/// The values as we read them, or as the C library of HDF5 does where it is built in and ours do not.
fn source(hdf: &Arc<Hdf5>, path: &str, stored: Stored, values: Values, shape: &[u64]) -> Result<Opened> {
    let library = (stored.shape == shape).then(|| (values.clone(), stored.layout.clone()));
    match (our_source(hdf, path, stored, values, shape), library) {
        (Err(error), Some((Values::Fixed(item), layout)))
            if error.kind() == ErrorKind::Unsupported && library_reads(hdf, &item) =>
        {
            by_library(hdf, path, &item, layout.ok(), shape, error)
        }
        (opened, _) => opened,
    }
}

/// Whether the C library of HDF5 would be asked: for numbers in files of this machine.
fn library_reads(hdf: &Hdf5, item: &Item) -> bool {
    hdf.bytes.local_path().is_some() && item.is_number()
}

#[cfg(feature = "hdf5-c")]
fn by_library(
    hdf: &Arc<Hdf5>,
    path: &str,
    item: &Item,
    layout: Option<DataLayout>,
    shape: &[u64],
    error: Error,
) -> Result<Opened> {
    let grid = match layout {
        Some(DataLayout::Chunked { dims, .. }) => {
            let chunks: Vec<u64> = dims.iter().map(|&n| u64::from(n)).collect();
            super::chunked::grouped(shape, &chunks, item.size() as u64)
        }
        _ => super::super::flat::grid(shape, item.size()),
    };
    let source = super::library::LibrarySource::new(hdf.clone(), path, item, grid);
    source.map(|source| (Arc::new(source) as Arc<dyn Source>, None)).map_err(|more| {
        let hint = more.hint_text().map(|hint| format!("; {hint}")).unwrap_or_default();
        with_hint(error, &format!("{more}{hint}"))
    })
}

#[cfg(not(feature = "hdf5-c"))]
fn by_library(_: &Arc<Hdf5>, _: &str, _: &Item, _: Option<DataLayout>, _: &[u64], error: Error) -> Result<Opened> {
    Err(with_hint(
        error,
        "this build is without `hdf5-c`, the C library of HDF5 that reads such values (`cargo build --release --features hdf5-c`)",
    ))
}

/// An error with one more hint behind the one that it has.
fn with_hint(error: Error, hint: &str) -> Error {
    let hint = match error.hint_text() {
        Some(first) => format!("{first}; or: {hint}"),
        None => hint.to_owned(),
    };
    error.hint(hint)
}

fn our_source(hdf: &Arc<Hdf5>, path: &str, stored: Stored, values: Values, shape: &[u64]) -> Result<Opened> {
    if stored.external {
        return Err(Error::unsupported("its values stand in other files (HDF5 external storage)"));
    }
    let item = match values {
        Values::Text => return Ok((Arc::new(HeapText::new(hdf.clone(), path, &stored, shape)?), None)),
        Values::Fixed(item) => item,
    };
    let extents: Vec<usize> = shape.iter().map(|&n| n as usize).collect();
    match stored.layout.as_ref().map_err(Clone::clone)? {
        DataLayout::Chunked { .. } => {
            let source = Arc::new(ChunkedSource::new(hdf.clone(), path, stored, item, shape)?);
            Ok((source.clone(), Some(source)))
        }
        DataLayout::Compact { data } => {
            let size = item.size() * extents.iter().product::<usize>();
            let bytes = data.get(..size).ok_or_else(|| hdf.corrupt("its values are cut off"))?;
            let block = item.decode(bytes.to_vec().into(), &extents)?;
            Ok((MemorySource::new(block, ChunkGrid::single(shape)), None))
        }
        DataLayout::Contiguous { address, .. } if Cursor::is_undefined_offset(*address, hdf.offset_size()) => {
            let fill =
                stored.fill.clone().filter(|fill| fill.len() == item.size()).unwrap_or_else(|| vec![0; item.size()]);
            let block = Block::filled(&item.decode(fill.into(), &[])?, &extents)?;
            Ok((MemorySource::new(block, ChunkGrid::single(shape)), None))
        }
        DataLayout::Contiguous { address, .. } => {
            let offset = hdf.base + address;
            let source = FlatSource::new(hdf.bytes.clone(), path, item, shape.to_vec(), offset, None)?;
            if !shape.contains(&0) && source.end() > hdf.bytes.len() {
                return Err(hdf.corrupt(format!(
                    "it ends at byte {}, but the file holds {}",
                    source.end(),
                    hdf.bytes.len()
                )));
            }
            let source = Arc::new(source);
            Ok((source.clone(), Some(source)))
        }
    }
}
