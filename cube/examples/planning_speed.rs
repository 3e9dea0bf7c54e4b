//! How long planning takes: optimising and lowering 100 operations over a thousand and over a billion chunks.
//!
//! `cargo run --release -p terracube-cube --example planning_speed`
#![allow(clippy::print_stdout, missing_docs)]
use std::sync::Arc;
use std::time::Instant;

use terracube_cube::source::SyntheticSource;
use terracube_cube::{
    Attributes, ChunkGrid, Context, Coords, DataArray, Dims, Encoding, MemoryBudget, Result, Variable,
};

fn main() -> Result<()> {
    let context = Context::new(2, MemoryBudget::new(1 << 30))?;
    for n_chunks in [1000, 1_000_000_000] {
        let source = SyntheticSource::new(ChunkGrid::regular(&[n_chunks, 721, 1440], &[1, 721, 1440]), |_, _| {});
        let dims = Dims::new(["time", "lat", "lon"])?;
        let variable = Variable::from_source(dims, Arc::new(source), Attributes::new(), Encoding::default());
        let mut t = DataArray::new(Some("t"), variable, Coords::default());
        for step in 0..97 {
            t = t + f64::from(step);
        }
        let mean = t.isel("time", 1..).mean("time");
        let mut best = f64::INFINITY;
        for _ in 0..20 {
            let started = Instant::now();
            let plan = mean.explain_with(&context)?;
            best = best.min(started.elapsed().as_secs_f64());
            assert!(plan.contains("1 pass"));
        }
        println!("{n_chunks} chunks, 100 operations: {:.2} ms", best * 1e3);
    }
    Ok(())
}
