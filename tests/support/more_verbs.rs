//! The steps of tests/golden/more_verbs.py as calls of the library.
use super::arguments::{float, names, text};
use serde_json::Value;
use terracube::cube::Block;
use terracube::prelude::*;

type Step = serde_json::Map<String, Value>;

/// The value after the step; `None` if there is no such step.
pub fn one(a: &DataArray, name: &str, x: &Value, step: &Step, run: &dyn Fn(&Value) -> DataArray) -> Option<DataArray> {
    let word = |name: &str| step.get(name).and_then(Value::as_str).unwrap_or_default();
    let number = |name: &str| step.get(name).and_then(Value::as_u64);
    let is_set = |name: &str| step.get(name).and_then(Value::as_bool).unwrap_or(false);
    Some(match name {
        "query" => a.query(text(x)),
        "rolling_exp" => {
            let amount = step["decay"][1].as_f64().expect("a number");
            let decay = match text(&step["decay"][0]) {
                "span" => Decay::Span(amount),
                "halflife" => Decay::Halflife(amount),
                "com" => Decay::CenterOfMass(amount),
                _ => Decay::Alpha(amount),
            };
            let window = a.rolling_exp(text(x), decay);
            if word("reduce") == "sum" { window.sum() } else { window.mean() }
        }
        "cumulative" => {
            let window = a.cumulative(text(x));
            match word("reduce") {
                "mean" => window.mean(),
                "sum" => window.sum(),
                "min" => window.min(),
                "max" => window.max(),
                "std" => window.std(),
                _ => window.count(),
            }
        }
        "rolling_box" => {
            let mut sizes = x.as_object().expect("sizes").iter();
            let (dim, n) = sizes.next().expect("a dimension");
            let length = |n: &Value| n.as_u64().expect("a length");
            let mut window = sizes.fold(a.rolling(dim, length(n)), |window, (dim, n)| window.and(dim, length(n)));
            if is_set("centered") {
                window = window.centered();
            }
            if let Some(n) = number("min_periods") {
                window = window.min_periods(n);
            }
            match word("reduce") {
                "mean" => window.mean(),
                "sum" => window.sum(),
                "min" => window.min(),
                _ => window.max(),
            }
        }
        "rolling_own" => {
            let mut window = a.rolling(text(&x[0]), x[1].as_u64().expect("a length"));
            if is_set("centered") {
                window = window.centered();
            }
            if let Some(n) = number("min_periods") {
                window = window.min_periods(n);
            }
            window.quantile(step["q"].as_f64().expect("a quantile"))
        }
        "weighted" => {
            let (weighted, dims) = (a.weighted(&run(&x[0])), names(&x[1]));
            match word("reduce") {
                "mean" => weighted.mean(dims),
                "sum" => weighted.sum(dims),
                "std" => weighted.std(dims),
                "var" => weighted.var(dims),
                "sum_of_weights" => weighted.sum_of_weights(dims),
                _ => match &step["q"] {
                    Value::Array(list) => weighted.quantile(list.iter().map(float).collect::<Vec<f64>>(), dims),
                    q => weighted.quantile(float(q), dims),
                },
            }
        }
        "own" => {
            let reduced = a.reduce_with(&reduction(text(x)), names(&step["dims"]));
            if is_set("keep_nan") { reduced.keep_nan() } else { reduced }
        }
        "apply" if text(x) == "span" => {
            register_function("span", |values| {
                let held = || values.iter().copied().filter(|value| !value.is_nan());
                held().fold(f64::NEG_INFINITY, f64::max) - held().fold(f64::INFINITY, f64::min)
            });
            a.apply_named("span", names(&step["dims"]))
        }
        "apply" => {
            a.apply_along(names(&step["dims"]), |values| values.iter().map(|value| (value - 280.0).max(0.0)).sum())
        }
        "blocks" => a.map_blocks(DType::F64, |block| {
            Block::new(block.shape(), block.to_f64()?.iter().map(|value| value.abs().sqrt()).collect())
        }),
        "resample_with" => {
            let side = |name: &str| match word(name) {
                "left" => Some(Side::Left),
                "right" => Some(Side::Right),
                _ => None,
            };
            let mut options = ResampleOptions::new();
            if let Some(side) = side("closed") {
                options = options.closed(side);
            }
            if let Some(side) = side("label") {
                options = options.label(side);
            }
            options = match word("origin") {
                "" => options,
                "start" => options.origin(Origin::Start),
                "start_day" => options.origin(Origin::StartOfDay),
                "epoch" => options.origin(Origin::Epoch),
                date => options.origin(Origin::At(date.to_owned())),
            };
            if let Some(offset) = step.get("offset") {
                options = options.offset(text(offset));
            }
            let groups = a.resample_with(text(&x[0]), text(&x[1]), &options);
            if word("reduce") == "max" { groups.max() } else { groups.mean() }
        }
        "convert_calendar" => {
            let calendar = Calendar::parse(text(x)).expect("a calendar");
            let align = if word("align") == "year" { AlignOn::Year } else { AlignOn::Date };
            match step.get("frequency") {
                Some(frequency) => a.convert_calendar_filled("time", calendar, align, text(frequency)),
                None => a.convert_calendar("time", calendar, align),
            }
        }
        "interp_calendar" => a.interp_calendar("time", &dates(x)),
        "interp_points" => {
            let labels = at(x, "point");
            a.interp_points(labels.iter().map(|(dim, labels)| (*dim, labels)))
        }
        "on_grid" => a.sel_on_grid(&line(&x[0], "station"), &line(&x[1], "station")),
        "group_over" => {
            let groups = a.group_by_key(&run(x));
            let reduced = match word("reduce") {
                "mean" => groups.mean(),
                "max" => groups.max(),
                _ => groups.count(),
            };
            if word("arithmetic").is_empty() { reduced } else { groups - &reduced }
        }
        _ => return None,
    })
}

