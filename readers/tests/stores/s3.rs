//! S3 against a real server on loopback.
use std::net::SocketAddr;
use std::path::Path;

use hyper_util::rt::{TokioExecutor, TokioIo};
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;
use terracube_cube::{Block, DType, ErrorKind};
use terracube_readers::WriteOptions;
use terracube_readers::store::{Store, StoreOptions};
use terracube_readers::zarr::{ArrayToWrite, ZarrGroup, ZarrWriter};

use super::support::{Answer, Server, quick, read, shown};

pub const KEY: (&str, &str) = ("AKIAEXAMPLE", "the-secret-of-the-test");

/// An S3 server over a directory with the bucket `data`; it runs as long as the test.
pub struct S3 {
    pub url: String,
    directory: tempfile::TempDir,
    _runtime: tokio::runtime::Runtime,
}

impl S3 {
    /// The directory that holds the buckets.
    pub fn path(&self) -> &Path {
        self.directory.path()
    }
}

pub fn start(with_keys: bool) -> S3 {
    let directory = tempfile::tempdir().unwrap();
    std::fs::create_dir(directory.path().join("data")).unwrap();
    let mut builder = S3ServiceBuilder::new(s3s_fs::FileSystem::new(directory.path()).unwrap());
    if with_keys {
        builder.set_auth(SimpleAuth::from_single(KEY.0, KEY.1));
    }
    let service = builder.build();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
    let address: SocketAddr = listener.local_addr().unwrap();
    runtime.spawn(async move {
        let server = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new());
        while let Ok((socket, _)) = listener.accept().await {
            let connection = server.serve_connection(TokioIo::new(socket), service.clone()).into_owned();
            tokio::spawn(async move { _ = connection.await });
        }
    });
    S3 { url: format!("http://{address}"), directory, _runtime: runtime }
}

pub fn with_keys(s3: &S3) -> StoreOptions {
    StoreOptions::default().endpoint(&s3.url).access_key(KEY.0, KEY.1).max_retries(1)
}

#[test]
fn a_store_is_written_to_s3_and_read_back() {
    let s3 = start(true);
    let options = with_keys(&s3);
    let block = Block::new(&[7, 5], (0..35).map(f64::from).collect()).unwrap();
    let url = "s3://data/deep/down/a.zarr";
    let write = |options: &StoreOptions, write: WriteOptions, name: &str| {
        let writer = ZarrWriter::create(url, options, write)?;
        writer.write_whole(ArrayToWrite::new(name, ["y", "x"], [7, 5], DType::F64).chunks([3, 3]), &block)?;
        writer.finish()
    };
    write(&options, WriteOptions::default(), "t").unwrap();
    let open = |options: &StoreOptions| ZarrGroup::open(&Store::open(url, options).unwrap());
    let group = open(&options).unwrap();
    assert_eq!(read(&group, "t").unwrap(), shown(&block));
    let names: Vec<_> = Store::open("s3://data/deep", &options).unwrap().list("down/a.zarr").wait().unwrap();
    assert_eq!(
        names.iter().map(|entry| (&entry.name[..], entry.is_dir)).collect::<Vec<_>>(),
        [("t", true), ("zarr.json", false)]
    );

    assert_eq!(write(&options, WriteOptions::default(), "t").unwrap_err().kind(), ErrorKind::Exists);
    write(&options, WriteOptions::default().overwrite(), "u").unwrap();
    let group = open(&options).unwrap();
    assert!(group.array("t").is_err());
    assert_eq!(read(&group, "u").unwrap(), shown(&block));

    let missing = ZarrGroup::open(&Store::open("s3://data/none.zarr", &options).unwrap()).unwrap_err();
    assert!(missing.to_string().starts_with("no Zarr store at s3://data/none.zarr"), "{missing}");

    // Without the right key: the source of the credentials is named, no value.
    let wrong = StoreOptions::default().endpoint(&s3.url).access_key(KEY.0, "wrong-secret").max_retries(0);
    let refused = open(&wrong).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Denied, "{refused}");
    let text = refused.to_string();
    assert!(
        text.contains("s3://data/deep/down/a.zarr/")
            && text.contains("403")
            && text.contains("the access key of the options"),
        "{text}"
    );
    assert!(!text.contains("wrong-secret") && !text.contains(KEY.0), "{text}");
    let anonymous = open(&StoreOptions::default().endpoint(&s3.url).anonymous().max_retries(0)).unwrap_err();
    assert_eq!(anonymous.kind(), ErrorKind::Denied, "{anonymous}");
    let text = anonymous.to_string();
    assert!(
        text.contains("credentials sent: none (anonymous was asked for)") && text.contains("AWS_ACCESS_KEY_ID"),
        "{text}"
    );
}

