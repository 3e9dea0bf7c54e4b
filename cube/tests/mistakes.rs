//! Mistakes in the verbs of climate, grids and functions of the user's: each names what is wrong and hints at what to do.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use terracube_cube::{
    AlignOn, Calendar, Crs, DType, DataArray, Decay, Grid, Polygons, RegridMethod, Regridder, ResampleOptions,
    date_range,
};

fn t() -> DataArray {
    let times = date_range("2000-01-01", "2000-01-04", "D", Calendar::Standard);
    DataArray::from_vec(["time", "lat", "lon"], &[4, 2, 2], (0..16).map(f64::from).collect())
        .assign_coords([("time", &times)])
        .with_coord("lat", vec![10.0, 20.0])
        .with_coord("lon", vec![0.0, 10.0])
}

#[test]
fn mistakes_say_what_to_do() {
    let plain = DataArray::from_vec(["a", "b"], &[2, 2], vec![1.0, 2.0, 3.0, 4.0]);
    let grid = Grid::new(vec![0.0], vec![0.0, 1.0]).unwrap();
    let line = DataArray::from_vec(["p"], &[1], vec![0.0]);
    let rows: Vec<(&str, DataArray, &[&str])> = vec![
        ("query", t().query("latt > 3"), &["no coordinate `latt`", "did you mean `lat`"]),
        ("query date", t().query("time > 'yesterday'"), &["query", "yesterday"]),
        ("rolling_exp", t().rolling_exp("time", Decay::Span(0.2)).mean(), &["weight", "span is at least 1"]),
        ("rolling_exp dim", t().rolling_exp("tiem", Decay::Span(3.0)).mean(), &["no dimension `tiem`", "`time`"]),
        ("apply_named", t().apply_named("unheard of", "time"), &["registered function", "register it first"]),
        (
            "map_blocks",
            t().map_blocks(DType::F32, |block| Ok(block.clone())),
            &["map_blocks", "float32 of the same shape was announced"],
        ),
        (
            "resample_with",
            t().resample_with("time", "2D", &ResampleOptions::new().offset("MS")).mean(),
            &["no length of time"],
        ),
        ("resample_with dim", t().resample_with("lat", "2D", &ResampleOptions::new()).mean(), &["only times"]),
        (
            "convert_calendar",
            t().convert_calendar("lat", Calendar::NoLeap, AlignOn::Date),
            &["convert_calendar", "lat"],
        ),
        ("interp_points", t().interp_points([("lat", &line), ("height", &line)]), &["no dimension `height`"]),
        ("sel_on_grid", t().sel_on_grid(&line, &line), &["two dimensions", "at_points"]),
        ("field_mean", plain.field_mean(), &["Latitude", "degrees_north"]),
        ("regrid", plain.regrid(&grid, RegridMethod::Bilinear), &["Latitude"]),
        ("inside", plain.inside(&Polygons::default()), &["inside", "Latitude"]),
        ("running_days", t().running_days("time", 4).mean(), &["no middle", "odd"]),
        ("trend", t().mann_kendall("place").var("slope"), &["no dimension `place`"]),
        ("group_by_key", t().group_by_key(&plain).mean(), &["no dimension `a`"]),
        ("coarsen", t().coarsen("lat", 2).and("time", 3).mean(), &["blocks of 3 do not divide", ".trim()"]),
        ("quantile weights", t().weighted(&t().coord("lat")).quantile(0.5, "lon"), &["differ along `lat`"]),
    ];
    for (what, array, expected) in rows {
        let error = array.to_f64().expect_err(what).to_string();
        assert!(expected.iter().all(|part| error.contains(part)), "{what}: {error}");
    }
}

#[test]
fn mistakes_in_grids_and_projections() {
    let messages = [
        Grid::new(vec![95.0], vec![0.0]).unwrap_err().to_string(),
        Grid::regular((0.0, 10.0), (0.0, 10.0), 3.0).unwrap_err().to_string(),
        Grid::new(vec![1.0, 3.0, 2.0], vec![0.0]).unwrap_err().to_string(),
        Polygons::from_geojson("{\"type\": \"Point\", \"coordinates\": [1, 2]}").unwrap_err().to_string(),
        Polygons::from_geojson("no").unwrap_err().to_string(),
        Regridder::from_projection(
            &t(),
            &Crs::Geographic,
            &[0.0],
            &[0.0],
            &Crs::Proj("+proj=nonsense".into()),
            RegridMethod::Nearest,
        )
        .unwrap_err()
        .to_string(),
        Regridder::from_curvilinear(&t(), &Grid::new(vec![0.0], vec![0.0]).unwrap(), RegridMethod::Nearest)
            .unwrap_err()
            .to_string(),
        Regridder::from_dataset(&t().named("t").to_dataset()).unwrap_err().to_string(),
        date_range("2000-01-01", "2000-02-01", "fortnightly", Calendar::Standard).error().unwrap().to_string(),
    ];
    let expected = [
        "beyond a pole",
        "do not fill",
        "neither rise nor fall",
        "has no inside",
        "no JSON",
        "nonsense",
        "two dimensions",
        "method",
        "fortnightly",
    ];
    for (message, expected) in messages.iter().zip(expected) {
        assert!(message.contains(expected), "{message} (expected {expected})");
    }
}

#[test]
fn regridding_refuses_arrays_of_another_grid() {
    let regridder =
        Regridder::new(&t(), &Grid::new(vec![12.0, 18.0], vec![5.0]).unwrap(), RegridMethod::Bilinear).unwrap();
    let other = t().isel("lat", [0]);
    let error = regridder.apply(&other).to_f64().unwrap_err().to_string();
    assert!(error.contains("`lat` has 1 positions, the weights are for 2"), "{error}");
}
