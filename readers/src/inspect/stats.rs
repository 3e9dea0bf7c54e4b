//! Count, least, greatest, mean and standard deviation of every variable, streamed.
use serde_json::{Map, Value, json};
use terracube_cube::compute::reduce::{ReduceOp, ReduceOptions};
use terracube_cube::data::{Array, Coords, Dataset};
use terracube_cube::{ALL, DType, DataArray, Result, compute};

use super::first_value;
use crate::open::OpenOptions;

/// What is asked of numbers, in the order of the results.
const NUMBERS: [&str; 5] = ["count", "min", "max", "mean", "std"];

/// Measures the variables of all groups of a store or file, or only those named `variable`.
///
/// Gives `{"url", "groups": {"/": {"variables": {"t": {"units", "count", "min", "max", "mean", "std", "first", "last"}}}}}`. Missing values
/// are skipped; `std` is that of the population; sums run in double precision. Times have no mean, text has only its ends. A group or variable
/// that cannot be read has an `error`.
///
/// # Errors
/// As [`crate::open`]; what does not fit the memory budget.
pub fn stats(url: &str, options: &OpenOptions, variable: Option<&str>) -> Result<Value> {
    let (_, groups) = options.open_groups(url)?;
    let mut measured = Map::new();
    for (path, _, dataset) in &groups {
        let group = match dataset {
            Ok(dataset) => json!({ "variables": dataset_stats(dataset, variable)? }),
            Err(error) => json!({"error": error.to_string()}),
        };
        measured.insert(path.clone(), group);
    }
    if let Some(name) = variable
        && !measured.values().any(|group| group["variables"].get(name).is_some())
    {
        let names: Vec<String> = groups
            .iter()
            .filter_map(|(_, _, dataset)| dataset.as_ref().ok())
            .flat_map(|dataset| dataset.names().map(str::to_owned).collect::<Vec<_>>())
            .collect();
        return Err(terracube_cube::Error::unknown_name("variable", name, names.iter().map(String::as_str)));
    }
    Ok(json!({"url": crate::store::redact(url), "groups": measured}))
}

/// Measures the variables and coordinates of a dataset in one pass, or only the one named `variable`.
///
/// # Errors
/// What does not fit the memory budget. A variable that cannot be read has an `error`.
pub fn dataset_stats(dataset: &Dataset, variable: Option<&str>) -> Result<Map<String, Value>> {
    let names = dataset.names().map(|name| (name, dataset.var(name)));
    let coords = dataset.coords().names().map(|name| (name, dataset.coord(name)));
    let chosen: Vec<(&str, DataArray)> =
        names.chain(coords).filter(|(name, _)| variable.is_none_or(|wanted| wanted == *name)).collect();
    let asked: Vec<(&str, &DataArray, Vec<(&str, DataArray)>)> =
        chosen.iter().map(|(name, array)| (*name, array, asked(array))).collect();
    let lazy: Vec<DataArray> =
        asked.iter().flat_map(|(_, _, questions)| questions.iter().map(|(_, result)| result.clone())).collect();
    // All in one run; if one of them fails, each variable for itself, so that the others have their numbers.
    let together = compute(lazy).ok();
    let mut results = together.into_iter().flatten();
    let mut measured = Map::new();
    for (name, array, questions) in &asked {
        let alone = || compute(questions.iter().map(|(_, result)| result.clone()).collect::<Vec<_>>());
        let known: Vec<DataArray> = results.by_ref().take(questions.len()).collect();
        let answers = if known.len() == questions.len() { Ok(known) } else { alone() };
        let row = match (array.error(), answers) {
            (Some(error), _) => json!({"error": error.to_string()}),
            (None, Err(error)) => json!({"error": error.to_string()}),
            (None, Ok(answers)) => row(array, questions.iter().map(|(field, _)| *field), &answers)?,
        };
        measured.insert((*name).to_owned(), row);
    }
    Ok(measured)
}

