//! Web servers: good ones, bad ones, slow ones.
use std::path::Path;
use std::time::{Duration, Instant};

use terracube_cube::{Block, DType, ErrorKind};
use terracube_readers::WriteOptions;
use terracube_readers::store::{ByteRange, Store, StoreOptions};
use terracube_readers::zarr::{ArrayToWrite, ZarrWriter};

use super::support::{Answer, Server, open, quick, read, read_all, write_by_zarrs};

/// A consolidated store with one array of 35 numbers in six chunks.
fn store() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let url = directory.path().join("a.zarr");
    let writer = ZarrWriter::create(url.to_str().unwrap(), &StoreOptions::default(), WriteOptions::default()).unwrap();
    let block = Block::new(&[7, 5], (0..35).collect::<Vec<i32>>()).unwrap();
    writer.write_whole(ArrayToWrite::new("t", ["y", "x"], [7, 5], DType::I32).chunks([3, 3]), &block).unwrap();
    writer.finish().unwrap();
    directory
}

fn numbers() -> Vec<String> {
    (0..35).map(|n| n.to_string()).collect()
}

fn nothing_special(directory: &Path) -> Server {
    Server::files(directory, |_, _| None)
}

#[test]
fn a_consolidated_store_needs_no_listing() {
    let directory = store();
    let server = nothing_special(directory.path());
    let group = open(&format!("{}/a.zarr/", server.url)).unwrap();
    assert_eq!(read(&group, "t").unwrap(), numbers());
    assert!(server.requests.lock().unwrap().iter().all(|request| request.method == "GET"));
}

#[test]
fn without_listing_the_error_says_what_to_do_and_one_array_opens() {
    let directory = tempfile::tempdir().unwrap();
    let metadata = serde_json::json!({"zarr_format": 2, "shape": [4], "chunks": [2], "dtype": "<i4", "compressor": null, "fill_value": null,
        "order": "C", "filters": null});
    write_by_zarrs(directory.path(), "/x", &metadata, &[1i32, 2, 3, 4]);
    std::fs::write(directory.path().join(".zgroup"), r#"{"zarr_format": 2}"#).unwrap();
    let server = nothing_special(directory.path());
    let error = open(&server.url).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    let text = error.to_string();
    for part in [&server.url[..], "does not list", "501", "consolidate_metadata", "its own URL"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert_eq!(read(&open(&format!("{}/x", server.url)).unwrap(), "x").unwrap(), ["1", "2", "3", "4"]);
}

#[test]
fn refusals_are_named() {
    let rows = [
        ("404 Not Found", ErrorKind::NotFound, "no Zarr store at"),
        ("403 Forbidden", ErrorKind::Denied, "was refused (403); credentials sent: none"),
        ("401 Unauthorized", ErrorKind::Denied, "was refused (401); credentials sent: none"),
        ("400 Bad Request", ErrorKind::Io, "answered 400 Bad Request"),
        ("500 Internal Server Error", ErrorKind::Io, "answered 500 Internal Server Error"),
        ("503 Service Unavailable", ErrorKind::Io, "after 1 retries"),
    ];
    for (status, kind, part) in rows {
        let server = Server::start(move |_| Answer::status(status));
        let url = format!("{}/a.zarr", server.url);
        let started = Instant::now();
        let error =
            terracube_readers::zarr::ZarrGroup::open(&Store::open(&url, &quick().max_retries(1)).unwrap()).unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        let text = error.to_string();
        assert!(text.contains(part) && text.contains(&url), "{status}: {text}");
        assert!(started.elapsed() < Duration::from_secs(8));
    }
}

#[test]
fn a_403_for_what_is_missing_is_no_refusal() {
    // Amazon answers so for missing keys of buckets that may not be listed.
    let directory = store();
    let root = directory.path().to_owned();
    let server = Server::files(directory.path(), move |request, _| {
        (!root.join(request.target.trim_start_matches('/')).exists()).then(|| Answer::status("403 Forbidden"))
    });
    assert_eq!(read(&open(&format!("{}/a.zarr", server.url)).unwrap(), "t").unwrap(), numbers());
}

#[test]
fn what_passes_is_tried_again() {
    let directory = store();
    for status in ["500 Internal Server Error", "502 Bad Gateway", "429 Too Many Requests"] {
        let server = Server::files(directory.path(), move |_, n| (n % 3 != 2).then(|| Answer::status(status)));
        let store = Store::open(&format!("{}/a.zarr", server.url), &quick()).unwrap();
        assert!(store.get("zarr.json").wait().unwrap().is_some(), "{status}");
        assert_eq!(server.n_requests(), 3);
    }
}

#[test]
fn answers_that_break_off_are_asked_for_again() {
    let directory = store();
    let broken = |_: &_| Answer { missing: 100, ..Answer::ok("abc") };
    let server = Server::files(directory.path(), move |request, n| (n % 2 == 0).then(|| broken(request)));
    assert_eq!(read(&open(&format!("{}/a.zarr", server.url)).unwrap(), "t").unwrap(), numbers());

    let server = Server::start(broken);
    let store = Store::open(&server.url, &quick().max_retries(2)).unwrap();
    let error = store.get("x").wait().unwrap_err();
    assert_eq!((error.kind(), server.n_requests()), (ErrorKind::Io, 3), "{error}");
    assert!(error.to_string().contains(&format!("cannot read {}/x", server.url)), "{error}");
}

#[test]
fn slow_servers_are_given_up() {
    let server = Server::start(|_| Answer { delay: Duration::from_secs(3), ..Answer::ok("late") });
    let started = Instant::now();
    let idle = quick().idle_timeout(Duration::from_millis(200)).max_retries(1);
    let error = Store::open(&server.url, &idle).unwrap().get("x").wait().unwrap_err();
    assert!(error.to_string().contains("did not answer in time"), "{error}");
    let total = quick().total_timeout(Duration::from_millis(300));
    let error = Store::open(&server.url, &total).unwrap().get("x").wait().unwrap_err();
    assert!(error.to_string().contains("was not read within 0.3 s"), "{error}");
    assert!(started.elapsed() < Duration::from_secs(3), "{:?}", started.elapsed());
}

#[test]
fn no_server_is_named() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let error =
        Store::open(&format!("http://{closed}/a"), &quick().max_retries(0)).unwrap().get("x").wait().unwrap_err();
    let text = error.to_string();
    assert!(text.contains(&format!("cannot connect to http://{closed}/a/x")) && text.contains("refused"), "{text}");
}

#[test]
fn a_server_that_answers_everything_with_a_page_is_found_out() {
    let server = Server::start(|_| Answer::ok("<!DOCTYPE html><title>portal</title>"));
    let error = open(&format!("{}/a.zarr", server.url)).unwrap_err();
    assert!(error.to_string().contains("/a.zarr/zarr.json is no JSON"), "{error}");
}

#[test]
fn chunks_larger_than_they_can_be_are_not_read() {
    let directory = store();
    let server = Server::files(directory.path(), |request, _| {
        request.target.contains("/t/c/").then(|| Answer::ok(vec![0; 1 << 20]))
    });
    let error = read(&open(&format!("{}/a.zarr", server.url)).unwrap(), "t").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt);
    assert!(error.to_string().contains("holds 1048576 bytes, but at most"), "{error}");
}

