//! Workloads along axes: windows, quantiles, percentiles of climatologies, match-ups, regridding, and what CDO does on one NetCDF file.
use terracube::prelude::*;

use crate::floor::Floor;
use crate::ours::{ERA_ZSTD, Gate, Read, SST, Work, Workload, era, of_decode, read, sst, variable};

const S2: &str = "s2/s2_v3.zarr";
const QUARTER: &str = "quarter/quarter_v3.zarr";
const LONG: &str = "long/long_v3.zarr";
const RAW: &str = "raw/t2m.nc";

const NDVI: &[Read] = &[read(S2, "refl", 1), read(S2, "scl", 1)];
const FIELDS: &[Read] = &[read(QUARTER, "t", 1)];
const DAYS: &[Read] = &[read(LONG, "t", 1)];
const FILE: &[Read] = &[read(RAW, "t2m", 1)];

/// A row that is held against the peer, and shows the floor of decoding everything beside it.
const fn against_peer(
    name: &'static str,
    reads: &'static [Read],
    times: f64,
    part: f64,
    work: fn(&str) -> Result<Vec<DataArray>>,
) -> Workload {
    Workload {
        name,
        reads,
        floor: Floor::Decode,
        gate: Gate::Faster { times, part: Some(part) },
        work: Work::Compute(work),
    }
}

/// A row that CDO has a name for, from one file of plain floats to another.
const fn against_cdo(name: &'static str, work: fn(&str) -> Result<DataArray>) -> Workload {
    Workload {
        name,
        reads: FILE,
        floor: Floor::Stream,
        gate: Gate::Faster { times: 1.0, part: None },
        work: Work::WriteNetcdf(work),
    }
}

fn raw(data: &str) -> Result<DataArray> {
    variable(data, RAW, "t2m")
}

/// Cloud-masked NDVI, median over time.
fn ndvi(data: &str) -> Result<DataArray> {
    let dataset = open(&format!("{data}/{S2}"))?;
    let (red, nir) = (dataset.var("refl").sel("band", 4), dataset.var("refl").sel("band", 8));
    let clear = dataset.var("scl").isin(&DataArray::from_vec(["class"], &[3], vec![4u8, 5, 6]));
    Ok(((&nir - &red) / (&nir + &red)).where_(clear).median("time"))
}

/// The rows.
pub const WORKLOADS: &[Workload] = &[
    of_decode("resample_day_max", ERA_ZSTD, 1.25, |data| Ok(vec![era(data)?.resample("time", "D").max()])),
    Workload {
        name: "rolling_24_max",
        reads: ERA_ZSTD,
        floor: Floor::Decode,
        gate: Gate::TimesAndMemory { times: 1.5, part: 0.25, peer: "tuned" },
        work: Work::Compute(|data| Ok(vec![era(data)?.rolling("time", 24).mean().max("time")])),
    },
    against_peer("quantile_time", ERA_ZSTD, 8.0, 0.5, |data| Ok(vec![era(data)?.quantile(0.9, "time")])),
    against_peer("ndvi_median", NDVI, 8.0, 1.0, |data| Ok(vec![ndvi(data)?])),
    against_peer("tx90p", SST, 1.0, 1.0, |data| {
        let t = sst(data)?;
        Ok(vec![t.exceedance("time", &t.running_days("time", 5).quantile(0.9), "YS")])
    }),
    against_peer("match_up", ERA_ZSTD, 1.0, 1.0, |data| {
        Ok(vec![era(data)?.at_points(&open_table(&format!("{data}/points/points.csv"))?)])
    }),
    against_peer("regrid_conservative", FIELDS, 1.0, 1.0, |data| {
        let grid = Grid::regular((-90.0, 90.0), (0.0, 360.0), 1.0)?;
        Ok(vec![variable(data, QUARTER, "t")?.regrid(&grid, RegridMethod::Conservative)])
    }),
    against_peer("point_80_years", DAYS, 1.0, 1.0, |data| {
        Ok(vec![variable(data, LONG, "t")?.sel("lat", near(48.5)).sel("lon", near(2.5))])
    }),
    against_cdo("cdo_dhourmean", |data| Ok(raw(data)?.group_by("time.hour").mean())),
    against_cdo("cdo_daymax", |data| Ok(raw(data)?.resample("time", "D").max())),
    against_cdo("cdo_fldmean", |data| Ok(raw(data)?.field_mean())),
    against_cdo("cdo_timmax_runmean", |data| Ok(raw(data)?.rolling("time", 24).mean().max("time"))),
];
