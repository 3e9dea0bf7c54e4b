//! Interrupting a cell. SIGINT marks the *current* cell as interrupted; long computations look at the mark and stop,
//! so that the session's variables live on. A mark belongs to one cell: a late signal does not touch the next one.
use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use serde_json::json;

use crate::channel;

/// The running cell's number; 0 before the first.
static CURRENT: AtomicU64 = AtomicU64::new(0);
/// The cell that was asked to stop.
static REQUESTED: AtomicU64 = AtomicU64::new(0);
/// The cell that was unwound because of a request; that happens once, since what follows has nothing to catch it.
static UNWOUND: AtomicU64 = AtomicU64::new(0);
/// Whether a cell runs.
static RUNNING: AtomicBool = AtomicBool::new(false);

thread_local! {
    /// Whether this thread is the one that runs cells; only it may be unwound.
    static RUNS_CELLS: Cell<bool> = const { Cell::new(false) };
}

/// The running cell was interrupted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interrupted;

impl std::fmt::Display for Interrupted {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("interrupted")
    }
}

impl std::error::Error for Interrupted {}

/// Whether the running cell was asked to stop. Cheap: two atomic loads.
pub fn is_requested() -> bool {
    RUNNING.load(Ordering::Relaxed) && REQUESTED.load(Ordering::Relaxed) == CURRENT.load(Ordering::Relaxed)
}

/// For loops of one's own: `interrupt::check()?` stops the cell when it was interrupted.
///
/// # Errors
/// [`Interrupted`] if the running cell was asked to stop.
pub fn check() -> Result<(), Interrupted> {
    if is_requested() { Err(Interrupted) } else { Ok(()) }
}

/// Ends an interrupted cell here, from the thread that runs it; does nothing otherwise. Never call it below C frames.
pub fn unwind_if_requested() {
    if !is_requested() || !RUNS_CELLS.get() || std::thread::panicking() {
        return;
    }
    let cell = CURRENT.load(Ordering::Relaxed);
    if UNWOUND.swap(cell, Ordering::Relaxed) != cell {
        channel::send_in_order(json!({"kind": "interrupted"}), Vec::new());
        std::panic::resume_unwind(Box::new(Interrupted));
    }
}

/// Installs the signal handler; the calling thread is the one that runs cells.
pub(crate) fn install() {
    RUNS_CELLS.set(true);
    // SAFETY: the action is fully initialised, and the handler only touches atomics.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = on_interrupt as extern "C" fn(i32) as usize;
        action.sa_flags = libc::SA_RESTART;
        libc::sigemptyset(&raw mut action.sa_mask);
        libc::sigaction(libc::SIGINT, &raw const action, std::ptr::null_mut());
    }
}

/// A cell begins: earlier requests are void.
pub(crate) fn begin_cell() {
    CURRENT.fetch_add(1, Ordering::SeqCst);
    RUNNING.store(true, Ordering::SeqCst);
}

/// The cell ended; returns whether it had been asked to stop.
pub(crate) fn end_cell() -> bool {
    let requested = is_requested();
    RUNNING.store(false, Ordering::SeqCst);
    requested
}

extern "C" fn on_interrupt(_signal: i32) {
    if RUNNING.load(Ordering::SeqCst) {
        REQUESTED.store(CURRENT.load(Ordering::SeqCst), Ordering::SeqCst);
    }
}
