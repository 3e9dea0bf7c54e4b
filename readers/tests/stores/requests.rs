//! How many requests things take, and how many of them wait for one another.
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::json;
use terracube_cube::source::Fetch;
use terracube_cube::{DataArray, Region};
use terracube_readers::inspect::stats;
use terracube_readers::store::{Store, StoreOptions};
use terracube_readers::{OpenMany, OpenOptions, WriteData as _, WriteOptions, open};

use super::proxy::{Fault, Proxy};
use super::s3;
use super::support::Server;

const LATENCY: Fault = Fault::Delay(Duration::from_millis(40));

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden/data")
}

fn quiet() -> StoreOptions {
    StoreOptions::default().without_header_cache()
}

#[test]
fn two_hundred_variables_without_gathered_metadata_open_in_a_few_rounds() {
    let server = s3::start(true);
    let bucket = server.path().join("data/wide.zarr");
    let array = json!({"zarr_format": 3, "node_type": "array", "shape": [4], "data_type": "float32", "fill_value": 0.0,
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [4]}}, "dimension_names": ["x"], "attributes": {},
        "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
        "codecs": [{"name": "bytes", "configuration": {"endian": "little"}}]});
    let old = json!({"zarr_format": 2, "shape": [4], "dtype": "<f4", "fill_value": 0.0, "chunks": [4], "order": "C", "compressor": null, "filters": null});
    let cases = [
        ("v3", "zarr.json", json!({"zarr_format": 3, "node_type": "group"}), array, 1),
        ("v2", ".zgroup", json!({"zarr_format": 2}), old, 3),
    ];
    for (version, root, group, array, n_files) in cases {
        for i in 0..200 {
            let path = bucket.join(version).join(format!("v{i:03}"));
            std::fs::create_dir_all(&path).unwrap();
            std::fs::write(path.join(if version == "v3" { "zarr.json" } else { ".zarray" }), array.to_string())
                .unwrap();
        }
        std::fs::write(bucket.join(version).join(root), group.to_string()).unwrap();
        let proxy = Proxy::before(&server.url, |_, _| LATENCY);
        let options = s3::with_keys(&server).endpoint(&proxy.url);
        let dataset = OpenOptions::new().store(options).open(&format!("s3://data/wide.zarr/{version}")).unwrap();
        assert_eq!(dataset.names().count(), 200);
        // The root, the list, then one answer after another on each of 64 connections. (On a busy machine a request may be repeated.)
        let (requests, deepest) = (proxy.taken(), proxy.deepest());
        let different: std::collections::BTreeSet<&String> = requests.iter().collect();
        assert_eq!(different.len(), 5 + 1 + 200 * n_files, "{version}");
        assert!(deepest <= 2 + 5 * (200 * n_files).div_ceil(64), "{version}: {deepest} rounds");
    }
}

#[test]
fn gathered_metadata_is_one_round() {
    let root = golden();
    let server = Server::files(&root, |_, _| None);
    let proxy = Proxy::before(&server.url, |_, _| LATENCY);
    let dataset = OpenOptions::new().store(quiet()).open(&format!("{}/packed_v3.zarr", proxy.url)).unwrap();
    assert!(dataset.names().count() > 0);
    assert_eq!(proxy.deepest(), 1, "{:?}", proxy.taken());
}

/// Headers of real files in their first 256 KiB; behind a user block they take as many rounds as there may be.
#[test]
fn a_file_opens_in_four_rounds_and_a_slice_reads_its_chunks_only() {
    let directory = tempfile::tempdir().unwrap();
    for name in ["nc4_zlib.nc", "nc4_plain.nc", "hours.nc"] {
        let bytes = [vec![0; 256 << 10], std::fs::read(golden().join(name)).unwrap()].concat();
        std::fs::write(directory.path().join(name), bytes).unwrap();
        let server = Server::files(directory.path(), |_, _| None);
        let proxy = Proxy::before(&server.url, |_, _| LATENCY);
        let group = OpenOptions::new().store(quiet()).open_raw(&format!("{}/{name}", proxy.url)).unwrap();
        assert!(proxy.deepest() <= 4, "{name}: {:?}", proxy.taken());
        proxy.taken();
        let source = group.variables.iter().find(|variable| variable.name == "t").unwrap().data.clone().unwrap();
        let whole = Region::whole(&source.grid().shape());
        let chunk = source.grid().touching(&whole).next().unwrap();
        let Fetch::Pending(read) = source.fetch(&chunk) else { panic!("a remote read waits") };
        futures::executor::block_on(read).unwrap();
        let taken = proxy.taken();
        assert_eq!(taken.len(), 1, "{name}: {taken:?}");
    }
}

