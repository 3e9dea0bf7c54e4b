//! The kit: a folder with all that cells are compiled against, made once for one toolchain.
//!
//! ```text
//! kit.json    for which compiler, and the names below
//! lib/        libterracube_cells.so, the façade and all its dependencies as one library
//! deps/       metadata of the dependencies, and the procedural macros, for the compiler
//! shim/       the crate `terracube` of cells: the library for rustc, signatures for rust-analyzer
//! rust-src/   what rust-analyzer reads of the standard library's source
//! bin/        the process that runs cells, and the program that compiles them
//! toolchain/  the compiler, only in a kit that brings its own
//! ```
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::toolchain;

/// The environment variable that names the kit, before all other places.
pub const KIT_VARIABLE: &str = "TERRACUBE_KIT";

/// What the kit says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KitDescription {
    /// Terracube's version.
    pub version: String,
    /// The commit of the compiler that the library belongs to; libraries of other compilers do not load.
    pub compiler: String,
    /// The library's file name in `lib/`.
    pub library: String,
}

/// A kit whose parts are there.
#[derive(Debug, Clone)]
pub struct Kit {
    root: PathBuf,
    description: KitDescription,
}

/// Why there is no usable kit; the text says what to do.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0}")]
pub struct KitError(pub String);

impl Kit {
    /// Opens the kit in a folder.
    ///
    /// # Errors
    /// If a part is missing or the kit was made for another compiler.
    pub fn open(root: &Path) -> Result<Self, KitError> {
        Self::open_with(root, &toolchain::rustc(root))
    }

    /// Opens a kit that `rustc` shall compile for.
    fn open_with(root: &Path, rustc: &Path) -> Result<Self, KitError> {
        let file = root.join("kit.json");
        let missing = |what: &Path| {
            KitError(format!(
                "{} is missing, so notebook cells cannot be compiled; run `terracube install` (in the source tree: `make cells`)",
                what.display()
            ))
        };
        let text = fs::read_to_string(&file).map_err(|_| missing(&file))?;
        let description: KitDescription = serde_json::from_str(&text)
            .map_err(|error| KitError(format!("{} is not a kit's description: {error}", file.display())))?;
        if description.version != env!("CARGO_PKG_VERSION") {
            return Err(KitError(format!(
                "the kit in {} belongs to Terracube {}, this is {}; run `terracube install` again",
                root.display(),
                description.version,
                env!("CARGO_PKG_VERSION")
            )));
        }
        let kit = Self { root: root.to_owned(), description };
        for part in [kit.library(), kit.runner(), kit.compiler(), kit.shim().join("src/lib.rs")] {
            if !part.is_file() {
                return Err(missing(&part));
            }
        }
        let compiler = toolchain::version(rustc).map_err(KitError)?;
        if compiler.commit != kit.description.compiler {
            return Err(KitError(format!(
                "the kit in {} was made by another Rust compiler: commit {}, and `{}` is {} (commit {}); run `terracube install` \
                 again, or give the kernel a compiler of its own: `terracube install --from TOOLCHAIN`",
                root.display(),
                kit.description.compiler,
                rustc.display(),
                compiler.line,
                compiler.commit
            )));
        }
        Ok(kit)
    }

    /// Opens the first kit among: the folder named by `TERRACUBE_KIT`; `kit` beside the program (in the source tree's
    /// `target/`); `share/terracube/kit` beside the program's `bin`; the user's data folder.
    ///
    /// # Errors
    /// If there is none, or if the first one is not usable.
    pub fn find() -> Result<Self, KitError> {
        Self::first(Self::open)
    }

    /// The same kit, held against a compiler that is not on `PATH` and not in the kit yet.
    ///
    /// # Errors
    /// As [`Kit::find`].
    pub fn find_with(rustc: &Path) -> Result<Self, KitError> {
        Self::first(|folder| Self::open_with(folder, rustc))
    }