#[test]
fn a_public_bucket_is_read_without_credentials() {
    let s3 = start(false);
    let options = StoreOptions::default().endpoint(&s3.url).anonymous();
    let store = Store::open("s3://data/x", &options).unwrap();
    store.put("a", "1").wait().unwrap();
    assert_eq!(store.get("a").wait().unwrap().unwrap(), "1");
    assert_eq!(store.get("b").wait().unwrap(), None);
    assert_eq!(store.size("a").wait().unwrap(), Some(1));
}

/// Run by the test below in a process of its own, whose environment it may change: opens `a.zarr` with default options.
#[test]
#[ignore = "needs the environment that `credentials_come_from_environment_and_profiles` gives it"]
fn with_the_environment() {
    let store = Store::open("s3://data/x", &StoreOptions::default().max_retries(0));
    match store.and_then(|store| store.get("a").wait()) {
        Ok(value) => println!("value: {value:?}"),
        Err(error) => println!("error: {error}"),
    }
}

fn in_environment(home: &Path, variables: &[(&str, &str)]) -> String {
    let mut command = std::process::Command::new(std::env::current_exe().unwrap());
    command.args(["--ignored", "--exact", "--nocapture", "s3::with_the_environment"]).env("HOME", home);
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("AWS_")) {
        command.env_remove(name);
    }
    let started = std::time::Instant::now();
    let output = command.envs(variables.iter().copied()).output().unwrap();
    assert!(started.elapsed() < std::time::Duration::from_secs(10), "no metadata service is asked");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn credentials_come_from_environment_and_profiles() {
    let s3 = start(true);
    Store::open("s3://data/x", &with_keys(&s3)).unwrap().put("a", "1").wait().unwrap();
    let home = tempfile::tempdir().unwrap();
    let endpoint = ("AWS_ENDPOINT_URL", &s3.url[..]);
    let none = in_environment(home.path(), &[endpoint]);
    assert!(
        none.contains("credentials sent: none (none were found") && none.contains("no AWS_ACCESS_KEY_ID"),
        "{none}"
    );
    assert!(none.contains(".aws/credentials") && none.contains(&s3.url), "{none}");

    let found =
        in_environment(home.path(), &[endpoint, ("AWS_ACCESS_KEY_ID", KEY.0), ("AWS_SECRET_ACCESS_KEY", KEY.1)]);
    assert!(found.contains("value: Some(b\"1\")"), "{found}");

    std::fs::create_dir(home.path().join(".aws")).unwrap();
    let credentials = format!(
        "[default]\naws_access_key_id = other\naws_secret_access_key = wrong\n[lab]\naws_access_key_id = {}\naws_secret_access_key = {}\n",
        KEY.0, KEY.1
    );
    std::fs::write(home.path().join(".aws/credentials"), credentials).unwrap();
    std::fs::write(
        home.path().join(".aws/config"),
        format!("[profile lab]\nregion = eu-west-1\nendpoint_url = {}\n", s3.url),
    )
    .unwrap();
    let found = in_environment(home.path(), &[("AWS_PROFILE", "lab")]);
    assert!(found.contains("value: Some(b\"1\")"), "{found}");
    let wrong = in_environment(home.path(), &[endpoint]);
    assert!(wrong.contains("403") && wrong.contains("profile `default` of ") && !wrong.contains("wrong"), "{wrong}");
    let unknown = in_environment(home.path(), &[endpoint, ("AWS_PROFILE", "labb")]);
    assert!(unknown.contains("no AWS profile `labb` in "), "{unknown}");
}

#[test]
fn a_bucket_elsewhere_is_explained() {
    let server = Server::start(|_| Answer::status("301 Moved Permanently"));
    let options = quick().endpoint(&server.url).max_retries(0);
    let error = Store::open("s3://data/x", &options).unwrap().get("a").wait().unwrap_err().to_string();
    assert!(error.contains("s3://data/x/a") && error.contains("region"), "{error}");
}
