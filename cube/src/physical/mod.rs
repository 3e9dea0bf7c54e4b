//! From a plan to stages: which pieces of which sources every task needs, and the program that turns them into values.
mod columns;
mod describe;
mod leaf;
mod lower;
mod program;
mod regions;
mod stage;
mod tile;

pub(crate) use columns::Columns;
pub use describe::describe;
pub(crate) use leaf::{Needs, Pieces, needs};
pub use lower::lower;
pub(crate) use lower::{MOST_IN_FLIGHT, task_region};
pub(crate) use program::Resident;
pub use program::{Environment, Memo, evaluate};
pub use stage::{OutputKind, PhysicalPlan, Reduction, Role, Stage, StageOutput};
pub(crate) use tile::tiles;
