//! Functions of the user's along an axis.
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use super::lines::Lines;
use crate::base::{Error, Result};

/// A function from the values along an axis to results.
pub type LineFunction = dyn Fn(&[f64]) -> Vec<f64> + Send + Sync;

/// What a function of the user's is called, if it was registered under a name: only then can it be found in another process.
#[derive(Clone, PartialEq, Eq)]
pub struct Named(pub Option<Arc<str>>);

impl fmt::Debug for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(name) => write!(f, "function `{name}`"),
            None => f.write_str("closure (local only)"),
        }
    }
}

/// A closure from the values along an axis, missing ones NaN, to results.
#[derive(Clone)]
pub struct OwnFunction {
    function: Arc<LineFunction>,
    name: Named,
    /// How many results there are; `None` if as many as values.
    len: Option<u64>,
}

impl OwnFunction {
    /// A function that gives `len` results, or as many as it gets values.
    pub fn new(function: Arc<LineFunction>, name: Named, len: Option<u64>) -> Self {
        Self { function, name, len }
    }

    pub(super) fn output_len(&self, len: u64) -> u64 {
        self.len.unwrap_or(len)
    }

    pub(super) fn of(&self, lines: &Lines<'_, f64>, wanted: &Range<u64>, out: &mut Vec<f64>) -> Result<()> {
        let expected = self.len.map_or(lines.len, |len| len as usize);
        for line in lines.iter() {
            let results = (self.function)(line);
            if results.len() != expected {
                return Err(Error::invalid(format!(
                    "the function gave {} results, {expected} were announced",
                    results.len()
                )));
            }
            out.extend_from_slice(&results[wanted.start as usize..wanted.end as usize]);
        }
        Ok(())
    }
}

impl PartialEq for OwnFunction {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.function, &other.function) && self.len == other.len
    }
}

impl fmt::Debug for OwnFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.name, f)
    }
}
