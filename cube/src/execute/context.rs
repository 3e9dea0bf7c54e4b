//! What a computation runs with: budget, workers, observer, cancellation.
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use super::{CancelToken, MemoryBudget, Observer, Silent, SpillSpace};
use crate::base::{Error, Result};

/// What a computation runs with. Cheap to clone; clones share budget, workers and token.
#[derive(Clone)]
pub struct Context {
    /// The memory that computations may hold.
    pub budget: MemoryBudget,
    /// The disk that computations may use for what does not fit the memory budget.
    pub spill: SpillSpace,
    /// Told of progress.
    pub observer: Arc<dyn Observer>,
    /// Stops what runs.
    pub cancel: CancelToken,
    pub(super) workers: Arc<rayon::ThreadPool>,
}

static DEFAULT: RwLock<Option<Context>> = RwLock::new(None);

impl Context {
    /// A context of its own with `n_workers` threads and `budget`.
    ///
    /// ```
    /// use terracube_cube::{Context, DataArray, MemoryBudget};
    /// let context = Context::new(2, MemoryBudget::new(1 << 30))?;
    /// let (mean, report) = DataArray::from_vec(["x"], &[2], vec![1.0, 3.0]).mean("x").compute_with(&context)?;
    /// assert_eq!((mean.item()?, report.spilled_bytes), (2.0, 0));
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    ///
    /// # Errors
    /// If threads cannot be started, or `TERRACUBE_SPILL` is no amount.
    pub fn new(n_workers: usize, budget: MemoryBudget) -> Result<Self> {
        let workers = rayon::ThreadPoolBuilder::new()
            .num_threads(n_workers.max(1))
            .thread_name(|index| format!("terracube-{index}"))
            .build()
            .map_err(|error| Error::io(format!("cannot start {n_workers} worker threads: {error}")))?;
        let spill = SpillSpace::from_environment()?;
        Ok(Self { budget, spill, observer: Arc::new(Silent), cancel: CancelToken::new(), workers: Arc::new(workers) })
    }

    /// The context that `compute()` uses: all cores, the budget that `TERRACUBE_BUDGET` says or else that of this machine, no observer, unless [`Context::install`] said otherwise.
    ///
    /// ```
    /// use terracube_cube::Context;
    /// assert!(Context::current()?.n_workers() >= 1);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    ///
    /// # Errors
    /// If threads cannot be started, or `TERRACUBE_BUDGET` or `TERRACUBE_SPILL` is no amount.
    pub fn current() -> Result<Self> {
        if let Some(context) = &*DEFAULT.read().unwrap_or_else(PoisonError::into_inner) {
            return Ok(context.clone());
        }
        let mut slot = DEFAULT.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(context) = &*slot {
            return Ok(context.clone());
        }
        let n_workers = std::thread::available_parallelism().map_or(2, usize::from);
        let context = Self::new(n_workers, MemoryBudget::from_environment()?)?;
        *slot = Some(context.clone());
        Ok(context)
    }

    /// Makes this the context of every `compute()` in the process from now on.
    ///
    /// ```
    /// use terracube_cube::{Context, MemoryBudget};
    /// Context::new(1, MemoryBudget::new(1 << 30))?.install();
    /// assert_eq!(Context::current()?.n_workers(), 1);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    pub fn install(self) {
        *DEFAULT.write().unwrap_or_else(PoisonError::into_inner) = Some(self);
    }

    /// The same context with another budget.
    ///
    /// ```
    /// use terracube_cube::{Context, DataArray, ErrorKind};
    /// let t = DataArray::from_vec(["x"], &[1000], vec![1.0; 1000]);
    /// let error = (&t * 2.0).compute_with(&Context::current()?.with_budget(100)).unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::OverBudget);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    pub fn with_budget(mut self, bytes: u64) -> Self {
        self.budget = MemoryBudget::new(bytes);
        self
    }

    /// The same context with other disk space for what does not fit the memory budget.
    ///
    /// ```
    /// use terracube_cube::{Context, DataArray, SpillSpace};
    /// let on_disk = SpillSpace::new(std::env::temp_dir(), 1 << 30);
    /// let (mean, report) = DataArray::from_vec(["x"], &[2], vec![1.0, 3.0]).mean("x").compute_with(&Context::current()?.with_spill(on_disk))?;
    /// assert_eq!((mean.item()?, report.spilled_bytes), (2.0, 0));
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    pub fn with_spill(mut self, spill: SpillSpace) -> Self {
        self.spill = spill;
        self
    }

    /// The same context with an observer.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use terracube_cube::{Context, DataArray};
    /// use terracube_cube::execute::Silent;
    /// let context = Context::current()?.with_observer(Arc::new(Silent));
    /// assert_eq!(DataArray::from_vec(["x"], &[2], vec![1.0, 3.0]).mean("x").compute_with(&context)?.0.item()?, 2.0);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    pub fn with_observer(mut self, observer: Arc<dyn Observer>) -> Self {
        self.observer = observer;
        self
    }

    /// The same context with a cancel token.
    ///
    /// ```
    /// use terracube_cube::{CancelToken, Context, DataArray, ErrorKind};
    /// let token = CancelToken::new();
    /// token.cancel();
    /// let t = DataArray::from_vec(["x"], &[2], vec![1.0, 3.0]).mean("x");
    /// let error = t.compute_with(&Context::current()?.with_cancel(token)).unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::Cancelled);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    pub fn with_cancel(mut self, cancel: CancelToken) -> Self {
        self.cancel = cancel;
        self
    }

    /// The number of worker threads.
    ///
    /// ```
    /// use terracube_cube::{Context, MemoryBudget};
    /// assert_eq!(Context::new(3, MemoryBudget::new(1 << 30))?.n_workers(), 3);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    pub fn n_workers(&self) -> usize {
        self.workers.current_num_threads()
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Context({} workers, {:?})", self.n_workers(), self.budget)
    }
}
