//! What magics show, and the code that they run.
use std::time::Duration;

use terracube_display::{Data, MimeBundle};

/// The line of `%time`.
pub(super) fn time(whole: Duration, run: Option<Duration>) -> String {
    match run {
        Some(run) => {
            format!("took {}: {} to run, {} to compile\n", text(whole), text(run), text(whole.saturating_sub(run)))
        }
        None => format!("took {}\n", text(whole)),
    }
}

fn text(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    match seconds {
        s if s >= 60.0 => format!("{:.0} min {:.0} s", (s / 60.0).floor(), s % 60.0),
        s if s >= 1.0 => format!("{s:.2} s"),
        s if s >= 1e-3 => format!("{:.1} ms", s * 1e3),
        s => format!("{:.1} us", s * 1e6),
    }
}

/// The cell that measures code.
pub(super) fn repeated(code: &str) -> String {
    // A closure, so that the code is compiled once and its value is dropped outside what is measured.
    format!("terracube::timing::time_repeatedly(|| {{ {code}\n }});")
}

/// The cell that sets the budget.
pub(super) fn budget(amount: &str) -> String {
    format!("terracube::budget::set({amount:?})?;")
}

/// A line of `%who`.
pub(super) struct Variable {
    pub(super) name: String,
    pub(super) type_name: String,
    pub(super) summary: String,
}

/// The table of `%who`.
pub(super) fn variables(variables: &[Variable]) -> MimeBundle {
    if variables.is_empty() {
        return MimeBundle::text("no variables");
    }
    let width = |text: fn(&Variable) -> &str| variables.iter().map(|v| text(v).chars().count()).max().unwrap_or(0);
    let (names, types) = (width(|v| &v.name), width(|v| &v.type_name));
    let line =
        |v: &Variable| format!("{:<names$}  {:<types$}  {}", v.name, v.type_name, v.summary).trim_end().to_owned();
    let lines: Vec<String> = variables.iter().map(line).collect();
    let row = |v: &Variable| {
        let [name, type_name, summary] = [&v.name, &v.type_name, &v.summary].map(|text| escaped(text));
        format!("<tr><td><code>{name}</code></td><td><code>{type_name}</code></td><td>{summary}</td></tr>")
    };
    let rows: String = variables.iter().map(row).collect();
    let html = format!(
        "<table><thead><tr><th>variable</th><th>type</th><th>holds</th></tr></thead><tbody>{rows}</tbody></table>"
    );
    MimeBundle::text(lines.join("\n")).with("text/html", Data::Text(html))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
