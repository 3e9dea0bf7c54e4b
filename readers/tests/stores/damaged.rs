//! Files that are cut off, changed in single bits, or lie: an error that names them, soon, and never a panic.
use std::path::Path;
use std::time::{Duration, Instant};

use terracube_readers::OpenOptions;
use terracube_readers::netcdf::{self, FileBytes};

/// Files of every kind that is parsed.
const FILES: [&str; 11] = [
    "classic.nc",
    "classic_record.nc",
    "data64.nc",
    "nc4_plain.nc",
    "nc4_zlib.nc",
    "nc4_checksum.nc",
    "packed.nc",
    "text.nc",
    "characters.nc",
    "groups.nc",
    "hours.nc",
];

fn bytes_of(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden/data").join(name)).unwrap()
}

/// Opens and reads all of it; how many errors there were, each of which must name the file.
fn read_all(name: &str, bytes: Vec<u8>) -> usize {
    let started = Instant::now();
    let mut errors = 0;
    match netcdf::open(FileBytes::memory(name, bytes)) {
        Err(error) => {
            assert!(error.to_string().contains(name), "{error}");
            errors += 1;
        }
        Ok(root) => {
            for variable in root.variables.iter().chain(root.groups.iter().flat_map(|group| &group.variables)) {
                let read = variable.data.as_ref().map_err(Clone::clone).and_then(|source| {
                    let grid = source.grid();
                    // What a damaged header promises is not read to its end.
                    let whole = terracube_cube::Region::whole(&grid.shape());
                    for region in grid.touching(&whole).take(8) {
                        if region.size() > 1 << 22 {
                            continue;
                        }
                        let encoded = match source.fetch(&region) {
                            terracube_cube::source::Fetch::Ready(encoded) => encoded?,
                            terracube_cube::source::Fetch::Blocking(read) => read()?,
                            terracube_cube::source::Fetch::Pending(read) => futures::executor::block_on(read)?,
                        };
                        source.decode(encoded, &region)?;
                    }
                    Ok(())
                });
                if let Err(error) = read {
                    assert!(error.to_string().contains(name), "{}: {error}", variable.name);
                    errors += 1;
                }
            }
        }
    }
    assert!(started.elapsed() < Duration::from_secs(5), "{name} took {:?}", started.elapsed());
    errors
}

#[test]
fn files_cut_off_anywhere_are_errors() {
    for name in FILES {
        let whole = bytes_of(name);
        assert_eq!(read_all(name, whole.clone()), 0, "{name}");
        for part in 1..40 {
            let cut = whole[..whole.len() * part / 40].to_vec();
            // Only what was written behind all values may be missing without harm.
            assert!(read_all(name, cut) > 0 || part > 30, "{name}: {part}/40");
        }
    }
}

#[test]
fn changed_bits_panic_nowhere_and_take_no_time() {
    let mut state = 88_172_645_463_325_252u64;
    let mut random = move |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below as u64) as usize
    };
    for name in FILES {
        let whole = bytes_of(name);
        for _ in 0..150 {
            let mut changed = whole.clone();
            for _ in 0..=random(3) {
                let at = random(changed.len());
                changed[at] ^= 1 << random(8);
            }
            read_all(name, changed);
        }
        // Numbers in headers that promise the most.
        for _ in 0..150 {
            let mut changed = whole.clone();
            let (at, n) = (random(changed.len() - 8), 1 << random(4));
            changed[at..at + n].fill(0xff);
            read_all(name, changed);
        }
    }
}

#[test]
fn a_corrupt_chunk_is_an_error_and_never_zeros() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("checked.nc");
    let whole = bytes_of("nc4_checksum.nc");
    let raw = |bytes: &[u8]| {
        std::fs::write(&path, bytes).unwrap();
        OpenOptions::new().references(path.to_str().unwrap())
    };
    // Every chunk is under a checksum: a changed bit in any of them is found.
    let references = raw(&whole).unwrap().json;
    let mut n_chunks = 0;
    for (key, value) in references["refs"].as_object().unwrap() {
        let (Some(offset), Some(len)) = (value[1].as_u64(), value[2].as_u64()) else { continue };
        let name = key.split('/').next().unwrap();
        if name != "t" {
            continue;
        }
        let mut changed = whole.clone();
        changed[(offset + len / 2) as usize] ^= 4;
        std::fs::write(&path, &changed).unwrap();
        let error =
            terracube_readers::open(path.to_str().unwrap()).unwrap().var(name).values().unwrap_err().to_string();
        assert!(error.contains("checked.nc") && error.contains("`t`") || error.contains("/t"), "{error}");
        n_chunks += 1;
    }
    assert!(n_chunks > 0);
}
