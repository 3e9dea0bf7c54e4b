//! Operations along axes, windows, resampling: any chunking and any small budget give the answer of one chunk.
#![allow(clippy::unwrap_used, clippy::panic)]

use proptest::prelude::*;
use terracube_cube::data::{Fill, Method, PadMode};
use terracube_cube::source::MemorySource;
use terracube_cube::{
    ALL, Attributes, Block, Calendar, ChunkGrid, Coords, DType, DataArray, Decay, Dims, Encoding, Grid, Join, Origin,
    RegridMethod, Regridder, ResampleOptions, TimeUnit, Variable, align, concat,
};

fn labelled(block: &Block, chunk: &[u64]) -> DataArray {
    let shape: Vec<u64> = block.shape().iter().map(|&len| len as u64).collect();
    let source = MemorySource::new(block.clone(), ChunkGrid::regular(&shape, chunk));
    let dims = Dims::new(["time", "lat", "lon"]).unwrap();
    let variable = Variable::from_source(dims, source, Attributes::new(), Encoding::default());
    let days = (0..shape[0] as i64).map(|day| day * 86_400 * 9).collect();
    let time = DType::Time { unit: TimeUnit::S, calendar: Calendar::NoLeap };
    DataArray::new(Some("t"), variable, Coords::default())
        .with_coord_block("time", Block::with_dtype::<i64>(time, &[shape[0] as usize], days).unwrap())
        .with_coord("lat", (0..shape[1]).map(|i| 60.0 - 7.0 * i as f64).collect())
        .with_coord("lon", (0..shape[2]).map(|i| i as f64 * 40.0).collect())
}

