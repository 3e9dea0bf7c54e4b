//! Object headers read message by message, so that one odd message (an attribute that is not UTF-8, or whose datatype is
//! shared) costs only itself; each message is parsed by `hdf5-reader`, save old layouts, whose address it takes from the wrong place.
use std::collections::HashSet;

use hdf5_reader::checksum::jenkins_lookup3;
use hdf5_reader::io::Cursor;
use hdf5_reader::messages::attribute::AttributeMessage;
use hdf5_reader::messages::layout::{DataLayout, DataLayoutMessage};
use hdf5_reader::messages::{
    self, HdfMessage, MSG_ATTRIBUTE, MSG_CONTINUATION, MSG_DATA_LAYOUT, MSG_DATASPACE, MSG_DATATYPE, shared,
};
use terracube_cube::Result;

use super::super::item::text_of;
use super::Hdf5;

/// The class of a layout whose values stand in other datasets.
const VIRTUAL: u8 = 3;
/// Shared messages point to headers; one that is deeper than this is a loop.
const MAX_DEPTH: usize = 4;

/// What an object's header says.
#[derive(Default)]
pub(super) struct Header {
    /// The messages that can be understood.
    pub messages: Vec<HdfMessage>,
    /// The type as it is stored: the parser leaves out which bits of a number count.
    pub datatype: Option<Vec<u8>>,
    /// Whether its values stand in other datasets.
    pub is_virtual: bool,
}

/// The header of the object at `address`.
pub(super) fn of(hdf: &Hdf5, address: u64) -> Result<Header> {
    let read = read(hdf, address, 0);
    let is_shared = |message: &HdfMessage| matches!(message, HdfMessage::Shared(_));
    if read.as_ref().is_ok_and(|header| !header.messages.iter().any(is_shared)) {
        return read;
    }
    // Messages that stand in the file's table of shared ones are found by the parser.
    match hdf.file.get_or_parse_header(address) {
        Ok(header) => Ok(Header { messages: header.messages.clone(), ..read.unwrap_or_default() }),
        Err(_) => read,
    }
}

/// One attribute from the bytes of its message.
pub(super) fn attribute(hdf: &Hdf5, bytes: &[u8]) -> Option<AttributeMessage> {
    attribute_at(hdf, bytes, 0)
}

fn attribute_at(hdf: &Hdf5, bytes: &[u8], depth: usize) -> Option<AttributeMessage> {
    let (offsets, lengths) = (hdf.offset_size(), hdf.length_size());
    if let Ok(message) = messages::attribute::parse(&mut Cursor::new(bytes), offsets, lengths, bytes.len()) {
        return Some(message);
    }
    odd_attribute(hdf, bytes, depth)
}

/// A run of messages: `len` bytes from `start` on. In version 2, a checksum covers what stands between `signature` and its end.
struct Piece {
    signature: u64,
    start: u64,
    len: u64,
    version: u8,
    ordered: bool,
}

fn read(hdf: &Hdf5, address: u64, depth: usize) -> Result<Header> {
    let damaged = |what: &str| hdf.corrupt(format!("the object header at {address:#x} {what}"));
    if depth > MAX_DEPTH {
        return Err(damaged("refers to itself"));
    }
    let mut pieces = vec![first_piece(hdf, address).ok_or_else(|| damaged("cannot be read"))?];
    let mut seen = HashSet::new();
    let mut found = Header::default();
    while let Some(piece) = pieces.pop() {
        if !seen.insert(piece.start) || seen.len() > 1024 || piece.len > super::MAX_HEADER_BYTES as u64 {
            return Err(damaged("is not a header"));
        }
        let tail = if piece.version == 2 { 4 } else { 0 };
        let bytes = at(hdf, piece.signature, piece.start - piece.signature + piece.len + tail);
        let bytes = bytes.ok_or_else(|| damaged("is truncated"))?;
        let (covered, checksum) = bytes.split_at(bytes.len() - tail as usize);
        if tail > 0 && checksum != jenkins_lookup3(covered).to_le_bytes() {
            return Err(damaged("does not have its checksum"));
        }
        let mut cursor = Cursor::new(covered);
        cursor.set_position(piece.start - piece.signature);
        while let Some((kind, flags, payload)) = next_message(&mut cursor, &piece) {
            if kind == MSG_CONTINUATION {
                let mut target = Cursor::new(payload);
                let (Ok(start), Ok(len)) =
                    (target.read_offset(hdf.offset_size()), target.read_length(hdf.length_size()))
                else {
                    continue;
                };
                // Version 2 pieces carry a signature in front and a checksum behind.
                let (signature, (start, len)) =
                    (start, if piece.version == 2 { (start + 4, len.saturating_sub(8)) } else { (start, len) });
                pieces.push(Piece { signature, start, len, ..piece });
                continue;
            }
            if kind == MSG_DATATYPE {
                found.datatype = datatype_bytes(hdf, flags, payload, depth);
            }
            found.is_virtual |= kind == MSG_DATA_LAYOUT && matches!(payload, [4 | 5, VIRTUAL, ..]);
            found.messages.extend(understood(hdf, kind, flags, payload, depth));
        }
    }
    Ok(found)
}

