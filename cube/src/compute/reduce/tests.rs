//! Reductions against plain loops in f64: any dtype, view, role, chunking and merge order.
use proptest::prelude::*;

use super::*;
use crate::base::{Block, Calendar, DType, ErrorKind, TimeUnit};
use crate::compute::pointwise::cast;

const GROUPS: usize = 3;
const TIME: DType = DType::Time { unit: TimeUnit::Ms, calendar: Calendar::NoLeap };
const DURATION: DType = DType::Duration { unit: TimeUnit::S };
const DTYPES: [DType; 13] = [
    DType::Bool,
    DType::I8,
    DType::I16,
    DType::I32,
    DType::I64,
    DType::U8,
    DType::U16,
    DType::U32,
    DType::U64,
    DType::F32,
    DType::F64,
    TIME,
    DURATION,
];
const OPS: [ReduceOp; 10] = [
    ReduceOp::Sum,
    ReduceOp::Mean,
    ReduceOp::Min,
    ReduceOp::Max,
    ReduceOp::Var { ddof: 1 },
    ReduceOp::Std { ddof: 0 },
    ReduceOp::Count,
    ReduceOp::Any,
    ReduceOp::All,
    ReduceOp::Prod,
];

#[test]
fn small_blocks_by_hand() {
    use AxisRole::{Grouped, Kept, Reduced};
    let nan = f32::NAN;
    let x = Block::new(&[2, 3], vec![1f32, 2.0, nan, 4.0, nan, 9.0]).unwrap();
    let f32s = |block: &Block| block.values::<f32>().unwrap().to_vec();
    assert_eq!(f32s(&reduce(ReduceOp::Mean, &x, &[Reduced, Kept], &[3])), [2.5, 2.0, 9.0]);
    assert_eq!(f32s(&reduce(ReduceOp::Mean, &x, &[Kept, Reduced], &[2])), [1.5, 6.5]);
    assert_eq!(f32s(&reduce(ReduceOp::Sum, &x, &[Reduced, Reduced], &[])), [16.0]);
    assert_eq!(f32s(&reduce(ReduceOp::Sum, &x, &[Kept, Grouped(&[1, u32::MAX, 1])], &[2, 2])), [0.0, 1.0, 0.0, 13.0]);
    assert_eq!(f32s(&reduce(ReduceOp::Max, &x, &[Grouped(&[1, 1]), Kept], &[2, 3]))[3..], [4.0, 2.0, 9.0]);
    assert_eq!(f32s(&reduce(ReduceOp::Std { ddof: 0 }, &x, &[Kept, Reduced], &[2])), [0.5, 2.5]);
    assert_eq!(f32s(&reduce(ReduceOp::First, &x, &[Kept, Reduced], &[2])), [1.0, 4.0]);
    assert_eq!(f32s(&reduce(ReduceOp::Last, &x, &[Reduced, Kept], &[3])), [4.0, 2.0, 9.0]);
    assert_eq!(reduce(ReduceOp::Count, &x, &[Kept, Reduced], &[2]).values::<i64>().unwrap(), [2, 2]);
    let text = Block::from_strings(&[3], ["b", "a", "c"]).unwrap();
    assert_eq!(reduce(ReduceOp::Last, &text, &[Reduced], &[]).text().unwrap().value(0), "c");
    assert_eq!(reduce(ReduceOp::Count, &text, &[Reduced], &[]).values::<i64>().unwrap(), [3]);
}

#[test]
fn f32_is_widened_while_it_is_reduced() {
    use AxisRole::{Grouped, Kept, Reduced};
    let values: Vec<f32> = (0..600).map(|i| if i % 7 == 3 { f32::NAN } else { (i as f32).sin() * 1e4 }).collect();
    let narrow = Block::new(&[6, 100], values).unwrap();
    let wide = cast(&narrow, DType::F64).unwrap();
    let codes = [0, 1, 0, u32::MAX, 1, 0];
    for op in [ReduceOp::Sum, ReduceOp::Mean, ReduceOp::Var { ddof: 1 }, ReduceOp::Std { ddof: 0 }] {
        for skip_missing in [true, false] {
            let options = ReduceOptions { skip_missing, ..ReduceOptions::default() };
            for (roles, shape) in
                [([Reduced, Kept], vec![100]), ([Kept, Reduced], vec![6]), ([Grouped(&codes), Kept], vec![2, 100])]
            {
                let at = vec![0; shape.len()];
                let mut widening = Accumulator::widening(op, options, &shape).unwrap();
                widening.update(&narrow, &roles, &at).unwrap();
                let mut plain = Accumulator::new(op, options, DType::F64, &shape).unwrap();
                plain.update(&wide, &roles, &at).unwrap();
                let bits = |done: Accumulator| -> Vec<u64> {
                    done.finish().unwrap().values::<f64>().unwrap().iter().map(|value| value.to_bits()).collect()
                };
                assert_eq!(bits(widening), bits(plain), "{op:?} {roles:?}");
            }
        }
    }
    assert!(Accumulator::widening(ReduceOp::Max, ReduceOptions::default(), &[1]).is_err());
}

