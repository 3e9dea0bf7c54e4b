//! The one async runtime of the process, on which every remote read and write is spawned.
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, OnceLock, mpsc};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use futures::future::BoxFuture;
use terracube_cube::{Error, Result};
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;

/// Threads of the runtime. They only move bytes and run TLS; decoding happens on the engine's own pool.
const N_THREADS: usize = 2;

/// Starts `work` on the runtime and returns a future of its result: pollable anywhere (no runtime needed); dropping it aborts the work.
///
/// # Errors
/// The future fails with the error of `work`, or if the runtime cannot be started.
pub fn spawn<T: Send + 'static>(
    work: impl Future<Output = Result<T>> + Send + 'static,
) -> BoxFuture<'static, Result<T>> {
    match runtime() {
        Ok(runtime) => Box::pin(Spawned(runtime.spawn(work))),
        Err(error) => Box::pin(std::future::ready(Err(error))),
    }
}

/// Runs `work` on the runtime and blocks this thread until it ends. Works inside an async caller too, because it waits on a channel.
///
/// # Errors
/// The error of `work`, or if the runtime cannot be started.
pub fn wait<T: Send + 'static>(work: impl Future<Output = Result<T>> + Send + 'static) -> Result<T> {
    let (sender, receiver) = mpsc::channel();
    runtime()?.spawn(async move {
        // The receiver is gone only if the waiting thread is.
        let _ = sender.send(work.await);
    });
    receiver.recv().unwrap_or_else(|_| Err(Error::internal("a read ended without a result")))
}

/// Drives a future on this thread, for futures that wait only for other threads (never for the runtime's timers or sockets).
pub(crate) fn drive<T>(future: impl Future<Output = T>) -> T {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = std::pin::pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(value) => return value,
            Poll::Pending => thread::park(),
        }
    }
}

fn runtime() -> Result<&'static Runtime> {
    static RUNTIME: OnceLock<Result<Runtime>> = OnceLock::new();
    RUNTIME
        .get_or_init(|| {
            tokio::runtime::Builder::new_multi_thread()
                .worker_threads(N_THREADS)
                .thread_name("terracube-io")
                .enable_all()
                .build()
                .map_err(|error| Error::io(format!("cannot start the threads for input and output: {error}")))
        })
        .as_ref()
        .map_err(Clone::clone)
}

struct Spawned<T>(JoinHandle<Result<T>>);

impl<T> Future for Spawned<T> {
    type Output = Result<T>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(context).map(|joined| match joined {
            Ok(result) => result,
            Err(error) if error.is_cancelled() => Err(Error::cancelled()),
            Err(_) => Err(Error::internal("a read panicked")),
        })
    }
}

impl<T> Drop for Spawned<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::time::Duration;

    use super::*;

    #[test]
    fn waits_inside_an_async_caller_and_aborts_on_drop() {
        let inside = futures::executor::block_on(async { wait(async { Ok(7) }) });
        assert_eq!(inside.unwrap(), 7);

        static ENDED: AtomicBool = AtomicBool::new(false);
        let slow = spawn(async {
            tokio::time::sleep(Duration::from_millis(50)).await;
            ENDED.store(true, Ordering::SeqCst);
            Ok(())
        });
        drop(slow);
        thread::sleep(Duration::from_millis(150));
        assert!(!ENDED.load(Ordering::SeqCst));
    }

    #[test]
    fn a_panic_becomes_an_error() {
        let result: Result<()> = drive(spawn(async { panic!("on purpose") }));
        assert!(result.is_err());
        assert!(wait::<()>(async { panic!("on purpose") }).is_err());
    }
}
