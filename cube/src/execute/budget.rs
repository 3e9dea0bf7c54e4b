//! The memory that computations may hold, and who holds it.
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// Bytes that all running computations may hold together. Cheap to clone: clones share the same bytes.
#[derive(Clone)]
pub struct MemoryBudget(Arc<Shared>);

struct Shared {
    limit: u64,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    held: u64,
    peak: u64,
}

impl MemoryBudget {
    /// A budget of `limit` bytes.
    pub fn new(limit: u64) -> Self {
        Self(Arc::new(Shared { limit, state: Mutex::new(State::default()) }))
    }

    /// The budget of this machine: three fifths of the memory that the container, or else the machine, has free now.
    pub fn of_this_machine() -> Self {
        Self::new(free_memory().map_or(2 << 30, |free| free / 5 * 3).max(64 << 20))
    }

    /// The limit in bytes.
    pub fn limit(&self) -> u64 {
        self.0.limit
    }

    /// Bytes held now.
    pub fn held(&self) -> u64 {
        self.state().held
    }

    /// The most bytes that were ever held.
    pub fn peak(&self) -> u64 {
        self.state().peak
    }

    /// Takes `bytes` if they are free; `None` if they are not. Never waits.
    pub fn try_reserve(&self, bytes: u64) -> Option<Reservation> {
        let mut state = self.state();
        if state.held.saturating_add(bytes) > self.0.limit {
            return None;
        }
        state.held += bytes;
        state.peak = state.peak.max(state.held);
        Some(Reservation { budget: self.clone(), bytes })
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for MemoryBudget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MemoryBudget({} of {} bytes held)", self.held(), self.limit())
    }
}

/// Bytes taken from a [`MemoryBudget`]; dropping it gives them back.
#[derive(Debug)]
pub struct Reservation {
    budget: MemoryBudget,
    bytes: u64,
}

impl Reservation {
    /// The bytes held.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.budget.state().held -= self.bytes;
    }
}

/// Bytes that this process can still take: the tightest cgroup limit less what the group uses, or what the machine has available.
fn free_memory() -> Option<u64> {
    let machine = std::fs::read_to_string("/proc/meminfo").ok().and_then(|text| {
        let line = text.lines().find(|line| line.starts_with("MemAvailable:"))?;
        line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kib| kib * 1024)
    });
    [machine, cgroup_free()].into_iter().flatten().min()
}

/// Free bytes under the limits of cgroup v2 (of this process's group and those above it) or v1; `None` without a limit.
fn cgroup_free() -> Option<u64> {
    let number = |path: String| std::fs::read_to_string(path).ok()?.trim().parse::<u64>().ok();
    let groups = std::fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let mut path = groups.lines().find_map(|line| line.strip_prefix("0::")).unwrap_or("/").to_owned();
    let mut free = Vec::new();
    loop {
        let folder = format!("/sys/fs/cgroup{}", path.trim_end_matches('/'));
        if let Some(limit) = number(format!("{folder}/memory.max")) {
            free.push(limit.saturating_sub(number(format!("{folder}/memory.current")).unwrap_or(0)));
        }
        match path.rfind('/') {
            Some(end) if path.len() > 1 => path.truncate(end.max(1)),
            _ => break,
        }
    }
    let v1 = "/sys/fs/cgroup/memory";
    if let Some(limit) = number(format!("{v1}/memory.limit_in_bytes")).filter(|limit| *limit < 1 << 60) {
        free.push(limit.saturating_sub(number(format!("{v1}/memory.usage_in_bytes")).unwrap_or(0)));
    }
    free.into_iter().min()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reservations_are_held_and_given_back() {
        let budget = MemoryBudget::new(100);
        let first = budget.try_reserve(60).unwrap();
        assert!(budget.try_reserve(41).is_none());
        drop(first);
        assert!(budget.try_reserve(100).is_some());
        assert_eq!((budget.held(), budget.peak()), (0, 100));
    }
}
