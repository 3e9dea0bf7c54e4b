//! Writers that are killed: what was there is still there, or nothing is; the next writer is told what happened.
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use terracube_cube::{DataArray, ErrorKind};
use terracube_readers::store::{Store, StoreOptions};
use terracube_readers::{WriteData, WriteOptions, open};

use super::s3;

const PLACE: &str = "TERRACUBE_TEST_PLACE";
const ENDPOINT: &str = "TERRACUBE_TEST_ENDPOINT";
const MODE: &str = "TERRACUBE_TEST_MODE";

fn table(n: i64, value: f64) -> DataArray {
    DataArray::from_vec(["x"], &[n as usize], vec![value; n as usize])
        .with_coord("x", (0..n).collect::<Vec<i64>>())
        .named("t")
}

fn options(endpoint: Option<&str>) -> StoreOptions {
    match endpoint {
        Some(url) => StoreOptions::default().endpoint(url).access_key(s3::KEY.0, s3::KEY.1).max_retries(1),
        None => StoreOptions::default(),
    }
}

fn how(mode: &str) -> WriteOptions {
    let options = WriteOptions::default().chunks([("x", 4)]);
    match mode {
        "overwrite" => options.overwrite(),
        "append" => options.append("x"),
        _ => options,
    }
}

/// Run by the tests below in a process of its own: writes 20,000 small chunks.
#[test]
#[ignore = "writes where the tests that start it say"]
fn writes_for_long() {
    let (Ok(place), Ok(mode)) = (std::env::var(PLACE), std::env::var(MODE)) else { return };
    let endpoint = std::env::var(ENDPOINT).ok();
    table(80_000, 2.0).write_with(&place, &options(endpoint.as_deref()), how(&mode)).unwrap();
}

fn start(place: &str, endpoint: Option<&str>, mode: &str) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--ignored", "--exact", "killed::writes_for_long"]).stdout(Stdio::null()).stderr(Stdio::null());
    command.env(PLACE, place).env(MODE, mode);
    if let Some(endpoint) = endpoint {
        command.env(ENDPOINT, endpoint);
    }
    command.spawn().unwrap()
}

/// Kills the writer once `is_at_work` says so, a little later each time.
fn kill(mut writer: Child, wait: Duration, is_at_work: impl Fn() -> bool) {
    let started = Instant::now();
    while !is_at_work() {
        assert!(started.elapsed() < Duration::from_secs(60), "the writer never began");
        assert!(writer.try_wait().unwrap().is_none(), "the writer was done before it could be killed");
        std::thread::sleep(Duration::from_millis(2));
    }
    std::thread::sleep(wait);
    assert!(writer.try_wait().unwrap().is_none(), "the writer was done before it could be killed");
    writer.kill().unwrap();
    writer.wait().unwrap();
}

fn n_files(root: &Path) -> usize {
    let Ok(entries) = std::fs::read_dir(root) else { return 0 };
    entries.flatten().map(|entry| if entry.path().is_dir() { n_files(&entry.path()) } else { 1 }).sum()
}

fn values(url: &str, options: &StoreOptions) -> terracube_cube::Result<Vec<f64>> {
    let dataset = terracube_readers::OpenOptions::new().store(options.clone()).open(url)?;
    dataset.var("t").values()?.to_vec::<f64>()
}

#[test]
fn on_this_machine_what_was_there_stays_whenever_the_writer_dies() {
    let directory = tempfile::tempdir().unwrap();
    for (number, mode) in ["create", "overwrite", "append", "overwrite", "append"].into_iter().enumerate() {
        let folder = directory.path().join(format!("{number}"));
        std::fs::create_dir(&folder).unwrap();
        let place = folder.join("a.zarr").to_str().unwrap().to_owned();
        if mode != "create" {
            table(6, 1.0).write_with(&place, &options(None), how("create")).unwrap();
        }
        let before = n_files(&folder);
        kill(start(&place, None, mode), Duration::from_millis(40 * number as u64), || n_files(&folder) > before + 50);
        match mode {
            "create" => assert_eq!(open(&place).unwrap_err().kind(), ErrorKind::NotFound),
            _ => assert_eq!(values(&place, &options(None)).unwrap(), [1.0; 6], "{mode}"),
        }
        // The next writer is not kept away, and gets what it writes.
        table(3, 5.0).write_with(&place, &options(None), how(mode)).unwrap();
        let wanted = if mode == "append" { vec![1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 5.0, 5.0, 5.0] } else { vec![5.0; 3] };
        assert_eq!(values(&place, &options(None)).unwrap(), wanted, "{mode}");
    }
}

#[test]
fn in_a_bucket_a_killed_writer_leaves_the_old_or_nothing_and_a_mark() {
    let server = s3::start(true);
    let keys = options(Some(&server.url));
    for (number, mode) in ["create", "overwrite", "append"].into_iter().enumerate() {
        let place = format!("s3://data/{number}/a.zarr");
        if mode != "create" {
            table(6, 1.0).write_with(&place, &keys, how("create")).unwrap();
        }
        let bucket = server.path().join(format!("data/{number}"));
        let before = n_files(&bucket);
        kill(start(&place, Some(&server.url), mode), Duration::from_millis(30 * number as u64), || {
            n_files(&bucket) > before + 20
        });
        match mode {
            "create" => assert_eq!(values(&place, &keys).unwrap_err().kind(), ErrorKind::NotFound),
            _ => assert_eq!(values(&place, &keys).unwrap(), [1.0; 6], "{mode}"),
        }
        // An object store has no locks that go with their process: the mark says who it was, and how to go on.
        let busy = table(3, 5.0).write_with(&place, &keys, how(mode)).unwrap_err();
        assert_eq!(busy.kind(), ErrorKind::Exists, "{busy}");
        if mode != "create" {
            assert!(busy.to_string().contains("take_over"), "{busy}");
        }
        let again = if mode == "create" { how("overwrite") } else { how(mode) };
        table(3, 5.0).write_with(&place, &keys, again.take_over()).unwrap();
        let wanted = if mode == "append" { 9 } else { 3 };
        assert_eq!(values(&place, &keys).unwrap().len(), wanted, "{mode}");
        let marks = Store::open(&place, &keys).unwrap().get(".terracube-lock").wait().unwrap();
        assert_eq!(marks, None);
    }
}

/// Of many writers that begin at once, one writes and all others are told so. (In a store in memory: the S3 server of these tests looks
/// whether an object is there and writes it in two steps.)
#[test]
fn of_writers_that_begin_together_one_wins() {
    for round in 0..20 {
        let place = format!("memory://together/{round}.zarr");
        let results: Vec<_> = std::thread::scope(|scope| {
            let place = &place;
            let write = move |i: i32| table(8, f64::from(i)).write_with(place, &options(None), how("create"));
            let writers: Vec<_> = (0..6).map(|i| scope.spawn(move || write(i).map(|_| f64::from(i)))).collect();
            writers.into_iter().map(|writer| writer.join().unwrap()).collect()
        });
        let winners: Vec<f64> = results.iter().flatten().copied().collect();
        assert_eq!(winners.len(), 1, "{results:?}");
        let told = |result: &terracube_cube::Result<f64>| {
            result.as_ref().err().is_none_or(|error| error.kind() == ErrorKind::Exists)
        };
        assert!(results.iter().all(told), "{results:?}");
        assert_eq!(values(&place, &options(None)).unwrap(), [winners[0]; 8]);
    }
}
