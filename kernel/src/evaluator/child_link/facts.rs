//! What became known about a cell while it ran.
use std::time::{Duration, Instant};

use terracube_display::MimeBundle;

/// How much of the end of standard error is remembered, in bytes.
const LAST_WORDS: usize = 4096;

/// What became known about a cell while it ran.
#[derive(Debug, Clone, Default)]
pub struct CellFacts {
    /// The display of its last expression.
    pub result: Option<MimeBundle>,
    /// The text of the error that a top-level `?` returned.
    pub error: Option<String>,
    /// The message and place of a panic.
    pub panic: Option<(String, Option<String>)>,
    /// Why the compiled cell could not be loaded.
    pub not_loaded: Option<String>,
    /// The cell unwound because of an interrupt.
    pub interrupted: bool,
    /// The evaluator's code said that the cell panicked (or unwound).
    pub unwound: bool,
    /// The evaluator's code said that a top-level `?` failed.
    pub returned_error: bool,
    /// When the cell's code began to run, and how long it did.
    pub ran: Option<(Instant, Duration)>,
    /// The end of what went to standard error, which says why a process died.
    pub last_words: String,
}

impl CellFacts {
    /// Remembers the end of what went to standard error.
    pub(super) fn hear(&mut self, text: &str) {
        self.last_words.push_str(text);
        let surplus = self.last_words.len().saturating_sub(LAST_WORDS);
        if let Some(start) =
            (surplus..self.last_words.len()).find(|at| surplus > 0 && self.last_words.is_char_boundary(*at))
        {
            self.last_words.drain(..start);
        }
    }
}
