//! Figures through the public interface. With TERRACUBE_GALLERY set to a folder they are also written there, to be looked at.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use terracube_cube::{Attributes, Block, Calendar, DType, DataArray, Dims, Encoding, TimeUnit, Variable};
use terracube_display::{Data, RichDisplay};
use terracube_plots::{Figure, PlotExt};

const DAY: i64 = 86_400;

/// time x lat x lon: twelve months of something like temperature, latitudes from the north, longitudes 0 to 360.
fn temperature(n_lat: usize, n_lon: usize) -> DataArray {
    let lat: Vec<f64> = (0..n_lat).map(|i| 90.0 - 180.0 * (i as f64 + 0.5) / n_lat as f64).collect();
    let lon: Vec<f64> = (0..n_lon).map(|i| 360.0 * (i as f64 + 0.5) / n_lon as f64).collect();
    let mut values = Vec::with_capacity(12 * n_lat * n_lon);
    for month in 0..12 {
        let sun = 23.0 * (f64::from(month) / 6.0 * std::f64::consts::PI).cos();
        for y in &lat {
            for x in &lon {
                let land = (x - 60.0).abs() < 30.0 && (y - 20.0).abs() < 20.0;
                let value = 303.0 - 0.011 * (y + sun).powi(2) + 3.0 * (x / 25.0).sin();
                values.push(if land { f32::NAN } else { value as f32 });
            }
        }
    }
    let time: Vec<i64> = (0..12).map(|month| (31 * 365 + 8 + month * 365 / 12 + 15) * DAY).collect();
    let dtype = DType::Time { unit: TimeUnit::S, calendar: Calendar::Standard };
    let coord = |dim: &str, values: Vec<f64>, units: &str| {
        let block = Block::new(&[values.len()], values).unwrap();
        Variable::from_block(Dims::new([dim]).unwrap(), block).with_attrs(attrs(&[("units", units)]))
    };
    DataArray::from_vec(["time", "lat", "lon"], &[12, n_lat, n_lon], values)
        .with_coord_block("time", Block::with_dtype(dtype, &[12], time).unwrap())
        .with_coord_variable("lat", coord("lat", lat, "degrees_north"))
        .with_coord_variable("lon", coord("lon", lon, "degrees_east"))
        .with_attrs(attrs(&[("long_name", "2 metre temperature"), ("units", "K")]))
        .named("t2m")
}

fn attrs(pairs: &[(&str, &str)]) -> Attributes {
    pairs.iter().map(|(name, value)| (*name, (*value).into())).collect()
}

fn keep(name: &str, figure: &Figure) -> String {
    let svg = figure.svg().unwrap();
    if let Some(folder) = std::env::var_os("TERRACUBE_GALLERY") {
        std::fs::write(std::path::Path::new(&folder).join(format!("figure_{name}.svg")), &svg).unwrap();
        figure.save(std::path::Path::new(&folder).join(format!("figure_{name}.png"))).unwrap();
    }
    svg
}

fn holds(svg: &str, texts: &[&str]) {
    for text in texts {
        assert!(svg.contains(&format!(">{text}</text>")), "`{text}` is not written in the figure");
    }
}

#[test]
fn panels_take_their_part_of_every_array_and_look_at_all_values() {
    let t = temperature(8, 12);
    // One position makes one panel.
    holds(&t.isel("time", 0..1).plot().facet("time", 3).svg().unwrap(), &["time = 2001-01-16"]);
    // Both arrays are of the panel's time: as many points as the map has values.
    let points = |svg: &str| svg.matches("h0").count();
    let warm = t.fillna(300.0);
    let alone = points(&warm.isel("time", 0).plot().scatter(&warm.isel("time", 1)).svg().unwrap());
    let later = warm.isel("time", 1..3).with_coord("time", vec![0, 1]);
    let earlier = warm.isel("time", 0..2).with_coord("time", vec![0, 1]);
    let panels = earlier.plot().scatter(&later).facet("time", 2).svg().unwrap();
    assert_eq!(points(&panels), 2 * alone);
    keep("facet_quiver", &earlier.plot().quiver(&later).facet("time", 2));
    // A histogram of a panel counts what it counts alone, and says what it leaves out whatever its title.
    let many = DataArray::from_vec(["k", "x"], &[2, 4_500_000], (0..9_000_000).map(|i| f64::from(i % 100)).collect());
    let sampled = many.plot().histogram(10).facet("k", 2).svg().unwrap();
    assert!(sampled.contains("1 in 2 values"), "what is left out is said");
}

