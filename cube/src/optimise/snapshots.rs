//! What each rule makes of a plan, as text; and that no rule changes a value.
use super::*;
use crate::base::{Block, ChunkGrid, Dims};
use crate::compute::pointwise::BinaryOp;
use crate::compute::reduce::{ReduceOp, ReduceOptions};
use crate::plan::explain;
use crate::source::MemorySource;

fn source() -> Expr {
    let block = Block::new(&[6, 4], (0..24).map(f64::from).collect()).unwrap();
    Expr::read(Dims::new(["t", "x"]).unwrap(), MemorySource::new(block, ChunkGrid::regular(&[6, 4], &[2, 4])))
}

fn number(value: f64) -> Expr {
    Expr::constant(Dims::none(), Block::scalar(value))
}

fn mean(expr: &Expr, axis: usize) -> Expr {
    expr.reduce(vec![axis], ReduceOp::Mean, ReduceOptions::default())
}

fn rows(start: u64, len: u64) -> Vec<AxisSlice> {
    vec![AxisSlice { start, len, step: 1 }, AxisSlice::whole(4)]
}

fn check(rule: &str, plan: &Expr, after: &str) {
    let rule = RULES.iter().find(|known| known.name == rule).unwrap();
    let (better, _) = run(rule, std::slice::from_ref(plan)).unwrap();
    let got = explain(&better[0]);
    assert_eq!(got.trim(), after.trim(), "\nbefore:\n{}\nafter:\n{got}", explain(plan));
}

#[test]
fn slices_go_through_arithmetic_and_reductions_to_what_is_read() {
    let t = source();
    let plan = mean(
        &t.binary(BinaryOp::Mul, &number(2.0))
            .transpose(vec![1, 0])
            .slice(vec![AxisSlice { start: 1, len: 2, step: 1 }, AxisSlice { start: 0, len: 3, step: 2 }]),
        0,
    );
    check(
        "push_slices",
        &plan,
        "
#1 Mean over x -> float64 (t: 3)
  #2 transpose to (x, t) -> float64 (x: 2, t: 3)
    #3 Mul -> float64 (t: 3, x: 2)
      #4 slice t 0..5 every 2, x 1..3 -> float64 (t: 3, x: 2)
        #5 read memory, 3 chunks of [2, 4] -> float64 (t: 6, x: 4)
      #6 constant 2 -> float64 ()",
    );
}

#[test]
fn slices_leave_out_what_they_do_not_touch() {
    let plan = Expr::concat(vec![source(), source(), source()], 0).slice(rows(7, 4));
    check(
        "push_slices",
        &plan,
        "
#1 slice t 1..5 -> float64 (t: 4, x: 4)
  #2 read memory, 3 chunks of [2, 4] -> float64 (t: 6, x: 4)",
    );
}

#[test]
fn constants_are_folded() {
    let plan = source().binary(BinaryOp::Add, &number(1.0).binary(BinaryOp::Mul, &number(60.0)));
    check(
        "fold_constants",
        &plan,
        "
#1 Add -> float64 (t: 6, x: 4)
  #2 read memory, 3 chunks of [2, 4] -> float64 (t: 6, x: 4)
  #3 constant 60 -> float64 ()",
    );
}

#[test]
fn the_same_built_twice_is_one_node() {
    let t = source();
    let anomaly = |t: &Expr| t.binary(BinaryOp::Sub, &mean(t, 0));
    let plan = anomaly(&t).binary(BinaryOp::Mul, &anomaly(&t));
    check(
        "merge_common",
        &plan,
        "
#1 Mul -> float64 (t: 6, x: 4)
  #2 Sub -> float64 (t: 6, x: 4)
    #3 read memory, 3 chunks of [2, 4] -> float64 (t: 6, x: 4)
    #4 Mean over t -> float64 (x: 4)
      = #3
  = #2",
    );
    let different =
        [mean(&t, 0), mean(&t, 1), mean(&source(), 0), t.reduce(vec![0], ReduceOp::Max, ReduceOptions::default())];
    let (kept, _) = optimise_counted(&different).unwrap();
    let ids: std::collections::HashSet<usize> = kept.iter().map(Expr::id).collect();
    assert_eq!(ids.len(), 4, "what differs stays apart");
}

#[test]
fn planning_takes_the_same_work_whatever_the_number_of_chunks() {
    let work = |n_chunks: u64| {
        let shape = [n_chunks, 721];
        let t = Expr::read(
            Dims::new(["t", "x"]).unwrap(),
            std::sync::Arc::new(crate::source::SyntheticSource::new(ChunkGrid::regular(&shape, &[1, 721]), |_, _| {})),
        );
        let mut plan = t;
        for step in 0..98 {
            plan = plan.binary(BinaryOp::Add, &number(f64::from(step)));
        }
        let plan =
            mean(&plan.slice(vec![AxisSlice { start: 1, len: n_chunks - 2, step: 1 }, AxisSlice::whole(721)]), 0);
        let (roots, visits) = optimise_counted(&[plan]).unwrap();
        drop(roots);
        visits
    };
    let (few, many) = (work(1000), work(1_000_000_000));
    assert_eq!(few, many);
    assert!(few < 100 * 20, "{few} visits for 100 operations");
}
