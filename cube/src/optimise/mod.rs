//! Rewriting a plan into a cheaper one with the same dims, shape and dtype. The cost depends on the number of operations only.
//!
//! What needs no rule: nodes that no root uses are never reached (variables that are not asked for cost nothing), element-wise
//! chains run fused over tiles, and chunks are chosen at lowering.
mod fold_constants;
mod merge_common;
mod push_slices;
#[cfg(test)]
mod snapshots;

use std::collections::HashMap;

use crate::base::{Error, Result};
use crate::plan::{AxisSlice, Expr, Op, deep};

/// One rule: a better node for this one; `None` if there is none.
struct Rule {
    name: &'static str,
    apply: fn(&Expr, &mut Memory) -> Option<Expr>,
    /// Whether it is tried before the inputs were rewritten: what moves down is.
    on_the_way_down: bool,
}

/// The rules in the order in which they run.
const RULES: [Rule; 3] = [
    // First, because everything below a slice gets smaller and whole branches become constants.
    Rule { name: "push_slices", apply: push_slices::apply, on_the_way_down: true },
    // Then what slices have left over constants: it makes equal what is equal.
    Rule { name: "fold_constants", apply: fold_constants::apply, on_the_way_down: false },
    // Last, over final nodes: slices made copies of what they went through, and users build the same thing twice.
    Rule { name: "merge_common", apply: merge_common, on_the_way_down: false },
];

/// What the rules remember while they walk.
#[derive(Default)]
struct Memory {
    /// The same slice of the same node is the same node, so that what was shared stays shared.
    slices: HashMap<(usize, Vec<AxisSlice>), (Expr, Expr)>,
    seen: merge_common::Seen,
    /// Nodes looked at.
    visits: u64,
}

impl Memory {
    fn of(&mut self, expr: &Expr, axes: Vec<AxisSlice>) -> Expr {
        let made = self.slices.entry((expr.id(), axes.clone())).or_insert_with(|| (expr.clone(), expr.slice(axes)));
        made.1.clone()
    }
}

/// The same results by a cheaper plan. Nodes that several roots share stay shared.
///
/// # Errors
/// [`crate::ErrorKind::Internal`] if a rule changed dims, shape or dtype.
pub fn optimise(roots: &[Expr]) -> Result<Vec<Expr>> {
    optimise_counted(roots).map(|(roots, _)| roots)
}

/// As [`optimise`], with the number of nodes that were looked at: the work it took.
///
/// # Errors
/// As [`optimise`].
pub fn optimise_counted(roots: &[Expr]) -> Result<(Vec<Expr>, u64)> {
    let mut roots = roots.to_vec();
    let mut visits = 0;
    for rule in &RULES {
        let (better, seen) = run(rule, &roots)?;
        roots = better;
        visits += seen;
    }
    Ok((roots, visits))
}

fn run(rule: &Rule, roots: &[Expr]) -> Result<(Vec<Expr>, u64)> {
    let mut done = HashMap::new();
    let mut memory = Memory::default();
    let mut rewritten = Vec::with_capacity(roots.len());
    for root in roots {
        let better = rewrite(root, rule, &mut done, &mut memory);
        if better.error().is_none()
            && (better.dims() != root.dims() || better.shape() != root.shape() || better.dtype() != root.dtype())
        {
            return Err(Error::internal(format!("rule {} made {better:?} of {root:?}", rule.name)));
        }
        rewritten.push(better);
    }
    Ok((rewritten, memory.visits))
}

/// Applies a rule from the leaves to the root until it finds nothing more; every node once.
fn rewrite(expr: &Expr, rule: &Rule, done: &mut HashMap<usize, (Expr, Expr)>, memory: &mut Memory) -> Expr {
    if let Some((_, better)) = done.get(&expr.id()) {
        return better.clone();
    }
    memory.visits += 1;
    let better = deep(|| {
        // A rule that moves a node down makes new nodes below: those are rewritten in their turn.
        if rule.on_the_way_down
            && let Some(better) = (rule.apply)(expr, memory)
        {
            return rewrite(&better, rule, done, memory);
        }
        let rebuilt = with_inputs(expr, &mut |input| rewrite(input, rule, done, memory));
        match (rule.apply)(&rebuilt, memory) {
            Some(better) if better.id() == rebuilt.id() => rebuilt,
            Some(better) if rule.on_the_way_down => rewrite(&better, rule, done, memory),
            Some(better) => better,
            None => rebuilt,
        }
    });
    // The original is kept alive beside its replacement, so that its identity cannot be given to another node meanwhile.
    done.insert(expr.id(), (expr.clone(), better.clone()));
    better
}

fn merge_common(expr: &Expr, memory: &mut Memory) -> Option<Expr> {
    let merged = memory.seen.merged(expr);
    (merged.id() != expr.id()).then_some(merged)
}

/// The same operation over other inputs of the same dims, shape and dtype; the same node if none changed.
fn with_inputs(expr: &Expr, change: &mut impl FnMut(&Expr) -> Expr) -> Expr {
    let inputs: Vec<Expr> = expr.inputs().into_iter().map(&mut *change).collect();
    if inputs.iter().zip(expr.inputs()).all(|(new, old)| new.id() == old.id()) {
        return expr.clone();
    }
    match (expr.op(), inputs.as_slice()) {
        (Op::Unary(op, _), [x]) => x.unary(op.clone()),
        (Op::Binary(op, ..), [a, b]) => a.binary(*op, b),
        (Op::Select { .. }, [c, a, b]) => c.select(a, b),
        (Op::Mask { .. }, [c, x]) => x.mask(c),
        (Op::Cast(_, dtype), [x]) => x.cast(*dtype),
        (Op::Slice(_, axes), [x]) => x.slice(axes.clone()),
        (Op::Take(_, axis, indices), [x]) => x.take(*axis, indices.clone(), expr.dims().name(*axis)),
        (Op::Transpose(_, order), [x]) => x.transpose(order.clone()),
        (Op::Rename(_), [x]) => x.rename(expr.dims().clone()),
        (Op::Expand(..), [x]) => x.broadcast_to(expr.dims(), expr.shape().to_vec()),
        (Op::Squeeze(_, kept), [x]) => {
            let gone: Vec<usize> = (0..x.shape().len()).filter(|axis| !kept.contains(axis)).collect();
            x.squeeze(&gone)
        }
        (Op::Concat(_, axis), _) => Expr::concat(inputs, *axis),
        (Op::Along { axes, op, .. }, [x]) => x.along(axes.clone(), op.clone(), expr.dims().name(axes[0])),
        (Op::Points { axes, places, .. }, [x]) => x.points(axes.clone(), places.clone(), expr.dims().name(axes[0])),
        (Op::Fold(_, axis, fold), [x]) => x.fold_like(expr, *axis, *fold),
        (Op::Reduce { axes, op, options, .. }, [x]) => x.reduce(axes.clone(), *op, *options),
        (Op::GroupReduce { axis, groups, axes, op, options, .. }, [x]) => {
            x.group_reduce(*axis, groups.clone(), axes.clone(), *op, *options)
        }
        _ => expr.clone(),
    }
}
