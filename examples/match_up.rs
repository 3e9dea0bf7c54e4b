//! Values of a grid at the places of a table, on the straight line between the cells around each:
//! `cargo run --release --example match_up -- URL VARIABLE LAT,LON LAT,LON ...`.
#![allow(clippy::print_stdout)]
use terracube::prelude::*;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let wrong = || Error::new(ErrorKind::InvalidArgument, "usage: match_up URL VARIABLE LAT,LON [LAT,LON ...]");
    let [url, variable, places @ ..] = arguments.as_slice() else { return Err(wrong()) };
    let mut columns: [Vec<f64>; 2] = Default::default();
    for place in places {
        let (lat, lon) = place.split_once(',').ok_or_else(wrong)?;
        columns[0].push(lat.parse().map_err(|_| wrong())?);
        columns[1].push(lon.parse().map_err(|_| wrong())?);
    }
    let [lats, lons] = columns.map(|values| DataArray::from_vec(["place"], &[values.len()], values));
    let t = open(url)?.var(variable);
    let nearest = t.sel_points([("lat", &lats), ("lon", &lons)]);
    let between = t.interp_points([("lat", &lats), ("lon", &lons)]);
    let (nearest, between) = compute((&nearest, &between))?;
    println!("nearest {nearest}\nbetween {between}");
    Ok(())
}
