//! Notebooks on disk.
use std::io::Write as _;
use std::path::{Path, PathBuf};

use nbformat::v4::Notebook;

/// Why a notebook cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} {path}: {reason}")]
pub struct NotebookFileError {
    action: &'static str,
    path: PathBuf,
    reason: String,
}

/// Reads a notebook of any format since 3; older ones are upgraded to 4.5 (cells get ids).
///
/// # Errors
/// If the file cannot be read or is no notebook; the text names the cell at fault.
pub fn read(path: &Path) -> Result<Notebook, NotebookFileError> {
    let error = |reason: String| NotebookFileError { action: "read", path: path.to_owned(), reason };
    let text = std::fs::read_to_string(path).map_err(|cause| error(cause.to_string()))?;
    let parsed = nbformat::parse_notebook(&text).map_err(|cause| error(cause.to_string()))?;
    match parsed {
        nbformat::Notebook::V4(notebook) => Ok(notebook),
        nbformat::Notebook::V4QuirksMode(quirks) => Ok(quirks.repair()),
        nbformat::Notebook::Legacy(notebook) => {
            nbformat::upgrade_legacy_notebook(notebook).map_err(|cause| error(cause.to_string()))
        }
        nbformat::Notebook::V3(notebook) => {
            nbformat::upgrade_v3_notebook(notebook).map_err(|cause| error(cause.to_string()))
        }
        other => Err(error(format!("this kind of notebook is not known here: {other:.40?}"))),
    }
}

/// Writes a notebook as Jupyter does (sorted keys, one space of indent). The file is whole at every moment: it is written
/// beside `path` and renamed.
///
/// # Errors
/// If the folder is missing or not writable.
pub fn write(notebook: &Notebook, path: &Path) -> Result<(), NotebookFileError> {
    let error = |reason: String| NotebookFileError { action: "write", path: path.to_owned(), reason };
    let text = nbformat::serialize_notebook(&nbformat::Notebook::V4(notebook.clone()))
        .map_err(|cause| error(cause.to_string()))?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let save = || -> std::io::Result<()> {
        let mut builder = tempfile::Builder::new();
        builder.prefix(".terracube-").suffix(".ipynb");
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666)); // the process's umask still applies
        let mut file = builder.tempfile_in(folder)?;
        file.write_all(text.as_bytes())?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|failed| failed.error)?;
        Ok(())
    };
    save().map_err(|cause| error(cause.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn older_formats_are_read_and_what_is_written_reads_back_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.ipynb");
        let legacy = r#"{"nbformat":4,"nbformat_minor":2,"metadata":{"kernelspec":{"name":"k","display_name":"K"}},"cells":[
            {"cell_type":"code","metadata":{"tags":["x"],"mine":{"b":1,"a":2}},"execution_count":null,"outputs":[],"source":["a\n","b"]}]}"#;
        std::fs::write(&path, legacy).unwrap();
        let notebook = read(&path).unwrap();
        assert_eq!(notebook.cells[0].source().concat(), "a\nb");
        write(&notebook, &path).unwrap();
        let once = std::fs::read_to_string(&path).unwrap();
        write(&read(&path).unwrap(), &path).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), once);
        assert!(once.starts_with("{\n \"cells\""), "{once}");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "no temporary file stays");
    }

    #[test]
    fn errors_name_the_file_and_the_reason() {
        let folder = tempfile::tempdir().unwrap();
        for (text, word) in [
            ("{", "EOF"),
            (r#"{"nbformat":2}"#, "2"),
            (r#"{"nbformat":4,"nbformat_minor":5,"metadata":{},"cells":[{"cell_type":"x"}]}"#, "index 0"),
        ] {
            let path = folder.path().join("bad.ipynb");
            std::fs::write(&path, text).unwrap();
            let message = read(&path).unwrap_err().to_string();
            assert!(message.contains("bad.ipynb") && message.contains(word), "{message}");
        }
        let missing = write(&read_empty(), &folder.path().join("none/a.ipynb")).unwrap_err().to_string();
        assert!(missing.contains("none/a.ipynb"), "{missing}");
    }

    fn read_empty() -> Notebook {
        serde_json::from_str(r#"{"nbformat":4,"nbformat_minor":5,"metadata":{},"cells":[]}"#).unwrap()
    }
}
