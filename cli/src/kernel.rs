//! `terracube kernel`: what Jupyter starts.
use std::path::PathBuf;

use terracube_kernel::evaluator::install::user_folder;
use terracube_kernel::{KernelOptions, serve_file};

use crate::arguments::KernelArguments;
use crate::evaluator;
use crate::failure::Failure;

/// Serves until Jupyter asks for the end.
pub(crate) fn kernel(arguments: &KernelArguments) -> Result<(), Failure> {
    let options = KernelOptions { history_file: history_file(arguments), handle_signals: true };
    serve_file(&arguments.connection_file, options, evaluator::starter()).map(drop).map_err(Failure::new)
}

/// Where the history is kept: `none` keeps it nowhere.
fn history_file(arguments: &KernelArguments) -> Option<PathBuf> {
    match &arguments.history {
        Some(path) if path.as_os_str() == "none" => None,
        Some(path) => Some(path.clone()),
        // Beside the user's kit.
        None => Some(user_folder()?.parent()?.join("history.jsonl")),
    }
}
