//! Runs that end badly: cancelled ones stop soon, failed ones name the chunk, and nothing is left behind.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]
use std::sync::Arc;
use std::time::{Duration, Instant};

use terracube_cube::source::{Encoded, Fetch, Source, SourceSpec, SyntheticSource};
use terracube_cube::{
    Attributes, Block, CancelToken, ChunkGrid, Context, Coords, DType, DataArray, Dims, Encoding, Error, ErrorKind,
    MemoryBudget, Region, Result, SpillSpace, Variable, compute_with,
};

const MIB: u64 = 1 << 20;

fn array(source: Arc<dyn Source>) -> DataArray {
    let n = source.grid().shape()[0];
    let names = ["t", "y", "x"];
    let dims = Dims::new(names[..source.grid().rank()].iter().copied()).unwrap();
    let variable = Variable::from_source(dims, source, Attributes::new(), Encoding::default());
    let groups: Vec<i64> = (0..n as i64).map(|row| row % 20).collect();
    let groups = Variable::from_block(Dims::new(["t"]).unwrap(), Block::new(&[groups.len()], groups).unwrap());
    DataArray::new(Some("v"), variable, Coords::default()).with_coord_variable("group", groups)
}

/// Threads and open files of this process.
fn open_things() -> (usize, usize) {
    let count = |path| std::fs::read_dir(path).unwrap().count();
    (count("/proc/self/task"), count("/proc/self/fd"))
}

/// Tests of one process would see each other's threads.
static ALONE: std::sync::Mutex<()> = std::sync::Mutex::new(());

/// Threads of pools that were dropped before may end meanwhile.
fn nothing_left(before: (usize, usize), name: &str) {
    let after = open_things();
    assert!(after.0 <= before.0 && after.1 <= before.1, "{name}: threads and files {before:?} before, {after:?} after");
}

#[test]
fn every_workload_stops_within_200_ms_of_its_cancellation_and_gives_everything_back() {
    let _alone = ALONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    type Workload = (&'static str, [u64; 3], [u64; 3], u64, fn(&DataArray) -> Vec<DataArray>);
    let workloads: &[Workload] = &[
        ("mean over many small chunks", [100_000, 16, 1024], [1, 16, 1024], 256, |t| vec![t.mean("t")]),
        ("mean over large chunks", [400, 1024, 1024], [1, 1024, 1024], 256, |t| vec![t.mean(["y", "x"])]),
        // Not much: where pages come slowly from a host, giving a gigabyte back takes longer than 200 ms.
        ("values into memory", [150, 256, 512], [1, 256, 512], 1024, |t| vec![(t + 1.0).sqrt()]),
        ("climatology, group by group", [2000, 256, 1024], [1, 256, 1024], 100, |t| vec![t.group_by("group").std()]),
        ("anomaly in two passes", [2000, 256, 1024], [1, 256, 1024], 200, |t| {
            vec![(t.group_by("group") - t.group_by("group").mean()).std("t")]
        }),
        ("columns", [2000, 1024, 1024], [1, 1024, 1024], 64, |t| vec![t.var("t")]),
        ("accumulators on disk", [16_384, 8, 8192], [32, 8, 256], 40, |t| vec![t.mean("x"), t.mean("t"), t.var("x")]),
    ];
    for (name, shape, chunk, budget, asked) in workloads {
        let pause = Duration::from_millis(if shape[0] == 150 { 10 } else { 0 });
        let source = SyntheticSource::new(ChunkGrid::regular(shape, chunk), move |region, values| {
            std::thread::sleep(pause);
            values.iter_mut().enumerate().for_each(|(i, value)| *value = (region.range(0).start + i as u64) as f64);
        });
        let t = array(Arc::new(source));
        let token = CancelToken::new();
        let context = Context::new(2, MemoryBudget::new(budget * MIB)).unwrap();
        let context = context.with_spill(SpillSpace::new(std::env::temp_dir(), 4 << 30)).with_cancel(token.clone());
        let before = open_things();
        let canceller = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(300));
            token.cancel();
            Instant::now()
        });
        let error = match compute_with(asked(&t), &context) {
            Ok((_, report)) => panic!("{name}: finished too soon: {report:?}"),
            Err(error) => error,
        };
        let ended = Instant::now();
        assert_eq!(error.kind(), ErrorKind::Cancelled, "{name}: {error}");
        let late = ended.saturating_duration_since(canceller.join().unwrap());
        println!("{name}: {late:?} after the cancellation");
        assert!(late < Duration::from_millis(200), "{name}: {late:?}");
        assert_eq!((context.budget.held(), context.spill.held()), (0, 0), "{name}");
        nothing_left(before, name);
    }
}

/// Breaks at one chunk.
#[derive(Debug)]
struct Broken {
    grid: ChunkGrid,
    how: How,
}

#[derive(Debug, Clone, Copy)]
enum How {
    FetchFails,
    FetchFailsLater,
    DecodeFails,
    DecodePanics,
    MoreThanAnnounced,
    AnotherShape,
}

