//! Folds a cell's outputs the way a front end shows them: streams joined, displays updated in place, clears obeyed.
use jupyter_protocol::ExecutionCount;
use nbformat::v4::{DisplayData, ErrorOutput, ExecuteResult, MultilineString, Output as Saved};
use terracube_display::{Data, MimeBundle};

use crate::evaluator::{CellError, Output};
use crate::protocol::media::media;

/// One output of a cell; the id is what later updates name.
struct Shown {
    saved: Saved,
    display_id: Option<String>,
    /// Nothing is left of it to be seen.
    is_empty: bool,
}

/// The outputs of all cells that ran, in the order in which they ran.
#[derive(Default)]
pub(super) struct Outputs {
    cells: Vec<Vec<Shown>>,
    /// The next output of the cell that runs replaces what it has.
    clear_pending: bool,
}

impl Outputs {
    /// Turns to the next cell.
    pub(super) fn begin_cell(&mut self) {
        self.cells.push(Vec::new());
        self.clear_pending = false;
    }

    pub(super) fn push(&mut self, output: Output) {
        match output {
            Output::Stdout(text) => self.stream("stdout", text),
            Output::Stderr(text) => self.stream("stderr", text),
            Output::Clear { wait: true } => self.clear_pending = true,
            Output::Clear { wait: false } => self.current().clear(),
            Output::Display { bundle, display_id: Some(id), update: true } => self.update(&bundle, &id),
            Output::Display { bundle, display_id, .. } => self.show(display(&bundle), display_id),
        }
    }

    pub(super) fn result(&mut self, bundle: &MimeBundle, count: usize) {
        let execution_count = ExecutionCount::new(count);
        let saved =
            Saved::ExecuteResult(ExecuteResult { execution_count, data: media(bundle), metadata: Default::default() });
        self.show(saved, None);
    }

    pub(super) fn error(&mut self, error: CellError) {
        let traceback = error.lines();
        let CellError { name, value, .. } = error;
        self.show(Saved::Error(ErrorOutput { ename: name, evalue: value, traceback }), None);
    }

    /// The outputs of each cell; displays that were emptied (finished progress bars) are left out.
    pub(super) fn by_cell(&self) -> impl Iterator<Item = Vec<Saved>> {
        let kept = |shown: &&Shown| !shown.is_empty;
        self.cells.iter().map(move |shown| shown.iter().filter(kept).map(|shown| shown.saved.clone()).collect())
    }

    fn stream(&mut self, stream: &str, text: String) {
        self.clear_if_pending();
        if let Some(Shown { saved: Saved::Stream { name, text: before }, .. }) = self.current().last_mut()
            && name == stream
        {
            before.0.push_str(&text);
            return;
        }
        let saved = Saved::Stream { name: stream.to_owned(), text: MultilineString(text) };
        self.show(saved, None);
    }

    /// Replaces every display of that id, in whichever cell; an id that nobody shows is nothing to update.
    fn update(&mut self, bundle: &MimeBundle, id: &str) {
        let displays = self.cells.iter_mut().flatten().filter(|shown| shown.display_id.as_deref() == Some(id));
        for shown in displays {
            shown.saved = display(bundle);
            shown.is_empty = bundle.parts().iter().all(|(_, data)| matches!(data, Data::Text(text) if text.is_empty()));
        }
    }

    fn show(&mut self, saved: Saved, display_id: Option<String>) {
        self.clear_if_pending();
        self.current().push(Shown { saved, display_id, is_empty: false });
    }

    fn clear_if_pending(&mut self) {
        if std::mem::take(&mut self.clear_pending) {
            self.current().clear();
        }
    }

    fn current(&mut self) -> &mut Vec<Shown> {
        if self.cells.is_empty() {
            self.cells.push(Vec::new());
        }
        let last = self.cells.len() - 1;
        &mut self.cells[last]
    }
}

fn display(bundle: &MimeBundle) -> Saved {
    Saved::DisplayData(DisplayData { data: media(bundle), metadata: Default::default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Outputs as short lines, one cell after another.
    fn folded(cells: Vec<Vec<Output>>) -> Vec<Vec<String>> {
        let mut outputs = Outputs::default();
        for cell in cells {
            outputs.begin_cell();
            cell.into_iter().for_each(|output| outputs.push(output));
        }
        let line = |saved: Saved| match saved {
            Saved::Stream { name, text } => format!("{name} {}", text.0),
            Saved::DisplayData(display) => {
                format!("display {}", serde_json::to_value(&display.data).unwrap()["text/plain"])
            }
            other => format!("{other:?}"),
        };
        outputs.by_cell().map(|cell| cell.into_iter().map(line).collect()).collect()
    }

    #[test]
    fn outputs_are_folded_as_a_front_end_shows_them() {
        let out = |text: &str| Output::Stdout(text.into());
        let err = |text: &str| Output::Stderr(text.into());
        let show = |id: &str, text: &str, update| Output::Display {
            bundle: MimeBundle::text(text),
            display_id: Some(id.into()),
            update,
        };
        let clear = |wait| Output::Clear { wait };
        for (cells, expected) in [
            (vec![vec![out("a"), out("b\n"), err("c"), out("d")]], vec![vec!["stdout ab\n", "stderr c", "stdout d"]]),
            (
                vec![vec![show("p", "0 %", false), out("x"), show("p", "100 %", true)]],
                vec![vec!["display \"100 %\"", "stdout x"]],
            ),
            (
                vec![vec![show("p", "old", false)], vec![show("p", "new", true), show("q", "lost", true)]],
                vec![vec!["display \"new\""], vec![]],
            ),
            (vec![vec![show("p", "50 %", false), out("x"), show("p", "", true)]], vec![vec!["stdout x"]]),
            (vec![vec![out("a"), clear(false), out("b")]], vec![vec!["stdout b"]]),
            (vec![vec![out("a"), clear(true)]], vec![vec!["stdout a"]]),
            (
                vec![vec![out("a"), clear(true), out("b"), out("c")], vec![out("d")]],
                vec![vec!["stdout bc"], vec!["stdout d"]],
            ),
        ] {
            assert_eq!(folded(cells), expected);
        }
    }
}
