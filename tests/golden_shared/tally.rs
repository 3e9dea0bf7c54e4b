//! Counts what was tried, by kind of file, and knows which differences were accepted and why.
use std::collections::BTreeSet;
use std::path::Path;

/// One accepted difference. In `check`, `*` stands for any text.
#[derive(serde::Deserialize)]
struct Known {
    check: String,
    reason: String,
}

#[derive(Default)]
struct Count {
    files: usize,
    tried: usize,
    passed: usize,
    failed: usize,
    known: usize,
}

pub struct Tally {
    known: Vec<Known>,
    seen: BTreeSet<usize>,
    everything: bool,
    counts: Vec<(String, Count)>,
    file: String,
    failures: Vec<(String, String)>,
}

impl Tally {
    /// `known`: a JSON list of {"check", "reason"}. With `only`, entries that meet nothing are not held against it.
    pub fn new(known: &Path, only: &str) -> Self {
        let known: Vec<Known> = serde_json::from_str(&std::fs::read_to_string(known).unwrap()).unwrap();
        assert!(known.iter().all(|entry| entry.reason.len() > 10), "every known difference says why");
        Self {
            known,
            seen: BTreeSet::new(),
            everything: only.is_empty(),
            counts: Vec::new(),
            file: String::new(),
            failures: Vec::new(),
        }
    }

    pub fn begin(&mut self, kind: &str, file: &str) {
        if self.counts.last().is_none_or(|(last, _)| last != kind) {
            self.counts.push((kind.to_owned(), Count::default()));
        }
        self.count().files += 1;
        file.clone_into(&mut self.file);
    }

    /// One comparison: `name` within the file that was begun.
    pub fn check(&mut self, name: &str, result: Result<(), String>) {
        let key = format!("{}:{name}", self.file);
        let accepted =
            result.is_err().then(|| self.known.iter().position(|entry| matches(&entry.check, &key))).flatten();
        self.count().tried += 1;
        match (result, accepted) {
            (Ok(()), _) => self.count().passed += 1,
            (Err(_), Some(entry)) => {
                self.seen.insert(entry);
                self.count().known += 1;
            }
            (Err(why), None) => {
                self.count().failed += 1;
                self.failures.push((key, why));
            }
        }
    }

    /// Prints everything; whether nothing failed.
    pub fn report(self) -> bool {
        let mut failures = self.failures;
        for (position, entry) in self.known.iter().enumerate() {
            if self.everything && !self.seen.contains(&position) {
                failures.push((
                    entry.check.clone(),
                    "is listed as a known difference but no longer differs: take it off the list".to_owned(),
                ));
            }
        }
        println!("failed:");
        for (key, why) in &failures {
            println!("  {key}: {why}");
        }
        println!("known differences:");
        for (position, entry) in self.known.iter().enumerate() {
            if self.seen.contains(&position) {
                println!("  {}: {}", entry.check, entry.reason);
            }
        }
        println!("{:<14} {:>6} {:>7} {:>7} {:>7} {:>7}", "kind", "files", "tried", "passed", "failed", "known");
        for (kind, count) in &self.counts {
            println!(
                "{kind:<14} {:>6} {:>7} {:>7} {:>7} {:>7}",
                count.files, count.tried, count.passed, count.failed, count.known
            );
        }
        let sum = |field: fn(&Count) -> usize| self.counts.iter().map(|(_, count)| field(count)).sum::<usize>();
        println!(
            "golden: {} passed, {} failed, {} known differences",
            sum(|c| c.passed),
            failures.len(),
            sum(|c| c.known)
        );
        failures.is_empty() && sum(|c| c.passed) > 0
    }

    fn count(&mut self) -> &mut Count {
        &mut self.counts.last_mut().expect("begin() came first").1
    }
}

/// Whether `key` is `pattern`, in which each `*` stands for any text.
fn matches(pattern: &str, key: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == key,
        Some((start, rest)) => key.strip_prefix(start).is_some_and(|tail| {
            tail.char_indices().map(|(i, _)| i).chain([tail.len()]).any(|i| matches(rest, &tail[i..]))
        }),
    }
}
