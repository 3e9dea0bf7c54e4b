//! The loop: takes one event at a time, answers what it can at once, and gives the evaluator one job at a time.
use std::collections::VecDeque;
use std::time::Duration;

use jupyter_protocol::{ExecuteReply, ExecutionCount, Header, InterruptReply, ReplyStatus, ShutdownReply};
use tokio::sync::mpsc::UnboundedReceiver;

use super::comms::{Act, CommRegistry, Target};
use super::event::{EvaluatorEvent, Event, Interrupter, ToCellsSender};
use super::execute::Cell;
use super::front_end::Question;
use super::history::History;
use super::kernel_info::kernel_info;
use super::queries::Query;
use super::replies::{content, error_reply};
use super::serve::Ended;
use super::worker::Worker;
use crate::evaluator::Outcome;
use crate::protocol::incoming::{Channel, Incoming};
use crate::protocol::outgoing::Outbox;
use crate::protocol::request::Request;

/// How long a failing cell waits for requests that were sent before its failure was known, so that they are aborted too.
const ABORT_WINDOW: Duration = Duration::from_millis(10);

/// A request, read, with where its reply goes.
pub(super) struct Asked {
    pub(super) channel: Channel,
    pub(super) message: Incoming,
    pub(super) request: Request,
}

/// The one job that the evaluator has.
pub(super) enum InFlight {
    Nothing,
    Cell(Cell),
    Query(Query),
}

/// The state of a session. Only the loop touches it.
pub(super) struct Session {
    pub(super) out: Outbox,
    pub(super) worker: Worker,
    /// None until the evaluator is warm.
    pub(super) interrupter: Option<Interrupter>,
    pub(super) in_flight: InFlight,
    /// Requests on the shell channel that wait for their turn.
    pub(super) waiting: VecDeque<Asked>,
    /// How many cells were stored in the history.
    pub(super) execution_count: usize,
    pub(super) history: History,
    pub(super) comms: CommRegistry,
    /// None until the evaluator is warm.
    pub(super) to_cells: Option<ToCellsSender>,
    /// The last message of a front end on a comm of cells.
    pub(super) comm_parent: Option<Header>,
    /// The question that the running cell asked.
    pub(super) question: Option<Question>,
    pub(super) ended: Option<Ended>,
}

impl Session {
    /// Runs until a shutdown request or a signal.
    pub(super) async fn run(&mut self, events: &mut UnboundedReceiver<Event>) -> Ended {
        while self.ended.is_none() {
            let Some(event) = events.recv().await else { break };
            if self.ends_in_failure(&event) {
                self.collect_requests(events).await;
            }
            self.handle(event);
        }
        self.ended.take().unwrap_or(Ended { restart: false })
    }

    /// Whether the event is the failure of the running cell, which aborts the cells behind it.
    fn ends_in_failure(&self, event: &Event) -> bool {
        let Event::Evaluator(EvaluatorEvent::Executed { outcome: Outcome::Failed(_), .. }) = event else {
            return false;
        };
        matches!(&self.in_flight, InFlight::Cell(_))
    }

    async fn collect_requests(&mut self, events: &mut UnboundedReceiver<Event>) {
        tokio::time::sleep(ABORT_WINDOW).await;
        while let Ok(event) = events.try_recv() {
            self.handle(event); // the cell is still in flight, so shell requests only queue up
        }
    }

    fn handle(&mut self, event: Event) {
        match event {
            Event::Request { channel, message } => {
                let request = Request::read(&message.header.msg_type, &message.content);
                self.request(Asked { channel, message, request });
            }
            Event::Input(message) => self.input(&message),
            Event::Question(question) => self.ask(question),
            Event::Comm(what) => self.comm_from_cells(what),
            Event::Evaluator(event) => self.evaluator(event),
            Event::Interrupt => self.interrupt(),
            Event::Terminate => self.ended = Some(Ended { restart: false }),
        }
    }

    /// What depends on no cell is answered at once, even while the evaluator warms up or a cell runs; the rest of the
    /// shell channel waits for its turn.
    fn request(&mut self, asked: Asked) {
        let at_once = asked.channel == Channel::Control
            || self.is_for_cells(&asked.request)
            || matches!(
                asked.request,
                Request::KernelInfo | Request::IsComplete { .. } | Request::Shutdown { .. } | Request::Interrupt
            );
        if at_once {
            self.answer_at_once(asked);
        } else {
            self.waiting.push_back(asked);
            self.next();
        }
    }

    /// Whether a request is about a comm of cells: their code listens on a thread of its own, even while a cell runs.
    fn is_for_cells(&self, request: &Request) -> bool {
        match request {
            Request::CommOpen { target, .. } => self.comms.is_of_cells(target),
            Request::CommMessage { comm_id, .. } | Request::CommClose { comm_id } => {
                matches!(self.comms.target(comm_id), Some(Target::Cells(_)))
            }
            _ => false,
        }
    }

    /// The request that the running cell came with.
    pub(super) fn running_header(&self) -> Option<&Header> {
        match &self.in_flight {
            InFlight::Cell(cell) => Some(&cell.message.header),
            _ => None,
        }
    }

