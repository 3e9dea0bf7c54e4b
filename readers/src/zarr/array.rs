//! One array of a store: what is known of it before any value is read.
use std::collections::HashMap;
use std::sync::{Arc, Once};

use base64::Engine as _;
use bytes::Bytes;
use serde_json::{Map, Value};
use terracube_cube::{Block, DType, Error, Result};
use zarrs::array::{Array, ArrayBytes, ArrayMetadata};

use super::ZarrSource;
use super::decoder::guarded;
use super::document::{Document, Version};
use super::layout::Layout;
use super::old_filters;
use super::value_type::ValueType;
use super::{array_codec, byte_codec, delta};
use crate::store::Store;

/// An array of a [`ZarrGroup`](super::ZarrGroup).
#[derive(Debug, Clone)]
pub struct ZarrArray {
    name: String,
    path: String,
    dims: Vec<String>,
    has_dims: bool,
    shape: Vec<u64>,
    attributes: Map<String, Value>,
    metadata: Value,
    opened: Result<Opened>,
}

#[derive(Debug, Clone)]
struct Opened {
    source: Arc<ZarrSource>,
    mask: Option<Block>,
}

impl ZarrArray {
    /// The name within its group.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The path within the store, without slashes at its ends.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The names of its dimensions; where the store names none they are `dim_0`, `dim_1`, ... as in xarray, or `dim_0_721`
    /// where arrays of one group differ in that length.
    pub fn dims(&self) -> &[String] {
        &self.dims
    }

    /// The length of each dimension.
    pub fn shape(&self) -> &[u64] {
        &self.shape
    }

    /// The attributes in their order, without those that only name dimensions. The numbers that JSON lacks are the strings "NaN",
    /// "Infinity" and "-Infinity".
    pub fn attributes(&self) -> &Map<String, Value> {
        &self.attributes
    }

    /// The metadata document as stored (`zarr.json` or `.zarray`), without attributes: chunks, codecs, fill value.
    pub fn metadata(&self) -> &Value {
        &self.metadata
    }

    /// The dtype of its values as they are stored, before CF decoding.
    ///
    /// # Errors
    /// If the array cannot be read, for the reason that [`source`](Self::source) gives.
    pub fn dtype(&self) -> Result<DType> {
        use terracube_cube::source::Source as _;
        self.opened.as_ref().map(|opened| opened.source.dtype()).map_err(Clone::clone)
    }

    /// The source of its values.
    ///
    /// # Errors
    /// If its metadata is damaged, or its dtype or one of its codecs is not supported; the error names the array and the reason.
    pub fn source(&self) -> Result<Arc<ZarrSource>> {
        self.opened.as_ref().map(|opened| opened.source.clone()).map_err(Clone::clone)
    }

    /// The stored value that stands for "missing", as a scalar: the `fill_value` of version 2, and the `_FillValue` attribute of version 3
    /// (whose `fill_value` does not mask), which xarray writes in base64 for floats.
    pub fn mask_value(&self) -> Option<&Block> {
        self.opened.as_ref().ok()?.mask.as_ref()
    }

    pub(super) fn new(store: &Store, name: String, path: String, document: Result<Document>) -> Self {
        let context = format!("array `{}` of {}", if path.is_empty() { &name } else { &path }, store.url());
        let mut array = Self {
            name,
            path,
            dims: Vec::new(),
            has_dims: false,
            shape: Vec::new(),
            attributes: Map::new(),
            metadata: Value::Null,
            opened: Err(Error::internal("not opened")),
        };
        let opened =
            document.and_then(|document| array.describe(document)).and_then(|version| array.open(store, version));
        array.opened = opened.map_err(|error| error.context(context));
        array
    }

