//! Every kind of figure of a variable over time, latitude and longitude: `cargo run --release --example figures -- URL VARIABLE FOLDER`.
#![allow(clippy::print_stdout)]
use terracube::prelude::*;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, variable, folder] = arguments.as_slice() else {
        return Err(Error::new(ErrorKind::InvalidArgument, "usage: figures URL VARIABLE FOLDER"));
    };
    let t = open(url)?.var(variable);
    let dims: Vec<String> = t.dims().iter().map(ToOwned::to_owned).collect();
    let [time, lat, lon] = dims.as_slice() else {
        return Err(Error::new(
            ErrorKind::InvalidArgument,
            format!("`{variable}` has the dimensions {dims:?}, not three"),
        ));
    };
    let (first, last, mean) = (t.isel(time, 0), t.isel(time, -1), t.mean(time.as_str()));
    let change = (&last - &first).named("change");
    let figures = [
        ("map", last.plot().robust()),
        ("contours", mean.plot().contour(12)),
        ("bands", change.plot().contourf(12).title("last less first")),
        ("gradient", mean.plot().arrows(&mean.differentiate(lon), &mean.differentiate(lat))),
        ("panels", t.head(time, 6).plot().facet(time, 3)),
        ("series", t.field_mean().plot()),
        ("steps", t.field_mean().tail(time, 30).plot().steps()),
        ("histogram", t.plot().histogram(60)),
        ("scatter", last.named("last").plot().scatter(&first.named("first"))),
    ];
    for (name, figure) in figures {
        let path = format!("{folder}/{name}.png");
        figure.save(&path)?;
        println!("{path}");
    }
    Ok(())
}
