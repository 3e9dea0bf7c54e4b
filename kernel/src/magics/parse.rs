//! What stands in a cell: Rust, and magics.
use std::fmt;

use crate::evaluator::Completions;

/// A piece of a cell.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Part<'a> {
    /// Code for the evaluator; lines of magics are empty in it, so that line numbers stay.
    Rust(String),
    Time(String),
    TimeIt(String),
    Who,
    Restart,
    Budget(&'a str),
    Dependency(&'a str),
    Config(&'a str),
    /// What is known of a name.
    Explain(&'a str),
    Html(&'a str),
    Shell {
        program: &'a str,
        text: &'a str,
    },
}

/// A magic that does not exist, or is used wrongly.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unknown {
    name: String,
    why: Option<&'static str>,
}

impl fmt::Display for Unknown {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(why) = self.why {
            return write!(formatter, "%{}: {why}", self.name);
        }
        let names: Vec<String> = MAGICS.iter().map(|magic| format!("%{}", magic.name)).collect();
        write!(formatter, "there is no magic `%{}`; there are {}", self.name, names.join(" "))
    }
}

struct Magic {
    name: &'static str,
    help: &'static str,
    /// May stand over a whole cell as `%%name`.
    over_cells: bool,
}

const MAGICS: &[Magic] = &[
    Magic {
        name: "time",
        help: "%time CODE, or %%time over a cell: how long it took, in all and without compiling",
        over_cells: true,
    },
    Magic {
        name: "timeit",
        help: "%timeit CODE, or %%timeit over a cell: runs it repeatedly; mean and spread of one run",
        over_cells: true,
    },
    Magic { name: "who", help: "%who: the session's variables and their types", over_cells: false },
    Magic { name: "restart", help: "%restart: a fresh session, without variables", over_cells: false },
    Magic {
        name: "budget",
        help: "%budget 2GB: how much memory computations may take; %budget auto: what is free",
        over_cells: false,
    },
    Magic { name: "dep", help: "%dep serde = \"1\": adds a crate to the session", over_cells: false },
    Magic {
        name: "config",
        help: "%config: the settings; %config NAME = VALUE changes one (output_limit, display_limit, progress)",
        over_cells: false,
    },
    Magic { name: "html", help: "%html TEXT, or %%html over a cell: shows HTML", over_cells: true },
    Magic { name: "bash", help: "%%bash over a cell: runs it in bash; %bash COMMAND: one line", over_cells: true },
    Magic { name: "sh", help: "%%sh over a cell: runs it in sh; %sh COMMAND: one line", over_cells: true },
];

/// Whether a line is a magic: `%` at its very start, with a letter behind it or behind a second `%`.
pub(crate) fn is_magic(line: &str) -> bool {
    let rest = line.strip_prefix('%').map(|rest| rest.strip_prefix('%').unwrap_or(rest));
    rest.is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_alphabetic()))
}

/// The name that a cell asks about: `?name` or `??name` (no Rust starts so).
pub(crate) fn question(code: &str) -> Option<&str> {
    let subject = code.trim().strip_prefix('?')?;
    Some(subject.strip_prefix('?').unwrap_or(subject).trim())
}

