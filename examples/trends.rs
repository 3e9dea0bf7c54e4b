//! Where yearly means rise or fall, and whether that is more than chance: `cargo run --release --example trends -- URL VARIABLE`.
#![allow(clippy::print_stdout)]
use terracube::prelude::*;

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let (Some(url), Some(variable)) = (arguments.next(), arguments.next()) else {
        return Err(Error::new(ErrorKind::InvalidArgument, "usage: trends URL VARIABLE"));
    };
    let yearly = open(&url)?.var(&variable).resample("time", "YS").min_count(300).mean();
    let test = yearly.mann_kendall("time");
    // Slopes are per second.
    let per_decade = (test.var("slope") * (10.0 * 365.25 * 86_400.0)).where_(test.var("p").lt(0.05));
    let share = per_decade.notnull().cast(DType::F64).field_mean();
    let (per_decade, share) = compute((&per_decade, &share))?;
    println!("{per_decade}\n{:.1} % of the area has a trend", 100.0 * share.item()?);
    Ok(())
}
