//! The steps of tests/golden/later_verbs.py as calls of the library.
use super::arguments::{float, floats, names, text};
use serde_json::Value;
use terracube::cube::Block;
use terracube::cube::data::{PadMode, RollingWindow};
use terracube::prelude::*;

use super::more_verbs::at;

type Step = serde_json::Map<String, Value>;

/// The value after the step; `None` if there is no such step.
pub fn one(a: &DataArray, name: &str, x: &Value, step: &Step, run: &dyn Fn(&Value) -> DataArray) -> Option<DataArray> {
    let word = |name: &str| step.get(name).and_then(Value::as_str).unwrap_or_default();
    Some(match name {
        "drop_isel" => a.drop_isel(text(&x[0]), positions(&x[1])),
        "drop_sel" => a.drop_sel(text(&x[0]), floats(&x[1])),
        "sel_side" => {
            let near = |side: &str, label: &Value| match (side, label) {
                ("ffill", Value::Array(_)) => at_or_before(floats(label)),
                ("ffill", number) => at_or_before(float(number)),
                (_, Value::Array(_)) => at_or_after(floats(label)),
                (_, number) => at_or_after(float(number)),
            };
            a.sel(text(&x[0]), near(word("side"), &x[1]))
        }
        "where_drop" => or_failed(a.where_drop(run(x))),
        "isel_points" => {
            let places: Vec<(&str, DataArray)> = at(x, "point");
            let whole: Vec<(&str, DataArray)> =
                places.iter().map(|(dim, list)| (*dim, list.cast(DType::I64))).collect();
            a.isel_points(whole.iter().map(|(dim, list)| (*dim, list)))
        }
        "pad_with" => {
            let (dim, before, after) = (text(&x[0]), count(&x[1]), count(&x[2]));
            a.pad_with(dim, before, after, x[3].as_i64().expect("an integer"))
        }
        "construct" => {
            let dims: Vec<String> = x.as_object().expect("sizes").keys().map(|dim| format!("w_{dim}")).collect();
            window(a, x, step).construct(dims)
        }
        "rolling_prod" => {
            let window = a.rolling(text(&x[0]), count(&x[1]));
            match step.get("min_periods") {
                Some(n) => window.min_periods(count(n)).prod(),
                None => window.prod(),
            }
        }
        "rolling_square" => {
            let window = window(a, x, step);
            match word("reduce") {
                "std" => window.std(),
                "var" => window.var(),
                "median" => window.median(),
                _ => window.quantile(0.75),
            }
        }
        "coarsen_construct" => a.coarsen(text(&x[0]), count(&x[1])).pad().construct("block", "member"),
        "coarsen_more" => {
            let mut sizes = x.as_object().expect("sizes").iter();
            let (dim, n) = sizes.next().expect("a dimension");
            let blocks = sizes.fold(a.coarsen(dim, count(n)), |blocks, (dim, n)| blocks.and(dim, count(n))).trim();
            match word("reduce") {
                "var" => blocks.var(),
                "prod" => blocks.prod(),
                "any" => blocks.any(),
                _ => blocks.all(),
            }
        }
        "histogram" => a.histogram(&floats(x), names(&step["dims"])),
        "argmax_over" => a.argmax_over(names(x)).var(word("pick")),
        "argmin_over" => a.argmin_over(names(x)).var(word("pick")),
        "split" => a.to_dataset_along(text(x)).var(word("pick").trim_end_matches(".0")),
        "group_map" => {
            let key = text(x);
            let dim = key.split('.').next().expect("a dimension").to_owned();
            let wide = a.cast(DType::F64);
            let mapped = match word("function") {
                "standard" => wide.group_by(key).map(|part| (part - part.mean(&*dim)) / part.std(&*dim)),
                _ => wide.group_by(key).map(|part| part.max(&*dim) - part.min(&*dim)),
            };
            mapped.cast(a.dtype())
        }
        "dt_round" => match text(&x[0]) {
            "floor" => a.dt().floor(text(&x[1])),
            "ceil" => a.dt().ceil(text(&x[1])),
            _ => a.dt().round(text(&x[1])),
        },
        "dt_is" => match text(x) {
            "is_month_start" => a.dt().is_month_start(),
            "is_month_end" => a.dt().is_month_end(),
            "is_quarter_start" => a.dt().is_quarter_start(),
            "is_quarter_end" => a.dt().is_quarter_end(),
            "is_year_start" => a.dt().is_year_start(),
            _ => a.dt().is_year_end(),
        },
        "exp_spread" => {
            let amount = float(&x[2]);
            let decay = match text(&x[1]) {
                "span" => Decay::Span(amount),
                "halflife" => Decay::Halflife(amount),
                "com" => Decay::CenterOfMass(amount),
                _ => Decay::Alpha(amount),
            };
            let window = a.rolling_exp(text(&x[0]), decay);
            if word("reduce") == "var" { window.var() } else { window.std() }
        }
        "two" => {
            let other = run(&step["with"]);
            match text(x) {
                "fmax" => a.fmax(&other),
                "fmin" => a.fmin(&other),
                _ => a.cast(DType::F64).logaddexp(&other.cast(DType::F64)).cast(a.dtype()),
            }
        }
        "pieces" => or_failed(pieces(a, x)),
        "same" => {
            let other = run(&step["with"]);
            let same = match text(x) {
                "equals" => a.equals(&other),
                "identical" => a.identical(&other),
                _ => a.broadcast_equals(&other),
            };
            let block = same.and_then(|same| Block::with_dtype(DType::Bool, &[], vec![u8::from(same)]));
            block.map_or_else(DataArray::failed, |block| DataArray::from_block(Vec::<&str>::new(), block))
        }
        "frequency" => {
            let found = a.infer_frequency().map(|found| found.unwrap_or_else(|| "None".to_owned()));
            let block = found.and_then(|found| Block::from_strings(&[], &[found]));
            block.map_or_else(DataArray::failed, |block| DataArray::from_block(Vec::<&str>::new(), block))
        }
        "table" => bare(a).to_table().var(text(x)),
        "pivot" => {
            let dims: Vec<String> = a.dims().iter().map(ToOwned::to_owned).collect();
            let table = bare(a).to_table();
            // Upside down, and without the last position.
            let n = i64::try_from(a.size()).expect("small");
            let rows: Vec<i64> = (0..n - 1).rev().collect();
            table.isel("row", rows).pivot(&dims).var("x").transpose(&dims)
        }
        "cross" => a.cross(&run(x), word("dim")),
        _ => return None,
    })
}

