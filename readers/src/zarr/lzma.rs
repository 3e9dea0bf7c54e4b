//! The codec `lzma` of numcodecs: the containers of xz and of the older `.lzma` files.
use std::io::Read;

use lzma_rust2::{LzmaReader, XzReader};
use serde_json::{Map, Value};

/// What an xz file begins with.
const XZ: [u8; 6] = [0xFD, b'7', b'z', b'X', b'Z', 0];
/// Python's `lzma.FORMAT_RAW`.
const RAW: i64 = 3;
/// KiB that a decoder may take; the highest preset wants 65 MiB.
const MEMORY: u32 = 256 << 10;

/// Whether chunks of this configuration are read.
///
/// # Errors
/// If they are not.
pub(super) fn check(configuration: &Map<String, Value>) -> Result<(), String> {
    match configuration.get("format").and_then(Value::as_i64) {
        Some(RAW) => Err("the codec lzma with raw streams (format 3) is not supported: use format 1 (xz)".to_owned()),
        _ => Ok(()),
    }
}

/// At most `room` bytes.
pub(super) fn unpacked(encoded: &[u8], room: u64) -> Result<Vec<u8>, String> {
    if encoded.starts_with(&XZ) {
        return read(XzReader::new_mem_limit(encoded, true, MEMORY), room);
    }
    let reader = LzmaReader::new_mem_limit(encoded, MEMORY, None).map_err(|error| error.to_string())?;
    read(reader, room)
}

fn read(reader: impl Read, room: u64) -> Result<Vec<u8>, String> {
    let mut plain = Vec::new();
    reader.take(room.saturating_add(1)).read_to_end(&mut plain).map_err(|error| error.to_string())?;
    if plain.len() as u64 > room { Err(format!("it holds more than {room} bytes")) } else { Ok(plain) }
}
