//! A Jupyter kernel and a headless notebook runner for Rust cells. Knows no cube: it forwards display bundles.
//!
//! - [`serve_file`] is the kernel that Jupyter starts: sockets, protocol, history, one [`evaluator::Evaluator`].
//! - [`headless`] runs a notebook file with the same evaluator and without sockets.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod evaluator;
pub mod headless;
mod magics;
mod protocol;
mod session;

pub use jupyter_protocol::ConnectionInfo;
pub use magics::WithMagics;
pub use session::{Ended, FromCells, FrontEnd, KernelError, KernelOptions, Starter, ToCells, serve, serve_file};
