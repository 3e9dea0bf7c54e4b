//! A front end over real sockets, which renders what it hears as lines of text.
use std::time::Duration;

use bytes::Bytes;
use jupyter_protocol::{Channel, Header, JupyterMessage, JupyterMessageContent, Transport, UnknownMessage};
use jupyter_zmq_client::*;
use serde_json::{Value, json};
use terracube_kernel::{Ended, KernelOptions, Starter, serve};
use tokio::task::JoinHandle;
use zeromq::{SocketRecv as _, SocketSend as _};

const TIMEOUT: Duration = Duration::from_secs(20);

/// The next message of a connection; waits for it as long as [`TIMEOUT`].
macro_rules! hear {
    ($connection:expr) => {{
        let frames = tokio::time::timeout(TIMEOUT, $connection.socket.recv()).await;
        let frames = frames.unwrap_or_else(|_| panic!("nothing on {}", stringify!($connection))).unwrap();
        heard(RawMessage::from_multipart(frames, &$connection.mac).expect("signature"))
    }};
}
/// A message as it came: type, parent's id, content.
#[derive(Debug, Clone)]
pub struct Heard {
    pub kind: String,
    pub parent: String,
    pub content: Value,
}

pub struct Client {
    pub connection: ConnectionInfo,
    pub kernel: JoinHandle<Ended>,
    shell: ClientShellConnection,
    control: ClientControlConnection,
    stdin: ClientStdinConnection,
    iopub: ClientIoPubConnection,
}

/// What came of a request: the reply, and one line for each message on iopub until idle.
pub struct Transcript {
    pub reply: Value,
    pub lines: Vec<String>,
}

impl Client {
    pub async fn start(options: KernelOptions, starter: Starter) -> Self {
        let (ports, listeners) = peek_ports_with_listeners([127, 0, 0, 1].into(), 5).await.unwrap();
        let connection = ConnectionInfo {
            transport: Transport::TCP,
            ip: "127.0.0.1".into(),
            shell_port: ports[0],
            iopub_port: ports[1],
            stdin_port: ports[2],
            control_port: ports[3],
            hb_port: ports[4],
            signature_scheme: "hmac-sha256".into(),
            key: "test-key".into(),
            kernel_name: None,
        };
        drop(listeners);
        let served = connection.clone();
        let kernel = tokio::spawn(async move { serve(&served, options, starter).await.unwrap() });
        tokio::time::sleep(Duration::from_millis(50)).await;
        let session = "session-of-the-test";
        let identity = peer_identity_for_session(session).unwrap();
        let shell = create_client_shell_connection_with_identity(&connection, session, identity.clone()).await.unwrap();
        let stdin = create_client_stdin_connection_with_identity(&connection, session, identity).await.unwrap();
        let control = create_client_control_connection(&connection, session).await.unwrap();
        let iopub = create_client_iopub_connection(&connection, "", session).await.unwrap();
        let mut client = Self { connection, kernel, shell, control, stdin, iopub };
        assert_eq!(client.iopub().await.kind, "iopub_welcome");
        assert_eq!(line(&client.iopub().await), "idle");
        client
    }

    /// Sends a request and returns its id.
    pub async fn send(&mut self, channel: Channel, kind: &str, content: Value) -> String {
        let content = UnknownMessage { msg_type: kind.into(), content };
        let message: JupyterMessage = JupyterMessageContent::from(content).into();
        let id = message.header.msg_id.clone();
        match channel {
            Channel::Shell => self.shell.send(message).await.unwrap(),
            Channel::Control => self.control.send(message).await.unwrap(),
            Channel::Stdin => self.stdin.send(message).await.unwrap(),
            other => panic!("cannot send on {other:?}"),
        }
        id
    }

    pub async fn shell(&mut self) -> Heard {
        hear!(self.shell)
    }

    pub async fn control(&mut self) -> Heard {
        hear!(self.control)
    }

    pub async fn stdin(&mut self) -> Heard {
        hear!(self.stdin)
    }

    pub async fn iopub(&mut self) -> Heard {
        hear!(self.iopub)
    }

    /// Leaves iopub and comes back; the first message heard then.
    pub async fn subscribe_again(&mut self) -> Heard {
        self.iopub = create_client_iopub_connection(&self.connection, "", "session-of-the-test").await.unwrap();
        self.iopub().await
    }

    /// Sends frames as they are on the shell socket.
    pub async fn send_frames(&mut self, frames: &[&[u8]]) {
        let frames: Vec<Bytes> = frames.iter().map(|frame| Bytes::copy_from_slice(frame)).collect();
        self.shell.socket.send(zeromq::ZmqMessage::try_from(frames).unwrap()).await.unwrap();
    }

    /// The lines on iopub that belong to a request, until its idle; other requests' lines are marked with `~`.
    pub async fn until_idle(&mut self, id: &str) -> Vec<String> {
        let mut lines = Vec::new();
        loop {
            let heard = self.iopub().await;
            let mark = if heard.parent == id { "" } else { "~" };
            lines.push(format!("{mark}{}", line(&heard)));
            if lines.last().is_some_and(|line| line == "idle") {
                return lines;
            }
        }
    }

    pub async fn request(&mut self, channel: Channel, kind: &str, content: Value) -> Transcript {
        let id = self.send(channel.clone(), kind, content).await;
        let reply = match channel {
            Channel::Control => self.control().await,
            _ => self.shell().await,
        };
        assert_eq!(reply.parent, id, "{reply:?}");
        assert_eq!(reply.kind, kind.replace("_request", "_reply"));
        Transcript { reply: reply.content, lines: self.until_idle(&id).await }
    }

    pub async fn execute(&mut self, code: &str) -> Transcript {
        self.request(Channel::Shell, "execute_request", json!({"code": code, "allow_stdin": true})).await
    }

    /// Shuts down and returns how the kernel ended.
    pub async fn shutdown(mut self, restart: bool) -> Ended {
        let bye = self.request(Channel::Control, "shutdown_request", json!({"restart": restart})).await;
        assert_eq!(bye.reply, json!({"status": "ok", "restart": restart}));
        tokio::time::timeout(TIMEOUT, self.kernel).await.expect("the kernel did not end").unwrap()
    }
}

fn heard(raw: RawMessage) -> Heard {
    let header: Header = serde_json::from_slice(&raw.jparts[0]).unwrap();
    let parent: Value = serde_json::from_slice(&raw.jparts[1]).unwrap();
    Heard {
        kind: header.msg_type,
        parent: parent["msg_id"].as_str().unwrap_or_default().into(),
        content: serde_json::from_slice(&raw.jparts[3]).unwrap(),
    }
}

/// One message as a line.
fn line(Heard { kind, content, .. }: &Heard) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().trim_end().to_owned();
    match kind.as_str() {
        "status" => text(&content["execution_state"]),
        "stream" => format!("{} {}", text(&content["name"]), text(&content["text"])),
        "execute_input" => format!("input {} {}", content["execution_count"], text(&content["code"])),
        "execute_result" => format!("result {} {}", content["execution_count"], text(&content["data"]["text/plain"])),
        "error" => format!("error {} {}", text(&content["ename"]), text(&content["evalue"])),
        "display_data" | "update_display_data" => {
            let id = text(&content["transient"]["display_id"]);
            format!("{kind} {id} {}", text(&content["data"]["text/html"]))
        }
        _ => format!("{kind} {content}"),
    }
}
