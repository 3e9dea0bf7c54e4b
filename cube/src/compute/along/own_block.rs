//! Functions of the user's over whole blocks.
use std::fmt;
use std::sync::Arc;

use super::own::Named;
use crate::base::{Block, DType, Error, Result};

/// A function from a block of values to one of the same shape.
pub type BlockFunction = dyn Fn(&Block) -> Result<Block> + Send + Sync;

/// A closure over blocks. How an array is cut into blocks is the engine's to choose.
#[derive(Clone)]
pub struct OwnBlocks {
    function: Arc<BlockFunction>,
    name: Named,
    output: DType,
}

impl OwnBlocks {
    /// A function that gives values of dtype `output`.
    pub fn new(function: Arc<BlockFunction>, name: Named, output: DType) -> Self {
        Self { function, name, output }
    }

    pub(super) fn output_dtype(&self) -> DType {
        self.output
    }

    pub(super) fn of(&self, block: &Block) -> Result<Block> {
        let result = (self.function)(&block.contiguous()?)?;
        if result.shape() != block.shape() || result.dtype() != self.output {
            return Err(Error::invalid(format!(
                "the function of `map_blocks` made {} {:?} of a block of shape {:?}; {} of the same shape was announced",
                result.dtype(),
                result.shape(),
                block.shape(),
                self.output
            )));
        }
        Ok(result)
    }
}

impl PartialEq for OwnBlocks {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.function, &other.function) && self.output == other.output
    }
}

impl fmt::Debug for OwnBlocks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.name, f)
    }
}
