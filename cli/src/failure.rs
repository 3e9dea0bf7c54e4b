//! How a command fails: one message, a hint if there is one, an exit code.
use std::fmt::{self, Display, Formatter};
use std::process::ExitCode;

/// Why a command failed.
#[derive(Debug)]
pub(crate) struct Failure {
    message: String,
    hint: Option<String>,
    code: u8,
}

impl Failure {
    /// Something went wrong; exit code 1.
    pub(crate) fn new(message: impl Display) -> Self {
        Self { message: message.to_string(), hint: None, code: 1 }
    }

    /// The engine's error, with its hint on a line of its own.
    pub(crate) fn of(error: &terracube::Error) -> Self {
        let text = error.to_string();
        let hint = error.hint_text().map(str::to_owned);
        let alone = hint.as_deref().and_then(|hint| text.strip_suffix(hint)?.strip_suffix("; "));
        Self { message: alone.unwrap_or(&text).to_owned(), hint, code: 1 }
    }

    /// The command line does not make sense; exit code 2.
    pub(crate) fn usage(message: impl Display) -> Self {
        Self { message: message.to_string(), hint: None, code: 2 }
    }

    /// With what to do about it.
    pub(crate) fn hint(mut self, hint: impl Display) -> Self {
        self.hint = Some(hint.to_string());
        self
    }

    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.code)
    }
}

impl Display for Failure {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "error: {}", self.message.trim_end())?;
        match &self.hint {
            Some(hint) => writeln!(formatter, "hint: {hint}"),
            None => Ok(()),
        }
    }
}
