//! Rows of data: an axis, a label, what it selects or how it fails. "@" in expected errors separates what must be contained.
use super::*;
use crate::base::{Calendar, ErrorKind, PartialDate};
use crate::data::{ALL, IntoLabel, LabelValue, Positions, near};

fn floats(values: &[f64]) -> Index {
    Index::build("x", &Block::new(&[values.len()], values.to_vec()).unwrap(), IndexHints::default()).unwrap()
}

fn singles(values: &[f32]) -> Index {
    Index::build("x", &Block::new(&[values.len()], values.to_vec()).unwrap(), IndexHints::default()).unwrap()
}

fn integers(values: &[i32]) -> Index {
    Index::build("n", &Block::new(&[values.len()], values.to_vec()).unwrap(), IndexHints::default()).unwrap()
}

fn strings(values: &[&str]) -> Index {
    Index::build("station", &Block::from_strings(&[values.len()], values).unwrap(), IndexHints::default()).unwrap()
}

fn longitudes(values: Vec<f64>) -> Index {
    Index::build("lon", &Block::new(&[values.len()], values).unwrap(), IndexHints::longitude()).unwrap()
}

fn times(dates: &[&str], unit: TimeUnit, calendar: Calendar) -> Index {
    let counts: Vec<i64> =
        dates.iter().map(|date| PartialDate::parse(date).unwrap().start(calendar, unit).unwrap()).collect();
    let dtype = DType::Time { unit, calendar };
    Index::build("time", &Block::with_dtype(dtype, &[dates.len()], counts).unwrap(), IndexHints::default()).unwrap()
}

/// Every `hours` from a date on.
fn series(start: &str, hours: i64, n: i64, calendar: Calendar) -> Index {
    let first = PartialDate::parse(start).unwrap().start(calendar, TimeUnit::S).unwrap();
    let counts = (0..n).map(|i| first + i * hours * 3600).collect();
    let dtype = DType::Time { unit: TimeUnit::S, calendar };
    Index::build("time", &Block::with_dtype(dtype, &[n as usize], counts).unwrap(), IndexHints::default()).unwrap()
}

#[track_caller]
fn finds(index: &Index, label: impl IntoLabel, expected: &[u64]) -> Positions {
    let label = label.into_label();
    let found = index.locate(&label).unwrap();
    assert_eq!(found.to_vec(), expected, "{label}");
    found
}

#[track_caller]
fn one(index: &Index, label: impl IntoLabel, expected: u64) {
    assert_eq!(finds(index, label, &[expected]), Positions::Scalar(expected));
}

#[track_caller]
fn fails(index: &Index, label: impl IntoLabel, kind: ErrorKind, expected: &str) {
    let label = label.into_label();
    let error = index.locate(&label).unwrap_err();
    assert_eq!(error.kind(), kind, "{error}");
    for part in expected.split('@') {
        assert!(error.to_string().contains(part), "{error}");
    }
}

#[test]
fn numbers_are_found_exactly() {
    let axis = floats(&[0.0, 0.1, 0.25, 0.5]);
    one(&axis, 0.1, 1);
    one(&axis, 0, 0);
    one(&axis, -0.0, 0);
    one(&integers(&[5, 3, 9]), 9, 2);
    one(&integers(&[5, 3, 9]), 9.0, 2);
    one(&singles(&[0.1, 0.2]), 0.2, 1);
    one(&singles(&[0.1, 0.2]), 0.2_f32, 1);
    finds(&axis, ALL, &[0, 1, 2, 3]);
    finds(&axis, [0.5, 0.0], &[3, 0]);
    fails(&axis, 0.3, ErrorKind::NotFound, "no label 0.3 on `x`; the nearest are 0.25 and 0.5; write near(0.3)");
    fails(&axis, 7.0, ErrorKind::NotFound, "no label 7.0@`x` runs from 0 to 0.5 (4 labels)");
    fails(&axis, [0.1, 0.3], ErrorKind::NotFound, "no label 0.3");
    fails(&axis, f64::NAN, ErrorKind::InvalidArgument, "NaN is no label");
    fails(&axis, "a", ErrorKind::DType, "labels of float64, and \"a\" is none; write numbers");
    fails(&integers(&[1, 2]), 1.5, ErrorKind::NotFound, "no label 1.5 on `n`; the nearest are 1 and 2");
    fails(&integers(&[1, 2]), [1.5], ErrorKind::NotFound, "no label 1.5");
    fails(&floats(&[]), 1.0, ErrorKind::NotFound, "no labels");
    fails(&floats(&[]), ..=1.0, ErrorKind::Empty, "`x` has no labels");
    fails(&axis, Vec::<f64>::new(), ErrorKind::Empty, "an empty list");
}

