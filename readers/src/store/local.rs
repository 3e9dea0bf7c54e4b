//! Files on this machine, read with positioned reads and no runtime in between.
use std::fs::{self, File};
use std::io::{self, BufWriter, ErrorKind as Io, Read, Write};
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use terracube_cube::base::{recycled_bytes, recycled_vec, recycled_vec_of_len};
use terracube_cube::{Error, ErrorKind, Result};

use super::{ByteRange, Entry};

/// The whole file if it exists. More than `limit` bytes are an error.
pub(super) fn get(path: &Path, limit: u64) -> Result<Option<Bytes>> {
    let Some((file, size)) = open(path)? else { return Ok(None) };
    if size > limit {
        return Err(super::too_large(&path.display().to_string(), size, limit));
    }
    let mut bytes = recycled_vec::<u8>(size as usize);
    // No more than that is looked for, so that one call does it.
    file.take(size).read_to_end(&mut bytes).map_err(|error| failed("read", path, &error))?;
    Ok(Some(recycled_bytes(bytes)))
}

/// Parts of a file if it exists; a part that reaches past the end is an error.
pub(super) fn get_ranges(path: &Path, ranges: &[ByteRange]) -> Result<Option<Vec<Bytes>>> {
    let Some((file, size)) = open(path)? else { return Ok(None) };
    ranges
        .iter()
        .map(|range| {
            let Range { start, end } = range.within(size);
            if end > size {
                return Err(Error::corrupt(format!(
                    "{} holds {size} bytes, but bytes {start}..{end} were asked for",
                    path.display()
                ))
                .hint("the file may be truncated: get it again"));
            }
            let mut bytes = recycled_vec_of_len::<u8>((end - start) as usize);
            file.read_exact_at(&mut bytes, start).map_err(|error| failed("read", path, &error))?;
            Ok(recycled_bytes(bytes))
        })
        .collect::<Result<_>>()
        .map(Some)
}

/// The first `n` bytes of a file (all of it, if it has fewer), and its size.
pub(super) fn start(path: &Path, n: u64) -> Result<Option<(Bytes, u64)>> {
    let Some((file, size)) = open(path)? else { return Ok(None) };
    let mut bytes = vec![0; n.min(size) as usize];
    file.read_exact_at(&mut bytes, 0).map_err(|error| failed("read", path, &error))?;
    Ok(Some((bytes.into(), size)))
}

/// The size of a file in bytes if it exists.
pub(super) fn size(path: &Path) -> Result<Option<u64>> {
    match fs::metadata(path) {
        Ok(metadata) => Ok(metadata.is_file().then_some(metadata.len())),
        Err(error) if is_absent(&error) => Ok(None),
        Err(error) => Err(failed("read", path, &error)),
    }
}

/// The entries of a directory, sorted by name; nothing if it does not exist.
pub(super) fn list(path: &Path) -> Result<Vec<Entry>> {
    let entries = match fs::read_dir(path) {
        Ok(entries) => entries,
        Err(error) if is_absent(&error) => return Ok(Vec::new()),
        Err(error) => return Err(failed("list", path, &error)),
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|error| failed("list", path, &error))?;
        if let Ok(name) = entry.file_name().into_string() {
            let is_dir = fs::metadata(entry.path()).is_ok_and(|metadata| metadata.is_dir());
            names.push(Entry { name, is_dir });
        }
    }
    names.sort();
    Ok(names)
}

/// Writes a file whole or not at all: a temporary file beside it, renamed over it.
pub(super) fn put(path: &Path, bytes: &[u8]) -> Result<()> {
    put_through(path, 0, |out| out.write_all(bytes).map_err(|error| failed("write", path, &error)))
}

/// [`put`] of what `write` writes, `buffered` bytes at once. An error of the disk within it is told as such, however `write` puts it.
pub(super) fn put_through(
    path: &Path,
    buffered: usize,
    write: impl FnOnce(&mut dyn Write) -> Result<()>,
) -> Result<()> {
    let failed = |error: io::Error| failed("write", path, &error);
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let file = match tempfile::NamedTempFile::new_in(parent) {
        Err(error) if error.kind() == Io::NotFound => {
            fs::create_dir_all(parent).map_err(failed)?;
            tempfile::NamedTempFile::new_in(parent)
        }
        other => other,
    };
    let mut out = Noting { out: BufWriter::with_capacity(buffered, file.map_err(failed)?), error: None };
    let written = write(&mut out).and_then(|()| out.flush().map_err(failed));
    if let Some(error) = out.error.take() {
        return Err(failed(error));
    }
    written?;
    let file = out.out.into_inner().map_err(|error| failed(error.into_error()))?;
    // A temporary file is private to its owner; data is as readable as any other new file.
    #[cfg(unix)]
    fs::set_permissions(file.path(), default_permissions()).map_err(failed)?;
    file.persist(path).map_err(|error| failed(error.error))?;
    Ok(())
}

