//! The one that waits: admits tasks in order as memory allows, starts their reads, hands them to workers, watches for cancellation.
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::task::{Context as TaskContext, Poll};
use std::thread::Thread;
use std::time::Duration;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use futures::task::ArcWake;

use super::meter::Meter;
use super::{Context, MemoryBudget, Reservation};
use crate::base::{Error, ErrorKind, Result};
use crate::physical::size;

/// How long the coordinator sleeps at most before it looks at the cancel token again.
const TICK: Duration = Duration::from_millis(10);

/// Reads that wait for a network are started this far ahead, if memory allows.
const PENDING_AHEAD: usize = crate::physical::MOST_IN_FLIGHT as usize;

/// A task whose reads have been started.
pub(super) struct Started {
    /// What is left to wait for before a worker can take it; `None` if nothing.
    pub ready: Option<Pin<Box<dyn Future<Output = Work> + Send>>>,
    /// The work if nothing is to wait for.
    pub work: Option<Work>,
}

/// What a worker does.
pub(super) type Work = Box<dyn FnOnce() -> Result<()> + Send>;

/// A task whose reads are on their way, with the memory it holds.
type Reading = Pin<Box<dyn Future<Output = (Work, Lease)> + Send>>;

/// Memory that a run has in hand from its start to its end, in bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hold {
    /// All of it: results, accumulators and the floor.
    pub all: u64,
    /// What is set aside for one task.
    pub floor: u64,
}

/// What a run has reserved, and what it really takes.
pub(super) struct Watch {
    pub meter: Meter,
    reserved: Arc<Reserved>,
}

#[derive(Default)]
struct Reserved {
    now: AtomicU64,
    most: AtomicU64,
}

impl Watch {
    /// For a run that begins with `bytes` in hand.
    pub fn over(bytes: u64, meter: Meter) -> Self {
        let reserved = Reserved { now: AtomicU64::new(bytes), most: AtomicU64::new(bytes) };
        Self { meter, reserved: Arc::new(reserved) }
    }

    /// The most bytes that were reserved at a time.
    pub fn most_reserved(&self) -> u64 {
        self.reserved.most.load(Ordering::Relaxed)
    }

    fn lease(&self, reservation: Reservation) -> Lease {
        let now = self.reserved.now.fetch_add(reservation.bytes(), Ordering::Relaxed) + reservation.bytes();
        self.reserved.most.fetch_max(now, Ordering::Relaxed);
        Lease { reservation, of: self.reserved.clone() }
    }
}

/// Memory that a task holds.
struct Lease {
    reservation: Reservation,
    of: Arc<Reserved>,
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.of.now.fetch_sub(self.reservation.bytes(), Ordering::Relaxed);
    }
}

/// A task that can be admitted.
pub(super) struct Admission {
    /// Bytes that it takes from its first read to its end.
    pub bytes: u64,
    /// Starts its reads.
    pub start: Box<dyn FnOnce() -> Started + Send>,
}

/// How many tasks may be admitted before the first has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ahead {
    /// One, which all workers share; its successor only reads meanwhile.
    One,
    /// Enough for every worker to find its next one, but no more than this.
    Several(usize),
}

