//! The evaluator's thread: starts the evaluator, takes jobs one at a time, reports through events.
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::event::{EvaluatorEvent, Event, Variable};
use super::front_end::FrontEnd;
use crate::evaluator::{CellError, Evaluator, Outcome, Output};
use terracube_display::MimeBundle;

/// Starts the evaluator on its own thread; an error's text is shown by every cell.
pub type Starter = Box<dyn FnOnce(FrontEnd) -> Result<Box<dyn Evaluator>, String> + Send>;

/// Outputs on their way to front ends before a cell has to wait for them.
const OUTPUTS_IN_FLIGHT: usize = 1024;

/// Numbers jobs; never reused.
pub(crate) type JobId = u64;

/// What the evaluator is asked to do.
pub(crate) enum Task {
    /// With `variables`, they are told when the cell is over.
    Execute {
        code: String,
        expressions: Vec<(String, String)>,
        variables: bool,
    },
    Complete {
        code: String,
        offset: usize,
    },
    Inspect {
        code: String,
        offset: usize,
    },
    Variables,
}

/// Whether a job may still be taken back.
#[derive(Clone, Default)]
pub(crate) struct Ticket(Arc<AtomicU8>);

const WAITING: u8 = 0;
const RUNNING: u8 = 1;
const CANCELLED: u8 = 2;

impl Ticket {
    /// Takes the job back. `false` if it runs already.
    pub(crate) fn cancel(&self) -> bool {
        self.claim(CANCELLED)
    }

    fn claim(&self, state: u8) -> bool {
        self.0.compare_exchange(WAITING, state, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }
}

struct Job {
    id: JobId,
    ticket: Ticket,
    task: Task,
}

/// The thread's handle.
pub(crate) struct Worker {
    jobs: Option<Sender<Job>>,
    next: JobId,
    permits: Arc<Semaphore>,
    thread: Option<JoinHandle<()>>,
}

impl Worker {
    /// Starts the thread, which starts the evaluator at once. Must be called inside the runtime.
    ///
    /// # Errors
    /// If the system gives no thread.
    pub(crate) fn start(starter: Starter, events: UnboundedSender<Event>) -> std::io::Result<Self> {
        let (jobs, queue) = channel();
        let permits = Arc::new(Semaphore::new(OUTPUTS_IN_FLIGHT));
        let reports = Reports { events, permits: permits.clone(), runtime: Handle::current() };
        let thread =
            std::thread::Builder::new().name("evaluator".into()).spawn(move || work(starter, queue, reports))?;
        Ok(Self { jobs: Some(jobs), next: 0, permits, thread: Some(thread) })
    }

    /// Queues a task; it begins when the evaluator is warm and what was queued before it is done.
    pub(crate) fn submit(&mut self, task: Task) -> (JobId, Ticket) {
        self.next += 1;
        let ticket = Ticket::default();
        if let Some(jobs) = &self.jobs {
            // The thread ends only when this sender is dropped.
            drop(jobs.send(Job { id: self.next, ticket: ticket.clone(), task }));
        }
        (self.next, ticket)
    }

    /// Lets the thread end after its current job and waits for it, at most `limit`; then the thread is left behind for
    /// the end of the process to collect.
    pub(crate) async fn stop(mut self, limit: Duration) {
        self.jobs = None;
        self.permits.close();
        let Some(thread) = self.thread.take() else { return };
        let deadline = Instant::now() + limit;
        while !thread.is_finished() && Instant::now() < deadline {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        if thread.is_finished() {
            drop(thread.join());
        }
    }
}

struct Reports {
    events: UnboundedSender<Event>,
    permits: Arc<Semaphore>,
    runtime: Handle,
}

impl Reports {
    fn send(&self, event: EvaluatorEvent) {
        drop(self.events.send(Event::Evaluator(event))); // a closed channel means that the session has ended
    }

