//! The panel of JupyterLab and Notebook 7 that lists a session's variables: a prebuilt extension, found beside the kernel.
use std::fs;
use std::io;
use std::path::Path;

const NAME: &str = "terracube-variables";
const PACKAGE: &str = include_str!("../assets/labextension/package.json");
const CODE: &str = include_str!("../assets/labextension/static/remoteEntry.js");

/// Writes it under `extensions`, Jupyter's folder of them.
pub(crate) fn write(extensions: &Path) -> io::Result<()> {
    let folder = extensions.join(NAME);
    fs::create_dir_all(folder.join("static"))?;
    fs::write(folder.join("static/remoteEntry.js"), CODE)?;
    fs::write(folder.join("package.json"), PACKAGE) // last: a folder with it is an extension
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_package_names_what_is_written() {
        let extensions = tempfile::tempdir().unwrap();
        write(extensions.path()).unwrap();
        let folder = extensions.path().join(NAME);
        let package: serde_json::Value =
            serde_json::from_str(&fs::read_to_string(folder.join("package.json")).unwrap()).unwrap();
        assert_eq!(package["name"], NAME);
        assert_eq!(package["version"], env!("CARGO_PKG_VERSION"));
        let code = folder.join(package["jupyterlab"]["_build"]["load"].as_str().unwrap());
        assert!(fs::read_to_string(code).unwrap().contains(&format!("const NAME = '{NAME}'")));
    }
}
