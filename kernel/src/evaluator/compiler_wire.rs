//! What the kernel and the program that compiles cells know of each other: through the environment, and in the folder of the
//! cell's crate, which is the program's working folder.
use std::process::Command;

/// The real Cargo.
pub const CARGO_VARIABLE: &str = "TERRACUBE_CARGO";
/// The real rustc.
pub const RUSTC_VARIABLE: &str = "TERRACUBE_RUSTC";
/// The cells library.
pub const LIBRARY_VARIABLE: &str = "TERRACUBE_CELLS_LIBRARY";
/// Folders with the metadata of the library's dependencies, as in `PATH`.
pub const DEPENDENCIES_VARIABLE: &str = "TERRACUBE_CELLS_DEPENDENCIES";
/// Environment variable: the linker of cells, where the toolchain brings one along.
pub const LINKER_VARIABLE: &str = "TERRACUBE_LINKER";
/// The file in the folder of the cell's crate whose text is the optimisation level of the next compile.
pub const OPT_LEVEL_FILE: &str = "opt-level";
/// The folder in that of the cell's crate with the names under which the program is called.
pub const TOOLS_FOLDER: &str = "tools";
/// The name in there under which it links.
pub const LINKER_NAME: &str = "terracube-ld";
/// The folder in the folder of tools with the names of the system's libraries, for the linker.
pub const LINK_NAMES_FOLDER: &str = "link";
/// The socket of compilers that wait, from the folder of the cell's crate.
pub const COMPILERS_SOCKET: &str = "../compilers";
/// The folder in that of the cell's crate where those compilers work.
pub const WARM_FOLDER: &str = "warm";

/// A compiler maps and touches a hundred megabytes in a tenth of a second: in small pages that is a tenth of its time.
pub fn give_memory_in_large_pages(rustc: &mut Command) {
    if std::env::var_os("MALLOC_CONF").is_none() {
        rustc.env("MALLOC_CONF", "thp:always");
    }
}
