//! One writer at a time: a mark in the store that another writer finds.
use std::fs::{self, File, OpenOptions, TryLockError};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use serde_json::json;
use terracube_cube::{Error, ErrorKind, Result};

use crate::store::Store;

/// The name of the mark. Readers of Zarr pass over it.
pub(crate) const MARK: &str = ".terracube-lock";

/// Held while a store is written; given back when dropped.
#[derive(Debug)]
pub(crate) enum Lock {
    /// A locked file: the system gives it back if the writer is killed.
    Local(#[expect(dead_code, reason = "held for its lock")] File, PathBuf),
    /// An object that was not there before. It stays if the writer is killed.
    Remote(Store),
    /// The store knows no conditional writes.
    None,
}

impl Lock {
    /// Takes the mark of the store at `place`, which must exist if it is on this machine.
    ///
    /// # Errors
    /// If another writer has it, unless `take_over`; or it cannot be written.
    pub(crate) fn take(place: &Store, take_over: bool) -> Result<Self> {
        match place.local_path() {
            Some(path) => local(path),
            None => remote(place, take_over),
        }
    }
}

#[cfg(feature = "icechunk")]
impl Lock {
    /// As [`take`](Self::take), but waits for another writer, a minute at most.
    ///
    /// # Errors
    /// As [`take`](Self::take).
    pub(crate) fn wait(place: &Store) -> Result<Self> {
        for _ in 0..1200 {
            match Self::take(place, false) {
                Err(error) if error.kind() == ErrorKind::Exists => {
                    std::thread::sleep(std::time::Duration::from_millis(50))
                }
                other => return other,
            }
        }
        Self::take(place, false)
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        match self {
            // Removed while it is locked, so that nobody takes a mark that is about to go.
            Self::Local(_, path) => _ = fs::remove_file(path),
            Self::Remote(store) => {
                if let Err(error) = store.remove_all(MARK).wait() {
                    tracing::warn!(url = store.url_of(MARK), %error, "the mark of a writer could not be removed");
                }
            }
            Self::None => {}
        }
    }
}

fn local(store: &Path) -> Result<Lock> {
    let path = store.join(MARK);
    let failed = |error: &std::io::Error| {
        let kind = if error.kind() == std::io::ErrorKind::PermissionDenied { ErrorKind::Denied } else { ErrorKind::Io };
        Error::new(kind, format!("cannot write to {}: {error}", store.display()))
    };
    loop {
        let opened = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
        let file = opened.map_err(|error| failed(&error))?;
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => {
                return Err(busy(&store.display().to_string()).hint("wait until it is done"));
            }
            // A file system without locks.
            Err(TryLockError::Error(error)) if error.kind() == std::io::ErrorKind::Unsupported => {}
            Err(TryLockError::Error(error)) => return Err(failed(&error)),
            Ok(()) => {}
        }
        // The one who had it may have removed it in between: then this is a file that nobody else will find.
        let here = file.metadata().map_err(|error| failed(&error))?;
        match fs::metadata(&path) {
            Ok(there) if (there.dev(), there.ino()) == (here.dev(), here.ino()) => return Ok(Lock::Local(file, path)),
            _ => {}
        }
    }
}

fn remote(place: &Store, take_over: bool) -> Result<Lock> {
    let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let said = json!({"host": host.trim(), "process": std::process::id(), "since": since}).to_string();
    match place.put_if_absent(MARK, said.clone()).wait() {
        Ok(true) => Ok(Lock::Remote(place.clone())),
        Ok(false) if take_over => {
            place.put(MARK, said).wait()?;
            Ok(Lock::Remote(place.clone()))
        }
        Ok(false) => {
            let other = place.get_at_most(MARK, 4096).wait().ok().flatten();
            let other = other.map(|said| format!(" ({})", String::from_utf8_lossy(&said))).unwrap_or_default();
            Err(Error::new(ErrorKind::Exists, format!("{}{other}", busy(place.url()).message()))
                .hint("wait until it is done; if it was killed, write with `WriteOptions::take_over()`"))
        }
        Err(error) if error.kind() == ErrorKind::Unsupported => {
            tracing::warn!(url = place.url(), "the store knows no conditional writes: other writers are not noticed");
            Ok(Lock::None)
        }
        Err(error) => Err(error),
    }
}

fn busy(url: &str) -> Error {
    Error::new(ErrorKind::Exists, format!("another writer is at work in {url}"))
}
