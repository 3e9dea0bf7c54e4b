//! The floor of NetCDF-4: byte ranges, libdeflate and unshuffle under a rayon loop, with the places of chunks known beforehand.
use std::cell::RefCell;
use std::fs::{self, File};
use std::hint::black_box;
use std::io::Read as _;
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;
use std::sync::Arc;

use rayon::prelude::*;
use terracube::prelude::OpenOptions;

use crate::Failure;
use crate::ours::Read;

/// A chunk of a file.
pub struct Place {
    file: Arc<File>,
    offset: u64,
    len: usize,
    /// Bytes of the chunk when plain, and of one value.
    plain: usize,
    item: usize,
    is_shuffled: bool,
}

/// The chunks of a variable in all files of a folder.
pub fn places(data: &str, reads: &[Read]) -> Result<Vec<Place>, Failure> {
    let mut places = Vec::new();
    for read in reads {
        for path in files(&format!("{data}/{}", read.store))? {
            let name = path.to_str().ok_or("a path that is no text")?;
            let json = OpenOptions::new().references(name)?.json;
            let refs = json["refs"].as_object().ok_or("no references")?;
            let document = refs[&format!("{}/.zarray", read.variable)].as_str().ok_or("no such variable")?;
            let array: serde_json::Value = serde_json::from_str(document)?;
            let item: usize = array["dtype"].as_str().ok_or("no dtype")?[2..].parse()?;
            let chunk = array["chunks"].as_array().ok_or("no chunks")?;
            let n: u64 = chunk.iter().filter_map(serde_json::Value::as_u64).product();
            let is_shuffled = array["filters"].to_string().contains("shuffle");
            let file = Arc::new(File::open(&path)?);
            let prefix = format!("{}/", read.variable);
            for (_, place) in refs.iter().filter(|(key, place)| key.starts_with(&prefix) && place.is_array()) {
                let number = |at: usize| place[at].as_u64().ok_or("no place");
                places.push(Place {
                    file: file.clone(),
                    offset: number(1)?,
                    len: number(2)? as usize,
                    plain: n as usize * item,
                    item,
                    is_shuffled,
                });
            }
        }
    }
    Ok(places)
}

/// Reads and decodes all chunks into memory that each thread keeps.
pub fn decode(places: &[Place]) -> Result<u64, Failure> {
    thread_local! {
        static BUFFERS: RefCell<[Vec<u8>; 3]> = const { RefCell::new([Vec::new(), Vec::new(), Vec::new()]) };
    }
    let one = |place: &Place| {
        BUFFERS.with_borrow_mut(|[raw, inflated, plain]| {
            raw.resize(place.len, 0);
            place.file.read_exact_at(raw, place.offset)?;
            inflated.resize(place.plain, 0);
            libdeflater::Decompressor::new().zlib_decompress(raw, inflated)?;
            if !place.is_shuffled {
                return Ok(black_box(&*inflated).len() as u64);
            }
            plain.resize(place.plain, 0);
            unshuffle(inflated, plain, place.item);
            Ok(black_box(&*plain).len() as u64)
        })
    };
    places.par_iter().map(one).try_reduce(|| 0, |a, b| Ok(a + b))
}

/// The first 64 KiB of every file.
pub fn headers(data: &str, reads: &[Read]) -> Result<u64, Failure> {
    let mut n = 0;
    for read in reads {
        for path in files(&format!("{data}/{}", read.store))? {
            let mut start = Vec::with_capacity(64 << 10);
            n += File::open(path)?.take(64 << 10).read_to_end(&mut start)? as u64;
            black_box(&start);
        }
    }
    Ok(n)
}

fn files(folder: &str) -> Result<Vec<PathBuf>, Failure> {
    let mut found: Vec<PathBuf> =
        fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<Result<_, Failure>>()?;
    found.retain(|path| path.extension().is_some_and(|end| end == "nc"));
    found.sort();
    Ok(found)
}

/// Values of four bytes at once, others byte by byte.
fn unshuffle(input: &[u8], output: &mut [u8], item: usize) {
    let n = input.len() / item;
    if item == 4 {
        let lane = |k: usize| &input[k * n..(k + 1) * n];
        let bytes = lane(0).iter().zip(lane(1)).zip(lane(2)).zip(lane(3));
        let values = output.as_chunks_mut().0.iter_mut();
        values
            .zip(bytes)
            .for_each(|(value, (((&a, &b), &c), &d))| *value = u32::from_le_bytes([a, b, c, d]).to_le_bytes());
        return;
    }
    for (i, value) in output.chunks_exact_mut(item).enumerate() {
        for (k, byte) in value.iter_mut().enumerate() {
            *byte = input[k * n + i];
        }
    }
}
