//! Bytes that no front end sends, through everything that reads the wire: nothing may panic, and nothing that is not signed
//! is read. `PROPTEST_CASES=100000` looks for longer.
use bytes::Bytes;
use jupyter_zmq_client::{Connection, RawMessage};
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};
use zeromq::{DealerSocket, Socket as _, ZmqMessage};

use super::incoming::Incoming;
use super::request::Request;

const KINDS: &[&str] = &[
    "execute_request",
    "complete_request",
    "inspect_request",
    "is_complete_request",
    "history_request",
    "comm_info_request",
    "comm_open",
    "comm_msg",
    "comm_close",
    "shutdown_request",
    "interrupt_request",
    "kernel_info_request",
    "debug_request",
];

/// As a socket's reader does, with the signature checked only if there is a key.
fn read(frames: Vec<Vec<u8>>, signed: bool) -> Option<Request> {
    let frames: Vec<Bytes> = frames.into_iter().map(Bytes::from).collect();
    let key = if signed { "key" } else { "" };
    let mac = Connection::new(DealerSocket::new(), key, "session").mac;
    let message = ZmqMessage::try_from(frames).ok()?;
    let message = Incoming::decode(RawMessage::from_multipart(message, &mac).ok()?).ok()?;
    Some(Request::read(&message.header.msg_type, &message.content))
}

fn good(kind: &str, content: &Value) -> Vec<Vec<u8>> {
    let header = json!({
        "msg_id": "1", "session": "s", "username": "u", "date": "2026-11-26T12:00:00Z", "msg_type": kind, "version": "5.5",
    });
    let parts = [b"identity".to_vec(), b"<IDS|MSG>".to_vec(), Vec::new(), header.to_string().into_bytes()];
    parts.into_iter().chain([b"{}".to_vec(), b"{}".to_vec(), content.to_string().into_bytes()]).collect()
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(|number| json!(number)),
        ".{0,20}".prop_map(Value::from),
        prop::sample::select(vec!["tail", "range", "search", "ok"]).prop_map(Value::from),
    ];
    let names = vec![
        "code",
        "cursor_pos",
        "silent",
        "hist_access_type",
        "n",
        "start",
        "stop",
        "session",
        "comm_id",
        "data",
        "target_name",
        "pattern",
    ];
    leaf.prop_recursive(4, 40, 6, move |inner| {
        let name = prop_oneof![prop::sample::select(names.clone()).prop_map(str::to_owned), ".{0,8}"];
        prop_oneof![
            vec(inner.clone(), 0..5).prop_map(Value::from),
            vec((name, inner), 0..6).prop_map(|fields| Value::Object(fields.into_iter().collect()))
        ]
    })
}

proptest! {
    #[test]
    fn frames_of_anything_are_refused(mut frames in vec(vec(any::<u8>(), 0..80), 0..9), delimiter in 0_usize..9) {
        if delimiter < frames.len() {
            frames[delimiter] = b"<IDS|MSG>".to_vec();
        }
        prop_assert!(read(frames.clone(), true).is_none());
        read(frames, false);
    }

    #[test]
    fn a_changed_message_is_read_or_refused(kind in prop::sample::select(KINDS), content in any_json(), frame in 0_usize..7, at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<bool>()) {
        let mut frames = good(kind, &content);
        prop_assert!(read(frames.clone(), false).is_some(), "{kind} {content}");
        prop_assert!(read(frames.clone(), true).is_none(), "read without a signature");
        let part = &mut frames[frame];
        if !part.is_empty() {
            let at = at.index(part.len());
            if cut { part.truncate(at) } else { part[at] = byte }
        }
        read(frames, false);
    }

    #[test]
    fn content_of_any_shape_is_read_or_malformed(kind in prop::sample::select(KINDS), content in any_json()) {
        let request = Request::read(kind, &content);
        prop_assert_eq!(kind == "debug_request", request == Request::Unknown);
    }
}
