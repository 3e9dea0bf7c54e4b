//! `terracube stats`: count, least, greatest, mean and standard deviation of every numeric variable, in one pass.
use std::fmt::Write as _;

use serde_json::{Map, Value, json};
use terracube::cube::{ALL, Array, DType, DataArray, Dataset, compute};

use crate::arguments::LookArguments;
use crate::failure::Failure;
use crate::info::{open, print};

const COLUMNS: [&str; 5] = ["count", "min", "max", "mean", "std"];

/// What is known of one variable.
struct Row {
    name: String,
    units: String,
    /// In the order of [`COLUMNS`]; a value that is missing is null.
    values: [Value; 5],
}

/// Prints the statistics as a table or as JSON. Variables that cannot be read are named at the end, and are an error.
pub(crate) fn stats(arguments: &LookArguments) -> Result<(), Failure> {
    let dataset = open(&arguments.url)?;
    let (rows, unreadable) = measure(&dataset)?;
    let text = if arguments.json { format!("{:#}\n", as_json(&arguments.url, &rows)) } else { as_table(&rows) };
    print(&text)?;
    match unreadable.is_empty() {
        true => Ok(()),
        false => Err(Failure::new(unreadable.join("\n"))),
    }
}

fn measure(dataset: &Dataset) -> Result<(Vec<Row>, Vec<String>), Failure> {
    let mut unreadable = Vec::new();
    let mut numeric: Vec<(&str, DataArray)> = Vec::new();
    for (name, variable) in dataset.variables() {
        let array = dataset.var(name);
        match array.error() {
            Some(error) => unreadable.push(format!("`{name}`: {error}")),
            None if variable.dtype().is_numeric() => numeric.push((name, array)),
            None => {}
        }
    }
    let lazy: Vec<DataArray> = numeric
        .iter()
        .flat_map(|(_, array)| [array.count(ALL), array.min(ALL), array.max(ALL), array.mean(ALL), array.std(ALL)])
        .collect();
    let computed = compute(lazy).map_err(|error| Failure::of(&error))?;
    let mut rows = Vec::new();
    for ((name, array), results) in numeric.iter().zip(computed.chunks_exact(COLUMNS.len())) {
        let mut values = [const { Value::Null }; 5];
        for (value, result) in values.iter_mut().zip(results) {
            *value = result.values().and_then(|array| number(&array)).map_err(|error| Failure::of(&error))?;
        }
        let units = array.attrs().text("units").unwrap_or_default().to_owned();
        rows.push(Row { name: (*name).to_owned(), units, values });
    }
    Ok((rows, unreadable))
}

/// The only value of an array: integers exactly, NaN as null.
fn number(array: &Array) -> terracube::Result<Value> {
    Ok(match array.dtype() {
        DType::I64 => array.as_slice::<i64>()?.first().copied().into(),
        DType::U64 => array.as_slice::<u64>()?.first().copied().into(),
        DType::F32 => array.as_slice::<f32>()?.first().map_or(Value::Null, |value| json!(value)),
        _ => array.to_f64()?.first().map_or(Value::Null, |value| json!(value)),
    })
}

fn as_json(url: &str, rows: &[Row]) -> Value {
    let row = |row: &Row| {
        let mut object: Map<String, Value> =
            COLUMNS.iter().map(|name| (*name).to_owned()).zip(row.values.iter().cloned()).collect();
        object.insert("units".to_owned(), row.units.clone().into());
        (row.name.clone(), Value::Object(object))
    };
    json!({"url": url, "variables": rows.iter().map(row).collect::<Map<_, _>>()})
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
            let written = match column {
                0 => write!(line, "{cell:<width$}"),
                _ if column == n_columns - 1 => write!(line, "  {cell}"),
                _ => write!(line, "  {cell:>width$}"),
            };
            let _ = written; // a String takes everything
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
    use terracube::cube::Attributes;

    #[test]
    fn every_numeric_variable_is_measured_in_one_table() {
        let temperature = DataArray::from_vec(["x"], &[4], vec![1.0f32, f32::NAN, 3.5, 2.0]).with_attr("units", "K");
        let large = DataArray::from_vec(["x"], &[4], vec![i64::MAX, 1, 2, 3]);
        let empty = DataArray::from_vec(["x"], &[4], vec![f64::NAN; 4]);
        let variables = [("t", temperature), ("n", large), ("e", empty)];
        let variables = variables.map(|(name, array)| (name.to_owned(), array.variable().clone()));
        let dataset = Dataset::new(variables, [], Attributes::new()).unwrap();
        let (rows, unreadable) = measure(&dataset).unwrap();
        assert!(unreadable.is_empty());
        let json = as_json("x", &rows);
        assert_eq!((&json["variables"]["t"]["count"], &json["variables"]["t"]["max"]), (&json!(3), &json!(3.5)));
        assert_eq!(json["variables"]["t"]["units"], "K");
        assert_eq!(json["variables"]["n"]["max"], json!(i64::MAX));
        assert_eq!(json["variables"]["e"]["mean"], Value::Null);
        let table = as_table(&rows);
        let lines: Vec<&str> = table.lines().collect();
        assert!(lines[0].starts_with("variable  count") && lines[0].ends_with("units"), "{table}");
        assert!(lines[1].contains("1.000000") && lines[1].ends_with("K"), "{table}");
        assert!(lines[3].contains("missing"), "{table}");
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
