//! `terracube info`: what a dataset is, without reading its values.
use std::io::Write as _;

use terracube::display::RichDisplay as _;
use terracube::readers::inspect;

use crate::arguments::LookArguments;
use crate::failure::Failure;

/// Prints the dataset as text, or all groups as JSON.
pub(crate) fn info(arguments: &LookArguments) -> Result<(), Failure> {
    let options = arguments.options();
    let failed = |error: terracube::Error| Failure::of(&error);
    if arguments.json {
        let described = inspect::info(&arguments.url, &options).map_err(failed)?;
        return print(&format!("{described:#}\n"));
    }
    let dataset = options.open(&arguments.url).map_err(failed)?;
    let mut text = format!("{}\n", dataset.mime_bundle().plain().trim_end());
    let described = inspect::info(&arguments.url, &options).map_err(failed)?;
    text.push_str(&storage(&described));
    print(&text)
}

/// Writes to standard output; a reader that has seen enough (`| head`) is no error.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(Failure::new(error)),
        _ => Ok(()),
    }
}

/// How the variables are stored, and the groups that are not shown.
fn storage(described: &serde_json::Value) -> String {
    let mut text = String::from("Storage:\n");
    let groups = described["groups"].as_object();
    let first = groups.and_then(|groups| groups.values().next());
    for (name, variable) in first.and_then(|group| group["variables"].as_object()).into_iter().flatten() {
        let mut line = match (variable["raw_dtype"].as_str(), variable["stored_type"].as_str()) {
            (Some(dtype), None) => format!("    {name}: {dtype}"),
            (Some(dtype), Some(stored)) => format!("    {name}: {dtype}, stored as {stored}"),
            (None, Some(stored)) => format!("    {name}: {stored}, not readable"),
            (None, None) => format!("    {name}: not readable"),
        };
        for field in ["chunks", "shards", "codecs"] {
            if let Some(value) = variable.get(field).filter(|value| !value.is_null()) {
                line.push_str(&format!(", {field} {value}"));
            }
        }
        if let (Some(first), Some(last)) = (variable["first"].as_str(), variable["last"].as_str()) {
            line.push_str(&format!(", {first} to {last}"));
        }
        text.push_str(&line);
        text.push('\n');
    }
    let others: Vec<&str> = groups.into_iter().flat_map(|groups| groups.keys().skip(1).map(String::as_str)).collect();
    if !others.is_empty() {
        text.push_str(&format!("Groups: {}\n", others.join(", ")));
    }
    text
}
