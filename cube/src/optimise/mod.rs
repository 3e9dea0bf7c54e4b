//! Rewriting a plan into a cheaper one with the same dims, shape and dtype. The cost depends on the number of operations only.
mod fold_constants;
mod push_slices;

use std::collections::HashMap;

use crate::base::{Error, Result};
use crate::plan::{AxisSlice, Expr, Op};

/// One rule: a better node for this one, whose inputs are optimised already; `None` if there is none.
struct Rule {
    name: &'static str,
    apply: fn(&Expr, &mut Slices) -> Option<Expr>,
}

/// The rules in the order in which they run.
const RULES: [Rule; 2] = [
    // First, because everything below a slice gets smaller and whole branches become constants.
    Rule { name: "push_slices", apply: push_slices::apply },
    // Last: folds what the other rules left over constants.
    Rule { name: "fold_constants", apply: fold_constants::apply },
];

/// Slices made so far: the same slice of the same node is the same node, so that what was shared stays shared.
#[derive(Default)]
struct Slices(HashMap<(usize, Vec<AxisSlice>), (Expr, Expr)>);

impl Slices {
    fn of(&mut self, expr: &Expr, axes: Vec<AxisSlice>) -> Expr {
        let made = self.0.entry((expr.id(), axes.clone())).or_insert_with(|| (expr.clone(), expr.slice(axes)));
        made.1.clone()
    }
}

/// The same results by a cheaper plan. Nodes that several roots share stay shared.
///
/// # Errors
/// [`crate::ErrorKind::Internal`] if a rule changed dims, shape or dtype.
pub fn optimise(roots: &[Expr]) -> Result<Vec<Expr>> {
    let mut roots = roots.to_vec();
    for rule in &RULES {
        let mut done = HashMap::new();
        let mut slices = Slices::default();
        for root in &mut roots {
            let better = rewrite(root, rule, &mut done, &mut slices);
            if better.error().is_none()
                && (better.dims() != root.dims() || better.shape() != root.shape() || better.dtype() != root.dtype())
            {
                return Err(Error::internal(format!("rule {} made {better:?} of {root:?}", rule.name)));
            }
            *root = better;
        }
    }
    Ok(roots)
}

/// Applies a rule from the leaves to the root until it finds nothing more; every node once.
fn rewrite(expr: &Expr, rule: &Rule, done: &mut HashMap<usize, (Expr, Expr)>, slices: &mut Slices) -> Expr {
    if let Some((_, better)) = done.get(&expr.id()) {
        return better.clone();
    }
    // A rule that moves a node down makes new nodes below: those are rewritten in their turn.
    let better = match (rule.apply)(expr, slices) {
        Some(better) => rewrite(&better, rule, done, slices),
        None => {
            let rebuilt = with_inputs(expr, &mut |input| rewrite(input, rule, done, slices));
            match (rule.apply)(&rebuilt, slices) {
                Some(better) if better.id() != rebuilt.id() => rewrite(&better, rule, done, slices),
                _ => rebuilt,
            }
        }
    };
    // The original is kept alive beside its replacement, so that its identity cannot be given to another node meanwhile.
    done.insert(expr.id(), (expr.clone(), better.clone()));
    better
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
