//! The memory that computations may hold, and who holds it.
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use super::amount::{Amount, parse};
use super::claims::{Claim, Claims};
use super::machine_memory::MachineMemory;
use crate::base::{Error, Result};

/// The environment variable that sets the budget: bytes ("2000000000"), with a unit ("2GB", "1.5GiB", "512M"), or a share of what
/// would be taken without it ("50%").
const VARIABLE: &str = "TERRACUBE_BUDGET";

/// No budget of a machine is smaller, however full the machine: coordinates and small results fit always.
const LEAST: u64 = 64 << 20;

/// What is left alone: for the allocator, for pages of files, and for the rest of the process.
const LEAST_RESERVE: u64 = 128 << 20;
const LARGEST_RESERVE: u64 = 4 << 30;

/// Bytes that all running computations may hold together. Cheap to clone: clones share the same bytes.
#[derive(Clone)]
pub struct MemoryBudget(Arc<Shared>);

struct Shared {
    machine: Option<Machine>,
    state: Mutex<State>,
}

/// Where the limit of a budget that follows the machine comes from.
struct Machine {
    memory: MachineMemory,
    claims: Claims,
    share: f64,
}

struct State {
    limit: u64,
    held: u64,
    peak: u64,
}

impl MemoryBudget {
    /// A budget of `limit` bytes.
    ///
    /// ```
    /// use terracube_cube::MemoryBudget;
    /// let budget = MemoryBudget::new(100);
    /// let held = budget.try_reserve(60);
    /// assert!(held.is_some() && budget.try_reserve(60).is_none());
    /// ```
    pub fn new(limit: u64) -> Self {
        Self(Arc::new(Shared { machine: None, state: Mutex::new(State { limit, held: 0, peak: 0 }) }))
    }

    /// The budget of this machine: what the container's limit (cgroup), or else the machine, leaves free, less what other Terracube
    /// processes of the same user have claimed, less a reserve of an eighth of the limit (128 MiB to 4 GiB). It is read anew when a
    /// computation starts and none runs.
    ///
    /// ```
    /// use terracube_cube::MemoryBudget;
    /// assert!(MemoryBudget::of_this_machine().limit() > 0);
    /// ```
    pub fn of_this_machine() -> Self {
        Self::following(MachineMemory::here(), Claims::here(), 1.0)
    }

    /// The budget that `TERRACUBE_BUDGET` asks for ("2GB", "1.5GiB", "50%" of the machine's), or that of this machine.
    ///
    /// ```
    /// use terracube_cube::MemoryBudget;
    /// assert!(MemoryBudget::from_environment()?.limit() > 0);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    ///
    /// # Errors
    /// If the variable is set to something else.
    pub fn from_environment() -> Result<Self> {
        match std::env::var(VARIABLE) {
            Ok(text) if !text.trim().is_empty() => Self::parse(&text),
            _ => Ok(Self::of_this_machine()),
        }
    }

