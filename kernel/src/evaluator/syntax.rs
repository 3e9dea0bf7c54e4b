//! Cells that are no Rust. The evaluator leaves out what it cannot read and runs the rest, so that `let = 1;` would seem to
//! have worked: such cells are shown to the compiler's parser alone, and its complaint is the cell's error.
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use super::CellError;
use crate::session::without_commands;

/// Code that is switched off is parsed and nothing else.
const BEFORE: &str = "#[cfg(false)] fn cell() {\n";

/// The parser's complaint about a cell; `None` if it has none, or the compiler cannot be asked.
pub fn error(rustc: &Path, code: &str) -> Option<CellError> {
    // Lines that are commands stay as empty ones.
    let rust: String =
        code.split_inclusive('\n').map(|line| if without_commands(line).is_empty() { "\n" } else { line }).collect();
    let mut parser = Command::new(rustc)
        .args(["--edition=2024", "--crate-type=lib", "--emit=metadata", "--error-format=json", "-o", "-", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .ok()?;
    let mut stdin = parser.stdin.take()?;
    let source = format!("{BEFORE}{rust}\n}}\n");
    // Dropping it is the end of the text.
    stdin.write_all(source.as_bytes()).ok()?;
    drop(stdin);
    let output = parser.wait_with_output().ok()?;
    if output.status.success() {
        return None;
    }
    let text = String::from_utf8_lossy(&output.stderr);
    let complaint = text
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .find(|line| line["level"] == "error")?;
    Some(cell_error(&complaint, code))
}

fn cell_error(complaint: &Value, code: &str) -> CellError {
    let value =
        complaint["message"].as_str().unwrap_or("the cell is no Rust").lines().next().unwrap_or_default().to_owned();
    let mut traceback = vec![format!("error: {value}")];
    let number = |name: &str| complaint["spans"][0][name].as_u64().and_then(|number| usize::try_from(number).ok());
    if let (Some(line), Some(column)) =
        (number("line_start").and_then(|line| line.checked_sub(1)), number("column_start"))
        && let Some(source) = line.checked_sub(1).and_then(|index| code.lines().nth(index))
    {
        let end = number("column_end").filter(|_| number("line_end") == number("line_start")).unwrap_or(column + 1);
        let label = complaint["spans"][0]["label"].as_str().unwrap_or_default();
        let marks = "^".repeat(end.saturating_sub(column).max(1));
        traceback.push(format!(" --> line {line}, column {column}"));
        traceback.push(format!("{line} | {source}"));
        let indent = " ".repeat(line.to_string().len());
        traceback
            .push(format!("{indent} | {}{marks} {label}", " ".repeat(column.saturating_sub(1))).trim_end().to_owned());
    }
    let helps = complaint["children"].as_array().into_iter().flatten().filter_map(|child| child["message"].as_str());
    traceback.extend(helps.take(2).map(|help| format!("  = help: {}", help.lines().next().unwrap_or_default())));
    CellError { name: "CompileError".into(), value, traceback }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn complaints_stand_at_the_cell_s_own_lines() {
        let found = error(Path::new("rustc"), "%who\nlet a = 1;\nlet = 2;").unwrap();
        assert_eq!(found.value, "expected pattern, found `=`");
        assert_eq!(found.traceback[1..3], [" --> line 3, column 5", "3 | let = 2;"]);
        assert!(found.traceback[3].starts_with("  |     ^"), "{found:?}");
        assert_eq!(error(Path::new("rustc"), "let a = not_known(b)?; a"), None);
        assert_eq!(error(Path::new("/no/such/rustc"), "let = 2;"), None);
    }
}
