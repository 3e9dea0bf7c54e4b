//! A proxy before a server that does harm as told: it delays, refuses, breaks off, cuts, changes bytes and versions.
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What becomes of one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    None,
    Delay(Duration),
    /// An answer with this status instead.
    Status(&'static str),
    /// The connection is closed without an answer.
    Reset,
    /// The answer breaks off in the middle of its body.
    Cut,
    /// A bit of the body at this byte is changed.
    Flip(usize),
    /// Another version of the object is said to be there.
    OtherVersion,
}

/// A request as it came: its first line.
pub struct Seen {
    pub line: String,
}

/// The proxy; it ends when dropped.
pub struct Proxy {
    pub url: String,
    seen: Arc<Mutex<Vec<String>>>,
    rounds: Arc<Rounds>,
    listening: Arc<AtomicBool>,
}

/// How many requests waited for one another: a request's depth is one more than that of any that was answered before it came.
#[derive(Default)]
struct Rounds {
    answered: AtomicUsize,
    deepest: AtomicUsize,
}

impl Proxy {
    /// A proxy before the server at `target` (`http://host:port`). `fault` is asked for every request, with its number.
    pub fn before(target: &str, fault: impl Fn(&Seen, usize) -> Fault + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let proxy = Self { url, seen: Arc::default(), rounds: Arc::default(), listening: Arc::new(true.into()) };
        let (seen, listening) = (proxy.seen.clone(), proxy.listening.clone());
        let target = target.trim_start_matches("http://").to_owned();
        let fault = Arc::new(fault);
        let number = Arc::new(AtomicUsize::new(0));
        let rounds = proxy.rounds.clone();
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                if !listening.load(Ordering::SeqCst) {
                    return;
                }
                let (target, fault, seen, number) = (target.clone(), fault.clone(), seen.clone(), number.clone());
                let rounds = rounds.clone();
                std::thread::spawn(move || {
                    let mut client = client;
                    // One connection may carry many requests, but each is answered by a connection that is then closed.
                    let depth = AtomicUsize::new(0);
                    let _ = serve(&mut client, &target, &|request| {
                        depth.store(rounds.answered.load(Ordering::SeqCst) + 1, Ordering::SeqCst);
                        rounds.deepest.fetch_max(depth.load(Ordering::SeqCst), Ordering::SeqCst);
                        seen.lock().unwrap().push(request.line.clone());
                        fault(request, number.fetch_add(1, Ordering::SeqCst))
                    });
                    rounds.answered.fetch_max(depth.load(Ordering::SeqCst), Ordering::SeqCst);
                });
            }
        });
        proxy
    }

    /// The most requests so far that waited for one another.
    pub fn deepest(&self) -> usize {
        self.rounds.deepest.load(Ordering::SeqCst)
    }

    /// The first lines of the requests so far, which are forgotten.
    pub fn taken(&self) -> Vec<String> {
        std::mem::take(&mut *self.seen.lock().unwrap())
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.listening.store(false, Ordering::SeqCst);
        let _ = TcpStream::connect(self.url.trim_start_matches("http://"));
    }
}

fn serve(client: &mut TcpStream, target: &str, fault: &dyn Fn(&Seen) -> Fault) -> std::io::Result<()> {
    let (head, body) = message(client)?;
    let line = head.lines().next().unwrap_or_default().to_owned();
    let fault = fault(&Seen { line });
    match fault {
        Fault::Reset => return Ok(()),
        Fault::Status(status) => {
            return write!(client, "HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno");
        }
        Fault::Delay(time) => std::thread::sleep(time),
        _ => {}
    }
    let mut server = TcpStream::connect(target)?;
    let kept: String = head
        .lines()
        .filter(|line| !line.to_lowercase().starts_with("connection:"))
        .map(|line| format!("{line}\r\n"))
        .collect();
    server.write_all(format!("{}Connection: close\r\n\r\n", kept).as_bytes())?;
    server.write_all(&body)?;
    let mut answer = Vec::new();
    server.read_to_end(&mut answer)?;
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").map_or(answer.len(), |at| at + 4);
    match fault {
        Fault::Cut if answer.len() > end => answer.truncate(end + (answer.len() - end) / 2),
        Fault::Flip(at) if answer.len() > end => {
            let at = end + at % (answer.len() - end);
            answer[at] ^= 1;
        }
        Fault::OtherVersion => {
            let head = String::from_utf8_lossy(&answer[..end]).into_owned();
            let other: String = head
                .lines()
                .filter(|line| !line.to_lowercase().starts_with("etag:") && !line.is_empty())
                .map(|line| format!("{line}\r\n"))
                .collect();
            answer = [format!("{other}ETag: \"another\"\r\n\r\n").as_bytes(), &answer[end..]].concat();
        }
        _ => {}
    }
    client.write_all(&answer)?;
    client.flush()
}

/// The head of a request and its body.
fn message(client: &mut TcpStream) -> std::io::Result<(String, Vec<u8>)> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 16 << 10];
    let end = loop {
        if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break at + 4;
        }
        match client.read(&mut buffer)? {
            0 => return Err(std::io::ErrorKind::UnexpectedEof.into()),
            n => bytes.extend_from_slice(&buffer[..n]),
        }
    };
    let head = String::from_utf8_lossy(&bytes[..end - 4]).into_owned();
    let length = head
        .lines()
        .find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.trim().parse::<usize>().ok());
    let mut body = bytes.split_off(end);
    while body.len() < length.unwrap_or(0) {
        match client.read(&mut buffer)? {
            0 => break,
            n => body.extend_from_slice(&buffer[..n]),
        }
    }
    Ok((head, body))
}
