//! The kernel's end of the side channel: accepts the connections of the process that runs cells and turns what comes
//! over them into outputs in the right order, facts about the cell, and lines for the evaluator.
use std::collections::HashMap;
use std::io::{self, Read};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use terracube_display::frame::Frame;
use terracube_display::{Data, MimeBundle};

use super::known::Known;
use super::output_parser::{OutputParser, Piece};
use super::wire;
use super::{Output, comm_frames, display_frames};
use crate::session::{FromCells, FrontEnd, ToCells};

/// How long a marked frame, or the rest of a cell's output, is waited for; both were sent before they are asked for.
const PATIENCE: Duration = Duration::from_secs(5);

/// How much of the end of standard error is remembered, in bytes.
const LAST_WORDS: usize = 4096;

/// Where the running cell stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// No cell.
    Idle,
    /// The evaluator analyses and compiles.
    Compiling,
    /// The cell's code runs.
    Running,
}

/// What became known about a cell while it ran.
#[derive(Debug, Clone, Default)]
pub struct CellFacts {
    /// The display of its last expression.
    pub result: Option<MimeBundle>,
    /// The text of the error that a top-level `?` returned.
    pub error: Option<String>,
    /// The message and place of a panic.
    pub panic: Option<(String, Option<String>)>,
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

/// What is known now; guarded by [`ChildLink::lock`].
pub struct LinkState {
    /// Where the running cell stands.
    pub phase: Phase,
    /// The running cell's number, or that of the last one.
    pub cell: u64,
    /// When the running cell was asked to stop.
    pub interrupt_requested: Option<Instant>,
    /// The process was killed because it did not stop.
    pub killed: bool,
    /// The process that runs cells.
    pub process: Option<u32>,
    /// What the session's variables hold, as the process said after its last cell.
    pub known: Arc<Known>,
    facts: CellFacts,
    outputs: Option<SyncSender<Output>>,
    frames: HashMap<u64, Frame>,
    lines: Vec<String>,
    stdout_ended: bool,
    stderr_ended: bool,
    /// Where the process that runs cells listens to what front ends do with comms.
    comms: Option<UnixStream>,
    /// Open output connections by process.
    open: HashMap<u32, usize>,
}

struct Shared {
    nonce: String,
    state: Mutex<LinkState>,
    changed: Condvar,
    prompt: FrontEnd,
}

/// The kernel's end of the side channel. Clones share it.
#[derive(Clone)]
pub struct ChildLink {
    shared: Arc<Shared>,
    socket: PathBuf,
}

impl ChildLink {
    /// Listens at `socket`, a path that does not exist yet in a folder that only this user can enter. Cells ask the user
    /// through `prompt`.
    ///
    /// # Errors
    /// If the socket cannot be made.
    pub fn listen(socket: &Path, nonce: String, prompt: FrontEnd) -> io::Result<Self> {
        let listener = UnixListener::bind(socket)?;
        let state = LinkState {
            phase: Phase::Idle,
            cell: 0,
            interrupt_requested: None,
            killed: false,
            process: None,
            known: Arc::default(),
            facts: CellFacts::default(),
            outputs: None,
            frames: HashMap::new(),
            lines: Vec::new(),
            stdout_ended: false,
            stderr_ended: false,
            comms: None,
            open: HashMap::new(),
        };
        let shared = Arc::new(Shared { nonce, state: Mutex::new(state), changed: Condvar::new(), prompt });
        let accepting = Arc::clone(&shared);
        std::thread::Builder::new().name("side-channel".into()).spawn(move || {
            for stream in listener.incoming() {
                let Ok(stream) = stream else { return };
                let shared = Arc::clone(&accepting);
                let serve = move || shared.serve(stream);
                if std::thread::Builder::new().name("side-channel-connection".into()).spawn(serve).is_err() {
                    return;
                }
            }
        })?;
        Ok(Self { shared, socket: socket.to_owned() })
    }

    /// The environment that the process which runs cells needs to find its way back.
    pub fn environment(&self) -> [(&'static str, std::ffi::OsString); 2] {
        [
            (wire::SOCKET_VARIABLE, self.socket.clone().into_os_string()),
            (wire::NONCE_VARIABLE, self.shared.nonce.clone().into()),
        ]
    }

    /// The state, for looking and for changes that must not race with a cell's beginning or end.
    pub fn lock(&self) -> MutexGuard<'_, LinkState> {
        self.shared.lock()
    }

    /// A cell is being compiled; its outputs go to `outputs`.
    pub fn begin_cell(&self, outputs: Option<SyncSender<Output>>) {
        let mut state = self.lock();
        state.cell += 1;
        state.phase = Phase::Compiling;
        state.interrupt_requested = None;
        state.killed = false;
        state.facts = CellFacts::default();
        state.outputs = outputs;
        state.lines.clear();
    }

    /// Takes a message to the process that runs cells; `false` if it does not listen.
    pub fn to_cells(&self, message: &ToCells) -> bool {
        let stream = self.lock().comms.as_ref().and_then(|stream| stream.try_clone().ok());
        let Some(mut stream) = stream else { return false };
        Frame::new(comm_frames::header(message)).write_to(&mut stream).is_ok()
    }

    /// The cell is over. If its process died, waits until all that it had written has been handed over.
    pub fn end_cell(&self, died: Option<u32>) -> CellFacts {
        let mut state = self.lock();
        if let Some(process) = died {
            state = self.shared.wait_until(state, |state| !state.open.contains_key(&process)).0;
        }
        state.phase = Phase::Idle;
        state.outputs = None;
        std::mem::take(&mut state.facts)
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, LinkState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a condition, at most [`PATIENCE`]; the flag says whether it came true.
    fn wait_until<'a>(
        &self,
        state: MutexGuard<'a, LinkState>,
        condition: impl Fn(&LinkState) -> bool,
    ) -> (MutexGuard<'a, LinkState>, bool) {
        let (state, timeout) = self
            .changed
            .wait_timeout_while(state, PATIENCE, |state| !condition(state))
            .unwrap_or_else(PoisonError::into_inner);
        (state, !timeout.timed_out())
    }

    /// Serves one connection until it closes.
    fn serve(&self, mut stream: UnixStream) {
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
                    state.known = Arc::new(question["described"].as_str().map(Known::read).unwrap_or_default());
                    json!({"lines": std::mem::take(&mut state.lines)})
                }
                _ => json!({}),
            };
            Frame::new(answer.to_string()).write_to(&mut stream)?;
        }
    }
}

impl CellFacts {
    fn hear(&mut self, text: &str) {
        self.last_words.push_str(text);
        let surplus = self.last_words.len().saturating_sub(LAST_WORDS);
        if let Some(start) =
            (surplus..self.last_words.len()).find(|at| surplus > 0 && self.last_words.is_char_boundary(*at))
        {
            self.last_words.drain(..start);
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
