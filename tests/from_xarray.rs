//! docs/from-xarray.md: every Rust line of the page stands here, is compiled and run. The page is made of this file: a comment `// ## ` starts a
//! section, `// py: ` holds the Python of the line that follows. `UPDATE_PAGES=1` writes the page anew.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use terracube::cube::{broadcast, concat_datasets};
use terracube::prelude::*;

const HEAD: &str = "# From xarray\n\n\
    The names are xarray's wherever Rust lets them be. `t` is a `DataArray` over time, lat and lon, `ds` a `Dataset`, `station` and `lats`, `lons`\n\
    arrays along `station`. Everything is lazy until a terminal call (`values`, `to_f64`, `item`, `compute`, `write`, a display); mistakes travel\n\
    in the value and come out there, or at `.checked()?`.\n\n\
    Each Rust line below is compiled and run by `tests/from_xarray.rs`, which this page is made of.\n";

#[test]
fn the_page_holds_the_lines_that_are_run() {
    let page = page(include_str!("from_xarray.rs"));
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/from-xarray.md");
    if std::env::var_os("UPDATE_PAGES").is_some() {
        std::fs::create_dir_all(concat!(env!("CARGO_MANIFEST_DIR"), "/docs")).unwrap();
        std::fs::write(path, &page).unwrap();
    }
    let held = std::fs::read_to_string(path).unwrap_or_default();
    assert!(held == page, "docs/from-xarray.md is not what tests/from_xarray.rs says: run it with UPDATE_PAGES=1");
    assert!(page.lines().filter(|line| line.starts_with("| `")).count() >= 180, "the page lost its lines");
}

/// The page of a source: sections, and two columns of Python and Rust.
fn page(source: &str) -> String {
    let mut page = HEAD.to_owned();
    let mut python: Option<&str> = None;
    for line in source.lines().map(str::trim) {
        if let Some(title) = line.strip_prefix("// ## ") {
            page += &format!("\n## {title}\n\n| Python | Rust |\n|---|---|\n");
        } else if let Some(text) = line.strip_prefix("// py: ") {
            python = Some(text);
        } else if let Some(text) = python.take() {
            let rust = line
                .strip_prefix("run(")
                .and_then(|line| line.strip_suffix(");"))
                .unwrap_or(line)
                .trim_start_matches('&');
            let cell = |code: &str| code.replace('|', "\\|");
            page += &format!("| `{}` | `{}` |\n", cell(text), cell(rust));
        }
    }
    page
}

/// Computes whatever a line gives; a mistake in it ends the test.
trait Run {
    fn run(&self);
}

impl Run for DataArray {
    fn run(&self) {
        self.values().unwrap_or_else(|error| panic!("{error}"));
    }
}

impl Run for Dataset {
    fn run(&self) {
        assert!(self.names().next().is_some(), "an empty dataset");
        self.names().for_each(|name| self.var(name).run());
    }
}

fn run(result: impl Run) {
    result.run();
}

fn made_up() -> Dataset {
    let n = 36;
    let times = date_range_of("2000-01-15", n, "MS", Calendar::Standard);
    let values = |scale: f32| {
        (0..n * 4 * 6)
            .map(|i| if i % 37 == 5 { f32::NAN } else { 280.0 + scale * (i % 97) as f32 })
            .collect::<Vec<f32>>()
    };
    let field = |scale| {
        DataArray::from_vec(["time", "lat", "lon"], &[n as usize, 4, 6], values(scale))
            .assign_coords([("time", &times)])
            .with_coord("lat", vec![60.0, 20.0, -20.0, -60.0])
            .with_coord("lon", vec![0.0, 60.0, 120.0, 180.0, 240.0, 300.0])
            .with_attr("units", "K")
    };
    field(0.3).named("t").to_dataset().assign([("p", &field(0.1)), ("q", &field(-0.2))])
}

