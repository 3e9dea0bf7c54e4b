//! Rows of operands and results; the expected numbers are NumPy 2's, written down by hand.
use super::*;
use crate::base::{Block, Calendar, DType, Result, TimeUnit};
use crate::compute::scalar::{Scalar, weak_dtype};

const NAN: f64 = f64::NAN;
const NAT: i64 = i64::MIN;

fn time(unit: TimeUnit) -> DType {
    DType::Time { unit, calendar: Calendar::Standard }
}

fn row<T: crate::base::Element>(values: &[T]) -> Block {
    Block::new(&[values.len()], values.to_vec()).unwrap()
}

fn counts(dtype: DType, values: &[i64]) -> Block {
    row(values).reinterpret(dtype).unwrap()
}

/// Equal dtype and values, NaN equal to NaN.
fn check(result: Result<Block>, dtype: DType, expected: &[f64]) {
    let result = result.unwrap();
    let values = result.to_f64().unwrap();
    let same = values.len() == expected.len()
        && values.iter().zip(expected).all(|(a, b)| a == b || (a.is_nan() && b.is_nan()));
    assert!(same && result.dtype() == dtype, "{} {values:?} instead of {dtype} {expected:?}", result.dtype());
}

#[test]
fn arithmetic_of_numbers() {
    use BinaryOp::*;
    let (a, b) = (row(&[7.5, -7.5, 7.5, 1.0, NAN]), row(&[2.0, 2.0, -2.0, 0.0, 1.0]));
    check(binary(Add, &a, &b), DType::F64, &[9.5, -5.5, 5.5, 1.0, NAN]);
    check(binary(Div, &a, &b), DType::F64, &[3.75, -3.75, -3.75, f64::INFINITY, NAN]);
    check(binary(FloorDiv, &a, &b), DType::F64, &[3.0, -4.0, -4.0, f64::INFINITY, NAN]);
    check(binary(Rem, &a, &b), DType::F64, &[1.5, 0.5, -0.5, NAN, NAN]);
    check(binary(Min, &a, &b), DType::F64, &[2.0, -7.5, -2.0, 0.0, NAN]);
    check(binary(Max, &b, &a), DType::F64, &[7.5, 2.0, 7.5, 1.0, NAN]);
    check(binary(Ne, &a, &a), DType::Bool, &[0.0, 0.0, 0.0, 0.0, 1.0]);
    check(binary(Le, &a, &a), DType::Bool, &[1.0, 1.0, 1.0, 1.0, 0.0]);

    let (i, j) = (row(&[7i8, -7, 100, -128, 5]), row(&[2i8, 2, 100, -1, 0]));
    check(binary(Add, &i, &j), DType::I8, &[9.0, -5.0, -56.0, 127.0, 5.0]);
    check(binary(Mul, &i, &j), DType::I8, &[14.0, -14.0, 16.0, -128.0, 0.0]);
    check(binary(FloorDiv, &i, &j), DType::I8, &[3.0, -4.0, 1.0, -128.0, 0.0]);
    check(binary(Rem, &i, &j), DType::I8, &[1.0, 1.0, 0.0, 0.0, 0.0]);
    check(binary(Div, &i, &row(&[2u8, 2, 8, 2, 1])), DType::F64, &[3.5, -3.5, 12.5, -64.0, 5.0]);
    check(binary(Sub, &row(&[1u16]), &row(&[2u16])), DType::U16, &[65535.0]);
    check(binary(Pow, &row(&[3i32, -2]), &row(&[4i32, 3])), DType::I32, &[81.0, -8.0]);
    check(binary(Xor, &row(&[6u8]), &row(&[3i16])), DType::I16, &[5.0]);
    check(binary(Mul, &row(&[1.5f32]), &row(&[3i16])), DType::F32, &[4.5]);
    check(binary(Mul, &row(&[1.5f32]), &row(&[3i32])), DType::F64, &[4.5]);
    check(binary(Gt, &row(&[u64::MAX]), &row(&[i64::MAX])), DType::Bool, &[1.0]);
    check(binary(Eq, &row(&[i64::MAX as u64 + 1]), &row(&[i64::MAX])), DType::Bool, &[0.0]);
    assert!(binary(Pow, &row(&[2i32]), &row(&[-1i32])).is_err());
}

