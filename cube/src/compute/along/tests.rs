use super::*;
use crate::base::Block;

fn rolling(op: RollingOp, window: u64, centered: bool, min_periods: u64) -> AxisOp {
    AxisOp::Rolling(Rolling { op, window, centered, min_periods })
}

/// Window by window, the plain way.
fn plainly(op: RollingOp, x: &[f64], window: usize, after: usize, least: usize) -> Vec<f64> {
    (0..x.len() as isize)
        .map(|i| {
            let end = (i + after as isize + 1).min(x.len() as isize);
            let start = (i + after as isize + 1 - window as isize).max(0);
            let mut held: Vec<f64> = x[start as usize..end as usize].iter().copied().filter(|v| !v.is_nan()).collect();
            if held.len() < least {
                return f64::NAN;
            }
            held.sort_by(f64::total_cmp);
            let n = held.len() as f64;
            let sum: f64 = held.iter().sum();
            let squares: f64 = held.iter().map(|v| (v - sum / n).powi(2)).sum();
            match op {
                RollingOp::Sum => sum,
                RollingOp::Mean => sum / n,
                RollingOp::Min => held[0],
                RollingOp::Max => held[held.len() - 1],
                RollingOp::Var { .. } => squares / n,
                RollingOp::Std { .. } => (squares / n).sqrt(),
                RollingOp::Count => n,
                RollingOp::Median => (held[(held.len() - 1) / 2] + held[held.len() / 2]) / 2.0,
            }
        })
        .collect()
}

#[test]
fn windows_are_those_of_a_plain_loop() {
    let mut state = 7u64;
    let x: Vec<f64> = (0..60)
        .map(|_| {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            if state >> 61 == 0 { f64::NAN } else { (state >> 40) as f64 / 1e5 }
        })
        .collect();
    // Two columns side by side: the second is the first, negated.
    let both: Vec<f64> = x.iter().flat_map(|v| [*v, -v]).collect();
    let block = Block::new(&[60, 2], both).unwrap();
    let ops = [
        RollingOp::Sum,
        RollingOp::Mean,
        RollingOp::Min,
        RollingOp::Max,
        RollingOp::Var { ddof: 0 },
        RollingOp::Std { ddof: 0 },
        RollingOp::Count,
        RollingOp::Median,
    ];
    for op in ops {
        for window in [1u64, 2, 3, 7, 24, 60, 90] {
            for centered in [false, true] {
                for least in [1, window] {
                    let after = if centered { (window - 1) / 2 } else { 0 };
                    let expected = plainly(op, &x, window as usize, after as usize, least as usize);
                    // Whole, and in pieces with a halo.
                    for step in [60u64, 13] {
                        let op = rolling(op, window, centered, least);
                        let mut found = Vec::new();
                        for start in (0..60).step_by(step as usize) {
                            let wanted = start..(start + step).min(60);
                            let held = op.reads(&wanted, 60);
                            let part = block
                                .slice(&[(held.start as usize, (held.end - held.start) as usize, 1), (0, 1, 1)])
                                .unwrap();
                            found.extend(along(&op, &part, &[0], &held, &wanted, 60).unwrap().to_f64().unwrap());
                        }
                        for (i, (a, b)) in found.iter().zip(&expected).enumerate() {
                            assert!(
                                (a.is_nan() && b.is_nan()) || (a - b).abs() <= 1e-9 * b.abs().max(1.0),
                                "{op:?} [{i}]: {a}, expected {b}"
                            );
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn quantiles_and_ranks() {
    let block = Block::new(&[1, 5], vec![3.0, f64::NAN, 1.0, 2.0, 2.0]).unwrap();
    let quantile =
        Quantile { at: [0.0, 0.5, 0.9, 1.0].into(), skip_missing: true, groups: None, least: 1, keeps_f32: false };
    let found = along(&AxisOp::Quantile(quantile), &block, &[1], &(0..5), &(0..4), 5).unwrap();
    assert_eq!(found.shape(), [1, 4]);
    assert_eq!(found.to_f64().unwrap(), [1.0, 2.0, 2.7, 3.0]);
    let found = along(&AxisOp::Rank { as_part: false }, &block, &[1], &(0..5), &(0..5), 5).unwrap().to_f64().unwrap();
    assert_eq!([found[0], found[2], found[3], found[4]], [4.0, 1.0, 2.5, 2.5]);
}

#[test]
fn polynomials_are_found_again() {
    let labels: Vec<f64> = (0..20).map(|i| 1000.0 + f64::from(i)).collect();
    let values = labels.iter().map(|x| 3.0 - 0.5 * x + 0.25 * x * x).collect();
    let fit = Fit { labels: labels.into(), degree: 2, skip_missing: true };
    let found = along(&AxisOp::Fit(fit), &Block::new(&[20], values).unwrap(), &[0], &(0..20), &(0..3), 20).unwrap();
    let found = found.to_f64().unwrap();
    for (a, b) in found.iter().zip([0.25, -0.5, 3.0]) {
        assert!((a - b).abs() < 1e-6, "{found:?}");
    }
}

#[test]
fn positions_in_order_of_the_largest_numbers() {
    let block = Block::new(&[4], vec![1u64 << 63, u64::MAX, 1, (1 << 63) + 1]).unwrap();
    let found = along(&AxisOp::SortedPositions, &block, &[0], &(0..4), &(0..4), 4).unwrap();
    assert_eq!(found.values::<i64>().unwrap(), [2, 0, 3, 1]);
}
