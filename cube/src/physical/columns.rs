//! Operations along axes want whole columns: which axes tasks should not cut, and how much more goes in than comes out.
use std::collections::HashMap;

use super::StageOutput;
use crate::base::Dims;
use crate::plan::{Expr, Op};

/// What the operations along axes in a stage ask for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Columns {
    /// Axes of the stage that tiles do not cut.
    pub kept_whole: Vec<bool>,
    /// Axes of the stage that tasks should not cut: a part of a result needs all of the axis.
    pub never_cut: Vec<bool>,
    /// How many values go in for one that comes out, at most.
    pub fan_in: u64,
    /// Bytes of the longest column, with the copies that are made of it.
    pub column_bytes: u64,
}

impl Columns {
    /// Of all outputs of a stage over `dims`.
    pub fn of(outputs: &[StageOutput], dims: &Dims) -> Self {
        let mut columns = Self {
            kept_whole: vec![false; dims.len()],
            never_cut: vec![false; dims.len()],
            fan_in: 1,
            column_bytes: 0,
        };
        let mut known = HashMap::new();
        for output in outputs {
            let fan_in = columns.visit(output.walked(), dims, &mut known);
            columns.fan_in = columns.fan_in.max(fan_in);
        }
        columns
    }

    fn visit(&mut self, expr: &Expr, dims: &Dims, known: &mut HashMap<usize, u64>) -> u64 {
        if let Some(fan_in) = known.get(&expr.id()) {
            return *fan_in;
        }
        // Results of earlier stages are there as a whole.
        let inputs = if expr.is_reduction() { vec![] } else { expr.inputs() };
        let below = inputs.into_iter().map(|input| self.visit(input, dims, known)).max().unwrap_or(1);
        let own = match expr.op() {
            Op::Along { input, axes, op } => {
                let len: u64 = axes.iter().map(|&axis| input.shape()[axis]).product();
                let n_out = op.output_len(len).max(1);
                let stays = axes[0] - axes.iter().filter(|&&axis| axis < axes[0]).count();
                if let Some(axis) = dims.position(expr.dims().name(stays)) {
                    self.kept_whole[axis] = true;
                    self.never_cut[axis] |= !op.is_local();
                }
                // Where the results meet the values again, tasks and tiles that cut the axis would each work on all of it.
                for name in axes.iter().map(|&axis| input.dims().name(axis)).filter(|_| !op.is_local()) {
                    if let Some(axis) = dims.position(name) {
                        self.kept_whole[axis] = true;
                        self.never_cut[axis] = true;
                    }
                }
                self.column_bytes = self.column_bytes.max(len.saturating_mul(6 * 8));
                // Axes that tiles keep whole count already.
                let meets = axes.iter().all(|&axis| dims.contains(input.dims().name(axis)));
                if op.is_local() || meets { 1 } else { (len / n_out).max(1) }
            }
            _ => 1,
        };
        let fan_in = own.saturating_mul(below);
        known.insert(expr.id(), fan_in);
        fan_in
    }
}
