//! Cells that talk to the kernel instead of the compiler: `%name` at the start of a line, `%%name` over a whole cell, as
//! IPython has them. [`WithMagics`] stands in front of an evaluator, so they work in Jupyter and in headless runs alike.
mod config;
mod parse;
mod report;
mod shell;

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use terracube_display::{Data, MimeBundle};

use crate::session::ToCells;

use crate::evaluator::limits::Limiter;
use crate::evaluator::{CellError, Completions, Evaluator, Outcome, Output};
use config::{Configured, Settings};
use parse::{Part, Unknown};

pub(crate) use parse::{is_magic, question};

/// An evaluator that understands magics.
pub struct WithMagics {
    evaluator: Box<dyn Evaluator>,
    stop: Arc<Stop>,
    settings: Settings,
}

/// What an interrupt needs to know: the command that runs for a `%%bash` cell, and whether the rest of the cell is off.
#[derive(Default)]
pub(crate) struct Stop {
    requested: AtomicBool,
    /// The process group of the running command; 0 if none runs.
    command: AtomicU32,
    /// What interrupts the evaluator; a restart changes it.
    evaluator: Mutex<Option<Arc<dyn Fn() + Send + Sync>>>,
}

impl WithMagics {
    /// Adds magics to an evaluator.
    pub fn new(evaluator: Box<dyn Evaluator>) -> Self {
        let stop = Arc::new(Stop::default());
        *stop.evaluator.lock().unwrap_or_else(PoisonError::into_inner) = Some(evaluator.interrupter());
        Self { evaluator, stop, settings: Settings::default() }
    }

    fn run_part(&mut self, part: &Part<'_>, output: &mut dyn FnMut(Output)) -> Outcome {
        match *part {
            Part::Rust(ref code) => self.evaluator.execute(code, output),
            Part::Time(ref code) => {
                let start = Instant::now();
                let outcome = self.run_code(code, output);
                output(Output::Stdout(report::time(start.elapsed(), self.evaluator.last_run())));
                outcome
            }
            Part::TimeIt(ref code) => self.evaluator.execute(&report::repeated(code), output),
            Part::Who => {
                let variables: Vec<report::Variable> = self
                    .evaluator
                    .variables()
                    .into_iter()
                    .map(|(name, type_name)| {
                        let summary = self.evaluator.summary(&name).unwrap_or_default();
                        report::Variable { name, type_name, summary }
                    })
                    .collect();
                output(Output::Display { bundle: report::variables(&variables), display_id: None, update: false });
                done()
            }
            Part::Restart => match self.evaluator.restart() {
                Ok(()) => {
                    let interrupter = self.evaluator.interrupter();
                    *self.stop.evaluator.lock().unwrap_or_else(PoisonError::into_inner) = Some(interrupter);
                    output(Output::Stdout("a fresh session: all variables are gone\n".into()));
                    done()
                }
                Err(error) => Outcome::Failed(error),
            },
            Part::Budget(amount) => self.evaluator.execute(&report::budget(amount), output),
            Part::Dependency(what) => self.evaluator.execute(&format!(":dep {what}"), output),
            Part::Config(text) => match self.settings.line(text) {
                Ok(Configured::Told(text)) => {
                    if !text.is_empty() {
                        output(Output::Stdout(text));
                    }
                    done()
                }
                Ok(Configured::Runs(code)) => self.evaluator.execute(&code, output),
                Err(value) => {
                    Outcome::Failed(CellError { name: "Error".into(), traceback: vec![value.clone()], value })
                }
            },
            Part::Explain(subject) => {
                match self.inspect(subject, subject.len()) {
                    Some(bundle) => output(Output::Display { bundle, display_id: None, update: false }),
                    None => output(Output::Stdout(format!("nothing is known of `{subject}`\n"))),
                }
                done()
            }
            Part::Html(text) => {
                let bundle = MimeBundle::text(text).with("text/html", Data::Text(text.to_owned()));
                output(Output::Display { bundle, display_id: None, update: false });
                done()
            }
            Part::Shell { program, text } => shell::run(program, text, &self.stop, output),
        }
    }

    /// Code behind `%time`, which may hold magics of its own.
    fn run_code(&mut self, code: &str, output: &mut dyn FnMut(Output)) -> Outcome {
        let parts = match parse::parts(code) {
            Ok(parts) => parts,
            Err(unknown) => return Outcome::Failed(unknown_magic(&unknown)),
        };
        let mut outcome = done();
        for part in &parts {
            outcome = self.run_part(part, output);
            if matches!(outcome, Outcome::Failed(_)) || self.stop.requested.load(Ordering::Relaxed) {
                break;
            }
        }
        outcome
    }
}

impl Evaluator for WithMagics {
    fn execute(&mut self, code: &str, output: &mut dyn FnMut(Output)) -> Outcome {
        self.stop.requested.store(false, Ordering::Relaxed);
        let mut limiter = Limiter::new(self.settings.limits);
        match self.run_code(code, &mut |shown| limiter.pass(shown, output)) {
            Outcome::Done { result: Some(bundle) } => Outcome::Done { result: Some(limiter.bundle(bundle)) },
            outcome => outcome,
        }
    }

    fn interrupter(&self) -> Arc<dyn Fn() + Send + Sync> {
        let stop = Arc::clone(&self.stop);
        Arc::new(move || {
            stop.requested.store(true, Ordering::Relaxed);
            shell::interrupt(&stop);
            let interrupt = stop.evaluator.lock().unwrap_or_else(PoisonError::into_inner).clone();
            if let Some(interrupt) = interrupt {
                interrupt();
            }
        })
    }

    fn complete(&mut self, code: &str, offset: usize) -> Completions {
        parse::complete(code, offset).unwrap_or_else(|| self.evaluator.complete(code, offset))
    }

    fn inspect(&mut self, code: &str, offset: usize) -> Option<MimeBundle> {
        match parse::word_at(code, offset) {
            Some(name) => parse::explain(name).map(MimeBundle::text),
            None => self.evaluator.inspect(code, offset),
        }
    }

    fn variables(&self) -> Vec<(String, String)> {
        self.evaluator.variables()
    }

    fn summary(&self, variable: &str) -> Option<String> {
        self.evaluator.summary(variable)
    }

    fn restart(&mut self) -> Result<(), CellError> {
        self.evaluator.restart()
    }

    fn to_cells(&self) -> Arc<dyn Fn(ToCells) -> bool + Send + Sync> {
        self.evaluator.to_cells()
    }

    fn last_run(&self) -> Option<std::time::Duration> {
        self.evaluator.last_run()
    }
}

fn done() -> Outcome {
    Outcome::Done { result: None }
}

fn unknown_magic(unknown: &Unknown) -> CellError {
    let value = unknown.to_string();
    CellError { name: "UnknownMagic".into(), traceback: vec![value.clone()], value }
}

#[cfg(test)]
mod tests;
