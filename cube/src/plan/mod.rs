//! What is to be computed, as data: a tree of closed operations. Building it reads nothing.
mod along;
mod build;
mod explain;
mod expr;
mod fold;
mod points;

pub(crate) use explain::describe;
pub use explain::explain;
pub(crate) use expr::deep;
pub use expr::{AxisSlice, Expr, GroupCodes, Node, Op};
pub use fold::Fold;
