//! The compiler that a kit brings along: rustc, the standard library and a linker, copied from a toolchain, so that cells
//! need nothing of the machine and a user's own toolchains are left alone.
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::install::{InstallError, at};

/// The compiler's place in a kit.
pub const FOLDER: &str = "toolchain";

/// The compiler that goes with a kit: its own if it has one, else the one on `PATH`.
pub fn rustc(kit: &Path) -> PathBuf {
    let own = kit.join(FOLDER).join("bin/rustc");
    if own.is_file() { own } else { PathBuf::from("rustc") }
}

/// What `rustc -vV` says, as far as kits care.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// The first line.
    pub line: String,
    /// The commit that the compiler was built from: libraries of other compilers do not load.
    pub commit: String,
    /// The machine that it runs on.
    pub host: String,
}

/// Asks a compiler who it is.
///
/// # Errors
/// With a text for the user, if it cannot be run.
pub fn version(rustc: &Path) -> Result<Version, String> {
    let answer = ask(rustc, &["-vV"])?;
    let line = answer.lines().next().unwrap_or_default().to_owned();
    let field = |name: &str| answer.lines().find_map(|line| line.strip_prefix(name)).map(str::to_owned);
    Ok(Version {
        commit: field("commit-hash: ").unwrap_or_else(|| line.clone()),
        host: field("host: ").unwrap_or_default(),
        line,
    })
}

