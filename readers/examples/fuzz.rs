//! Damaged input for every parser: `fuzz SECONDS [FOLDER]`, run by `make fuzz` and `make hostile`.
//!
//! Files of the folder (the tests' own by default) are cut off, changed in bits, bytes and numbers, and spliced; then all of them is
//! opened and read. An outcome is a value or an error. What fails the run: a panic that gets out, an input that takes longer than 10 s, a
//! process that grows beyond 2 GiB. The input that did it is kept, and its path printed. The seed is printed too: `FUZZ_SEED` repeats a run.
//! (cargo-fuzz would want a nightly compiler; this loop has no coverage feedback, but runs anywhere.)
#![allow(clippy::print_stdout, clippy::unwrap_used)]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use terracube_cube::base::TimeUnits;
use terracube_cube::source::{Fetch, Source};
use terracube_cube::{Calendar, Dataset, Polygons, Region, Result};
use terracube_readers::netcdf::{self, FileBytes};
use terracube_readers::store::{Store, StoreOptions};
use terracube_readers::zarr::ZarrGroup;
use terracube_readers::{OpenOptions, open_table};

/// Longer than any honest file of these sizes takes.
const SLOW: Duration = Duration::from_secs(10);
const MOST_MEMORY: u64 = 2 << 30;
/// Larger files are cut to this: damage is in headers.
const MOST_BYTES: usize = 4 << 20;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let seconds: u64 = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(60);
    let folder = arguments
        .next()
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden/data"), PathBuf::from);
    let seed = std::env::var("FUZZ_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or_else(|| {
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(1, |now| now.as_nanos() as u64)
    });
    println!("seed {seed}, {seconds} s, {}", folder.display());
    let mut random = Random(seed | 1);
    let scratch = tempfile::tempdir().unwrap();
    // Panics of other people's parsers are caught and become errors: only those that get out are told.
    std::panic::set_hook(Box::new(|_| {}));
    let targets = targets(&folder, scratch.path());
    let share = Duration::from_secs(seconds) / targets.len().max(1) as u32;
    let mut is_clean = true;
    for target in &targets {
        is_clean &= run(target, share, &mut random);
    }
    let peak = peak_memory();
    println!("peak memory {} MiB", peak >> 20);
    if is_clean && peak < MOST_MEMORY { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// A parser, and inputs that it understands.
struct Target<'a> {
    name: &'static str,
    seeds: Vec<Vec<u8>>,
    read: Box<dyn Fn(&[u8]) -> Result<()> + 'a>,
}

fn run(target: &Target<'_>, share: Duration, random: &mut Random) -> bool {
    let started = Instant::now();
    let (mut n, mut n_errors, mut slowest) = (0u64, 0u64, Duration::ZERO);
    if target.seeds.is_empty() {
        println!("{:<12} no inputs", target.name);
        return true;
    }
    while started.elapsed() < share {
        // Each seed is cut off at several places first, then anything.
        let input = match usize::try_from(n).unwrap_or(usize::MAX) / 8 {
            i if i < target.seeds.len() => {
                let seed = &target.seeds[i];
                seed[..seed.len() * (n % 8) as usize / 8].to_vec()
            }
            _ => damaged(target, random),
        };
        n += 1;
        let begun = Instant::now();
        let outcome = catch_unwind(AssertUnwindSafe(|| (target.read)(&input)));
        let took = begun.elapsed();
        slowest = slowest.max(took);
        n_errors += u64::from(!matches!(outcome, Ok(Ok(()))));
        if outcome.is_err() || took > SLOW {
            let path = std::env::temp_dir().join(format!("terracube-fuzz-{}-{n}", target.name));
            let _ = std::fs::write(&path, &input);
            let what = if outcome.is_err() { "panicked" } else { "took too long" };
            println!("{:<12} {what} after {took:?}: {}", target.name, path.display());
            return false;
        }
    }
    println!("{:<12} {n} inputs of {} seeds, {n_errors} errors, slowest {slowest:?}", target.name, target.seeds.len());
    true
}

