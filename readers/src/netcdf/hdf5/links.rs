//! What stands in a group: names and addresses of its members, in creation order where the file keeps it, else by name.
use hdf5_reader::btree_v1::collect_btree_v1_leaves_storage;
use hdf5_reader::btree_v2::{BTreeV2Header, BTreeV2Record, collect_btree_v2_records_storage};
use hdf5_reader::error::Result as Parsed;
use hdf5_reader::fractal_heap::FractalHeap;
use hdf5_reader::io::Cursor;
use hdf5_reader::local_heap::LocalHeap;
use hdf5_reader::messages::link::{LinkMessage, LinkTarget};
use hdf5_reader::messages::link_info::LinkInfoMessage;
use hdf5_reader::messages::symbol_table_msg::SymbolTableMessage;
use hdf5_reader::messages::{HdfMessage, link};
use hdf5_reader::symbol_table::SymbolTableNode;
use terracube_cube::{Error, Result};

use super::Hdf5;

/// A member of a group: its name, and its address or why it has none here.
pub(super) type Member = (String, Result<u64>);

/// The members of a group, given its messages. Links that lead nowhere are left out; those that lead to another file are told of.
pub(super) fn members(hdf: &Hdf5, path: &str, messages: &[HdfMessage]) -> Result<Vec<Member>> {
    let damaged = |error: hdf5_reader::error::Error| hdf.corrupt(format!("the list of group `{path}`: {error}"));
    let mut links: Vec<LinkMessage> = Vec::new();
    for message in messages {
        match message {
            HdfMessage::SymbolTable(table) => links.extend(old_links(hdf, table).map_err(damaged)?),
            HdfMessage::Link(link) => links.push(link.clone()),
            HdfMessage::LinkInfo(info) => links.extend(dense_links(hdf, info).map_err(damaged)?),
            _ => {}
        }
    }
    if links.iter().all(|link| link.creation_order.is_some()) {
        links.sort_by_key(|link| link.creation_order);
    } else {
        links.sort_by(|a, b| a.name.cmp(&b.name));
    }
    links.dedup_by(|a, b| a.name == b.name);
    Ok(links.into_iter().filter_map(|link| target(hdf, path, &link).map(|address| (link.name, address))).collect())
}

fn target(hdf: &Hdf5, path: &str, link: &LinkMessage) -> Option<Result<u64>> {
    match &link.target {
        LinkTarget::Hard { address } => Some(Ok(*address)),
        LinkTarget::Soft { path: to } => {
            let to = if to.starts_with('/') { to.clone() } else { format!("{}/{to}", path.trim_end_matches('/')) };
            let dataset = hdf.file.dataset(&to).map(|dataset| dataset.address());
            dataset.or_else(|_| hdf.file.group(&to).map(|group| group.address())).ok().map(Ok)
        }
        LinkTarget::External { filename, path } => Some(Err(Error::unsupported(format!(
            "it stands in another file, as `{path}` of {filename} (an HDF5 external link)"
        ))
        .hint("open that file"))),
    }
}

fn old_links(hdf: &Hdf5, table: &SymbolTableMessage) -> Parsed<Vec<LinkMessage>> {
    let (storage, offsets, lengths) = (hdf.file.storage(), hdf.offset_size(), hdf.length_size());
    let heap = LocalHeap::parse_at_storage(storage, table.heap_address, offsets, lengths)?;
    let mut links = Vec::new();
    for (_, address) in
        collect_btree_v1_leaves_storage(storage, table.btree_address, offsets, lengths, None, &[], None)?
    {
        let prefix = storage.read_range(address, 8)?;
        let n_entries = usize::from(u16::from_le_bytes([prefix[6], prefix[7]]));
        let node = storage.read_range(address, 8 + n_entries * (2 * usize::from(offsets) + 24))?;
        for entry in SymbolTableNode::parse(&mut Cursor::new(&node), offsets, lengths)?.entries {
            let name = heap.get_string_storage(entry.link_name_offset, storage)?;
            let target = if entry.cache_type == 2 {
                let [a, b, c, d, ..] = entry.scratch;
                let offset = u64::from(u32::from_le_bytes([a, b, c, d]));
                LinkTarget::Soft { path: heap.get_string_storage(offset, storage)? }
            } else {
                LinkTarget::Hard { address: entry.object_header_address }
            };
            links.push(LinkMessage { name, target, creation_order: None });
        }
    }
    Ok(links)
}

fn dense_links(hdf: &Hdf5, info: &LinkInfoMessage) -> Parsed<Vec<LinkMessage>> {
    let (storage, offsets, lengths) = (hdf.file.storage(), hdf.offset_size(), hdf.length_size());
    if Cursor::is_undefined_offset(info.fractal_heap_address, offsets) {
        return Ok(Vec::new());
    }
    let heap = FractalHeap::parse_at_storage(storage, info.fractal_heap_address, offsets, lengths)?;
    let tree = BTreeV2Header::parse_at_storage(storage, info.btree_name_index_address, offsets, lengths)?;
    let mut links = Vec::new();
    for record in collect_btree_v2_records_storage(storage, &tree, offsets, lengths, None, &[], None)? {
        let (BTreeV2Record::LinkNameHash { heap_id, .. } | BTreeV2Record::CreationOrder { heap_id, .. }) = record
        else {
            continue;
        };
        let bytes = heap.get_object_storage(&heap_id, storage, offsets, lengths)?;
        // One link that cannot be read leaves the others usable.
        links.extend(link::parse(&mut Cursor::new(&bytes), offsets, lengths, bytes.len()));
    }
    Ok(links)
}
