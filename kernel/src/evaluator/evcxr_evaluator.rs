//! The evaluator that compiles cells with evcxr. Evcxr stays on one thread of its own; this side hands it requests and
//! hands on what the running cell puts out.
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use terracube_display::MimeBundle;

use super::child_link::{CellFacts, ChildLink};
use super::evcxr_session::{Ended, EvcxrSession, end_of_word};
use super::hand_over::{QUEUE, hand_over};
use super::kit::Kit;
use super::warm_compiler::WarmCompilers;
use super::{CellError, Completions, Evaluator, Outcome, Output, cell_folder, interrupt, known, losses, stale_folders};
use crate::session::{FrontEnd, ToCells};

/// The name of a session's socket in its folder.
pub(super) const SOCKET_NAME: &str = "side-channel";

/// Compiles cells with evcxr and runs them in a child process.
pub struct EvcxrEvaluator {
    requests: Sender<Request>,
    link: ChildLink,
    compile_folder: PathBuf,
    last_run: Arc<Mutex<Option<Duration>>>,
    /// `None` where they cannot be: cells are then compiled by compilers that start when they are needed.
    _compilers: Option<WarmCompilers>,
    /// A lock on the folder: who tidies temporary folders leaves it alone. `None` where there are no locks.
    _held: Option<std::fs::File>,
    /// Last, so that the folder goes after everything that uses it.
    _folder: tempfile::TempDir,
}

enum Request {
    Execute { code: String, outputs: SyncSender<Output>, outcome: Sender<Outcome> },
    Complete { code: String, offset: usize, answer: Sender<Completions> },
    Inspect { code: String, offset: usize, answer: Sender<Option<MimeBundle>> },
    Variables { answer: Sender<Vec<(String, String)>> },
    Ready { answer: Sender<Result<(), String>> },
    Restart { answer: Sender<Result<(), String>> },
}

impl EvcxrEvaluator {
    /// Starts the evaluator and returns at once; it warms up on its own thread, and the first cell waits for that. Cells
    /// ask the user through `prompt`.
    ///
    /// # Errors
    /// If the session's folder or socket cannot be made.
    pub fn start(kit: Kit, prompt: FrontEnd) -> std::io::Result<Self> {
        let folder = cell_folder::fresh()?;
        let compile_folder = folder.path().join("cells");
        std::fs::create_dir_all(&compile_folder)?;
        // As the system names it, for comparison with the folders of processes.
        let compile_folder = compile_folder.canonicalize()?;
        let nonce = nonce()?;
        // Before there is a socket, so that who finds one that refuses finds the lock too.
        let held = std::fs::File::open(folder.path()).ok().filter(|held| held.lock_shared().is_ok());
        let link = ChildLink::listen(&folder.path().join(SOCKET_NAME), nonce, prompt)?;
        let compilers = WarmCompilers::start(&compile_folder)
            .inspect_err(|error| tracing::debug!(%error, "no compilers wait for cells"));
        let (requests, received) = channel();
        let (session_link, session_folder) = (link.clone(), compile_folder.clone());
        let last_run = Arc::new(Mutex::new(None));
        let session_run = Arc::clone(&last_run);
        std::thread::Builder::new()
            .name("evaluator".into())
            .spawn(move || serve(&kit, &session_link, &session_folder, &session_run, &received))?;
        Ok(Self { requests, link, compile_folder, last_run, _compilers: compilers.ok(), _held: held, _folder: folder })
    }

    /// Waits until the first cell can run.
    ///
    /// # Errors
    /// With a text for the user, if the evaluator could not start.
    pub fn wait_until_ready(&self) -> Result<(), String> {
        self.ask(|answer| Request::Ready { answer }).unwrap_or_else(|| Err(GONE.to_owned()))
    }

    fn ask<T>(&self, request: impl FnOnce(Sender<T>) -> Request) -> Option<T> {
        let (answer, answered) = channel();
        self.requests.send(request(answer)).ok()?;
        answered.recv().ok()
    }
}

impl Evaluator for EvcxrEvaluator {
    fn execute(&mut self, code: &str, output: &mut dyn FnMut(Output)) -> Outcome {
        let (outputs, put_out) = sync_channel(QUEUE);
        let (outcome, ended) = channel();
        let request = Request::Execute { code: code.to_owned(), outputs, outcome };
        if self.requests.send(request).is_err() {
            return Outcome::Failed(gone());
        }
        // The senders are dropped when the cell is over, after everything was sent.
        hand_over(&put_out, output);
        ended.recv().unwrap_or_else(|_| Outcome::Failed(gone()))
    }

