//! This machine: compiler, kit, kernel, folders, memory, and a cell that is really run.
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use terracube::cube::MemoryBudget;
use terracube_kernel::FrontEnd;
use terracube_kernel::evaluator::install::user_folder;
use terracube_kernel::evaluator::{Kit, Outcome, cell_folder, toolchain};

use super::Finding;
use crate::evaluator;
use crate::install::user_jupyter_folder;

/// A cell that only adds numbers should not take longer.
const SLOW_CELL: Duration = Duration::from_secs(1);

pub(super) fn program_and_compiler() -> Vec<Finding> {
    let program = std::env::current_exe().map(|path| path.display().to_string()).unwrap_or_default();
    let mut findings = vec![Finding::good("terracube", format!("{} in {program}", env!("CARGO_PKG_VERSION")))];
    match toolchain::version(Path::new("rustc")) {
        Ok(version) => findings.push(Finding::good("rustc on PATH", format!("{} for {}", version.line, version.host))),
        Err(_) => findings.push(Finding::poor(
            "rustc on PATH",
            "none: only a kit with its own compiler can run cells; `info`, `stats`, `convert`, `refs` and `run --check` need none",
            "",
        )),
    }
    match Kit::find() {
        Ok(kit) => {
            let compiler = toolchain::version(&kit.rustc()).map(|version| version.line).unwrap_or_default();
            let own = if kit.has_own_toolchain() { "its own compiler" } else { "the compiler on PATH" };
            let size = toolchain::size(kit.root()) / 1_000_000;
            findings
                .push(Finding::good("kit", format!("{} ({size} MB), with {own}, {compiler}", kit.root().display())));
            findings.push(linker(&kit));
        }
        Err(error) => findings.push(Finding::bad(
            "kit",
            error.to_string(),
            "notebooks and `run` need it; run `terracube install`",
        )),
    }
    findings.push(kernelspec());
    findings
}

fn linker(kit: &Kit) -> Finding {
    let own = kit.sysroot().ok().and_then(|sysroot| {
        let host = toolchain::version(&kit.rustc()).ok()?.host;
        toolchain::linker(&sysroot, &host)
    });
    let has_compiler = Command::new("cc").arg("--version").output().is_ok_and(|output| output.status.success());
    match (own, has_compiler) {
        (Some(linker), _) => Finding::good("linker", linker.display().to_string()),
        (None, true) => Finding::good("linker", "cc"),
        (None, false) => {
            Finding::bad("linker", "none: cells cannot be linked", "install a C compiler (Debian: apt install gcc)")
        }
    }
}

fn kernelspec() -> Finding {
    let none = || Finding::poor("kernel", "Jupyter does not know it", "run `terracube install`");
    let Some(folder) = kernel_folders().into_iter().find(|folder| folder.join("kernel.json").is_file()) else {
        return none();
    };
    let Ok(text) = std::fs::read_to_string(folder.join("kernel.json")) else { return none() };
    let spec: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
    let program = PathBuf::from(spec["argv"][0].as_str().unwrap_or_default());
    let kit = PathBuf::from(spec["env"]["TERRACUBE_KIT"].as_str().unwrap_or_default());
    for (what, path) in [("program", &program), ("kit", &kit)] {
        if !path.exists() {
            let found = format!("{}: its {what} {} is gone", folder.display(), path.display());
            return Finding::bad("kernel", found, "run `terracube install` again");
        }
    }
    Finding::good("kernel", folder.display().to_string())
}

/// Where Jupyter would find the kernel.
fn kernel_folders() -> Vec<PathBuf> {
    let mut data: Vec<PathBuf> =
        std::env::var_os("JUPYTER_PATH").map(|paths| std::env::split_paths(&paths).collect()).unwrap_or_default();
    data.extend(user_jupyter_folder());
    for variable in ["VIRTUAL_ENV", "CONDA_PREFIX"] {
        data.extend(std::env::var_os(variable).map(|prefix| PathBuf::from(prefix).join("share/jupyter")));
    }
    data.extend(["/usr/local/share/jupyter", "/usr/share/jupyter"].map(PathBuf::from));
    data.into_iter().map(|folder| folder.join("kernels/terracube")).collect()
}

