//! The steps of tests/golden/climate_verbs.py as calls of the library.
use super::arguments::{float, floats, text};
use serde_json::Value;
use terracube::prelude::*;

/// The value after the step; `None` if there is no such step.
pub fn one(
    a: &DataArray,
    name: &str,
    x: &Value,
    step: &serde_json::Map<String, Value>,
    run: &dyn Fn(&Value) -> DataArray,
) -> Option<DataArray> {
    let word = |name: &str| step.get(name).and_then(Value::as_str).unwrap_or_default();
    let wide = || if a.dtype() == DType::F32 { a.cast(DType::F64) } else { a.clone() };
    Some(match name {
        // The reference returns f64 where it weights.
        "area" => match text(x) {
            "field_mean" => wide().field_mean(),
            "field_std" => wide().field_std(),
            "zonal_mean" => a.zonal_mean(),
            _ => wide().meridional_mean(),
        },
        "running_days" => {
            let days = a.running_days("time", x.as_u64().expect("days"));
            match step.get("q") {
                Some(q) => days.quantile(float(q)),
                None => days.mean(),
            }
        }
        "exceedance" => a.exceedance("time", &run(x), word("frequency")),
        "trend" => a.trend(text(x)).var(word("pick")),
        "theil_sen" => a.theil_sen(text(x)).var(word("pick")),
        "mann_kendall" => a.mann_kendall(text(x)).var(word("pick")),
        "eofs" => {
            let weights = step.get("weights").map(run);
            match wide().eofs(text(x), step["n"].as_u64().expect("a number") as usize, weights.as_ref()) {
                Ok(eofs) => match word("pick") {
                    "variance_fraction" => eofs.variance_fractions(),
                    "component" => eofs.components(),
                    _ => eofs.patterns(),
                },
                Err(error) => DataArray::failed(error),
            }
        }
        "runs" => runs(a, text(x), step),
        "regrid" => match Grid::new(floats(&x[0]), floats(&x[1])) {
            Ok(grid) => {
                let method = method(word("method"));
                let regridder = Regridder::new(a, &grid, method);
                match regridder {
                    // Through the form in which weights are kept.
                    Ok(regridder) => match Regridder::from_dataset(&regridder.to_dataset()) {
                        Ok(kept) => narrow(kept.covered(step.get("covered").map_or(0.0, float)).apply(a), a, method),
                        Err(error) => DataArray::failed(error),
                    },
                    Err(error) => DataArray::failed(error),
                }
            }
            Err(error) => DataArray::failed(error),
        },
        "view" => match Grid::new(floats(&x[0]), floats(&x[1])) {
            Ok(grid) => {
                let view = a.view(&grid);
                match word("reduce") {
                    "mean" => view.mean(),
                    "sum" => view.sum(),
                    "min" => view.min(),
                    "max" => view.max(),
                    _ => view.count(),
                }
            }
            Err(error) => DataArray::failed(error),
        },
        "curvilinear" => {
            let method = method(word("method"));
            let made =
                Grid::new(floats(&x[0]), floats(&x[1])).and_then(|grid| Regridder::from_curvilinear(a, &grid, method));
            match made {
                Ok(regridder) => regridder.apply(a),
                Err(error) => DataArray::failed(error),
            }
        }
        "rotated" => {
            // The array's axes are taken for those of a rotated grid.
            let plain = |dim: &str, name: &str| a.coord(dim).with_attrs(Attributes::new()).rename([(dim, name)]);
            let turned = a.rename([("lat", "rlat"), ("lon", "rlon")]);
            let turned = turned.assign_coords([("rlat", &plain("lat", "rlat")), ("rlon", &plain("lon", "rlon"))]);
            let from = Crs::Rotated(RotatedPole::new(float(&x[0]), float(&x[1])));
            projected(&turned, &from, &x[2], &x[3], &Crs::Geographic)
        }
        "projected" => projected(a, &Crs::Geographic, &x[1], &x[2], &Crs::Proj(text(&x[0]).to_owned())),
        "regions" => regions(a, x, word("what")),
        "solar_day" => {
            let groups = a.group_by_solar_day("time", Some(float(x)));
            if word("reduce") == "max" { groups.max() } else { groups.mean() }
        }
        _ => return None,
    })
}

/// Nearest values are the old ones; ours are floats, which hold them exactly.
fn narrow(result: DataArray, a: &DataArray, method: RegridMethod) -> DataArray {
    if method == RegridMethod::Nearest { result.cast(a.dtype()) } else { result }
}

fn projected(a: &DataArray, from: &Crs, y: &Value, x: &Value, to: &Crs) -> DataArray {
    match Regridder::from_projection(a, from, &floats(y), &floats(x), to, RegridMethod::Bilinear) {
        Ok(regridder) => regridder.apply(a),
        Err(error) => DataArray::failed(error),
    }
}

fn runs(a: &DataArray, dim: &str, step: &serde_json::Map<String, Value>) -> DataArray {
    let n = step["n"].as_u64().expect("a length");
    match (text(&step["what"]), step.get("frequency")) {
        ("reached", _) => a.run_lengths(dim),
        ("longest", None) => a.longest_run(dim),
        ("count", None) => a.count_runs(dim, n),
        (_, None) => a.positions_in_runs(dim, n),
        ("longest", Some(frequency)) => a.resample(dim, text(frequency)).longest_run(),
        ("count", Some(frequency)) => a.resample(dim, text(frequency)).count_runs(n),
        (_, Some(frequency)) => a.resample(dim, text(frequency)).positions_in_runs(n),
    }
}

fn regions(a: &DataArray, list: &Value, what: &str) -> DataArray {
    let polygons = list.as_array().expect("regions").iter().fold(Polygons::default(), |all, region| {
        let ring =
            region[1].as_array().expect("a ring").iter().map(|point| (float(&point[0]), float(&point[1]))).collect();
        all.with_region(text(&region[0]), vec![ring])
    });
    match what {
        "inside" => a.inside(&polygons),
        "clip" => a.clip_to(&polygons),
        "mean" => a.by_region(&polygons).mean(),
        _ => a.region_means(&polygons),
    }
}

fn method(name: &str) -> RegridMethod {
    match name {
        "bilinear" => RegridMethod::Bilinear,
        "nearest" => RegridMethod::Nearest,
        _ => RegridMethod::Conservative,
    }
}