/// Keeps the first error of the disk.
struct Noting<W> {
    out: W,
    error: Option<io::Error>,
}

impl<W: Write> Noting<W> {
    fn noted<T>(&mut self, done: io::Result<T>) -> io::Result<T> {
        done.map_err(|error| {
            // The kind is all that whoever writes through this learns.
            let kind = error.kind();
            if kind != Io::Interrupted {
                self.error.get_or_insert(error);
            }
            kind.into()
        })
    }
}

impl<W: Write> Write for Noting<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let done = self.out.write(bytes);
        self.noted(done)
    }

    fn flush(&mut self) -> io::Result<()> {
        let done = self.out.flush();
        self.noted(done)
    }
}

/// Writes a file that is not there yet.
pub(super) fn put_new(path: &Path, bytes: &[u8]) -> Result<()> {
    let written = match fs::write(path, bytes) {
        Err(error) if error.kind() == Io::NotFound => {
            path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(path, bytes))
        }
        other => other,
    };
    written.map_err(|error| failed("write", path, &error))
}

/// Removes a file, or a directory with all that is in it; it need not exist.
pub(super) fn remove(path: &Path) -> Result<()> {
    let removed = match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) => Err(error),
    };
    match removed {
        Err(error) if error.kind() != Io::NotFound => Err(failed("remove", path, &error)),
        _ => Ok(()),
    }
}

/// Moves all files below a directory to the same places below another, each whole, over those that are there.
pub(super) fn move_into(from: &Path, to: &Path) -> Result<()> {
    if !from.exists() {
        return Ok(());
    }
    for entry in fs::read_dir(from).map_err(|error| failed("list", from, &error))? {
        let entry = entry.map_err(|error| failed("list", from, &error))?;
        let (path, place) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            fs::create_dir_all(&place).map_err(|error| failed("write", &place, &error))?;
            move_into(&path, &place)?;
        } else {
            fs::rename(&path, &place).map_err(|error| failed("write", &place, &error))?;
        }
    }
    fs::remove_dir(from).map_err(|error| failed("remove", from, &error))
}

/// The path of a key; the empty key is the root itself.
pub(super) fn path_of(root: &Path, key: &str) -> PathBuf {
    if key.is_empty() { root.to_owned() } else { root.join(key) }
}

fn open(path: &Path) -> Result<Option<(File, u64)>> {
    let opened = File::open(path).and_then(|file| file.metadata().map(|metadata| (file, metadata)));
    match opened {
        Ok((file, metadata)) => Ok(metadata.is_file().then_some((file, metadata.len()))),
        Err(error) if is_absent(&error) => Ok(None),
        Err(error) => Err(failed("read", path, &error)),
    }
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), Io::NotFound | Io::NotADirectory)
}

pub(super) fn failed(verb: &str, path: &Path, error: &io::Error) -> Error {
    let message = format!("cannot {verb} {}: {error}", path.display());
    match error.kind() {
        Io::PermissionDenied => Error::new(ErrorKind::Denied, message).hint("check who may read and write there"),
        Io::StorageFull | Io::QuotaExceeded => Error::io(message).hint("make room on the disk or write elsewhere"),
        _ => Error::io(message),
    }
}

#[cfg(unix)]
fn default_permissions() -> fs::Permissions {
    use std::os::unix::fs::PermissionsExt;
    use std::sync::OnceLock;
    // The umask can only be read by setting it, which is not thread-safe; what a new file gets tells it as well.
    static MODE: OnceLock<u32> = OnceLock::new();
    let mode = *MODE.get_or_init(|| {
        let probe = || -> io::Result<u32> {
            let directory = tempfile::tempdir()?;
            Ok(File::create(directory.path().join("probe"))?.metadata()?.permissions().mode())
        };
        probe().unwrap_or(0o644) & 0o777
    });
    fs::Permissions::from_mode(mode)
}
