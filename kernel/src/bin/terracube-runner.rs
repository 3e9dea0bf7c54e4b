//! The process in which cells run: loads what the evaluator compiled, calls it, and keeps the session's variables.
//!
//! The evaluator speaks to it over stdin and stdout. Both belong to the protocol, so this process first moves the
//! standard streams that cells see onto sockets of the kernel: output is then streamed as it comes, survives a crash,
//! and cannot be mistaken for the protocol.
#![cfg(unix)]
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::fd::{AsRawFd, FromRawFd};
use std::os::unix::net::UnixStream;
use std::process::ExitCode;

use libloading::os::unix::{Library, RTLD_GLOBAL, RTLD_NOW};
use serde_json::{Value, json};
use terracube_display::frame::Frame;

// The file itself, not the library: this program must stay small.
#[path = "../evaluator/wire.rs"]
#[allow(dead_code, reason = "half of it is for the kernel")]
mod wire;

type CellFunction = unsafe extern "C" fn(*mut libc::c_void) -> *mut libc::c_void;

fn main() -> ExitCode {
    match serve() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let reason =
                std::error::Error::source(error.as_ref()).map(|source| format!(": {source}")).unwrap_or_default();
            let _ = writeln!(io::stderr(), "terracube-runner: {error}{reason}");
            ExitCode::from(99)
        }
    }
}

/// Runs cells until the evaluator closes stdin.
fn serve() -> Result<(), Box<dyn std::error::Error>> {
    let socket = std::env::var(wire::SOCKET_VARIABLE)
        .map_err(|_| "this program is started by the kernel, which names its socket in the environment")?;
    let nonce = std::env::var(wire::NONCE_VARIABLE)?;
    // Where memory runs out, the system should end this process, not the kernel or the server of the front end.
    let _ = std::fs::write("/proc/self/oom_score_adj", "500");
    // SAFETY: descriptor 1 is open; the duplicate is owned by this process alone.
    let mut protocol = unsafe { File::from_raw_fd(check(libc::dup(libc::STDOUT_FILENO))?) };
    close_on_exec(protocol.as_raw_fd());
    replace(libc::STDOUT_FILENO, &connect(&socket, &nonce, "stdout")?)?;
    replace(libc::STDERR_FILENO, &connect(&socket, &nonce, "stderr")?)?;
    end_with_the_kernel(connect(&socket, &nonce, "life")?)?;
    let mut control = Control { stream: connect(&socket, &nonce, "runner")?, nonce };

    let cells = Cells::load(std::env::var_os(wire::LIBRARY_VARIABLE))?;
    cells.call(b"terracube_cells_start");

    let mut variables: *mut libc::c_void = std::ptr::null_mut();
    // Never unloaded: values in the store and thread-locals point into them.
    let mut loaded: Vec<std::mem::ManuallyDrop<Library>> = Vec::new();
    for line in BufReader::new(io::stdin()).lines() {
        let line = line?;
        let words: Vec<&str> = line.split(' ').collect();
        let ["LOAD_AND_RUN", path, function] = words.as_slice() else {
            return Err(format!("the evaluator asked for something unknown: {line}").into());
        };
        let lines = if control.begin()? {
            // SAFETY: the evaluator compiled this library for this process, and nothing else writes to it.
            let opened = unsafe { Library::open(Some(*path), RTLD_NOW | libc::RTLD_LOCAL) };
            let failed = match opened {
                Ok(library) => {
                    // SAFETY: the evaluator generates the function with exactly this signature.
                    let run = unsafe { library.get::<CellFunction>(function.as_bytes())? };
                    cells.call(b"terracube_cells_begin");
                    // SAFETY: the store is what the previous cell's function returned, or null at first.
                    variables = unsafe { run(variables) };
                    cells.call(b"terracube_cells_end");
                    loaded.push(std::mem::ManuallyDrop::new(library));
                    None
                }
                // A foreign function that is nowhere, say.
                Err(error) => {
                    let reason = std::error::Error::source(&error).map(ToString::to_string);
                    Some(format!("the cell cannot be loaded: {}", reason.unwrap_or_else(|| error.to_string())))
                }
            };
            // SAFETY: no arguments; flushes what C code in a cell printed.
            unsafe { libc::fflush(std::ptr::null_mut()) };
            control.end(cells.describe(variables), failed)?
        } else {
            // The kernel was asked to interrupt before the cell began: for the evaluator it ends like a panic.
            vec![wire::PANIC_LINE.to_owned()]
        };
        for line in lines {
            writeln!(protocol, "{line}")?;
        }
        writeln!(protocol, "{}", wire::COMPLETE_LINE)?;
        protocol.flush()?;
    }
    Ok(())
}

