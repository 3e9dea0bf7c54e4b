//! The coordinator under strain: inputs with different chunks, several outputs, tiny budgets, random failures, cancellations.
//! No deadlock, budget held, right or an error.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use terracube_cube::data::into_sinks;
use terracube_cube::execute::{ArraySpec, GatheredSink, Sink};
use terracube_cube::source::{Encoded, Fetch, Source};
use terracube_cube::{
    Attributes, Block, CancelToken, ChunkGrid, Context, Coords, DType, DataArray, Dims, Encoding, Error, ErrorKind,
    MemoryBudget, Region, Result, Variable, compute_with,
};

/// Values that say where they stand; reads take a moment and fail now and then.
#[derive(Debug)]
struct Unsteady {
    grid: ChunkGrid,
    fetches: AtomicU64,
    /// Every so many fetches one fails; 0 never.
    fails_every: u64,
    deferred: bool,
}

impl Unsteady {
    fn new(shape: &[u64], chunk: &[u64], fails_every: u64, deferred: bool) -> Arc<Self> {
        let grid = ChunkGrid::regular(shape, chunk);
        Arc::new(Self { grid, fetches: AtomicU64::new(0), fails_every, deferred })
    }

    fn array(self: &Arc<Self>) -> DataArray {
        let dims = Dims::new(["t", "y", "x"]).unwrap();
        let variable = Variable::from_source(dims, self.clone(), Attributes::new(), Encoding::default());
        DataArray::new(Some("v"), variable, Coords::default())
    }
}

impl Source for Unsteady {
    fn dtype(&self) -> DType {
        DType::F64
    }

    fn grid(&self) -> &ChunkGrid {
        &self.grid
    }

    fn encoded_bound(&self, region: &Region) -> u64 {
        region.size() * 8
    }

    fn fetch(&self, region: &Region) -> Fetch {
        let n = self.fetches.fetch_add(1, Ordering::Relaxed) + 1;
        let fails = self.fails_every > 0 && n.is_multiple_of(self.fails_every);
        let encoded = vec![0u8; (region.size() * 8) as usize];
        let answer = if fails {
            Err(Error::io(format!("chunk {region:?} was lost")))
        } else {
            Ok(Encoded { pieces: vec![Some(encoded.into())] })
        };
        if !self.deferred {
            return Fetch::Blocking(Box::new(move || answer));
        }
        let (sender, receiver) = futures::channel::oneshot::channel();
        std::thread::spawn(move || {
            std::thread::sleep(Duration::from_micros(200 + 37 * (n % 7)));
            let _ = sender.send(answer);
        });
        Fetch::Pending(Box::pin(async move { receiver.await.unwrap_or_else(|_| Err(Error::cancelled())) }))
    }

    fn decode(&self, _encoded: Encoded, region: &Region) -> Result<Block> {
        let mut values = Vec::new();
        for t in region.range(0) {
            for y in region.range(1) {
                values.extend(region.range(2).map(|x| (t * 10_000 + y * 100 + x) as f64));
            }
        }
        Block::new(&region.extents(), values)
    }
}

const SHAPE: [u64; 3] = [24, 30, 20];

fn results(a: &DataArray, b: &DataArray, context: &Context) -> Result<Vec<Vec<f64>>> {
    let sum = a + b;
    let asked = (&sum.mean("t"), &sum.max(["y", "x"]), &(a - b).std("t"), &sum);
    let ((mean, max, std, values), report) = compute_with(asked, context)?;
    assert!(report.peak_reserved <= context.budget.limit());
    [mean, max, std, values].iter().map(DataArray::to_f64).collect()
}

fn in_time<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || sender.send(work()));
    receiver.recv_timeout(Duration::from_secs(60)).expect("deadlock: no answer in a minute")
}

#[test]
fn a_two_input_stage_with_different_chunks_is_right_under_every_budget_or_refused() {
    let whole = Unsteady::new(&SHAPE, &SHAPE, 0, false).array();
    let roomy = Context::new(2, MemoryBudget::new(1 << 30)).unwrap();
    let expected = results(&whole, &whole, &roomy).unwrap();
    let (mut done, mut refused) = (0, 0);
    for deferred in [false, true] {
        for budget in [1 << 20, 5 << 20, 6 << 20, 8 << 20, 20 << 20, 1 << 30] {
            for chunks in [([5, 30, 20], [24, 7, 6]), ([1, 30, 20], [24, 1, 20]), ([24, 30, 20], [4, 4, 4])] {
                let expected = expected.clone();
                let outcome = in_time(move || {
                    let a = Unsteady::new(&SHAPE, &chunks.0, 0, deferred).array();
                    let b = Unsteady::new(&SHAPE, &chunks.1, 0, deferred).array();
                    let context = Context::new(3, MemoryBudget::new(budget)).unwrap();
                    let outcome = results(&a, &b, &context);
                    assert_eq!(context.budget.held(), 0, "all is given back");
                    assert!(context.budget.peak() <= budget);
                    outcome.map(|got| assert_eq!(got, expected))
                });
                match outcome {
                    Ok(()) => done += 1,
                    Err(error) => {
                        assert_eq!(error.kind(), ErrorKind::OverBudget, "{error}");
                        refused += 1;
                    }
                }
            }
        }
    }
    assert!(done >= 18 && refused >= 6, "{done} done, {refused} refused");
}

