//! Runs a notebook file without a front end: same evaluator, same outputs, no sockets.
//!
//! [`read`] a notebook, [`run`] it, [`write()`] it: the caller writes the notebook whether or not a cell failed, so that the
//! error stands in it. What is read is any notebook of format 3 or 4; what is written is format 4.5.
mod file;
mod outputs;
mod parameters;
mod runner;

pub use file::{NotebookFileError, read, write};
pub use nbformat::v4::Notebook;
pub use parameters::{Parameter, ParameterError};
pub use runner::{Failure, Progress, RunOptions, run};
