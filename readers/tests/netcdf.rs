//! Files written by the C libraries (`make_data.py`), opened and computed, against what xarray makes of them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]
use std::path::{Path, PathBuf};

use serde_json::Value;
use terracube_cube::{DType, ErrorKind};
use terracube_readers::{OpenOptions, open};

fn data(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name).to_str().unwrap().to_owned()
}

fn expected() -> Value {
    serde_json::from_slice(&std::fs::read(data("expected.json")).unwrap()).unwrap()
}

/// The dtype's name as xarray has it: ours are times where xarray has objects or nanoseconds.
fn same_dtype(ours: DType, theirs: &str) -> bool {
    match ours {
        DType::Utf8 => theirs.starts_with('|') || theirs.starts_with('<') || theirs == "object",
        DType::Time { .. } => theirs == "object" || theirs.starts_with("datetime64"),
        plain => plain.to_string() == theirs,
    }
}

#[test]
fn files_decode_as_xarray_decodes_them() {
    for (name, file) in expected().as_object().unwrap() {
        let dataset = open(&data(name)).unwrap();
        let mut coords: Vec<&str> = dataset.coords().names().collect();
        coords.sort_unstable();
        assert_eq!(Value::from(coords), file["coords"], "{name}");
        assert!(dataset.attrs().text("title").unwrap().starts_with("små"), "{name}");
        for (variable, wanted) in file["variables"].as_object().unwrap() {
            let place = format!("{name}: {variable}");
            let array = dataset.var(variable);
            assert_eq!(Value::from(array.dims().iter().collect::<Vec<_>>()), wanted["dims"], "{place}");
            assert!(same_dtype(array.dtype(), wanted["dtype"].as_str().unwrap()), "{place}: {}", array.dtype());
            assert_eq!(Value::from(array.attrs().len()), wanted["n_attrs"], "{place}: {:?}", array.attrs());
            let values = array.values().unwrap_or_else(|error| panic!("{place}: {error}"));
            let got: Vec<Value> = match array.dtype() {
                DType::Utf8 => values.to_strings().unwrap().into_iter().map(Value::from).collect(),
                DType::Time { unit, calendar } => {
                    let block = values.block().contiguous().unwrap();
                    block.values::<i64>().unwrap().iter().map(|&count| calendar.format(count, unit).into()).collect()
                }
                _ => values.to_f64().unwrap().into_iter().map(Value::from).collect(),
            };
            let wanted = wanted["values"].as_array().unwrap();
            let same = |(got, wanted): (&Value, &Value)| match (got.as_str(), wanted.as_str()) {
                // Midnight may be written with or without its hours.
                (Some(got), Some(wanted)) => got == wanted || wanted.strip_suffix("T00:00:00") == Some(got),
                _ => got.as_f64() == wanted.as_f64(),
            };
            assert!(got.len() == wanted.len() && got.iter().zip(wanted).all(same), "{place}: {got:?} but {wanted:?}");
        }
    }
}

#[test]
fn an_odd_variable_carries_its_error_and_leaves_the_others_usable() {
    let dataset = open(&data("classic.nc")).unwrap();
    let error = dataset.var("odd").values().unwrap_err().to_string();
    assert!(error.contains("`odd`") && error.contains("months") && error.contains("decode_times = false"), "{error}");
    let numbers = OpenOptions::new().decode_times(false).open(&data("classic.nc")).unwrap();
    assert_eq!(numbers.var("odd").values().unwrap().to_f64().unwrap(), [0.0, 1.0, 2.0]);
    assert_eq!(numbers.var("time").attrs().text("units"), Some("days since 1850-01-01"));
}

#[test]
fn options_change_what_is_decoded() {
    let path = data("four.nc");
    let raw = OpenOptions::new().decode_cf(false).open(&path).unwrap();
    assert_eq!(raw.var("packed").dtype(), DType::I16);
    assert_eq!(raw.var("packed").values().unwrap().to_f64().unwrap()[4], -99.0);
    assert_eq!(raw.var("label").shape(), [3, 5]);
    assert_eq!(OpenOptions::new().mask(false).open(&path).unwrap().var("masked").dtype(), DType::I32);
    assert_eq!(OpenOptions::new().decode_f32().open(&path).unwrap().var("wide").dtype(), DType::F32);
    let inner = OpenOptions::new().group("inner").open(&path).unwrap();
    assert_eq!(inner.var("v").values().unwrap().to_vec::<i64>().unwrap(), [1 << 60, -1, 0]);
    let error = OpenOptions::new().group("iner").open(&path).unwrap_err().to_string();
    assert!(error.contains("did you mean `inner`?"), "{error}");
    assert_eq!(OpenOptions::new().groups(&path).unwrap(), ["/", "/inner"]);
}

