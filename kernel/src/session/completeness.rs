//! Whether a piece of code can run, wants more lines, or is wrong: first the delimiters and literals, then the grammar.
use ra_ap_rustc_lexer::{FrontmatterAllowed, LiteralKind, RawStrError, TokenKind, tokenize, validate_raw_str};

use crate::magics::is_magic;

/// The answer to `is_complete_request`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Completeness {
    Complete,
    /// More lines are wanted; the next one starts with `indent` (spaces).
    Incomplete {
        indent: String,
    },
    /// No further line can make it right.
    Invalid,
    /// Too long to look at.
    Unknown,
}

/// Code longer than this (bytes) is not looked at: the parser's recursion must fit [`PARSER_STACK`].
const MAX_LENGTH: usize = 16 * 1024;
/// Bytes of address space; touched only as far as the recursion goes.
const PARSER_STACK: usize = 256 * 1024 * 1024;
const INDENT: usize = 4;

/// Judges a cell. Lines that start with `:` or `?` are commands to the evaluator or questions to the kernel, not Rust; so are magics.
pub(crate) fn completeness(code: &str) -> Completeness {
    if code.len() > MAX_LENGTH {
        return Completeness::Unknown;
    }
    if code.trim_start().starts_with("%%") {
        return Completeness::Complete;
    }
    let rust = without_commands(code);
    match delimiters(&rust) {
        Delimiters::Balanced => grammar(rust),
        Delimiters::Open { depth } => Completeness::Incomplete { indent: " ".repeat(depth * INDENT) },
        Delimiters::OpenText => Completeness::Incomplete { indent: String::new() },
        Delimiters::Wrong => Completeness::Invalid,
    }
}

/// The Rust of a cell: lines that start with `:` or `?`, and magics, are left out.
pub(crate) fn without_commands(code: &str) -> String {
    let is_rust =
        |line: &&str| !(line.starts_with(':') && !line.starts_with("::") || line.starts_with('?') || is_magic(line));
    code.split_inclusive('\n').filter(is_rust).collect()
}

enum Delimiters {
    Balanced,
    Open {
        depth: usize,
    },
    /// The code ends inside a string or a comment.
    OpenText,
    Wrong,
}

fn delimiters(code: &str) -> Delimiters {
    let mut expected = Vec::new();
    let mut start = 0;
    for token in tokenize(code, FrontmatterAllowed::No) {
        let end = start + token.len as usize;
        match token.kind {
            TokenKind::OpenParen => expected.push(TokenKind::CloseParen),
            TokenKind::OpenBrace => expected.push(TokenKind::CloseBrace),
            TokenKind::OpenBracket => expected.push(TokenKind::CloseBracket),
            close @ (TokenKind::CloseParen | TokenKind::CloseBrace | TokenKind::CloseBracket) => match expected.pop() {
                Some(open) if open == close => {}
                _ => return Delimiters::Wrong,
            },
            TokenKind::BlockComment { terminated: false, .. } => return Delimiters::OpenText,
            TokenKind::Literal { kind, .. } => match literal(kind, code.get(start..end).unwrap_or_default()) {
                Literal::Whole => {}
                Literal::Open => return Delimiters::OpenText,
                Literal::Wrong => return Delimiters::Wrong,
            },
            TokenKind::Unknown | TokenKind::InvalidIdent => return Delimiters::Wrong,
            _ => {}
        }
        start = end;
    }
    match expected.len() {
        0 => Delimiters::Balanced,
        depth => Delimiters::Open { depth },
    }
}

enum Literal {
    Whole,
    Open,
    Wrong,
}

