//! Cutting a plan into stages. The cost depends on the number of operations, never on the number of chunks.
use std::collections::{HashMap, HashSet};

use super::fit::{self, stages};
use super::inner;
use super::leaf::source_id;
use super::program::Resident;
use super::stage::{OutputKind, PhysicalPlan, Reduction, Stage, StageOutput, needed};
use crate::base::{Block, ChunkGrid, Region, Result};
use crate::plan::{Expr, Op, deep};

/// What a plan may use.
#[derive(Debug, Clone, Copy)]
pub struct Means {
    /// Tasks that run at a time.
    pub n_workers: u64,
    /// Bytes of memory, without what results take.
    pub memory: u64,
    /// Bytes of disk for what does not fit.
    pub disk: u64,
}

/// Cuts the plan of `roots` into stages. `chunks` gives, per root, the boxes in which its sink wants blocks, if it cares.
///
/// # Errors
/// If an expression carries an error.
pub fn lower(roots: &[Expr], chunks: &[Option<ChunkGrid>], means: Means) -> Result<PhysicalPlan> {
    for root in roots {
        if let Some(error) = root.error() {
            return Err(error.clone());
        }
    }
    // A spread of anomalies has accumulators for all its groups: where they are too many for the memory two passes are better.
    let plan = best(roots, chunks, means, true)?;
    if plan.stages.iter().all(|stage| is_easy(stage, means)) { Ok(plan) } else { best(roots, chunks, means, false) }
}

/// Whether a stage takes no spread of anomalies, or can hold what that wants.
fn is_easy(stage: &Stage, means: Means) -> bool {
    let within = |output: &StageOutput| match &output.kind {
        OutputKind::Reduction(reduction) => reduction.within().is_some(),
        OutputKind::Values => false,
    };
    let tasks = stage.task_bytes.saturating_mul(stage.at_a_time(means.n_workers));
    let needed = stage.live_bytes.saturating_add(stage.kept_bytes).saturating_add(tasks);
    let fits = stage.fitting.columns <= 1 && stage.fitting.disk_bytes == 0 && needed <= means.memory;
    fits || !stage.outputs.iter().any(within)
}

/// The better of two plans: with reductions that tasks finish by themselves, and without.
fn best(roots: &[Expr], chunks: &[Option<ChunkGrid>], means: Means, anomalies: bool) -> Result<PhysicalPlan> {
    let plan = lower_with(roots, chunks, means, HashSet::new(), anomalies)?;
    let mut candidates = inner::candidates(roots, anomalies);
    // What a sink wants in chunks of its own is brought together by a stage anyway.
    for (root, _) in roots.iter().zip(chunks).filter(|(_, chunks)| chunks.is_some()) {
        candidates.remove(&root.id());
    }
    if candidates.is_empty() || plan.stages.iter().filter(|stage| stage.reads > 0).count() < 2 {
        return Ok(plan);
    }
    let other = lower_with(roots, chunks, means, candidates, anomalies)?;
    Ok(if inner::is_better(&other, &plan, means.n_workers, means.memory) { other } else { plan })
}

/// [`lower`] with reductions that tasks finish by themselves.
fn lower_with(
    roots: &[Expr],
    chunks: &[Option<ChunkGrid>],
    means: Means,
    inner: HashSet<usize>,
    anomalies: bool,
) -> Result<PhysicalPlan> {
    let mut levels = Levels { inner, anomalies, roots: roots.iter().map(Expr::id).collect(), ..Levels::default() };
    roots.iter().for_each(|root| levels.visit(root));
    let groups = group(roots, chunks, &mut levels);
    // Only whether a node is resident matters here, not its values.
    let resident: Resident = levels.used.iter().map(|&id| (id, Block::scalar(0u8))).collect();
    let lives = Lives::new(&groups, &resident);
    let mut made: Vec<Stage> = Vec::new();
    for (number, group) in groups.into_iter().enumerate() {
        let kept = lives.bytes_while(number);
        let means = Means { memory: means.memory.saturating_sub(kept), ..means };
        let group = fit::Group {
            inner: inner::inner_of(&group.outputs, &levels.inner),
            inner_ids: &levels.inner,
            outputs: group.outputs,
            wanted: group.wanted.as_ref(),
            resident: &resident,
            means,
        };
        let mut stages = stages(&group)?;
        stages.iter_mut().for_each(|stage| stage.kept_bytes = kept);
        if let Some(last) = stages.last_mut() {
            last.drops = lives.ending_with(number);
        }
        made.extend(stages);
    }
    Ok(PhysicalPlan { roots: roots.to_vec(), stages: made })
}

