//! References to chunks in Parquet: those that kerchunk wrote, and our own.
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use terracube_cube::{Dataset, ErrorKind};
use terracube_readers::raw::RawGroup;
use terracube_readers::store::{Store, StoreOptions};
use terracube_readers::zarr::ZarrGroup;
use terracube_readers::{OpenOptions, open, open_tree};

use super::support::{Server, quick, read_all, shown};

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
}

fn golden(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden/data").join(name).to_str().unwrap().to_owned()
}

fn values(dataset: &Dataset, name: &str) -> Vec<String> {
    shown(dataset.var(name).values().unwrap().block())
}

fn everything(dataset: &Dataset) -> Vec<String> {
    let names = dataset.coords().names().chain(dataset.names());
    let mut all: Vec<String> = names.map(|name| format!("{name} {:?}", values(dataset, name))).collect();
    all.sort();
    all
}

fn tables_of(name: &str, directory: &Path) -> String {
    let url = directory.join("refs.parq").to_str().unwrap().to_owned();
    OpenOptions::new().references(&golden(name)).unwrap().write_tables(&url, &StoreOptions::default()).unwrap();
    url
}

/// `kerchunk.parq` was made by kerchunk 0.2.10 of `four.nc`, with two rows a table and inline values.
#[test]
fn tables_of_kerchunk_read_as_the_file_that_they_stand_for() {
    let raw = |path: &Path| OpenOptions::new().open_raw(path.to_str().unwrap()).unwrap();
    let (tables, file) = (raw(&data("kerchunk.parq")), raw(&data("four.nc")));
    let values_of = |group: &RawGroup, name: &str| {
        let variable = group.variables.iter().find(|variable| variable.name == name).unwrap();
        read_all(&**variable.data.as_ref().unwrap()).unwrap()
    };
    // What kerchunk could not express has no references.
    for name in ["x", "time", "time_bnds", "height", "lag", "masked", "unsigned", "name", "zstd", "odd"] {
        assert_eq!(values_of(&tables, name), values_of(&file, name), "{name}");
    }
    let never = values_of(&tables, "never");
    assert_eq!(never[9..], ["1", "1", "1"], "a chunk in the second table, where the first does not exist");
    let tree = open_tree(data("kerchunk.parq").to_str().unwrap()).unwrap();
    assert_eq!(values(&tree.group("inner").unwrap(), "v"), ["1152921504606846976", "-1", "0"]);
}

#[test]
fn tables_that_we_write_read_as_the_file_that_they_stand_for() {
    for name in ["classic_record.nc", "nc4_plain.nc", "nc4_zlib.nc", "nc4_checksum.nc", "nc4_big_endian.nc", "hours.nc"]
    {
        let directory = tempfile::tempdir().unwrap();
        let tables = open(&tables_of(name, directory.path())).unwrap();
        assert_eq!(everything(&tables), everything(&open(&golden(name)).unwrap()), "{name}");
    }
}

#[test]
fn one_table_is_read_for_the_chunks_in_it_and_none_for_the_others() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::copy(golden("nc4_zlib.nc"), directory.path().join("a.nc")).unwrap();
    let url = tables_of("nc4_zlib.nc", directory.path());
    // The same references, pointing to a file beside them.
    let mut references = OpenOptions::new().references(&golden("nc4_zlib.nc")).unwrap();
    for (_, value) in references.json["refs"].as_object_mut().unwrap() {
        if value.is_array() {
            value[0] = json!("a.nc");
        }
    }
    std::fs::remove_dir_all(&url).unwrap();
    references.write_tables(&url, &StoreOptions::default()).unwrap();
    let server = Server::files(directory.path(), |_, _| None);
    let far = OpenOptions::new().store(quick()).open(&format!("{}/refs.parq", server.url)).unwrap();
    assert_eq!(values(&far, "t"), values(&open(&golden("nc4_zlib.nc")).unwrap(), "t"));
    let taken = server.taken();
    let of_tables: Vec<&String> = taken.iter().filter(|request| request.contains("/t/refs.")).collect();
    assert_eq!(of_tables.len(), 1, "{taken:?}");
    assert!(!taken.iter().any(|request| request.contains("/t/.zarray") || request.contains("/t/0")), "{taken:?}");
    assert!(
        taken.iter().filter(|request| request.contains("a.nc")).all(|request| request.contains("bytes=")),
        "{taken:?}"
    );
}

