//! Runs a notebook file without a front end: same evaluator, same outputs, no sockets.
//!
//! [`read`] a notebook, [`run`] it, [`write()`] it: the caller writes the notebook whether or not a cell failed, so that the
//! error stands in it. What is read is any notebook of format 3 or 4; what is written is format 4.5.
mod check;
mod file;
mod html;
mod outputs;
mod parameters;
mod report;
mod resume;
mod runner;

pub use check::{Suspect, check};
pub use file::{NotebookFileError, read, write};
pub use html::html;
pub use nbformat::v4::Notebook;
pub use parameters::{Parameter, ParameterError};
pub use report::{CellReport, NotebookReport, Status, json_report, junit_report};
pub use resume::is_done;
pub use runner::{Failure, Progress, RunOptions, run};
