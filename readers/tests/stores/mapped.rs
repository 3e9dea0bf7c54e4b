//! Stores within other files: references to chunks, and zip archives; trees of groups.
use std::path::{Path, PathBuf};

use base64::Engine as _;
use serde_json::{Value, json};
use terracube_cube::{Dataset, ErrorKind};
use terracube_readers::store::{Store, StoreOptions};
use terracube_readers::{OpenOptions, open, open_tree};

use super::support::{Answer, Server, quick, shown};

fn golden(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden/data").join(name).to_str().unwrap().to_owned()
}

fn everything(dataset: &Dataset) -> Vec<String> {
    let names = dataset.coords().names().chain(dataset.names());
    let mut all: Vec<String> = names
        .map(|name| {
            let array = dataset.var(name);
            format!("{name} {:?} {:?}", array.dims(), shown(array.values().unwrap().block()))
        })
        .collect();
    all.sort();
    all
}

fn written(directory: &Path, name: &str, json: &Value) -> PathBuf {
    let path = directory.join(name);
    std::fs::write(&path, json.to_string()).unwrap();
    path
}

#[test]
fn references_read_as_the_file_that_they_stand_for() {
    let directory = tempfile::tempdir().unwrap();
    for name in [
        "classic.nc",
        "classic_record.nc",
        "offset64.nc",
        "nc4_plain.nc",
        "nc4_zlib.nc",
        "nc4_zlib_only.nc",
        "nc4_checksum.nc",
        "nc4_big_endian.nc",
        "packed.nc",
        "hours.nc",
    ] {
        let file = golden(name);
        let references = OpenOptions::new().references(&file).unwrap();
        assert!(references.left_out.is_empty(), "{name}: {:?}", references.left_out);
        let path = written(directory.path(), &format!("{name}.json"), &references.json);
        // JSON does not keep that a scale is an f32, which decides the dtype of what is unpacked.
        let options = OpenOptions::new().decode_cf(name != "packed.nc");
        let far = options.open(path.to_str().unwrap()).unwrap();
        assert_eq!(everything(&far), everything(&options.open(&file).unwrap()), "{name}");
    }
}

#[test]
fn references_over_http_read_the_ranges_that_they_name() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::copy(golden("nc4_zlib.nc"), directory.path().join("a.nc")).unwrap();
    let server = Server::files(directory.path(), |_, _| None);
    let mut json = OpenOptions::new().references(&golden("nc4_zlib.nc")).unwrap().json;
    for (_, value) in json["refs"].as_object_mut().unwrap() {
        if value.is_array() {
            value[0] = json!("{{u}}/a.nc");
        }
    }
    json["templates"] = json!({"u": server.url});
    written(directory.path(), "refs.json", &json);
    let far = OpenOptions::new().store(quick()).open(&format!("{}/refs.json", server.url)).unwrap();
    assert_eq!(everything(&far), everything(&open(&golden("nc4_zlib.nc")).unwrap()));
    let taken = server.taken();
    assert!(
        taken.iter().filter(|request| request.contains("a.nc")).all(|request| request.contains("bytes=")),
        "{taken:?}"
    );
    // A name without a place stands beside the references.
    for (_, value) in json["refs"].as_object_mut().unwrap() {
        if value.is_array() {
            value[0] = json!("a.nc");
        }
    }
    written(directory.path(), "beside.json", &json);
    for url in [format!("{}/beside.json", server.url), directory.path().join("beside.json").display().to_string()] {
        let beside = OpenOptions::new().store(quick()).open(&url).unwrap();
        assert_eq!(everything(&beside), everything(&far), "{url}");
    }
}

