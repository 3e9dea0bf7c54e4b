"""Small synthetic stores: every container, codec, packing and calendar that the readers must decode. All values are made here."""
import gzip
import shutil
from pathlib import Path
from types import SimpleNamespace

import netCDF4
import numcodecs
import numpy as np
import zarr
from xarray.backends.zarr import FillValueCoder
from zarr.codecs import BloscCodec, BytesCodec, Crc32cCodec, GzipCodec, ShardingCodec, TransposeCodec, ZstdCodec

LAT = np.array([60.0, 30.0, 0.0, -30.0, -60.0])
LON = np.arange(8) * 45.0
COORDINATES = {
    "lat": (("lat",), LAT, {"units": "degrees_north", "standard_name": "latitude"}),
    "lon": (("lon",), LON, {"units": "degrees_east", "standard_name": "longitude"}),
}
FIELD = ("time", "lat", "lon")
MISSING_TIMES = (3, 13)
gzip.time = SimpleNamespace(time=lambda: 0)  # gzip writes the time of day into its header


def random(*key):
    return np.random.default_rng(np.random.SeedSequence([20261122, *key]))


def field(n_time, key=0, dtype="f4", missing=0.1, n_lat=5, n_lon=8):
    """A temperature-like field with a cycle along time, a gradient along latitude and missing values."""
    r = random(key)
    wave = 10 * np.sin(2 * np.pi * np.arange(n_time) / 12)[:, None, None]
    a = 280 + wave - 0.2 * np.abs(np.linspace(-60, 60, n_lat))[None, :, None] + r.normal(0, 3, (n_time, n_lat, n_lon))
    a = np.round(a, 3)
    a[r.random(a.shape) < missing] = np.nan
    if missing:
        a[:, 0, 0] = np.nan  # a place that never has a value
    return a.astype(dtype)


def times(n, unit="days since 2000-01-15", step=1, calendar="standard"):
    return (("time",), (np.arange(n) * step).astype("i4"), {"units": unit, "calendar": calendar, "standard_name": "time"})


# ------------------------------------------------------------------ writers
def write_zarr(path, variables, zarr_format=3, consolidated=True, attributes=None, **arrays):
    """`variables`: name -> (dims, values, attributes[, keyword arguments of create_array])."""
    group = zarr.create_group(store=str(path), zarr_format=zarr_format, attributes=attributes or {"title": path.name})
    for name, (dims, values, attrs, *more) in variables.items():
        keywords = {"chunks": values.shape, "compressors": None, **(arrays if len(dims) > 1 else {}), **(more[0] if more else {})}
        if zarr_format == 2 and len(dims) == 1:
            keywords.setdefault("fill_value", None)  # version 2 masks the fill value, which is 0 unless said otherwise
        leave = keywords.pop("leave_out", None)
        if zarr_format == 2:
            attrs = {**attrs, "_ARRAY_DIMENSIONS": list(dims)}
        else:
            keywords["dimension_names"] = dims
        array = group.create_array(name, shape=values.shape, dtype=keywords.pop("dtype", values.dtype), attributes=attrs, **keywords)
        if values.shape == ():
            array[...] = values[()]
        elif leave is None:
            array[...] = values
        else:  # only the first `leave` entries along axis 0 are written; the chunks behind them never exist
            array[:leave] = values[:leave]
    if consolidated:
        zarr.consolidate_metadata(str(path))


def write_netcdf(path, variables, format="NETCDF4", attributes=None, unlimited=(), **arrays):
    with netCDF4.Dataset(path, "w", format=format) as file:
        file.setncatts(attributes or {"title": path.name})
        write_netcdf_group(file, variables, unlimited, **arrays)


def write_netcdf_group(group, variables, unlimited=(), **arrays):
    for name, (dims, values, attrs, *more) in variables.items():
        keywords = {**(arrays if len(dims) > 1 else {}), **(more[0] if more else {})}
        for dim, size in zip(dims, values.shape):
            if dim not in group.dimensions and (group.parent is None or dim not in group.parent.dimensions):
                group.createDimension(dim, None if dim in unlimited else size)
        attrs = dict(attrs)
        fill = attrs.pop("_FillValue", False if values.dtype.kind != "O" else None)
        kind = str if values.dtype.kind == "O" else keywords.pop("dtype", values.dtype)
        variable = group.createVariable(name, kind, dims, fill_value=fill, **keywords)
        variable.set_auto_maskandscale(False)
        variable.set_auto_chartostring(False)
        variable.setncatts(attrs)
        variable[...] = values


