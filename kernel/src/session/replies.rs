//! Contents that several handlers send.
use jupyter_protocol::{ErrorOutput, JupyterMessageContent, ReplyError, UnknownMessage};
use serde_json::{Value, json};

use crate::evaluator::CellError;

/// A typed content with fields that its type does not have yet.
pub(crate) fn with_fields<const N: usize>(
    content: JupyterMessageContent,
    fields: [(&str, Value); N],
) -> JupyterMessageContent {
    let msg_type = content.message_type().to_owned();
    match serde_json::to_value(&content) {
        Ok(Value::Object(mut object)) => {
            object.extend(fields.map(|(name, value)| (name.to_owned(), value)));
            UnknownMessage { msg_type, content: Value::Object(object) }.into()
        }
        _ => content,
    }
}

/// A content given as JSON, of the type named.
pub(crate) fn content(msg_type: &str, content: Value) -> JupyterMessageContent {
    UnknownMessage { msg_type: msg_type.to_owned(), content }.into()
}

/// The error reply to a request of any type: `x_request` is answered by `x_reply`.
pub(crate) fn error_reply(request_type: &str, name: &str, value: String) -> JupyterMessageContent {
    let reply_type = request_type.replace("_request", "_reply");
    let traceback = vec![format!("{name}: {value}")];
    content(&reply_type, json!({"status": "error", "ename": name, "evalue": value, "traceback": traceback}))
}

/// A cell's error in its reply.
pub(crate) fn reply_error(error: &CellError) -> Box<ReplyError> {
    Box::new(ReplyError { ename: error.name.clone(), evalue: error.value.clone(), traceback: error.lines() })
}

/// A cell's error for all front ends.
pub(crate) fn error_output(error: &CellError) -> ErrorOutput {
    ErrorOutput { ename: error.name.clone(), evalue: error.value.clone(), traceback: error.lines() }
}
