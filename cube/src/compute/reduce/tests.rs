//! Reductions against plain loops in f64.
use super::*;
use crate::base::{Block, DType};

fn reduce(op: ReduceOp, block: &Block, roles: &[AxisRole], cells: &[usize]) -> Block {
    let mut accumulator = Accumulator::new(op, ReduceOptions::default(), block.dtype(), cells).unwrap();
    accumulator.update(block, roles, &vec![0; cells.len()]).unwrap();
    accumulator.finish().unwrap()
}

#[test]
fn means_and_sums_of_a_small_block() {
    use AxisRole::{Grouped, Kept, Reduced};
    let nan = f32::NAN;
    let x = Block::new(&[2, 3], vec![1f32, 2.0, nan, 4.0, nan, 9.0]).unwrap();
    let f32s = |block: &Block| block.values::<f32>().unwrap().to_vec();
    assert_eq!(f32s(&reduce(ReduceOp::Mean, &x, &[Reduced, Kept], &[3])), [2.5, 2.0, 9.0]);
    assert_eq!(f32s(&reduce(ReduceOp::Mean, &x, &[Kept, Reduced], &[2])), [1.5, 6.5]);
    assert_eq!(f32s(&reduce(ReduceOp::Sum, &x, &[Reduced, Reduced], &[])), [16.0]);
    assert_eq!(f32s(&reduce(ReduceOp::Sum, &x, &[Kept, Grouped(&[1, u32::MAX, 1])], &[2, 2])), [0.0, 1.0, 0.0, 13.0]);
    assert_eq!(f32s(&reduce(ReduceOp::Max, &x, &[Grouped(&[1, 1]), Kept], &[2, 3]))[3..], [4.0, 2.0, 9.0]);
    assert_eq!(f32s(&reduce(ReduceOp::Std { ddof: 0 }, &x, &[Kept, Reduced], &[2])), [0.5, 2.5]);
    assert_eq!(reduce(ReduceOp::Count, &x, &[Kept, Reduced], &[2]).values::<i64>().unwrap(), [2, 2]);
    let long = Block::new(&[100_003], (0..100_003).map(f64::from).collect()).unwrap();
    let mean = reduce(ReduceOp::Mean, &long, &[Reduced], &[]);
    assert_eq!((mean.dtype(), mean.values::<f64>().unwrap()[0]), (DType::F64, 50001.0));
}