/// What is computed for a variable.
fn asked(array: &DataArray) -> Vec<(&'static str, DataArray)> {
    if array.error().is_some() {
        return Vec::new();
    }
    let mut questions: Vec<(&'static str, DataArray)> = match array.dtype() {
        DType::Utf8 => Vec::new(),
        dtype if dtype.is_time_like() => {
            vec![("count", array.count(ALL)), ("min", array.min(ALL)), ("max", array.max(ALL))]
        }
        dtype => {
            let exact = if dtype == DType::Bool { array.cast(DType::U8) } else { array.clone() };
            let wide = if dtype == DType::F32 { array.cast(DType::F64) } else { exact.clone() };
            NUMBERS
                .into_iter()
                .zip([exact.count(ALL), exact.min(ALL), exact.max(ALL), wide.mean(ALL), wide.std(ALL)])
                .collect()
        }
    };
    if array.size() > 0 {
        for (field, op, at) in [("first", ReduceOp::First, 0), ("last", ReduceOp::Last, -1)] {
            // Of text nothing else is asked, so that two chunks are enough; else it is had on the way.
            let one = match array.dtype() {
                DType::Utf8 => array.dims().iter().fold(array.clone(), |rest, dim| rest.isel(dim, at)),
                _ => at_an_end(array, op),
            };
            questions.push((field, one));
        }
    }
    questions
}

/// The first or last value of all, missing or not: a reduction, which rides the pass over the values that the others need.
fn at_an_end(array: &DataArray, op: ReduceOp) -> DataArray {
    let variable = array.variable();
    let options = ReduceOptions { skip_missing: false, ..ReduceOptions::default() };
    let value = variable.expr().reduce((0..array.dims().len()).collect(), op, options);
    DataArray::new(None, variable.with_expr(value), Coords::default())
}

fn row<'a>(array: &DataArray, fields: impl Iterator<Item = &'a str>, answers: &[DataArray]) -> Result<Value> {
    let mut row = Map::new();
    row.insert("units".into(), array.attrs().text("units").unwrap_or_default().into());
    let mut values: Vec<(&str, Value)> = Vec::new();
    for (field, answer) in fields.zip(answers) {
        let values_of: Array = answer.values()?;
        values.push((field, first_value(&values_of)?));
    }
    // Of nothing there is a count and no more.
    let is_empty = values.iter().any(|(field, value)| *field == "count" && *value == json!(0));
    for (field, value) in values {
        if is_empty && ["min", "max", "mean", "std"].contains(&field) {
            row.insert(field.into(), Value::Null);
        } else {
            row.insert(field.into(), value);
        }
    }
    Ok(row.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use terracube_cube::Attributes;

    #[test]
    fn every_variable_is_measured_in_one_table() {
        let temperature = DataArray::from_vec(["x"], &[4], vec![1.0f32, f32::NAN, 3.5, 2.0]).with_attr("units", "K");
        let large = DataArray::from_vec(["x"], &[4], vec![i64::MAX, 1, 2, 3]);
        let empty = DataArray::from_vec(["x"], &[4], vec![f64::NAN; 4]);
        let variables = [("t", temperature), ("n", large), ("e", empty)];
        let variables = variables.map(|(name, array)| (name.to_owned(), array.variable().clone()));
        let dataset = Dataset::new(variables, [], Attributes::new()).unwrap();
        let measured = dataset_stats(&dataset, None).unwrap();
        assert_eq!(
            Value::from(measured["t"].as_object().unwrap().clone()),
            json!({"units": "K", "count": 3, "min": 1.0, "max": 3.5, "mean": 6.5 / 3.0, "std": measured["t"]["std"], "first": 1.0, "last": 2.0})
        );
        assert_eq!(measured["n"]["max"], json!(i64::MAX));
        assert_eq!((&measured["e"]["mean"], &measured["e"]["count"]), (&Value::Null, &json!(0)));
        assert_eq!(dataset_stats(&dataset, Some("n")).unwrap().len(), 1);
    }
}
