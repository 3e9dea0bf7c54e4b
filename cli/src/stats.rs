//! `terracube stats`: count, least, greatest, mean and standard deviation of every numeric variable, in one pass.
use serde_json::Value;
use terracube::readers::inspect;

use crate::arguments::StatsArguments;
use crate::failure::Failure;
use crate::info::print;

const COLUMNS: [&str; 5] = ["count", "min", "max", "mean", "std"];

/// What is known of one variable.
struct Row {
    name: String,
    units: String,
    /// In the order of [`COLUMNS`]; a value that is missing is null.
    values: [Value; 5],
}

/// Prints the statistics as a table or as JSON. Variables that cannot be read are named at the end, and are an error.
pub(crate) fn stats(arguments: &StatsArguments) -> Result<(), Failure> {
    let look = &arguments.look;
    let measured = inspect::stats(&look.url, &look.options(), arguments.var.as_deref());
    let measured = measured.map_err(|error| Failure::of(&error))?;
    let (rows, unreadable) = rows(&measured);
    print(&if look.json { format!("{measured:#}\n") } else { as_table(&rows) })?;
    match unreadable.is_empty() {
        true => Ok(()),
        false => Err(Failure::new(unreadable.join("\n"))),
    }
}

/// The rows of all groups, and what could not be read.
fn rows(measured: &Value) -> (Vec<Row>, Vec<String>) {
    let (mut rows, mut unreadable) = (Vec::new(), Vec::new());
    for (path, group) in measured["groups"].as_object().into_iter().flatten() {
        if let Some(error) = group["error"].as_str() {
            unreadable.push(format!("`{path}`: {error}"));
        }
        let prefix = if path == "/" { String::new() } else { format!("{}/", path.trim_start_matches('/')) };
        for (name, variable) in group["variables"].as_object().into_iter().flatten() {
            let name = format!("{prefix}{name}");
            if let Some(error) = variable["error"].as_str() {
                unreadable.push(format!("`{name}`: {error}"));
            } else if variable.get("mean").is_some() {
                let units = variable["units"].as_str().unwrap_or_default().to_owned();
                rows.push(Row { name, units, values: COLUMNS.map(|field| variable[field].clone()) });
            }
        }
    }
    (rows, unreadable)
}

fn as_table(rows: &[Row]) -> String {
    let header = ["variable"].into_iter().chain(COLUMNS).chain(["units"]).map(str::to_owned).collect();
    let mut cells: Vec<Vec<String>> = vec![header];
    for Row { name, units, values } in rows {
        let middle = values.iter().map(short);
        cells.push(std::iter::once(name.clone()).chain(middle).chain([units.clone()]).collect());
    }
    let n_columns = COLUMNS.len() + 2;
    let width = |column: usize| cells.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..n_columns).map(width).collect();
    let mut text = String::new();
    for row in &cells {
        let mut line = String::new();
        for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
            line.push_str(&match column {
                0 => format!("{cell:<width$}"),
                _ if column == n_columns - 1 => format!("  {cell}"),
                _ => format!("  {cell:>width$}"),
            });
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// Integers whole, floats with seven digits.
fn short(value: &Value) -> String {
    match value.as_f64() {
        Some(number) if value.is_f64() => {
            let magnitude = number.abs();
            if magnitude != 0.0 && !(1e-4..1e7).contains(&magnitude) {
                return format!("{number:.6e}");
            }
            let before = if magnitude >= 1.0 { magnitude.log10() as usize + 1 } else { 1 };
            format!("{number:.*}", 7usize.saturating_sub(before))
        }
        Some(_) => value.to_string(),
        None => "missing".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn rows_of_all_groups_stand_in_one_table() {
        let t = json!({"units": "K", "count": 3, "min": 1.0, "max": 3.5, "mean": 2.0, "std": 1.5, "first": 1.0});
        let none = json!({"units": "", "count": 0, "min": null, "max": null, "mean": null, "std": null});
        let measured = json!({"groups": {
            "/": {"variables": {"t": t, "name": {"units": "", "first": "a"}, "bad": {"error": "is damaged"}}},
            "/a": {"variables": {"n": none}},
            "/b": {"error": "is gone"},
        }});
        let (rows, unreadable) = rows(&measured);
        assert_eq!(unreadable, ["`bad`: is damaged", "`/b`: is gone"]);
        let table = as_table(&rows);
        let lines: Vec<&str> = table.lines().collect();
        assert!(lines[0].starts_with("variable  count") && lines[0].ends_with("units"), "{table}");
        assert!(lines[1].contains("1.000000") && lines[1].ends_with("K"), "{table}");
        assert!(lines[2].starts_with("a/n") && lines[2].contains("missing"), "{table}");
    }

    #[test]
    fn numbers_are_short_and_keep_their_digits() {
        for (value, expected) in [
            (json!(3), "3"),
            (json!(0.0), "0.000000"),
            (json!(271.4604), "271.4604"),
            (json!(-0.25), "-0.250000"),
            (json!(1234567.8), "1234568"),
            (json!(1.5e9), "1.500000e9"),
            (json!(1e-9), "1.000000e-9"),
            (Value::Null, "missing"),
        ] {
            assert_eq!(short(&value), expected);
        }
    }
}
