//! Fills gaps along time, brings the series of the area to months and fits a yearly wave with a trend:
//! `cargo run --release --example curves -- URL VARIABLE`.
#![allow(clippy::print_stdout)]
use terracube::prelude::*;

/// Seconds of a year.
const YEAR: f64 = 31_556_952.0;

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let (Some(url), Some(variable)) = (arguments.next(), arguments.next()) else {
        return Err(Error::new(ErrorKind::InvalidArgument, "usage: curves URL VARIABLE"));
    };
    let series = open(&url)?.var(&variable).field_mean();
    let whole = series.interpolate_na_by("time", Method::Akima, None, None);
    println!("{}", whole.resample("time", "MS").interpolate_by(Method::Pchip).compute()?);
    let start = [("mean", whole.mean("time").item()?), ("trend", 0.0), ("cosine", 1.0), ("sine", 1.0)];
    let fit = whole.curvefit("time", &start, |seconds, p| {
        let years = seconds / YEAR;
        let angle = std::f64::consts::TAU * years;
        p[0] + p[1] * (years - 30.0) + p[2] * angle.cos() + p[3] * angle.sin()
    });
    println!("{}", fit.var("curvefit_coefficients").compute()?);
    println!("{}", fit.var("curvefit_covariance").compute()?);
    Ok(())
}
