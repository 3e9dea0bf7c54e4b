//! Runs the cells one after another and puts what they show into the notebook.
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use nbformat::v4::{Cell, KernelSpec, LanguageInfo, Notebook};
use terracube_display::MimeBundle;

use super::outputs::Outputs;
use super::parameters::{Parameter, ParameterError, inject};
use super::resume::mark;
use crate::evaluator::{CellError, Evaluator, Outcome, Output};
use crate::session::kernel_info::language_info;

/// How long a cell that was asked to stop may take before it is asked again.
const STOP_GRACE: Duration = Duration::from_secs(10);
/// How often the notebook is handed over while it runs.
const SAVE_EVERY: Duration = Duration::from_secs(2);
/// A cell with this tag may fail, as in nbclient; the run goes on.
const MAY_FAIL: &str = "raises-exception";

/// Choices for a run.
#[derive(Debug, Clone, Default)]
pub struct RunOptions {
    /// Values for the notebook's parameters.
    pub parameters: Vec<Parameter>,
    /// How long one cell may take; without it as long as it likes.
    pub cell_timeout: Option<Duration>,
    /// How long the notebook may take; without it as long as it likes.
    pub timeout: Option<Duration>,
    /// The memory that computations may hold, as `%budget` takes it; without it what is free.
    pub budget: Option<String>,
}

/// What a run tells while it goes on. Cells are counted from 1, among the code cells that are not empty.
#[derive(Debug, Clone)]
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
    /// A cell put something out.
    Output(&'a Output),
    /// The notebook with the outputs of the cells that have run, to be kept in case that the run does not end by itself.
    Notebook(&'a Notebook),
    /// A cell ended.
    Ended {
        /// Which.
        cell: usize,
        /// Of how many.
        n_cells: usize,
        /// How long it took.
        elapsed: Duration,
        /// Its id.
        id: &'a str,
        /// Its first line that is not empty.
        first_line: &'a str,
        /// What it failed with.
        error: Option<&'a CellError>,
        /// Whether it may fail.
        may_fail: bool,
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
    mark(notebook, false);
    let code_cells = clear(notebook);
    if let Some(amount) = &options.budget {
        // An amount that is none fails in the first cell that computes; the command line has looked at it before.
        evaluator.execute(&format!("%budget {amount}"), &mut |_| {});
    }
    let deadline = options.timeout.map(|timeout| Instant::now() + timeout);
    let mut saved = Instant::now();
    let mut outputs = Outputs::default();
    let mut failure = None;
    for (number, &cell_index) in code_cells.iter().enumerate() {
        let cell = &notebook.cells[cell_index];
        let source = cell.source().concat();
        let first_line = source.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
        let (number, n_cells) = (number + 1, code_cells.len());
        progress(Progress::Started { cell: number, n_cells, first_line });
        let start = Instant::now();
        let limit = Limit::of(options, deadline);
        outputs.begin_cell();
        let ended = run_cell(&source, evaluator, limit.as_ref(), &mut |output| {
            progress(Progress::Output(&output));
            outputs.push(output);
        });
        let error = match ended {
            Ok(Some(bundle)) => {
                outputs.result(&bundle, number);
                None
            }
            Ok(None) => None,
            Err(error) => {
                outputs.error(error.clone());
                Some(error)
            }
        };
        let (id, may_fail) = (cell.id().to_string(), may_fail(cell));
        let elapsed = start.elapsed();
        progress(Progress::Ended {
            cell: number,
            n_cells,
            elapsed,
            id: &id,
            first_line,
            error: error.as_ref(),
            may_fail,
        });
        if let Cell::Code { execution_count, .. } = &mut notebook.cells[cell_index] {
            *execution_count = i32::try_from(number).ok();
        }
        // The time is over for all cells: none may fail of that and go on.
        let time_is_over = deadline.is_some_and(|deadline| Instant::now() >= deadline);
        if let Some(error) = error.filter(|_| !may_fail || time_is_over) {
            failure = Some(Failure { cell_index, cell_id: id, first_line: first_line.to_owned(), error });
            break;
        }
        if saved.elapsed() >= SAVE_EVERY {
            saved = Instant::now();
            fill(notebook, &code_cells, &outputs);
            progress(Progress::Notebook(notebook));
        }
    }
    fill(notebook, &code_cells, &outputs);
    mark(notebook, failure.is_none());
    Ok(failure)
}

/// Whether a cell is tagged as one that may fail.
pub(super) fn may_fail(cell: &Cell) -> bool {
    cell.metadata().tags.iter().flatten().any(|tag| tag == MAY_FAIL)
}

/// Puts the outputs of the cells that ran into the notebook.
fn fill(notebook: &mut Notebook, code_cells: &[usize], outputs: &Outputs) {
    for (&cell_index, shown) in code_cells.iter().zip(outputs.by_cell()) {
        if let Cell::Code { outputs, .. } = &mut notebook.cells[cell_index] {
            *outputs = shown;
        }
    }
}

/// How long a cell may take, and what is said when it takes longer.
struct Limit {
    time: Duration,
    reason: String,
}

impl Limit {
    /// The nearer of the two limits of a cell that starts now.
    fn of(options: &RunOptions, deadline: Option<Instant>) -> Option<Self> {
        let cell = options.cell_timeout.map(|time| Self {
            time,
            reason: format!("the cell ran longer than {} s and was stopped", time.as_secs_f64()),
        });
        let whole = deadline.zip(options.timeout).map(|(deadline, timeout)| Self {
            time: deadline.saturating_duration_since(Instant::now()),
            reason: format!("the notebook ran longer than {} s and was stopped in this cell", timeout.as_secs_f64()),
        });
        cell.into_iter().chain(whole).min_by_key(|limit| limit.time)
    }
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
    evaluator: &mut dyn Evaluator,
    limit: Option<&Limit>,
    output: &mut dyn FnMut(Output),
) -> Result<Option<MimeBundle>, CellError> {
    if let Some(limit) = limit.filter(|limit| limit.time.is_zero()) {
        let value = limit.reason.clone();
        return Err(CellError { name: "Timeout".to_owned(), traceback: vec![format!("Timeout: {value}")], value });
    }
    let interrupter = evaluator.interrupter();
    let timed_out = AtomicBool::new(false);
    let outcome = std::thread::scope(|scope| {
        let (done, ended) = channel::<()>();
        if let Some(limit) = limit {
            let timed_out = &timed_out;
            scope.spawn(move || {
                let mut limit = limit.time;
                while let Err(RecvTimeoutError::Timeout) = ended.recv_timeout(limit) {
                    timed_out.store(true, Ordering::Release);
                    interrupter();
                    limit = STOP_GRACE;
                }
            });
        }
        let outcome = evaluator.execute(source, output);
        drop(done);
        outcome
    });
    match outcome {
        Outcome::Done { result } => Ok(result),
        Outcome::Failed(mut error) => {
            if let (true, Some(limit)) = (timed_out.load(Ordering::Acquire), limit) {
                error.name = "Timeout".to_owned();
                error.value.clone_from(&limit.reason);
                error.traceback.insert(0, format!("{}: {}", error.name, error.value));
            }
            Err(error)
        }
    }
}
