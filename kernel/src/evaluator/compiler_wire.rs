//! What the kernel tells the program that compiles cells, through the environment.

/// The real Cargo.
pub const CARGO_VARIABLE: &str = "TERRACUBE_CARGO";
/// The real rustc.
pub const RUSTC_VARIABLE: &str = "TERRACUBE_RUSTC";
/// The cells library.
pub const LIBRARY_VARIABLE: &str = "TERRACUBE_CELLS_LIBRARY";
/// Folders with the metadata of the library's dependencies, as in `PATH`.
pub const DEPENDENCIES_VARIABLE: &str = "TERRACUBE_CELLS_DEPENDENCIES";
/// The file in the folder of the cell's crate whose text is the optimisation level of the next compile.
pub const OPT_LEVEL_FILE: &str = "opt-level";
/// Environment variable: the linker of cells, where the toolchain brings one along.
pub const LINKER_VARIABLE: &str = "TERRACUBE_LINKER";
/// Environment variable: the folder with the names of the system's libraries for that linker.
pub const LINK_NAMES_VARIABLE: &str = "TERRACUBE_LINK_NAMES";
