//! Our side of the workloads of peer.py, by the same names.
use terracube::prelude::*;

use crate::Failure;

/// The variable that every workload reads.
pub const VARIABLE: &str = "t2m";

/// One workload.
pub struct Workload {
    /// The peer's name for it.
    pub name: &'static str,
    /// The store below the data folder.
    pub store: &'static str,
    /// How often every chunk has to be decoded: what it is held against is that many passes of bare decoding.
    pub passes: u32,
    /// The lazy result.
    pub build: fn(&DataArray) -> DataArray,
}

const ZSTD: &str = "era5/era5_v3_zstd.zarr";

/// Every workload that we can run so far.
pub const WORKLOADS: &[Workload] = &[
    Workload { name: "mean_time_zstd", store: ZSTD, passes: 1, build: |t| t.mean("time") },
    Workload { name: "climatology_hour", store: ZSTD, passes: 1, build: |t| t.group_by("time.hour").mean() },
    Workload {
        name: "anomaly_std",
        store: ZSTD,
        passes: 2,
        build: |t| {
            let climatology = t.group_by("time.hour").mean();
            (t.group_by("time.hour") - &climatology).std("time")
        },
    },
];

/// Opens, computes, and gives the values as f32 with their shape.
pub fn run(workload: &Workload, data: &str) -> Result<(Vec<u64>, Vec<f32>), Failure> {
    let variable = open(&format!("{data}/{}", workload.store))?.var(VARIABLE);
    let array = (workload.build)(&variable).values()?;
    let shape = array.shape().iter().map(|n| *n as u64).collect();
    Ok((shape, array.to_vec::<f32>()?))
}
