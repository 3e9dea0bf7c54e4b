//! The executor of this process.
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use super::accumulate::Accumulators;
use super::coordinator::{Admission, Ahead, Hold, Started, Watch, Work, coordinate, too_large};
use super::meter::Meter;
use super::spill::SpillFile;
use super::task::{Encoding, StageRun, start_reads};
use super::{ArraySpec, Context, Executor, MemorySink, Progress, Reservation, RunReport, Sink};
use crate::base::{Allowance, AxisChunks, ChunkGrid, Error, Region, Result};
use crate::physical::{
    MOST_IN_FLIGHT, Needs, OutputKind, PhysicalPlan, Reduction, Resident, Role, Stage, StageOutput, TILE_SCRATCH,
    fitting, inner_bytes, needs, size, task_region,
};
use crate::plan::describe as operation;

/// Runs plans on the worker threads of a [`Context`].
#[derive(Debug, Clone, Copy, Default)]
pub struct LocalExecutor;

impl Executor for LocalExecutor {
    fn run(&self, plan: PhysicalPlan, sinks: &[Arc<dyn Sink>], context: &Context) -> Result<RunReport> {
        if context.workers.current_thread_index().is_some() {
            return Err(Error::invalid("compute() was called from inside a computation")
                .hint("compute first and use the result, or build one plan of both"));
        }
        let started = Instant::now();
        let specs: Vec<ArraySpec> = specs(&plan);
        // What stays until the end of the run: results in memory, and results for later stages.
        let results: u64 = sinks.iter().zip(&specs).map(|(sink, spec)| sink.held_bytes(spec)).sum();
        let widest = plan.stages.iter().map(stage_bytes).max().unwrap_or(0);
        let needed = results.saturating_add(widest);
        let hold = reserve(context, needed).map_err(|error| match widest > results {
            true => error.context(widest_stage(&plan)),
            false => error.context(format!("results of {}", size(results))),
        })?;
        let ahead = plan.stages.iter().map(|stage| stage.task_bytes.saturating_mul(MOST_IN_FLIGHT)).max().unwrap_or(0);
        let claim = context.budget.claim(needed.saturating_add(ahead).min(context.budget.limit()));
        let mut report = RunReport {
            modelled_bytes: needed,
            fitting: plan.stages.iter().flat_map(fitting).collect(),
            ..RunReport::default()
        };
        let mut progress = Progress {
            passes: plan.stages.len(),
            tasks_total: plan.stages.iter().map(|stage| stage.drive.n_chunks()).sum(),
            ..Progress::default()
        };
        context.observer.started(&progress);
        let mut watch = Watch::over(needed, Meter::start());
        let spill = Arc::new(SpillFile::new(context.spill.clone()));
        let outcome = run_stages(plan, sinks, &specs, context, &mut watch, &spill, &mut report, &mut progress);
        watch.meter.look_now();
        context.observer.finished(&progress);
        drop((hold, claim));
        report.peak_reserved = watch.most_reserved();
        report.measured_bytes = watch.meter.growth();
        report.spilled_bytes = spill.written();
        outcome?;
        report.elapsed = started.elapsed();
        Ok(report)
    }
}

#[expect(clippy::too_many_arguments, reason = "all of a run, in its one place")]
fn run_stages(
    plan: PhysicalPlan,
    sinks: &[Arc<dyn Sink>],
    specs: &[ArraySpec],
    context: &Context,
    watch: &mut Watch,
    spill: &Arc<SpillFile>,
    report: &mut RunReport,
    progress: &mut Progress,
) -> Result<()> {
    for (sink, spec) in sinks.iter().zip(specs) {
        sink.begin(spec)?;
    }
    let mut resident = Arc::new(Resident::new());
    for (number, stage) in plan.stages.into_iter().enumerate() {
        progress.pass = number + 1;
        let stage = Arc::new(stage);
        let (run, kept) = begin_stage(&stage, sinks, &resident, context, spill)?;
        run_stage(&run, context, watch, report, progress)?;
        let mut all = Resident::clone(&resident);
        for (id, sink) in kept {
            all.insert(id, sink.take()?);
        }
        stage.drops.iter().for_each(|id| {
            all.remove(id);
        });
        resident = Arc::new(all);
    }
    sinks.iter().try_for_each(|sink| sink.finish())
}

/// Results of a stage that later stages use, by node.
type Kept = Vec<(usize, Arc<MemorySink>)>;

