//! Folders of sessions whose kernel was killed, so that nobody took them away.
use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixStream;
use std::path::Path;

use super::cell_folder::PREFIX;
use super::evcxr_evaluator::SOCKET_NAME;

/// Removes such folders in `place`: those of this user that have our name, a socket to which nobody listens any more,
/// and no lock of a session. Returns how many.
pub fn sweep(place: &Path) -> usize {
    let Ok(entries) = std::fs::read_dir(place) else { return 0 };
    // SAFETY: takes nothing and cannot fail.
    let user = unsafe { libc::geteuid() };
    let mut n_removed = 0;
    for entry in entries.flatten() {
        if !entry.file_name().to_string_lossy().starts_with(PREFIX) {
            continue;
        }
        let folder = entry.path();
        // Not through links: what a link points to is not ours to remove.
        let is_ours = entry.metadata().is_ok_and(|metadata| metadata.is_dir() && metadata.uid() == user);
        let Some(_lock) = is_ours.then(|| locked_if_dead(&folder)).flatten() else { continue };
        match std::fs::remove_dir_all(&folder) {
            Ok(()) => n_removed += 1,
            Err(error) => tracing::debug!(%error, folder = %folder.display(), "a stale folder stays"),
        }
    }
    n_removed
}

/// The folder, locked, if its session is dead. One whose session has not begun to listen has no socket, and is left alone; a session that
/// lives may refuse too (on another machine, or because it could not accept a connection), but holds a lock.
fn locked_if_dead(folder: &Path) -> Option<File> {
    let refuses = UnixStream::connect(folder.join(SOCKET_NAME))
        .is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused);
    let folder = File::open(folder).ok().filter(|_| refuses)?;
    folder.try_lock().is_ok().then_some(folder)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixListener;

    #[test]
    fn only_folders_of_dead_sessions_are_swept() {
        let place = tempfile::tempdir().unwrap();
        let folder = |name: &str| {
            let folder = place.path().join(name);
            std::fs::create_dir(&folder).unwrap();
            std::fs::write(folder.join("file"), "x").unwrap();
            folder
        };
        let dead = folder("terracube-dead");
        drop(UnixListener::bind(dead.join(SOCKET_NAME)).unwrap());
        let alive = folder("terracube-alive");
        let _listener = UnixListener::bind(alive.join(SOCKET_NAME)).unwrap();
        let refusing = folder("terracube-refusing");
        drop(UnixListener::bind(refusing.join(SOCKET_NAME)).unwrap());
        let held = File::open(&refusing).unwrap();
        held.lock_shared().unwrap();
        let (young, other) = (folder("terracube-young"), folder("other-dead"));
        drop(UnixListener::bind(other.join(SOCKET_NAME)).unwrap());
        let (elsewhere, link) = (folder("elsewhere"), place.path().join("terracube-link"));
        drop(UnixListener::bind(elsewhere.join(SOCKET_NAME)).unwrap());
        std::os::unix::fs::symlink(&elsewhere, &link).unwrap();
        assert_eq!(sweep(place.path()), 1);
        assert!(!dead.exists());
        for folder in [&alive, &refusing, &young, &other, &elsewhere, &link] {
            assert!(folder.exists(), "{}", folder.display());
        }
        drop(held);
        assert_eq!(sweep(place.path()), 1);
        assert!(!refusing.exists());
    }
}
