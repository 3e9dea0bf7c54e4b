//! The source that evcxr generates for a cell: its own store of variables is replaced by the library's.

const STORE_BEGINS: &str = "mod evcxr_internal_runtime {\n";
const STORE_ENDS: &str =
    "pub fn create_variable_store() -> *mut VariableStore {\n    Box::into_raw(Box::new(VariableStore::new()))\n}\n}\n";
const LIBRARY_STORE: &str = "use terracube_cells::variable_store as evcxr_internal_runtime;";

/// The source with the library's store; every line of the cell stays at its number. `None` if the store is not in it.
pub fn with_library_store(source: &str) -> Option<String> {
    let begin = source.find(STORE_BEGINS)?;
    let end = begin + source[begin..].find(STORE_ENDS)? + STORE_ENDS.len();
    let n_lines = source[begin..end].matches('\n').count();
    Some(format!("{}{LIBRARY_STORE}{}{}", &source[..begin], "\n".repeat(n_lines), &source[end..]))
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
}