/// A pipeline's first step that needs no variable.
pub fn first(dataset: &Dataset, name: &str, x: &Value, step: &Step) -> Option<DataArray> {
    Some(match name {
        "to_array" => match dataset.select(names(x)) {
            Ok(chosen) => chosen.with_attrs(Attributes::default()).to_array("variable"),
            Err(error) => DataArray::failed(error),
        },
        "ds" => of_dataset(dataset, text(x), step["arguments"].as_array().expect("a list")).var(text(&step["var"])),
        _ => return None,
    })
}

fn of_dataset(dataset: &Dataset, method: &str, x: &[Value]) -> Dataset {
    let known = ["t", "n", "p", "weight", "station"];
    let held: Vec<&str> = known.into_iter().filter(|name| dataset.names().any(|held| held == *name)).collect();
    let numbers = dataset.select(held).expect("they are there");
    let ds = numbers.map(|v| if v.dtype().is_float() { v.cast(DType::F64) } else { v.clone() });
    let word = |i: usize| text(&x[i]);
    let whole = |i: usize| x[i].as_i64().expect("an integer");
    match method {
        "sel" => ds.sel(word(0), floats(&x[1])),
        "quantile" => match &x[0] {
            Value::Array(_) => ds.quantile(floats(&x[0]), dims(&x[1])),
            q => ds.quantile(float(q), dims(&x[1])),
        },
        "shift" => ds.shift(word(0), whole(1)),
        "roll" => ds.roll(word(0), whole(1)),
        "ffill" => ds.ffill(word(0)),
        "bfill" => ds.bfill(word(0)),
        "interpolate_na" => ds.interpolate_na(word(0)),
        "diff" => ds.diff(word(0)),
        "cumsum" => ds.cumsum(word(0)),
        "rank" => ds.rank(word(0)),
        "sortby" => ds.sortby(word(0)),
        "sortby_descending" => ds.sortby_descending(word(0)),
        "round" => ds.round(whole(0) as i32),
        "clip" => ds.clip(whole(0), whole(1)),
        "isnull" => ds.isnull(),
        "notnull" => ds.notnull(),
        "idxmax" => ds.idxmax(word(0)),
        "argmax" => ds.drop_vars(["t"]).argmax(word(0)),
        "differentiate" => ds.differentiate(word(0)),
        "integrate" => ds.integrate(word(0)),
        "rolling_mean" => ds.rolling(word(0), count(&x[1])).min_periods(1).mean(),
        "rolling_max" => ds.rolling(word(0), count(&x[1])).centered().max(),
        "coarsen" => ds.coarsen(word(0), count(&x[1])).trim().mean(),
        "weighted" => ds.weighted(&dataset.coord("lat").cos_deg()).mean(word(0)),
        "reindex" => ds.reindex(word(0), &labels(word(0), &x[1])),
        "interp" => ds.interp(word(0), &labels(word(0), &x[1])),
        "pad" => ds.pad(word(0), count(&x[1]), count(&x[2]), PadMode::Edge),
        "drop_isel" => ds.drop_isel(word(0), positions(&x[1])),
        "drop_sel" => ds.drop_sel(word(0), floats(&x[1])),
        "expand_dims" => ds.expand_dims(word(0)),
        "add" => &ds + float(&x[0]),
        "minus_mean" => &ds - &ds.mean(word(0)),
        "div_array" => &ds / &dataset.var(word(0)),
        "anomaly" => ds.group_by(word(0)) - &ds.group_by(word(0)).mean(),
        "stack" => ds.stack(word(0), names(&x[1])),
        "polyfit" => ds.polyfit(word(0), whole(1) as u32),
        "neg" => -&ds,
        other => panic!("no method `{other}`"),
    }
}

