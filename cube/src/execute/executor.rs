//! The seam between a physical plan and whatever runs it.
use std::sync::Arc;
use std::time::Duration;

use super::{Context, Sink};
use crate::base::Result;
use crate::physical::PhysicalPlan;

/// What a run did.
#[derive(Debug, Clone, Default)]
pub struct RunReport {
    /// Stages that read sources.
    pub passes: usize,
    /// Tasks run.
    pub tasks: u64,
    /// Chunks of sources read and decoded, repeats counted.
    pub chunks_read: u64,
    /// Encoded bytes read.
    pub bytes_read: u64,
    /// The most bytes that the memory model foresaw: what was reserved to begin with.
    pub modelled_bytes: u64,
    /// The most bytes that were reserved at a time, other runs under the same budget included.
    pub peak_reserved: u64,
    /// Wall time.
    pub elapsed: Duration,
}

/// Runs physical plans.
pub trait Executor {
    /// Runs `plan`; root `i` goes to `sinks[i]`. When it returns, nothing of it runs any more.
    ///
    /// # Errors
    /// The first error of a source, a kernel or a sink; [`crate::ErrorKind::OverBudget`] before anything is read;
    /// [`crate::ErrorKind::Cancelled`].
    fn run(&self, plan: PhysicalPlan, sinks: &[Arc<dyn Sink>], context: &Context) -> Result<RunReport>;
}
