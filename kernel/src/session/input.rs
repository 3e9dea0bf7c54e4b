//! How a running cell asks the user for a line of text.
use std::sync::mpsc::{Sender, channel};

use tokio::sync::mpsc::UnboundedSender;

use super::event::Event;

/// A question on its way to the front end; dropping it refuses the answer.
pub(crate) struct Question {
    pub(crate) prompt: String,
    pub(crate) password: bool,
    pub(crate) answer: Sender<String>,
}

/// Asks the user of the front end that runs the cell. Cheap to clone; works from any thread.
#[derive(Clone)]
pub struct InputPrompt {
    events: Option<UnboundedSender<Event>>,
}

impl InputPrompt {
    pub(crate) fn new(events: UnboundedSender<Event>) -> Self {
        Self { events: Some(events) }
    }

    /// A prompt that refuses every question, for runs without a user.
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
}