#[test]
fn hard_sums_keep_their_digits() {
    let x: Vec<f64> = (0..100_000).flat_map(|i| [1e16, f64::from(i), -1e16]).collect();
    let exact = 99_999.0 * 50_000.0;
    for (shape, roles, cells) in [
        (vec![300_000], vec![AxisRole::Reduced], vec![]),
        (vec![300_000, 1], vec![AxisRole::Reduced, AxisRole::Kept], vec![1]),
    ] {
        let block = Block::new(&shape, x.clone()).unwrap();
        assert_eq!(reduce(ReduceOp::Sum, &block, &roles, &cells).values::<f64>().unwrap(), [exact]);
    }
    // f32: 2 M values around 280, where a plain f32 sum is far off
    let warm: Vec<f32> = (0..2_000_000).map(|i| 280.0 + (i % 1000) as f32 / 500.0).collect();
    let exact = warm.iter().map(|&v| f64::from(v)).sum::<f64>() / 2e6;
    let mean = reduce(ReduceOp::Mean, &Block::new(&[2_000_000], warm).unwrap(), &[AxisRole::Reduced], &[]);
    assert_eq!(mean.values::<f32>().unwrap(), [exact as f32]);
    // a variance far from zero: 1e9 + {0, 1, 2, 3, ...} mod 10
    let far: Vec<f64> = (0..100_000).map(|i| 1e9 + f64::from(i % 10)).collect();
    let var = reduce(ReduceOp::Var { ddof: 0 }, &Block::new(&[100_000], far).unwrap(), &[AxisRole::Reduced], &[]);
    assert!((var.values::<f64>().unwrap()[0] - 8.25).abs() < 1e-13, "{:?}", var.to_f64());
    let infinite = Block::new(&[3], vec![1.0, f64::INFINITY, 2.0]).unwrap();
    assert_eq!(reduce(ReduceOp::Sum, &infinite, &[AxisRole::Reduced], &[]).to_f64().unwrap(), [f64::INFINITY]);
}

#[test]
fn empty_cells_and_min_count() {
    let empty = |op, dtype| {
        let accumulator = Accumulator::new(op, ReduceOptions::default(), dtype, &[1]).unwrap();
        accumulator.finish().map(|block| block.to_f64().unwrap()[0])
    };
    assert_eq!(empty(ReduceOp::Sum, DType::F32).unwrap(), 0.0);
    assert_eq!(empty(ReduceOp::Count, DType::I16).unwrap(), 0.0);
    for op in [ReduceOp::Mean, ReduceOp::Var { ddof: 0 }, ReduceOp::Min, ReduceOp::First] {
        assert!(empty(op, DType::F64).unwrap().is_nan(), "{}", op.name());
    }
    assert!(empty(ReduceOp::Mean, TIME).unwrap().is_nan());
    assert_eq!(empty(ReduceOp::Max, DType::I32).unwrap_err().kind(), ErrorKind::Empty);

    let x = Block::new(&[2, 3], vec![1.0, f64::NAN, f64::NAN, 1.0, 2.0, f64::NAN]).unwrap();
    let options = ReduceOptions { min_count: Some(2), ..ReduceOptions::default() };
    let mut accumulator = Accumulator::new(ReduceOp::Sum, options, DType::F64, &[2]).unwrap();
    accumulator.update(&x, &[AxisRole::Kept, AxisRole::Reduced], &[0]).unwrap();
    let blocks = accumulator.to_blocks().unwrap();
    let again = Accumulator::new(ReduceOp::Sum, options, DType::F64, &[2]).unwrap().restored(&blocks).unwrap();
    let sums = again.finish().unwrap().to_f64().unwrap();
    assert!(sums[0].is_nan() && sums[1] == 3.0);
}

#[test]
fn first_and_last_follow_places_not_the_order_of_calls() {
    let at_place = |accumulator: &mut Accumulator, values: [f64; 2], place: u64| {
        let block = Block::new(&[2], values.to_vec()).unwrap();
        accumulator
            .update_all(&[Contribution { block: &block, roles: &[AxisRole::Reduced], at: &[], place, codes: None }])
            .unwrap();
    };
    let nan = f64::NAN;
    for (op, expected) in [(ReduceOp::First, 2.0), (ReduceOp::Last, 5.0)] {
        let new = || Accumulator::new(op, ReduceOptions::default(), DType::F64, &[]).unwrap();
        let (mut one, mut two) = (new(), new());
        at_place(&mut one, [5.0, nan], 2);
        at_place(&mut two, [3.0, 4.0], 1);
        at_place(&mut one, [nan, 2.0], 0);
        one.merge(two).unwrap();
        assert_eq!(one.finish().unwrap().to_f64().unwrap(), [expected]);
    }
}

