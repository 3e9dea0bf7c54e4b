//! The engine as a whole: any chunking gives the unchunked answer, a chunk is read once per pass, plans are what they should be.
#![allow(clippy::unwrap_used, clippy::panic)]
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use proptest::prelude::*;
use terracube_cube::source::{Encoded, Fetch, Source};
use terracube_cube::{
    ALL, Attributes, Block, Calendar, ChunkGrid, Context, Coords, DType, DataArray, Dims, Encoding, MemoryBudget,
    Region, Result, TimeUnit, Variable, compute_with, every,
};

/// A block cut into chunks, which counts its reads.
#[derive(Debug)]
struct Counted {
    block: Block,
    grid: ChunkGrid,
    reads: AtomicU64,
}

impl Source for Counted {
    fn dtype(&self) -> DType {
        self.block.dtype()
    }

    fn grid(&self) -> &ChunkGrid {
        &self.grid
    }

    fn encoded_bound(&self, _region: &Region) -> u64 {
        0
    }

    fn fetch(&self, _region: &Region) -> Fetch {
        self.reads.fetch_add(1, Ordering::Relaxed);
        Fetch::Ready(Ok(Encoded::default()))
    }

    fn decode(&self, _encoded: Encoded, region: &Region) -> Result<Block> {
        self.block.region(region)
    }
}

fn labelled(source: Arc<dyn Source>, shape: &[u64]) -> DataArray {
    let dims = Dims::new(["time", "lat", "lon"]).unwrap();
    let array = DataArray::new(
        Some("t"),
        Variable::from_source(dims, source, Attributes::new(), Encoding::default()),
        Coords::default(),
    );
    let days = (0..shape[0] as i64).map(|day| day * 86_400 * 17).collect();
    let time = DType::Time { unit: TimeUnit::S, calendar: Calendar::NoLeap };
    array
        .with_coord_block("time", Block::with_dtype::<i64>(time, &[shape[0] as usize], days).unwrap())
        .with_coord("lat", (0..shape[1]).map(|i| 60.0 - 7.0 * i as f64).collect())
        .with_coord("lon", (0..shape[2]).map(|i| i as f64 * 11.0).collect())
}

fn chunked(block: &Block, shape: &[u64], chunk: &[u64]) -> (DataArray, Arc<Counted>) {
    let source =
        Arc::new(Counted { block: block.clone(), grid: ChunkGrid::regular(shape, chunk), reads: AtomicU64::new(0) });
    (labelled(source.clone(), shape), source)
}

/// Everything that a notebook does with one array.
fn battery(t: &DataArray) -> Vec<(&'static str, DataArray)> {
    let climatology = t.group_by("time.month").mean();
    vec![
        ("mean over time", t.mean("time")),
        ("mean over all", t.mean(ALL)),
        ("std over space", t.std(["lat", "lon"])),
        ("sum over lat", t.sum("lat")),
        ("min over lon", t.min("lon")),
        ("max keeping missing", t.max(["time", "lon"]).keep_nan()),
        ("var with one degree", t.var("time").ddof(1)),
        ("count", t.count(["time", "lat"])),
        ("arithmetic", (t - 3.0) * 2.0 / (t + 100.0)),
        ("chosen", t.where_(t.gt(0.0) & t.lt(5.0))),
        ("slices", t.isel("time", 1..).isel("lat", every(2)).isel("lon", -1)),
        ("turned", t.transpose(["lon", "time"]).isel("time", every(-1))),
        ("labels", t.sel("lat", 20.0..=55.0).mean("lat")),
        ("across the seam", t.sel("lon", -20.0..=25.0)),
        ("reduced and cut", t.mean("time").isel("lat", 0..1)),
        ("against its mean", t - t.mean("time")),
        ("twice reduced", t.mean("time").max("lat")),
        ("climatology", climatology.clone()),
        ("seasons", t.group_by("time.season").max()),
        ("anomaly", t.group_by("time.month") - &climatology),
        ("spread of the anomaly", (t.group_by("time.month") - &climatology).std("time")),
    ]
}

