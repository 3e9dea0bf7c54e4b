//! How evcxr is brought to compile cells with our own program instead of Cargo (see `bin/terracube-compile`), and how
//! well each cell is optimised.
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use ra_ap_rustc_lexer::{FrontmatterAllowed, TokenKind, tokenize};

use super::compiler_wire::{
    CARGO_VARIABLE, DEPENDENCIES_VARIABLE, LIBRARY_VARIABLE, LINK_NAMES_FOLDER, LINKER_NAME, LINKER_VARIABLE,
    OPT_LEVEL_FILE, RUSTC_VARIABLE,
};
use super::kit::Kit;
use super::toolchain;

/// The folder of stand-ins for `cargo` and `rustup`, to be shown to evcxr first on `PATH`.
pub struct StandIns {
    folder: PathBuf,
    before: Option<OsString>,
}

impl StandIns {
    /// Makes the folder, and puts it on this process' `PATH` until the value is dropped.
    ///
    /// # Errors
    /// If the folder cannot be made or no compiler is found.
    ///
    /// # Safety
    /// No other thread may read the environment past Rust's own functions meanwhile.
    pub unsafe fn show(kit: &Kit, folder: &Path) -> Result<Self, String> {
        let failed = |error: io::Error| format!("{}: {error}", folder.display());
        std::fs::create_dir_all(folder).map_err(failed)?;
        let program = std::path::absolute(kit.compiler()).map_err(failed)?;
        for name in ["cargo", "rustup", LINKER_NAME] {
            // There already, after a restart.
            let _ = std::fs::remove_file(folder.join(name));
            std::os::unix::fs::symlink(&program, folder.join(name)).map_err(failed)?;
        }
        let sysroot = kit.sysroot()?;
        let bin = sysroot.join("bin");
        // Evcxr asks it for its folder.
        let _ = std::fs::remove_file(folder.join("rustc"));
        std::os::unix::fs::symlink(bin.join("rustc"), folder.join("rustc")).map_err(failed)?;
        let linker = linking(kit, &sysroot, &folder.join(LINK_NAMES_FOLDER));
        let library = kit.library();
        let folders = [library.parent().unwrap_or(&library).to_owned(), kit.dependencies()];
        let dependencies = std::env::join_paths(folders).map_err(|error| error.to_string())?;
        let before = std::env::var_os("PATH");
        let path = std::iter::once(folder.to_owned()).chain(before.iter().flat_map(std::env::split_paths));
        let path = std::env::join_paths(path).map_err(|error| error.to_string())?;
        // SAFETY: the caller's promise.
        unsafe {
            std::env::set_var(CARGO_VARIABLE, bin.join("cargo"));
            std::env::set_var(RUSTC_VARIABLE, bin.join("rustc"));
            std::env::set_var(LIBRARY_VARIABLE, &library);
            std::env::set_var(DEPENDENCIES_VARIABLE, dependencies);
            match linker {
                Some(linker) => std::env::set_var(LINKER_VARIABLE, linker),
                None => std::env::remove_var(LINKER_VARIABLE),
            }
            if kit.has_own_toolchain() {
                // Rust-analyzer looks here first; nothing on PATH is needed then.
                std::env::set_var("CARGO", bin.join("cargo"));
                std::env::set_var("RUSTC", bin.join("rustc"));
            }
            std::env::set_var("PATH", path);
        }
        Ok(Self { folder: folder.to_owned(), before })
    }
}

/// The toolchain's own linker, after the folder with the names that it looks for was filled; `None` where cells are
/// linked by the system's C compiler.
fn linking(kit: &Kit, sysroot: &Path, names: &Path) -> Option<PathBuf> {
    let host = toolchain::version(&kit.rustc()).ok()?.host;
    let linker = toolchain::linker(sysroot, &host)?;
    match toolchain::link_names(names) {
        Ok(()) => Some(linker),
        Err(error) => {
            tracing::debug!(%error, "cells are linked by the C compiler");
            None
        }
    }
}

impl Drop for StandIns {
    fn drop(&mut self) {
        tracing::debug!(folder = %self.folder.display(), "evcxr has found its tools");
        // SAFETY: dropped where `show` was called, under the same promise.
        match &self.before {
            Some(before) => unsafe { std::env::set_var("PATH", before) },
            None => unsafe { std::env::remove_var("PATH") },
        }
    }
}

/// Chooses the optimisation level of each cell: a cell that only calls the library compiles fastest unoptimised, one
/// with a loop or a closure of its own is worth optimising.
#[derive(Default)]
pub struct Levels {
    /// An item of an earlier cell has such code, and items are compiled again with every cell.
    items_loop: bool,
}

impl Levels {
    /// Writes down the level for a cell's compilation in the folder of its crate.
    pub fn choose(&mut self, code: &str, compile_folder: &Path) {
        let (loops, defines) = shape(code);
        self.items_loop |= loops && defines;
        let level = if loops || self.items_loop { "1" } else { "0" };
        if let Err(error) = std::fs::write(compile_folder.join(OPT_LEVEL_FILE), level) {
            tracing::debug!(%error, "the level of optimisation stays as it was");
        }
    }
}

/// Whether code has loops, closures or iterators, and whether it defines items.
fn shape(code: &str) -> (bool, bool) {
    let (mut loops, mut defines, mut at) = (false, false, 0);
    for token in tokenize(code, FrontmatterAllowed::No) {
        let length = token.len as usize;
        let text = code.get(at..at + length).unwrap_or_default();
        at += length;
        match token.kind {
            TokenKind::Or => loops = true,
            TokenKind::Ident => match text {
                "for" | "while" | "loop" | "iter" | "into_iter" | "iter_mut" => loops = true,
                "fn" | "impl" | "trait" | "macro_rules" | "mod" => defines = true,
                _ => {}
            },
            _ => {}
        }
    }
    (loops, defines)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_with_loops_is_optimised() {
        for (code, loops, defines) in [
            ("let m = t.mean(\"time\");", false, false),
            ("// for all\nlet text = \"for x in y\";", false, false),
            ("for i in 0..3 { n += i; }", true, false),
            ("let f = x.map(|v| v + 1);", true, false),
            ("v.iter().sum::<f64>()", true, false),
            ("fn f(n: u64) -> u64 { (0..n).fold(0, |a, b| a ^ b) }", true, true),
            ("fn f(n: u64) -> u64 { n + 1 }", false, true),
        ] {
            assert_eq!(shape(code), (loops, defines), "{code}");
        }
    }

    #[test]
    fn items_with_loops_keep_later_cells_optimised() {
        let folder = tempfile::tempdir().unwrap();
        let mut levels = Levels::default();
        let mut level = |code: &str| {
            levels.choose(code, folder.path());
            std::fs::read_to_string(folder.path().join(OPT_LEVEL_FILE)).unwrap()
        };
        let found =
            ["let a = 1;", "for _ in 0..2 {}", "let b = 1;", "fn f() { loop {} }", "let c = 1;"].map(&mut level);
        assert_eq!(found, ["0", "1", "0", "1", "1"]);
    }
}