/// Cut, and put together again from the last piece to the first.
fn pieces(a: &DataArray, cuts: &Value) -> Result<DataArray> {
    let mut parts = vec![a.named("x").to_dataset()];
    for (dim, ends) in cuts.as_object().expect("cuts") {
        let len = a.shape()[a.dims().axis(dim)?] as i64;
        let mut edges = vec![0];
        edges.extend(positions(ends));
        edges.push(len);
        let cut = |part: &Dataset| -> Vec<Dataset> { edges.windows(2).map(|e| part.isel(dim, e[0]..e[1])).collect() };
        parts = parts.iter().flat_map(cut).collect();
    }
    parts.reverse();
    Ok(combine_by_coords(&parts.iter().collect::<Vec<_>>())?.var("x"))
}

fn window(a: &DataArray, sizes: &Value, step: &Step) -> RollingWindow {
    let mut sizes = sizes.as_object().expect("sizes").iter();
    let (dim, n) = sizes.next().expect("a dimension");
    let mut window = sizes.fold(a.rolling(dim, count(n)), |window, (dim, n)| window.and(dim, count(n)));
    if step.get("centered").and_then(Value::as_bool).unwrap_or(false) {
        window = window.centered();
    }
    match step.get("min_periods") {
        Some(n) => window.min_periods(count(n)),
        None => window,
    }
}

/// With no coordinates but those of its dimensions, under the name `x`.
fn bare(a: &DataArray) -> DataArray {
    let others: Vec<String> =
        a.coords().iter().filter(|coord| !coord.is_dimension()).map(|coord| coord.name().to_owned()).collect();
    a.drop_vars(others).named("x")
}

fn or_failed(result: Result<DataArray>) -> DataArray {
    result.unwrap_or_else(DataArray::failed)
}

fn labels(dim: &str, list: &Value) -> DataArray {
    let values = floats(list);
    DataArray::from_vec([dim], &[values.len()], values)
}

fn dims(x: &Value) -> Vec<String> {
    if x.is_string() { vec![text(x).to_owned()] } else { names(x) }
}

fn positions(list: &Value) -> Vec<i64> {
    list.as_array().expect("a list").iter().map(|i| i.as_i64().expect("a position")).collect()
}

fn count(value: &Value) -> u64 {
    value.as_u64().expect("a number")
}
