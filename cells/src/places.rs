//! Lines of cells, for errors: the compiler knows lines of the source that is generated for a cell.
use std::ffi::{CStr, OsStr};
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::panic::Location;
use std::path::{Path, PathBuf};

use terracube::cube::{Place, Places, set_places};

/// Environment variable: the folder in which cells are compiled.
pub const FOLDER_VARIABLE: &str = "TERRACUBE_CELL_FOLDER";
/// In that folder: the number of the cell that runs, and below it what its author wrote.
pub const CELL_FILE: &str = "cell.txt";
/// In that folder: what was generated for it.
const GENERATED: &str = "src/lib.rs";
/// Longer lines are cut.
const MOST_CHARACTERS: usize = 100;

/// From here on errors name lines of cells.
pub fn install() {
    if let Some(folder) = std::env::var_os(FOLDER_VARIABLE) {
        set_places(Box::new(Cells { folder: folder.into() }));
    }
}

/// The place of a location in words, if it is one of the user's code.
pub fn describe(location: &Location<'_>) -> Option<String> {
    let cells = Cells { folder: std::env::var_os(FOLDER_VARIABLE)?.into() };
    cells.find(location).map(|place| cells.describe(&place))
}

struct Cells {
    folder: PathBuf,
}

impl Cells {
    /// Number and code of the cell that runs.
    fn cell(&self) -> Option<(String, String)> {
        let text = fs::read_to_string(self.folder.join(CELL_FILE)).ok()?;
        text.split_once('\n').map(|(number, code)| (number.to_owned(), code.to_owned()))
    }
}

impl Cells {
    /// Whether code of the cell that runs made a location. Functions and closures of earlier cells live in libraries of their own, whose
    /// sources have the same name and are gone: those libraries are older than the text of this cell.
    fn is_of_this_cell(&self, location: &Location<'_>) -> bool {
        let mut found = std::mem::MaybeUninit::<libc::Dl_info>::zeroed();
        // SAFETY: the function fills what it is given, and gives 0 if it finds nothing; the name it gives lives as long as the library,
        // which holds the location's text and is never unloaded.
        let library = unsafe {
            let at = location.file().as_ptr().cast();
            if libc::dladdr(at, found.as_mut_ptr()) == 0 || found.assume_init_ref().dli_fname.is_null() {
                return false;
            }
            CStr::from_ptr(found.assume_init_ref().dli_fname)
        };
        let changed = |path: &Path| fs::metadata(path).and_then(|metadata| metadata.modified()).ok();
        let library = changed(Path::new(OsStr::from_bytes(library.to_bytes())));
        library.is_some() && library >= changed(&self.folder.join(CELL_FILE))
    }
}

impl Places for Cells {
    fn find(&self, location: &Location<'_>) -> Option<Place> {
        if location.file() != GENERATED {
            // The standard library calls closures.
            return (!location.file().starts_with("/rustc/"))
                .then(|| Place::new(location.file(), location.line(), None));
        }
        if !self.is_of_this_cell(location) {
            return None;
        }
        let (number, code) = self.cell()?;
        let generated = fs::read_to_string(self.folder.join(GENERATED)).ok()?;
        let line = line_of(&generated, location.line(), &code)?;
        let text = code.lines().nth(line - 1)?.trim();
        Some(Place::new(number, u32::try_from(line).ok()?, Some(text.to_owned())))
    }

    fn describe(&self, place: &Place) -> String {
        let Some(code) = &place.code else { return format!("{}:{}", place.file, place.line) };
        let is_running = self.cell().is_some_and(|(number, _)| number == place.file);
        let of = if is_running { "" } else { " of an earlier cell" };
        let cut = match code.char_indices().nth(MOST_CHARACTERS) {
            Some((end, _)) => format!("{}…", &code[..end]),
            None => code.clone(),
        };
        format!("line {}{of}: `{cut}`", place.line)
    }
}

/// The line of a cell, from 1, that stands at a line of what was generated for it.
fn line_of(generated: &str, line: u32, code: &str) -> Option<usize> {
    let before = (line as usize).checked_sub(1)?;
    let wanted = generated.lines().nth(before)?.trim();
    // Brackets alone stand in every source.
    if !wanted.contains(char::is_alphanumeric) {
        return None;
    }
    let same: Vec<usize> = (1..).zip(code.lines()).filter(|(_, own)| own.trim() == wanted).map(|(at, _)| at).collect();
    if let Some(last) = same.last() {
        // Of lines that are alike, the one that stands as far back.
        let rank = generated.lines().take(before).filter(|other| other.trim() == wanted).count();
        return Some(*same.get(rank).unwrap_or(last));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_cells_are_found_in_what_is_generated() {
        let code = "let a = 1;\n    b(a)?;\nb(a)?;\n\nx\n}";
        let generated = "use x;\nfn cell() {\nlet a = 1;\n    b(a)?;\nb(a)?;\n\nx.of_another(cell);\nx\n}\n";
        for (line, expected) in [
            (1, None),
            (3, Some(1)),
            (4, Some(2)),
            (5, Some(3)),
            (6, None),
            (7, None),
            (8, Some(5)),
            (9, None),
            (99, None),
        ] {
            assert_eq!(line_of(generated, line, code), expected, "{line}");
        }
    }

    #[test]
    fn earlier_cells_are_called_so() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(CELL_FILE), "7\nlet a = 1;").unwrap();
        let cells = Cells { folder: folder.path().to_owned() };
        let place = |number: &str| Place::new(number, 2, Some("t.mean(\"latt\")".into()));
        assert_eq!(cells.describe(&place("7")), "line 2: `t.mean(\"latt\")`");
        assert_eq!(cells.describe(&place("6")), "line 2 of an earlier cell: `t.mean(\"latt\")`");
        assert_eq!(cells.describe(&Place::new("/tiny/src/lib.rs", 3, None)), "/tiny/src/lib.rs:3");
    }
}
