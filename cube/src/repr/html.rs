//! Representations as HTML for notebooks: one self-contained block that follows the notebook's theme. Everything that comes from
//! data is escaped, because names and attributes are written by strangers.
use std::fmt::Write as _;

use super::chunk_picture::chunk_picture;
use super::text::tuple;
use super::view::{ChunksView, ErrorView, Preview, VariableView, View};
use super::words::{bounded, bytes_long, count};

const STYLE: &str = include_str!("style.css");
/// Variables, coordinates, attributes that are shown in each section.
const MOST_ROWS: usize = 200;
/// Characters of an attribute's value.
const MOST_ATTRIBUTE: usize = 2000;
/// Characters of values beside a variable; the page cuts them to the room there is.
const PREVIEW: usize = 58;

/// The HTML of a dataset or a data array.
pub(crate) fn html(view: &View) -> String {
    let mut out = format!("<div class=\"tc-repr\"><style>{STYLE}</style>");
    let name = view.name.as_ref().map(|name| format!(" <b>{}</b>", escaped(&bounded(name, 200)))).unwrap_or_default();
    let _ = write!(out, "<div class=\"tc-head\"><span class=\"tc-kind\">terracube.{}</span>{name}", view.kind);
    if let Some(error) = &view.error {
        let _ = write!(out, "</div>{}</div>", error_box(error));
        return out;
    }
    let dims: Vec<String> = view
        .dims
        .iter()
        .map(|(name, length)| {
            let bold = view.coords.iter().any(|coord| coord.is_index && coord.name == *name);
            let name = escaped(&bounded(name, 100));
            let name = if bold { format!("<b>{name}</b>") } else { name };
            format!("{name}: {length}")
        })
        .collect();
    match &view.array {
        Some(array) => {
            let _ = write!(out, " <span class=\"tc-dims\">({})</span></div>", dims.join(", "));
            out.push_str(&array_box(array));
        }
        None => {
            let size = bytes_long(view.n_bytes);
            let _ = write!(out, "<span class=\"tc-size\">{size}</span></div><div class=\"tc-line\">");
            let _ = write!(
                out,
                "<span class=\"tc-title\">Dimensions</span> <span class=\"tc-dims\">{}</span></div>",
                dims.join(", ")
            );
        }
    }
    out.push_str(&section("Coordinates", view.coords.len(), !view.coords.is_empty(), &rows(&view.coords)));
    if view.array.is_none() {
        let open = !view.variables.is_empty();
        out.push_str(&section("Data variables", view.variables.len(), open, &rows(&view.variables)));
    }
    let open = (1..=8).contains(&view.attrs.len()) && view.array.is_some();
    out.push_str(&section("Attributes", view.attrs.len(), open, &attribute_table(&view.attrs)));
    out.push_str("</div>");
    out
}

/// A computed array: its head and its values as text.
pub(crate) fn html_of_values(head: &str, values: &str) -> String {
    format!(
        "<div class=\"tc-repr\"><style>{STYLE}</style><div class=\"tc-head\"><span class=\"tc-kind\">{}</span></div>\
         <pre class=\"tc-values\">{}</pre></div>",
        escaped(head),
        escaped(values)
    )
}

fn section(title: &str, n: usize, open: bool, content: &str) -> String {
    if n == 0 {
        return format!("<div class=\"tc-line tc-none\"><span class=\"tc-title\">{title}</span> (0)</div>");
    }
    let open = if open { " open" } else { "" };
    format!(
        "<details class=\"tc-section\"{open}><summary><span class=\"tc-title\">{title}</span> ({n})</summary>{content}</details>"
    )
}

fn rows(variables: &[VariableView]) -> String {
    let mut out = String::from("<div class=\"tc-rows\">");
    for variable in variables.iter().take(MOST_ROWS) {
        out.push_str(&row(variable));
    }
    out.push_str(&left_out(variables.len()));
    out + "</div>"
}

fn left_out(n: usize) -> String {
    if n > MOST_ROWS { format!("<div class=\"tc-none\">and {} more</div>", n - MOST_ROWS) } else { String::new() }
}

