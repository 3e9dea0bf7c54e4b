//! Makes the kit that cells are compiled against, from the source tree, and installs it.
use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use super::kit::{self, Kit, KitDescription};
use super::{rust_source, stubs, toolchain};

/// What cells link.
const CELLS_PACKAGE: &str = "terracube-cells";
/// The rustc crate name of [`CELLS_PACKAGE`].
const CELLS_CRATE: &str = "terracube_cells";

/// Why a kit could not be made or installed; the text names the step.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0}")]
pub struct InstallError(String);

impl InstallError {
    pub(super) fn new(text: String) -> Self {
        Self(text)
    }
}

/// Builds the cells library in release mode and lays the kit down in `kit`, replacing what is there. `runner` is the
/// built program that runs cells; the one that compiles them lies beside it.
///
/// # Errors
/// If Cargo, rustdoc or the file system fails; compiler messages go to standard error.
pub fn build_kit(workspace: &Path, runner: &Path, kit: &Path) -> Result<Kit, InstallError> {
    let artifacts = build_library(workspace)?;
    let library = artifacts.library.as_deref().ok_or_else(|| InstallError("Cargo built no cells library".into()))?;
    let fresh = kit.with_extension("new");
    remove_folder(&fresh)?;
    for folder in ["lib", "deps", "shim/src", "bin"] {
        at(&fresh, fs::create_dir_all(fresh.join(folder)))?;
    }
    place(library, &fresh.join("lib").join(file_name(library)))?;
    place(runner, &fresh.join("bin/terracube-runner"))?;
    place(&runner.with_file_name("terracube-compile"), &fresh.join("bin/terracube-compile"))?;
    for file in &artifacts.metadata {
        place(file, &fresh.join("deps").join(file_name(file)))?;
    }
    write_shim(workspace, &artifacts, &fresh)?;
    let rustc = Path::new("rustc");
    let sysroot = kit::sysroot(rustc).map_err(InstallError)?;
    let source = fresh.join("rust-src");
    if at(&source, rust_source::write(&sysroot, &source))? == 0 {
        tracing::warn!(
            "neither the component `rust-src` nor `rust-docs` is installed, so variables need explicit types in cells; \
             run `rustup component add rust-src`"
        );
    }
    let description = KitDescription {
        version: env!("CARGO_PKG_VERSION").into(),
        compiler: toolchain::version(rustc).map_err(InstallError)?.commit,
        library: file_name(library),
    };
    let text = serde_json::to_string_pretty(&description).map_err(|error| InstallError(error.to_string()))?;
    // Last: a kit with a description is complete.
    at(&fresh, fs::write(fresh.join("kit.json"), text))?;
    replace(&fresh, kit)?;
    Kit::open(kit).map_err(|error| InstallError(error.to_string()))
}

/// Copies a kit to where the user's Jupyter will find it, replacing an older one. With `compiler`, the folder of a
/// toolchain, the kit gets a compiler of its own. Returns the installed kit.
///
/// # Errors
/// If the toolchain is not the one that the kit was made by, or the file system fails; then what was there stays.
pub fn install_kit(kit: &Kit, target: &Path, compiler: Option<&Path>) -> Result<Kit, InstallError> {
    let same = kit.root().canonicalize().ok() == target.canonicalize().ok() && target.exists();
    let fresh = target.with_extension("new");
    if !same {
        remove_folder(&fresh)?;
        toolchain::copy_all(kit.root(), &fresh)?;
    }
    let root = if same { target } else { &fresh };
    if let Some(from) = compiler {
        let folder = root.join(toolchain::FOLDER);
        let copying = root.join("toolchain.new");
        remove_folder(&copying)?;
        toolchain::copy(from, &copying, &kit.description().compiler)?;
        remove_folder(&folder)?;
        at(&folder, fs::rename(&copying, &folder))?;
    }
    if !same {
        replace(&fresh, target)?;
    }
    Kit::open(target).map_err(|error| InstallError(error.to_string()))
}

/// Where [`install_kit`] puts a user's kit; `None` without a home folder.
pub fn user_folder() -> Option<PathBuf> {
    kit::user_folder()
}

