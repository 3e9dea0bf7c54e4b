//! The signatures that rust-analyzer reads: made from rustdoc's data, valid for rustc, complete.
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use terracube_kernel::evaluator::{Kit, stubs};

/// The data of the two fixture crates.
fn documented(folder: &Path) -> BTreeMap<String, String> {
    // Asked at run time: a target folder that several checkouts share may hold a test built in another.
    let fixtures = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR").unwrap()).join("tests/fixtures");
    let mut documented = BTreeMap::new();
    for name in ["base", "facade"] {
        let source = fixtures.join(format!("{name}.rs"));
        let arguments = |command: &mut Command| {
            command.args(["--edition=2024", "--crate-type=lib", "--crate-name", name]).arg(&source);
            if name == "facade" {
                command.arg("--extern").arg(format!("base={}", folder.join("libbase.rmeta").display()));
            }
        };
        let mut rustc = Command::new("rustc");
        arguments(&mut rustc);
        rustc.arg("--emit=metadata").arg("--out-dir").arg(folder);
        assert!(rustc.status().unwrap().success());
        let mut rustdoc = Command::new("rustdoc");
        arguments(&mut rustdoc);
        rustdoc.env("RUSTC_BOOTSTRAP", "1").args(["-Zunstable-options", "--output-format=json", "-o"]).arg(folder);
        assert!(rustdoc.status().unwrap().success());
        documented.insert(name.to_owned(), std::fs::read_to_string(folder.join(format!("{name}.json"))).unwrap());
    }
    documented
}

/// Whether rustc accepts the signatures together with code that uses them.
fn check_with_rustc(folder: &Path, signatures: &Path, code: &str) {
    let root = folder.join("root.rs");
    std::fs::write(
        &root,
        format!("#![allow(warnings)]\n#[path = {signatures:?}]\nmod signatures;\npub use signatures::*;\n{code}\n"),
    )
    .unwrap();
    let output = Command::new("rustc")
        .args(["--edition=2024", "--crate-type=lib", "--crate-name=checked", "--emit=metadata", "--out-dir"])
        .arg(folder)
        .arg(&root)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn signatures_hold_all_that_inference_needs() {
    let folder = tempfile::tempdir().unwrap();
    let signatures = stubs::generate(&documented(folder.path()), "facade").unwrap();
    let file = folder.path().join("signatures.rs");
    std::fs::write(&file, &signatures).unwrap();
    let code = "fn uses() -> inner::Outcome<()> {
            use prelude::*;
            let amount: Quantity = open(\"x\")?;
            let sum: Quantity = &amount + &amount;
            let scaled: Quantity = 2.0 * sum.clone();
            let text: String = label(\"a\");
            let range: (f64, f64) = label(1.0..=2.0);
            let mapped: Option<Vec<i32>> = amount.map(|number| number as i32);
            let total: f64 = inner::Quantity::sum(vec![amount.number])?;
            let limit: usize = shown::LIMIT;
            let doubled: u16 = twice(2);
            let described: String = describe(&1.5);
            Ok(())
        }";
    check_with_rustc(folder.path(), &file, code);
    assert!(signatures.contains("/// A value with a unit."), "{signatures}");
    assert!(!signatures.contains("NotNameable") && !signatures.contains("secret"), "{signatures}");
    assert_eq!(signatures.matches("pub struct Quantity<").count(), 1, "{signatures}");
}

#[test]
fn data_of_another_format_is_refused() {
    let documented = BTreeMap::from([("x".to_owned(), "{\"format_version\": 1}".to_owned())]);
    let error = stubs::generate(&documented, "x").unwrap_err().to_string();
    assert!(error.contains("format 1") && error.contains("rustdoc-types"), "{error}");
}

#[test]
fn the_signatures_of_the_kit_are_valid() {
    let folder = tempfile::tempdir().unwrap();
    let kit = Kit::find().expect("run `make cells` first");
    check_with_rustc(folder.path(), &kit.shim().join("src/signatures.rs"), "");
}