    fn answer_at_once(&mut self, Asked { channel, message, request }: Asked) {
        self.out.busy(&message.header);
        match request {
            Request::KernelInfo => self.out.reply(channel, &message, kernel_info()),
            Request::IsComplete { code } => self.out.reply(channel, &message, Self::is_complete(&code)),
            Request::Interrupt => {
                self.interrupt();
                self.out.reply(channel, &message, InterruptReply::new());
            }
            Request::Shutdown { restart } => {
                self.out.reply(channel, &message, ShutdownReply { restart, status: ReplyStatus::Ok, error: None });
                self.ended = Some(Ended { restart });
            }
            Request::History(query) => self.out.reply(channel, &message, self.history_reply(&query)),
            Request::CommInfo { target } => self.out.reply(channel, &message, self.comm_info(target.as_deref())),
            Request::CommOpen { comm_id, target, data } => {
                self.comm_to_cells(&message, &comm_id, Act::Open { target, data: data.into() });
            }
            Request::CommMessage { comm_id, data } => {
                self.comm_to_cells(&message, &comm_id, Act::Message { data: data.into() });
            }
            Request::CommClose { comm_id } => self.comm_to_cells(&message, &comm_id, Act::Close),
            Request::Malformed { reason } => self.refuse(channel, &message, "MalformedRequest", reason),
            _ => {
                let reason = format!("`{}` is not known here", message.header.msg_type);
                self.refuse(channel, &message, "UnknownRequest", reason);
            }
        }
        self.out.idle(&message.header);
        // Front ends show the last status they saw, so one that arrived during a cell must not leave them at idle.
        match &self.in_flight {
            InFlight::Cell(cell) => self.out.busy(&cell.message.header),
            InFlight::Query(query) => self.out.busy(&query.asked.message.header),
            InFlight::Nothing => {}
        }
    }

    /// An error reply, if the message is one that expects a reply.
    pub(super) fn refuse(&self, channel: Channel, message: &Incoming, name: &str, reason: String) {
        tracing::warn!(msg_type = message.header.msg_type, reason, "refused");
        if message.header.msg_type.ends_with("_request") {
            self.out.reply(channel, message, error_reply(&message.header.msg_type, name, reason));
        }
    }

    /// Starts what waits, until the evaluator has a job.
    pub(super) fn next(&mut self) {
        while matches!(self.in_flight, InFlight::Nothing) && self.ended.is_none() {
            let Some(asked) = self.waiting.pop_front() else { return };
            self.out.busy(&asked.message.header);
            let idle = asked.message.header.clone();
            self.begin(asked);
            if matches!(self.in_flight, InFlight::Nothing) {
                self.out.idle(&idle);
            }
        }
    }

    fn begin(&mut self, asked: Asked) {
        let Asked { channel, message, request } = asked;
        match request {
            Request::Execute(execute) => self.begin_cell(channel, message, execute),
            Request::History(query) => self.out.reply(channel, &message, self.history_reply(&query)),
            Request::CommInfo { target } => self.out.reply(channel, &message, self.comm_info(target.as_deref())),
            Request::CommClose { comm_id } => self.comms.close(&comm_id),
            Request::Malformed { reason } => self.refuse(channel, &message, "MalformedRequest", reason),
            Request::Unknown => {
                let reason = format!("`{}` is not known here", message.header.msg_type);
                self.refuse(channel, &message, "UnknownRequest", reason);
            }
            request => self.begin_query(Asked { channel, message, request }),
        }
    }

    /// Answers the cells that wait behind a failed one without running them.
    pub(super) fn abort_waiting(&mut self) {
        let waiting = std::mem::take(&mut self.waiting);
        for asked in waiting {
            if !matches!(asked.request, Request::Execute(_)) {
                self.waiting.push_back(asked);
                continue;
            }
            self.out.busy(&asked.message.header);
            let reply = ExecuteReply {
                status: ReplyStatus::Aborted,
                execution_count: ExecutionCount::new(self.execution_count),
                user_expressions: Some(Default::default()),
                ..Default::default()
            };
            self.out.reply(asked.channel, &asked.message, reply);
            self.out.idle(&asked.message.header);
        }
    }

    /// Asks the running cell to stop; one that has not begun is taken back.
    fn interrupt(&mut self) {
        let question = self.question.take();
        let InFlight::Cell(cell) = &self.in_flight else { return };
        if cell.ticket.cancel() {
            self.cell_interrupted();
        } else if let Some(interrupter) = self.interrupter.clone() {
            drop(tokio::task::spawn_blocking(move || {
                interrupter();
                // A cell that waits for an answer must know of the interrupt before it is refused one.
                drop(question);
            }));
        }
    }

    fn evaluator(&mut self, event: EvaluatorEvent) {
        match event {
            EvaluatorEvent::Ready(interrupter, to_cells) => {
                self.interrupter = Some(interrupter);
                self.to_cells = Some(to_cells);
            }
            EvaluatorEvent::StartFailed(reason) => tracing::error!(reason, "the evaluator did not start"),
            EvaluatorEvent::Output { job, output, permit } => self.output(job, output, permit),
            EvaluatorEvent::Executed { job, outcome, expressions, variables } => {
                if let (Some(variables), Some(cell)) = (&variables, self.cell(job)) {
                    self.publish_variables(&cell.message.header, variables);
                }
                self.executed(job, outcome, expressions);
            }
            EvaluatorEvent::Completed { job, completions } => {
                self.answered(job, |query| Some(query.complete_reply(completions)));
            }
            EvaluatorEvent::Inspected { job, found } => self.inspected(job, found),
            EvaluatorEvent::Variables { job, variables } => self.variables(job, variables),
        }
    }

    /// Asks the front end of the running cell; a cell that may not ask is refused by dropping the question.
    fn ask(&mut self, question: Question) {
        let InFlight::Cell(cell) = &self.in_flight else { return };
        if !cell.request.allow_stdin {
            return;
        }
        let asked = serde_json::json!({"prompt": question.prompt, "password": question.password});
        self.out.ask(&cell.message, content("input_request", asked));
        self.question = Some(question);
    }

    fn input(&mut self, message: &Incoming) {
        let Some(question) = self.question.take() else { return };
        if let Some(value) = message.content.get("value").and_then(serde_json::Value::as_str) {
            drop(question.answer.send(value.to_owned())); // a cell that has ended does not wait any more
        }
    }
}
