//! Pipelines of tests/golden/operations.py as calls of the library.
use super::arguments::float;
use serde_json::Value;
use terracube::prelude::*;

/// Runs `steps` on `dataset`. An error of the library travels in the value; a step that this file does not know panics.
pub fn run(dataset: &Dataset, steps: &[Value]) -> DataArray {
    run_at(dataset, steps, "")
}

/// [`run`], with the path of the store for steps that open it in another way.
pub fn run_at(dataset: &Dataset, steps: &[Value], path: &str) -> DataArray {
    let mut value: Option<DataArray> = None;
    for step in steps {
        let step = step.as_object().expect("a step is an object");
        let (name, argument) = step.iter().next().expect("a step has a name");
        value = Some(match value {
            None if name == "dataset" => super::verbs::of_dataset(dataset, argument, text(&step["var"])),
            None if name != "read"
                && let Some(first) = super::later_verbs::first(dataset, name, argument, step) =>
            {
                first
            }
            None if name != "read"
                && let Some(first) = super::more_verbs::first(name, argument, step, path) =>
            {
                first
            }
            None => {
                assert_eq!(name, "read", "a pipeline begins with the name of a variable");
                dataset.var(text(argument))
            }
            Some(before) => {
                let further = |pipeline: &Value| run(dataset, list(pipeline));
                super::verbs::one(&before, name, argument, step, &further)
                    .or_else(|| super::more_verbs::one(&before, name, argument, step, &further))
                    .or_else(|| super::climate_verbs::one(&before, name, argument, step, &further))
                    .or_else(|| super::later_verbs::one(&before, name, argument, step, &further))
                    .or_else(|| super::added_verbs::one(&before, name, argument, step, &further))
                    .unwrap_or_else(|| apply(dataset, &before, name, argument, &Options::of(step)))
            }
        });
    }
    value.expect("a pipeline has steps")
}

struct Options {
    keep_nan: bool,
    min_count: Option<u64>,
    ddof: Option<u32>,
    reduce: String,
}

impl Options {
    fn of(step: &serde_json::Map<String, Value>) -> Self {
        let number = |name: &str| step.get(name).and_then(Value::as_u64);
        Self {
            keep_nan: step.get("keep_nan").and_then(Value::as_bool).unwrap_or(false),
            min_count: number("min_count"),
            ddof: number("ddof").and_then(|n| u32::try_from(n).ok()),
            reduce: step.get("reduce").and_then(Value::as_str).unwrap_or_default().to_owned(),
        }
    }
}

fn apply(dataset: &Dataset, a: &DataArray, name: &str, argument: &Value, options: &Options) -> DataArray {
    match name {
        "coord" => a.coord(text(argument)),
        "isel" => isel(a, text(&argument[0]), &argument[1]),
        "sel" => sel(a, text(&argument[0]), &argument[1]),
        "transpose" => a.transpose(texts(argument)),
        "cast" => a.cast(dtype(text(argument))),
        "mean" | "sum" | "min" | "max" | "std" | "var" | "count" => reduce(a, name, argument, options),
        "group" => group(a, text(argument), options),
        "group_add" => a.group_by(text(argument)) + &group(a, text(argument), options),
        "group_sub" => a.group_by(text(argument)) - &group(a, text(argument), options),
        "group_mul" => a.group_by(text(argument)) * &group(a, text(argument), options),
        "group_div" => a.group_by(text(argument)) / &group(a, text(argument), options),
        "neg" => -a,
        "not" => !a,
        "and" => a & &run(dataset, list(argument)),
        "or" => a | &run(dataset, list(argument)),
        "where" => a.where_(run(dataset, list(argument))),
        "where_else" => match &argument[1] {
            Value::Array(other) => a.where_else(run(dataset, list(&argument[0])), run(dataset, other)),
            number => a.where_else(run(dataset, list(&argument[0])), float(number)),
        },
        _ => match argument {
            Value::Array(other) => with_array(a, name, &run(dataset, other)),
            number if number.is_i64() => with_integer(a, name, number.as_i64().expect("checked")),
            number => with_float(a, name, float(number)),
        },
    }
}