# ------------------------------------------------------------------ the stores
def base_variables(n_time=30):
    """What the operations run on: floats, integers, truth values, a mask, a scalar coordinate."""
    r = random(7)
    return {
        "time": times(n_time, "hours since 2000-01-15", 12),
        **COORDINATES,
        "t": (FIELD, field(n_time), {"units": "K", "long_name": "temperature"}),
        "p": (FIELD, field(n_time, key=1, dtype="f8", missing=0), {"units": "hPa"}),
        "n": (FIELD, r.integers(-1000, 1000, (n_time, 5, 8)).astype("i4"), {}),
        "h": (FIELD, r.integers(-30000, 30000, (n_time, 5, 8)).astype("i2"), {}),
        "u": (FIELD, r.integers(0, 256, (n_time, 5, 8)).astype("u1"), {}),
        "l": (("lat", "lon"), r.integers(-(2**40), 2**40, (5, 8)).astype("i8"), {}),
        "land": (("lat", "lon"), r.random((5, 8)) > 0.5, {}),
        "weight": (("lat",), np.cos(np.deg2rad(LAT)), {}),
        "offset": (("lon", "lat"), np.round(r.normal(0, 1, (8, 5)), 3).astype("f4"), {}),
        "station": (("lon",), np.arange(8, dtype="i4") * 10, {}),
        "one": ((), np.array(3.5), {}),
    }


def codec_stores(folder):
    """The same field in every container and codec."""
    v = {"time": times(12), **COORDINATES, "t": (FIELD, field(12), {"units": "K"})}
    small = dict(chunks=(7, 3, 5), fill_value=np.float32("nan"))
    write_zarr(folder / "v2_none.zarr", v, 2, **small)
    write_zarr(folder / "v2_blosc_lz4.zarr", v, 2, **small | dict(compressors=numcodecs.Blosc("lz4", 5, numcodecs.Blosc.SHUFFLE)))
    write_zarr(folder / "v2_blosc_zstd_bits.zarr", v, 2, **small | dict(compressors=numcodecs.Blosc("zstd", 3, numcodecs.Blosc.BITSHUFFLE)))
    write_zarr(folder / "v2_zlib.zarr", v, 2, consolidated=False, **small | dict(compressors=numcodecs.Zlib(4)))
    write_zarr(folder / "v2_gzip.zarr", v, 2, **small | dict(compressors=numcodecs.GZip(4)))
    write_zarr(folder / "v2_zstd.zarr", v, 2, **small | dict(compressors=numcodecs.Zstd(3)))
    write_zarr(folder / "v2_bz2.zarr", v, 2, **small | dict(compressors=numcodecs.BZ2(1)))
    write_zarr(folder / "v2_shuffle_zlib.zarr", v, 2, **small | dict(filters=[numcodecs.Shuffle(4)], compressors=numcodecs.Zlib(4)))
    write_zarr(folder / "v2_fortran.zarr", v, 2, **small | dict(order="F", compressors=numcodecs.Zlib(1)))
    write_zarr(folder / "v2_big_endian.zarr", v, 2, **small | dict(dtype=">f4", compressors=numcodecs.Zlib(1)))
    write_zarr(folder / "v2_nested_keys.zarr", v, 2, **small | dict(chunk_key_encoding={"name": "v2", "separator": "/"}))
    write_zarr(folder / "v2_missing_chunks.zarr", v, 2, **small | dict(leave_out=7))
    write_zarr(folder / "v3_none.zarr", v, consolidated=False, **small)
    write_zarr(folder / "v3_zstd.zarr", v, **small | dict(compressors=ZstdCodec(level=3)))
    write_zarr(folder / "v3_zstd_checksum.zarr", v, **small | dict(compressors=ZstdCodec(level=3, checksum=True)))
    write_zarr(folder / "v3_gzip.zarr", v, **small | dict(compressors=GzipCodec(level=5)))
    write_zarr(folder / "v3_blosc.zarr", v, **small | dict(compressors=BloscCodec(cname="lz4", clevel=5, shuffle="shuffle", typesize=4)))
    write_zarr(folder / "v3_crc32c.zarr", v, **small | dict(compressors=[ZstdCodec(level=3), Crc32cCodec()]))
    write_zarr(folder / "v3_big_endian.zarr", v, consolidated=False, **small | dict(serializer=BytesCodec(endian="big"), compressors=GzipCodec()))
    write_zarr(folder / "v3_transpose.zarr", v, **small | dict(filters=[TransposeCodec(order=(2, 0, 1))], compressors=ZstdCodec()))
    write_zarr(folder / "v3_v2_keys.zarr", v, **small | dict(chunk_key_encoding={"name": "v2", "separator": "."}))
    write_zarr(folder / "v3_missing_chunks.zarr", v, **small | dict(leave_out=7))
    write_zarr(folder / "v3_fill_zero.zarr", v, **small | dict(leave_out=7, fill_value=0.0))
    write_zarr(folder / "v3_sharded.zarr", v, **small | dict(chunks=(2, 3, 2), shards=(6, 6, 4), compressors=ZstdCodec()))
    write_zarr(folder / "v3_sharded_missing.zarr", v, **small | dict(chunks=(2, 3, 2), shards=(6, 6, 4), leave_out=3))
    index_first = ShardingCodec(chunk_shape=(3, 5, 4), codecs=[BytesCodec(), GzipCodec(), Crc32cCodec()], index_location="start")
    write_zarr(folder / "v3_sharded_index_first.zarr", v, **small | dict(chunks=(6, 5, 8), serializer=index_first, compressors=None))
    write_netcdf(folder / "classic.nc", v, "NETCDF3_CLASSIC")
    write_netcdf(folder / "classic_record.nc", v, "NETCDF3_CLASSIC", unlimited=("time",))
    write_netcdf(folder / "offset64.nc", v, "NETCDF3_64BIT_OFFSET", unlimited=("time",))
    write_netcdf(folder / "data64.nc", v, "NETCDF3_64BIT_DATA")
    write_netcdf(folder / "nc4_plain.nc", v)
    write_netcdf(folder / "nc4_zlib.nc", v, unlimited=("time",), zlib=True, shuffle=True, chunksizes=(7, 3, 5))
    write_netcdf(folder / "nc4_zlib_only.nc", v, zlib=True, shuffle=False, chunksizes=(7, 3, 5))
    write_netcdf(folder / "nc4_checksum.nc", v, zlib=True, fletcher32=True, chunksizes=(7, 3, 5))
    write_netcdf(folder / "nc4_big_endian.nc", v, endian="big", chunksizes=(12, 5, 8))
    write_netcdf(folder / "nc4_classic_model.nc", v, "NETCDF4_CLASSIC")


