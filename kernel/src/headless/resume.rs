//! Whether an earlier run has done what a run would do.
use nbformat::v4::{Cell, Notebook, Output};
use serde_json::json;

use super::parameters::{Parameter, ParameterError, inject};
use super::runner::may_fail;

/// Whether `output` holds a complete run of `notebook` with these parameters: the same code, and every cell of it ran without
/// an error. Variables of a run are not kept, so a notebook is done or it is not: there is no half of it to go on from.
///
/// # Errors
/// If a parameter does not fit.
pub fn is_done(notebook: &Notebook, output: &Notebook, parameters: &[Parameter]) -> Result<bool, ParameterError> {
    let mut wanted = notebook.clone();
    inject(&mut wanted, parameters)?;
    let code = |notebook: &Notebook| -> Vec<String> {
        let cells = notebook.cells.iter().filter(|cell| matches!(cell, Cell::Code { .. }));
        cells.map(|cell| cell.source().concat()).filter(|source| !source.trim().is_empty()).collect()
    };
    Ok(is_marked(output) && code(&wanted) == code(output) && output.cells.iter().all(ran_well))
}

/// The name of what runs write into a notebook's metadata.
const MARK: &str = "terracube";

/// Marks a notebook as one that was run to its end, or takes the mark away.
pub(super) fn mark(notebook: &mut Notebook, is_complete: bool) {
    let metadata = &mut notebook.metadata.additional;
    if is_complete {
        metadata.insert(MARK.to_owned(), json!({"complete": true}));
    } else {
        metadata.remove(MARK);
    }
}

fn is_marked(notebook: &Notebook) -> bool {
    notebook.metadata.additional.get(MARK).is_some_and(|mark| mark["complete"] == true)
}

fn ran_well(cell: &Cell) -> bool {
    let Cell::Code { execution_count, source, outputs, .. } = cell else { return true };
    let is_empty = source.iter().all(|line| line.trim().is_empty());
    let failed = outputs.iter().any(|output| matches!(output, Output::Error(_)));
    is_empty || execution_count.is_some() && (!failed || may_fail(cell))
}
