//! Operations that need whole columns, on data whose chunks are whole fields: tasks hold a part of every chunk, not all of it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use std::sync::Arc;

use terracube_cube::base::{AxisChunks, ChunkGrid};
use terracube_cube::source::SyntheticSource;
use terracube_cube::{Attributes, Context, DataArray, Dims, Encoding, ErrorKind, MemoryBudget, Variable, compute_with};

const N: u64 = 64;
const SIDE: u64 = 256;

fn value(t: u64, y: u64, x: u64) -> f64 {
    ((t * 7919 + y * 31 + x * 17) % 1009) as f64 + (x % 3) as f64
}

/// 34 MB in chunks of one field of 0.5 MB.
fn fields() -> DataArray {
    let grid = ChunkGrid::new(vec![
        AxisChunks::regular(N, 1),
        AxisChunks::regular(SIDE, SIDE),
        AxisChunks::regular(SIDE, SIDE),
    ]);
    let source = SyntheticSource::new(grid, |region, values| {
        let mut values = values.iter_mut();
        for t in region.range(0) {
            for y in region.range(1) {
                for x in region.range(2) {
                    *values.next().unwrap() = value(t, y, x);
                }
            }
        }
    });
    let variable = Variable::from_source(
        Dims::new(["t", "y", "x"]).unwrap(),
        Arc::new(source),
        Attributes::new(),
        Encoding::default(),
    );
    DataArray::new(Some("v"), variable, Default::default())
}

fn column(y: u64, x: u64) -> Vec<f64> {
    (0..N).map(|t| value(t, y, x)).collect()
}

#[test]
fn columns_of_many_chunks_fit_a_third_of_the_data() {
    let context = Context::new(2, MemoryBudget::new(12 << 20)).unwrap();
    let check = |array: &DataArray, expected: &dyn Fn(&mut Vec<f64>) -> f64| {
        let (found, report) = compute_with(array, &context).unwrap();
        let found = found.to_f64().unwrap();
        for (y, x) in [(0, 0), (17, 255), (128, 128), (255, 3), (255, 255)] {
            let expected = expected(&mut column(y, x));
            let found = found[(y * SIDE + x) as usize];
            assert!((found - expected).abs() < 1e-9, "({y}, {x}): {found}, expected {expected}");
        }
        assert!(report.chunks_read >= N, "{report:?}");
    };
    check(&fields().quantile(0.5, "t"), &|values| {
        values.sort_by(f64::total_cmp);
        values[31].midpoint(values[32])
    });
    check(&fields().apply_along("t", |line| line.iter().sum()), &|values| values.iter().sum());
    check(&fields().cumsum("t").isel("t", -1), &|values| values.iter().sum());
    check(&fields().longest_run("t").cast(terracube_cube::DType::F64), &|values| {
        values.split(|v| *v == 0.0).map(<[f64]>::len).max().unwrap_or(0) as f64
    });
}

#[test]
fn what_cannot_be_cut_is_refused_before_reading() {
    let context = Context::new(2, MemoryBudget::new(3 << 20)).unwrap();
    let error = compute_with(&fields().quantile(0.5, "t"), &context).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::OverBudget);
}