#[test]
fn references_from_afar_reach_no_file_of_this_machine() {
    let directory = tempfile::tempdir().unwrap();
    let secret = directory.path().join("secret");
    std::fs::write(&secret, [1, 2, 3, 4]).unwrap();
    let array = json!({"zarr_format": 2, "shape": [4], "chunks": [4], "dtype": "|u1", "order": "C", "fill_value": null,
        "compressor": null, "filters": null});
    for (n, target) in [format!("file://{}", secret.display()), secret.display().to_string(), "../secret".to_owned()]
        .into_iter()
        .enumerate()
    {
        let refs = json!({".zgroup": "{\"zarr_format\":2}", "x/.zarray": array.to_string(), "x/0": [target, 0, 4]});
        let body = refs.to_string();
        let server = Server::start(move |request| match &request.target[..] {
            "/r.json" => Answer::ok(body.clone()),
            _ => Answer::status("404 Not Found"),
        });
        let url = format!("{}/r.json", server.url);
        let error = OpenOptions::new().store(quick()).open(&url).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Denied, "{error}");
        assert!(error.to_string().contains("x/0") && error.to_string().contains("allow_local_references"), "{error}");
        if n < 2 {
            let allowed = OpenOptions::new().store(quick().allow_local_references()).open(&url).unwrap();
            assert_eq!(shown(allowed.var("x").values().unwrap().block()), ["1", "2", "3", "4"]);
        }
    }
}

#[test]
fn inline_values_and_damaged_references() {
    let directory = tempfile::tempdir().unwrap();
    let array = json!({"zarr_format": 2, "shape": [4], "chunks": [2], "dtype": "|u1", "order": "C", "fill_value": 9,
        "compressor": null, "filters": null});
    let encoded = format!("base64:{}", base64::engine::general_purpose::STANDARD.encode([200u8, 7]));
    let path = written(
        directory.path(),
        "r.json",
        &json!({"version": 1, "refs": {".zgroup": {"zarr_format": 2}, "x/.zarray": array, "x/1": encoded}}),
    );
    let dataset = OpenOptions::new().decode_cf(false).open(path.to_str().unwrap()).unwrap();
    assert_eq!(shown(dataset.var("x").values().unwrap().block()), ["9", "9", "200", "7"]);
    let rows = [
        (json!({"refs": {"x/0": ["a.nc", 5]}}), "neither text nor [url]"),
        (json!({"refs": {"x/0": "base64:§"}}), "its base64 is damaged"),
        (json!({"refs": {"x/0": ["{{a}}b", 0, 1]}}), "the template `{{a}}b` cannot be filled"),
        (json!({"refs": {}, "gen": [{}]}), "has no key"),
        (json!({"refs": {}}), "no references"),
    ];
    for (json, part) in rows {
        let path = written(directory.path(), "bad.json", &json);
        let error = open(path.to_str().unwrap()).unwrap_err().to_string();
        assert!(error.contains(part) && error.contains("bad.json"), "{part}: {error}");
    }
    let missing =
        json!({"refs": {".zgroup": "{\"zarr_format\":2}", "x/.zarray": array.to_string(), "x/0": ["gone.bin", 0, 2]}});
    let path = written(directory.path(), "gone.json", &missing);
    let error = open(path.to_str().unwrap()).unwrap().var("x").values().unwrap_err().to_string();
    assert!(error.contains("gone.bin does not exist") && error.contains("older than the files"), "{error}");
}

/// A zip archive of files, packed or as they are.
fn zip(files: &[(String, Vec<u8>)], is_packed: bool) -> Vec<u8> {
    let (mut archive, mut directory) = (Vec::new(), Vec::new());
    for (name, bytes) in files {
        let packed = if is_packed {
            let mut packer = libdeflater::Compressor::new(libdeflater::CompressionLvl::default());
            let mut packed = vec![0; packer.deflate_compress_bound(bytes.len())];
            let n = packer.deflate_compress(bytes, &mut packed).unwrap();
            packed.truncate(n);
            packed
        } else {
            bytes.clone()
        };
        let offset = archive.len() as u32;
        let mut shared = vec![20, 0, 0, 0, u8::from(is_packed) * 8, 0, 0, 0, 0, 0];
        for number in [libdeflater::crc32(bytes), packed.len() as u32, bytes.len() as u32] {
            shared.extend(number.to_le_bytes());
        }
        shared.extend((name.len() as u16).to_le_bytes());
        archive.extend(b"PK\x03\x04");
        archive.extend(&shared);
        // A field that the directory does not have.
        archive.extend([4, 0]);
        archive.extend(name.as_bytes());
        archive.extend([9, 9, 0, 0]);
        archive.extend(&packed);
        directory.extend(b"PK\x01\x02\x14\0");
        directory.extend(&shared);
        directory.extend([0; 12]);
        directory.extend(offset.to_le_bytes());
        directory.extend(name.as_bytes());
    }
    let (start, len) = (archive.len() as u32, directory.len() as u32);
    archive.extend(directory);
    archive.extend(b"PK\x05\x06\0\0\0\0");
    archive.extend([(files.len() as u16).to_le_bytes(), (files.len() as u16).to_le_bytes()].concat());
    archive.extend([len.to_le_bytes(), start.to_le_bytes()].concat());
    archive.extend([0, 0]);
    archive
}