#[test]
fn what_is_not_defined_says_so() {
    for (op, dtype, words) in [
        (ReduceOp::Sum, TIME, "not defined for times"),
        (ReduceOp::Var { ddof: 0 }, DURATION, "not defined for durations"),
        (ReduceOp::Mean, DType::Utf8, "not defined for strings"),
    ] {
        let error = Accumulator::new(op, ReduceOptions::default(), dtype, &[]).err().unwrap();
        assert!(error.message().contains(words) && error.hint_text().is_some(), "{error}");
    }
    let mut sum = Accumulator::new(ReduceOp::Sum, ReduceOptions::default(), DType::F32, &[2]).unwrap();
    let block = Block::new(&[3], vec![0f32; 3]).unwrap();
    assert!(sum.update(&block, &[AxisRole::Kept], &[0]).is_err());
    assert!(sum.update(&block, &[AxisRole::Grouped(&[0, 1, 2])], &[0]).is_err());
    assert!(sum.update(&block, &[AxisRole::Reduced], &[0]).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn any_view_chunking_and_merge_order_gives_the_plain_answer(
        dims in (1usize..6, 1usize..5, 1usize..50),
        roles in prop::array::uniform3(0u8..3),
        view in 0u8..5,
        dtype in 0usize..DTYPES.len(),
        op in 0usize..OPS.len(),
        skip in any::<bool>(),
        seed in any::<u64>(),
    ) {
        check(&[dims.0, dims.1, dims.2], roles, view, DTYPES[dtype], OPS[op], skip, seed);
    }
}

fn reduce(op: ReduceOp, block: &Block, roles: &[AxisRole], cells: &[usize]) -> Block {
    let mut accumulator = Accumulator::new(op, ReduceOptions::default(), block.dtype(), cells).unwrap();
    accumulator.update(block, roles, &vec![0; cells.len()]).unwrap();
    accumulator.finish().unwrap()
}

fn check(dims: &[usize; 3], roles: [u8; 3], view: u8, dtype: DType, op: ReduceOp, skip: bool, seed: u64) {
    if op.output_dtype(dtype).is_err() {
        return;
    }
    let mut state = seed | 1;
    let mut random = |n: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % n
    };
    let some_missing = random(3) > 0;
    let small = op == ReduceOp::Prod;
    let values = (0..dims.iter().product()).map(|_| match random(if some_missing { 5 } else { 1_000_000 }) {
        1 => f64::NAN,
        _ if small => 0.5 + random(3) as f64 / 2.0,
        _ => random(120) as f64 + random(4) as f64 / 4.0,
    });
    let block = cast(&Block::new(dims, values.collect()).unwrap(), dtype).unwrap();
    let block = seen(&block, view);
    let shape = block.shape().to_vec();
    let codes: Vec<Vec<u32>> = shape
        .iter()
        .map(|&len| {
            (0..len).map(|_| random(GROUPS as u64 + 1) as u32).map(|c| if c == 3 { u32::MAX } else { c }).collect()
        })
        .collect();
    let cells: Vec<usize> =
        (0..3).filter(|&a| roles[a] != 1).map(|a| if roles[a] == 0 { shape[a] } else { GROUPS }).collect();

    let mut expected: Vec<Vec<f64>> = vec![Vec::new(); cells.iter().product()];
    for (at, &value) in block.to_f64().unwrap().iter().enumerate() {
        let index = [at / (shape[1] * shape[2]), at / shape[2] % shape[1], at % shape[2]];
        let place = |a: usize| if roles[a] == 0 { index[a] } else { codes[a][index[a]] as usize };
        let kept: Vec<usize> = (0..3).filter(|&a| roles[a] != 1).map(place).collect();
        if kept.iter().all(|&i| i != u32::MAX as usize) {
            expected[kept.iter().zip(&cells).fold(0, |n, (i, len)| n * len + i)].push(value);
        }
    }

    let options = ReduceOptions { skip_missing: skip, ..ReduceOptions::default() };
    let mut accumulators: Vec<_> = (0..2).map(|_| Accumulator::new(op, options, dtype, &cells).unwrap()).collect();
    let cut: Vec<usize> = shape.iter().map(|&len| random(len as u64 + 1) as usize).collect();
    // One accumulator takes its blocks one by one, the other all at once.
    let mut together = Vec::new();
    for part in 0..8usize {
        let ranges: Vec<(usize, usize)> =
            (0..3).map(|a| if part >> a & 1 == 0 { (0, cut[a]) } else { (cut[a], shape[a] - cut[a]) }).collect();
        let piece =
            block.slice(&ranges.iter().map(|&(from, n)| (from.min(from + n), n, 1)).collect::<Vec<_>>()).unwrap();
        let piece_roles: Vec<AxisRole> = (0..3)
            .map(|a| match roles[a] {
                0 => AxisRole::Kept,
                1 => AxisRole::Reduced,
                _ => AxisRole::Grouped(&codes[a][ranges[a].0..ranges[a].0 + ranges[a].1]),
            })
            .collect();
        let at: Vec<usize> =
            (0..3).filter(|&a| roles[a] != 1).map(|a| if roles[a] == 0 { ranges[a].0 } else { 0 }).collect();
        match random(2) {
            0 => accumulators[0].update(&piece, &piece_roles, &at).unwrap(),
            _ => together.push((piece, piece_roles, at)),
        }
    }
    let all: Vec<Contribution> =
        together.iter().map(|(block, roles, at)| Contribution { block, roles, at, place: 0, codes: None }).collect();
    accumulators[1].update_all(&all).unwrap();
    let (second, mut first) = (accumulators.pop().unwrap(), accumulators.pop().unwrap());
    let sent = Accumulator::new(op, options, dtype, &cells).unwrap().restored(&second.to_blocks().unwrap()).unwrap();
    first.merge(sent).unwrap();

    let result = match first.finish() {
        Ok(result) => result,
        Err(error) => {
            assert!(error.kind() == ErrorKind::Empty && expected.iter().any(Vec::is_empty), "{error}");
            return;
        }
    };
    assert_eq!((result.dtype(), result.shape()), (op.output_dtype(dtype).unwrap(), &cells[..]));
    for (cell, (&got, values)) in result.to_f64().unwrap().iter().zip(&expected).enumerate() {
        let wanted = plain(op, values, skip, dtype);
        let tolerance = match result.dtype() {
            DType::F32 => 1.2e-7,
            DType::F64 => 1e-13,
            TIME | DURATION if op == ReduceOp::Mean => 0.51 / wanted.abs().max(1.0),
            _ => 0.0,
        };
        let near = got == wanted
            || (got.is_nan() && wanted.is_nan())
            || (got - wanted).abs() <= tolerance * wanted.abs().max(1.0);
        assert!(near, "{op:?} of {dtype}, cell {cell}: {got} instead of {wanted} for {values:?}");
    }
}

