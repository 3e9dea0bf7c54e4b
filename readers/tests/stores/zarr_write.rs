//! What we write, we and zarrs read; nothing half-written is ever found.
use std::sync::Arc;

use serde_json::{Value, json};
use terracube_cube::source::Source as _;
use terracube_cube::{
    Block, Calendar, DType, DataArray, Encoding, EncodingFields, ErrorKind, Region, TimeUnit, Variable,
};
use terracube_readers::store::{Store, StoreOptions};
use terracube_readers::zarr::{ArrayToWrite, ZarrWriter};
use terracube_readers::{Compression, WriteData, WriteOptions};

use super::support::{open, read, shown};

fn create(url: &str, options: WriteOptions) -> terracube_cube::Result<ZarrWriter> {
    ZarrWriter::create(url, &StoreOptions::default(), options)
}

fn counted() -> Block {
    Block::new(&[7, 5], (0..35).map(|n| n as f32).collect()).unwrap()
}

fn places() -> (tempfile::TempDir, [String; 2]) {
    let directory = tempfile::tempdir().unwrap();
    let local = directory.path().join("new.zarr").to_str().unwrap().to_owned();
    let memory = format!("memory://{}/new.zarr", directory.path().file_name().unwrap().to_str().unwrap());
    (directory, [local, memory])
}

