//! The mistakes that newcomers make most, and all that they then read: at most six lines each. The texts stand in common_mistakes.txt;
//! `UPDATE_SNAPSHOTS=1` writes it anew.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use std::fmt::Write as _;

use terracube_cube::data::PadMode;
use terracube_cube::{
    ALL, Block, Calendar, Context, DType, DataArray, Dataset, Decay, Error, Join, MemoryBudget, Method, at_or_before,
    compute_with, concat, date_range, merge, near,
};

/// More lines than this, of so many characters, are not read.
const MOST_LINES: usize = 6;
const COLUMNS: usize = 100;

fn t() -> DataArray {
    let times = date_range("2000-01-01", "2000-12-01", "MS", Calendar::Standard);
    DataArray::from_vec(["time", "lat", "lon"], &[12, 3, 4], (0..144).map(f64::from).collect())
        .assign_coords([("time", &times)])
        .with_coord("lat", vec![60.0, 50.0, 40.0])
        .with_coord("lon", vec![0.0, 10.0, 20.0, 30.0])
        .with_attr("units", "K")
        .named("t2m")
}

fn ds() -> Dataset {
    t().to_dataset().assign([("tp", &t())])
}

fn names() -> DataArray {
    DataArray::from_block(["station"], Block::from_strings(&[2], ["Brest", "Nice"]).unwrap()).named("names")
}

fn plain(n: usize) -> DataArray {
    DataArray::from_vec(["x"], &[n], vec![1.0; n])
}

/// What was written, and what comes out.
fn mistakes() -> Vec<(&'static str, Error)> {
    let of = |array: DataArray| array.to_f64().expect_err("a mistake");
    let of_dataset = |dataset: Dataset| dataset.error().expect("a mistake").clone();
    let shifted = t().assign_coords([("lat", &DataArray::from_vec(["lat"], &[3], vec![60.001, 50.001, 40.001]))]);
    let elsewhere = t().assign_coords([("lat", &DataArray::from_vec(["lat"], &[3], vec![6.0, 5.0, 4.0]))]);
    let small = Context::new(1, MemoryBudget::new(1 << 20)).unwrap();
    let large = DataArray::from_vec(["y", "x"], &[1000, 1000], vec![1.0f64; 1_000_000]);
    vec![
        ("ds.var(\"t2n\")", of(ds().var("t2n"))),
        ("t.mean(\"tiem\")", of(t().mean("tiem"))),
        ("t.coord(\"latt\")", of(t().coord("latt"))),
        ("t.transpose([\"lat\", \"height\"])", of(t().transpose(["lat", "height"]))),
        ("t.sel(\"lat\", 47.3)", of(t().sel("lat", 47.3))),
        ("t.sel(\"lat\", near(47.3).within(0.5))", of(t().sel("lat", near(47.3).within(0.5)))),
        ("t.sel(\"lat\", at_or_before(10.0))", of(t().sel("lat", at_or_before(10.0)))),
        ("t.sel(\"lat\", 0.0..=10.0)", of(t().sel("lat", 0.0..=10.0))),
        ("t.sel(\"time\", \"2050\")", of(t().sel("time", "2050"))),
        ("t.sel(\"time\", \"last summer\")", of(t().sel("time", "last summer"))),
        ("t.sel(\"time\", 3)", of(t().sel("time", 3))),
        ("t.isel(\"time\", 12)", of(t().isel("time", 12))),
        ("x.sel(\"x\", 1.0), without labels", of(plain(3).sel("x", 1.0))),
        ("a + b, other lengths", of(plain(3) + plain(4))),
        ("a + b, labels that nearly agree", of(t() + shifted)),
        ("a + b, no common label", of(t() + elsewhere.clone())),
        ("t.where_(&t)", of(t().where_(t()))),
        ("names + 1.0", of(names() + 1.0)),
        ("names.mean(ALL)", of(names().mean(ALL))),
        ("names.cast(DType::F64)", of(names().cast(DType::F64))),
        ("t.abs().min_count(3)", of(t().abs().min_count(3))),
        ("t.mean(\"time\").ddof(1)", of(t().mean("time").ddof(1))),
        ("t.mean(\"time\").item()", t().mean("time").item().expect_err("a mistake")),
        ("t.group_by(\"time.mnth\")", of(t().group_by("time.mnth").mean())),
        ("t.group_by(\"time.month\") - &t.mean(\"time\")", of(t().group_by("time.month") - &t().mean("time"))),
        ("t.resample(\"time\", \"M\")", of(t().resample("time", "M").mean())),
        ("t.resample(\"lat\", \"MS\")", of(t().resample("lat", "MS").mean())),
        ("t.rolling(\"time\", 30)", of(t().rolling("time", 30).mean())),
        ("t.rolling(\"time\", 3).min_periods(5)", of(t().rolling("time", 3).min_periods(5).mean())),
        ("t.coarsen(\"time\", 5)", of(t().coarsen("time", 5).mean())),
        ("t.quantile(90.0, \"time\")", of(t().quantile(90.0, "time"))),
        ("concat(&[a, b], \"time\"), other labels", of(concat(&[&t(), &elsewhere], "time"))),
        ("merge(&[a, b]), other values", merge(&[&ds(), &ds().map(|v| v + 1.0)], Join::Exact).expect_err("a mistake")),
        ("ds + other, no common variable", of_dataset(&ds() + &names().to_dataset())),
        ("t.to_units(\"m\")", of(t().to_units("m"))),
        ("t.with_coord(\"lat\", vec![1.0, 2.0])", of(t().with_coord("lat", vec![1.0, 2.0]))),
        ("t.expand_dims(\"lat\")", of(t().expand_dims("lat"))),
        ("t.drop_vars([\"height\"])", of(t().drop_vars(["height"]))),
        ("x.pad(\"y\", 1, 1, PadMode::Edge)", of(plain(3).pad("y", 1, 1, PadMode::Edge))),
        ("t.str().upper()", of(t().str().upper())),
        ("names.str().contains(\"B(\")", of(names().str().contains("B("))),
        ("names.str().extract(\"B\", 1)", of(names().str().extract("B", 1))),
        ("names.str().replace_pattern(\"(.)(.)\", \"$2_$1\")", of(names().str().replace_pattern("(.)(.)", "$2_$1"))),
        ("names.str().replace_pattern(\"(.)\", \"$first\")", of(names().str().replace_pattern("(.)", "$first"))),
        ("names.str().center(1 << 40, ' ')", of(names().str().center(1 << 40, ' '))),
        ("t.str().isdigit()", of(t().str().isdigit())),
        ("t.str().cat(&names, \"_\")", of(t().str().cat(&names(), "_"))),
        ("t.sel_level(\"lat\", 50.0)", of(t().sel_level("lat", 50.0))),
        ("stacked.sel_level(\"lat\", 55.0)", of(t().stack("cell", ["lat", "lon"]).sel_level("lat", 55.0))),
        ("t.argsort(\"tiem\")", of(t().argsort("tiem"))),
        ("t.rolling(\"time\", 30).argmax()", of(t().rolling("time", 30).argmax())),
        ("t.curvefit(\"time\", &[], ...)", of(t().curvefit("time", &[], |x, _| x).var("curvefit_coefficients"))),
        (
            "t.curvefit(\"height\", ...)",
            of(t().curvefit("height", &[("a", 1.0)], |x, p| p[0] * x).var("curvefit_covariance")),
        ),
        (
            "t.apply_along_with(\"lat\", &[&t.mean(\"lat\")], ...)",
            of(t().apply_along_with("lat", &[&t().mean("lat")], |_| 0.0)),
        ),
        ("t.rolling_exp(\"time\", ...).cov(&names)", of(t().rolling_exp("time", Decay::Span(3.0)).cov(&names()))),
        (
            "x.interpolate_na_by(\"x\", Method::Quadratic, None, None), labels 2, 0, 1",
            of(plain(3).with_coord("x", vec![2.0, 0.0, 1.0]).interpolate_na_by("x", Method::Quadratic, None, None)),
        ),
        (
            "x.interpolate_na(\"x\"), labels 0, 0, 1",
            of(plain(3).with_coord("x", vec![0.0, 0.0, 1.0]).interpolate_na("x")),
        ),
        ("t.interp_by(\"time\", text labels, Method::Pchip)", of(t().interp_by("time", &names(), Method::Pchip))),
        (
            "large.rank(\"x\"), budget of 1 MiB",
            compute_with(&large.rank("x").cast(DType::F32), &small).expect_err("a mistake"),
        ),
    ]
}

