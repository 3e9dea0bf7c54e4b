//! Every search against the plain definition of what it should find, on random axes.
use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::data::{IntoLabel, Positions, near};

/// Labels in quarters, which floats hold exactly.
fn quarters(values: &[i32]) -> Vec<f64> {
    values.iter().map(|&value| f64::from(value) / 4.0).collect()
}

fn index(values: &[f64], hints: IndexHints) -> Index {
    Index::build("x", &Block::new(&[values.len()], values.to_vec()).unwrap(), hints).unwrap()
}

#[track_caller]
fn axis(unique: bool) -> impl Strategy<Value = Vec<f64>> {
    (prop::collection::vec(-40..40_i32, 1..30), 0..3_usize).prop_map(move |(mut values, order)| {
        if unique {
            values = values.into_iter().collect::<BTreeSet<_>>().into_iter().collect();
        }
        match order {
            0 => values.sort_unstable(),
            1 => values.sort_unstable_by(|a, b| b.cmp(a)),
            _ => values.rotate_left(1),
        }
        quarters(&values)
    })
}

/// Ascending or descending longitudes within one turn.
#[track_caller]
fn circle() -> impl Strategy<Value = Vec<f64>> {
    (prop::collection::btree_set(0..72_i32, 1..40), -80..80_i32, any::<bool>()).prop_map(
        |(steps, shift, descending)| {
            let mut values: Vec<f64> = steps.into_iter().map(|step| f64::from(step + shift) * 5.0).collect();
            if descending {
                values.reverse();
            }
            values
        },
    )
}

fn found(index: &Index, label: impl IntoLabel) -> Vec<u64> {
    index.locate_or_empty(&label.into_label()).unwrap().to_vec()
}

fn those(values: &[f64], holds: impl Fn(f64) -> bool) -> Vec<u64> {
    (0..values.len()).filter(|&i| holds(values[i])).map(|i| i as u64).collect()
}

proptest! {
    #[test]
    fn values_and_ranges_are_those_between(values in axis(false), a in -45..45_i32, b in -45..45_i32) {
        let axis = index(&values, IndexHints::default());
        let (a, b) = (f64::from(a) / 4.0, f64::from(b) / 4.0);
        let equal = those(&values, |v| v == a);
        match axis.locate(&a.into_label()) {
            Ok(positions) => {
                prop_assert_eq!(positions.is_scalar(), equal.len() == 1);
                prop_assert_eq!(positions.to_vec(), equal);
            }
            Err(_) => prop_assert!(equal.is_empty()),
        }
        if axis.is_sorted() {
            prop_assert_eq!(found(&axis, a..=b), those(&values, |v| a.min(b) <= v && v <= a.max(b)));
            prop_assert_eq!(found(&axis, a..), those(&values, |v| a <= v));
            prop_assert_eq!(found(&axis, ..=b), those(&values, |v| v <= b));
        } else {
            prop_assert!(axis.locate(&(a..=b).into_label()).is_err());
        }
    }

    #[test]
    fn the_nearest_is_none_farther_than_any(values in axis(true), to in -400..400_i32, within in 0..100_i32) {
        let axis = index(&values, IndexHints::default());
        let (to, within) = (f64::from(to) / 32.0, f64::from(within) / 32.0);
        let best = values.iter().copied().reduce(|best, v| {
            let (d, e) = ((v - to).abs(), (best - to).abs());
            if d < e || (d == e && v > best) { v } else { best }
        });
        let best = best.unwrap();
        let position = found(&axis, near(to))[0] as usize;
        prop_assert_eq!(values[position], best);
        prop_assert_eq!(axis.locate(&near(to).within(within).into_label()).is_ok(), (best - to).abs() <= within);
    }

    #[test]
    fn longitudes_are_those_on_the_arc(values in circle(), start in -1000..1000_i32, width in 0..500_i32) {
        let axis = index(&values, IndexHints::longitude());
        let (low, high) = (f64::from(start), f64::from(start + width));
        let on_arc = |v: f64| (-10..10).any(|turn| (low..=high).contains(&(v + 360.0 * f64::from(turn))));
        let positions = found(&axis, low..=high);
        let mut sorted = positions.clone();
        sorted.sort_unstable();
        prop_assert_eq!(sorted, those(&values, on_arc));
        // In order around the circle: all steps have the axis's own direction, and together are no more than one turn.
        let descending = axis.is_descending();
        let steps = positions.windows(2).map(|pair| {
            let step = values[pair[1] as usize] - values[pair[0] as usize];
            (if descending { -step } else { step }).rem_euclid(360.0)
        });
        prop_assert!(steps.sum::<f64>() < 360.0);
    }

    #[test]
    fn the_nearest_longitude_is_none_farther_on_the_circle(values in circle(), to in -1000..1000_i32) {
        let axis = index(&values, IndexHints::longitude());
        let to = f64::from(to);
        let distance = |v: f64| {
            let arc = (v - to).rem_euclid(360.0);
            arc.min(360.0 - arc)
        };
        let least = values.iter().map(|&v| distance(v)).fold(f64::INFINITY, f64::min);
        let position = found(&axis, near(to))[0] as usize;
        prop_assert_eq!(distance(values[position]), least);
        prop_assert_eq!(axis.locate(&to.into_label()).is_ok(), least == 0.0);
    }

    #[test]
    fn axes_share_what_is_on_both(a in axis(true), b in axis(true)) {
        let (here, there) = (index(&a, IndexHints::default()), index(&b, IndexHints::default()));
        let shared: Vec<f64> = a.iter().copied().filter(|v| b.contains(v)).collect();
        match here.intersect(&there) {
            Ok((mine, theirs)) => {
                let labels = |values: &[f64], positions: Positions| -> Vec<f64> {
                    positions.to_vec().into_iter().map(|p| values[p as usize]).collect()
                };
                prop_assert_eq!(&labels(&a, mine), &shared);
                prop_assert_eq!(&labels(&b, theirs), &shared);
            }
            Err(_) => prop_assert!(shared.is_empty()),
        }
    }
}