#[test]
fn ranges_include_both_ends_in_either_direction_and_keep_the_stored_order() {
    let up = floats(&[10.0, 20.0, 30.0, 40.0]);
    let down = floats(&[40.0, 30.0, 20.0, 10.0]);
    finds(&up, 20.0..=30.0, &[1, 2]);
    finds(&up, 35.0..=15.0, &[1, 2]);
    finds(&down, 15.0..=30.0, &[1, 2]);
    finds(&down, 30.0..=15.0, &[1, 2]);
    finds(&up, 30.0.., &[2, 3]);
    finds(&down, 30.0.., &[0, 1]);
    finds(&down, ..=30.0, &[1, 2, 3]);
    finds(&up, f64::NEG_INFINITY..=f64::INFINITY, &[0, 1, 2, 3]);
    finds(&singles(&[0.1, 0.2, 0.3]), 0.1..=0.3, &[0, 1, 2]);
    finds(&integers(&[1, 2, 3, 4]), 1.5..=3.5, &[1, 2]);
    finds(&integers(&[1, 2, 3, 4]), 3.5..=1.5, &[1, 2]);
    finds(&integers(&[1, 2, 3, 4]), 2..=3, &[1, 2]);
    finds(&floats(&[1.0, 1.0, 2.0]), 1.0..=1.0, &[0, 1]);
    fails(&up, 50.0..=60.0, ErrorKind::Empty, "50.0..=60.0 selects nothing on `x`; `x` runs from 10 to 40 (4 labels)");
    fails(&down, 11.0..=19.0, ErrorKind::Empty, "`x` runs from 40 to 10");
    fails(&integers(&[1, 2]), 1.2..=1.8, ErrorKind::Empty, "selects nothing");
    fails(&up, 1.0..=f64::NAN, ErrorKind::InvalidArgument, "NaN");
    assert!(up.locate_or_empty(&(50.0..=60.0).into_label()).unwrap().is_empty());
    assert!(up.locate_or_empty(&near("a").into_label()).is_err());
}

#[test]
fn unsorted_axes_refuse_ranges_and_name_the_first_inversion() {
    let axis = floats(&[1.0, 3.0, 2.0, 5.0]);
    fails(
        &axis,
        1.0..=3.0,
        ErrorKind::InvalidArgument,
        "`x` is not sorted@3 at position 1 is followed by 2@sort by `x` first",
    );
    one(&axis, 2.0, 2);
    one(&axis, near(4.2), 3);
    fails(&floats(&[1.0, f64::NAN, 2.0]), 1.0..=2.0, ErrorKind::InvalidArgument, "position 1 is missing");
    one(&floats(&[1.0, f64::NAN, 2.0]), 2.0, 2);
}

#[test]
fn equal_labels_are_all_selected_but_none_is_nearest() {
    let axis = floats(&[2.0, 1.0, 2.0, 3.0, 2.0]);
    finds(&axis, 2.0, &[0, 2, 4]);
    finds(&axis, [1.0, 2.0], &[1, 0, 2, 4]);
    finds(&floats(&[3.0, 2.0, 2.0]), 2.0, &[1, 2]);
    fails(&axis, near(2.1), ErrorKind::InvalidArgument, "equal labels (2 at position");
}

