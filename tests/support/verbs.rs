//! The steps of tests/golden/verbs.py as calls of the library.
use super::arguments::float;
use serde_json::Value;
use terracube::cube::data::{Fill, GroupBy, Join, Method, PadMode, align, concat};
use terracube::prelude::*;

/// The value after the step; `None` if there is no such step.
pub fn one(
    a: &DataArray,
    name: &str,
    x: &Value,
    step: &serde_json::Map<String, Value>,
    run: &dyn Fn(&Value) -> DataArray,
) -> Option<DataArray> {
    let option = |name: &str| step.get(name);
    let number = |name: &str| step.get(name).and_then(Value::as_u64);
    let word = |name: &str| step.get(name).and_then(Value::as_str).unwrap_or_default();
    let is_set = |name: &str| step.get(name).and_then(Value::as_bool).unwrap_or(false);
    Some(match name {
        "fn" => function(a, text(x)),
        "round" => a.round(x.as_i64().expect("decimals") as i32),
        "clip" if a.dtype().is_float() => a.clip(float(&x[0]), float(&x[1])),
        "clip" => a.clip(x[0].as_i64().expect("an integer"), x[1].as_i64().expect("an integer")),
        "pow" | "maximum" | "minimum" | "atan2" | "hypot" | "rem" | "floor_div" => match x {
            Value::Array(_) => of_two(a, name, &run(x)),
            number if number.is_i64() => of_two_scalars(a, name, number.as_i64().expect("checked")),
            number => of_two_floats(a, name, float(number)),
        },
        "fillna" => match x {
            Value::Array(_) => a.fillna(run(x)),
            number => a.fillna(float(number)),
        },
        "isin" => a.isin(&integers(x)),
        "combine_first" => a.combine_first(&run(x)),
        "isnull" => a.isnull(),
        "notnull" => a.notnull(),
        "dropna" if word("how") == "all" => or_failed(a.dropna_all(text(x))),
        "dropna" => or_failed(a.dropna(text(x))),
        "dt" => field(a, text(x)),
        "strftime" => a.dt().strftime(text(x)),
        "rename" => a.rename(pairs(x)),
        "swap_dims" => a.swap_dims(pairs(x)),
        "expand_dims" => a.expand_dims(text(x)),
        "squeeze" => a.squeeze(),
        "head" => a.head(text(&x[0]), count(&x[1])),
        "tail" => a.tail(text(&x[0]), count(&x[1])),
        "thin" => a.thin(text(&x[0]), count(&x[1]) as u32),
        "broadcast_like" => a.broadcast_like(&run(x)),
        "assign_coord" => a.assign_coords([(text(&x[0]), &run(&x[1]))]),
        "drop_vars" => a.drop_vars(names(x)),
        "concat" => {
            let others: Vec<DataArray> = x.as_array().expect("a list").iter().map(run).collect();
            concat(&std::iter::once(a).chain(&others).collect::<Vec<_>>(), word("dim"))
        }
        "reindex" => {
            let labels = floats(&x[1]);
            match (option("fill"), word("method")) {
                (Some(fill), _) if a.dtype().is_integer() => {
                    a.reindex_with(text(&x[0]), &labels, fill.as_i64().expect("an integer"))
                }
                (Some(fill), _) => a.reindex_with(text(&x[0]), &labels, float(fill)),
                (None, "") => a.reindex(text(&x[0]), &labels),
                (None, method) => {
                    let fill = match method {
                        "nearest" => Fill::Nearest,
                        "ffill" => Fill::Before,
                        _ => Fill::After,
                    };
                    a.reindex_near(text(&x[0]), &labels, fill, option("tolerance").map(float))
                }
            }
        }
        "align" => {
            let join = match word("join") {
                "inner" => Join::Inner,
                "outer" => Join::Outer,
                "left" => Join::Left,
                _ => Join::Right,
            };
            or_failed(
                align(&[a, &run(x)], join).map(|mut both| both.swap_remove(number("pick").expect("0 or 1") as usize)),
            )
        }
        "resample" => match word("upsample") {
            "" => reduced(&a.resample(text(&x[0]), text(&x[1])), step),
            "ffill" => a.resample(text(&x[0]), text(&x[1])).ffill(),
            "bfill" => a.resample(text(&x[0]), text(&x[1])).bfill(),
            "interpolate" => a.resample(text(&x[0]), text(&x[1])).interpolate(),
            _ => a.resample(text(&x[0]), text(&x[1])).nearest(),
        },
        "group_bins" => {
            let edges: Vec<f64> = x[1].as_array().expect("edges").iter().map(float).collect();
            reduced(&a.group_by_bins(text(&x[0]), &edges), step)
        }
        "group_seasons" => reduced(&a.group_by_seasons(text(&x[0]), &words(&x[1])), step),
        "resample_seasons" => reduced(&a.resample_seasons(text(&x[0]), &words(&x[1])), step),
        "group_key" => reduced(&a.group_by_key(&run(x)), step),
        "cumsum" => a.cumsum(names(x)),
        "cumprod" => a.cumprod(names(x)),
        "ffill" => number("limit").map_or_else(|| a.ffill(text(x)), |limit| a.ffill_limit(text(x), limit)),
        "bfill" => number("limit").map_or_else(|| a.bfill(text(x)), |limit| a.bfill_limit(text(x), limit)),
        "shift" => match option("fill") {
            None => a.shift(text(&x[0]), x[1].as_i64().expect("positions")),
            Some(fill) if a.dtype().is_integer() => {
                a.shift_with(text(&x[0]), x[1].as_i64().expect("positions"), fill.as_i64().expect("an integer"))
            }
            Some(fill) => a.shift_with(text(&x[0]), x[1].as_i64().expect("positions"), float(fill)),
        },
        "roll" if is_set("labels") => a.roll_with_labels(text(&x[0]), x[1].as_i64().expect("positions")),
        "roll" => a.roll(text(&x[0]), x[1].as_i64().expect("positions")),
        "diff" => (0..count(&x[1])).fold(a.clone(), |array, _| array.diff(text(&x[0]))),
        "pad" => {
            let mode = match word("mode") {
                "missing" => PadMode::Missing,
                "edge" => PadMode::Edge,
                "reflect" => PadMode::Reflect,
                "symmetric" => PadMode::Symmetric,
                _ => PadMode::Wrap,
            };
            a.pad(text(&x[0]), count(&x[1]), count(&x[2]), mode)
        }
        "sortby" if is_set("descending") => a.sortby_descending(text(x)),
        "sortby" => a.sortby(text(x)),
        "drop_duplicates" => a.drop_duplicates(text(x)),
        "rolling" => rolling(a, x, step),
        "coarsen" => coarsen(a, x, word("reduce"), word("boundary")),
        "quantile" => match &x[0] {
            Value::Array(list) => a.quantile(list.iter().map(float).collect::<Vec<f64>>(), names(&x[1])),
            q => a.quantile(float(q), names(&x[1])),
        },
        "median" if x == "ALL" => a.median(ALL),
        "median" => a.median(names(x)),
        "prod" => a.prod(names(x)),
        "any" => a.any(names(x)),
        "all" => a.all(names(x)),
        "argmax" => a.argmax(text(x)),
        "argmin" => a.argmin(text(x)),
        "idxmax" => a.idxmax(text(x)),
        "idxmin" => a.idxmin(text(x)),
        "rank" if is_set("pct") => a.rank_parts(text(x)),
        "rank" => a.rank(text(x)),
        "cov" => a.cov(&run(&x[0]), names(&x[1])),
        "corr" => a.corr(&run(&x[0]), names(&x[1])),
        "dot" => a.cast(DType::F64).dot(&run(&x[0]).cast(DType::F64), names(&x[1])),
        "polyfit" => a.polyfit(text(&x[0]), count(&x[1]) as u32),
        "polyval" => a.polyval(&run(x)),
        "detrend" => a.cast(DType::F64).detrend(text(x)),
        "differentiate" => a.differentiate(text(x)),
        "integrate" => a.integrate(text(x)),
        "cumulative_integrate" => a.cumulative_integrate(text(x)),
        "interp" if is_set("beyond") => a.interp_beyond(text(&x[0]), &floats(&x[1]), Method::Linear),
        "interp" => a.interp_by(text(&x[0]), &floats(&x[1]), super::added_verbs::method(word("method"))),
        "points" => {
            let labels: Vec<(&str, DataArray)> =
                x.as_object().expect("labels").iter().map(|(dim, list)| (dim.as_str(), at_stations(list))).collect();
            a.sel_points(labels.iter().map(|(dim, list)| (*dim, list)))
        }
        "stack" => a.stack(text(&x[0]), names(&x[1])),
        "unstack" => a.unstack(text(&x[0]), names(&x[1])),
        "group_all" => {
            let groups = a.group_by_all(names(x));
            match word("reduce") {
                "mean" => groups.mean(),
                "max" => groups.max(),
                "sum" => groups.sum(),
                _ => groups.count(),
            }
        }
        "interpolate_na" => {
            a.interpolate_na_by(text(x), super::added_verbs::method(word("method")), number("limit"), None)
        }
        _ => return None,
    })
}