def packed_variables():
    r = random(3)
    x = ("x",)

    def whole(dtype, low=-100, high=100):
        a = r.integers(low, high, 24).astype(dtype)
        a[[2, 11]] = -9 if np.issubdtype(dtype, np.signedinteger) else 99
        return a
    floats = np.round(r.normal(0, 50, 24), 2)
    floats[[2, 11]] = -999.0
    floats[5] = np.nan
    return {
        "x": (x, np.arange(24, dtype="i4"), {}),
        "i2_f64": (x, whole("i2"), {"scale_factor": 0.01, "add_offset": 273.15, "_FillValue": np.int16(-9)}),
        "i2_f32": (x, whole("i2"), {"scale_factor": np.float32(0.01), "add_offset": np.float32(273.15), "_FillValue": np.int16(-9)}),
        "i2_scale_f64": (x, whole("i2"), {"scale_factor": 0.5}),
        "i2_offset_f32": (x, whole("i2"), {"add_offset": np.float32(10)}),
        "i2_fill": (x, whole("i2"), {"_FillValue": np.int16(-9)}),
        "i2_missing": (x, whole("i2"), {"missing_value": np.int16(-9)}),
        "i1_fill": (x, whole("i1"), {"_FillValue": np.int8(-9)}),
        "i1_unsigned": (x, whole("i1"), {"_Unsigned": "true"}),
        "i1_unsigned_scaled": (x, whole("i1"), {"_Unsigned": "true", "scale_factor": np.float32(0.5), "_FillValue": np.int8(-9)}),
        "i4_fill": (x, whole("i4"), {"_FillValue": np.int32(-9)}),
        "i4_f32": (x, whole("i4", -(10**6), 10**6), {"scale_factor": np.float32(0.001), "_FillValue": np.int32(-9)}),
        "i4_f64": (x, whole("i4", -(10**6), 10**6), {"scale_factor": 0.001, "add_offset": 5.0}),
        "i4_plain": (x, whole("i4"), {"units": "1"}),
        "u1_f32": (x, whole("u1", 0, 200), {"scale_factor": np.float32(0.5), "add_offset": np.float32(-1), "_FillValue": np.uint8(99)}),
        "u1_f64": (x, whole("u1", 0, 200), {"scale_factor": 0.1, "_FillValue": np.uint8(99)}),
        "u1_plain": (x, whole("u1", 0, 200), {}),
        "f4_fill": (x, floats.astype("f4"), {"_FillValue": np.float32(-999)}),
        "f4_missing": (x, floats.astype("f4"), {"missing_value": np.float32(-999)}),
        "f4_scaled": (x, floats.astype("f4"), {"scale_factor": np.float32(0.1), "add_offset": np.float32(1), "_FillValue": np.float32(-999)}),
        "f4_scaled_f64": (x, floats.astype("f4"), {"scale_factor": 0.1, "_FillValue": np.float32(-999)}),
        "f8_fill": (x, floats, {"_FillValue": -999.0}),
        "f8_both": (x, floats, {"_FillValue": -999.0, "missing_value": -999.0}),
        "f8_scaled": (x, floats, {"scale_factor": 2.0, "add_offset": -1.0}),
        "valid_range": (x, whole("i2"), {"valid_range": np.array([-50, 50], "i2"), "scale_factor": 0.1}),
    }


