//! Charts of every kind, drawn and parsed as SVG. With TERRACUBE_GALLERY set to a folder they are also written there, to be looked at.
use std::f64::consts::PI;

use terracube_cube::Calendar;

use super::{Axis, HistogramChart, LineChart, MapChart, MapStyle, Page, Series};
use crate::colour::{ColourMap, Wanted};
use crate::scale::{AxisKind, cell_edges};

#[test]
fn every_chart_is_valid_svg() {
    let charts = charts();
    assert!(charts.len() > 15);
    for (name, svg) in charts {
        let tree = resvg::usvg::Tree::from_str(&svg, &resvg::usvg::Options::default());
        assert!(tree.is_ok(), "{name}: {:?}", tree.err());
        assert!(!svg.contains(">NaN") && !svg.contains(">inf"), "{name}: a number is missing");
        assert!(svg.len() < 700_000, "{name}: {} bytes", svg.len());
        if let Some(folder) = std::env::var_os("TERRACUBE_GALLERY") {
            std::fs::write(std::path::Path::new(&folder).join(format!("{name}.svg")), svg).unwrap();
        }
    }
}

fn axis(label: &str, kind: AxisKind, values: Vec<f64>) -> Axis {
    Axis { label: label.into(), kind, values, reversed: false }
}

fn page(title: &str) -> Page {
    Page { title: title.into(), size: None }
}

fn steps(first: f64, step: f64, n: usize) -> Vec<f64> {
    (0..n).map(|i| first + i as f64 * step).collect()
}

/// A number that looks random, the same each time.
fn noise(i: usize) -> f64 {
    ((i as f64 * 12.9898).sin() * 43_758.545).fract()
}

fn line(title: &str, x: Axis, value_label: &str, value: impl Fn(usize, f64) -> f64) -> LineChart {
    let values = x.values.iter().enumerate().map(|(i, x)| value(i, *x)).collect();
    LineChart {
        page: page(title),
        x,
        value_label: value_label.into(),
        value_kind: AxisKind::Number,
        series: vec![Series { name: String::new(), values }],
        legend_title: String::new(),
        limits: (None, None),
    }
}

fn map(title: &str, x: Axis, y: Axis, value_label: &str, value: impl Fn(f64, f64) -> f64) -> MapChart {
    let values = y.values.iter().flat_map(|y| x.values.iter().map(|x| value(*x, *y)).collect::<Vec<_>>()).collect();
    let poles = (y.kind == AxisKind::Latitude).then_some((-90.0, 90.0));
    MapChart {
        page: page(title),
        x_edges: cell_edges(&x.values, None),
        y_edges: cell_edges(&y.values, poles),
        x,
        y,
        values,
        value_label: value_label.into(),
        value_kind: AxisKind::Number,
        wanted: Wanted::default(),
        colour_map: None,
        style: MapStyle::Cells,
        arrows: None,
        has_bar: true,
    }
}

fn temperature(lon: f64, lat: f64) -> f64 {
    if (lon - 60.0).abs() < 25.0 && (lat - 20.0).abs() < 15.0 {
        return f64::NAN;
    }
    300.0 - 45.0 * (lat.to_radians().sin().powi(2)) + 4.0 * (lon * PI / 60.0).sin() * (lat * PI / 40.0).cos()
}

