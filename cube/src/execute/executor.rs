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
    /// The bytes without which it could not run, by the memory model: results, accumulators and one task at a time.
    pub modelled_bytes: u64,
    /// The most bytes that it had reserved at a time, with as many tasks as the budget allowed: the model's peak.
    pub peak_reserved: u64,
    /// The most bytes by which the memory of the process was seen to grow while it ran, all threads of it included.
    pub measured_bytes: u64,
    /// Bytes written to disk because they did not fit the budget.
    pub spilled_bytes: u64,
    /// What was done so that it fits the budget, in words; empty if nothing.
    pub fitting: Vec<String>,
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
