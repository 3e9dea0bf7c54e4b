//! The operations of a golden file: the main variable as f64, its extra dimensions fixed, reduced, selected and grouped.
use serde_json::{Map, Value};
use terracube::prelude::*;

use crate::describe::{near, same};
use crate::support::calendar::microseconds;
use crate::support::{Observed, float};
use crate::tally::Tally;

type Outcome = Result<(), String>;

pub fn check(name: &str, dataset: &Dataset, expected: &Map<String, Value>, tally: &mut Tally) {
    let axis = |key: &str| expected[key].as_str();
    let (time, lat, lon) = (axis("time"), axis("lat"), axis("lon"));
    let variable = expected["variable"].as_str().expect("ops name their variable");
    let mut v = dataset.var(variable).cast(DType::F64);
    for dim in expected.get("isel").and_then(Value::as_object).into_iter().flat_map(Map::keys) {
        v = v.isel(dim, 0);
    }
    let dims: Vec<String> = names(&v);
    let all = || dims.clone();
    let scale = largest(&v);
    let job = Job { v: &v, expected, scale };
    let mut run = |operation: &str, outcome: &dyn Fn(&Value) -> Outcome| {
        if let Some(wanted) = expected.get(operation).filter(|wanted| wanted.get("error").is_none()) {
            tally.check(&format!("{name} {operation}"), outcome(wanted));
        }
    };

    run("std", &|w| job.scalar(&v.std(all()), w));
    run("var_ddof1", &|w| job.scalar(&v.var(all()).ddof(1), w));
    run("sum", &|w| job.scalar(&v.sum(all()), w));
    run("quantile_0.9", &|w| job.scalar(&v.quantile(0.9, all()), w));
    run("median", &|w| job.scalar(&v.median(all()), w));
    run("coarsen2x2_trim_mean", &|w| job.blocks(w));
    run("mean_over_last_dim_first3", &|w| job.first(&v.mean(dims[dims.len() - 1].as_str()), &w["values"]));
    run("max_over_first_dim_first3", &|w| job.first(&v.max(dims[0].as_str()), &w["values"]));
    run("where_gt_mean_count", &|w| job.scalar(&v.where_(v.gt(v.mean(all()))).count(all()), w));
    if let (Some(lat), Some(lon)) = (lat, lon) {
        let point = &expected["point"];
        let at_point = v.sel(lat, near_label(&point["lat"])).sel(lon, near_label(&point["lon"]));
        run("sel_nearest", &|w| {
            job.scalar(&at_point.coord(lat), &w["lat"])?;
            job.scalar(&at_point.coord(lon), &w["lon"])?;
            job.first(&at_point, &w["first3"])?;
            job.scalar(&mean_of_all(&at_point), &w["mean"])
        });
        let interpolated = || {
            let at = |label: &Value| {
                DataArray::from_vec(["at"], &[1], vec![label.as_f64().expect("a coordinate")]).isel("at", 0)
            };
            v.interp(lat, &at(&point["lat"])).interp(lon, &at(&point["lon"]))
        };
        run("interp_linear_first3", &|w| job.first(&interpolated(), w));
        run("interp_linear_mean", &|w| job.scalar(&mean_of_all(&interpolated()), w));
        let weights = v.coord(lat).cast(DType::F64).cos_deg();
        run("weighted_coslat_mean_first3", &|w| job.first(&v.weighted(&weights).mean([lat, lon]), w));
        run("point_quantile_0.9", &|w| job.scalar(&at_point.quantile(0.9, names(&at_point)), w));
        run("point_std", &|w| job.scalar(&at_point.std(names(&at_point)), w));
        run("sel_box_count_mean", &|w| {
            let end = |axis: &str, i: usize| w[axis][i].as_f64().expect("a bound");
            let area = v.sel(lat, end("lat", 0)..=end("lat", 1)).sel(lon, end("lon", 0)..=end("lon", 1));
            // Where nothing lies in the box the reference gives an empty array; ours is an error that says so, on purpose.
            if w["shape"].as_array().is_some_and(|shape| shape.contains(&0.into())) {
                let kind = area.error().map(Error::kind);
                return same(&format!("{kind:?}").into(), &format!("{:?}", Some(ErrorKind::Empty)).into());
            }
            same(&area.shape().into(), &w["shape"])?;
            job.scalar(&area.count(names(&area)), &w["count"])?;
            job.scalar(&mean_of_all(&area), &w["mean"])
        });
    }
    if let Some(time) = time {
        let rest: Vec<String> = dims.iter().filter(|dim| *dim != time).cloned().collect();
        let series = if rest.is_empty() { v.clone() } else { v.mean(rest) };
        run("space_mean_first3", &|w| job.first(&series, w));
        run("sel_time_slice", &|w| job.time_slice(time, w));
        run("groupby_month_mean_of_space_mean", &|w| job.groups(&series, time, "month", w));
        run("groupby_season_mean_of_space_mean", &|w| job.groups(&series, time, "season", w));
        run("rolling3_mean_first5", &|w| job.first(&series.rolling(time, 3).mean(), w));
        run("rolling3_center_minp1_first5", &|w| {
            job.first(&series.rolling(time, 3).centered().min_periods(1).mean(), w)
        });
        run("cumsum_last", &|w| job.scalar(&series.cumsum(time).isel(time, -1), w));
        run("diff_first3", &|w| job.first(&series.diff(time), w));
        run("shift1_first3", &|w| job.first(&series.shift(time, 1), w));
        run("time_argmax_of_space_mean", &|w| {
            let position = series.argmax(time);
            job.scalar(&position, &w["index"])?;
            job.time_of(&series.idxmax(time), &w["time"])
        });
        run("resample_YS_mean", &|w| job.resampled(&series.resample(time, "YS").mean(), time, w));
        run("resample_MS_mean", &|w| job.resampled(&series.resample(time, "MS").mean(), time, w));
        run("anomaly_std", &|w| {
            let key = format!("{time}.month");
            let anomaly = series.group_by(&key) - &series.group_by(&key).mean();
            job.scalar(&anomaly.std(names(&anomaly)), w)
        });
    }
}

