//! Icechunk repositories: one that the Python package wrote, and our own.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use icechunk::config::{ObjectStoreConfig, RepositoryConfig};
use icechunk::format::ChunkIndices;
use icechunk::format::manifest::{VirtualChunkLocation, VirtualChunkRef};
use icechunk::virtual_chunks::VirtualChunkContainer;
use serde_json::Value;
use terracube_cube::{DataArray, ErrorKind, Result};
use terracube_readers::repository::{Repository, Version};
use terracube_readers::store::{Store, StoreOptions};
use terracube_readers::{OpenOptions, WriteData, WriteOptions, open};

fn data(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name).to_str().unwrap().to_owned()
}

fn values(url: &str, version: Option<Version>, name: &str) -> Result<Vec<f64>> {
    let mut options = OpenOptions::new();
    if let Some(version) = version {
        options = options.version(version);
    }
    Ok(options.open(url)?.var(name).values()?.block().contiguous()?.to_f64()?)
}

fn table(rows: std::ops::Range<i64>, value: f64) -> DataArray {
    let n = (rows.end - rows.start) as usize;
    let values = (0..3 * n).map(|i| value + i as f64).collect::<Vec<f64>>();
    DataArray::from_vec(["time", "x"], &[n, 3], values).with_coord("time", rows.collect::<Vec<i64>>()).named("t")
}

fn commit(message: &str) -> WriteOptions {
    WriteOptions::default().commit(message).chunks([("time", 2)])
}

fn write(array: &DataArray, url: &str, options: WriteOptions) -> Result<()> {
    array.write_with(url, &StoreOptions::default(), options).map(|_| ())
}

/// `versions.icechunk` was written by the Python package 1.1.21 (format 1); versions.json has the ids of its snapshots.
#[test]
fn branches_tags_and_snapshots_of_others_are_read() {
    let url = data("versions.icechunk");
    let ids: Value = serde_json::from_slice(&std::fs::read(data("versions.json")).unwrap()).unwrap();
    let first: Vec<f64> = (0..9).map(f64::from).collect();
    let with = |more: &[f64]| [&first[..], more].concat();
    assert_eq!(values(&url, None, "t").unwrap(), with(&[7.0; 6]));
    assert_eq!(values(&url, Some(Version::Tag("v1".into())), "t").unwrap(), first);
    assert_eq!(values(&url, Some(Version::Branch("dev".into())), "t").unwrap(), with(&[-1.0; 3]));
    let id = ids["dev"].as_str().unwrap().to_owned();
    assert_eq!(values(&url, Some(Version::Snapshot(id)), "t").unwrap(), with(&[-1.0; 3]));
    assert_eq!(values(&url, None, "x").unwrap(), [10.0, 20.0, 30.0]);
    let dataset = open(&url).unwrap();
    assert_eq!(dataset.var("t").attrs().text("units"), Some("K"));
    assert_eq!(dataset.attrs().text("title"), Some("versions"));

    let repository = Repository::open(&url, &StoreOptions::default()).unwrap();
    assert_eq!(
        (repository.branches().unwrap(), repository.tags().unwrap()),
        (vec!["dev".into(), "main".into()], vec!["v1".into()])
    );
    let history = repository.history(&Version::default()).unwrap();
    let messages: Vec<&str> = history.iter().map(|snapshot| &snapshot.message[..]).collect();
    assert_eq!(messages[..2], ["two more", "three times"]);
    assert_eq!((&history[0].id[..], history[0].parent.as_deref()), (ids["main"].as_str().unwrap(), ids["v1"].as_str()));
    assert!(
        history[0].written_at.starts_with("20") && history[0].written_at.ends_with('Z'),
        "{}",
        history[0].written_at
    );

    for (version, part) in [
        (Version::Branch("mian".into()), "did you mean `main`"),
        (Version::Tag("v2".into()), "v1"),
        (Version::Snapshot("zz".into()), "no id of a snapshot"),
        (Version::Snapshot("2CECHNKREP0F1RSTCMT0".into()), "has no snapshot 2CECHNKREP0F1RSTCMT0"),
    ] {
        let error = values(&url, Some(version.clone()), "t").unwrap_err().to_string();
        let names_both = match &version {
            Version::Branch(name) | Version::Tag(name) | Version::Snapshot(name) => {
                error.contains(&name[..]) && error.contains("versions.icechunk")
            }
        };
        assert!(error.contains(part) && names_both, "{error}");
    }
    let error = values(&data("four.nc"), Some(Version::default()), "t").unwrap_err();
    assert!(error.to_string().contains("four.nc"), "{error}");
}

