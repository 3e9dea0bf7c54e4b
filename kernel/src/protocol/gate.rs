//! What stands between the network and the sockets: frames of a length that no message has end their connection.
//!
//! The `zeromq` crate reserves memory for the length that a frame announces, whoever announces it, so that nine bytes from any
//! process of the machine would end the kernel. TCP ports are therefore served here, and their bytes go on to the crate's
//! sockets, in a folder that only this user can enter.
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jupyter_protocol::{ConnectionInfo, Transport};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UnixStream};

/// The longest message, all its frames together; front ends send a few megabytes at most.
const LONGEST: u64 = 512 << 20;

/// The addresses that the sockets bind, and what leads there. The folder goes when this is dropped.
pub(crate) struct Gate {
    /// The same connection, to be bound by the sockets.
    pub(crate) inside: ConnectionInfo,
    listeners: Vec<(TcpListener, PathBuf)>,
    folder: Option<TempDir>,
}

impl Gate {
    /// Takes the connection's ports. A connection over `ipc` is bound as it is: the file system says who may enter.
    ///
    /// # Errors
    /// If a port is taken, or no folder can be made for the sockets.
    pub(crate) async fn open(connection: &ConnectionInfo) -> io::Result<Self> {
        if connection.transport == Transport::IPC {
            return Ok(Self { inside: connection.clone(), listeners: Vec::new(), folder: None });
        }
        let folder = private_folder()?;
        let prefix = folder.path().join("s").to_string_lossy().into_owned();
        let host = if connection.ip == "*" { "0.0.0.0" } else { &connection.ip };
        let mut listeners = Vec::new();
        let ConnectionInfo { shell_port, iopub_port, stdin_port, control_port, hb_port, .. } = *connection;
        for port in [shell_port, iopub_port, stdin_port, control_port, hb_port] {
            let listener = TcpListener::bind((host, port))
                .await
                .map_err(|error| io::Error::new(error.kind(), format!("port {port}: {error}")))?;
            listeners.push((listener, PathBuf::from(format!("{prefix}-{port}"))));
        }
        let inside = ConnectionInfo { transport: Transport::IPC, ip: prefix, ..connection.clone() };
        Ok(Self { inside, listeners, folder: Some(folder) })
    }

    /// Lets connections in, once the sockets are bound. The sockets' folder is returned, to be kept as long as the kernel runs.
    pub(crate) fn serve(self) -> Option<TempDir> {
        for (listener, path) in self.listeners {
            tokio::spawn(admit(listener, path));
        }
        self.folder
    }
}

/// A folder with a short enough name for a socket (108 bytes), where one can be made.
fn private_folder() -> io::Result<TempDir> {
    let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    let places = runtime.into_iter().chain([std::env::temp_dir(), PathBuf::from("/tmp"), PathBuf::from("/dev/shm")]);
    let mut first_error = None;
    for place in places.filter(|place| place.is_absolute() && place.as_os_str().len() < 70) {
        let made = tempfile::Builder::new().prefix("terracube-").tempdir_in(&place).and_then(|folder| {
            let probe = std::os::unix::net::UnixListener::bind(folder.path().join("s-probe"))?;
            drop(probe);
            Ok(folder)
        });
        match made {
            Ok(folder) => return Ok(folder),
            Err(error) => {
                let error =
                    io::Error::new(error.kind(), format!("no folder for sockets in {}: {error}", place.display()));
                first_error.get_or_insert(error);
            }
        }
    }
    Err(first_error.unwrap_or_else(|| io::Error::other("no folder for sockets: set TMPDIR to one with a short name")))
}

async fn admit(listener: TcpListener, path: PathBuf) {
    loop {
        match listener.accept().await {
            Ok((outside, _)) => {
                let path = path.clone();
                tokio::spawn(async move {
                    if let Err(error) = join(outside, &path).await {
                        tracing::debug!(%error, "a connection ended");
                    }
                });
            }
            Err(error) => {
                tracing::debug!(%error, "accept");
                tokio::time::sleep(Duration::from_millis(10)).await; // so that a lasting error does not spin
            }
        }
    }
}

