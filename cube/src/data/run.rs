//! From lazy arrays to values: the way every terminal call takes.
use std::sync::Arc;

use crate::base::{Block, Result};
use crate::execute::{ArraySpec, Context, Executor, LocalExecutor, MemorySink, RunReport, Silent, Sink};
use crate::optimise::optimise;
use crate::physical::{Means, OutputKind, Stage, describe, lower};
use crate::plan::{Expr, Op, explain};

/// Computes expressions together, each into its sink.
///
/// ```
/// use std::sync::Arc;
/// use terracube_cube::{Context, DataArray, Sink};
/// use terracube_cube::data::into_sinks;
/// use terracube_cube::execute::MemorySink;
/// let memory = Arc::new(MemorySink::new());
/// let sink: Arc<dyn Sink> = memory.clone();
/// let t = DataArray::from_vec(["x"], &[2], vec![1.0, 3.0]).mean("x");
/// into_sinks(&[t.variable().expr().clone()], &[sink], &Context::current()?)?;
/// assert_eq!(memory.take()?.to_f64()?, [2.0]);
/// # Ok::<(), terracube_cube::Error>(())
/// ```
///
/// # Errors
/// What the plan carries, what reading gives, what does not fit the budget.
pub fn into_sinks(exprs: &[Expr], sinks: &[Arc<dyn Sink>], context: &Context) -> Result<RunReport> {
    if let Some(error) = exprs.iter().find_map(Expr::error) {
        return Err(error.clone());
    }
    let roots = optimise(exprs)?;
    let chunks: Vec<_> = sinks.iter().map(|sink| sink.chunks()).collect();
    let held = held_bytes(&roots, sinks);
    let mut plan = lower(&roots, &chunks, means(context, held))?;
    plan.stages.iter_mut().for_each(|stage| walk_as_wished(stage, sinks));
    LocalExecutor.run(plan, sinks, context)
}

/// Bytes that sinks would hold for these results.
///
/// ```
/// use std::sync::Arc;
/// use terracube_cube::{DataArray, Sink};
/// use terracube_cube::data::held_bytes;
/// use terracube_cube::execute::MemorySink;
/// let sink: Arc<dyn Sink> = Arc::new(MemorySink::new());
/// let t = DataArray::from_vec(["x"], &[2], vec![1.0, 2.0]);
/// assert_eq!(held_bytes(&[t.variable().expr().clone()], &[sink]), 16);
/// ```
pub fn held_bytes(exprs: &[Expr], sinks: &[Arc<dyn Sink>]) -> u64 {
    exprs.iter().zip(sinks).map(|(expr, sink)| sink.held_bytes(&whole(expr, &**sink))).fold(0, u64::saturating_add)
}

/// Walks a stage as its sinks wish: in their order, where no accumulator wants another, and with no more boxes begun than they hold memory for.
fn walk_as_wished(stage: &mut Stage, sinks: &[Arc<dyn Sink>]) {
    let is_free = stage.outputs.iter().all(|output| matches!(output.kind, OutputKind::Values));
    let roots: Vec<usize> = stage.outputs.iter().flat_map(|output| output.roots.iter().copied()).collect();
    if is_free && let Some(order) = roots.iter().find_map(|&root| sinks[root].order(&stage.drive)) {
        stage.order = order;
    }
    stage.most_at_once = roots.iter().filter_map(|&root| sinks[root].at_once(&stage.drive, &stage.order)).min();
}

/// Computes expressions together, into memory; every chunk is read once per pass. What is in memory already stays where it is.
pub(super) fn blocks(exprs: &[Expr], context: &Context) -> Result<(Vec<Block>, RunReport)> {
    let known = |expr: &Expr| match expr.op() {
        Op::Constant(block) => Some(block.clone()),
        _ => None,
    };
    let wanted: Vec<Expr> = exprs.iter().filter(|expr| known(expr).is_none()).cloned().collect();
    let memory: Vec<Arc<MemorySink>> = wanted.iter().map(|_| Arc::new(MemorySink::new())).collect();
    let sinks: Vec<Arc<dyn Sink>> = memory.iter().map(|sink| sink.clone() as Arc<dyn Sink>).collect();
    let report = if wanted.is_empty() { RunReport::default() } else { into_sinks(&wanted, &sinks, context)? };
    let mut computed = memory.iter();
    let taken = |expr: &Expr| match known(expr) {
        Some(block) => Ok(block),
        None => {
            computed.next().map_or_else(|| Err(crate::base::Error::internal("nothing computed")), |sink| sink.take())
        }
    };
    Ok((exprs.iter().map(taken).collect::<Result<_>>()?, report))
}

/// The values of one small expression (a coordinate), without progress.
pub(super) fn block(expr: &Expr) -> Result<Block> {
    if let Op::Constant(block) = expr.op() {
        return Ok(block.clone());
    }
    let context = Context::current()?.with_observer(Arc::new(Silent));
    let (mut found, _) = blocks(std::slice::from_ref(expr), &context)?;
    found.pop().ok_or_else(|| crate::base::Error::internal("nothing computed"))
}

/// The expression as a constant, if that costs no reading.
pub(super) fn folded(expr: &Expr) -> Option<Expr> {
    let better = optimise(std::slice::from_ref(expr)).ok()?.pop()?;
    matches!(better.op(), Op::Constant(_)).then_some(better)
}

/// The optimised plan and how it would run. Reads nothing.
pub(super) fn explanation(exprs: &[Expr], context: &Context) -> Result<String> {
    if let Some(error) = exprs.iter().find_map(Expr::error) {
        return Err(error.clone());
    }
    let roots = optimise(exprs)?;
    let held = roots.iter().map(Expr::n_bytes).sum();
    let plan = lower(&roots, &[], means(context, held))?;
    let trees: Vec<String> = roots.iter().map(explain).collect();
    Ok(format!("{}{}", trees.join(""), describe(&plan)))
}

/// What a run under `context` may use beside results of `held` bytes.
fn means(context: &Context, held: u64) -> Means {
    Means {
        n_workers: context.n_workers() as u64,
        memory: context.budget.renew().saturating_sub(held),
        disk: context.spill.limit().saturating_sub(context.spill.held()),
    }
}

/// What a sink is told of a result before it is known how it is computed.
fn whole(root: &Expr, sink: &dyn Sink) -> ArraySpec {
    let grid = root.grid().clone();
    let order = sink.order(&grid).unwrap_or_else(|| (0..grid.rank()).collect());
    ArraySpec { dims: root.dims().clone(), shape: root.shape().to_vec(), dtype: root.dtype(), grid, order }
}
