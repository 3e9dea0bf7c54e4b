//! The folder that tells Jupyter of a kernel.
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

const LOGO_SVG: &[u8] = include_bytes!("../assets/logo-svg.svg");
const LOGO_32: &[u8] = include_bytes!("../assets/logo-32x32.png");
const LOGO_64: &[u8] = include_bytes!("../assets/logo-64x64.png");

/// What the kernel is called and how it is started.
pub(crate) struct Kernelspec<'a> {
    pub(crate) name: &'a str,
    pub(crate) display_name: &'a str,
    /// The `terracube` program.
    pub(crate) program: &'a Path,
    /// What cells are compiled against.
    pub(crate) kit: &'a Path,
}

impl Kernelspec<'_> {
    /// Writes the folder under `kernels`, replacing what an earlier installation wrote. Returns it.
    pub(crate) fn write(&self, kernels: &Path) -> io::Result<PathBuf> {
        let folder = kernels.join(self.name);
        fs::create_dir_all(&folder)?;
        let text = serde_json::to_string_pretty(&self.description())? + "\n";
        for (name, content) in [
            ("logo-svg.svg", LOGO_SVG),
            ("logo-32x32.png", LOGO_32),
            ("logo-64x64.png", LOGO_64),
            ("kernel.json", text.as_bytes()), // last: a folder with it is a kernel
        ] {
            fs::write(folder.join(name), content)?;
        }
        Ok(folder)
    }

    fn description(&self) -> Value {
        json!({
            "argv": [self.program, "kernel", "-f", "{connection_file}"],
            "display_name": self.display_name,
            "language": "rust",
            "interrupt_mode": "message",
            "env": {"TERRACUBE_KIT": self.kit},
            "metadata": {"debugger": false},
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn installing_twice_gives_one_whole_kernel() {
        let prefix = tempfile::tempdir().unwrap();
        for display_name in ["First", "Second"] {
            let (program, kit) = (Path::new("/opt/terracube"), Path::new("/opt/kit"));
            let spec = Kernelspec { name: "terracube", display_name, program, kit };
            let folder = spec.write(prefix.path()).unwrap();
            let text = fs::read_to_string(folder.join("kernel.json")).unwrap();
            let written: Value = serde_json::from_str(&text).unwrap();
            assert_eq!(written["display_name"], display_name);
            assert_eq!(written["interrupt_mode"], "message");
            assert_eq!(written["argv"], json!(["/opt/terracube", "kernel", "-f", "{connection_file}"]));
            assert_eq!(fs::read_dir(&folder).unwrap().count(), 4);
        }
    }
}
