//! What holds for every array: slices and element-wise work in any order, steps one by one or together, groups against a loop.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use std::collections::BTreeMap;

use proptest::prelude::*;
use terracube_cube::base::{AxisChunks, ChunkGrid};
use terracube_cube::source::MemorySource;
use terracube_cube::{
    Attributes, Block, Context, DataArray, Dims, Encoding, MemoryBudget, Variable, compute_with, every,
};

/// Values that look random, some of them missing.
fn noise(n: usize, seed: u64) -> Vec<f64> {
    let mut state = seed | 1;
    (0..n)
        .map(|_| {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            if state >> 60 == 0 { f64::NAN } else { ((state >> 33) % 4000) as f64 / 200.0 - 8.0 }
        })
        .collect()
}

fn array(shape: [usize; 2], chunks: [u64; 2], seed: u64) -> DataArray {
    let block = Block::new(&shape, noise(shape.iter().product(), seed)).unwrap();
    let grid = ChunkGrid::new(
        shape.iter().zip(chunks).map(|(&len, chunk)| AxisChunks::regular(len as u64, chunk.min(len as u64))).collect(),
    );
    let source = MemorySource::new(block, grid);
    let variable =
        Variable::from_source(Dims::new(["y", "x"]).unwrap(), source, Attributes::new(), Encoding::default());
    DataArray::new(Some("v"), variable, Default::default())
        .with_coord("x", (0..shape[1]).map(|i| 3.0 * i as f64).collect())
}

/// Work on every value by itself, by number.
fn work(t: &DataArray, which: u32) -> DataArray {
    match which % 8 {
        0 => t.abs().sqrt(),
        1 => t * 2.0 - 1.0,
        2 => t.where_(t.gt(0.0)),
        3 => t.fillna(7.0),
        4 => t.clip(-2.0, 3.0),
        5 => -(t + t),
        6 => t.isnull().cast(terracube_cube::DType::F64),
        _ => t.map_values(|v| v * v),
    }
}

/// Positions chosen along `x`, by number.
fn cut(t: &DataArray, which: u32, a: i64, b: i64) -> DataArray {
    let n = t.shape().get(1).map_or(1, |&n| n.max(1)) as i64;
    let (a, b) = (a.rem_euclid(n), b.rem_euclid(n));
    // What has failed has no labels: it stays failed.
    let labels = t.coord("x").to_f64().unwrap_or_default();
    let label = |at: i64| labels.get(at as usize).copied().unwrap_or(0.0);
    match which % 5 {
        0 => t.isel("x", a.min(b)..a.max(b) + 1),
        1 => t.isel("x", every(1 + (b % 3))),
        2 => t.isel("x", every(-1)),
        3 => t.isel("x", vec![a, b, a]),
        _ => t.sel("x", label(a).min(label(b))..=label(a).max(label(b))),
    }
}

