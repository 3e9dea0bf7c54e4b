//! What the kernel asks of the thing that runs cells. The protocol side and the headless runner know only this file.
mod cell_error;
pub mod cell_folder;
mod child_link;
mod comm_frames;
mod compile_errors;
mod compiler;
mod compiler_wire;
mod deleted;
mod display_frames;
mod evcxr_evaluator;
mod evcxr_session;
mod hand_over;
pub mod install;
mod interrupt;
mod kit;
mod known;
pub(crate) mod limits;
mod losses;
mod output_parser;
mod rust_source;
mod stale_folders;
pub mod stubs;
mod syntax;
pub mod toolchain;
mod warm_compiler;
pub mod wire;

use std::sync::Arc;

use terracube_display::MimeBundle;

use crate::session::ToCells;

pub use cell_error::CellError;
pub use evcxr_evaluator::EvcxrEvaluator;
pub use kit::{Kit, KitError};

/// Something a running cell put out, in the order in which it was written.
#[derive(Debug, Clone)]
pub enum Output {
    /// Text on standard output.
    Stdout(String),
    /// Text on standard error.
    Stderr(String),
    /// A display. With `update` it replaces the earlier display of the same `display_id`.
    Display {
        /// The representations.
        bundle: MimeBundle,
        /// Names the display so that it can be updated.
        display_id: Option<String>,
        /// Whether it replaces an earlier display.
        update: bool,
    },
    /// Clears the cell's output; with `wait`, only when the next output arrives.
    Clear {
        /// Wait for the next output.
        wait: bool,
    },
}

/// How a cell ended.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// The cell ran; `result` is the display of its last expression, if it has one.
    Done {
        /// The display of the last expression.
        result: Option<MimeBundle>,
    },
    /// The cell failed; variables of earlier cells are alive unless the error says otherwise.
    Failed(CellError),
}

/// What completion found: candidates for the text between two character positions.
#[derive(Debug, Clone, Default)]
pub struct Completions {
    /// Candidates, best first.
    pub matches: Vec<String>,
    /// Byte offset in the code where the replaced text starts.
    pub start: usize,
    /// Byte offset where it ends.
    pub end: usize,
}

/// Runs cells. One at a time; `execute` blocks its own thread, `interrupter` works from any other.
pub trait Evaluator: Send {
    /// Runs one cell and hands over its outputs as they come; when it returns every output was handed over.
    fn execute(&mut self, code: &str, output: &mut dyn FnMut(Output)) -> Outcome;
    /// A handle that asks the running cell to stop. Harmless when no cell runs.
    fn interrupter(&self) -> Arc<dyn Fn() + Send + Sync>;
    /// Completion candidates at a byte offset.
    fn complete(&mut self, code: &str, offset: usize) -> Completions;
    /// Documentation of what stands at a byte offset; `None` if nothing is known.
    fn inspect(&mut self, code: &str, offset: usize) -> Option<MimeBundle>;
    /// Names and types of the session's variables.
    fn variables(&self) -> Vec<(String, String)>;
    /// What a variable holds, in one line; `None` if nothing is known beyond its type.
    fn summary(&self, _variable: &str) -> Option<String> {
        None
    }
    /// A fresh session in the place of this one; variables are gone.
    ///
    /// # Errors
    /// If this evaluator cannot, or the new session does not start.
    fn restart(&mut self) -> Result<(), CellError> {
        let value = "this evaluator cannot restart; restart the kernel".to_owned();
        Err(CellError { name: "Error".into(), traceback: vec![value.clone()], value })
    }
    /// A handle that takes what front ends do with comms to the process that runs cells; it returns `false` if nobody
    /// there listens. Works from any thread.
    fn to_cells(&self) -> Arc<dyn Fn(ToCells) -> bool + Send + Sync> {
        Arc::new(|_| false)
    }
    /// How long the last cell's own code ran, without analysis and compilation; `None` if that is not known.
    fn last_run(&self) -> Option<std::time::Duration> {
        None
    }
}
