//! What a session needs and others may have deleted meanwhile: then it is the reason why a cell does not compile.
use std::path::Path;

use super::CellError;
use super::compiler_wire::TOOLS_FOLDER;

/// The error of a cell that cannot be compiled because something is gone; `None` if all is there. `library` is what cells are
/// compiled against.
pub fn error(library: &Path, compile_folder: &Path) -> Option<CellError> {
    // The evaluator makes the folder of the source again; this one only we do. A link that points nowhere is still there.
    let tool = compile_folder.join(TOOLS_FOLDER).join("cargo");
    let (value, hint) = if tool.symlink_metadata().is_err() {
        (
            format!("the folder in which this session's cells are compiled was deleted: {}", compile_folder.display()),
            "restart the kernel; set TERRACUBE_TMPDIR to a folder that nobody cleans while it runs",
        )
    } else if !library.is_file() {
        (
            format!("what cells are compiled against is gone: {}", library.display()),
            "`terracube install` puts it back; the variables are still there",
        )
    } else {
        return None;
    };
    Some(CellError { name: "Error".into(), traceback: vec![value.clone(), format!("hint: {hint}")], value })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_gone_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let library = folder.path().join("library.so");
        assert!(error(&library, folder.path()).unwrap().traceback[1].contains("restart the kernel"));
        std::fs::create_dir(folder.path().join(TOOLS_FOLDER)).unwrap();
        std::os::unix::fs::symlink(&library, folder.path().join(TOOLS_FOLDER).join("cargo")).unwrap();
        assert!(error(&library, folder.path()).unwrap().value.ends_with("library.so"));
        std::fs::write(&library, "").unwrap();
        assert_eq!(error(&library, folder.path()), None);
    }
}