#[test]
fn plain_hdf5_reads_with_a_user_block_and_odd_types() {
    let dataset = open(&data("plain.h5")).unwrap();
    let values = |name: &str| dataset.var(name).values().unwrap().to_f64().unwrap();
    assert_eq!(values("lzf"), (0..60).map(f64::from).collect::<Vec<_>>());
    assert_eq!(values("scaled"), (0..40).map(f64::from).collect::<Vec<_>>());
    assert_eq!(values("half"), [0.5, 2.0, -1.0]);
    assert_eq!(dataset.var("flag").dtype(), DType::Bool);
    assert_eq!(dataset.var("text").values().unwrap().to_strings().unwrap(), ["ab", "c"]);
    let error = dataset.var("pair").values().unwrap_err();
    assert!(error.kind() == ErrorKind::Unsupported && error.to_string().contains("`pair`"), "{error}");
}

/// A changed copy of a file in a directory of its own.
fn changed(name: &str, change: impl FnOnce(&mut Vec<u8>)) -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join(name);
    let mut bytes = std::fs::read(data(name)).unwrap();
    change(&mut bytes);
    std::fs::write(&path, bytes).unwrap();
    (directory, path)
}

#[test]
fn what_is_no_data_is_explained() {
    let rows: [(&[u8], &str); 6] = [
        (b"", "is empty"),
        (b"<!DOCTYPE html><title>Login</title>", "is a web page, not data"),
        (b"PK\x03\x04aaaa", "zip archive"),
        (b"GRIBaaaa", "is GRIB"),
        (b"hello, world", "neither NetCDF, HDF5 nor Zarr"),
        (b"CDF\x01\0\0\0\x05garbage-garbage-garbage", "is damaged"),
    ];
    let directory = tempfile::tempdir().unwrap();
    for (content, part) in rows {
        let path = directory.path().join("a.nc");
        std::fs::write(&path, content).unwrap();
        let error = open(path.to_str().unwrap()).unwrap_err().to_string();
        assert!(error.contains(part) && error.contains("a.nc"), "{part}: {error}");
    }
    let error = open(directory.path().join("b.nc").to_str().unwrap()).unwrap_err().to_string();
    assert!(error.contains("does not exist; did you mean"), "{error}");
    let error = open(directory.path().to_str().unwrap()).unwrap_err().to_string();
    assert!(error.contains("no Zarr store; there is data in it, such as `a.nc`"), "{error}");
}

#[test]
fn damage_anywhere_is_an_error_or_a_value_but_never_a_panic() {
    for name in ["classic.nc", "cdf5.nc", "four.nc", "plain.h5"] {
        let size = std::fs::metadata(data(name)).unwrap().len() as usize;
        for step in 0..60 {
            let at = size * step / 60;
            for truncate in [false, true] {
                let (_directory, path) = changed(name, |bytes| match truncate {
                    true => bytes.truncate(at),
                    false => bytes[at..(at + 3).min(size)].fill(0xff),
                });
                let Ok(dataset) = open(path.to_str().unwrap()) else { continue };
                for variable in dataset.names().chain(dataset.coords().names()) {
                    let array = dataset.var(variable);
                    if array.shape().iter().product::<u64>() < 1_000_000 {
                        // Either is fine; what counts is that it ends.
                        let _ = array.values();
                    }
                }
            }
        }
    }
}

/// filters.h5 was written by libhdf5 with the plug-ins of hdf5plugin; each dataset names the plain one that holds its values.
#[test]
fn every_filter_is_undone_as_libhdf5_does() {
    let file = OpenOptions::new().decode_cf(false).open(&data("filters.h5")).unwrap();
    let values = |name: &str| file.var(name).values().and_then(|array| array.block().contiguous()?.to_f64());
    let mut n_held = 0;
    for name in file.names().filter(|name| !name.starts_with("plain_")) {
        let array = file.var(name);
        let expected = array.attrs().text("expected").unwrap().to_owned();
        if name.starts_with("unread_") {
            let error = values(name).unwrap_err().to_string();
            let said = if cfg!(feature = "hdf5-c") { "HDF5_PLUGIN_PATH" } else { "went through the filter" };
            assert!(
                error.contains(said) && (cfg!(feature = "hdf5-c") || error.contains("h5repack")),
                "{name}: {error}"
            );
            continue;
        }
        assert_eq!(
            values(name).unwrap_or_else(|error| panic!("{name}: {error}")),
            values(&expected).unwrap(),
            "{name}"
        );
        n_held += 1;
    }
    assert_eq!(n_held, 37);
}

