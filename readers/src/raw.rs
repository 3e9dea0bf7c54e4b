//! What a format reader hands over: groups, dimensions and variables as they are stored, before any convention is applied.
use std::sync::Arc;

use terracube_cube::data::{Attribute, Attributes};
use terracube_cube::source::Source;
use terracube_cube::{Error, Result};

use crate::manifest::ChunkIndexer;

/// A group of a file or store; the root group has the path "/".
#[derive(Debug, Clone, Default)]
pub struct RawGroup {
    /// The path, "/" for the root.
    pub path: String,
    /// Dimensions that are defined in this group.
    pub dims: Vec<RawDim>,
    /// Variables in the order of the file.
    pub variables: Vec<RawVariable>,
    /// Attributes in the order of the file.
    pub attributes: Attributes,
    /// Groups within this one.
    pub groups: Vec<Self>,
}

/// A named length.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawDim {
    /// The name.
    pub name: String,
    /// Positions now.
    pub len: u64,
    /// Whether it can grow.
    pub unlimited: bool,
}

/// A variable as it is stored. Data that cannot be read is an error of this variable alone.
#[derive(Debug, Clone)]
pub struct RawVariable {
    /// The name within its group.
    pub name: String,
    /// One dimension per axis.
    pub dims: Vec<String>,
    /// The length of each axis.
    pub shape: Vec<u64>,
    /// Attributes in the order of the file.
    pub attributes: Attributes,
    /// The values, or why they cannot be read.
    pub data: Result<Arc<dyn Source>>,
    /// Whether the values are single characters (NetCDF `char`), which decoding joins along the last axis.
    pub characters: bool,
    /// How the values are stored.
    pub storage: RawStorage,
    /// Where the chunks stand, if they can be read without the rest of the file.
    pub chunks: Option<Arc<dyn ChunkIndexer>>,
}

/// How values are stored, for the encoding of a variable.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RawStorage {
    /// The lengths of a stored chunk; `None` if the values stand in one piece.
    pub chunks: Option<Vec<u64>>,
    /// The lengths of a stored object that holds many chunks.
    pub shards: Option<Vec<u64>>,
    /// Codecs and filters in the order in which they were applied, as the store describes them or by name (["shuffle", "zlib"]).
    pub codecs: Option<serde_json::Value>,
    /// The type in words, where a dtype does not say it: the fields of a compound, the members of an enum, what is in a sequence.
    pub stored_type: Option<String>,
    /// The value that the format itself gives to what was never written, if a Zarr v2 store: it masks.
    pub fill_value: Option<Attribute>,
}

impl RawGroup {
    /// The group at a path ("/", "a", "/a/b").
    ///
    /// # Errors
    /// If it does not exist, with a suggestion.
    pub fn group(&self, path: &str) -> Result<&Self> {
        let mut found = self;
        for part in path.split('/').filter(|part| !part.is_empty()) {
            let name_of = |group: &Self| group.path.rsplit('/').next().unwrap_or_default().to_owned();
            found = found.groups.iter().find(|group| name_of(group) == part).ok_or_else(|| {
                let names: Vec<String> = found.groups.iter().map(name_of).collect();
                Error::unknown_name("group", part, names.iter().map(String::as_str))
                    .context(format!("group `{}`", found.path))
            })?;
        }
        Ok(found)
    }
}
