//! What a failed cell took with it, in words: why the process died, and which variables are gone.
use std::collections::HashSet;

use syn::{Pat, Stmt};

use super::CellError;
use crate::session::without_commands;

/// Names that are listed before the rest is only counted.
const MOST_NAMES: usize = 12;

/// The error of a cell whose process ended. `reason` is the evaluator's, `printed` the end of the standard error of the
/// process, `lost` the names of the session's variables.
pub fn died(reason: &str, printed: &str, lost: &[String]) -> CellError {
    let status = reason.rsplit_once("terminated with status: ").map_or(reason, |(_, status)| status).trim();
    let (name, cause, hint) = if printed.contains("has overflowed its stack") {
        let hint = "a function that calls itself without an end, or a large array in a local variable: `vec![..]` keeps it off the stack";
        ("StackOverflow", format!("the cell overflowed its stack ({status})"), hint)
    } else if let Some(bytes) = failed_allocation(printed) {
        let hint = "leave arrays lazy and write results by `write(..)`: computations then keep within `%budget`";
        ("OutOfMemory", format!("the cell ran out of memory: an allocation of {bytes} bytes failed ({status})"), hint)
    } else if status.contains("SIGKILL") {
        let hint = "leave arrays lazy, or lower what computations may hold by `%budget 1GB`";
        (
            "OutOfMemory",
            format!("the system ended the cell's process, probably because memory ran out ({status})"),
            hint,
        )
    } else {
        ("ChildDied", format!("the process that ran the cell ended ({status})"), "")
    };
    let value = format!("{cause}; {}", restarted(lost));
    let mut traceback = vec![value.clone()];
    if !hint.is_empty() {
        traceback.push(format!("hint: {hint}"));
    }
    if !lost.is_empty() {
        traceback
            .push("Run the cells that make the variables again; functions, types and imports are still there.".into());
    }
    CellError { name: name.into(), value, traceback }
}

/// The error of a cell that had to be ended because it ignored the interrupt.
pub fn killed(lost: &[String]) -> CellError {
    let value = format!("the cell did not stop by itself, so its process was ended; {}", restarted(lost));
    let hint = "hint: a loop of your own can be stopped without loss if it calls `terracube::interrupt::check()?`";
    CellError { name: "Interrupted".into(), traceback: vec![value.clone(), hint.into()], value }
}

/// What became of a session whose process ended.
fn restarted(lost: &[String]) -> String {
    match lost {
        [] => "a fresh one was started, and no variables are lost".to_owned(),
        lost => format!("a fresh one was started, and all variables are lost: {}", list(lost)),
    }
}

/// Names in code font, the first ones only if there are many.
pub fn list(names: &[String]) -> String {
    let shown: Vec<String> = names.iter().take(MOST_NAMES).map(|name| format!("`{name}`")).collect();
    match names.len().saturating_sub(MOST_NAMES) {
        0 => shown.join(", "),
        rest => format!("{} and {rest} more", shown.join(", ")),
    }
}

/// The note under a cell that failed half-way: `code` is the cell, `before` and `after` are the session's variables.
pub fn half_way(code: &str, before: &HashSet<String>, after: &HashSet<String>) -> Vec<String> {
    let mut gone: Vec<String> = before.difference(after).cloned().collect();
    gone.sort();
    let defined: Vec<String> =
        defined_in(code).into_iter().filter(|name| !after.contains(name) && !before.contains(name)).collect();
    let mut notes = Vec::new();
    if !defined.is_empty() {
        notes.push(format!("note: {} of this cell {} not kept, since the cell failed", list(&defined), are(&defined)));
    }
    if !gone.is_empty() {
        notes.push(format!(
            "note: {} of earlier cells {} gone: this cell moved or redefined them",
            list(&gone),
            are(&gone)
        ));
    }
    notes
}

fn are(names: &[String]) -> &'static str {
    if names.len() == 1 { "is" } else { "are" }
}

/// Names that the cell's own `let` statements bind, in order.
fn defined_in(code: &str) -> Vec<String> {
    use syn::parse::Parser as _;
    let statements = syn::Block::parse_within.parse_str(&without_commands(code)).unwrap_or_default();
    let mut names = Vec::new();
    for statement in &statements {
        if let Stmt::Local(local) = statement {
            bound(&local.pat, &mut names);
        }
    }
    names
}

fn bound(pattern: &Pat, names: &mut Vec<String>) {
    match pattern {
        Pat::Ident(ident) => {
            let name = ident.ident.to_string();
            if !names.contains(&name) {
                names.push(name);
            }
        }
        Pat::Type(typed) => bound(&typed.pat, names),
        Pat::Reference(reference) => bound(&reference.pat, names),
        Pat::Paren(paren) => bound(&paren.pat, names),
        Pat::Tuple(tuple) => tuple.elems.iter().for_each(|part| bound(part, names)),
        Pat::TupleStruct(parts) => parts.elems.iter().for_each(|part| bound(part, names)),
        Pat::Slice(parts) => parts.elems.iter().for_each(|part| bound(part, names)),
        Pat::Struct(parts) => parts.fields.iter().for_each(|field| bound(&field.pat, names)),
        _ => {}
    }
}

/// The number in the allocator's last words.
fn failed_allocation(printed: &str) -> Option<&str> {
    let (_, rest) = printed.rsplit_once("memory allocation of ")?;
    rest.split_once(" bytes failed").map(|(bytes, _)| bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(list: &[&str]) -> Vec<String> {
        list.iter().map(|&name| name.to_owned()).collect()
    }

    #[test]
    fn a_death_is_explained_and_names_what_is_lost() {
        let lost = names(&["a", "b"]);
        for (reason, printed, name, words) in [
            (
                "Subprocess terminated with status: signal: 6 (SIGABRT) (core dumped)",
                "thread 'main' has overflowed its stack\n",
                "StackOverflow",
                "overflowed",
            ),
            ("signal: 6 (SIGABRT)", "memory allocation of 99 bytes failed\n", "OutOfMemory", "allocation of 99 bytes"),
            ("signal: 9 (SIGKILL)", "", "OutOfMemory", "memory ran out"),
            ("signal: 11 (SIGSEGV)", "", "ChildDied", "SIGSEGV"),
        ] {
            let error = died(reason, printed, &lost);
            assert_eq!(error.name, name, "{error:?}");
            assert!(error.value.contains(words) && error.value.ends_with("variables are lost: `a`, `b`"), "{error:?}");
        }
        assert!(died("exit status: 3", "", &[]).value.ends_with("no variables are lost"));
        let many: Vec<String> = (0..20).map(|n| format!("v{n}")).collect();
        assert!(killed(&many).value.ends_with("`v11` and 8 more"));
    }

    #[test]
    fn a_failed_cell_names_what_it_did_not_keep() {
        let set = |list: &[&str]| names(list).into_iter().collect::<HashSet<String>>();
        let code = "%who\nlet a = 1; let (b, mut c): (i32, i32) = f()?;\nlet [d, ..] = e; { let inner = 1; }";
        assert_eq!(defined_in(code), names(&["a", "b", "c", "d"]));
        let notes = half_way("let a = 1; let b = f(t)?;", &set(&["t", "u"]), &set(&["u"]));
        assert_eq!(notes.len(), 2);
        assert!(
            notes[0].starts_with("note: `a`, `b` of this cell are not kept")
                && notes[1].starts_with("note: `t` of earlier cells is gone"),
            "{notes:?}"
        );
        assert!(half_way("f()?", &set(&["u"]), &set(&["u"])).is_empty());
    }
}