/// A method of datasets; the named variable of what it gives.
pub fn of_dataset(dataset: &Dataset, argument: &Value, variable: &str) -> DataArray {
    let x = &argument[1];
    let only = || x.as_object().expect("one dimension").iter().next().expect("one dimension");
    // The reference reduces in f64.
    let wide = dataset.map(|array| if array.dtype().is_float() { array.cast(DType::F64) } else { array.clone() });
    let dims =
        if x.is_string() { vec![text(x).to_owned()] } else { x.as_array().map(|_| names(x)).unwrap_or_default() };
    let result = match text(&argument[0]) {
        "isel" => dataset.isel(only().0, only().1.as_i64().expect("a position")),
        "head" => dataset.head(only().0, count(only().1)),
        "thin" => dataset.thin(only().0, count(only().1) as u32),
        "rename" => dataset.rename(pairs(x)),
        "mean" => wide.mean(dims),
        "sum" => wide.sum(dims),
        "max" => wide.max(dims),
        "std" => wide.std(dims),
        "groupby" => wide.group_by(text(&x[0])).mean(),
        "resample" => wide.resample("time", text(&x[0])).mean(),
        other => panic!("no method `{other}`"),
    };
    result.var(variable)
}

fn function(a: &DataArray, name: &str) -> DataArray {
    match name {
        "sin" => a.sin(),
        "cos" => a.cos(),
        "tan" => a.tan(),
        "exp" => a.exp(),
        "ln" => a.log(),
        "log1p" => a.log1p(),
        "expm1" => a.expm1(),
        "log2" => a.log2(),
        "log10" => a.log10(),
        "exp2" => a.exp2(),
        "sqrt" => a.sqrt(),
        "cbrt" => a.cbrt(),
        "abs" => a.abs(),
        "sign" => a.sign(),
        "square" => a.square(),
        "floor" => a.floor(),
        "ceil" => a.ceil(),
        "trunc" => a.trunc(),
        "rint" => a.rint(),
        "sinh" => a.sinh(),
        "cosh" => a.cosh(),
        "tanh" => a.tanh(),
        "asin" => a.asin(),
        "acos" => a.acos(),
        "atan" => a.atan(),
        "asinh" => a.asinh(),
        "acosh" => a.acosh(),
        "atanh" => a.atanh(),
        "sin_deg" => a.sin_deg(),
        "cos_deg" => a.cos_deg(),
        "tan_deg" => a.tan_deg(),
        "deg2rad" => a.deg2rad(),
        "rad2deg" => a.rad2deg(),
        "is_finite" => a.is_finite(),
        "is_infinite" => a.is_infinite(),
        other => panic!("no function `{other}`"),
    }
}

