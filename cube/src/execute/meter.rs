//! What a run really takes: the growth of the process's memory, looked at while it runs.
use std::time::{Duration, Instant};

use super::machine_memory::MachineMemory;

/// Looking costs some 20 microseconds: more often is not worth it.
const EVERY: Duration = Duration::from_millis(2);

/// Follows the memory of this process from its making on.
#[derive(Debug)]
pub(super) struct Meter {
    memory: MachineMemory,
    before: u64,
    most: u64,
    looked: Instant,
}

impl Meter {
    pub fn start() -> Self {
        let memory = MachineMemory::here();
        let before = memory.in_use_by(std::process::id()).unwrap_or(0);
        Self { memory, before, most: before, looked: Instant::now() }
    }

    /// Looks, if it was not done just now.
    pub fn look(&mut self) {
        if self.looked.elapsed() >= EVERY {
            self.look_now();
        }
    }

    pub fn look_now(&mut self) {
        self.most = self.most.max(self.memory.in_use_by(std::process::id()).unwrap_or(0));
        self.looked = Instant::now();
    }

    /// The most bytes that were seen above those at the start.
    pub fn growth(&self) -> u64 {
        self.most.saturating_sub(self.before)
    }
}
