//! The connections of the process that runs cells: what comes over each becomes outputs in the right order, facts about the
//! cell, and lines for the evaluator.
use std::io::{self, Read};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use terracube_display::frame::Frame;
use terracube_display::{Data, MimeBundle};

use super::super::known::Known;
use super::super::output_parser::{OutputParser, Piece};
use super::super::{Output, comm_frames, display_frames, wire};
use super::{LinkState, Phase, Shared};
use crate::session::FromCells;

impl Shared {
    /// Serves one connection until it closes.
    pub(super) fn serve(&self, mut stream: UnixStream) {
        let Ok(hello) = Frame::read_from(&mut stream) else { return };
        let Ok(hello) = serde_json::from_str::<Value>(&hello.header) else { return };
        let process = hello["pid"].as_u64().and_then(|pid| u32::try_from(pid).ok()).unwrap_or_default();
        if hello["nonce"].as_str() != Some(&self.nonce) {
            return;
        }
        match hello["role"].as_str() {
            Some("stdout") => self.while_open(process, || self.serve_printed(stream, Output::Stdout, true)),
            Some("stderr") => self.while_open(process, || self.serve_printed(stream, Output::Stderr, false)),
            Some("frames") => self.while_open(process, || self.serve_frames(stream)),
            Some("runner") => {
                let mut state = self.lock();
                state.process = Some(process);
                state.frames.clear();
                drop(state);
                // An error is the end of the process, which the evaluator reports.
                let _ = self.serve_runner(stream);
            }
            Some("input") => {
                // An error is a cell that does not wait any more.
                let _ = self.serve_question(stream);
            }
            Some("comms") => self.serve_comms(stream),
            // Held open, so that the process sees when the kernel is gone.
            Some("life") => {
                let _ = stream.read(&mut [0]);
            }
            _ => {}
        }
    }

    /// Hands an output on; waits if front ends do not keep up, which then holds up the cell. Never called under the lock.
    fn put(&self, output: Output) {
        // Output between cells (a thread that a cell left behind) has no cell to stand in.
        let outputs = self.lock().outputs.clone();
        if let Some(outputs) = outputs {
            let _ = outputs.send(output);
        }
    }

    fn while_open(&self, process: u32, serve: impl FnOnce()) {
        *self.lock().open.entry(process).or_default() += 1;
        serve();
        let mut state = self.lock();
        if let Some(count) = state.open.get_mut(&process) {
            *count -= 1;
            if *count == 0 {
                state.open.remove(&process);
            }
        }
        drop(state);
        self.changed.notify_all();
    }

    fn serve_printed(&self, mut stream: UnixStream, wrap: fn(String) -> Output, is_stdout: bool) {
        let mut parser = OutputParser::new(&self.nonce);
        let mut bytes = vec![0; 1 << 16];
        loop {
            let length = match stream.read(&mut bytes) {
                Ok(0) => break,
                Ok(length) => length,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(_) => break,
            };
            for piece in parser.push(&bytes[..length]) {
                self.handle_piece(piece, wrap, is_stdout);
            }
        }
        if let Some(piece) = parser.finish() {
            self.handle_piece(piece, wrap, is_stdout);
        }
    }

    fn handle_piece(&self, piece: Piece, wrap: fn(String) -> Output, is_stdout: bool) {
        match piece {
            Piece::Text(text) => {
                if !is_stdout {
                    self.lock().facts.hear(&text);
                }
                self.put(wrap(text));
            }
            Piece::Mark(word) if word == "end" => {
                let mut state = self.lock();
                if is_stdout {
                    state.stdout_ended = true;
                } else {
                    state.stderr_ended = true;
                }
                drop(state);
                self.changed.notify_all();
            }
            Piece::Mark(word) => {
                let Ok(sequence) = word.parse::<u64>() else { return };
                let (mut state, arrived) = self.wait_until(self.lock(), |state| state.frames.contains_key(&sequence));
                let frame = state.frames.remove(&sequence).filter(|_| arrived);
                let output = frame.and_then(|frame| state.apply(frame));
                drop(state);
                if let Some(output) = output {
                    self.put(output);
                }
            }
            Piece::Line(line) => {
                let mut state = self.lock();
                state.facts.unwound |= line == wire::PANIC_LINE;
                state.facts.returned_error |= line == wire::ERROR_LINE;
                state.lines.push(line);
            }
            Piece::Content(mime, content) => {
                let mut state = self.lock();
                let before = state.facts.result.take();
                let bundle = if mime == "text/plain" {
                    MimeBundle::text(content)
                } else {
                    before.unwrap_or_else(|| MimeBundle::text("")).with(mime, Data::Text(content))
                };
                state.facts.result = Some(bundle);
            }
        }
    }

