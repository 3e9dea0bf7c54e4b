//! `make golden`: holds what we decode and compute on real files against the reference's values, kept beside the project in
//! shared/data and shared/golden. Usage: golden SHARED [--only TEXT]. The last line is `golden: N passed, M failed, K known differences`.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr
)]

mod commands;
mod describe;
mod file;
mod operations;
#[path = "../support/mod.rs"]
mod support;
mod tally;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use tally::Tally;

const KINDS: &[&str] = &[
    "packed",
    "cmip",
    "multifile",
    "zarr-foreign",
    "zarr-derived",
    "ukmo",
    "netcdf-format",
    "hdf5",
    "cf-conventions",
    "insitu-argo",
    "satellite",
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let shared = PathBuf::from(arguments.first().map_or("../shared", String::as_str));
    let only = match &arguments[..] {
        [_, flag, text] if flag == "--only" => text.as_str(),
        _ => "",
    };
    if !shared.join("golden").is_dir() || !shared.join("data").is_dir() {
        println!(
            "{} holds no data/ and golden/: nothing to compare with. The committed cases (make test) are the oracle of a clean clone.",
            shared.display()
        );
        return ExitCode::SUCCESS;
    }
    let known = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden_shared/known_differences.json");
    let mut tally = Tally::new(&known, only);
    for kind in KINDS {
        let mut expectations: Vec<PathBuf> = std::fs::read_dir(shared.join("golden").join(kind))
            .into_iter()
            .flatten()
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
            .collect();
        expectations.sort();
        for expectation in expectations {
            let name = format!("{kind}/{}", expectation.file_stem().unwrap().to_str().unwrap());
            if name.contains(only) {
                tally.begin(kind, &name);
                let expected = serde_json::from_str(&std::fs::read_to_string(&expectation).unwrap()).unwrap();
                let data = shared.join("data").join(&name);
                let whole = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                    file::check(&data, &expected, &mut tally)
                }));
                if whole.is_err() {
                    tally.check("no panic", Err("panicked".to_owned()));
                }
            }
        }
    }
    if tally.report() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
