//! The value of a cell's last expression. The evaluator calls `(expression).evcxr_display()`; the two traits here give
//! that method to values with a rich display and to the plain values of the standard library, so that neither costs
//! the second compilation by which the evaluator falls back to `Debug`.
use std::fmt::Debug;

use serde_json::json;
use terracube_display::{MimeBundle, RichDisplay};

use crate::channel;

/// The method for values with a rich display.
pub trait ShowRich {
    /// Shows the value as the cell's result.
    fn evcxr_display(&self);
}

impl<T: RichDisplay + ?Sized> ShowRich for T {
    fn evcxr_display(&self) {
        send_result(&self.mime_bundle());
    }
}

/// The method for plain values: their `Debug` form, nothing for `()`.
pub trait ShowPlain {
    /// Shows the value as the cell's result.
    fn evcxr_display(&self);
}

impl ShowPlain for () {
    fn evcxr_display(&self) {}
}

macro_rules! show_debug {
    ($([$($generics:tt)*] $type:ty),+ $(,)?) => {
        $(impl<$($generics)*> ShowPlain for $type {
            fn evcxr_display(&self) {
                send_result(&MimeBundle::text(format!("{self:?}")));
            }
        })+
    };
}

show_debug! {
    [] bool, [] char, [] str, [] String,
    [] u8, [] u16, [] u32, [] u64, [] u128, [] usize,
    [] i8, [] i16, [] i32, [] i64, [] i128, [] isize, [] f32, [] f64,
    [] std::time::Duration, [] std::path::Path, [] std::path::PathBuf,
    [T: Debug] [T], [T: Debug] Vec<T>, [T: Debug] Option<T>, [T: Debug, E: Debug] Result<T, E>,
    [T: Debug, const N: usize] [T; N],
    [A: Debug] (A,), [A: Debug, B: Debug] (A, B), [A: Debug, B: Debug, C: Debug] (A, B, C),
    [A: Debug, B: Debug, C: Debug, D: Debug] (A, B, C, D),
    [T: Debug] std::ops::Range<T>, [T: Debug] std::ops::RangeInclusive<T>,
    [K: Debug, V: Debug] std::collections::BTreeMap<K, V>, [K: Debug, V: Debug, S] std::collections::HashMap<K, V, S>,
    [T: Debug] std::collections::BTreeSet<T>, [T: Debug, S] std::collections::HashSet<T, S>,
    [T: Debug] std::collections::VecDeque<T>,
}

fn send_result(bundle: &MimeBundle) {
    let (parts, buffers) = channel::bundle_parts(bundle);
    channel::send_in_order(json!({"kind": "result", "parts": parts}), buffers);
}