fn battery(t: &DataArray) -> Vec<(&'static str, DataArray)> {
    let n = t.shape()[0];
    let at = DataArray::from_vec(["lat"], &[4], vec![57.0, 60.0, 54.5, 40.0]);
    let around = DataArray::from_vec(["lon"], &[3], vec![-10.0, 355.0, 15.0]);
    let line = t.isel("lat", 0).isel("lon", 0);
    let places = DataArray::from_vec(["place"], &[3], vec![0, -1, 0]);
    vec![
        ("cumsum", t.cumsum("time")),
        ("cumsum of two", t.cumsum(["lat", "lon"])),
        ("cumprod", t.cumprod("lat")),
        ("ffill", t.ffill("time")),
        ("ffill limited", t.ffill_limit("time", 1)),
        ("bfill", t.bfill("lon")),
        ("bfill limited", t.bfill_limit("time", 2)),
        ("shift", t.shift("time", 2)),
        ("shift back", t.shift("lat", -1)),
        ("shift far", t.shift("time", n as i64 + 1)),
        ("roll", t.roll("time", 3)),
        ("diff", t.diff("time")),
        ("diff twice", t.diff("time").diff("time")),
        ("pad", t.pad("lat", 2, 1, PadMode::Reflect)),
        ("rolling mean", t.rolling("time", 3).mean()),
        ("rolling max centered", t.rolling("time", 4).centered().min_periods(1).max()),
        ("rolling min", t.rolling("time", 5).min_periods(2).min()),
        ("rolling std", t.rolling("lat", 2).std()),
        ("rolling median", t.rolling("time", 4).min_periods(1).median()),
        ("rolling, reduced", t.rolling("time", 3).sum().max("time")),
        ("median", t.median("time")),
        ("median of all", t.median(ALL)),
        ("quantiles", t.quantile([0.1, 0.9], ["time", "lat"])),
        ("quantile and arithmetic", t - t.quantile(0.5, "time")),
        ("group medians", t.group_by("time.month").median()),
        ("rank", t.rank("time")),
        ("argmax", t.fillna(0.0).argmax("time")),
        ("idxmin", t.idxmin("lat")),
        ("resampled", t.resample("time", "MS").mean()),
        ("resampled to quarters", t.resample("time", "QS-DEC").max()),
        ("resampled and filled", t.resample("time", "5D").ffill()),
        ("bins", t.group_by_bins("lat", &[0.0, 50.0, 57.0, 90.0]).sum()),
        ("coarsened", t.coarsen("time", 2).and("lat", 2).trim().mean()),
        ("coarsened, padded", t.coarsen("time", 4).pad().max()),
        ("interp", t.interp("lat", &at)),
        ("interp around the globe", t.interp("lon", &around)),
        ("spline", t.fillna(1.0).interp_by("lat", &at, Method::Cubic)),
        ("gaps filled", t.interpolate_na("time")),
        ("derivative", t.differentiate("lat")),
        ("integral", t.fillna(0.0).integrate("lat")),
        ("line", t.polyfit("time", 1)),
        ("windows", t.rolling("time", 3).construct(["window"])),
        ("windows of fields", t.rolling("lat", 2).and("lon", 2).min_periods(2).std()),
        ("median of fields", t.rolling("time", 3).and("lat", 2).centered().min_periods(1).median()),
        ("products of windows", t.rolling("time", 3).min_periods(1).prod()),
        ("blocks", t.coarsen("time", 4).pad().construct("block", "member")),
        ("variances of blocks", t.coarsen("time", 2).trim().var()),
        ("decaying spread", t.rolling_exp("time", Decay::Span(3.0)).std()),
        ("histogram", t.histogram(&[-50.0, 0.0, 25.0, 50.0], ["time", "lat"])),
        ("places of two", t.fillna(0.0).argmax_over(["lat", "lon"]).var("lon")),
        ("groups mapped", t.group_by("time.month").map(|part| part - part.mean("time"))),
        ("groups mapped to one", t.group_by("time.month").map(|part| part.max("time") - part.min("time"))),
        ("all but some", t.drop_isel("lat", [0])),
        ("padded with a number", t.pad_with("lon", 1, 2, 0.5)),
        ("points by position", t.isel_points([("lat", &places), ("time", &places)])),
        ("turned vectors", t.isel("lon", [0, 0, 0]).cross(&t.isel("lon", [0, 0, 0]).sqrt(), "lon")),
        ("table", t.isel("time", 0..2).to_table().var("t")),
        ("variables", t.to_dataset_along("lat").to_array("lat").isel("lat", 0)),
        ("running days", t.running_days("time", 3).quantile(0.75)),
        ("exceedance", t.exceedance("time", &t.running_days("time", 3).quantile(0.75), "YS")),
        ("own function", t.apply_along("time", |x| x.iter().filter(|v| v.is_finite()).sum())),
        ("every value", t.map_values(|v| v * 2.0)),
        ("stacked", t.stack("point", ["lon", "time"]).isel("point", 2..7)),
        ("unstacked", t.stack("point", ["time", "lat"]).unstack("point", ["time", "lat"]) + 1.0),
        ("two keys", t.group_by_all(["time.month", "time.day"]).sum()),
        ("points", t.sel_points([("lat", &at), ("lon", &at)])),
        ("points over time", t.sel_points([("lon", &around)]).mean("time")),
        ("reindexed", t.reindex_near("lat", &at, Fill::Nearest, Some(3.0))),
        ("sorted", t.sortby("lat")),
        ("two ends", concat(&[&t.isel("time", 2..), &t.isel("time", 0..2)], "time")),
        ("line on line", concat(&[&line, &(&line * 2.0)], "member")),
        ("first combined", t.isel("lat", 0..1).combine_first(t)),
        ("correlation", t.corr(&(t * t), "time")),
        ("positions in order", t.argsort("time")),
        ("the last positions in order", t.argsort("time").isel("time", -3..)),
        ("places of a few", t.rank("time").isel("time", 2..5)),
        ("places in windows", t.rolling("time", 4).min_periods(1).argmax()),
        ("places in centered windows", t.rolling("lat", 3).centered().min_periods(1).argmin()),
        ("decaying covariance", t.rolling_exp("time", Decay::Alpha(0.3)).cov(&(t * t))),
        ("quadratic", t.fillna(1.0).interp_by("lat", &at, Method::Quadratic)),
        ("shape preserving", t.fillna(1.0).interp_by("lat", &at, Method::Pchip)),
        ("label before", t.interp_by("lat", &at, Method::Previous)),
        ("gaps on a curve", t.interpolate_na_by("time", Method::Akima, None, None)),
        ("resampled on a curve", t.fillna(1.0).resample("time", "5D").interpolate_by(Method::Cubic)),
        ("resampled from the end", resampled_from_the_end(t)),
        ("only at labels", t.resample("time", "36h").asfreq()),
        ("running within groups", t.group_by("time.month").cumsum()),
        (
            "two lines",
            t.apply_along_with("time", &[&t.mean("lon")], |lines| {
                lines[0].iter().zip(lines[1]).map(|(a, b)| a - b).filter(|v| v.is_finite()).sum()
            }),
        ),
        ("by level", t.stack("point", ["lat", "lon"]).sel_level("lon", 40.0)),
        (
            "curve of one's own",
            t.fillna(1.0)
                .curvefit("time", &[("a", 0.0), ("b", 0.0)], |x, p| p[0] + p[1] * (x / 864_000.0))
                .var("curvefit_coefficients"),
        ),
        ("squares", t.weighted(&t.coord("lat").cos_deg()).sum_of_squares("lat")),
        ("cells of any shape", over_cells(t)),
    ]
}

fn resampled_from_the_end(t: &DataArray) -> DataArray {
    t.resample_with("time", "5D", &ResampleOptions::new().origin(Origin::End)).sum()
}

