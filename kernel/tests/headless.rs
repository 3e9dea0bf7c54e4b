//! Whole notebooks through the headless runner, with a scripted evaluator.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]
#[path = "protocol/scripted.rs"]
mod scripted;

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use terracube_kernel::FrontEnd;
use terracube_kernel::headless::{
    Failure, Notebook, Parameter, Progress, RunOptions, check, is_done, read, run, write,
};

fn notebook(cells: Vec<Value>) -> Notebook {
    let cells: Vec<Value> = cells
        .into_iter()
        .enumerate()
        .map(|(index, mut cell)| {
            cell["id"] = json!(format!("c{index}"));
            cell["metadata"] = cell.get("metadata").cloned().unwrap_or(json!({}));
            cell
        })
        .collect();
    serde_json::from_value(json!({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells})).unwrap()
}

fn code(source: &str) -> Value {
    let old = json!({"output_type": "stream", "name": "stdout", "text": "stale"});
    json!({"cell_type": "code", "execution_count": 99, "outputs": [old], "source": source})
}

fn tagged(source: &str, tag: &str) -> Value {
    let mut cell = code(source);
    cell["metadata"] = json!({"tags": [tag]});
    cell
}

fn run_with(notebook: &mut Notebook, options: RunOptions) -> (Option<Failure>, Vec<String>) {
    let mut told = Vec::new();
    let mut evaluator = scripted::new(FrontEnd::refusing());
    let mut progress = |progress: Progress<'_>| match progress {
        Progress::UnknownParameter(name) => told.push(format!("unknown {name}")),
        Progress::Started { cell, n_cells, first_line } => told.push(format!("{cell}/{n_cells} {first_line}")),
        Progress::Ended { cell, error, .. } => {
            told.push(format!("{cell} {}", if error.is_some() { "failed" } else { "ok" }));
        }
        Progress::Output(_) | Progress::Notebook(_) => {}
    };
    let failure = run(notebook, evaluator.as_mut(), &options, &mut progress).unwrap();
    (failure, told)
}

/// Execution count and outputs of each code cell, as JSON.
fn cells(notebook: &Notebook) -> Vec<Value> {
    let value = serde_json::to_value(notebook).unwrap();
    let cells = value["cells"].as_array().unwrap().iter().filter(|cell| cell["cell_type"] == "code");
    cells.map(|cell| json!([cell["execution_count"], cell["outputs"]])).collect()
}

#[test]
fn outputs_counts_and_metadata_are_written() {
    let markdown = json!({"cell_type": "markdown", "source": "# Title"});
    let mut notebook = notebook(vec![
        markdown,
        code("show p 0\nout a\nout b"),
        code("  \n"),
        code("update p 100\nresult 42"),
        tagged("fail expected", "raises-exception"),
        code("out end"),
    ]);
    let (failure, told) = run_with(&mut notebook, RunOptions::default());
    assert_eq!(failure, None);
    assert_eq!(
        told,
        ["1/4 show p 0", "1 ok", "2/4 update p 100", "2 ok", "3/4 fail expected", "3 failed", "4/4 out end", "4 ok"]
    );
    let stream = |lines: &[&str]| json!({"output_type": "stream", "name": "stdout", "text": lines});
    let data = json!({"text/plain": ["100"], "text/html": ["<b>100</b>"]});
    let display = json!({"output_type": "display_data", "metadata": {}, "data": data});
    let result =
        json!({"output_type": "execute_result", "metadata": {}, "execution_count": 2, "data": {"text/plain": ["42"]}});
    let error =
        json!({"output_type": "error", "ename": "Error", "evalue": "expected", "traceback": ["Error: expected"]});
    let expected = [
        json!([1, [display, stream(&["a\n", "b\n"])]]),
        json!([null, []]),
        json!([2, [result]]),
        json!([3, [error]]),
        json!([4, [stream(&["end\n"])]]),
    ];
    assert_eq!(cells(&notebook), expected);
    let metadata = serde_json::to_value(&notebook.metadata).unwrap();
    assert_eq!(metadata["kernelspec"]["name"], "terracube");
    assert_eq!(metadata["language_info"]["file_extension"], ".rs");
}

