//! From one grid to another: weights made once, used for any number of arrays.
mod cells;
mod grid;
mod onto;
mod polygon;
mod projected;
mod regridder;
mod view;
mod weights;

pub use grid::Grid;
pub use polygon::Polygons;
pub use projected::{Crs, RotatedPole};
pub use regridder::{RegridMethod, Regridder};
pub use view::GridView;