fn with_array(a: &DataArray, name: &str, b: &DataArray) -> DataArray {
    match name {
        "add" => a + b,
        "sub" => a - b,
        "mul" => a * b,
        "div" => a / b,
        "gt" => a.gt(b),
        "ge" => a.ge(b),
        "lt" => a.lt(b),
        "le" => a.le(b),
        "eq" => a.eq_to(b),
        "ne" => a.ne_to(b),
        _ => panic!("no step `{name}`"),
    }
}

macro_rules! with_scalar {
    ($function:ident, $type:ty) => {
        fn $function(a: &DataArray, name: &str, b: $type) -> DataArray {
            match name {
                "add" => a + b,
                "sub" => a - b,
                "mul" => a * b,
                "div" => a / b,
                "rsub" => b - a,
                "rdiv" => b / a,
                "gt" => a.gt(b),
                "ge" => a.ge(b),
                "lt" => a.lt(b),
                "le" => a.le(b),
                "eq" => a.eq_to(b),
                "ne" => a.ne_to(b),
                _ => panic!("no step `{name}`"),
            }
        }
    };
}
with_scalar!(with_integer, i64);
with_scalar!(with_float, f64);

fn reduce(a: &DataArray, name: &str, dims: &Value, options: &Options) -> DataArray {
    let dims = if dims == "ALL" { a.dims().iter().map(ToOwned::to_owned).collect() } else { texts(dims) };
    let reduction = match name {
        "mean" => a.mean(dims),
        "sum" => a.sum(dims),
        "min" => a.min(dims),
        "max" => a.max(dims),
        "std" => a.std(dims),
        "var" => a.var(dims),
        _ => a.count(dims),
    };
    with_options(reduction, options)
}

fn group(a: &DataArray, key: &str, options: &Options) -> DataArray {
    let groups = a.group_by(key);
    let reduction = match options.reduce.as_str() {
        "mean" => groups.mean(),
        "sum" => groups.sum(),
        "min" => groups.min(),
        "max" => groups.max(),
        "std" => groups.std(),
        "var" => groups.var(),
        "count" => groups.count(),
        other => panic!("no reduction `{other}`"),
    };
    with_options(reduction, options)
}

fn with_options(mut reduction: DataArray, options: &Options) -> DataArray {
    if options.keep_nan {
        reduction = reduction.keep_nan();
    }
    if let Some(n) = options.min_count {
        reduction = reduction.min_count(n);
    }
    if let Some(n) = options.ddof {
        reduction = reduction.ddof(n);
    }
    reduction
}

fn isel(a: &DataArray, dim: &str, index: &Value) -> DataArray {
    match index {
        Value::Array(list) => a.isel(dim, list.iter().map(|i| i.as_i64().expect("a position")).collect::<Vec<i64>>()),
        Value::Object(range) => {
            let end = |i: usize| range["range"][i].as_i64().expect("a position");
            a.isel(dim, end(0)..end(1))
        }
        position => a.isel(dim, position.as_i64().expect("a position")),
    }
}

fn sel(a: &DataArray, dim: &str, label: &Value) -> DataArray {
    match label {
        Value::String(date) => a.sel(dim, date.as_str()),
        Value::Array(list) => a.sel(dim, list.iter().map(float).collect::<Vec<f64>>()),
        Value::Object(object) => match (object.get("near"), &object.get("range")) {
            (Some(x), _) => a.sel(dim, near(float(x)).within(object["within"].as_f64().expect("a tolerance"))),
            (None, Some(Value::Array(ends))) => match (&ends[0], &ends[1]) {
                (Value::String(from), Value::String(to)) => a.sel(dim, from.as_str()..=to.as_str()),
                (Value::String(from), Value::Null) => a.sel(dim, from.as_str()..),
                (Value::Null, Value::String(to)) => a.sel(dim, ..=to.as_str()),
                (from, Value::Null) => a.sel(dim, float(from)..),
                (Value::Null, to) => a.sel(dim, ..=float(to)),
                (from, to) => a.sel(dim, float(from)..=float(to)),
            },
            _ => panic!("no label {label}"),
        },
        number => a.sel(dim, float(number)),
    }
}

fn dtype(name: &str) -> DType {
    match name {
        "float32" => DType::F32,
        "float64" => DType::F64,
        "int32" => DType::I32,
        "int64" => DType::I64,
        other => panic!("no dtype `{other}`"),
    }
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a name")
}

fn texts(value: &Value) -> Vec<String> {
    list(value).iter().map(|name| text(name).to_owned()).collect()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().expect("a list")
}