    fn interrupter(&self) -> Arc<dyn Fn() + Send + Sync> {
        let (link, compile_folder) = (self.link.clone(), self.compile_folder.clone());
        Arc::new(move || interrupt::interrupt(&link, &compile_folder))
    }

    fn complete(&mut self, code: &str, offset: usize) -> Completions {
        // Names inside strings are known from the values themselves; the analyzer sees only text there.
        let known = Arc::clone(&self.link.lock().known);
        if let Some(found) = known.complete(code, offset) {
            return found;
        }
        self.ask(|answer| Request::Complete { code: code.to_owned(), offset, answer }).unwrap_or_default()
    }

    fn inspect(&mut self, code: &str, offset: usize) -> Option<MimeBundle> {
        let found = self.ask(|answer| Request::Inspect { code: code.to_owned(), offset, answer }).flatten()?;
        // What a variable of the session holds stands below its type.
        Some(match variable_at(code, offset).and_then(|word| self.summary(word)) {
            Some(holds) => known::with_summary(&found, &holds),
            None => found,
        })
    }

    fn variables(&self) -> Vec<(String, String)> {
        self.ask(|answer| Request::Variables { answer }).unwrap_or_default()
    }

    fn summary(&self, variable: &str) -> Option<String> {
        self.link.lock().known.summary(variable).map(str::to_owned)
    }

    fn restart(&mut self) -> Result<(), CellError> {
        let restarted = self.ask(|answer| Request::Restart { answer }).unwrap_or_else(|| Err(GONE.to_owned()));
        restarted.map_err(|error| start_failure(&error))
    }

    fn to_cells(&self) -> Arc<dyn Fn(ToCells) -> bool + Send + Sync> {
        let link = self.link.clone();
        Arc::new(move |message| link.to_cells(&message))
    }

