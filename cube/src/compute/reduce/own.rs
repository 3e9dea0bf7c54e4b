//! Reductions that the user gives as functions: (init, update, merge, finish) over a few numbers for each cell.
use std::any::Any;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use super::layout::{Part, Rows};
use super::state::{State, column, same, stored};
use super::together::drive_all;
use crate::base::{Block, Error, Result};

type Update = dyn Fn(&mut [f64], f64) + Send + Sync;
type Merge = dyn Fn(&mut [f64], &[f64]) + Send + Sync;
type Finish = dyn Fn(&[f64]) -> f64 + Send + Sync;

/// A reduction given by functions. The state of a cell is a few f64, so that it can be spilled and sent as any other.
pub struct OwnReduction {
    /// The name under which it was registered; without one it exists in this process only.
    pub name: Option<Arc<str>>,
    /// The state of a cell that has seen nothing.
    pub init: Vec<f64>,
    /// Takes a value into a state.
    pub update: Box<Update>,
    /// Takes another state into a state.
    pub merge: Box<Merge>,
    /// The result of a state.
    pub finish: Box<Finish>,
}

impl fmt::Debug for OwnReduction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "function `{name}`"),
            None => f.write_str("closure (local only)"),
        }
    }
}

/// All reductions of users', for as long as the process lives: plans hold their numbers.
static KNOWN: RwLock<Vec<Arc<OwnReduction>>> = RwLock::new(Vec::new());

/// The number of a user's reduction.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct OwnId(u32);

impl OwnId {
    /// Keeps a reduction. One of the same name is replaced for all that ask for the name from now on.
    pub fn keep(reduction: OwnReduction) -> Self {
        let mut known = KNOWN.write().unwrap_or_else(PoisonError::into_inner);
        known.push(Arc::new(reduction));
        Self(known.len() as u32 - 1)
    }

    /// The reduction that was registered last under a name.
    ///
    /// # Errors
    /// If there is none.
    pub fn named(name: &str) -> Result<Self> {
        let known = KNOWN.read().unwrap_or_else(PoisonError::into_inner);
        let found = known.iter().rposition(|held| held.name.as_deref() == Some(name));
        found.map(|place| Self(place as u32)).ok_or_else(|| {
            Error::unknown_name("registered reduction", name, known.iter().filter_map(|held| held.name.as_deref()))
        })
    }

    /// The reduction.
    ///
    /// # Errors
    /// Only for a plan of another process.
    pub fn get(self) -> Result<Arc<OwnReduction>> {
        let known = KNOWN.read().unwrap_or_else(PoisonError::into_inner);
        known.get(self.0 as usize).cloned().ok_or_else(|| Error::internal("a reduction of another process"))
    }
}

impl fmt::Debug for OwnId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.get() {
            Ok(held) => fmt::Debug::fmt(&held, f),
            Err(_) => f.write_str("unknown"),
        }
    }
}

/// States of cells one behind the other.
pub(super) struct OwnStates {
    reduction: Arc<OwnReduction>,
    states: Vec<f64>,
    skip_missing: bool,
}

impl OwnStates {
    pub(super) fn new(reduction: Arc<OwnReduction>, n_cells: usize, skip_missing: bool) -> Self {
        let states = reduction.init.repeat(n_cells);
        Self { reduction, states, skip_missing }
    }

    fn width(&self) -> usize {
        self.reduction.init.len().max(1)
    }
}

impl Rows<f64> for OwnStates {
    fn one(&mut self, cell: usize, value: f64) {
        if self.skip_missing && value.is_nan() {
            return;
        }
        let n = self.width();
        (self.reduction.update)(&mut self.states[cell * n..(cell + 1) * n], value);
    }

    fn kept(&mut self, cell: usize, x: &[f64]) {
        x.iter().enumerate().for_each(|(i, &value)| self.one(cell + i, value));
    }

    fn reduced(&mut self, cell: usize, x: &[f64]) {
        x.iter().for_each(|&value| self.one(cell, value));
    }
}

impl State for OwnStates {
    fn update(&mut self, parts: &[Part]) -> Result<()> {
        let bytes = self.width() * 8;
        drive_all::<f64>(parts, self, bytes)
    }

    fn merge(&mut self, other: Box<dyn Any>) -> Result<()> {
        let other = same::<Self>(other)?;
        let n = self.width();
        for (state, more) in self.states.chunks_mut(n).zip(other.states.chunks(n)) {
            (self.reduction.merge)(state, more);
        }
        Ok(())
    }

    fn finish(self: Box<Self>, shape: &[usize]) -> Result<Block> {
        let n = self.width();
        Block::new(shape, self.states.chunks(n).map(|state| (self.reduction.finish)(state)).collect())
    }

    fn blocks(&self) -> Result<Vec<Block>> {
        let n = self.width();
        (0..n).map(|k| column(&self.states.iter().skip(k).step_by(n).copied().collect::<Vec<f64>>())).collect()
    }

    fn restore(&mut self, blocks: &[Block]) -> Result<()> {
        let n = self.width();
        let n_cells = self.states.len() / n;
        for k in 0..n {
            let numbers: Vec<f64> = stored(blocks, k, n_cells)?;
            self.states.iter_mut().skip(k).step_by(n).zip(numbers).for_each(|(held, number)| *held = number);
        }
        Ok(())
    }
}
