//! Tables: written, read lazily, given to gridded data, damaged.
use terracube_cube::{Block, Calendar, DType, DataArray, Dims, ErrorKind, TimeUnit, Variable};
use terracube_readers::store::StoreOptions;
use terracube_readers::{Compression, WriteData, WriteOptions, open, open_table};

fn table() -> DataArray {
    let dtype = DType::Time { unit: TimeUnit::S, calendar: Calendar::Standard };
    let times = Block::with_dtype(dtype, &[4], vec![0i64, i64::MIN, 86_400, 90_000]).unwrap();
    let names = Block::from_strings(&[4], ["a", "", "größer", "d"]).unwrap();
    let along = |block| Variable::from_block(Dims::new(["row"]).unwrap(), block);
    DataArray::from_vec(["row"], &[4], vec![1.5f32, f32::NAN, -3.0, 4.0])
        .with_coord_variable("time", along(times))
        .with_coord_variable("lat", along(Block::new(&[4], vec![10.0, 20.0, 30.0, 40.0]).unwrap()))
        .with_coord_variable("lon", along(Block::new(&[4], vec![-1i64, 2, 3, 4]).unwrap()))
        .with_coord_variable("platform", along(names))
        .with_attr("units", "K")
        .with_attr("code", "007")
        .with_attr("scale", 2.5)
        .named("sst")
}

#[test]
fn a_table_comes_back_from_parquet() {
    let directory = tempfile::tempdir().unwrap();
    for (i, codec) in ["default", "none", "gzip:5", "zstd:3"].into_iter().enumerate() {
        let path = directory.path().join(format!("{i}.parquet"));
        let url = path.to_str().unwrap();
        let options = WriteOptions::default().compression(codec.parse::<Compression>().unwrap());
        table().write_with(url, &StoreOptions::default(), options).unwrap();
        let read = open(url).unwrap();
        let sst = read.var("sst");
        assert_eq!(sst.dtype(), DType::F32);
        let values = sst.to_f64().unwrap();
        assert!(values[1].is_nan() && values[0] == 1.5 && values[2..] == [-3.0, 4.0]);
        assert_eq!(
            (sst.attrs().text("units"), sst.attrs().text("code"), sst.attrs().get("scale").unwrap().number()),
            (Some("K"), Some("007"), Some(2.5))
        );
        assert_eq!(read.coords().names().collect::<Vec<_>>(), ["time", "lat", "lon"]);
        assert_eq!(read.coord("lon").dtype(), DType::I64);
        assert_eq!(read.coord("time").values().unwrap().to_vec::<i64>().unwrap()[..2], [0, i64::MIN]);
        assert_eq!(read.var("platform").values().unwrap().to_strings().unwrap(), ["a", "", "größer", "d"]);
        assert_eq!(table().write(url).unwrap_err().kind(), ErrorKind::Exists);
    }
    let grid = DataArray::from_vec(["x", "y"], &[1, 2], vec![1, 2]).named("g");
    let error = grid.write(directory.path().join("g.parquet").to_str().unwrap()).unwrap_err();
    assert!(error.to_string().contains("a table has one"), "{error}");
}

#[test]
fn a_table_gives_the_points_of_gridded_data() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("points.csv");
    std::fs::write(&path, "platform,lat,lon\nA,11,-2\nB,19,125\n").unwrap();
    let points = open_table(path.to_str().unwrap()).unwrap();
    let grid = DataArray::from_vec(["lat", "lon"], &[2, 3], vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
        .with_coord("lat", vec![10.0, 20.0])
        .with_coord("lon", vec![0.0, 120.0, 240.0]);
    assert_eq!(grid.at_points(&points).to_f64().unwrap(), [1.0, 5.0]);
}

#[test]
fn damaged_tables_are_errors_that_name_them() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("t.parquet");
    let url = path.to_str().unwrap();
    table().write(url).unwrap();
    let whole = std::fs::read(&path).unwrap();
    let read = |bytes: &[u8]| {
        std::fs::write(&path, bytes).unwrap();
        let started = std::time::Instant::now();
        let outcome = open(url).and_then(|table| {
            let names: Vec<String> = table.names().map(str::to_owned).collect();
            names.iter().try_for_each(|name| table.var(name).values().map(|_| ()))
        });
        assert!(started.elapsed().as_secs() < 5);
        outcome
    };
    read(&whole).unwrap();
    for part in 1..20 {
        let error = read(&whole[..whole.len() * part / 20]).unwrap_err().to_string();
        assert!(error.contains("t.parquet"), "{error}");
    }
    // Found by `make fuzz`: a column of less than no bytes, which the accessor of its size takes for a bug.
    let negative = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/negative.parquet");
    let error = read(&std::fs::read(negative).unwrap()).unwrap_err().to_string();
    assert!(error.contains("t.parquet"), "{error}");
    let mut state = 1u64;
    for _ in 0..200 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let mut changed = whole.clone();
        let at = (state >> 33) as usize % changed.len();
        changed[at] ^= 1 << (state >> 60 & 7);
        if let Err(error) = read(&changed) {
            assert!(error.to_string().contains("t.parquet"), "{error}");
        }
    }
}
