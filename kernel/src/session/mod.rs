//! One session of a notebook: a loop over a closed enum of events, the evaluator on its own thread.
mod comms;
mod completeness;
pub(crate) mod event;
mod event_loop;
mod execute;
mod front_end;
mod history;
pub(crate) mod kernel_info;
mod queries;
mod replies;
mod serve;
mod signals;
mod worker;

pub(crate) use completeness::{Completeness, completeness, without_commands};
pub use front_end::{FromCells, FrontEnd, ToCells};
pub use serve::{Ended, KernelError, KernelOptions, serve, serve_file};
pub use worker::Starter;