fn literal(kind: LiteralKind, text: &str) -> Literal {
    let raw = |prefix_len| match validate_raw_str(text, prefix_len) {
        Err(RawStrError::NoTerminator { .. }) => Literal::Open,
        Err(_) => Literal::Wrong,
        Ok(()) => Literal::Whole,
    };
    match kind {
        LiteralKind::Str { terminated: false }
        | LiteralKind::ByteStr { terminated: false }
        | LiteralKind::CStr { terminated: false } => Literal::Open,
        LiteralKind::RawStr { n_hashes: None } => raw(1),
        LiteralKind::RawByteStr { n_hashes: None } | LiteralKind::RawCStr { n_hashes: None } => raw(2),
        LiteralKind::Char { terminated: false } | LiteralKind::Byte { terminated: false } => Literal::Wrong,
        _ => Literal::Whole,
    }
}

/// The parser recurses as deep as the code nests, so it gets a stack of its own.
fn grammar(code: String) -> Completeness {
    let thread = std::thread::Builder::new().stack_size(PARSER_STACK).spawn(move || parse(&code));
    thread.ok().and_then(|thread| thread.join().ok()).unwrap_or(Completeness::Unknown)
}

fn parse(code: &str) -> Completeness {
    use syn::parse::Parser as _;
    let error = |code: &str| syn::Block::parse_within.parse_str(code).err().map(|error| error.to_string());
    let Some(reason) = error(code) else { return Completeness::Complete };
    // The end of a group inside the code reads like the end of the code. Only at the latter does another word change the
    // complaint.
    let at_end = reason.starts_with("unexpected end of input");
    let wants_more = at_end && error(&format!("{code}\nword")).as_ref() != Some(&reason);
    if wants_more || error(&format!("{code}\n;")).is_none() {
        return Completeness::Incomplete { indent: " ".repeat(INDENT) };
    }
    Completeness::Invalid
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(code: &str, expected: &str) {
        let found = match completeness(code) {
            Completeness::Complete => "complete".to_owned(),
            Completeness::Incomplete { indent } => format!("incomplete {}", indent.len()),
            Completeness::Invalid => "invalid".to_owned(),
            Completeness::Unknown => "unknown".to_owned(),
        };
        assert_eq!(found, expected, "{code:?}");
    }

    #[test]
    fn code_is_judged() {
        for (code, expected) in [
            ("", "complete"),
            ("1 + 1", "complete"),
            ("let a = 1;", "complete"),
            ("let ds = open(\"a.zarr\")?; ds", "complete"),
            ("fn f<'a>(x: &'a str) -> char { '\"' }\nf(\"}\")", "complete"),
            ("use std::fs;\nstruct A { b: u8 }\nimpl A {}", "complete"),
            ("println!(\"{}\", 1)", "complete"),
            ("// let a = (", "complete"),
            (":dep serde = \"1\"\n:vars", "complete"),
            ("?ds", "complete"),
            ("r#\"a \" b\"#", "complete"),
            ("fn f() {", "incomplete 4"),
            ("if a {\n    g(", "incomplete 8"),
            ("let a =", "incomplete 4"),
            ("let a = 1", "incomplete 4"),
            ("ds.", "incomplete 4"),
            ("ds\n    .mean(\"time\")\n    .", "incomplete 4"),
            ("#[derive(Debug)]", "incomplete 4"),
            ("\"open", "incomplete 0"),
            ("r#\"open\"", "incomplete 0"),
            ("/* open /* */", "incomplete 0"),
            ("fn f() }", "invalid"),
            ("(1]", "invalid"),
            ("let = 3;", "invalid"),
            ("let a = (1 + );", "invalid"),
            ("f(1, { let })", "invalid"),
            ("1 1", "invalid"),
            ("let x = \u{1F980};", "invalid"),
            ("'ab", "invalid"),
        ] {
            check(code, expected);
        }
    }

    #[test]
    fn nesting_never_ends_the_process() {
        check(&"-".repeat(MAX_LENGTH - 1), "incomplete 4");
        check(&format!("{}1{}", "(".repeat(8000), ")".repeat(8000)), "complete");
        check(&"(".repeat(MAX_LENGTH + 1), "unknown");
    }
}
