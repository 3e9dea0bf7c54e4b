//! Many files as one dataset: what is joined, what is refused, and that errors name the file.
use std::path::Path;

use serde_json::json;
use terracube_cube::{Block, DType, Dataset, Result};
use terracube_readers::WriteOptions;
use terracube_readers::store::{Store, StoreOptions};
use terracube_readers::zarr::{ArrayToWrite, ZarrWriter};
use terracube_readers::{OpenMany, Urls, open_many};

use super::support::shown;

/// A store with the times `times` (in `units`) and with `t` over time, lat and lon, whose values tell where they stand.
struct File<'a> {
    times: &'a [i32],
    units: &'a str,
    calendar: &'a str,
    lat: &'a [f64],
    scale: Option<f64>,
    first: i16,
}

impl Default for File<'_> {
    fn default() -> Self {
        let (units, calendar) = ("days since 2000-01-01", "standard");
        Self { times: &[0], units, calendar, lat: &[10.0, 20.0], scale: None, first: 0 }
    }
}

impl File<'_> {
    fn write(&self, url: &str) {
        let writer = ZarrWriter::create(url, &StoreOptions::default(), WriteOptions::default()).unwrap();
        let (n, m) = (self.times.len(), self.lat.len());
        let time = ArrayToWrite::new("time", ["time"], [n as u64], DType::I32)
            .attribute("units", self.units)
            .attribute("calendar", self.calendar);
        writer.write_whole(time, &Block::new(&[n], self.times.to_vec()).unwrap()).unwrap();
        let lat = ArrayToWrite::new("lat", ["lat"], [m as u64], DType::F64);
        writer.write_whole(lat, &Block::new(&[m], self.lat.to_vec()).unwrap()).unwrap();
        let values: Vec<i16> = (0..n * m).map(|i| self.first + i as i16).collect();
        let mut t = ArrayToWrite::new("t", ["time", "lat"], [n as u64, m as u64], DType::I16).chunks([1, 2]);
        if let Some(scale) = self.scale {
            t = t.attribute("scale_factor", scale);
        }
        writer.write_whole(t, &Block::new(&[n, m], values).unwrap()).unwrap();
        let fixed = ArrayToWrite::new("height", ["lat"], [m as u64], DType::F64);
        writer.write_whole(fixed, &Block::new(&[m], vec![f64::from(self.first); m]).unwrap()).unwrap();
        writer.set_attributes(json!({"title": url.rsplit('/').next().unwrap()}).as_object().unwrap().clone());
        writer.finish().unwrap();
    }
}