#[test]
fn headers_of_many_files_are_asked_for_at_once() {
    let directory = tempfile::tempdir().unwrap();
    for i in 0..12 {
        std::fs::copy(golden().join("hours.nc"), directory.path().join(format!("m{i:02}.nc"))).unwrap();
    }
    let server = Server::files(directory.path(), |_, _| None);
    let proxy = Proxy::before(&server.url, |_, _| LATENCY);
    let urls: Vec<String> = (0..12).map(|i| format!("{}/m{i:02}.nc", proxy.url)).collect();
    let options = OpenOptions::new().store(quiet());
    let dataset = OpenMany::new().options(options).along_new("member").open(&urls).unwrap();
    assert_eq!(dataset.var("t").shape()[0], 12);
    let deepest = proxy.deepest();
    assert_eq!(proxy.taken().len(), 12);
    assert!(deepest <= 4, "{deepest} rounds");
}

/// CPU seconds of this thread, and the memory of the process in MB.
fn used() -> (f64, f64) {
    let stat = std::fs::read_to_string("/proc/thread-self/stat").unwrap();
    let ticks: f64 =
        stat.rsplit_once(')').unwrap().1.split_whitespace().skip(11).take(2).map(|n| n.parse::<f64>().unwrap()).sum();
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    (ticks / 100.0, line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() / 1024.0)
}

#[test]
fn a_million_chunks_cost_nothing_to_open() {
    let directory = tempfile::tempdir().unwrap();
    let place = Store::open(directory.path().to_str().unwrap(), &StoreOptions::default()).unwrap();
    let array = json!({"zarr_format": 3, "node_type": "array", "shape": [10_000, 10_000], "data_type": "float32", "fill_value": "NaN",
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [10, 10]}}, "dimension_names": ["y", "x"], "attributes": {},
        "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
        "codecs": [{"name": "bytes", "configuration": {"endian": "little"}}]});
    place.put("v/zarr.json", array.to_string()).wait().unwrap();
    place.put("zarr.json", json!({"zarr_format": 3, "node_type": "group"}).to_string()).wait().unwrap();
    open(directory.path().to_str().unwrap()).unwrap();
    let before = used();
    let dataset = open(directory.path().to_str().unwrap()).unwrap();
    assert_eq!(dataset.var("v").chunks().n_chunks(), 1_000_000);
    let part = dataset.var("v").isel("y", 0..3).isel("x", 0..3);
    let after = used();
    assert!(after.0 - before.0 < 0.1, "{} s of CPU", after.0 - before.0);
    assert!(after.1 - before.1 < 50.0, "{} MB", after.1 - before.1);
    assert_eq!(part.shape(), [3, 3]);
}

/// Also the first and last value, missing ones too, though other results ask for all.
#[test]
fn statistics_read_each_chunk_once() {
    let directory = tempfile::tempdir().unwrap();
    let mut values: Vec<f32> = (0..24).map(|i| i as f32).collect();
    values[0] = f32::NAN;
    let t = DataArray::from_vec(["y", "x"], &[4, 6], values).named("t");
    for (name, chunks) in [("one.zarr", [4, 6]), ("some.zarr", [3, 2])] {
        let options = WriteOptions::default().chunks([("y", chunks[0]), ("x", chunks[1])]);
        let url = directory.path().join(name).display().to_string();
        t.write_with(&url, &StoreOptions::default(), options).unwrap();
        let server = Server::files(directory.path(), |_, _| None);
        let proxy = Proxy::before(&server.url, |_, _| Fault::None);
        let options = OpenOptions::new().store(quiet());
        let measured = stats(&format!("{}/{name}", proxy.url), &options, None).unwrap();
        let row = &measured["groups"]["/"]["variables"]["t"];
        assert_eq!(
            (&row["first"], &row["last"], &row["count"]),
            (&json!(null), &json!(23.0), &json!(23)),
            "{measured}"
        );
        let of_chunks: Vec<String> = proxy.taken().into_iter().filter(|request| request.contains("t/c/")).collect();
        let different: std::collections::BTreeSet<&String> = of_chunks.iter().collect();
        assert_eq!(of_chunks.len(), different.len(), "{of_chunks:?}");
        assert!(!of_chunks.is_empty());
    }
}