/// odd.h5: what libhdf5 reads of numbers whose bits are not those of a machine.
#[test]
fn integers_of_fewer_bits_keep_their_sign_and_odd_floats_their_value() {
    let file = open(&data("odd.h5")).unwrap();
    let rows: [(&str, DType, &[f64]); 8] = [
        ("signed_20", DType::I32, &[-3.0, -1.0, 0.0, 5.0, 1000.0]),
        ("signed_12_at_8", DType::I32, &[-3.0, -1.0, 0.0, 5.0, 1000.0]),
        ("unsigned_10_at_3", DType::U16, &[3.0, 1.0, 0.0, 5.0, 1000.0]),
        ("signed_24", DType::I32, &[-3.0, -1.0, 0.0, 5.0, 1000.0]),
        ("nbit_signed_20", DType::I32, &[-3.0, -1.0, 0.0, 5.0, 1000.0]),
        ("nbit_signed_11", DType::I16, &[-3.0, -1.0, 0.0, 5.0, 1000.0]),
        ("brain", DType::F32, &[1.0, -2.5, 0.0, 96.0]),
        ("extended", DType::F64, &[1.5, -3.0, 0.0, 1e300]),
    ];
    for (name, dtype, expected) in rows {
        let array = file.var(name);
        assert_eq!((array.dtype(), &array.values().unwrap().to_f64().unwrap()[..]), (dtype, expected), "{name}");
    }
}

#[test]
fn what_has_no_array_type_is_listed_with_what_is_in_it() {
    let info = terracube_readers::inspect::info(&data("odd.h5"), &OpenOptions::new()).unwrap();
    let variables = &info["groups"]["/"]["variables"];
    let rows = [
        ("pair", "compound {when: int32, where: compound {lat: float32, lon: float32}, bands: array [3] of int16}"),
        ("sequence", "variable-length sequence of int32"),
        ("blob", "opaque of 2 bytes"),
        ("state", "enum uint8 {clear: 0, cloud: 1, none: 255}"),
    ];
    for (name, stored_type) in rows {
        assert_eq!(variables[name]["stored_type"], stored_type, "{name}");
        let error = variables[name]["error"].as_str().unwrap_or_default();
        assert!(name == "state" || error.contains(stored_type), "{name}: {error}");
    }
    assert_eq!(variables["virtual"]["raw_shape"], serde_json::json!([10]));
    let error = variables["elsewhere"]["error"].as_str().unwrap();
    assert!(error.contains("`/t` of other.h5"), "{error}");
}

/// A virtual dataset: its values stand in other datasets.
#[test]
fn what_only_the_c_library_reads_goes_through_it_or_the_error_says_so() {
    let array = open(&data("odd.h5")).unwrap().var("virtual");
    if cfg!(feature = "hdf5-c") {
        assert_eq!(array.values().unwrap().to_f64().unwrap(), [0.0, 1.0, 2.0, 3.0, 4.0, 0.0, 1.0, 2.0, 3.0, 4.0]);
        let part = array.isel(array.dims().name(0), 3..7).values().unwrap();
        assert_eq!(part.to_f64().unwrap(), [3.0, 4.0, 0.0, 1.0]);
    } else {
        let error = array.values().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        let error = error.to_string();
        assert!(error.contains("virtual dataset") && error.contains("without `hdf5-c`"), "{error}");
    }
}

