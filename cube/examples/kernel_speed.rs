//! How fast the compute kernels are: GB of input per second, best of many rounds.
//!
//! `cargo run --release -p terracube-cube --example kernel_speed`
#![allow(clippy::print_stdout, missing_docs)]
use std::time::Instant;

use terracube_cube::compute::{
    Accumulator, AxisRole, BinaryOp, ReduceOp, ReduceOptions, Scalar, UnaryOp, Unpack, binary, mask, unary,
};
use terracube_cube::{Block, DType, Result};

const REPEATS: usize = 60;

fn main() -> Result<()> {
    let shape = [24, 121, 240];
    let n: usize = shape.iter().product();
    let number = |i: usize| 280.0 + ((i * 2_654_435_761) % 1_000_003) as f64 / 1e4;
    let f32s = Block::new(&shape, (0..n).map(|i| if i % 97 == 5 { f32::NAN } else { number(i) as f32 }).collect())?;
    let f64s = Block::new(&shape, (0..n).map(|i| if i % 97 == 5 { f64::NAN } else { number(i) }).collect())?;
    let i16s = Block::new(&shape, (0..n).map(|i| (i % 60_000) as i16).collect())?;
    let hours: Vec<u32> = (0..24).collect();
    let days: Vec<u32> = (0..24).map(|i| i / 12).collect();
    let month_of_step = [3u32; 24];

    use AxisRole::{Grouped, Kept, Reduced};
    let over_time = [Reduced, Kept, Kept];
    let over_space = [Kept, Reduced, Reduced];
    let over_lon = [Kept, Kept, Reduced];
    let everything = [Reduced, Reduced, Reduced];
    let by_hour = [Grouped(&hours), Kept, Kept];
    let by_day = [Grouped(&days), Kept, Kept];
    let by_month = [Grouped(&month_of_step), Kept, Kept];
    for (name, roles, cells) in [
        ("over time", &over_time, vec![121, 240]),
        ("over space", &over_space, vec![24]),
        ("over lon", &over_lon, vec![24, 121]),
        ("over all", &everything, vec![]),
        ("by hour", &by_hour, vec![24, 121, 240]),
        ("by day", &by_day, vec![2, 121, 240]),
        ("by month", &by_month, vec![12, 121, 240]),
    ] {
        for op in [ReduceOp::Sum, ReduceOp::Mean, ReduceOp::Max, ReduceOp::Std { ddof: 0 }, ReduceOp::Count] {
            let f32_speed = reduction(op, &f32s, roles, &cells)?;
            let f64_speed = reduction(op, &f64s, roles, &cells)?;
            println!("{:<6}{name:<12} f32 {f32_speed:6.2} GB/s   f64 {f64_speed:6.2} GB/s", op.name());
        }
    }
    let mean_i16 = reduction(ReduceOp::Mean, &i16s, &over_time, &[121, 240])?;
    println!("mean  over time    i16 {mean_i16:6.2} GB/s");

    let unpacking = UnaryOp::Unpack(Unpack {
        missing: vec![Scalar::Int(-32767)],
        valid_range: None,
        scale: Some(0.01),
        offset: Some(273.15),
        out: DType::F64,
        unsigned: false,
    });
    let to_f32 = UnaryOp::Unpack(Unpack {
        missing: vec![Scalar::Int(-32767)],
        valid_range: None,
        scale: Some(f64::from(0.01f32)),
        offset: None,
        out: DType::F32,
        unsigned: false,
    });
    let two = Block::filled(&Block::scalar(2f32), &shape)?;
    let climatology = f32s.region(&terracube_cube::Region::new(vec![0..1, 0..121, 0..240]))?;
    let climatology = climatology.broadcast(&shape, &[Some(0), Some(1), Some(2)])?;
    let warm = binary(BinaryOp::Gt, &f32s, &two)?;
    println!("unpack i16 -> f64      {:6.2} GB/s", speed(&i16s, || unary(&unpacking, &i16s))?);
    println!("unpack i16 -> f32      {:6.2} GB/s", speed(&i16s, || unary(&to_f32, &i16s))?);
    println!("f32 * literal          {:6.2} GB/s", speed(&f32s, || binary(BinaryOp::Mul, &f32s, &two))?);
    println!("f32 - broadcast        {:6.2} GB/s", speed(&f32s, || binary(BinaryOp::Sub, &f32s, &climatology))?);
    println!("f32 > literal          {:6.2} GB/s", speed(&f32s, || binary(BinaryOp::Gt, &f32s, &two))?);
    println!("f32 mask               {:6.2} GB/s", speed(&f32s, || mask(&warm, &f32s))?);
    println!("f32 sqrt               {:6.2} GB/s", speed(&f32s, || unary(&UnaryOp::Sqrt, &f32s))?);
    println!("f32 exp                {:6.2} GB/s", speed(&f32s, || unary(&UnaryOp::Exp, &f32s))?);
    Ok(())
}

fn reduction(op: ReduceOp, block: &Block, roles: &[AxisRole], cells: &[usize]) -> Result<f64> {
    let mut accumulator = Accumulator::new(op, ReduceOptions::default(), block.dtype(), cells)?;
    let at = vec![0; cells.len()];
    speed(block, || accumulator.update(block, roles, &at))
}

/// The best of several rounds, so that other programs on the machine count little.
fn speed<T>(block: &Block, mut run: impl FnMut() -> Result<T>) -> Result<f64> {
    let mut best = f64::INFINITY;
    for _ in 0..REPEATS {
        let start = Instant::now();
        std::hint::black_box(run()?);
        best = best.min(start.elapsed().as_secs_f64());
    }
    Ok(block.n_bytes() as f64 / best / 1e9)
}
