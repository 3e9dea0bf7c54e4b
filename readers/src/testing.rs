//! Helpers of tests.
use terracube_cube::Result;
use terracube_cube::base::{Block, Region};
use terracube_cube::source::{Fetch, Source};

/// Fetches and decodes one region, whatever its chunks.
pub(crate) fn read_region(source: &dyn Source, region: &Region) -> Result<Block> {
    let encoded = match source.fetch(region) {
        Fetch::Ready(encoded) => encoded?,
        Fetch::Blocking(read) => read()?,
        Fetch::Pending(future) => futures::executor::block_on(future)?,
    };
    assert!(encoded.n_bytes() <= source.encoded_bound(region), "more bytes than the bound");
    source.decode(encoded, region)
}
