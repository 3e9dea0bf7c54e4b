//! Comms: messages between cells and code in the front end (widgets, panels), beside a cell's outputs. What a front end says
//! is heard on a thread of its own, so that it is answered while a cell runs and between cells.
use std::collections::HashMap;
use std::fmt;
use std::os::unix::net::UnixStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use serde_json::{Value, json};
use terracube_display::frame::Frame;

use crate::channel;

type Listener = Box<dyn FnMut(&str) + Send>;
type Opener = Box<dyn FnMut(Comm, &str) + Send>;

/// One comm. Cloning names the same one; data is JSON text, an object.
///
/// ```no_run
/// use terracube_cells::comm::{self, Comm};
/// // From a cell to the front end, where JavaScript has registered the target:
/// let map = Comm::open("my.map", r#"{"zoom": 3}"#)?;
/// map.on_message(|data| eprintln!("the user clicked: {data}"));
/// map.send(r#"{"centre": [48.5, 2.5]}"#)?;
/// // The other way round:
/// comm::on_open("my.search", |comm, data| drop(comm.send(data)))?;
/// # Ok::<(), terracube_cells::comm::CommError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comm {
    id: String,
}

/// A comm that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommError(String);

impl fmt::Display for CommError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for CommError {}

static NEXT: AtomicU64 = AtomicU64::new(1);
static LISTENERS: Mutex<Option<HashMap<String, Listener>>> = Mutex::new(None);
static OPENERS: Mutex<Option<HashMap<String, Opener>>> = Mutex::new(None);
static KERNEL: OnceLock<Option<Mutex<UnixStream>>> = OnceLock::new();

impl Comm {
    /// Opens a comm for a target that the front end knows.
    ///
    /// # Errors
    /// If `data` is not a JSON object, or there is no kernel (a program, a test).
    pub fn open(target: &str, data: &str) -> Result<Self, CommError> {
        let id = format!("terracube-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        tell(&json!({"kind": "open", "id": id, "target": target, "data": object(data)?}))?;
        Ok(Self { id })
    }

    /// The comm's name in messages.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Sends a message to the other end.
    ///
    /// # Errors
    /// If `data` is not a JSON object, or there is no kernel.
    pub fn send(&self, data: &str) -> Result<(), CommError> {
        tell(&json!({"kind": "message", "id": self.id, "data": object(data)?}))
    }

    /// Calls `listener` with the data of each message from the other end, in the place of an earlier listener.
    pub fn on_message(&self, listener: impl FnMut(&str) + Send + 'static) {
        lock(&LISTENERS).get_or_insert_default().insert(self.id.clone(), Box::new(listener));
    }

    /// Closes the comm; the other end is told.
    pub fn close(self) {
        lock(&LISTENERS).get_or_insert_default().remove(&self.id);
        // Without a kernel nothing is open.
        let _ = tell(&json!({"kind": "close", "id": self.id}));
    }
}

/// Calls `opener` with each comm that a front end opens for this target from now on, and the data that came with it.
///
/// # Errors
/// If there is no kernel.
pub fn on_open(target: &str, opener: impl FnMut(Comm, &str) + Send + 'static) -> Result<(), CommError> {
    lock(&OPENERS).get_or_insert_default().insert(target.to_owned(), Box::new(opener));
    tell(&json!({"kind": "target", "target": target}))
}

fn object(data: &str) -> Result<Value, CommError> {
    match serde_json::from_str(data) {
        Ok(value @ Value::Object(_)) => Ok(value),
        Ok(_) => Err(CommError(format!("`{data:.60}` is no JSON object; write `{{\"name\": value}}`"))),
        Err(error) => Err(CommError(format!("`{data:.60}` is no JSON: {error}"))),
    }
}

fn tell(header: &Value) -> Result<(), CommError> {
    let kernel = KERNEL.get_or_init(|| {
        let stream = channel::connect("comms").ok()??;
        let listening = stream.try_clone().ok()?;
        std::thread::Builder::new().name("comms".into()).spawn(move || listen(listening)).ok()?;
        Some(Mutex::new(stream))
    });
    let nobody = || CommError("there is no kernel to open comms with: this code does not run in a notebook".into());
    let mut stream = kernel.as_ref().ok_or_else(nobody)?.lock().unwrap_or_else(PoisonError::into_inner);
    Frame::new(header.to_string()).write_to(&mut *stream).map_err(|_| nobody())
}

fn listen(mut stream: UnixStream) {
    while let Ok(frame) = Frame::read_from(&mut stream) {
        let Ok(header) = serde_json::from_str::<Value>(&frame.header) else { continue };
        let Some(id) = header["id"].as_str() else { continue };
        let data = header["data"].to_string();
        match header["kind"].as_str() {
            Some("open") => {
                let target = header["target"].as_str().unwrap_or_default();
                // Taken out while it is called, so that it may register others.
                let opener = lock(&OPENERS).get_or_insert_default().remove(target);
                if let Some(mut opener) = opener {
                    // A panic is printed by the hook and must not end the thread.
                    let _ = catch_unwind(AssertUnwindSafe(|| opener(Comm { id: id.to_owned() }, &data)));
                    lock(&OPENERS).get_or_insert_default().entry(target.to_owned()).or_insert(opener);
                }
            }
            Some("message") => {
                let listener = lock(&LISTENERS).get_or_insert_default().remove(id);
                if let Some(mut listener) = listener {
                    let _ = catch_unwind(AssertUnwindSafe(|| listener(&data)));
                    lock(&LISTENERS).get_or_insert_default().entry(id.to_owned()).or_insert(listener);
                }
            }
            Some("close") => {
                lock(&LISTENERS).get_or_insert_default().remove(id);
            }
            _ => {}
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
