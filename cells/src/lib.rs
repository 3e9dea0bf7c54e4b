//! What notebook cells link: the façade as one dylib, with the child's side of the side channel.
//!
//! Cells never name this crate: a shim without dependencies, called `terracube`, re-exports it, so that code reads the
//! same in a notebook and in a program. The process that runs cells loads the library once, before the first cell, and
//! calls the functions of [`session`]; nothing here knows how cells are compiled.
pub use terracube::*;

pub mod budget;
pub mod channel;
pub mod comm;
mod describe;
pub mod display_value;
pub mod drawn_plan;
mod engine;
pub mod input;
pub mod interrupt;
pub mod places;
pub mod progress;
pub mod question_mark;
pub mod result;
pub mod session;
pub mod timing;
#[doc(hidden)]
pub mod variable_store;

#[doc(inline)]
pub use display_value::{clear_output, display, display_as, update_display};

/// The library crates under their own names: rust-analyzer may name a type by its place in one of them.
#[doc(hidden)]
pub mod __crates {
    pub use crate as terracube_cells;
    pub use terracube;
    pub use terracube::cube as terracube_cube;
    pub use terracube::display as terracube_display;
    pub use terracube::plots as terracube_plots;
    pub use terracube::readers as terracube_readers;
}

/// What every cell imports before its first line: the façade's prelude, and what only makes sense in a notebook.
pub mod prelude {
    pub use crate::display_value::{clear_output, display, display_as, update_display};
    pub use crate::drawn_plan::draw_plan;
    pub use crate::input::{input, password};
    pub use crate::progress::Progress;
    pub use crate::result::{ShowPlain as _, ShowRich as _};
    pub use terracube::prelude::*;
}
