//! Signatures for rust-analyzer: the public API of the library crates without bodies or dependencies, as one file.
//!
//! Evcxr asks rust-analyzer for the types of variables. Reading the real crates and their 160 dependencies would cost
//! seconds and half a gigabyte, so rust-analyzer is shown this file instead. It is made from rustdoc's data, which holds
//! what macros made too. Each crate stands in its module under `__crates`, every item once, at its shortest public path;
//! the same paths exist in the real library.
mod places;
mod render;
mod types;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use places::Places;
use rustdoc_types::Crate;

/// Why no signatures could be made.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0}")]
pub struct StubsError(String);

/// Signatures of the crates whose rustdoc JSON is given by crate name; the items of `root` stand at the top.
///
/// # Errors
/// If the JSON is not of the format that this version of rustdoc writes.
pub fn generate(documented: &BTreeMap<String, String>, root: &str) -> Result<String, StubsError> {
    let mut crates = BTreeMap::new();
    for (name, json) in documented {
        crates.insert(name.clone(), parse(name, json)?);
    }
    let mut places = Places::new(&crates);
    // What names something that cannot be written cannot be written either.
    let rendered = loop {
        let rendered: BTreeMap<&String, render::Rendered> =
            crates.iter().map(|(name, documented)| (name, render::crate_items(name, documented, &places))).collect();
        if rendered.values().all(|rendered| rendered.undefined.is_empty()) {
            break rendered;
        }
        for (name, rendered) in &rendered {
            for id in &rendered.undefined {
                places.forget(name, *id);
            }
        }
    };
    let mut output =
        String::from("// Generated from rustdoc's data; not for rustc.\n#[doc(hidden)]\npub mod __crates {\n");
    for (name, rendered) in &rendered {
        let _ = writeln!(output, "pub mod {name} {{");
        output.push_str(&rendered.text);
        output.push_str("}\n");
    }
    let _ = writeln!(output, "}}\npub use self::__crates::{root}::*;");
    Ok(output)
}

fn parse(name: &str, json: &str) -> Result<Crate, StubsError> {
    let value: serde_json::Value = serde_json::from_str(json)
        .map_err(|error| StubsError(format!("rustdoc's data on {name} is no JSON: {error}")))?;
    let format = value["format_version"].as_u64().unwrap_or_default();
    if format != u64::from(rustdoc_types::FORMAT_VERSION) {
        return Err(StubsError(format!(
            "this rustdoc writes format {format}, but {} is understood; update the crate rustdoc-types with the toolchain",
            rustdoc_types::FORMAT_VERSION
        )));
    }
    serde_json::from_value(value)
        .map_err(|error| StubsError(format!("rustdoc's data on {name} cannot be read: {error}")))
}
