//! A failed top-level `?`. The evaluator wraps a cell so that the error is printed and then announced by two calls,
//! `eprintln!("{}", error)` and `println!("{}", evcxr_internal_runtime::USER_ERROR_OCCURRED)`. The macros here stand in
//! for the standard ones in cells: exactly these two calls become one frame with the error's text, everything else
//! prints as always. Printing also looks at the interrupt, so that a loop that prints can be stopped.
use std::cell::RefCell;
use std::fmt;

use serde_json::json;

use crate::{channel, interrupt};

thread_local! {
    /// An error that was printed and may turn out to be the cell's failure.
    static PENDING: RefCell<Option<String>> = const { RefCell::new(None) };
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
pub fn note(error: &(impl fmt::Display + ?Sized)) {
    settle();
    PENDING.set(Some(error.to_string()));
}

/// The noted error is the cell's failure: the kernel is told.
#[doc(hidden)]
pub fn announce() {
    let text = PENDING.take().unwrap_or_default();
    channel::send_in_order(json!({"kind": "error", "text": text}), Vec::new());
}

/// The noted error was only printed: prints it. Stops an interrupted cell.
#[doc(hidden)]
pub fn settle() {
    if let Some(text) = PENDING.take() {
        #[expect(clippy::print_stderr, reason = "this is the user's own eprintln!")]
        {
            std::eprintln!("{text}");
        }
    }
    interrupt::unwind_if_requested();
}
