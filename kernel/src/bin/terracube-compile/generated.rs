//! The source that evcxr generates for a cell: its own store of variables is replaced by the library's, and variables that the cell
//! does not name stay in it.
use std::collections::{HashMap, HashSet};

const STORE_BEGINS: &str = "mod evcxr_internal_runtime {\n";
const STORE_ENDS: &str =
    "pub fn create_variable_store() -> *mut VariableStore {\n    Box::into_raw(Box::new(VariableStore::new()))\n}\n}\n";
/// Evcxr's conversion of the error of a failed `?`.
const CONVERSION: &str = "fn from(error: T) -> Self {";

const LIBRARY_STORE: &str = "use terracube_cells::variable_store as evcxr_internal_runtime;";

/// The source with the library's store, and with errors that know the line of their `?`; every line of the cell stays at its number. `None` if the store is not in it.
pub fn with_library_store(source: &str) -> Option<String> {
    let begin = source.find(STORE_BEGINS)?;
    let end = begin + source[begin..].find(STORE_ENDS)? + STORE_ENDS.len();
    let n_lines = source[begin..end].matches('\n').count();
    let replaced = format!("{}{LIBRARY_STORE}{}{}", &source[..begin], "\n".repeat(n_lines), &source[end..]);
    Some(replaced.replacen(CONVERSION, &format!("#[track_caller] {CONVERSION}"), 1))
}

/// How the lines begin that look for a variable, take it out of the store, and put it back.
const CHECK: &str = "vars_ok &= evcxr_variable_store.check_variable::<";
const TAKE: &str = " = evcxr_variable_store.take_variable::<";
const PUT: &str = "evcxr_variable_store.put_variable::<";

/// The source without the lines that take variables out of the store only to put them back, left empty so that every other line stays
/// at its number. With a hundred variables these lines are most of a cell: optimised, they take seconds to compile.
pub fn without_unnamed_variables(source: &str) -> String {
    let lines: Vec<&str> = source.split('\n').collect();
    let mut times: HashMap<&str, [u8; 3]> = HashMap::new();
    let mut words = HashSet::new();
    for line in &lines {
        match moved(line) {
            Some((name, kind)) => {
                let times = &mut times.entry(name).or_default()[kind];
                *times = times.saturating_add(1);
            }
            // Words of texts too: a format string names variables.
            None => words.extend(line.split(|c: char| !c.is_alphanumeric() && c != '_')),
        }
    }
    let stays = |name: &str| {
        // Other letters have more than one spelling.
        let plain = name.is_ascii() && !words.contains(name.trim_start_matches("r#"));
        plain && times.get(name) == Some(&[1, 1, 1])
    };
    let kept = lines.iter().map(|&line| if moved(line).is_some_and(|(name, _)| stays(name)) { "" } else { line });
    kept.collect::<Vec<_>>().join("\n")
}

/// The variable that a line checks (0), takes (1) or puts back (2).
fn moved(line: &str) -> Option<(&str, usize)> {
    let kind = if line.starts_with(CHECK) {
        0
    } else if line.starts_with("let ") && line.contains(TAKE) {
        1
    } else if line.starts_with(PUT) {
        2
    } else {
        return None;
    };
    let (_, name) = line.rsplit_once("(stringify!(")?;
    let (name, rest) = name.split_once(')')?;
    let end = if kind == 2 { rest == format!(", {name});") } else { rest == ");" };
    end.then_some((name, kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_keep_their_numbers() {
        let source = format!("use a;\n{STORE_BEGINS}pub struct VariableStore;\n\n{STORE_ENDS}fn cell() {{}}\n");
        let replaced = with_library_store(&source).unwrap_or_default();
        let line = |text: &str| text.lines().position(|line| line.starts_with("fn cell"));
        assert!(replaced.contains(LIBRARY_STORE) && !replaced.contains("VariableStore"), "{replaced}");
        assert_eq!(line(&replaced), line(&source));
        assert_eq!(with_library_store("fn cell() {}"), None);
    }

    /// As evcxr writes a cell with these variables.
    fn cell(variables: &[&str], code: &str) -> String {
        let all = |line: &dyn Fn(&str) -> String| variables.iter().map(|name| line(name) + "\n").collect::<String>();
        let check =
            all(&|name| format!("vars_ok &= evcxr_variable_store.check_variable::<Vec<u8>>(stringify!({name}));"));
        let take =
            all(&|name| format!("let mut {name} = evcxr_variable_store.take_variable::<Vec<u8>>(stringify!({name}));"));
        let put = all(&|name| format!("evcxr_variable_store.put_variable::<Vec<u8>>(stringify!({name}), {name});"));
        format!("fn cell() {{\n{check}{take}{code}\n{put}}}\n")
    }

    #[test]
    fn variables_that_a_cell_does_not_name_stay_in_the_store() {
        let code = "println!(\"{shown} and {}\", called.len()); let made = 1; // noted\nevcxr_variable_store.put_variable::<i32>(stringify!(made), made);";
        let source = cell(&["shown", "called", "call", "noted", "r#type", "grüße"], code);
        let pruned = without_unnamed_variables(&source);
        for (name, stays) in
            [("shown", false), ("called", false), ("call", true), ("noted", false), ("r#type", true), ("grüße", false)]
        {
            assert_eq!(pruned.matches(&format!("stringify!({name})")).count(), if stays { 0 } else { 3 }, "{name}");
        }
        assert!(pruned.contains("stringify!(made), made"));
        let line = |text: &str| text.lines().position(|line| line.starts_with("println"));
        assert_eq!(line(&pruned), line(&source));
        assert_eq!(without_unnamed_variables(&pruned), pruned);
    }
}