/// Entries beside the store: partial ones must not stay.
fn neighbours(directory: &tempfile::TempDir) -> Vec<String> {
    let mut names: Vec<_> =
        std::fs::read_dir(directory.path()).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn every_dtype_comes_back() {
    let time = DType::Time { unit: TimeUnit::S, calendar: Calendar::NoLeap };
    let millis = DType::Duration { unit: TimeUnit::Ms };
    let blocks = [
        ("f32", Block::new(&[3], vec![1.5f32, f32::NAN, -0.0]).unwrap()),
        ("f64", Block::new(&[3], vec![0.1f64, f64::INFINITY, f64::NAN]).unwrap()),
        ("i8", Block::new(&[3], vec![-128i8, 0, 127]).unwrap()),
        ("u64", Block::new(&[3], vec![u64::MAX, 0, 1]).unwrap()),
        ("flag", Block::with_dtype(DType::Bool, &[3], vec![1u8, 0, 1]).unwrap()),
        ("text", Block::from_strings(&[3], ["a", "", "größer"]).unwrap()),
        ("time", Block::with_dtype(time, &[3], vec![0i64, i64::MIN, 86_400]).unwrap()),
        ("lag", Block::with_dtype(millis, &[3], vec![0i64, 5, -7]).unwrap()),
    ];
    let (_directory, urls) = places();
    for url in urls {
        let writer = create(&url, WriteOptions::default()).unwrap();
        for (name, block) in &blocks {
            writer.write_whole(ArrayToWrite::new(*name, ["x"], [3], block.dtype()).chunks([2]), block).unwrap();
        }
        writer.finish().unwrap();
        let group = open(&url).unwrap();
        for (name, block) in &blocks {
            assert_eq!(read(&group, name).unwrap(), shown(block), "{name}");
        }
        let attributes = |name: &str| Value::Object(group.array(name).unwrap().attributes().clone());
        assert_eq!(
            attributes("time"),
            json!({"units": "seconds since 1970-01-01", "calendar": "noleap", "_FillValue": i64::MIN})
        );
        assert_eq!(attributes("lag"), json!({"units": "milliseconds", "dtype": "timedelta64[ms]"}));
    }
}

#[test]
fn edges_ranks_and_attributes() {
    let (_directory, [url, _]) = places();
    let writer = create(&url, WriteOptions::default().zstd_level(1)).unwrap();
    let attributes = json!({"title": "x", "n": [1, 2]});
    writer.set_attributes(attributes.as_object().unwrap().clone());
    let wide = counted().transpose(&[1, 0]).unwrap();
    writer
        .write_whole(
            ArrayToWrite::new("t", ["y", "x"], [5, 7], DType::F32).chunks([2, 3]).attribute("units", "K"),
            &wide,
        )
        .unwrap();
    writer
        .write_whole(ArrayToWrite::new("scalar", Vec::<String>::new(), [], DType::I64), &Block::scalar(4i64))
        .unwrap();
    let names = Block::from_strings(&[3, 2], ["a", "b", "c", "d", "e", "f"]).unwrap();
    writer.write_whole(ArrayToWrite::new("names", ["a", "b"], [3, 2], DType::Utf8).chunks([2, 4]), &names).unwrap();
    writer.finish().unwrap();
    let group = open(&url).unwrap();
    assert_eq!(Value::Object(group.attributes().clone()), attributes);
    assert_eq!(read(&group, "t").unwrap(), shown(&wide));
    assert_eq!(read(&group, "scalar").unwrap(), ["4"]);
    assert_eq!(read(&group, "names").unwrap(), ["a", "b", "c", "d", "e", "f"]);
    let t = group.array("t").unwrap();
    assert_eq!((t.dims().join(","), &t.attributes()["units"]), ("y,x".into(), &json!("K")));
    assert_eq!(t.source().unwrap().grid().largest_chunk(), [2, 3]);

    let by_zarrs =
        zarrs::array::Array::open(Arc::new(zarrs::filesystem::FilesystemStore::new(&url).unwrap()), "/t").unwrap();
    let values: Vec<f32> = by_zarrs.retrieve_array_subset(&by_zarrs.subset_all()).unwrap();
    assert_eq!(values, wide.contiguous().unwrap().values::<f32>().unwrap());
}

#[test]
fn chunks_may_come_from_many_threads_in_any_order_and_twice() {
    let (_directory, [url, _]) = places();
    let writer = create(&url, WriteOptions::default()).unwrap();
    let sink = writer.array(ArrayToWrite::new("t", ["y", "x"], [7, 5], DType::F32).chunks([2, 2])).unwrap();
    let regions: Vec<Region> = sink.grid().touching(&Region::whole(&[7, 5])).collect();
    std::thread::scope(|scope| {
        for offset in [0, 1, 0] {
            let (sink, regions) = (&sink, &regions);
            scope.spawn(move || {
                for region in regions.iter().skip(offset).step_by(2) {
                    let axes: Vec<_> =
                        region.ranges().iter().map(|r| (r.start as usize, (r.end - r.start) as usize, 1)).collect();
                    sink.write_block(region, &counted().slice(&axes).unwrap()).unwrap();
                }
            });
        }
    });
    let error = sink.write_block(&Region::new(vec![1..3, 0..2]), &counted()).unwrap_err();
    assert!(error.to_string().contains("is no chunk of array `t`"), "{error}");
    sink.complete().unwrap();
    writer.finish().unwrap();
    assert_eq!(read(&open(&url).unwrap(), "t").unwrap(), shown(&counted()));
}

#[test]
fn chunks_of_nothing_are_not_written() {
    let (_directory, [url, _]) = places();
    let writer = create(&url, WriteOptions::default()).unwrap();
    let block = Block::new(&[4], vec![f32::NAN, f32::NAN, 1.0, f32::NAN]).unwrap();
    writer.write_whole(ArrayToWrite::new("t", ["x"], [4], DType::F32).chunks([2]), &block).unwrap();
    writer.finish().unwrap();
    let path = std::path::Path::new(&url);
    assert!(!path.join("t/c/0").exists() && path.join("t/c/1").exists());
    assert_eq!(read(&open(&url).unwrap(), "t").unwrap(), shown(&block));
}

#[test]
fn an_existing_target_is_refused_and_replaced_whole() {
    let (directory, urls) = places();
    for url in urls {
        let write = |options: WriteOptions, name: &str| -> terracube_cube::Result<()> {
            let writer = create(&url, options)?;
            writer.write_whole(ArrayToWrite::new(name, ["y", "x"], [7, 5], DType::F32), &counted())?;
            writer.finish()
        };
        write(WriteOptions::default(), "old").unwrap();
        let error = write(WriteOptions::default(), "new").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Exists);
        assert!(error.to_string().contains(&url) && error.to_string().contains("`.overwrite()`"), "{error}");
        // Begun, and not finished: the old one stays.
        let writer = create(&url, WriteOptions::default().overwrite()).unwrap();
        writer.write_whole(ArrayToWrite::new("new", ["y", "x"], [7, 5], DType::F32), &counted()).unwrap();
        assert!(open(&url).unwrap().array("old").is_ok());
        drop(writer);
        assert!(open(&url).unwrap().array("old").is_ok());
        write(WriteOptions::default().overwrite(), "new").unwrap();
        let group = open(&url).unwrap();
        assert!(group.array("old").is_err());
        assert_eq!(read(&group, "new").unwrap(), shown(&counted()));
        let old = Store::open(&url, &StoreOptions::default()).unwrap().list("").wait().unwrap();
        assert_eq!(old.iter().map(|entry| &entry.name[..]).collect::<Vec<_>>(), ["new", "zarr.json"]);
    }
    assert_eq!(neighbours(&directory), ["new.zarr"]);
}

