//! Terracube: lazy, chunked, labelled N-D datacubes read in place from remote stores.
//!
//! This crate is a façade: it re-exports the rooms behind it and defines nothing of its own.
pub use terracube_cube as cube;
pub use terracube_display as display;
pub use terracube_plots as plots;
pub use terracube_readers as readers;

pub use terracube_cube::{Error, ErrorKind, Result};
pub use terracube_readers::open;

/// What a notebook or a program imports with one line.
///
/// ```
/// use terracube::prelude::*;
/// # fn made_up() -> DataArray {
/// #     let (n, lat, lon) = (34 * 12, vec![65.0, 55.0, 48.4, 35.0, 20.0], vec![0.0, 2.5, 25.0, 340.0, 355.0]);
/// #     let months = (0..n as i64).map(|m| Calendar::Standard.days_from_date(1979 + m / 12, (m % 12 + 1) as u8, 15).unwrap() * 86_400);
/// #     let time = DType::Time { unit: TimeUnit::S, calendar: Calendar::Standard };
/// #     let values = (0..n * 25).map(|i| 288.0 + 12.0 * (i as f32 / 25.0 / 12.0 * 6.283).sin() + (i * 7919 % 101) as f32 / 10.0).collect();
/// #     DataArray::from_vec(["time", "lat", "lon"], &[n, 5, 5], values).with_attr("units", "K").named("t2m")
/// #         .with_coord_block("time", terracube::cube::Block::with_dtype(time, &[n], months.collect()).unwrap())
/// #         .with_coord("lat", lat).with_coord("lon", lon)
/// # }
/// # made_up().write("memory://prelude/t2m.zarr")?;
/// let ds = open("memory://prelude/t2m.zarr")?;
/// let t = ds.var("t2m").sel("time", "1981"..="2010").sel("lat", 35.0..=60.0).sel("lon", -10.0..=30.0);
/// let p = t.sel("lat", near(48.5).within(0.25)).sel("lon", near(2.5)); let last = t.isel("time", -1);
/// let clim = t.group_by("time.month").mean();
/// let anom = t.group_by("time.month") - &clim;
/// let annual = p.resample("time", "YS").min_count(10).mean();
/// let smooth = p.rolling("time", 30).centered().min_periods(20).mean();
/// let c = t.to_units("degC"); let hot = c.where_(c.gt(10.0) & c.lt(60.0));
/// let gdd = c.apply_along("time", |day| day.iter().map(|v| (v - 10.0).max(0.0)).sum());
/// anom.isel("time", -1).plot().robust().title("Anomaly");
/// let (mean, p90) = compute((&t.mean("time"), &t.quantile(0.9, "time")))?;   // one pass
/// anom.named("t2m_anom").write("memory://prelude/anomaly.zarr")?;
/// # assert_eq!((annual.shape(), smooth.count("time").item()?), (&[30u64][..], 351.0));
/// # assert_eq!((mean.shape(), p90.dtype(), gdd.dims().len()), (&[3u64, 4][..], DType::F64, 2));
/// # assert!((hot.mean(ALL).item()? - 18.0).abs() < 10.0 && last.error().is_none());
/// # Ok::<(), Error>(())
/// ```
pub mod prelude {
    pub use terracube_cube::{
        ALL, AlignOn, Array, Attribute, Attributes, Calendar, CancelToken, Context, Crs, DType, DataArray, DataTree,
        Dataset, Decay, Error, ErrorKind, Fill, Grid, GroupBy, Join, Method, Origin, PadMode, Polygons, Reduction,
        RegridMethod, Regridder, ResampleOptions, Result, RotatedPole, RunReport, Side, TimeUnit, Variable, Weighted,
        align, at_or_after, at_or_before, broadcast, combine_by_coords, compute, compute_with, concat, concat_datasets,
        date_range, date_range_of, every, merge, near, register_function,
    };
    pub use terracube_display::{MimeBundle, RichDisplay};
    pub use terracube_plots::{Figure, PlotExt};
    pub use terracube_readers::{
        OpenMany, OpenOptions, WriteData, WriteOptions, observations, open, open_many, open_table, open_tree,
    };
}
