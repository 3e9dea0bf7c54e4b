//! `terracube run`: notebooks without a front end.
use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use terracube::cube::MemoryBudget;
use terracube_kernel::headless::{
    self, CellReport, Notebook, NotebookReport, Parameter, ParameterError, Progress, RunOptions, Status,
};

use crate::arguments::RunArguments;
use crate::evaluator;
use crate::failure::Failure;
use crate::pdf::{self, Browser};
use crate::run_progress::Teller;

/// Signals after which the process ends at once, with the notebooks unwritten.
const PATIENCE: u8 = 3;
/// The exit code of a process that a user stopped (128 + SIGINT).
const STOPPED: i32 = 130;

type Interrupter = Arc<dyn Fn() + Send + Sync>;

/// Runs notebooks and writes them, with the error's output where a cell fails.
pub(crate) fn run(arguments: &RunArguments) -> Result<(), Failure> {
    let parameters = parameters(arguments).map_err(Failure::usage)?;
    if arguments.check {
        return check(&arguments.notebooks, &parameters);
    }
    let jobs = jobs(arguments)?;
    // Before anything runs: a printer that is missing should not show after an hour.
    let browser = if arguments.pdf { Some(Browser::find()?) } else { None };
    let options = RunOptions {
        parameters,
        cell_timeout: arguments.cell_timeout,
        timeout: arguments.timeout,
        budget: share_of_budget(arguments)?,
    };
    if let Some(folder) = &arguments.output_dir {
        std::fs::create_dir_all(folder).map_err(|error| Failure::new(format!("{}: {error}", folder.display())))?;
    }
    let stop = Arc::new(Stop::default());
    stop.on_signals()?;
    let teller = Teller::new(arguments.quiet, arguments.log_output, jobs.len() > 1);
    let run = Run { arguments, options: &options, stop: &stop, teller: &teller, browser: browser.as_ref() };
    let done = run_all(jobs, &run);
    drop(teller);
    let (reports, failures): (Vec<NotebookReport>, Vec<Option<Failure>>) = done.into_iter().unzip();
    for (file, text) in
        [(&arguments.report, headless::json_report(&reports)), (&arguments.junit, headless::junit_report(&reports))]
    {
        if let Some(file) = file {
            std::fs::write(file, text).map_err(|error| Failure::new(format!("{}: {error}", file.display())))?;
        }
    }
    let n_notebooks = failures.len();
    let mut failures: Vec<Failure> = failures.into_iter().flatten().collect();
    match failures.len() {
        0 => Ok(()),
        1 if n_notebooks == 1 => Err(failures.remove(0)),
        n => {
            let texts: Vec<String> = failures.iter().map(ToString::to_string).collect();
            Err(Failure::new(format!("{n} of {n_notebooks} notebooks failed\n{}", texts.concat())))
        }
    }
}

/// What all notebooks of a run have in common.
struct Run<'a> {
    arguments: &'a RunArguments,
    options: &'a RunOptions,
    stop: &'a Stop,
    teller: &'a Teller,
    browser: Option<&'a Browser>,
}

/// A notebook and where it goes.
struct Job {
    number: usize,
    notebook: PathBuf,
    output: PathBuf,
}

fn jobs(arguments: &RunArguments) -> Result<Vec<Job>, Failure> {
    if arguments.notebooks.len() > 1 && arguments.output_dir.is_none() {
        return Err(Failure::usage("several notebooks need a folder to be written to")
            .hint("use --output-dir in the place of -o"));
    }
    let mut jobs: Vec<Job> = Vec::new();
    for (number, notebook) in arguments.notebooks.iter().enumerate() {
        let output = match (&arguments.output, &arguments.output_dir) {
            (Some(output), _) => output.clone(),
            (None, folder) => folder.clone().unwrap_or_default().join(notebook.file_name().unwrap_or_default()),
        };
        if let Some(other) = jobs.iter().find(|job| job.output == output) {
            let (one, two) = (other.notebook.display(), notebook.display());
            return Err(Failure::usage(format!("{one} and {two} would both be written to {}", output.display())));
        }
        jobs.push(Job { number, notebook: notebook.clone(), output });
    }
    Ok(jobs)
}

