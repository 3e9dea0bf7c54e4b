//! How a running computation is watched.

/// How far a computation is. Tasks are drive chunks over all passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// Tasks finished.
    pub tasks_done: u64,
    /// Tasks in all.
    pub tasks_total: u64,
    /// The pass that runs, from 1.
    pub pass: usize,
    /// Passes in all.
    pub passes: usize,
    /// Encoded bytes read so far.
    pub bytes_read: u64,
}

/// Told of progress from the coordinator's thread; must return quickly.
pub trait Observer: Send + Sync {
    /// A computation starts.
    fn started(&self, _progress: &Progress) {}
    /// A task ended.
    fn advanced(&self, progress: &Progress);
    /// The computation ended, well or not.
    fn finished(&self, _progress: &Progress) {}
}

/// Watches nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Observer for Silent {
    fn advanced(&self, _progress: &Progress) {}
}