def time_variables(calendar):
    """Times of one calendar in several units: integers, fractions, missing ones, far from the epoch."""
    n = 14
    x = ("x",)
    at = {"calendar": calendar}
    steps = np.arange(n)
    fractions = steps * 31.25 + 0.5
    missing = fractions.copy()
    missing[list(MISSING_TIMES)] = np.nan
    v = {
        "days": (x, (steps * 33 + 20).astype("i4"), {"units": "days since 1999-11-30", **at}),
        "days_f8": (x, fractions, {"units": "days since 2001-02-03 06:00:00", **at}),
        "days_nat": (x, missing, {"units": "days since 2001-02-03", **at, "_FillValue": np.nan}),
        "hours": (x, (steps * 730).astype("i4"), {"units": "hours since 1900-01-01 00:00:0.0", **at}),
        "minutes": (x, (steps * 44640).astype("i4"), {"units": "minutes since 1970-01-01T00:00:00Z", **at}),
        "seconds": (x, (steps * 2678400).astype("f8"), {"units": "seconds since 1980-02-28 12:30:15", **at}),
        "far": (x, (steps * 365 * 40).astype("i4"), {"units": "days since 1600-03-01", **at}),
        "before": (x, (-steps * 100).astype("i4"), {"units": "days since 1850-01-01", **at}),
    }
    if calendar in ("360_day", "standard"):
        v["value"] = (x, np.arange(n) * 1.5, {"units": "K"})
    return v


def time_stores(folder):
    for calendar in ("standard", "gregorian", "proleptic_gregorian", "julian", "noleap", "365_day", "all_leap", "366_day", "360_day"):
        write_netcdf(folder / f"times_{calendar}.nc", time_variables(calendar), "NETCDF3_CLASSIC")
    x = ("x",)
    odd = {
        "no_calendar": (x, np.arange(5, dtype="i4"), {"units": "days since 2000-02-27"}),
        "milliseconds": (x, (np.arange(5) * 1500).astype("i8"), {"units": "milliseconds since 2000-01-01"}),
        "microseconds": (x, (np.arange(5) * 7).astype("i8"), {"units": "microseconds since 2000-01-01"}),
        "zone": (x, np.arange(5, dtype="i4"), {"units": "hours since 2000-01-01 00:00:00 +03:00"}),
        "short_date": (x, np.arange(5, dtype="i4"), {"units": "days since 1-1-1"}),
        "third_of_day": (x, np.arange(5) / 3, {"units": "days since 2000-01-01"}),
        "fill_i4": (x, np.array([0, 1, -9, 3, 4], "i4"), {"units": "days since 2000-01-01", "_FillValue": np.int32(-9)}),
        "duration": (x, np.arange(5, dtype="i4"), {"units": "days"}),
    }
    write_netcdf(folder / "times_odd.nc", odd)
    write_zarr(folder / "times_v3.zarr", {k: (d, a, plain(at, a.dtype)) for k, (d, a, at) in time_variables("noleap").items()})


def text_stores(folder):
    names = np.array(["Brest", "Çaň", "", "Santa Cruz de la Palma"], object)
    x = ("place",)
    numbers = {"height": (x, np.array([5.0, 2.5, 0.0, 7.25]), {"units": "m"})}
    write_netcdf(folder / "text.nc", {"name": (x, names, {"long_name": "name of the place"}), **numbers})
    letters = np.array([n.encode() for n in names], "S24").view("S1").reshape(4, 24)
    characters = {"name": ((*x, "letters"), letters, {"_Encoding": "utf-8"}), **numbers}
    write_netcdf(folder / "characters.nc", characters)
    write_netcdf(folder / "characters_classic.nc", characters, "NETCDF3_CLASSIC")
    write_zarr(folder / "text_v3.zarr", {"name": (x, names, {}, {"dtype": "string"}), **numbers})
    write_zarr(folder / "text_v2.zarr", {"name": (x, names, {}, {"dtype": "string", "filters": [numcodecs.VLenUTF8()]}), **numbers}, 2)
    write_zarr(folder / "text_v2_fixed.zarr", {"name": (x, names.astype("U24"), {}), **numbers}, 2)


