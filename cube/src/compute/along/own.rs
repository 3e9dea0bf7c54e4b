//! Functions of the user's along an axis.
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use super::lines::Lines;
use crate::base::{Error, Result};

type Function = dyn Fn(&[f64]) -> Vec<f64> + Send + Sync;

/// A closure from the values along an axis, missing ones NaN, to results.
#[derive(Clone)]
pub struct OwnFunction {
    function: Arc<Function>,
    /// How many results there are; `None` if as many as values.
    len: Option<u64>,
}

impl OwnFunction {
    /// A function that gives `len` results, or as many as it gets values.
    pub fn new(function: Arc<Function>, len: Option<u64>) -> Self {
        Self { function, len }
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
        f.write_str("closure (local only)")
    }
}
