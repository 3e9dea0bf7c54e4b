//! Longitudes: labels that stand for the same place every 360 degrees.
use super::{Inner, Key, Order};
use crate::data::positions::{PositionRange, Positions};

const TURN: f64 = 360.0;
/// Labels beyond this are no longitudes, and their turns could not be counted exactly.
const FARTHEST: f64 = 1e6;

impl Inner {
    /// `ranks` if there are any, else those of the label that stands for the same longitude as `key`.
    pub(super) fn with_turns(&self, key: &Key, ranks: (usize, usize)) -> (usize, usize) {
        let (true, Key::Number(longitude)) = (self.is_cyclic && ranks.0 >= ranks.1, key) else { return ranks };
        if longitude.abs() > FARTHEST {
            return ranks;
        }
        let (rank, distance, _) = self.nearest_on_circle(*longitude);
        if distance > self.turn_slack() {
            return ranks;
        }
        let stored = Key::Number(self.keys.number(self.position(rank)));
        self.ranks(&stored, &stored)
    }

    /// The rank nearest on the circle, how far it is in degrees, and its label turned to stand next to `longitude`.
    pub(super) fn nearest_on_circle(&self, longitude: f64) -> (usize, f64, f64) {
        let turns = ((longitude - self.keys.number(self.position(0))) / TURN).floor() * TURN;
        let mut best = (0, f64::INFINITY, f64::NEG_INFINITY);
        for shift in [turns + TURN, turns, turns - TURN] {
            let (rank, distance) = self.nearest_rank(longitude - shift);
            let turned = self.keys.number(self.position(rank)) + shift;
            if distance < best.1 || (distance == best.1 && turned > best.2) {
                best = (rank, distance, turned);
            }
        }
        best
    }

    /// The labels from `low` to `high` around the circle, in order of longitude from `low` on (or backwards where they are stored so);
    /// more than one turn is the whole axis. `None` if there are none.
    pub(super) fn cyclic_range(&self, low: f64, high: f64) -> Option<Positions> {
        let n = self.n_ranks();
        if !(low.abs() <= FARTHEST && high.abs() <= FARTHEST) {
            let ranks = self.ranks(&Key::Number(low), &Key::Number(high));
            return (ranks.0 < ranks.1).then(|| self.positions(ranks));
        }
        let stored = self.ranks(&Key::Number(low), &Key::Number(high));
        if stored == (0, n) {
            return Some(self.positions(stored));
        }
        let high = high.min(low + TURN);
        let (least, most) = (self.keys.number(self.position(0)), self.keys.number(self.position(n - 1)));
        let (first_turn, last_turn) = (((low - most) / TURN).floor() as i64, ((high - least) / TURN).ceil() as i64);
        let mut pieces: Vec<(usize, usize)> = Vec::new();
        for turn in first_turn..=last_turn {
            // A turned bound is rounded: it may miss by a hair the label that it means.
            let slack = if turn == 0 { 0.0 } else { self.turn_slack() };
            let shift = turn as f64 * TURN;
            let (mut from, mut to) = self.ranks(&Key::Number(low - shift - slack), &Key::Number(high - shift + slack));
            // Both ends of a whole turn are one place: a label is taken once.
            for &(taken_from, taken_to) in &pieces {
                if from < taken_to && taken_from < to {
                    if from >= taken_from {
                        from = taken_to;
                    } else {
                        to = taken_from;
                    }
                }
            }
            if from < to {
                pieces.push((from, to));
            }
        }
        self.joined(&pieces)
    }

    fn joined(&self, pieces: &[(usize, usize)]) -> Option<Positions> {
        let range = |&(from, to): &(usize, usize)| {
            let start = if matches!(self.order, Order::Descending) { self.len() - to } else { from };
            PositionRange::new(start as u64, (to - from) as u64)
        };
        let mut ranges: Vec<PositionRange> = pieces.iter().map(range).collect();
        if matches!(self.order, Order::Descending) {
            ranges.reverse();
        }
        ranges.dedup_by(|next, before| {
            let follows = before.start + before.len == next.start;
            before.len += if follows { next.len } else { 0 };
            follows
        });
        match ranges[..] {
            [] => None,
            [only] => Some(Positions::Range(only)),
            _ => Some(Positions::Wrapped(ranges)),
        }
    }

    /// How far rounding may move a longitude that is turned around.
    fn turn_slack(&self) -> f64 {
        2.0 * self.epsilon() * TURN
    }
}
