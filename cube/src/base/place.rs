//! Where in the caller's code a mistake was made.
use std::fmt;
use std::panic::Location;
use std::sync::OnceLock;

/// A place in the caller's code.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Place {
    /// The file, as the compiler names it; of a notebook, the cell.
    pub file: String,
    /// The line in it, from 1.
    pub line: u32,
    /// The line's text, where it is known.
    pub code: Option<String>,
}

impl Place {
    /// A line of a file.
    ///
    /// ```
    /// use terracube_cube::Place;
    /// let place = Place::new("cell 3", 2, Some("t.mean(\"latt\")".to_owned()));
    /// assert_eq!((place.file.as_str(), place.line), ("cell 3", 2));
    /// ```
    pub fn new(file: impl Into<String>, line: u32, code: Option<String>) -> Self {
        Self { file: file.into(), line, code }
    }

    /// The place for people. Names no cell that is not there any more: a notebook knows better ([`Places`]).
    pub(super) fn of(location: &Location<'_>) -> Option<Self> {
        if is_ours(location.file()) {
            return None;
        }
        match PLACES.get() {
            Some(places) => places.find(location),
            None => Some(Self::new(location.file(), location.line(), None)),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match PLACES.get() {
            Some(places) => f.write_str(&places.describe(self)),
            None => write!(f, "{}:{}", self.file, self.line),
        }
    }
}

/// Knows places that the compiler names by generated files: the cells of a notebook.
pub trait Places: Send + Sync {
    /// The place that the author of the code knows; `None` if it is none of theirs.
    fn find(&self, location: &Location<'_>) -> Option<Place>;
    /// The place in words, behind "at ".
    fn describe(&self, place: &Place) -> String;
}

static PLACES: OnceLock<Box<dyn Places>> = OnceLock::new();

/// Lets errors name places as `places` does. The first call counts, for the whole process.
pub fn set_places(places: Box<dyn Places>) {
    let _ = PLACES.set(places);
}

/// Whether a file belongs to Terracube itself: its own calls are no caller's mistake.
fn is_ours(file: &str) -> bool {
    let Some(root) = file!().strip_suffix("cube/src/base/place.rs") else { return file.contains("terracube-") };
    let Some(path) = file.strip_prefix(root) else { return false };
    ["cube/src/", "readers/src/", "plots/src/", "cells/src/", "display/src/"].iter().any(|own| path.starts_with(own))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn callers_are_told_from_ourselves() {
        for (file, expected) in [
            (file!(), true),
            ("plots/src/figure.rs", true),
            ("src/main.rs", false),
            ("cube/tests/common_mistakes.rs", false),
            ("examples/quickstart.rs", false),
        ] {
            assert_eq!(is_ours(file), expected, "{file}");
        }
        assert_eq!(Place::of(Location::caller()), None);
        assert_eq!(Place::new("src/main.rs", 7, None).to_string(), "src/main.rs:7");
    }
}