/// attributes.h5: numbers that no machine has, in attributes, and what libhdf5 reads of them.
#[test]
fn attributes_of_unusual_bits_are_read_and_decoding_goes_by_them() {
    let file = open(&data("attributes.h5")).unwrap();
    let scaled = file.var("scaled");
    assert_eq!(scaled.values().unwrap().to_f64().unwrap(), [-2.0, -1.5, 1.0, 3.0], "scale_factor is a long double");
    let raw = OpenOptions::new().decode_cf(false).open(&data("attributes.h5")).unwrap();
    let numbers = |array: &terracube_cube::DataArray, name: &str| {
        let value = array.attrs().get(name).unwrap_or_else(|| panic!("no `{name}`"));
        value.numbers().unwrap()
    };
    let rows: [(&str, &[f64]); 5] = [
        ("valid_min", &[-3.0]),
        ("shifted", &[-7.0]),
        ("named", &[-9.0]),
        ("brain", &[1.5, -2.0]),
        ("scale_factor", &[0.5]),
    ];
    for (name, expected) in rows {
        assert_eq!(numbers(&raw.var("scaled"), name), expected, "{name}");
    }
    // More than eight of them stand in a heap.
    for n in 0..12 {
        assert_eq!(numbers(&file.var("many"), &format!("a{n}")), [-f64::from(n)]);
    }
    // One that is not read is an error of the variable that needs it, and nothing to the others.
    let error = file.var("unscaled").values().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    let error = error.to_string();
    assert!(error.contains("`unscaled`") && error.contains("`scale_factor`") && error.contains("160 bits"), "{error}");
    let other = file.var("other");
    assert_eq!(other.values().unwrap().to_f64().unwrap(), [0.0, 1.0]);
    assert_eq!((other.attrs().text("title"), other.attrs().get("note")), (Some("read"), None));
}

#[test]
fn floats_that_begin_further_up_or_reach_further_are_read() {
    let file = open(&data("attributes.h5")).unwrap();
    let rows: [(&str, DType, [f64; 4]); 3] = [
        ("at_7", DType::F32, [1.0, -2.5, 0.0, 96.0]),
        ("nbit_at_7", DType::F32, [1.0, -2.5, 0.0, 96.0]),
        ("biased", DType::F64, [1.0, -(2f64.powi(190)), 0.0, 96.0]),
    ];
    for (name, dtype, expected) in rows {
        let array = file.var(name);
        let values = array.values().unwrap_or_else(|error| panic!("{name}: {error}")).to_f64().unwrap();
        assert_eq!((array.dtype(), &values[..]), (dtype, &expected[..]), "{name}");
    }
}

#[test]
fn members_of_enums_are_exact() {
    let info = terracube_readers::inspect::info(&data("attributes.h5"), &OpenOptions::new()).unwrap();
    let expected = "enum int64 {least: -9223372036854775808, most: 9223372036854775807}";
    assert_eq!(info["groups"]["/"]["variables"]["limits"]["stored_type"], expected);
}

/// The C library is asked for numbers only.
#[test]
fn the_c_library_is_named_only_where_it_would_help() {
    let error = open(&data("attributes.h5")).unwrap().var("virtual_text").values().unwrap_err().to_string();
    assert!(error.contains("virtual dataset") && !error.contains("hdf5-c"), "{error}");
}

/// small.h5: addresses and lengths of four bytes; what libhdf5 reads of it.
#[test]
fn files_with_small_addresses_are_read() {
    let file = open(&data("small.h5")).unwrap();
    let words = ["alpha", "", "größer 🌍", "d", "a longer one, of more than sixteen bytes"];
    let rows: [(&str, Vec<&str>); 7] = [
        ("words", words.to_vec()),
        ("chunked", words.repeat(4)),
        ("grown", vec!["one", "two", "", "", "five"]),
        ("ascii", vec!["ab", "cde"]),
        ("scalar", vec!["just one"]),
        ("never", vec![""; 3]),
        ("fixed", vec!["ab", "c", "defg"]),
    ];
    for (name, expected) in rows {
        let values = file.var(name).values().unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(values.to_strings().unwrap(), expected, "{name}");
    }
    assert_eq!(file.var("fixed").dims().iter().collect::<Vec<_>>(), ["time"], "references to scales");
    assert_eq!(file.var("numbers").attrs().text("note"), Some(&"z".repeat(300)[..]));
    let raw = |name: &str| OpenOptions::new().group("/inner").open(&data("small.h5")).unwrap().var(name);
    let numbers = raw("numbers");
    assert_eq!(numbers.values().unwrap().to_f64().unwrap(), (0..40).map(f64::from).collect::<Vec<_>>());
    assert_eq!((numbers.attrs().text("units"), numbers.attrs().text("long_name")), (Some("K"), Some("größer")));
    let inner = OpenOptions::new().group("/inner").open(&data("small.h5")).unwrap();
    assert_eq!((inner.attrs().text("title"), inner.attrs().text("fixed")), (Some("within"), Some("fixed")));
    let deeper = OpenOptions::new().group("/inner/deeper").open(&data("small.h5")).unwrap();
    assert_eq!(deeper.names().count(), 21);
    assert_eq!(deeper.var("v13").values().unwrap().to_f64().unwrap(), [13.0]);
    assert_eq!(deeper.var("one").values().unwrap().to_f64().unwrap(), [7.5]);
}