/// A repository of which parts are gone: every error names it and the version that was asked for.
#[test]
fn errors_name_the_repository_and_the_version() {
    let ids: Value = serde_json::from_slice(&std::fs::read(data("versions.json")).unwrap()).unwrap();
    let id = ids["dev"].as_str().unwrap().to_owned();
    let versions = [
        (Version::Branch("dev".into()), "branch `dev`".to_owned()),
        (Version::Tag("v1".into()), "tag `v1`".to_owned()),
        (Version::Snapshot(id.clone()), id),
    ];
    for part in ["snapshots", "manifests", "damaged snapshots"] {
        let directory = tempfile::tempdir().unwrap();
        copy(Path::new(&data("versions.icechunk")), directory.path());
        let folder = directory.path().join(part.trim_start_matches("damaged "));
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if part.starts_with("damaged") {
                std::fs::write(path, b"ICE").unwrap()
            } else {
                std::fs::remove_file(path).unwrap()
            }
        }
        let url = directory.path().to_str().unwrap();
        for (version, name) in &versions {
            let error = values(url, Some(version.clone()), "t").unwrap_err().to_string();
            assert!(error.contains(url) && error.contains(&name[..]), "{part}, {version}: {error}");
        }
        // The branch that is meant where none is named.
        let error = values(url, None, "t").unwrap_err().to_string();
        assert!(error.contains(url) && error.contains("branch `main`"), "{part}: {error}");
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target)
        } else {
            std::fs::copy(entry.path(), target).map(|_| ()).unwrap()
        }
    }
}

#[test]
fn what_is_written_is_one_commit_and_the_past_stays() {
    let directory = tempfile::tempdir().unwrap();
    let url = directory.path().join("repo").to_str().unwrap().to_owned();
    write(&table(0..3, 0.0), &url, commit("first")).unwrap();
    assert_eq!(
        open(&url).unwrap().var("t").values().unwrap().to_vec::<f64>().unwrap(),
        (0..9).map(f64::from).collect::<Vec<_>>()
    );
    let repository = Repository::open(&url, &StoreOptions::default()).unwrap();
    repository.create_tag("v1", &Version::default()).unwrap();
    repository.create_branch("dev", &Version::Tag("v1".into())).unwrap();

    let taken = write(&table(0..3, 0.0), &url, commit("again")).unwrap_err();
    assert_eq!(taken.kind(), ErrorKind::Exists, "{taken}");
    write(&table(3..5, 100.0), &url, commit("more").append("time")).unwrap();
    write(&table(1..2, 50.0), &url, commit("a region").region([("time", 1..2)]).branch("dev")).unwrap();
    let main = values(&url, None, "t").unwrap();
    assert_eq!((main.len(), main[8], main[9], main[14]), (15, 8.0, 100.0, 105.0));
    assert_eq!(values(&url, None, "time").unwrap(), [0.0, 1.0, 2.0, 3.0, 4.0]);
    let dev = values(&url, Some(Version::Branch("dev".into())), "t").unwrap();
    assert_eq!(dev, [0.0, 1.0, 2.0, 50.0, 51.0, 52.0, 6.0, 7.0, 8.0]);
    assert_eq!(values(&url, Some(Version::Tag("v1".into())), "t").unwrap().len(), 9);

    write(&table(0..1, 9.0).named("u"), &url, commit("anew").overwrite()).unwrap();
    let dataset = open(&url).unwrap();
    assert_eq!(dataset.names().collect::<Vec<_>>(), ["u"]);
    let messages: Vec<String> =
        repository.history(&Version::default()).unwrap().into_iter().map(|snapshot| snapshot.message).collect();
    assert_eq!(messages[..3], ["anew", "more", "first"]);
    let absent = write(&table(0..1, 9.0), &url, commit("x").branch("none").overwrite()).unwrap_err();
    assert!(absent.to_string().contains("none"), "{absent}");
    let fails = DataArray::from_vec(["time"], &[2], vec![1.0, 2.0]).named("t");
    assert!(write(&fails, &url, commit("does not fit").append("time")).is_err());
    assert_eq!(repository.history(&Version::default()).unwrap().len(), messages.len(), "what failed is no commit");
}

