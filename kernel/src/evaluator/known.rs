//! What the session's variables hold, for completion inside strings: `ds.var("t` wants the names of variables.
use std::collections::BTreeMap;

use ra_ap_rustc_lexer::{FrontmatterAllowed, LiteralKind, TokenKind, tokenize};
use serde::Deserialize;
use terracube_display::{Data, MimeBundle};

use super::Completions;

/// What is known, by the variable's name.
#[derive(Debug, Default)]
pub struct Known(BTreeMap<String, Described>);

/// What is known of one variable.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Described {
    /// One line.
    summary: String,
    /// What may stand in a string argument, by method; under "" for all others.
    strings: BTreeMap<String, Vec<String>>,
}

impl Known {
    /// Reads what the process that runs cells said; what cannot be read is not known.
    pub fn read(text: &str) -> Self {
        Self(serde_json::from_str(text).unwrap_or_default())
    }

    /// One line about a variable.
    pub fn summary(&self, variable: &str) -> Option<&str> {
        self.0.get(variable).map(|described| described.summary.as_str()).filter(|summary| !summary.is_empty())
    }

    /// Candidates for the text of a string argument at a byte offset; `None` where no string argument stands or nothing fits.
    pub fn complete(&self, code: &str, offset: usize) -> Option<Completions> {
        let call = call_at(code, offset)?;
        // The variable at the head of the chain of calls, or of any other if that one is not known (a closure's argument).
        let of_head: Vec<&Described> =
            call.variables.iter().rev().filter_map(|name| self.0.get(*name)).take(1).collect();
        let described = if of_head.is_empty() { self.0.values().collect() } else { of_head };
        let typed = &code[call.start..offset];
        let mut matches: Vec<String> = described
            .iter()
            .filter_map(|described| described.strings.get(call.method).or_else(|| described.strings.get("")))
            .flatten()
            .filter(|name| name.starts_with(typed))
            .cloned()
            .collect();
        matches.sort();
        matches.dedup();
        (!matches.is_empty()).then_some(Completions { matches, start: call.start, end: offset })
    }
}

/// What the analyzer says of a variable, and below it what it holds.
pub fn with_summary(found: &MimeBundle, holds: &str) -> MimeBundle {
    let bundle = MimeBundle::text(format!("{}\n{holds}", found.plain().trim_end()));
    match found.get("text/html") {
        Some(Data::Text(html)) => {
            let holds = holds.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
            bundle.with("text/html", Data::Text(format!("{html}\n<p>{holds}</p>")))
        }
        _ => bundle,
    }
}

/// A string argument that is being typed.
struct Call<'a> {
    /// The method or function that gets it.
    method: &'a str,
    /// Identifiers of the statement before it that no `.` stands before.
    variables: Vec<&'a str>,
    /// Where the text in the string begins.
    start: usize,
}

fn call_at(code: &str, offset: usize) -> Option<Call<'_>> {
    let before = code.get(..offset)?;
    let mut tokens: Vec<(TokenKind, usize)> = Vec::new();
    let mut at = 0;
    for token in tokenize(before, FrontmatterAllowed::No) {
        tokens.push((token.kind, at));
        at += token.len as usize;
    }
    let (last, string_at) = tokens.pop()?;
    // The string is open at its end because the code was cut there.
    let TokenKind::Literal { kind: LiteralKind::Str { terminated: false }, .. } = last else { return None };
    tokens.retain(|(kind, _)| !matches!(kind, TokenKind::Whitespace | TokenKind::LineComment { .. }));
    let text = |position: usize| {
        let end = tokens.get(position + 1).map_or(string_at, |(_, at)| *at);
        before.get(tokens[position].1..end).unwrap_or_default().trim()
    };
    // Outwards to the parenthesis that the argument stands in.
    let mut depth = 0_usize;
    let mut open = None;
    let mut begin = 0;
    for position in (0..tokens.len()).rev() {
        match tokens[position].0 {
            TokenKind::CloseParen | TokenKind::CloseBracket | TokenKind::CloseBrace => depth += 1,
            TokenKind::OpenParen if depth == 0 && open.is_none() => open = Some(position),
            TokenKind::OpenBracket if depth == 0 => {}
            TokenKind::OpenParen | TokenKind::OpenBracket | TokenKind::OpenBrace => depth = depth.saturating_sub(1),
            TokenKind::Semi if depth == 0 => {
                begin = position + 1;
                break;
            }
            _ => {}
        }
    }
    let open = open.filter(|open| *open > 0 && tokens[open - 1].0 == TokenKind::Ident)?;
    let variables = (begin..open - 1)
        .filter(|position| tokens[*position].0 == TokenKind::Ident)
        .filter(|position| *position == 0 || tokens[position - 1].0 != TokenKind::Dot)
        .map(text)
        .collect();
    Some(Call { method: text(open - 1), variables, start: string_at + 1 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_is_shown_with_what_it_holds() {
        let found = MimeBundle::text("t: DataArray\n").with("text/html", Data::Text("<b>t</b>".into()));
        let shown = with_summary(&found, "t (x: 2) <f64>");
        assert_eq!(shown.plain(), "t: DataArray\nt (x: 2) <f64>");
        assert_eq!(shown.parts()[1].1, Data::Text("<b>t</b>\n<p>t (x: 2) &lt;f64&gt;</p>".into()));
    }

    #[test]
    fn names_are_completed_inside_strings() {
        let known = Known::read(
            r#"{"ds": {"summary": "Dataset", "strings": {"var": ["t2m", "tp", "u10"], "": ["lat", "lon", "time"]}},
                "t": {"strings": {"": ["lat", "level"], "group_by": ["time.month", "time.year"]}}}"#,
        );
        for (code, expected) in [
            ("ds.var(\"t", vec!["t2m", "tp"]),
            ("let a = ds.var(\"", vec!["t2m", "tp", "u10"]),
            ("let x = 1;\nlet a = t.sel(\"l", vec!["lat", "level"]),
            ("ds.var(\"t2m\").sel(\"lo", vec!["lon"]),
            ("t.mean([\"lat\", \"le", vec!["level"]),
            ("t.group_by(\"time.m", vec!["time.month"]),
            ("&t - &ds.mean(\"ti", vec!["time"]),
            ("other.sel(\"l", vec!["lat", "level", "lon"]),
        ] {
            let found = known.complete(code, code.len()).map(|found| found.matches).unwrap_or_default();
            assert_eq!(found, expected, "{code}");
        }
        for code in ["ds.var(t", "\"t", "ds.var(\"t2m\").me", "ds.var(\"zz"] {
            assert!(known.complete(code, code.len()).is_none(), "{code}");
        }
        let found = known.complete("ds.var(\"té\")", 9).map(|found| (found.start, found.end));
        assert_eq!(found, Some((8, 9)));
        assert_eq!(known.summary("ds"), Some("Dataset"));
    }
}
