//! In which tiles a task walks its box, and which of them belong together.
use std::collections::HashMap;

use crate::base::{ChunkGrid, Region, Result};
use crate::physical::{Needs, OutputKind, Reduction, Resident, Role, Stage, StageOutput, Tiling, needs};
use crate::plan::{Expr, Op};

/// Whether an expression is read as it is stored: only one kernel runs over it, which cuts by itself, and its chunks can be had as views.
pub(super) fn is_plain(expr: &Expr) -> bool {
    match expr.op() {
        Op::Read(_) | Op::Constant(_) => true,
        Op::Slice(input, _) => matches!(input.op(), Op::Read(_)),
        _ => false,
    }
}

/// The tiles of a task's box, in units that are fed or, after the reductions that the task finishes by itself, worked on together.
pub(super) fn units(stage: &Stage, region: &Region) -> Vec<Vec<Region>> {
    let outputs = &stage.outputs;
    if let [output] = outputs.as_slice()
        && is_plain(output.walked())
    {
        return match &output.kind {
            OutputKind::Values => vec![vec![region.clone()]],
            OutputKind::Reduction(reduction) => units_with(reduction, region, cells_of(stage)),
        };
    }
    let outer: Vec<bool> = (0..region.rank()).map(|axis| is_outer(stage, axis)).collect();
    let item_size = outputs.iter().map(|output| output.walked().dtype().item_size()).max().unwrap_or(8);
    let columns = &stage.columns;
    if !columns.kept_whole.contains(&true) && columns.fan_in == 1 {
        let finest = outputs.iter().map(|output| output.walked().grid()).max_by_key(|grid| grid.n_chunks());
        let tiling = Tiling {
            chunks: finest,
            item_size,
            outer: &outer,
            whole: false,
            twice: !stage.inner.is_empty(),
            cells: cells_of(stage),
        };
        return tiling.units(region);
    }
    // Axes that operations run along are one unit here: tiles of them would compute the same column again and again.
    let mut unit = region.clone();
    let mut column = columns.fan_in as usize * item_size;
    for axis in (0..region.rank()).filter(|&axis| columns.kept_whole[axis]) {
        let range = region.range(axis);
        column = column.saturating_mul((range.end - range.start) as usize);
        unit = unit.with(axis, range.start..range.start + u64::from(!range.is_empty()));
    }
    let whole = |tile: Region| {
        (0..region.rank())
            .filter(|&axis| columns.kept_whole[axis])
            .fold(tile, |tile, axis| tile.with(axis, region.range(axis)))
    };
    let tiling =
        Tiling { chunks: None, item_size: column, outer: &outer, whole: false, twice: false, cells: cells_of(stage) };
    tiling.units(&unit).into_iter().map(|unit| unit.into_iter().map(whole).collect()).collect()
}

/// The tiles of a box of a reduction's input, in units that are fed together if the input is plain.
pub(super) fn units_of(reduction: &Reduction, region: &Region) -> Vec<Vec<Region>> {
    units_with(reduction, region, None)
}

fn units_with(reduction: &Reduction, region: &Region, cells: Option<u64>) -> Vec<Vec<Region>> {
    let outer: Vec<bool> = reduction.roles.iter().map(Role::is_kept).collect();
    let chunks: Option<&ChunkGrid> = Some(reduction.input.grid());
    let item_size = reduction.input.dtype().item_size();
    Tiling { chunks, item_size, outer: &outer, whole: is_plain(&reduction.input), twice: false, cells }.units(region)
}

/// Bytes of accumulators for one position of the kept axes, if every unit has its own.
fn cells_of(stage: &Stage) -> Option<u64> {
    let bytes = |output: &StageOutput| match &output.kind {
        OutputKind::Reduction(reduction) => {
            let groups = reduction.roles.iter().map(|role| match role {
                Role::Grouped(groups) => u64::from(groups.n_groups),
                _ => 1,
            });
            reduction.n_bytes_for(groups.product())
        }
        OutputKind::Values => 0,
    };
    stage.by_unit.then(|| stage.outputs.iter().map(bytes).sum())
}

/// What units ask of the reductions that the task finishes by itself: by unit, or, if units ask for much of the same, all together.
pub(super) fn asked_by_units(
    stage: &Stage,
    units: Vec<Vec<Region>>,
    whole: HashMap<usize, Region>,
    resident: &Resident,
) -> Result<Vec<(Vec<Region>, HashMap<usize, Region>)>> {
    if stage.inner.is_empty() || units.len() < 2 {
        return Ok(vec![(units.into_iter().flatten().collect(), whole)]);
    }
    let size = |asked: &HashMap<usize, Region>| asked.values().map(Region::size).fold(0u64, u64::saturating_add);
    let (mut by_unit, mut all) = (Vec::with_capacity(units.len()), 0u64);
    for unit in &units {
        let mut found = Needs::default();
        for output in &stage.outputs {
            if let Some(whole) = bounding(unit) {
                needs(output.walked(), &whole, resident, &mut found)?;
            }
        }
        all = all.saturating_add(size(&found.asked));
        if all > size(&whole) / 4 * 5 {
            return Ok(vec![(units.into_iter().flatten().collect(), whole)]);
        }
        by_unit.push(found.asked);
    }
    Ok(units.into_iter().zip(by_unit).collect())
}

/// The box of a unit: its tiles follow each other along all axes.
pub(super) fn bounding(unit: &[Region]) -> Option<Region> {
    let (first, last) = (unit.first()?, unit.last()?);
    Some(Region::new(first.ranges().iter().zip(last.ranges()).map(|(a, b)| a.start..b.end).collect()))
}

/// Whether results keep an axis, those that the task finishes by itself too.
fn is_outer(stage: &Stage, axis: usize) -> bool {
    let kept = |output: &StageOutput| match &output.kind {
        OutputKind::Reduction(reduction) => reduction.roles[axis].is_kept(),
        OutputKind::Values => true,
    };
    let name = stage.dims.name(axis);
    let kept_inside = |(_, reduction): &(Expr, Reduction)| {
        reduction.input.dims().position(name).is_some_and(|axis| reduction.roles[axis].is_kept())
    };
    stage.outputs.iter().all(kept) && stage.inner.iter().all(kept_inside)
}