/// What Cargo built.
#[derive(Default)]
struct Artifacts {
    library: Option<PathBuf>,
    /// Metadata of the dependencies, and procedural macros.
    metadata: Vec<PathBuf>,
    /// Metadata of library crates, by package.
    by_package: HashMap<String, PathBuf>,
    /// What build scripts left, by package.
    out_folders: HashMap<String, String>,
}

fn build_library(workspace: &Path) -> Result<Artifacts, InstallError> {
    let output = Command::new(cargo())
        .current_dir(workspace)
        .args([
            "rustc",
            "--release",
            "-p",
            CELLS_PACKAGE,
            "--lib",
            "--locked",
            "--message-format=json-render-diagnostics",
        ])
        .args(["--", "-C", "prefer-dynamic"])
        .stderr(Stdio::inherit())
        .output();
    let output = at(workspace, output)?;
    if !output.status.success() {
        return Err(InstallError("the cells library does not build".into()));
    }
    let mut artifacts = Artifacts::default();
    for message in
        String::from_utf8_lossy(&output.stdout).lines().filter_map(|line| serde_json::from_str::<Value>(line).ok())
    {
        let package = message["package_id"].as_str().unwrap_or_default().to_owned();
        if message["reason"] == "build-script-executed" {
            artifacts.out_folders.insert(package, message["out_dir"].as_str().unwrap_or_default().to_owned());
            continue;
        }
        if message["reason"] != "compiler-artifact" {
            continue;
        }
        let files = message["filenames"].as_array().map(Vec::as_slice).unwrap_or_default();
        let files: Vec<PathBuf> = files.iter().filter_map(Value::as_str).map(PathBuf::from).collect();
        let is = |file: &Path, extension: &str| file.extension().is_some_and(|found| found == extension);
        let has_metadata = files.iter().any(|file| is(file, "rmeta"));
        let kinds = message["target"]["kind"].as_array().map(Vec::as_slice).unwrap_or_default();
        let is_macro = kinds.iter().any(|kind| kind == "proc-macro");
        for file in files {
            if is(&file, "so") && message["target"]["name"] == CELLS_CRATE {
                artifacts.library = Some(file);
            } else if is(&file, "rmeta") || (is(&file, "rlib") && !has_metadata) {
                // A crate that is a C library too (`crc-fast`) comes without a metadata file: it is in the rlib.
                artifacts.by_package.insert(package.clone(), file.clone());
                artifacts.metadata.push(file);
            } else if is(&file, "so") && is_macro {
                artifacts.metadata.push(file);
            }
        }
    }
    Ok(artifacts)
}

/// The crate `terracube` of cells: for rustc the library, for rust-analyzer signatures only.
fn write_shim(workspace: &Path, artifacts: &Artifacts, kit: &Path) -> Result<(), InstallError> {
    let documented = document(workspace, artifacts, kit)?;
    let signatures = stubs::generate(&documented, CELLS_CRATE).map_err(|error| InstallError(error.to_string()))?;
    let shim = kit.join("shim");
    let manifest = format!(
        "[package]\nname = \"terracube\"\nversion = \"{}\"\nedition = \"2024\"\n\n[lib]\ndoctest = false\n\n[workspace]\n",
        env!("CARGO_PKG_VERSION")
    );
    at(&shim, fs::write(shim.join("Cargo.toml"), manifest))?;
    let library = "// Generated. rustc sees the library; rust-analyzer, which only infers types, reads signatures.\n\
                   #![allow(warnings)]\n#[cfg(not(rust_analyzer))]\npub use terracube_cells::*;\n\
                   #[cfg(rust_analyzer)]\nmod signatures;\n#[cfg(rust_analyzer)]\npub use signatures::*;\n";
    at(&shim, fs::write(shim.join("src/lib.rs"), library))?;
    at(&shim, fs::write(shim.join("src/signatures.rs"), signatures))
}