/// What one of the notebooks that run at a time gets of the budget.
fn share_of_budget(arguments: &RunArguments) -> Result<Option<String>, Failure> {
    let Some(amount) = &arguments.budget else { return Ok(None) };
    let whole = MemoryBudget::parse(amount).map_err(|error| Failure::of(&error))?.limit();
    let at_a_time = u64::from(arguments.jobs).min(arguments.notebooks.len() as u64);
    Ok(Some((whole / at_a_time.max(1)).to_string()))
}

fn parameters(arguments: &RunArguments) -> Result<Vec<Parameter>, ParameterError> {
    let typed = arguments.parameters.iter().map(|text| Parameter::parse(text));
    typed.chain(arguments.raw_parameters.iter().map(|text| Parameter::parse_text(text))).collect()
}

/// What stops running notebooks.
#[derive(Default)]
struct Stop {
    n_signals: AtomicU8,
    running: Mutex<Vec<(usize, Interrupter)>>,
}

impl Stop {
    /// Ctrl-C and SIGTERM stop the running cells, so that their notebooks are still written, and no other is begun.
    fn on_signals(self: &Arc<Self>) -> Result<(), Failure> {
        let stop = Arc::clone(self);
        let handler = move || {
            if stop.n_signals.fetch_add(1, Ordering::Relaxed) + 1 >= PATIENCE {
                std::process::exit(STOPPED);
            }
            stop.running().iter().for_each(|(_, interrupt)| interrupt());
        };
        ctrlc::set_handler(handler).map_err(|error| Failure::new(format!("cannot listen to Ctrl-C: {error}")))
    }

    fn is_requested(&self) -> bool {
        self.n_signals.load(Ordering::Relaxed) > 0
    }

