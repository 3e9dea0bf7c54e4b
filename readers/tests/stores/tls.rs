//! Encrypted connections: a private authority, and a proxy that tunnels.
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use terracube_cube::ErrorKind;
use terracube_readers::store::{Store, StoreOptions};

use super::support::{Answer, Server, quick};

/// An authority's certificate as PEM, and a server's configuration with a certificate that it signed for these names.
fn authority(names: &[&str]) -> (String, Arc<rustls::ServerConfig>) {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let names: Vec<String> = names.iter().map(ToString::to_string).collect();
    let certificate = CertificateParams::new(names).unwrap().signed_by(&key, &issuer).unwrap();
    let key = rustls::pki_types::PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let config = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    (issuer.pem(), Arc::new(config))
}

fn written(directory: &Path, pem: &str) -> PathBuf {
    let path = directory.join("ca.pem");
    std::fs::write(&path, pem).unwrap();
    path
}

#[test]
fn a_private_authority_is_trusted_where_it_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let (pem, config) = authority(&["localhost"]);
    let server = Server::start_tls(config, |_| Answer::ok("secret garden"));
    let url = server.url.replace("http://127.0.0.1", "https://localhost");
    let get = |options: StoreOptions| Store::open(&url, &options).unwrap().get("x").wait();
    let trusted = get(quick().max_retries(0).ca_bundle(written(directory.path(), &pem)));
    assert_eq!(trusted.unwrap().unwrap(), "secret garden");
    // Unknown to the system, and signed by another authority.
    let other = written(directory.path(), &authority(&["localhost"]).0);
    for options in [quick().max_retries(0), quick().max_retries(0).ca_bundle(other)] {
        let error = get(options).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Io, "{error}");
        assert!(error.to_string().contains("certificate"), "{error}");
    }
}

/// Run by the test below in a process of its own, whose environment it may change.
#[test]
#[ignore = "needs the environment that `the_environment_names_authorities_and_tunnels` gives it"]
fn in_that_environment() {
    let url = std::env::var("TERRACUBE_TEST_URL").unwrap();
    let value = Store::open(&url, &quick().max_retries(0)).unwrap().get("x").wait();
    match value {
        Ok(value) => println!("value: {value:?}"),
        Err(error) => println!("error: {error}"),
    }
}

fn run(url: &str, variables: &[(&str, &str)]) -> String {
    let mut command = std::process::Command::new(std::env::current_exe().unwrap());
    command.args(["--ignored", "--exact", "--nocapture", "tls::in_that_environment"]);
    for name in ["SSL_CERT_FILE", "AWS_CA_BUNDLE", "HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy", "ALL_PROXY"] {
        command.env_remove(name);
    }
    let output = command.env("TERRACUBE_TEST_URL", url).envs(variables.iter().copied()).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_environment_names_authorities_and_tunnels() {
    let directory = tempfile::tempdir().unwrap();
    let (pem, config) = authority(&["localhost", "data.invalid"]);
    let server = Server::start_tls(config, |_| Answer::ok("secret garden"));
    let bundle = written(directory.path(), &pem);
    let bundle = bundle.to_str().unwrap();
    let url = server.url.replace("http://127.0.0.1", "https://localhost");
    for name in ["SSL_CERT_FILE", "AWS_CA_BUNDLE"] {
        let found = run(&url, &[(name, bundle)]);
        assert!(found.contains("secret garden"), "{name}: {found}");
    }
    assert!(run(&url, &[]).contains("certificate"), "nobody vouches for it");

    // The name leads nowhere but through the proxy.
    let (proxy, asked) = tunnel(server.url.trim_start_matches("http://").to_owned());
    let found = run("https://data.invalid/a", &[("HTTPS_PROXY", &proxy), ("SSL_CERT_FILE", bundle)]);
    assert!(found.contains("secret garden"), "{found}");
    assert_eq!(*asked.lock().unwrap(), ["CONNECT data.invalid:443 HTTP/1.1"]);
    let found = run(&url, &[("HTTPS_PROXY", &proxy), ("NO_PROXY", "localhost"), ("SSL_CERT_FILE", bundle)]);
    assert!(found.contains("secret garden"), "{found}");
    assert_eq!(asked.lock().unwrap().len(), 1, "what NO_PROXY names goes straight");
}

/// A proxy whose every tunnel ends at `target`, and the first lines that it was sent.
fn tunnel(target: String) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let asked = Arc::new(Mutex::new(Vec::new()));
    let seen = asked.clone();
    std::thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let (target, seen) = (target.clone(), seen.clone());
            std::thread::spawn(move || carry(client, &target, &seen));
        }
    });
    (url, asked)
}

fn carry(mut client: TcpStream, target: &str, seen: &Mutex<Vec<String>>) -> Option<()> {
    let mut lines = BufReader::new(client.try_clone().ok()?).lines().map_while(Result::ok);
    seen.lock().unwrap().push(lines.next()?);
    lines.take_while(|line| !line.is_empty()).for_each(drop);
    let mut server = TcpStream::connect(target).ok()?;
    client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").ok()?;
    let (mut from, mut to) = (client.try_clone().ok()?, server.try_clone().ok()?);
    let up = std::thread::spawn(move || std::io::copy(&mut from, &mut to));
    std::io::copy(&mut server, &mut client).ok()?;
    drop(up);
    client.shutdown(std::net::Shutdown::Both).ok()
}
