//! Bad stores: an error that names the thing and says why, for that variable only; never a panic, never a wrong number.
use std::path::Path;

use serde_json::{Value, json};
use terracube_cube::ErrorKind;
use terracube_readers::store::Store;
use terracube_readers::zarr::ZarrGroup;

use super::support::{open, quick, read, write_by_zarrs};

fn array(codecs: Value) -> Value {
    json!({
        "zarr_format": 3, "node_type": "array", "shape": [6], "data_type": "int32", "fill_value": 0, "codecs": codecs,
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [4]}},
        "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
    })
}

fn plain() -> Value {
    array(json!([{"name": "bytes", "configuration": {"endian": "little"}}]))
}

fn compressed(name: &str, configuration: Value) -> Value {
    array(
        json!([{"name": "bytes", "configuration": {"endian": "little"}}, {"name": name, "configuration": configuration}]),
    )
}

/// A group with a good array, and `bad` as another one.
fn store_with(bad: &str) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let at = directory.path();
    std::fs::write(at.join("zarr.json"), r#"{"zarr_format": 3, "node_type": "group"}"#).unwrap();
    write_by_zarrs(at, "/good", &plain(), &[1i32, 2, 3, 4, 5, 6]);
    std::fs::create_dir(at.join("bad")).unwrap();
    std::fs::write(at.join("bad/zarr.json"), bad).unwrap();
    directory
}

#[test]
fn unusable_metadata_is_an_error_of_that_variable_only() {
    let with = |edit: &dyn Fn(&mut Value)| {
        let mut metadata = plain();
        edit(&mut metadata);
        metadata.to_string()
    };
    use ErrorKind::{Corrupt, Unsupported};
    let rows: Vec<(String, ErrorKind, &str)> = vec![
        (compressed("snappy9", json!({})).to_string(), Unsupported, "snappy9"),
        (with(&|m| m["data_type"] = json!("complex128")), Unsupported, "data type `complex128` is not supported"),
        (with(&|m| m["data_type"] = json!({"name": "structured", "configuration": {}})), Unsupported, "`structured`"),
        (with(&|m| m["data_type"] = json!("int4")), Unsupported, "`int4`"),
        (with(&|m| m["codecs"] = json!([])), Unsupported, "codec"),
        (with(&|m| m["fill_value"] = json!("many")), Unsupported, "fill value"),
        (with(&|m| m["chunk_grid"] = json!({"name": "spiral"})), Unsupported, "spiral"),
        (with(&|m| m["chunk_grid"]["configuration"]["chunk_shape"] = json!([0])), Corrupt, "its chunks have no extent"),
        (with(&|m| m["chunk_grid"]["configuration"]["chunk_shape"] = json!([2, 3])), Corrupt, "its chunks have 2 axes"),
        (
            with(&|m| m["chunk_grid"]["configuration"]["chunk_shape"] = json!([1u64 << 60])),
            Unsupported,
            "do not fit in memory",
        ),
        (with(&|m| m["shape"] = json!("6")), Corrupt, "gives no shape"),
        (with(&|m| m["dimension_names"] = json!(["a", "b"])), Corrupt, "names 2 dimensions, but it has 1"),
        (with(&|m| m["zarr_format"] = json!(4)), Unsupported, "zarr_format 4"),
        (with(&|m| m["node_type"] = json!("tree")), Corrupt, "neither array nor group"),
        (with(&|m| _ = m.as_object_mut().unwrap().remove("codecs")), Corrupt, "missing field `codecs`"),
        ("{\"zarr_format\": 3,".to_owned(), Corrupt, "is no JSON"),
        (String::new(), Corrupt, "is no JSON"),
    ];
    for (bad, kind, part) in rows {
        let directory = store_with(&bad);
        let group = open(directory.path().to_str().unwrap()).unwrap();
        assert_eq!(read(&group, "good").unwrap(), ["1", "2", "3", "4", "5", "6"]);
        let error = group.array("bad").unwrap().source().unwrap_err();
        let text = error.to_string();
        assert!(text.contains(part) && text.contains("array `bad` of"), "{bad}: {text}");
        assert_eq!(error.kind(), kind, "{text}");
        assert!(group.array("bad").unwrap().dtype().is_err());
    }
}

/// Writes an array with one codec, spoils the file of its first chunk, and gives the error of reading it.
fn spoiled(metadata: &Value, spoil: impl Fn(&Path)) -> String {
    let directory = tempfile::tempdir().unwrap();
    write_by_zarrs(directory.path(), "/a", metadata, &[7i32, 7, 7, 7, 8, 9]);
    spoil(&directory.path().join("a/c/0"));
    let group = open(directory.path().to_str().unwrap()).unwrap();
    let error = read(&group, "a").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt, "{error}");
    let text = error.to_string();
    assert!(text.contains("array `a` of ") && text.contains("chunk c/0"), "{text}");
    text
}

fn cut(path: &Path) {
    let bytes = std::fs::read(path).unwrap();
    std::fs::write(path, &bytes[..bytes.len() - 3]).unwrap();
}

fn replace(bytes: &'static [u8]) -> impl Fn(&Path) {
    move |path| std::fs::write(path, bytes).unwrap()
}