#[test]
fn truth_values() {
    use BinaryOp::*;
    let bools = |v: &[u8]| row(v).reinterpret(DType::Bool).unwrap();
    let (a, b) = (bools(&[0, 0, 1, 1]), bools(&[0, 1, 0, 1]));
    check(binary(And, &a, &b), DType::Bool, &[0.0, 0.0, 0.0, 1.0]);
    check(binary(Or, &a, &b), DType::Bool, &[0.0, 1.0, 1.0, 1.0]);
    check(binary(Add, &a, &b), DType::Bool, &[0.0, 1.0, 1.0, 1.0]);
    check(binary(Xor, &a, &b), DType::Bool, &[0.0, 1.0, 1.0, 0.0]);
    check(binary(Lt, &a, &b), DType::Bool, &[0.0, 1.0, 0.0, 0.0]);
    check(binary(Mul, &a, &row(&[2.5f32; 4])), DType::F32, &[0.0, 0.0, 2.5, 2.5]);
    check(unary(&UnaryOp::Not, &a), DType::Bool, &[1.0, 1.0, 0.0, 0.0]);
    assert!(binary(Sub, &a, &b).is_err());
    check(select(&b, &row(&[1i16; 4]), &row(&[0.5f32; 4])), DType::F32, &[0.5, 1.0, 0.5, 1.0]);
    check(mask(&b, &row(&[3i16; 4])), DType::F32, &[NAN, 3.0, NAN, 3.0]);
    check(mask(&b, &row(&[3i32; 4])), DType::F64, &[NAN, 3.0, NAN, 3.0]);
    assert!(mask(&b, &a).is_err() && mask(&row(&[1.0; 4]), &a).is_err());
}

#[test]
fn functions_of_one_array() {
    use UnaryOp::*;
    check(unary(&Sqrt, &row(&[4.0, -1.0])), DType::F64, &[2.0, NAN]);
    check(unary(&Sqrt, &row(&[4i16])), DType::F32, &[2.0]);
    check(unary(&Round, &row(&[0.5, 1.5, -2.5])), DType::F64, &[0.0, 2.0, -2.0]);
    check(unary(&Neg, &row(&[1u8, 0])), DType::U8, &[255.0, 0.0]);
    check(unary(&Abs, &row(&[-128i8, -3])), DType::I8, &[-128.0, 3.0]);
    check(unary(&Abs, &row(&[u64::MAX])), DType::U64, &[u64::MAX as f64]);
    check(unary(&Sign, &row(&[u64::MAX, 0])), DType::U64, &[1.0, 0.0]);
    check(unary(&Not, &row(&[5u8])), DType::U8, &[250.0]);
    check(unary(&CosDeg, &row(&[0f32, 180.0])), DType::F32, &[1.0, -1.0]);
    check(unary(&IsMissing, &row(&[NAN, 1.0])), DType::Bool, &[1.0, 0.0]);
    check(unary(&NotMissing, &counts(time(TimeUnit::S), &[NAT, 1])), DType::Bool, &[0.0, 1.0]);
    check(unary(&IsFinite, &row(&[NAN, f32::INFINITY as f64, 1.0])), DType::Bool, &[0.0, 0.0, 1.0]);
    check(
        unary(&TimeField(super::TimeField::Month), &counts(time(TimeUnit::S), &[0, 86_400 * 31])),
        DType::I64,
        &[1.0, 2.0],
    );
    assert!(unary(&TimeField(super::TimeField::Month), &counts(time(TimeUnit::S), &[NAT])).is_err());
}

