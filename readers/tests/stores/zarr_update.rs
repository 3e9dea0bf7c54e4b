//! Into stores that are there: appended positions, regions, one writer at a time.
use std::ops::Range;

use terracube_cube::{DataArray, ErrorKind, Result};
use terracube_readers::store::{Store, StoreOptions};
use terracube_readers::zarr::ZarrWriter;
use terracube_readers::{OpenOptions, WriteData, WriteOptions, ZarrVersion, open};

fn array(rows: Range<i64>) -> DataArray {
    let n = (rows.end - rows.start) as usize;
    let values = rows.clone().flat_map(|row| (0..5).map(move |column| (row * 10 + column) as f32)).collect();
    DataArray::from_vec(["t", "x"], &[n, 5], values)
        .with_coord("t", rows.collect())
        .with_coord("x", vec![1.0, 2.0, 3.0, 4.0, 5.0])
        .named("v")
}

fn write(array: &DataArray, url: &str, options: WriteOptions) -> Result<()> {
    array.write_with(url, &StoreOptions::default(), options).map(|_| ())
}

fn places(name: &str) -> (tempfile::TempDir, [String; 2]) {
    let directory = tempfile::tempdir().unwrap();
    let local = directory.path().join(name).to_str().unwrap().to_owned();
    let memory = format!("memory://{}/{name}", directory.path().file_name().unwrap().to_str().unwrap());
    (directory, [local, memory])
}

fn values(url: &str) -> Vec<f64> {
    open(url).unwrap().var("v").to_f64().unwrap()
}

#[test]
fn appended_pieces_are_the_whole_whatever_the_chunks() {
    for (chunks, version) in [([4, 2], ZarrVersion::V3), ([3, 5], ZarrVersion::V2), ([100, 1], ZarrVersion::V3)] {
        let (_directory, urls) = places("a.zarr");
        for url in &urls {
            let options = || WriteOptions::default().chunks([("t", chunks[0]), ("x", chunks[1])]).zarr_version(version);
            write(&array(0..3), url, options()).unwrap();
            for rows in [3..4, 4..5, 5..13, 13..14] {
                write(&array(rows), url, WriteOptions::default().append("t")).unwrap();
            }
            assert_eq!(values(url), array(0..14).to_f64().unwrap());
            assert_eq!(open(url).unwrap().var("v").coord("t").to_f64().unwrap().len(), 14);
        }
    }
}

#[test]
fn a_region_changes_its_positions_and_no_others() {
    let (directory, urls) = places("r.zarr");
    for url in &urls {
        write(&array(0..9), url, WriteOptions::default().chunks([("t", 4), ("x", 2)])).unwrap();
        let part = (array(2..7).isel("x", 1..4) * 0.0f32).named("v");
        write(&part, url, WriteOptions::default().region([("t", 2..7), ("x", 1..4)])).unwrap();
        let expected: Vec<f64> = array(0..9)
            .to_f64()
            .unwrap()
            .into_iter()
            .enumerate()
            .map(|(i, value)| if (2..7).contains(&(i / 5)) && (1..4).contains(&(i % 5)) { 0.0 } else { value })
            .collect();
        assert_eq!(values(url), expected);
        let beyond = write(&part, url, WriteOptions::default().region([("t", 6..11), ("x", 1..4)])).unwrap_err();
        assert!(beyond.to_string().contains("9 long in the store"), "{beyond}");
        assert_eq!(values(url), expected);
    }
    let left: Vec<_> = std::fs::read_dir(directory.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["r.zarr"]);
}

#[test]
fn what_does_not_fit_is_refused_before_anything_is_written() {
    let (_directory, [url, _]) = places("f.zarr");
    assert_eq!(write(&array(0..1), &url, WriteOptions::default().append("t")).unwrap_err().kind(), ErrorKind::NotFound);
    write(&array(0..3), &url, WriteOptions::default()).unwrap();
    let other_labels = array(3..4).with_coord("x", vec![1.5, 2.0, 3.0, 4.0, 5.0]).named("v");
    let rows: [(DataArray, WriteOptions, &str); 6] = [
        (array(3..4), WriteOptions::default().append("y"), "no dimension `y`"),
        (
            array(3..4).isel("x", 0..2).named("v"),
            WriteOptions::default().append("t"),
            "the labels of `x` are not those",
        ),
        (array(3..4).cast(terracube_cube::DType::F64).named("v"), WriteOptions::default().append("t"), "cast it"),
        (array(3..4).named("w"), WriteOptions::default().append("t"), "`v` of the store would not grow"),
        (other_labels, WriteOptions::default().append("t"), "the labels of `x` are not those of the store"),
        (array(0..2), WriteOptions::default().region([("z", 0..1)]), "no dimension `z`"),
    ];
    for (array, options, part) in rows {
        let error = write(&array, &url, options).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }
    assert_eq!(values(&url), array(0..3).to_f64().unwrap());
}

