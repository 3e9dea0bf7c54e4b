//! What does not fit the budget: order of the walk, columns, disk; the same numbers as with room, and the model honest.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use terracube_cube::source::SyntheticSource;
use terracube_cube::{
    Attributes, Block, ChunkGrid, Context, Coords, DataArray, Dims, Encoding, ErrorKind, MemoryBudget, SpillSpace,
    Variable, compute_with,
};

const MIB: u64 = 1 << 20;

/// What a run takes is measured on the whole process: one test at a time.
static ALONE: std::sync::Mutex<()> = std::sync::Mutex::new(());

/// Values that say where they stand, with holes, in chunks that are decoded as a whole; and how many were decoded.
fn array(shape: &[u64], chunk: &[u64], group_of: impl Fn(u64) -> i64) -> (DataArray, Arc<AtomicU64>) {
    let decoded = Arc::new(AtomicU64::new(0));
    let (counter, rank) = (decoded.clone(), shape.len());
    let grid = ChunkGrid::regular(shape, chunk);
    let source = SyntheticSource::new(grid, move |region, values| {
        counter.fetch_add(1, Ordering::Relaxed);
        let inner = region.shape()[rank - 1];
        let outer: u64 = region.shape()[1..rank - 1].iter().product();
        for (row, values) in values.chunks_mut(inner as usize).enumerate() {
            let first = region.range(0).start + row as u64 / outer;
            let base = (first * 31 + (row as u64 % outer) * 7) % 1009;
            for (column, value) in values.iter_mut().enumerate() {
                let place = (base + region.range(rank - 1).start + column as u64) % 523;
                *value = if place == 17 { f64::NAN } else { place as f64 * 0.125 };
            }
        }
    });
    let names = ["t", "y", "x"];
    let dims = Dims::new(names[names.len() - rank..].iter().copied()).unwrap();
    let first = dims.name(0).to_string();
    let variable = Variable::from_source(dims, Arc::new(source), Attributes::new(), Encoding::default());
    let groups: Vec<i64> = (0..shape[0]).map(group_of).collect();
    let groups = Variable::from_block(Dims::new([&*first]).unwrap(), Block::new(&[groups.len()], groups).unwrap());
    (DataArray::new(Some("v"), variable, Coords::default()).with_coord_variable("group", groups), decoded)
}

fn context(budget: u64, disk: u64) -> Context {
    let context = Context::new(2, MemoryBudget::new(budget)).unwrap();
    context.with_spill(SpillSpace::new(std::env::temp_dir(), disk))
}

fn scrambled(row: u64) -> i64 {
    (row.wrapping_mul(2_654_435_761) >> 7) as i64 % 20
}

struct Case {
    name: &'static str,
    shape: Vec<u64>,
    chunk: Vec<u64>,
    group_of: fn(u64) -> i64,
    asked: fn(&DataArray) -> Vec<DataArray>,
    budget: u64,
    disk: u64,
    /// What `explain` says of the way that was chosen.
    says: &'static str,
    /// Chunks decoded at most.
    reads: u64,
}

fn cases() -> Vec<Case> {
    let rows: fn(u64) -> i64 = |row| (row % 20) as i64;
    let case = |name, shape: &[u64], chunk: &[u64], asked, budget, says, reads| Case {
        name,
        shape: shape.to_vec(),
        chunk: chunk.to_vec(),
        group_of: rows,
        asked,
        budget: budget * MIB,
        disk: 0,
        says,
        reads,
    };
    vec![
        case(
            "groups of rows, each row a chunk: one group after the other, two passes",
            &[200, 262_144],
            &[1, 262_144],
            |t| vec![(t.group_by("group") - t.group_by("group").mean()).mean("y")],
            110,
            "walked together",
            400,
        ),
        Case {
            group_of: scrambled,
            ..case(
                "groups without any order",
                &[120, 262_144],
                &[2, 262_144],
                |t| vec![t.group_by("group").std()],
                160,
                "columns",
                60 * 8,
            )
        },
        case(
            "an anomaly whose groups lie within one chunk: one pass",
            &[64, 128, 4096],
            &[64, 16, 512],
            |t| vec![(t.group_by("group") - t.group_by("group").mean()).std("t")],
            200,
            "",
            64,
        ),
        case(
            "an anomaly whose columns fit: one pass",
            &[64, 128, 4096],
            &[16, 16, 512],
            |t| vec![(t.group_by("group") - t.group_by("group").mean()).std("t"), t.mean(["y", "x"])],
            200,
            "",
            4 * 64,
        ),
        case(
            "an anomaly whose columns do not fit: two passes",
            &[64, 128, 4096],
            &[1, 128, 4096],
            |t| vec![(t.group_by("group") - t.group_by("group").mean()).std("t")],
            220,
            "",
            6 * 64,
        ),
        case(
            "rows that are too long for their accumulators",
            &[40, 1 << 20],
            &[1, 1 << 20],
            |t| vec![t.var("y")],
            64,
            "columns",
            4 * 40,
        ),
        Case {
            disk: 1 << 30,
            ..case(
                "two large results over different dims, with disk to spare",
                &[64, 64, 4096],
                &[8, 8, 512],
                |t| vec![t.mean("t"), t.var("y"), t.mean("x")],
                22,
                "",
                4 * 8 * 8 * 8,
            )
        },
        case(
            "two large results over different dims, without disk",
            &[64, 64, 4096],
            &[8, 8, 512],
            |t| vec![t.mean("t"), t.var("y"), t.mean("x")],
            22,
            "",
            4 * 8 * 8 * 8,
        ),
    ]
}

