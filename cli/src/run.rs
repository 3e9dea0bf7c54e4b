//! `terracube run`: a notebook without a front end.
use std::io::{self, Write as _};
use std::sync::atomic::{AtomicU8, Ordering};

use terracube_kernel::headless::{self, Notebook, Parameter, ParameterError, Progress, RunOptions};

use crate::arguments::RunArguments;
use crate::evaluator;
use crate::failure::Failure;

/// Signals after which the process ends at once, with the notebook unwritten.
const PATIENCE: u8 = 3;
/// The exit code of a process that a user stopped (128 + SIGINT).
const STOPPED: i32 = 130;
/// Characters of a cell's first line that progress shows.
const LINE_WIDTH: usize = 80;

/// Runs a notebook and writes it, with the error's output if a cell fails.
pub(crate) fn run(arguments: &RunArguments) -> Result<(), Failure> {
    let parameters = parameters(arguments).map_err(Failure::usage)?;
    let options = RunOptions { parameters, cell_timeout: arguments.cell_timeout };
    let mut notebook = headless::read(&arguments.notebook).map_err(Failure::new)?;
    let mut evaluator = evaluator::start(terracube_kernel::InputPrompt::refusing()).map_err(Failure::new)?;
    stop_on_signals(evaluator.interrupter())?;
    let quiet = arguments.quiet;
    let mut progress = |progress: Progress<'_>| tell(&progress, quiet);
    let failure = headless::run(&mut notebook, evaluator.as_mut(), &options, &mut progress).map_err(Failure::usage)?;
    headless::write(&notebook, &arguments.output).map_err(Failure::new)?;
    match failure {
        None => Ok(()),
        Some(failure) => Err(describe(&failure, &notebook, arguments)),
    }
}

fn parameters(arguments: &RunArguments) -> Result<Vec<Parameter>, ParameterError> {
    let typed = arguments.parameters.iter().map(|text| Parameter::parse(text));
    typed.chain(arguments.raw_parameters.iter().map(|text| Parameter::parse_text(text))).collect()
}

/// Ctrl-C and SIGTERM stop the running cell, so that the notebook is still written.
fn stop_on_signals(interrupt: std::sync::Arc<dyn Fn() + Send + Sync>) -> Result<(), Failure> {
    let n_signals = AtomicU8::new(0);
    let handler = move || {
        if n_signals.fetch_add(1, Ordering::Relaxed) + 1 >= PATIENCE {
            std::process::exit(STOPPED);
        }
        interrupt();
    };
    ctrlc::set_handler(handler).map_err(|error| Failure::new(format!("cannot listen to Ctrl-C: {error}")))
}

fn tell(progress: &Progress<'_>, quiet: bool) {
    let mut stderr = io::stderr().lock();
    let written = match progress {
        Progress::UnknownParameter(name) => {
            writeln!(stderr, "warning: the notebook's `parameters` cell has no `{name}`; it is set all the same")
        }
        _ if quiet => Ok(()),
        Progress::Started { cell, n_cells, first_line } => {
            let line: String = first_line.chars().take(LINE_WIDTH).collect();
            write!(stderr, "[{cell}/{n_cells}] {line} ").and_then(|()| stderr.flush())
        }
        Progress::Ended { elapsed, failed, .. } => {
            writeln!(stderr, "... {}{:.2} s", if *failed { "failed after " } else { "" }, elapsed.as_secs_f64())
        }
    };
    drop(written); // a closed standard error must not end the run
}

fn describe(failure: &headless::Failure, notebook: &Notebook, arguments: &RunArguments) -> Failure {
    let headless::Failure { cell_index, cell_id, first_line, error } = failure;
    let mut message = format!(
        "cell {} of {} (id `{cell_id}`) failed: {}: {}\n    {first_line}",
        cell_index + 1,
        notebook.cells.len(),
        error.name,
        error.value,
    );
    // A traceback of one line only says the same again.
    if error.traceback.iter().any(|line| *line != error.value) {
        message = format!("{message}\n{}", error.traceback.join("\n"));
    }
    Failure::new(message).hint(format!("{} holds the outputs up to the error", arguments.output.display()))
}
