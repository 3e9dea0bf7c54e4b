//! The kernel's end of the side channel: what the process that runs cells says over its connections ([`connections`]), and
//! what the evaluator knows of the running cell by it.
mod connections;
mod facts;

use std::collections::HashMap;
use std::io;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use terracube_display::frame::Frame;

use super::known::Known;
use super::{Output, comm_frames, wire};
use crate::session::{FrontEnd, ToCells};

pub use facts::CellFacts;

/// How long a marked frame, or the rest of a cell's output, is waited for; both were sent before they are asked for.
const PATIENCE: Duration = Duration::from_secs(5);

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
}
