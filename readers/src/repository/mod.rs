//! Icechunk: repositories of Zarr with branches, tags and snapshots, in which a write is one commit. The format is `icechunk`'s; our Zarr
//! reader and writer work on a snapshot or a transaction as on any other store. The feature `icechunk` builds it in.
#[cfg(feature = "icechunk")]
mod failure;
#[cfg(feature = "icechunk")]
mod place;
#[cfg(feature = "icechunk")]
mod session;
#[cfg(feature = "icechunk")]
mod versions;
#[cfg(feature = "icechunk")]
mod write;

#[cfg(feature = "icechunk")]
pub use versions::{Repository, Snapshot};
#[cfg(feature = "icechunk")]
pub(crate) use write::write;

use terracube_cube::Result;

use crate::store::{Store, StoreOptions};

/// What names one state of a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Version {
    /// The newest snapshot of a branch.
    Branch(String),
    /// The snapshot of a tag.
    Tag(String),
    /// The snapshot of this id.
    Snapshot(String),
}

impl Default for Version {
    /// The branch `main`.
    fn default() -> Self {
        Self::Branch("main".into())
    }
}

/// As errors name it: "branch `main`".
impl std::fmt::Display for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Branch(name) => write!(f, "branch `{name}`"),
            Self::Tag(name) => write!(f, "tag `{name}`"),
            Self::Snapshot(id) => write!(f, "snapshot {id}"),
        }
    }
}

/// Whether an Icechunk repository stands at a place. Every repository has one of two files, by the version of its format.
pub(crate) fn is_repository(place: &Store) -> Result<bool> {
    let signature = "ICE🧊CHUNK".as_bytes();
    let readings = [place.start("repo", signature.len() as u64), place.start("refs/branch.main/ref.json", 1)];
    let mut found = false;
    for (at, reading) in readings.into_iter().enumerate() {
        // A server may refuse to say that something is not there.
        if let Ok(Some((start, _))) = reading.wait() {
            found = found || at == 1 || start == signature;
        }
    }
    Ok(found)
}

/// The Zarr store of one state of the repository at a place.
#[cfg(feature = "icechunk")]
pub(crate) fn store_of(place: &Store, options: &StoreOptions, version: Option<&Version>) -> Result<Store> {
    let version = version.cloned().unwrap_or_default();
    let named = |error: terracube_cube::Error| error.context(format!("{version} of {}", place.url()));
    Repository::at(place, options).map_err(named)?.store(&version)
}

#[cfg(not(feature = "icechunk"))]
pub(crate) fn store_of(place: &Store, _: &StoreOptions, _: Option<&Version>) -> Result<Store> {
    Err(lacking(place.url()))
}

/// What a build without Icechunk says.
#[cfg(not(feature = "icechunk"))]
pub(crate) fn lacking(url: &str) -> terracube_cube::Error {
    terracube_cube::Error::unsupported(format!("{url} is an Icechunk repository, which this build does not read"))
        .hint("build with the feature `icechunk` (`cargo build --release --features icechunk`)")
}
