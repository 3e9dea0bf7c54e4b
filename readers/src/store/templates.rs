//! The templates of references, and the rules that make many of them (kerchunk's specification, version 1).
use std::collections::BTreeMap;

use minijinja::value::{Kwargs, Serde};
use minijinja::{Environment, Error as JinjaError};
use serde_json::{Map, Value, json};
use terracube_cube::{Error, Result};

/// References that a rule may make at most.
const MOST: u64 = 20_000_000;
/// Steps that one template may take.
const FUEL: u64 = 20_000;

/// Texts that stand in the place of their names: "{{u}}/file.nc"; with arguments, "{{f(c='a')}}".
pub(super) struct Templates(Environment<'static>);

impl Templates {
    pub(super) fn new(named: &Map<String, Value>) -> Self {
        let mut environment = Environment::new();
        environment.set_fuel(Some(FUEL));
        environment.set_undefined_behavior(minijinja::UndefinedBehavior::Strict);
        for (name, text) in named {
            let Some(text) = text.as_str().map(str::to_owned) else { continue };
            if text.contains("{{") {
                environment.add_function(name.clone(), move |arguments: Kwargs| render(&text, &arguments));
            } else {
                environment.add_global(name.clone(), text);
            }
        }
        Self(environment)
    }

    /// The text with its templates put in, and the values of `dimensions`.
    pub(super) fn filled(&self, text: &str, dimensions: &[(&str, &Value)]) -> Result<String> {
        if !text.contains("{{") {
            return Ok(text.to_owned());
        }
        let values: Map<String, Value> =
            dimensions.iter().map(|(name, value)| ((*name).to_owned(), (*value).clone())).collect();
        self.0
            .render_str(text, Serde(values))
            .map_err(|error| Error::corrupt(format!("the template `{text}` cannot be filled: {error}")))
    }
}

/// A template with arguments of its own.
fn render(text: &str, arguments: &Kwargs) -> std::result::Result<String, JinjaError> {
    let mut environment = Environment::new();
    environment.set_fuel(Some(FUEL));
    let values: BTreeMap<String, minijinja::Value> = arguments
        .args()
        .map(|name| Ok((name.to_owned(), arguments.get(name)?)))
        .collect::<std::result::Result<_, JinjaError>>()?;
    environment.render_str(text, values)
}

/// Adds the references that a rule makes: one for each combination of the values of its dimensions.
pub(super) fn generated(rule: &Value, templates: &Templates, refs: &mut Map<String, Value>) -> Result<()> {
    let wrong = |what: &str| Error::corrupt(format!("it {what}"));
    let text = |field: &str| rule[field].as_str().map(str::to_owned).or_else(|| rule.get(field).map(Value::to_string));
    let (key, url) = (text("key").ok_or_else(|| wrong("has no key"))?, text("url").ok_or_else(|| wrong("has no url"))?);
    let part = match (text("offset"), text("length")) {
        (Some(offset), Some(length)) => Some((offset, length)),
        (None, None) => None,
        _ => return Err(wrong("has an offset without a length, or the other way round")),
    };
    let dimensions = rule["dimensions"].as_object().cloned().unwrap_or_default();
    let mut axes: Vec<(&str, Vec<Value>)> = Vec::with_capacity(dimensions.len());
    let mut n = 1u64;
    for (name, values) in &dimensions {
        let values = values_of(values)
            .ok_or_else(|| wrong(&format!("has values of `{name}` that are neither a list nor a range")))?;
        n = n.saturating_mul(values.len() as u64);
        if n > MOST {
            return Err(wrong(&format!("makes more than {MOST} references")));
        }
        axes.push((name, values));
    }
    for i in 0..n {
        let mut rest = i;
        let mut chosen: Vec<(&str, &Value)> = Vec::with_capacity(axes.len());
        for (name, values) in axes.iter().rev() {
            chosen.push((name, &values[(rest % values.len() as u64) as usize]));
            rest /= values.len() as u64;
        }
        let filled = |text: &str| templates.filled(text, &chosen);
        let number = |text: &str| -> Result<u64> {
            let number = filled(text)?;
            number.trim().parse().map_err(|_| wrong(&format!("gives `{number}` where a number of bytes belongs")))
        };
        let reference = match &part {
            Some((offset, length)) => json!([filled(&url)?, number(offset)?, number(length)?]),
            None => json!([filled(&url)?]),
        };
        refs.insert(filled(&key)?, reference);
    }
    Ok(())
}

/// A list, or {"start", "stop", "step"}.
fn values_of(values: &Value) -> Option<Vec<Value>> {
    if let Some(list) = values.as_array() {
        return Some(list.clone());
    }
    let part = |name: &str, usual: Option<i64>| values.get(name).map_or(usual, Value::as_i64);
    let (start, stop, step) = (part("start", Some(0))?, part("stop", None)?, part("step", Some(1))?);
    if step == 0 || (stop.checked_sub(start)? / step) as u64 > MOST && (stop - start) / step > 0 {
        return None;
    }
    let inside = |at: &i64| if step > 0 { *at < stop } else { *at > stop };
    let values = std::iter::successors(Some(start), |at| at.checked_add(step)).take_while(inside);
    Some(values.map(Value::from).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_specification() {
        let templates = json!({"u": "server.domain/path", "f": "{{c}}"});
        let templates = Templates::new(templates.as_object().unwrap());
        assert_eq!(templates.filled("http://{{u}}", &[]).unwrap(), "http://server.domain/path");
        assert_eq!(templates.filled("http://{{f(c='text')}}", &[]).unwrap(), "http://text");
        let rule = json!({
            "key": "gen_key{{i}}", "url": "http://{{u}}_{{i}}", "offset": "{{(i + 1) * 1000}}", "length": "1000",
            "dimensions": {"i": {"stop": 5}}
        });
        let mut refs = Map::new();
        generated(&rule, &templates, &mut refs).unwrap();
        assert_eq!(refs.len(), 5);
        assert_eq!(refs["gen_key4"], json!(["http://server.domain/path_4", 5000, 1000]));
        let two = json!({"key": "{{a}}.{{b}}", "url": "u", "dimensions": {"a": [1, 2], "b": {"start": 4, "stop": 0, "step": -2}}});
        let mut refs = Map::new();
        generated(&two, &templates, &mut refs).unwrap();
        assert_eq!(refs.keys().collect::<Vec<_>>(), ["1.4", "1.2", "2.4", "2.2"]);
    }

    #[test]
    fn rules_that_lie_are_errors() {
        let templates = Templates::new(&Map::new());
        let rows = [
            (
                json!({"key": "a", "url": "u", "dimensions": {"i": {"stop": 1_000_000_000_000u64}}}),
                "neither a list nor a range",
            ),
            (
                json!({"key": "a", "url": "u", "dimensions": {"i": {"stop": 10_000}, "j": {"stop": 10_000}}}),
                "makes more than",
            ),
            (json!({"key": "a", "url": "u", "offset": "1"}), "offset without a length"),
            (json!({"key": "a{{nothing}}", "url": "u"}), "cannot be filled"),
            (
                json!({"key": "a", "url": "u", "offset": "{{i}}", "length": "x", "dimensions": {"i": [1]}}),
                "where a number of bytes",
            ),
            (json!({"key": "{% for i in range(100000000) %}{{i}}{% endfor %}", "url": "u"}), "cannot be filled"),
        ];
        for (rule, part) in rows {
            let error = generated(&rule, &templates, &mut Map::new()).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
    }
}