#[test]
fn what_fails_leaves_nothing() {
    let (directory, urls) = places();
    for url in &urls {
        let writer = create(url, WriteOptions::default()).unwrap();
        writer.write_whole(ArrayToWrite::new("t", ["y", "x"], [7, 5], DType::F32), &counted()).unwrap();
        let _sink = writer.array(ArrayToWrite::new("u", ["x"], [1], DType::F32)).unwrap();
        assert_eq!(open(url).unwrap_err().kind(), ErrorKind::NotFound, "not there before it is finished");
        let error = writer.finish().unwrap_err();
        assert!(error.to_string().contains("`u` was begun and not finished"), "{error}");
    }
    for url in &urls {
        assert_eq!(open(url).unwrap_err().kind(), ErrorKind::NotFound);
    }
    assert_eq!(neighbours(&directory), [""; 0]);
}

#[test]
fn what_is_no_zarr_store_is_never_replaced() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("thesis");
    std::fs::create_dir(&path).unwrap();
    create(path.to_str().unwrap(), WriteOptions::default()).unwrap();
    std::fs::create_dir_all(&path).unwrap();
    std::fs::write(path.join("chapter1.tex"), "x").unwrap();
    let error = create(path.to_str().unwrap(), WriteOptions::default().overwrite()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Exists);
    assert!(error.to_string().contains("is no Zarr store"), "{error}");
    let file = path.join("chapter1.tex");
    assert_eq!(
        create(file.to_str().unwrap(), WriteOptions::default().overwrite()).unwrap_err().kind(),
        ErrorKind::Exists
    );
    assert!(file.exists());
}

#[test]
fn times_are_written_exactly_or_not_at_all() {
    let (_directory, [url, _]) = places();
    let writer = create(&url, WriteOptions::default()).unwrap();
    let dtype = DType::Time { unit: TimeUnit::S, calendar: Calendar::Standard };
    let hours = |name: &str| ArrayToWrite::new(name, ["t"], [2], dtype).time_units("hours since 1969-12-31 12:00");
    writer.write_whole(hours("good"), &Block::with_dtype(dtype, &[2], vec![0i64, 3600]).unwrap()).unwrap();
    let error =
        writer.write_whole(hours("bad"), &Block::with_dtype(dtype, &[2], vec![0i64, 3601]).unwrap()).unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("array `bad`") && text.contains("is no whole number of `hours since 1969-12-31 12:00`"),
        "{text}"
    );
    let error = writer
        .array(ArrayToWrite::new("worse", ["t"], [2], dtype).time_units("fortnights since 1970-01-01"))
        .unwrap_err();
    assert!(error.to_string().contains("fortnights"), "{error}");

    let writer = create(&url, WriteOptions::default()).unwrap();
    writer.write_whole(hours("good"), &Block::with_dtype(dtype, &[2], vec![0i64, 3600]).unwrap()).unwrap();
    writer.finish().unwrap();
    let group = open(&url).unwrap();
    assert_eq!(read(&group, "good").unwrap(), ["12", "13"]);
    assert_eq!(group.array("good").unwrap().attributes()["units"], "hours since 1969-12-31 12:00");
}

