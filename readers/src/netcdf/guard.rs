//! A fence around parsers that are not ours: a panic in them becomes an error that names the file.
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use terracube_cube::{Error, Result};

/// Runs `parse`; a panic inside is an error of the file.
pub(crate) fn guarded<T>(name: &str, parse: impl FnOnce() -> Result<T>) -> Result<T> {
    match catch_unwind(AssertUnwindSafe(parse)) {
        Ok(result) => result,
        Err(panic) => Err(Error::corrupt(format!("{name} cannot be understood: {}", said(&panic)))
            .hint("the file is probably damaged: get it again")),
    }
}

fn said(panic: &Box<dyn Any + Send>) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("its parser gave up")
}
