//! What zarrs writes, we read: versions, dtypes, codecs, layouts.
use serde_json::{Value, json};
use terracube_cube::source::{Fetch, Source};
use terracube_cube::{DType, ErrorKind, Region};

use super::support::{open, read, write_by_zarrs};

fn v3(shape: &[u64], chunk: &[u64], data_type: &str, fill: Value, codecs: Value) -> Value {
    json!({
        "zarr_format": 3, "node_type": "array", "shape": shape, "data_type": data_type, "fill_value": fill, "codecs": codecs,
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": chunk}},
        "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
    })
}

fn v2(shape: &[u64], chunk: &[u64], dtype: &str, more: &Value) -> Value {
    let mut metadata = json!({
        "zarr_format": 2, "shape": shape, "chunks": chunk, "dtype": dtype, "compressor": null, "fill_value": null, "order": "C", "filters": null,
    });
    metadata.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    metadata
}

fn bytes(endian: &str) -> Value {
    json!({"name": "bytes", "configuration": {"endian": endian}})
}

fn sharding(inner: &[u64], codecs: Value, location: &str) -> Value {
    json!({"name": "sharding_indexed", "configuration": {
        "chunk_shape": inner, "codecs": codecs, "index_codecs": [bytes("little"), {"name": "crc32c"}], "index_location": location}})
}

/// Writes 7 x 5 numbers, reads them, and holds both against each other.
fn check(name: &str, metadata: &Value) {
    let directory = tempfile::tempdir().unwrap();
    let values: Vec<i32> = (0..35).map(|n| n * n - 100).collect();
    write_by_zarrs(directory.path(), "/a", metadata, &values);
    let group = open(directory.path().to_str().unwrap()).unwrap();
    let expected: Vec<String> = values.iter().map(i32::to_string).collect();
    assert_eq!(read(&group, "a").unwrap_or_else(|error| panic!("{name}: {error}")), expected, "{name}");
}

#[test]
fn codecs_and_layouts() {
    let blosc = |cname: &str| json!({"name": "blosc", "configuration": {"cname": cname, "clevel": 5, "shuffle": "shuffle", "typesize": 4, "blocksize": 0}});
    let level = |name: &str, level: i32| json!({"name": name, "configuration": {"level": level}});
    let zstd = json!({"name": "zstd", "configuration": {"level": 3, "checksum": true}});
    let transpose = json!({"name": "transpose", "configuration": {"order": [1, 0]}});
    let inner = |codecs: Value, location| sharding(&[2, 3], codecs, location);
    let whole_shards = json!([bytes("little"), zstd]);
    let rows = [
        ("plain", json!([bytes("little")])),
        ("big-endian", json!([bytes("big")])),
        ("zstd", json!([bytes("little"), zstd])),
        ("gzip", json!([bytes("little"), level("gzip", 5)])),
        ("zlib", json!([bytes("little"), level("numcodecs.zlib", 5)])),
        ("bz2", json!([bytes("little"), level("numcodecs.bz2", 5)])),
        ("blosc lz4", json!([bytes("little"), blosc("lz4")])),
        ("blosc zstd", json!([bytes("big"), blosc("zstd")])),
        ("crc32c", json!([bytes("little"), zstd, {"name": "crc32c"}])),
        ("crc32c inside", json!([bytes("little"), {"name": "crc32c"}, zstd])),
        ("transpose", json!([transpose, bytes("big"), zstd])),
        ("sharded", json!([inner(whole_shards.clone(), "end")])),
        ("sharded, index first", json!([inner(json!([bytes("big")]), "start")])),
        ("sharded, transposed inside", json!([inner(json!([transpose, bytes("little")]), "end")])),
        ("sharded, transposed outside", json!([transpose, sharding(&[3, 2], whole_shards.clone(), "end")])),
        ("sharded twice", json!([sharding(&[2, 6], json!([sharding(&[1, 2], whole_shards.clone(), "end")]), "end")])),
        ("sharded with checksum outside", json!([inner(whole_shards, "end"), {"name": "crc32c"}])),
    ];
    for (name, codecs) in rows {
        check(name, &v3(&[7, 5], &[4, 6], "int32", json!(-1), codecs));
    }
}