/// Takes a cell apart.
pub(super) fn parts(code: &str) -> Result<Vec<Part<'_>>, Unknown> {
    if let Some(subject) = question(code) {
        return Ok(vec![Part::Explain(subject)]);
    }
    let start = code.trim_start_matches(['\n', '\r', ' ', '\t']);
    if let Some(rest) = start.strip_prefix("%%").filter(|_| is_magic(start)) {
        let (line, body) = rest.split_once('\n').unwrap_or((rest, ""));
        let (name, arguments) = split(line);
        // What stands behind the name belongs to the cell.
        return match name {
            "time" => Ok(vec![Part::Time(joined(arguments, body))]),
            "timeit" => Ok(vec![Part::TimeIt(joined(arguments, body))]),
            "html" => Ok(vec![Part::Html(body)]),
            "bash" | "sh" => Ok(vec![Part::Shell { program: name, text: body }]),
            _ if MAGICS.iter().any(|magic| magic.name == name && !magic.over_cells) => {
                Err(Unknown { name: name.into(), why: Some("works on one line only: write it with a single %") })
            }
            _ => Err(Unknown { name: name.into(), why: None }),
        };
    }
    let mut parts = Vec::new();
    let mut rust = String::new();
    for (number, line) in code.lines().enumerate() {
        if !is_magic(line) || line.starts_with("%%") {
            rust.push_str(line);
            rust.push('\n');
            continue;
        }
        flush(&mut rust, &mut parts);
        // Lines above stay in number.
        rust = "\n".repeat(number + 1);
        parts.push(line_magic(&line[1..])?);
    }
    flush(&mut rust, &mut parts);
    Ok(parts)
}

fn flush(rust: &mut String, parts: &mut Vec<Part<'_>>) {
    if !rust.trim().is_empty() {
        parts.push(Part::Rust(std::mem::take(rust)));
    }
}

fn line_magic(text: &str) -> Result<Part<'_>, Unknown> {
    let (name, arguments) = split(text);
    let wrong = |why| Err(Unknown { name: name.into(), why: Some(why) });
    match name {
        "time" | "timeit" if arguments.is_empty() => wrong("write the code behind it, or %% to take the whole cell"),
        "time" => Ok(Part::Time(arguments.to_owned())),
        "timeit" => Ok(Part::TimeIt(arguments.to_owned())),
        "who" => Ok(Part::Who),
        "restart" => Ok(Part::Restart),
        "budget" if arguments.is_empty() => wrong("say how much, as in `%budget 2GB`, or `%budget auto`"),
        "budget" => Ok(Part::Budget(arguments)),
        "dep" if arguments.is_empty() => wrong("name a crate, as in `%dep serde = \"1\"`"),
        "dep" => Ok(Part::Dependency(arguments)),
        "config" => Ok(Part::Config(arguments)),
        "html" => Ok(Part::Html(arguments)),
        "bash" | "sh" => Ok(Part::Shell { program: name, text: arguments }),
        _ => Err(Unknown { name: name.into(), why: None }),
    }
}

fn split(line: &str) -> (&str, &str) {
    let end = line.find(|character: char| !character.is_ascii_alphanumeric() && character != '_').unwrap_or(line.len());
    (&line[..end], line[end..].trim())
}

fn joined(line: &str, body: &str) -> String {
    // The magic's line stays as an empty one.
    format!("{line}\n{body}")
}

/// Candidates for the name of a magic that is being typed; `None` if it is not one.
pub(super) fn complete(code: &str, offset: usize) -> Option<Completions> {
    let before = code.get(..offset)?;
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    let line = &before[line_start..];
    let typed = line.strip_prefix('%').map(|rest| rest.strip_prefix('%').unwrap_or(rest))?;
    if !typed.chars().all(|character| character.is_ascii_alphanumeric()) {
        return None;
    }
    let marks = &line[..line.len() - typed.len()];
    let fitting = MAGICS.iter().filter(|magic| magic.name.starts_with(typed) && (marks == "%" || magic.over_cells));
    let matches = fitting.map(|magic| format!("{marks}{}", magic.name)).collect();
    Some(Completions { matches, start: line_start, end: offset })
}

/// The magic's name if the offset stands in one.
pub(super) fn word_at(code: &str, offset: usize) -> Option<&str> {
    let line_start = code.get(..offset)?.rfind('\n').map_or(0, |at| at + 1);
    let line = code[line_start..].lines().next()?;
    if !is_magic(line) {
        return None;
    }
    let name = split(line.trim_start_matches('%')).0;
    (offset <= line_start + name.len() + 2).then_some(name)
}

/// What a magic does.
pub(super) fn explain(name: &str) -> Option<&'static str> {
    MAGICS.iter().find(|magic| magic.name == name).map(|magic| magic.help)
}
