//! A place where data is: name, connection, certificate, permission, ranges, how long answers take, and the dataset itself.
use std::net::ToSocketAddrs as _;
use std::time::{Duration, Instant};

use reqwest::{Client, Response, StatusCode, header};
use terracube::prelude::OpenOptions;

use super::Finding;

/// A server that does not answer for so long does not answer.
const TIMEOUT: Duration = Duration::from_secs(20);
/// Requests of which the latency is the median.
const N_REQUESTS: usize = 5;

/// What is found at a path or URL, from its name to its metadata.
pub(super) fn look_at(url: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Ok(parsed) = reqwest::Url::parse(url)
        && matches!(parsed.scheme(), "http" | "https")
    {
        findings.extend(server(&parsed));
    }
    if findings.iter().all(|finding| finding.health != super::Health::Bad) {
        findings.push(dataset(url));
    }
    findings
}

fn server(url: &reqwest::Url) -> Vec<Finding> {
    let (Some(host), Some(port)) = (url.host_str(), url.port_or_known_default()) else {
        return vec![Finding::bad("URL", format!("{url} names no server"), "")];
    };
    let has_proxy =
        ["https_proxy", "HTTPS_PROXY", "http_proxy", "HTTP_PROXY"].iter().any(|name| std::env::var_os(name).is_some());
    let mut findings = Vec::new();
    let start = Instant::now();
    match (host.trim_matches(['[', ']']), port).to_socket_addrs() {
        Ok(addresses) => {
            let addresses: Vec<String> = addresses.map(|address| address.ip().to_string()).collect();
            findings.push(Finding::good(
                "DNS",
                format!("{host} is {} ({} ms)", addresses.join(", "), start.elapsed().as_millis()),
            ));
        }
        // A proxy looks names up itself.
        Err(error) if has_proxy => {
            findings.push(Finding::poor("DNS", format!("{host}: {error}"), "the proxy may know it"))
        }
        Err(error) => {
            findings.push(Finding::bad(
                "DNS",
                format!("{host}: {error}"),
                "is the name right? Is there a network, or a proxy to be set (HTTPS_PROXY)?",
            ));
            return findings;
        }
    }
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return vec![Finding::bad("runtime", error.to_string(), "")],
    };
    findings.extend(runtime.block_on(requests(url)));
    findings
}

async fn requests(url: &reqwest::Url) -> Vec<Finding> {
    let client = match Client::builder().timeout(TIMEOUT).connect_timeout(TIMEOUT).build() {
        Ok(client) => client,
        Err(error) => {
            return vec![Finding::bad(
                "TLS",
                error.to_string(),
                "are the system's certificates installed (ca-certificates)?",
            )];
        }
    };
    let first_byte = || client.get(url.clone()).header(header::RANGE, "bytes=0-0").send();
    let mut findings = Vec::new();
    let mut times = Vec::new();
    let mut answer = None;
    for _ in 0..N_REQUESTS {
        let start = Instant::now();
        match first_byte().await {
            Ok(response) => {
                times.push(start.elapsed());
                answer = Some(response);
            }
            Err(error) => {
                findings.push(failure(url, &error));
                return findings;
            }
        }
    }
    let Some(answer) = answer else { return findings };
    let scheme = if url.scheme() == "https" { "TLS" } else { "connection" };
    findings.push(Finding::good(scheme, format!("{:?}", answer.version())));
    findings.push(permission(&answer));
    findings.push(ranges(&answer));
    let first = times[0];
    times.sort();
    let median = times[times.len() / 2];
    let found = format!("{} ms an answer, {} ms with the connection", median.as_millis(), first.as_millis());
    findings.push(if median > Duration::from_millis(500) {
        Finding::poor("latency", found, "many small chunks will be slow from here")
    } else {
        Finding::good("latency", found)
    });
    findings
}

fn failure(url: &reqwest::Url, error: &reqwest::Error) -> Finding {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            text = format!("{text}: {inner_text}");
        }
        cause = inner.source();
    }
    let lower = text.to_lowercase();
    if lower.contains("certificate") || lower.contains("tls") || lower.contains("handshake") {
        let hint = "is the clock right? A proxy that opens TLS needs its certificate in SSL_CERT_FILE";
        return Finding::bad("TLS", text, hint);
    }
    let hint = if error.is_timeout() {
        "a firewall may drop the packets; is there a proxy to be set (HTTPS_PROXY)?"
    } else {
        "is the server up, and the port right?"
    };
    Finding::bad("connection", format!("{}: {text}", url.host_str().unwrap_or_default()), hint)
}