fn charts() -> Vec<(&'static str, String)> {
    const DAY: f64 = 86_400.0;
    let time = |first: f64, step: f64, n: usize| {
        axis("time", AxisKind::Time(Calendar::Standard), steps(first * DAY, step * DAY, n))
    };
    let lon =
        |first: f64, step: f64, n: usize| axis("longitude [degrees_east]", AxisKind::Longitude, steps(first, step, n));
    let lat =
        |first: f64, step: f64, n: usize| axis("latitude [degrees_north]", AxisKind::Latitude, steps(first, step, n));
    let mut depths =
        axis("depth [m]", AxisKind::Number, vec![0.5, 1.5, 3.0, 6.0, 12.0, 25.0, 50.0, 100.0, 200.0, 400.0]);
    depths.reversed = true;
    let warm = "2 metre temperature [K]";

    let mut gaps = line("lat = 48.5, lon = 2.5", time(11_000.0, 1.0, 500), warm, |i, t| {
        if (200..230).contains(&i) {
            f64::NAN
        } else {
            285.0 + 9.0 * (t / DAY / 365.0 * 2.0 * PI).sin() + noise(i) * 3.0
        }
    });
    gaps.series[0].values[215] = 290.0;
    let mut several =
        line("", axis("month", AxisKind::Integer, steps(1.0, 1.0, 12)), "precipitation [kg m-2 s-1]", |_, m| m * 1e-5);
    several.series = (0..7)
        .map(|n| Series {
            name: format!("{}", n * 10),
            values: (0..12).map(|m| 2e-5 + 1e-5 * (f64::from(m + n) * 0.6).sin()).collect(),
        })
        .collect();
    several.legend_title = "lat [degrees_north]".into();
    let seasons = ["DJF", "JJA", "MAM", "SON"].map(String::from).to_vec();

    let global = |lon: Axis, lat: Axis| map("time = 2001-01-16", lon, lat, warm, temperature);
    let mut robust =
        map("Anomaly", lon(-180.0, 2.5, 144), lat(90.0, -2.5, 73), "anomaly of 2 metre temperature [K]", |x, y| {
            3.0 * (x / 30.0).sin() * (y / 20.0).cos() + if x == 0.0 && y == 0.0 { 40.0 } else { 0.0 }
        });
    robust.wanted.robust = true;
    let mut gauss = global(lon(0.0, 1.875, 192), lat(0.0, 1.0, 0));
    gauss.y.values = vec![-85.0, -70.0, -40.0, -10.0, 0.0, 5.0, 10.0, 50.0, 88.0];
    gauss.y_edges = cell_edges(&gauss.y.values, Some((-90.0, 90.0)));
    gauss.values = gauss.y.values.iter().flat_map(|y| gauss.x.values.iter().map(|x| temperature(*x, *y))).collect();
    let mut sized = global(lon(0.0, 5.0, 72), lat(-87.5, 5.0, 36));
    sized.page.size = Some((900.0, 600.0));
    sized.colour_map = ColourMap::named("RdYlBu_r").ok();
    sized.wanted = Wanted { low: Some(260.0), high: Some(300.0), robust: false };
    let noisy = map("", lon(0.0, 0.36, 1000), lat(-89.91, 0.36, 500), "noise", |x, y| {
        noise((x * 1e3 + (y + 90.0) * 1e6) as usize)
    });
    let histogram = HistogramChart {
        page: page("1 in 8 values"),
        x: axis(
            warm,
            AxisKind::Number,
            (0..20_000).map(|i| 280.0 + 10.0 * (noise(i) + noise(i + 7) + noise(i + 3))).collect(),
        ),
        n_bins: 40,
        limits: (None, None),
    };

    vec![
        ("line_days", gaps.draw()),
        (
            "line_century",
            line("global mean", time(-10_950.0, 30.4, 996), "surface air pressure [Pa]", |i, _| 101_300.0 + noise(i))
                .draw(),
        ),
        ("line_hours", line("", time(11_000.2, 1.0 / 24.0, 60), "wind speed [m s-1]", |i, _| 5.0 + noise(i)).draw()),
        (
            "line_many_points",
            line("a million points", axis("x", AxisKind::Number, steps(0.0, 0.001, 1_000_000)), "y", |i, x| {
                x.sin() + noise(i)
            })
            .draw(),
        ),
        ("line_one_point", line("", time(11_000.0, 1.0, 1), warm, |_, _| 5.0).draw()),
        ("line_nothing", line("", time(11_000.0, 1.0, 9), warm, |_, _| f64::NAN).draw()),
        (
            "line_seasons",
            line("", axis("season", AxisKind::Labels(seasons), steps(0.0, 1.0, 4)), warm, |i, _| 270.0 + i as f64)
                .draw(),
        ),
        ("line_several", several.draw()),
        ("map_global", global(lon(0.0, 2.5, 144), lat(-90.0, 2.5, 73)).draw().unwrap()),
        ("map_north_first", global(lon(-178.75, 2.5, 144), lat(90.0, -2.5, 73)).draw().unwrap()),
        ("map_robust", robust.draw().unwrap()),
        ("map_region", global(lon(-12.0, 0.25, 140), lat(35.0, 0.25, 100)).draw().unwrap()),
        ("map_narrow", global(lon(10.0, 0.25, 20), lat(-60.0, 0.25, 400)).draw().unwrap()),
        ("map_gauss", gauss.draw().unwrap()),
        ("map_sized", sized.draw().unwrap()),
        ("map_noise", noisy.draw().unwrap()),
        ("map_empty", map("", lon(0.0, 5.0, 72), lat(-87.5, 5.0, 36), warm, |_, _| f64::NAN).draw().unwrap()),
        ("map_one_cell", map("", lon(0.0, 5.0, 1), lat(50.0, 5.0, 1), warm, |_, _| 3.0).draw().unwrap()),
        (
            "section",
            map(
                "lon = 330.0 [degrees_east]",
                lat(-70.0, 1.0, 140),
                depths,
                "sea water potential temperature [degC]",
                |y, z| 28.0 * (-z / 150.0).exp() * y.to_radians().cos(),
            )
            .draw()
            .unwrap(),
        ),
        (
            "hovmoeller",
            map("", lon(0.0, 2.5, 144), time(11_000.0, 30.4, 60), "sea level [m]", |x, t| {
                (x / 20.0 + t / DAY / 60.0).sin()
            })
            .draw()
            .unwrap(),
        ),
        (
            "grid",
            map(
                "",
                axis("x", AxisKind::Integer, steps(0.0, 1.0, 8)),
                axis("y", AxisKind::Integer, steps(0.0, 1.0, 5)),
                "count",
                |x, y| x * y,
            )
            .draw()
            .unwrap(),
        ),
        ("histogram", histogram.draw()),
    ]
}
