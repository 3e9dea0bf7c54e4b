//! Compiling the crate of a cell.
use std::ffi::OsString;
use std::path::Path;
use std::process::{Command, ExitCode};

use crate::compiler_wire::{
    DEPENDENCIES_VARIABLE, LIBRARY_VARIABLE, LINK_NAMES_FOLDER, LINKER_NAME, LINKER_VARIABLE, OPT_LEVEL_FILE,
    RUSTC_VARIABLE, TOOLS_FOLDER, give_memory_in_large_pages,
};
use crate::{cell_crate, generated, tools, warm};

/// Evcxr's environment variable: the file into which the path of the compiled library goes.
const RESULT_VARIABLE: &str = "EVCXR_EXECUTION_SO_PATH";
/// Where compiled cells go, below the folder of the crate.
const OUT_FOLDER: &str = "target/cells";

/// `cargo build` and `cargo check` of a cell's crate; everything else is handed to the real Cargo.
pub fn cargo(arguments: &[OsString]) -> Result<ExitCode, String> {
    let checks_only = match arguments.iter().filter_map(|word| word.to_str()).find(|word| !word.starts_with('-')) {
        Some("build") => false,
        Some("check") => true,
        _ => return tools::real_cargo(arguments),
    };
    let folder = std::env::current_dir().map_err(|error| error.to_string())?;
    let Some(cell) = cell_crate::read(&folder) else { return tools::real_cargo(arguments) };
    simplify(&folder)?;
    if !cell.is_plain {
        return tools::real_cargo(arguments);
    }
    let opt_level = std::fs::read_to_string(folder.join(OPT_LEVEL_FILE)).unwrap_or(cell.opt_level);
    let arguments = rustc_arguments(&folder, opt_level.trim(), checks_only)?;
    let rustc = variable(RUSTC_VARIABLE)?;
    let compiles = match warm::compile(&folder, &rustc, &arguments) {
        Some(compiles) => compiles,
        None => {
            let mut rustc = Command::new(rustc);
            give_memory_in_large_pages(&mut rustc);
            let status = rustc.args(arguments).status().map_err(|error| format!("rustc cannot be started: {error}"))?;
            status.success()
        }
    };
    if !compiles {
        return Ok(ExitCode::FAILURE);
    }
    if let Some(file) = std::env::var_os(RESULT_VARIABLE).filter(|_| !checks_only) {
        let library = folder.join(OUT_FOLDER).join("libctx.so");
        std::fs::write(&file, library.to_string_lossy().as_bytes())
            .map_err(|error| format!("{}: {error}", Path::new(&file).display()))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn variable(name: &str) -> Result<OsString, String> {
    std::env::var_os(name).ok_or_else(|| format!("the kernel did not set {name}"))
}

/// The compiler's call, as Cargo makes it for evcxr's profile but for what only costs time here: incremental
/// compilation (each cell is new), search paths in the library (the process that loads it has all it needs) and a
/// library in between.
fn rustc_arguments(folder: &Path, opt_level: &str, checks_only: bool) -> Result<Vec<OsString>, String> {
    let joined = |start: &str, end: &std::ffi::OsStr| {
        let mut word = OsString::from(start);
        word.push(end);
        word
    };
    let mut arguments: Vec<OsString> = Vec::new();
    let mut add = |words: &[&str]| arguments.extend(words.iter().map(OsString::from));
    add(&["--crate-name", "ctx", "--edition=2024", "src/lib.rs", "--error-format=json"]);
    add(&["--crate-type", "cdylib", if checks_only { "--emit=metadata" } else { "--emit=link" }]);
    add(&["-C", &format!("opt-level={opt_level}"), "-C", "prefer-dynamic"]);
    add(&["-C", "debug-assertions=on", "-C", "overflow-checks=on"]);
    // One unit compiles least; two only pay where there is much to optimise.
    add(&["-C", if opt_level == "0" { "codegen-units=1" } else { "codegen-units=2" }]);
    arguments.extend(["--out-dir".into(), folder.join(OUT_FOLDER).into_os_string()]);
    // By the toolchain's own linker: no C compiler stands in between, and none is needed.
    let tools = folder.join(TOOLS_FOLDER);
    let names = tools.join(LINK_NAMES_FOLDER);
    if std::env::var_os(LINKER_VARIABLE).is_some() && names.is_dir() {
        arguments.extend(["-C".into(), joined("linker=", tools.join(LINKER_NAME).as_os_str())]);
        arguments.extend(["-C".into(), "linker-flavor=ld.lld".into()]);
        arguments.extend(["-L".into(), joined("native=", names.as_os_str())]);
    }
    let library = variable(LIBRARY_VARIABLE)?;
    for name in ["terracube=", "terracube_cells="] {
        arguments.extend(["--extern".into(), joined(name, &library)]);
    }
    for folder in std::env::split_paths(&variable(DEPENDENCIES_VARIABLE)?) {
        arguments.extend(["-L".into(), joined("dependency=", folder.as_os_str())]);
    }
    Ok(arguments)
}

/// Replaces the source by one that compiles faster and does the same.
fn simplify(folder: &Path) -> Result<(), String> {
    let file = folder.join("src/lib.rs");
    let failed = |error: std::io::Error| format!("{}: {error}", file.display());
    let source = std::fs::read_to_string(&file).map_err(failed)?;
    // Without the store in it the source is one that was replaced before: evcxr does not write what has not changed.
    if let Some(replaced) = generated::with_library_store(&source) {
        std::fs::write(&file, generated::without_unnamed_variables(&replaced)).map_err(failed)?;
    }
    Ok(())
}
