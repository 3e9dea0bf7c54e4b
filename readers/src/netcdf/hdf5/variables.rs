//! From HDF5 objects to groups of variables.
use std::sync::Arc;

use hdf5_reader::io::Cursor;
use hdf5_reader::messages::layout::DataLayout;
use terracube_cube::base::{Block, ChunkGrid};
use terracube_cube::source::{MemorySource, Source};
use terracube_cube::{Error, Result};

use super::super::flat::FlatSource;
use super::super::item::Item;
use super::Hdf5;
use super::attributes::AttributeReader;
use super::chunked::ChunkedSource;
use super::datatype::{Values, values};
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
        let values = values(&stored.datatype)?;
        characters = values == Values::Fixed(Item::Character);
        storage = storage_of(&stored);
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
        DataLayout::Chunked { dims, .. } => Some(dims.iter().map(|&n| u64::from(n)).collect()),
        _ => None,
    };
    let names: Vec<String> = stored.filters.iter().map(Filters::name).collect();
    RawStorage { chunks, codecs: (!names.is_empty()).then(|| names.into()), ..RawStorage::default() }
}

type Opened = (Arc<dyn Source>, Option<Arc<dyn ChunkIndexer>>);

fn source(hdf: &Arc<Hdf5>, path: &str, stored: Stored, values: Values, shape: &[u64]) -> Result<Opened> {
    if stored.external {
        return Err(Error::unsupported("its values stand in other files (HDF5 external storage)"));
    }
    let item = match values {
        Values::Text => return Ok((Arc::new(HeapText::new(hdf.clone(), path, &stored, shape)?), None)),
        Values::Fixed(item) => item,
    };
    let extents: Vec<usize> = shape.iter().map(|&n| n as usize).collect();
    match &stored.layout {
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