    fn serve_frames(&self, mut stream: UnixStream) {
        while let Ok(frame) = Frame::read_from(&mut stream) {
            let Ok(header) = serde_json::from_str::<Value>(&frame.header) else { continue };
            if let Some(sequence) = header["sequence"].as_u64() {
                self.lock().frames.insert(sequence, frame);
                self.changed.notify_all();
            }
        }
    }

    /// Passes on what cells do with comms, until their process ends.
    fn serve_comms(&self, mut stream: UnixStream) {
        self.lock().comms = stream.try_clone().ok();
        while let Ok(frame) = Frame::read_from(&mut stream) {
            if let Some(message) = comm_frames::read(&frame.header) {
                self.prompt.tell(message);
            }
        }
        self.lock().comms = None;
        self.prompt.tell(FromCells::Gone);
    }

    /// Asks the user what a cell wants to know; without an answer the value is null.
    fn serve_question(&self, mut stream: UnixStream) -> io::Result<()> {
        let question = Frame::read_from(&mut stream)?;
        let question: Value = serde_json::from_str(&question.header).map_err(io::Error::from)?;
        let prompt = question["prompt"].as_str().unwrap_or_default();
        let answer = self.prompt.ask(prompt, question["password"].as_bool().unwrap_or(false));
        Frame::new(json!({"value": answer}).to_string()).write_to(&mut stream)
    }

    /// Answers the process that runs cells when a cell begins and ends.
    fn serve_runner(&self, mut stream: UnixStream) -> io::Result<()> {
        loop {
            let question = Frame::read_from(&mut stream)?;
            let question: Value = serde_json::from_str(&question.header).map_err(io::Error::from)?;
            let answer = match question["kind"].as_str() {
                Some("begin") => {
                    let mut state = self.lock();
                    state.stdout_ended = false;
                    state.stderr_ended = false;
                    let run = state.interrupt_requested.is_none();
                    state.facts.interrupted |= !run;
                    if run {
                        state.phase = Phase::Running;
                        state.facts.ran = Some((Instant::now(), Duration::ZERO));
                    }
                    json!({"run": run})
                }
                Some("end") => {
                    if let Some((begun, ran)) = &mut self.lock().facts.ran {
                        *ran = begun.elapsed();
                    }
                    let (mut state, _) = self.wait_until(self.lock(), |state| state.stdout_ended && state.stderr_ended);
                    // From here on an interrupt would hit nothing.
                    state.phase = Phase::Compiling;
                    if let Some(reason) = question["failed"].as_str() {
                        state.facts.not_loaded = Some(reason.to_owned());
                        // For the evaluator it ends like a panic.
                        state.lines.push(wire::PANIC_LINE.to_owned());
                    }
                    state.known = Arc::new(question["described"].as_str().map(Known::read).unwrap_or_default());
                    json!({"lines": std::mem::take(&mut state.lines)})
                }
                _ => json!({}),
            };
            Frame::new(answer.to_string()).write_to(&mut stream)?;
        }
    }
}

impl LinkState {
    /// Takes note of a frame; an output in it is returned.
    fn apply(&mut self, frame: Frame) -> Option<Output> {
        let header = serde_json::from_str::<Value>(&frame.header).ok()?;
        match header["kind"].as_str() {
            Some("display") => {
                let output = Output::Display {
                    bundle: display_frames::bundle(&header, &frame),
                    display_id: header["display_id"].as_str().map(str::to_owned),
                    update: header["update"].as_bool().unwrap_or(false),
                };
                return Some(output);
            }
            Some("clear") => return Some(Output::Clear { wait: header["wait"].as_bool().unwrap_or(false) }),
            Some("result") => self.facts.result = Some(display_frames::bundle(&header, &frame)),
            Some("error") => self.facts.error = header["text"].as_str().map(str::to_owned),
            Some("panic") => {
                let text = header["text"].as_str().unwrap_or_default().to_owned();
                self.facts.panic = Some((text, header["place"].as_str().map(str::to_owned)));
            }
            Some("interrupted") => self.facts.interrupted = true,
            _ => tracing::warn!(kind = ?header["kind"], "unknown frame on the side channel"),
        }
        None
    }
}
