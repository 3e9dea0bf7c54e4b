//! How to write.
use std::ops::Range;
use std::str::FromStr;

use serde_json::{Value, json};
use terracube_cube::{Error, Result};

/// How a dataset is written.
///
/// ```
/// use terracube_readers::{Compression, WriteOptions};
/// let options = WriteOptions::default().chunks([("time", 24), ("lat", 90)]).shards([("time", 240)]).compression("blosc:lz4:5".parse()?);
/// # Ok::<(), terracube_cube::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct WriteOptions {
    pub(crate) mode: Mode,
    pub(crate) compression: Compression,
    pub(crate) chunks: Vec<(String, u64)>,
    pub(crate) shards: Vec<(String, u64)>,
    pub(crate) unlimited: Vec<String>,
    pub(crate) version: ZarrVersion,
    pub(crate) consolidated: bool,
    pub(crate) decoded: bool,
    pub(crate) take_over: bool,
    pub(crate) netcdf: Option<NetCdfFormat>,
    pub(crate) commit: Option<Commit>,
}

/// A commit to an Icechunk repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Commit {
    pub message: String,
    /// `main` if none is named.
    pub branch: Option<String>,
}

/// What may be there already, and what becomes of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Nothing may be there.
    Create,
    /// What is there is replaced once the new data is complete.
    Overwrite,
    /// The dimension grows.
    Append(String),
    /// Positions that are there get other values.
    Region(Vec<(String, Range<u64>)>),
}

/// The versions of the Zarr format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ZarrVersion {
    /// `.zarray` and `.zattrs`, which older programs read too. No shards.
    V2,
    /// `zarr.json`.
    #[default]
    V3,
}

/// The forms of NetCDF.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NetCdfFormat {
    /// NetCDF-4, which is HDF5: chunks and compression.
    NetCdf4,
    /// NetCDF-3 (CDF-1, or CDF-2 where it is large, or CDF-5 where a type or a size needs it): neither.
    Classic,
}

/// How chunks are compressed. Parsed from text: `zstd`, `zstd:9`, `gzip:5`, `zlib:4`, `blosc:lz4:5`, `none`.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Compression {
    /// Zarr: blosc's lz4 at level 5 after a shuffle of bytes, the default of Zarr version 2 in Python; zstd at level 3 for text, for
    /// values of one byte, where a shuffle does nothing, and for chunks above blosc's 2 GiB. Of fields of floats it makes about what
    /// zstd alone does, several times as fast, and they are read about three times as fast. NetCDF-4: zlib at level 4 after a shuffle.
    #[default]
    Default,
    /// None.
    None,
    /// Zstandard, from -7 (fast) to 22 (small).
    Zstd(i32),
    /// Deflate from 0 to 9, in gzip's wrapping for Zarr version 3 and zlib's elsewhere.
    Deflate(u32),
    /// Blosc with an inner codec (`lz4`, `lz4hc`, `blosclz`, `zstd`, `zlib`, `snappy`) from 0 to 9, after a shuffle of bytes.
    Blosc {
        /// The inner codec.
        codec: String,
        /// From 0 to 9.
        level: u8,
    },
    /// The bytes-to-bytes codecs as the Zarr version writes them: `[{"name": "gzip", "configuration": {"level": 5}}]` for 3, numcodecs'
    /// `[{"id": "zlib", "level": 5}]` for 2, where the last is the compressor and those before it are filters.
    Codecs(Vec<Value>),
}

/// Blosc takes no more than 2 GiB at a time, its header included.
const MOST_OF_BLOSC: u64 = (i32::MAX - 16) as u64;

impl Default for WriteOptions {
    /// Refuses to overwrite; Zarr version 3 with consolidated metadata; the default compression.
    fn default() -> Self {
        Self {
            mode: Mode::Create,
            compression: Compression::Default,
            chunks: Vec::new(),
            shards: Vec::new(),
            unlimited: Vec::new(),
            version: ZarrVersion::V3,
            consolidated: true,
            decoded: false,
            take_over: false,
            netcdf: None,
            commit: None,
        }
    }
}

impl WriteOptions {
    /// Replaces the store or file that is there, once the new one is complete. Anything else that is there is still refused.
    #[must_use]
    pub fn overwrite(mut self) -> Self {
        self.mode = Mode::Overwrite;
        self
    }

    /// Appends to the Zarr store that is there along a dimension (xarray's `append_dim`). All its variables with that dimension must be
    /// given, of the same dtypes and other dimensions; values are stored as those that are there. Readers see the old store until all is
    /// written.
    #[must_use]
    pub fn append(mut self, dim: impl Into<String>) -> Self {
        self.mode = Mode::Append(dim.into());
        self
    }

