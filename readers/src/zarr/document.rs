//! The JSON documents that describe groups and arrays.
use std::borrow::Cow;

use serde_json::{Map, Value};
use terracube_cube::{Error, Result};

/// The version of the Zarr format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Version {
    V2,
    V3,
}

/// What is known of one node.
#[derive(Debug, Clone)]
pub(super) struct Document {
    pub version: Version,
    /// The metadata of an array, without its attributes in version 2; `None` for a group.
    pub array: Option<Value>,
    pub attributes: Map<String, Value>,
}

impl Document {
    /// From a `zarr.json`.
    pub fn v3(mut json: Value) -> Result<Self> {
        let version = json.get("zarr_format").and_then(Value::as_u64);
        if version != Some(3) {
            let found = json.get("zarr_format").map_or("nothing".to_owned(), Value::to_string);
            return Err(Error::unsupported(format!("zarr.json says zarr_format {found}, where 3 is expected")));
        }
        let attributes = take_object(&mut json, "attributes");
        let array = match json.get("node_type").and_then(Value::as_str) {
            Some("array") => Some(json),
            Some("group") => None,
            other => {
                return Err(Error::corrupt(format!("zarr.json says node_type {other:?}: neither array nor group")));
            }
        };
        Ok(Self { version: Version::V3, array, attributes })
    }

    /// From the contents of `.zarray` (`None` for a group) and `.zattrs`.
    pub fn v2(array: Option<Value>, attributes: Option<Value>) -> Self {
        let attributes = match attributes {
            Some(Value::Object(map)) => map,
            _ => Map::new(),
        };
        Self { version: Version::V2, array, attributes }
    }
}

/// JSON as Python writes it: the words NaN, Infinity and -Infinity, which JSON lacks, become strings.
pub(crate) fn parse_json(bytes: &[u8], url: &str) -> Result<Value> {
    let broken = |error: serde_json::Error| {
        Error::corrupt(format!("{url} is no JSON: {error}"))
            .hint("it may be truncated, or the URL may lead to something else")
    };
    match serde_json::from_slice(bytes) {
        Ok(value) => Ok(value),
        Err(error) => match quote_words(bytes) {
            Cow::Owned(quoted) => serde_json::from_slice(&quoted).map_err(broken),
            Cow::Borrowed(_) => Err(broken(error)),
        },
    }
}

fn take_object(json: &mut Value, key: &str) -> Map<String, Value> {
    match json.as_object_mut().and_then(|json| json.shift_remove(key)) {
        Some(Value::Object(map)) => map,
        _ => Map::new(),
    }
}

/// Puts the bare words in quotes; borrowed if there are none.
fn quote_words(bytes: &[u8]) -> Cow<'_, [u8]> {
    let mut quoted = Vec::new();
    let (mut copied, mut at, mut in_string) = (0, 0, false);
    while at < bytes.len() {
        match bytes[at] {
            b'\\' if in_string => at += 1,
            b'"' => in_string = !in_string,
            _ if !in_string => {
                let word =
                    [&b"NaN"[..], b"-Infinity", b"Infinity"].into_iter().find(|word| bytes[at..].starts_with(word));
                if let Some(word) = word {
                    quoted.extend_from_slice(&bytes[copied..at]);
                    quoted.push(b'"');
                    quoted.extend_from_slice(word);
                    quoted.push(b'"');
                    at += word.len();
                    copied = at;
                    continue;
                }
            }
            _ => {}
        }
        at += 1;
    }
    if copied == 0 {
        return Cow::Borrowed(bytes);
    }
    quoted.extend_from_slice(&bytes[copied..]);
    Cow::Owned(quoted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn python_words_are_understood() {
        let json = br#"{"a": NaN, "b": [-Infinity, Infinity, 1], "c": "NaN \" NaN"}"#;
        let value = parse_json(json, "x").unwrap();
        assert_eq!(value.to_string(), r#"{"a":"NaN","b":["-Infinity","Infinity",1],"c":"NaN \" NaN"}"#);
        assert!(parse_json(b"{\"a\": NaN", "http://h/x").unwrap_err().to_string().contains("http://h/x is no JSON"));
    }
}
