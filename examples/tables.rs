//! A cube as a table and back, and pieces of a dataset put together: `cargo run --release --example tables`.
#![allow(clippy::print_stdout)]
use terracube::prelude::*;

fn main() -> Result<()> {
    let days = date_range("2000-01-01", "2000-01-04", "D", Calendar::Standard);
    let t = DataArray::from_vec(["time", "lat"], &[4, 2], (0..8).map(f64::from).collect())
        .assign_coords([("time", &days)])
        .with_coord("lat", vec![50.0, 40.0])
        .named("t");

    // A row for every combination of labels, columns for labels and values; `.write("t.parquet")` stores it.
    let table = t.to_table();
    println!("{} rows of {:?}", table.dims()[0].1, table.names().collect::<Vec<_>>());

    // And a cube again, with sorted labels.
    let cube = table.pivot(["time", "lat"]);
    println!("{:?}", cube.var("t").sel("lat", 40.0).to_f64()?);

    // Pieces in any order, joined by their labels.
    let (early, late) = (t.isel("time", 0..2).to_dataset(), t.isel("time", 2..4).to_dataset());
    let whole = combine_by_coords(&[&late, &early])?;
    println!("the same: {}", whole.var("t").equals(&t)?);

    // Datasets in arithmetic: anomalies of all variables at once.
    let anomalies = &whole - &whole.mean("time");
    println!("{:?}", anomalies.var("t").to_f64()?);
    Ok(())
}
