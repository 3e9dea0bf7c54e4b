//! The mean of every hour of the day and the spread around it, from any store: `cargo run --release --example climatology -- URL VARIABLE`.
#![allow(clippy::print_stdout)]
use std::time::Instant;

use terracube::prelude::*;

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let (Some(url), Some(variable)) = (arguments.next(), arguments.next()) else {
        return Err(Error::new(ErrorKind::InvalidArgument, "usage: climatology URL VARIABLE"));
    };
    let t = open(&url)?.var(&variable);
    let climatology = t.group_by("time.hour").mean();
    let anomaly = t.group_by("time.hour") - &climatology;
    for (name, array) in [("mean", t.mean("time")), ("climatology", climatology), ("spread", anomaly.std("time"))] {
        let started = Instant::now();
        let (result, report) = compute_with(&array, &Context::current()?)?;
        println!(
            "{name}: {:?}, {} chunks in {} passes, {:.1} MB read, {:.2} s, mean of all {:?}",
            result.shape(),
            report.chunks_read,
            report.passes,
            report.bytes_read as f64 / 1e6,
            started.elapsed().as_secs_f64(),
            result.mean(ALL).item()?
        );
    }
    Ok(())
}
