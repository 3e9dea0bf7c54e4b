//! What other processes of the same user are about to take: each run leaves a note, a locked file, for as long as it lasts.
use std::fs::{File, OpenOptions, TryLockError};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use super::machine_memory::MachineMemory;

/// The folder of notes. Nothing of it is needed to run: what cannot be read or written counts as not there.
#[derive(Debug, Clone)]
pub(super) struct Claims {
    folder: PathBuf,
    memory: MachineMemory,
}

/// A note of this process. Dropping it takes it away; after a crash the lock is gone, and others remove the file.
#[derive(Debug)]
pub(super) struct Claim {
    path: PathBuf,
    _lock: File,
}

impl Drop for Claim {
    fn drop(&mut self) {
        // If it is gone already there is nothing to take away.
        let _ = std::fs::remove_file(&self.path);
    }
}

static NEXT: AtomicU64 = AtomicU64::new(0);

impl Claims {
    /// The notes of this user on this machine.
    pub fn here() -> Self {
        let user = std::fs::metadata("/proc/self").map_or(0, |metadata| metadata.uid());
        let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|folder| folder.is_dir());
        let folder = match runtime {
            Some(folder) => folder.join("terracube"),
            None => std::env::temp_dir().join(format!("terracube-{user}")),
        };
        Self::in_folder(folder, MachineMemory::here())
    }

    pub fn in_folder(folder: impl Into<PathBuf>, memory: MachineMemory) -> Self {
        Self { folder: folder.into(), memory }
    }

    /// Says that this process takes up to `bytes` more than it has now.
    pub fn claim(&self, bytes: u64) -> Option<Claim> {
        let process = std::process::id();
        self.claim_as(process, bytes, self.memory.in_use_by(process).unwrap_or(0))
    }

    fn claim_as(&self, process: u32, bytes: u64, in_use: u64) -> Option<Claim> {
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.folder).ok()?;
        let path = self.folder.join(format!("{process}-{}.claim", NEXT.fetch_add(1, Ordering::Relaxed)));
        let mut file = OpenOptions::new().write(true).create_new(true).open(&path).ok()?;
        let claim = file.try_lock().ok().map(|()| path);
        write!(file, "{bytes} {in_use}").ok()?;
        Some(Claim { path: claim?, _lock: file })
    }

    /// Bytes that other processes have claimed and not yet taken.
    pub fn outstanding(&self) -> u64 {
        let own = format!("{}-", std::process::id());
        let Ok(entries) = std::fs::read_dir(&self.folder) else { return 0 };
        let notes = entries.flatten().filter(|entry| !entry.file_name().to_string_lossy().starts_with(&own));
        notes.filter_map(|entry| self.outstanding_of(&entry.path())).sum()
    }

    fn outstanding_of(&self, path: &Path) -> Option<u64> {
        let process: u32 = path.file_name()?.to_str()?.strip_suffix(".claim")?.split('-').next()?.parse().ok()?;
        match File::open(path).ok()?.try_lock_shared() {
            // Nobody holds it: its process has died.
            Ok(()) => {
                let _ = std::fs::remove_file(path);
                return None;
            }
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(_)) => return None,
        }
        let text = std::fs::read_to_string(path).ok()?;
        let mut numbers = text.split_whitespace().map(|word| word.parse::<u64>().ok());
        let (bytes, before) = (numbers.next()??, numbers.next()??);
        let grown = self.memory.in_use_by(process).map_or(0, |now| now.saturating_sub(before));
        Some(bytes.saturating_sub(grown))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_claim_and_have_not_taken_is_outstanding() {
        let folder = tempfile::tempdir().unwrap();
        let status = folder.path().join("proc/77/status");
        std::fs::create_dir_all(status.parent().unwrap()).unwrap();
        std::fs::write(&status, "Name: x\nVmRSS:     3000 kB\n").unwrap();
        let claims = Claims::in_folder(folder.path().join("notes"), MachineMemory::under(folder.path()));
        assert_eq!(claims.outstanding(), 0);
        let own = claims.claim(1 << 30).unwrap();
        assert_eq!(claims.outstanding(), 0, "its own do not count");
        let other = claims.claim_as(77, 10_000 * 1024, 1000 * 1024).unwrap();
        assert_eq!(claims.outstanding(), 8000 * 1024, "2000 KiB of it are taken");
        drop(other);
        assert_eq!(claims.outstanding(), 0);
        std::fs::write(folder.path().join("notes/78-0.claim"), "500 0").unwrap();
        assert_eq!(claims.outstanding(), 0, "its process has died");
        assert!(!folder.path().join("notes/78-0.claim").exists());
        drop(own);
        assert_eq!(std::fs::read_dir(folder.path().join("notes")).unwrap().count(), 0);
    }
}
