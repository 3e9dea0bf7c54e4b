//! Any plan gives the same values before and after it was optimised.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use std::sync::Arc;

use proptest::prelude::*;
use terracube_cube::compute::{BinaryOp, ReduceOp, ReduceOptions, UnaryOp};
use terracube_cube::execute::{Executor, LocalExecutor, MemorySink};
use terracube_cube::optimise::optimise;
use terracube_cube::physical::{Means, lower};
use terracube_cube::plan::{AxisSlice, Expr, GroupCodes};
use terracube_cube::source::MemorySource;
use terracube_cube::{Block, ChunkGrid, Context, DType, Dims, MemoryBudget, Sink};

/// Whole numbers with holes: sums of them are exact in any order.
fn source(rows: u64, columns: u64, chunk: u64, salt: u64) -> Expr {
    let value =
        |i: u64| if (i * 7 + salt).is_multiple_of(11) { f64::NAN } else { ((i * 31 + salt) % 64) as f64 - 20.0 };
    let block = Block::new(&[rows as usize, columns as usize], (0..rows * columns).map(value).collect()).unwrap();
    let grid = ChunkGrid::regular(&[rows, columns], &[chunk, columns.div_ceil(2)]);
    Expr::read(Dims::new(["t", "x"]).unwrap(), MemorySource::new(block, grid))
}

fn number(value: f64) -> Expr {
    Expr::constant(Dims::none(), Block::scalar(value))
}

/// One more operation on top, chosen by `dice`; what does not fit the rank is left out.
fn grown(plan: &Expr, base: &Expr, dice: u64) -> Expr {
    let (kind, detail) = (dice % 16, dice / 16);
    let rank = plan.shape().len();
    let axis = if rank == 0 { 0 } else { (detail % rank as u64) as usize };
    let reduce = |op| plan.reduce(vec![axis], op, ReduceOptions::default());
    match kind {
        0 => plan.binary(BinaryOp::Add, &number((detail % 5) as f64)),
        1 => plan.binary(BinaryOp::Mul, &number(2.0).binary(BinaryOp::Sub, &number((detail % 3) as f64))),
        2 => plan.binary(BinaryOp::Sub, plan),
        3 if plan.dims() == base.dims() && plan.shape() == base.shape() => plan.binary(BinaryOp::Max, base),
        4 => plan.unary(UnaryOp::Neg),
        5 => plan.mask(&plan.binary(BinaryOp::Gt, &number(0.0))),
        6 => plan.binary(BinaryOp::Lt, &number(5.0)).select(plan, &number(1.0)),
        7 if rank == 2 => plan.transpose(vec![1, 0]),
        8 | 9 if rank > 0 && plan.shape()[axis] > 1 => {
            let slice = |(a, &len): (usize, &u64)| {
                if a != axis {
                    return AxisSlice::whole(len);
                }
                let (start, step) = (detail % len.div_ceil(2), 1 + detail % 2);
                AxisSlice { start, len: (len - start).div_ceil(step).max(1), step }
            };
            plan.slice(plan.shape().iter().enumerate().map(slice).collect())
        }
        10 if rank > 0 => {
            let len = plan.shape()[axis] as i64;
            let indices: Arc<[i64]> = (0..len + 1).map(|i| (i * 3 + detail as i64) % (len + 1) - 1).collect();
            let dim = plan.dims().name(axis).to_string();
            plan.take(axis, indices, &dim)
        }
        11 if rank > 0 => Expr::concat(vec![plan.clone(), plan.unary(UnaryOp::Neg)], axis),
        12 if rank == 2 => reduce(ReduceOp::Sum),
        13 if rank > 0 && plan.dims() == base.dims() && plan.shape() == base.shape() => {
            let mean = plan.reduce(vec![0], ReduceOp::Max, ReduceOptions::default());
            base.binary(BinaryOp::Sub, &mean)
        }
        14 if rank > 0 && plan.dims().position("g").is_none() => {
            let codes: Arc<[u32]> = (0..plan.shape()[axis]).map(|i| ((i + detail) % 3) as u32).collect();
            let groups = GroupCodes { codes, n_groups: 4, dim: "g".into() };
            plan.group_reduce(axis, groups, vec![], ReduceOp::Sum, ReduceOptions::default())
        }
        15 => plan.cast(DType::F64),
        _ => plan.clone(),
    }
}

fn values(roots: &[Expr]) -> Vec<(Vec<usize>, Vec<u64>)> {
    let context = Context::new(2, MemoryBudget::new(1 << 30)).unwrap();
    let means = Means { n_workers: 2, memory: 1 << 30, disk: 0 };
    let plan = lower(roots, &[], means).unwrap();
    let memory: Vec<Arc<MemorySink>> = roots.iter().map(|_| Arc::new(MemorySink::new())).collect();
    let sinks: Vec<Arc<dyn Sink>> = memory.iter().map(|sink| sink.clone() as Arc<dyn Sink>).collect();
    LocalExecutor.run(plan, &sinks, &context).unwrap();
    let bits = |block: Block| {
        let values = block.to_f64().unwrap();
        // Every NaN is the same, and so are the zeros.
        let bits = values.iter().map(|v| if v.is_nan() { u64::MAX } else { (v + 0.0).to_bits() });
        (block.shape().to_vec(), bits.collect())
    };
    memory.iter().map(|sink| bits(sink.take().unwrap())).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn no_rule_changes_a_value(
        rows in 2u64..9,
        columns in 2u64..7,
        chunk in 1u64..5,
        dice in proptest::collection::vec(any::<u32>(), 1..14),
    ) {
        let (base, other) = (source(rows, columns, chunk, 0), source(rows, columns, 3, 5));
        let mut plans = vec![base.clone()];
        for (n, dice) in dice.iter().enumerate() {
            let dice = u64::from(*dice);
            let on = &plans[plans.len() - 1 - usize::from(n > 0 && dice % 5 == 0)];
            plans.push(grown(on, if dice % 2 == 0 { &base } else { &other }, dice));
        }
        let roots = &plans[plans.len().saturating_sub(2)..];
        prop_assume!(roots.iter().all(|root| root.error().is_none() && root.size() > 0));
        let better = optimise(roots).unwrap();
        prop_assert_eq!(values(roots), values(&better));
    }
}
