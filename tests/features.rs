//! Cargo compiles a dependency once per set of its features, so all selections of packages that we build must switch the
//! same ones on: the programs, their tests, and the library that notebook cells link. A difference costs minutes in CI.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;
use std::process::Command;

#[test]
fn every_selection_of_packages_switches_the_same_features_on() {
    let programs = features(&["-e", "normal,build"]);
    let tests = features(&["-e", "normal,build,dev"]);
    let cells = features(&["-e", "normal,build", "-p", "terracube-cells"]);
    assert!(programs.len() > 200, "only {} packages in the tree", programs.len());
    let differing = |these: &BTreeSet<String>, others: &BTreeSet<String>| -> Vec<String> {
        let in_both = |line: &&String| {
            let package = name_and_version(line);
            others.iter().any(|other| name_and_version(other) == package)
        };
        these.difference(others).filter(in_both).cloned().collect()
    };
    let by_tests = differing(&tests, &programs);
    assert!(
        by_tests.is_empty(),
        "tests need other features; list them in benches/Cargo.toml and cells/Cargo.toml: {by_tests:#?}"
    );
    let by_cells = differing(&cells, &programs);
    assert!(
        by_cells.is_empty(),
        "cells are built with other features; complete the list in cells/Cargo.toml: {by_cells:#?}"
    );
}

/// A line "package version features" for every dependency of a selection.
fn features(selection: &[&str]) -> BTreeSet<String> {
    let output = Command::new(env!("CARGO"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(["tree", "--locked", "--prefix", "none", "-f", "{p} {f}"])
        .args(selection)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    // A package that was listed before has a star behind it.
    let lines = String::from_utf8(output.stdout).unwrap();
    lines.lines().map(|line| line.trim_end_matches(" (*)").trim().to_owned()).filter(|line| !line.is_empty()).collect()
}

fn name_and_version(line: &str) -> String {
    line.split(' ').take(2).collect::<Vec<_>>().join(" ")
}
