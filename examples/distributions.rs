//! Histograms, quantiles, ranks and standardised groups: `cargo run --release --example distributions`.
#![allow(clippy::print_stdout)]
use terracube::prelude::*;

fn main() -> Result<()> {
    let days = date_range("2001-01-01", "2002-12-31", "D", Calendar::NoLeap);
    let values = (0..730).map(|day| 10.0 + 8.0 * (f64::from(day) * 0.017_2).sin() + f64::from(day % 7)).collect();
    let t = DataArray::from_vec(["time"], &[730], values).assign_coords([("time", &days)]).named("t");

    // How many days fall in each bin: one pass, whatever the number of bins.
    let counts = t.histogram(&[0.0, 5.0, 10.0, 15.0, 20.0, 25.0], "time");
    println!("{:?} at {:?}", counts.to_vec::<i64>()?, counts.coord("t_bin").to_f64()?);

    // The warmest day, its value, and how many days are above the 90th percentile.
    let p90 = t.quantile(0.9, "time");
    println!("{:.2} on position {}", t.max("time").item()?, t.argmax("time").item()?);
    println!("{} days above {:.2}", t.gt(&p90).sum("time").item()?, p90.item()?);

    // Every month by its own mean and spread.
    let standard = t.group_by("time.month").map(|part| (part - part.mean("time")) / part.std("time"));
    println!("mean {:.1e}, spread {:.3}", standard.mean("time").item()?, standard.std("time").item()?);
    Ok(())
}