    /// Names the dimensions that the store does not name, so that within a group one name has one length.
    pub(super) fn name_missing_dims(arrays: &mut [Self]) {
        let mut lengths: HashMap<usize, u64> = HashMap::new();
        let unnamed = || (|array: &&Self| !array.has_dims) as fn(&&Self) -> bool;
        let clash = arrays
            .iter()
            .filter(unnamed())
            .any(|array| array.shape.iter().enumerate().any(|(axis, &len)| *lengths.entry(axis).or_insert(len) != len));
        for array in arrays.iter_mut().filter(|array| !array.has_dims) {
            let name =
                |(axis, len): (usize, &u64)| if clash { format!("dim_{axis}_{len}") } else { format!("dim_{axis}") };
            array.dims = array.shape.iter().enumerate().map(name).collect();
        }
    }

    /// Takes over what the document says, before anything can be unsupported.
    fn describe(&mut self, document: Document) -> Result<Version> {
        self.metadata = document.array.unwrap_or_default();
        self.attributes = document.attributes;
        let shape: Option<Vec<u64>> =
            self.metadata["shape"].as_array().and_then(|shape| shape.iter().map(Value::as_u64).collect());
        self.shape = shape.ok_or_else(|| Error::corrupt("its metadata gives no shape"))?;
        let names = match document.version {
            Version::V2 => {
                let names = self.attributes.shift_remove("_ARRAY_DIMENSIONS").or_else(|| self.nczarr_dimensions());
                // NetCDF's own book-keeping.
                self.attributes.retain(|name, _| !name.to_ascii_lowercase().starts_with("_nc"));
                names
            }
            Version::V3 => self.metadata.get("dimension_names").cloned(),
        };
        if let Some(Value::Array(names)) = names {
            if names.len() != self.shape.len() {
                let message = format!("its metadata names {} dimensions, but it has {}", names.len(), self.shape.len());
                return Err(Error::corrupt(message));
            }
            let name =
                |(axis, name): (usize, &Value)| name.as_str().map_or_else(|| format!("dim_{axis}"), str::to_owned);
            self.has_dims = true;
            self.dims = names.iter().enumerate().map(name).collect();
        }
        Ok(document.version)
    }

    /// The names of dimensions as NCZarr gives them: paths of the group that defines each.
    fn nczarr_dimensions(&self) -> Option<Value> {
        let places = [
            self.attributes.get("_nczarr_array").map(|array| &array["dimension_references"]),
            self.attributes.get("_NCZARR_ARRAY").map(|array| &array["dimrefs"]),
            self.metadata.get("_nczarr_array").map(|array| &array["dimrefs"]),
            self.metadata.get("_NCZARR_ARRAY").map(|array| &array["dimrefs"]),
        ];
        let paths = places.into_iter().flatten().find_map(Value::as_array)?;
        Some(paths.iter().map(|path| path.as_str().and_then(|path| path.rsplit('/').next())).collect())
    }

    fn open(&self, store: &Store, version: Version) -> Result<Opened> {
        register_codecs();
        let mut metadata = self.metadata.clone();
        let value_type = ValueType::of(version, &mut metadata)?;
        self.check_extents(version)?;
        let array = parsed(version, metadata.clone())?;
        let (layout, grid) = Layout::of(&array, &metadata, value_type)?;
        let fill = match value_type {
            // zarrs knows the stored type only.
            ValueType::Converted(converted) => {
                let plain = parsed(version, old_filters::without_codecs(&self.metadata))?;
                fill_of(&plain, ValueType::Plain(converted.to))?
            }
            value_type => fill_of(&array, value_type)?,
        };
        let mask = match version {
            Version::V2 => (!self.metadata["fill_value"].is_null()).then(|| fill.clone()),
            Version::V3 => self.attributes.get("_FillValue").and_then(|value| scalar(value, value_type.dtype())),
        };
        let source =
            ZarrSource::new(store.child(&self.path), store.url(), &self.path, array, layout, grid, value_type, fill);
        Ok(Opened { source: Arc::new(source), mask })
    }

