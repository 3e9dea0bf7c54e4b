//! Every codec of numcodecs, as that and zarr-python write it (`make_codecs.py`, data/numcodecs.json).
use base64::Engine as _;
use serde_json::{Value, json};
use terracube_cube::ErrorKind;

use super::support::{open, read};

/// What stays refused, and what the error names.
const REFUSED: [&str; 2] = ["json2", "pickle"];

fn rows() -> Vec<Value> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/numcodecs.json");
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// Lays the files of a row down, each changed by `change`, as the array `a`.
fn laid(row: &Value, change: impl Fn(&str, Vec<u8>) -> Vec<u8>) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    for (key, text) in row["files"].as_object().unwrap() {
        let path = directory.path().join("a").join(key);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let bytes = base64::engine::general_purpose::STANDARD.decode(text.as_str().unwrap()).unwrap();
        std::fs::write(path, change(key, bytes)).unwrap();
    }
    directory
}

fn values(directory: &tempfile::TempDir) -> terracube_cube::Result<Vec<String>> {
    read(&open(directory.path().join("a").to_str().unwrap())?, "a")
}

#[test]
fn every_codec_of_numcodecs_opens_or_names_itself() {
    let (mut opened, mut refused, mut wrong) = (Vec::new(), Vec::new(), Vec::new());
    for row in rows() {
        let name = row["name"].as_str().unwrap();
        let label = format!("{name} (version {})", row["version"]);
        let shown = |value: &Value| match value.as_f64() {
            Some(number) => number.to_string(),
            None => value.as_str().unwrap().to_owned(),
        };
        let expected: Vec<String> = row["values"].as_array().unwrap().iter().map(shown).collect();
        match values(&laid(&row, |_, bytes| bytes)) {
            Ok(found) if found == expected => opened.push(label),
            Ok(found) => wrong.push(format!("{label}: {found:?} but {expected:?}")),
            Err(error) if REFUSED.contains(&name) => {
                let text = error.to_string();
                let names_both = text.contains(&format!("`{name}`")) && text.contains("array `a` of");
                assert!(error.kind() == ErrorKind::Unsupported && names_both, "{text}");
                refused.push(label);
            }
            Err(error) => wrong.push(format!("{label}: {error}")),
        }
    }
    println!("open: {}\nrefused: {}", opened.join(", "), refused.join(", "));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(refused.len(), REFUSED.len());
}

/// A chunk in which a bit is wrong: the checksum of its codec tells, and the error names codec, array and chunk.
#[test]
fn checksums_find_damage() {
    let names = ["crc32", "crc32c", "adler32", "fletcher32", "jenkins_lookup3", "lzma", "jenkins_lookup3 from 7"];
    for row in rows().iter().filter(|row| names.contains(&row["name"].as_str().unwrap())) {
        let name = row["name"].as_str().unwrap();
        let damaged = laid(row, |key, mut bytes| {
            if !key.contains("zarr") {
                let middle = bytes.len() / 2;
                bytes[middle] ^= 4;
            }
            bytes
        });
        let error = values(&damaged).expect_err(name);
        let text = error.to_string();
        let codec = name.split(' ').next().unwrap();
        assert!(error.kind() == ErrorKind::Corrupt && text.contains(codec) && text.contains("chunk"), "{name}: {text}");
    }
}

/// Whatever a chunk holds instead is an error or values, at once and within little memory.
#[test]
fn chunks_that_are_cut_off_or_promise_too_much_are_errors() {
    for row in rows() {
        let name = row["name"].as_str().unwrap();
        for at in 0..4 {
            let cut = |key: &str, mut bytes: Vec<u8>| {
                if !key.contains("zarr") {
                    match at {
                        3 => bytes.iter_mut().take(6).for_each(|byte| *byte = 0x7f),
                        _ => bytes.truncate(bytes.len() * at / 3),
                    }
                }
                bytes
            };
            let found = values(&laid(&row, cut));
            if at < 3 {
                assert!(found.is_err(), "{name}: {found:?}");
            }
        }
    }
}

#[test]
fn what_makes_no_sense_of_filters_is_refused_by_name() {
    let delta = json!({"id": "delta", "dtype": "|u1"});
    let rows = [
        // zarrs would undo these two in the other order.
        (json!([{"id": "shuffle", "elementsize": 4}, delta]), Value::Null, "delta"),
        (json!([{"id": "categorize", "labels": [1], "dtype": "|O", "astype": "|u1"}]), Value::Null, "categorize"),
        (json!([{"id": "categorize", "labels": ["a"], "dtype": "|O", "astype": "<f4"}]), Value::Null, "categorize"),
        (json!([{"id": "packbits"}]), Value::Null, "packbits"),
        (Value::Null, json!({"id": "lzma", "format": 3, "check": -1, "preset": null, "filters": [{"id": 33}]}), "lzma"),
        (Value::Null, json!({"id": "jenkins_lookup3", "initval": -1}), "jenkins_lookup3"),
        (Value::Null, json!({"id": "crc32", "location": "middle"}), "crc32"),
        (Value::Null, json!({"id": "zfpy", "mode": 4, "tolerance": 1, "rate": -1, "precision": -1}), "zfpy"),
        (json!([{"id": "msgpack2"}]), Value::Null, "msgpack2"),
    ];
    for (filters, compressor, name) in rows {
        let directory = tempfile::tempdir().unwrap();
        let metadata = json!({"zarr_format": 2, "shape": [4], "chunks": [4], "dtype": "<i4", "fill_value": null, "order": "C",
            "filters": filters, "compressor": compressor});
        std::fs::write(directory.path().join(".zarray"), metadata.to_string()).unwrap();
        let error = open(directory.path().to_str().unwrap()).unwrap().arrays()[0].source().expect_err(name);
        let text = error.to_string();
        assert!(text.contains(name) && text.contains("array `"), "{name}: {text}");
    }
}
