//! The floor: what bare zarrs takes under a rayon loop for the chunks that a workload needs, with next to nothing computed.
use std::fs;
use std::hint::black_box;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rayon::prelude::*;
use zarrs::array::{Array, ArrayBytes, ArrayToBytesCodecTraits as _, CodecOptions};
use zarrs::filesystem::FilesystemStore;

use crate::Failure;
use crate::floor_netcdf::{self, Place};
use crate::ours::Read;

/// What the floor does with the chunks.
#[derive(Clone, Copy)]
pub enum Floor {
    /// Every chunk is read and decoded, as often as the result needs it.
    Decode,
    /// The same, and the values are added up (what decoding leaves in the cache is read once).
    Sum,
    /// Only the chunks that hold a position of these ranges of the last two axes.
    Part(&'static [(u64, u64)]),
    /// Every file of the array is read, nothing is decoded.
    Files,
    /// One file is read in blocks, nothing is computed.
    Stream,
    /// Every chunk is decoded, a number is taken off (other values may take an encoder longer), it is encoded again (zstd, level 3) and
    /// written to a file.
    Encode(f32),
    /// Every chunk of NetCDF-4 files is read by its place, inflated (libdeflate) and unshuffled.
    NetCdf,
    /// The first 64 KiB of every file are read.
    Headers,
}

impl Floor {
    /// What stands in the table.
    pub fn name(self) -> &'static str {
        match self {
            Self::Decode => "decode",
            Self::Sum => "decode + sum",
            Self::Part(_) => "decode of the chunks needed",
            Self::Files => "reading the files",
            Self::Stream => "reading the file",
            Self::Encode(_) => "decode + encode",
            Self::NetCdf => "byte ranges, inflate, unshuffle",
            Self::Headers => "reading the starts of files",
        }
    }

    /// Where the chunks of NetCDF files stand, for the floors that read them by place.
    pub fn places(self, data: &str, reads: &[Read]) -> Result<Vec<Place>, Failure> {
        match self {
            Self::NetCdf => floor_netcdf::places(data, reads),
            _ => Ok(Vec::new()),
        }
    }

    /// Runs it over all `reads`; gives the bytes that it touched.
    pub fn run(self, data: &str, reads: &[Read], places: &[Place]) -> Result<u64, Failure> {
        match self {
            Self::NetCdf => return floor_netcdf::decode(places),
            Self::Headers => return floor_netcdf::headers(data, reads),
            _ => {}
        }
        let mut bytes = 0;
        for read in reads {
            for _ in 0..read.passes {
                bytes += self.pass(&format!("{data}/{}", read.store), read.variable, data)?;
            }
        }
        Ok(bytes)
    }

    fn pass(self, path: &str, variable: &str, data: &str) -> Result<u64, Failure> {
        if let Self::Files = self {
            let files = files(&Path::new(path).join(variable))?;
            return files.par_iter().map(|file| Ok(black_box(fs::read(file)?).len() as u64)).try_reduce(|| 0, add);
        }
        if let Self::Stream = self {
            return stream(path);
        }
        let array = Array::open(Arc::new(FilesystemStore::new(path)?), &format!("/{variable}"))?;
        let inner = chunk_lengths(&array)?;
        let shape = array.chunk_grid_shape().to_vec();
        let options = CodecOptions::default().with_concurrent_target(1);
        (0..shape.iter().product())
            .into_par_iter()
            .map(|number| position(number, &shape))
            .filter(|chunk| self.needs(chunk, &inner))
            .map(|chunk| {
                let bytes: ArrayBytes = array.retrieve_chunk_opt(&chunk, &options)?;
                self.each(bytes.into_fixed()?.into_owned(), &chunk, &array, data)
            })
            .try_reduce(|| 0, add)
    }

    fn needs(self, chunk: &[u64], inner: &[u64]) -> bool {
        let Self::Part(ranges) = self else { return true };
        let skipped = chunk.len() - ranges.len();
        ranges.iter().zip(&chunk[skipped..]).zip(&inner[skipped..]).all(|((range, index), len)| {
            let (start, end) = (index * len, (index + 1) * len);
            start < range.1 && range.0 < end
        })
    }

    fn each(self, bytes: Vec<u8>, chunk: &[u64], array: &Array<FilesystemStore>, data: &str) -> Result<u64, Failure> {
        match self {
            Self::Sum => {
                let mut lanes = [0f64; 32];
                for piece in bytes.as_chunks::<128>().0 {
                    for (lane, value) in lanes.iter_mut().zip(piece.as_chunks::<4>().0) {
                        *lane += f64::from(f32::from_ne_bytes(*value));
                    }
                }
                black_box(lanes);
            }
            Self::Encode(less) => {
                let mut bytes = bytes;
                if less != 0.0 {
                    for value in bytes.as_chunks_mut::<4>().0 {
                        *value = (f32::from_ne_bytes(*value) - less).to_ne_bytes();
                    }
                }
                let options = CodecOptions::default().with_concurrent_target(1);
                let n_bytes = bytes.len() as u64;
                let shape = array.chunk_shape(chunk)?;
                let encoded =
                    array.codecs().encode(bytes.into(), &shape, array.data_type(), array.fill_value(), &options)?;
                let name: Vec<String> = chunk.iter().map(u64::to_string).collect();
                let folder = format!("{data}/out/floor");
                fs::create_dir_all(&folder)?;
                fs::write(format!("{folder}/{}", name.join(".")), &encoded)?;
                return Ok(n_bytes);
            }
            _ => {}
        }
        Ok(black_box(&bytes).len() as u64)
    }
}

/// Reads all of a file into buffers of 4 MiB, one for every thread.
fn stream(path: &str) -> Result<u64, Failure> {
    const BLOCK: u64 = 4 << 20;
    let file = fs::File::open(path)?;
    let len = file.metadata()?.len();
    (0..len.div_ceil(BLOCK))
        .into_par_iter()
        .map_init(
            || vec![0u8; BLOCK as usize],
            |buffer, block| {
                let part = &mut buffer[..BLOCK.min(len - block * BLOCK) as usize];
                file.read_exact_at(part, block * BLOCK)?;
                Ok(black_box(part).len() as u64)
            },
        )
        .try_reduce(|| 0, add)
}

fn add(a: u64, b: u64) -> Result<u64, Failure> {
    Ok(a + b)
}

/// The shape of chunks; of shards, where there are shards: they are decoded whole.
fn chunk_lengths(array: &Array<FilesystemStore>) -> Result<Vec<u64>, Failure> {
    let origin = vec![0; array.shape().len()];
    Ok(array.chunk_shape(&origin)?.iter().map(|len| len.get()).collect())
}

fn files(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() { found.extend(files(&path)?) } else { found.push(path) }
    }
    Ok(found)
}

fn position(mut number: u64, shape: &[u64]) -> Vec<u64> {
    let mut position = vec![0; shape.len()];
    for (axis, n) in shape.iter().enumerate().rev() {
        position[axis] = number % n;
        number /= n;
    }
    position
}
