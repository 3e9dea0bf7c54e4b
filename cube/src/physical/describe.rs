//! A physical plan as text: passes, tasks, bytes, memory.
use std::fmt::Write as _;

use crate::plan::describe as operation;

use super::{Fitting, OutputKind, PhysicalPlan, Raw, Stage};

/// One paragraph a stage, and a line that counts passes over sources.
pub fn describe(plan: &PhysicalPlan) -> String {
    let mut text = String::new();
    let passes = plan.stages.iter().filter(|stage| stage.reads > 0).count();
    let bytes: u64 = plan.stages.iter().map(|stage| stage.read_bytes).sum();
    // Writing to a String cannot fail.
    let _ = writeln!(
        text,
        "{passes} {} over the data, at most {} read",
        if passes == 1 { "pass" } else { "passes" },
        size(bytes)
    );
    for (number, stage) in plan.stages.iter().enumerate() {
        write_stage(number + 1, stage, &mut text);
    }
    text
}

fn write_stage(number: usize, stage: &Stage, text: &mut String) {
    let walk: Vec<&str> = stage.order.iter().map(|&axis| &**stage.dims.name(axis)).collect();
    let _ = writeln!(
        text,
        "stage {number}: {} tasks of {:?} over {:?}, slowest to fastest ({})",
        stage.drive.n_chunks(),
        stage.drive.largest_chunk(),
        stage.dims,
        walk.join(", ")
    );
    let _ = writeln!(
        text,
        "  about {} chunks read, {} a task, {} for accumulators and results for later stages",
        stage.reads,
        size(stage.task_bytes),
        size(stage.live_bytes)
    );
    for line in fitting(stage) {
        let _ = writeln!(text, "  {line}");
    }
    for (expr, _) in &stage.inner {
        let _ = writeln!(text, "  within each task, so that nothing is read twice: {}", operation(expr));
    }
    for output in &stage.outputs {
        let what = match &output.kind {
            OutputKind::Values => "values".to_owned(),
            OutputKind::Reduction(reduction) => {
                format!(
                    "{:?}{}, {} an accumulator{}, {}",
                    reduction.op,
                    match reduction.raw.as_deref() {
                        Some(Raw::Packed(_)) => " of packed values, which are unpacked at the end",
                        Some(Raw::Narrow) => " of f32 values in f64",
                        Some(Raw::Anomaly { .. }) => " within groups",
                        None => "",
                    },
                    size(reduction.tile_bytes),
                    match &reduction.blocks {
                        Some(blocks) => format!(" of {} of {} groups", blocks.size(), blocks.n_groups()),
                        None => String::new(),
                    },
                    match stage.by_unit {
                        true => "made and finished within a task".to_owned(),
                        false => format!("{} of each tile", reduction.replicas),
                    }
                )
            }
        };
        let whereto = match (output.roots.is_empty(), output.resident) {
            (false, true) => "result, and kept for a later stage",
            (false, false) => "result",
            (true, _) => "kept for a later stage",
        };
        let _ = writeln!(text, "  -> {what}: {:?} {}, {whereto}", output.expr.dims(), output.expr.dtype());
    }
}

/// What was done so that accumulators fit the budget.
pub(crate) fn fitting(stage: &Stage) -> Vec<String> {
    let Fitting { columns, by_group, disk_bytes, separated, .. } = stage.fitting;
    let mut lines = Vec::new();
    if by_group {
        let axis = stage.walk.as_ref().map_or("", |walk| stage.dims.name(walk.axis));
        lines.push(format!("to fit the budget: chunks of the same groups along {axis} are walked together"));
    }
    if columns > 1 {
        lines.push(format!("to fit the budget: {columns} columns of each chunk, one after the other"));
    }
    if disk_bytes > 0 {
        lines.push(format!("to fit the budget: up to {} of accumulators on disk", size(disk_bytes)));
    }
    if separated {
        lines.push("to fit the budget: apart from results that could ride along".to_owned());
    }
    lines
}

/// Bytes in binary units.
pub(crate) fn size(bytes: u64) -> String {
    let units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
    let mut value = bytes as f64;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < units.len() {
        value /= 1024.0;
        unit += 1;
    }
    if unit == 0 { format!("{bytes} B") } else { format!("{value:.1} {}", units[unit]) }
}
