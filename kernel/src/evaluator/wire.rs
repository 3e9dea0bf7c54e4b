//! What the kernel and the process that runs cells must agree on.

/// Environment variable: the path of the kernel's socket.
pub const SOCKET_VARIABLE: &str = "TERRACUBE_SOCKET";
/// Environment variable: the word that makes marks in printed output unforgeable.
pub const NONCE_VARIABLE: &str = "TERRACUBE_NONCE";
/// Environment variable: the cells library, loaded before the first cell.
pub const LIBRARY_VARIABLE: &str = "TERRACUBE_CELLS_LIBRARY";
/// Environment variable: the folder in which cells are compiled, for the lines of errors.
pub const CELL_FOLDER_VARIABLE: &str = "TERRACUBE_CELL_FOLDER";
/// In that folder: the number of the cell that runs, and below it what its author wrote.
pub const CELL_FILE: &str = "cell.txt";

/// The evaluator's line for the end of a cell.
pub const COMPLETE_LINE: &str = "EVCXR_EXECUTION_COMPLETE";
/// The evaluator's line for a cell that panicked.
pub const PANIC_LINE: &str = "EVCXR_PANIC_NOTIFICATION";
/// The evaluator's line for a failed top-level `?`.
pub const ERROR_LINE: &str = "EVCXR_ERROR_OCCURRED";
/// How the evaluator's line for a variable whose type was redefined begins.
pub const CHANGED_TYPE_PREFIX: &str = "EVCXR_VARIABLE_CHANGED_TYPE:";
/// How the evaluator's line before a value in text form begins.
pub const CONTENT_PREFIX: &str = "EVCXR_BEGIN_CONTENT ";
/// The evaluator's line after a value in text form.
pub const CONTENT_END: &str = "EVCXR_END_CONTENT";
/// How all of these begin.
pub const LINE_PREFIX: &str = "EVCXR_";
/// Encloses a mark in printed output.
pub const MARK: u8 = 0x1e;
