//! The order of the house, held by tests: sizes of files, and who imports whom inside `cube`. Between crates Cargo holds it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

const MOST_LINES: usize = 800;

/// Which rooms of `cube/src` a room may name. `data` is what users hold: its terminal calls start the engine, which never names it.
const ROOMS: &[(&str, &[&str])] = &[
    ("base", &[]),
    ("compute", &["base"]),
    ("source", &["base"]),
    ("plan", &["base", "source", "compute"]),
    ("optimise", &["base", "source", "compute", "plan"]),
    ("physical", &["base", "source", "plan", "optimise", "compute"]),
    ("execute", &["base", "source", "plan", "optimise", "physical", "compute"]),
    ("data", &["base", "source", "plan", "optimise", "physical", "execute", "compute"]),
    ("repr", &["base", "data"]),
];

#[test]
fn no_rust_file_is_too_long() {
    let files = rust_files(&root());
    assert!(files.len() > 10, "only {} Rust files found under {}", files.len(), root().display());
    let long: Vec<String> = files
        .iter()
        .map(|file| (file, std::fs::read_to_string(file).unwrap().lines().count()))
        .filter(|(_, lines)| *lines > MOST_LINES)
        .map(|(file, lines)| format!("{}: {lines} lines", file.display()))
        .collect();
    assert!(long.is_empty(), "files of more than {MOST_LINES} lines:\n{}", long.join("\n"));
}

#[test]
fn rooms_of_cube_import_in_one_direction() {
    let source = root().join("cube/src");
    let rooms: BTreeMap<&str, BTreeSet<&str>> =
        ROOMS.iter().map(|(room, may)| (*room, may.iter().copied().collect())).collect();
    let mut wrong = Vec::new();
    for file in rust_files(&source) {
        let inside = file.strip_prefix(&source).unwrap();
        let room = inside.components().next().unwrap().as_os_str().to_str().unwrap().trim_end_matches(".rs").to_owned();
        if room == "lib" {
            continue;
        }
        let Some(may) = rooms.get(room.as_str()) else {
            wrong.push(format!(
                "{}: `{room}` is no room of tests/tidy.rs: add it with what it may import",
                inside.display()
            ));
            continue;
        };
        for named in rooms_named_in(&library_part(&std::fs::read_to_string(&file).unwrap())) {
            if named != room && rooms.contains_key(named.as_str()) && !may.contains(named.as_str()) {
                wrong.push(format!("{}: `{room}` must not import `{named}`", inside.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_table_of_rooms_has_no_circle() {
    let mut above = BTreeSet::new();
    for (room, may) in ROOMS {
        assert!(may.iter().all(|m| above.contains(m)), "`{room}` names a room that stands below it in the table");
        above.insert(*room);
    }
}

/// A builder without it would lose the line of the mistake that its result carries.
#[test]
fn builders_of_lazy_values_know_their_caller() {
    let mut wrong = Vec::new();
    for file in rust_files(&root().join("cube/src/data")) {
        let code = library_part(&std::fs::read_to_string(&file).unwrap());
        let lines: Vec<&str> = code.lines().collect();
        for (number, line) in lines.iter().enumerate().filter(|(_, line)| line.trim_start().starts_with("pub fn ")) {
            let signature: Vec<&str> =
                lines[number..].iter().take_while(|line| !line.starts_with("    }")).copied().collect();
            let signature = signature.join(" ");
            let head = signature.split('{').next().unwrap();
            let returns = head.rsplit("->").next().unwrap().trim();
            let builds = head.contains("->") && ["Self", "DataArray", "Dataset"].contains(&returns);
            if builds && !lines[number - 1].contains("#[track_caller]") {
                wrong.push(format!("{}:{}: {}", file.display(), number + 1, line.trim()));
            }
        }
    }
    assert!(wrong.is_empty(), "`#[track_caller]` is missing above\n{}", wrong.join("\n"));
}

#[test]
fn imports_are_found() {
    let code = "use crate::base::Dims;\nuse crate::{\n    data::{DataArray, Dataset},\n    plan::Expr,\n};\nfn f() { crate::execute::run() }\n// crate::repr in a comment\n";
    let found: Vec<String> = rooms_named_in(code).into_iter().collect();
    assert_eq!(found, ["base", "data", "execute", "plan"]);
    assert_eq!(library_part("a\n#[cfg(test)]\nmod tests { use crate::data; }\n"), "a\n");
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        if entry.file_type().unwrap().is_dir() {
            if name != "target" && name != "out" && !name.starts_with('.') {
                found.extend(rust_files(&entry.path()));
            }
        } else if name.ends_with(".rs") {
            found.push(entry.path());
        }
    }
    found.sort();
    found
}

/// The text without its test module, which stands last in a file and may name anything.
fn library_part(code: &str) -> String {
    let end = code.find("#[cfg(test)]\nmod ").unwrap_or(code.len());
    code[..end].to_owned()
}

/// First path segments after `crate::`, groups (`crate::{a::.., b}`) included, comments left out.
fn rooms_named_in(code: &str) -> BTreeSet<String> {
    let code: String = code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
    let mut found = BTreeSet::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        match rest.strip_prefix('{') {
            None => found.extend(first_word(rest)),
            Some(group) => {
                let mut depth = 0;
                let mut expect_name = true;
                for (i, character) in group.char_indices() {
                    match character {
                        '{' => depth += 1,
                        '}' if depth == 0 => break,
                        '}' => depth -= 1,
                        ',' if depth == 0 => expect_name = true,
                        _ if expect_name && character.is_alphabetic() => {
                            found.extend(first_word(&group[i..]));
                            expect_name = false;
                        }
                        _ => {}
                    }
                }
            }
        }
    }
    found
}

fn first_word(text: &str) -> Option<String> {
    let word: String = text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    (!word.is_empty()).then_some(word)
}