fn same(a: &DataArray, b: &DataArray, tolerance: f64) -> Result<(), TestCaseError> {
    prop_assert_eq!(a.shape(), b.shape());
    for (x, y) in a.to_f64().unwrap().iter().zip(b.to_f64().unwrap()) {
        prop_assert!(
            (x.is_nan() && y.is_nan()) || (x - y).abs() <= tolerance * y.abs().max(1.0),
            "{} against {}",
            x,
            y
        );
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 120, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn slices_commute_with_element_wise_work(
        shape in [1usize..7, 1usize..12], chunks in [1u64..8, 1u64..13], seed in any::<u64>(),
        works in proptest::collection::vec(any::<u32>(), 1..4), which in any::<u32>(), a in 0i64..40, b in 0i64..40,
    ) {
        let t = array(shape, chunks, seed);
        let worked = works.iter().fold(t.clone(), |t, which| work(&t, *which));
        let first_cut = works.iter().fold(cut(&t, which, a, b), |t, which| work(&t, *which));
        same(&cut(&worked, which, a, b), &first_cut, 0.0)?;
        prop_assert_eq!(cut(&worked, which, a, b).coord("x").to_f64().unwrap(), first_cut.coord("x").to_f64().unwrap());
    }

    #[test]
    fn lazy_is_eager(
        shape in [2usize..7, 2usize..12], chunks in [1u64..8, 1u64..13], seed in any::<u64>(),
        steps in proptest::collection::vec((any::<u32>(), 0i64..40, 0i64..40), 1..6), workers in 1usize..4,
    ) {
        let step = |t: &DataArray, (which, a, b): (u32, i64, i64)| match which % 5 {
            0 => cut(t, which / 5, a, b),
            1 => t - t.mean("x"),
            2 => t.cumsum("y"),
            3 => t.rolling("y", 2).min_periods(1).mean(),
            _ => work(t, which / 5),
        };
        let context = Context::new(workers, MemoryBudget::new(1 << 28)).unwrap();
        let t = array(shape, chunks, seed);
        let lazy = steps.iter().fold(t.clone(), |t, s| step(&t, *s));
        let eager = steps.iter().try_fold(t, |t, s| compute_with(&step(&t, *s), &context).map(|(t, _)| t));
        match (compute_with(&lazy, &context), eager) {
            (Ok((lazy, _)), Ok(eager)) => same(&lazy, &eager, 1e-9)?,
            // A range of labels that stand in no order: both say so.
            (Err(lazy), Err(eager)) => prop_assert_eq!(lazy.kind(), eager.kind()),
            (lazy, eager) => prop_assert!(false, "{:?} against {:?}", lazy.err(), eager.err()),
        }
    }

    #[test]
    fn groups_are_what_a_loop_finds(
        shape in [1usize..40, 1usize..6], chunks in [1u64..41, 1u64..7], seed in any::<u64>(), n_groups in 1u64..7,
    ) {
        let t = array(shape, chunks, seed);
        // Keys in any order, some missing.
        let keys: Vec<f64> = noise(shape[0], seed ^ 0x5555).iter().map(|v| if v.is_nan() { f64::NAN } else { (v.abs() * 100.0).floor() % n_groups as f64 }).collect();
        prop_assume!(keys.iter().any(|key| !key.is_nan()));
        let values = t.to_f64().unwrap();
        let mut members: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
        for (row, key) in keys.iter().enumerate().filter(|(_, key)| !key.is_nan()) {
            members.entry(*key as u64).or_default().push(row);
        }
        let groups = t.group_by_key(&DataArray::from_vec(["y"], &[shape[0]], keys).named("key"));
        type Naive = fn(&[f64]) -> f64;
        let mean: Naive = |x| if x.is_empty() { f64::NAN } else { x.iter().sum::<f64>() / x.len() as f64 };
        let rows: Vec<(&str, DataArray, Naive)> = vec![
            ("mean", groups.mean(), mean),
            ("sum", groups.sum(), |x| x.iter().sum()),
            ("max", groups.max(), |x| x.iter().copied().fold(f64::NAN, f64::max)),
            ("min", groups.min(), |x| x.iter().copied().fold(f64::NAN, f64::min)),
            ("count", groups.count().cast(terracube_cube::DType::F64), |x| x.len() as f64),
            ("first", groups.first(), |x| x.first().copied().unwrap_or(f64::NAN)),
            ("last", groups.last(), |x| x.last().copied().unwrap_or(f64::NAN)),
            ("median", groups.median(), |x| {
                let mut x = x.to_vec();
                x.sort_by(f64::total_cmp);
                if x.is_empty() { f64::NAN } else { x[(x.len() - 1) / 2].midpoint(x[x.len() / 2]) }
            }),
        ];
        for (name, found, naive) in rows {
            let found = found.to_f64().unwrap();
            prop_assert_eq!(found.len(), members.len() * shape[1], "{}", name);
            for (g, rows) in members.values().enumerate() {
                for x in 0..shape[1] {
                    let held: Vec<f64> = rows.iter().map(|row| values[row * shape[1] + x]).filter(|v| !v.is_nan()).collect();
                    let (got, expected) = (found[g * shape[1] + x], naive(&held));
                    prop_assert!((got.is_nan() && expected.is_nan()) || (got - expected).abs() <= 1e-12 * expected.abs().max(1.0), "{}: {} against {}", name, got, expected);
                }
            }
        }
    }
}
