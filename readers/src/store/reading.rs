//! A read that was asked for, in one form for blocking and for async callers.
use std::fmt;
use std::future::IntoFuture;

use futures::future::BoxFuture;
use terracube_cube::{Error, Result};

use crate::runtime;

/// A read or write that was asked for. [`Reading::wait`] blocks; `.await` does not.
pub enum Reading<T> {
    /// On a local disk: nothing happens until it is waited for; it then runs on that thread.
    Local(Box<dyn FnOnce() -> Result<T> + Send>),
    /// On its way on the readers' runtime; dropping it aborts it.
    Remote(BoxFuture<'static, Result<T>>),
}

impl<T: Send + 'static> Reading<T> {
    /// A local read.
    pub(crate) fn local(read: impl FnOnce() -> Result<T> + Send + 'static) -> Self {
        Self::Local(Box::new(read))
    }

    /// A read that failed before it began.
    pub(crate) fn failed(error: Error) -> Self {
        Self::Local(Box::new(move || Err(error)))
    }

    /// Blocks this thread until the result is there. Works inside an async caller.
    ///
    /// # Errors
    /// The error of the read.
    pub fn wait(self) -> Result<T> {
        match self {
            Self::Local(read) => read(),
            Self::Remote(future) => runtime::wait(future),
        }
    }
}

impl<T: Send + 'static> IntoFuture for Reading<T> {
    type Output = Result<T>;
    type IntoFuture = BoxFuture<'static, Result<T>>;

    /// A local read runs inside the first poll: it blocks the polling thread for as long as the disk takes.
    fn into_future(self) -> Self::IntoFuture {
        match self {
            Self::Local(read) => Box::pin(async move { read() }),
            Self::Remote(future) => future,
        }
    }
}

impl<T> fmt::Debug for Reading<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Local(_) => "Local",
            Self::Remote(_) => "Remote",
        })
    }
}