#[test]
fn a_failed_read_ends_the_run_with_its_error_and_everything_is_given_back() {
    for fails_every in [1, 2, 5, 11] {
        for deferred in [false, true] {
            let (error, held) = in_time(move || {
                let a = Unsteady::new(&SHAPE, &[3, 10, 20], fails_every, deferred).array();
                let b = Unsteady::new(&SHAPE, &[24, 5, 5], 0, deferred).array();
                let context = Context::new(2, MemoryBudget::new(16 << 20)).unwrap();
                (results(&a, &b, &context).unwrap_err(), context.budget.held())
            });
            assert!(error.to_string().contains("was lost"), "{error}");
            assert_eq!(held, 0);
        }
    }
}

#[test]
fn a_cancelled_run_stops_soon_and_the_context_can_be_used_again() {
    for after in [0, 1, 5, 20] {
        in_time(move || {
            let a = Unsteady::new(&[400, 30, 20], &[1, 30, 20], 0, true).array();
            let token = CancelToken::new();
            let context = Context::new(2, MemoryBudget::new(64 << 20)).unwrap();
            let run = context.clone().with_cancel(token.clone());
            std::thread::spawn(move || {
                std::thread::sleep(Duration::from_millis(after));
                token.cancel();
            });
            let outcome = compute_with(&a.mean("t"), &run);
            if let Err(error) = outcome {
                assert_eq!(error.kind(), ErrorKind::Cancelled);
            }
            assert_eq!(context.budget.held(), 0);
            assert!(compute_with(&a.isel("t", 3), &context).is_ok());
        });
    }
}

#[test]
fn runs_side_by_side_share_one_budget_without_deadlock() {
    in_time(|| {
        let context = Context::new(2, MemoryBudget::new(12 << 20)).unwrap();
        let runs: Vec<_> = (0..4)
            .map(|n| {
                let context = context.clone();
                std::thread::spawn(move || {
                    let a = Unsteady::new(&SHAPE, &[2, 30, 20], 0, n % 2 == 0).array();
                    for _ in 0..5 {
                        compute_with(&a.sum("t"), &context).unwrap();
                    }
                })
            })
            .collect();
        runs.into_iter().for_each(|run| run.join().unwrap());
        assert_eq!(context.budget.held(), 0);
    });
}

/// Keeps what comes, and looks whether it is a chunk.
struct Chunks {
    grid: ChunkGrid,
    came: Mutex<Vec<(Region, Block)>>,
}

impl Sink for Chunks {
    fn begin(&self, spec: &ArraySpec) -> Result<()> {
        assert_eq!(spec.grid, self.grid);
        Ok(())
    }

    fn write(&self, region: &Region, block: &Block) -> Result<()> {
        assert_eq!(self.grid.touching(region).collect::<Vec<_>>(), std::slice::from_ref(region), "a whole chunk");
        self.came.lock().unwrap().push((region.clone(), block.clone()));
        Ok(())
    }

    fn finish(&self) -> Result<()> {
        Ok(())
    }
}

#[test]
fn chunks_across_those_of_the_source_come_once_whole_and_right_and_nothing_is_read_twice() {
    const SHAPE: [u64; 3] = [60, 130, 150];
    let cases: [([u64; 3], [u64; 3]); 6] = [
        ([6, 130, 150], [60, 20, 40]),
        ([30, 50, 150], [60, 7, 150]),
        ([60, 130, 50], [9, 130, 150]),
        ([25, 65, 150], [10, 130, 70]),
        ([20, 130, 75], [60, 65, 150]),
        ([60, 65, 75], [1, 130, 150]),
    ];
    for (source, wanted) in cases {
        for deferred in [false, true] {
            let (read, peak) = in_time(move || {
                let values = Unsteady::new(&SHAPE, &source, 0, deferred);
                let context = Context::new(3, MemoryBudget::new(1 << 30)).unwrap();
                let grid = ChunkGrid::regular(&SHAPE, &wanted);
                let chunks = Arc::new(Chunks { grid: grid.clone(), came: Mutex::default() });
                let expr = (values.array() + 1.0).variable().expr().clone();
                let gathered = GatheredSink::before(chunks.clone(), &grid, expr.grid()).unwrap();
                let sink: Arc<dyn Sink> = Arc::new(gathered);
                let report = into_sinks(&[expr], &[sink], &context).unwrap();
                let came = chunks.came.lock().unwrap();
                assert_eq!(came.len() as u64, grid.n_chunks());
                for (region, block) in came.iter() {
                    let plain = values.decode(Encoded::default(), region).unwrap();
                    let plus_one: Vec<f64> = plain.values::<f64>().unwrap().iter().map(|v| v + 1.0).collect();
                    assert_eq!(block.values::<f64>().unwrap(), plus_one, "{region:?}");
                }
                assert_eq!(context.budget.held(), 0);
                (values.fetches.load(Ordering::Relaxed), report.peak_reserved)
            });
            assert_eq!(read, ChunkGrid::regular(&SHAPE, &source).n_chunks(), "{source:?} to {wanted:?}");
            assert!(peak < 60 << 20, "{peak}");
        }
    }
}