#[test]
fn nearest_is_that_of_xarray() {
    for axis in [floats(&[1.0, 2.0, 3.0]), floats(&[3.0, 2.0, 1.0]), floats(&[2.0, 3.0, 1.0])] {
        let rows = [(1.4, "1"), (1.5, "2"), (2.5, "3"), (-99.0, "1"), (99.0, "3"), (2.0, "2")];
        for (to, expected) in rows {
            let found = axis.locate(&near(to).into_label()).unwrap();
            assert!(found.is_scalar());
            assert_eq!(axis.label_text(found.to_vec()[0]), expected, "near({to})");
        }
    }
    let axis = floats(&[48.0, 48.25, 48.5, 48.75]);
    one(&axis, near(48.6).within(0.25), 2);
    one(&axis, near(48.6).within(0.1), 2);
    one(&axis, near(48), 0);
    finds(&axis, near([48.1, 48.7]), &[0, 3]);
    one(&integers(&[0, 10]), near(7.5), 1);
    one(&integers(&[0, 10]), near(5), 1);
    one(&singles(&[0.1, 0.2]), near(0.14), 0);
    fails(
        &axis,
        near(48.6).within(0.05),
        ErrorKind::NotFound,
        "no label within 0.05 of 48.6 on `x`; the nearest is 48.5, 0.1 away",
    );
    fails(&axis, near(48.6).within(-1.0), ErrorKind::InvalidArgument, "0 or more");
    fails(&axis, near(48.6).within("1 day"), ErrorKind::InvalidArgument, "units of the axis");
    fails(&axis, near(1.0..=2.0), ErrorKind::InvalidArgument, "near takes a value or a list");
    fails(&axis, near(f64::INFINITY), ErrorKind::InvalidArgument, "nothing is near");
    fails(&floats(&[]), near(1.0), ErrorKind::Empty, "no labels");
    fails(&strings(&["a"]), near("b"), ErrorKind::DType, "no distance");
}

#[test]
fn longitudes_wrap() {
    let east = longitudes((0..36).map(|i| f64::from(i) * 10.0).collect());
    let centred = longitudes((0..36).map(|i| f64::from(i) * 10.0 - 180.0).collect());
    one(&centred, 270.0, 9);
    one(&east, -90, 27);
    one(&east, 360.0, 0);
    one(&east, 725.0 - 5.0, 0);
    finds(&east, [-10.0, 10.0], &[35, 1]);
    // Across the seam: two ranges, joined in order.
    let across = finds(&east, -20.0..=15.0, &[34, 35, 0, 1]);
    assert!(matches!(&across, Positions::Wrapped(ranges) if ranges.len() == 2), "{across:?}");
    finds(&east, 340.0..=375.0, &[34, 35, 0, 1]);
    finds(&centred, 165.0..=195.0, &[35, 0, 1]);
    finds(&centred, 350.0..=370.0, &[17, 18, 19]);
    finds(&centred, -20.0..=10.0, &[16, 17, 18, 19]);
    finds(&east, 100.0..=120.0, &[10, 11, 12]);
    finds(&east, -100.0..=-80.0, &[26, 27, 28]);
    // Stored backwards, the range is too.
    let west = longitudes((0..36).rev().map(|i| f64::from(i) * 10.0).collect());
    finds(&west, -20.0..=15.0, &[34, 35, 0, 1]);
    // A whole turn takes every label once, beginning at the lower end.
    let turn = finds(&east, -180.0..=180.0, &(18..36).chain(0..18).collect::<Vec<_>>());
    assert_eq!(turn.len(), 36);
    finds(&east, 0.0..=360.0, &(0..36).collect::<Vec<_>>());
    finds(&east, -1000.0..=1000.0, &(0..36).collect::<Vec<_>>());
    finds(&centred, 0.0..=360.0, &(18..36).chain(0..18).collect::<Vec<_>>());
    one(&east, near(358.0), 0);
    one(&east, near(-1.0).within(1.5), 0);
    one(&east, near(354.0), 35);
    one(&centred, near(179.0), 0);
    fails(&east, near(-4.0).within(1.0), ErrorKind::NotFound, "the nearest is 0, 4 away");
    fails(&east, 5.0, ErrorKind::NotFound, "the nearest are 0 and 10");
    fails(&east, 361.0..=369.0, ErrorKind::Empty, "`lon` runs from 0 to 350");
    fails(&east, 1e300, ErrorKind::NotFound, "no label");
    fails(&east, 1e300..=1e301, ErrorKind::Empty, "selects nothing");
    // A region is no whole circle, but its labels have turns all the same.
    let region = longitudes(vec![-10.0, -5.0, 0.0, 5.0]);
    one(&region, 355.0, 1);
    one(&region, near(359.0), 2);
    finds(&region, 352.0..=361.0, &[1, 2]);
    finds(&region, -180.0..=180.0, &[0, 1, 2, 3]);
    fails(&region, 90.0..=100.0, ErrorKind::Empty, "selects nothing");
    // Both ends of the circle stored.
    let closed = longitudes(vec![0.0, 90.0, 180.0, 270.0, 360.0]);
    finds(&closed, 0.0..=360.0, &[0, 1, 2, 3, 4]);
    finds(&closed, -90.0..=0.0, &[3, 4, 0]);
    one(&closed, 0.0, 0);
    // Fractions that are not exact in binary, in both widths.
    let fine: Vec<f64> = (0..3600).map(|i| f64::from(i) / 10.0).collect();
    for tenth in [-1799, -1234, -1, 3601, 5003] {
        let expected = i32::rem_euclid(tenth, 3600) as u64;
        one(&longitudes(fine.clone()), f64::from(tenth) / 10.0, expected);
        let narrow = Block::new(&[3600], fine.iter().map(|&v| v as f32).collect()).unwrap();
        let narrow = Index::build("lon", &narrow, IndexHints::longitude()).unwrap();
        one(&narrow, f64::from(tenth) / 10.0, expected);
        finds(&narrow, f64::from(tenth) / 10.0..=f64::from(tenth) / 10.0, &[expected]);
    }
    let whole = Block::new(&[4], vec![0_i16, 90, 180, 270]).unwrap();
    one(&Index::build("lon", &whole, IndexHints::longitude()).unwrap(), -90, 3);
    // Without the hint nothing wraps; two turns are no circle.
    assert!(!floats(&[0.0, 350.0]).is_cyclic());
    assert!(!longitudes(vec![0.0, 720.0]).is_cyclic());
    fails(&floats(&[0.0, 350.0]), -10.0, ErrorKind::NotFound, "no label -10.0");
}

