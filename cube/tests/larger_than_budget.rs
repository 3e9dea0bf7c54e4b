//! Verbs on data twice the budget, in chunks of whole fields: each gives the right numbers within the budget, or is refused before anything is read.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use terracube_cube::base::{AxisChunks, ChunkGrid};
use terracube_cube::source::SyntheticSource;
use terracube_cube::{
    ALL, Attributes, Context, DType, DataArray, Dims, Encoding, ErrorKind, Fill, MemoryBudget, Method, Variable,
    compute_with,
};

const N: u64 = 64;
const SIDE: u64 = 128;
const BUDGET: u64 = 4 << 20;

fn value(t: u64, y: u64, x: u64) -> f64 {
    ((t * 7919 + y * 31 + x * 17) % 1009) as f64 + (x % 3) as f64
}

/// The label of a time: all times in no order.
fn label(t: u64) -> f64 {
    ((t * 37 + 11) % N) as f64
}

/// 8.4 MB in chunks of one field of 0.13 MB, and how many of them were read.
fn fields(reads: &Arc<AtomicUsize>) -> DataArray {
    let axes = [AxisChunks::regular(N, 1), AxisChunks::regular(SIDE, SIDE), AxisChunks::regular(SIDE, SIDE)];
    let reads = Arc::clone(reads);
    let source = SyntheticSource::new(ChunkGrid::new(axes.to_vec()), move |region, values| {
        reads.fetch_add(1, Ordering::Relaxed);
        let mut values = values.iter_mut();
        for t in region.range(0) {
            for y in region.range(1) {
                for x in region.range(2) {
                    *values.next().unwrap() = value(t, y, x);
                }
            }
        }
    });
    let dims = Dims::new(["t", "y", "x"]).unwrap();
    let variable = Variable::from_source(dims, Arc::new(source), Attributes::new(), Encoding::default());
    DataArray::new(Some("v"), variable, Default::default())
        .with_coord("t", (0..N).map(label).collect())
        .with_coord("y", (0..SIDE).map(|y| y as f64).collect())
        .with_coord("x", (0..SIDE).map(|x| x as f64).collect())
}

/// What is asked, what it gives at a few places, and whether it has to run.
struct Row {
    name: &'static str,
    array: DataArray,
    /// (position in C order, value)
    expected: Vec<(usize, f64)>,
    must_run: bool,
}

fn field_sum(t: u64) -> f64 {
    (0..SIDE).flat_map(|y| (0..SIDE).map(move |x| value(t, y, x))).sum()
}

