//! What a format reader hands over: groups, dimensions and variables as they are stored, before any convention is applied.
use std::sync::Arc;

use terracube_cube::source::Source;
use terracube_cube::{Error, Result};

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
    pub attributes: RawAttributes,
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
    pub attributes: RawAttributes,
    /// The values, or why they cannot be read.
    pub data: Result<Arc<dyn Source>>,
    /// Whether the values are single characters (NetCDF `char`), which decoding joins along the last axis.
    pub characters: bool,
    /// How the values are stored.
    pub storage: RawStorage,
}

/// How values are stored, for the encoding of a variable.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RawStorage {
    /// The lengths of a stored chunk; `None` if the values stand in one piece.
    pub chunks: Option<Vec<u64>>,
    /// Codecs and filters in the order in which they were applied ("shuffle", "deflate").
    pub codecs: Vec<String>,
    /// The value that the format itself gives to what was never written, if a Zarr v2 store: it masks.
    pub fill_value: Option<RawAttribute>,
}

/// Attributes with their names, in order.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RawAttributes(pub Vec<(String, RawAttribute)>);

/// The value of an attribute: a list of one NetCDF type (one entry is a scalar), or JSON from a Zarr store.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)]
pub enum RawAttribute {
    Text(String),
    Texts(Vec<String>),
    I8(Vec<i8>),
    I16(Vec<i16>),
    I32(Vec<i32>),
    I64(Vec<i64>),
    U8(Vec<u8>),
    U16(Vec<u16>),
    U32(Vec<u32>),
    U64(Vec<u64>),
    F32(Vec<f32>),
    F64(Vec<f64>),
    Json(serde_json::Value),
}

impl RawAttributes {
    /// An attribute by name.
    pub fn get(&self, name: &str) -> Option<&RawAttribute> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    /// An attribute that is text.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(RawAttribute::text)
    }

    /// Takes an attribute out.
    pub fn remove(&mut self, name: &str) -> Option<RawAttribute> {
        let position = self.0.iter().position(|(known, _)| known == name)?;
        Some(self.0.remove(position).1)
    }

    /// Sets an attribute, at the end if it is new.
    pub fn set(&mut self, name: impl Into<String>, value: RawAttribute) {
        let name = name.into();
        match self.0.iter_mut().find(|(known, _)| *known == name) {
            Some(slot) => slot.1 = value,
            None => self.0.push((name, value)),
        }
    }
}

impl RawAttribute {
    /// The text of a text attribute.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) | Self::Json(serde_json::Value::String(text)) => Some(text),
            Self::Texts(texts) => match &texts[..] {
                [text] => Some(text),
                _ => None,
            },
            _ => None,
        }
    }
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
                Error::unknown_name("group", part, names.iter().map(String::as_str)).context(format!("group `{}`", found.path))
            })?;
        }
        Ok(found)
    }
}
