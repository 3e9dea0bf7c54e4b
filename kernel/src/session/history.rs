//! What was run: in memory, and in a file of JSON lines if one is wanted.
use std::collections::HashSet;
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write as _};
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::protocol::request::{HistoryAccess, HistoryQuery};

/// One cell that ran.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Entry {
    /// Counts sessions from 1.
    session: usize,
    /// The execution count.
    line: usize,
    input: String,
    /// The plain text of the result.
    #[serde(default)]
    output: Option<String>,
}

/// All entries, oldest first.
pub(crate) struct History {
    session: usize,
    entries: Vec<Entry>,
    file: Option<File>,
}

impl History {
    /// Opens the history; this session's number is one more than the largest in the file. A file that cannot be read or
    /// written is a warning: a session without its past is better than none.
    pub(crate) fn open(path: Option<&Path>) -> Self {
        let Some(path) = path else { return Self { session: 1, entries: Vec::new(), file: None } };
        let entries: Vec<Entry> = match File::open(path) {
            Ok(file) => BufReader::new(file)
                .lines()
                .map_while(Result::ok)
                .filter_map(|line| serde_json::from_str(&line).ok()) // a line cut off by a crash is skipped
                .collect(),
            Err(_) => Vec::new(),
        };
        let file = OpenOptions::new().create(true).append(true).open(path);
        if let Err(error) = &file {
            tracing::warn!(%error, path = %path.display(), "the history will not be kept");
        }
        let session = entries.iter().map(|entry| entry.session).max().unwrap_or(0) + 1;
        Self { session, entries, file: file.ok() }
    }

    /// Adds a cell of this session.
    pub(crate) fn push(&mut self, line: usize, input: &str, output: Option<String>) {
        let entry = Entry { session: self.session, line, input: input.to_owned(), output };
        if let (Some(file), Ok(mut text)) = (&mut self.file, serde_json::to_string(&entry)) {
            text.push('\n');
            if let Err(error) = file.write_all(text.as_bytes()) {
                tracing::warn!(%error, "the history is not kept any more");
                self.file = None;
            }
        }
        self.entries.push(entry);
    }

    /// The entries asked for, oldest first, as `history_reply` lists them.
    pub(crate) fn find(&self, query: &HistoryQuery) -> Vec<Value> {
        let found: Vec<&Entry> = match &query.access {
            HistoryAccess::Tail { n } => last(self.entries.iter().collect(), *n),
            HistoryAccess::Range { session, start, stop } => {
                let session = if *session > 0 { *session } else { self.session as i64 + session };
                let lines = *start..stop.unwrap_or(usize::MAX);
                let here = |entry: &&Entry| entry.session as i64 == session && lines.contains(&entry.line);
                self.entries.iter().filter(here).collect()
            }
            HistoryAccess::Search { pattern, unique, n } => {
                let matches = matcher(pattern);
                let mut found: Vec<&Entry> = self.entries.iter().filter(|entry| matches(&entry.input)).collect();
                if *unique {
                    let mut seen = HashSet::new();
                    found.reverse(); // the latest of equal inputs stays
                    found.retain(|entry| seen.insert(&entry.input));
                    found.reverse();
                }
                last(found, n.unwrap_or(usize::MAX))
            }
        };
        found
            .into_iter()
            .map(|Entry { session, line, input, output }| match query.output {
                true => json!([session, line, [input, output]]),
                false => json!([session, line, input]),
            })
            .collect()
    }
}

fn last<T>(mut items: Vec<T>, n: usize) -> Vec<T> {
    items.split_off(items.len().saturating_sub(n))
}

/// Whole inputs that match a glob; a pattern that is no glob is looked for as it stands.
fn matcher(pattern: &str) -> impl Fn(&str) -> bool {
    let glob = glob::Pattern::new(pattern).ok();
    let text = pattern.to_owned();
    move |input| glob.as_ref().map_or_else(|| input.contains(&text), |glob| glob.matches(input))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inputs(history: &History, access: HistoryAccess) -> Vec<String> {
        let entries = history.find(&HistoryQuery { output: false, access });
        entries.iter().map(|entry| format!("{}:{}:{}", entry[0], entry[1], entry[2].as_str().unwrap())).collect()
    }

    #[test]
    fn entries_are_found_by_tail_range_and_search_across_sessions() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("history.jsonl");
        let mut first = History::open(Some(&path));
        first.push(1, "let a = 1;", None);
        first.push(2, "a + 1", Some("2".into()));
        drop(first);
        std::fs::OpenOptions::new().append(true).open(&path).unwrap().write_all(b"{\"session\":7,\"li\n").unwrap();
        let mut history = History::open(Some(&path));
        history.push(1, "a + 1", Some("2".into()));
        history.push(2, "b[0]", None);

        let search = |pattern: &str, unique, n| HistoryAccess::Search { pattern: pattern.into(), unique, n };
        let range = |session, start, stop| HistoryAccess::Range { session, start, stop };
        for (access, expected) in [
            (HistoryAccess::Tail { n: 2 }, vec!["2:1:a + 1", "2:2:b[0]"]),
            (HistoryAccess::Tail { n: 0 }, vec![]),
            (range(0, 1, Some(2)), vec!["2:1:a + 1"]),
            (range(-1, 1, None), vec!["1:1:let a = 1;", "1:2:a + 1"]),
            (range(1, 2, Some(9)), vec!["1:2:a + 1"]),
            (range(9, 0, None), vec![]),
            (search("a*", false, None), vec!["1:2:a + 1", "2:1:a + 1"]),
            (search("a*", true, None), vec!["2:1:a + 1"]),
            (search("*", false, Some(1)), vec!["2:2:b[0]"]),
            (search("b[", false, None), vec!["2:2:b[0]"]),
            (search("b", false, None), vec![]),
        ] {
            assert_eq!(inputs(&history, access.clone()), expected, "{access:?}");
        }
        let with_output = history.find(&HistoryQuery { output: true, access: HistoryAccess::Tail { n: 2 } });
        assert_eq!(Value::from(with_output), json!([[2, 1, ["a + 1", "2"]], [2, 2, ["b[0]", null]]]));
    }
}