#[test]
fn version_2() {
    let rows = [
        ("plain", "<i4", json!({})),
        ("big-endian", ">i4", json!({})),
        ("F order", "<i4", json!({"order": "F", "compressor": {"id": "zlib", "level": 3}})),
        ("nested keys", "<i4", json!({"dimension_separator": "/", "compressor": {"id": "zstd", "level": 3}})),
        (
            "blosc",
            "<i4",
            json!({"compressor": {"id": "blosc", "cname": "lz4", "clevel": 5, "shuffle": 1, "blocksize": 0}}),
        ),
        (
            "gzip and shuffle",
            "<i4",
            json!({"compressor": {"id": "gzip", "level": 3}, "filters": [{"id": "shuffle", "elementsize": 4}]}),
        ),
    ];
    for (name, dtype, more) in rows {
        check(name, &v2(&[7, 5], &[4, 3], dtype, &more));
    }
}

#[test]
fn other_chunk_grids() {
    for grid in [
        json!({"name": "rectilinear", "configuration": {"kind": "inline", "chunk_shapes": [[3, 4], [[1, 5]]]}}),
        json!({"name": "rectangular", "configuration": {"chunk_shape": [[3, 3, 1], 2]}}),
    ] {
        let mut metadata = v3(&[7, 5], &[1, 1], "int32", json!(0), json!([bytes("little")]));
        metadata["chunk_grid"] = grid.clone();
        check(&grid.to_string(), &metadata);
    }
}

#[test]
fn dtypes() {
    let directory = tempfile::tempdir().unwrap();
    let at = directory.path();
    let plain = |data_type: &str, fill: Value| v3(&[3], &[2], data_type, fill, json!([bytes("little")]));
    write_by_zarrs(at, "/b", &plain("bool", json!(false)), &[true, false, true]);
    write_by_zarrs(at, "/i8", &plain("int8", json!(0)), &[i8::MIN, -1, i8::MAX]);
    write_by_zarrs(at, "/u64", &plain("uint64", json!(0)), &[u64::MAX, 1, 2]);
    write_by_zarrs(at, "/i64", &plain("int64", json!(0)), &[i64::MAX, -1, 2]);
    write_by_zarrs(at, "/f64", &plain("float64", json!("NaN")), &[0.1, f64::INFINITY, -2.5]);
    let halves = [1.5f32, -0.25, 65504.0].map(half::f16::from_f32);
    write_by_zarrs(at, "/f16", &plain("float16", json!(0.0)), &halves);
    write_by_zarrs(at, "/bf16", &plain("bfloat16", json!(0.0)), &[1.5f32, -0.25, 3.0].map(half::bf16::from_f32));
    let text = v3(
        &[3],
        &[2],
        "string",
        json!("none"),
        json!([{"name": "vlen-utf8"}, {"name": "zstd", "configuration": {"level": 1, "checksum": false}}]),
    );
    write_by_zarrs(at, "/text", &text, &["a", "", "größer 🌍"]);
    let mut days = plain("int64", json!(0));
    days["data_type"] = json!({"name": "numpy.datetime64", "configuration": {"unit": "D", "scale_factor": 2}});
    write_by_zarrs(at, "/days", &days, &[0i64, -1, i64::MIN]);
    let group = open(at.to_str().unwrap()).unwrap();
    let rows: [(&str, &str, &[&str]); 9] = [
        ("b", "bool", &["1", "0", "1"]),
        ("i8", "int8", &["-128", "-1", "127"]),
        ("u64", "uint64", &["18446744073709551615", "1", "2"]),
        ("i64", "int64", &["9223372036854775807", "-1", "2"]),
        ("f64", "float64", &["0.1", "inf", "-2.5"]),
        ("f16", "float32", &["1.5", "-0.25", "65504"]),
        ("bf16", "float32", &["1.5", "-0.25", "3"]),
        ("text", "string", &["a", "", "größer 🌍"]),
        ("days", "datetime64[s]", &["0", "-172800", "-9223372036854775808"]),
    ];
    for (name, dtype, values) in rows {
        assert_eq!(group.array(name).unwrap().dtype().unwrap().to_string(), dtype, "{name}");
        assert_eq!(read(&group, name).unwrap(), values, "{name}");
    }
}

