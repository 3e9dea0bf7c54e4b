//! An anomaly of a climatology, and then its mean: the case of dask/distributed issue 2602. 80 GB in chunks of one row from a source
//! that works its values out, groups = index modulo 100, within 2 GB.
//!
//! `cargo run --release -p terracube-cube --example larger_than_memory [rows] [columns] [budget in MB]`
#![allow(clippy::print_stdout, missing_docs)]
use std::sync::Arc;

use terracube_cube::source::SyntheticSource;
use terracube_cube::{
    Attributes, Block, ChunkGrid, Context, Coords, DataArray, Dims, Encoding, Error, MemoryBudget, Result, Variable,
    compute_with,
};

const GROUPS: u64 = 100;

fn main() -> Result<()> {
    let number = |position: usize, default: u64| -> Result<u64> {
        match std::env::args().nth(position) {
            Some(text) => text.parse().map_err(|_| Error::invalid(format!("{text} is no number"))),
            None => Ok(default),
        }
    };
    let (rows, columns, budget) = (number(1, 10_000)?, number(2, 1_000_000)?, number(3, 2000)? * 1_000_000);
    let n_workers = std::thread::available_parallelism().map_or(2, usize::from);
    let context = Context::new(n_workers, MemoryBudget::new(budget))?;
    let t = array(rows, columns)?;
    let climatology = t.group_by("group").mean();
    let anomaly = t.group_by("group") - &climatology;
    let (mean, largest) = (anomaly.mean("row"), anomaly.max("row"));
    println!("{}", mean.explain_with(&context)?);
    let ((mean, largest), report) = compute_with((&mean, &largest), &context)?;
    check(&mean.to_f64()?, &largest.to_f64()?, rows)?;
    let bytes = (rows * columns * 8) as f64;
    let seconds = report.elapsed.as_secs_f64();
    println!(
        "{:.1} GB in {} passes, {seconds:.1} s: {:.2} GB/s",
        bytes / 1e9,
        report.passes,
        2.0 * bytes / 1e9 / seconds
    );
    println!(
        "budget {} MB; modelled at least {} MB, at most {} MB; measured growth {} MB; on disk {} MB",
        budget / 1_000_000,
        report.modelled_bytes / 1_000_000,
        report.peak_reserved / 1_000_000,
        report.measured_bytes / 1_000_000,
        report.spilled_bytes / 1_000_000
    );
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    println!("{}", status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or("VmHWM unknown"));
    Ok(())
}

/// Row `r` holds `texture[column] + 10 * group + 0.5 * (r / GROUPS)`.
fn array(rows: u64, columns: u64) -> Result<DataArray> {
    let texture: Vec<f64> = (0..4096).map(|i| (i * 37 % 101) as f64 * 0.25).collect();
    let source = SyntheticSource::new(ChunkGrid::regular(&[rows, columns], &[1, columns]), move |region, values| {
        let row = region.range(0).start;
        let base = (row % GROUPS) as f64 * 10.0 + (row / GROUPS) as f64 * 0.5;
        for values in values.chunks_mut(texture.len()) {
            values.iter_mut().zip(&texture).for_each(|(value, texture)| *value = base + texture);
        }
    });
    let dims = Dims::new(["row", "column"])?;
    let variable = Variable::from_source(dims, Arc::new(source), Attributes::new(), Encoding::default());
    let groups: Vec<i64> = (0..rows).map(|row| (row % GROUPS) as i64).collect();
    let groups = Variable::from_block(Dims::new(["row"])?, Block::new(&[rows as usize], groups)?);
    Ok(DataArray::new(Some("x"), variable, Coords::default()).with_coord_variable("group", groups))
}

/// Every group has the same anomalies: steps of a half around their mean.
fn check(mean: &[f64], largest: &[f64], rows: u64) -> Result<()> {
    let half = (rows / GROUPS - 1) as f64 * 0.25;
    let wrong = mean.iter().any(|value| value.abs() > 1e-9) || largest.iter().any(|value| (value - half).abs() > 1e-9);
    if wrong {
        return Err(Error::internal(format!(
            "mean {:?}, largest {:?}, expected 0 and {half}",
            &mean[..4],
            &largest[..4]
        )));
    }
    println!("values are right: mean 0, largest {half}");
    Ok(())
}