impl Source for Broken {
    fn spec(&self) -> Option<SourceSpec> {
        let [reader, url, variable] = ["test", "s3://bucket/cube.zarr", "sst"].map(str::to_owned);
        Some(SourceSpec { reader, url, variable })
    }

    fn dtype(&self) -> DType {
        DType::F64
    }

    fn grid(&self) -> &ChunkGrid {
        &self.grid
    }

    fn encoded_bound(&self, _region: &Region) -> u64 {
        100
    }

    fn fetch(&self, region: &Region) -> Fetch {
        let broken = region.range(0).start == 40;
        let n_bytes = if broken && matches!(self.how, How::MoreThanAnnounced) { 101 } else { 100 };
        let fine = Ok(Encoded { pieces: vec![Some(vec![0u8; n_bytes].into())] });
        match self.how {
            How::FetchFails if broken => Fetch::Blocking(Box::new(|| Err(Error::io("the disk is gone")))),
            How::FetchFailsLater if broken => {
                Fetch::Pending(Box::pin(async { Err(Error::io("the connection is gone")) }))
            }
            How::FetchFailsLater => Fetch::Pending(Box::pin(async { fine })),
            _ => Fetch::Ready(fine),
        }
    }

    fn decode(&self, _encoded: Encoded, region: &Region) -> Result<Block> {
        let mut extents = region.extents();
        if region.range(0).start == 40 {
            match self.how {
                How::DecodeFails => return Err(Error::corrupt("the checksum is wrong")),
                How::DecodePanics => panic!("index out of bounds"),
                How::AnotherShape => extents[0] += 1,
                _ => {}
            }
        }
        let n = extents.iter().product();
        Block::new(&extents, vec![1.0f64; n])
    }
}

#[test]
fn a_chunk_that_fails_ends_the_run_with_its_name_and_leaves_nothing_behind() {
    let _alone = ALONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let rows: &[(How, ErrorKind, &[&str])] = &[
        (How::FetchFails, ErrorKind::Io, &["sst", "s3://bucket/cube.zarr", "chunk [40..50", "the disk is gone"]),
        (How::FetchFailsLater, ErrorKind::Io, &["sst", "chunk [40..50", "the connection is gone"]),
        (How::DecodeFails, ErrorKind::Corrupt, &["sst", "chunk [40..50", "checksum"]),
        (How::DecodePanics, ErrorKind::Internal, &["sst", "chunk [40..50", "index out of bounds"]),
        (How::MoreThanAnnounced, ErrorKind::Corrupt, &["chunk [40..50", "101 bytes", "at most 100"]),
        (How::AnotherShape, ErrorKind::Corrupt, &["chunk [40..50", "11"]),
    ];
    let context = Context::new(2, MemoryBudget::new(64 * MIB)).unwrap();
    let asked: [fn(&DataArray) -> DataArray; 3] =
        [|t| t.mean("t"), |t| t.group_by("group") - t.group_by("group").mean(), |t| t + 1.0];
    let before = open_things();
    for (how, kind, parts) in rows {
        for asked in asked {
            // Chunks of 2 MiB are not joined.
            let t = array(Arc::new(Broken { grid: ChunkGrid::regular(&[100, 256, 128], &[10, 256, 128]), how: *how }));
            let error = compute_with(&asked(&t), &context).unwrap_err();
            assert_eq!(error.kind(), *kind, "{how:?}: {error}");
            for part in *parts {
                assert!(error.to_string().contains(part), "{how:?}: {error} lacks {part}");
            }
            assert_eq!(context.budget.held(), 0);
            nothing_left(before, &format!("{how:?}"));
        }
    }
}

#[test]
fn computing_inside_a_computation_is_an_error_that_says_so() {
    let _alone = ALONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    #[derive(Debug)]
    struct Nested(DataArray, Context, ChunkGrid);
    impl Source for Nested {
        fn dtype(&self) -> DType {
            DType::F64
        }
        fn grid(&self) -> &ChunkGrid {
            &self.2
        }
        fn encoded_bound(&self, _region: &Region) -> u64 {
            0
        }
        fn fetch(&self, _region: &Region) -> Fetch {
            Fetch::Ready(Ok(Encoded::default()))
        }
        fn decode(&self, _encoded: Encoded, _region: &Region) -> Result<Block> {
            compute_with(&self.0.mean("t"), &self.1)?;
            Err(Error::internal("it did compute"))
        }
    }
    let context = Context::new(1, MemoryBudget::new(64 * MIB)).unwrap();
    let grid = ChunkGrid::regular(&[10], &[5]);
    let inner = array(Arc::new(SyntheticSource::new(grid.clone(), |_, values| values.fill(1.0))));
    let outer = array(Arc::new(Nested(inner, context.clone(), grid)));
    let error = compute_with(&outer.mean("t"), &context).unwrap_err().to_string();
    assert!(error.contains("inside a computation") && error.contains("compute first"), "{error}");
    assert_eq!(context.budget.held(), 0);
}
