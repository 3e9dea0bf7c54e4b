//! The steps of tests/golden/added_verbs.py as calls of the library.
use super::arguments::{float, floats, names, text};
use serde_json::Value;
use terracube::prelude::*;

type Step = serde_json::Map<String, Value>;

/// The value after the step; `None` if there is no such step.
pub fn one(a: &DataArray, name: &str, x: &Value, step: &Step, run: &dyn Fn(&Value) -> DataArray) -> Option<DataArray> {
    let word = |name: &str| step.get(name).and_then(Value::as_str).unwrap_or_default();
    Some(match name {
        "rolling_place" => {
            let mut window = a.rolling(text(&x[0]), x[1].as_u64().expect("a length"));
            if step.get("centered").is_some() {
                window = window.centered();
            }
            if let Some(n) = step.get("min_periods").and_then(Value::as_u64) {
                window = window.min_periods(n);
            }
            if word("which") == "argmax" { window.argmax() } else { window.argmin() }
        }
        "exp_pair" => {
            let window = a.rolling_exp(text(&x[0]), Decay::Alpha(float(&x[1])));
            let other = run(&step["with"]);
            if word("reduce") == "cov" { window.cov(&other) } else { window.corr(&other) }
        }
        "argsort" => a.argsort(text(x)),
        "sum_of_squares" => a.weighted(&run(&x[0])).sum_of_squares(names(&x[1])),
        "resample_by" => a.resample(text(&x[0]), text(&x[1])).interpolate_by(method(word("method"))),
        "asfreq" => a.resample(text(&x[0]), text(&x[1])).asfreq(),
        "resample_from" => {
            let origin = if word("origin") == "end" { Origin::End } else { Origin::EndOfDay };
            let mut options = ResampleOptions::new().origin(origin);
            if word("closed") == "left" {
                options = options.closed(Side::Left);
            }
            if word("label") == "left" {
                options = options.label(Side::Left);
            }
            let groups = a.resample_with(text(&x[0]), text(&x[1]), &options);
            if word("reduce") == "mean" { groups.mean() } else { groups.max() }
        }
        "group_running" if word("what") == "cumsum" => a.group_by(text(x)).cumsum(),
        "group_running" => a.group_by(text(x)).cumprod(),
        "str" => strings(a, text(x), step["arguments"].as_array().expect("a list")),
        "str_cat" => a.str().cat(&run(x), word("separator")),
        "sel_level" => {
            let stacked = a.stack("cell", names(&x[0]));
            let labels: Vec<(&String, &Value)> = x[1].as_object().expect("labels").iter().collect();
            labels.iter().fold(stacked, |array, (level, label)| match array.dims().contains(level) {
                true => array.sel(level, float(label)),
                false => array.sel_level(level, float(label)),
            })
        }
        "curvefit" => {
            let (dim, pick) = (text(x), format!("curvefit_{}", word("pick")));
            let fit = match word("function") {
                "line" => a.curvefit(dim, &[("a", 1.0), ("b", 0.0)], |x, p| p[0] + p[1] * x),
                "wave" => a.curvefit(dim, &[("mean", 200.0), ("high", 1.0), ("low", 1.0)], |x, p| {
                    p[0] + p[1] * x.to_radians().cos() + p[2] * x.to_radians().sin()
                }),
                _ => a.curvefit(dim, &[("top", 250.0), ("middle", 1.0), ("width", 100.0)], |x, p| {
                    p[0] * (-(x - p[1]).powi(2) / (2.0 * p[2] * p[2])).exp()
                }),
            };
            fit.var(&pick)
        }
        "apply_with" => a.apply_along_with(word("dim"), &[&run(x)], |lines| {
            let products = lines[0].iter().zip(lines[1]).map(|(x, y)| x * y).filter(|p| !p.is_nan());
            products.sum::<f64>() - lines[1].iter().copied().fold(f64::NAN, f64::max)
        }),
        "curvilinear_areas" => {
            let grid = Grid::new(floats(&x[0]), floats(&x[1])).expect("a grid");
            let regridder = Regridder::from_curvilinear(a, &grid, RegridMethod::Conservative);
            regridder.map_or_else(DataArray::failed, |regridder| regridder.apply(a))
        }
        _ => return None,
    })
}

pub fn method(name: &str) -> Method {
    match name {
        "nearest" => Method::Nearest,
        "zero" => Method::Previous,
        "quadratic" => Method::Quadratic,
        "cubic" => Method::Cubic,
        "pchip" => Method::Pchip,
        "akima" => Method::Akima,
        "makima" => Method::Makima,
        "barycentric" | "krogh" => Method::Polynomial,
        "quintic" => Method::Spline(5),
        _ => Method::Linear,
    }
}

fn strings(a: &DataArray, method: &str, x: &[Value]) -> DataArray {
    let s = a.str();
    let word = |i: usize| text(&x[i]);
    let whole = |i: usize| x[i].as_i64();
    let width = |i: usize| x[i].as_u64().expect("a width") as usize;
    let letter = |i: usize| text(&x[i]).chars().next().expect("a letter");
    match method {
        "len" => s.len(),
        "upper" => s.upper(),
        "lower" => s.lower(),
        "title" => s.title(),
        "capitalize" => s.capitalize(),
        "swapcase" => s.swapcase(),
        "strip" => s.strip(),
        "isalpha" => s.isalpha(),
        "isalnum" => s.isalnum(),
        "isdigit" => s.isdigit(),
        "islower" => s.islower(),
        "isupper" => s.isupper(),
        "isspace" => s.isspace(),
        "contains" => s.contains(word(0)),
        "matches" => s.matches(word(0)),
        "count" => s.count(word(0)),
        "startswith" => s.startswith(word(0)),
        "endswith" => s.endswith(word(0)),
        "find" => s.find(word(0)),
        "rfind" => s.rfind(word(0)),
        "slice" => s.slice(whole(0), whole(1)),
        "slice_by" => s.slice_by(whole(0), whole(1), whole(2).expect("a step")),
        "get" => s.get(whole(0).expect("a position")),
        "replace" => s.replace(word(0), word(1)),
        "replace_pattern" => s.replace_pattern(word(0), word(1)),
        "extract" => s.extract(word(0), width(1)),
        "part" => s.part(word(0), whole(1).expect("a number")),
        "rjust" => s.rjust(width(0), letter(1)),
        "ljust" => s.ljust(width(0), letter(1)),
        "center" => s.center(width(0), letter(1)),
        "zfill" => s.zfill(width(0)),
        "repeat" => s.repeat(width(0)),
        "strip_of" => s.strip_of(word(0)),
        other => panic!("no method `{other}`"),
    }
}
