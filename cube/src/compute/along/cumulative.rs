//! Running sums and products.
use super::lines::Lines;
use crate::base::Result;

/// What is accumulated.
#[derive(Debug, Clone, Copy)]
pub(super) struct Running {
    pub(super) product: bool,
    pub(super) skip_missing: bool,
}

/// Numbers that can be accumulated.
pub(super) trait Accumulates: Copy {
    fn zero() -> Self;
    fn one() -> Self;
    fn missing(self) -> bool;
    fn add(self, other: Self) -> Self;
    fn times(self, other: Self) -> Self;
}

impl Accumulates for f64 {
    fn zero() -> Self {
        0.0
    }
    fn one() -> Self {
        1.0
    }
    fn missing(self) -> bool {
        self.is_nan()
    }
    fn add(self, other: Self) -> Self {
        self + other
    }
    fn times(self, other: Self) -> Self {
        self * other
    }
}

impl Accumulates for i64 {
    fn zero() -> Self {
        0
    }
    fn one() -> Self {
        1
    }
    fn missing(self) -> bool {
        false
    }
    fn add(self, other: Self) -> Self {
        self.wrapping_add(other)
    }
    fn times(self, other: Self) -> Self {
        self.wrapping_mul(other)
    }
}

pub(super) fn cumulative<T: Accumulates>(
    how: Running,
    lines: Lines<'_, T>,
    from: usize,
    out: &mut Vec<T>,
) -> Result<()> {
    for line in lines.iter() {
        let mut total = if how.product { T::one() } else { T::zero() };
        for (position, &value) in line.iter().enumerate() {
            if !(how.skip_missing && value.missing()) {
                total = if how.product { total.times(value) } else { total.add(value) };
            }
            if position >= from {
                out.push(total);
            }
        }
    }
    Ok(())
}
