//! Why a cell failed.

/// Why a cell failed, as Jupyter's `error` message wants it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CellError {
    /// The kind: "Error", "Panic", "CompileError", "Interrupted", "StackOverflow", "OutOfMemory", "ChildDied".
    pub name: String,
    /// One line.
    pub value: String,
    /// Lines to print, ANSI colours allowed.
    pub traceback: Vec<String>,
}

impl CellError {
    /// The lines that front ends show. They show nothing else of an error, so the first line always says what it is:
    /// name and value go above a traceback that does not say the value, and the name before one that does.
    pub fn lines(&self) -> Vec<String> {
        let Self { name, value, traceback } = self;
        let head = format!("{RED}{name}{PLAIN}: {value}");
        match traceback.split_first() {
            Some((first, rest)) if first == value => std::iter::once(head).chain(rest.iter().cloned()).collect(),
            // A compiler's message names its own kind.
            Some((first, _)) if first.contains(value.as_str()) || name == "CompileError" => traceback.clone(),
            _ => std::iter::once(head).chain(traceback.iter().cloned()).collect(),
        }
    }
}

const RED: &str = "\u{1b}[1;31m";
const PLAIN: &str = "\u{1b}[0m";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_says_what_the_error_is() {
        let cases: &[(&str, &str, &[&str], &[&str])] = &[
            ("Error", "no such file", &[], &["Error: no such file"]),
            ("Error", "no such file", &["no such file", "hint: look"], &["Error: no such file", "hint: look"]),
            (
                "Interrupted",
                "the cell was interrupted",
                &["note: `a` is not kept"],
                &["Interrupted: the cell was interrupted", "note: `a` is not kept"],
            ),
            ("Timeout", "too long", &["Timeout: too long"], &["Timeout: too long"]),
            (
                "CompileError",
                "mismatched types",
                &["error[E0308]: mismatched types", "1 | x"],
                &["error[E0308]: mismatched types", "1 | x"],
            ),
        ];
        for (name, value, traceback, expected) in cases {
            let traceback = traceback.iter().map(|line| (*line).to_owned()).collect();
            let error = CellError { name: (*name).into(), value: (*value).into(), traceback };
            let lines: Vec<String> =
                error.lines().iter().map(|line| line.replace(RED, "").replace(PLAIN, "")).collect();
            assert_eq!(&lines, expected, "{name}");
        }
    }
}
