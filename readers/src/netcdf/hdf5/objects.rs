//! The tree of groups and datasets of a file, as its headers tell it.
use std::collections::HashSet;

use hdf5_reader::btree_v2::{BTreeV2Header, BTreeV2Record, collect_btree_v2_records_storage};
use hdf5_reader::error::Result as Parsed;
use hdf5_reader::fractal_heap::FractalHeap;
use hdf5_reader::io::Cursor;
use hdf5_reader::messages::attribute_info::AttributeInfoMessage;
use hdf5_reader::messages::dataspace::DataspaceType;
use hdf5_reader::messages::filter_pipeline::FilterDescription;
use hdf5_reader::messages::layout::DataLayout;
use hdf5_reader::messages::{Datatype, HdfMessage};
use terracube_cube::{Error, Result};

use super::super::bits::Bits;
use super::header::{Header, StoredAttribute};
use super::{Hdf5, datatype, header, links};

/// Groups deeper than this are taken for a loop.
const MAX_DEPTH: usize = 64;

/// A group and all that is in it.
#[derive(Default)]
pub(super) struct GroupObject {
    pub path: String,
    pub attributes: Vec<StoredAttribute>,
    pub datasets: Vec<DatasetObject>,
    pub groups: Vec<GroupObject>,
}

/// A dataset: its attributes, and how its values are stored or why that cannot be told.
pub(super) struct DatasetObject {
    pub name: String,
    pub address: u64,
    pub attributes: Vec<StoredAttribute>,
    pub stored: Result<Stored>,
}

/// How the values of a dataset are stored.
#[derive(Debug, Clone)]
pub(super) struct Stored {
    pub shape: Vec<u64>,
    pub max_shape: Option<Vec<u64>>,
    pub datatype: Datatype,
    /// The fields of a number that no machine has as it is.
    pub bits: Option<Bits>,
    pub layout: Result<DataLayout>,
    pub filters: Vec<FilterDescription>,
    /// The bytes of one value, for what was never written.
    pub fill: Option<Vec<u8>>,
    /// Whether the values stand in other files.
    pub external: bool,
}

impl DatasetObject {
    fn unreadable(name: String, address: u64, error: Error) -> Self {
        Self { name, address, attributes: Vec::new(), stored: Err(error) }
    }

    /// An attribute by name.
    pub(super) fn attribute(&self, name: &str) -> Option<&StoredAttribute> {
        self.attributes.iter().find(|attribute| attribute.message.name == name)
    }

    /// The shape, if it could be read.
    pub(super) fn shape(&self) -> &[u64] {
        self.stored.as_ref().map_or(&[], |stored| &stored.shape)
    }
}

/// Reads the whole tree.
pub(super) fn read(hdf: &Hdf5) -> Result<GroupObject> {
    let root = hdf.file.superblock().root_object_header_address().map_err(|error| hdf.corrupt(error))?;
    group(hdf, "/".to_owned(), root, &hdf.header(root)?, &mut HashSet::new(), 0)
}

fn group(
    hdf: &Hdf5,
    path: String,
    address: u64,
    header: &Header,
    above: &mut HashSet<u64>,
    depth: usize,
) -> Result<GroupObject> {
    let mut found = GroupObject { attributes: attributes(hdf, header), ..GroupObject::default() };
    above.insert(address);
    for (name, member) in links::members(hdf, &path, &header.messages)? {
        let member = match member {
            Ok(member) => member,
            Err(error) => {
                found.datasets.push(DatasetObject::unreadable(name, u64::MAX, error));
                continue;
            }
        };
        // A link back to a group that contains it would never end.
        if above.contains(&member) || depth > MAX_DEPTH {
            continue;
        }
        let header = match hdf.header(member) {
            Ok(header) => header,
            Err(error) => {
                found.datasets.push(DatasetObject::unreadable(name, member, error));
                continue;
            }
        };
        let is_group = |m: &HdfMessage| {
            matches!(
                m,
                HdfMessage::SymbolTable(_) | HdfMessage::LinkInfo(_) | HdfMessage::Link(_) | HdfMessage::GroupInfo(_)
            )
        };
        if header.is_virtual || header.messages.iter().any(|m| matches!(m, HdfMessage::DataLayout(_))) {
            let stored = stored(hdf, &header);
            found.datasets.push(DatasetObject { name, address: member, attributes: attributes(hdf, &header), stored });
        } else if header.messages.iter().any(is_group) {
            let path = format!("{}/{name}", path.trim_end_matches('/'));
            found.groups.push(group(hdf, path, member, &header, above, depth + 1)?);
        }
    }
    above.remove(&address);
    found.path = path;
    Ok(found)
}

