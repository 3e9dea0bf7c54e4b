//! Displays on the side channel, as `terracube_cells::channel::bundle_parts` writes them.
use serde_json::Value;
use terracube_display::frame::Frame;
use terracube_display::{Data, MimeBundle};

/// The representations that a frame holds: short text in its header, the rest in buffers.
pub fn bundle(header: &Value, frame: &Frame) -> MimeBundle {
    let mut bundle = MimeBundle::text("");
    for part in header["parts"].as_array().map(Vec::as_slice).unwrap_or_default() {
        let Some(mime) = part["mime"].as_str() else { continue };
        let data = if let Some(text) = part["text"].as_str() {
            Data::Text(text.to_owned())
        } else if let Some(text) = part["json"].as_str() {
            Data::Json(text.to_owned())
        } else {
            let index = part["buffer"].as_u64().and_then(|index| usize::try_from(index).ok());
            let bytes = index.and_then(|index| frame.buffers.get(index)).cloned().unwrap_or_default();
            let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap_or_default();
            match part["as"].as_str() {
                Some("text") => Data::Text(text(bytes)),
                Some("json") => Data::Json(text(bytes)),
                _ => Data::Bytes(bytes),
            }
        };
        bundle = bundle.with(mime, data);
    }
    bundle
}