#[test]
fn dates_select_their_whole_period() {
    let daily = series("1990-05-30", 24, 40, Calendar::Standard);
    finds(&daily, "1990-06", &(2..32).collect::<Vec<_>>());
    one(&daily, "1990-06-15", 16);
    one(&daily, "1990-06-15T00:00", 16);
    finds(&daily, "1990-06-29"..="1990-07-01", &[30, 31, 32]);
    finds(&daily, "1990-07"..="1990-06-29", &(30..40).collect::<Vec<_>>());
    finds(&daily, ..="1990-05", &[0, 1]);
    finds(&daily, "1990-07".., &(32..40).collect::<Vec<_>>());
    finds(&daily, "1981"..="2010", &(0..40).collect::<Vec<_>>());
    finds(&daily, ["1990-06-02", "1990-06"], &[3, 2]);
    one(&daily, near("1990-06-15T18"), 17);
    one(&daily, near("1990-06-15T06").within("6h"), 16);
    one(&daily, near("1990-06-15T06").within(std::time::Duration::from_secs(21_600)), 16);
    fails(
        &daily,
        near("1990-06-15T06").within("5h"),
        ErrorKind::NotFound,
        "no label within 5 hours@is 1990-06-15, 6 hours away",
    );
    fails(&daily, near("1990-06-15T06").within(0.5), ErrorKind::InvalidArgument, "0.5 of what?");
    fails(
        &daily,
        "1991",
        ErrorKind::NotFound,
        "no label \"1991\"@`time` runs from 1990-05-30 to 1990-07-08 (40 labels)",
    );
    fails(&daily, "1990-06-15T06", ErrorKind::NotFound, "the nearest are 1990-06-15 and 1990-06-16");
    fails(&daily, "1991"..="1992", ErrorKind::Empty, "`time` runs from 1990-05-30 to 1990-07-08");
    fails(&daily, "1990-02-30", ErrorKind::InvalidArgument, "1990-02-30 is no date of the standard calendar");
    fails(&daily, "yesterday", ErrorKind::InvalidArgument, "`yesterday` is not a date");
    fails(&daily, 1990, ErrorKind::DType, "write dates as text");

    // On a finer axis a day is a period, also where it holds one label only.
    let six_hourly = series("1990-06-01", 6, 12, Calendar::Day360);
    finds(&six_hourly, "1990-06-02", &[4, 5, 6, 7]);
    one(&six_hourly, "1990-06-02T06", 5);
    let noon = series("1990-06-01T12", 24, 3, Calendar::NoLeap);
    assert!(!finds(&noon, "1990-06-02", &[1]).is_scalar());
    let monthly = times(&["1990-01", "1990-02", "1990-03"], TimeUnit::Ns, Calendar::Standard);
    assert!(!finds(&monthly, "1990-02", &[1]).is_scalar());
    one(&monthly, "1990-02-01", 1);
    let backwards = times(&["1990-03-05", "1990-02-05", "1990-01-05"], TimeUnit::S, Calendar::Julian);
    finds(&backwards, "1990-02"..="1990-03", &[0, 1]);
    let unsorted = times(&["1990-03-05", "1990-01-05", "1990-03-01"], TimeUnit::S, Calendar::Standard);
    finds(&unsorted, "1990-03", &[0, 2]);
    fails(
        &unsorted,
        "1990-01"..="1990-02",
        ErrorKind::InvalidArgument,
        "1990-01-05 at position 1 is followed by 1990-03-01",
    );
    let fractions = times(&["1990-01-01T00:00:00.5", "1990-01-01T00:00:00.75"], TimeUnit::Ms, Calendar::Standard);
    finds(&fractions, "1990-01-01T00:00:00", &[0, 1]);
    one(&fractions, "1990-01-01T00:00:00.750", 1);
    finds(&times(&["1990-02-30"], TimeUnit::S, Calendar::Day360), "1990-02", &[0]);
}

