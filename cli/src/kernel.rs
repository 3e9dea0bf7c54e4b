//! `terracube kernel`: what Jupyter starts.
use terracube_kernel::{KernelOptions, serve_file};

use crate::arguments::KernelArguments;
use crate::evaluator;
use crate::failure::Failure;

/// Serves until Jupyter asks for the end.
pub(crate) fn kernel(arguments: &KernelArguments) -> Result<(), Failure> {
    let options = KernelOptions { history_file: arguments.history.clone(), handle_signals: true };
    serve_file(&arguments.connection_file, options, evaluator::starter()).map(drop).map_err(Failure::new)
}
