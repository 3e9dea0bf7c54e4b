//! Small element-wise operations over constants are done while planning.
use super::Memory;
use crate::base::{Block, Result};
use crate::compute::pointwise;
use crate::plan::{Expr, Op};

/// Larger results are left to the executor.
const LARGEST: u64 = 1 << 16;

/// The value of an operation whose inputs are all constants, if it is small.
pub(super) fn apply(expr: &Expr, _: &mut Memory) -> Option<Expr> {
    let small = expr.error().is_none() && expr.size() <= LARGEST;
    let inputs: Vec<(&Expr, &Block)> = expr
        .inputs()
        .into_iter()
        .map(|input| match input.op() {
            Op::Constant(block) if block.len() as u64 <= LARGEST => Some((input, block)),
            _ => None,
        })
        .collect::<Option<_>>()?;
    if !small || inputs.is_empty() {
        return None;
    }
    let shape: Vec<usize> = expr.shape().iter().map(|&len| len as usize).collect();
    let broadcast = |(input, block): (&Expr, &Block)| -> Result<Block> {
        let source: Vec<Option<usize>> = expr.dims().iter().map(|name| input.dims().position(name)).collect();
        block.broadcast(&shape, &source)
    };
    let value = match (expr.op(), inputs.as_slice()) {
        (Op::Unary(op, _), [x]) => pointwise::unary(op, x.1),
        (Op::Cast(_, dtype), [x]) => pointwise::cast(x.1, *dtype),
        (Op::Binary(op, ..), [a, b]) => broadcast(*a).and_then(|a| pointwise::binary(*op, &a, &broadcast(*b)?)),
        (Op::Rename(_), [x]) => Ok(x.1.clone()),
        (Op::Transpose(_, order), [x]) => x.1.transpose(order),
        (Op::Take(_, axis, indices), [x]) => x.1.take(*axis, indices),
        (Op::Expand(..) | Op::Squeeze(..), [x]) => x.1.reshape(&shape),
        _ => return None,
    };
    // What cannot be computed is left in the plan: computing it then returns the error.
    Some(Expr::constant(expr.dims().clone(), value.ok()?.contiguous().ok()?))
}