#[test]
fn moments_and_lengths_of_time_are_labels_too() {
    let daily = series("1970-01-01", 24, 3, Calendar::ProlepticGregorian);
    let moment = |count, unit, calendar| LabelValue::Time { count, unit, calendar };
    one(&daily, moment(86_400_000, TimeUnit::Ms, Calendar::Standard), 1);
    fails(&daily, moment(86_400_001, TimeUnit::Ms, Calendar::Standard), ErrorKind::NotFound, "no label");
    fails(&daily, moment(0, TimeUnit::S, Calendar::NoLeap), ErrorKind::Mismatch, "noleap");
    let dtype = DType::Duration { unit: TimeUnit::S };
    let steps = Block::with_dtype(dtype, &[3], vec![0_i64, 21_600, 43_200]).unwrap();
    let steps = Index::build("step", &steps, IndexHints::default()).unwrap();
    one(&steps, "6h", 1);
    one(&steps, std::time::Duration::from_secs(43_200), 2);
    finds(&steps, "1h"..="1 day", &[1, 2]);
    one(&steps, near("7h").within("1h"), 1);
    fails(&steps, "7h", ErrorKind::NotFound, "the nearest are 6 hours and 12 hours");
}

#[test]
fn strings_are_found_and_slips_are_noticed() {
    let stations = strings(&["brest", "toulon", "calais"]);
    one(&stations, "toulon", 1);
    finds(&stations, ["calais", "brest"], &[2, 0]);
    finds(&strings(&["a", "b", "d"]), "b"..="c", &[1]);
    fails(&stations, "tulon", ErrorKind::NotFound, "no label on `station`: `tulon`; did you mean `toulon`?");
    fails(&stations, "a"..="b", ErrorKind::InvalidArgument, "not sorted");
    fails(&stations, 1, ErrorKind::DType, "write labels as text");
    fails(&strings(&["a", "b"]), "x"..="y", ErrorKind::Empty, "`station` has the labels \"a\", \"b\"");
    let flags =
        Index::build("flag", &Block::with_dtype(DType::Bool, &[2], vec![0_u8, 1]).unwrap(), IndexHints::default());
    one(&flags.unwrap(), true, 1);
}

#[test]
fn kinds_and_spacing_are_seen() {
    let tenths: Vec<f64> = (0..100).map(|i| f64::from(i) * 0.1).collect();
    let rows = [
        (floats(&tenths), IndexKind::Range),
        (singles(&tenths.iter().map(|&v| v as f32).collect::<Vec<_>>()), IndexKind::Range),
        (floats(&[1.0, 2.0, 4.0]), IndexKind::Sorted),
        (floats(&[1.0, 3.0, 2.0]), IndexKind::Unsorted),
        (series("2000", 6, 5, Calendar::Day360), IndexKind::Time),
        (strings(&["a", "b"]), IndexKind::Sorted),
    ];
    for (index, kind) in rows {
        assert_eq!(index.kind(), kind, "{}", index.extent());
    }
    assert!((floats(&tenths).spacing().unwrap() - 0.1).abs() < 1e-12);
    assert_eq!(floats(&[3.0, 2.0, 1.0]).spacing(), Some(-1.0));
    let error = Index::build("x", &Block::scalar(1.0), IndexHints::default()).unwrap_err();
    assert!(error.to_string().contains("0 dimensions"), "{error}");
    let large = Block::new(&[1], vec![u64::MAX]).unwrap();
    assert!(Index::build("x", &large, IndexHints::default()).is_err());
    assert!(Index::build("x", &Block::new(&[1], vec![7_u64]).unwrap(), IndexHints::default()).is_ok());
}

