//! A failed top-level `?`. The evaluator wraps a cell so that the error is printed and then announced by two calls,
//! `eprintln!("{}", error)` and `println!("{}", evcxr_internal_runtime::USER_ERROR_OCCURRED)`. The macros here stand in
//! for the standard ones in cells: exactly these two calls become one frame with the error's text, everything else
//! prints as always. Printing also looks at the interrupt, so that a loop that prints can be stopped.
use std::cell::RefCell;
use std::fmt;
use std::panic::Location;

use serde_json::json;

use crate::{channel, interrupt};

thread_local! {
    /// An error that was printed and may turn out to be the cell's failure.
    static PENDING: RefCell<Option<Noted>> = const { RefCell::new(None) };
}

/// An error's text.
struct Noted {
    /// As the cell prints it.
    plain: String,
    /// With the lines of cells that led to it.
    whole: String,
}

/// The standard `println!`, for cells.
#[macro_export]
macro_rules! println {
    ("{}", evcxr_internal_runtime::USER_ERROR_OCCURRED) => {{
        $crate::question_mark::announce();
        ::std::println!("{}", evcxr_internal_runtime::USER_ERROR_OCCURRED)
    }};
    ($($arguments:tt)*) => {{
        $crate::question_mark::settle();
        ::std::println!($($arguments)*)
    }};
}

/// The standard `eprintln!`, for cells.
#[macro_export]
macro_rules! eprintln {
    ("{}", $error:ident) => { $crate::__eprintln_value!($error $error) };
    ($($arguments:tt)*) => {{
        $crate::question_mark::settle();
        ::std::eprintln!($($arguments)*)
    }};
}

/// Tells the evaluator's `eprintln!("{}", error)` from others by the variable's name.
#[doc(hidden)]
#[macro_export]
macro_rules! __eprintln_value {
    (error $error:ident) => {
        $crate::question_mark::note(&$error)
    };
    ($name:ident $value:ident) => {{
        $crate::question_mark::settle();
        ::std::eprintln!("{}", $value)
    }};
}

/// Keeps an error's text until it is clear whether the cell failed with it.
#[doc(hidden)]
#[track_caller]
pub fn note(error: &(impl fmt::Display + ?Sized)) {
    settle();
    let mut whole = format!("{error:#}");
    // The evaluator's conversion of errors knows its caller too: the line of the `?`.
    if let Some(line) = crate::places::describe(Location::caller()).map(|place| format!("\n  at {place}"))
        && !whole.ends_with(&line)
    {
        whole.push_str(&line);
    }
    PENDING.set(Some(Noted { plain: error.to_string(), whole }));
}

/// The noted error is the cell's failure: the kernel is told.
#[doc(hidden)]
pub fn announce() {
    let text = PENDING.take().map(|noted| noted.whole).unwrap_or_default();
    channel::send_in_order(json!({"kind": "error", "text": text}), Vec::new());
}

/// The noted error was only printed: prints it. Stops an interrupted cell.
#[doc(hidden)]
pub fn settle() {
    if let Some(Noted { plain, .. }) = PENDING.take() {
        #[expect(clippy::print_stderr, reason = "this is the user's own eprintln!")]
        {
            std::eprintln!("{plain}");
        }
    }
    interrupt::unwind_if_requested();
}