#[test]
fn damaged_chunks_are_named() {
    let level = json!({"level": 1});
    let zstd = compressed("zstd", json!({"level": 1, "checksum": true}));
    let blosc = compressed("blosc", json!({"cname": "lz4", "clevel": 1, "shuffle": "noshuffle", "blocksize": 0}));
    let sharded = array(json!([{"name": "sharding_indexed", "configuration": {
        "chunk_shape": [2], "codecs": [{"name": "bytes", "configuration": {"endian": "little"}}],
        "index_codecs": [{"name": "bytes", "configuration": {"endian": "little"}}, {"name": "crc32c"}], "index_location": "end"}}]));
    assert!(spoiled(&plain(), cut).contains("13 bytes of values, expected 16"));
    for metadata in [
        &zstd,
        &blosc,
        &sharded,
        &compressed("gzip", level.clone()),
        &compressed("numcodecs.zlib", level.clone()),
        &compressed("numcodecs.bz2", level.clone()),
    ] {
        spoiled(metadata, cut);
        spoiled(metadata, replace(b""));
        spoiled(metadata, replace(b"<html>404 not found</html>"));
    }
    spoiled(&compressed("crc32c", json!({})), |path| {
        let mut bytes = std::fs::read(path).unwrap();
        bytes[2] ^= 1;
        std::fs::write(path, bytes).unwrap();
    });
    // A frame header that promises more than there can be: 2^60 bytes.
    let bomb: &[u8] = b"\x28\xb5\x2f\xfd\xe0\0\0\0\0\0\0\0\x10\x01\0\0";
    assert!(spoiled(&zstd, replace(bomb)).contains("zstd"));
    // More bytes than any encoder makes of 16.
    assert!(
        spoiled(&zstd, |path| std::fs::write(path, vec![0; 100_000]).unwrap()).contains("100000 bytes, but at most")
    );
}

#[test]
fn a_shard_index_that_lies_is_found_out() {
    let sharded = array(json!([{"name": "sharding_indexed", "configuration": {
        "chunk_shape": [2], "codecs": [{"name": "bytes", "configuration": {"endian": "little"}}],
        "index_codecs": [{"name": "bytes", "configuration": {"endian": "little"}}], "index_location": "start"}}]));
    for (offset, len, part) in [
        (u64::MAX - 1, 8u64, "places a chunk at byte"),
        (32, 1 << 40, "gives it 1099511627776 bytes"),
        (1 << 40, 8, "holds"),
        (32, 7, "7 bytes of values, expected 8"),
    ] {
        let text = spoiled(&sharded, |path| {
            let mut bytes = std::fs::read(path).unwrap();
            bytes[..8].copy_from_slice(&offset.to_le_bytes());
            bytes[8..16].copy_from_slice(&len.to_le_bytes());
            std::fs::write(path, bytes).unwrap();
        });
        assert!(text.contains(part), "{text}");
    }
}

#[test]
fn strings_that_are_no_text_are_found_out() {
    let mut metadata = array(json!([{"name": "vlen-utf8"}]));
    metadata["data_type"] = json!("string");
    metadata["fill_value"] = json!("");
    let spoil = |bytes: &'static [u8]| {
        let directory = tempfile::tempdir().unwrap();
        write_by_zarrs(directory.path(), "/a", &metadata, &["a", "b", "c", "d", "e", "f"]);
        std::fs::write(directory.path().join("a/c/0"), bytes).unwrap();
        let group = open(directory.path().to_str().unwrap()).unwrap();
        read(&group, "a").unwrap_err().to_string()
    };
    assert!(spoil(b"\x04\0\0\0\x01\0\0\0\xff\x01\0\0\0a\x01\0\0\0b\x01\0\0\0c").contains("chunk c/0"));
    spoil(b"\x04\0\0\0\xff\xff\xff\xff");
    spoil(b"\x03\0\0\0");
    spoil(b"");
}

#[test]
fn places_without_zarr_say_so() {
    let directory = tempfile::tempdir().unwrap();
    let at = directory.path();
    std::fs::write(at.join("file.nc"), "CDF").unwrap();
    std::fs::create_dir_all(at.join("dir/sub")).unwrap();
    for place in ["none.zarr", "file.nc", "dir", "dir/sub"] {
        let path = at.join(place);
        let error = open(path.to_str().unwrap()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
        assert!(error.to_string().contains(&format!("no Zarr store at {}", path.display())), "{error}");
    }
    let error = open("memory://nothing/here.zarr").unwrap_err();
    assert!(error.to_string().starts_with("no Zarr store at memory://nothing/here.zarr"), "{error}");
    std::fs::write(at.join("dir/zarr.json"), "<html>").unwrap();
    let error = open(at.join("dir").to_str().unwrap()).unwrap_err().to_string();
    assert!(error.contains("dir/zarr.json is no JSON"), "{error}");
}

#[test]
fn a_file_that_may_not_be_read_is_denied() {
    use std::os::unix::fs::PermissionsExt;
    let directory = store_with(&plain().to_string());
    let chunk = directory.path().join("good/c/0");
    std::fs::set_permissions(&chunk, std::fs::Permissions::from_mode(0o000)).unwrap();
    let group = ZarrGroup::open(&Store::open(directory.path().to_str().unwrap(), &quick()).unwrap()).unwrap();
    match read(&group, "good") {
        // Root may read everything.
        Ok(values) => assert_eq!(values.len(), 6),
        Err(error) => assert_eq!(error.kind(), ErrorKind::Denied, "{error}"),
    }
}