    fn first(open: impl Fn(&Path) -> Result<Self, KitError>) -> Result<Self, KitError> {
        let candidates = candidates();
        match candidates.iter().find(|folder| folder.join("kit.json").is_file()) {
            Some(folder) => open(folder),
            None => {
                let places: Vec<String> = candidates.iter().map(|folder| folder.display().to_string()).collect();
                Err(KitError(format!(
                    "nothing to compile notebook cells against was found; run `terracube install` (in the source tree: `make cells`). Looked in {}",
                    places.join(", ")
                )))
            }
        }
    }

    /// The kit's folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// What the kit says of itself.
    pub fn description(&self) -> &KitDescription {
        &self.description
    }

    /// The compiler of cells: the kit's own, or else the one on `PATH`.
    pub fn rustc(&self) -> PathBuf {
        toolchain::rustc(&self.root)
    }

    /// Whether the kit brings its compiler along.
    pub fn has_own_toolchain(&self) -> bool {
        self.rustc().is_absolute()
    }

    /// The folder of the toolchain that compiles cells.
    ///
    /// # Errors
    /// If the compiler cannot be run.
    pub fn sysroot(&self) -> Result<PathBuf, String> {
        sysroot(&self.rustc())
    }

    /// The library that cells link.
    pub fn library(&self) -> PathBuf {
        self.root.join("lib").join(&self.description.library)
    }

    /// Metadata of the library's dependencies.
    pub fn dependencies(&self) -> PathBuf {
        self.root.join("deps")
    }

    /// The crate that cells depend on.
    pub fn shim(&self) -> PathBuf {
        self.root.join("shim")
    }

    /// The program that runs cells.
    pub fn runner(&self) -> PathBuf {
        self.root.join("bin/terracube-runner")
    }

    /// The program that compiles cells in Cargo's place.
    pub fn compiler(&self) -> PathBuf {
        self.root.join("bin/terracube-compile")
    }

    /// The standard library's source for rust-analyzer, unless the kit was made where there was none.
    pub fn rust_source(&self) -> Option<PathBuf> {
        let folder = self.root.join("rust-src");
        folder.join("core/src/lib.rs").is_file().then_some(folder)
    }

    /// Where the loader looks for the libraries of the process that runs cells.
    pub fn library_path(&self) -> OsString {
        let mut folders = vec![self.root.join("lib")];
        if let Ok(folder) = toolchain::ask(&self.rustc(), &["--print", "target-libdir"]) {
            folders.push(PathBuf::from(folder.trim()));
        }
        if let Some(before) = std::env::var_os("LD_LIBRARY_PATH") {
            folders.extend(std::env::split_paths(&before));
        }
        std::env::join_paths(folders).unwrap_or_default()
    }
}

/// Where a user's kit is installed: `$XDG_DATA_HOME/terracube/kit` or `~/.local/share/terracube/kit`.
pub fn user_folder() -> Option<PathBuf> {
    let data = std::env::var_os("XDG_DATA_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let home = || std::env::var_os("HOME").map(|home| Path::new(&home).join(".local/share"));
    data.or_else(home).map(|data| data.join("terracube/kit"))
}

/// The folder of a compiler's toolchain.
///
/// # Errors
/// If the compiler cannot be run.
pub fn sysroot(rustc: &Path) -> Result<PathBuf, String> {
    Ok(PathBuf::from(toolchain::ask(rustc, &["--print", "sysroot"])?.trim()))
}

fn candidates() -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = std::env::var_os(KIT_VARIABLE).map(PathBuf::from).into_iter().collect();
    if let Ok(program) = std::env::current_exe() {
        // target/release/terracube, target/release/deps/some_test, prefix/bin/terracube
        for above in program.ancestors().skip(1).take(3) {
            folders.push(above.join("kit"));
            folders.push(above.join("share/terracube/kit"));
        }
    }
    folders.extend(user_folder());
    folders
}