#[rustfmt::skip]
#[test]
fn every_line_runs() -> Result<()> {
    let folder = std::env::temp_dir().join(format!("from-xarray-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let url = |name: &str| folder.join(name).display().to_string();
    made_up().write(&url("made-up.zarr"))?;
    let store = url("made-up.zarr");
    let (new_store, picture) = (url("new.zarr"), url("picture.svg"));
    let line = |values: Vec<f64>| DataArray::from_vec(["station"], &[values.len()], values);
    let (lats, lons) = (line(vec![10.0, -30.0, 55.0]), line(vec![-5.0, 100.0, 359.0]));
    let region = DataArray::from_vec(["lat", "lon"], &[4, 6], (0..24).map(|i| i % 3).collect::<Vec<i64>>()).named("region");
    let coarse = DataArray::from_vec(["lat"], &[2], vec![10.0, -10.0]).with_coord("lat", vec![10.0, -10.0]);

    let names = DataArray::from_block(["station"], terracube::cube::Block::from_strings(&[3], ["tas_day", "pr_day", "tas_mon"])?);
    let corners = |values: Vec<f64>| DataArray::from_vec(["y", "x", "corner"], &[1, 2, 4], values);
    let corner_lats = corners(vec![0.0, 2.0, 22.0, 20.0, 20.0, 22.0, 42.0, 40.0]);
    let corner_lons = corners(vec![0.0, 20.0, 20.0, 0.0, 0.0, 20.0, 20.0, 0.0]);

    // ## Open, look, keep
    // py: ds = xr.open_zarr(url)
    let ds = open(&store)?;
    // py: ds["t"]
    let t = ds.var("t");
    // py: xr.open_mfdataset("made-up*.zarr")
    let many = open_many(format!("{}*", store.trim_end_matches(".zarr")))?;
    // py: xr.open_datatree(url)
    let tree = open_tree(&store)?;
    // py: ds.t.dims, ds.t.shape, ds.t.dtype, ds.t.nbytes
    let _ = (t.dims(), t.shape(), t.dtype(), t.n_bytes());
    // py: ds.sizes, ds.data_vars, ds.coords, ds.attrs
    let _ = (ds.dims(), ds.names(), ds.coords(), ds.attrs());
    // py: ds.t.chunks, ds.t.encoding
    let _ = (t.chunks(), t.encoding());
    // py: ds.t.values
    let array = t.values()?;
    // py: float(ds.t.mean())
    let mean = t.mean(ALL).item()?;
    // py: ds.t.compute()
    run(t.compute()?);
    // py: dask.compute(a, b)
    let (low, high) = compute((&t.min("time"), &t.max("time")))?;
    // py: ds.to_zarr(url)
    ds.write(&new_store)?;
    // py: tree["/"].ds
    run(tree.root()?);
    // py: tree.mean("time")
    run(tree.mean("time").root()?);
    // py: tree.map_over_datasets(lambda ds: ds.max())
    run(tree.map(|ds| ds.max(ALL)).root()?);

    // ## Containers
    // py: xr.DataArray([1.0, 2.0], dims="x", coords={"x": [10, 20]})
    run(DataArray::from_vec(["x"], &[2], vec![1.0, 2.0]).with_coord("x", vec![10, 20]));
    // py: ds.assign(c=ds.t - 273.15)
    run(ds.assign([("c", &(ds.var("t") - 273.15))]));
    // py: t.assign_coords(region=region)
    run(t.assign_coords([("region", &region)]));
    // py: t.assign_attrs(units="K")
    run(t.assign_attrs([("units", "K")]));
    // py: t.rename("temperature")
    run(t.named("temperature"));
    // py: ds.rename(lat="y", t="temperature")
    run(ds.rename([("lat", "y"), ("t", "temperature")]));
    // py: ds.rename_dims(lat="y")
    run(ds.rename_dims([("lat", "y")]));
    // py: t.swap_dims(lon="x")
    run(t.assign_coords([("x", &DataArray::from_vec(["lon"], &[6], vec![0, 1, 2, 3, 4, 5]))]).swap_dims([("lon", "x")]));
    // py: t.expand_dims("member")
    run(t.expand_dims("member"));
    // py: t.isel(lat=[0]).squeeze()
    run(t.isel("lat", [0]).squeeze());
    // py: t.drop_vars("lon")
    run(t.drop_vars(["lon"]));
    // py: ds.drop_vars("p")
    run(ds.drop_vars(["p"]));
    // py: ds.drop_dims("station")
    run(ds.assign([("at", &lats)]).drop_dims("station"));
    // py: t.drop_duplicates("lon")
    run(t.drop_duplicates("lon"));
    // py: ds.set_coords("p")
    run(ds.set_coords(["p"]));
    // py: t.reset_coords("region")
    run(t.assign_coords([("region", &region)]).reset_coords(["region"]));
    // py: ds[["t", "p"]]
    run(ds.select(["t", "p"])?);
    // py: t.to_dataset()
    run(t.to_dataset());
    // py: ds.pipe(f)
    run(ds.pipe(|ds| ds.mean("time")));
    // py: ds.map(np.sqrt)
    run(ds.map(|v| v.sqrt()));
    // py: xr.merge([ds[["t"]], ds[["p"]]])
    run(merge(&[&ds.select(["t"])?, &ds.select(["p"])?], Join::Exact)?);
    // py: t.astype("f8")
    run(t.cast(DType::F64));
    // py: t.identical(other), t.equals(other)
    let _ = (t.identical(&t)?, t.equals(&t)?);
    // py: xr.testing.assert_allclose(a, b, rtol=1e-6)
    assert!(t.allclose(&(&t * 1.0), 1e-6, 0.0)?);
    // py: t.to_dataset(dim="lat")
    run(t.to_dataset_along("lat"));
    // py: ds[["t", "p"]].to_dataarray("variable")
    run(ds.select(["t", "p"])?.to_array("variable"));
    // py: ds[["t", "p"]] - ds[["t", "p"]].mean("time")
    run(&ds.select(["t", "p"])? - &ds.select(["t", "p"])?.mean("time"));
    // py: ds[["t", "p"]] * 2
    run(&ds.select(["t", "p"])? * 2);
    // py: ds.filter_by_attrs(units="K")
    run(ds.assign([("k", &t.assign_attrs([("units", "K")]))]).filter_by_attrs([("units", "K")]));
    // py: t.drop_attrs()
    run(t.drop_attrs());
    // py: tree.sel(lat=20), tree * 2
    run((&tree.sel("lat", 20.0) * 2).root()?);
    // py: tree.match("/*")
    run(tree.matching("/*").root()?);

    // ## Selection
    // py: t.isel(time=0)
    run(t.isel("time", 0));
    // py: t.isel(time=-1)
    run(t.isel("time", -1));
    // py: t.isel(time=slice(3, 9))
    run(t.isel("time", 3..9));
    // py: t.isel(time=slice(None, None, 2))
    run(t.isel("time", every(2)));
    // py: t.isel(lon=[4, 0])
    run(t.isel("lon", [4, 0]));
    // py: t.sel(lat=20)
    run(t.sel("lat", 20.0));
    // py: t.sel(lat=slice(60, 0))
    run(t.sel("lat", 0.0..=60.0));
    // py: t.sel(lat=[20, -20])
    run(t.sel("lat", [20.0, -20.0]));
    // py: t.sel(lat=18, method="nearest", tolerance=5)
    run(t.sel("lat", near(18.0).within(5.0)));
    // py: t.sel(time="2001")
    run(t.sel("time", "2001"..="2001"));
    // py: t.sel(time=slice("2000-06", "2001-02"))
    run(t.sel("time", "2000-06"..="2001-02"));
    // py: t.roll(lon=3).sel(lon=slice(-60, 60))  # after moving the longitudes
    run(t.sel("lon", -60.0..=60.0));
    // py: t.sel(lat=lats, lon=lons, method="nearest")
    run(t.sel_points([("lat", &lats), ("lon", &lons)]));
    // py: t.query(lat="lat > 0", time="time.dt.month == 7")
    run(t.query("lat > 0 and time.month == 7"));
    // py: t.head(time=3)
    run(t.head("time", 3));
    // py: t.tail(time=3)
    run(t.tail("time", 3));
    // py: t.thin(time=3)
    run(t.thin("time", 3));
    // py: t.drop_isel(time=[0, 1])
    run(t.drop_isel("time", [0, 1]));
    // py: t.drop_sel(lat=[20, -20])
    run(t.drop_sel("lat", [20.0, -20.0]));
    // py: t.sel(lat=25, method="ffill")
    run(t.sel("lat", at_or_before(25.0)));
    // py: t.sel(lat=25, method="bfill")
    run(t.sel("lat", at_or_after(25.0)));
    // py: t.isel(lat=[0, 1], lon=[2, 3])  # points, as arrays along "p"
    run(t.isel_points([("lat", &DataArray::from_vec(["p"], &[2], vec![0, 1])), ("lon", &DataArray::from_vec(["p"], &[2], vec![2, 3]))]));
    // py: t.where(t > 290, drop=True)
    run(t.where_drop(t.gt(290.0))?);
    // py: ds.sel(lat=20), ds.isel(lon=0)
    run(ds.sel("lat", 20.0).isel("lon", 0));
    // py: t.reindex(lat=[60, 0])
    run(t.reindex("lat", &DataArray::from_vec(["lat"], &[2], vec![60.0, 0.0])));
    // py: t.reindex(lat=[50], method="nearest")
    run(t.reindex_near("lat", &DataArray::from_vec(["lat"], &[1], vec![50.0]), Fill::Nearest, None));
    // py: t.reindex_like(other)
    run(t.reindex_like(&t.isel("lat", 1..3)));
    // py: xr.align(a, b, join="inner")
    let aligned = align(&[&t.isel("lat", 0..3), &t.isel("lat", 1..4)], Join::Inner)?;
    // py: a.broadcast_like(b)
    run(t.coord("lat").broadcast_like(&t));
    // py: xr.broadcast(a, b)
    let both = broadcast(&[&t.coord("lat"), &t.coord("lon")])?;

    // ## Missing values
    // py: t.isnull()
    run(t.isnull());
    // py: t.notnull()
    run(t.notnull());
    // py: t.count("time")
    run(t.count("time"));
    // py: t.fillna(0)
    run(t.fillna(0.0));
    // py: t.dropna("time", how="all")
    run(t.dropna_all("time")?);
    // py: t.ffill("time", limit=1)
    run(t.ffill_limit("time", 1));
    // py: t.bfill("time")
    run(t.bfill("time"));
    // py: t.interpolate_na("time")
    run(t.interpolate_na("time"));
    // py: t.interpolate_na("time", method="akima", limit=2)
    run(t.interpolate_na_by("time", Method::Akima, Some(2), None));
    // py: t.where(t > 290)
    run(t.where_(t.gt(290.0)));
    // py: t.where((t > 285) & (t < 300), 0)
    run(t.where_else(t.gt(285.0) & t.lt(300.0), 0.0));
    // py: t.isin([280.0, 281.5])
    run(t.isin(&DataArray::from_vec(["value"], &[2], vec![280.0, 281.5])));
    // py: t.combine_first(other)
    run(t.combine_first(&ds.var("p")));

    // ## Reductions
    // py: t.mean("time")
    run(t.mean("time"));
    // py: t.mean(["lat", "lon"])
    run(t.mean(["lat", "lon"]));
    // py: t.sum()
    run(t.sum(ALL));
    // py: t.mean("time", skipna=False)
    run(t.mean("time").keep_nan());
    // py: t.sum("time", min_count=10)
    run(t.sum("time").min_count(10));
    // py: t.std("time", ddof=1)
    run(t.std("time").ddof(1));
    // py: t.var("time")
    run(t.var("time"));
    // py: t.min("time")
    run(t.min("time"));
    // py: t.max("time")
    run(t.max("time"));
    // py: t.prod("lon")
    run(t.prod("lon"));
    // py: t.median("time")
    run(t.median("time"));
    // py: t.quantile([0.1, 0.9], "time")
    run(t.quantile([0.1, 0.9], "time"));
    // py: (t > 290).any("time")
    run(t.gt(290.0).any("time"));
    // py: (t > 270).all("time")
    run(t.gt(270.0).all("time"));
    // py: t.argmax("time")
    run(t.argmax("time"));
    // py: t.idxmax("time")
    run(t.idxmax("time"));
    // py: t.argmin("time")
    run(t.argmin("time"));
    // py: t.idxmin("time")
    run(t.idxmin("time"));
    // py: t.argmax(["lat", "lon"])
    run(t.argmax_over(["lat", "lon"]));
    // py: t.rank("time")
    run(t.rank("time"));
    // py: t.cumsum("time")
    run(t.cumsum("time"));
    // py: t.cumprod("lon")
    run(t.cumprod("lon"));
    // py: np.argsort along an axis: t.argsort(axis=0)
    run(t.argsort("time"));
    // py: ds.mean("time")
    run(ds.mean("time"));
    // py: t.reduce(np.ptp, "time")
    run(t.reduce_with(&Reduction::new([f64::MAX, f64::MIN], |s, x| *s = [s[0].min(x), s[1].max(x)], |s, o| *s = [s[0].min(o[0]), s[1].max(o[1])], |s| s[1] - s[0]), "time"));

    // ## Computation
    // py: t - 273.15
    run(&t - 273.15);
    // py: t - t.mean("time")
    run(&t - t.mean("time"));
    // py: -t
    run(-&t);
    // py: t ** 2
    run(t.pow(2));
    // py: t % 10
    run(t.rem(10.0));
    // py: t // 10
    run(t.floor_div(10.0));
    // py: (t > 290) | (t < 270)
    run(t.gt(290.0) | t.lt(270.0));
    // py: ~(t > 290)
    run(!t.gt(290.0));
    // py: np.sqrt(t)
    run(t.sqrt());
    // py: np.log(t)
    run(t.log());
    // py: np.hypot(u, v)
    run(ds.var("p").hypot(ds.var("q")));
    // py: np.arctan2(u, v)
    run(ds.var("p").atan2(ds.var("q")));
    // py: np.cos(np.deg2rad(t.lat))
    run(t.coord("lat").cos_deg());
    // py: np.maximum(t, 280)
    run(t.maximum(280.0));
    // py: t.clip(270, 300)
    run(t.clip(270.0, 300.0));
    // py: t.round(1)
    run(t.round(1));
    // py: t.diff("time")
    run(t.diff("time"));
    // py: t.differentiate("lat")
    run(t.differentiate("lat"));
    // py: t.integrate("lat")
    run(t.integrate("lat"));
    // py: t.cumulative_integrate("lat")
    run(t.cumulative_integrate("lat"));
    // py: xr.dot(t, p, dim="time")
    run(t.dot(&ds.var("p"), "time"));
    // py: xr.cov(t, p, "time")
    run(t.cov(&ds.var("p"), "time"));
    // py: xr.corr(t, p, "time")
    run(t.corr(&ds.var("p"), "time"));
    // py: t.polyfit("time", 1).polyfit_coefficients
    run(t.polyfit("time", 1));
    // py: xr.polyval(t.time, coefficients)
    run(t.coord("time").polyval(&t.polyfit("time", 1)));
    // py: t.curvefit("time", lambda x, a, b: a * np.exp(-b * x / 1e9), p0={"a": 280, "b": 0})
    run(t.curvefit("time", &[("a", 280.0), ("b", 0.0)], |x, p| p[0] * (-p[1] * x / 1e9).exp()));
    // py: xr.apply_ufunc(f, t, input_core_dims=[["time"]], vectorize=True)
    run(t.apply_along("time", |line| line.iter().filter(|v| **v > 290.0).count() as f64));
    // py: xr.apply_ufunc(f, t, p, input_core_dims=[["time"], ["time"]], vectorize=True)
    run(t.apply_along_with("time", &[&ds.var("p")], |lines| lines[0].iter().zip(lines[1]).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)));
    // py: xr.apply_ufunc(f, t, vectorize=True)
    run(t.map_values(|v| v.rem_euclid(7.0)));
    // py: xr.map_blocks(f, t)
    run(t.map_blocks(DType::F32, |block| Ok(block.clone())));
    // py: xr.full_like(t, 0)
    run(t.full_like(0.0));
    // py: xr.zeros_like(t), xr.ones_like(t)
    run(t.zeros_like() + t.ones_like());
    // py: np.fmax(u, v), np.fmin(u, v)
    run(ds.var("p").fmax(&ds.var("q")) - ds.var("p").fmin(&ds.var("q")));
    // py: xr.cross(u, v, dim="lon")  # three components
    run(t.isel("lon", 0..3).cross(&t.isel("lon", 0..3), "lon"));
    // py: xhistogram.histogram(t, bins=[270, 280, 290, 300], dim=["time"])
    run(t.histogram(&[270.0, 280.0, 290.0, 300.0], "time"));
    // py: t.pint.to("degC")  # pint-xarray
    run(t.to_units("degC"));

    // ## Groups
    // py: t.groupby("time.month").mean()
    run(t.group_by("time.month").mean());
    // py: t.groupby("time.month") - t.groupby("time.month").mean()
    run(t.group_by("time.month") - t.group_by("time.month").mean());
    // py: t.groupby("time.season").max()
    run(t.group_by("time.season").max());
    // py: t.groupby(time=SeasonGrouper(["DJF", "MAM", "JJA", "SON"])).mean()
    run(t.group_by_seasons("time", &["DJF", "MAM", "JJA", "SON"]).mean());
    // py: t.resample(time=SeasonResampler(["DJF", "MAM", "JJA", "SON"])).mean()
    run(t.resample_seasons("time", &["DJF", "MAM", "JJA", "SON"]).mean());
    // py: t.groupby_bins("lat", [-90, 0, 90]).mean()
    run(t.group_by_bins("lat", &[-90.0, 0.0, 90.0]).mean());
    // py: t.groupby(region).mean()
    run(t.group_by_key(&region).mean());
    // py: t.groupby(["time.year", "time.season"]).mean()
    run(t.group_by_all(["time.year", "time.season"]).mean());
    // py: t.groupby("time.year").quantile(0.9)
    run(t.group_by("time.year").quantile(0.9));
    // py: t.groupby("time.year").first()
    run(t.group_by("time.year").first());
    // py: t.groupby("time.year").map(f)
    run(t.group_by("time.year").apply(|values| values[0]));
    // py: t.groupby("time.year").map(lambda g: (g - g.mean("time")) / g.std("time"))
    run(t.group_by("time.year").map(|g| (g - g.mean("time")) / g.std("time")));
    // py: for year, part in t.groupby("time.year"): ...
    for (_year, part) in t.group_by("time.year").pieces()? { run(part); }
    // py: ds.groupby("time.month") - ds.groupby("time.month").mean()
    run(ds.select(["t"])?.group_by("time.month") - &ds.select(["t"])?.group_by("time.month").mean());
    // py: ds.groupby("time.month").mean()
    run(ds.group_by("time.month").mean());
    // py: t.groupby("time.year").cumsum()
    run(t.group_by("time.year").cumsum());

    // ## Resampling
    // py: t.resample(time="YS").mean()
    run(t.resample("time", "YS").mean());
    // py: t.resample(time="QS-DEC").max()
    run(t.resample("time", "QS-DEC").max());
    // py: t.resample(time="YS").sum(min_count=10)
    run(t.resample("time", "YS").min_count(10).sum());
    // py: t.resample(time="2MS", closed="right", label="right").mean()
    run(t.resample_with("time", "2MS", &ResampleOptions::new().closed(Side::Right).label(Side::Right)).mean());
    // py: t.resample(time="30D", origin="epoch", offset="12h").mean()
    run(t.resample_with("time", "30D", &ResampleOptions::new().origin(Origin::Epoch).offset("12h")).mean());
    // py: t.resample(time="10D").ffill()
    run(t.resample("time", "10D").ffill());
    // py: t.resample(time="10D").interpolate("linear")
    run(t.resample("time", "10D").interpolate());
    // py: t.resample(time="10D").nearest()
    run(t.resample("time", "10D").nearest());
    // py: t.resample(time="10D").interpolate("cubic")
    run(t.resample("time", "10D").interpolate_by(Method::Cubic));
    // py: t.resample(time="12h").asfreq()
    run(t.resample("time", "12h").asfreq());
    // py: t.resample(time="30D", origin="end").mean()  # "end_day"
    run(t.resample_with("time", "30D", &ResampleOptions::new().origin(Origin::End)).mean());
    // py: ds.resample(time="YS").mean()
    run(ds.resample("time", "YS").mean());

    // ## Windows, weights
    // py: t.rolling(time=12).mean()
    run(t.rolling("time", 12).mean());
    // py: t.rolling(time=5, center=True, min_periods=2).max()
    run(t.rolling("time", 5).centered().min_periods(2).max());
    // py: t.rolling(time=5).reduce(f)
    run(t.rolling("time", 5).reduce(|window| window[0]));
    // py: t.rolling(time=12).construct("window").quantile(0.9, "window")
    run(t.rolling("time", 12).quantile(0.9));
    // py: t.rolling(lat=3, lon=3, min_periods=1).mean()
    run(t.rolling("lat", 3).and("lon", 3).min_periods(1).mean());
    // py: t.rolling(time=3).construct("window")
    run(t.rolling("time", 3).construct(["window"]));
    // py: t.rolling_exp(time=6).std()
    run(t.rolling_exp("time", Decay::Span(6.0)).std());
    // py: ds.rolling(time=12).mean()
    run(ds.select(["t", "p"])?.rolling("time", 12).mean());
    // py: t.rolling_exp(time=6).mean()
    run(t.rolling_exp("time", Decay::Span(6.0)).mean());
    // py: t.rolling_exp(time=6).cov(p), t.rolling_exp(time=6).corr(p)
    let _ = (t.rolling_exp("time", Decay::Span(6.0)).cov(&ds.var("p")).values()?, t.rolling_exp("time", Decay::Span(6.0)).corr(&ds.var("p")).values()?);
    // py: t.rolling(time=5).argmax()
    run(t.rolling("time", 5).argmax());
    // py: t.cumulative("time").max()
    run(t.cumulative("time").max());
    // py: t.coarsen(lat=2, lon=3).mean()
    run(t.coarsen("lat", 2).and("lon", 3).mean());
    // py: t.coarsen(time=5, boundary="trim").sum()
    run(t.coarsen("time", 5).trim().sum());
    // py: t.coarsen(time=12).construct(time=("year", "month"))
    run(t.coarsen("time", 12).construct("year", "month"));
    // py: ds[["t", "p"]].coarsen(time=12).mean()
    run(ds.select(["t", "p"])?.coarsen("time", 12).mean());
    // py: ds[["t", "p"]].weighted(w).mean("lat")
    run(ds.select(["t", "p"])?.weighted(&t.coord("lat").cos_deg()).mean("lat"));
    // py: t.weighted(np.cos(np.deg2rad(t.lat))).mean(["lat", "lon"])
    run(t.weighted(&t.coord("lat").cos_deg()).mean(["lat", "lon"]));
    // py: t.weighted(w).std("lat")
    run(t.weighted(&t.coord("lat").cos_deg()).std("lat"));
    // py: t.weighted(w).sum_of_squares("lat")
    run(t.weighted(&t.coord("lat").cos_deg()).sum_of_squares("lat"));
    // py: t.weighted(w).quantile(0.9, "lat")
    run(t.weighted(&t.coord("lat").cos_deg()).quantile(0.9, "lat"));

    // ## Shape, combination
    // py: t.transpose("lon", "lat", "time")
    run(t.transpose(["lon", "lat", "time"]));
    // py: t.stack(cell=["lat", "lon"])
    run(t.stack("cell", ["lat", "lon"]));
    // py: stacked.unstack("cell")
    run(t.stack("cell", ["lat", "lon"]).unstack("cell", ["lat", "lon"]));
    // py: stacked.sel(lat=20)
    run(t.stack("cell", ["lat", "lon"]).sel_level("lat", 20.0));
    // py: stacked.sel(cell=(20, 60))
    run(t.stack("cell", ["lat", "lon"]).sel_level("lat", 20.0).sel("lon", 60.0));
    // py: t.shift(time=1)
    run(t.shift("time", 1));
    // py: t.roll(lon=3, roll_coords=True)
    run(t.roll_with_labels("lon", 3));
    // py: t.pad(lon=2, mode="wrap")
    run(t.pad("lon", 2, 2, PadMode::Wrap));
    // py: t.pad(lon=2, constant_values=0)
    run(t.pad_with("lon", 2, 2, 0));
    // py: t.sortby("lat")
    run(t.sortby("lat"));
    // py: t.sortby("lon", ascending=False)
    run(t.sortby_descending("lon"));
    // py: ds.sortby("lat"), ds.shift(time=1), ds.ffill("time")  # and the other verbs
    run(ds.sortby("lat").shift("time", 1).ffill("time"));
    // py: xr.combine_by_coords([ds1, ds2])
    run(combine_by_coords(&[&ds.isel("time", 12..36), &ds.isel("time", 0..12)])?);
    // py: xr.concat([a, b], "time")
    run(concat(&[&t.isel("time", 0..12), &t.isel("time", 12..36)], "time"));
    // py: xr.concat([a, b], "member")
    run(concat(&[&t, &ds.var("p")], "member"));
    // py: xr.concat([ds1, ds2], "time")
    run(concat_datasets(&[&ds.isel("time", 0..12), &ds.isel("time", 12..36)], "time")?);

    // ## Interpolation, calendars
    // py: t.interp(lat=[10.0, -10.0])
    run(t.interp("lat", &coarse));
    // py: t.interp(lat=[10.0, -10.0], method="cubic")
    run(t.interp_by("lat", &coarse, Method::Cubic));
    // py: t.interp(lat=[10.0, -10.0], method="quadratic")
    run(t.interp_by("lat", &coarse, Method::Quadratic));
    // py: t.interp(lat=[10.0, -10.0], method="pchip")  # "akima", "makima"
    run(t.interp_by("lat", &coarse, Method::Pchip));
    // py: t.interp(lat=[10.0, -10.0], method="zero")
    run(t.interp_by("lat", &coarse, Method::Previous));
    // py: t.interp(lat=[10.0, -10.0], method="polynomial", order=5)  # "quintic"
    run(t.interp_by("lat", &coarse, Method::Spline(5)));
    // py: t.interp(lat=[10.0, -10.0], method="barycentric")  # "krogh"
    run(t.interp_by("lat", &coarse, Method::Polynomial));
    // py: t.interp(lat=[80.0], kwargs={"fill_value": "extrapolate"})
    run(t.interp_beyond("lat", &DataArray::from_vec(["lat"], &[1], vec![80.0]), Method::Linear));
    // py: t.interp(lat=[10.0, -10.0], lon=[30.0])
    run(t.interp("lat", &coarse).interp("lon", &DataArray::from_vec(["lon"], &[1], vec![30.0])));
    // py: t.interp(lat=lats, lon=lons)  # points along a dimension of their own
    run(t.interp_points([("lat", &lats), ("lon", &lons)]));
    // py: t.interp_like(other)
    run(t.interp_like(&coarse));
    // py: t.convert_calendar("noleap")
    run(t.convert_calendar("time", Calendar::NoLeap, AlignOn::Date));
    // py: t.interp_calendar(times)
    run(t.interp_calendar("time", &date_range("2000-03-01", "2002-10-30", "MS", Calendar::Day360)));
    // py: xr.date_range("2000-01-01", "2000-12-31", freq="MS", calendar="360_day")
    run(date_range("2000-01-01", "2000-12-30", "MS", Calendar::Day360));

    // ## Dates
    // py: t.time.dt.month
    run(t.coord("time").dt().month());
    // py: t.time.dt.season
    run(t.coord("time").dt().season());
    // py: t.time.dt.dayofyear
    run(t.coord("time").dt().dayofyear());
    // py: t.time.dt.days_in_month
    run(t.coord("time").dt().days_in_month());
    // py: t.time.dt.decimal_year
    run(t.coord("time").dt().decimal_year());
    // py: t.time.dt.isocalendar().week
    run(t.coord("time").dt().week());
    // py: t.time.dt.strftime("%Y-%m-%d")
    run(t.coord("time").dt().strftime("%Y-%m-%d"));
    // py: t.time.dt.floor("D"), t.time.dt.round("6h")
    let _ = (t.coord("time").dt().floor("D").values()?, t.coord("time").dt().round("6h").values()?);
    // py: t.time.dt.is_month_end
    run(t.coord("time").dt().is_month_end());
    // py: (t.time.diff("time")).dt.total_seconds()
    run(t.coord("time").diff("time").dt().total_seconds());
    // py: xr.infer_freq(t.time)
    let _ = t.coord("time").infer_frequency()?;

    // ## Strings
    // py: names.str.upper(), names.str.len()
    let _ = (names.str().upper().values()?, names.str().len().values()?);
    // py: names.str.contains("^tas_")
    run(names.str().contains("^tas_"));
    // py: names.str.slice(0, 3), names.str.get(-1)
    let _ = (names.str().slice(0, 3).values()?, names.str().get(-1).values()?);
    // py: names.str.replace("_", "-", regex=False)
    run(names.str().replace("_", "-"));
    // py: names.str.replace(r"(\w+)_(\w+)", r"\2 \1", regex=True)
    run(names.str().replace_pattern(r"([a-z]+)_([a-z]+)", "$2 $1"));
    // py: names.str.extract(r"_(\w+)", dim=None)
    run(names.str().extract(r"_(\w+)", 1));
    // py: names.str.split(dim="part", sep="_").isel(part=0)
    run(names.str().part("_", 0));
    // py: names.str.cat(names, sep="/")
    run(names.str().cat(&names, "/"));
    // py: names.str.startswith("tas"), names.str.find("_")
    let _ = (names.str().startswith("tas").values()?, names.str().find("_").values()?);
    // py: names.str.strip(), names.str.zfill(12), names.str.center(12, "*")
    let _ = (names.str().strip().values()?, names.str().zfill(12).values()?, names.str().center(12, '*').values()?);

    // ## Climate and Earth observation
    // py: # CDO: fldmean
    run(t.field_mean());
    // py: # CDO: zonmean
    run(t.zonal_mean());
    // py: # CDO: mermean
    run(t.meridional_mean());
    // py: # CDO: ymonmean, ymonsub
    run(t.group_by("time.month") - t.group_by("time.month").mean());
    // py: # CDO: ydrunmean,5; xclim: percentile_doy
    run(t.running_days("time", 5).quantile(0.9));
    // py: # xclim: tx90p
    run(t.exceedance("time", &t.running_days("time", 5).quantile(0.9), "YS"));
    // py: # CDO: detrend
    run(t.detrend("time"));
    // py: # CDO: trend
    run(t.trend("time"));
    // py: # scipy.stats.theilslopes, pymannkendall
    run(t.mann_kendall("time"));
    // py: # eofs: Eof(t, weights).eofs(neofs=3)
    run(t.fillna(280.0).eofs("time", 3, Some(&t.coord("lat").cos_deg().sqrt()))?.patterns());
    // py: # xclim: longest_run(t > 290)
    run(t.gt(290.0).longest_run("time"));
    // py: # xclim: windowed_run_count(t > 290, 3, freq="YS")
    run(t.gt(290.0).resample("time", "YS").positions_in_runs(3));
    // py: # CDO: remapbil
    run(t.regrid(&Grid::regular((-60.0, 60.0), (0.0, 360.0), 30.0)?, RegridMethod::Bilinear));
    // py: # xESMF: Regridder(ds, grid, "conservative")
    let regridder = Regridder::new(&t, &Grid::regular((-60.0, 60.0), (0.0, 360.0), 30.0)?, RegridMethod::Conservative)?;
    // py: # regridder(t, skipna=True)
    run(regridder.apply(&t));
    // py: # regridder.to_netcdf("weights.nc"), Regridder(..., weights="weights.nc")
    let kept = Regridder::from_dataset(&regridder.to_dataset())?;
    // py: # xESMF: Regridder(ds_with_lat_b_lon_b, grid, "conservative")  # cells of any shape
    let of_cells = Regridder::from_bounds(&corner_lats, &corner_lons, &Grid::new(vec![10.0, 30.0], vec![10.0])?)?;
    // py: # gdalcubes: cube_view(dx=90, dy=60, aggregation="max")
    run(t.view(&Grid::regular((-90.0, 90.0), (0.0, 360.0), 60.0)?).max());
    // py: # rioxarray: t.rio.reproject("EPSG:3857")
    run(Regridder::from_projection(&t, &Crs::Geographic, &[1e6, 0.0], &[0.0, 1e6], &Crs::Proj("EPSG:3857".into()), RegridMethod::Bilinear)?.apply(&t));
    // py: # regionmask: mask, t.where(mask)
    run(t.clip_to(&Polygons::default().with_region("box", vec![vec![(10.0, -30.0), (200.0, -30.0), (200.0, 30.0), (10.0, 30.0)]])));
    // py: # zonal statistics
    run(t.region_means(&Polygons::default().with_region("box", vec![vec![(10.0, -30.0), (200.0, -30.0), (200.0, 30.0), (10.0, 30.0)]])));
    // py: # Open Data Cube: group_by="solar_day"
    run(t.group_by_solar_day("time", Some(150.0)).mean());

    // ## Tables, plots, text
    // py: t.plot()
    t.isel("time", 0).plot().title("t").save(&picture)?;
    // py: t.plot.hist(bins=20)
    t.plot().histogram(20).svg()?;
    // py: t.isel(lat=0).plot.line(x="time")
    t.isel("lat", 0).plot().lines("time").svg()?;
    // py: t.isel(time=0).plot.contour(levels=8), t.isel(time=0).plot.contourf(levels=8)
    let _ = (t.isel("time", 0).plot().contour(8).svg()?, t.isel("time", 0).plot().contourf(8).svg()?);
    // py: t.isel(time=slice(0, 4)).plot(col="time", col_wrap=2)
    t.isel("time", 0..4).plot().facet("time", 2).svg()?;
    // py: ds.plot.scatter("p", "t")
    t.plot().scatter(&ds.var("p")).svg()?;
    // py: ds.isel(time=0).plot.quiver("lon", "lat", "p", "q")
    ds.var("p").isel("time", 0).plot().quiver(&ds.var("q").isel("time", 0)).svg()?;
    // py: t.mean(["lat", "lon"]).plot.step()
    t.mean(["lat", "lon"]).plot().steps().svg()?;
    // py: print(t)
    let text = t.to_string();
    // py: t.values.tolist()
    let list = t.to_f64()?;
    // py: t.to_dataframe().reset_index()
    run(t.isel("time", 0..2).named("t").to_table());
    // py: table.set_index(["time", "lat", "lon"]).to_xarray()
    run(t.isel("time", 0..2).named("t").to_table().pivot(["time", "lat", "lon"]));

    assert!(array.shape().len() == 3 && mean > 280.0 && low.shape() == high.shape() && list.len() == 36 * 24);
    assert!(aligned[0].shape() == aligned[1].shape() && both.len() == 2 && text.contains("time") && many.names().count() == 3);
    run(kept.apply(&t));
    run(of_cells.apply(&DataArray::from_vec(["y", "x"], &[1, 2], vec![1.0, 2.0])));
    std::fs::remove_dir_all(&folder).unwrap();
    Ok(())
}
