//! Compiles cells in Cargo's place.
//!
//! Evcxr asks Cargo to build the crate of each cell, and Cargo takes longer to see that nothing else changed than the
//! compiler takes for a small cell. This program stands under the names `cargo` and `rustup` in a folder that evcxr is
//! shown first: a cell that depends on the cells library alone goes straight to rustc, everything else to the real tools.
//! Under a third name it is rustc's linker.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]
mod cell_crate;
mod compile;
mod generated;
mod link;
mod tools;
mod warm;

use std::io::Write;
use std::process::ExitCode;

// The file itself, not the library: this program must start fast.
#[path = "../../evaluator/compiler_wire.rs"]
#[allow(dead_code, reason = "half of it is for the kernel")]
mod compiler_wire;

fn main() -> ExitCode {
    let mut arguments = std::env::args_os();
    let called = arguments.next().unwrap_or_default();
    let arguments: Vec<std::ffi::OsString> = arguments.collect();
    let name = std::path::Path::new(&called).file_name().unwrap_or_default();
    let ended = match name.to_str() {
        Some("rustup") => tools::rustup(&called, &arguments),
        Some(compiler_wire::LINKER_NAME) => link::link(&arguments),
        _ => compile::cargo(&arguments),
    };
    ended.unwrap_or_else(|error| {
        // Not a line of the compiler: evcxr then shows all that was printed.
        let _ = writeln!(std::io::stderr(), "error: {error}");
        ExitCode::FAILURE
    })
}
