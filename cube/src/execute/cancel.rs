//! How a running computation is told to stop.
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::base::{Error, Result};

/// A flag that the engine looks at for every chunk and every tile. Cheap to clone: clones share the flag.
#[derive(Clone, Default)]
pub struct CancelToken {
    flag: Arc<AtomicBool>,
    outer: Option<Arc<dyn Fn() -> bool + Send + Sync>>,
}

impl CancelToken {
    /// A token that nobody has cancelled yet.
    ///
    /// ```
    /// use terracube_cube::CancelToken;
    /// assert!(!CancelToken::new().is_cancelled());
    /// ```
    pub fn new() -> Self {
        Self::default()
    }

    /// A token that also counts as cancelled while `outer` says so (a notebook's interrupt).
    ///
    /// ```
    /// use terracube_cube::CancelToken;
    /// assert!(CancelToken::with(|| true).is_cancelled());
    /// ```
    pub fn with(outer: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        Self { flag: Arc::default(), outer: Some(Arc::new(outer)) }
    }

    /// Asks everything that runs under this token to stop. Clones are the same token.
    ///
    /// ```
    /// use terracube_cube::CancelToken;
    /// let token = CancelToken::new();
    /// token.clone().cancel();
    /// assert!(token.is_cancelled());
    /// ```
    pub fn cancel(&self) {
        self.flag.store(true, Ordering::Relaxed);
    }

    /// Whether it was cancelled.
    ///
    /// ```
    /// use terracube_cube::CancelToken;
    /// let token = CancelToken::new();
    /// assert!(!token.is_cancelled());
    /// token.cancel();
    /// assert!(token.is_cancelled());
    /// ```
    pub fn is_cancelled(&self) -> bool {
        self.flag.load(Ordering::Relaxed) || self.outer.as_ref().is_some_and(|outer| outer())
    }

    /// Whether to go on: an error once it was cancelled.
    ///
    /// ```
    /// use terracube_cube::{CancelToken, ErrorKind};
    /// let token = CancelToken::new();
    /// assert!(token.check().is_ok());
    /// token.cancel();
    /// assert_eq!(token.check().unwrap_err().kind(), ErrorKind::Cancelled);
    /// ```
    ///
    /// # Errors
    /// [`crate::ErrorKind::Cancelled`] if it was cancelled.
    pub fn check(&self) -> Result<()> {
        if self.is_cancelled() { Err(Error::cancelled()) } else { Ok(()) }
    }
}

impl fmt::Debug for CancelToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CancelToken(cancelled: {})", self.is_cancelled())
    }
}
