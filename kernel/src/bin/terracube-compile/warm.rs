//! Asking the kernel for a compiler that has started already.
use std::ffi::OsString;
use std::io::Write;
use std::os::unix::net::UnixStream;
use std::path::Path;

use terracube_display::frame::Frame;

use crate::compiler_wire::COMPILERS_SOCKET;

/// Compiles the source of the crate in `folder`; returns whether it compiles. `None` if there is no such compiler or the source
/// is not alone.
pub fn compile(folder: &Path, rustc: &OsString, arguments: &[OsString]) -> Option<bool> {
    let source = std::fs::read_to_string(folder.join("src/lib.rs")).ok()?;
    // Files are named from where the source lies, and that compiler works elsewhere.
    // It has the environment of the kernel, too, and not the one of this build.
    if source.contains("include") || source.contains("#[path") || reads_environment(&source) {
        return None;
    }
    let command: Option<Vec<&str>> = std::iter::once(rustc).chain(arguments).map(|word| word.to_str()).collect();
    let header = serde_json::to_string(&command?).ok()?;
    let mut stream = UnixStream::connect(COMPILERS_SOCKET).ok()?;
    Frame { header, buffers: vec![source.into_bytes()] }.write_to(&mut stream).ok()?;
    let answer = Frame::read_from(&mut stream).ok()?;
    let [stdout, stderr] = answer.buffers.as_slice() else { return None };
    // One that began to wait while the library was not there will never find it; a fresh one may.
    if stderr.windows(5).any(|word| word == b"E0463") {
        return None;
    }
    // Without an output there is nobody to tell.
    let _ = std::io::stdout().write_all(stdout);
    let _ = std::io::stderr().write_all(stderr);
    Some(answer.header == "0")
}

/// Whether a source may use `env!` or `option_env!`.
fn reads_environment(source: &str) -> bool {
    source.match_indices("env").any(|(at, name)| source[at + name.len()..].trim_start().starts_with('!'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_reads_the_environment_of_the_build_is_seen() {
        for source in ["env!(\"A\")", "std::option_env!(\"A\")", "let a = env ! [\"A\"];", "env\n!(\"A\")"] {
            assert!(reads_environment(source), "{source}");
        }
        for source in ["std::env::var(\"A\")", "let environment = !true;", "env"] {
            assert!(!reads_environment(source), "{source}");
        }
    }
}
