//! The place of a store that is being written, and how it gets there whole.
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use terracube_cube::{Error, ErrorKind, Result};

use crate::store::{Store, StoreOptions};
use crate::write::{Lock, MARK};

/// Files that only a Zarr store has at its root.
const ROOT_FILES: [&str; 4] = ["zarr.json", ".zgroup", ".zarray", ".zmetadata"];

pub(super) struct Target {
    place: Store,
    /// Where the store is written until it is complete; `None` writes it in place.
    partial: Option<Store>,
    is_in_place: AtomicBool,
    /// Given back last of all.
    lock: Option<Lock>,
}

impl Target {
    /// Checks that the place is free or may be replaced.
    pub fn create(url: &str, options: &StoreOptions, overwrite: bool, take_over: bool) -> Result<Self> {
        let place = Store::open(url, options)?;
        let holds_something =
            || Ok(place.list("").wait().map_err(cannot_write)?.iter().any(|entry| entry.name != MARK));
        let is_taken = match place.local_path() {
            Some(path) => is_taken(path)?,
            None => holds_something()?,
        };
        if is_taken {
            check_replaceable(&place, overwrite, take_over)?;
            let is_bucket = place.is_remote() && place.url().split("://").nth(1).is_none_or(|path| !path.contains('/'));
            if is_bucket {
                return Err(Error::invalid(format!("{} is a whole bucket: it is not overwritten", place.url()))
                    .hint("write to a path in it"));
            }
        }
        // On this machine every writer has a directory of its own, and the first to be done takes the place.
        let lock = if place.local_path().is_some() { None } else { Some(Lock::take(&place, take_over)?) };
        // Another writer may have been done between the look and the mark.
        if lock.is_some() && !is_taken && holds_something()? {
            check_replaceable(&place, overwrite, take_over)?;
            return Err(Error::new(ErrorKind::Exists, format!("another writer has just written {}", place.url()))
                .hint("write again to replace it"));
        }
        let partial = match place.local_path() {
            None if !is_taken => None,
            _ => Some(partial_beside(&place, url, options)?),
        };
        let target = Self { place, partial, is_in_place: AtomicBool::new(false), lock };
        if let Some(path) = target.store().local_path() {
            // Now, so that a place that cannot be written to is known before anything is computed.
            fs::create_dir_all(path).map_err(|error| {
                let kind = if error.kind() == std::io::ErrorKind::PermissionDenied {
                    ErrorKind::Denied
                } else {
                    ErrorKind::Io
                };
                Error::new(kind, format!("cannot write to {}: {error}", target.url()))
            })?;
        }
        Ok(target)
    }

    /// The URL of the store once it is complete.
    pub fn url(&self) -> &str {
        self.place.url()
    }

    /// Where to write now.
    pub fn store(&self) -> &Store {
        self.partial.as_ref().unwrap_or(&self.place)
    }

    /// Puts the complete store in its place; `root` is the key that makes it one.
    pub fn put_in_place(&self, root: &str) -> Result<()> {
        self.moved(root)?;
        self.is_in_place.store(true, Ordering::SeqCst);
        Ok(())
    }

    fn moved(&self, root: &str) -> Result<()> {
        let Some(partial) = &self.partial else { return Ok(()) };
        let (Some(new), Some(path)) = (partial.local_path(), self.place.local_path()) else {
            // Whoever looks in between finds nothing, never a mixture.
            for entry in self.place.list("").wait()?.iter().filter(|entry| entry.name != MARK) {
                self.place.remove_all(&entry.name).wait()?;
            }
            return partial.move_all(&self.place, root).wait();
        };
        let failed =
            |error: std::io::Error| Error::io(format!("cannot put the new store at {}: {error}", path.display()));
        if !is_taken(path)? {
            return fs::rename(new, path).map_err(failed);
        }
        // Nobody may be appending to the old store while it goes.
        let _lock = if path.is_dir() { Some(Lock::take(&self.place, false)?) } else { None };
        let old = beside(path, &format!("old-{}", std::process::id()))?;
        fs::rename(path, &old).map_err(failed)?;
        if let Err(error) = fs::rename(new, path) {
            // What was there goes back.
            let _ = fs::rename(&old, path);
            return Err(failed(error));
        }
        fs::remove_dir_all(&old).map_err(|error| {
            Error::io(format!(
                "the new store is complete, but the old one at {} cannot be removed: {error}",
                old.display()
            ))
        })
    }
}

impl Drop for Target {
    /// Removes what was written, unless it is in its place. Nothing can be done about a failure: its reason is on its way to the user.
    fn drop(&mut self) {
        if !self.is_in_place.load(Ordering::SeqCst)
            && let Err(error) = self.store().remove_all("").wait()
        {
            tracing::warn!(url = self.store().url(), %error, "an incomplete store could not be removed");
        }
        drop(self.lock.take());
    }
}

/// A place for what is not complete: beside the store, under a name that no other writer has.
pub(super) fn partial_beside(place: &Store, url: &str, options: &StoreOptions) -> Result<Store> {
    static N_WRITERS: AtomicU64 = AtomicU64::new(0);
    let suffix = format!("partial-{}-{}", std::process::id(), N_WRITERS.fetch_add(1, Ordering::Relaxed));
    match place.local_path() {
        Some(path) => Store::open(&beside(path, &suffix)?.to_string_lossy(), options),
        None => Store::open(&format!("{}.{suffix}", url.trim_end_matches('/')), options),
    }
}

/// Whether something other than an empty directory is there.
fn is_taken(path: &Path) -> Result<bool> {
    if path.is_dir() {
        let mut entries =
            fs::read_dir(path).map_err(|error| Error::io(format!("cannot read {}: {error}", path.display())))?;
        return Ok(entries.next().is_some());
    }
    Ok(path.symlink_metadata().is_ok())
}

fn check_replaceable(place: &Store, overwrite: bool, take_over: bool) -> Result<()> {
    let url = place.url();
    if !overwrite {
        return Err(Error::new(ErrorKind::Exists, format!("there is something at {url} already"))
            .hint("choose another place, or call `.overwrite()` to replace the store"));
    }
    // What a killed writer left in an object store has no root, but its mark.
    for file in ROOT_FILES.into_iter().chain(take_over.then_some(MARK)) {
        if place.size(file).wait()?.is_some() {
            return Ok(());
        }
    }
    Err(Error::new(ErrorKind::Exists, format!("what is at {url} is no Zarr store, so that it is not overwritten"))
        .hint("choose another place, or remove it yourself"))
}

fn cannot_write(error: Error) -> Error {
    match error.kind() {
        ErrorKind::Unsupported => error.hint("stores are written to a path, s3://, gs://, az:// or memory://"),
        _ => error,
    }
}

/// A hidden sibling: on the same file system, so that it can be renamed.
fn beside(path: &Path, suffix: &str) -> Result<PathBuf> {
    let name = path.file_name().ok_or_else(|| Error::invalid(format!("cannot write a store at {}", path.display())))?;
    Ok(path.with_file_name(format!(".{}.{suffix}", name.to_string_lossy())))
}
