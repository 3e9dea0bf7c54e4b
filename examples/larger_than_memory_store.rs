//! A store of 40 GB (uncompressed) is written, and computed with, within 2 GB: the spread and the extremes of anomalies, and a mean.
//!
//! `cargo run --release --example larger_than_memory_store [FOLDER] [GB] [budget in MB]`
#![allow(clippy::print_stdout)]
use std::sync::Arc;

use terracube::cube::source::SyntheticSource;
use terracube::cube::{
    Attributes, Block, ChunkGrid, Context, Coords, Dims, Encoding, MemoryBudget, Variable, compute_with,
};
use terracube::prelude::*;

type Failure = Box<dyn std::error::Error + Send + Sync>;

const CHUNK: [u64; 3] = [24, 250, 500];
/// Bytes of one hour.
const HOUR: u64 = 1000 * 1000 * 8;

fn main() -> std::result::Result<(), Failure> {
    let argument = |position: usize| std::env::args().nth(position);
    let folder = argument(1).unwrap_or_else(|| std::env::temp_dir().join("terracube-larger").display().to_string());
    let gigabytes: u64 = argument(2).map_or(Ok(40), |text| text.parse())?;
    let budget: u64 = argument(3).map_or(Ok(2000), |text| text.parse())? * 1_000_000;
    Context::new(std::thread::available_parallelism()?.get(), MemoryBudget::new(budget))?.install();

    let path = format!("{folder}/hours.zarr");
    // Whole periods of ten days.
    let n_hours = (gigabytes * 1_000_000_000).div_ceil(HOUR).next_multiple_of(240);
    let report = hours(n_hours)?.write_with(
        &path,
        &Default::default(),
        WriteOptions::default().overwrite().chunks([("time", CHUNK[0]), ("lat", CHUNK[1]), ("lon", CHUNK[2])]),
    )?;
    println!("written: {:.1} GB in {:.1} s", (n_hours * HOUR) as f64 / 1e9, report.elapsed.as_secs_f64());

    let t = open(&path)?.var("t");
    let anomaly = t.group_by("hour") - &t.group_by("hour").mean();
    let asked = vec![anomaly.std("time"), anomaly.max("time"), t.mean("time")];
    let (results, report) = compute_with(asked, &Context::current()?)?;
    let seconds = report.elapsed.as_secs_f64();
    let read = (n_hours * HOUR * report.passes as u64) as f64 / 1e9;
    println!("computed: {} passes, {read:.1} GB decoded in {seconds:.1} s: {:.2} GB/s", report.passes, read / seconds);
    let [spread, largest, mean] = &results[..] else { return Err("three results".into()) };
    // Days differ by 0, 1, ... 9 K, evenly: the spread of 0..=9 is the root of 8.25, the largest anomaly 4.5.
    let days = [spread.mean(ALL).item()?, largest.mean(ALL).item()?];
    let right = (days[0] - 8.25f64.sqrt()).abs() < 1e-3 && (days[1] - 4.5).abs() < 1e-3;
    println!("spread {:.4}, largest {:.4}, mean {:.2}", days[0], days[1], mean.mean(ALL).item()?);
    println!("budget {} MB, reserved at most {} MB", budget / 1_000_000, report.peak_reserved / 1_000_000);
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    println!("{}", status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or("VmHWM unknown"));
    std::fs::remove_dir_all(&path)?;
    if right { Ok(()) } else { Err("the values are wrong".into()) }
}

/// Hours of a field that varies by place and hour of the day; day after day it is warmer by 1 K, and begins anew every tenth.
fn hours(n_hours: u64) -> Result<DataArray> {
    let grid = ChunkGrid::regular(&[n_hours, 1000, 1000], &CHUNK);
    let source = SyntheticSource::new(grid, |region, values| {
        let extents = region.extents();
        for (step, rows) in values.chunks_mut(extents[1] * extents[2]).enumerate() {
            let hour = region.range(0).start + step as u64;
            let of_time = 270.0 + (hour % 24) as f64 + (hour / 24 % 10) as f64;
            for (y, row) in rows.chunks_mut(extents[2]).enumerate() {
                let at = (region.range(1).start + y as u64) as f64 * 0.01 + of_time;
                row.iter_mut().enumerate().for_each(|(x, value)| *value = at + (x % 32) as f64 * 0.125);
            }
        }
    });
    let dims = Dims::new(["time", "lat", "lon"])?;
    let variable = Variable::from_source(dims, Arc::new(source), Attributes::new(), Encoding::default());
    let hours: Vec<i64> = (0..n_hours as i64).map(|hour| hour % 24).collect();
    let hours = Variable::from_block(Dims::new(["time"])?, Block::new(&[hours.len()], hours)?);
    Ok(DataArray::new(Some("t"), variable, Coords::default()).with_coord_variable("hour", hours))
}
