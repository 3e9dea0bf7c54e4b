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
    pub fn install(self) {
        *DEFAULT.write().unwrap_or_else(PoisonError::into_inner) = Some(self);
    }

    /// The same context with another budget.
    #[must_use]
    pub fn with_budget(mut self, bytes: u64) -> Self {
        self.budget = MemoryBudget::new(bytes);
        self
    }

    /// The same context with other disk space for what does not fit the memory budget.
    #[must_use]
    pub fn with_spill(mut self, spill: SpillSpace) -> Self {
        self.spill = spill;
        self
    }

    /// The same context with an observer.
    #[must_use]
    pub fn with_observer(mut self, observer: Arc<dyn Observer>) -> Self {
        self.observer = observer;
        self
    }

    /// The same context with a cancel token.
    #[must_use]
    pub fn with_cancel(mut self, cancel: CancelToken) -> Self {
        self.cancel = cancel;
        self
    }

    /// The number of worker threads.
    pub fn n_workers(&self) -> usize {
        self.workers.current_num_threads()
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Context({} workers, {:?})", self.n_workers(), self.budget)
    }
}