/// Writes files `0`, `1`, ... to a directory; their URLs.
fn written(directory: &Path, files: &[File<'_>]) -> Vec<String> {
    let urls = (0..files.len()).map(|i| directory.join(format!("{i}.zarr")).to_str().unwrap().to_owned());
    urls.zip(files)
        .map(|(url, file)| {
            file.write(&url);
            url
        })
        .collect()
}

fn opened(files: &[File<'_>], how: OpenMany) -> Result<Dataset> {
    let directory = tempfile::tempdir().unwrap();
    let urls = written(directory.path(), files);
    let dataset = how.open(&urls)?;
    // Values are read before the files go.
    for name in dataset.names() {
        dataset.var(name).values()?;
    }
    std::mem::forget(directory);
    Ok(dataset)
}

fn values(dataset: &Dataset, name: &str) -> Vec<String> {
    shown(dataset.var(name).values().unwrap().block())
}

fn times(dataset: &Dataset) -> Vec<String> {
    let array = dataset.coord("time").values().unwrap();
    let DType::Time { unit, calendar } = array.dtype() else { panic!("{}", array.dtype()) };
    let block = array.block().contiguous().unwrap();
    block.values::<i64>().unwrap().iter().map(|&count| calendar.format(count, unit)[..10].to_owned()).collect()
}

fn refused(files: &[File<'_>], how: OpenMany, parts: &[&str]) {
    let error = opened(files, how).unwrap_err().to_string();
    for part in parts {
        assert!(error.contains(part), "{part}: {error}");
    }
}

#[test]
fn unsorted_files_are_put_in_order_and_gaps_stay() {
    let files = [
        File { times: &[7, 8], first: 30, ..File::default() },
        File { times: &[0, 1], first: 10, ..File::default() },
        File { times: &[2], first: 20, ..File::default() },
    ];
    let dataset = opened(&files, OpenMany::new()).unwrap();
    assert_eq!(times(&dataset), ["2000-01-01", "2000-01-02", "2000-01-03", "2000-01-08", "2000-01-09"]);
    assert_eq!(values(&dataset, "t"), ["10", "11", "12", "13", "20", "21", "30", "31", "32", "33"]);
    // What has no time is that of the first file in order of time.
    assert_eq!(values(&dataset, "height"), ["10", "10"]);
    assert_eq!(dataset.attrs().text("title"), Some("1.zarr"));
    assert!(dataset.attrs().text("history").unwrap().contains("3 files joined"));
    assert_eq!(shown(dataset.var("t").isel("time", 3).values().unwrap().block()), ["30", "31"]);
    assert_eq!(shown(dataset.var("t").sel("time", "2000-01-03").mean("lat").values().unwrap().block()), ["20.5"]);
}

#[test]
fn overlapping_files_are_refused_with_both_names() {
    let files = [File { times: &[0, 1, 2], ..File::default() }, File { times: &[2, 3], ..File::default() }];
    refused(&files, OpenMany::new(), &["0.zarr and ", "1.zarr overlap along `time`", "2000-01-03", "in_order"]);
    let in_order = opened(&files, OpenMany::new().in_order("time")).unwrap();
    assert_eq!(times(&in_order), ["2000-01-01", "2000-01-02", "2000-01-03", "2000-01-03", "2000-01-04"]);
}

#[test]
fn labels_that_turn_back_within_a_file_are_refused() {
    let files = [File { times: &[0, 2, 1], ..File::default() }, File { times: &[5], ..File::default() }];
    refused(&files, OpenMany::new(), &["0.zarr", "`time`", "turn back at 2000-01-02"]);
}

#[test]
fn mixed_epochs_and_units_meet_as_times() {
    let files = [
        File { times: &[0, 1], ..File::default() },
        File { times: &[0, 24], units: "hours since 2000-01-03", first: 4, ..File::default() },
    ];
    let dataset = opened(&files, OpenMany::new()).unwrap();
    assert_eq!(times(&dataset), ["2000-01-01", "2000-01-02", "2000-01-03", "2000-01-04"]);
    assert_eq!(values(&dataset, "t"), ["0", "1", "2", "3", "4", "5", "6", "7"]);
}

#[test]
fn mixed_calendars_are_refused_with_the_file() {
    let files = [File { times: &[0], ..File::default() }, File { times: &[5], calendar: "noleap", ..File::default() }];
    refused(&files, OpenMany::new(), &["1.zarr", "`time` has the noleap calendar", "0.zarr has the standard calendar"]);
}

#[test]
fn mixed_packing_meets_as_decoded_values() {
    let files = [
        File { times: &[0], scale: Some(0.5), first: 2, ..File::default() },
        File { times: &[1], scale: Some(0.25), first: 2, ..File::default() },
        File { times: &[2], first: 2, ..File::default() },
    ];
    let dataset = opened(&files, OpenMany::new()).unwrap();
    assert_eq!(dataset.var("t").dtype(), DType::F64);
    assert_eq!(values(&dataset, "t"), ["1", "1.5", "0.5", "0.75", "2", "3"]);
}

#[test]
fn tiles_of_two_dimensions_make_a_grid_and_a_missing_one_is_named() {
    let tile =
        |time: &'static [i32], lat: &'static [f64], first: i16| File { times: time, lat, first, ..File::default() };
    let files = [
        tile(&[0], &[30.0, 40.0], 10),
        tile(&[1], &[10.0, 20.0], 20),
        tile(&[0], &[10.0, 20.0], 0),
        tile(&[1], &[30.0, 40.0], 30),
    ];
    let dataset = opened(&files, OpenMany::new()).unwrap();
    assert_eq!(dataset.var("t").shape(), [2, 4]);
    assert_eq!(values(&dataset, "t"), ["0", "1", "10", "11", "20", "21", "30", "31"]);
    assert_eq!(values(&dataset, "height"), ["0", "0", "10", "10"]);
    refused(&files[..3], OpenMany::new(), &["no full grid of tiles", ".zarr"]);
}

#[test]
fn files_side_by_side_get_a_new_dimension() {
    let files = [File { first: 0, ..File::default() }, File { first: 5, ..File::default() }];
    refused(&files, OpenMany::new(), &["0.zarr and 1 more files have the same labels", "along_new"]);
    let dataset = opened(&files, OpenMany::new().along_new("member").labels(["a", "b"])).unwrap();
    assert_eq!(dataset.var("t").dims().iter().collect::<Vec<_>>(), ["member", "time", "lat"]);
    assert_eq!(values(&dataset, "t"), ["0", "1", "5", "6"]);
    assert_eq!(shown(dataset.var("t").sel("member", "b").values().unwrap().block()), ["5", "6"]);
    refused(&files, OpenMany::new().along_new("lat"), &["has a dimension `lat` already"]);
    refused(&files, OpenMany::new().along_new("m").labels(["a"]), &["1 labels of `m` for 2 files"]);
}

#[test]
fn other_labels_variables_and_dimensions_are_named_with_their_file() {
    let files = [File::default(), File { times: &[1], lat: &[10.0, 21.0], ..File::default() }];
    refused(&files, OpenMany::new().along("time"), &["1.zarr", "labels of `lat` are 10 to 21", "0.zarr are 10 to 20"]);
    refused(&files, OpenMany::new().along("tame"), &["no dimension `tame`", "did you mean `time`"]);
    let directory = tempfile::tempdir().unwrap();
    let mut urls = written(directory.path(), &[File::default(), File { times: &[1], ..File::default() }]);
    urls.push(directory.path().join("none.zarr").to_str().unwrap().to_owned());
    let error = open_many(&urls).unwrap_err().to_string();
    assert!(error.contains("none.zarr") && error.contains("does not exist"), "{error}");
}

#[test]
fn files_of_different_variables_come_together() {
    let directory = tempfile::tempdir().unwrap();
    let mut urls = written(directory.path(), &[File::default(), File { times: &[1], first: 2, ..File::default() }]);
    let other = directory.path().join("p.zarr").to_str().unwrap().to_owned();
    let writer = ZarrWriter::create(&other, &StoreOptions::default(), WriteOptions::default()).unwrap();
    let time = ArrayToWrite::new("time", ["time"], [2], DType::I32).attribute("units", "days since 2000-01-01");
    writer.write_whole(time, &Block::new(&[2], vec![0i32, 1]).unwrap()).unwrap();
    writer
        .write_whole(ArrayToWrite::new("p", ["time"], [2], DType::F32), &Block::new(&[2], vec![1f32, 2.0]).unwrap())
        .unwrap();
    writer.finish().unwrap();
    urls.insert(1, other);
    let dataset = open_many(&urls).unwrap();
    assert_eq!(
        (values(&dataset, "p"), values(&dataset, "t")),
        (vec!["1".into(), "2".into()], vec!["0".into(), "1".into(), "2".into(), "3".into()])
    );
}

#[test]
fn patterns_work_in_stores_far_away() {
    for (i, first) in [(0, 0), (1, 2), (10, 4)] {
        File { times: &[i], first, ..File::default() }.write(&format!("memory://many/run/t_{i}.zarr"));
    }
    let dataset = open_many("memory://many/*/t_*.zarr").unwrap();
    assert_eq!(values(&dataset, "t"), ["0", "1", "2", "3", "4", "5"]);
    let empty = Store::open("memory://many/none", &StoreOptions::default()).unwrap();
    assert!(open_many(format!("{}/*.nc", empty.url())).unwrap_err().to_string().contains("nothing matches"));
    assert!(open_many(Vec::<String>::new().urls()).unwrap_err().to_string().contains("no files are named"));
}

/// How long many files take: `TERRACUBE_MANY='data/*.nc' cargo nextest run many_files_on_the_clock --run-ignored all --no-capture`.
#[test]
#[ignore = "measures files that TERRACUBE_MANY names"]
fn many_files_on_the_clock() {
    let pattern = std::env::var("TERRACUBE_MANY").unwrap();
    let started = std::time::Instant::now();
    let dataset = open_many(&pattern[..]).unwrap();
    let opened = started.elapsed();
    let largest = dataset.names().max_by_key(|name| dataset.var(name).size()).unwrap().to_owned();
    let mean = dataset.var(&largest).mean("time").to_f64().unwrap();
    println!("opened in {opened:?}, with the mean of {:?} in {:?}", dataset.var(&largest).shape(), started.elapsed());
    assert!(!mean.is_empty());
}
