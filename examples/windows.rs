//! Daily maxima, a rolling mean and a quantile over time, from any store: `cargo run --release --example windows -- URL VARIABLE`.
#![allow(clippy::print_stdout)]
use std::time::Instant;

use terracube::prelude::*;

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let (Some(url), Some(variable)) = (arguments.next(), arguments.next()) else {
        return Err(Error::new(ErrorKind::InvalidArgument, "usage: windows URL VARIABLE [RESULT]"));
    };
    let only = arguments.next();
    let t = open(&url)?.var(&variable);
    let results = [
        ("daily maximum", t.resample("time", "D").max()),
        ("greatest rolling mean of 24", t.rolling("time", 24).mean().max("time")),
        ("0.9 quantile over time", t.quantile(0.9, "time")),
        ("median over time", t.median("time")),
        ("last running sum", t.cumsum("time").isel("time", -1)),
        ("blocks of 10 by 10", t.coarsen("lat", 10).and("lon", 10).trim().mean()),
    ];
    for (name, array) in
        results.iter().filter(|(name, _)| only.as_ref().is_none_or(|only| name.contains(only.as_str())))
    {
        let started = Instant::now();
        let (result, report) = compute_with(array, &Context::current()?)?;
        println!(
            "{name}: {:?}, {} chunks in {} passes, {:.1} MB read, {:.0} MB reserved, {:.2} s, mean of all {:?}",
            result.shape(),
            report.chunks_read,
            report.passes,
            report.bytes_read as f64 / 1e6,
            report.peak_reserved as f64 / 1e6,
            started.elapsed().as_secs_f64(),
            result.mean(ALL).item()?
        );
    }
    Ok(())
}
