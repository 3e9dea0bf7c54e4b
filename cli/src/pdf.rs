//! Pages of HTML as PDF, printed by the browser that the machine has: layout is a browser's work.
use std::env;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use crate::failure::Failure;

/// Browsers that print without a window, as they are called on PATH.
const BROWSERS: [&str; 5] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"];
/// The environment variable that names another one.
const BROWSER_VARIABLE: &str = "TERRACUBE_BROWSER";

/// How long a page may take; a long one takes some seconds.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);
/// How often the browser is looked at.
const PAUSE: Duration = Duration::from_millis(25);

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

    /// Prints a page to `target`. The browser is ended when it takes longer than `patience`, or when `is_stopped` says so.
    pub(crate) fn print(
        &self,
        page: &str,
        target: &Path,
        patience: Duration,
        is_stopped: &dyn Fn() -> bool,
    ) -> Result<(), Failure> {
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
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        if is_root() {
            // The browser refuses to run otherwise; the page is our own.
            browser.arg("--no-sandbox");
        }
        // A file never fills up, as a pipe does that nobody reads meanwhile.
        let words = folder.path().join("words");
        let said = std::fs::File::create(&words).map_err(|error| failed(error.to_string()))?;
        let mut process = browser
            .stderr(said)
            .spawn()
            .map_err(|error| failed(format!("{} cannot be run: {error}", self.0.display())))?;
        let status = wait(&mut process, patience, is_stopped)
            .map_err(|reason| failed(format!("{} was ended: {reason}", self.0.display())))?;
        let is_pdf = std::fs::read(&printed).is_ok_and(|bytes| bytes.starts_with(b"%PDF"));
        if !is_pdf {
            let said = std::fs::read(&words).unwrap_or_default();
            let said = String::from_utf8_lossy(&said);
            let last = said.lines().last().unwrap_or("it said nothing");
            return Err(failed(format!("{} printed nothing ({status}): {last}", self.0.display())));
        }
        std::fs::copy(&printed, target).map(drop).map_err(|error| failed(error.to_string()))
    }
}

/// Waits until a process ends; if that is not to be waited for, ends it and says why.
fn wait(process: &mut Child, patience: Duration, is_stopped: &dyn Fn() -> bool) -> Result<ExitStatus, String> {
    let begun = Instant::now();
    let reason = loop {
        match process.try_wait() {
            Ok(Some(status)) => return Ok(status),
            Ok(None) if is_stopped() => break "the run was interrupted".to_owned(),
            Ok(None) if begun.elapsed() >= patience => {
                break format!("it took longer than {} s", patience.as_secs_f64());
            }
            Ok(None) => std::thread::sleep(PAUSE),
            Err(error) => break error.to_string(),
        }
    };
    // Both fail only if it has ended.
    let _ = process.kill();
    let _ = process.wait();
    Err(reason)
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
            let error =
                Browser(program.into()).print("<p>a</p>", &target, PATIENCE, &|| false).unwrap_err().to_string();
            assert!(error.contains("page.pdf") && error.contains(words), "{error}");
            assert!(!target.exists());
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_browser_that_does_not_end_is_ended() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let (program, target) = (folder.path().join("browser"), folder.path().join("page.pdf"));
        std::fs::write(&program, "#!/bin/sh\nexec sleep 60\n").unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        let begun = Instant::now();
        for (patience, is_stopped, words) in
            [(Duration::from_millis(200), false, "longer than 0.2 s"), (PATIENCE, true, "interrupted")]
        {
            let error = Browser(program.clone()).print("", &target, patience, &|| is_stopped).unwrap_err().to_string();
            assert!(error.contains("page.pdf") && error.contains(words), "{error}");
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
    }
}
