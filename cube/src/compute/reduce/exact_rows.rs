//! Sums of f32 values along a row in f64 that are exact without compensation: where the smallest and the largest value are not too far
//! apart, every sum of them is a multiple of the smallest one's last place and fits the 53 bits of a double.
use multiversion::multiversion;

use crate::compute::number::{Missing, Number};

const LANES: usize = 32;

/// The exact sum of a row of f32 values and how many are present; `None` where a double might round, or a value is not finite.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl", "x86_64+avx2+fma"), dispatcher = "direct")]
pub(super) fn exact_sum<T: Number, M: Missing>(x: &[T]) -> Option<(f64, u32)> {
    let mut lanes =
        Lanes { sums: [0.0; LANES], counts: [0; LANES], lowest: [f32::INFINITY; LANES], highest: [0.0; LANES] };
    let (pieces, rest) = x.as_chunks::<LANES>();
    for piece in pieces {
        lanes.add::<T, M>(piece);
    }
    let mut last = [T::ZERO; LANES];
    last[..rest.len()].copy_from_slice(rest);
    lanes.add::<T, M>(&last);
    // What the zeros behind the row count is taken off again.
    let surplus = last[rest.len()..].iter().map(|&value| u32::from(!M::missing(value))).sum::<u32>();
    let lowest = lanes.lowest.into_iter().fold(f32::INFINITY, f32::min);
    let highest = lanes.highest.into_iter().fold(0.0, |a: f32, b| if b <= a { a } else { b });
    // A NaN that counts as present makes the comparison false.
    let exact = f64::from(highest) * x.len() as f64 <= last_place(lowest) * 2f64.powi(52);
    exact.then(|| (lanes.sums.iter().sum(), lanes.counts.iter().sum::<u32>() - surplus))
}

/// The size of a positive number's last place; for infinity (nothing but zeros) it is larger than all others.
fn last_place(value: f32) -> f64 {
    let exponent = i32::from((value.to_bits() >> 23) as u8).max(1);
    2f64.powi(exponent - 150)
}

struct Lanes {
    sums: [f64; LANES],
    counts: [u32; LANES],
    /// The smallest of the values' sizes but for zeros, and the largest.
    lowest: [f32; LANES],
    highest: [f32; LANES],
}

impl Lanes {
    #[inline(always)]
    fn add<T: Number, M: Missing>(&mut self, x: &[T; LANES]) {
        for lane in 0..LANES {
            let missing = M::missing(x[lane]);
            let value = if missing { 0.0 } else { x[lane].to_f64() };
            let size = (value as f32).abs();
            self.sums[lane] += value;
            self.counts[lane] += u32::from(!missing);
            let low = if size == 0.0 { f32::INFINITY } else { size };
            self.lowest[lane] = if low < self.lowest[lane] { low } else { self.lowest[lane] };
            // Not `<`: NaN stays.
            self.highest[lane] = if size <= self.highest[lane] { self.highest[lane] } else { size };
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::compute::number::{SkipNan, SkipNothing};

    /// Exact for values whose bits lie between 2^-60 and 2^60.
    fn in_integers(values: &[f32]) -> i128 {
        values.iter().map(|&value| (f64::from(value) * 2f64.powi(60)) as i128).sum()
    }

    #[test]
    fn values_far_apart_are_left_to_others() {
        assert_eq!(exact_sum::<f32, SkipNan>(&[1.0, 0.5, f32::NAN, -0.25]), Some((1.25, 3)));
        assert_eq!(exact_sum::<f32, SkipNan>(&[1e20, 1e-20]), None);
        assert_eq!(exact_sum::<f32, SkipNan>(&[f32::INFINITY, 1.0]), None);
        assert_eq!(exact_sum::<f32, SkipNothing>(&[f32::NAN, 1.0]), None);
        assert_eq!(exact_sum::<f32, SkipNan>(&[0.0; 40]), Some((0.0, 40)));
        assert_eq!(exact_sum::<f32, SkipNan>(&[]), Some((0.0, 0)));
        assert_eq!(exact_sum::<f32, SkipNan>(&[1e-45; 33]), Some((33.0 * f64::from(1e-45f32), 33)));
    }

    proptest! {
        #[test]
        fn what_is_said_to_be_exact_is(
            values in prop::collection::vec((-8_388_608i32..8_388_608, -30i32..30), 0..200),
            narrow in any::<bool>(),
        ) {
            let value = |(m, e): (i32, i32)| {
                if narrow { m.signum() as f32 * (m.abs() | 1 << 20) as f32 * 2f32.powi(e / 10) } else { m as f32 * 2f32.powi(e) }
            };
            let values: Vec<f32> = values.into_iter().map(value).collect();
            let Some((sum, count)) = exact_sum::<f32, SkipNan>(&values) else {
                prop_assert!(!narrow, "narrow values are summed exactly");
                return Ok(());
            };
            prop_assert_eq!(count as usize, values.len());
            prop_assert_eq!((sum * 2f64.powi(60)) as i128, in_integers(&values));
        }
    }
}
