//! Compiling the crate of a cell.
use std::ffi::OsString;
use std::path::Path;
use std::process::{Command, ExitCode};

use crate::compiler_wire::{
    DEPENDENCIES_VARIABLE, LIBRARY_VARIABLE, LINK_NAMES_VARIABLE, LINKER_VARIABLE, OPT_LEVEL_FILE, RUSTC_VARIABLE,
};
use crate::{cell_crate, generated, tools};

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
    let mut rustc = rustc(opt_level.trim(), checks_only)?;
    let status = rustc.status().map_err(|error| format!("rustc cannot be started: {error}"))?;
    if !status.success() {
        return Ok(ExitCode::FAILURE);
    }
    if let Some(file) = std::env::var_os(RESULT_VARIABLE).filter(|_| !checks_only) {
        let library = folder.join(OUT_FOLDER).join("libctx.so");
        std::fs::write(&file, library.to_string_lossy().as_bytes())
            .map_err(|error| format!("{}: {error}", Path::new(&file).display()))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The compiler's call, as Cargo makes it for evcxr's profile but for what only costs time here: incremental
/// compilation (each cell is new), search paths in the library (the process that loads it has all it needs) and a
/// library in between.
fn rustc(opt_level: &str, checks_only: bool) -> Result<Command, String> {
    let variable = |name: &str| std::env::var_os(name).ok_or_else(|| format!("the kernel did not set {name}"));
    let mut command = Command::new(variable(RUSTC_VARIABLE)?);
    command.args(["--crate-name", "ctx", "--edition=2024", "src/lib.rs", "--error-format=json"]);
    command.args(["--crate-type", "cdylib", if checks_only { "--emit=metadata" } else { "--emit=link" }]);
    command.args(["--out-dir", OUT_FOLDER, "-C", &format!("opt-level={opt_level}"), "-C", "prefer-dynamic"]);
    command.args(["-C", "debug-assertions=on", "-C", "overflow-checks=on"]);
    // One unit compiles least; two only pay where there is much to optimise.
    command.args(["-C", if opt_level == "0" { "codegen-units=1" } else { "codegen-units=2" }]);
    // By the toolchain's own linker: no C compiler stands in between, and none is needed.
    if let (Some(linker), Some(names)) = (std::env::var_os(LINKER_VARIABLE), std::env::var_os(LINK_NAMES_VARIABLE)) {
        let mut flag = OsString::from("linker=");
        flag.push(linker);
        command.arg("-C").arg(flag).args(["-C", "linker-flavor=ld.lld"]);
        let mut folder = OsString::from("native=");
        folder.push(names);
        command.arg("-L").arg(folder);
    }
    let library = variable(LIBRARY_VARIABLE)?;
    for name in ["terracube", "terracube_cells"] {
        let mut value = OsString::from(format!("{name}="));
        value.push(&library);
        command.arg("--extern").arg(value);
    }
    for folder in std::env::split_paths(&variable(DEPENDENCIES_VARIABLE)?) {
        let mut value = OsString::from("dependency=");
        value.push(folder);
        command.arg("-L").arg(value);
    }
    Ok(command)
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