/// Runs a compiler and returns what it prints.
///
/// # Errors
/// With a text for the user, if it cannot be run or fails.
pub fn ask(rustc: &Path, arguments: &[&str]) -> Result<String, String> {
    let output = Command::new(rustc).args(arguments).output().map_err(|error| {
        format!(
            "cells are compiled with `{}`, which cannot be run ({error}); install Rust from https://rustup.rs and see that \
             `rustc` is on PATH, or give the kernel a compiler of its own: `terracube install --from TOOLCHAIN`",
            rustc.display()
        )
    })?;
    if !output.status.success() {
        return Err(format!(
            "`{} {}` failed: {}",
            rustc.display(),
            arguments.join(" "),
            String::from_utf8_lossy(&output.stderr)
        ));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Copies what cells need of the toolchain in the folder `from` (as `rustc --print sysroot` names it) to `to`, which must not
/// exist: the compiler, Cargo (for `%dep`), the standard library and the linker; its source is in the kit. The compiler must
/// be the kit's.
///
/// # Errors
/// If `from` is no toolchain, or one with another compiler, or the file system fails.
pub fn copy(from: &Path, to: &Path, wanted: &str) -> Result<(), InstallError> {
    let rustc = from.join("bin/rustc");
    if !rustc.is_file() {
        return Err(InstallError::new(format!(
            "{} is no toolchain: it has no bin/rustc. `rustc --print sysroot` names the folder of an installed one",
            from.display()
        )));
    }
    let found = version(&rustc).map_err(InstallError::new)?;
    if found.commit != wanted {
        return Err(InstallError::new(format!(
            "the compiler in {} is {} (commit {}), and cells need that of commit {wanted}: another one cannot use the library",
            from.display(),
            found.line,
            found.commit
        )));
    }
    at(to, fs::create_dir_all(to.join("bin")))?;
    for program in ["rustc", "cargo"] {
        let source = from.join("bin").join(program);
        if source.is_file() {
            at(&source, fs::copy(&source, to.join("bin").join(program)))?;
        }
    }
    copy_libraries(&from.join("lib"), &to.join("lib"))?;
    let target = Path::new("lib/rustlib").join(&found.host);
    for part in ["lib", "bin"] {
        copy_all(&from.join(&target).join(part), &to.join(&target).join(part))?;
    }
    let copied = version(&to.join("bin/rustc")).map_err(InstallError::new)?;
    if copied != found {
        return Err(InstallError::new(format!(
            "the copied compiler says that it is {}, not {}",
            copied.line, found.line
        )));
    }
    Ok(())
}

/// The compiler's own libraries: files of a folder, without the folders in it.
fn copy_libraries(from: &Path, to: &Path) -> Result<(), InstallError> {
    at(to, fs::create_dir_all(to))?;
    for entry in at(from, fs::read_dir(from))? {
        let path = at(from, entry)?.path();
        if path.is_file() {
            at(&path, fs::copy(&path, to.join(path.file_name().unwrap_or_default())))?;
        }
    }
    Ok(())
}

/// A folder with all that is in it; links become what they point to.
pub fn copy_all(from: &Path, to: &Path) -> Result<(), InstallError> {
    at(to, fs::create_dir_all(to))?;
    for entry in at(from, fs::read_dir(from))? {
        let path = at(from, entry)?.path();
        let target = to.join(path.file_name().unwrap_or_default());
        if is_for_others(&path) {
            continue;
        }
        if path.is_dir() {
            copy_all(&path, &target)?;
        } else {
            // A real copy (the file system may share the blocks): the source may be rebuilt in place.
            at(&path, fs::copy(&path, &target))?;
        }
    }
    Ok(())
}

/// Parts of a toolchain that cells never use: sanitizers, and a tool for another machine.
fn is_for_others(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.starts_with("librustc-") && name.ends_with("san.a") || name == "wasm-component-ld"
}

/// Bytes of all files in a folder.
pub fn size(folder: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(folder) else { return 0 };
    entries
        .flatten()
        .map(|entry| match entry.file_type() {
            Ok(kind) if kind.is_dir() => size(&entry.path()),
            _ => entry.metadata().map_or(0, |metadata| metadata.len()),
        })
        .sum()
}

/// The linker that comes with a toolchain, where cells can be linked by it alone: no C compiler and no files of the C
/// library's development package are needed then.
pub fn linker(sysroot: &Path, host: &str) -> Option<PathBuf> {
    let linker = sysroot.join("lib/rustlib").join(host).join("bin/rust-lld");
    (host.ends_with("linux-gnu") && linker.is_file()).then_some(linker)
}

/// Fills a folder with the system's libraries under the names that a linker looks for (`libc.so` for `libc.so.6`).
///
/// # Errors
/// If one is not to be found, or the folder cannot be written.
pub fn link_names(folder: &Path) -> std::io::Result<()> {
    const LIBRARIES: [&str; 8] = ["c", "m", "gcc_s", "dl", "pthread", "rt", "util", "stdc++"];
    let loaded = loaded_libraries()?;
    let missing = |name: &str| std::io::Error::other(format!("lib{name}.so is not loaded in this process"));
    let find = |name: &str| {
        let start = format!("lib{name}.so.");
        loaded.iter().find(|path| path.file_name().is_some_and(|file| file.to_string_lossy().starts_with(&start)))
    };
    let libc = find("c").ok_or_else(|| missing("c"))?;
    fs::create_dir_all(folder)?;
    for name in LIBRARIES {
        // Those that are part of the C library since glibc 2.34 may be beside it, for old programs, or not.
        let beside = || {
            let entries = fs::read_dir(libc.parent()?).ok()?;
            let start = format!("lib{name}.so.");
            entries
                .flatten()
                .map(|entry| entry.path())
                .find(|path| path.file_name().is_some_and(|file| file.to_string_lossy().starts_with(&start)))
        };
        let library = match find(name).cloned().or_else(beside) {
            Some(library) => library,
            None if matches!(name, "c" | "m" | "gcc_s" | "stdc++") => return Err(missing(name)),
            None => libc.clone(),
        };
        let link = folder.join(format!("lib{name}.so"));
        let _ = fs::remove_file(&link); // there already, after a restart
        std::os::unix::fs::symlink(library, link)?;
    }
    Ok(())
}

/// Shared libraries of this process: those of cells are the same.
fn loaded_libraries() -> std::io::Result<Vec<PathBuf>> {
    let maps = fs::read_to_string("/proc/self/maps")?;
    let mut paths: Vec<PathBuf> = maps
        .lines()
        .filter_map(|line| line.find('/').map(|at| PathBuf::from(&line[at..])))
        .filter(|path| path.is_file())
        .collect();
    paths.sort();
    paths.dedup();
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_libraries_are_found_under_link_names() {
        let folder = tempfile::tempdir().unwrap();
        for _ in 0..2 {
            link_names(folder.path()).unwrap();
        }
        for name in ["c", "m", "gcc_s", "dl", "pthread"] {
            let target = fs::canonicalize(folder.path().join(format!("lib{name}.so"))).unwrap();
            assert!(target.to_string_lossy().contains(".so"), "{name}: {}", target.display());
        }
    }

    #[test]
    fn a_folder_that_is_no_toolchain_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let error = copy(folder.path(), &folder.path().join("to"), "abc").unwrap_err().to_string();
        assert!(error.contains("no bin/rustc"), "{error}");
        let ours = PathBuf::from(ask(Path::new("rustc"), &["--print", "sysroot"]).unwrap().trim());
        let error = copy(&ours, &folder.path().join("to"), "abc").unwrap_err().to_string();
        assert!(error.contains("cells need that of commit abc"), "{error}");
        assert!(!folder.path().join("to").exists());
    }
}