/// Two writers of one branch: other chunks go together, the same chunks do not.
#[test]
fn commits_that_conflict_are_refused_and_others_are_not() {
    let directory = tempfile::tempdir().unwrap();
    let url = directory.path().join("repo").to_str().unwrap().to_owned();
    write(&table(0..8, 0.0), &url, commit("first")).unwrap();
    // A reduction of the user's holds the first writer until the second has committed.
    static GATE: AtomicU64 = AtomicU64::new(0);
    let race = |mine: std::ops::Range<u64>, theirs: std::ops::Range<u64>| -> Result<()> {
        GATE.store(0, Ordering::SeqCst);
        let n = (mine.end - mine.start) as usize;
        let held = DataArray::from_vec(["time", "x"], &[n, 3], vec![1.0; 3 * n]).map_blocks(
            terracube_cube::DType::F64,
            |block| {
                GATE.fetch_max(1, Ordering::SeqCst);
                while GATE.load(Ordering::SeqCst) < 2 {
                    std::thread::sleep(std::time::Duration::from_millis(5));
                }
                Ok(block.clone())
            },
        );
        let held = held.named("t");
        std::thread::scope(|scope| {
            let first = scope.spawn(|| write(&held, &url, commit("slow").region([("time", mine.clone())])));
            while GATE.load(Ordering::SeqCst) < 1 {
                assert!(!first.is_finished(), "{:?}", first.join());
                std::thread::sleep(std::time::Duration::from_millis(5));
            }
            let n = (theirs.end - theirs.start) as usize;
            let other = DataArray::from_vec(["time", "x"], &[n, 3], vec![2.0; 3 * n]).named("t");
            let second = write(&other, &url, commit("fast").region([("time", theirs.clone())]));
            GATE.store(2, Ordering::SeqCst);
            second.unwrap();
            first.join().unwrap()
        })
    };
    race(0..2, 4..6).unwrap();
    let both = values(&url, None, "t").unwrap();
    assert_eq!((both[0], both[12]), (1.0, 2.0), "chunks of both are there");
    let refused = race(0..2, 0..2).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Exists, "{refused}");
    assert!(refused.to_string().contains("nothing was committed"), "{refused}");
    assert_eq!(values(&url, None, "t").unwrap()[0], 2.0, "the first to commit stays");
}

/// A chunk that stands in a file elsewhere: read where it may be, refused where the repository comes from afar.
#[test]
fn virtual_chunks_are_read_where_they_may_be() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("data/values.bin");
    std::fs::create_dir(directory.path().join("data")).unwrap();
    let stored: Vec<u8> = (0..6).flat_map(|i| f64::from(i).to_le_bytes()).collect();
    std::fs::write(&file, [&[0u8; 16], &stored[..]].concat()).unwrap();
    let url = directory.path().join("repo").to_str().unwrap().to_owned();
    write(&table(0..2, 0.0), &url, commit("first").uncompressed()).unwrap();
    let prefix = format!("file://{}/", directory.path().join("data").display());
    let location = format!("{prefix}values.bin");
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let storage = icechunk::new_local_filesystem_storage(Path::new(&url)).await.unwrap();
        let mut config = RepositoryConfig::default();
        let place = ObjectStoreConfig::LocalFileSystem(directory.path().join("data"));
        config.set_virtual_chunk_container(VirtualChunkContainer::new(prefix, place).unwrap()).unwrap();
        let repository = icechunk::Repository::open(storage).config(config).execute().await.unwrap();
        repository.save_config().await.unwrap();
        let mut session = repository.writable_session("main").await.unwrap();
        let payload = icechunk::format::manifest::ChunkPayload::Virtual(VirtualChunkRef {
            location: VirtualChunkLocation::from_url(&location).unwrap(),
            offset: 16,
            length: 48,
            checksum: None,
        });
        session.set_chunk_ref("/t".try_into().unwrap(), ChunkIndices(vec![0, 0]), Some(payload)).await.unwrap();
        session.commit("virtual").execute().await.unwrap();
    });
    assert_eq!(values(&url, None, "t").unwrap(), [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
    // One that is gone is an error that names the chunk.
    std::fs::remove_file(&file).unwrap();
    let error = values(&url, None, "t").unwrap_err().to_string();
    assert!(error.contains("chunk") && error.contains('t'), "{error}");
}

#[test]
fn a_repository_is_no_plain_store_and_a_plain_store_no_repository() {
    let directory = tempfile::tempdir().unwrap();
    let url = directory.path().join("a.zarr").to_str().unwrap().to_owned();
    write(&table(0..2, 0.0), &url, WriteOptions::default()).unwrap();
    let error = Repository::open(&url, &StoreOptions::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
    let error = write(&table(0..2, 0.0), &url, commit("x")).unwrap_err();
    assert!(error.to_string().contains("a.zarr"), "{error}");
    let error = Repository::create(&url, &StoreOptions::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Exists, "{error}");
    assert_eq!(values(&url, None, "t").unwrap().len(), 6, "what was there is untouched");
    // A store of a version is there to be read.
    let url = data("versions.icechunk");
    let store: Store = Repository::open(&url, &StoreOptions::default()).unwrap().store(&Version::default()).unwrap();
    assert!(store.put("t/c/0/0", "x").wait().is_err());
    assert_eq!(store.get("none/zarr.json").wait().unwrap(), None);
    assert!(store.get("t/zarr.json").wait().unwrap().is_some());
}
