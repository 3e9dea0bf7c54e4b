//! The crate that evcxr writes for a cell, as far as the compiler must know it.
use std::path::Path;

/// What the manifest says.
#[derive(Debug, PartialEq, Eq)]
pub struct CellCrate {
    /// The optimisation level of its profile.
    pub opt_level: String,
    /// Whether it depends on nothing but `terracube`.
    pub is_plain: bool,
}

/// Reads the manifest of the cell's crate in a folder; `None` if it does not look as evcxr 0.22 writes it.
pub fn read(folder: &Path) -> Option<CellCrate> {
    parse(&std::fs::read_to_string(folder.join("Cargo.toml")).ok()?)
}

fn parse(manifest: &str) -> Option<CellCrate> {
    // The text is generated, one key a line; anything unexpected means that the real Cargo must look at it.
    let (head, dependencies) = manifest.split_once("\n[dependencies]\n")?;
    if !head.contains("\nname = \"ctx\"\n") {
        return None;
    }
    let opt_level = head.lines().find_map(|line| line.strip_prefix("opt-level = "))?.trim_matches('"').to_owned();
    let mut lines = dependencies.lines().map(str::trim).filter(|line| !line.is_empty());
    let is_plain = lines.all(|line| line.starts_with("terracube = {"));
    Some(CellCrate { opt_level, is_plain })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(dependencies: &str) -> String {
        format!(
            "\n[package]\nname = \"ctx\"\nversion = \"1.0.0\"\n\n[profile.dev]\nopt-level = 1\ndebug = false\n\n[dependencies]\n{dependencies}\n"
        )
    }

    #[test]
    fn only_terracube_is_plain() {
        for (dependencies, is_plain) in [
            ("", true),
            ("terracube = { path = \"/kit/shim\" }", true),
            ("terracube = { path = \"/kit/shim\" }\nserde = \"1\"", false),
            ("[target.x]", false),
        ] {
            let expected = Some(CellCrate { opt_level: "1".into(), is_plain });
            assert_eq!(parse(&manifest(dependencies)), expected, "{dependencies}");
        }
        assert_eq!(parse("[package]\nname = \"other\"\n"), None);
    }
}
