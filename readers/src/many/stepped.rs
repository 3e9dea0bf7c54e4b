//! A stored array with the steps that decode it, as one source: for files that are packed in different ways, or count time from
//! different epochs, so that their values can only be joined once they are decoded.
use std::sync::Arc;

use terracube_cube::compute::{UnaryOp, cast, unary};
use terracube_cube::source::{Encoded, Fetch, Source, SourceSpec};
use terracube_cube::{Block, ChunkGrid, DType, Region, Result};

use crate::cf::{DecodedData, Step};

/// Decoded values of a source, in a dtype that several share.
#[derive(Debug)]
pub(super) struct SteppedSource {
    source: Arc<dyn Source>,
    steps: Vec<Step>,
    dtype: DType,
}

impl SteppedSource {
    pub(super) fn new(data: &DecodedData, dtype: DType) -> Self {
        Self { source: data.source.clone(), steps: data.steps.clone(), dtype }
    }
}

impl Source for SteppedSource {
    fn spec(&self) -> Option<SourceSpec> {
        self.source.spec()
    }

    fn dtype(&self) -> DType {
        self.dtype
    }

    fn grid(&self) -> &ChunkGrid {
        self.source.grid()
    }

    fn reads_parts(&self) -> bool {
        self.source.reads_parts()
    }

    fn encoded_bound(&self, region: &Region) -> u64 {
        self.source.encoded_bound(region)
    }

    fn decode_scratch(&self, region: &Region) -> u64 {
        // A step holds what it takes and what it gives; no value is wider than eight bytes.
        self.source.decode_scratch(region) + 2 * 8 * region.size()
    }

    fn fetch(&self, region: &Region) -> Fetch {
        self.source.fetch(region)
    }

    fn decode(&self, encoded: Encoded, region: &Region) -> Result<Block> {
        let mut block = self.source.decode(encoded, region)?;
        for step in &self.steps {
            block = match step {
                Step::Cast(dtype) => cast(&block, *dtype)?,
                Step::Unpack(how) => unary(&UnaryOp::Unpack(how.clone()), &block)?,
                Step::Time(how) => unary(&UnaryOp::DecodeTime(how.clone()), &block)?,
            };
        }
        cast(&block, self.dtype)
    }
}
