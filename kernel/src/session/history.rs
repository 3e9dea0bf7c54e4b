//! What was run: in memory, and in a file of JSON lines if one is wanted.
use std::collections::HashSet;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

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

/// A file larger than this (bytes) is cut down when it is opened.
const MOST_BYTES: u64 = 16 << 20;
/// Entries that stay when a file is cut down.
const KEPT_ENTRIES: usize = 10_000;

/// All entries, oldest first.
pub(crate) struct History {
    session: usize,
    entries: Vec<Entry>,
    file: Option<File>,
    path: PathBuf,
    /// Whether this session's number was checked against sessions that began meanwhile.
    settled: bool,
}

impl History {
    /// Opens the history; this session's number is one more than the largest in the file. A file that cannot be read or
    /// written is a warning: a session without its past is better than none.
    pub(crate) fn open(path: Option<&Path>) -> Self {
        let Some(path) = path else {
            return Self { session: 1, entries: Vec::new(), file: None, path: PathBuf::new(), settled: true };
        };
        let mut entries = read(path);
        if std::fs::metadata(path).is_ok_and(|metadata| metadata.len() > MOST_BYTES) {
            entries = last(entries, KEPT_ENTRIES);
            if let Err(error) = rewrite(path, &entries) {
                tracing::warn!(%error, path = %path.display(), "the history stays as long as it is");
            }
        }
        let file = append_to(path);
        if let Err(error) = &file {
            tracing::warn!(%error, path = %path.display(), "the history will not be kept");
        }
        let session = entries.iter().map(|entry| entry.session).max().unwrap_or(0) + 1;
        Self { session, entries, file: file.ok(), path: path.to_owned(), settled: false }
    }

    /// Adds a cell of this session.
    pub(crate) fn push(&mut self, line: usize, input: &str, output: Option<String>) {
        let mut entry = Entry { session: self.session, line, input: input.to_owned(), output };
        if let Some(file) = &self.file {
            // Other kernels write to the same file. Where locks do not work (some network file systems) lines of one write
            // still stay whole, since they are appended.
            let locked = file.lock().is_ok();
            if !self.settled {
                self.settled = true;
                let taken = read(&self.path).into_iter().map(|entry| entry.session).max().unwrap_or(0);
                self.session = self.session.max(taken + 1);
                entry.session = self.session;
            }
            let written = write_line(file, &entry);
            if locked {
                drop(file.unlock()); // closing it would do the same
            }
            if let Err(error) = written {
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

/// The entries of a file; what a crash or a full disk cut off, or what is no entry, is left out.
fn read(path: &Path) -> Vec<Entry> {
    let bytes = std::fs::read(path).unwrap_or_default();
    bytes.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok()).collect()
}

/// Opens a file that only its owner can read: cells hold passwords and tokens.
fn append_to(path: &Path) -> std::io::Result<File> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    // A line that a crash cut off must not swallow the next one.
    let whole = std::fs::read(path).is_ok_and(|bytes| bytes.last().is_none_or(|byte| *byte == b'\n'));
    if !whole {
        file.write_all(b"\n")?;
    }
    Ok(file)
}

fn write_line(mut file: &File, entry: &Entry) -> std::io::Result<()> {
    let mut text = serde_json::to_string(entry)?;
    text.push('\n');
    file.write_all(text.as_bytes())
}

/// Writes the entries beside the file and renames it, so that the file is whole at every moment.
fn rewrite(path: &Path, entries: &[Entry]) -> std::io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let file = tempfile::NamedTempFile::new_in(folder)?;
    for entry in entries {
        write_line(file.as_file(), entry)?;
    }
    file.persist(path).map_err(|failed| failed.error)?;
    Ok(())
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
        let mut file = std::fs::OpenOptions::new().append(true).open(&path).unwrap();
        file.write_all(b"\xff\xfe\n{\"session\":7,\"li").unwrap();
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

    #[test]
    fn sessions_at_once_get_numbers_of_their_own_and_nobody_else_reads_them() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/history.jsonl");
        let (mut one, mut two) = (History::open(Some(&path)), History::open(Some(&path)));
        two.push(1, "of two", None);
        one.push(1, "of one", None);
        two.push(2, "of two", None);
        let all = History::open(Some(&path));
        assert_eq!(inputs(&all, HistoryAccess::Tail { n: 9 }), ["1:1:of two", "2:1:of one", "1:2:of two"]);
        #[cfg(unix)]
        assert_eq!(
            std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&path).unwrap().permissions()) & 0o777,
            0o600
        );
    }

    #[test]
    fn a_long_file_is_cut_down() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("history.jsonl");
        let entries: Vec<Entry> = (0..KEPT_ENTRIES + 7)
            .map(|line| Entry { session: 3, line, input: "x".repeat(1700), output: None })
            .collect();
        rewrite(&path, &entries).unwrap();
        let history = History::open(Some(&path));
        assert_eq!((history.session, history.entries.len(), history.entries[0].line), (4, KEPT_ENTRIES, 7));
        assert_eq!(read(&path).len(), KEPT_ENTRIES);
    }
}
