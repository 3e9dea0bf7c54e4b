//! Means of the regions of a GeoJSON file, weighted by area: `cargo run --release --example regions -- URL VARIABLE REGIONS.geojson`.
#![allow(clippy::print_stdout)]
use terracube::prelude::*;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, variable, regions] = arguments.as_slice() else {
        return Err(Error::new(ErrorKind::InvalidArgument, "usage: regions URL VARIABLE REGIONS.geojson"));
    };
    let text = std::fs::read_to_string(regions)
        .map_err(|error| Error::new(ErrorKind::NotFound, format!("{regions}: {error}")))?;
    let regions = Polygons::from_geojson(&text)?;
    println!("{}", open(url)?.var(variable).region_means(&regions).compute()?);
    Ok(())
}
