//! Our side of the workloads of peer.py, by the same names.
use terracube::prelude::*;

use crate::Failure;
use crate::floor::Floor;

/// One workload.
pub struct Workload {
    /// The peer's name for it.
    pub name: &'static str,
    /// The arrays that it reads.
    pub reads: &'static [Read],
    /// What it is held against.
    pub floor: Floor,
    /// When it is at target.
    pub gate: Gate,
    /// What it does.
    pub work: Work,
}

/// An array below the data folder, and how often it has to be decoded.
pub struct Read {
    pub store: &'static str,
    pub variable: &'static str,
    pub passes: u32,
}

/// When a row is at target. Every row also has to hold less memory than the fastest peer.
pub enum Gate {
    /// The wall time is at most this many times the floor's.
    Times(f64),
    /// Exactly the chunks are read that hold a value of the result.
    Chunks(u64),
    /// The wall time is at most this many seconds.
    Seconds(f64),
    /// The fastest peer takes at least so many times as long.
    OfPeer(f64),
    /// Less CPU per chunk, in microseconds, beyond what the floor takes.
    MicrosecondsPerChunk { most: f64, n_chunks: u64 },
    /// At most this many times the floor's wall time, in at most this part of the peak memory of the named variant of the peer.
    TimesAndMemory { times: f64, part: f64, peer: &'static str },
    /// At least this many times as fast as the fastest peer, in at most this part of its peak memory.
    Faster { times: f64, part: Option<f64> },
}

/// What a workload does below a data folder.
pub enum Work {
    /// Lazy results that are computed together.
    Compute(fn(&str) -> Result<Vec<DataArray>>),
    /// A named array that is written below `out/`, in chunks of these lengths (its own, if there are none).
    Write(fn(&str) -> Result<DataArray>, &'static [u64], &'static str),
    /// The same as a NetCDF file.
    WriteNetcdf(fn(&str) -> Result<DataArray>),
    /// A dataset that is opened once, to be opened again when the time is taken.
    Open(fn(&str) -> Result<Dataset>),
}

const ZSTD: &str = "era5/era5_v3_zstd.zarr";
const BLOSC: &str = "era5/era5_v2_blosc.zarr";
const SHARD: &str = "era5/era5_v3_sharded.zarr";
pub const OCEAN: &str = "ocean/ocean_v3.zarr";
const TINY: &str = "tiny/many_chunks_v3.zarr";

pub const fn read(store: &'static str, variable: &'static str, passes: u32) -> Read {
    Read { store, variable, passes }
}

pub const ERA_ZSTD: &[Read] = &[read(ZSTD, "t2m", 1)];
const ERA_BLOSC: &[Read] = &[read(BLOSC, "t2m", 1)];
const ERA_SHARD: &[Read] = &[read(SHARD, "t2m", 1)];
const ERA_BOTH: &[Read] = &[read(ZSTD, "t2m", 1), read(SHARD, "t2m", 1)];
pub const SST: &[Read] = &[read(OCEAN, "sst", 1)];
const ERA_NETCDF: &[Read] = &[read("era5/nc", "t2m", 1)];
const MANY: &[Read] = &[read("many", "t2m", 1)];
const TINIES: &[Read] = &[read(TINY, "v", 1)];

pub fn variable(data: &str, store: &str, name: &str) -> Result<DataArray> {
    Ok(open(&format!("{data}/{store}"))?.var(name))
}

pub fn era(data: &str) -> Result<DataArray> {
    variable(data, ZSTD, "t2m")
}

pub fn sst(data: &str) -> Result<DataArray> {
    variable(data, OCEAN, "sst")
}

pub const fn of_decode(
    name: &'static str,
    reads: &'static [Read],
    times: f64,
    work: fn(&str) -> Result<Vec<DataArray>>,
) -> Workload {
    Workload { name, reads, floor: Floor::Decode, gate: Gate::Times(times), work: Work::Compute(work) }
}

/// Every workload that we can run so far.
pub const WORKLOADS: &[Workload] = &[
    of_decode("mean_time_zstd", ERA_ZSTD, 1.15, |data| Ok(vec![era(data)?.mean("time")])),
    Workload {
        name: "mean_time_blosc",
        reads: ERA_BLOSC,
        floor: Floor::Sum,
        gate: Gate::Times(1.15),
        work: Work::Compute(|data| Ok(vec![variable(data, BLOSC, "t2m")?.mean("time")])),
    },
    of_decode("mean_time_shard", ERA_SHARD, 1.15, |data| Ok(vec![variable(data, SHARD, "t2m")?.mean("time")])),
    of_decode("std_time", ERA_ZSTD, 1.25, |data| Ok(vec![era(data)?.std("time")])),
    of_decode("global_weighted", ERA_ZSTD, 1.15, |data| {
        let t = era(data)?;
        Ok(vec![t.weighted(&t.coord("lat").cos_deg()).mean(["lat", "lon"])])
    }),
    of_decode("climatology_hour", ERA_ZSTD, 1.25, |data| Ok(vec![era(data)?.group_by("time.hour").mean()])),
    of_decode("three_results", ERA_ZSTD, 1.25, |data| {
        let t = era(data)?;
        Ok(vec![t.mean("time"), t.std("time"), t.max("time")])
    }),
    of_decode("anomaly_std", ERA_ZSTD, 1.25, |data| {
        let t = era(data)?;
        let climatology = t.group_by("time.hour").mean();
        Ok(vec![(t.group_by("time.hour") - &climatology).std("time")])
    }),
    Workload {
        name: "point_series",
        reads: ERA_ZSTD,
        floor: Floor::Part(&[(83, 84), (5, 6)]),
        gate: Gate::Chunks(60),
        work: Work::Compute(|data| Ok(vec![era(data)?.sel("lat", near(48.5)).sel("lon", near(2.5))])),
    },
    Workload {
        name: "box_mean",
        reads: ERA_ZSTD,
        floor: Floor::Part(&[(60, 111), (0, 61)]),
        gate: Gate::Chunks(60),
        work: Work::Compute(|data| {
            let part = era(data)?.sel("lat", 35.0..=60.0).sel("lon", 0.0..=30.0);
            Ok(vec![part.mean(["lat", "lon"])])
        }),
    },
    Workload {
        name: "tiny_mean",
        reads: TINIES,
        floor: Floor::Files,
        gate: Gate::MicrosecondsPerChunk { most: 10.0, n_chunks: 100_000 },
        work: Work::Compute(|data| Ok(vec![variable(data, TINY, "v")?.mean(["y", "x"])])),
    },
    of_decode("ocean_mean", SST, 1.3, |data| Ok(vec![sst(data)?.mean("time")])),
    of_decode("ocean_std", SST, 1.3, |data| Ok(vec![sst(data)?.std("time")])),
    of_decode("ocean_climatology", SST, 1.3, |data| Ok(vec![sst(data)?.group_by("time.month").mean()])),
    of_decode("dayofyear_climatology", SST, 1.3, |data| Ok(vec![sst(data)?.group_by("time.dayofyear").mean()])),
    of_decode("add_mean", ERA_BOTH, 1.3, |data| {
        let sum = era(data)? + variable(data, SHARD, "t2m")?;
        Ok(vec![sum.mean("time")])
    }),
    Workload {
        name: "write_celsius",
        reads: ERA_ZSTD,
        floor: Floor::Encode(273.15),
        gate: Gate::Times(1.3),
        // The codec of the source and of the peer.
        work: Work::Write(|data| Ok((era(data)? - 273.15).named("t")), &[], "zstd:3"),
    },
    Workload {
        name: "mean_time_netcdf",
        reads: ERA_NETCDF,
        floor: Floor::NetCdf,
        gate: Gate::Times(1.2),
        work: Work::Compute(|data| Ok(vec![open_many(format!("{data}/era5/nc/*.nc"))?.var("t2m").mean("time")])),
    },
    Workload {
        name: "many_files",
        reads: MANY,
        floor: Floor::NetCdf,
        gate: Gate::Seconds(0.4),
        work: Work::Compute(|data| Ok(vec![open_many(format!("{data}/many/*.nc"))?.var("t2m").mean("time")])),
    },
    Workload {
        name: "many_files_open",
        reads: MANY,
        floor: Floor::Headers,
        gate: Gate::Seconds(0.1),
        work: Work::Open(|data| open_many(format!("{data}/many/*.nc"))),
    },
    Workload {
        name: "write_rechunk",
        reads: ERA_ZSTD,
        floor: Floor::Encode(0.0),
        gate: Gate::OfPeer(3.0),
        // Each with its own default: blosc's lz4 here, zstd there.
        work: Work::Write(|data| Ok(era(data)?.named("t")), SERIES, "default"),
    },
    Workload {
        name: "write_rechunk_zstd",
        reads: ERA_ZSTD,
        floor: Floor::Encode(0.0),
        gate: Gate::OfPeer(1.0),
        // With the peer's codec: the encoder takes most of the time of both.
        work: Work::Write(|data| Ok(era(data)?.named("t")), SERIES, "zstd:3"),
    },
];

/// Chunks of whole series.
const SERIES: &[u64] = &[u64::MAX, 19, 72];

/// The mean over the first quarters of the time axis.
pub fn mean_of_quarters(quarters: i64, data: &str) -> Result<f64, Failure> {
    let t = era(data)?;
    let n_times = i64::try_from(t.shape()[0])?;
    Ok(t.isel("time", 0..n_times * quarters / 4).mean(["time", "lat", "lon"]).item()?)
}

/// The mean over time of one variable of many files.
pub fn mean_of_files(urls: &[String]) -> Result<f64, Failure> {
    let mean = open_many(urls.to_vec())?.var("t2m").mean("time").compute()?;
    Ok(mean.mean(["lat", "lon"]).item()?)
}

/// What a run gave.
pub struct Outcome {
    /// The results, in memory.
    pub arrays: Vec<Array>,
    /// Chunks of sources that were read and decoded.
    pub chunks_read: u64,
    /// Passes over the data.
    pub passes: usize,
    /// The most bytes that were reserved at a time.
    pub reserved: u64,
}

/// Opens, computes, and gives the values; or opens and writes.
pub fn run(workload: &Workload, data: &str) -> Result<Outcome, Failure> {
    match workload.work {
        Work::Compute(build) => {
            let (results, report) = compute_with(build(data)?, &Context::current()?)?;
            let arrays = results.iter().map(DataArray::values).collect::<Result<_>>()?;
            Ok(Outcome {
                arrays,
                chunks_read: report.chunks_read,
                passes: report.passes,
                reserved: report.peak_reserved,
            })
        }
        Work::Open(build) => {
            build(data)?;
            Ok(Outcome { arrays: vec![], chunks_read: 0, passes: 0, reserved: 0 })
        }
        Work::Write(build, chunks, codec) => {
            let array = build(data)?;
            let own = array.chunks().largest_chunk();
            let chunks = if chunks.is_empty() { own } else { chunks.to_vec() };
            let options = WriteOptions::default().overwrite().chunks(array.dims().iter().zip(chunks));
            let options = options.compression(codec.parse()?);
            let place = format!("{data}/out/ours_{}.zarr", workload.name);
            let report = array.write_with(&place, &Default::default(), options)?;
            Ok(Outcome {
                arrays: vec![],
                chunks_read: report.chunks_read,
                passes: report.passes,
                reserved: report.peak_reserved,
            })
        }
        Work::WriteNetcdf(build) => {
            std::fs::create_dir_all(format!("{data}/out"))?;
            let place = format!("{data}/out/ours_{}.nc3", workload.name);
            let options = WriteOptions::default().overwrite();
            let report = build(data)?.named("t2m").write_with(&place, &Default::default(), options)?;
            Ok(Outcome {
                arrays: vec![],
                chunks_read: report.chunks_read,
                passes: report.passes,
                reserved: report.peak_reserved,
            })
        }
    }
}
