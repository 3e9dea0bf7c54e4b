//! Days in warm spells by year: days above the 90th percentile of their season, at least six in a row (ETCCDI's WSDI):
//! `cargo run --release --example heat_waves -- URL VARIABLE`.
#![allow(clippy::print_stdout)]
use terracube::prelude::*;

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let (Some(url), Some(variable)) = (arguments.next(), arguments.next()) else {
        return Err(Error::new(ErrorKind::InvalidArgument, "usage: heat_waves URL VARIABLE"));
    };
    let daily = open(&url)?.var(&variable).resample("time", "D").max();
    let limit = daily.running_days("time", 5).quantile(0.9);
    let hot = (daily.group_by("time.dayofyear") - &limit).gt(0.0);
    let spells = hot.resample("time", "YS").positions_in_runs(6);
    println!("{}", spells.field_mean().compute()?);
    Ok(())
}
