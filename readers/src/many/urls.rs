//! Which files are meant: a pattern, or a list.
use glob::Pattern;
use terracube_cube::{Error, ErrorKind, Result};

use crate::store::{Store, StoreOptions};

/// What names many files: a pattern ("data/tas_*.nc", "s3://bucket/*/tas.zarr") or a list of URLs, which may hold patterns.
pub trait Urls {
    /// The patterns and URLs in order.
    fn urls(self) -> Vec<String>;
}

impl Urls for &str {
    fn urls(self) -> Vec<String> {
        vec![self.to_owned()]
    }
}

impl Urls for String {
    fn urls(self) -> Vec<String> {
        vec![self]
    }
}

impl<T: AsRef<str>> Urls for &[T] {
    fn urls(self) -> Vec<String> {
        self.iter().map(|url| url.as_ref().to_owned()).collect()
    }
}

impl<T: AsRef<str>> Urls for &Vec<T> {
    fn urls(self) -> Vec<String> {
        self[..].urls()
    }
}

impl<T: AsRef<str>> Urls for Vec<T> {
    fn urls(self) -> Vec<String> {
        self[..].urls()
    }
}

impl<T: AsRef<str>, const N: usize> Urls for [T; N] {
    fn urls(self) -> Vec<String> {
        self[..].urls()
    }
}

/// The files that patterns and URLs name, those of one pattern in the order of their names.
///
/// # Errors
/// If a pattern matches nothing, or its server does not list.
pub(super) fn expand(patterns: &[String], options: &StoreOptions) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for pattern in patterns {
        if !is_pattern(pattern) {
            found.push(pattern.clone());
            continue;
        }
        let matched = match pattern.split_once("://") {
            Some(("file", path)) => local(path)?,
            Some(_) => remote(pattern, options)?,
            None => local(pattern)?,
        };
        if matched.is_empty() {
            return Err(Error::new(ErrorKind::NotFound, format!("nothing matches {pattern}"))
                .hint("`*` stands for any part of one name, `**` for any folders"));
        }
        found.extend(matched);
    }
    if found.is_empty() {
        return Err(Error::invalid("no files are named"));
    }
    Ok(found)
}

/// A `?` alone may begin the query of a URL.
fn is_pattern(url: &str) -> bool {
    url.contains(['*', '[']) || (url.contains('?') && !url.contains("://"))
}

fn local(pattern: &str) -> Result<Vec<String>> {
    let home = std::env::var("HOME").unwrap_or_default();
    let pattern = match pattern.strip_prefix("~/") {
        Some(rest) => format!("{}/{rest}", Pattern::escape(&home)),
        None => pattern.to_owned(),
    };
    let paths = glob::glob(&pattern).map_err(|error| Error::invalid(format!("the pattern {pattern}: {error}")))?;
    let mut found = Vec::new();
    for path in paths {
        let path = path.map_err(|error| Error::io(format!("cannot list for {pattern}: {error}")))?;
        found.push(path.to_string_lossy().into_owned());
    }
    found.sort();
    Ok(found)
}

/// Lists folder by folder: each part of the path that holds a pattern is matched against what stands there.
fn remote(pattern: &str, options: &StoreOptions) -> Result<Vec<String>> {
    let start = pattern.find(['*', '[']).unwrap_or(pattern.len());
    let base = pattern[..start].rfind('/').unwrap_or(0);
    let (base, rest) = (&pattern[..base], &pattern[base + 1..]);
    let store = Store::open(base, options)?;
    let mut keys = vec![String::new()];
    let parts: Vec<&str> = rest.split('/').collect();
    for (position, part) in parts.iter().enumerate() {
        let matcher = Pattern::new(part).map_err(|error| Error::invalid(format!("the pattern {pattern}: {error}")))?;
        let is_last = position + 1 == parts.len();
        let mut next = Vec::new();
        for key in keys {
            if !part.contains(['*', '?', '[']) {
                next.push(join(&key, part));
                continue;
            }
            let entries = store.list(&key).wait().map_err(|error| {
                error.hint("this server does not list: give the URLs one by one, `open_many([url, ...])`")
            })?;
            let fits = entries.into_iter().filter(|entry| matcher.matches(&entry.name) && (is_last || entry.is_dir));
            next.extend(fits.map(|entry| join(&key, &entry.name)));
        }
        keys = next;
    }
    keys.sort();
    Ok(keys.into_iter().map(|key| format!("{base}/{key}")).collect())
}

fn join(key: &str, name: &str) -> String {
    if key.is_empty() { name.to_owned() } else { format!("{key}/{name}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_find_files_here_and_in_stores() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open("memory://patterns/x", &StoreOptions::default()).unwrap();
        for name in ["b_2.nc", "b_10.nc", "sub/b_1.nc", "c.nc"] {
            let path = directory.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "x").unwrap();
            store.put(name, "x").wait().unwrap();
        }
        let root = directory.path().to_str().unwrap();
        for base in [root, "memory://patterns/x"] {
            let find = |pattern: &str| expand(&[format!("{base}/{pattern}")], &StoreOptions::default());
            let names = |pattern: &str| -> Vec<String> {
                find(pattern).unwrap().iter().map(|url| url.strip_prefix(base).unwrap().to_owned()).collect()
            };
            assert_eq!(names("b_*.nc"), ["/b_10.nc", "/b_2.nc"]);
            assert_eq!(names("*/b_[0-9].nc"), ["/sub/b_1.nc"]);
            assert_eq!(names("c.nc"), ["/c.nc"]);
            assert!(find("d*.nc").unwrap_err().to_string().contains("nothing matches"));
        }
    }
}
