//! Where a session's cells are compiled: a folder on a local disk that can be written, and from which programs can be run.
use std::env;
use std::ffi::CString;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// The environment variable that names the place, before all others.
pub const FOLDER_VARIABLE: &str = "TERRACUBE_TMPDIR";

/// How the names of sessions' folders begin.
pub const PREFIX: &str = "terracube-";

/// Bytes that a session needs at least; a hundred cells take about ten megabytes.
const LEAST_SPACE: u64 = 64 << 20;
/// A socket's path holds so many bytes on every system; the names in our folder need some of them.
const LONGEST_PATH: usize = 70;

/// A place that was looked at.
#[derive(Debug, Clone)]
pub struct Place {
    /// The folder.
    pub folder: PathBuf,
    /// Why it cannot be used; `None` if it can.
    pub reason: Option<String>,
}

/// All places in the order in which they are tried: `$TERRACUBE_TMPDIR`, `$XDG_RUNTIME_DIR`, `$TMPDIR`, `/tmp`, `~/.cache`.
pub fn places() -> Vec<Place> {
    let named = |variable: &str| env::var_os(variable).filter(|value| !value.is_empty()).map(PathBuf::from);
    let cache = || named("XDG_CACHE_HOME").or_else(|| Some(env::home_dir()?.join(".cache")));
    let mut places: Vec<Place> = Vec::new();
    let all = [named(FOLDER_VARIABLE), named("XDG_RUNTIME_DIR"), named("TMPDIR"), Some(PathBuf::from("/tmp")), cache()];
    for folder in all.into_iter().flatten() {
        if !places.iter().any(|place| place.folder == folder) {
            let reason = unusable(&folder);
            places.push(Place { folder, reason });
        }
    }
    places
}

/// A fresh folder in the first usable place, which goes when the value is dropped.
///
/// # Errors
/// If there is none; the text names each and why.
pub fn fresh() -> std::io::Result<tempfile::TempDir> {
    let places = places();
    for place in places.iter().filter(|place| place.reason.is_none()) {
        // Cells and what they hold are nobody else's to read.
        let private = std::os::unix::fs::PermissionsExt::from_mode(0o700);
        match tempfile::Builder::new().prefix(PREFIX).permissions(private).tempdir_in(&place.folder) {
            Ok(folder) => return Ok(folder),
            Err(error) => tracing::debug!(%error, folder = %place.folder.display(), "no folder for cells"),
        }
    }
    let reasons: Vec<String> = places
        .iter()
        .map(|place| format!("{}: {}", place.folder.display(), place.reason.as_deref().unwrap_or("cannot be written")))
        .collect();
    Err(std::io::Error::other(format!(
        "there is no folder in which cells can be compiled; set {FOLDER_VARIABLE} to one on a local disk. Tried {}",
        reasons.join("; ")
    )))
}

/// Why cells cannot be compiled in a folder; `None` if they can.
fn unusable(folder: &Path) -> Option<String> {
    if !folder.is_absolute() {
        return Some("the path is relative".to_owned());
    }
    // Home folders are not always there before their first use.
    if std::fs::create_dir_all(folder).is_err() || !folder.is_dir() {
        return Some("it is not there and cannot be made".to_owned());
    }
    if folder.as_os_str().len() > LONGEST_PATH {
        return Some("the path is too long for a socket".to_owned());
    }
    match file_system(folder) {
        Ok(FileSystem { no_programs: true, .. }) => {
            return Some("programs there cannot be run (mounted noexec)".to_owned());
        }
        Ok(FileSystem { remote: true, .. }) => return Some("it is on a network file system".to_owned()),
        Ok(FileSystem { free, .. }) if free < LEAST_SPACE => {
            return Some(format!("only {} MB are free", free / 1_000_000));
        }
        Ok(_) => {}
        Err(error) => return Some(error.to_string()),
    }
    tempfile::tempfile_in(folder).err().map(|error| error.to_string())
}

struct FileSystem {
    no_programs: bool,
    remote: bool,
    /// Bytes that this user may still write.
    free: u64,
}

fn file_system(folder: &Path) -> std::io::Result<FileSystem> {
    let path = CString::new(folder.as_os_str().as_bytes()).map_err(std::io::Error::other)?;
    // SAFETY: the structure is plain data, filled in by the call.
    let mut found: libc::statvfs = unsafe { std::mem::zeroed() };
    // SAFETY: the path ends with a zero and the structure lives.
    if unsafe { libc::statvfs(path.as_ptr(), &raw mut found) } != 0 {
        return Err(std::io::Error::last_os_error());
    }
    #[allow(clippy::unnecessary_cast, clippy::useless_conversion, reason = "the types differ between systems")]
    let free = (found.f_bavail as u64).saturating_mul(found.f_frsize as u64);
    Ok(FileSystem { no_programs: found.f_flag & NO_PROGRAMS != 0, remote: is_remote(&path), free })
}

#[cfg(target_os = "linux")]
const NO_PROGRAMS: libc::c_ulong = libc::ST_NOEXEC;
#[cfg(not(target_os = "linux"))]
const NO_PROGRAMS: libc::c_ulong = 0;

#[cfg(target_os = "linux")]
fn is_remote(path: &CString) -> bool {
    // NFS, SMB, CIFS, Lustre, AFS, Ceph, GPFS, BeeGFS
    const REMOTE: [i64; 9] =
        [0x6969, 0x517B, 0xFF53_4D42, 0xFE53_4D42, 0x0BD0_0BD0, 0x5346_414F, 0x00C3_6400, 0x4750_4653, 0x1983_0326];
    // SAFETY: the structure is plain data, filled in by the call.
    let mut found: libc::statfs = unsafe { std::mem::zeroed() };
    // SAFETY: the path ends with a zero and the structure lives.
    let is_known = unsafe { libc::statfs(path.as_ptr(), &raw mut found) } == 0;
    #[allow(clippy::unnecessary_cast, reason = "the types differ between systems")]
    let kind = found.f_type as i64;
    is_known && REMOTE.contains(&kind)
}

#[cfg(not(target_os = "linux"))]
fn is_remote(_path: &CString) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_says_why_it_cannot_be_used() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(unusable(folder.path()), None);
        let file = folder.path().join("file");
        std::fs::write(&file, "").unwrap();
        let long = folder.path().join("x".repeat(80));
        for (path, words) in [
            (Path::new("some/where"), "relative"),
            (&file, "cannot be made"),
            (&long, "too long"),
            (Path::new("/proc"), ""),
        ] {
            let reason = unusable(path).unwrap_or_else(|| panic!("{} is usable", path.display()));
            assert!(reason.contains(words), "{}: {reason}", path.display());
        }
        let mode = std::os::unix::fs::PermissionsExt::mode(&fresh().unwrap().path().metadata().unwrap().permissions());
        assert_eq!(mode & 0o777, 0o700);
    }
}
