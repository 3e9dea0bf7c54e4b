//! Showing values from the middle of a cell.
use serde_json::json;
use terracube_display::{MimeBundle, RichDisplay};

use crate::channel;

/// Shows a value now, wherever the cell is; the last expression of a cell is shown without it.
pub fn display(value: &(impl RichDisplay + ?Sized)) {
    send_bundle(&value.mime_bundle(), None, false);
}

/// Shows a value under a name, so that [`update_display`] can replace it.
pub fn display_as(id: &str, value: &(impl RichDisplay + ?Sized)) {
    send_bundle(&value.mime_bundle(), Some(id), false);
}

/// Replaces what [`display_as`] showed under this name, in every cell where it stands.
pub fn update_display(id: &str, value: &(impl RichDisplay + ?Sized)) {
    send_bundle(&value.mime_bundle(), Some(id), true);
}

/// Clears what the cell has shown so far; with `wait`, only when the next output comes (no flicker).
pub fn clear_output(wait: bool) {
    channel::send_in_order(json!({"kind": "clear", "wait": wait}), Vec::new());
}

/// Sends a bundle as a display or as an update of an earlier one.
pub(crate) fn send_bundle(bundle: &MimeBundle, id: Option<&str>, update: bool) {
    let (parts, buffers) = channel::bundle_parts(bundle);
    channel::send_in_order(json!({"kind": "display", "parts": parts, "display_id": id, "update": update}), buffers);
}