/// A view of a block whose strides are of another kind.
fn seen(block: &Block, view: u8) -> Block {
    let s = block.shape().to_vec();
    match view {
        1 => block.transpose(&[2, 0, 1]).unwrap(),
        2 => block.slice(&[(s[0] - 1, s[0], -1), (0, s[1], 1), (s[2] - 1, s[2], -1)]).unwrap(),
        3 => {
            let line = block.slice(&[(0, s[0], 1), (0, 1, 1), (0, s[2], 1)]).unwrap();
            line.broadcast(&[s[0], 4, s[2]], &[Some(0), Some(1), Some(2)]).unwrap()
        }
        4 => block.slice(&[(0, s[0], 1), (0, s[1], 1), (0, s[2].div_ceil(2), 2)]).unwrap(),
        _ => block.clone(),
    }
}

fn plain(op: ReduceOp, all: &[f64], skip: bool, dtype: DType) -> f64 {
    let has_missing = dtype.is_float() || dtype.is_time_like();
    let valid: Vec<f64> = all.iter().copied().filter(|v| !v.is_nan()).collect();
    let spoilt = !skip && has_missing && valid.len() < all.len();
    let n = valid.len() as f64;
    let mean = valid.iter().sum::<f64>() / n;
    let variance = |ddof: f64| match n <= ddof {
        true => f64::NAN,
        false => valid.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / (n - ddof),
    };
    match op {
        ReduceOp::Count => {
            if skip {
                n
            } else {
                all.len() as f64
            }
        }
        ReduceOp::Any => f64::from(u8::from(all.iter().any(|&v| v != 0.0))),
        ReduceOp::All => f64::from(u8::from(all.iter().all(|&v| v != 0.0))),
        _ if spoilt => f64::NAN,
        ReduceOp::Sum => valid.iter().sum(),
        ReduceOp::Prod => valid.iter().product(),
        ReduceOp::Mean => mean,
        ReduceOp::Min => valid.iter().copied().fold(f64::NAN, f64::min),
        ReduceOp::Max => valid.iter().copied().fold(f64::NAN, f64::max),
        ReduceOp::Var { ddof } => variance(f64::from(ddof)),
        ReduceOp::Std { ddof } => variance(f64::from(ddof)).sqrt(),
        ReduceOp::First | ReduceOp::Last | ReduceOp::Own(_) => f64::NAN,
    }
}