#[test]
fn two_writers_do_not_meet() {
    let (_directory, [local, memory]) = places("l.zarr");
    for url in [&local, &memory] {
        write(&array(0..2), url, WriteOptions::default()).unwrap();
    }
    // A killed writer leaves its mark in an object store, and none on this machine.
    let store = Store::open(&memory, &StoreOptions::default()).unwrap();
    store.put(".terracube-lock", "{\"host\":\"elsewhere\"}").wait().unwrap();
    let busy = write(&array(2..3), &memory, WriteOptions::default().append("t")).unwrap_err();
    assert_eq!(busy.kind(), ErrorKind::Exists);
    assert!(busy.to_string().contains("elsewhere") && busy.to_string().contains("take_over"), "{busy}");
    write(&array(2..3), &memory, WriteOptions::default().append("t").take_over()).unwrap();
    assert_eq!(values(&memory).len(), 15);
    write(&array(3..4), &memory, WriteOptions::default().append("t")).unwrap();

    let mark = std::path::Path::new(&local).join(".terracube-lock");
    let other = std::fs::File::create(&mark).unwrap();
    other.lock().unwrap();
    let busy = write(&array(2..3), &local, WriteOptions::default().append("t")).unwrap_err();
    assert!(busy.to_string().contains("another writer is at work"), "{busy}");
    drop(other);
    write(&array(2..3), &local, WriteOptions::default().append("t")).unwrap();
    assert!(!mark.exists());

    // A new store at a place where one is being written.
    let place = format!("{memory}-new");
    let writer = ZarrWriter::create(&place, &StoreOptions::default(), WriteOptions::default()).unwrap();
    let second = ZarrWriter::create(&place, &StoreOptions::default(), WriteOptions::default());
    assert_eq!(second.unwrap_err().kind(), ErrorKind::Exists);
    drop(writer);
    ZarrWriter::create(&place, &StoreOptions::default(), WriteOptions::default()).unwrap();
}

/// A writer that dies while arrays grow one after the other: the next append puts them back and adds its own.
#[test]
fn an_append_that_breaks_off_between_two_arrays_is_mended_by_the_next() {
    let server = super::s3::start(true);
    let keys = super::s3::with_keys(&server);
    let rows = |rows: Range<i64>, value: f64| {
        let n = (rows.end - rows.start) as usize;
        DataArray::from_vec(["time", "x"], &[n, 2], vec![value; 2 * n])
            .with_coord("time", rows.collect::<Vec<i64>>())
            .named("zz")
    };
    let mut n_broken = 0;
    for (number, options) in [
        WriteOptions::default().unconsolidated(),
        WriteOptions::default().unconsolidated().zarr_version(ZarrVersion::V2),
        WriteOptions::default(),
    ]
    .into_iter()
    .enumerate()
    {
        let place = format!("s3://data/{number}.zarr");
        rows(0..3, 1.0).write_with(&place, &keys, options).unwrap();
        let is_consolidated = number == 2;
        // `time` grows first, then `zz`, whose metadata is refused from now on: as good as dead.
        let proxy = super::proxy::Proxy::before(&server.url, move |seen, _| {
            let is_last = match is_consolidated {
                true => seen.line.contains("2.zarr/zarr.json"),
                false => seen.line.contains("zz/zarr.json") || seen.line.contains("zz/.zarray"),
            };
            let refuses = seen.line.starts_with("PUT") && is_last;
            if refuses { super::proxy::Fault::Status("403 Forbidden") } else { super::proxy::Fault::None }
        });
        let through = keys.clone().endpoint(&proxy.url).max_retries(0);
        rows(3..5, 2.0).write_with(&place, &through, WriteOptions::default().append("time")).unwrap_err();
        let found = OpenOptions::new().store(keys.clone()).open(&place);
        match is_consolidated {
            true => assert_eq!(found.unwrap().var("zz").shape(), [3, 2], "the old data stays"),
            false => {
                let is_whole = found.as_ref().is_ok_and(|found| found.coord("time").shape() == [3]);
                n_broken += usize::from(!is_whole);
            }
        }
        rows(5..6, 3.0).write_with(&place, &keys, WriteOptions::default().append("time")).unwrap();
        let mended = OpenOptions::new().store(keys.clone()).open(&place).unwrap();
        let values = |array: DataArray| array.values().unwrap().to_f64().unwrap();
        assert_eq!(values(mended.coord("time")), [0.0, 1.0, 2.0, 5.0], "{place}");
        assert_eq!(values(mended.var("zz")), [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 3.0, 3.0], "{place}");
        let journal = Store::open(&place, &keys).unwrap().get(".terracube-append").wait().unwrap();
        assert_eq!(journal, None);
    }
    assert_eq!(n_broken, 2, "the fault was put between the two arrays");
}