#[test]
fn dtypes_of_version_2_that_zarrs_lacks() {
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, metadata: &Value, chunk: &[u8]| {
        let at = directory.path().join(name);
        std::fs::create_dir_all(&at).unwrap();
        std::fs::write(at.join(".zarray"), metadata.to_string()).unwrap();
        std::fs::write(at.join("0"), chunk).unwrap();
    };
    std::fs::write(directory.path().join(".zgroup"), r#"{"zarr_format": 2}"#).unwrap();
    write("s", &v2(&[3], &[2], "|S3", &json!({"fill_value": ""})), b"ab\0xyz");
    let wide: Vec<u8> = "é\0xy".chars().flat_map(|c| (c as u32).to_be_bytes()).collect();
    write("u", &v2(&[3], &[2], ">U2", &json!({"fill_value": ""})), &wide);
    let times: Vec<u8> = [7i64, i64::MIN].iter().flat_map(|n| n.to_le_bytes()).collect();
    write("ns", &v2(&[3], &[2], "<M8[ns]", &json!({"fill_value": "NaT"})), &times);
    write("h", &v2(&[3], &[2], "<m8[h]", &json!({"fill_value": 1})), &times);
    let group = open(directory.path().to_str().unwrap()).unwrap();
    let missing = i64::MIN.to_string();
    let rows: [(&str, &str, [&str; 3]); 4] = [
        ("s", "string", ["ab", "xyz", ""]),
        ("u", "string", ["é", "xy", ""]),
        ("ns", "datetime64[ns]", ["7", &missing, &missing]),
        ("h", "timedelta64[s]", ["25200", &missing, "3600"]),
    ];
    for (name, dtype, values) in rows {
        assert_eq!(group.array(name).unwrap().dtype().unwrap().to_string(), dtype, "{name}");
        assert_eq!(read(&group, name).unwrap(), values, "{name}");
    }
}

#[test]
fn the_delta_filter_is_undone() {
    let directory = tempfile::tempdir().unwrap();
    let at = directory.path().join("a");
    std::fs::create_dir_all(&at).unwrap();
    let metadata = v2(&[3], &[4], "<i2", &json!({"filters": [{"id": "delta", "dtype": "<i2"}], "fill_value": 0}));
    std::fs::write(at.join(".zarray"), metadata.to_string()).unwrap();
    let bytes: Vec<u8> = [5i16, -7, 30000, 30000].iter().flat_map(|n| n.to_le_bytes()).collect();
    std::fs::write(at.join("0"), bytes).unwrap();
    assert_eq!(read(&open(at.to_str().unwrap()).unwrap(), "a").unwrap(), ["5", "-2", "29998"]);
}

/// Filters of numcodecs that zarrs lacks; the bytes of each chunk are what numcodecs 0.15 makes of the values.
#[test]
fn filters_of_version_2_are_undone() {
    let of = |values: &[i16]| -> Vec<u8> { values.iter().flat_map(|n| n.to_le_bytes()).collect() };
    let floats = |values: &[f32]| -> Vec<u8> { values.iter().flat_map(|n| n.to_le_bytes()).collect() };
    let doubles = |values: &[f64]| -> Vec<u8> { values.iter().flat_map(|n| n.to_le_bytes()).collect() };
    let rows: [(&str, &str, Value, Vec<u8>, &[&str]); 6] = [
        (
            "<i8",
            "delta",
            json!([{"id": "delta", "dtype": "<i8", "astype": "<i2"}]),
            of(&[5, -7, 30000]),
            &["5", "-2", "29998"],
        ),
        (
            "<f8",
            "astype",
            json!([{"id": "astype", "encode_dtype": "<f4", "decode_dtype": "<f8"}]),
            floats(&[1.5, -2.0, 0.25]),
            &["1.5", "-2", "0.25"],
        ),
        (
            "<i4",
            "astype",
            json!([{"id": "astype", "encode_dtype": "|u1", "decode_dtype": "<i4"}]),
            vec![1, 255, 7],
            &["1", "255", "7"],
        ),
        (
            "<f4",
            "fixedscaleoffset",
            json!([{"id": "fixedscaleoffset", "scale": 2, "offset": 10, "dtype": "<f4", "astype": "|u1"}]),
            vec![0, 5, 80],
            &["10", "12.5", "50"],
        ),
        (
            "<f8",
            "quantize",
            json!([{"id": "quantize", "digits": 2, "dtype": "<f8", "astype": "<f8"}]),
            doubles(&[1.25, -2.0, 0.5]),
            &["1.25", "-2", "0.5"],
        ),
        (
            "<f4",
            "bitround",
            json!([{"id": "bitround", "keepbits": 8}, {"id": "shuffle", "elementsize": 4}]),
            vec![0, 0, 0, 0, 0, 0, 192, 0, 128, 63, 192, 63],
            &["1.5", "-2", "1"],
        ),
    ];
    for (dtype, name, filters, chunk, expected) in rows {
        let directory = tempfile::tempdir().unwrap();
        let at = directory.path().join("a");
        std::fs::create_dir_all(&at).unwrap();
        std::fs::write(at.join(".zarray"), v2(&[3], &[3], dtype, &json!({"filters": filters})).to_string()).unwrap();
        std::fs::write(at.join("0"), chunk).unwrap();
        let found = read(&open(at.to_str().unwrap()).unwrap(), "a");
        assert_eq!(found.unwrap_or_else(|error| panic!("{name}: {error}")), expected, "{name}");
    }
}

/// What numcodecs' codecs are called in version 3, and a codec that stores values as another type.
#[test]
fn codecs_of_numcodecs_in_version_3_are_understood() {
    let codec =
        |name: &str, configuration: Value| json!({"name": format!("numcodecs.{name}"), "configuration": configuration});
    let rows = [
        (
            "gzip",
            json!([bytes("little"), {"name": "gzip", "configuration": {"level": 1}}]),
            json!([bytes("little"), codec("gzip", json!({}))]),
        ),
        (
            "zstd",
            json!([bytes("little"), {"name": "zstd", "configuration": {"level": 1, "checksum": false}}]),
            json!([bytes("little"), codec("zstd", json!({"level": 1}))]),
        ),
        (
            "blosc",
            json!([bytes("little"), {"name": "blosc", "configuration": {"cname": "lz4", "clevel": 5, "shuffle": "shuffle", "typesize": 4, "blocksize": 0}}]),
            json!([
                bytes("little"),
                codec("blosc", json!({"cname": "lz4", "clevel": 5, "shuffle": 1, "blocksize": 0}))
            ]),
        ),
        ("quantize", json!([bytes("little")]), json!([codec("quantize", json!({"digits": 2})), bytes("little")])),
    ];
    let values: Vec<i32> = (0..35).collect();
    for (name, written, said) in rows {
        let directory = tempfile::tempdir().unwrap();
        write_by_zarrs(directory.path(), "/a", &v3(&[7, 5], &[3, 2], "int32", json!(0), written), &values);
        let metadata = v3(&[7, 5], &[3, 2], "int32", json!(0), said).to_string();
        std::fs::write(directory.path().join("a/zarr.json"), metadata).unwrap();
        let found = read(&open(directory.path().to_str().unwrap()).unwrap(), "a");
        let expected: Vec<String> = values.iter().map(i32::to_string).collect();
        assert_eq!(found.unwrap_or_else(|error| panic!("{name}: {error}")), expected, "{name}");
    }
    let directory = tempfile::tempdir().unwrap();
    let floats: Vec<f32> = (0..6).map(|n| n as f32 / 2.0).collect();
    write_by_zarrs(directory.path(), "/a", &v3(&[6], &[4], "float32", json!(0.0), json!([bytes("little")])), &floats);
    let astype = codec("astype", json!({"encode_dtype": "<f4", "decode_dtype": "<f8"}));
    let metadata = v3(&[6], &[4], "float64", json!(0.0), json!([astype, bytes("little")])).to_string();
    std::fs::write(directory.path().join("a/zarr.json"), metadata).unwrap();
    let group = open(directory.path().to_str().unwrap()).unwrap();
    assert_eq!(group.array("a").unwrap().dtype().unwrap(), DType::F64);
    assert_eq!(read(&group, "a").unwrap(), ["0", "0.5", "1", "1.5", "2", "2.5"]);
}

/// A filter that rounds may store another type as well (numcodecs 0.16: `Quantize(2, dtype="<f8", astype="<f4")`).
#[test]
fn quantize_that_stores_another_type_is_undone() {
    let floats = |values: &[f32]| -> Vec<u8> { values.iter().flat_map(|n| n.to_le_bytes()).collect() };
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, document: &str, metadata: &Value, chunk: &str, bytes: Vec<u8>| {
        let at = directory.path().join(name);
        std::fs::create_dir_all(at.join(chunk).parent().unwrap()).unwrap();
        std::fs::write(at.join(document), metadata.to_string()).unwrap();
        std::fs::write(at.join(chunk), bytes).unwrap();
        read(&open(at.to_str().unwrap()).unwrap(), name).unwrap_or_else(|error| panic!("{name}: {error}"))
    };
    for astype in ["<f4", "<f8", ">f8"] {
        let filters = json!([{"id": "quantize", "digits": 2, "dtype": "<f8", "astype": astype}]);
        let values = match astype {
            "<f4" => floats(&[1.25, -2.0, 0.5]),
            ">f8" => [1.25f64, -2.0, 0.5].iter().flat_map(|n| n.to_be_bytes()).collect(),
            _ => [1.25f64, -2.0, 0.5].iter().flat_map(|n| n.to_le_bytes()).collect(),
        };
        let metadata = v2(&[3], &[3], "<f8", &json!({"filters": filters}));
        assert_eq!(write("two", ".zarray", &metadata, "0", values), ["1.25", "-2", "0.5"], "{astype}");
    }
    for (dtype, astype) in [(json!("float64"), "<f4"), (Value::Null, "float32")] {
        let rounds = json!({"digits": 2, "dtype": dtype, "astype": astype});
        let codecs = json!([{"name": "numcodecs.quantize", "configuration": rounds}, bytes("little")]);
        let metadata = v3(&[3], &[3], "float64", json!(0.0), codecs);
        let found = write("three", "zarr.json", &metadata, "c/0", floats(&[1.25, -2.0, 0.5]));
        assert_eq!(found, ["1.25", "-2", "0.5"]);
    }
}

/// The fill value is of the array's type, which what is stored may not be able to hold.
#[test]
fn fill_values_are_of_the_type_of_the_array_and_not_of_what_is_stored() {
    let shorts: Vec<u8> = [5i16, -7].iter().flat_map(|n| n.to_le_bytes()).collect();
    let rows: [(&str, Value, &str, Vec<u8>, [&str; 3]); 5] = [
        ("<f8", json!("NaN"), "<i2", shorts.clone(), ["5", "-7", "NaN"]),
        ("<i4", json!(-9999), "|u1", vec![3, 200], ["3", "200", "-9999"]),
        (">f8", json!(1.5), ">i2", vec![0, 5, 0, 7], ["5", "7", "1.5"]),
        ("<f8", json!(1e20), "<f4", vec![0, 0, 128, 63, 0, 0, 0, 64], ["1", "2", "100000000000000000000"]),
        ("<f8", Value::Null, "<i2", shorts, ["5", "-7", "0"]),
    ];
    for (dtype, fill, stored, chunk, expected) in rows {
        let directory = tempfile::tempdir().unwrap();
        let filters = json!([{"id": "astype", "encode_dtype": stored, "decode_dtype": dtype}]);
        let metadata = v2(&[3], &[2], dtype, &json!({"filters": filters, "fill_value": fill}));
        let at = directory.path().join("a");
        std::fs::create_dir_all(&at).unwrap();
        std::fs::write(at.join(".zarray"), metadata.to_string()).unwrap();
        std::fs::write(at.join("0"), chunk).unwrap();
        let group = open(at.to_str().unwrap()).unwrap();
        assert_eq!(read(&group, "a").unwrap_or_else(|error| panic!("{dtype}: {error}")), expected, "{dtype}");
        let mask = group.array("a").unwrap().mask_value().map(|mask| super::support::shown(mask).remove(0));
        assert_eq!(mask.as_deref(), (!fill.is_null()).then_some(expected[2]), "{dtype}");
    }
    for (fill, shown) in [(json!("NaN"), "NaN"), (json!("0x3ff8000000000000"), "1.5"), (json!(-0.5), "-0.5")] {
        for is_sharded in [false, true] {
            let astype =
                json!({"name": "numcodecs.astype", "configuration": {"encode_dtype": "<i2", "decode_dtype": "<f8"}});
            let place = tempfile::tempdir().unwrap();
            let codecs = |list: Value| if is_sharded { json!([sharding(&[1], list, "end")]) } else { list };
            // zarrs leaves out what holds nothing but the fill value, here 0.
            let stored = v3(&[4], &[2], "int16", json!(0), codecs(json!([bytes("little")])));
            write_by_zarrs(place.path(), "/a", &stored, &[7i16, -2, 0, 0]);
            let said = v3(&[4], &[2], "float64", fill.clone(), codecs(json!([astype, bytes("little")])));
            std::fs::write(place.path().join("a/zarr.json"), said.to_string()).unwrap();
            let found = read(&open(place.path().to_str().unwrap()).unwrap(), "a");
            assert_eq!(found.unwrap(), ["7", "-2", shown, shown], "{fill}, sharded: {is_sharded}");
        }
    }
    // Shards of shards are decoded whole, with one fill value for all: that of what is stored.
    let astype = json!({"name": "numcodecs.astype", "configuration": {"encode_dtype": "<i2", "decode_dtype": "<f8"}});
    let nested = json!([astype, sharding(&[2], json!([sharding(&[1], json!([bytes("little")]), "end")]), "end")]);
    let place = tempfile::tempdir().unwrap();
    let metadata = v3(&[4], &[4], "float64", json!("NaN"), nested).to_string();
    std::fs::write(place.path().join("zarr.json"), metadata).unwrap();
    let error = open(place.path().to_str().unwrap()).unwrap().arrays()[0].source().unwrap_err();
    assert!(error.kind() == ErrorKind::Unsupported && error.to_string().contains("shards of shards"), "{error}");
}

/// zarr-python puts the codecs of a sharded array into its sharding codec.
#[test]
fn codecs_of_numcodecs_are_understood_within_shards() {
    let codec =
        |name: &str, configuration: Value| json!({"name": format!("numcodecs.{name}"), "configuration": configuration});
    let zstd = json!({"name": "zstd", "configuration": {"level": 1, "checksum": false}});
    let blosc = json!({"name": "blosc", "configuration": {"cname": "lz4", "clevel": 5, "shuffle": "shuffle", "typesize": 4, "blocksize": 0}});
    let rows = [
        ("zstd", json!([bytes("little"), zstd]), json!([bytes("little"), codec("zstd", json!({"level": 1}))])),
        (
            "blosc",
            json!([bytes("little"), blosc]),
            json!([
                bytes("little"),
                codec("blosc", json!({"cname": "lz4", "clevel": 5, "shuffle": 1, "blocksize": 0}))
            ]),
        ),
        ("quantize", json!([bytes("little")]), json!([codec("quantize", json!({"digits": 2})), bytes("little")])),
    ];
    let values: Vec<f32> = (0..35).map(|n| n as f32 / 4.0).collect();
    let expected: Vec<String> = values.iter().map(f32::to_string).collect();
    for (name, written, said) in rows {
        for is_nested in [false, true] {
            let shards = |inner: &Value| {
                let shard = sharding(&[2, 1], inner.clone(), "end");
                json!([if is_nested { sharding(&[2, 2], json!([shard]), "start") } else { shard }])
            };
            let directory = tempfile::tempdir().unwrap();
            let metadata = |codecs: Value| v3(&[7, 5], &[4, 2], "float32", json!(0.0), codecs);
            write_by_zarrs(directory.path(), "/a", &metadata(shards(&written)), &values);
            std::fs::write(directory.path().join("a/zarr.json"), metadata(shards(&said)).to_string()).unwrap();
            let found = read(&open(directory.path().to_str().unwrap()).unwrap(), "a");
            assert_eq!(found.unwrap_or_else(|error| panic!("{name}: {error}")), expected, "{name}, {is_nested}");
        }
    }
}

/// Dimensions and attributes as NetCDF's library writes them to Zarr.
#[test]
fn nczarr_gives_dimensions_and_keeps_its_books_to_itself() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join(".zgroup"), r#"{"zarr_format": 2}"#).unwrap();
    std::fs::write(directory.path().join(".zattrs"), r#"{"title": "t", "_nczarr_group": {}, "_NCProperties": "2"}"#)
        .unwrap();
    let at = directory.path().join("v");
    std::fs::create_dir(&at).unwrap();
    std::fs::write(at.join(".zarray"), v2(&[2, 3], &[2, 3], "<i4", &json!({})).to_string()).unwrap();
    let attributes =
        json!({"units": "K", "_nczarr_array": {"dimension_references": ["/t", "/g/x"], "storage": "chunked"}});
    std::fs::write(at.join(".zattrs"), attributes.to_string()).unwrap();
    let dataset = terracube_readers::open(directory.path().to_str().unwrap()).unwrap();
    let array = dataset.var("v");
    assert_eq!(array.dims().iter().collect::<Vec<_>>(), ["t", "x"]);
    assert_eq!(array.attrs().iter().map(|(name, _)| name).collect::<Vec<_>>(), ["units"]);
    assert_eq!(dataset.attrs().iter().map(|(name, _)| name).collect::<Vec<_>>(), ["title"]);
}

#[test]
fn missing_chunks_hold_the_fill_value() {
    let directory = tempfile::tempdir().unwrap();
    for (name, codecs) in
        [("whole", json!([bytes("little")])), ("sharded", json!([sharding(&[1, 1], json!([bytes("little")]), "end")]))]
    {
        let metadata = v3(&[4, 4], &[2, 2], "float32", json!("NaN"), codecs);
        let nothing = f32::NAN;
        // The first chunk half, the second fully, the others never: a chunk of nothing but the fill value is not written.
        let values: Vec<f32> = (0..16).map(|n| if n / 8 > 0 || n % 4 == 3 { nothing } else { n as f32 }).collect();
        write_by_zarrs(directory.path(), &format!("/{name}"), &metadata, &values);
        let group = open(directory.path().to_str().unwrap()).unwrap();
        assert_eq!(read(&group, name).unwrap(), values.iter().map(f32::to_string).collect::<Vec<_>>(), "{name}");
        let source = group.array(name).unwrap().source().unwrap();
        let region = Region::new(vec![2..3, 2..3]);
        let region = if name == "whole" { Region::new(vec![2..4, 2..4]) } else { region };
        let Fetch::Blocking(fetch) = source.fetch(&region) else { panic!("local reads are blocking") };
        assert_eq!(fetch().unwrap().pieces, [None], "{name}");
    }
}

#[test]
fn dimensions_attributes_and_masks() {
    let directory = tempfile::tempdir().unwrap();
    let at = directory.path();
    let codecs = || json!([bytes("little")]);
    let mut named = v3(&[2, 3], &[2, 3], "float32", json!(0), codecs());
    named["dimension_names"] = json!(["y", null]);
    named["attributes"] = json!({"z": 1, "a": [1.5, 2], "units": "K", "_FillValue": "AAAAAAAA+H8="});
    write_by_zarrs(at, "/named", &named, &[1.0f32; 6]);
    write_by_zarrs(at, "/unnamed", &v3(&[2], &[2], "int16", json!(-9), codecs()), &[1i16, 2]);
    write_by_zarrs(at, "/longer", &v3(&[4], &[2], "int16", json!(-9), codecs()), &[1i16, 2, 3, 4]);
    write_by_zarrs(at, "/scalar", &v3(&[], &[], "int32", json!(0), codecs()), &[42i32]);
    let old = v2(
        &[2],
        &[2],
        "<i2",
        &json!({"fill_value": -999, "attributes": {"_ARRAY_DIMENSIONS": ["time"], "long_name": "x"}}),
    );
    write_by_zarrs(at, "/old", &old, &[1i16, 2]);
    let group = open(at.to_str().unwrap()).unwrap();
    let dims = |name: &str| group.array(name).unwrap().dims().join(",");
    assert_eq!(
        [dims("named"), dims("unnamed"), dims("longer"), dims("scalar"), dims("old")],
        ["y,dim_1", "dim_0_2", "dim_0_4", "", "time"]
    );
    let keys = |name: &str| {
        group
            .array(name)
            .unwrap()
            .attributes()
            .keys()
            .filter(|key| *key != "_zarrs")
            .cloned()
            .collect::<Vec<_>>()
            .join(",")
    };
    assert_eq!([keys("named"), keys("old")], ["z,a,units,_FillValue", "long_name"]);
    let mask = |name: &str| group.array(name).unwrap().mask_value().map(|block| block.to_f64().unwrap()[0]);
    assert!(mask("named").unwrap().is_nan());
    assert_eq!((mask("unnamed"), mask("old")), (None, Some(-999.0)));
    assert_eq!(read(&group, "scalar").unwrap(), ["42"]);
    assert_eq!(group.array("old").unwrap().dtype().unwrap(), DType::I16);
}

#[test]
fn groups_consolidated_or_not() {
    let directory = tempfile::tempdir().unwrap();
    let at = directory.path();
    let array = v3(&[2], &[2], "int32", json!(0), json!([bytes("little")]));
    write_by_zarrs(at, "/x", &array, &[1i32, 2]);
    write_by_zarrs(at, "/a/b/deep", &array, &[3i32, 4]);
    let group_of = |path: &str, json: Value| std::fs::write(at.join(path).join("zarr.json"), json.to_string()).unwrap();
    group_of("a", json!({"zarr_format": 3, "node_type": "group", "attributes": {"k": 1}}));
    group_of("a/b", json!({"zarr_format": 3, "node_type": "group"}));
    let plain = json!({"zarr_format": 3, "node_type": "group", "attributes": {"title": "t"}});
    let mut consolidated = plain.clone();
    consolidated["consolidated_metadata"] = json!({"kind": "inline", "must_understand": false, "metadata": {
        "x": array, "a": {"zarr_format": 3, "node_type": "group", "attributes": {"k": 1}}, "a/b": {"zarr_format": 3, "node_type": "group"}, "a/b/deep": array}});
    for root in [plain, consolidated] {
        group_of("", root);
        let group = open(at.to_str().unwrap()).unwrap();
        assert_eq!(group.attributes()["title"], "t");
        assert_eq!((group.arrays().len(), group.groups()), (1, &["a".to_owned()][..]));
        let deep = group.group("a/b").unwrap();
        assert_eq!((deep.path(), deep.array("deep").unwrap().path()), ("a/b", "a/b/deep"));
        assert_eq!(read(&deep, "deep").unwrap(), ["3", "4"]);
        assert_eq!(group.group("a").unwrap().attributes()["k"], 1);
        assert_eq!(group.group("a").unwrap().group("b").unwrap().path(), "a/b");
        let error = group.group("ab").unwrap_err();
        assert_eq!((error.kind(), error.to_string()), (ErrorKind::NotFound, "no group `ab`; did you mean `a`?".into()));
        assert!(group.array("xx").unwrap_err().to_string().starts_with("no array `xx`"));
    }
    // An array opened by its own path; a directory of stores without metadata of its own.
    assert_eq!(read(&open(at.join("x").to_str().unwrap()).unwrap(), "x").unwrap(), ["1", "2"]);
    std::fs::remove_file(at.join("zarr.json")).unwrap();
    assert_eq!(open(at.to_str().unwrap()).unwrap().arrays().len(), 1);
}

#[test]
fn consolidated_version_2() {
    let directory = tempfile::tempdir().unwrap();
    let at = directory.path();
    write_by_zarrs(at, "/g/x", &v2(&[2], &[2], "<i4", &json!({})), &[1i32, 2]);
    let array = v2(&[2], &[2], "<i4", &json!({}));
    let metadata = json!({"zarr_consolidated_format": 1, "metadata": {
        ".zgroup": {"zarr_format": 2}, ".zattrs": {"title": "t"}, "g/.zgroup": {"zarr_format": 2}, "g/x/.zarray": array, "g/x/.zattrs": {"_ARRAY_DIMENSIONS": ["t"]}}});
    std::fs::write(at.join(".zmetadata"), metadata.to_string()).unwrap();
    let group = open(at.to_str().unwrap()).unwrap();
    assert_eq!((&group.attributes()["title"], group.groups()), (&json!("t"), &["g".to_owned()][..]));
    let inner = group.group("g").unwrap();
    assert_eq!(inner.array("x").unwrap().dims(), ["t"]);
    assert_eq!(read(&inner, "x").unwrap(), ["1", "2"]);
}

#[test]
fn inner_chunks_of_shards_are_read_alone() {
    let directory = tempfile::tempdir().unwrap();
    let metadata =
        v3(&[64, 64], &[64, 64], "int32", json!(0), json!([sharding(&[8, 8], json!([bytes("little")]), "end")]));
    let values: Vec<i32> = (1..=64 * 64).collect();
    write_by_zarrs(directory.path(), "/a", &metadata, &values);
    let group = open(directory.path().to_str().unwrap()).unwrap();
    let source = group.array("a").unwrap().source().unwrap();
    assert_eq!(source.grid().counts(), [8, 8]);
    let region = source.grid().region(&[3, 5]).unwrap();
    let Fetch::Blocking(fetch) = source.fetch(&region) else { panic!("local reads are blocking") };
    let encoded = fetch().unwrap();
    assert_eq!(encoded.n_bytes(), 8 * 8 * 4);
    let block = source.decode(encoded, &region).unwrap();
    assert_eq!(block.values::<i32>().unwrap()[..2], [values[24 * 64 + 40], values[24 * 64 + 41]]);
}
