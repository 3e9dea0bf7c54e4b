//! Labels at positions: what turns `argmax` into `idxmax`.
use super::select::masked_dtype;
use crate::base::{Block, DType, Error, Result};

/// The labels of an axis, to be looked up by position.
#[derive(Debug, Clone)]
pub struct Lookup {
    labels: Block,
}

impl PartialEq for Lookup {
    fn eq(&self, other: &Self) -> bool {
        self.labels.same_values(&other.labels)
    }
}

impl Lookup {
    /// Labels along one axis. Integers become floats, because a position may be missing.
    ///
    /// # Errors
    /// If there is not one axis.
    pub fn new(labels: &Block) -> Result<Self> {
        if labels.rank() != 1 {
            return Err(Error::internal(format!("labels with {} axes", labels.rank())));
        }
        let dtype = masked_dtype(labels.dtype())?;
        let labels = if dtype == labels.dtype() { labels.clone() } else { super::cast(labels, dtype)? };
        Ok(Self { labels })
    }

    pub(super) fn output_dtype(&self, x: DType) -> Result<DType> {
        if x == DType::I64 { Ok(self.labels.dtype()) } else { Err(Error::internal(format!("positions of {x}"))) }
    }

    pub(super) fn of(&self, x: &Block) -> Result<Block> {
        let positions = x.contiguous()?;
        self.labels.take(0, positions.values::<i64>()?)?.reshape(x.shape())
    }
}
