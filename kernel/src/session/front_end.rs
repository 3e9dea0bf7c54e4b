//! What the process that runs cells may say to front ends past a cell's outputs: questions to the user, and comms.
use std::sync::mpsc::{Sender, channel};

use serde_json::Value;
use tokio::sync::mpsc::UnboundedSender;

use super::event::Event;

/// A question on its way to the front end; dropping it refuses the answer.
pub(crate) struct Question {
    pub(crate) prompt: String,
    pub(crate) password: bool,
    pub(crate) answer: Sender<String>,
}

/// What cells do with comms.
#[derive(Debug, Clone, PartialEq)]
pub enum FromCells {
    /// Front ends may open comms for this target from now on.
    Target(String),
    /// A comm was opened.
    Open {
        /// Names the comm.
        id: String,
        /// What it is for; front ends look it up.
        target: String,
        /// A JSON object.
        data: Value,
    },
    /// A message on an open comm.
    Message {
        /// Which comm.
        id: String,
        /// A JSON object.
        data: Value,
    },
    /// A comm was closed.
    Close {
        /// Which comm.
        id: String,
    },
    /// The process that ran cells ended, and with it its comms and targets.
    Gone,
}

/// What front ends do with the comms of cells.
#[derive(Debug, Clone, PartialEq)]
pub enum ToCells {
    /// A comm was opened for a target that cells registered.
    Open {
        /// Names the comm.
        id: String,
        /// The target.
        target: String,
        /// A JSON object.
        data: Value,
    },
    /// A message on an open comm.
    Message {
        /// Which comm.
        id: String,
        /// A JSON object.
        data: Value,
    },
    /// A comm was closed.
    Close {
        /// Which comm.
        id: String,
    },
}

/// The front ends of a session, as seen by what runs its cells. Cheap to clone; works from any thread.
#[derive(Clone)]
pub struct FrontEnd {
    events: Option<UnboundedSender<Event>>,
}

impl FrontEnd {
    pub(crate) fn new(events: UnboundedSender<Event>) -> Self {
        Self { events: Some(events) }
    }

    /// No front end: every question is refused, and comms reach nobody.
    pub fn refusing() -> Self {
        Self { events: None }
    }

    /// Asks and waits. `None` if nobody can answer: no cell runs, the front end does not allow it, the cell was
    /// interrupted, or there is no front end.
    pub fn ask(&self, prompt: &str, password: bool) -> Option<String> {
        let (answer, answers) = channel();
        let question = Question { prompt: prompt.to_owned(), password, answer };
        self.events.as_ref()?.send(Event::Question(question)).ok()?;
        answers.recv().ok()
    }

    /// Passes on what cells do with comms.
    pub fn tell(&self, what: FromCells) {
        if let Some(events) = &self.events {
            drop(events.send(Event::Comm(what))); // a closed channel means that the session has ended
        }
    }
}