#[test]
fn what_cannot_be_written_is_explained() {
    let (_directory, [url, _]) = places();
    let writer = create(&url, WriteOptions::default()).unwrap();
    let x = |name: &str| ArrayToWrite::new(name, ["x"], [3], DType::F32);
    let rows = [
        (x("a/b"), "cannot be named `a/b`"),
        (x(""), "cannot be named ``"),
        (x("zero").chunks([0]), "a chunk of length 0"),
        (x("rank").chunks([1, 1]), "2 chunk lengths for 1 axes"),
        (ArrayToWrite::new("dims", ["x", "y"], [3], DType::F32), "2 dimensions"),
    ];
    for (array, part) in rows {
        let error = writer.array(array).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }
    writer.array(x("twice")).unwrap();
    assert!(writer.array(x("twice")).unwrap_err().to_string().contains("two arrays named `twice`"));
    let codec = vec![json!({"name": "zip9000"})];
    let other = create(&format!("{url}2"), WriteOptions::default().compression(Compression::Codecs(codec))).unwrap();
    let error = other.array(x("a")).unwrap_err().to_string();
    assert!(error.contains("zip9000") && error.contains("array `a` of"), "{error}");
    let error = create("/proc/none/x.zarr", WriteOptions::default()).unwrap_err().to_string();
    assert!(error.contains("cannot write to /proc/none/x.zarr"), "{error}");
    let error = create("http://127.0.0.1:9/x.zarr", WriteOptions::default()).unwrap_err().to_string();
    assert!(error.contains("127.0.0.1:9"), "{error}");
}

#[test]
fn a_lazy_array_is_computed_into_a_store() {
    let (directory, urls) = places();
    let dtype = DType::Time { unit: TimeUnit::S, calendar: Calendar::Standard };
    let times = Block::with_dtype(dtype, &[2], vec![0i64, 86_400]).unwrap();
    let time = Variable::from_block(terracube_cube::Dims::new(["time"]).unwrap(), times).with_encoding(Encoding::new(
        EncodingFields { units: Some("days since 1900-01-01".into()), ..Default::default() },
    ));
    let lat = Variable::from_block(
        terracube_cube::Dims::new(["x"]).unwrap(),
        Block::new(&[3], vec![1.0f32, 2.0, 3.0]).unwrap(),
    );
    let array = DataArray::from_vec(["time", "x"], &[2, 3], vec![1.0f32, 2.0, 3.0, 4.0, 5.0, f32::NAN])
        .with_coord_variable("time", time)
        .with_coord_variable("lat", lat)
        .with_attr("units", "K");
    let error = array.write(&urls[0]).unwrap_err();
    assert!(error.to_string().contains(".named("), "{error}");
    let array = (&array * 2.0f32).named("t").with_attr("units", "K");
    assert_eq!(array.write("x.tif").unwrap_err().kind(), ErrorKind::Unsupported);
    for url in &urls {
        array.write(url).unwrap();
        let group = open(url).unwrap();
        assert_eq!(read(&group, "t").unwrap(), ["2", "4", "6", "8", "10", "NaN"]);
        assert_eq!(read(&group, "time").unwrap(), ["25567", "25568"]);
        assert_eq!(read(&group, "lat").unwrap(), ["1", "2", "3"]);
        let t = group.array("t").unwrap();
        assert_eq!((t.dims().join(","), &t.attributes()["coordinates"]), ("time,x".into(), &json!("lat")));
        assert_eq!(array.write(url).unwrap_err().kind(), ErrorKind::Exists);
    }
    assert_eq!(neighbours(&directory), ["new.zarr"]);
}
