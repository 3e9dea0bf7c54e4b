//! The commonest mistakes of newcomers, and what they are told: at most six lines each, none of the code around the cell.
//! `TERRACUBE_UPDATE=1` writes what is said now into the file; look at the diff.
use std::fmt::Write as _;
use std::path::Path;

use terracube_kernel::evaluator::Outcome;

use super::session::Session;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/evaluator/mistakes.txt");
/// Between a mistake and what is said of it.
const SAID: &str = "----\n";
/// Between two mistakes.
const NEXT: &str = "====\n";
const MOST_LINES: usize = 6;
const SETUP: &str = "let t = DataArray::from_vec([\"time\", \"lat\"], &[4, 3], (0..12).map(f64::from).collect::<Vec<_>>()).with_coord(\"lat\", vec![10.0, 20.0, 30.0]).named(\"t2m\"); let values = vec![1.0, 2.0]; let n = 3;";

#[test]
fn the_commonest_mistakes_are_explained_in_six_lines() {
    let text = std::fs::read_to_string(Path::new(FILE)).unwrap();
    let mut session = Session::start();
    let mut now = String::new();
    for row in text.split(NEXT).filter(|row| !row.trim().is_empty()) {
        let code = row.split(SAID).next().unwrap().trim_end();
        session.run(SETUP).result();
        let cell = session.run(code);
        let updating = std::env::var_os("TERRACUBE_UPDATE").is_some();
        if updating && matches!(cell.outcome, Outcome::Done { .. }) {
            continue; // no mistake any more
        }
        let error = cell.error();
        let lines: Vec<String> =
            error.traceback.iter().map(|line| without_colours(line)).filter(|line| !line.trim().is_empty()).collect();
        let n_errors = lines.iter().filter(|line| line.starts_with("error")).count().max(1);
        assert!(lines.len() <= MOST_LINES * n_errors, "{code}\n{}", lines.join("\n"));
        let said = lines.join("\n");
        assert!(!said.contains("evcxr") && !said.contains("src/lib.rs"), "{code}\n{said}");
        _ = write!(now, "{code}\n{SAID}{said}\n{NEXT}");
    }
    if std::env::var_os("TERRACUBE_UPDATE").is_some() {
        std::fs::write(FILE, &now).unwrap();
    }
    if std::env::var_os("TERRACUBE_UPDATE").is_none() {
        for (was, is) in text.split(NEXT).zip(now.split(NEXT)) {
            assert_eq!(was.trim_end(), is.trim_end(), "what is said has changed");
        }
    }
}

fn without_colours(line: &str) -> String {
    let mut parts = line.split('\u{1b}');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + part.split_once('m').map_or("", |(_, rest)| rest))
}