/// The documentation, as data, of the library's own crates, by crate name. rustdoc is run directly on what Cargo has
/// built: `cargo doc` would check all dependencies once more.
fn document(workspace: &Path, artifacts: &Artifacts, kit: &Path) -> Result<BTreeMap<String, String>, InstallError> {
    let host = toolchain::version(Path::new("rustc")).map_err(InstallError)?.host;
    // Not offline: Cargo wants the packages that tests need too, which a build did not load.
    let metadata = Command::new(cargo())
        .current_dir(workspace)
        .args(["metadata", "--format-version=1", "--locked", "--filter-platform", &host])
        .stderr(Stdio::inherit())
        .output();
    let metadata: Value = serde_json::from_slice(&at(workspace, metadata)?.stdout)
        .map_err(|error| InstallError(format!("`cargo metadata` failed: {error}")))?;
    let packages = index_by_id(&metadata["packages"]);
    let nodes = index_by_id(&metadata["resolve"]["nodes"]);
    let output = tempfile::tempdir().map_err(|error| InstallError(error.to_string()))?;
    let mut documented = BTreeMap::new();
    for id in own_packages(&packages, &nodes) {
        let (Some(package), Some(node)) = (packages.get(id.as_str()), nodes.get(id.as_str())) else { continue };
        let Some(target) = library_target(package) else { continue };
        let name = target["name"].as_str().unwrap_or_default().replace('-', "_");
        let mut rustdoc = Command::new("rustdoc");
        rustdoc
            .current_dir(workspace)
            .env("RUSTC_BOOTSTRAP", "1")
            .env("CARGO_PKG_VERSION", package["version"].as_str().unwrap_or_default())
            .env("CARGO_PKG_NAME", package["name"].as_str().unwrap_or_default())
            .env(
                "CARGO_MANIFEST_DIR",
                Path::new(package["manifest_path"].as_str().unwrap_or_default()).parent().unwrap_or(workspace),
            )
            .args([
                "--crate-type",
                "lib",
                "--crate-name",
                &name,
                "--edition",
                target["edition"].as_str().unwrap_or("2024"),
            ])
            .args(["-Zunstable-options", "--output-format", "json", "--cap-lints", "allow"])
            .arg("-L")
            .arg(format!("dependency={}", kit.join("deps").display()))
            .arg("-o")
            .arg(output.path())
            .arg(target["src_path"].as_str().unwrap_or_default());
        if let Some(folder) = artifacts.out_folders.get(&id) {
            rustdoc.env("OUT_DIR", folder);
        }
        for feature in node["features"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            rustdoc.arg("--cfg").arg(format!("feature=\"{feature}\""));
        }
        for dependency in node["deps"].as_array().into_iter().flatten() {
            let is_normal = dependency["dep_kinds"].as_array().into_iter().flatten().any(|kind| kind["kind"].is_null());
            let (Some(name), Some(package)) = (dependency["name"].as_str(), dependency["pkg"].as_str()) else {
                continue;
            };
            if let Some(file) = artifacts.by_package.get(package).filter(|_| is_normal) {
                rustdoc.arg("--extern").arg(format!("{name}={}", file.display()));
            } else if let Some(file) = proc_macro(artifacts, name).filter(|_| is_normal) {
                rustdoc.arg("--extern").arg(format!("{name}={}", file.display()));
            }
        }
        let result = at(workspace, rustdoc.output())?;
        if !result.status.success() {
            return Err(InstallError(format!(
                "rustdoc failed on {name}:\n{}",
                String::from_utf8_lossy(&result.stderr)
            )));
        }
        let file = output.path().join(format!("{name}.json"));
        documented.insert(name, at(&file, fs::read_to_string(&file))?);
    }
    Ok(documented)
}

/// The procedural macro of this crate name.
fn proc_macro<'a>(artifacts: &'a Artifacts, name: &str) -> Option<&'a PathBuf> {
    let start = format!("lib{name}-");
    artifacts
        .metadata
        .iter()
        .find(|file| file.extension().is_some_and(|e| e == "so") && file_name(file).starts_with(&start))
}

