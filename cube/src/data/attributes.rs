//! Attributes: typed, in the order in which they were stored.
use std::fmt;
use std::sync::Arc;

/// The value of an attribute: a scalar or a 1-D list of any NetCDF type, or JSON as Zarr has it. A list of one is a scalar.
#[derive(Debug, Clone, PartialEq)]
pub enum Attribute {
    /// Text.
    Text(String),
    /// A list of texts.
    Texts(Vec<String>),
    /// Signed 8-bit integers.
    I8(Vec<i8>),
    /// Signed 16-bit integers.
    I16(Vec<i16>),
    /// Signed 32-bit integers.
    I32(Vec<i32>),
    /// Signed 64-bit integers.
    I64(Vec<i64>),
    /// Unsigned 8-bit integers.
    U8(Vec<u8>),
    /// Unsigned 16-bit integers.
    U16(Vec<u16>),
    /// Unsigned 32-bit integers.
    U32(Vec<u32>),
    /// Unsigned 64-bit integers.
    U64(Vec<u64>),
    /// 32-bit floats.
    F32(Vec<f32>),
    /// 64-bit floats.
    F64(Vec<f64>),
    /// Anything else that JSON can say (nested lists, objects, booleans, null).
    Json(serde_json::Value),
}

impl Attribute {
    /// From JSON: texts, integers and floats become typed, the rest stays JSON.
    ///
    /// ```
    /// use serde_json::json;
    /// use terracube_cube::Attribute;
    /// assert_eq!(Attribute::from_json(json!("K")), Attribute::from("K"));
    /// assert_eq!(Attribute::from_json(json!([1, 2])), Attribute::I64(vec![1, 2]));
    /// ```
    #[track_caller]
    pub fn from_json(value: serde_json::Value) -> Self {
        use serde_json::Value;
        match &value {
            Value::String(text) => return Self::Text(text.clone()),
            Value::Number(number) => {
                if let Some(integer) = number.as_i64() {
                    return Self::I64(vec![integer]);
                }
                return number.as_u64().map_or_else(
                    || Self::F64(vec![number.as_f64().unwrap_or(f64::NAN)]),
                    |integer| Self::U64(vec![integer]),
                );
            }
            Value::Array(items) if !items.is_empty() => {
                if let Some(texts) = items.iter().map(|item| item.as_str().map(str::to_owned)).collect() {
                    return Self::Texts(texts);
                }
                if let Some(integers) = items.iter().map(Value::as_i64).collect() {
                    return Self::I64(integers);
                }
                if let Some(floats) = items.iter().map(Value::as_f64).collect() {
                    return Self::F64(floats);
                }
            }
            _ => {}
        }
        Self::Json(value)
    }

    /// As JSON: a scalar, a list, or what was JSON before. Floats that JSON cannot say become "NaN", "Infinity", "-Infinity".
    ///
    /// ```
    /// use terracube_cube::Attribute;
    /// assert_eq!(Attribute::F32(vec![0.1]).to_json().to_string(), "0.1");
    /// assert_eq!(Attribute::F64(vec![1.0, f64::NAN]).to_json().to_string(), r#"[1.0,"NaN"]"#);
    /// ```
    pub fn to_json(&self) -> serde_json::Value {
        use serde_json::Value;
        fn list<T: Clone>(values: &[T], one: impl Fn(T) -> Value) -> Value {
            match values {
                [only] => one(only.clone()),
                several => Value::Array(several.iter().cloned().map(one).collect()),
            }
        }
        fn float(value: f64) -> Value {
            serde_json::Number::from_f64(value).map_or_else(
                || {
                    let name = if value.is_nan() {
                        "NaN"
                    } else if value > 0.0 {
                        "Infinity"
                    } else {
                        "-Infinity"
                    };
                    Value::String(name.into())
                },
                Value::Number,
            )
        }
        match self {
            Self::Text(text) => Value::String(text.clone()),
            Self::Texts(texts) => Value::Array(texts.iter().cloned().map(Value::String).collect()),
            Self::I8(v) => list(v, Value::from),
            Self::I16(v) => list(v, Value::from),
            Self::I32(v) => list(v, Value::from),
            Self::I64(v) => list(v, Value::from),
            Self::U8(v) => list(v, Value::from),
            Self::U16(v) => list(v, Value::from),
            Self::U32(v) => list(v, Value::from),
            Self::U64(v) => list(v, Value::from),
            // Through text, so that 0.1f32 reads 0.1 and not 0.10000000149.
            Self::F32(v) => list(v, |value| float(value.to_string().parse().unwrap_or(f64::from(value)))),
            Self::F64(v) => list(v, float),
            Self::Json(value) => value.clone(),
        }
    }

