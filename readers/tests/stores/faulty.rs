//! Object stores and web servers through a proxy that does harm: what passes is overcome, what is damage is an error, and never a value.
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use terracube_cube::{Block, DType, ErrorKind};
use terracube_readers::store::{Store, StoreOptions};
use terracube_readers::zarr::{ArrayToWrite, ZarrGroup, ZarrWriter};
use terracube_readers::{Compression, OpenOptions, WriteOptions};

use super::proxy::{Fault, Proxy, Seen};
use super::s3;
use super::support::{Server, read, read_all, shown};

/// A store of 16 chunks, each with a checksum, written to the bucket past the proxy.
fn written(server: &s3::S3) -> Block {
    let block = Block::new(&[16, 64], (0..1024).map(f64::from).collect()).unwrap();
    let codecs = [
        serde_json::json!({"name": "zstd", "configuration": {"level": 1, "checksum": true}}),
        serde_json::json!({"name": "crc32c"}),
    ];
    let options = WriteOptions::default().compression(Compression::Codecs(codecs.into()));
    let writer = ZarrWriter::create("s3://data/a.zarr", &s3::with_keys(server), options).unwrap();
    writer.write_whole(ArrayToWrite::new("t", ["y", "x"], [16, 64], DType::F64).chunks([1, 64]), &block).unwrap();
    writer.finish().unwrap();
    block
}

fn through(server: &s3::S3, proxy: &Proxy) -> StoreOptions {
    s3::with_keys(server)
        .endpoint(&proxy.url)
        .max_retries(6)
        .total_timeout(Duration::from_secs(20))
        .without_header_cache()
}

fn values(options: &StoreOptions) -> terracube_cube::Result<Vec<String>> {
    read(&ZarrGroup::open(&Store::open("s3://data/a.zarr", options)?)?, "t")
}

fn is_chunk(seen: &Seen) -> bool {
    seen.line.contains("/t/c/")
}

#[test]
fn what_passes_is_overcome() {
    let server = s3::start(true);
    let block = written(&server);
    let every_third = |fault: Fault| move |_: &Seen, n: usize| if n % 3 == 1 { fault } else { Fault::None };
    for fault in [
        Fault::Delay(Duration::from_millis(60)),
        Fault::Status("503 Slow Down"),
        Fault::Status("500 Internal Server Error"),
        Fault::Status("429 Too Many Requests"),
        Fault::Reset,
        Fault::Cut,
    ] {
        let proxy = Proxy::before(&server.url, every_third(fault));
        let found = values(&through(&server, &proxy)).unwrap_or_else(|error| panic!("{fault:?}: {error}"));
        assert_eq!(found, shown(&block), "{fault:?}");
        let n_requests = proxy.taken().len();
        let is_repeated = !matches!(fault, Fault::Delay(_));
        assert!(n_requests > if is_repeated { 22 } else { 20 }, "{fault:?}: {n_requests} requests");
    }
}

#[test]
fn what_does_not_pass_ends_in_time_with_the_status() {
    let server = s3::start(true);
    written(&server);
    for (fault, part) in [
        (Fault::Status("503 Slow Down"), "503"),
        (Fault::Status("429 Too Many Requests"), "429"),
        (Fault::Reset, "cannot"),
    ] {
        let proxy = Proxy::before(&server.url, move |seen, _| if is_chunk(seen) { fault } else { Fault::None });
        let started = Instant::now();
        let options = through(&server, &proxy).max_retries(2).total_timeout(Duration::from_secs(5));
        let error = values(&options).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Io, "{error}");
        let text = error.to_string();
        assert!(text.contains(part) && text.contains("s3://data/a.zarr") && text.contains("t/c/"), "{text}");
        assert!(started.elapsed() < Duration::from_secs(15), "{:?}", started.elapsed());
    }
}

/// Every byte of the answer changed in turn, at some places: a checksum finds it.
#[test]
fn changed_bytes_are_errors_and_never_values() {
    let server = s3::start(true);
    written(&server);
    for at in [0, 3, 9, 50, 77] {
        let proxy =
            Proxy::before(&server.url, move |seen, _| if is_chunk(seen) { Fault::Flip(at) } else { Fault::None });
        let error = values(&through(&server, &proxy)).unwrap_err();
        let text = error.to_string();
        assert!(
            text.contains("array `t` of s3://data/a.zarr, chunk t/c/") || text.contains("chunk c/"),
            "byte {at}: {text}"
        );
    }
}

#[test]
fn another_version_in_the_middle_of_reading_is_an_error() {
    let server = s3::start(true);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden/data/nc4_zlib.nc");
    // Longer than what the first request brings, so that chunks are asked for later.
    let bytes = [vec![0; 256 << 10], std::fs::read(path).unwrap()].concat();
    let url = "s3://data/model.nc";
    Store::open(url, &s3::with_keys(&server)).unwrap().put("", bytes).wait().unwrap();
    static IS_OPEN: AtomicUsize = AtomicUsize::new(0);
    let fault =
        |_: &Seen, _: usize| if IS_OPEN.load(Ordering::SeqCst) == 1 { Fault::OtherVersion } else { Fault::None };
    let proxy = Proxy::before(&server.url, fault);
    let group = OpenOptions::new().store(through(&server, &proxy)).open_raw(url).unwrap();
    let source = group.variables.iter().find(|variable| variable.name == "t").unwrap().data.clone().unwrap();
    IS_OPEN.store(1, Ordering::SeqCst);
    let error = read_all(&*source).unwrap_err().to_string();
    assert!(error.contains("s3://data/model.nc was changed while it was read"), "{error}");
    IS_OPEN.store(0, Ordering::SeqCst);
    assert!(read_all(&*source).is_ok());
}

#[test]
fn web_servers_that_fail_now_and_then_are_asked_again() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden/data");
    let server = Server::files(&root, |_, _| None);
    let near = OpenOptions::new().open_raw(root.join("hours.nc").to_str().unwrap()).unwrap();
    for fault in
        [Fault::Reset, Fault::Cut, Fault::Status("503 Service Unavailable"), Fault::Status("429 Too Many Requests")]
    {
        let proxy = Proxy::before(&server.url, move |_, n| if n % 2 == 0 { fault } else { Fault::None });
        let options = StoreOptions::default().without_header_cache().max_retries(6);
        let far = OpenOptions::new().store(options).open_raw(&format!("{}/hours.nc", proxy.url)).unwrap();
        for (far, near) in far.variables.iter().zip(&near.variables) {
            let values = |data: &terracube_cube::Result<std::sync::Arc<dyn terracube_cube::source::Source>>| {
                read_all(&**data.as_ref().unwrap()).unwrap()
            };
            assert_eq!(values(&far.data), values(&near.data), "{fault:?}: {}", far.name);
        }
    }
}