#[test]
fn a_million_references_open_without_being_read() {
    let directory = tempfile::tempdir().unwrap();
    let array = json!({"zarr_format": 2, "shape": [1000, 1000], "chunks": [1, 1], "dtype": "|u1", "order": "C", "fill_value": 3,
        "compressor": null, "filters": null});
    let described = json!({"record_size": 100_000, "metadata": {".zgroup": {"zarr_format": 2}, "x/.zarray": array,
        "x/.zattrs": {"_ARRAY_DIMENSIONS": ["a", "b"]}}});
    std::fs::write(directory.path().join(".zmetadata"), described.to_string()).unwrap();
    let dataset = open(directory.path().to_str().unwrap()).unwrap();
    assert_eq!(dataset.var("x").chunks().n_chunks(), 1_000_000);
    let point = dataset.var("x").isel("a", 999).isel("b", 999).values().unwrap();
    assert_eq!(shown(point.block()).len(), 1);
}

#[test]
fn damaged_tables_and_those_that_reach_too_far_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    let url = tables_of("nc4_zlib.nc", directory.path());
    let table = Path::new(&url).join("t/refs.0.parq");
    let whole = std::fs::read(&table).unwrap();
    for at in [0, 4, whole.len() / 2, whole.len() - 9] {
        let mut changed = whole.clone();
        changed[at] ^= 0xff;
        std::fs::write(&table, &changed).unwrap();
        // Either the change is found, or it is in what nobody needs; never a panic.
        if let Err(error) = open(&url).and_then(|dataset| dataset.var("t").values()) {
            assert!(error.to_string().contains("refs.parq"), "{error}");
        }
        std::fs::write(&table, &whole[..at]).unwrap();
        let error = open(&url).and_then(|dataset| dataset.var("t").values()).unwrap_err();
        assert!(error.to_string().contains("refs.parq") && error.kind() == ErrorKind::Corrupt, "{error}");
    }
    std::fs::write(&table, &whole).unwrap();
    // Tables that come from a server point to files of this machine only if that is allowed.
    let server = Server::files(directory.path(), |_, _| None);
    let far = format!("{}/refs.parq", server.url);
    let read = |options: StoreOptions| {
        OpenOptions::new().store(options).open(&far).and_then(|dataset| dataset.var("t").values())
    };
    let error = read(quick()).unwrap_err();
    assert!(error.to_string().contains("allow_local_references"), "{error}");
    assert!(read(quick().allow_local_references()).is_ok());
    for (spoiled, part) in [
        (json!({"record_size": 0, "metadata": {}}), "record_size"),
        (json!({"record_size": 2}), "metadata"),
        (json!({"record_size": 2, "metadata": {"t/.zarray": {"shape": [3], "chunks": [0]}}}), "no shape or no chunks"),
        (json!({"record_size": 2, "metadata": {"t/.zarray": "{"}}), "no JSON"),
    ] {
        std::fs::write(Path::new(&url).join(".zmetadata"), spoiled.to_string()).unwrap();
        let error = open(&url).unwrap_err();
        assert!(error.to_string().contains(part), "{error}");
    }
}

#[test]
fn they_are_no_zarr_store_full_of_fill_values() {
    let path = data("kerchunk.parq");
    let error = ZarrGroup::open(&Store::open(path.to_str().unwrap(), &StoreOptions::default()).unwrap()).unwrap_err();
    assert!(error.to_string().contains("references in Parquet"), "{error}");
    let described: Value = serde_json::from_slice(&std::fs::read(path.join(".zmetadata")).unwrap()).unwrap();
    assert_eq!(described["record_size"], 2);
}