pub(super) fn places() -> Vec<Finding> {
    let mut findings = Vec::new();
    let places = cell_folder::places();
    let chosen = places.iter().find(|place| place.reason.is_none());
    let passed: Vec<String> = places
        .iter()
        .filter_map(|place| Some(format!("{}: {}", place.folder.display(), place.reason.as_ref()?)))
        .collect();
    findings.push(match chosen {
        Some(place) if passed.is_empty() => Finding::good("cell folder", place.folder.display().to_string()),
        Some(place) => Finding::good("cell folder", format!("{}, not {}", place.folder.display(), passed.join("; "))),
        None => Finding::bad("cell folder", passed.join("; "), "set TERRACUBE_TMPDIR to a folder on a local disk"),
    });
    if let Some(folder) = user_folder().and_then(|kit| Some(kit.parent()?.to_owned())) {
        let can_write = std::fs::create_dir_all(&folder).is_ok() && tempfile::tempfile_in(&folder).is_ok();
        findings.push(match can_write {
            true => Finding::good("user data", folder.display().to_string()),
            false => {
                Finding::poor("user data", format!("{} cannot be written", folder.display()), "the history is not kept")
            }
        });
    }
    findings
}

pub(super) fn resources() -> Vec<Finding> {
    let n_processors = std::thread::available_parallelism().map_or(1, usize::from);
    let mut findings = vec![Finding::good("processors", n_processors.to_string())];
    match MemoryBudget::from_environment() {
        Ok(budget) => {
            let limit = budget.limit();
            let found = format!("computations may hold {:.2} GB", gigabytes(limit));
            findings.push(if limit < 256 << 20 {
                Finding::poor("memory", found, "close other programs, or set TERRACUBE_BUDGET")
            } else {
                Finding::good("memory", found)
            });
        }
        Err(error) => findings.push(Finding::bad("memory", error.to_string(), "correct TERRACUBE_BUDGET")),
    }
    let proxies: Vec<String> = ["http_proxy", "https_proxy", "no_proxy"]
        .into_iter()
        .flat_map(|name| [name.to_owned(), name.to_uppercase()])
        .filter_map(|name| {
            let value = std::env::var(&name).ok().filter(|value| !value.is_empty())?;
            Some(format!("{name}={}", without_password(&value)))
        })
        .collect();
    findings.push(Finding::good("proxy", if proxies.is_empty() { "none".to_owned() } else { proxies.join(", ") }));
    findings
}

#[expect(clippy::cast_precision_loss, reason = "a size for people")]
fn gigabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e9
}

/// A proxy's address may hold a password, which is nobody's business.
fn without_password(address: &str) -> String {
    match (address.find("://"), address.rfind('@')) {
        (Some(scheme), Some(at)) if at > scheme => format!("{}://...{}", &address[..scheme], &address[at..]),
        _ => address.to_owned(),
    }
}

/// Runs cells, as a notebook would.
pub(super) fn first_cell() -> Finding {
    let start = Instant::now();
    let mut evaluator = match evaluator::start(FrontEnd::refusing()) {
        Ok(evaluator) => evaluator,
        Err(error) => return Finding::bad("a cell", error, ""),
    };
    let ready = start.elapsed();
    let mut took = Duration::ZERO;
    for code in ["let one = 1;", "one + 1"] {
        let start = Instant::now();
        if let Outcome::Failed(error) = evaluator.execute(code, &mut |_| {}) {
            return Finding::bad(
                "a cell",
                format!("`{code}` failed: {}\n{}", error.value, error.traceback.join("\n")),
                "",
            );
        }
        took = start.elapsed();
    }
    let found = format!("ready after {:.1} s, a cell takes {} ms", ready.as_secs_f64(), took.as_millis());
    if took > SLOW_CELL {
        Finding::poor("a cell", found, "is the machine busy?")
    } else {
        Finding::good("a cell", found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_of_proxies_are_not_told() {
        assert_eq!(without_password("http://me:secret@proxy:3128"), "http://...@proxy:3128");
        assert_eq!(without_password("http://proxy:3128"), "http://proxy:3128");
    }

    #[test]
    fn what_can_be_looked_at_without_a_kit_is_told() {
        let findings: Vec<Finding> = places().into_iter().chain(resources()).collect();
        let what: Vec<&str> = findings.iter().map(|finding| finding.what).collect();
        for name in ["cell folder", "processors", "memory", "proxy"] {
            assert!(what.contains(&name), "{what:?}");
        }
    }
}
