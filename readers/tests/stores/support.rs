//! Reading whole arrays as the engine would, and a web server that misbehaves as told.
use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use terracube_cube::base::BlockData;
use terracube_cube::source::{Fetch, Source};
use terracube_cube::{Block, DType, Region, Result};
use terracube_readers::store::{Store, StoreOptions};
use terracube_readers::zarr::ZarrGroup;

/// The values of a source, fetched and decoded chunk by chunk; numbers as f64.
pub fn read_all(source: &dyn Source) -> Result<Vec<String>> {
    let grid = source.grid();
    let shape = grid.shape();
    let mut all = vec![String::new(); shape.iter().product::<u64>() as usize];
    for region in grid.touching(&Region::whole(&shape)) {
        let encoded = match source.fetch(&region) {
            Fetch::Ready(encoded) => encoded?,
            Fetch::Pending(future) => futures::executor::block_on(future)?,
            Fetch::Blocking(read) => read()?,
        };
        assert!(encoded.n_bytes() <= source.encoded_bound(&region));
        let block = source.decode(encoded, &region)?;
        assert_eq!((block.dtype(), block.shape()), (source.dtype(), &region.extents()[..]));
        for (value, position) in shown(&block).into_iter().zip(positions(&region, &shape)) {
            all[position] = value;
        }
    }
    Ok(all)
}

/// The values of an array of a group.
pub fn read(group: &ZarrGroup, name: &str) -> Result<Vec<String>> {
    read_all(&*group.array(name)?.source()?)
}

/// Opens a Zarr group.
pub fn open(url: &str) -> Result<ZarrGroup> {
    ZarrGroup::open(&Store::open(url, &quick())?)
}

/// Options that give up soon.
pub fn quick() -> StoreOptions {
    StoreOptions::default().without_header_cache().max_retries(3).total_timeout(Duration::from_secs(10)).anonymous()
}

/// The values of a block as text: one form for all dtypes.
pub fn shown(block: &Block) -> Vec<String> {
    let block = block.contiguous().unwrap();
    match (block.data(), block.dtype()) {
        (BlockData::Text(texts), _) => texts.iter().map(|text| text.unwrap().to_owned()).collect(),
        (_, DType::I64 | DType::U64 | DType::Time { .. } | DType::Duration { .. }) => {
            let signed = block.values::<i64>().map(|v| v.iter().map(i64::to_string).collect());
            signed.unwrap_or_else(|_| block.values::<u64>().unwrap().iter().map(u64::to_string).collect())
        }
        (_, DType::F32) => block.values::<f32>().unwrap().iter().map(f32::to_string).collect(),
        _ => block.to_f64().unwrap().iter().map(f64::to_string).collect(),
    }
}

/// Where the positions of a region stand in a C-ordered array.
fn positions(region: &Region, shape: &[u64]) -> Vec<usize> {
    let extents = region.extents();
    (0..extents.iter().product::<usize>())
        .map(|mut rest| {
            let (mut at, mut step) = (0, 1);
            for axis in (0..extents.len()).rev() {
                at += (region.range(axis).start as usize + rest % extents[axis]) * step;
                rest /= extents[axis];
                step *= shape[axis] as usize;
            }
            at
        })
        .collect()
}

/// A request as the server saw it.
#[derive(Debug, Clone)]
pub struct Request {
    pub method: String,
    /// Path and query.
    pub target: String,
    /// Names in lower case.
    pub headers: HashMap<String, String>,
}

/// What the server answers.
pub struct Answer {
    pub status: &'static str,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
    /// Bytes that the header promises beyond those that come.
    pub missing: usize,
    pub delay: Duration,
}

impl Answer {
    pub fn status(status: &'static str) -> Self {
        Self { status, headers: Vec::new(), body: b"<html>no</html>".to_vec(), missing: 0, delay: Duration::ZERO }
    }

    pub fn ok(body: impl Into<Vec<u8>>) -> Self {
        Self { body: body.into(), ..Self::status("200 OK") }
    }
}

type Handler = dyn Fn(&Request) -> Answer + Send + Sync;

/// A web server on loopback, one thread per connection; it ends when dropped.
pub struct Server {
    pub url: String,
    pub requests: Arc<Mutex<Vec<Request>>>,
    /// The most requests that were under way at once.
    pub most_at_once: Arc<AtomicUsize>,
    listening: Arc<std::sync::atomic::AtomicBool>,
}

