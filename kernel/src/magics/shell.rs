//! Commands of the system: `%%bash`.
use std::io::{Read, Write};
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Sender, channel};

use super::{Stop, done};
use crate::evaluator::{CellError, Outcome, Output};

/// Runs a script and hands over what it prints as it comes; a status other than 0 is an error, as in IPython.
pub(super) fn run(program: &str, text: &str, stop: &Stop, output: &mut dyn FnMut(Output)) -> Outcome {
    match script(program, text, stop, output) {
        Ok(outcome) => outcome,
        Err(error) => failed("Error", format!("`{program}` cannot be run: {error}")),
    }
}

fn script(program: &str, text: &str, stop: &Stop, output: &mut dyn FnMut(Output)) -> std::io::Result<Outcome> {
    // A group of its own, so that an interrupt reaches what the script started.
    let mut child = Command::new(program)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .spawn()?;
    stop.command.store(child.id(), Ordering::SeqCst);
    if stop.requested.load(Ordering::SeqCst) {
        interrupt(stop);
    }
    let (outputs, printed) = channel();
    let (stdin, script) = (child.stdin.take(), text.to_owned());
    std::thread::Builder::new().name("script".into()).spawn(move || {
        if let Some(mut stdin) = stdin {
            // A script that ends early does not read all of its text.
            let _ = stdin.write_all(script.as_bytes());
        }
    })?;
    forward(child.stdout.take(), Output::Stdout, outputs.clone())?;
    forward(child.stderr.take(), Output::Stderr, outputs)?;
    for part in printed {
        output(part);
    }
    let status = child.wait()?;
    stop.command.store(0, Ordering::SeqCst);
    if stop.requested.load(Ordering::SeqCst) {
        return Ok(failed("Interrupted", "the command was interrupted".into()));
    }
    Ok(if status.success() { done() } else { failed("CommandFailed", format!("`{program}` ended with {status}")) })
}

/// Stops the running command, if there is one.
pub(super) fn interrupt(stop: &Stop) {
    let group = stop.command.load(Ordering::SeqCst);
    if let (Ok(group), true) = (i32::try_from(group), group != 0) {
        // SAFETY: a plain system call; the group is that of a child that has not been waited for, or the call fails.
        unsafe { libc::killpg(group, libc::SIGTERM) };
    }
}

fn forward(
    stream: Option<impl Read + Send + 'static>,
    wrap: fn(String) -> Output,
    outputs: Sender<Output>,
) -> std::io::Result<()> {
    let Some(mut stream) = stream else { return Ok(()) };
    std::thread::Builder::new().name("script-output".into()).spawn(move || {
        let mut bytes = vec![0; 1 << 16];
        let mut pending: Vec<u8> = Vec::new();
        loop {
            let length = match stream.read(&mut bytes) {
                Ok(0) => break,
                Ok(length) => length,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(_) => break,
            };
            pending.extend_from_slice(&bytes[..length]);
            // A character may be cut in two.
            let whole = match std::str::from_utf8(&pending) {
                Err(error) if error.error_len().is_none() => error.valid_up_to(),
                _ => pending.len(),
            };
            let rest = pending.split_off(whole);
            let text = String::from_utf8_lossy(&pending).into_owned();
            pending = rest;
            if !text.is_empty() && outputs.send(wrap(text)).is_err() {
                return;
            }
        }
        if !pending.is_empty() {
            let _ = outputs.send(wrap(String::from_utf8_lossy(&pending).into_owned()));
        }
    })?;
    Ok(())
}

fn failed(name: &str, value: String) -> Outcome {
    Outcome::Failed(CellError { name: name.into(), traceback: vec![value.clone()], value })
}
