//! Runs the cells one after another and puts what they show into the notebook.
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use nbformat::v4::{Cell, KernelSpec, LanguageInfo, Notebook};

use super::outputs::Outputs;
use super::parameters::{Parameter, ParameterError, inject};
use crate::evaluator::{CellError, Evaluator, Outcome};
use crate::session::kernel_info::language_info;

/// How long a cell that was asked to stop may take before it is asked again.
const STOP_GRACE: Duration = Duration::from_secs(10);
/// A cell with this tag may fail, as in nbclient; the run goes on.
const MAY_FAIL: &str = "raises-exception";

/// Choices for a run.
#[derive(Debug, Clone, Default)]
pub struct RunOptions {
    /// Values for the notebook's parameters.
    pub parameters: Vec<Parameter>,
    /// How long one cell may take; without it as long as it likes.
    pub cell_timeout: Option<Duration>,
}

/// What a run tells while it goes on. Cells are counted from 1, among the code cells that are not empty.
#[derive(Debug, Clone, PartialEq)]
pub enum Progress<'a> {
    /// The notebook has no default for a parameter of this name.
    UnknownParameter(&'a str),
    /// A cell starts.
    Started {
        /// Which.
        cell: usize,
        /// Of how many.
        n_cells: usize,
        /// Its first line that is not empty.
        first_line: &'a str,
    },
    /// A cell ended.
    Ended {
        /// Which.
        cell: usize,
        /// Of how many.
        n_cells: usize,
        /// How long it took.
        elapsed: Duration,
        /// Whether it failed.
        failed: bool,
    },
}

/// The cell at which a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Its position among all cells of the written notebook, from 0.
    pub cell_index: usize,
    /// Its id.
    pub cell_id: String,
    /// Its first line that is not empty.
    pub first_line: String,
    /// What it failed with; the same stands in its output.
    pub error: CellError,
}

/// Runs all code cells in order, until one fails. Outputs and execution counts of all cells are replaced; those of cells
/// behind a failure are empty.
///
/// # Errors
/// If a parameter does not fit; then nothing was run. A failing cell is no error of this function but its value.
pub fn run(
    notebook: &mut Notebook,
    evaluator: &mut dyn Evaluator,
    options: &RunOptions,
    progress: &mut dyn FnMut(Progress<'_>),
) -> Result<Option<Failure>, ParameterError> {
    for name in inject(notebook, &options.parameters)? {
        progress(Progress::UnknownParameter(&name));
    }
    describe(notebook);
    let code_cells = clear(notebook);
    let mut outputs = Outputs::default();
    let mut failure = None;
    for (number, &cell_index) in code_cells.iter().enumerate() {
        let cell = &mut notebook.cells[cell_index];
        let source = cell.source().concat();
        let first_line = source.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
        let (number, n_cells) = (number + 1, code_cells.len());
        progress(Progress::Started { cell: number, n_cells, first_line });
        let start = Instant::now();
        let error = run_cell(&source, number, evaluator, options.cell_timeout, &mut outputs);
        progress(Progress::Ended { cell: number, n_cells, elapsed: start.elapsed(), failed: error.is_some() });
        if let Cell::Code { execution_count, .. } = cell {
            *execution_count = i32::try_from(number).ok();
        }
        let may_fail = cell.metadata().tags.iter().flatten().any(|tag| tag == MAY_FAIL);
        if let (Some(error), false) = (error, may_fail) {
            let (cell_id, first_line) = (cell.id().to_string(), first_line.to_owned());
            failure = Some(Failure { cell_index, cell_id, first_line, error });
            break;
        }
    }
    for (&cell_index, shown) in code_cells.iter().zip(outputs.finish()) {
        if let Cell::Code { outputs, .. } = &mut notebook.cells[cell_index] {
            *outputs = shown;
        }
    }
    Ok(failure)
}

/// Which kernel and language the notebook is for, as a front end would record it.
fn describe(notebook: &mut Notebook) {
    let metadata = &mut notebook.metadata;
    metadata.kernelspec.get_or_insert_with(|| KernelSpec {
        display_name: "Terracube".to_owned(),
        name: "terracube".to_owned(),
        language: Some("rust".to_owned()),
        additional: Default::default(),
    });
    let info = serde_json::to_value(language_info()).and_then(serde_json::from_value::<LanguageInfo>);
    metadata.language_info = info.ok();
}

/// Empties every code cell's output; returns the positions of those that have something to run.
fn clear(notebook: &mut Notebook) -> Vec<usize> {
    let mut code_cells = Vec::new();
    for (index, cell) in notebook.cells.iter_mut().enumerate() {
        let Cell::Code { execution_count, outputs, source, .. } = cell else { continue };
        *execution_count = None;
        outputs.clear();
        if source.iter().any(|line| !line.trim().is_empty()) {
            code_cells.push(index);
        }
    }
    code_cells
}

fn run_cell(
    source: &str,
    count: usize,
    evaluator: &mut dyn Evaluator,
    timeout: Option<Duration>,
    outputs: &mut Outputs,
) -> Option<CellError> {
    outputs.begin_cell();
    let interrupter = evaluator.interrupter();
    let timed_out = AtomicBool::new(false);
    let outcome = std::thread::scope(|scope| {
        let (done, ended) = channel::<()>();
        if let Some(timeout) = timeout {
            let timed_out = &timed_out;
            scope.spawn(move || {
                let mut limit = timeout;
                while let Err(RecvTimeoutError::Timeout) = ended.recv_timeout(limit) {
                    timed_out.store(true, Ordering::Release);
                    interrupter();
                    limit = STOP_GRACE;
                }
            });
        }
        let outcome = evaluator.execute(source, &mut |output| outputs.push(output));
        drop(done);
        outcome
    });
    match outcome {
        Outcome::Done { result } => {
            if let Some(bundle) = &result {
                outputs.result(bundle, count);
            }
            None
        }
        Outcome::Failed(mut error) => {
            if let (true, Some(timeout)) = (timed_out.load(Ordering::Acquire), timeout) {
                error.name = "Timeout".to_owned();
                error.value = format!("the cell ran longer than {} s and was stopped", timeout.as_secs_f64());
                error.traceback.insert(0, format!("{}: {}", error.name, error.value));
            }
            outputs.error(error.clone());
            Some(error)
        }
    }
}
