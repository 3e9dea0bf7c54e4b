//! Reductions that one task finishes by itself: a climatology that is subtracted again from chunks that hold the whole of its
//! dimension. What is read for it stays at hand, so that one pass does what would take two.
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::leaf::Needs;
use super::stage::{PhysicalPlan, Reduction, Role, StageOutput, needed};
use crate::base::{Block, Region};
use crate::plan::{Expr, Op, deep};

/// Results of inner reductions, for the part that a task needs.
pub(crate) type InnerResults = HashMap<usize, (Region, Block)>;

/// Reductions inside `roots` that something uses which still has the dimensions they take away.
pub(super) fn candidates(roots: &[Expr], anomalies: bool) -> HashSet<usize> {
    let mut found = HashSet::new();
    let mut seen = HashSet::new();
    let mut stack: Vec<&Expr> = roots.iter().collect();
    while let Some(expr) = stack.pop() {
        if !seen.insert(expr.id()) {
            continue;
        }
        let inputs = needed(expr, anomalies);
        for reduced in inputs.iter().flat_map(|input| reductions_below(input)) {
            let gone = gone(reduced);
            if !gone.is_empty() && gone.iter().all(|name| expr.dims().position(name).is_some()) {
                found.insert(reduced.id());
            }
        }
        stack.extend(inputs);
    }
    found
}

/// Whether a plan with inner reductions is the better one: fewer bytes, enough tasks, and nothing that does not fit.
pub(super) fn is_better(plan: &PhysicalPlan, other: &PhysicalPlan, n_workers: u64, memory: u64) -> bool {
    let bytes = |plan: &PhysicalPlan| -> u64 {
        plan.stages
            .iter()
            .fold(0, |sum, stage| sum.saturating_add(stage.read_bytes).saturating_add(stage.decoded_bytes))
    };
    let comfortable = plan.stages.iter().all(|stage| {
        let needed = stage.live_bytes.saturating_add(stage.kept_bytes);
        // Operations along axes run over columns: they would be done again for every tile of an inner reduction.
        stage.inner.is_empty()
            || (!stage.columns.kept_whole.contains(&true)
                && (stage.wide || stage.drive.n_chunks() >= 2 * n_workers)
                && needed.saturating_add(stage.task_bytes.saturating_mul(2 * stage.at_a_time(n_workers))) <= memory)
    });
    comfortable && bytes(plan) < bytes(other)
}

/// The inner reductions of outputs, each after those that it needs itself.
pub(super) fn inner_of(outputs: &[StageOutput], inner: &HashSet<usize>) -> Vec<(Expr, Reduction)> {
    fn visit(expr: &Expr, inner: &HashSet<usize>, seen: &mut HashSet<usize>, found: &mut Vec<(Expr, Reduction)>) {
        if !seen.insert(expr.id()) {
            return;
        }
        let known = inner.contains(&expr.id());
        if expr.is_reduction() && !known {
            return;
        }
        expr.inputs().into_iter().for_each(|input| deep(|| visit(input, inner, seen, found)));
        if known && let Some(reduction) = Reduction::of(expr) {
            found.push((expr.clone(), reduction));
        }
    }
    let (mut seen, mut found) = (HashSet::new(), Vec::new());
    if !inner.is_empty() {
        outputs.iter().for_each(|output| visit(output.walked(), inner, &mut seen, &mut found));
    }
    found
}

/// The names of the dimensions that must be whole in every task.
pub(super) fn whole_dims(inner: &[(Expr, Reduction)]) -> HashSet<Arc<str>> {
    inner.iter().flat_map(|(expr, _)| gone(expr)).collect()
}

/// The box of a reduction's input that a box of its result needs.
pub(crate) fn reduced_box(reduction: &Reduction, result: &Region) -> Region {
    let mut kept = 0;
    let ranges = reduction.roles.iter().zip(reduction.input.shape()).map(|(role, &len)| {
        let range = if role.is_kept() { result.range(kept) } else { 0..len };
        kept += usize::from(!matches!(role, Role::Reduced));
        range
    });
    Region::new(ranges.collect())
}

/// The box of a result with all groups in it: one accumulator holds them all.
pub(super) fn with_all_groups(expr: &Expr, asked: &Region) -> Region {
    match expr.op() {
        Op::GroupReduce { groups, .. } => match expr.dims().position(&groups.dim) {
            Some(axis) => asked.with(axis, 0..u64::from(groups.n_groups)),
            None => asked.clone(),
        },
        _ => asked.clone(),
    }
}

/// Bytes of the results of inner reductions and of the accumulators that make them.
pub(crate) fn inner_bytes(inner: &[(Expr, Reduction)], found: &Needs) -> u64 {
    let bytes = |(expr, reduction): &(Expr, Reduction)| {
        let Some(asked) = found.asked.get(&expr.id()) else { return 0 };
        reduction.n_bytes_for(asked.size()).saturating_add(asked.size().saturating_mul(expr.dtype().item_size() as u64))
    };
    inner.iter().map(bytes).sum()
}

/// The names of the dimensions that a reduction takes away or groups.
fn gone(expr: &Expr) -> Vec<Arc<str>> {
    let name = |input: &Expr, axis: usize| -> Arc<str> { input.dims().name(axis).to_string().into() };
    match expr.op() {
        Op::Reduce { input, axes, .. } => axes.iter().map(|&axis| name(input, axis)).collect(),
        Op::GroupReduce { input, axis, axes, .. } => {
            std::iter::once(axis).chain(axes).map(|&axis| name(input, axis)).collect()
        }
        _ => Vec::new(),
    }
}

/// The nearest reductions at or below a node.
fn reductions_below(expr: &Expr) -> Vec<&Expr> {
    let (mut found, mut seen, mut stack) = (Vec::new(), HashSet::new(), vec![expr]);
    while let Some(expr) = stack.pop() {
        // A long chain of other operations in between is not worth looking through for every node of it.
        if !seen.insert(expr.id()) || seen.len() > 16 {
            continue;
        }
        if expr.is_reduction() {
            found.push(expr);
        } else {
            stack.extend(expr.inputs());
        }
    }
    found
}