/// Runs `n_tasks` tasks, made one by one by `prepare` in order. `hold` is memory already in hand: its `floor` is enough for the usual
/// task, so that one task at a time can always run, whatever others hold.
///
/// # Errors
/// The first error of a task; cancellation; a task larger than the budget. No task runs any more when it returns.
pub(super) fn coordinate(
    context: &Context,
    n_tasks: u64,
    hold: Hold,
    most: Ahead,
    watch: &mut Watch,
    mut prepare: impl FnMut(u64) -> Result<Admission>,
    mut done: impl FnMut(u64),
) -> Result<()> {
    let (sender, receiver): (Sender<Result<()>>, Receiver<Result<()>>) = channel();
    let waker = futures::task::waker(Arc::new(Unpark(std::thread::current())));
    let mut waiting: FuturesUnordered<Reading> = FuturesUnordered::new();
    let mut held: Option<Admission> = None;
    let (mut next, mut in_flight, mut finished) = (0u64, 0usize, 0u64);
    let mut floor_free = true;
    let mut failure: Option<Error> = None;
    // Reservations of the floor carry no Reservation: they are told apart by who runs.
    let (floor_sender, floor_receiver) = channel::<()>();
    loop {
        if failure.is_none() && context.cancel.is_cancelled() {
            failure = Some(Error::cancelled());
        }
        if failure.is_some() {
            // Dropping a read aborts it.
            in_flight -= waiting.len();
            waiting.clear();
        }
        while failure.is_none() && (held.is_some() || next < n_tasks) {
            let ahead = match (most, waiting.is_empty()) {
                (Ahead::One, true) => 1,
                (Ahead::One, false) => 2,
                (Ahead::Several(most), true) => most.min(2 * context.n_workers()),
                (Ahead::Several(most), false) => most.min(PENDING_AHEAD),
            };
            if in_flight >= ahead {
                break;
            }
            let admission = match held.take().map_or_else(|| prepare(next), Ok) {
                Ok(admission) => admission,
                Err(error) => {
                    failure = Some(error);
                    break;
                }
            };
            while floor_receiver.try_recv().is_ok() {
                floor_free = true;
            }
            // The floor carries one task; a task that is larger takes only the excess from the budget.
            let on_floor = floor_free;
            let beyond = if on_floor { admission.bytes.saturating_sub(hold.floor) } else { admission.bytes };
            let Some(reservation) = context.budget.try_reserve(beyond) else {
                if in_flight == 0 && beyond > context.budget.limit().saturating_sub(hold.all) {
                    failure = Some(too_large(hold.all.saturating_add(beyond), &context.budget));
                }
                held = Some(admission);
                break;
            };
            let lease = watch.lease(reservation);
            floor_free = false;
            next += 1;
            in_flight += 1;
            let started = (admission.start)();
            match (started.work, started.ready) {
                (Some(work), _) => spawn(context, work, lease, on_floor, &sender, &floor_sender),
                (None, Some(ready)) => {
                    let floor_sender = on_floor.then(|| floor_sender.clone());
                    waiting.push(Box::pin(async move {
                        let work = ready.await;
                        let work: Work = match floor_sender {
                            Some(floor) => Box::new(move || {
                                let result = work();
                                let _ = floor.send(());
                                result
                            }),
                            None => work,
                        };
                        (work, lease)
                    }));
                }
                (None, None) => {
                    in_flight -= 1;
                    failure = Some(Error::internal("a task without work"));
                }
            }
        }
        let mut moved = false;
        let mut poll = TaskContext::from_waker(&waker);
        while let Poll::Ready(Some((work, lease))) = waiting.poll_next_unpin(&mut poll) {
            spawn(context, work, lease, false, &sender, &floor_sender);
            moved = true;
        }
        while let Ok(result) = receiver.try_recv() {
            in_flight -= 1;
            moved = true;
            match result {
                Ok(()) => {
                    finished += 1;
                    done(finished);
                }
                Err(error) => failure = Some(failure.unwrap_or(error)),
            }
        }
        if in_flight == 0 && (failure.is_some() || (held.is_none() && next == n_tasks)) {
            return failure.map_or(Ok(()), Err);
        }
        watch.meter.look();
        if !moved {
            std::thread::park_timeout(TICK);
        }
    }
}

fn spawn(context: &Context, work: Work, lease: Lease, on_floor: bool, sender: &Sender<Result<()>>, floor: &Sender<()>) {
    let (sender, floor, coordinator) = (sender.clone(), floor.clone(), std::thread::current());
    context.workers.spawn_fifo(move || {
        let result = catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| Err(panicked(&*panic)));
        drop(lease);
        if on_floor {
            let _ = floor.send(());
        }
        // The coordinator outlives every task; if it is gone there is nobody to tell.
        let _ = sender.send(result);
        coordinator.unpark();
    });
}

/// The error that a panic becomes.
pub(super) fn panicked(panic: &(dyn std::any::Any + Send)) -> Error {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
    Error::internal(format!("a task panicked: {text}"))
}

/// What a job that cannot fit is answered.
pub(super) fn too_large(bytes: u64, budget: &MemoryBudget) -> Error {
    let message = format!("this needs {} in memory at a time, the budget is {}", size(bytes), size(budget.limit()));
    Error::new(ErrorKind::OverBudget, message).hint(
        "select a smaller part, reduce first, write the result to a store instead of memory, or raise the memory budget \
         (TERRACUBE_BUDGET)",
    )
}

struct Unpark(Thread);

impl ArcWake for Unpark {
    fn wake_by_ref(this: &Arc<Self>) {
        this.0.unpark();
    }
}
