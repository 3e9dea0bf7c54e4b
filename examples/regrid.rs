//! Brings a variable to a regular grid and keeps the weights for the next one:
//! `cargo run --release --example regrid -- URL VARIABLE DEGREES RESULT.zarr`.
#![allow(clippy::print_stdout)]
use terracube::prelude::*;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, variable, degrees, result] = arguments.as_slice() else {
        return Err(Error::new(ErrorKind::InvalidArgument, "usage: regrid URL VARIABLE DEGREES RESULT.zarr"));
    };
    let degrees: f64 = degrees
        .parse()
        .map_err(|_| Error::new(ErrorKind::InvalidArgument, format!("`{degrees}` is no number of degrees")))?;
    let t = open(url)?.var(variable);
    let grid = Grid::regular((-90.0, 90.0), (0.0, 360.0), degrees)?;
    let regridder = Regridder::new(&t, &grid, RegridMethod::Conservative)?.covered(0.5);
    regridder.to_dataset().write(&format!("{}-weights.zarr", result.trim_end_matches(".zarr")))?;
    let moved = regridder.apply(&t);
    println!("{}", moved.explain()?);
    moved.named(variable).write(result)?;
    Ok(())
}