fn permission(answer: &Response) -> Finding {
    let status = answer.status();
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::PROXY_AUTHENTICATION_REQUIRED => Finding::bad(
            "permission",
            format!("{status}: the server wants to know who asks"),
            "give a token or key, see the options of `open`",
        ),
        StatusCode::FORBIDDEN => {
            Finding::bad("permission", format!("{status}: not allowed"), "has the token or key run out?")
        }
        // A store is a folder, of which many servers have no page.
        StatusCode::NOT_FOUND => Finding::poor(
            "permission",
            format!("{status}: nothing at the URL itself, as is usual for the folder of a Zarr store"),
            "",
        ),
        status if status.is_server_error() => {
            Finding::bad("permission", format!("the server fails: {status}"), "try again later")
        }
        status => Finding::good("permission", status.to_string()),
    }
}

fn ranges(answer: &Response) -> Finding {
    let accepts = answer.headers().get(header::ACCEPT_RANGES).and_then(|value| value.to_str().ok());
    match answer.status() {
        StatusCode::PARTIAL_CONTENT => Finding::good("ranges", "parts of files can be asked for"),
        StatusCode::OK => Finding::poor(
            "ranges",
            "the server sends whole files only",
            "large NetCDF files and sharded stores will be slow: each is read whole",
        ),
        _ if accepts == Some("bytes") => Finding::good("ranges", "the server says that it has them"),
        status => Finding::poor("ranges", format!("not known from an answer of {status}"), ""),
    }
}

fn dataset(url: &str) -> Finding {
    let start = Instant::now();
    match OpenOptions::new().open(url) {
        Ok(dataset) => {
            let n_variables = dataset.names().count();
            Finding::good("dataset", format!("{n_variables} variables, opened in {} ms", start.elapsed().as_millis()))
        }
        Err(error) => Finding::bad("dataset", error.to_string(), ""),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Health;
    use super::*;
    use std::io::{Read as _, Write as _};

    /// A server that answers every request with the same text; its URL.
    fn serve(answer: &'static str) -> String {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                std::thread::spawn(move || {
                    let mut asked = [0; 4096];
                    while stream.read(&mut asked).is_ok_and(|length| length > 0) {
                        if stream.write_all(answer.as_bytes()).is_err() {
                            return;
                        }
                    }
                });
            }
        });
        format!("http://{address}/store.zarr")
    }

    #[test]
    fn servers_are_told_apart() {
        for (answer, what, health, words) in [
            ("HTTP/1.1 206 Partial Content\r\nContent-Length: 1\r\n\r\nx", "ranges", Health::Good, "parts of files"),
            ("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx", "ranges", Health::Poor, "whole files"),
            (
                "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n",
                "permission",
                Health::Bad,
                "wants to know who asks",
            ),
            ("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", "permission", Health::Bad, "not allowed"),
            (
                "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
                "permission",
                Health::Poor,
                "folder of a Zarr store",
            ),
        ] {
            let url = reqwest::Url::parse(&serve(answer)).unwrap();
            let findings = server(&url);
            let finding =
                findings.iter().find(|finding| finding.what == what).unwrap_or_else(|| panic!("{findings:?}"));
            assert!(finding.health == health && finding.found.contains(words), "{answer}: {finding:?}");
            assert!(findings.iter().any(|finding| finding.what == "DNS" && finding.health == Health::Good));
        }
    }

    #[test]
    fn a_name_that_is_not_known_and_a_closed_port_are_told() {
        let findings = server(&reqwest::Url::parse("http://no-such-host.invalid/x").unwrap());
        assert_eq!((findings[0].what, findings[0].health == Health::Good), ("DNS", false));
        let port = { std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port() };
        let findings = server(&reqwest::Url::parse(&format!("http://127.0.0.1:{port}/x")).unwrap());
        let last = findings.last().unwrap();
        assert_eq!((last.what, last.health), ("connection", Health::Bad), "{findings:?}");
        // A path is opened, without a server.
        let findings = look_at("/no/such/file.nc");
        assert_eq!((findings.len(), findings[0].what, findings[0].health), (1, "dataset", Health::Bad));
    }
}
