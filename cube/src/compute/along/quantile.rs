//! Quantiles and medians: exact, by partial sorting.
use std::ops::Range;
use std::sync::Arc;

use super::lines::Lines;
use crate::base::{DType, Element, Result};

/// Which quantiles, of what.
#[derive(Debug, Clone, PartialEq)]
pub struct Quantile {
    /// From 0 to 1.
    pub at: Arc<[f64]>,
    /// Leave missing values out; else they make the result missing.
    pub skip_missing: bool,
    /// The group of every position, and how many groups there are: one quantile of each (only with one `at`).
    pub groups: Option<(Arc<[u32]>, u32)>,
    /// Results of fewer values than this are missing.
    pub least: u64,
    /// f32 gives f32 (medians) instead of f64 (quantiles).
    pub keeps_f32: bool,
}

impl Quantile {
    pub(super) fn n_results(&self) -> u64 {
        self.groups.as_ref().map_or(self.at.len() as u64, |(_, n)| u64::from(*n))
    }

    pub(super) fn output_dtype(&self, x: DType) -> DType {
        if x == DType::F32 && self.keeps_f32 { x } else { DType::F64 }
    }

    pub(super) fn of<T: Ordered>(&self, lines: &Lines<'_, T>, wanted: &Range<u64>, out: &mut Vec<f64>) -> Result<()> {
        let mut values: Vec<T::Key> = Vec::with_capacity(lines.len);
        let mut groups: Vec<Vec<T::Key>> = Vec::new();
        for line in lines.iter() {
            match &self.groups {
                None => {
                    values.clear();
                    values.extend(line.iter().filter(|value| !value.is_missing()).map(|value| value.key()));
                    let spoiled = !self.skip_missing && values.len() < line.len();
                    for index in wanted.clone() {
                        out.push(self.one::<T>(&mut values, self.at[index as usize], spoiled));
                    }
                }
                Some((codes, n)) => {
                    groups.resize(*n as usize, Vec::new());
                    groups.iter_mut().for_each(Vec::clear);
                    let mut spoiled = vec![false; *n as usize];
                    for (&value, &code) in line.iter().zip(codes.iter()) {
                        let Some(group) = groups.get_mut(code as usize) else { continue };
                        if value.is_missing() {
                            spoiled[code as usize] = !self.skip_missing;
                        } else {
                            group.push(value.key());
                        }
                    }
                    let at = self.at.first().copied().unwrap_or(0.5);
                    for index in wanted.clone() {
                        let index = index as usize;
                        out.push(self.one::<T>(&mut groups[index], at, spoiled[index]));
                    }
                }
            }
        }
        Ok(())
    }

    fn one<T: Ordered>(&self, keys: &mut [T::Key], at: f64, spoiled: bool) -> f64 {
        if spoiled || keys.is_empty() || (keys.len() as u64) < self.least {
            return f64::NAN;
        }
        quantile_of_keys::<T>(keys, at)
    }
}

/// Floats as integers in the same order (that of `total_cmp`): a comparison of these is one instruction.
pub(super) trait Ordered: Element {
    type Key: Ord + Copy;
    fn key(self) -> Self::Key;
    fn value(key: Self::Key) -> f64;
}

macro_rules! ordered {
    ($float:ty, $signed:ty, $unsigned:ty) => {
        impl Ordered for $float {
            type Key = $signed;

            fn key(self) -> $signed {
                turned(self.to_bits() as $signed)
            }

            fn value(key: $signed) -> f64 {
                f64::from(<$float>::from_bits(turned(key) as $unsigned))
            }
        }

        impl Turned for $signed {
            /// The magnitudes of negative values are turned round: what is turned twice is as before.
            fn turned(self) -> Self {
                self ^ (((self >> (Self::BITS - 1)) as $unsigned) >> 1) as Self
            }
        }
    };
}

trait Turned {
    fn turned(self) -> Self;
}

fn turned<T: Turned>(bits: T) -> T {
    bits.turned()
}

ordered!(f32, i32, u32);
ordered!(f64, i64, u64);

/// numpy's `linear`, with its way of interpolating: from the nearer end. There must be a value, and none may be NaN.
///
/// ```
/// use terracube_cube::compute::along::one_quantile;
/// assert_eq!(one_quantile(&[5.0, 1.0, 4.0, 2.0, 3.0], 0.875), 4.5);
/// ```
pub fn one_quantile(values: &[f64], at: f64) -> f64 {
    let mut keys: Vec<i64> = values.iter().map(|value| value.key()).collect();
    quantile_of_keys::<f64>(&mut keys, at)
}

pub(super) fn quantile_of_keys<T: Ordered>(keys: &mut [T::Key], at: f64) -> f64 {
    let place = at * (keys.len() - 1) as f64;
    let below = (place.floor() as usize).min(keys.len() - 1);
    let part = place - below as f64;
    let (_, low, above) = keys.select_nth_unstable(below);
    let low = T::value(*low);
    let Some(high) = above.iter().min().filter(|_| part != 0.0) else { return low };
    let step = T::value(*high) - low;
    if part >= 0.5 { T::value(*high) - step * (1.0 - part) } else { low + step * part }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_in_the_order_of_values_and_come_back() {
        let values =
            [f64::NEG_INFINITY, -1e300, -1.5, -f64::MIN_POSITIVE, -0.0, 0.0, 5e-324, 1.0, 1e300, f64::INFINITY];
        assert!(values.windows(2).all(|pair| pair[0].key() < pair[1].key()));
        assert!(values.iter().all(|value| f64::value(value.key()).to_bits() == value.to_bits()));
        let narrow = [f32::NEG_INFINITY, -3.5, -1e-40, -0.0, 0.0, 1e-40, 2.0, f32::INFINITY];
        assert!(narrow.windows(2).all(|pair| pair[0].key() < pair[1].key()));
        assert!(narrow.iter().all(|value| f32::value(value.key()) == f64::from(*value)));
    }

    #[test]
    fn quantiles_are_those_of_numpy() {
        // numpy.quantile([3, -1, 2, 10, 7], [0, 0.1, 0.5, 0.85, 1])
        for (at, expected) in [(0.0, -1.0), (0.1, 0.2), (0.5, 3.0), (0.85, 8.2), (1.0, 10.0)] {
            let found = one_quantile(&[3.0, -1.0, 2.0, 10.0, 7.0], at);
            assert!((found - expected).abs() < 1e-12, "{at}: {found}");
        }
    }
}
