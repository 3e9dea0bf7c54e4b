//! Pages of HTML as PDF, printed by the browser that the machine has: layout is a browser's work.
use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::failure::Failure;

/// Browsers that print without a window, as they are called on PATH.
const BROWSERS: [&str; 5] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"];
/// The environment variable that names another one.
const BROWSER_VARIABLE: &str = "TERRACUBE_BROWSER";

/// A browser that prints.
pub(crate) struct Browser(PathBuf);

impl Browser {
    /// Looks for one.
    pub(crate) fn find() -> Result<Self, Failure> {
        if let Some(chosen) = env::var_os(BROWSER_VARIABLE).filter(|value| !value.is_empty()) {
            return Ok(Self(chosen.into()));
        }
        let folders: Vec<PathBuf> = env::var_os("PATH").iter().flat_map(env::split_paths).collect();
        let found = BROWSERS
            .iter()
            .flat_map(|name| folders.iter().map(move |folder| folder.join(name)))
            .find(|path| path.is_file());
        found.map(Self).ok_or_else(|| {
            Failure::usage(format!("--pdf is printed by a browser, and none of {} is on PATH", BROWSERS.join(", ")))
                .hint(format!("install Chromium, or name one of its kind in {BROWSER_VARIABLE}; --html needs none"))
        })
    }

    /// Prints a page to `target`.
    pub(crate) fn print(&self, page: &str, target: &Path) -> Result<(), Failure> {
        let failed = |reason: String| Failure::new(format!("{}: {reason}", target.display()));
        let folder = tempfile::tempdir().map_err(|error| failed(error.to_string()))?;
        let (source, printed) = (folder.path().join("page.html"), folder.path().join("page.pdf"));
        std::fs::write(&source, page).map_err(|error| failed(error.to_string()))?;
        let mut browser = Command::new(&self.0);
        browser
            .args([
                "--headless",
                "--disable-gpu",
                "--no-first-run",
                "--no-pdf-header-footer",
                "--disable-background-networking",
            ])
            .arg(format!("--user-data-dir={}", folder.path().join("profile").display()))
            .arg(format!("--print-to-pdf={}", printed.display()))
            .arg(&source)
            .stdin(Stdio::null());
        if is_root() {
            // The browser refuses to run otherwise; the page is our own.
            browser.arg("--no-sandbox");
        }
        let output =
            browser.output().map_err(|error| failed(format!("{} cannot be run: {error}", self.0.display())))?;
        let is_pdf = std::fs::read(&printed).is_ok_and(|bytes| bytes.starts_with(b"%PDF"));
        if !is_pdf {
            let said = String::from_utf8_lossy(&output.stderr);
            let last = said.lines().last().unwrap_or("it said nothing");
            return Err(failed(format!("{} printed nothing ({}): {last}", self.0.display(), output.status)));
        }
        std::fs::copy(&printed, target).map(drop).map_err(|error| failed(error.to_string()))
    }
}

#[cfg(unix)]
fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt as _;
    // The owner of what this process makes is its user.
    tempfile::tempfile().and_then(|file| file.metadata()).is_ok_and(|metadata| metadata.uid() == 0)
}

#[cfg(not(unix))]
fn is_root() -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_that_prints_nothing_is_an_error_that_names_the_page() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("page.pdf");
        for (program, words) in [("/nowhere/browser", "cannot be run"), ("/bin/false", "printed nothing")] {
            let error = Browser(program.into()).print("<p>a</p>", &target).unwrap_err().to_string();
            assert!(error.contains("page.pdf") && error.contains(words), "{error}");
            assert!(!target.exists());
        }
    }
}
