//! The five sockets: one task reads or writes each, and only these tasks touch them.
use std::collections::{HashSet, VecDeque};
use std::time::Duration;

use bytes::Bytes;
use jupyter_protocol::{ConnectionInfo, ExecutionState, IoPubWelcome, JupyterMessageContent, Status};
use jupyter_zmq_client::{
    KernelHeartbeatConnection, KernelIoPubXPubConnection, RawMessage, RouterRecvConnection, RouterSendConnection,
    SubscriptionEvent, create_kernel_control_connection, create_kernel_heartbeat_connection,
    create_kernel_iopub_xpub_connection, create_kernel_shell_connection, create_kernel_stdin_connection,
};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;
use zeromq::{SocketRecv as _, ZmqMessage};

use super::gate::Gate;
use super::incoming::{Channel, Incoming, broadcast};
use super::outgoing::{Outbox, Outgoing};
use crate::session::event::Event;

/// A front end that does not read for this long loses the message; the kernel goes on.
const SEND_TIMEOUT: Duration = Duration::from_secs(10);

/// The writers, to be waited for at the end so that the last replies leave.
pub(crate) struct Writers {
    tasks: Vec<JoinHandle<()>>,
    /// Where the sockets are, if behind a gate.
    _folder: Option<tempfile::TempDir>,
}

/// What the gate may take to carry the last bytes on.
const LAST_BYTES: Duration = Duration::from_millis(20);

impl Writers {
    /// Waits until everything queued was sent, at most `limit`. All clones of the outbox must be gone.
    pub(crate) async fn finish(self, limit: Duration) {
        let all = async {
            for writer in self.tasks {
                drop(writer.await);
            }
        };
        drop(tokio::time::timeout(limit, all).await);
        tokio::time::sleep(LAST_BYTES).await;
    }
}

/// Binds all sockets and starts their tasks; requests arrive as events.
///
/// # Errors
/// If an address is taken or malformed; the error names it.
pub(crate) async fn open(
    connection: &ConnectionInfo,
    events: UnboundedSender<Event>,
) -> Result<(Outbox, Writers), jupyter_zmq_client::RuntimeError> {
    let session = uuid::Uuid::new_v4().to_string();
    let gate = Gate::open(connection).await?;
    let connection = &gate.inside;
    let heartbeat = create_kernel_heartbeat_connection(connection).await?;
    let (shell_send, shell_receive) = create_kernel_shell_connection(connection, &session).await?.split();
    let (control_send, control_receive) = create_kernel_control_connection(connection, &session).await?.split();
    let (stdin_send, stdin_receive) = create_kernel_stdin_connection(connection, &session).await?.split();
    let iopub = create_kernel_iopub_xpub_connection(connection, &session).await?;

    let _folder = gate.serve();
    tokio::spawn(answer_heartbeats(heartbeat));
    let shell = |message| Event::Request { channel: Channel::Shell, message };
    tokio::spawn(read(shell_receive, events.clone(), shell));
    let control = |message| Event::Request { channel: Channel::Control, message };
    tokio::spawn(read(control_receive, events.clone(), control));
    tokio::spawn(read(stdin_receive, events, Event::Input));

    let (shell, shell_queue) = unbounded_channel();
    let (control, control_queue) = unbounded_channel();
    let (stdin, stdin_queue) = unbounded_channel();
    let (iopub_sender, iopub_queue) = unbounded_channel();
    let tasks = vec![
        tokio::spawn(write(shell_send, shell_queue)),
        tokio::spawn(write(control_send, control_queue)),
        tokio::spawn(write(stdin_send, stdin_queue)),
        tokio::spawn(publish(iopub, iopub_queue)),
    ];
    Ok((Outbox { shell, control, stdin, iopub: iopub_sender }, Writers { tasks, _folder }))
}

async fn answer_heartbeats(mut heartbeat: KernelHeartbeatConnection) {
    loop {
        if let Err(error) = heartbeat.single_heartbeat().await {
            tracing::debug!(%error, "heartbeat");
            tokio::time::sleep(Duration::from_millis(10)).await; // so that a lasting error does not spin
        }
    }
}