struct Job<'a> {
    v: &'a DataArray,
    expected: &'a Map<String, Value>,
    scale: f64,
}

impl Job<'_> {
    fn scalar(&self, result: &DataArray, wanted: &Value) -> Outcome {
        let values = values(result)?;
        match values[..] {
            [value] => near(value, float(wanted).ok_or("no number expected")?, self.scale),
            _ => Err(format!("{} values, expected one", values.len())),
        }
    }

    fn first(&self, result: &DataArray, wanted: &Value) -> Outcome {
        let wanted = wanted.as_array().ok_or("no list expected")?;
        let values = values(result)?;
        if values.len() < wanted.len() {
            return Err(format!("{} values, expected at least {}", values.len(), wanted.len()));
        }
        values
            .iter()
            .zip(wanted)
            .try_for_each(|(value, wanted)| near(*value, float(wanted).ok_or("no number expected")?, self.scale))
    }

    /// Means of blocks of two by two.
    fn blocks(&self, wanted: &Value) -> Outcome {
        let dims: Vec<&str> = wanted["dims"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let [first, second] = dims[..] else { return Err("two dimensions expected".to_owned()) };
        let blocks = self.v.coarsen(first, 2).and(second, 2).trim().mean();
        same(&blocks.shape().into(), &wanted["shape"])?;
        let all = values(&blocks)?;
        near(
            all.first().copied().ok_or("no block")?,
            float(&wanted["first"]).ok_or("no number expected")?,
            self.scale,
        )?;
        self.scalar(&blocks.count(names(&blocks)), &wanted["count"])?;
        for (field, result) in [
            ("min", blocks.min(names(&blocks))),
            ("max", blocks.max(names(&blocks))),
            ("mean", blocks.mean(names(&blocks))),
            ("std", blocks.std(names(&blocks))),
        ] {
            if let Some(wanted) = wanted.get(field) {
                self.scalar(&result, wanted).map_err(|why| format!("{field}: {why}"))?;
            }
        }
        Ok(())
    }

    fn resampled(&self, result: &DataArray, time: &str, wanted: &Value) -> Outcome {
        same(&result.size().into(), &wanted["n"])?;
        let labels = wanted["first3_labels"].as_array().ok_or("no labels expected")?;
        for (i, label) in labels.iter().enumerate() {
            self.time_of(&result.coord(time).isel(time, i as i64), label)?;
        }
        self.first(result, &wanted["first3"])?;
        self.scalar(&result.isel(time, -1), &wanted["last"])
    }

    /// One time.
    fn time_of(&self, result: &DataArray, wanted: &Value) -> Outcome {
        let DType::Time { calendar, .. } = result.dtype() else {
            return Err(format!("{}, expected a time", result.dtype()));
        };
        let Observed::Time(found) = Observed::of(&result.values().map_err(|error| error.to_string())?)? else {
            return Err("times expected".to_owned());
        };
        let wanted = wanted.as_str().and_then(|text| microseconds(text, calendar.name()));
        if found == [wanted] { Ok(()) } else { Err(format!("{found:?}, expected {wanted:?}")) }
    }

    fn time_slice(&self, time: &str, wanted: &Value) -> Outcome {
        let text = |key: &str| wanted[key].as_str().expect("a date");
        let part = self.v.sel(time, text("start")..=text("stop_inclusive"));
        let times = part.coord(time);
        let DType::Time { calendar, .. } = times.dtype() else { return Err(format!("`{time}` is {}", times.dtype())) };
        let Observed::Time(found) = Observed::of(&times.values().map_err(|error| error.to_string())?)? else {
            return Err("times expected".to_owned());
        };
        same(&found.len().into(), &wanted["n_time"])?;
        for (value, key) in [(found.first(), "first"), (found.last(), "last")] {
            let wanted = microseconds(text(key), calendar.name());
            if value.copied().flatten() != wanted {
                return Err(format!("{key} time is {value:?}, expected {wanted:?}"));
            }
        }
        self.scalar(&mean_of_all(&part), &wanted["mean"])
    }

    fn groups(&self, series: &DataArray, time: &str, key: &str, wanted: &Value) -> Outcome {
        let grouped = series.group_by(&format!("{time}.{key}")).mean();
        let labels = Observed::of(&grouped.coord(key).values().map_err(|error| error.to_string())?)?;
        if let Some(difference) =
            labels.difference(wanted["labels"].as_array().expect("labels"), crate::support::Tolerance::Ulp(0))
        {
            return Err(format!("labels: {difference}"));
        }
        self.first(&grouped, &wanted["values"])
    }
}

impl std::fmt::Debug for Job<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "operations on {}", self.expected["variable"])
    }
}

fn mean_of_all(array: &DataArray) -> DataArray {
    array.mean(names(array))
}

fn names(array: &DataArray) -> Vec<String> {
    array.dims().iter().map(ToOwned::to_owned).collect()
}

fn near_label(value: &Value) -> terracube::cube::data::Near {
    terracube::prelude::near(value.as_f64().expect("a coordinate"))
}

fn values(result: &DataArray) -> Result<Vec<f64>, String> {
    let array = result.values().map_err(|error| error.to_string())?;
    Observed::of(&array)?.to_f64().ok_or_else(|| "numbers expected".to_owned())
}

fn largest(array: &DataArray) -> f64 {
    values(array)
        .map_or(0.0, |values| values.into_iter().filter(|v| v.is_finite()).fold(0.0, |most, v| most.max(v.abs())))
}