    /// Writes into positions of the Zarr store that is there (xarray's `region`): a half-open range for each dimension that is named, all
    /// of the others. Chunks that the region covers in part are read and written again.
    #[must_use]
    pub fn region<S: Into<String>>(mut self, ranges: impl IntoIterator<Item = (S, Range<u64>)>) -> Self {
        self.mode = Mode::Region(ranges.into_iter().map(|(dim, range)| (dim.into(), range)).collect());
        self
    }

    /// The lengths of chunks along dimensions, by name; dimensions that are not named get their default. Dimensions that an array lacks
    /// are passed over.
    #[must_use]
    pub fn chunks<S: AsRef<str>>(mut self, lengths: impl IntoIterator<Item = (S, u64)>) -> Self {
        self.chunks = lengths.into_iter().map(|(dim, len)| (dim.as_ref().to_owned(), len)).collect();
        self
    }

    /// The lengths of shards along dimensions, by name, as multiples of the chunks: one object of a Zarr version 3 store then holds many
    /// chunks. Along other dimensions a shard is one chunk long. A whole shard is held in memory while it is written.
    #[must_use]
    pub fn shards<S: AsRef<str>>(mut self, lengths: impl IntoIterator<Item = (S, u64)>) -> Self {
        self.shards = lengths.into_iter().map(|(dim, len)| (dim.as_ref().to_owned(), len)).collect();
        self
    }

    /// Dimensions of a NetCDF file that can grow later. A classic file has one at most.
    #[must_use]
    pub fn unlimited<S: Into<String>>(mut self, dims: impl IntoIterator<Item = S>) -> Self {
        self.unlimited = dims.into_iter().map(Into::into).collect();
        self
    }

    /// Compresses with zstd at a level from -7 (fast) to 22 (small).
    #[must_use]
    pub fn zstd_level(self, level: i32) -> Self {
        self.compression(Compression::Zstd(level))
    }

    /// Does not compress.
    #[must_use]
    pub fn uncompressed(self) -> Self {
        self.compression(Compression::None)
    }

    /// How chunks are compressed.
    #[must_use]
    pub fn compression(mut self, compression: Compression) -> Self {
        self.compression = compression;
        self
    }

    /// The version of a Zarr store.
    #[must_use]
    pub fn zarr_version(mut self, version: ZarrVersion) -> Self {
        self.version = version;
        self
    }

    /// The form of a NetCDF file; otherwise the name tells: `.nc3` and `.cdf` are classic, `.nc` and `.nc4` NetCDF-4.
    #[must_use]
    pub fn netcdf(mut self, format: NetCdfFormat) -> Self {
        self.netcdf = Some(format);
        self
    }

    /// Writes into the Icechunk repository at the URL, which is made if nothing is there, as one commit: readers see nothing of it until
    /// all is written, and then all. A commit of somebody else meanwhile is no obstacle if it changed other chunks and arrays; otherwise
    /// nothing is written ([`Exists`](terracube_cube::ErrorKind::Exists)). Needs the feature `icechunk`.
    #[must_use]
    pub fn commit(mut self, message: impl Into<String>) -> Self {
        let branch = self.commit.take().and_then(|commit| commit.branch);
        self.commit = Some(Commit { message: message.into(), branch });
        self
    }

    /// The branch that [`commit`](Self::commit) adds to; `main` otherwise. It must exist.
    #[must_use]
    pub fn branch(mut self, name: impl Into<String>) -> Self {
        let message = self.commit.take().map_or_else(|| "written by terracube".to_owned(), |commit| commit.message);
        self.commit = Some(Commit { message, branch: Some(name.into()) });
        self
    }

    /// Does not gather the metadata of all arrays at the root of a Zarr store: readers then list directories.
    #[must_use]
    pub fn unconsolidated(mut self) -> Self {
        self.consolidated = false;
        self
    }

    /// Writes values as they are in memory. Otherwise those that were opened and not changed are packed again as they were stored:
    /// scale, offset, fill value, time units.
    #[must_use]
    pub fn decoded(mut self) -> Self {
        self.decoded = true;
        self
    }

    /// Writes although another writer's mark is there. Only right if that writer was killed.
    #[must_use]
    pub fn take_over(mut self) -> Self {
        self.take_over = true;
        self
    }
}

impl Compression {
    /// What the default is for chunks of `n_values` values of `item_size` bytes (1 for text).
    fn resolved(&self, item_size: usize, n_values: u64) -> Self {
        let fits_blosc = n_values.saturating_mul(item_size as u64) <= MOST_OF_BLOSC;
        match self {
            Self::Default if item_size > 1 && fits_blosc => Self::Blosc { codec: "lz4".into(), level: 5 },
            Self::Default => Self::Zstd(3),
            other => other.clone(),
        }
    }

