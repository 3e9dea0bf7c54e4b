//! Where messages go out: one handle that every handler holds, one queue per socket, so that no handler waits for a peer.
use jupyter_protocol::{Header, JupyterMessage, JupyterMessageContent, Status};
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::mpsc::UnboundedSender;

use super::incoming::{Channel, Incoming, broadcast};

/// A message on its way. The permit of a cell's output is given back when the message was sent: that is what slows down a
/// cell that prints faster than front ends read.
pub(crate) struct Outgoing {
    pub(crate) message: JupyterMessage,
    pub(crate) permit: Option<OwnedSemaphorePermit>,
}

/// Sends messages. Once the writers have ended, what is sent is dropped.
#[derive(Clone)]
pub(crate) struct Outbox {
    pub(crate) shell: UnboundedSender<Outgoing>,
    pub(crate) control: UnboundedSender<Outgoing>,
    pub(crate) stdin: UnboundedSender<Outgoing>,
    pub(crate) iopub: UnboundedSender<Outgoing>,
}

impl Outbox {
    /// Answers a request on the socket it came from.
    pub(crate) fn reply(&self, channel: Channel, request: &Incoming, content: impl Into<JupyterMessageContent>) {
        let queue = match channel {
            Channel::Shell => &self.shell,
            Channel::Control => &self.control,
        };
        send(queue, request.reply(content), None);
    }

    /// Asks the front end that sent `request` for input.
    pub(crate) fn ask(&self, request: &Incoming, content: impl Into<JupyterMessageContent>) {
        send(&self.stdin, request.reply(content), None);
    }

    /// Tells every front end; `parent` is the request that this belongs to.
    pub(crate) fn publish(&self, parent: Option<&Header>, content: impl Into<JupyterMessageContent>) {
        send(&self.iopub, broadcast(content.into(), parent), None);
    }

    /// Tells every front end of a cell's output, giving back its permit when it was sent.
    pub(crate) fn publish_output(
        &self,
        parent: &Header,
        content: impl Into<JupyterMessageContent>,
        permit: OwnedSemaphorePermit,
    ) {
        send(&self.iopub, broadcast(content.into(), Some(parent)), Some(permit));
    }

    pub(crate) fn busy(&self, parent: &Header) {
        self.publish(Some(parent), Status::busy());
    }

    pub(crate) fn idle(&self, parent: &Header) {
        self.publish(Some(parent), Status::idle());
    }
}

fn send(queue: &UnboundedSender<Outgoing>, message: JupyterMessage, permit: Option<OwnedSemaphorePermit>) {
    // A closed queue means that the kernel is shutting down: nobody is left to tell.
    drop(queue.send(Outgoing { message, permit }));
}