    /// What zarrs takes as given.
    fn check_extents(&self, version: Version) -> Result<()> {
        let chunks = match version {
            Version::V2 => &self.metadata["chunks"],
            Version::V3 => &self.metadata["chunk_grid"]["configuration"]["chunk_shape"],
        };
        let Some(chunks) = chunks.as_array() else { return Ok(()) };
        if chunks.len() != self.shape.len() {
            let message = format!("its chunks have {} axes, but it has {}", chunks.len(), self.shape.len());
            return Err(Error::corrupt(message));
        }
        let size = chunks.iter().map(|n| n.as_u64().unwrap_or(1)).try_fold(1u64, u64::checked_mul);
        match size {
            Some(0) => Err(Error::corrupt("its chunks have no extent")),
            Some(n) if n < 1 << 40 => Ok(()),
            _ => Err(Error::unsupported(format!(
                "its chunks of shape {} do not fit in memory",
                Value::from(chunks.clone())
            ))),
        }
    }
}

/// Makes the codecs that zarrs lacks known to it.
fn register_codecs() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        delta::register();
        array_codec::register();
        byte_codec::register();
    });
}

/// An array as zarrs has it.
fn parsed(version: Version, metadata: Value) -> Result<Array<()>> {
    guarded(|| {
        let parsed = match version {
            Version::V2 => serde_json::from_value(metadata).map(ArrayMetadata::V2),
            Version::V3 => serde_json::from_value(metadata).map(ArrayMetadata::V3),
        };
        let parsed = parsed.map_err(|error| Error::corrupt(format!("its metadata cannot be used: {error}")))?;
        Array::<()>::new_with_metadata(Arc::new(()), "/", parsed)
            .map_err(|error| Error::unsupported(error.to_string()).hint("the other variables of the store can be used"))
    })
}

/// What chunks hold that were never written, as a scalar.
fn fill_of(array: &Array<()>, value_type: ValueType) -> Result<Block> {
    guarded(|| {
        let fill = ArrayBytes::new_fill_value(array.data_type(), 1, array.fill_value())
            .map_err(|error| Error::corrupt(format!("its fill value cannot be used: {error}")))?;
        value_type.block(fill, &Bytes::new(), &[], false)
    })
}

/// A value of an attribute as a scalar of `dtype`; `None` if it is none.
fn scalar(value: &Value, dtype: DType) -> Option<Block> {
    let value = match value {
        Value::Array(list) => list.first()?,
        value => value,
    };
    if dtype == DType::Utf8 {
        return Block::from_strings(&[], [value.as_str()?]).ok();
    }
    macro_rules! integer {
        ($t:ty) => {
            value
                .as_i64()
                .map(|n| n as $t)
                .or(value.as_u64().map(|n| n as $t))
                .or(number(value).map(|n| n as $t))
                .map(Block::scalar)
        };
    }
    match dtype {
        DType::F32 => number(value).map(|n| Block::scalar(n as f32)),
        DType::F64 => number(value).map(Block::scalar),
        DType::I8 => integer!(i8),
        DType::I16 => integer!(i16),
        DType::I32 => integer!(i32),
        DType::I64 => integer!(i64),
        DType::U8 => integer!(u8),
        DType::U16 => integer!(u16),
        DType::U32 => integer!(u32),
        DType::U64 => integer!(u64),
        _ => None,
    }
}

/// A number as JSON, as one of the words, or in base64 of its little-endian bytes.
fn number(value: &Value) -> Option<f64> {
    let Some(text) = value.as_str() else { return value.as_f64() };
    match text {
        "NaN" => Some(f64::NAN),
        "Infinity" => Some(f64::INFINITY),
        "-Infinity" => Some(f64::NEG_INFINITY),
        _ => {
            let bytes = base64::engine::general_purpose::STANDARD.decode(text).ok()?;
            match bytes.len() {
                8 => Some(f64::from_le_bytes(bytes.try_into().ok()?)),
                4 => Some(f32::from_le_bytes(bytes.try_into().ok()?).into()),
                _ => None,
            }
        }
    }
}