macro_rules! of_two {
    ($function:ident, $type:ty) => {
        fn $function(a: &DataArray, name: &str, b: $type) -> DataArray {
            match name {
                "pow" => a.pow(b),
                "maximum" => a.maximum(b),
                "minimum" => a.minimum(b),
                "atan2" => a.atan2(b),
                "hypot" => a.hypot(b),
                "rem" => a.rem(b),
                "floor_div" => a.floor_div(b),
                other => panic!("no function `{other}`"),
            }
        }
    };
}
of_two!(of_two, &DataArray);
of_two!(of_two_scalars, i64);
of_two!(of_two_floats, f64);

fn field(a: &DataArray, name: &str) -> DataArray {
    let dates = a.dt();
    match name {
        "year" => dates.year(),
        "month" => dates.month(),
        "day" => dates.day(),
        "hour" => dates.hour(),
        "minute" => dates.minute(),
        "second" => dates.second(),
        "dayofyear" => dates.dayofyear(),
        "dayofweek" => dates.dayofweek(),
        "quarter" => dates.quarter(),
        "season" => dates.season(),
        "week" => dates.week(),
        "days_in_month" => dates.days_in_month(),
        "days_in_year" => dates.days_in_year(),
        "is_leap_year" => dates.is_leap_year(),
        "decimal_year" => dates.decimal_year(),
        other => panic!("no field `{other}`"),
    }
}