fn rows(reads: &Arc<AtomicUsize>) -> Vec<Row> {
    let t = fields(reads);
    let at_label = |wanted: f64| (0..N).find(|&time| label(time) == wanted).unwrap();
    let column = |y: u64, x: u64| (0..N).map(move |time| value(time, y, x)).collect::<Vec<f64>>();
    let in_order = |mut values: Vec<f64>| {
        values.sort_by(f64::total_cmp);
        values
    };
    let sums_in_order: Vec<(usize, f64)> = [0, 7, 63].map(|k| (k, field_sum(at_label(k as f64)))).to_vec();
    let row = |name, array, expected, must_run| Row { name, array, expected, must_run };
    let labels = |values: Vec<f64>| DataArray::from_vec(["labels"], &[values.len()], values);
    let between = |k: usize, part: f64, y: u64, x: u64| {
        let (a, b) = (value(at_label(k as f64), y, x), value(at_label((k + 1) as f64), y, x));
        a + (b - a) * part
    };
    vec![
        row("sortby, then sums of fields", t.sortby("t").sum(["y", "x"]), sums_in_order.clone(), true),
        row(
            "sortby, then values",
            t.sortby("t").isel("y", 3).isel("x", 5),
            vec![(9, value(at_label(9.0), 3, 5))],
            true,
        ),
        row(
            "reindex in another order",
            t.reindex("t", &labels(vec![5.0, 60.0, 1.0])).sum(["y", "x"]),
            vec![(1, field_sum(at_label(60.0)))],
            true,
        ),
        row(
            "reindex to the nearest",
            t.reindex_near("t", &labels(vec![5.2, 60.4]), Fill::Nearest, None).sum(["y", "x"]),
            vec![(0, field_sum(at_label(5.0)))],
            true,
        ),
        row(
            "stack of a field, then a mean over time",
            t.stack("p", ["y", "x"]).mean("t"),
            vec![(SIDE as usize * 2 + 9, column(2, 9).iter().sum::<f64>() / N as f64)],
            true,
        ),
        row(
            "stack over chunks, then a mean",
            t.stack("p", ["t", "x"]).mean("y"),
            vec![(SIDE as usize + 4, (0..SIDE).map(|y| value(1, y, 4)).sum::<f64>() / SIDE as f64)],
            true,
        ),
        row(
            "unstack",
            t.stack("p", ["y", "x"]).unstack("p", ["y", "x"]).sum(["y", "x"]),
            vec![(5, field_sum(5))],
            false,
        ),
        row("rank along time", t.rank("t").sum("t"), vec![(77, (N * (N + 1) / 2) as f64)], true),
        row("rank along x", t.rank("x").sum(["t", "x"]), vec![(3, (N * SIDE * (SIDE + 1) / 2) as f64)], true),
        row("argsort along time", t.argsort("t").sum("t").cast(DType::F64), vec![(8, (N * (N - 1) / 2) as f64)], true),
        row(
            "median along time",
            t.median("t"),
            vec![(SIDE as usize * 7 + 1, {
                let v = in_order(column(7, 1));
                v[31].midpoint(v[32])
            })],
            true,
        ),
        row(
            "quantile of all",
            t.quantile(0.5, ALL),
            vec![(0, {
                let all = (0..SIDE).flat_map(|y| (0..SIDE).map(move |x| (y, x)));
                let v = in_order(all.flat_map(|(y, x)| column(y, x)).collect());
                v[v.len() / 2 - 1].midpoint(v[v.len() / 2])
            })],
            false,
        ),
        row(
            "linear interp along time",
            t.interp("t", &labels(vec![3.25, 40.5])).sum(["y", "x"]),
            vec![(
                0,
                (0..SIDE).flat_map(|y| (0..SIDE).map(move |x| (y, x))).map(|(y, x)| between(3, 0.25, y, x)).sum(),
            )],
            true,
        ),
        row(
            "cubic interp along time",
            t.interp_by("t", &labels(vec![3.0, 40.0]), Method::Cubic).isel("y", 6).isel("x", 2),
            vec![(1, value(at_label(40.0), 6, 2))],
            true,
        ),
        row(
            "interp along x",
            t.interp("x", &labels(vec![0.5])).sum("t"),
            vec![(4, (0..N).map(|time| value(time, 4, 0).midpoint(value(time, 4, 1))).sum())],
            true,
        ),
        row(
            "moving means along time",
            t.sortby("t").rolling("t", 5).mean().sum(["y", "x"]),
            vec![(4, (0..5).map(|k| field_sum(at_label(f64::from(k)))).sum::<f64>() / 5.0)],
            true,
        ),
        row("running sums", t.cumsum("t").isel("t", -1), vec![(70, column(0, 70).iter().sum())], true),
        row("anomalies", (&t - t.mean("t")).sum("t"), vec![(12, 0.0)], true),
        row(
            "places of the greatest",
            t.argmax("t").cast(DType::F64),
            vec![(0, {
                let c = column(0, 0);
                let most = c.iter().copied().fold(f64::MIN, f64::max);
                c.iter().position(|v| *v == most).unwrap() as f64
            })],
            true,
        ),
        row(
            "two lines at a time",
            t.apply_along_with("t", &[&t], |lines| lines[0].iter().zip(lines[1]).map(|(a, b)| a * b).sum()),
            vec![(3, column(0, 3).iter().map(|v| v * v).sum())],
            true,
        ),
    ]
}

#[test]
fn verbs_run_within_the_budget_or_are_refused_before_they_read() {
    let mut wrong = Vec::new();
    let reads = Arc::new(AtomicUsize::new(0));
    for row in rows(&reads) {
        reads.store(0, Ordering::Relaxed);
        let context = Context::new(2, MemoryBudget::new(BUDGET)).unwrap();
        match compute_with(&row.array, &context) {
            Ok((found, report)) => {
                println!(
                    "{}: {:.1} MB at most, {} chunks read",
                    row.name,
                    report.peak_reserved as f64 / 1e6,
                    report.chunks_read
                );
                if reads.load(Ordering::Relaxed) == 0 {
                    wrong.push(format!("{}: ran, but no read was counted", row.name));
                }
                let found = found.to_f64().unwrap();
                wrong.extend(differences(row.name, &found, &row.expected));
                if report.peak_reserved > BUDGET {
                    wrong.push(format!("{}: {} bytes reserved", row.name, report.peak_reserved));
                }
            }
            Err(error) => {
                println!("{}: refused: {error}", row.name);
                let text = error.to_string();
                let n_reads = reads.load(Ordering::Relaxed);
                if n_reads > 0 {
                    wrong.push(format!("{}: refused after {n_reads} reads", row.name));
                }
                // With room enough it gives the right numbers.
                let roomy = Context::new(2, MemoryBudget::new(1 << 30)).unwrap();
                let found = compute_with(&row.array, &roomy).unwrap().0.to_f64().unwrap();
                wrong.extend(differences(row.name, &found, &row.expected));
                if error.kind() != ErrorKind::OverBudget || row.must_run || !text.contains("MiB") {
                    wrong.push(format!("{}: {text}", row.name));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn differences(name: &str, found: &[f64], expected: &[(usize, f64)]) -> Vec<String> {
    let differ = |&&(position, expected): &&(usize, f64)| {
        let tolerance = 1e-6 * expected.abs().max(1.0);
        (found[position] - expected).abs() > tolerance
    };
    let text =
        |&(position, expected): &(usize, f64)| format!("{name}: [{position}] is {}, not {expected}", found[position]);
    expected.iter().filter(differ).map(text).collect()
}
