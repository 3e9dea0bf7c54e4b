//! Linking a cell, under the name that rustc is given for its linker.
//!
//! A linker reads the names of all that the cells library exports, to find a few of them. Since the process that loads
//! the cell has that library and those of the system loaded, and shared libraries may leave names open, they are left out.
use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, ExitCode};

use object::elf::FileHeader64;
use object::read::elf::ElfFile;
use object::{Endianness, Object as _, ObjectSymbol as _};

use crate::compiler_wire::LINKER_VARIABLE;

/// Libraries of the system that rustc links with everything.
const SYSTEM: [&str; 8] = ["-lstdc++", "-lgcc_s", "-lutil", "-lrt", "-lpthread", "-lm", "-ldl", "-lc"];
/// What cells use of the system's libraries without naming it; anything else is looked for in all libraries.
const KNOWN: [&str; 12] = [
    "memcpy",
    "memmove",
    "memset",
    "memcmp",
    "bcmp",
    "strlen",
    "_Unwind_Resume",
    "rust_eh_personality",
    "__tls_get_addr",
    "__cxa_finalize",
    "__gmon_start__",
    "_GLOBAL_OFFSET_TABLE_",
];

/// Runs the toolchain's linker; returns only if it cannot be started.
pub fn link(arguments: &[OsString]) -> Result<ExitCode, String> {
    let linker = std::env::var_os(LINKER_VARIABLE).ok_or("the kernel did not name the linker")?;
    let arguments = arguments.strip_prefix(&["-flavor".into(), "gnu".into()]).unwrap_or(arguments);
    let mut command = Command::new(&linker);
    command.args(["-flavor", "gnu", "--threads=1"]);
    command.args(without_loaded(arguments).as_deref().unwrap_or(arguments));
    let error = command.exec();
    Err(format!("{}: {error}", Path::new(&linker).display()))
}

/// The arguments without libraries that are loaded anyway; `None` if the cell links something else, or uses names that
/// have to be looked for.
fn without_loaded(arguments: &[OsString]) -> Option<Vec<OsString>> {
    let mut kept = Vec::with_capacity(arguments.len());
    let mut objects = Vec::new();
    for argument in arguments {
        let text = argument.to_str()?;
        let file = Path::new(text).file_name().and_then(OsStr::to_str).unwrap_or_default();
        let is_loaded = SYSTEM.contains(&text)
            || ["-Bdynamic", "-Bstatic", "--as-needed"].contains(&text)
            || file == "libterracube_cells.so"
            || file.starts_with("libstd-") && file.ends_with(".so")
            || file.starts_with("libcompiler_builtins-") && file.ends_with(".rlib");
        if is_loaded {
            continue;
        }
        let is_library = text.starts_with("-l")
            || text.starts_with('@')
            || [".so", ".rlib", ".a"].iter().any(|end| file.ends_with(end));
        // The output is a library, too.
        let is_output = kept.last().is_some_and(|before: &OsString| before == "-o");
        if is_library && !is_output {
            return None;
        }
        if file.ends_with(".o") {
            objects.push(std::fs::read(text).ok()?);
        }
        kept.push(argument.clone());
    }
    only_known(&objects)?.then_some(kept)
}

/// Whether all names that these object files leave open are Rust's own, which the compiler has looked up, or known ones.
fn only_known(objects: &[Vec<u8>]) -> Option<bool> {
    let (mut open, mut defined) = (Vec::new(), HashSet::new());
    for object in objects {
        let file = ElfFile::<FileHeader64<Endianness>>::parse(object.as_slice()).ok()?;
        for symbol in file.symbols() {
            let name = symbol.name_bytes().ok()?.to_vec();
            if symbol.is_undefined() {
                open.push(name);
            } else {
                defined.insert(name);
            }
        }
    }
    let known = |name: &[u8]| {
        name.is_empty()
            || name.starts_with(b"_ZN")
            || name.starts_with(b"_R")
            || KNOWN.iter().any(|known| known.as_bytes() == name)
    };
    Some(open.iter().all(|name| known(name) || defined.contains(name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(folder: &Path, name: &str, source: &str) -> String {
        let (code, file) = (folder.join(name).with_extension("rs"), folder.join(name).with_extension("o"));
        std::fs::write(&code, source).unwrap();
        let mut rustc = Command::new("rustc");
        rustc
            .args([
                "--edition=2024",
                "--crate-type=cdylib",
                "--emit=obj",
                "-Cprefer-dynamic",
                "-Cpanic=abort",
                "-Ccodegen-units=1",
                "-o",
            ])
            .arg(&file)
            .arg(&code);
        assert!(rustc.status().unwrap().success());
        file.display().to_string()
    }

    #[test]
    fn only_what_is_surely_loaded_is_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let plain =
            object(folder.path(), "plain", "#[unsafe(no_mangle)] pub fn f(n: usize) -> String { format!(\"{n}\") }");
        let foreign = object(
            folder.path(),
            "foreign",
            "unsafe extern \"C\" { fn far_away(); } #[unsafe(no_mangle)] pub fn f() { unsafe { far_away() } }",
        );
        let builtin =
            object(folder.path(), "builtin", "#[unsafe(no_mangle)] pub fn f(a: u128, b: u128) -> u128 { a / b }");
        let common = "--as-needed -Bdynamic /kit/lib/libterracube_cells.so /t/libstd-1.so -Bstatic /t/libcompiler_builtins-2.rlib -Bdynamic -lgcc_s -lc -shared -o /x/libctx.so";
        let shortened = |first: &str, more: &str| {
            let words: Vec<OsString> =
                format!("{first} {common} {more}").split_whitespace().map(OsString::from).collect();
            without_loaded(&words).map(|kept| kept.join(OsStr::new(" ")).into_string().unwrap_or_default())
        };
        assert_eq!(shortened(&plain, "--gc-sections"), Some(format!("{plain} -shared -o /x/libctx.so --gc-sections")));
        // What one object leaves open another may define: rustc lists a cell's function in an object of its own.
        let near = object(folder.path(), "near", "#[unsafe(no_mangle)] pub extern \"C\" fn far_away() {}");
        assert!(shortened(&format!("{foreign} {near}"), "").is_some());
        for (first, more) in
            [(&foreign, ""), (&builtin, ""), (&plain, "-lz"), (&plain, "/t/libother.rlib"), (&plain, "@list")]
        {
            assert_eq!(shortened(first, more), None, "{first} {more}");
        }
    }
}