#[test]
fn times_and_durations() {
    use BinaryOp::*;
    let seconds = counts(time(TimeUnit::S), &[10, NAT, 20]);
    let millis = counts(time(TimeUnit::Ms), &[9_500, 0, 20_000]);
    let span = |unit, v: &[i64]| counts(DType::Duration { unit }, v);
    let ms = DType::Duration { unit: TimeUnit::Ms };
    check(binary(Sub, &seconds, &millis), ms, &[500.0, NAN, 0.0]);
    check(binary(Eq, &seconds, &millis), DType::Bool, &[0.0, 0.0, 1.0]);
    check(binary(Ne, &seconds, &seconds), DType::Bool, &[0.0, 1.0, 0.0]);
    check(binary(Add, &seconds, &span(TimeUnit::Ms, &[1, 1, NAT])), time(TimeUnit::Ms), &[10_001.0, NAN, NAN]);
    check(binary(Div, &span(TimeUnit::S, &[3, NAT]), &span(TimeUnit::Ms, &[1500, 1])), DType::F64, &[2.0, NAN]);
    check(
        binary(Mul, &span(TimeUnit::S, &[3, NAT]), &row(&[1.5, 2.0])),
        DType::Duration { unit: TimeUnit::S },
        &[4.0, NAN],
    );
    check(binary(FloorDiv, &span(TimeUnit::S, &[-7]), &row(&[2i64])), DType::Duration { unit: TimeUnit::S }, &[-4.0]);
    check(binary(FloorDiv, &span(TimeUnit::S, &[-7]), &span(TimeUnit::S, &[2])), DType::I64, &[-4.0]);
    assert!(binary(Add, &seconds, &seconds).is_err());
    assert!(binary(Gt, &seconds, &row(&[1i64; 3])).is_err());
    assert!(binary(Add, &span(TimeUnit::S, &[i64::MAX]), &span(TimeUnit::S, &[1])).is_err());
    check(cast(&millis, time(TimeUnit::S)), time(TimeUnit::S), &[9.0, 0.0, 20.0]);
    check(cast(&seconds, DType::F64), DType::F64, &[10.0, NAN, 20.0]);
    assert!(cast(&counts(time(TimeUnit::S), &[i64::MAX / 2]), time(TimeUnit::Ns)).is_err());
}

#[test]
fn strings_compare_and_numbers_do_not_meet_them() {
    let (a, b) = (Block::from_strings(&[2], ["a", "b"]).unwrap(), Block::from_strings(&[2], ["b", "b"]).unwrap());
    check(binary(BinaryOp::Lt, &a, &b), DType::Bool, &[1.0, 0.0]);
    let error = binary(BinaryOp::Gt, &a, &row(&[1.0, 2.0])).unwrap_err();
    assert_eq!(error.message(), "`>` is not defined for strings and numbers (float64)");
    let masked = mask(&row(&[1u8, 0]).reinterpret(DType::Bool).unwrap(), &a).unwrap();
    assert_eq!((masked.text().unwrap().value(0), masked.text().unwrap().value(1)), ("a", ""));
}

#[test]
fn casts() {
    check(cast(&row(&[1.9, -1.9, NAN, 1e9]), DType::I16), DType::I16, &[1.0, -1.0, 0.0, 32767.0]);
    check(cast(&row(&[300i32, -1]), DType::U8), DType::U8, &[44.0, 255.0]);
    check(cast(&row(&[0.0, NAN, 2.0]), DType::Bool), DType::Bool, &[0.0, 1.0, 1.0]);
    check(cast(&row(&[0.1]), DType::F32), DType::F32, &[f64::from(0.1f32)]);
    assert!(cast(&row(&[1.0]), DType::Utf8).is_err());
}

#[test]
fn literals_are_weak() {
    use BinaryOp::{Add, Gt, Mul};
    for (scalar, array, op, expected) in [
        (Scalar::Float(2.0), DType::F32, Mul, DType::F32),
        (Scalar::Float(1.5), DType::U8, Mul, DType::F64),
        (Scalar::Int(1), DType::I16, Add, DType::I16),
        (Scalar::Int(1), DType::F32, Add, DType::F32),
        (Scalar::Int(1), DType::Bool, Add, DType::I64),
        (Scalar::Int(300), DType::U8, Gt, DType::I64),
        (Scalar::Bool(true), DType::I8, Add, DType::Bool),
    ] {
        assert_eq!(weak_dtype(&scalar, array, op).unwrap(), expected, "{scalar} beside {array}");
    }
    assert!(weak_dtype(&Scalar::Int(300), DType::U8, Add).is_err());
    assert!(weak_dtype(&Scalar::Int(-1), DType::U64, Add).is_err());
    assert_eq!(Scalar::Int(-5).to_block(DType::I8).unwrap().to_f64().unwrap(), [-5.0]);
    assert_eq!(Scalar::Float(NAN), Scalar::Float(NAN));
}