async fn read(
    mut connection: RouterRecvConnection,
    events: UnboundedSender<Event>,
    wrap: impl Fn(Incoming) -> Event + Send,
) {
    let mut seen = Signatures::default();
    loop {
        let frames = match connection.socket.recv().await {
            Ok(frames) => frames,
            Err(error) => {
                tracing::debug!(%error, "receive");
                tokio::time::sleep(Duration::from_millis(10)).await;
                continue;
            }
        };
        let signature = signature_of(&frames);
        let message = RawMessage::from_multipart(frames, &connection.mac).map_err(|error| error.to_string());
        match message.and_then(Incoming::decode) {
            Ok(message) if !seen.is_new(signature) => {
                tracing::warn!(msg_type = message.header.msg_type, "a message that was sent before was dropped");
            }
            Ok(message) => {
                if events.send(wrap(message)).is_err() {
                    return; // the kernel has ended
                }
            }
            Err(reason) => tracing::warn!(reason, "a message without a good signature or header was dropped"),
        }
    }
}

/// Signatures of the last messages of a socket: who overhears a message cannot send it a second time.
#[derive(Default)]
struct Signatures {
    known: HashSet<Bytes>,
    order: VecDeque<Bytes>,
}

/// As many as jupyter_client remembers.
const MOST_SIGNATURES: usize = 65_536;

impl Signatures {
    /// Whether a signature was not seen before; without one (a connection without a key) every message is new.
    fn is_new(&mut self, signature: Option<Bytes>) -> bool {
        let Some(signature) = signature.filter(|signature| !signature.is_empty()) else { return true };
        if !self.known.insert(signature.clone()) {
            return false;
        }
        self.order.push_back(signature);
        if self.order.len() > MOST_SIGNATURES
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
        true
    }
}

/// The frame behind the delimiter.
fn signature_of(frames: &ZmqMessage) -> Option<Bytes> {
    frames.iter().skip_while(|frame| frame.as_ref() != b"<IDS|MSG>").nth(1).cloned()
}

async fn write(mut connection: RouterSendConnection, mut queue: UnboundedReceiver<Outgoing>) {
    while let Some(Outgoing { message, permit }) = queue.recv().await {
        let kind = message.header.msg_type.clone();
        match tokio::time::timeout(SEND_TIMEOUT, connection.send(message)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::debug!(%error, kind, "the peer is gone"),
            Err(_) => tracing::warn!(kind, "the peer does not read; message dropped"),
        }
        drop(permit);
    }
}

async fn publish(mut iopub: KernelIoPubXPubConnection, mut queue: UnboundedReceiver<Outgoing>) {
    // What was last said of the kernel; it listens already when it is starting.
    let mut state = Status::idle();
    loop {
        tokio::select! {
            outgoing = queue.recv() => {
                let Some(Outgoing { message, permit }) = outgoing else { return };
                if let JupyterMessageContent::Status(status) = &message.content
                    && status.execution_state != ExecutionState::Starting
                {
                    state = status.clone();
                }
                send(&mut iopub, message).await;
                drop(permit);
            }
            subscription = iopub.recv_subscription() => match subscription {
                Ok(SubscriptionEvent::Subscribe(topic)) => {
                    let welcome = broadcast(IoPubWelcome::new(topic).into(), None);
                    send(&mut iopub, welcome).await;
                    // A server that reconnects after a restart may be answered before it listens here, and JupyterLab takes no
                    // notice of the status around `kernel_info_request`: a notebook would not know that the kernel is idle.
                    send(&mut iopub, broadcast(state.clone().into(), None)).await;
                }
                Ok(SubscriptionEvent::Unsubscribe(_)) => {}
                Err(error) => tracing::debug!(%error, "subscription"),
            },
        }
    }
}

async fn send(iopub: &mut KernelIoPubXPubConnection, message: jupyter_protocol::JupyterMessage) {
    let kind = message.header.msg_type.clone();
    match tokio::time::timeout(SEND_TIMEOUT, iopub.send(message)).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!(%error, kind, "iopub"),
        Err(_) => tracing::warn!(kind, "a front end does not read; message dropped"),
    }
}