/// Makes what the tasks of a stage share.
fn begin_stage(
    stage: &Arc<Stage>,
    sinks: &[Arc<dyn Sink>],
    resident: &Arc<Resident>,
    context: &Context,
    spill: &Arc<SpillFile>,
) -> Result<(Arc<StageRun>, Kept)> {
    let mut kept = Kept::new();
    let mut targets: Vec<Vec<Arc<dyn Sink>>> = Vec::new();
    let mut accumulators = Vec::new();
    for output in &stage.outputs {
        let mut into: Vec<Arc<dyn Sink>> = output.roots.iter().map(|&root| sinks[root].clone()).collect();
        if output.resident {
            let sink = Arc::new(MemorySink::new());
            sink.begin(&spec(stage, output))?;
            kept.push((output.expr.id(), sink.clone()));
            into.push(sink);
        }
        targets.push(into);
        accumulators.push(match &output.kind {
            OutputKind::Reduction(reduction) if !stage.by_unit => {
                Some(Accumulators::new(reduction, &stage.drive, spill.clone()))
            }
            _ => None,
        });
    }
    let run = StageRun {
        stage: stage.clone(),
        resident: resident.clone(),
        accumulators,
        targets,
        cancel: context.cancel.clone(),
        bytes_read: AtomicU64::new(0),
        chunks_read: AtomicU64::new(0),
    };
    Ok((Arc::new(run), kept))
}

/// Runs all tasks of one stage.
fn run_stage(
    run: &Arc<StageRun>,
    context: &Context,
    watch: &mut Watch,
    report: &mut RunReport,
    progress: &mut Progress,
) -> Result<()> {
    let stage = &run.stage;
    let n_tasks = stage.drive.n_chunks();
    let _kept = Allowance::of(recycled_bytes(stage, context));
    let (done_before, bytes_before) = (progress.tasks_done, progress.bytes_read);
    let outcome = coordinate(
        context,
        n_tasks,
        Hold { all: report.modelled_bytes, floor: stage.task_bytes },
        if stage.wide { Ahead::One } else { Ahead::Several(stage.most_at_once.unwrap_or(usize::MAX)) },
        watch,
        |n| admit(run, n, context.n_workers() as u64),
        |finished| {
            progress.tasks_done = done_before + finished;
            progress.bytes_read = bytes_before + run.bytes_read.load(Ordering::Relaxed);
            context.observer.advanced(progress);
        },
    );
    let chunks_read = run.chunks_read.load(Ordering::Relaxed);
    report.tasks += n_tasks;
    report.chunks_read += chunks_read;
    report.bytes_read += run.bytes_read.load(Ordering::Relaxed);
    report.passes += usize::from(chunks_read > 0);
    outcome?;
    finish_untouched(run)
}

fn admit(run: &Arc<StageRun>, n: u64, n_workers: u64) -> Result<Admission> {
    let (index, region) = task_region(&run.stage, n);
    let mut found = Needs::default();
    for output in &run.stage.outputs {
        needs(output.walked(), &region, &run.resident, &mut found)?;
    }
    let at_once = if run.stage.wide { n_workers } else { 1 };
    let held = found.encoded_bytes(at_once).saturating_add(found.held_bytes(at_once));
    let bytes = held.saturating_add(overhead(&run.stage, &region));
    let bytes = bytes.saturating_add(inner_bytes(&run.stage.inner, &found));
    let (run, asked) = (run.clone(), std::mem::take(&mut found.asked));
    let start = Box::new(move || {
        let (mut arrived, mut pending) = (Vec::new(), Vec::new());
        for (piece, future) in start_reads(found) {
            if let Some(future) = future {
                let position = arrived.len();
                pending.push(async move { (position, future.await) });
            }
            arrived.push(piece);
        }
        if pending.is_empty() {
            let work: Work = Box::new(move || run.run(&index, &region, arrived, asked));
            return Started { ready: None, work: Some(work) };
        }
        let ready = Box::pin(async move {
            for (position, encoded) in futures::future::join_all(pending).await {
                arrived[position].encoded = Encoding::Here(encoded);
            }
            let work: Work = Box::new(move || run.run(&index, &region, arrived, asked));
            work
        });
        Started { ready: Some(ready), work: None }
    });
    Ok(Admission { bytes, start })
}

/// Bytes of a task beyond what it reads: finished blocks and tiles.
fn overhead(stage: &Stage, region: &Region) -> u64 {
    let values = stage.outputs.iter().filter(|output| matches!(output.kind, OutputKind::Values));
    let finished: u64 = values.map(|output| region.size().saturating_mul(output.dtype().item_size() as u64)).sum();
    finished.saturating_add(TILE_SCRATCH).saturating_add(stage.columns.column_bytes)
}

