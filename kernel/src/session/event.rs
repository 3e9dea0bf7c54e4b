//! Everything that can happen to a session, as one closed enum: the loop has no other input.
use std::sync::Arc;

use tokio::sync::OwnedSemaphorePermit;

use super::front_end::{FromCells, Question, ToCells};
use super::worker::JobId;
use crate::evaluator::{CellError, Completions, Outcome, Output};
use crate::protocol::incoming::{Channel, Incoming};
use terracube_display::MimeBundle;

/// Asks the running cell to stop; works from any thread.
pub(crate) type Interrupter = Arc<dyn Fn() + Send + Sync>;

/// Takes what front ends do with the comms of cells to the process that runs them; `false` if it cannot.
pub(crate) type ToCellsSender = Arc<dyn Fn(ToCells) -> bool + Send + Sync>;

/// What happened.
pub(crate) enum Event {
    /// A front end asks something.
    Request { channel: Channel, message: Incoming },
    /// A front end answers a question.
    Input(Incoming),
    /// The evaluator's thread reports.
    Evaluator(EvaluatorEvent),
    /// A running cell wants a line from the user.
    Question(Question),
    /// Cells use comms.
    Comm(FromCells),
    /// The process got SIGINT.
    Interrupt,
    /// The process got SIGTERM, or the process that started it is gone.
    Terminate,
}

/// What the evaluator's thread reports. Reports on jobs that are not in flight any more are ignored.
pub(crate) enum EvaluatorEvent {
    /// It is warm. Until then jobs wait in its queue.
    Ready(Interrupter, ToCellsSender),
    /// It could not start; every cell will fail with this text.
    StartFailed(String),
    /// A cell put something out.
    Output {
        job: JobId,
        output: Output,
        permit: OwnedSemaphorePermit,
    },
    /// A cell ended; with the values of its `user_expressions`, in the order asked for.
    Executed {
        job: JobId,
        outcome: Outcome,
        expressions: Vec<(String, Result<MimeBundle, CellError>)>,
        /// The variables behind it, if they were asked for.
        variables: Option<Vec<Variable>>,
    },
    Completed {
        job: JobId,
        completions: Completions,
    },
    Inspected {
        job: JobId,
        found: Option<MimeBundle>,
    },
    Variables {
        job: JobId,
        variables: Vec<Variable>,
    },
}

/// A variable of the session.
#[derive(Debug, Clone)]
pub(crate) struct Variable {
    pub(crate) name: String,
    pub(crate) kind: String,
    /// What it holds, in one line; empty if that is not known.
    pub(crate) summary: String,
}