#[test]
fn unpacking_rounds_as_xarray_does() {
    let raw: Vec<i16> = (-500..500).map(|i| i * 61).collect();
    let unpack = |scale, offset, out| {
        UnaryOp::Unpack(Unpack {
            missing: vec![Scalar::Int(-30500)],
            valid_range: None,
            scale,
            offset,
            out,
            unsigned: false,
        })
    };
    let block = row(&raw);
    let wide = unary(&unpack(Some(0.01), Some(273.15), DType::F64), &block).unwrap();
    let narrow = unary(&unpack(Some(0.01), Some(273.15), DType::F32), &block).unwrap();
    let own = unary(&unpack(Some(f64::from(0.01f32)), None, DType::F32), &block).unwrap();
    for (i, &v) in raw.iter().enumerate().skip(1) {
        assert_eq!(wide.values::<f64>().unwrap()[i], f64::from(v) * 0.01 + 273.15);
        // numpy: float32 *= float64 computes in float64 and rounds, then the same for the offset
        let scaled = (f64::from(v) * 0.01) as f32;
        assert_eq!(narrow.values::<f32>().unwrap()[i], (f64::from(scaled) + 273.15) as f32);
        assert_eq!(own.values::<f32>().unwrap()[i], f32::from(v) * 0.01f32);
    }
    assert!([wide.to_f64(), narrow.to_f64(), own.to_f64()].into_iter().all(|v| v.unwrap()[0].is_nan()));
    let how = Unpack {
        missing: vec![Scalar::Int(255)],
        valid_range: Some((Scalar::Int(1), Scalar::Int(250))),
        scale: None,
        offset: None,
        out: DType::F32,
        unsigned: true,
    };
    check(unary(&UnaryOp::Unpack(how), &row(&[-1i8, 0, -2, 7, -10])), DType::F32, &[NAN, NAN, NAN, 7.0, 246.0]);
}

#[test]
fn stored_times_are_decoded_exactly() {
    let decode = |numerator, denominator, epoch, unit| {
        UnaryOp::DecodeTime(DecodeTime {
            numerator,
            denominator,
            epoch,
            missing: vec![Scalar::Int(-999)],
            out: time(unit),
        })
    };
    let days = decode(86_400, 1, -3_786_825_600, TimeUnit::S);
    check(unary(&days, &row(&[0i32, 1, -999])), time(TimeUnit::S), &[-3_786_825_600.0, -3_786_739_200.0, NAN]);
    check(unary(&days, &row(&[0.5, NAN, -999.0])), time(TimeUnit::S), &[-3_786_782_400.0, NAN, NAN]);
    let big = unary(&decode(1, 1, 1, TimeUnit::Ns), &row(&[4_611_686_018_427_387_905i64])).unwrap();
    assert_eq!(big.values::<i64>().unwrap(), [4_611_686_018_427_387_906]);
    check(
        unary(&decode(1, 1000, 0, TimeUnit::Ms), &row(&[1500i64, 2500, -1500])),
        time(TimeUnit::Ms),
        &[2.0, 2.0, -2.0],
    );
    for bad in [row(&[1e30]), row(&[f64::INFINITY])] {
        assert!(unary(&days, &bad).is_err());
    }
    assert!(unary(&decode(86_400_000_000_000, 1, 0, TimeUnit::Ns), &row(&[1_000_000i64])).is_err());
}

#[test]
fn views_give_what_copies_give() {
    let base = Block::new(&[4, 5, 6], (0..120).map(|i| f64::from(i) - 60.5).collect()).unwrap();
    let other = Block::new(&[4], vec![1i16, 2, 3, 4]).unwrap().broadcast(&[6, 4, 5], &[None, Some(0), None]).unwrap();
    let view = base.transpose(&[2, 0, 1]).unwrap();
    let flipped = view.slice(&[(5, 6, -1), (0, 4, 1), (4, 5, -1)]).unwrap();
    for view in [view, flipped] {
        for op in [BinaryOp::Add, BinaryOp::Pow, BinaryOp::Gt, BinaryOp::Rem] {
            let copies = binary(op, &view.contiguous().unwrap(), &other.contiguous().unwrap()).unwrap();
            check(binary(op, &view, &other), copies.dtype(), &copies.to_f64().unwrap());
        }
        let copy = unary(&UnaryOp::Abs, &view.contiguous().unwrap()).unwrap();
        check(unary(&UnaryOp::Abs, &view), DType::F64, &copy.to_f64().unwrap());
    }
}
