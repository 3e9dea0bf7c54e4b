//! Headers that are kept on disk, and files that change.
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use terracube_readers::OpenOptions;
use terracube_readers::raw::RawGroup;
use terracube_readers::store::StoreOptions;

use super::support::{Answer, Request, Server, quick, read_all};

fn golden(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden/data").join(name)).unwrap()
}

/// A file behind a user block that is longer than what a first request brings.
fn far_off(name: &str) -> Vec<u8> {
    [vec![0; 256 << 10], golden(name)].concat()
}

/// A server of one file, whose bytes and ETag can be changed.
fn serve(file: Arc<Mutex<(Vec<u8>, Option<String>)>>) -> Server {
    Server::start(move |request: &Request| {
        let (bytes, tag) = file.lock().unwrap().clone();
        let range = request.headers.get("range").and_then(|range| range.strip_prefix("bytes=")?.split_once('-'));
        let (from, to) = match range {
            Some((from, to)) => {
                (from.parse().unwrap(), to.parse::<usize>().map_or(bytes.len(), |to| to + 1).min(bytes.len()))
            }
            None => (0, bytes.len()),
        };
        let mut answer = Answer::ok(bytes[from..to].to_vec());
        if range.is_some() {
            answer.status = "206 Partial Content";
            answer.headers.push(("Content-Range", format!("bytes {from}-{}/{}", to - 1, bytes.len())));
        }
        answer.headers.extend(tag.map(|tag| ("ETag", tag)));
        answer
    })
}

fn open(server: &Server, options: &StoreOptions) -> RawGroup {
    OpenOptions::new().store(options.clone()).open_raw(&format!("{}/a.nc", server.url)).unwrap()
}

fn values(group: &RawGroup) -> terracube_cube::Result<Vec<String>> {
    read_all(&**group.variables.iter().find(|variable| variable.name == "t").unwrap().data.as_ref().unwrap())
}

fn entries(directory: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(directory).map(|entries| entries.map(|entry| entry.unwrap().path()).collect()).unwrap_or_default()
}

#[test]
fn a_file_opens_again_with_one_request_until_it_changes() {
    let directory = tempfile::tempdir().unwrap();
    let options = quick().header_cache(directory.path());
    let file = Arc::new(Mutex::new((far_off("nc4_zlib.nc"), Some("\"1\"".to_owned()))));
    let server = serve(file.clone());
    let first = values(&open(&server, &options)).unwrap();
    assert!(server.taken().len() > 2);
    let again = open(&server, &options);
    assert_eq!(server.taken().len(), 1, "the one that asks for its version");
    assert_eq!(values(&again).unwrap(), first);
    drop(again);
    // A damaged entry is read anew.
    let entry = entries(directory.path()).pop().unwrap();
    let mut bytes = std::fs::read(&entry).unwrap();
    let at = bytes.len() / 2;
    bytes[at] ^= 1;
    std::fs::write(&entry, bytes).unwrap();
    server.taken();
    assert_eq!(values(&open(&server, &options)).unwrap(), first);
    assert!(server.taken().len() > 2);
    *file.lock().unwrap() = (far_off("nc4_plain.nc"), Some("\"2\"".to_owned()));
    assert_eq!(values(&open(&server, &options)).unwrap().len(), first.len());
    // Nothing is kept for those who do not want it, nor of a server that tells no versions.
    let before = entries(directory.path()).len();
    file.lock().unwrap().1 = None;
    drop(open(&server, &options));
    drop(open(&server, &quick().without_header_cache()));
    assert_eq!(entries(directory.path()).len(), before);
}

#[test]
fn a_file_that_changes_while_it_is_read_is_an_error() {
    let file = Arc::new(Mutex::new((far_off("nc4_zlib.nc"), Some("\"1\"".to_owned()))));
    let server = serve(file.clone());
    let group = open(&server, &quick().without_header_cache());
    file.lock().unwrap().1 = Some("\"2\"".to_owned());
    let error = values(&group).unwrap_err().to_string();
    assert!(error.contains("a.nc was changed while it was read"), "{error}");
}

#[test]
fn many_may_open_a_file_at_once() {
    let directory = tempfile::tempdir().unwrap();
    let options = quick().header_cache(directory.path());
    let server = serve(Arc::new(Mutex::new((far_off("nc4_zlib.nc"), Some("\"1\"".to_owned())))));
    let n_right = AtomicUsize::new(0);
    let expected = values(&open(&server, &options)).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for entry in entries(directory.path()) {
                    let _ = std::fs::remove_file(entry);
                }
                if values(&open(&server, &options)).unwrap() == expected {
                    n_right.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
    });
    assert_eq!(n_right.into_inner(), 8);
}