impl Server {
    pub fn start(handler: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> Self {
        Self::start_with(None, handler)
    }

    /// A server that speaks TLS with this certificate and key.
    pub fn start_tls(
        tls: Arc<rustls::ServerConfig>,
        handler: impl Fn(&Request) -> Answer + Send + Sync + 'static,
    ) -> Self {
        Self::start_with(Some(tls), handler)
    }

    fn start_with(
        tls: Option<Arc<rustls::ServerConfig>>,
        handler: impl Fn(&Request) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = Self {
            url: format!("http://{}", listener.local_addr().unwrap()),
            requests: Arc::default(),
            most_at_once: Arc::default(),
            listening: Arc::new(true.into()),
        };
        let handler: Arc<Handler> = Arc::new(handler);
        let (requests, most, listening) =
            (server.requests.clone(), server.most_at_once.clone(), server.listening.clone());
        let now = Arc::new(AtomicUsize::new(0));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if !listening.load(Ordering::SeqCst) {
                    return;
                }
                let (handler, requests, most, now) = (handler.clone(), requests.clone(), most.clone(), now.clone());
                let tls = tls.clone();
                std::thread::spawn(move || {
                    let Ok(stream) = stream else { return };
                    let mut stream: Box<dyn Stream> = match tls {
                        None => Box::new(stream),
                        Some(config) => {
                            Box::new(rustls::StreamOwned::new(rustls::ServerConnection::new(config).unwrap(), stream))
                        }
                    };
                    let Some(request) = receive(&mut stream) else { return };
                    most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    requests.lock().unwrap().push(request.clone());
                    let answer = handler(&request);
                    std::thread::sleep(answer.delay);
                    now.fetch_sub(1, Ordering::SeqCst);
                    let _ = send(&mut stream, &request, &answer);
                });
            }
        });
        server
    }

    /// The requests so far as "METHOD target [range]", and forgets them.
    pub fn taken(&self) -> Vec<String> {
        let requests = std::mem::take(&mut *self.requests.lock().unwrap());
        let shown = |r: Request| {
            format!("{} {} {}", r.method, r.target, r.headers.get("range").map_or("", |range| range.as_str()))
        };
        requests.into_iter().map(shown).collect()
    }

    /// Serves the files of a directory, with ranges, without listing; `first` may answer before.
    pub fn files(
        root: &std::path::Path,
        first: impl Fn(&Request, usize) -> Option<Answer> + Send + Sync + 'static,
    ) -> Self {
        let root = root.to_owned();
        let n_requests = AtomicUsize::new(0);
        Self::start(move |request| {
            if let Some(answer) = first(request, n_requests.fetch_add(1, Ordering::SeqCst)) {
                return answer;
            }
            if request.method != "GET" && request.method != "HEAD" {
                return Answer::status("501 Unsupported method");
            }
            let path = request.target.split('?').next().unwrap().trim_start_matches('/');
            match std::fs::read(root.join(path)) {
                Ok(bytes) => partial(request, bytes),
                Err(_) => Answer::status("404 Not Found"),
            }
        })
    }

    pub fn n_requests(&self) -> usize {
        self.requests.lock().unwrap().len()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.listening.store(false, Ordering::SeqCst);
        // Wakes the listener, so that it sees the flag.
        let _ = TcpStream::connect(self.url.trim_start_matches("http://"));
    }
}

fn partial(request: &Request, bytes: Vec<u8>) -> Answer {
    let Some(range) = request.headers.get("range") else { return Answer::ok(bytes) };
    let (start, end) = range.trim_start_matches("bytes=").split_once('-').unwrap();
    let (start, end) = match (start.parse::<usize>(), end.parse::<usize>()) {
        (Ok(start), Ok(end)) => (start, (end + 1).min(bytes.len())),
        (Ok(start), Err(_)) => (start, bytes.len()),
        (Err(_), end) => (bytes.len() - end.unwrap().min(bytes.len()), bytes.len()),
    };
    if start >= bytes.len() {
        return Answer::status("416 Range Not Satisfiable");
    }
    let content_range = format!("bytes {start}-{}/{}", end - 1, bytes.len());
    Answer {
        headers: vec![("Content-Range", content_range)],
        body: bytes[start..end].to_vec(),
        ..Answer::status("206 Partial Content")
    }
}

/// A connection, encrypted or not.
trait Stream: Read + Write + Send {}
impl<T: Read + Write + Send> Stream for T {}

fn receive(stream: &mut impl Read) -> Option<Request> {
    let mut lines = BufReader::new(stream).lines().map_while(std::result::Result::ok);
    let first = lines.next()?;
    let mut words = first.split(' ');
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let headers = lines.take_while(|line| !line.is_empty());
    let headers =
        headers.filter_map(|line| line.split_once(": ").map(|(n, v)| (n.to_lowercase(), v.to_owned()))).collect();
    Some(Request { method, target, headers })
}

fn send(stream: &mut impl Write, request: &Request, answer: &Answer) -> std::io::Result<()> {
    write!(
        stream,
        "HTTP/1.1 {}\r\nConnection: close\r\nContent-Length: {}\r\n",
        answer.status,
        answer.body.len() + answer.missing
    )?;
    for (name, value) in &answer.headers {
        write!(stream, "{name}: {value}\r\n")?;
    }
    stream.write_all(b"\r\n")?;
    if request.method != "HEAD" {
        stream.write_all(&answer.body)?;
    }
    stream.flush()
}

/// Writes an array with metadata as given and values from `value`, by zarrs: an independent hand.
pub fn write_by_zarrs<T: zarrs::array::Element>(root: &std::path::Path, path: &str, metadata: &Value, values: &[T]) {
    use zarrs::array::{Array, ArrayMetadata};
    let store = Arc::new(zarrs::filesystem::FilesystemStore::new(root).unwrap());
    let metadata = match metadata["zarr_format"].as_u64() {
        Some(2) => ArrayMetadata::V2(serde_json::from_value(metadata.clone()).unwrap()),
        _ => ArrayMetadata::V3(serde_json::from_value(metadata.clone()).unwrap()),
    };
    let array = Array::new_with_metadata(store, path, metadata).unwrap();
    array.store_metadata().unwrap();
    array.store_array_subset(&array.subset_all(), values).unwrap();
}