fn values(arrays: &[DataArray]) -> Vec<Vec<f64>> {
    arrays.iter().map(|array| array.to_f64().unwrap()).collect()
}

fn close(name: &str, got: &[Vec<f64>], expected: &[Vec<f64>]) {
    for (got, expected) in got.iter().zip(expected) {
        assert_eq!(got.len(), expected.len(), "{name}");
        for (a, b) in got.iter().zip(expected) {
            assert!((a.is_nan() && b.is_nan()) || (a - b).abs() <= 1e-11 * b.abs().max(1.0), "{name}: {a} against {b}");
        }
    }
}

#[test]
fn accumulators_over_the_budget_give_the_same_numbers() {
    let _alone = ALONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    for case in cases() {
        let (t, decoded) = array(&case.shape, &case.chunk, case.group_of);
        let roomy = context(4 << 30, 0);
        let (expected, _) = compute_with((case.asked)(&t), &roomy).unwrap();
        decoded.store(0, Ordering::Relaxed);
        let tight = context(case.budget, case.disk);
        let asked = (case.asked)(&t);
        let plan = asked[0].explain_with(&tight).unwrap();
        let (got, report) =
            compute_with(asked, &tight).unwrap_or_else(|error| panic!("{}: {error}\n{plan}", case.name));
        close(case.name, &values(&got), &values(&expected));
        println!("{}: {report:?}", case.name);
        assert!(report.peak_reserved <= case.budget, "{}", case.name);
        let slack = 48 * MIB;
        assert!(
            report.measured_bytes <= report.peak_reserved + slack,
            "{}: {} measured, {} reserved",
            case.name,
            report.measured_bytes,
            report.peak_reserved
        );
        let reads = decoded.load(Ordering::Relaxed);
        assert!(reads <= case.reads, "{}: {reads} chunks decoded, {} expected\n{plan}", case.name, case.reads);
        let said = report.fitting.iter().any(|line| line.contains(case.says)) || case.says.is_empty();
        assert!(said, "{}: {:?}", case.name, report.fitting);
        assert_eq!((tight.budget.held(), tight.spill.held()), (0, 0), "{}", case.name);
        assert!(report.spilled_bytes == 0 || case.disk > 0, "{}", case.name);
    }
}

#[test]
fn at_half_and_quarter_of_a_claimed_peak_a_job_finishes_or_is_refused_before_it_reads() {
    let _alone = ALONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let (mut finished, mut refused) = (0, 0);
    for case in cases() {
        let (t, decoded) = array(&case.shape, &case.chunk, case.group_of);
        let (expected, report) = compute_with((case.asked)(&t), &context(1 << 30, case.disk)).unwrap();
        let expected = values(&expected);
        for part in [2, 4, 8, 16] {
            decoded.store(0, Ordering::Relaxed);
            let tight = context(report.peak_reserved / part, case.disk);
            match compute_with((case.asked)(&t), &tight) {
                Ok((got, _)) => {
                    close(case.name, &values(&got), &expected);
                    finished += 1;
                }
                Err(error) => {
                    assert_eq!(error.kind(), ErrorKind::OverBudget, "{}: {error}", case.name);
                    assert_eq!(decoded.load(Ordering::Relaxed), 0, "{}: refused after it had read", case.name);
                    refused += 1;
                }
            }
            assert_eq!((tight.budget.held(), tight.spill.held()), (0, 0));
        }
    }
    println!("{finished} finished, {refused} refused");
    assert!(finished >= 8 && refused >= 2, "{finished} finished, {refused} refused");
}

#[test]
fn a_budget_smaller_than_a_chunk_is_refused_with_the_number_that_it_takes() {
    let _alone = ALONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let (t, decoded) = array(&[4, 1 << 20], &[1, 1 << 20], |_| 0);
    let error = compute_with(&t.mean("x"), &context(4 * MIB, 0)).unwrap_err();
    assert_eq!((error.kind(), decoded.load(Ordering::Relaxed)), (ErrorKind::OverBudget, 0));
    let text = error.to_string();
    assert!(text.contains("4.0 MiB") && text.contains("TERRACUBE_BUDGET"), "{text}");
    let needed: f64 = text.split("needs ").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap();
    let enough = context((needed * 1.02 * MIB as f64) as u64, 0);
    assert!(compute_with(&t.mean("x"), &enough).is_ok(), "what it says is needed is enough: {text}");
}