fn stored(hdf: &Hdf5, header: &Header) -> Result<Stored> {
    let (mut space, mut datatype, mut layout, mut fill, mut filters, mut external) =
        (None, None, None, None, Vec::new(), false);
    for message in &header.messages {
        match message {
            HdfMessage::Dataspace(message) => space = Some(message.clone()),
            HdfMessage::Datatype(message) => datatype = Some(message.datatype.clone()),
            HdfMessage::DataLayout(message) => layout = Some(message.layout.clone()),
            HdfMessage::FillValue(message) => fill = message.value.clone().filter(|value| !value.is_empty()).or(fill),
            HdfMessage::FilterPipeline(message) => filters = message.filters.clone(),
            HdfMessage::ExternalFiles(_) => external = true,
            _ => {}
        }
    }
    let missing = |what: &str| hdf.corrupt(format!("it has no {what}"));
    let space = space.ok_or_else(|| missing("shape"))?;
    if space.dataspace_type == DataspaceType::Null {
        return Err(Error::unsupported("it holds no values at all (a null dataspace)"));
    }
    let mut layout = match layout {
        Some(layout) => Ok(layout),
        None if header.is_virtual => {
            Err(Error::unsupported("its values stand in other datasets (an HDF5 virtual dataset)"))
        }
        None => Err(missing("layout")),
    };
    if let Ok(DataLayout::Chunked { dims, .. }) = &mut layout
        && dims.len() == space.dims.len() + 1
    {
        // The last one is the size of a value.
        dims.pop();
    }
    Ok(Stored {
        shape: space.dims,
        max_shape: space.max_dims,
        datatype: datatype.ok_or_else(|| missing("type"))?,
        bits: header.datatype.as_deref().and_then(datatype::bits).transpose()?,
        layout,
        filters,
        fill,
        external,
    })
}

fn attributes(hdf: &Hdf5, header: &Header) -> Vec<StoredAttribute> {
    let mut found = header.attributes.clone();
    for message in &header.messages {
        if let HdfMessage::AttributeInfo(info) = message {
            // Attributes that cannot be read leave the object usable.
            found.extend(dense_attributes(hdf, info).unwrap_or_default());
        }
    }
    found
}

fn dense_attributes(hdf: &Hdf5, info: &AttributeInfoMessage) -> Parsed<Vec<StoredAttribute>> {
    let (storage, offsets, lengths) = (hdf.file.storage(), hdf.offset_size(), hdf.length_size());
    if Cursor::is_undefined_offset(info.fractal_heap_address, offsets) {
        return Ok(Vec::new());
    }
    let heap = FractalHeap::parse_at_storage(storage, info.fractal_heap_address, offsets, lengths)?;
    let tree = info.btree_creation_order_address.filter(|&address| !Cursor::is_undefined_offset(address, offsets));
    let tree = tree.unwrap_or(info.btree_name_index_address);
    let tree = BTreeV2Header::parse_at_storage(storage, tree, offsets, lengths)?;
    let mut found = Vec::new();
    for record in collect_btree_v2_records_storage(storage, &tree, offsets, lengths, None, &[], None)? {
        let (order, heap_id) = match record {
            BTreeV2Record::AttributeNameHash { creation_order, heap_id, .. } => (creation_order, heap_id),
            BTreeV2Record::AttributeCreationOrder { order, heap_id } => (order, heap_id),
            _ => continue,
        };
        let bytes = heap.get_object_storage(&heap_id, storage, offsets, lengths)?;
        if let Some(attribute) = header::attribute(hdf, &bytes) {
            found.push((order, attribute));
        }
    }
    found.sort_by_key(|(order, _)| *order);
    Ok(found.into_iter().map(|(_, attribute)| attribute).collect())
}