/// Carries bytes both ways until either side ends.
async fn join(outside: TcpStream, path: &Path) -> io::Result<()> {
    outside.set_nodelay(true)?;
    let (mut from_outside, mut to_outside) = outside.into_split();
    let (mut from_socket, mut to_socket) = UnixStream::connect(path).await?.into_split();
    let inwards = async {
        let mut frames = Frames::default();
        let mut buffer = vec![0; 64 << 10];
        loop {
            let read = from_outside.read(&mut buffer).await?;
            if read == 0 {
                return Ok(());
            }
            frames.pass(&buffer[..read])?;
            to_socket.write_all(&buffer[..read]).await?;
        }
    };
    tokio::select! {
        ended = inwards => ended,
        ended = tokio::io::copy(&mut from_socket, &mut to_outside) => ended.map(drop),
    }
}

/// How far into the frames of ZMTP 3 (https://rfc.zeromq.org/spec/23) a stream of bytes is.
struct Frames {
    at: At,
    /// Bytes of the message that the frame belongs to.
    message: u64,
}

enum At {
    /// Bytes of a greeting or of a frame, still to come.
    Body(u64),
    Flags,
    /// Bytes of a length still to come, what they said so far, and whether more frames of the message follow.
    Length(u8, u64, bool),
}

/// The greeting's length.
const GREETING: u64 = 64;

impl Default for Frames {
    fn default() -> Self {
        Self { at: At::Body(GREETING), message: 0 }
    }
}

impl Frames {
    /// Follows the next bytes.
    ///
    /// # Errors
    /// If a frame in them announces a message longer than [`LONGEST`].
    fn pass(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while let Some((&first, rest)) = bytes.split_first() {
            match self.at {
                At::Body(0) => self.at = At::Flags,
                At::Body(left) => {
                    let here = left.min(bytes.len() as u64);
                    bytes = &bytes[here as usize..];
                    self.at = At::Body(left - here);
                }
                At::Flags => {
                    let (more, long) = (first & 1 != 0, first & 2 != 0);
                    self.at = At::Length(if long { 8 } else { 1 }, 0, more);
                    bytes = rest;
                }
                At::Length(left, said, more) => {
                    let said = said << 8 | u64::from(first);
                    bytes = rest;
                    if left > 1 {
                        self.at = At::Length(left - 1, said, more);
                        continue;
                    }
                    let message = self.message.saturating_add(said);
                    if message > LONGEST {
                        let reason = format!("a message of {message} bytes was announced, and {LONGEST} are the most");
                        return Err(io::Error::new(io::ErrorKind::InvalidData, reason));
                    }
                    self.message = if more { message } else { 0 };
                    self.at = At::Body(said);
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn frame(flags: u8, length: u64) -> Vec<u8> {
        if flags & 2 != 0 { [&[flags][..], &length.to_be_bytes()].concat() } else { vec![flags, length as u8] }
    }

    fn passes(bytes: &[u8]) -> bool {
        Frames::default().pass(&[&[0; GREETING as usize][..], bytes].concat()).is_ok()
    }

    #[test]
    fn lengths_that_no_message_has_are_refused() {
        assert!(passes(&frame(2, LONGEST)));
        assert!(!passes(&frame(2, LONGEST + 1)));
        assert!(!passes(&frame(6, u64::MAX)));
        assert!(!passes(&frame(2, 0x7f7f_7f7f_7f7f_7f7f)));
    }

    #[test]
    fn frames_of_one_message_count_together() {
        let last = [frame(1, 2), vec![0; 2], frame(2, LONGEST - 1)].concat();
        assert!(!passes(&last));
        let next = [frame(0, 2), vec![0; 2], frame(2, LONGEST - 1)].concat();
        assert!(passes(&next));
        assert!(!passes(&[frame(3, u64::MAX - 1), frame(3, 5)].concat()));
    }

    proptest! {
        /// Where the network cuts the stream says nothing: frames are found, and a long one is refused, all the same.
        #[test]
        fn cuts_change_nothing(lengths in vec((0u8..8, 0u64..300), 0..8), bad in any::<bool>(), cuts in vec(1usize..90, 1..40)) {
            let mut bytes = vec![0; GREETING as usize];
            for (flags, length) in lengths {
                let length = if flags & 2 == 0 { length.min(255) } else { length };
                bytes.extend(frame(flags, length));
                bytes.resize(bytes.len() + length as usize, 0xff);
            }
            if bad {
                bytes.extend(frame(2, 1 << 40));
            }
            let mut frames = Frames::default();
            let (mut rest, mut refused) = (bytes.as_slice(), false);
            for cut in cuts.iter().cycle() {
                let (piece, other) = rest.split_at((*cut).min(rest.len()));
                refused |= frames.pass(piece).is_err();
                rest = other;
                if rest.is_empty() || refused {
                    break;
                }
            }
            prop_assert_eq!(refused, bad);
        }
    }
}