def group_store(folder):
    with netCDF4.Dataset(folder / "groups.nc", "w") as file:
        write_netcdf_group(file, {"x": (("x",), np.arange(4.0), {"units": "m"}), "top": (("x",), np.arange(4, dtype="i4"), {})})
        inner = file.createGroup("inner")
        write_netcdf_group(inner, {"y": (("y",), np.arange(3.0), {}), "v": (("x", "y"), np.arange(12.0).reshape(4, 3), {"units": "K"})})


def base_stores(folder):
    # base: several chunks along every axis, and other chunks for each variable
    v = {k: (*rest, {}) for k, rest in base_variables().items()}
    chunks = {"t": (7, 2, 3), "p": (4, 5, 8), "n": (30, 1, 8), "h": (11, 3, 5), "u": (7, 2, 3), "l": (5, 8), "land": (2, 8), "offset": (3, 3)}
    for name, shape in chunks.items():
        v[name][3].update(chunks=shape, compressors=ZstdCodec(level=1))
    write_zarr(folder / "base.zarr", v)
    years = {"time": times(800), **COORDINATES, "t": (FIELD, field(800, key=5, n_lat=2, n_lon=3), {"units": "K"})}
    years["lat"] = (("lat",), LAT[:2], COORDINATES["lat"][2])
    years["lon"] = (("lon",), LON[:3], COORDINATES["lon"][2])
    write_zarr(folder / "years.zarr", years, chunks=(90, 2, 2), compressors=BloscCodec(cname="zstd", clevel=9, typesize=4))
    hours = dict(years, time=times(100, "hours since 1999-12-30 05:00", 5), t=(FIELD, years["t"][1][:100], {"units": "K"}))
    write_netcdf(folder / "hours.nc", hours, zlib=True, complevel=9, chunksizes=(30, 1, 3))
    days360 = dict(hours, time=times(100, "days since 1999-12-01", 9, "360_day"))
    write_netcdf(folder / "days360.nc", days360, "NETCDF3_CLASSIC")


def curvilinear_store(folder):
    """Latitudes and longitudes of two dimensions: a grid that is turned and stretched."""
    y, x = np.meshgrid(np.arange(7.0), np.arange(6.0), indexing="ij")
    lat = np.round(28 + 5 * y + 1.5 * x + 0.2 * y * x, 4)
    lon = np.round(-4 + 4 * x - 1.2 * y + 0.15 * x * y, 4)
    r = random(11)
    over = ("y", "x")
    variables = {
        "lat2": (over, lat, {"units": "degrees_north", "standard_name": "latitude"}),
        "lon2": (over, lon, {"units": "degrees_east", "standard_name": "longitude"}),
        "t": (("time", *over), field(4, key=12, n_lat=7, n_lon=6), {"units": "K", "coordinates": "lat2 lon2"}),
        "n": (over, r.integers(-1000, 1000, (7, 6)).astype("i4"), {"coordinates": "lat2 lon2"}),
        "time": times(4),
    }
    write_netcdf(folder / "curvilinear.nc", variables, zlib=True, chunksizes=None)


def write_all(folder: Path):
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    base_stores(folder)
    codec_stores(folder)
    write_netcdf(folder / "packed.nc", packed_variables())
    write_zarr(folder / "packed_v2.zarr", {k: version_2_packed(k, *v) for k, v in packed_variables().items()}, 2)
    write_zarr(folder / "packed_v3.zarr", {k: (d, a, plain(at, a.dtype)) for k, (d, a, at) in packed_variables().items()})
    time_stores(folder)
    text_stores(folder)
    group_store(folder)
    curvilinear_store(folder)


def version_2_packed(name, dims, values, attributes):
    """Version 2 has the fill value in the array's own metadata, where it masks; `*_plain` keep zarr-python's default, 0."""
    attributes = plain(attributes)
    fill = 0 if name.endswith("_plain") else attributes.pop("_FillValue", None)
    return dims, values, attributes, {"fill_value": fill}


def plain(attributes, dtype=None):
    """JSON has no types of numbers: Zarr's attributes are plain Python values; xarray writes a version 3 `_FillValue` in a form of its own."""
    out = {k: v.tolist() if isinstance(v, (np.generic, np.ndarray)) else v for k, v in attributes.items()}
    if dtype is not None and "_FillValue" in out:
        out["_FillValue"] = FillValueCoder.encode(out["_FillValue"], dtype)
    return out
