//! From a plan to stages: which pieces of which sources every task needs, and the program that turns them into values.
mod columns;
mod cut;
mod describe;
mod fit;
mod group_blocks;
mod inner;
mod leaf;
mod live;
mod lower;
mod program;
mod regions;
mod stage;
mod tile;

pub(crate) use columns::Columns;
pub(crate) use cut::TILE_SCRATCH;
pub use describe::describe;
pub(crate) use describe::{fitting, size};
pub use group_blocks::GroupBlocks;
pub(crate) use inner::{InnerResults, inner_bytes, reduced_box};
pub(crate) use leaf::{Needs, Pieces, needs};
pub(crate) use live::MOST_IN_FLIGHT;
pub(crate) use lower::task_region;
pub use lower::{Means, lower};
pub(crate) use program::Resident;
pub use program::{Environment, Memo, evaluate};
pub use stage::{Fitting, OutputKind, PhysicalPlan, Raw, Reduction, Role, Stage, StageOutput, Walk};
pub(crate) use tile::Tiling;