fn damaged(target: &Target<'_>, random: &mut Random) -> Vec<u8> {
    let mut bytes = target.seeds[random.below(target.seeds.len())].clone();
    for _ in 0..=random.below(4) {
        if bytes.len() < 16 {
            break;
        }
        let at = random.below(bytes.len() - 8);
        match random.below(8) {
            0 | 1 => bytes[at] ^= 1 << random.below(8),
            2 => bytes[at] = random.next() as u8,
            // Numbers that promise the most, or nothing.
            3 => bytes[at..at + (1 << random.below(4))].fill(0xff),
            4 => bytes[at..at + (1 << random.below(4))].fill(0),
            5 => bytes.truncate(at + 1),
            // A piece of it stands elsewhere too.
            6 => {
                let (from, len) = (random.below(bytes.len() - 8), 1 + random.below(8.max(bytes.len() / 4)));
                let len = len.min(bytes.len() - from).min(bytes.len() - at);
                bytes.copy_within(from..from + len, at);
            }
            _ => bytes[at] = bytes[at].wrapping_add(1),
        }
    }
    bytes
}

fn targets<'a>(folder: &Path, scratch: &'a Path) -> Vec<Target<'a>> {
    let mut files = Vec::new();
    files_below(folder, &mut files);
    files.sort();
    let with = |endings: &[&str]| -> Vec<Vec<u8>> {
        let is_one = |path: &&PathBuf| endings.iter().any(|ending| path.to_string_lossy().ends_with(ending));
        files.iter().filter(is_one).filter_map(|path| read_some(path)).collect()
    };
    let references = files
        .iter()
        .filter(|path| path.extension().is_some_and(|extension| extension == "nc"))
        .take(8)
        .filter_map(|path| OpenOptions::new().references(path.to_str()?).ok())
        .map(|references| references.json.to_string().into_bytes())
        .chain([br#"{"version":1,"templates":{"u":"x","f":"{{c}}"},"gen":[{"key":"a/{{i}}","url":"{{f(c='q')}}","offset":"{{i*8}}","length":"8","dimensions":{"i":{"stop":3}}}],"refs":{".zgroup":"{\"zarr_format\":2}"}}"#.to_vec()])
        .collect();
    let by_file = |name: &'static str, ending: &'static str, open: fn(&str) -> Result<Dataset>| {
        let path = scratch.join(format!("{name}{ending}"));
        move |bytes: &[u8]| {
            std::fs::write(&path, bytes).map_err(|error| terracube_cube::Error::io(error.to_string()))?;
            read_dataset(&open(path.to_str().unwrap_or_default())?)
        }
    };
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    let mut own_files = Vec::new();
    files_below(&own, &mut own_files);
    own_files.sort();
    let of_own = |ending: &str| -> Vec<Vec<u8>> {
        own_files
            .iter()
            .filter(|path| path.to_string_lossy().ends_with(ending))
            .filter_map(|path| read_some(path))
            .collect()
    };
    let tables = scratch.join("kerchunk.parq");
    copy_folder(&own.join("kerchunk.parq"), &tables);
    vec![
        // Every filter of HDF5, odd types, user blocks.
        Target { name: "filters", seeds: of_own(".h5"), read: Box::new(read_netcdf) },
        Target {
            name: "tables",
            seeds: [of_own("v/refs.0.parq"), of_own("x/refs.0.parq"), of_own("kerchunk.parq/.zmetadata")].concat(),
            read: Box::new(move |bytes| read_reference_tables(&tables, bytes)),
        },
        Target { name: "parquet", seeds: of_own(".parq"), read: Box::new(by_file("table", ".parquet", open_table)) },
        Target {
            name: "regions",
            seeds: vec![REGIONS.to_vec()],
            read: Box::new(|bytes| Polygons::from_geojson(&String::from_utf8_lossy(bytes)).map(|_| ())),
        },
        Target { name: "netcdf", seeds: with(&[".nc", ".h5", ".hdf5", ".nc4"]), read: Box::new(read_netcdf) },
        Target { name: "zarr", seeds: with(&["zarr.json", ".zarray", ".zmetadata"]), read: Box::new(read_zarr) },
        Target {
            name: "references",
            seeds: references,
            read: Box::new(by_file("references", ".json", terracube_readers::open)),
        },
        Target {
            name: "zip",
            seeds: vec![zip(&files)],
            read: Box::new(by_file("archive", ".zip", terracube_readers::open)),
        },
        Target { name: "csv", seeds: vec![CSV.to_vec()], read: Box::new(by_file("table", ".csv", open_table)) },
        Target {
            name: "times",
            seeds: TIMES.iter().map(|text| text.as_bytes().to_vec()).collect(),
            read: Box::new(read_times),
        },
    ]
}

const REGIONS: &[u8] = br#"{"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {"name": "west"}, "geometry": {"type": "MultiPolygon", "coordinates": [[[[0, 0], [10, 0], [10, 10], [0, 10], [0, 0]], [[2, 2], [3, 2], [3, 3], [2, 2]]]]}}, {"type": "Feature", "geometry": {"type": "Polygon", "coordinates": [[[170, -5], [190, -5], [190, 5], [170, -5]]]}, "properties": null}]}"#;
const CSV: &[u8] = b"time,lat,lon,name,flag,sst\nUTC,degrees_north,degrees_east,,,degree_C\n2001-02-03T04:05:06.5Z,1.5,-2,\"a, b\",true,287.5\n2001-02-04 01:00:00+02:30,,3e2,\"q\"\"x\",false,\n";
const TIMES: [&str; 6] = [
    "days since 1850-01-01 00:00:00",
    "hours since 1900-1-1 0:0:0.0 +01:30",
    "months since 0001-01-01",
    "seconds since 1970-01-01T00:00:00Z",
    "common_years since 2000-02-30",
    "microseconds since -4713-11-24 12:00",
];

fn read_netcdf(bytes: &[u8]) -> Result<()> {
    let root = netcdf::open(FileBytes::memory("fuzzed", bytes.to_vec()))?;
    let variables = root.variables.iter().chain(root.groups.iter().flat_map(|group| &group.variables));
    variables.take(64).filter_map(|variable| variable.data.as_ref().ok()).for_each(|source| _ = read_source(&**source));
    Ok(())
}

/// References in Parquet of which one file is damaged.
fn read_reference_tables(folder: &Path, bytes: &[u8]) -> Result<()> {
    let name = if bytes.starts_with(b"{") { ".zmetadata" } else { "x/refs.0.parq" };
    let path = folder.join(name);
    let whole = std::fs::read(&path).map_err(|error| terracube_cube::Error::io(error.to_string()))?;
    std::fs::write(&path, bytes).map_err(|error| terracube_cube::Error::io(error.to_string()))?;
    let read = terracube_readers::open(folder.to_str().unwrap_or_default()).and_then(|dataset| read_dataset(&dataset));
    std::fs::write(&path, whole).map_err(|error| terracube_cube::Error::io(error.to_string()))?;
    read
}

fn copy_folder(from: &Path, to: &Path) {
    let mut files = Vec::new();
    files_below(from, &mut files);
    for file in files {
        let target = to.join(file.strip_prefix(from).unwrap());
        std::fs::create_dir_all(target.parent().unwrap()).unwrap();
        std::fs::copy(file, target).unwrap();
    }
}

/// One document of a store of one array or group.
fn read_zarr(bytes: &[u8]) -> Result<()> {
    let text = String::from_utf8_lossy(bytes);
    let key = if text.contains("\"metadata\"") && !text.contains("node_type") {
        ".zmetadata"
    } else if text.contains("node_type") || text.contains("\"codecs\"") {
        "zarr.json"
    } else {
        ".zarray"
    };
    let store = Store::open("memory://fuzz/a.zarr", &StoreOptions::default())?;
    store.remove_all("").wait()?;
    store.put(key, bytes.to_vec()).wait()?;
    store.put("c/0", vec![7u8; 300]).wait()?;
    store.put("0", vec![7u8; 300]).wait()?;
    let group = ZarrGroup::open(&store)?;
    group.arrays().iter().take(32).filter_map(|array| array.source().ok()).for_each(|source| _ = read_source(&*source));
    read_dataset(&terracube_readers::open("memory://fuzz/a.zarr")?)
}

fn read_times(bytes: &[u8]) -> Result<()> {
    let text = String::from_utf8_lossy(bytes);
    for calendar in [Calendar::Standard, Calendar::NoLeap, Calendar::Day360, Calendar::Julian] {
        let Ok(units) = TimeUnits::parse(&text, calendar) else { continue };
        let Ok(scaling) = units.scaling(units.integer_unit()) else { continue };
        for raw in [0, 1, -1, i64::MAX, i64::MIN + 1] {
            if let Some(count) = scaling.of_i64(raw) {
                calendar.format(count, units.integer_unit());
                scaling.to_i64(count);
            }
            scaling.of_f64(raw as f64 / 3.0);
        }
    }
    Ok(())
}

fn read_dataset(dataset: &Dataset) -> Result<()> {
    for (name, variable) in dataset.variables().take(32) {
        // What a damaged header promises is not read to its end.
        if variable.error().is_none() && variable.expr().n_bytes() < 64 << 20 {
            let _ = dataset.var(name).values();
        }
    }
    Ok(())
}

fn read_source(source: &dyn Source) -> Result<()> {
    let grid = source.grid();
    for region in grid.touching(&Region::whole(&grid.shape())).take(4) {
        if region.size() > 1 << 22 {
            continue;
        }
        let encoded = match source.fetch(&region) {
            Fetch::Ready(encoded) => encoded?,
            Fetch::Blocking(read) => read()?,
            Fetch::Pending(read) => futures::executor::block_on(read)?,
        };
        source.decode(encoded, &region)?;
    }
    Ok(())
}

fn files_below(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() { files_below(&path, files) } else { files.push(path) }
    }
}