/// Outputs that ride together, in the order in which they run.
fn group(roots: &[Expr], chunks: &[Option<ChunkGrid>], levels: &mut Levels) -> Vec<Group> {
    let mut outputs: Vec<(usize, Option<ChunkGrid>, StageOutput)> = Vec::new();
    for (expr, level) in std::mem::take(&mut levels.reductions) {
        outputs.push((level, None, reduction(expr, levels.anomalies)));
    }
    for (index, root) in roots.iter().enumerate() {
        let wanted = chunks.get(index).cloned().flatten();
        if wanted.is_some() && root.is_reduction() {
            // Tiles of a reduction are cut like its input: for a sink with chunks of its own they are brought together first.
            levels.used.insert(root.id());
        } else if let Some(found) = outputs.iter_mut().find(|(_, grid, output)| {
            output.expr.id() == root.id() && (matches!(output.kind, OutputKind::Reduction(_)) || *grid == wanted)
        }) {
            found.2.roots.push(index);
            continue;
        }
        let output = StageOutput { expr: root.clone(), kind: OutputKind::Values, roots: vec![index], resident: false };
        outputs.push((levels.known[&root.id()], wanted, output));
    }
    for (_, _, output) in &mut outputs {
        let reduced = matches!(output.kind, OutputKind::Reduction(_));
        output.resident = reduced && levels.used.contains(&output.expr.id());
    }
    let mut groups: Vec<Group> = Vec::new();
    for (level, wanted, output) in outputs {
        let sources = sources_of(output.walked(), &levels.inner);
        let fits = |group: &&mut Group| {
            group.level == level
                && group.wanted == wanted
                && group.outputs[0].walked().dims() == output.walked().dims()
                && group.outputs[0].walked().shape() == output.walked().shape()
                && (!group.sources.is_disjoint(&sources) || (sources.is_empty() && group.sources.is_empty()))
        };
        match groups.iter_mut().find(fits) {
            Some(group) => {
                group.sources.extend(sources);
                group.outputs.push(output);
            }
            None => groups.push(Group { level, wanted, sources, outputs: vec![output] }),
        }
    }
    groups.sort_by_key(|group| group.level);
    groups
}

struct Group {
    level: usize,
    wanted: Option<ChunkGrid>,
    sources: HashSet<usize>,
    outputs: Vec<StageOutput>,
}

/// From which group to which the results for later stages are held.
struct Lives(HashMap<usize, (usize, usize, u64)>);

impl Lives {
    fn new(groups: &[Group], resident: &Resident) -> Self {
        let mut lives = HashMap::new();
        for (number, group) in groups.iter().enumerate() {
            for output in group.outputs.iter().filter(|output| output.resident) {
                lives.insert(output.expr.id(), (number, number, output.expr.n_bytes()));
            }
        }
        for (number, group) in groups.iter().enumerate() {
            let mut seen = HashSet::new();
            let mut stack: Vec<&Expr> = group.outputs.iter().map(StageOutput::walked).collect();
            while let Some(expr) = stack.pop() {
                if !seen.insert(expr.id()) {
                    continue;
                }
                match lives.get_mut(&expr.id()) {
                    Some((_, last, _)) => *last = (*last).max(number),
                    None if resident.contains_key(&expr.id()) => {}
                    None => stack.extend(expr.inputs()),
                }
            }
        }
        Self(lives)
    }

    /// Bytes held while a group runs, its own results for later ones included.
    fn bytes_while(&self, group: usize) -> u64 {
        self.0.values().filter(|(first, last, _)| (*first..=*last).contains(&group)).map(|(.., bytes)| bytes).sum()
    }

    /// What is used by this group and none after it.
    fn ending_with(&self, group: usize) -> Vec<usize> {
        self.0.iter().filter(|(_, (_, last, _))| *last == group).map(|(id, _)| *id).collect()
    }
}

/// In which pass every node can be had: reductions end a pass.
#[derive(Default)]
struct Levels {
    known: HashMap<usize, usize>,
    reductions: Vec<(Expr, usize)>,
    /// Reductions that other nodes use.
    used: HashSet<usize>,
    /// Reductions that tasks finish by themselves.
    inner: HashSet<usize>,
    /// Whether spreads of anomalies take the values themselves.
    anomalies: bool,
    roots: HashSet<usize>,
}

impl Levels {
    fn visit(&mut self, expr: &Expr) {
        if self.known.contains_key(&expr.id()) {
            return;
        }
        let mut level = 0;
        for input in needed(expr, self.anomalies) {
            deep(|| self.visit(input));
            level = level.max(self.known[&input.id()]);
            if input.is_reduction() && !self.inner.contains(&input.id()) {
                self.used.insert(input.id());
            }
        }
        let inner = self.inner.contains(&expr.id());
        if expr.is_reduction() && (!inner || self.roots.contains(&expr.id())) {
            self.reductions.push((expr.clone(), level));
        }
        level += usize::from(expr.is_reduction() && !inner);
        self.known.insert(expr.id(), level);
    }
}

fn reduction(expr: Expr, anomalies: bool) -> StageOutput {
    let anomaly = if anomalies { Reduction::of_anomaly(&expr) } else { None };
    let kind = anomaly.or_else(|| Reduction::of(&expr)).map_or(OutputKind::Values, OutputKind::Reduction);
    StageOutput { expr, kind, roots: vec![], resident: true }
}

/// Sources that are read to evaluate `expr`, reductions inside it taken as known.
fn sources_of(expr: &Expr, inner: &HashSet<usize>) -> HashSet<usize> {
    let mut found = HashSet::new();
    let mut seen = HashSet::new();
    let mut stack = vec![expr];
    while let Some(expr) = stack.pop() {
        if !seen.insert(expr.id()) {
            continue;
        }
        if let Op::Read(source) = expr.op() {
            found.insert(source_id(source));
        }
        if !expr.is_reduction() || inner.contains(&expr.id()) {
            stack.extend(expr.inputs());
        }
    }
    found
}

/// The box of the `n`-th task of a stage, in drive order, and its index.
pub(crate) fn task_region(stage: &Stage, n: u64) -> (Vec<u64>, Region) {
    let axes = stage.drive.axes();
    let mut index = vec![0; axes.len()];
    let mut rest = n;
    for &axis in stage.order.iter().rev() {
        let count = axes[axis].n_chunks().max(1);
        index[axis] = rest % count;
        rest /= count;
    }
    if let Some(walk) = &stage.walk {
        index[walk.axis] = walk.order.get(index[walk.axis] as usize).copied().unwrap_or(index[walk.axis]);
    }
    let region = Region::new(index.iter().zip(axes).map(|(&i, axis)| axis.range(i)).collect());
    (index, region)
}