fn files_under(root: &Path, at: &Path, found: &mut Vec<(String, Vec<u8>)>) {
    for entry in std::fs::read_dir(at).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files_under(root, &path, found);
        } else {
            found.push((path.strip_prefix(root).unwrap().to_str().unwrap().to_owned(), std::fs::read(&path).unwrap()));
        }
    }
}

#[test]
fn zip_archives_are_stores() {
    let directory = tempfile::tempdir().unwrap();
    for name in ["v3_sharded.zarr", "v2_zlib.zarr"] {
        let (root, mut files) = (PathBuf::from(golden(name)), Vec::new());
        files_under(&root, &root, &mut files);
        for is_packed in [false, true] {
            let path = directory.path().join(format!("{name}.zip"));
            let bytes = zip(&files, is_packed);
            std::fs::write(&path, &bytes).unwrap();
            let wanted = everything(&open(&golden(name)).unwrap());
            assert_eq!(everything(&open(path.to_str().unwrap()).unwrap()), wanted, "{name} {is_packed}");
            let server = Server::files(directory.path(), |_, _| None);
            let url = format!("{}/{name}.zip", server.url);
            assert_eq!(everything(&OpenOptions::new().store(quick()).open(&url).unwrap()), wanted);
            std::fs::write(&path, &bytes[..bytes.len() - 30]).unwrap();
            let error = open(path.to_str().unwrap()).unwrap_err().to_string();
            assert!(error.contains("the directory of the zip archive") && error.contains(".zip"), "{error}");
        }
    }
}

#[test]
fn a_store_within_a_file_keeps_the_contract_of_reading() {
    let files = [("a/b".to_owned(), b"0123456789".to_vec()), ("c".to_owned(), b"x".to_vec())];
    for is_packed in [false, true] {
        let outer = Store::open(&format!("memory://zipped/{is_packed}.zip"), &StoreOptions::default()).unwrap();
        outer.put("", zip(&files, is_packed)).wait().unwrap();
        let store = outer.zip().unwrap();
        assert_eq!(store.get("a/b").wait().unwrap().unwrap(), "0123456789");
        assert_eq!(store.child("a").get_ranges("b", vec![7..9, 0..2]).wait().unwrap().unwrap(), ["78", "01"]);
        assert_eq!(store.size("a/b").wait().unwrap(), Some(10));
        assert_eq!(store.start("a/b", 3).wait().unwrap().unwrap(), ("012".into(), 10));
        assert!(store.get_ranges("a/b", vec![0..1, 8..12]).wait().is_err());
        assert_eq!(store.get("none").wait().unwrap(), None);
        let names: Vec<_> =
            store.list("").wait().unwrap().into_iter().map(|entry| (entry.name, entry.is_dir)).collect();
        assert_eq!(names, [("a".to_owned(), true), ("c".to_owned(), false)]);
        assert_eq!(store.put("d", "x").wait().unwrap_err().kind(), ErrorKind::Unsupported);
    }
}

#[test]
fn groups_make_a_tree() {
    let tree = open_tree(&golden("groups.nc")).unwrap();
    assert_eq!(tree.paths().collect::<Vec<_>>(), ["/", "/inner"]);
    assert_eq!(tree.root().unwrap().names().collect::<Vec<_>>(), ["top"]);
    assert_eq!(tree.group("inner").unwrap().var("v").shape(), [4, 3]);
    let error = tree.group("iner").unwrap_err().to_string();
    assert!(error.contains("no group `/iner`; did you mean `/inner`?"), "{error}");
    assert!(tree.to_string().contains("/inner (x: 4, y: 3): v"), "{tree}");
    let single = open_tree(&golden("v2_zlib.zarr")).unwrap();
    assert_eq!(single.paths().collect::<Vec<_>>(), ["/"]);
}