/// A pipeline's first step that needs no variable.
pub fn first(name: &str, x: &Value, step: &Step, path: &str) -> Option<DataArray> {
    Some(match name {
        "date_range" => match x[1].as_str() {
            Some(end) => date_range(text(&x[0]), end, text(&x[2]), Calendar::parse(text(&x[3])).expect("a calendar")),
            None => dates(x),
        },
        "tree" => {
            let dims = names(&x[1]);
            let tree = match open_tree(path) {
                Ok(tree) => tree,
                Err(error) => return Some(DataArray::failed(error)),
            };
            let reduced = match text(&x[0]) {
                "mean" => tree.mean(dims),
                "sum" => tree.sum(dims),
                "max" => tree.max(dims),
                _ => tree.std(dims),
            };
            reduced.var(text(&step["group"]), text(&step["var"]))
        }
        _ => return None,
    })
}

fn reduction(name: &str) -> Reduction {
    match name {
        "range" => Reduction::new(
            [f64::INFINITY, f64::NEG_INFINITY, 0.0],
            |state, x| *state = [state[0].min(x), state[1].max(x), state[2] + x * 0.0 + 1.0],
            |state, other| *state = [state[0].min(other[0]), state[1].max(other[1]), state[2] + other[2]],
            |state| if state[2] > 0.0 { state[1] - state[0] } else { f64::NAN },
        ),
        _ => Reduction::new(
            [0.0, 0.0],
            |state, x| *state = [state[0] + x * x, state[1] + 1.0],
            |state, other| *state = [state[0] + other[0], state[1] + other[1]],
            |state| state[0] / state[1],
        ),
    }
}

fn dates(x: &Value) -> DataArray {
    let n = u32::try_from(x[1].as_u64().expect("a number")).expect("small");
    date_range_of(text(&x[0]), n, text(&x[2]), Calendar::parse(text(&x[3])).expect("a calendar"))
}

/// Labels by dimension, along one dimension.
pub fn at<'a>(labels: &'a Value, dim: &str) -> Vec<(&'a str, DataArray)> {
    labels.as_object().expect("labels").iter().map(|(name, list)| (name.as_str(), line(list, dim))).collect()
}

fn line(list: &Value, dim: &str) -> DataArray {
    let values: Vec<f64> = list.as_array().expect("a list").iter().map(float).collect();
    DataArray::from_vec([dim], &[values.len()], values)
}
