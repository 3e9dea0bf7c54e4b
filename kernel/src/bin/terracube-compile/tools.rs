//! The real tools, for all that is not a cell.
use std::ffi::{OsStr, OsString};
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, ExitCode};

use crate::compiler_wire::{CARGO_VARIABLE, RUSTC_VARIABLE};

/// The real Cargo with the same arguments; returns only if it cannot be started.
pub fn real_cargo(arguments: &[OsString]) -> Result<ExitCode, String> {
    let cargo = std::env::var_os(CARGO_VARIABLE).ok_or("the kernel did not name the real cargo")?;
    let error = Command::new(&cargo).args(arguments).exec();
    Err(format!("{}: {error}", Path::new(&cargo).display()))
}

/// `rustup which cargo` names this program, `rustup which rustc` the real compiler; there is nothing else to ask here.
pub fn rustup(called: &OsStr, arguments: &[OsString]) -> Result<ExitCode, String> {
    let words: Vec<&str> = arguments.iter().filter_map(|word| word.to_str()).collect();
    let answer = match words.as_slice() {
        // Evcxr runs it by its full path or through PATH: either way the link `cargo` lies beside this one.
        ["which", "cargo"] => beside(called).ok_or("cargo's place is not known")?,
        ["which", "rustc"] => std::env::var_os(RUSTC_VARIABLE).ok_or("the kernel did not name the real rustc")?,
        _ => return Err(format!("rustup {} is not answered here", words.join(" "))),
    };
    writeln!(std::io::stdout(), "{}", Path::new(&answer).display()).map_err(|error| error.to_string())?;
    Ok(ExitCode::SUCCESS)
}

fn beside(called: &OsStr) -> Option<OsString> {
    let called = Path::new(called);
    let folder = match called.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => std::env::split_paths(&std::env::var_os("PATH")?).find(|folder| folder.join(called).is_file())?,
    };
    Some(folder.join("cargo").into_os_string())
}
