//! From the display contract to Jupyter's MIME bundles.
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jupyter_protocol::{Media, MediaType};
use serde_json::Value;
use terracube_display::{Data, MimeBundle};

/// The bundle as Jupyter writes it: text as strings, bytes in base64, JSON as JSON.
pub(crate) fn media(bundle: &MimeBundle) -> Media {
    Media::new(bundle.parts().iter().map(|(mime, data)| MediaType::Other((mime.clone(), value(data)))).collect())
}

fn value(data: &Data) -> Value {
    match data {
        Data::Text(text) => Value::String(text.clone()),
        Data::Bytes(bytes) => Value::String(STANDARD.encode(bytes)),
        // Text that claims to be JSON and is not stays readable as a string.
        Data::Json(text) => serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.clone())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_data_has_its_wire_form() {
        let bundle = MimeBundle::text("t")
            .with("image/png", Data::Bytes(vec![1, 2, 3]))
            .with("application/json", Data::Json(r#"{"a":[1]}"#.into()))
            .with("application/vnd.x+json", Data::Json("not json".into()));
        let wire = serde_json::to_value(media(&bundle)).unwrap();
        let expected = serde_json::json!({
            "text/plain": "t", "image/png": "AQID", "application/json": {"a": [1]}, "application/vnd.x+json": "not json",
        });
        assert_eq!(wire, expected);
    }
}