fn understood(hdf: &Hdf5, kind: u16, flags: u8, payload: &[u8], depth: usize) -> Option<HdfMessage> {
    let (offsets, lengths) = (hdf.offset_size(), hdf.length_size());
    if flags & 0x02 != 0 {
        return shared_message(hdf, kind, payload, depth);
    }
    if kind == MSG_ATTRIBUTE {
        return attribute_at(hdf, payload, depth).map(HdfMessage::Attribute);
    }
    if kind == MSG_DATA_LAYOUT && matches!(payload.first(), Some(1 | 2)) {
        return old_layout(hdf, payload).map(|layout| HdfMessage::DataLayout(DataLayoutMessage { layout }));
    }
    messages::parse_message(kind, payload.len(), &mut Cursor::new(payload), offsets, lengths).ok()
}

/// The bytes of a type, which may stand in another object.
fn datatype_bytes(hdf: &Hdf5, flags: u8, payload: &[u8], depth: usize) -> Option<Vec<u8>> {
    if flags & 0x02 == 0 {
        return Some(payload.to_vec());
    }
    let address = shared_address(hdf, MSG_DATATYPE, payload)?;
    read(hdf, address, depth + 1).ok()?.datatype
}

fn shared_address(hdf: &Hdf5, kind: u16, payload: &[u8]) -> Option<u64> {
    let mut cursor = Cursor::new(payload);
    match shared::parse(&mut cursor, kind, hdf.offset_size(), hdf.length_size(), payload.len()).ok()? {
        shared::SharedMessage::SharedInOhdr { address, .. } => Some(address),
        _ => None,
    }
}

/// The message of this kind in the header that a shared message points to.
fn shared_message(hdf: &Hdf5, kind: u16, payload: &[u8], depth: usize) -> Option<HdfMessage> {
    let mut cursor = Cursor::new(payload);
    let shared = shared::parse(&mut cursor, kind, hdf.offset_size(), hdf.length_size(), payload.len()).ok()?;
    let shared::SharedMessage::SharedInOhdr { address, .. } = shared else { return Some(HdfMessage::Shared(shared)) };
    read(hdf, address, depth + 1).ok()?.messages.into_iter().find(|message| {
        matches!(
            (kind, message),
            (MSG_DATATYPE, HdfMessage::Datatype(_))
                | (MSG_DATASPACE, HdfMessage::Dataspace(_))
                | (MSG_ATTRIBUTE, HdfMessage::Attribute(_))
        )
    })
}

/// A layout of version 1 or 2: the size of the values stands behind the chunk's shape.
fn old_layout(hdf: &Hdf5, payload: &[u8]) -> Option<DataLayout> {
    let mut cursor = Cursor::new(payload);
    cursor.skip(1).ok()?;
    let rank = cursor.read_u8().ok()?;
    let class = cursor.read_u8().ok()?;
    cursor.skip(5).ok()?;
    let address = if class == 0 { 0 } else { cursor.read_offset(hdf.offset_size()).ok()? };
    let dims: Vec<u32> = (0..rank).map(|_| cursor.read_u32_le()).collect::<std::result::Result<_, _>>().ok()?;
    match class {
        0 => {
            let size = cursor.read_u32_le().ok()?;
            Some(DataLayout::Compact { data: cursor.read_bytes(size as usize).ok()?.to_vec() })
        }
        1 => Some(DataLayout::Contiguous { address, size: dims.iter().fold(1, |n, &len| n * u64::from(len)) }),
        2 => Some(DataLayout::Chunked { address, dims, element_size: 0, chunk_indexing: None }),
        _ => None,
    }
}