#[test]
fn axes_are_compared_and_intersected() {
    let a = floats(&[0.0, 1.0, 2.0, 3.0]);
    assert_eq!(a.same_as(&a.clone()), AxisMatch::Equal);
    assert_eq!(a.same_as(&floats(&[0.0, 1.0, 2.0, 3.0])), AxisMatch::Equal);
    assert_eq!(a.same_as(&integers(&[0, 1, 2, 3])), AxisMatch::Equal);
    assert_eq!(a.same_as(&floats(&[3.0, 2.0, 1.0, 0.0])), AxisMatch::Different);
    assert_eq!(a.same_as(&floats(&[0.0, 1.0, 2.5, 3.0])), AxisMatch::Different);
    assert_eq!(a.same_as(&strings(&["a", "b", "c", "d"])), AxisMatch::Different);
    assert!(
        matches!(a.same_as(&floats(&[0.0, 1.0, 2.0005, 3.0])), AxisMatch::NearlyEqual { cells } if (cells - 5e-4).abs() < 1e-6)
    );
    assert!(matches!(floats(&[0.1, 0.2]).same_as(&singles(&[0.1, 0.2])), AxisMatch::NearlyEqual { .. }));
    // A part of an axis, a hair off: an inner join would drop it silently.
    assert!(matches!(a.same_as(&floats(&[1.0000001, 2.0])), AxisMatch::NearlyEqual { .. }));
    let holes = floats(&[0.0, f64::NAN]);
    assert_eq!(holes.same_as(&floats(&[0.0, f64::NAN])), AxisMatch::Equal);

    let check = |a: &Index, b: &Index, mine: &[u64], theirs: &[u64]| {
        let found = a.intersect(b).unwrap();
        assert_eq!((found.0.to_vec(), found.1.to_vec()), (mine.to_vec(), theirs.to_vec()));
    };
    check(&a, &a.clone(), &[0, 1, 2, 3], &[0, 1, 2, 3]);
    check(&a, &floats(&[2.0, 3.0, 4.0]), &[2, 3], &[0, 1]);
    check(&a, &floats(&[5.0, 3.0, 1.0]), &[1, 3], &[2, 1]);
    check(&floats(&[3.0, 1.0, 2.0]), &a, &[0, 1, 2], &[3, 1, 2]);
    check(&strings(&["b", "a", "c"]), &strings(&["c", "b", "x"]), &[0, 2], &[1, 0]);
    let seconds = times(&["2000-01-01", "2000-01-02"], TimeUnit::S, Calendar::Standard);
    let fine = times(&["2000-01-02", "2000-01-03"], TimeUnit::Ns, Calendar::ProlepticGregorian);
    check(&seconds, &fine, &[1], &[0]);
    assert_eq!(
        seconds.same_as(&times(&["2000-01-01", "2000-01-02"], TimeUnit::Ns, Calendar::Standard)),
        AxisMatch::Equal
    );

    let refuses = |a: &Index, b: &Index, expected: &str| {
        let error = a.intersect(b).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    };
    refuses(
        &a,
        &floats(&[10.0, 11.0]),
        "the axes `x` share no label: here `x` runs from 0 to 3 (4 labels), there `x` runs from 10",
    );
    refuses(&a, &floats(&[0.0, 1.0, 2.0005, 3.0]), "differ by 5.0e-4 of a cell");
    refuses(&a, &strings(&["a"]), "cannot be compared");
    refuses(&floats(&[1.0, 1.0]), &a, "stands twice");
    refuses(&seconds, &times(&["2000-01-01"], TimeUnit::S, Calendar::NoLeap), "cannot be compared");
}
