//! Missing values filled from their neighbours.
use super::lines::{Lines, map_lines};
use crate::base::{Block, DType, Kind, Result};

/// `n_out` results from position `from` of the block on; `backward` fills from the end.
pub(super) fn fill(
    x: &Block,
    axes: &[usize],
    from: usize,
    n_out: usize,
    limit: Option<u64>,
    backward: bool,
) -> Result<Block> {
    let dtype = x.dtype();
    match dtype.kind() {
        Kind::Float => map_lines::<f64>(x, axes, n_out, dtype, |lines, out| {
            filled(lines, from, n_out, limit, backward, f64::is_nan, out);
            Ok(())
        }),
        Kind::Time | Kind::Duration => map_lines::<i64>(x, axes, n_out, dtype, |lines, out| {
            filled(lines, from, n_out, limit, backward, |value| value == i64::MIN, out);
            Ok(())
        }),
        // Never missing.
        _ if dtype == DType::F64 => x.contiguous(),
        _ => {
            let mut every: Vec<_> = x.shape().iter().map(|&len| (0, len, 1)).collect();
            every[axes[0]] = (from, n_out, 1);
            x.slice(&every)
        }
    }
}

fn filled<T: Copy>(
    lines: Lines<'_, T>,
    from: usize,
    n_out: usize,
    limit: Option<u64>,
    backward: bool,
    missing: impl Fn(T) -> bool,
    out: &mut Vec<T>,
) {
    let limit = limit.unwrap_or(u64::MAX);
    let mut result: Vec<T> = Vec::with_capacity(lines.len);
    for line in lines.iter() {
        result.clear();
        result.extend_from_slice(line);
        let mut held: Option<T> = None;
        let mut in_a_row = 0u64;
        let mut one = |value: &mut T| {
            if !missing(*value) {
                (held, in_a_row) = (Some(*value), 0);
            } else {
                in_a_row += 1;
                if let Some(held) = held.filter(|_| in_a_row <= limit) {
                    *value = held;
                }
            }
        };
        if backward {
            result.iter_mut().rev().for_each(&mut one);
        } else {
            result.iter_mut().for_each(&mut one);
        }
        out.extend_from_slice(&result[from..from + n_out]);
    }
}
