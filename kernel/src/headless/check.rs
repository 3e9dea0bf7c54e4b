//! Looking a notebook over without running it: no compiler is needed.
use nbformat::v4::{Cell, Notebook};

use super::parameters::{Parameter, ParameterError, inject};
use crate::session::{Completeness, completeness};

/// A cell that cannot be right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suspect {
    /// Its position among all cells, from 0.
    pub cell_index: usize,
    /// Its first line that is not empty.
    pub first_line: String,
    /// What is wrong with it.
    pub reason: &'static str,
}

/// What the grammar says of the cells, and how many have code. Parameters are put in as for a run.
///
/// # Errors
/// If a parameter does not fit.
pub fn check(notebook: &mut Notebook, parameters: &[Parameter]) -> Result<(usize, Vec<Suspect>), ParameterError> {
    inject(notebook, parameters)?;
    let mut n_cells = 0;
    let mut suspects = Vec::new();
    for (cell_index, cell) in notebook.cells.iter().enumerate() {
        let source = cell.source().concat();
        if !matches!(cell, Cell::Code { .. }) || source.trim().is_empty() {
            continue;
        }
        n_cells += 1;
        let reason = match completeness(&source) {
            Completeness::Complete | Completeness::Unknown => continue,
            Completeness::Incomplete { .. } => "something is left open: a bracket, a string or a comment",
            Completeness::Invalid => "this is no Rust",
        };
        let first_line = source.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default().to_owned();
        suspects.push(Suspect { cell_index, first_line, reason });
    }
    Ok((n_cells, suspects))
}
