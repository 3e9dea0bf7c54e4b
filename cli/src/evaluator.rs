//! What runs the cells.
use terracube_kernel::evaluator::{Evaluator, EvcxrEvaluator, Kit};
use terracube_kernel::{FrontEnd, Starter, WithMagics};

/// Starts the evaluator and waits until the first cell can run. Cells ask the user through `prompt`.
///
/// # Errors
/// With a text for the user, if there is nothing to compile cells against or the evaluator cannot start.
pub(crate) fn start(prompt: FrontEnd) -> Result<Box<dyn Evaluator>, String> {
    let kit = Kit::find().map_err(|error| error.to_string())?;
    let evaluator = EvcxrEvaluator::start(kit, prompt).map_err(|error| error.to_string())?;
    evaluator.wait_until_ready()?;
    Ok(Box::new(WithMagics::new(Box::new(evaluator))))
}

/// The same for the kernel, which has a user to ask.
pub(crate) fn starter() -> Starter {
    Box::new(start)
}