/// An attribute whose name is not UTF-8, or whose datatype or dataspace stands elsewhere.
fn odd_attribute(hdf: &Hdf5, bytes: &[u8], depth: usize) -> Option<AttributeMessage> {
    let mut cursor = Cursor::new(bytes);
    let version = cursor.read_u8().ok()?;
    let flags = cursor.read_u8().ok()?;
    let name_size = usize::from(cursor.read_u16_le().ok()?);
    let datatype_size = usize::from(cursor.read_u16_le().ok()?);
    let dataspace_size = usize::from(cursor.read_u16_le().ok()?);
    if version >= 3 {
        cursor.skip(1).ok()?;
    }
    let padded = |size: usize| if version == 1 { size.next_multiple_of(8) } else { size };
    let name = cursor.read_bytes(padded(name_size)).ok()?.get(..name_size)?;
    let name = text_of(name.split(|&b| b == 0).next()?);
    let datatype = cursor.read_bytes(padded(datatype_size)).ok()?;
    let datatype = match (flags & 1, version) {
        (1, 2..) => match shared_message(hdf, MSG_DATATYPE, datatype, depth)? {
            HdfMessage::Datatype(message) => message,
            _ => return None,
        },
        _ => messages::datatype::parse(&mut Cursor::new(datatype), datatype_size).ok()?,
    };
    let dataspace = cursor.read_bytes(padded(dataspace_size)).ok()?;
    let dataspace = match (flags & 2, version) {
        (2, 2..) => match shared_message(hdf, MSG_DATASPACE, dataspace, depth)? {
            HdfMessage::Dataspace(message) => message,
            _ => return None,
        },
        _ => {
            let (offsets, lengths) = (hdf.offset_size(), hdf.length_size());
            messages::dataspace::parse(&mut Cursor::new(dataspace), offsets, lengths, dataspace_size).ok()?
        }
    };
    let n = usize::try_from(dataspace.num_elements().ok()?).ok()?;
    let raw_data = cursor.read_bytes(n.checked_mul(datatype.size as usize)?).ok()?.to_vec();
    Some(AttributeMessage { name, datatype: datatype.datatype, dataspace, raw_data })
}

fn next_message<'a>(cursor: &mut Cursor<'a>, piece: &Piece) -> Option<(u16, u8, &'a [u8])> {
    let (kind, size, flags);
    if piece.version == 2 {
        kind = u16::from(cursor.read_u8().ok()?);
        size = cursor.read_u16_le().ok()?;
        flags = cursor.read_u8().ok()?;
        if piece.ordered {
            cursor.skip(2).ok()?;
        }
    } else {
        kind = cursor.read_u16_le().ok()?;
        size = cursor.read_u16_le().ok()?;
        flags = cursor.read_u8().ok()?;
        cursor.skip(3).ok()?;
    }
    Some((kind, flags, cursor.read_bytes(usize::from(size)).ok()?))
}

fn first_piece(hdf: &Hdf5, address: u64) -> Option<Piece> {
    // A prefix of version 2 has at most 4 + 2 + 16 + 4 + 8 bytes, one of version 1 has 16.
    let available = (hdf.bytes.len() - hdf.base).saturating_sub(address).min(34);
    let prefix = at(hdf, address, available)?;
    let mut cursor = Cursor::new(&prefix);
    if prefix.starts_with(b"OHDR") {
        cursor.skip(5).ok()?;
        let flags = cursor.read_u8().ok()?;
        cursor.skip(if flags & 0x20 != 0 { 16 } else { 0 } + if flags & 0x10 != 0 { 4 } else { 0 }).ok()?;
        let len = cursor.read_uvar(1 << (flags & 3)).ok()?;
        let start = address + cursor.position();
        return Some(Piece { signature: address, start, len, version: 2, ordered: flags & 4 != 0 });
    }
    if cursor.read_u8().ok()? != 1 {
        return None;
    }
    cursor.skip(7).ok()?;
    let len = u64::from(cursor.read_u32_le().ok()?);
    Some(Piece { signature: address + 16, start: address + 16, len, version: 1, ordered: false })
}

fn at(hdf: &Hdf5, start: u64, len: u64) -> Option<Vec<u8>> {
    let len = usize::try_from(len).ok()?;
    hdf.file.storage().read_range(start, len).ok().map(|buffer| buffer.to_vec())
}