    fn last_run(&self) -> Option<Duration> {
        *self.last_run.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const GONE: &str = "the evaluator has ended; restart the kernel";

fn gone() -> CellError {
    CellError { name: "Error".into(), value: GONE.into(), traceback: Vec::new() }
}

fn start_failure(error: &str) -> CellError {
    let value = error.lines().next().unwrap_or_default().to_owned();
    CellError { name: "Error".into(), value, traceback: error.lines().map(str::to_owned).collect() }
}

/// The evaluator's thread.
fn serve(
    kit: &Kit,
    link: &ChildLink,
    compile_folder: &Path,
    last_run: &Mutex<Option<Duration>>,
    requests: &Receiver<Request>,
) {
    let start = || {
        let session = EvcxrSession::start(kit, link, compile_folder);
        if let Err(error) = &session {
            tracing::error!(%error, "the evaluator did not start");
        }
        session
    };
    let mut session = start();
    if let Some(place) = compile_folder.parent().and_then(Path::parent) {
        let n_removed = stale_folders::sweep(place);
        tracing::debug!(n_removed, "folders of sessions that were killed");
    }
    for request in requests {
        match (request, &mut session) {
            (Request::Execute { code, outputs, outcome }, session) => {
                let ended = match session {
                    Ok(running) => match catch_unwind(AssertUnwindSafe(|| run_cell(running, link, &code, outputs))) {
                        Ok((ended, ran)) => {
                            *last_run.lock().unwrap_or_else(PoisonError::into_inner) = ran;
                            ended
                        }
                        Err(_) => {
                            // The evaluator's own code panicked, so that its state cannot be trusted any more.
                            let lost: Vec<String> = running.variables().into_iter().map(|(name, _)| name).collect();
                            link.end_cell(None);
                            // The old process ends first.
                            *session = Err("restarting".into());
                            *session = start();
                            Outcome::Failed(losses::died("a bug in the evaluator", "", &lost))
                        }
                    },
                    Err(error) => Outcome::Failed(start_failure(error)),
                };
                // Nobody waits any more if the receiver is gone.
                let _ = outcome.send(ended);
            }
            (Request::Restart { answer }, session) => {
                // The old process ends first.
                *session = Err("restarting".into());
                *session = start();
                let _ = answer.send(session.as_ref().map(|_| ()).map_err(Clone::clone));
            }
            (Request::Complete { code, offset, answer }, Ok(session)) => {
                let _ = answer.send(session.complete(&code, offset));
            }
            (Request::Inspect { code, offset, answer }, Ok(session)) => {
                let _ = answer.send(session.inspect(&code, offset));
            }
            (Request::Variables { answer }, Ok(session)) => {
                let _ = answer.send(session.variables());
            }
            (Request::Ready { answer }, session) => {
                let _ = answer.send(session.as_ref().map(|_| ()).map_err(Clone::clone));
            }
            // Dropping the sender answers with nothing.
            (Request::Complete { .. } | Request::Inspect { .. } | Request::Variables { .. }, Err(_)) => {}
        }
    }
}

fn run_cell(
    session: &mut EvcxrSession,
    link: &ChildLink,
    code: &str,
    outputs: SyncSender<Output>,
) -> (Outcome, Option<Duration>) {
    let process = link.lock().process;
    link.begin_cell(Some(outputs.clone()));
    let ended = session.execute(code);
    let (asked_to_stop, killed) = {
        let state = link.lock();
        (state.interrupt_requested.is_some(), state.killed)
    };
    let facts = link.end_cell(matches!(ended, Ended::Died { .. }).then_some(process).flatten());
    let ran = facts.ran.map(|(_, ran)| ran);
    let outcome = match ended {
        Ended::Died { lost, .. } if killed => Outcome::Failed(losses::killed(&lost)),
        Ended::Died { reason, lost } => Outcome::Failed(losses::died(&reason, &facts.last_words, &lost)),
        Ended::NotCompiled(_) if asked_to_stop => Outcome::Failed(interrupted()),
        Ended::NotCompiled(error) => Outcome::Failed(error),
        Ended::Ran { moved, before, after } => match finished(facts, asked_to_stop) {
            Outcome::Failed(mut error) => {
                error.traceback.extend(losses::half_way(code, &before, &after));
                Outcome::Failed(error)
            }
            done => {
                if !moved.is_empty() {
                    let _ = outputs.send(Output::Stderr(moved_note(&moved)));
                }
                done
            }
        },
    };
    (outcome, ran)
}

/// The outcome of a cell whose code ran to an end.
fn finished(facts: CellFacts, asked_to_stop: bool) -> Outcome {
    let failed = facts.unwound || facts.returned_error || facts.not_loaded.is_some();
    if facts.interrupted || asked_to_stop && failed {
        return Outcome::Failed(interrupted());
    }
    let returned = facts.returned_error.then(|| facts.error.unwrap_or_else(|| "the cell returned an error".into()));
    if let Some(text) = facts.not_loaded.or(returned) {
        return Outcome::Failed(CellError {
            name: "Error".into(),
            value: text.lines().next().unwrap_or_default().to_owned(),
            traceback: text.lines().map(str::to_owned).collect(),
        });
    }
    if facts.unwound {
        let (text, place) = facts.panic.unwrap_or_else(|| ("the cell panicked".into(), None));
        let mut traceback: Vec<String> = text.lines().map(str::to_owned).collect();
        // A place in the cell's generated crate means nothing to its author.
        traceback.extend(place.filter(|place| !place.starts_with("src/lib.rs")).map(|place| format!("  at {place}")));
        let value = text.lines().next().unwrap_or_default().to_owned();
        return Outcome::Failed(CellError { name: "Panic".into(), value, traceback });
    }
    Outcome::Done { result: facts.result }
}

fn interrupted() -> CellError {
    CellError {
        name: "Interrupted".into(),
        value: "the cell was interrupted; the variables of earlier cells are kept".into(),
        traceback: Vec::new(),
    }
}

fn moved_note(moved: &[String]) -> String {
    let lines: Vec<String> = moved
        .iter()
        .map(|name| {
            format!(
                "note: `{name}` was moved by this cell and is gone; write `&{name}` or `{name}.clone()` to keep it\n"
            )
        })
        .collect();
    lines.concat()
}

/// The word at a byte offset, where it can be a variable: no method, no field, no part of a path.
fn variable_at(code: &str, offset: usize) -> Option<&str> {
    let code = &code[..end_of_word(code, offset)];
    let word = code.rsplit(|character: char| !character.is_alphanumeric() && character != '_').next()?;
    let before = code[..code.len() - word.len()].trim_end();
    let belongs = before.ends_with("::") || before.ends_with('.') && !before.ends_with("..");
    (!belongs).then_some(word)
}

/// A word that printed text cannot guess.
fn nonce() -> std::io::Result<String> {
    use std::io::Read;
    let mut bytes = [0_u8; 8];
    std::fs::File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_behind_a_point_or_colons_is_no_variable() {
        for (code, expected) in [
            ("mean", Some("mean")),
            ("2.0 * mean", Some("mean")),
            ("0..mean", Some("mean")),
            ("0..=mean", Some("mean")),
            ("Mine { a: mean", Some("mean")),
            ("other.mean", None),
            ("other\n    .mean", None),
            ("other. mean", None),
            ("stats::mean", None),
        ] {
            assert_eq!(variable_at(code, code.len()), expected, "{code}");
        }
        assert_eq!(variable_at("mean.max()", 2), Some("mean"));
    }
}
