//! Where results go.
use std::sync::{PoisonError, RwLock};

use crate::base::{Block, ChunkGrid, DType, Dims, Error, Region, Result, SharedAssembly};

/// What will be written: one array.
#[derive(Debug, Clone)]
pub struct ArraySpec {
    /// The dimensions, in axis order.
    pub dims: Dims,
    /// The length of each axis.
    pub shape: Vec<u64>,
    /// The dtype of the blocks that come.
    pub dtype: DType,
    /// The boxes in which blocks come: those of a sink that asked for chunks of its own ([`Sink::chunks`]), else the engine's, or parts of
    /// these where a task finishes many groups bit by bit.
    pub grid: ChunkGrid,
    /// The axes from the slowest to the fastest, as boxes are begun; several are worked on at a time.
    pub order: Vec<usize>,
}

/// Takes the finished blocks of one array. Blocks come from several threads, in any order, each exactly once.
pub trait Sink: Send + Sync {
    /// The chunks in which it wants blocks; `None` takes them as they come. Blocks then are whole chunks (the last of an axis shorter).
    fn chunks(&self) -> Option<ChunkGrid> {
        None
    }

    /// The order of axes, the slowest first, in which it wants the boxes of `drive` to be begun, if it cares; a wish.
    fn order(&self, _drive: &ChunkGrid) -> Option<Vec<usize>> {
        None
    }

    /// How many boxes may be begun before the first of them is finished, if it holds memory for each.
    fn at_once(&self, _drive: &ChunkGrid, _order: &[usize]) -> Option<usize> {
        None
    }

    /// Bytes that it will hold in memory for an array until the run ends.
    fn held_bytes(&self, _spec: &ArraySpec) -> u64 {
        0
    }

    /// Called once before the first block.
    ///
    /// # Errors
    /// If the target cannot be made.
    fn begin(&self, spec: &ArraySpec) -> Result<()>;

    /// One finished block at `region` of the array. Not always in C order: call [`Block::contiguous`].
    ///
    /// # Errors
    /// If it cannot be written.
    fn write(&self, region: &Region, block: &Block) -> Result<()>;

    /// Called once after the last block, and only if all went well.
    ///
    /// # Errors
    /// If the target cannot be completed.
    fn finish(&self) -> Result<()>;
}

/// Collects an array in memory; several threads may write at a time.
pub struct MemorySink(RwLock<Option<SharedAssembly>>);

impl MemorySink {
    /// An empty sink.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use terracube_cube::{DataArray, Sink};
    /// use terracube_cube::execute::MemorySink;
    /// let memory = Arc::new(MemorySink::new());
    /// let sink: Arc<dyn Sink> = memory.clone();
    /// DataArray::from_vec(["x"], &[2], vec![1.0, 3.0]).mean("x").compute_into(&sink)?;
    /// assert_eq!(memory.take()?.to_f64()?, [2.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    pub fn new() -> Self {
        Self(RwLock::new(None))
    }

    /// The array, once a run has finished.
    ///
    /// ```
    /// use terracube_cube::ErrorKind;
    /// use terracube_cube::execute::MemorySink;
    /// assert_eq!(MemorySink::new().take().unwrap_err().kind(), ErrorKind::Internal);
    /// ```
    ///
    /// # Errors
    /// If no run wrote into it.
    pub fn take(&self) -> Result<Block> {
        let assembly = self.0.write().unwrap_or_else(PoisonError::into_inner).take();
        assembly.ok_or_else(|| Error::internal("taken before it was begun"))?.finish()
    }
}

impl Default for MemorySink {
    fn default() -> Self {
        Self::new()
    }
}

impl Sink for MemorySink {
    fn held_bytes(&self, spec: &ArraySpec) -> u64 {
        Region::whole(&spec.shape).size().saturating_mul(spec.dtype.item_size() as u64)
    }

    fn begin(&self, spec: &ArraySpec) -> Result<()> {
        let assembly = SharedAssembly::new(spec.dtype, &Region::whole(&spec.shape).extents());
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some(assembly);
        Ok(())
    }

    fn write(&self, region: &Region, block: &Block) -> Result<()> {
        match &*self.0.read().unwrap_or_else(PoisonError::into_inner) {
            Some(assembly) => assembly.put(region, block),
            None => Err(Error::internal("written before it was begun")),
        }
    }

    fn finish(&self) -> Result<()> {
        Ok(())
    }
}
