//! Zarr stores, versions 2 and 3: groups, arrays, the source that reads an array chunk by chunk, and the writer. Codecs are zarrs's.
//!
//! What is lazy: opening reads metadata only. What is shared: nothing; a source keeps a small cache of shard indexes.
mod array;
mod array_codec;
mod byte_codec;
mod categories;
mod checksum;
mod decoder;
mod delta;
mod document;
mod group;
mod layout;
mod lzma;
mod old_filters;
mod shard;
mod source;
mod value_type;
mod writer;

pub use array::ZarrArray;
pub(crate) use document::parse_json;
pub(crate) use group::Root;
pub use group::ZarrGroup;
pub use source::ZarrSource;
pub use writer::{ArrayToWrite, ZarrSink, ZarrWriter, default_chunks};
pub(crate) use writer::{write_into, write_new};
#[cfg(feature = "icechunk")]
pub(crate) use writer::{write_into_transaction, write_new_within};