    fn running(&self) -> MutexGuard<'_, Vec<(usize, Interrupter)>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Runs the notebooks, some at a time; in the order of the command line, what became of each.
fn run_all(jobs: Vec<Job>, run: &Run<'_>) -> Vec<(NotebookReport, Option<Failure>)> {
    let n_threads = usize::from(run.arguments.jobs).min(jobs.len());
    let waiting = Mutex::new(VecDeque::from(jobs));
    let done = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..n_threads {
            scope.spawn(|| {
                loop {
                    let Some(job) = waiting.lock().unwrap_or_else(PoisonError::into_inner).pop_front() else { return };
                    let result = one(&job, run);
                    done.lock().unwrap_or_else(PoisonError::into_inner).push((job.number, result));
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(number, _)| *number);
    done.into_iter().map(|(_, result)| result).collect()
}

fn one(job: &Job, run: &Run<'_>) -> (NotebookReport, Option<Failure>) {
    let start = Instant::now();
    let mut report = NotebookReport {
        notebook: job.notebook.display().to_string(),
        output: job.output.display().to_string(),
        status: Status::Passed,
        message: String::new(),
        elapsed: start.elapsed(),
        cells: Vec::new(),
    };
    let ended = execute(job, run, &mut report.cells);
    report.elapsed = start.elapsed();
    let failure = match ended {
        Ok(Ended::Well) => None,
        Ok(Ended::Skipped) => {
            report.status = Status::Skipped;
            run.teller.skipped(&job.notebook);
            None
        }
        Ok(Ended::Failed(failure)) => {
            report.status = Status::Failed;
            Some(failure)
        }
        Err(failure) => {
            report.status = Status::Error;
            Some(failure)
        }
    };
    report.message = failure.as_ref().map(|failure| failure.to_string()).unwrap_or_default();
    (report, failure)
}

enum Ended {
    Well,
    Skipped,
    Failed(Failure),
}

fn execute(job: &Job, run: &Run<'_>, cells: &mut Vec<CellReport>) -> Result<Ended, Failure> {
    let Run { arguments, options, stop, teller, .. } = *run;
    let mut notebook = headless::read(&job.notebook).map_err(Failure::new)?;
    if arguments.resume
        && let Ok(before) = headless::read(&job.output)
        && headless::is_done(&notebook, &before, &options.parameters).map_err(Failure::usage)?
    {
        return Ok(Ended::Skipped);
    }
    if stop.is_requested() {
        return Err(Failure::new(format!("{} was not begun: the run was interrupted", job.notebook.display())));
    }
    let mut evaluator = evaluator::start(terracube_kernel::FrontEnd::refusing()).map_err(Failure::new)?;
    stop.running().push((job.number, evaluator.interrupter()));
    let line = teller.notebook(&job.notebook);
    let mut progress = |progress: Progress<'_>| {
        line.tell(&progress);
        match progress {
            Progress::Ended { cell, elapsed, id, first_line, error, may_fail, .. } => cells.push(CellReport {
                number: cell,
                id: id.to_owned(),
                first_line: first_line.to_owned(),
                elapsed,
                error: error.map(|error| (error.name.clone(), error.value.clone(), error.traceback.join("\n"))),
                may_fail,
            }),
            // What cannot be written now is told at the end.
            Progress::Notebook(so_far) => drop(headless::write(so_far, &job.output)),
            _ => {}
        }
    };
    let ended = headless::run(&mut notebook, evaluator.as_mut(), options, &mut progress).map_err(Failure::usage);
    stop.running().retain(|(number, _)| *number != job.number);
    let failure = ended?;
    headless::write(&notebook, &job.output).map_err(Failure::new)?;
    let pages = write_pages(&notebook, job, run);
    match failure {
        None => pages.map(|()| Ended::Well),
        // The cell first: a page is the lesser loss.
        Some(failure) => {
            let is_one_of_several = arguments.notebooks.len() > 1;
            Ok(Ended::Failed(describe(&failure, &notebook, job, is_one_of_several, pages.err())))
        }
    }
}

/// Writes what else is wanted of a notebook beside it.
fn write_pages(notebook: &Notebook, job: &Job, run: &Run<'_>) -> Result<(), Failure> {
    let title = job.notebook.file_stem().unwrap_or_default().to_string_lossy();
    if run.arguments.html {
        let page = job.output.with_extension("html");
        std::fs::write(&page, headless::html(notebook, &title))
            .map_err(|error| Failure::new(format!("{}: {error}", page.display())))?;
    }
    if let Some(browser) = run.browser {
        let (page, target) = (headless::html(notebook, &title), job.output.with_extension("pdf"));
        browser.print(&page, &target, pdf::PATIENCE, &|| run.stop.is_requested())?;
    }
    Ok(())
}

fn describe(
    failure: &headless::Failure,
    notebook: &Notebook,
    job: &Job,
    is_one_of_several: bool,
    also: Option<Failure>,
) -> Failure {
    let headless::Failure { cell_index, cell_id, first_line, error } = failure;
    let name = if is_one_of_several { format!("{}: ", job.notebook.display()) } else { String::new() };
    let mut message = format!(
        "{name}cell {} of {} (id `{cell_id}`) failed: {}: {}\n    {first_line}",
        cell_index + 1,
        notebook.cells.len(),
        error.name,
        error.value,
    );
    // A traceback of one line only says the same again.
    if error.traceback.iter().any(|line| *line != error.value) {
        message = format!("{message}\n{}", error.traceback.join("\n"));
    }
    if let Some(also) = also {
        message = format!("{message}\n{also}");
    }
    Failure::new(message).hint(format!("{} holds the outputs up to the error", job.output.display()))
}

/// Looks the notebooks over without running them.
fn check(notebooks: &[PathBuf], parameters: &[Parameter]) -> Result<(), Failure> {
    let mut problems = Vec::new();
    let mut n_cells = 0;
    for path in notebooks {
        match check_one(path, parameters) {
            Ok((cells, found)) => {
                n_cells += cells;
                problems.extend(found);
            }
            Err(problem) => problems.push(problem),
        }
    }
    if problems.is_empty() {
        let text = format!("{} notebook(s) with {n_cells} cells can be run\n", notebooks.len());
        drop(std::io::Write::write_all(&mut std::io::stdout(), text.as_bytes())); // they can, even if nobody listens
        return Ok(());
    }
    Err(Failure::new(problems.join("\n")))
}

fn check_one(path: &Path, parameters: &[Parameter]) -> Result<(usize, Vec<String>), String> {
    let mut notebook = headless::read(path).map_err(|error| error.to_string())?;
    let (n_cells, suspects) =
        headless::check(&mut notebook, parameters).map_err(|error| format!("{}: {error}", path.display()))?;
    let line = |suspect: &headless::Suspect| {
        format!("{}: cell {}: {}\n    {}", path.display(), suspect.cell_index + 1, suspect.reason, suspect.first_line)
    };
    Ok((n_cells, suspects.iter().map(line).collect()))
}
