//! The kernel from its connection file to its end.
use std::path::{Path, PathBuf};
use std::time::Duration;

use jupyter_protocol::{ConnectionInfo, Status, Transport};
use tokio::sync::mpsc::unbounded_channel;

use super::comms::CommRegistry;
use super::event_loop::{InFlight, Session};
use super::history::History;
use super::signals;
use super::worker::{Starter, Worker};
use crate::protocol::sockets;

/// How long the end may take for a cell that still runs, and for the last messages.
const STOP_LIMIT: Duration = Duration::from_secs(2);

/// Choices of who starts the kernel.
#[derive(Debug, Clone, Default)]
pub struct KernelOptions {
    /// Where the history is kept between sessions (JSON lines); in memory only if `None`.
    pub history_file: Option<PathBuf>,
    /// Whether SIGINT interrupts the cell, and SIGTERM or the parent's end ends the kernel.
    pub handle_signals: bool,
}

/// How a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended {
    /// Whether whoever asked for the end will start the kernel again.
    pub restart: bool,
}

/// Why a kernel could not run.
#[derive(Debug, thiserror::Error)]
pub enum KernelError {
    /// The connection file cannot be read.
    #[error("cannot read the connection file {path}: {reason}")]
    ConnectionFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The sockets would be open to other machines.
    #[error(
        "the connection's address {0} can be reached from other machines, and messages are signed but not encrypted; \
         use a loopback address or `ipc`, or set TERRACUBE_ALLOW_REMOTE=1 if the network is trusted"
    )]
    Remote(String),
    /// The sockets cannot be bound.
    #[error("cannot bind the sockets of {0}: {1}; is another kernel using this connection file?")]
    Sockets(String, String),
    /// The system gave no thread.
    #[error("cannot start a thread: {0}")]
    Thread(#[from] std::io::Error),
}

/// Serves the connection that Jupyter wrote to a file, until a shutdown request; blocks.
///
/// # Errors
/// If the file cannot be read or the sockets cannot be bound.
pub fn serve_file(path: &Path, options: KernelOptions, starter: Starter) -> Result<Ended, KernelError> {
    let unreadable = |reason: String| KernelError::ConnectionFile { path: path.to_owned(), reason };
    let text = std::fs::read_to_string(path).map_err(|error| unreadable(error.to_string()))?;
    let connection: ConnectionInfo = serde_json::from_str(&text).map_err(|error| unreadable(error.to_string()))?;
    make_private(path);
    let allowed = std::env::var_os("TERRACUBE_ALLOW_REMOTE").is_some_and(|value| !value.is_empty() && value != "0");
    if !is_local(&connection) && !allowed {
        return Err(KernelError::Remote(connection.ip));
    }
    if connection.key.is_empty() {
        tracing::warn!("the connection has no key: every process of this machine can run code in this kernel");
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let ended = runtime.block_on(serve(&connection, options, starter));
    runtime.shutdown_background();
    ended
}

/// Only this machine reaches it.
fn is_local(connection: &ConnectionInfo) -> bool {
    connection.transport == Transport::IPC
        || connection.ip == "localhost"
        || connection.ip.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// The file holds the key: others who could read it cannot any more.
fn make_private(path: &Path) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let Ok(metadata) = std::fs::metadata(path) else { return };
        if metadata.permissions().mode() & 0o077 == 0 {
            return;
        }
        if let Err(error) = std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)) {
            tracing::warn!(%error, path = %path.display(), "others can read the connection file, and run code in this kernel with it");
        }
    }
}

/// Serves one connection until a shutdown request. Requests that need no cell are answered while the evaluator starts.
///
/// # Errors
/// If the sockets cannot be bound.
pub async fn serve(
    connection: &ConnectionInfo,
    options: KernelOptions,
    starter: Starter,
) -> Result<Ended, KernelError> {
    let (sender, mut events) = unbounded_channel();
    let worker = Worker::start(starter, sender.clone())?;
    let (out, writers) = sockets::open(connection, sender.clone())
        .await
        .map_err(|error| KernelError::Sockets(connection.shell_url(), error.to_string()))?;
    if options.handle_signals {
        signals::watch(sender);
    }
    out.publish(None, Status::starting());
    let mut session = Session {
        out,
        worker,
        interrupter: None,
        in_flight: InFlight::Nothing,
        waiting: Default::default(),
        execution_count: 0,
        history: History::open(options.history_file.as_deref()),
        comms: CommRegistry::default(),
        to_cells: None,
        comm_parent: None,
        question: None,
        ended: None,
    };
    let ended = session.run(&mut events).await;
    let Session { out, worker, interrupter, in_flight, .. } = session;
    if let (InFlight::Cell(_), Some(interrupter)) = (in_flight, interrupter) {
        drop(tokio::task::spawn_blocking(move || interrupter()));
    }
    drop(out);
    writers.finish(STOP_LIMIT).await;
    worker.stop(STOP_LIMIT).await;
    Ok(ended)
}