/// What is no mistake of a line: known as results are asked for, where `?` stands.
const ON_DEMAND: [&str; 0] = [];

#[test]
fn mistakes_keep_the_line_that_made_them() {
    let code = include_str!("common_mistakes.rs");
    let line_of = |line: u32| code.lines().nth(line as usize - 1).unwrap();
    let mut lost = Vec::new();
    for (name, error) in mistakes() {
        match error.place() {
            Some(place) if place.file.ends_with("common_mistakes.rs") => {
                assert!(format!("{error:?}").ends_with(&format!("\n  at {}:{}", place.file, place.line)), "{error:?}");
                assert!(!error.to_string().contains("common_mistakes.rs"));
                assert!(line_of(place.line).contains('('), "{}", place.line);
            }
            place => lost.push(format!("{name}: {place:?}")),
        }
    }
    lost.retain(|line| !ON_DEMAND.iter().any(|name| line.starts_with(name)));
    assert!(lost.is_empty(), "{lost:#?}");
}

#[test]
fn newcomers_read_a_few_lines_that_help() {
    let mut text = String::new();
    for (code, error) in mistakes() {
        let message = error.to_string();
        let n_lines: usize = message.lines().map(|line| line.chars().count().div_ceil(COLUMNS).max(1)).sum();
        assert!(n_lines <= MOST_LINES, "{code}: more than {MOST_LINES} lines:\n{message}");
        writeln!(text, "> {code}\n{message}\n").unwrap();
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/common_mistakes.txt");
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        std::fs::write(path, &text).unwrap();
    }
    let held = std::fs::read_to_string(path).unwrap_or_default();
    assert!(held == text, "other texts than in common_mistakes.txt (UPDATE_SNAPSHOTS=1 writes them):\n{text}");
}