    /// The text; `None` if this is no single text.
    ///
    /// ```
    /// use terracube_cube::Attribute;
    /// assert_eq!(Attribute::from("K").as_text(), Some("K"));
    /// assert_eq!(Attribute::from(2.5).as_text(), None);
    /// ```
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Texts(texts) if texts.len() == 1 => Some(&texts[0]),
            Self::Json(value) => value.as_str(),
            _ => None,
        }
    }

    /// All numbers as f64, 64-bit integers rounded; `None` if this holds no numbers.
    ///
    /// ```
    /// use terracube_cube::Attribute;
    /// assert_eq!(Attribute::I16(vec![-1, 2]).numbers(), Some(vec![-1.0, 2.0]));
    /// assert_eq!(Attribute::from("12").numbers(), None);
    /// ```
    pub fn numbers(&self) -> Option<Vec<f64>> {
        Some(match self {
            Self::I8(v) => v.iter().map(|&x| f64::from(x)).collect(),
            Self::I16(v) => v.iter().map(|&x| f64::from(x)).collect(),
            Self::I32(v) => v.iter().map(|&x| f64::from(x)).collect(),
            Self::I64(v) => v.iter().map(|&x| x as f64).collect(),
            Self::U8(v) => v.iter().map(|&x| f64::from(x)).collect(),
            Self::U16(v) => v.iter().map(|&x| f64::from(x)).collect(),
            Self::U32(v) => v.iter().map(|&x| f64::from(x)).collect(),
            Self::U64(v) => v.iter().map(|&x| x as f64).collect(),
            Self::F32(v) => v.iter().map(|&x| f64::from(x)).collect(),
            Self::F64(v) => v.clone(),
            _ => return None,
        })
    }

    /// The first number as f64; `None` if this holds no numbers.
    ///
    /// ```
    /// use terracube_cube::Attribute;
    /// assert_eq!(Attribute::F32(vec![0.5, 2.0]).number(), Some(0.5));
    /// assert_eq!(Attribute::from("K").number(), None);
    /// ```
    pub fn number(&self) -> Option<f64> {
        self.numbers()?.first().copied()
    }
}

impl fmt::Display for Attribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.to_json() {
            serde_json::Value::String(text) => f.write_str(&text),
            other => write!(f, "{other}"),
        }
    }
}