#[test]
fn maps_and_series_have_labels_units_and_titles() {
    let t = temperature(36, 72);
    let map = keep("map", &t.isel("time", 0).plot());
    holds(&map, &["time = 2001-01-16", "2 metre temperature [K]", "lat [degrees_north]", "30°N", "90°E", "280"]);
    let turned = keep("map_turned", &t.isel("time", 0).transpose(["lon", "lat"]).plot());
    assert_eq!(map, turned, "longitudes go to the right whatever the order of dimensions");
    let series = keep("series", &t.isel("lat", 4).isel("lon", 0).plot());
    holds(
        &series,
        &["lat = 67.5 [degrees_north], lon = 2.5 [degrees_east]", "time", "Feb", "2001", "2 metre temperature [K]"],
    );
    let anomaly = &t.isel("time", 6) - &t.mean("time");
    keep("anomaly", &anomaly.named("anomaly").plot().robust().title("July").cmap("PuOr"));
    let hovmoeller = keep("hovmoeller", &t.mean("lon").plot().size(500, 600));
    holds(&hovmoeller, &["2001-03", "time", "lat [degrees_north]"]);
    assert!(hovmoeller.contains("width=\"500\" height=\"600\""));
    let lines = keep("lines", &t.mean("lon").isel("lat", 12..18).plot().lines("time"));
    holds(&lines, &["lat [degrees_north]", "27.5", "2.5"]);
    holds(&keep("histogram", &t.plot().histogram(40).vmin(220.0)), &["count", "2 metre temperature [K]"]);
    holds(&keep("months", &t.group_by("time.month").mean().mean(["lat", "lon"]).plot()), &["month", "12"]);
}

