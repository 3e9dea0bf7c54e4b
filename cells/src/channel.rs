//! The child's end of the side channel: frames to the kernel, kept in order with what the cell prints.
//!
//! A frame that must stand at its place among printed lines is sent first and then *marked* on standard output; the
//! kernel shows it when it meets the mark. Without a kernel (a test, a program) frames are dropped.
use std::io::{self, Write};
use std::os::unix::net::UnixStream;
use std::sync::{Mutex, OnceLock, PoisonError};

use serde_json::{Value, json};
use terracube_display::frame::Frame;
use terracube_display::{Data, MimeBundle};

/// The environment variable that holds the path of the kernel's socket.
pub const SOCKET_VARIABLE: &str = "TERRACUBE_SOCKET";
/// The environment variable that holds the word which makes marks unforgeable by printed text.
pub const NONCE_VARIABLE: &str = "TERRACUBE_NONCE";

/// Longer text than this (bytes) goes as a buffer: a header has a limit, and escaping takes time.
const MOST_INLINE: usize = 64 << 10;

struct Connection {
    stream: UnixStream,
    nonce: String,
    sequence: u64,
}

static CONNECTION: OnceLock<Option<Mutex<Connection>>> = OnceLock::new();

/// Whether a kernel listens.
pub fn is_connected() -> bool {
    connection().is_some()
}

/// Sends a frame that stands where printed text stands now: everything printed before it is shown before it.
pub fn send_in_order(mut header: Value, buffers: Vec<Vec<u8>>) {
    let Some(connection) = connection() else { return };
    // The lock on standard output keeps other threads' lines out from between the flush and the mark.
    let mut stdout = io::stdout().lock();
    let _ = stdout.flush();
    let mark = {
        let mut connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
        connection.sequence += 1;
        header["sequence"] = json!(connection.sequence);
        // A kernel that is gone takes the child with it shortly; there is nobody to tell.
        let _ = Frame { header: header.to_string(), buffers }.write_to(&mut connection.stream);
        format!("\u{1e}{}:{}\u{1e}", connection.nonce, connection.sequence)
    };
    write_raw(libc::STDOUT_FILENO, mark.as_bytes());
}

/// A header part and the buffers for a bundle: text and JSON inline, bytes as buffers.
pub fn bundle_parts(bundle: &MimeBundle) -> (Value, Vec<Vec<u8>>) {
    let mut buffers: Vec<Vec<u8>> = Vec::new();
    let mut buffer = |bytes: &[u8]| {
        buffers.push(bytes.to_vec());
        buffers.len() - 1
    };
    let parts: Vec<Value> = bundle
        .parts()
        .iter()
        .map(|(mime, data)| match data {
            Data::Text(text) if text.len() <= MOST_INLINE => json!({"mime": mime, "text": text}),
            Data::Json(text) if text.len() <= MOST_INLINE => json!({"mime": mime, "json": text}),
            Data::Text(text) => json!({"mime": mime, "buffer": buffer(text.as_bytes()), "as": "text"}),
            Data::Json(text) => json!({"mime": mime, "buffer": buffer(text.as_bytes()), "as": "json"}),
            Data::Bytes(bytes) => json!({"mime": mime, "buffer": buffer(bytes)}),
        })
        .collect();
    (Value::Array(parts), buffers)
}

/// A new connection to the kernel; `None` without a kernel.
pub(crate) fn connect(role: &str) -> io::Result<Option<UnixStream>> {
    let (Some(path), Ok(nonce)) = (std::env::var_os(SOCKET_VARIABLE), std::env::var(NONCE_VARIABLE)) else {
        return Ok(None);
    };
    let mut stream = UnixStream::connect(path)?;
    let hello = json!({"kind": "hello", "role": role, "nonce": nonce, "pid": std::process::id()});
    Frame::new(hello.to_string()).write_to(&mut stream)?;
    Ok(Some(stream))
}

fn connection() -> Option<&'static Mutex<Connection>> {
    CONNECTION
        .get_or_init(|| {
            let nonce = std::env::var(NONCE_VARIABLE).ok()?;
            let stream = connect("frames").ok()??;
            Some(Mutex::new(Connection { stream, nonce, sequence: 0 }))
        })
        .as_ref()
}

/// Writes to a file descriptor past Rust's buffers, which the caller has flushed.
fn write_raw(descriptor: i32, mut bytes: &[u8]) {
    while !bytes.is_empty() {
        // SAFETY: the pointer and the length are those of a live slice.
        let written = unsafe { libc::write(descriptor, bytes.as_ptr().cast(), bytes.len()) };
        match usize::try_from(written) {
            Ok(written) => bytes = bytes.get(written..).unwrap_or_default(),
            Err(_) if io::Error::last_os_error().kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return,
        }
    }
}