    /// Waits while too many outputs are on their way; `None` when the session ends.
    fn permit(&self) -> Option<OwnedSemaphorePermit> {
        if let Ok(permit) = self.permits.clone().try_acquire_owned() {
            return Some(permit);
        }
        self.runtime.block_on(self.permits.clone().acquire_owned()).ok()
    }
}

fn work(starter: Starter, queue: Receiver<Job>, reports: Reports) {
    let prompt = FrontEnd::new(reports.events.clone());
    let started = catch_unwind(AssertUnwindSafe(|| starter(prompt)));
    let mut evaluator = started.unwrap_or_else(|panic| Err(format!("starting it panicked: {}", panic_text(&*panic))));
    match &evaluator {
        Ok(evaluator) => reports.send(EvaluatorEvent::Ready(evaluator.interrupter(), evaluator.to_cells())),
        Err(reason) => reports.send(EvaluatorEvent::StartFailed(reason.clone())),
    }
    for Job { id, ticket, task } in queue {
        if !ticket.claim(RUNNING) {
            continue;
        }
        let report = match &mut evaluator {
            Ok(evaluator) => catch_unwind(AssertUnwindSafe(|| run(evaluator.as_mut(), id, &task, &reports)))
                .unwrap_or_else(|panic| {
                    let reason = format!("the evaluator panicked: {}", panic_text(&*panic));
                    unanswered(id, &task, failure("KernelError", reason))
                }),
            Err(reason) => {
                unanswered(id, &task, failure("EvaluatorError", format!("the evaluator did not start: {reason}")))
            }
        };
        reports.send(report);
    }
}

fn run(evaluator: &mut dyn Evaluator, job: JobId, task: &Task, reports: &Reports) -> EvaluatorEvent {
    match task {
        Task::Execute { code, expressions, variables } => {
            let outcome = evaluator.execute(code, &mut |output| {
                if let Some(permit) = reports.permit() {
                    reports.send(EvaluatorEvent::Output { job, output, permit });
                }
            });
            let expressions = match outcome {
                Outcome::Done { .. } => expressions.iter().map(|e| (e.0.clone(), value_of(evaluator, &e.1))).collect(),
                Outcome::Failed(_) => Vec::new(),
            };
            let variables = variables.then(|| variables_of(evaluator));
            EvaluatorEvent::Executed { job, outcome, expressions, variables }
        }
        Task::Complete { code, offset } => {
            EvaluatorEvent::Completed { job, completions: evaluator.complete(code, *offset) }
        }
        Task::Inspect { code, offset } => EvaluatorEvent::Inspected { job, found: evaluator.inspect(code, *offset) },
        Task::Variables => EvaluatorEvent::Variables { job, variables: variables_of(evaluator) },
    }
}

fn variables_of(evaluator: &dyn Evaluator) -> Vec<Variable> {
    let described = |(name, kind): (String, String)| {
        let summary = evaluator.summary(&name).unwrap_or_default();
        Variable { name, kind, summary }
    };
    evaluator.variables().into_iter().map(described).collect()
}

/// The value of a user expression; what it prints is not shown.
fn value_of(evaluator: &mut dyn Evaluator, code: &str) -> Result<MimeBundle, CellError> {
    match evaluator.execute(code, &mut |_: Output| {}) {
        Outcome::Done { result } => Ok(result.unwrap_or_else(|| MimeBundle::text(""))),
        Outcome::Failed(error) => Err(error),
    }
}

fn unanswered(job: JobId, task: &Task, error: CellError) -> EvaluatorEvent {
    match task {
        Task::Execute { .. } => {
            EvaluatorEvent::Executed { job, outcome: Outcome::Failed(error), expressions: Vec::new(), variables: None }
        }
        Task::Complete { .. } => EvaluatorEvent::Completed { job, completions: Default::default() },
        Task::Inspect { .. } => EvaluatorEvent::Inspected { job, found: None },
        Task::Variables => EvaluatorEvent::Variables { job, variables: Vec::new() },
    }
}

fn failure(name: &str, value: String) -> CellError {
    let traceback = vec![format!("{name}: {value}"), "hint: restart the kernel".to_owned()];
    CellError { name: name.to_owned(), value, traceback }
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> &str {
    panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("?")
}
