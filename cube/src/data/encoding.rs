//! How a variable was stored: kept so that it can be written the same way.
use std::sync::Arc;

use super::Attribute;
use crate::base::DType;

/// How a variable was or shall be stored. Dropped by everything that changes values. Cheap to clone.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Encoding(Option<Arc<EncodingFields>>);

/// The fields of an [`Encoding`]; `None` is "not said".
#[derive(Debug, Clone, Default, PartialEq)]
pub struct EncodingFields {
    /// The dtype on disk.
    pub dtype: Option<DType>,
    /// `_FillValue`.
    pub fill_value: Option<Attribute>,
    /// `missing_value`.
    pub missing_value: Option<Attribute>,
    /// `scale_factor`.
    pub scale_factor: Option<Attribute>,
    /// `add_offset`.
    pub add_offset: Option<Attribute>,
    /// CF units of times ("hours since 1900-01-01").
    pub units: Option<String>,
    /// CF calendar of times.
    pub calendar: Option<String>,
    /// Chunk lengths.
    pub chunks: Option<Vec<u64>>,
    /// Shard lengths.
    pub shards: Option<Vec<u64>>,
    /// Codecs as the store describes them.
    pub codecs: Option<serde_json::Value>,
}

impl Encoding {
    /// An encoding from its fields.
    ///
    /// ```
    /// use terracube_cube::{DType, Encoding, EncodingFields};
    /// let packed = Encoding::new(EncodingFields { dtype: Some(DType::I16), scale_factor: Some(0.01.into()), ..Default::default() });
    /// assert_eq!((packed.is_empty(), packed.fields().dtype), (false, Some(DType::I16)));
    /// ```
    #[track_caller]
    pub fn new(fields: EncodingFields) -> Self {
        Self(Some(Arc::new(fields)))
    }

    /// The fields; all `None` if nothing is known.
    ///
    /// ```
    /// use terracube_cube::{Encoding, EncodingFields};
    /// assert_eq!(Encoding::default().fields(), EncodingFields::default());
    /// ```
    pub fn fields(&self) -> EncodingFields {
        self.0.as_deref().cloned().unwrap_or_default()
    }

    /// Whether nothing is known.
    ///
    /// ```
    /// use terracube_cube::{Encoding, EncodingFields};
    /// assert!(Encoding::default().is_empty() && !Encoding::new(EncodingFields::default()).is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }
}