/// A line that unfolds to the attributes, the sizes and the chunks.
fn row(variable: &VariableView) -> String {
    let name = escaped(&bounded(&variable.name, 100));
    let name = if variable.is_index { format!("<b>{name}</b>") } else { name };
    let dims = escaped(&bounded(&variable.dims.join(", "), 200));
    let dims = if variable.dims.is_empty() { dims } else { format!("({dims})") };
    let values = match (&variable.error, &variable.preview) {
        (Some(error), _) => format!("<span class=\"tc-failed\">{}</span>", escaped(&bounded(&error.message, 300))),
        (None, Preview::Failed(error)) => format!("<span class=\"tc-failed\">{}</span>", escaped(&bounded(error, 300))),
        (None, Preview::Values(corner)) => escaped(&corner.fitted(PREVIEW)),
        (None, Preview::Unread) => match &variable.chunks {
            Some(chunks) if !chunks.largest.is_empty() => format!("chunks {}", tuple(&chunks.largest)),
            _ => "...".into(),
        },
    };
    let mut more = attribute_table(&variable.attrs);
    more.push_str(&facts(
        variable,
        variable.dims.len() > 1 || variable.chunks.as_ref().is_some_and(|c| c.n_chunks > 1),
    ));
    if let Some(error) = &variable.error {
        more = error_box(error) + &more;
    }
    format!(
        "<details class=\"tc-row\"><summary><span class=\"tc-name\">{name}</span><span class=\"tc-dims\">{dims}</span>\
         <span class=\"tc-dtype\">{}</span><span class=\"tc-preview\">{values}</span></summary><div class=\"tc-more\">{more}</div></details>",
        escaped(&variable.dtype)
    )
}

/// The box of a data array: its values if they are known, its sizes and the picture of its chunks.
fn array_box(array: &VariableView) -> String {
    let values = match &array.preview {
        Preview::Values(corner) => format!("<pre class=\"tc-values\">{}</pre>", escaped(&corner.fitted(400))),
        Preview::Failed(error) => format!("<div class=\"tc-error\">{}</div>", escaped(&bounded(error, 2000))),
        Preview::Unread => String::new(),
    };
    format!("<div class=\"tc-array\">{values}{}</div>", facts(array, true))
}

fn facts(variable: &VariableView, picture: bool) -> String {
    let mut cells = String::new();
    let mut line = |title: &str, array: &str, chunk: &str| {
        let _ = write!(cells, "<tr><th>{title}</th><td>{array}</td><td>{chunk}</td></tr>");
    };
    let shape = tuple(&variable.shape);
    let dtype = escaped(&variable.dtype);
    match &variable.chunks {
        Some(ChunksView { largest, n_chunks, n_bytes, .. }) => {
            line("", "<b>Array</b>", "<b>Chunk</b>");
            line("Bytes", &bytes_long(variable.n_bytes), &bytes_long(*n_bytes));
            line("Shape", &shape, &tuple(largest));
            line("Count", &format!("{} {}", count(*n_chunks), if *n_chunks == 1 { "chunk" } else { "chunks" }), "");
            line("Type", &dtype, "");
        }
        None => {
            line("Bytes", &bytes_long(variable.n_bytes), "");
            line("Shape", &shape, "");
            line("Type", &dtype, "");
        }
    }
    let picture = match &variable.chunks {
        Some(chunks) if picture => chunk_picture(&variable.shape, &chunks.counts),
        _ => String::new(),
    };
    format!("<div class=\"tc-facts\"><table>{cells}</table>{picture}</div>")
}

fn attribute_table(attrs: &[(String, String)]) -> String {
    if attrs.is_empty() {
        return String::new();
    }
    let mut out = String::from("<dl class=\"tc-attrs\">");
    for (name, value) in attrs.iter().take(MOST_ROWS) {
        let (name, value) = (escaped(&bounded(name, 100)), escaped(&long(value)));
        let _ = write!(out, "<dt>{name}</dt><dd>{value}</dd>");
    }
    out + "</dl>" + &left_out(attrs.len())
}

/// Line breaks are kept, what is too long is cut.
fn long(value: &str) -> String {
    let mut text: String = value.chars().take(MOST_ATTRIBUTE).collect();
    if text.len() < value.len() {
        text.push('…');
    }
    text
}

fn error_box(error: &ErrorView) -> String {
    let below = error.hint.clone().into_iter().chain(error.place.as_ref().map(|place| format!("at {place}")));
    let below: String =
        below.map(|line| format!("<div class=\"tc-hint\">{}</div>", escaped(&bounded(&line, 2000)))).collect();
    format!("<div class=\"tc-error\">{}{below}</div>", escaped(&bounded(&error.message, 2000)))
}

/// Text for HTML, in elements and in quoted attributes alike.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#x27;"),
            '\n' | '\t' => out.push(character),
            other if other.is_control() => out.push('\u{fffd}'),
            other => out.push(other),
        }
    }
    out
}