fn read_some(path: &Path) -> Option<Vec<u8>> {
    let mut bytes = std::fs::read(path).ok()?;
    bytes.truncate(MOST_BYTES);
    Some(bytes)
}

/// An archive of one small store, without compression.
fn zip(files: &[PathBuf]) -> Vec<u8> {
    let folder = files
        .iter()
        .find(|path| path.file_name().is_some_and(|name| name == ".zmetadata"))
        .and_then(|path| path.parent());
    let Some(folder) = folder else { return vec![0; 64] };
    let (mut body, mut directory, mut n) = (Vec::new(), Vec::new(), 0u16);
    for path in files.iter().filter(|path| path.starts_with(folder)) {
        let (Some(bytes), Ok(name)) = (read_some(path), path.strip_prefix(folder)) else { continue };
        let name = name.to_string_lossy().into_owned().into_bytes();
        let (len, crc) = ((bytes.len() as u32).to_le_bytes(), libdeflater::crc32(&bytes).to_le_bytes());
        let fixed =
            [&[20, 0, 0, 0, 0, 0, 0, 0, 33, 0][..], &crc, &len, &len, &(name.len() as u16).to_le_bytes(), &[0, 0]]
                .concat();
        let at = (body.len() as u32).to_le_bytes();
        body.extend([b"PK\x03\x04", &fixed[..], &name, &bytes].concat());
        directory.extend([b"PK\x01\x02\x14\x00", &fixed[..], &[0; 10], &at, &name].concat());
        n += 1;
    }
    let (at, len) = ((body.len() as u32).to_le_bytes(), (directory.len() as u32).to_le_bytes());
    [&body[..], &directory, b"PK\x05\x06\0\0\0\0", &n.to_le_bytes(), &n.to_le_bytes(), &len, &at, &[0, 0]].concat()
}

fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().split(' ').next()?.parse::<u64>().ok()).unwrap_or(0) << 10
}

/// Numbers that repeat for the same seed.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n.max(1) as u64) as usize
    }
}
