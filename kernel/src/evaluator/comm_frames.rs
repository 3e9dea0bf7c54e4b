//! Comms on the side channel: what front ends and cells tell each other, as headers of frames.
use serde_json::{Value, json};

use crate::session::{FromCells, ToCells};

/// The header that takes a message to cells.
pub fn header(message: &ToCells) -> String {
    let header = match message {
        ToCells::Open { id, target, data } => json!({"kind": "open", "id": id, "target": target, "data": data}),
        ToCells::Message { id, data } => json!({"kind": "message", "id": id, "data": data}),
        ToCells::Close { id } => json!({"kind": "close", "id": id}),
    };
    header.to_string()
}

/// What cells say in a frame's header; `None` if it is nothing known.
pub fn read(header: &str) -> Option<FromCells> {
    let mut header: Value = serde_json::from_str(header).ok()?;
    let data = header["data"].take();
    let text = |name: &str| header[name].as_str().map(str::to_owned);
    Some(match header["kind"].as_str()? {
        "target" => FromCells::Target(text("target")?),
        "open" => FromCells::Open { id: text("id")?, target: text("target")?, data },
        "message" => FromCells::Message { id: text("id")?, data },
        "close" => FromCells::Close { id: text("id")? },
        _ => return None,
    })
}