/// What is left of an append may be older than what somebody else did to the store: rows of theirs are never cut off.
#[test]
fn a_journal_that_the_store_has_outgrown_is_left_to_people() {
    let rows = |rows: Range<i64>| {
        let n = (rows.end - rows.start) as usize;
        DataArray::from_vec(["time", "x"], &[n, 2], vec![1.0; 2 * n])
            .with_coord("time", rows.collect::<Vec<i64>>())
            .named("zz")
    };
    let append = || WriteOptions::default().append("time");
    for (version, document) in [(ZarrVersion::V3, "zarr.json"), (ZarrVersion::V2, ".zarray")] {
        let (_directory, [url, _]) = places("j.zarr");
        let at = std::path::Path::new(&url);
        let json = |path: &std::path::Path| -> serde_json::Value {
            serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
        };
        let resize = |name: &str, n: u64| {
            let path = at.join(name).join(document);
            let mut node = json(&path);
            node["shape"][0] = n.into();
            std::fs::write(path, node.to_string()).unwrap();
        };
        let leave_journal = || {
            let journal = r#"{"before": {"time": [3], "zz": [3, 2]}, "after": {"time": [5], "zz": [5, 2]}}"#;
            std::fs::write(at.join(".terracube-append"), journal).unwrap();
        };
        write(&rows(0..3), &url, WriteOptions::default().unconsolidated().zarr_version(version)).unwrap();
        // Somebody else made it longer in the meantime.
        leave_journal();
        resize("time", 10);
        resize("zz", 10);
        let error = write(&rows(10..11), &url, append()).unwrap_err().to_string();
        assert!(error.contains(".terracube-append") && error.contains("remove that file"), "{error}");
        assert_eq!(open(&url).unwrap().var("zz").shape(), [10, 2], "nothing was cut off");
        std::fs::remove_file(at.join(".terracube-append")).unwrap();
        write(&rows(10..11), &url, append()).unwrap();
        assert_eq!(open(&url).unwrap().var("zz").shape(), [11, 2]);
        // Half grown, and gathered as it was.
        leave_journal();
        resize("time", 5);
        resize("zz", 3);
        let (root, key, nodes) = match version {
            ZarrVersion::V3 => ("zarr.json", "", "/consolidated_metadata/metadata"),
            ZarrVersion::V2 => (".zmetadata", "/.zarray", "/metadata"),
        };
        let arrays = ["time", "zz"].map(|name| (format!("{name}{key}"), json(&at.join(name).join(document))));
        let mut all: serde_json::Map<_, _> = arrays.into_iter().collect();
        let gathered = match version {
            ZarrVersion::V3 => {
                let mut group = json(&at.join(root));
                let metadata = serde_json::json!({"kind": "inline", "must_understand": false, "metadata": all});
                group["consolidated_metadata"] = metadata;
                group
            }
            ZarrVersion::V2 => {
                for key in [".zgroup", ".zattrs", "time/.zattrs", "zz/.zattrs"] {
                    if at.join(key).exists() {
                        all.insert(key.to_owned(), json(&at.join(key)));
                    }
                }
                serde_json::json!({"zarr_consolidated_format": 1, "metadata": all})
            }
        };
        std::fs::write(at.join(root), gathered.to_string()).unwrap();
        write(&rows(3..4), &url, append()).unwrap();
        let gathered = json(&at.join(root));
        let gathered = gathered.pointer(nodes).unwrap();
        for name in ["time", "zz"] {
            assert_eq!(json(&at.join(name).join(document))["shape"][0], 4, "{name}");
            assert_eq!(gathered[format!("{name}{key}")]["shape"][0], 4, "{name}");
        }
        assert_eq!(open(&url).unwrap().coord("time").to_f64().unwrap(), [0.0, 1.0, 2.0, 3.0]);
        assert!(!at.join(".terracube-append").exists());
    }
}