/// Up to the rounding of one value of the dtype.
fn close(name: &str, got: &[f64], expected: &[f64], dtype: DType) {
    assert_eq!(got.len(), expected.len(), "{name}");
    let eps = if dtype == DType::F32 { f64::from(f32::EPSILON) } else { 1e-12 };
    for (a, b) in got.iter().zip(expected) {
        let fits = (a.is_nan() && b.is_nan()) || (a - b).abs() <= eps * b.abs().max(1.0);
        assert!(fits, "{name}: {a} against {b}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn any_chunking_gives_the_unchunked_answer(
        shape in [6u64..30, 2u64..8, 1u64..9],
        cuts in [1u64..31, 1u64..9, 1u64..10],
        seed in any::<u64>(),
        single in any::<bool>(),
        workers in 1usize..4,
    ) {
        let n = shape.iter().product::<u64>();
        let mut state = seed | 1;
        let values: Vec<f64> = (0..n).map(|_| {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            if state >> 60 == 0 { f64::NAN } else { ((state >> 33) % 4000) as f64 / 200.0 - 8.0 }
        }).collect();
        let extents: Vec<usize> = shape.iter().map(|&len| len as usize).collect();
        let block = if single {
            Block::new(&extents, values.iter().map(|&v| v as f32).collect()).unwrap()
        } else {
            Block::new(&extents, values).unwrap()
        };
        let context = Context::new(workers, MemoryBudget::new(1 << 30)).unwrap();
        let (whole, _) = chunked(&block, &shape, &shape);
        let (cut, _) = chunked(&block, &shape, &cuts);
        let together: Vec<DataArray> = battery(&cut).into_iter().map(|(_, array)| array).collect();
        let (together, _) = compute_with(together, &context).unwrap();
        for (((name, expected), (_, alone)), together) in battery(&whole).into_iter().zip(battery(&cut)).zip(together) {
            let expected = compute_with(&expected, &context).unwrap().0;
            let values = expected.to_f64().unwrap();
            let alone = compute_with(&alone, &context).unwrap().0;
            prop_assert_eq!(alone.shape(), expected.shape());
            close(name, &alone.to_f64().unwrap(), &values, expected.dtype());
            close(name, &together.to_f64().unwrap(), &values, expected.dtype());
        }
    }
}

/// What is asked for, given an array; how many reads of its 24 chunks that takes at most.
type Row = (&'static str, fn(&DataArray) -> Vec<DataArray>, u64);

#[test]
fn each_pass_reads_each_needed_chunk_once() {
    let shape = [24u64, 200, 300];
    let block = Block::new(&[24, 200, 300], vec![1.0f64; 24 * 200 * 300]).unwrap();
    let rows: &[Row] = &[
        ("one mean", |t| vec![t.mean("time")], 24),
        ("three results in one pass", |t| vec![t.mean("time"), t.std("time"), t.max("time")], 24),
        ("results over different dims in one pass", |t| vec![t.mean("time"), t.mean(["lat", "lon"])], 24),
        ("a point reads one column of chunks", |t| vec![t.isel("lat", 3).isel("lon", 250)], 6),
        ("a selection of a reduction reads only its chunks", |t| vec![t.mean("time").isel("lat", 0..10)], 12),
        (
            "an anomaly whose columns fit the budget reads once",
            |t| vec![(t.group_by("time.month") - t.group_by("time.month").mean()).std("time")],
            24,
        ),
        ("an array used twice is read once", |t| vec![(t * t + t).sum(ALL)], 24),
        ("nothing is read of a constant", |_| vec![DataArray::from_vec(["x"], &[2], vec![1.0, 2.0]).mean("x")], 0),
    ];
    for (name, asked, expected) in rows {
        let (t, source) = chunked(&block, &shape, &[4, 100, 150]);
        let context = Context::new(2, MemoryBudget::new(1 << 30)).unwrap();
        let (_, report) = compute_with(asked(&t), &context).unwrap();
        assert_eq!(source.reads.load(Ordering::Relaxed), *expected, "{name}");
        assert_eq!(report.chunks_read, *expected, "{name}");
    }
}

#[test]
fn building_and_planning_reads_nothing_and_costs_nothing_for_a_billion_chunks() {
    let huge = Counted {
        block: Block::scalar(0.0f32),
        grid: ChunkGrid::regular(&[1_000_000_000, 721, 1440], &[1, 721, 1440]),
        reads: AtomicU64::new(0),
    };
    let source = Arc::new(huge);
    let dims = Dims::new(["time", "lat", "lon"]).unwrap();
    let t = DataArray::new(
        None,
        Variable::from_source(dims, source.clone(), Attributes::new(), Encoding::default()),
        Coords::default(),
    );
    let plan = (t.isel("time", 10..900_000_000).mean("time") * 2.0).explain().unwrap();
    assert!(plan.contains("1 pass over the data"), "{plan}");
    assert_eq!(source.reads.load(Ordering::Relaxed), 0);
}

#[test]
fn a_budget_too_small_is_refused_with_numbers_and_a_remedy_before_anything_is_read() {
    let block = Block::new(&[8, 200, 300], vec![1.0f64; 8 * 200 * 300]).unwrap();
    let (t, source) = chunked(&block, &[8, 200, 300], &[8, 200, 300]);
    let context = Context::new(2, MemoryBudget::new(1 << 20)).unwrap();
    let error = compute_with(&(&t + 1.0), &context).unwrap_err();
    assert!(error.to_string().contains("MiB") && error.to_string().contains("budget"), "{error}");
    assert_eq!(source.reads.load(Ordering::Relaxed), 0);
}

#[test]
fn mistakes_travel_and_name_the_thing() {
    let block = Block::new(&[6, 3, 4], vec![1.0f64; 72]).unwrap();
    let (t, _) = chunked(&block, &[6, 3, 4], &[2, 3, 4]);
    let rows: Vec<(DataArray, &[&str])> = vec![
        (t.mean("latt"), &["latt", "did you mean `lat`"]),
        (t.isel("time", 6), &["position 6", "time"]),
        (t.sel("lat", 5.0..=6.0), &["lat"]),
        (t.sel("lat", 59.0), &["59", "near"]),
        (t.group_by("time.mnth").mean(), &["mnth", "month"]),
        (t.coord("lats"), &["lats", "did you mean `lat`"]),
        (t.where_(&t), &["condition must be bool"]),
        (&t + t.isel("lat", 0..2).not_cyclic().transpose(["lon"]).isel("lon", 0..3).mean("nope"), &["nope"]),
        (t.mean("lon") - DataArray::from_vec(["time"], &[5], vec![0.0; 5]), &["time", "6", "5"]),
        (t.ddof(1), &["ddof", "reduction"]),
    ];
    for (array, parts) in rows {
        let error = array.compute().unwrap_err().to_string();
        for part in parts {
            assert!(error.contains(part), "{error:?} lacks {part:?}");
        }
    }
}

#[test]
fn conditions_follow_labels_and_not_positions() {
    let a = DataArray::from_vec(["x"], &[2], vec![1.0, 2.0]);
    let b = DataArray::from_vec(["y"], &[3], vec![10.0, 20.0, 30.0]).with_coord("y", vec![0i64, 1, 2]);
    let c = DataArray::from_vec(["y"], &[3], vec![1.0, 0.0, 0.0]).with_coord("y", vec![2i64, 1, 0]).gt(0.5);
    let chosen = a.where_else(&c, &b).sel("y", 2i64).to_f64().unwrap();
    assert_eq!(chosen, [1.0, 2.0], "the condition holds at label 2");
    assert_eq!(a.where_else(&c, &b).sel("y", 0i64).to_f64().unwrap(), [10.0, 10.0]);
}

#[test]
fn groups_without_labels_must_be_as_many() {
    let block = Block::new(&[3, 1, 1], vec![1.0f64, 2.0, 3.0]).unwrap();
    let (t, _) = chunked(&block, &[3, 1, 1], &[3, 1, 1]);
    let unlabelled = DataArray::from_vec(["month"], &[12], vec![0.0; 12]);
    let error = (t.group_by("time.month") - &unlabelled).error().unwrap().to_string();
    assert!(error.contains("12") && error.contains("month"), "{error}");
}

#[test]
fn what_labelled_positions_does_not_label_groups() {
    let names =
        Variable::from_block(Dims::new(["x"]).unwrap(), Block::from_strings(&[4], ["a", "b", "c", "d"]).unwrap());
    let t = DataArray::from_vec(["x"], &[4], vec![1.0, 2.0, 3.0, 5.0])
        .with_coord("x", vec![7i64, 8, 7, 8])
        .with_coord_variable("name", names);
    assert!(t.group_by("x").mean().coords().get("name").is_none());
}

#[test]
fn a_scalar_coordinate_does_not_take_the_labels_of_the_other_side() {
    let t = DataArray::from_vec(["x"], &[3], vec![1.0, 2.0, 3.0]).with_coord("x", vec![5i64, 6, 7]);
    assert!((t.isel("x", 0) - &t).coords().get("x").is_some_and(|coord| coord.is_dimension()));
}

#[test]
fn a_variable_with_other_labels_is_refused() {
    let held = DataArray::from_vec(["x"], &[2], vec![1.0, 2.0]).with_coord("x", vec![10i64, 20]).named("held");
    let dataset = held.to_dataset();
    let error = dataset.with_var("other", &held.with_coord("x", vec![10i64, 30])).unwrap_err().to_string();
    assert!(error.contains("`x` of `other` has other labels"), "{error}");
    assert!(dataset.with_var("longer", &DataArray::from_vec(["x"], &[3], vec![0.0; 3])).is_err());
    let both = dataset.with_var("twice", &(&held * 2.0)).unwrap();
    assert_eq!(both.var("twice").to_f64().unwrap(), [2.0, 4.0]);
}

#[test]
fn chains_that_use_a_value_twice_stay_small_and_deep_ones_are_computed() {
    let block = Block::new(&[6, 3, 4], vec![1.0f64; 72]).unwrap();
    let (t, source) = chunked(&block, &[6, 3, 4], &[2, 3, 4]);
    let mut chain = t.clone();
    for _ in 0..60 {
        chain = chain.where_(chain.gt(0.0));
    }
    assert_eq!(chain.isel("lat", 0).count(ALL).item().unwrap(), 24.0);
    assert_eq!(source.reads.load(Ordering::Relaxed), 3);
    for _ in 0..10_000 {
        chain = &chain + 1.0;
    }
    assert!(chain.explain().unwrap().lines().count() > 10_000);
    assert_eq!(chain.isel("lat", 0).mean(ALL).item().unwrap(), 10_001.0);
    for _ in 0..10_000 {
        chain = &chain + 1.0;
    }
    assert!(chain.error().unwrap().to_string().contains("operations deep"));
}

/// Tasks that all workers share, groups that need more than their values, packed values: other ways through the executor than small ones.
#[test]
fn large_tasks_give_the_answers_of_small_ones_and_read_once() {
    type Asked = fn(&DataArray) -> DataArray;
    let (n_times, n_lat, n_lon) = (740usize, 60, 160);
    let mut state = 7u64;
    let values: Vec<f64> = (0..n_times * n_lat * n_lon)
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            if state >> 60 == 0 { f64::NAN } else { (state >> 40) as f64 / 1e5 }
        })
        .collect();
    let block = Block::new(&[n_times, n_lat, n_lon], values).unwrap();
    let shape = [n_times as u64, n_lat as u64, n_lon as u64];
    let rows: &[(&str, Asked)] = &[
        ("a climatology of days", |t| t.group_by("time.dayofyear").mean()),
        ("the spread of days", |t| (t * 2.0).group_by("time.dayofyear").std()),
        ("anomalies", |t| t.group_by("time.month") - t.group_by("time.month").mean()),
        ("their spread", |t| (t.group_by("time.month") - t.group_by("time.month").mean()).std("time")),
        ("against the mean of a plane", |t| (t - t.mean(["lat", "lon"])).max("time")),
    ];
    for (name, asked) in rows {
        let context = Context::new(2, MemoryBudget::new(2 << 30)).unwrap();
        let (whole, _) = chunked(&block, &shape, &shape);
        let expected = compute_with(asked(&whole), &context).unwrap().0.values().unwrap().to_f64().unwrap();
        let (t, source) = chunked(&block, &shape, &[60, n_lat as u64, n_lon as u64]);
        let (got, report) = compute_with(asked(&t), &context).unwrap();
        close(name, &got.values().unwrap().to_f64().unwrap(), &expected, DType::F64);
        let reads = source.reads.load(Ordering::Relaxed);
        assert_eq!(reads, 13 * report.passes as u64, "{name}");
        assert!(report.peak_reserved <= 2 << 30, "{name}");
    }
}