    /// The limit in bytes, as it was read last.
    ///
    /// ```
    /// use terracube_cube::MemoryBudget;
    /// assert_eq!(MemoryBudget::parse("1.5GiB")?.limit(), 3 << 29);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    pub fn limit(&self) -> u64 {
        self.state().limit
    }

    /// Bytes held now.
    ///
    /// ```
    /// use terracube_cube::MemoryBudget;
    /// let budget = MemoryBudget::new(100);
    /// let reservation = budget.try_reserve(60);
    /// assert_eq!(budget.held(), 60);
    /// drop(reservation);
    /// assert_eq!(budget.held(), 0);
    /// ```
    pub fn held(&self) -> u64 {
        self.state().held
    }

    /// The most bytes that were ever held.
    ///
    /// ```
    /// use terracube_cube::MemoryBudget;
    /// let budget = MemoryBudget::new(100);
    /// drop(budget.try_reserve(60));
    /// assert_eq!((budget.held(), budget.peak()), (0, 60));
    /// ```
    pub fn peak(&self) -> u64 {
        self.state().peak
    }

    /// Takes `bytes` if they are free; `None` if they are not. Never waits. Dropping the reservation gives them back.
    ///
    /// ```
    /// use terracube_cube::MemoryBudget;
    /// let budget = MemoryBudget::new(100);
    /// let held = budget.try_reserve(60).unwrap();
    /// assert!(budget.try_reserve(41).is_none());
    /// drop(held);
    /// assert!(budget.try_reserve(41).is_some());
    /// ```
    pub fn try_reserve(&self, bytes: u64) -> Option<Reservation> {
        let mut state = self.state();
        if state.held.saturating_add(bytes) > state.limit {
            return None;
        }
        state.held += bytes;
        state.peak = state.peak.max(state.held);
        Some(Reservation { budget: self.clone(), bytes })
    }

    /// The limit for a computation that starts now: read anew if it follows the machine and nothing runs.
    ///
    /// ```
    /// use terracube_cube::MemoryBudget;
    /// assert_eq!(MemoryBudget::new(100).renew(), 100);
    /// ```
    pub fn renew(&self) -> u64 {
        let mut state = self.state();
        if let Some(machine) = &self.0.machine
            && state.held == 0
        {
            state.limit = machine.limit();
        }
        state.limit
    }

    /// Tells other processes that this one takes `bytes` more. Budgets that were set by hand tell too: what they take is gone for others.
    pub(super) fn claim(&self, bytes: u64) -> Option<Claim> {
        match &self.0.machine {
            Some(machine) => machine.claims.claim(bytes),
            // Small jobs under a fixed budget (tests, coordinates) are not worth a file.
            None if bytes >= LEAST => Claims::here().claim(bytes),
            None => None,
        }
    }

    fn following(memory: MachineMemory, claims: Claims, share: f64) -> Self {
        let machine = Machine { memory, claims, share };
        let state = State { limit: machine.limit(), held: 0, peak: 0 };
        Self(Arc::new(Shared { machine: Some(machine), state: Mutex::new(state) }))
    }

    /// The budget that a text names: "2GB", "1.5GiB", "512M", bytes, or "50%" of this machine's.
    ///
    /// ```
    /// use terracube_cube::MemoryBudget;
    /// assert_eq!(MemoryBudget::parse("2GB")?.limit(), 2_000_000_000);
    /// assert!(MemoryBudget::parse("much").is_err() && MemoryBudget::parse("0").is_err());
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    ///
    /// # Errors
    /// If it is none of these, or nothing.
    pub fn parse(text: &str) -> Result<Self> {
        match parse(VARIABLE, text)? {
            Amount::Bytes(0) => {
                Err(Error::invalid(format!("{VARIABLE}={text}: nothing can be computed without memory")))
            }
            Amount::Bytes(bytes) => Ok(Self::new(bytes)),
            Amount::Share(share) => Ok(Self::following(MachineMemory::here(), Claims::here(), share)),
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Machine {
    fn limit(&self) -> u64 {
        let Some(room) = self.memory.room() else { return 2 << 30 };
        let reserve = (room.total / 8).clamp(LEAST_RESERVE, LARGEST_RESERVE);
        let free = room.free.saturating_sub(self.claims.outstanding()).saturating_sub(reserve);
        ((free as f64 * self.share) as u64).max(LEAST)
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
    ///
    /// ```
    /// use terracube_cube::MemoryBudget;
    /// assert_eq!(MemoryBudget::new(100).try_reserve(60).map(|held| held.bytes()), Some(60));
    /// ```
    pub fn bytes(&self) -> u64 {
        self.bytes
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.budget.state().held -= self.bytes;
    }
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

    #[test]
    fn the_budget_follows_the_container_from_run_to_run_and_leaves_what_others_claim() {
        let folder = tempfile::tempdir().unwrap();
        let group = folder.path().join("sys/fs/cgroup");
        std::fs::create_dir_all(&group).unwrap();
        let used = |gib: f64| std::fs::write(group.join("memory.current"), format!("{}", (gib * 1.073741824e9) as u64));
        std::fs::write(group.join("memory.max"), "4294967296").unwrap();
        used(1.0).unwrap();
        let memory = MachineMemory::under(folder.path());
        let claims = Claims::in_folder(folder.path().join("notes"), memory.clone());
        let budget = MemoryBudget::following(memory.clone(), claims.clone(), 1.0);
        assert_eq!(budget.limit(), 5 << 29, "4 GiB less 1 in use less a reserve of a half");
        used(2.0).unwrap();
        assert_eq!(budget.limit(), 5 << 29, "unchanged until a run starts");
        assert_eq!(budget.renew(), 3 << 29);
        let running = budget.try_reserve(1 << 20).unwrap();
        used(0.0).unwrap();
        assert_eq!(budget.renew(), 3 << 29, "unchanged while another runs");
        drop(running);
        assert_eq!(budget.renew(), 7 << 29);
        used(3.99).unwrap();
        assert_eq!(budget.renew(), LEAST);
        let half = MemoryBudget::following(memory, claims, 0.5);
        used(1.0).unwrap();
        assert_eq!(half.renew(), 5 << 28);
    }

    #[test]
    fn a_budget_is_read_from_text() {
        assert_eq!(MemoryBudget::parse("2GB").unwrap().limit(), 2_000_000_000);
        assert!(MemoryBudget::parse("50%").unwrap().limit() >= LEAST);
        assert!(MemoryBudget::parse("0").is_err());
    }
}
