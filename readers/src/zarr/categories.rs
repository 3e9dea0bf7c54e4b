//! The filter `categorize` of numcodecs: text as the numbers of its labels.
use serde_json::{Map, Value, json};
use terracube_cube::{Error, Result};
use zarrs::array::{ArrayBytes, ArrayBytesOffsets, CodecError, DataType, data_type};

/// More bytes of text than this are refused in one chunk.
const MOST_TEXT: usize = 1 << 30;

/// Labels, and how their numbers are stored.
#[derive(Debug)]
pub(super) struct Categories {
    labels: Vec<String>,
    size: usize,
    is_big: bool,
}

/// Metadata of an array whose first filter is `categorize`, as text of any length for zarrs: whether it is such.
///
/// # Errors
/// If its labels or numbers make no sense.
pub(super) fn prepared(array: &mut Value) -> Result<bool> {
    let filter = &array["filters"][0];
    if filter["id"] != "categorize" {
        return Ok(false);
    }
    let configuration = filter.as_object().cloned().unwrap_or_default();
    Categories::of(&configuration).map_err(Error::unsupported)?;
    array["dtype"] = json!("|O");
    if !array["fill_value"].is_string() {
        array["fill_value"] = json!("");
    }
    Ok(true)
}

impl Categories {
    /// The categories that a configuration of numcodecs tells.
    ///
    /// # Errors
    /// If its labels are not text, or their numbers no integers.
    pub(super) fn of(configuration: &Map<String, Value>) -> Result<Self, String> {
        let labels = configuration.get("labels").and_then(Value::as_array);
        let labels: Option<Vec<String>> =
            labels.and_then(|labels| labels.iter().map(|label| label.as_str().map(str::to_owned)).collect());
        let labels = labels.ok_or("the labels of the filter categorize are no list of text")?;
        let astype = configuration.get("astype").and_then(Value::as_str).unwrap_or("|u1");
        let (order, kind) = astype.split_at_checked(1).unwrap_or_default();
        let size = match kind {
            "u1" | "i1" => 1,
            "u2" | "i2" => 2,
            "u4" | "i4" => 4,
            "u8" | "i8" => 8,
            _ => return Err(format!("the filter categorize with labels stored as `{astype}` is not supported")),
        };
        Ok(Self { labels, size, is_big: order == ">" || order == "=" && cfg!(target_endian = "big") })
    }

    /// The type of the numbers. Those of several bytes come as they are stored: text has no byte order.
    pub(super) fn stored(&self) -> DataType {
        if self.size == 1 { data_type::uint8() } else { data_type::raw_bits(self.size) }
    }

    /// The text of each number; other numbers than those of labels are empty text, as in numcodecs.
    pub(super) fn texts(&self, stored: &[u8]) -> Result<ArrayBytes<'static>, CodecError> {
        let (mut texts, mut offsets) = (Vec::new(), Vec::with_capacity(stored.len() / self.size + 1));
        offsets.push(0);
        for bytes in stored.chunks_exact(self.size) {
            let push = |number: u64, byte: &u8| number << 8 | u64::from(*byte);
            let number = if self.is_big { bytes.iter().fold(0, push) } else { bytes.iter().rev().fold(0, push) };
            let label = number.checked_sub(1).and_then(|at| self.labels.get(usize::try_from(at).ok()?));
            texts.extend_from_slice(label.map_or(b"", |label| label.as_bytes()));
            offsets.push(texts.len());
            if texts.len() > MOST_TEXT {
                return Err(CodecError::Other(
                    "a chunk of the filter categorize has more than 1 GiB of text".to_owned(),
                ));
            }
        }
        let offsets = ArrayBytesOffsets::new(offsets).map_err(|error| CodecError::Other(error.to_string()))?;
        ArrayBytes::new_vlen(texts, offsets).map_err(|error| CodecError::Other(error.to_string()))
    }
}
