//! Compiler errors as a cell's error: rustc's words, the cell's own lines, none of the code around them.
use evcxr::CompilationError;

use super::CellError;

/// The cell's error for what the compiler found; `moved` are the variables that earlier cells moved away, with the
/// cell's number.
pub fn cell_error(errors: &[CompilationError], moved: &std::collections::HashMap<String, u64>) -> CellError {
    let serious: Vec<&CompilationError> = {
        let errors_only: Vec<_> = errors.iter().filter(|error| error.level() == "error").collect();
        if errors_only.is_empty() { errors.iter().collect() } else { errors_only }
    };
    let value =
        serious.first().map_or_else(|| "the cell does not compile".to_owned(), |error| one_line(&error.message()));
    let mut traceback = Vec::new();
    for error in serious {
        traceback.extend(render(error));
        if let Some(hint) = moved_hint(error, moved) {
            traceback.push(format!("  = hint: {hint}"));
        }
    }
    CellError { name: "CompileError".into(), value, traceback }
}

/// A variable that is not found was perhaps moved by an earlier cell.
fn moved_hint(error: &CompilationError, moved: &std::collections::HashMap<String, u64>) -> Option<String> {
    if error.code() != Some("E0425") {
        return None;
    }
    let message = error.message();
    let name = message.split('`').nth(1)?;
    moved.get(name).map(|_| {
        format!("`{name}` was moved by an earlier cell; run the cell that makes it again and write `&{name}` where it was used up")
    })
}

fn render(error: &CompilationError) -> Vec<String> {
    let code = error.code().map(|code| format!("[{code}]")).unwrap_or_default();
    let mut lines = vec![format!("{RED}{}{code}{PLAIN}{BOLD}: {}{PLAIN}", error.level(), error.message())];
    let mut spans: Vec<_> = error.spanned_messages().iter().filter(|spanned| spanned.span.is_some()).collect();
    spans.sort_by_key(|spanned| spanned.span.map(|span| (span.start_line, span.start_column)));
    if let Some(span) = error.primary_spanned_message().and_then(|spanned| spanned.span) {
        lines.push(format!("{BLUE} --> {PLAIN}line {}, column {}", span.start_line, span.start_column));
    }
    let width =
        spans.iter().filter_map(|spanned| spanned.span).map(|span| span.end_line.to_string().len()).max().unwrap_or(1);
    let mut shown = 0;
    for spanned in spans {
        let Some(span) = spanned.span else { continue };
        if span.start_line != shown {
            if let Some(source) = spanned.lines.first() {
                lines.push(format!("{BLUE}{:>width$} |{PLAIN} {source}", span.start_line));
            }
            shown = span.start_line;
        }
        let end = if span.end_line == span.start_line { span.end_column } else { span.start_column + 1 };
        let marks = end.saturating_sub(span.start_column).max(1);
        // The level label repeats the headline.
        let label = if spanned.label.starts_with("error: ") { "" } else { spanned.label.as_str() };
        let (mark, colour) = if spanned.is_primary { ('^', RED) } else { ('-', BLUE) };
        lines.push(
            format!(
                "{BLUE}{:>width$} |{PLAIN} {}{colour}{} {label}{PLAIN}",
                "",
                " ".repeat(span.start_column.saturating_sub(1)),
                mark.to_string().repeat(marks),
            )
            .trim_end()
            .to_owned(),
        );
    }
    for child in error.json["children"].as_array().map(Vec::as_slice).unwrap_or_default() {
        let (Some(level), Some(message)) = (child["level"].as_str(), child["message"].as_str()) else { continue };
        let at_user_code = child["spans"].as_array().is_none_or(Vec::is_empty)
            || child["spans"][0]["suggested_replacement"].is_string();
        if at_user_code && !message.is_empty() {
            let replacement = child["spans"][0]["suggested_replacement"].as_str().map(str::trim).unwrap_or_default();
            let replacement = if replacement.is_empty() { String::new() } else { format!(": `{replacement}`") };
            let indented = message.replace('\n', "\n      ");
            lines.push(format!("  {BLUE}={PLAIN} {level}: {indented}{replacement}"));
        }
    }
    if let Some(hint) = error.evcxr_extra_hint() {
        lines.push(format!("  {BLUE}={PLAIN} hint: {hint}"));
    }
    lines.push(String::new());
    lines
}

fn one_line(message: &str) -> String {
    message.lines().next().unwrap_or_default().to_owned()
}

const RED: &str = "\u{1b}[1;31m";
const BLUE: &str = "\u{1b}[1;34m";
const BOLD: &str = "\u{1b}[1m";
const PLAIN: &str = "\u{1b}[0m";