/// From cells whose places are coordinates of two dimensions.
fn over_cells(t: &DataArray) -> DataArray {
    let (lat, lon) = (t.coord("lat"), t.coord("lon"));
    let (n, m) = (t.shape()[1] as usize, t.shape()[2] as usize);
    let plane = |of: &dyn Fn(usize, usize) -> f64, units: &str| {
        let values = (0..n * m).map(|k| of(k / m, k % m)).collect();
        DataArray::from_vec(["lat", "lon"], &[n, m], values).with_attr("units", units)
    };
    assert!(lat.error().is_none() && lon.error().is_none());
    let turned = t.drop_vars(["lat", "lon"]).assign_coords([
        ("lat2", &plane(&|i, j| 10.0 + 3.0 * i as f64 + 0.5 * j as f64, "degrees_north")),
        ("lon2", &plane(&|i, j| 20.0 + 4.0 * j as f64 - 0.4 * i as f64, "degrees_east")),
    ]);
    let grid = Grid::new(vec![12.0, 16.0], vec![21.0, 26.0, 31.0]).unwrap();
    let made = Regridder::from_curvilinear(&turned, &grid, RegridMethod::Conservative);
    made.map_or_else(DataArray::failed, |regridder| regridder.apply(&turned))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn any_chunking_gives_the_unchunked_answer(
        shape in [6usize..24, 4usize..8, 2usize..9],
        cuts in [1u64..25, 1u64..9, 1u64..10],
        seed in any::<u64>(),
        single in any::<bool>(),
    ) {
        let mut state = seed | 1;
        let values: Vec<f64> = (0..shape.iter().product()).map(|_| {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            if state >> 61 == 0 { f64::NAN } else { ((state >> 33) % 4000) as f64 / 200.0 - 8.0 }
        }).collect();
        let block = match single {
            true => Block::new(&shape, values.iter().map(|v| *v as f32).collect()).unwrap(),
            false => Block::new(&shape, values).unwrap(),
        };
        let whole: Vec<u64> = shape.iter().map(|&len| len as u64).collect();
        let (cut, plain) = (labelled(&block, &cuts), labelled(&block, &whole));
        for ((name, a), (_, b)) in battery(&cut).into_iter().zip(battery(&plain)) {
            let (a, b) = (a.values().unwrap_or_else(|e| panic!("{name}: {e}")), b.values().unwrap());
            prop_assert_eq!(a.shape(), b.shape(), "{}", name);
            prop_assert_eq!(a.dtype(), b.dtype(), "{}", name);
            let eps = if a.dtype() == DType::F32 { 1e-5 } else { 1e-9 };
            for (x, y) in a.to_f64().unwrap().iter().zip(b.to_f64().unwrap()) {
                prop_assert!((x.is_nan() && y.is_nan()) || (x - y).abs() <= eps * y.abs().max(1.0), "{}: {} against {}", name, x, y);
            }
        }
    }

    #[test]
    fn parts_put_together_are_the_whole(cuts in proptest::collection::vec(1i64..7, 1..5), chunk in 1u64..9) {
        let n: i64 = cuts.iter().sum();
        let block = Block::new(&[n as usize, 2, 2], (0..n * 4).map(|i| i as f64).collect()).unwrap();
        let t = labelled(&block, &[chunk, 1, 2]);
        let mut start = 0;
        let parts: Vec<DataArray> = cuts.iter().map(|len| {
            let part = t.isel("time", start..start + len);
            start += len;
            part
        }).collect();
        let joined = concat(&parts.iter().collect::<Vec<_>>(), "time");
        prop_assert_eq!(joined.to_f64().unwrap(), block.to_f64().unwrap());
        prop_assert_eq!(joined.isel("time", n - 1).to_f64().unwrap(), t.isel("time", n - 1).to_f64().unwrap());
        let both = align(&[&parts[0], &t], Join::Outer).unwrap();
        prop_assert_eq!(both[0].shape(), t.shape());
    }
}

#[test]
fn mistakes_are_explained() {
    let t = labelled(&Block::new(&[6, 4, 2], vec![1.0; 48]).unwrap(), &[2, 2, 2]);
    let rows: Vec<(DataArray, &str)> = vec![
        (t.rolling("tim", 3).mean(), "no dimension `tim`; did you mean `time`?"),
        (t.rolling("time", 9).mean(), "a window of 9 on `time`, which has 6"),
        (t.resample("time", "M").mean(), "\"MS\""),
        (t.resample("lat", "D").mean(), "only times can be resampled"),
        (t.coarsen("time", 4).mean(), ".trim()"),
        (t.quantile(1.5, "time"), "quantile 1.5 is not between 0 and 1"),
        (t.rename([("latt", "y")]), "did you mean `lat`?"),
        (t.sortby("height"), "no coordinate `height`"),
        (t.group_by_seasons("time", &["DJF", "JFM"]).mean(), "shares a month"),
        (concat(&[&t, &t.isel("lat", 1..)], "time"), "has other labels along `lat`"),
        (t.diff("x"), "no dimension `x`"),
        (t.expand_dims("lat"), "there is a dimension `lat` already"),
    ];
    for (array, expected) in rows {
        let error = array.error().unwrap().to_string();
        assert!(error.contains(expected), "{error}\nexpected {expected}");
    }
    let nothing = DataArray::from_vec(["x"], &[2], vec![f64::NAN; 2]);
    assert!(nothing.argmax("x").compute().unwrap_err().to_string().contains("all values are missing"));
}
