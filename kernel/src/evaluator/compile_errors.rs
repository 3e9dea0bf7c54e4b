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
    let value = serious
        .first()
        .map_or_else(|| "the cell does not compile".to_owned(), |error| folded(&one_line(&error.message())));
    let mut traceback = Vec::new();
    for error in serious.iter().take(MOST_ERRORS) {
        traceback.extend(render(error, moved_hint(error, moved)));
        traceback.push(String::new());
    }
    if let Some(more) = serious.len().checked_sub(MOST_ERRORS).filter(|more| *more > 0) {
        traceback.push(format!("and {more} more errors"));
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

/// Lines of one error that are shown, the most telling ones.
const MOST_LINES: usize = 6;
/// Errors of one cell that are shown in full.
const MOST_ERRORS: usize = 5;
/// Characters of a note or a label, beyond which it is cut.
const MOST_CHARACTERS: usize = 200;

/// Lines that stand or fall together.
struct Part {
    /// Parts with small ranks are kept first.
    rank: u8,
    lines: Vec<String>,
}

/// The lines of one error, in the order in which rustc writes them; of those that do not fit, the least telling are left out.
fn render(error: &CompilationError, hint: Option<String>) -> Vec<String> {
    let code = error.code().map(|code| format!("[{code}]")).unwrap_or_default();
    let message = folded(&error.message());
    let mut parts =
        vec![Part { rank: 0, lines: vec![format!("{RED}{}{code}{PLAIN}{BOLD}: {message}{PLAIN}", error.level())] }];
    if let Some(span) = error.primary_spanned_message().and_then(|spanned| spanned.span) {
        let line = format!("{BLUE} --> {PLAIN}line {}, column {}", span.start_line, span.start_column);
        parts.push(Part { rank: 4, lines: vec![line] });
    }
    parts.extend(marks(error));
    let user_line = error.primary_spanned_message().and_then(|spanned| spanned.lines.first()).map(|line| line.trim());
    for child in error.json["children"].as_array().map(Vec::as_slice).unwrap_or_default() {
        let (Some(level), Some(message)) = (child["level"].as_str(), child["message"].as_str()) else { continue };
        let suggested = child["spans"][0]["suggested_replacement"].as_str().map(str::trim);
        let at_user_code = child["spans"].as_array().is_none_or(Vec::is_empty) || suggested.is_some();
        // A variable that was moved away is what is meant, not one of a similar name.
        let is_guess = hint.is_some() && suggested.is_some();
        if at_user_code && !message.is_empty() && !is_guess && !is_beside_the_point(message) {
            let example = corrected(child, user_line)
                .or_else(|| suggested.filter(|text| says_something(text)).map(str::to_owned));
            let rank = if example.is_some() { 2 } else { 3 };
            let example = example.map(|text| format!(": `{text}`")).unwrap_or_default();
            parts.push(Part { rank, lines: vec![format!("  {BLUE}={PLAIN} {level}: {}{example}", folded(message))] });
        }
    }
    if let Some(hint) = error.evcxr_extra_hint() {
        parts.push(Part { rank: 1, lines: vec![format!("  {BLUE}={PLAIN} hint: {}", folded(hint))] });
    }
    if let Some(hint) = hint {
        parts.push(Part { rank: 1, lines: vec![format!("  {BLUE}={PLAIN} hint: {hint}")] });
    }
    most_telling(parts)
}

fn most_telling(parts: Vec<Part>) -> Vec<String> {
    let mut by_rank: Vec<usize> = (0..parts.len()).collect();
    by_rank.sort_by_key(|index| parts[*index].rank);
    let (mut kept, mut n_lines) = (vec![false; parts.len()], 0);
    for index in by_rank {
        let length = parts[index].lines.len();
        if n_lines + length <= MOST_LINES {
            kept[index] = true;
            n_lines += length;
        }
    }
    parts.into_iter().zip(kept).filter(|(_, kept)| *kept).flat_map(|(part, _)| part.lines).collect()
}

/// The cell's own lines with marks below them: the primary one ranks with the headline, the others behind suggestions.
fn marks(error: &CompilationError) -> Vec<Part> {
    let mut spans: Vec<_> = error.spanned_messages().iter().filter(|spanned| spanned.span.is_some()).collect();
    spans.sort_by_key(|spanned| spanned.span.map(|span| (span.start_line, span.start_column)));
    let width =
        spans.iter().filter_map(|spanned| spanned.span).map(|span| span.end_line.to_string().len()).max().unwrap_or(1);
    let primary_line = error.primary_spanned_message().and_then(|spanned| spanned.span).map(|span| span.start_line);
    let mut parts: Vec<Part> = Vec::new();
    let mut shown = 0;
    for spanned in spans {
        let Some(span) = spanned.span else { continue };
        let mut lines = Vec::new();
        if span.start_line != shown {
            if let Some(source) = spanned.lines.first() {
                lines.push(format!("{BLUE}{:>width$} |{PLAIN} {source}", span.start_line));
            }
            shown = span.start_line;
        }
        let end = if span.end_line == span.start_line { span.end_column } else { span.start_column + 1 };
        let marks = end.saturating_sub(span.start_column).max(1);
        // The level label repeats the headline.
        let label = if spanned.label.starts_with("error: ") { String::new() } else { folded(&spanned.label) };
        let (mark, colour) = if spanned.is_primary { ('^', RED) } else { ('-', BLUE) };
        let line = format!(
            "{BLUE}{:>width$} |{PLAIN} {}{colour}{}{}{label}{PLAIN}",
            "",
            " ".repeat(span.start_column.saturating_sub(1)),
            mark.to_string().repeat(marks),
            if label.is_empty() { "" } else { " " },
        );
        lines.push(line);
        // What stands on the line of the primary mark needs that line above it.
        match parts.last_mut().filter(|_| lines.len() == 1) {
            Some(part) if spanned.is_primary => {
                part.lines.extend(lines);
                part.rank = 0;
            }
            Some(_) => parts.push(Part { rank: 3, lines }),
            None => parts.push(Part { rank: if primary_line == Some(span.start_line) { 0 } else { 3 }, lines }),
        }
    }
    parts
}

/// The cell's line, or statement, as a suggestion would have it; `None` if it is not about one place in the line that the error is
/// about (`user_line`), but about code that was put around the cell.
fn corrected(child: &serde_json::Value, user_line: Option<&str>) -> Option<String> {
    let [span] = child["spans"].as_array()?.as_slice() else { return None };
    let [text] = span["text"].as_array()?.as_slice() else { return None };
    // Evcxr puts each statement on a line of its own.
    let of_user = |line: &&str| user_line.is_some_and(|user_line| user_line.contains(line.trim()));
    let line = text["text"].as_str().filter(of_user).filter(|line| says_something(line))?;
    let line: Vec<char> = line.chars().collect();
    let position = |name: &str| text[name].as_u64().and_then(|column| usize::try_from(column).ok()?.checked_sub(1));
    let (start, end) = (position("highlight_start")?, position("highlight_end")?);
    let (before, after) = (line.get(..start)?, line.get(end..)?);
    let mut corrected: String = before.iter().collect();
    corrected.push_str(span["suggested_replacement"].as_str()?);
    corrected.extend(after);
    let corrected = corrected.trim();
    (!corrected.contains("evcxr") && corrected.lines().count() == 1).then(|| corrected.to_owned())
}

/// Code that can be told without its place, as `&` cannot.
fn says_something(code: &str) -> bool {
    code.chars().any(char::is_alphanumeric)
}

/// Notes that tell nothing to who writes cells.
fn is_beside_the_point(message: &str) -> bool {
    message.contains("evcxr")
        || message.starts_with("this error originates in the macro")
        || message.starts_with("the full type name")
        || message.starts_with("consider using `--verbose`")
        || message.starts_with("the full name for the type")
}

/// Several lines as one, cut where it gets long.
fn folded(message: &str) -> String {
    let line = message
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect::<Vec<_>>()
        .join(", ")
        .replace(":, ", ": ")
        .replace("terracube_cells::prelude::", "")
        .replace("terracube_cells::", "");
    match line.char_indices().nth(MOST_CHARACTERS) {
        Some((end, _)) => format!("{}...", line[..end].trim_end()),
        None => line,
    }
}

fn one_line(message: &str) -> String {
    message.lines().next().unwrap_or_default().to_owned()
}

const RED: &str = "\u{1b}[1;31m";
const BLUE: &str = "\u{1b}[1;34m";
const BOLD: &str = "\u{1b}[1m";
const PLAIN: &str = "\u{1b}[0m";
