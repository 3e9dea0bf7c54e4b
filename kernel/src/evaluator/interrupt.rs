//! Stopping a cell: kindly first, so that variables live on; by force when that does not help.
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::child_link::{ChildLink, Phase};
use super::compiler_wire::WARM_FOLDER;

/// How long a running cell may ignore an interrupt before its process is ended.
const PATIENCE: Duration = Duration::from_secs(10);
/// A second request within this time is the same key pressed twice.
const SAME_REQUEST: Duration = Duration::from_millis(400);
/// How often a stopping cell is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(30);

/// Asks the running cell to stop; harmless when no cell runs. The first request interrupts the cell's code (or ends the
/// compiler), a second one, or ten seconds without success, ends the process and with it the variables.
pub fn interrupt(link: &ChildLink, compile_folder: &Path) {
    let mut state = link.lock();
    if state.phase == Phase::Idle {
        return;
    }
    let now = Instant::now();
    match state.interrupt_requested {
        Some(before) if now.duration_since(before) < SAME_REQUEST => return,
        Some(_) => {
            if state.phase == Phase::Running {
                state.killed = true;
                signal(state.process, libc::SIGKILL);
            }
            return;
        }
        None => state.interrupt_requested = Some(now),
    }
    if state.phase == Phase::Running {
        signal(state.process, libc::SIGINT);
    }
    let cell = state.cell;
    drop(state);
    let (link, compile_folder) = (link.clone(), compile_folder.to_owned());
    let watch = move || watch(&link, &compile_folder, cell, now);
    if let Err(error) = std::thread::Builder::new().name("interrupt".into()).spawn(watch) {
        tracing::error!(%error, "no thread for watching the interrupted cell");
    }
}

/// Looks after a cell that was asked to stop until it has.
fn watch(link: &ChildLink, compile_folder: &Path, cell: u64, since: Instant) {
    loop {
        {
            let mut state = link.lock();
            if state.cell != cell || state.phase == Phase::Idle {
                return;
            }
            match state.phase {
                // Under the lock, so that the next cell's compiler cannot be meant.
                Phase::Compiling => end_compilers(compile_folder),
                Phase::Running if since.elapsed() > PATIENCE && !state.killed => {
                    state.killed = true;
                    signal(state.process, libc::SIGKILL);
                }
                Phase::Running | Phase::Idle => {}
            }
        }
        std::thread::sleep(LOOK_EVERY);
    }
}

fn signal(process: Option<u32>, signal: i32) {
    let Some(process) = process.and_then(|process| i32::try_from(process).ok()) else { return };
    // SAFETY: a plain system call; the process is a child that has not been waited for, or the call fails.
    unsafe { libc::kill(process, signal) };
}

/// Ends cargo and rustc processes that work in the evaluator's folder. Elsewhere than on Linux a compile runs to its
/// end and the cell stops before it runs.
fn end_compilers(folder: &Path) {
    let Ok(processes) = std::fs::read_dir("/proc") else { return };
    let warm = folder.join(WARM_FOLDER);
    for entry in processes.flatten() {
        let Some(process) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
        let works_there =
            std::fs::read_link(entry.path().join("cwd")).is_ok_and(|cwd: PathBuf| cwd == folder || cwd == warm);
        if works_there && process != std::process::id() {
            signal(Some(process), libc::SIGKILL);
        }
    }
}