#[test]
fn contours_arrows_points_steps_and_panels() {
    let t = temperature(36, 72);
    let (south, january) = (t.isel("lat", 18..36).isel("lon", 0..40), t.isel("time", 0));
    let lines = keep("contour", &january.plot().contour(12));
    assert!(lines.matches("stroke-linecap=\"round\"").count() >= 5 && !lines.contains("all values"));
    holds(&keep("contourf", &january.plot().contourf(10)), &["30°N", "2 metre temperature [K]"]);
    keep("contour_anomaly", &(&t.isel("time", 6) - &t.mean("time")).named("anomaly").plot().contourf(12));
    let wave = |shift: f64| {
        let (lat, lon) = (january.coord("lat"), january.coord("lon"));
        let u = (&lat + shift).cos_deg() * 12.0 + (&lon * 3.0).sin_deg() * 4.0;
        u.named("u").with_attr("units", "m/s")
    };
    let (u, v) = (wave(0.0), wave(60.0));
    holds(&keep("quiver", &u.plot().quiver(&v).title("wind")), &["wind", "10 m/s"]);
    holds(&keep("arrows", &january.plot().arrows(&u, &v)), &["time = 2001-01-16"]);
    let scatter = keep("scatter", &t.isel("time", 6).named("july").plot().scatter(&january.named("january")));
    assert!(scatter.contains("h0M"), "points are drawn");
    let steps = keep("steps", &t.mean(["lat", "lon"]).plot().steps());
    assert_ne!(steps, t.mean(["lat", "lon"]).plot().svg().unwrap());
    let panels = keep("facet", &t.isel("time", 0..6).plot().facet("time", 3).title("half a year"));
    holds(&panels, &["half a year", "time = 2001-01-16", "2 metre temperature [K]"]);
    assert_eq!(panels.matches("<svg x=").count() - panels.matches("overflow=").count(), 6, "a panel for each");
    keep(
        "facet_anomaly",
        &(&south - &south.mean("time")).named("anomaly").isel("time", 0..4).plot().contourf(8).facet("time", 2),
    );
    keep("facet_lines", &south.mean("lon").isel("lat", 0..9).plot().lines("time").facet("lat", 3));
    let errors = [
        (t.plot().contour(5), "contours need two dimensions"),
        (t.plot().facet("tim", 3), "no dimension `tim`; did you mean `time`?"),
        (temperature(60, 4).isel("time", 0).plot().facet("lat", 6), "60 panels, one for each position of `lat`"),
        (january.plot().quiver(&t), "arrows need two components over two dimensions"),
    ];
    for (figure, expected) in errors {
        let error = figure.svg().unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn a_large_map_is_small_and_shows_the_whole_extent() {
    let t = temperature(1000, 2000).isel("time", 3);
    let svg = keep("large", &t.plot());
    assert!(svg.len() < 600_000, "{} bytes", svg.len());
    holds(&svg, &["60°N", "60°S"]);
}

#[test]
fn mistakes_travel_and_are_shown() {
    let t = temperature(4, 8);
    let rows = [
        (
            t.plot(),
            "a figure needs one or two dimensions, `t2m` has 3 (time: 12, lat: 4, lon: 8); select with `.isel(\"time\", 0)`",
        ),
        (t.mean("latt").plot().title("x"), "no dimension `latt`; did you mean `lat`?"),
        (t.isel("time", 0).plot().cmap("virids"), "no colour map `virids`; did you mean `viridis`?"),
        (t.isel("time", 0).plot().vmin(3.0).vmax(1.0), "the colour scale from 3 to 1 is empty"),
        (t.isel("time", 0).plot().lines("time"), "no dimension `time`"),
        (t.mean(["time", "lat", "lon"]).plot(), "`t2m` is a single value"),
    ];
    for (figure, expected) in rows {
        let bundle = figure.mime_bundle();
        assert!(bundle.plain().contains(expected), "{}", bundle.plain());
        assert!(bundle.get("image/svg+xml").is_none());
        assert!(figure.svg().is_err());
    }
    let bundle = t.isel("time", 0).plot().mime_bundle();
    assert_eq!(bundle.plain(), "<terracube.Figure of t2m>");
    assert!(matches!(bundle.get("image/svg+xml"), Some(Data::Text(svg)) if svg.starts_with("<svg ")));
}

#[test]
fn figures_are_saved_by_the_ending_of_the_name() {
    let folder = tempfile::tempdir().unwrap();
    let figure = temperature(6, 12).isel("time", 0).plot();
    let path = folder.path().join("map.svg");
    figure.save(&path).unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), figure.svg().unwrap());
    let error = figure.save(folder.path().join("map.pdf")).unwrap_err().to_string();
    assert!(error.contains("neither .svg nor .png"), "{error}");
    assert!(figure.save(folder.path().join("no/such/folder/map.svg")).is_err());
    match figure.save(folder.path().join("map.PNG")) {
        Ok(()) => assert!(std::fs::read(folder.path().join("map.PNG")).unwrap().starts_with(b"\x89PNG")),
        // A machine without any font says so.
        Err(error) => assert!(error.to_string().contains("no font"), "{error}"),
    }
    if let Some(gallery) = std::env::var_os("TERRACUBE_GALLERY") {
        figure.save(std::path::Path::new(&gallery).join("figure_saved.png")).unwrap();
    }
}

#[test]
fn other_calendars_and_nothing_at_all() {
    let dtype = DType::Time { unit: TimeUnit::S, calendar: Calendar::Day360 };
    let time: Vec<i64> = (0..720).map(|day| day * DAY + 30 * 360 * DAY).collect();
    let values: Vec<f64> = (0..720).map(|day| (f64::from(day) / 57.0).sin()).collect();
    let t = DataArray::from_vec(["time"], &[720], values)
        .with_coord_block("time", Block::with_dtype(dtype, &[720], time).unwrap());
    holds(&keep("day360", &t.plot()), &["Jan", "2000", "2001"]);
    let empty = Variable::new(t.isel("time", 0..0).variable().expr().clone(), Attributes::new(), Encoding::default());
    let empty = DataArray::new(Some("e"), empty, Default::default());
    assert!(empty.plot().svg().is_err());
    let missing = DataArray::from_vec(["y", "x"], &[2, 2], vec![f64::NAN; 4]);
    holds(&keep("missing", &missing.plot()), &["all values are missing", "x", "y"]);
}