    /// As codecs of Zarr version 3, for chunks of `n_values` values of `item_size` bytes.
    pub(crate) fn v3(&self, item_size: usize, n_values: u64) -> Result<Vec<Value>> {
        Ok(match &self.resolved(item_size, n_values) {
            Self::Default | Self::None => Vec::new(),
            Self::Zstd(level) => {
                vec![json!({"name": "zstd", "configuration": {"level": level.clamp(&-7, &22), "checksum": false}})]
            }
            Self::Deflate(level) => vec![json!({"name": "gzip", "configuration": {"level": level.min(&9)}})],
            Self::Blosc { codec, level } => {
                let shuffle = if item_size > 1 { "shuffle" } else { "noshuffle" };
                vec![json!({"name": "blosc", "configuration":
                    {"cname": codec, "clevel": level.min(&9), "shuffle": shuffle, "typesize": item_size, "blocksize": 0}})]
            }
            Self::Codecs(codecs) => codecs.clone(),
        })
    }

    /// As numcodecs has it, in the order of application.
    pub(crate) fn v2(&self, item_size: usize, n_values: u64) -> Vec<Value> {
        match &self.resolved(item_size, n_values) {
            Self::Default | Self::None => Vec::new(),
            Self::Zstd(level) => vec![json!({"id": "zstd", "level": level.clamp(&-7, &22)})],
            Self::Deflate(level) => vec![json!({"id": "zlib", "level": level.min(&9)})],
            Self::Blosc { codec, level } => {
                vec![json!({"id": "blosc", "cname": codec, "clevel": level.min(&9), "shuffle": 1, "blocksize": 0})]
            }
            Self::Codecs(codecs) => codecs.clone(),
        }
    }

    /// The level of deflate in a NetCDF-4 file; `None` does not compress.
    pub(crate) fn deflate(&self) -> Result<Option<u32>> {
        match self {
            Self::Default => Ok(Some(4)),
            Self::None => Ok(None),
            Self::Deflate(level) => Ok(Some((*level).min(9))),
            other => Err(Error::unsupported(format!("NetCDF-4 files are written with zlib, not with {other:?}"))
                .hint("choose `zlib:4` or `none`, or write a Zarr store")),
        }
    }
}

impl FromStr for Compression {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let parts: Vec<&str> = text.split(':').collect();
        let wrong = || {
            Error::invalid(format!("`{text}` is no compression"))
                .hint("one of none, zstd, zstd:LEVEL, gzip:LEVEL, zlib:LEVEL, blosc:lz4:LEVEL")
        };
        let level = |part: &str| part.parse::<i32>().map_err(|_| wrong());
        let unsigned = |part: &str| level(part).and_then(|level| u32::try_from(level).map_err(|_| wrong()));
        Ok(match parts[..] {
            ["none"] => Self::None,
            ["default"] => Self::Default,
            ["zstd"] => Self::Zstd(3),
            ["zstd", n] => Self::Zstd(level(n)?),
            ["gzip" | "zlib" | "deflate"] => Self::Deflate(4),
            ["gzip" | "zlib" | "deflate", n] => Self::Deflate(unsigned(n)?),
            ["blosc"] => Self::Blosc { codec: "lz4".into(), level: 5 },
            ["blosc", codec] => Self::Blosc { codec: codec.into(), level: 5 },
            ["blosc", codec, n] => Self::Blosc { codec: codec.into(), level: unsigned(n)?.min(9) as u8 },
            _ => return Err(wrong()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_shuffles_where_that_does_something() {
        let of = |item_size, n_values| {
            let v2 = Compression::Default.v2(item_size, n_values);
            let v3 = Compression::Default.v3(item_size, n_values).unwrap();
            assert_eq!((v2.len(), v3.len()), (1, 1));
            assert_eq!(v2[0]["id"], v3[0]["name"]);
            v2[0]["id"].as_str().unwrap().to_owned()
        };
        assert_eq!([of(4, 1000), of(8, 10), of(2, 1 << 20)], ["blosc"; 3]);
        assert_eq!([of(1, 1000), of(8, 1 << 28), of(4, u64::MAX)], ["zstd"; 3]);
        assert!(Compression::None.v2(4, 10).is_empty());
    }

    #[test]
    fn compression_is_read_from_text() {
        assert_eq!("zstd:9".parse::<Compression>().unwrap(), Compression::Zstd(9));
        assert_eq!("zlib".parse::<Compression>().unwrap(), Compression::Deflate(4));
        let blosc = Compression::Blosc { codec: "zstd".into(), level: 3 };
        assert_eq!("blosc:zstd:3".parse::<Compression>().unwrap(), blosc);
        for wrong in ["", "zip", "zstd:x", "gzip:-1", "blosc:lz4:5:6"] {
            assert!(wrong.parse::<Compression>().unwrap_err().to_string().contains("is no compression"), "{wrong}");
        }
        assert!(Compression::Zstd(3).deflate().is_err());
    }
}
