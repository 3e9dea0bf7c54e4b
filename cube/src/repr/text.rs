//! Representations as plain text, laid out as xarray's.
use super::view::{ErrorView, Preview, VariableView, View};
use super::words::{bounded, bytes_short, column, count};

/// Characters per line.
const WIDTH: usize = 80;
/// Variables, coordinates and attributes of which each is shown on a line; the middle ones are left out beyond that.
const MOST_LINES: usize = 200;
/// Characters of an attribute.
const MOST_ATTRIBUTE: usize = 400;

/// The text of a dataset or a data array; no line break at the end.
pub(crate) fn text(view: &View) -> String {
    let mut lines = Vec::new();
    if let Some(error) = &view.error {
        lines.push(format!("<terracube.{}{}> that failed", view.kind, quoted_name(view)));
        lines.extend(error_lines(error).into_iter().map(|line| format!("    {line}")));
        return lines.join("\n");
    }
    let size = format!("Size: {}", bytes_short(view.n_bytes));
    let lengths = |separator: &str| {
        view.dims.iter().map(|(name, length)| format!("{name}: {length}")).collect::<Vec<_>>().join(separator)
    };
    match &view.array {
        Some(array) => {
            lines.push(format!("<terracube.{}{} ({})> {size}", view.kind, quoted_name(view), lengths(", ")));
            lines.push(array_line(array));
        }
        None => {
            lines.push(format!("<terracube.{}> {size}", view.kind));
            lines.push(format!("Dimensions:  ({})", lengths(", ")));
        }
    }
    let names = view.coords.iter().chain(&view.variables).map(|variable| variable.name.chars().count());
    let name_width = names.max().unwrap_or(0).clamp(7, 30) + 1;
    if !view.coords.is_empty() {
        lines.push("Coordinates:".into());
        lines.extend(bounded_lines(&view.coords, |coord| variable_line(coord, name_width)));
    }
    if view.array.is_none() {
        let none = if view.variables.is_empty() { "\n    *empty*" } else { "" };
        lines.push(format!("Data variables:{none}"));
        lines.extend(bounded_lines(&view.variables, |variable| variable_line(variable, name_width)));
    }
    if !view.attrs.is_empty() {
        lines.push("Attributes:".into());
        let width = view.attrs.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0).clamp(7, 40) + 3;
        lines.extend(bounded_lines(&view.attrs, |(name, value)| {
            let name = bounded(name, 40) + ":";
            let room = if view.attrs.len() > 30 { WIDTH } else { MOST_ATTRIBUTE };
            format!("    {}{}", column(&name, width), bounded(value, room))
        }));
    }
    lines.join("\n")
}

/// One line that says what a data array holds and how it is cut.
fn array_line(array: &VariableView) -> String {
    if let Preview::Values(corner) = &array.preview {
        return format!("[{}]", corner.fitted(WIDTH - 2));
    }
    let lazy = format!("[lazy {}", array.dtype);
    match &array.chunks {
        Some(chunks) => format!(
            "{lazy}, {} {} of {} ({})]",
            count(chunks.n_chunks),
            if chunks.n_chunks == 1 { "chunk" } else { "chunks" },
            tuple(&chunks.largest),
            bytes_short(chunks.n_bytes)
        ),
        None => lazy + "]",
    }
}

fn variable_line(variable: &VariableView, name_width: usize) -> String {
    let marker = if variable.is_index { '*' } else { ' ' };
    let dims = if variable.dims.is_empty() { String::new() } else { format!("({}) ", variable.dims.join(", ")) };
    let head = format!("  {marker} {} {dims}", column(&variable.name, name_width - 1));
    if let Some(error) = &variable.error {
        return head + "failed: " + &bounded(&error_lines(error).join("; "), 200);
    }
    let head = format!("{head}{} {} ", variable.dtype, bytes_short(variable.n_bytes));
    let room = WIDTH.saturating_sub(head.chars().count()).max(20);
    let rest = match (&variable.preview, &variable.chunks) {
        (Preview::Values(corner), _) => corner.fitted(room),
        (Preview::Failed(error), _) => format!("failed: {}", bounded(error, 200)),
        (Preview::Unread, Some(chunks)) if !chunks.largest.is_empty() => format!("chunks={}", tuple(&chunks.largest)),
        (Preview::Unread, _) => "...".into(),
    };
    head + &rest
}

/// All lines, or the first and the last ones with a remark between them.
fn bounded_lines<T>(items: &[T], line: impl Fn(&T) -> String) -> Vec<String> {
    if items.len() <= MOST_LINES {
        return items.iter().map(line).collect();
    }
    let (front, back) = (MOST_LINES - 20, 20);
    let mut lines: Vec<String> = items[..front].iter().map(&line).collect();
    lines.push(format!("    ... {} more ...", items.len() - front - back));
    lines.extend(items[items.len() - back..].iter().map(line));
    lines
}

fn error_lines(error: &ErrorView) -> Vec<String> {
    let mut lines = vec![bounded(&error.message, 2000)];
    lines.extend(error.hint.as_ref().map(|hint| bounded(hint, 2000)));
    lines.extend(error.place.as_ref().map(|place| bounded(&format!("at {place}"), 2000)));
    lines
}

fn quoted_name(view: &View) -> String {
    view.name.as_ref().map(|name| format!(" '{}'", bounded(name, 200))).unwrap_or_default()
}

/// "(10, 3, 4)".
pub(crate) fn tuple(lengths: &[u64]) -> String {
    format!("({})", lengths.iter().map(u64::to_string).collect::<Vec<_>>().join(", "))
}