/// Bytes that one task leaves for the next, beyond what is always kept: no more than tasks hold anyway, and than a quarter of the budget.
fn recycled_bytes(stage: &Stage, context: &Context) -> usize {
    let of_all = stage.task_bytes.saturating_mul(stage.at_a_time(context.n_workers() as u64));
    usize::try_from(of_all.min(context.budget.limit() / 4)).unwrap_or(0)
}

/// Results of nothing at all: of an empty drive grid, and of groups without a position where groups are in blocks.
fn finish_untouched(run: &StageRun) -> Result<()> {
    for (n, output) in run.stage.outputs.iter().enumerate() {
        let OutputKind::Reduction(reduction) = &output.kind else { continue };
        let write = |region: Region| -> Result<()> {
            if region.is_empty() {
                return Ok(());
            }
            let block = reduction.accumulator(&region.extents())?.finish()?;
            run.targets[n].iter().try_for_each(|sink| sink.write(&region, &block))
        };
        if run.stage.drive.n_chunks() == 0 {
            write(Region::whole(output.expr.shape()))?;
            continue;
        }
        let Some(blocks) = &reduction.blocks else { continue };
        let grid = tile_grid(reduction, &run.stage.drive);
        let kept = (0..grid.n_chunks()).filter_map(|tile| grid.region(&grid.unravel(tile)));
        let axis = reduction.roles.iter().filter(|role| !matches!(role, Role::Reduced));
        let axis = axis.take_while(|role| role.is_kept()).count();
        for region in kept {
            for block in (0..blocks.len() as u32).filter(|&block| blocks.contributions(block) == 0) {
                let groups = blocks.groups(block);
                write(region.with(axis, u64::from(groups.start)..u64::from(groups.end)))?;
            }
        }
    }
    Ok(())
}

/// What a stage takes: accumulators, one task, and results that are held meanwhile.
fn stage_bytes(stage: &Stage) -> u64 {
    stage.live_bytes.saturating_add(stage.task_bytes).saturating_add(stage.kept_bytes)
}

fn specs(plan: &PhysicalPlan) -> Vec<ArraySpec> {
    let mut specs: Vec<Option<ArraySpec>> = vec![None; plan.roots.len()];
    for stage in &plan.stages {
        for output in &stage.outputs {
            for &root in &output.roots {
                specs[root] = Some(spec(stage, output));
            }
        }
    }
    specs.into_iter().flatten().collect()
}

fn spec(stage: &Stage, output: &StageOutput) -> ArraySpec {
    let (grid, order) = match &output.kind {
        OutputKind::Values => (stage.drive.clone(), stage.order.clone()),
        OutputKind::Reduction(reduction) => {
            let grid = tile_grid(reduction, &stage.drive);
            let rank = grid.rank();
            (grid, (0..rank).collect())
        }
    };
    let (dims, shape) = (output.expr.dims().clone(), output.expr.shape().to_vec());
    ArraySpec { dims, shape, dtype: output.dtype(), grid, order }
}

/// The boxes in which a reduction's tiles come.
fn tile_grid(reduction: &Reduction, drive: &ChunkGrid) -> ChunkGrid {
    let axes = reduction.roles.iter().zip(drive.axes()).filter_map(|(role, axis)| match role {
        Role::Kept => Some(axis.clone()),
        Role::Grouped(groups) => Some(AxisChunks::single(u64::from(groups.n_groups))),
        Role::Reduced => None,
    });
    ChunkGrid::new(axes.collect())
}

/// The stage that needs most, as `explain()` numbers it, and what it computes.
fn widest_stage(plan: &PhysicalPlan) -> String {
    let stages = plan.stages.iter().enumerate();
    stages.max_by_key(|(_, stage)| stage_bytes(stage)).map_or_else(String::new, |(number, stage)| {
        let what = stage.outputs.first().map(|output| operation(&output.expr)).unwrap_or_default();
        format!("stage {} of {} ({what})", number + 1, plan.stages.len())
    })
}

/// Takes what the run needs from the start to the end, waiting for other runs to end if need be.
fn reserve(context: &Context, bytes: u64) -> Result<Reservation> {
    if bytes > context.budget.limit() {
        return Err(too_large(bytes, &context.budget));
    }
    loop {
        if let Some(reservation) = context.budget.try_reserve(bytes) {
            return Ok(reservation);
        }
        context.cancel.check()?;
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
}
