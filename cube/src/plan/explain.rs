//! A plan as text.
use std::collections::HashMap;
use std::fmt::Write as _;

use super::{AxisSlice, Expr, Op, deep};
use crate::compute::pointwise::UnaryOp;

/// Long chains are not indented further than this.
const DEEPEST_INDENT: usize = 40;

/// The tree of operations, one a line, inputs below and further in. A node that stands twice is written once and then named.
///
/// ```
/// use terracube_cube::DataArray;
/// use terracube_cube::plan::explain;
/// let t = DataArray::from_vec(["x"], &[2], vec![1.0, 3.0]).mean("x");
/// assert!(explain(t.variable().expr()).starts_with("#1 Mean over x"));
/// ```
pub fn explain(expr: &Expr) -> String {
    let mut text = String::new();
    let mut seen = HashMap::new();
    write_node(expr, 0, &mut seen, &mut text);
    text
}

fn write_node(expr: &Expr, depth: usize, seen: &mut HashMap<usize, usize>, text: &mut String) {
    let indent = "  ".repeat(depth.min(DEEPEST_INDENT));
    // Writing to a String cannot fail.
    if let Some(number) = seen.get(&expr.id()) {
        let _ = writeln!(text, "{indent}= #{number}");
        return;
    }
    let number = seen.len() + 1;
    seen.insert(expr.id(), number);
    let sizes: Vec<String> = expr.dims().iter().zip(expr.shape()).map(|(name, len)| format!("{name}: {len}")).collect();
    let _ = writeln!(text, "{indent}#{number} {} -> {} ({})", describe(expr), expr.dtype(), sizes.join(", "));
    for input in expr.inputs() {
        deep(|| write_node(input, depth + 1, seen, text));
    }
}

/// One operation in words.
pub(crate) fn describe(expr: &Expr) -> String {
    match expr.op() {
        Op::Read(source) => {
            let what =
                source.spec().map_or_else(|| "memory".to_owned(), |spec| format!("{} {}", spec.url, spec.variable));
            format!("read {what}, {} chunks of {:?}", source.grid().n_chunks(), source.grid().largest_chunk())
        }
        Op::Constant(block) if block.len() == 1 => format!("constant {}", value(block)),
        Op::Constant(_) => "constant".to_owned(),
        // Their lists may be long.
        Op::Unary(op @ (UnaryOp::Lookup(_) | UnaryOp::IsIn(_)), _) => op.name().to_owned(),
        Op::Unary(op, _) => format!("{op:?}"),
        Op::Binary(op, ..) => format!("{op:?}"),
        Op::Select { .. } => "select".to_owned(),
        Op::Mask { .. } => "where".to_owned(),
        Op::Cast(_, dtype) => format!("cast to {dtype}"),
        Op::Slice(input, axes) => {
            let cut = axes.iter().zip(input.dims().iter()).zip(input.shape());
            let cut: Vec<String> = cut
                .filter(|((axis, _), len)| !axis.is_whole(**len))
                .map(|((axis, name), _)| slice(name, axis))
                .collect();
            format!("slice {}", cut.join(", "))
        }
        Op::Take(_, axis, indices) => format!("take {} positions along {}", indices.len(), expr.dims().name(*axis)),
        Op::Transpose(..) => format!("transpose to {:?}", expr.dims()),
        Op::Rename(_) => format!("rename to {:?}", expr.dims()),
        Op::Expand(..) => "expand".to_owned(),
        Op::Squeeze(..) => "squeeze".to_owned(),
        Op::Concat(inputs, axis) => format!("concat {} arrays along {}", inputs.len(), expr.dims().name(*axis)),
        Op::Reduce { input, axes, op, .. } => {
            let names: Vec<&str> = axes.iter().map(|&axis| &**input.dims().name(axis)).collect();
            format!("{op:?} over {}", names.join(", "))
        }
        Op::GroupReduce { input, axis, groups, op, .. } => {
            format!("{op:?} of {} groups `{}` along {}", groups.n_groups, groups.dim, input.dims().name(*axis))
        }
        Op::Along { input, axes, op } => {
            let names: Vec<&str> = axes.iter().map(|&axis| &**input.dims().name(axis)).collect();
            format!("{} along {}{}", op.name(), names.join(", "), op.details())
        }
        Op::Points { input, axes, places } => {
            let names: Vec<&str> = axes.iter().map(|&axis| &**input.dims().name(axis)).collect();
            format!("{} points on {}", places.len() / axes.len().max(1), names.join(", "))
        }
        Op::Fold(input, _, _) => format!("fold {:?} to {:?}", input.dims(), expr.dims()),
        Op::Failed => expr.error().map_or_else(|| "failed".to_owned(), |error| format!("failed: {error}")),
    }
}

fn slice(name: &str, axis: &AxisSlice) -> String {
    let end = axis.start + axis.len.saturating_sub(1) * axis.step + u64::from(axis.len > 0);
    match axis.step {
        1 => format!("{name} {}..{end}", axis.start),
        step => format!("{name} {}..{end} every {step}", axis.start),
    }
}

fn value(block: &crate::base::Block) -> String {
    if let Some(text) = block.text() {
        return format!("{:?}", text.value(0));
    }
    block.to_f64().ok().and_then(|values| values.first().map(ToString::to_string)).unwrap_or_default()
}
