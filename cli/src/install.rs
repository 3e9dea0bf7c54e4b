//! `terracube install`: tells Jupyter of the kernel, and puts what cells are compiled against in its place.
use std::env;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use terracube_kernel::evaluator::install::{install_kit, user_folder};
use terracube_kernel::evaluator::{Kit, toolchain};

use crate::arguments::{InstallArguments, Place};
use crate::failure::Failure;
use crate::kernelspec::Kernelspec;
use crate::labextension;

/// Installs, replacing an earlier installation.
pub(crate) fn install(arguments: &InstallArguments) -> Result<(), Failure> {
    let folders = folders(&arguments.place)?;
    let (kit, compiler) = sources(arguments.from.as_deref())?;
    let kit = match arguments.kit_in_place {
        true => kit,
        false => install_kit(&kit, &folders.kit, compiler.as_deref()).map_err(Failure::new)?,
    };
    let program = env::current_exe().map_err(|error| Failure::new(format!("where this program is: {error}")))?;
    let root = kit.root().canonicalize().unwrap_or_else(|_| kit.root().to_owned());
    let spec =
        Kernelspec { name: &arguments.name, display_name: &arguments.display_name, program: &program, kit: &root };
    let refused = |error| Failure::new(format!("cannot write the kernel to {}: {error}", folders.kernels.display()));
    let folder = spec.write(&folders.kernels).map_err(refused)?;
    labextension::write(&folders.extensions).map_err(|error| {
        Failure::new(format!("cannot write the panel to {}: {error}", folders.extensions.display()))
    })?;
    let compiler = toolchain::version(&kit.rustc()).map_err(Failure::new)?;
    let whose = if kit.has_own_toolchain() { "its own compiler" } else { "the compiler on PATH" };
    let done = format!(
        "installed kernel `{}` in {}\ncells are compiled in {} ({} MB on disk) by {whose}, {}\n",
        arguments.name,
        folder.display(),
        kit.root().display(),
        toolchain::size(kit.root()) / 1_000_000,
        compiler.line
    );
    drop(std::io::stdout().write_all(done.as_bytes())); // it is installed even if nobody listens
    Ok(())
}

/// The kit to install, and the toolchain that it gets, if any.
fn sources(from: Option<&Path>) -> Result<(Kit, Option<PathBuf>), Failure> {
    let Some(from) = from else { return Ok((Kit::find().map_err(Failure::new)?, None)) };
    for kit in [from.to_owned(), from.join("share/terracube/kit"), from.join("kit")] {
        if kit.join("kit.json").is_file() {
            // A package brings both.
            let compiler = kit.join(toolchain::FOLDER);
            let compiler = compiler.is_dir().then_some(compiler);
            return Ok((Kit::open(&kit).map_err(Failure::new)?, compiler));
        }
    }
    // Without a compiler on PATH the kit cannot be opened yet, so it is looked at as it lies there.
    let kit = Kit::find_with(&from.join("bin/rustc")).map_err(Failure::new)?;
    Ok((kit, Some(from.to_owned())))
}

/// Where an installation goes.
struct Folders {
    /// Jupyter's kernels, a folder each.
    kernels: PathBuf,
    /// JupyterLab's extensions, a folder each.
    extensions: PathBuf,
    /// What cells are compiled against.
    kit: PathBuf,
}

fn folders(place: &Place) -> Result<Folders, Failure> {
    let under = |prefix: &Path| {
        let share = prefix.join("share");
        Folders {
            kernels: share.join("jupyter/kernels"),
            extensions: share.join("jupyter/labextensions"),
            kit: share.join("terracube/kit"),
        }
    };
    if let Some(prefix) = &place.prefix {
        return Ok(under(&std::path::absolute(prefix).map_err(Failure::new)?));
    }
    if place.sys_prefix {
        return Ok(under(&environment_prefix()?));
    }
    let homeless =
        |reason: String| Failure::new(format!("where the user's data is: {reason}")).hint("set HOME, or use --prefix");
    let jupyter = user_jupyter_folder().ok_or_else(|| homeless("no home folder".to_owned()))?;
    let kit = user_folder().ok_or_else(|| homeless("no home folder".to_owned()))?;
    Ok(Folders { kernels: jupyter.join("kernels"), extensions: jupyter.join("labextensions"), kit })
}

/// Where Jupyter looks for what belongs to the user.
pub(crate) fn user_jupyter_folder() -> Option<PathBuf> {
    let folder = |variable: &str| env::var_os(variable).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(chosen) = folder("JUPYTER_DATA_DIR") {
        return Some(chosen);
    }
    if cfg!(windows) {
        return Some(folder("APPDATA")?.join("jupyter"));
    }
    let home = env::home_dir()?;
    if cfg!(target_os = "macos") {
        return Some(home.join("Library/Jupyter"));
    }
    Some(folder("XDG_DATA_HOME").unwrap_or_else(|| home.join(".local/share")).join("jupyter"))
}

/// The active environment: a virtual environment, Conda, or the Python on the path.
fn environment_prefix() -> Result<PathBuf, Failure> {
    for variable in ["VIRTUAL_ENV", "CONDA_PREFIX"] {
        if let Some(prefix) = env::var_os(variable).map(PathBuf::from).filter(|prefix| prefix.is_dir()) {
            return Ok(prefix);
        }
    }
    let asked = Command::new("python3").args(["-c", "import sys; print(sys.prefix)"]).output();
    let prefix = asked.ok().filter(|output| output.status.success()).and_then(|output| {
        let text = String::from_utf8(output.stdout).ok()?;
        Some(PathBuf::from(text.trim())).filter(|prefix: &PathBuf| Path::is_dir(prefix))
    });
    prefix.ok_or_else(|| {
        Failure::new("no active Python or Conda environment was found").hint("activate one, or use --prefix or --user")
    })
}