/// The connection on which the kernel is told when cells begin and end.
struct Control {
    stream: UnixStream,
    nonce: String,
}

impl Control {
    /// Asks whether the cell may run.
    fn begin(&mut self) -> io::Result<bool> {
        Ok(self.ask(json!({"kind": "begin"}))?["run"].as_bool().unwrap_or(true))
    }

    /// Says that the cell ended and marks the ends of its output; the answer, which comes when all of it has arrived,
    /// holds the lines that were meant for the evaluator.
    /// `described` says what the variables hold, `failed` why the cell could not run.
    fn end(&mut self, described: Option<String>, failed: Option<String>) -> io::Result<Vec<String>> {
        let mark = format!("\u{1e}{}:end\u{1e}", self.nonce);
        io::stdout().write_all(mark.as_bytes())?;
        io::stdout().flush()?;
        io::stderr().write_all(mark.as_bytes())?;
        let answer = self.ask(json!({"kind": "end", "described": described, "failed": failed}))?;
        let lines = answer["lines"].as_array().map(Vec::as_slice).unwrap_or_default();
        Ok(lines.iter().filter_map(|line| line.as_str().map(str::to_owned)).collect())
    }

    fn ask(&mut self, question: Value) -> io::Result<Value> {
        Frame::new(question.to_string()).write_to(&mut self.stream)?;
        let answer = Frame::read_from(&mut self.stream)?;
        serde_json::from_str(&answer.header).map_err(io::Error::from)
    }
}

/// The cells library, loaded before the first cell so that the first cell does not pay for it.
struct Cells(Option<std::mem::ManuallyDrop<Library>>);

impl Cells {
    fn load(path: Option<std::ffi::OsString>) -> Result<Self, libloading::Error> {
        let Some(path) = path else { return Ok(Self(None)) };
        // SAFETY: the library is ours; its initialisers only set up statics.
        let library = unsafe { Library::open(Some(path.as_os_str()), RTLD_NOW | RTLD_GLOBAL)? };
        Ok(Self(Some(std::mem::ManuallyDrop::new(library))))
    }

    /// What the library says of the session's variables, as JSON.
    fn describe(&self, variables: *mut libc::c_void) -> Option<String> {
        type Describe = unsafe extern "C" fn(*const libc::c_void) -> *mut libc::c_char;
        type Forget = unsafe extern "C" fn(*mut libc::c_char);
        let library = self.0.as_ref()?;
        // SAFETY: the functions of the cells library have these signatures, and no cell runs.
        unsafe {
            let describe = library.get::<Describe>(b"terracube_cells_describe").ok()?;
            let forget = library.get::<Forget>(b"terracube_cells_forget").ok()?;
            let text = describe(variables);
            if text.is_null() {
                return None;
            }
            let copy = std::ffi::CStr::from_ptr(text).to_string_lossy().into_owned();
            forget(text);
            Some(copy)
        }
    }

    fn call(&self, function: &[u8]) {
        let Some(library) = &self.0 else { return };
        // SAFETY: the session functions of the cells library take nothing and return nothing.
        if let Ok(function) = unsafe { library.get::<unsafe extern "C" fn()>(function) } {
            unsafe { function() };
        }
    }
}

/// A cell that computes for ever must not outlive a kernel that was killed.
fn end_with_the_kernel(mut life: UnixStream) -> io::Result<()> {
    std::thread::Builder::new().name("life".into()).spawn(move || {
        let _ = life.read(&mut [0]);
        // SAFETY: ends the process at once, without handlers that a running cell could hold up.
        unsafe { libc::_exit(0) }
    })?;
    Ok(())
}

fn connect(socket: &str, nonce: &str, role: &str) -> io::Result<UnixStream> {
    let mut stream = UnixStream::connect(socket)?;
    let hello = json!({"kind": "hello", "role": role, "nonce": nonce, "pid": std::process::id()});
    Frame::new(hello.to_string()).write_to(&mut stream)?;
    Ok(stream)
}

/// Puts `with` in the place of a standard stream; children of cells inherit it as usual.
fn replace(descriptor: i32, with: &UnixStream) -> io::Result<()> {
    // SAFETY: both descriptors are open.
    check(unsafe { libc::dup2(with.as_raw_fd(), descriptor) })?;
    Ok(())
}

fn close_on_exec(descriptor: i32) {
    // SAFETY: the descriptor is open; a failure only means that a child process inherits it.
    unsafe { libc::fcntl(descriptor, libc::F_SETFD, libc::FD_CLOEXEC) };
}

fn check(result: i32) -> io::Result<i32> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}