fn reduced(groups: &GroupBy, step: &serde_json::Map<String, Value>) -> DataArray {
    let mut groups = groups.clone();
    if let Some(n) = step.get("min_count").and_then(Value::as_u64) {
        groups = groups.min_count(n);
    }
    if step.get("keep_nan").and_then(Value::as_bool).unwrap_or(false) {
        groups = groups.keep_nan();
    }
    if let Some(n) = step.get("ddof").and_then(Value::as_u64) {
        groups = groups.ddof(n as u32);
    }
    match text(&step["reduce"]) {
        "mean" => groups.mean(),
        "sum" => groups.sum(),
        "min" => groups.min(),
        "max" => groups.max(),
        "std" => groups.std(),
        "count" => groups.count(),
        "first" => groups.first(),
        "last" => groups.last(),
        "median" => groups.median(),
        "quantile" => groups.quantile(float(&step["q"])),
        other => panic!("no reduction `{other}`"),
    }
}

fn rolling(a: &DataArray, x: &Value, step: &serde_json::Map<String, Value>) -> DataArray {
    let mut window = a.rolling(text(&x[0]), count(&x[1]));
    if step.get("centered").and_then(Value::as_bool).unwrap_or(false) {
        window = window.centered();
    }
    if let Some(n) = step.get("min_periods").and_then(Value::as_u64) {
        window = window.min_periods(n);
    }
    if let Some(n) = step.get("ddof").and_then(Value::as_u64) {
        window = window.ddof(n as u32);
    }
    match text(&step["reduce"]) {
        "mean" => window.mean(),
        "sum" => window.sum(),
        "min" => window.min(),
        "max" => window.max(),
        "std" => window.std(),
        "var" => window.var(),
        "count" => window.count(),
        "median" => window.median(),
        other => panic!("no statistic `{other}`"),
    }
}

fn coarsen(a: &DataArray, sizes: &Value, reduce: &str, boundary: &str) -> DataArray {
    let mut sizes = sizes.as_object().expect("sizes").iter();
    let (dim, n) = sizes.next().expect("a dimension");
    let mut blocks = sizes.fold(a.coarsen(dim, count(n)), |blocks, (dim, n)| blocks.and(dim, count(n)));
    blocks = match boundary {
        "trim" => blocks.trim(),
        "pad" => blocks.pad(),
        _ => blocks,
    };
    match reduce {
        "mean" => blocks.mean(),
        "sum" => blocks.sum(),
        "min" => blocks.min(),
        "max" => blocks.max(),
        "count" => blocks.count(),
        "median" => blocks.median(),
        "std" => blocks.std(),
        other => panic!("no statistic `{other}`"),
    }
}

fn or_failed(result: Result<DataArray>) -> DataArray {
    result.unwrap_or_else(DataArray::failed)
}

fn floats(list: &Value) -> DataArray {
    let values: Vec<f64> = list.as_array().expect("a list").iter().map(float).collect();
    DataArray::from_vec(["labels"], &[values.len()], values)
}

fn at_stations(list: &Value) -> DataArray {
    let values: Vec<f64> = list.as_array().expect("a list").iter().map(float).collect();
    DataArray::from_vec(["station"], &[values.len()], values)
}

fn integers(list: &Value) -> DataArray {
    let values: Vec<i64> = list.as_array().expect("a list").iter().map(|v| v.as_i64().expect("an integer")).collect();
    DataArray::from_vec(["list"], &[values.len()], values)
}

fn pairs(names: &Value) -> Vec<(String, String)> {
    names.as_object().expect("names").iter().map(|(old, new)| (old.clone(), text(new).to_owned())).collect()
}

fn names(value: &Value) -> Vec<String> {
    match value {
        Value::String(name) => vec![name.clone()],
        list => list.as_array().expect("names").iter().map(|name| text(name).to_owned()).collect(),
    }
}

fn words(list: &Value) -> Vec<&str> {
    list.as_array().expect("words").iter().map(text).collect()
}

fn count(value: &Value) -> u64 {
    value.as_u64().expect("a count")
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a name")
}
