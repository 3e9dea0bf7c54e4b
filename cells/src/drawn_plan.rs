//! The plan of a computation as a picture: what `explain()` says, drawn.
use std::fmt::Write as _;

use terracube::cube::{DataArray, Result};
use terracube_display::{Data, MimeBundle, RichDisplay};

/// Pixels between two rows, and from an operation to its inputs.
const ROW: usize = 30;
const STEP: usize = 26;
/// Pixels of a box; long texts are cut to it.
const WIDTH: usize = 560;
const HEIGHT: usize = 22;
const CHARACTERS: usize = 84;

/// A plan that can be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DrawnPlan {
    text: String,
}

/// The plan of a lazy array, as the last expression of a cell or for `display`: the operations as a tree with results above
/// their inputs, and the passes over the data below. Reads at most coordinates.
///
/// ```
/// use terracube_cells::prelude::*;
/// let t = DataArray::from_vec(["time", "lat"], &[4, 3], vec![1.0; 12]);
/// let plan = draw_plan(&t.mean("time"))?;
/// assert!(plan.text().contains("stage 1"));
/// # Ok::<(), terracube::Error>(())
/// ```
///
/// # Errors
/// The mistake that the array carries.
pub fn draw_plan(array: &DataArray) -> Result<DrawnPlan> {
    Ok(DrawnPlan { text: array.explain()? })
}

impl DrawnPlan {
    /// What `explain()` says.
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl RichDisplay for DrawnPlan {
    fn mime_bundle(&self) -> MimeBundle {
        MimeBundle::text(self.text.as_str()).with("text/html", Data::Text(html(&self.text)))
    }
}

/// A line of the tree.
struct Row<'a> {
    depth: usize,
    text: &'a str,
}

fn html(text: &str) -> String {
    let is_operation = |line: &&str| line.trim_start().starts_with(['#', '=']);
    let rows: Vec<Row<'_>> = text
        .lines()
        .filter(is_operation)
        .map(|line| Row { depth: (line.len() - line.trim_start().len()) / 2, text: line.trim() })
        .collect();
    let rest: Vec<&str> = text.lines().filter(|line| !is_operation(line)).collect();
    let least = rows.iter().map(|row| row.depth).min().unwrap_or(0);
    let deepest = rows.iter().map(|row| row.depth - least).max().unwrap_or(0);
    let (width, height) = (deepest * STEP + WIDTH + 2, rows.len() * ROW + 2);
    let mut svg = format!(
        "<svg role=\"img\" aria-label=\"plan of a computation\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
         style=\"max-width:100%;height:auto;font:12px var(--jp-code-font-family,monospace)\">"
    );
    // Where the last operation of each depth stands: the one above a row that is one step nearer is what it feeds.
    let mut last: Vec<usize> = Vec::new();
    for (index, row) in rows.iter().enumerate() {
        let depth = row.depth - least;
        last.truncate(depth);
        let (x, y) = (depth * STEP + 1, index * ROW + 1);
        if let Some(above) = depth.checked_sub(1).and_then(|depth| last.get(depth)) {
            let (from, to) = (above * ROW + HEIGHT + 1, y + HEIGHT / 2);
            let x = x - STEP / 2;
            _ = write!(
                svg,
                "<path d=\"M{x} {from}V{to}h{}\" fill=\"none\" stroke=\"var(--jp-ui-font-color2,#777)\"/>",
                STEP / 2
            );
        }
        last.resize(depth, index);
        last.push(index);
        let colour = match row.text {
            text if text.starts_with('=') => "#8888881a",
            text if text.contains(" read ") => "#2a7ab833",
            text if ["mean", "sum", "reduce", "max", "min", "std", "var", "count", "group"]
                .iter()
                .any(|word| text.contains(word)) =>
            {
                "#d9822b33"
            }
            _ => "#3fa34d2e",
        };
        let shown: String = row.text.chars().take(CHARACTERS).collect();
        _ = write!(
            svg,
            "<rect x=\"{x}\" y=\"{y}\" width=\"{WIDTH}\" height=\"{HEIGHT}\" rx=\"3\" fill=\"{colour}\" stroke=\"var(--jp-border-color1,#bbb)\"/>\
             <text x=\"{}\" y=\"{}\" fill=\"var(--jp-content-font-color1,currentColor)\">{}<title>{}</title></text>",
            x + 7,
            y + 15,
            escape(&shown),
            escape(row.text)
        );
    }
    svg.push_str("</svg>");
    format!("{svg}<pre style=\"font-size:12px\">{}</pre>", escape(rest.join("\n").trim()))
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