#[test]
fn a_failure_ends_the_run_names_the_cell_and_stands_in_the_notebook() {
    let mut notebook = notebook(vec![code("out a"), code("\n  out b\nfail disk full"), code("out c")]);
    let (failure, told) = run_with(&mut notebook, RunOptions::default());
    let failure = failure.unwrap();
    assert_eq!((failure.cell_index, failure.cell_id.as_str(), failure.first_line.as_str()), (1, "c1", "out b"));
    assert_eq!((failure.error.name.as_str(), failure.error.value.as_str()), ("CompileError", "no command ``"));
    assert_eq!(told.last().unwrap(), "2 failed");
    let cells = cells(&notebook);
    assert_eq!(cells[1][1][0]["evalue"], "no command ``");
    assert_eq!(cells[2], json!([null, []]), "nothing stale stays behind the failure");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.ipynb");
    write(&notebook, &path).unwrap();
    assert_eq!(self::cells(&read(&path).unwrap()), cells);
}

#[test]
fn a_cell_that_takes_too_long_is_stopped() {
    let mut notebook = notebook(vec![code("wait"), code("out never")]);
    let start = Instant::now();
    let options = RunOptions { cell_timeout: Some(Duration::from_millis(200)), ..Default::default() };
    let failure = run_with(&mut notebook, options).0.unwrap();
    assert!(start.elapsed() < Duration::from_secs(5));
    assert_eq!(failure.error.name, "Timeout");
    assert!(failure.error.value.contains("0.2 s"), "{}", failure.error.value);
}

#[test]
fn parameters_are_cells_that_run() {
    let mut notebook = notebook(vec![tagged("out let a = 1;", "parameters"), code("out end")]);
    let parameters = vec![Parameter::parse("a=2").unwrap()];
    let (failure, told) = run_with(&mut notebook, RunOptions { parameters, ..Default::default() });
    assert_eq!(told[..2], ["unknown a", "1/3 out let a = 1;"]);
    let failure = failure.unwrap(); // the scripted evaluator does not know Rust
    assert_eq!((failure.cell_id.as_str(), failure.first_line.as_str()), ("injected-parameters", "// Parameters"));
}

#[test]
fn a_notebook_that_takes_too_long_is_stopped_in_the_cell_that_runs() {
    let mut notebook = notebook(vec![code("out a"), tagged("wait", "raises-exception"), code("out never")]);
    let options = RunOptions { timeout: Some(Duration::from_millis(300)), ..Default::default() };
    let failure = run_with(&mut notebook, options).0.unwrap();
    assert_eq!((failure.cell_index, failure.error.name.as_str()), (1, "Timeout"));
    assert!(failure.error.value.contains("the notebook ran longer than 0.3 s"), "{}", failure.error.value);
    assert_eq!(cells(&notebook)[2], json!([null, []]));
}

#[test]
fn what_an_earlier_run_has_done_is_known() {
    let fresh = notebook(vec![tagged("let a = 1;", "parameters"), code("out b"), tagged("fail x", "raises-exception")]);
    let parameters = vec![Parameter::parse("a=2").unwrap()];
    let mut done = fresh.clone();
    done.cells.remove(0); // the scripted evaluator does not know Rust
    let mut wanted = fresh.clone();
    wanted.cells.remove(0);
    assert!(!is_done(&wanted, &done, &[]).unwrap(), "nothing has run");
    run_with(&mut done, RunOptions::default());
    assert!(is_done(&wanted, &done, &[]).unwrap());
    assert!(!is_done(&wanted, &done, &parameters).unwrap(), "other parameters");
    assert!(!is_done(&fresh, &done, &[]).unwrap(), "other code");
    let mut failed = notebook(vec![code("fail y")]);
    let same = failed.clone();
    run_with(&mut failed, RunOptions::default());
    assert!(!is_done(&same, &failed, &[]).unwrap(), "it failed");
}

#[test]
fn cells_that_are_no_rust_are_found_without_running() {
    let mut notebook =
        notebook(vec![code("let a = 1;"), code("%who\nlet = 1;"), code(" "), code("f(1, "), code("%%bash\nls")]);
    let (n_cells, suspects) = check(&mut notebook, &[]).unwrap();
    let found: Vec<(usize, &str)> = suspects.iter().map(|suspect| (suspect.cell_index, suspect.reason)).collect();
    assert_eq!(n_cells, 4);
    assert_eq!(found, [(1, "this is no Rust"), (3, "something is left open: a bracket, a string or a comment")]);
}
