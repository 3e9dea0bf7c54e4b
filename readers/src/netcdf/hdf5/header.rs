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

use super::super::bits::Bits;
use super::super::item::text_of;
use super::{Hdf5, datatype};

/// The class of a layout whose values stand in other datasets.
const VIRTUAL: u8 = 3;
/// The flag of a message that stands elsewhere.
const SHARED: u8 = 0x02;
/// Shared messages point to headers; one that is deeper than this is a loop.
const MAX_DEPTH: usize = 4;

/// An attribute as it is stored.
#[derive(Debug, Clone)]
pub(super) struct StoredAttribute {
    /// What the parser makes of it.
    pub message: AttributeMessage,
    /// The fields of numbers that no machine has as they are, or why they are not read.
    pub bits: Option<Result<Bits>>,
}

/// What an object's header says.
#[derive(Default)]
pub(super) struct Header {
    /// The messages that can be understood, save attributes.
    pub messages: Vec<HdfMessage>,
    /// The attributes that stand in the header itself.
    pub attributes: Vec<StoredAttribute>,
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
    let Ok(header) = hdf.file.get_or_parse_header(address) else { return read };
    let mut found = Header { messages: header.messages.clone(), ..read.unwrap_or_default() };
    for message in &header.messages {
        let HdfMessage::Attribute(message) = message else { continue };
        if found.attributes.iter().all(|known| known.message.name != message.name) {
            found.attributes.push(StoredAttribute { message: message.clone(), bits: None });
        }
    }
    Ok(found)
}

/// One attribute from the bytes of its message.
pub(super) fn attribute(hdf: &Hdf5, bytes: &[u8]) -> Option<StoredAttribute> {
    attribute_at(hdf, bytes, 0)
}

fn attribute_at(hdf: &Hdf5, bytes: &[u8], depth: usize) -> Option<StoredAttribute> {
    let (offsets, lengths) = (hdf.offset_size(), hdf.length_size());
    let parts = AttributeParts::of(bytes)?;
    let message = match messages::attribute::parse(&mut Cursor::new(bytes), offsets, lengths, bytes.len()) {
        Ok(message) => message,
        Err(_) => odd_attribute(hdf, &parts, depth)?,
    };
    // The parser leaves out which bits of a number count.
    let sharing = if parts.shares_datatype { SHARED } else { 0 };
    let datatype = datatype_bytes(hdf, sharing, parts.datatype, depth);
    Some(StoredAttribute { message, bits: datatype.as_deref().and_then(datatype::bits) })
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
            if kind == MSG_ATTRIBUTE {
                found.attributes.extend(match flags & SHARED {
                    0 => attribute_at(hdf, payload, depth),
                    _ => shared_attribute(hdf, payload, depth),
                });
                continue;
            }
            found.is_virtual |= kind == MSG_DATA_LAYOUT && matches!(payload, [4 | 5, VIRTUAL, ..]);
            found.messages.extend(understood(hdf, kind, flags, payload, depth));
        }
    }
    Ok(found)
}

fn understood(hdf: &Hdf5, kind: u16, flags: u8, payload: &[u8], depth: usize) -> Option<HdfMessage> {
    let (offsets, lengths) = (hdf.offset_size(), hdf.length_size());
    if flags & SHARED != 0 {
        return shared_message(hdf, kind, payload, depth);
    }
    if kind == MSG_DATA_LAYOUT && matches!(payload.first(), Some(1 | 2)) {
        return old_layout(hdf, payload).map(|layout| HdfMessage::DataLayout(DataLayoutMessage { layout }));
    }
    messages::parse_message(kind, payload.len(), &mut Cursor::new(payload), offsets, lengths).ok()
}

/// The bytes of a type, which may stand in another object.
fn datatype_bytes(hdf: &Hdf5, flags: u8, payload: &[u8], depth: usize) -> Option<Vec<u8>> {
    if flags & SHARED == 0 {
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

/// The attribute in the header that a shared message points to.
fn shared_attribute(hdf: &Hdf5, payload: &[u8], depth: usize) -> Option<StoredAttribute> {
    let address = shared_address(hdf, MSG_ATTRIBUTE, payload)?;
    read(hdf, address, depth + 1).ok()?.attributes.into_iter().next()
}

/// The message of this kind in the header that a shared message points to.
fn shared_message(hdf: &Hdf5, kind: u16, payload: &[u8], depth: usize) -> Option<HdfMessage> {
    let mut cursor = Cursor::new(payload);
    let shared = shared::parse(&mut cursor, kind, hdf.offset_size(), hdf.length_size(), payload.len()).ok()?;
    let shared::SharedMessage::SharedInOhdr { address, .. } = shared else { return Some(HdfMessage::Shared(shared)) };
    read(hdf, address, depth + 1).ok()?.messages.into_iter().find(|message| {
        matches!((kind, message), (MSG_DATATYPE, HdfMessage::Datatype(_)) | (MSG_DATASPACE, HdfMessage::Dataspace(_)))
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

/// The parts of the message of an attribute.
struct AttributeParts<'a> {
    name: &'a [u8],
    datatype: &'a [u8],
    shares_datatype: bool,
    dataspace: &'a [u8],
    shares_dataspace: bool,
    values: &'a [u8],
}

impl<'a> AttributeParts<'a> {
    fn of(bytes: &'a [u8]) -> Option<Self> {
        let mut cursor = Cursor::new(bytes);
        let version = cursor.read_u8().ok()?;
        let flags = cursor.read_u8().ok()?;
        let mut size = || cursor.read_u16_le().ok().map(usize::from);
        let sizes = [size()?, size()?, size()?];
        if version >= 3 {
            cursor.skip(1).ok()?;
        }
        let mut part = |size: usize| {
            let padded = if version == 1 { size.next_multiple_of(8) } else { size };
            cursor.read_bytes(padded).ok()?.get(..size)
        };
        let [name, datatype, dataspace] = [part(sizes[0])?, part(sizes[1])?, part(sizes[2])?];
        let shares = |flag: u8| version >= 2 && flags & flag != 0;
        let values = bytes.get(usize::try_from(cursor.position()).ok()?..)?;
        Some(Self { name, datatype, shares_datatype: shares(1), dataspace, shares_dataspace: shares(2), values })
    }
}

/// An attribute whose name is not UTF-8, or whose datatype or dataspace stands elsewhere.
fn odd_attribute(hdf: &Hdf5, parts: &AttributeParts<'_>, depth: usize) -> Option<AttributeMessage> {
    let name = text_of(parts.name.split(|&b| b == 0).next()?);
    let datatype = match parts.shares_datatype {
        true => match shared_message(hdf, MSG_DATATYPE, parts.datatype, depth)? {
            HdfMessage::Datatype(message) => message,
            _ => return None,
        },
        false => messages::datatype::parse(&mut Cursor::new(parts.datatype), parts.datatype.len()).ok()?,
    };
    let dataspace = match parts.shares_dataspace {
        true => match shared_message(hdf, MSG_DATASPACE, parts.dataspace, depth)? {
            HdfMessage::Dataspace(message) => message,
            _ => return None,
        },
        false => {
            let (offsets, lengths) = (hdf.offset_size(), hdf.length_size());
            messages::dataspace::parse(&mut Cursor::new(parts.dataspace), offsets, lengths, parts.dataspace.len())
                .ok()?
        }
    };
    let n = usize::try_from(dataspace.num_elements().ok()?).ok()?;
    let raw_data = parts.values.get(..n.checked_mul(datatype.size as usize)?)?.to_vec();
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
