//! Compilers that are started before there is anything to compile: a process of rustc takes some 15 ms until it looks at
//! its source, and that time is spent while the user reads the last result. The program that evcxr takes for Cargo
//! (`bin/terracube-compile`) brings the source over a socket; a compiler that was started with the same arguments
//! finds it on its standard input.
use std::io::{self, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;
use terracube_display::frame::Frame;

use super::compiler_wire::{COMPILERS_SOCKET, WARM_FOLDER, give_memory_in_large_pages};

/// Compilers that wait: one for each of the two levels of optimisation that cells have.
const MOST_WAITING: usize = 2;

/// The compilers of a session; they end with the value.
pub struct WarmCompilers {
    shared: Arc<Shared>,
    socket: PathBuf,
}

struct Shared {
    /// Where they work: `src/lib.rs` in it is standard input.
    folder: PathBuf,
    /// `None` when the session has ended.
    waiting: Mutex<Option<Vec<Waiting>>>,
}

/// A compiler that has read its arguments and waits for its source.
struct Waiting {
    /// Its path and its arguments.
    command: Vec<String>,
    process: Child,
}

impl WarmCompilers {
    /// Listens beside the folder in which cells are compiled.
    ///
    /// # Errors
    /// If the folder cannot be written or there is no thread.
    pub fn start(compile_folder: &Path) -> io::Result<Self> {
        let folder = compile_folder.join(WARM_FOLDER);
        std::fs::create_dir_all(folder.join("src"))?;
        std::os::unix::fs::symlink("/dev/stdin", folder.join("src/lib.rs"))?;
        let socket = compile_folder.join(COMPILERS_SOCKET);
        let listener = UnixListener::bind(&socket)?;
        let shared = Arc::new(Shared { folder, waiting: Mutex::new(Some(Vec::new())) });
        let serving = Arc::clone(&shared);
        std::thread::Builder::new().name("compilers".into()).spawn(move || {
            for stream in listener.incoming() {
                let Ok(stream) = stream else { return };
                if serving.lock().is_none() {
                    return;
                }
                // Whoever asked compiles without us then.
                if let Err(error) = serving.serve(stream) {
                    tracing::debug!(%error, "a compile was not answered");
                }
            }
        })?;
        Ok(Self { shared, socket })
    }
}

impl Drop for WarmCompilers {
    fn drop(&mut self) {
        for mut compiler in self.shared.lock().take().into_iter().flatten() {
            compiler.end();
        }
        // Wakes the thread, which sees that it is over.
        let _ = UnixStream::connect(&self.socket);
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Option<Vec<Waiting>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Compiles what one connection brings, answers with the exit code and what the compiler printed, and makes the
    /// next compiler ready.
    fn serve(&self, mut stream: UnixStream) -> io::Result<()> {
        let Frame { header, buffers } = Frame::read_from(&mut stream)?;
        let command: Vec<String> = serde_json::from_str(&header)?;
        let source = buffers.first().map(Vec::as_slice).unwrap_or_default();
        let done = self.compile(&command, source)?;
        let code = done.status.code().unwrap_or(1);
        let answer = Frame { header: Value::from(code).to_string(), buffers: vec![done.stdout, done.stderr] };
        let answered = answer.write_to(&mut stream);
        drop(stream);
        self.prepare(command)?;
        answered
    }

    fn compile(&self, command: &[String], source: &[u8]) -> io::Result<Output> {
        if let Some(mut ready) = self.take(command) {
            match ready.compile(source) {
                Ok(()) => return ready.process.wait_with_output(),
                // It has ended meanwhile.
                Err(error) => tracing::debug!(%error, "a waiting compiler was gone"),
            }
            ready.end();
        }
        let mut fresh = Waiting { command: Vec::new(), process: self.spawn(command)? };
        fresh.compile(source)?;
        fresh.process.wait_with_output()
    }

    /// The waiting compiler that was started so.
    fn take(&self, command: &[String]) -> Option<Waiting> {
        let mut waiting = self.lock();
        let waiting = waiting.as_mut()?;
        let index = waiting.iter().position(|compiler| compiler.command == command)?;
        Some(waiting.remove(index))
    }

    /// Starts a compiler for the next cell, which mostly is one like the last.
    fn prepare(&self, command: Vec<String>) -> io::Result<()> {
        let mut waiting = self.lock();
        let Some(waiting) = waiting.as_mut() else { return Ok(()) };
        if waiting.len() >= MOST_WAITING {
            waiting.remove(0).end();
        }
        let process = self.spawn(&command)?;
        waiting.push(Waiting { command, process });
        Ok(())
    }

    fn spawn(&self, command: &[String]) -> io::Result<Child> {
        let (program, arguments) = command.split_first().ok_or(io::ErrorKind::InvalidInput)?;
        let mut rustc = Command::new(program);
        give_memory_in_large_pages(&mut rustc);
        rustc
            .args(arguments)
            .current_dir(&self.folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
    }
}

impl Waiting {
    /// Hands over the source; its end sets the compiler going.
    fn compile(&mut self, source: &[u8]) -> io::Result<()> {
        match self.process.stdin.take() {
            Some(mut stdin) => stdin.write_all(source),
            None => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }

    /// Ends it before its standard input does, which it would take for the whole source.
    fn end(&mut self) {
        // Both fail only if it has ended.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(socket: &Path, arguments: &[String], source: &str) -> (String, String) {
        let mut stream = UnixStream::connect(socket).unwrap();
        let header = serde_json::to_string(arguments).unwrap();
        Frame { header, buffers: vec![source.as_bytes().to_vec()] }.write_to(&mut stream).unwrap();
        let answer = Frame::read_from(&mut stream).unwrap();
        (answer.header, String::from_utf8_lossy(&answer.buffers[1]).into_owned())
    }

    #[test]
    fn sources_are_compiled_by_compilers_that_waited() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("out");
        let arguments: Vec<String> = [
            "rustc",
            "--crate-name=ctx",
            "--crate-type=lib",
            "--emit=metadata",
            "--error-format=json",
            "src/lib.rs",
            "--out-dir",
        ]
        .map(str::to_owned)
        .into_iter()
        .chain([out.display().to_string()])
        .collect();
        let cells = folder.path().join("cells");
        std::fs::create_dir_all(&cells).unwrap();
        let compilers = WarmCompilers::start(&cells).unwrap();
        let socket = cells.join(COMPILERS_SOCKET);
        for _ in 0..3 {
            assert_eq!(ask(&socket, &arguments, "pub fn f() -> u8 { 1 }").0, "0");
            let (code, printed) = ask(&socket, &arguments, "pub fn f() -> u8 { \"a\" }");
            assert_eq!(code, "1");
            assert!(printed.contains("\"file_name\":\"src/lib.rs\"") && printed.contains("E0308"), "{printed}");
        }
        // One that was ended by others, as an interrupt does, is replaced.
        let waiting = |n: usize| {
            while compilers.shared.lock().as_ref().is_none_or(|waiting| waiting.len() < n) {
                std::thread::sleep(std::time::Duration::from_millis(5));
            }
        };
        waiting(1);
        compilers.shared.lock().as_mut().unwrap().iter_mut().for_each(Waiting::end);
        assert_eq!(ask(&socket, &arguments, "pub fn f() {}").0, "0");
        // More text than a pipe holds at a time.
        let long = "pub fn f() {}\n".to_owned() + &"// words that say nothing\n".repeat(10_000);
        assert_eq!(ask(&socket, &arguments, &long).0, "0");
        waiting(1);
        let ids: Vec<u32> = compilers.shared.lock().iter().flatten().map(|waiting| waiting.process.id()).collect();
        drop(compilers);
        assert!(ids.iter().all(|id| !Path::new(&format!("/proc/{id}")).exists()), "{ids:?}");
    }
}