impl From<&str> for Attribute {
    #[track_caller]
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Attribute {
    #[track_caller]
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<f64> for Attribute {
    #[track_caller]
    fn from(value: f64) -> Self {
        Self::F64(vec![value])
    }
}

impl From<i64> for Attribute {
    #[track_caller]
    fn from(value: i64) -> Self {
        Self::I64(vec![value])
    }
}

/// Attributes by name, in stored order. Cheap to clone.
#[derive(Clone, Default, PartialEq)]
pub struct Attributes(Arc<Vec<(String, Attribute)>>);

impl Attributes {
    /// No attributes.
    ///
    /// ```
    /// use terracube_cube::Attributes;
    /// let mut attrs = Attributes::new();
    /// attrs.set("units", "K");
    /// assert_eq!((attrs.len(), attrs.text("units")), (1, Some("K")));
    /// ```
    #[track_caller]
    pub fn new() -> Self {
        Self::default()
    }

    /// The value of an attribute. `None` if there is none of that name.
    ///
    /// ```
    /// use terracube_cube::{Attribute, DataArray};
    /// let t = DataArray::from_vec(["x"], &[1], vec![1.0]).with_attr("height", 2.0);
    /// assert_eq!(t.attrs().get("height"), Some(&Attribute::F64(vec![2.0])));
    /// assert_eq!(t.attrs().get("units"), None);
    /// ```
    pub fn get(&self, name: &str) -> Option<&Attribute> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, value)| value)
    }

    /// The text of an attribute; `None` if it is missing or no text.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[1], vec![1.0]).with_attr("units", "K").with_attr("height", 2.0);
    /// assert_eq!((t.attrs().text("units"), t.attrs().text("height")), (Some("K"), None));
    /// ```
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(Attribute::as_text)
    }

    /// Sets an attribute; one that is there keeps its place.
    ///
    /// ```
    /// use terracube_cube::Attributes;
    /// let mut attrs: Attributes = [("units", "K"), ("title", "t")].into_iter().map(|(name, text)| (name, text.into())).collect();
    /// attrs.set("units", "degC");
    /// assert_eq!(attrs.iter().map(|(name, _)| name).collect::<Vec<_>>(), ["units", "title"]);
    /// assert_eq!(attrs.text("units"), Some("degC"));
    /// ```
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<Attribute>) {
        let (name, value) = (name.into(), value.into());
        let list = Arc::make_mut(&mut self.0);
        match list.iter_mut().find(|(n, _)| *n == name) {
            Some(entry) => entry.1 = value,
            None => list.push((name, value)),
        }
    }

    /// Takes an attribute out. `None` if there is none of that name.
    ///
    /// ```
    /// use terracube_cube::{Attribute, Attributes};
    /// let mut attrs = Attributes::new();
    /// attrs.set("units", "K");
    /// assert_eq!(attrs.remove("units"), Some(Attribute::from("K")));
    /// assert_eq!(attrs.remove("units"), None);
    /// ```
    pub fn remove(&mut self, name: &str) -> Option<Attribute> {
        let position = self.0.iter().position(|(n, _)| n == name)?;
        Some(Arc::make_mut(&mut self.0).remove(position).1)
    }

    /// Names and values in stored order.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[1], vec![1.0]).with_attr("units", "K").with_attr("height", 2);
    /// let texts: Vec<String> = t.attrs().iter().map(|(name, value)| format!("{name}: {value}")).collect();
    /// assert_eq!(texts, ["units: K", "height: 2"]);
    /// ```
    #[track_caller]
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &Attribute)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// The number of attributes.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// assert_eq!(DataArray::from_vec(["x"], &[1], vec![1.0]).with_attr("units", "K").attrs().len(), 1);
    /// ```
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[1], vec![1.0]);
    /// assert!(t.attrs().is_empty() && !t.with_attr("units", "K").attrs().is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Attributes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl<N: Into<String>> FromIterator<(N, Attribute)> for Attributes {
    #[track_caller]
    fn from_iter<I: IntoIterator<Item = (N, Attribute)>>(iter: I) -> Self {
        let mut attributes = Self::new();
        iter.into_iter().for_each(|(name, value)| attributes.set(name, value));
        attributes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_goes_through_unchanged() {
        for text in ["\"a\"", "3", "2.5", "[1,2]", "[1.5,2.0]", "[\"a\",\"b\"]", "[1,\"a\"]", "{\"k\":[null]}", "true"]
        {
            let value: serde_json::Value = serde_json::from_str(text).unwrap();
            assert_eq!(Attribute::from_json(value.clone()).to_json(), value, "{text}");
        }
        assert_eq!(Attribute::F32(vec![0.1]).to_json().to_string(), "0.1");
    }

    #[test]
    fn order_is_kept_and_values_replaced() {
        let mut attributes: Attributes = [("b", Attribute::from(1)), ("a", Attribute::from("x"))].into_iter().collect();
        attributes.set("b", 2);
        assert_eq!(attributes.iter().map(|(name, _)| name).collect::<String>(), "ba");
        assert_eq!(attributes.get("b"), Some(&Attribute::I64(vec![2])));
    }
}
