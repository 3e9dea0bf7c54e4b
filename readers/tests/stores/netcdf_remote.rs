//! NetCDF files far away: the same values as nearby, in a number of requests that is held.
use std::path::{Path, PathBuf};
use std::sync::Arc;

use terracube_readers::OpenOptions;
use terracube_readers::raw::RawGroup;
use terracube_readers::store::StoreOptions;

use super::s3;
use super::support::{Server, quick, read_all};

fn files() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden/data")
}

fn open(url: &str, options: StoreOptions) -> RawGroup {
    OpenOptions::new().store(options).open_raw(url).unwrap_or_else(|error| panic!("{url}: {error}"))
}

/// Every variable of a group: name, attributes, values.
fn everything(group: &RawGroup) -> Vec<String> {
    let shown = |variable: &terracube_readers::raw::RawVariable| {
        let values = variable.data.as_ref().map(|source| read_all(&**source).unwrap());
        format!("{} {:?} {:?} {values:?}", variable.name, variable.dims, variable.attributes)
    };
    group.variables.iter().map(shown).collect()
}

/// A copy of a NetCDF-4 file behind a user block that is longer than what a first request brings.
fn behind_a_user_block(directory: &Path, name: &str) {
    let mut bytes = vec![0; 256 << 10];
    bytes.extend(std::fs::read(files().join(name)).unwrap());
    std::fs::write(directory.join(name), bytes).unwrap();
}

#[test]
fn small_files_over_http_read_as_local_ones_in_one_request() {
    for name in [
        "classic.nc",
        "classic_record.nc",
        "offset64.nc",
        "data64.nc",
        "nc4_plain.nc",
        "nc4_zlib.nc",
        "packed.nc",
        "text.nc",
        "characters.nc",
        "hours.nc",
        "groups.nc",
    ] {
        let server = Server::files(&files(), |_, _| None);
        let far = open(&format!("{}/{name}", server.url), quick());
        assert_eq!(everything(&far), everything(&open(files().join(name).to_str().unwrap(), quick())), "{name}");
        let taken = server.taken();
        assert_eq!(taken.len(), 1, "{name}: {taken:?}");
    }
}

#[test]
fn larger_files_open_in_four_requests_and_a_chunk_is_one() {
    let directory = tempfile::tempdir().unwrap();
    for name in ["nc4_plain.nc", "nc4_zlib.nc", "hours.nc"] {
        behind_a_user_block(directory.path(), name);
        let server = Server::files(directory.path(), |_, _| None);
        let group = open(&format!("{}/{name}", server.url), quick());
        let taken = server.taken();
        assert_eq!(
            taken.len(),
            4,
            "the start, the signature behind the user block twice, a block of metadata: {taken:?}"
        );
        assert_eq!(everything(&group), everything(&open(files().join(name).to_str().unwrap(), quick())), "{name}");
        let variable = group.variables.iter().find(|variable| variable.name == "t").unwrap();
        let source = variable.data.as_ref().unwrap();
        server.taken();
        let first = source.grid().touching(&terracube_cube::Region::whole(&source.grid().shape())).next().unwrap();
        let terracube_cube::source::Fetch::Pending(read) = source.fetch(&first) else { panic!("a remote read waits") };
        futures::executor::block_on(read).unwrap();
        let taken = server.taken();
        assert!(taken.len() == 1 && taken[0].contains("bytes="), "{taken:?}");
    }
}

#[test]
fn files_in_a_bucket_read_as_local_ones() {
    let server = s3::start(true);
    let options = s3::with_keys(&server);
    for name in ["classic_record.nc", "nc4_zlib.nc", "packed.nc", "groups.nc"] {
        let url = format!("s3://data/model/{name}");
        let store = terracube_readers::store::Store::open(&url, &options).unwrap();
        store.put("", std::fs::read(files().join(name)).unwrap()).wait().unwrap();
        let far = open(&url, options.clone());
        assert_eq!(everything(&far), everything(&open(files().join(name).to_str().unwrap(), quick())), "{name}");
    }
}

#[test]
fn a_server_without_ranges_serves_the_file_whole() {
    let root = Arc::new(files());
    let server = Server::start(move |request| match std::fs::read(root.join(request.target.trim_start_matches('/'))) {
        Ok(bytes) => super::support::Answer::ok(bytes),
        Err(_) => super::support::Answer::status("404 Not Found"),
    });
    let far = open(&format!("{}/nc4_zlib.nc", server.url), quick());
    let near = open(files().join("nc4_zlib.nc").to_str().unwrap(), quick());
    assert_eq!(everything(&far), everything(&near));
}

#[test]
fn a_file_that_vanishes_or_is_cut_off_is_an_error_that_names_it() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("nc4_zlib.nc");
    for is_cut in [false, true] {
        behind_a_user_block(directory.path(), "nc4_zlib.nc");
        let server = Server::files(directory.path(), |_, _| None);
        let group = open(&format!("{}/nc4_zlib.nc", server.url), quick());
        let source = group.variables.iter().find(|v| v.name == "t").unwrap().data.as_ref().unwrap();
        if is_cut {
            std::fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(270_000).unwrap();
        } else {
            std::fs::remove_file(&path).unwrap();
        }
        let error = read_all(&**source).unwrap_err().to_string();
        assert!(error.contains("nc4_zlib.nc"), "{error}");
    }
}

/// The C library of HDF5 reads files of this machine: no error about one elsewhere sends people there.
#[test]
fn the_c_library_is_no_help_with_files_elsewhere() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    let server = Server::files(&data, |_, _| None);
    let far = open(&format!("{}/odd.h5", server.url), quick());
    let variable = far.variables.iter().find(|variable| variable.name == "virtual").unwrap();
    let error = variable.data.as_ref().unwrap_err().to_string();
    assert!(error.contains("virtual dataset") && !error.contains("hdf5-c"), "{error}");
}
