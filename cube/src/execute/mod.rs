//! Running a physical plan within a memory budget: one coordinator waits, nobody else.
mod accumulate;
mod amount;
mod budget;
mod cancel;
mod claims;
mod context;
mod coordinator;
mod executor;
mod gathered;
mod local;
mod machine_memory;
mod meter;
mod observe;
mod sink;
mod spill;
mod task;
mod tiling;

pub use budget::{MemoryBudget, Reservation};
pub use cancel::CancelToken;
pub use context::Context;
pub use executor::{Executor, RunReport};
pub use gathered::GatheredSink;
pub use local::LocalExecutor;
pub use observe::{Observer, Progress, Silent};
pub use sink::{ArraySpec, MemorySink, Sink};
pub use spill::SpillSpace;