#[test]
fn servers_without_ranges_serve_shards_too() {
    let directory = tempfile::tempdir().unwrap();
    let metadata = serde_json::json!({
        "zarr_format": 3, "node_type": "array", "shape": [8], "data_type": "int32", "fill_value": 0,
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [4]}},
        "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
        "codecs": [{"name": "sharding_indexed", "configuration": {"chunk_shape": [2], "codecs": [{"name": "bytes", "configuration": {"endian": "little"}}],
            "index_codecs": [{"name": "bytes", "configuration": {"endian": "little"}}, {"name": "crc32c"}], "index_location": "end"}}],
    });
    write_by_zarrs(directory.path(), "/x", &metadata, &[1i32, 2, 3, 4, 5, 6, 7, 8]);
    let root = directory.path().to_owned();
    let plain = Server::start(move |request| match std::fs::read(root.join(request.target.trim_start_matches('/'))) {
        Ok(bytes) => Answer::ok(bytes),
        Err(_) => Answer::status("404 Not Found"),
    });
    // The first answer to a range is thrown away where it is the whole file.
    for (server, n_requests) in [(nothing_special(directory.path()), 6), (plain, 7)] {
        let group = open(&format!("{}/x", server.url)).unwrap();
        assert_eq!(read(&group, "x").unwrap(), ["1", "2", "3", "4", "5", "6", "7", "8"]);
        let chunks = server.requests.lock().unwrap().iter().filter(|request| request.target.contains("/c/")).count();
        assert_eq!(chunks, n_requests, "one index and two chunks of each of two shards");
    }
}

