//! One message as it arrived: routing identities, header, content as JSON. Content is typed later, so that a malformed
//! request still gets its error reply.
use bytes::Bytes;
use jupyter_protocol::{Header, JupyterMessage, JupyterMessageContent};
use jupyter_zmq_client::RawMessage;
use serde_json::{Value, json};

/// The version of the messaging protocol that headers and `kernel_info_reply` name.
pub(crate) const PROTOCOL_VERSION: &str = "5.5";

/// Which socket a request came from; its reply goes to the same one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Channel {
    Shell,
    Control,
}

/// A message whose signature and header are good.
#[derive(Debug, Clone)]
pub(crate) struct Incoming {
    pub(crate) identities: Vec<Bytes>,
    pub(crate) header: Header,
    pub(crate) content: Value,
}

impl Incoming {
    /// Decodes the frames of a verified message.
    ///
    /// # Errors
    /// The text names the frame that is not what the protocol says; such a message cannot be answered.
    pub(crate) fn decode(raw: RawMessage) -> Result<Self, String> {
        let [header, _parent, _metadata, content, ..] = raw.jparts.as_slice() else {
            return Err(format!("{} frames after the signature instead of at least 4", raw.jparts.len()));
        };
        let header = serde_json::from_slice(header).map_err(|error| format!("header: {error}"))?;
        let content = serde_json::from_slice(content).map_err(|error| format!("content: {error}"))?;
        Ok(Self { identities: raw.zmq_identities, header, content })
    }

    /// A message that answers this one on the socket it came from.
    pub(crate) fn reply(&self, content: impl Into<JupyterMessageContent>) -> JupyterMessage {
        message(content.into(), Some(&self.header), self.identities.clone())
    }
}

/// A message for everybody; its first frame is the topic that subscribers filter on.
pub(crate) fn broadcast(content: JupyterMessageContent, parent: Option<&Header>) -> JupyterMessage {
    let topic = match &content {
        JupyterMessageContent::IoPubWelcome(welcome) => welcome.subscription.clone(),
        other => other.message_type().to_owned(),
    };
    message(content, parent, vec![Bytes::from(topic.into_bytes())])
}

fn message(content: JupyterMessageContent, parent: Option<&Header>, identities: Vec<Bytes>) -> JupyterMessage {
    let header = Header {
        msg_id: uuid::Uuid::new_v4().to_string(),
        username: "kernel".to_owned(),
        session: String::new(), // the connection fills in the kernel's session when it sends
        date: chrono::Utc::now(),
        msg_type: content.message_type().to_owned(),
        version: PROTOCOL_VERSION.to_owned(),
    };
    JupyterMessage {
        zmq_identities: identities,
        header,
        parent_header: parent.cloned(),
        metadata: json!({}),
        content,
        buffers: Vec::new(),
        channel: None,
    }
}
