//! Asking the user of the notebook for a line of text.
use std::io::{self, Write};

use serde_json::{Value, json};
use terracube_display::frame::Frame;

use crate::{channel, interrupt};

/// Asks the user for a line of text below the cell and waits for it; an interrupt ends the waiting. The equivalent of
/// Python's `input`.
///
/// ```
/// use terracube_cells::input::input;
/// // Nobody can answer outside a notebook:
/// assert!(input("Which station? ").is_err());
/// ```
///
/// # Errors
/// If nobody can be asked: a run without a front end, or a front end that does not allow it.
pub fn input(prompt: &str) -> Result<String, InputError> {
    ask(prompt, false)
}

/// Asks for a text that is not shown while it is typed. The equivalent of Python's `getpass`.
///
/// # Errors
/// As [`input`].
pub fn password(prompt: &str) -> Result<String, InputError> {
    ask(prompt, true)
}

/// There is nobody to ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InputError;

impl std::fmt::Display for InputError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(
            "nobody can answer `input` here: the notebook runs without a front end, or its front end does not allow questions; \
             set a variable in a cell instead, or pass it with `terracube run -p name=value`",
        )
    }
}

impl std::error::Error for InputError {}

fn ask(prompt: &str, password: bool) -> Result<String, InputError> {
    // What was printed stands above the question.
    let _ = io::stdout().flush();
    let answer = exchange(prompt, password);
    interrupt::unwind_if_requested();
    answer.ok().flatten().ok_or(InputError)
}

/// A connection for each question: questions are rare, and an abandoned one then leaves nothing behind.
fn exchange(prompt: &str, password: bool) -> io::Result<Option<String>> {
    let Some(mut stream) = channel::connect("input")? else { return Ok(None) };
    Frame::new(json!({"prompt": prompt, "password": password}).to_string()).write_to(&mut stream)?;
    let answer: Value = serde_json::from_str(&Frame::read_from(&mut stream)?.header)?;
    Ok(answer["value"].as_str().map(str::to_owned))
}