#[test]
fn secrets_of_the_url_are_sent_and_never_shown() {
    let directory = store();
    let server = Server::files(directory.path(), |request, _| {
        request.target.contains("/t/c/").then(|| Answer::status("403 Forbidden"))
    });
    let url = format!("{}/a.zarr?sig=SECRET1&x=1", server.url.replace("http://", "http://user:SECRET2@"));
    let store = Store::open(&url, &quick()).unwrap();
    let group = terracube_readers::zarr::ZarrGroup::open(&store).unwrap();
    let source = group.array("t").unwrap().source().unwrap();
    let error = read_all(&*source).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Denied);
    assert!(error.to_string().contains("credentials sent: user and password of the URL"), "{error}");
    use terracube_cube::source::Source as _;
    for text in
        [error.to_string(), format!("{store:?} {group:?} {source:?} {:?}", source.spec()), store.url().to_owned()]
    {
        assert!(!text.contains("SECRET"), "{text}");
    }
    let requests = server.requests.lock().unwrap();
    assert!(requests.iter().all(|request| request.target.ends_with("?sig=SECRET1&x=1")), "{requests:?}");
    assert!(
        requests.iter().all(|request| request.headers["authorization"] == "Basic dXNlcjpTRUNSRVQy"),
        "{requests:?}"
    );
    drop(requests);

    let token = quick().bearer_token("SECRET3");
    let error =
        Store::open(&format!("{}/a.zarr", server.url), &token).unwrap().get("t/c/0/0").wait().unwrap_err().to_string();
    assert!(error.contains("the bearer token of the options") && !error.contains("SECRET"), "{error}");
    assert_eq!(server.requests.lock().unwrap().last().unwrap().headers["authorization"], "Bearer SECRET3");
}

#[test]
fn requests_at_once_are_bounded() {
    let server = Server::start(|_| Answer { delay: Duration::from_millis(30), ..Answer::ok("x") });
    let store = Store::open(&server.url, &quick().max_concurrent_requests(3)).unwrap();
    let readings: Vec<_> = (0..20).map(|n| store.get(&n.to_string())).collect();
    for reading in readings {
        assert!(reading.wait().unwrap().is_some());
    }
    let most = server.most_at_once.load(std::sync::atomic::Ordering::SeqCst);
    assert!((2..=3).contains(&most), "{most} at once");
}

#[test]
fn a_single_file_is_a_store_with_one_key() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("a.nc"), "0123456789").unwrap();
    let server = nothing_special(directory.path());
    let store = Store::open(&format!("{}/a.nc", server.url), &quick()).unwrap();
    assert_eq!(store.size("").wait().unwrap(), Some(10));
    assert_eq!(store.get_range("", ByteRange::Of(3..5)).wait().unwrap().unwrap(), "34");
    let parts = store.get_ranges("", vec![0..2, 8..10]).wait().unwrap().unwrap();
    assert_eq!(parts, ["01", "89"]);
    let error = store.get_range("", ByteRange::Of(8..12)).wait().unwrap_err();
    assert!(error.to_string().contains("gave 2 bytes where 4 were asked for"), "{error}");
}

/// Run by the test below in a process of its own, whose environment it may change.
#[test]
#[ignore = "needs the environment that `proxies_are_used` gives it"]
fn proxied() {
    let error_or_value = Store::open("http://data.invalid/a", &quick().max_retries(0)).unwrap().get("x").wait();
    assert_eq!(error_or_value.unwrap().unwrap(), "from the proxy");
    let direct = std::env::var("TERRACUBE_TEST_DIRECT").unwrap();
    assert_eq!(Store::open(&direct, &quick()).unwrap().get("x").wait().unwrap().unwrap(), "direct");
}

#[test]
fn proxies_are_used() {
    let proxy = Server::start(|_| Answer::ok("from the proxy"));
    let direct = Server::start(|_| Answer::ok("direct"));
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "http::proxied"])
        .env("HTTP_PROXY", &proxy.url)
        .env("http_proxy", &proxy.url)
        .env("NO_PROXY", "127.0.0.1")
        .env("no_proxy", "127.0.0.1")
        .env("TERRACUBE_TEST_DIRECT", &direct.url)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    assert_eq!(proxy.requests.lock().unwrap()[0].target, "http://data.invalid/a/x");
    assert_eq!(direct.n_requests(), 1);
}

#[test]
fn a_bundle_of_certificates_must_hold_some() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("ca.pem");
    std::fs::write(&path, "nothing").unwrap();
    for (path, part) in [(path.clone(), "there is none"), (path.with_extension("none"), "No such file")] {
        let error = Store::open("https://host.invalid/a", &quick().ca_bundle(&path)).unwrap_err().to_string();
        assert!(error.contains(part) && error.contains(path.to_str().unwrap()), "{error}");
    }
}