/// Packages of the source tree that the cells library is made of, itself included.
fn own_packages(packages: &HashMap<&str, &Value>, nodes: &HashMap<&str, &Value>) -> Vec<String> {
    let root = packages.iter().find(|(_, package)| package["name"] == CELLS_PACKAGE).map(|(id, _)| (*id).to_owned());
    let mut waiting: Vec<String> = root.into_iter().collect();
    let mut found: Vec<String> = Vec::new();
    let mut seen: HashSet<String> = HashSet::new();
    while let Some(id) = waiting.pop() {
        let is_own = packages.get(id.as_str()).is_some_and(|package| package["source"].is_null());
        if !is_own || !seen.insert(id.clone()) {
            continue;
        }
        if let Some(node) = nodes.get(id.as_str()) {
            let normal = node["deps"].as_array().into_iter().flatten().filter(|dependency| {
                dependency["dep_kinds"].as_array().into_iter().flatten().any(|kind| kind["kind"].is_null())
            });
            waiting.extend(normal.filter_map(|dependency| dependency["pkg"].as_str().map(str::to_owned)));
        }
        found.push(id);
    }
    found
}

fn library_target(package: &Value) -> Option<&Value> {
    package["targets"].as_array()?.iter().find(|target| {
        target["kind"]
            .as_array()
            .into_iter()
            .flatten()
            .any(|kind| matches!(kind.as_str(), Some("lib" | "rlib" | "dylib")))
    })
}

fn index_by_id(list: &Value) -> HashMap<&str, &Value> {
    list.as_array().into_iter().flatten().filter_map(|entry| Some((entry["id"].as_str()?, entry))).collect()
}

fn cargo() -> std::ffi::OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// A hard link where that is possible, else a copy.
fn place(from: &Path, to: &Path) -> Result<(), InstallError> {
    if fs::hard_link(from, to).is_err() {
        at(from, fs::copy(from, to))?;
    }
    Ok(())
}

fn remove_folder(folder: &Path) -> Result<(), InstallError> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(InstallError(format!("{}: {error}", folder.display())))
        }
        _ => Ok(()),
    }
}

/// Puts a folder in the place of another one, which is gone for a moment only: kernels may be starting. If that fails, what was there
/// stays.
fn replace(fresh: &Path, target: &Path) -> Result<(), InstallError> {
    let mut old = target.with_extension("old");
    if !target.exists() {
        // An installation that was killed in that moment.
        let _ = fs::rename(&old, target);
    }
    if remove_folder(&old).is_err() {
        // What an earlier one could not remove is not to hold up this one.
        old = target.with_extension(format!("old-{}", std::process::id()));
    }
    let had_one = match fs::rename(target, &old) {
        Ok(()) => true,
        Err(error) if error.kind() == io::ErrorKind::NotFound => false,
        Err(error) => return at(target, Err(error)),
    };
    if let Err(error) = fs::rename(fresh, target) {
        let error = format!("{}: {error}", target.display());
        return Err(InstallError(match had_one.then(|| fs::rename(&old, target)) {
            Some(Err(second)) => format!("{error}; what was there is now {} ({second})", old.display()),
            _ => error,
        }));
    }
    if let Err(error) = remove_folder(&old) {
        tracing::warn!(%error, "what was replaced stays beside it");
    }
    Ok(())
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

pub(super) fn at<T>(path: &Path, result: io::Result<T>) -> Result<T, InstallError> {
    result.map_err(|error| InstallError(format!("{}: {error}", path.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_replaced_stays() {
        let place = tempfile::tempdir().unwrap();
        let [fresh, target, old] = ["kit.new", "kit", "kit.old"].map(|name| place.path().join(name));
        let write = |folder: &Path, text: &str| {
            fs::create_dir_all(folder).unwrap();
            fs::write(folder.join("kit.json"), text).unwrap();
        };
        let holds = || fs::read_to_string(target.join("kit.json")).unwrap();
        write(&target, "first");
        // There is no fresh one.
        let error = replace(&fresh, &target).unwrap_err().to_string();
        assert!(error.contains("kit: ") && holds() == "first" && !old.exists(), "{error}");
        write(&fresh, "second");
        replace(&fresh, &target).unwrap();
        assert!(holds() == "second" && !old.exists() && !fresh.exists());
        // Something that is no folder, and cannot be removed like one, is in the way.
        fs::write(&old, "").unwrap();
        write(&fresh, "third");
        replace(&fresh, &target).unwrap();
        assert_eq!(holds(), "third");
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 2, "kit and kit.old");
        // Killed between the two renames.
        fs::remove_file(&old).unwrap();
        fs::rename(&target, &old).unwrap();
        assert!(replace(&fresh, &target).is_err());
        assert_eq!(holds(), "third");
    }
}
