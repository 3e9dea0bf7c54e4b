//! What became of the notebooks of a run, as data for other programs: JSON, and the XML of JUnit that CI servers read.
use std::fmt::Write as _;
use std::time::Duration;

use serde::Serialize;
use serde_json::json;

use super::html::escape;

/// A notebook that was run, or not.
#[derive(Debug, Clone)]
pub struct NotebookReport {
    /// As on the command line.
    pub notebook: String,
    /// Where it was written.
    pub output: String,
    /// How it ended.
    pub status: Status,
    /// Why it did not end well; empty otherwise.
    pub message: String,
    /// From its start to its end.
    pub elapsed: Duration,
    /// The cells that ran, in order.
    pub cells: Vec<CellReport>,
}

/// How a notebook or a cell ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Well.
    Passed,
    /// A cell failed.
    Failed,
    /// It could not be run or written.
    Error,
    /// An earlier run had done it.
    Skipped,
}

/// A cell that ran.
#[derive(Debug, Clone)]
pub struct CellReport {
    /// Its number, from 1, among the cells with code.
    pub number: usize,
    /// Its id in the notebook.
    pub id: String,
    /// Its first line that is not empty.
    pub first_line: String,
    /// How long it took.
    pub elapsed: Duration,
    /// Its error's name, line and text, if it failed.
    pub error: Option<(String, String, String)>,
    /// It failed, and was allowed to (`raises-exception`).
    pub may_fail: bool,
}

/// The report as JSON.
pub fn json_report(notebooks: &[NotebookReport]) -> String {
    let cell = |cell: &CellReport| {
        let error = cell.error.as_ref().map(|(name, value, _)| json!({"name": name, "value": value}));
        json!({
            "cell": cell.number, "id": cell.id, "first_line": cell.first_line, "seconds": cell.elapsed.as_secs_f64(),
            "error": error, "may_fail": cell.may_fail,
        })
    };
    let notebook = |notebook: &NotebookReport| {
        json!({
            "notebook": notebook.notebook, "output": notebook.output, "status": notebook.status, "message": notebook.message,
            "seconds": notebook.elapsed.as_secs_f64(), "cells": notebook.cells.iter().map(cell).collect::<Vec<_>>(),
        })
    };
    let list: Vec<_> = notebooks.iter().map(notebook).collect();
    let count = |status| notebooks.iter().filter(|notebook| notebook.status == status).count();
    let report = json!({
        "passed": count(Status::Passed), "failed": count(Status::Failed), "errors": count(Status::Error), "skipped": count(Status::Skipped),
        "notebooks": list,
    });
    format!("{report:#}\n")
}

/// The report as JUnit's XML: a suite for each notebook, a case for each cell.
pub fn junit_report(notebooks: &[NotebookReport]) -> String {
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n");
    for notebook in notebooks {
        let failed = notebook.cells.iter().filter(|cell| cell.error.is_some() && !cell.may_fail).count();
        let (errors, skipped) =
            (u8::from(notebook.status == Status::Error), u8::from(notebook.status == Status::Skipped));
        let n_cases = notebook.cells.len() + usize::from(errors + skipped);
        let name = attribute(&notebook.notebook);
        _ = writeln!(
            xml,
            "  <testsuite name=\"{name}\" tests=\"{n_cases}\" failures=\"{failed}\" errors=\"{errors}\" skipped=\"{skipped}\" time=\"{:.3}\">",
            notebook.elapsed.as_secs_f64()
        );
        for cell in &notebook.cells {
            let title = attribute(&format!("cell {}: {}", cell.number, cell.first_line));
            _ = write!(
                xml,
                "    <testcase classname=\"{name}\" name=\"{title}\" time=\"{:.3}\"",
                cell.elapsed.as_secs_f64()
            );
            match cell.error.as_ref().filter(|_| !cell.may_fail) {
                Some((kind, value, text)) => {
                    _ = writeln!(
                        xml,
                        ">\n      <failure type=\"{}\" message=\"{}\">{}</failure>\n    </testcase>",
                        attribute(kind),
                        attribute(value),
                        escape(&printable(text))
                    );
                }
                None => xml.push_str("/>\n"),
            }
        }
        match notebook.status {
            Status::Error => {
                let message = attribute(&notebook.message);
                _ = writeln!(
                    xml,
                    "    <testcase classname=\"{name}\" name=\"run\"><error message=\"{message}\"/></testcase>"
                );
            }
            Status::Skipped => {
                _ = writeln!(xml, "    <testcase classname=\"{name}\" name=\"run\"><skipped/></testcase>")
            }
            Status::Passed | Status::Failed => {}
        }
        xml.push_str("  </testsuite>\n");
    }
    xml.push_str("</testsuites>\n");
    xml
}

fn attribute(text: &str) -> String {
    escape(&printable(text)).replace('\n', "&#10;")
}

/// Without a terminal's colours and what else XML cannot hold.
fn printable(text: &str) -> String {
    let mut plain = String::new();
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            '\u{1b}' => _ = characters.by_ref().find(|next| next.is_ascii_alphabetic()),
            '\n' | '\t' => plain.push(character),
            other if other.is_control() => {}
            other => plain.push(other),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_hold_each_notebook_and_cell() {
        let cell = |number, error: Option<&str>, may_fail| CellReport {
            number,
            id: format!("c{number}"),
            first_line: "let a = b < \"c\";".into(),
            elapsed: Duration::from_millis(1500),
            error: error
                .map(|text| ("Error".to_owned(), text.to_owned(), format!("\u{1b}[1;31m{text}\u{1b}[0m\n & more"))),
            may_fail,
        };
        let notebook = |name: &str, status, cells| NotebookReport {
            notebook: name.into(),
            output: format!("out/{name}"),
            status,
            message: if status == Status::Error { "no such file".into() } else { String::new() },
            elapsed: Duration::from_secs(3),
            cells,
        };
        let all = [
            notebook(
                "a.ipynb",
                Status::Failed,
                vec![cell(1, None, false), cell(2, Some("may"), true), cell(3, Some("no"), false)],
            ),
            notebook("b.ipynb", Status::Error, vec![]),
            notebook("c.ipynb", Status::Skipped, vec![]),
        ];
        let xml = junit_report(&all);
        for part in [
            "<testsuite name=\"a.ipynb\" tests=\"3\" failures=\"1\" errors=\"0\" skipped=\"0\" time=\"3.000\">",
            "name=\"cell 1: let a = b &lt; &quot;c&quot;;\" time=\"1.500\"/>",
            "<failure type=\"Error\" message=\"no\">no\n &amp; more</failure>",
            "<error message=\"no such file\"/>",
            "<skipped/>",
        ] {
            assert!(xml.contains(part), "{part} is not in {xml}");
        }
        assert_eq!(xml.matches("<testcase").count(), 5);
        let json: serde_json::Value = serde_json::from_str(&json_report(&all)).unwrap();
        assert_eq!((&json["failed"], &json["errors"], &json["passed"]), (&1.into(), &1.into(), &0.into()));
        assert_eq!(json["notebooks"][0]["cells"][2]["error"]["value"], "no");
        assert_eq!(json["notebooks"][2]["status"], "skipped");
    }
}
