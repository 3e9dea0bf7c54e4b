//! Arguments of the steps of a case, out of JSON.
use serde_json::Value;

pub fn float(value: &Value) -> f64 {
    value.as_f64().expect("a number")
}

pub fn floats(list: &Value) -> Vec<f64> {
    list.as_array().expect("a list").iter().map(float).collect()
}

pub fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}

pub fn names(list: &Value) -> Vec<String> {
    list.as_array().expect("names").iter().map(|name| text(name).to_owned()).collect()
}
