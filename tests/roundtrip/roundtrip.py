#!/usr/bin/env python3
"""What `terracube convert` writes, read back by xarray, netCDF4, h5netcdf, scipy and zarr-python: `roundtrip.py PATH/TO/terracube`.

Every source is converted to every target. Each reader must find the names, dimensions, dtypes, values and attributes that xarray finds
in the source, decoded and (where the target keeps packed values) as stored. Then: appending, regions, refusals, and writers that are killed.
"""
import json
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import netCDF4
import numpy as np
import pandas as pd
import xarray as xr
import zarr

warnings.filterwarnings("ignore")
TERRACUBE = sys.argv[1]
GOLDEN = Path(__file__).parent.parent / "golden" / "data"
FROM_GOLDEN = """packed.nc packed_v2.zarr packed_v3.zarr times_standard.nc times_noleap.nc times_360_day.nc times_v3.zarr text.nc characters.nc
    text_v3.zarr text_v2.zarr base.zarr nc4_zlib.nc classic_record.nc v3_sharded.zarr""".split()
# Suffix, arguments, engines that read it.
TARGETS = {
    "v3": (".zarr", [], ["zarr"]),
    "v3 small chunks, gzip": (".zarr", ["--chunks", "time=3,lat=2,lon=3,x=2", "--codec", "gzip:1"], ["zarr"]),
    "v3 shards, blosc": (".zarr", ["--chunks", "time=2,lon=3", "--shards", "time=4", "--codec", "blosc:lz4:5"], ["zarr"]),
    "v3 unconsolidated": (".zarr", ["--unconsolidated", "--codec", "none"], ["zarr"]),
    "v2": (".zarr", ["--zarr", "2"], ["zarr"]),
    "v2 small chunks, blosc": (".zarr", ["--zarr", "2", "--chunks", "time=3,lat=2,lon=3,x=2", "--codec", "blosc:zstd:3"], ["zarr"]),
    "v2 zlib unconsolidated": (".zarr", ["--zarr", "2", "--codec", "zlib:1", "--unconsolidated"], ["zarr"]),
    "netcdf4": (".nc", [], ["netcdf4", "h5netcdf"]),
    "netcdf4 chunks, unlimited": (".nc4", ["--chunks", "time=3,lat=2,lon=3,x=2", "--unlimited", "time"], ["netcdf4", "h5netcdf"]),
    "netcdf4 uncompressed": (".nc", ["--codec", "none"], ["netcdf4", "h5netcdf"]),
    "classic": (".nc3", [], ["netcdf4", "scipy"]),
    "classic, unlimited": (".cdf", ["--unlimited", "time"], ["netcdf4"]),
    "decoded v3": (".zarr", ["--decoded"], ["zarr"]),
}
failures = []
n_checks = 0


def run(*arguments, ok=True):
    done = subprocess.run([TERRACUBE, "convert", *map(str, arguments)], capture_output=True, text=True)
    if ok and done.returncode:
        raise AssertionError(done.stderr.strip())
    if not ok and not done.returncode:
        raise AssertionError("it was not refused")
    return done.stderr


def opened(path, engine=None, **how):
    if str(path).endswith(".zarr"):
        return xr.open_dataset(path, engine="zarr", chunks=None, **how)
    return xr.open_dataset(path, engine=engine, **how)


def synthetic():
    """Everything that an encoding can be, in one dataset."""
    r = np.random.default_rng(1)
    n = 11
    when = pd.date_range("2001-01-01", periods=n, freq="6h")
    field = r.normal(280, 5, (n, 5, 7))
    field[r.random(field.shape) < 0.1] = np.nan
    dims = ("time", "lat", "lon")
    ds = xr.Dataset(
        {
            "packed": (dims, np.round(field, 2), {"units": "K", "valid": np.array([1, 2], "i2")}),
            "single": (dims, field.astype("f4"), {"units": "K", "scale": np.float32(0.1)}),
            "filled": (dims, field.astype("f4")),
            "whole": (dims, np.round(field)),
            "count": (("time",), np.arange(n, dtype="i8")),
            "bytes": (("lat", "lon"), r.integers(0, 255, (5, 7)).astype("u1")),
            "short": (("lat", "lon"), r.integers(-9, 9, (5, 7)).astype("i2")),
            "flag": (("time",), np.arange(n) % 3 == 0, {"long_name": "every third"}),
            "name": (("lat",), np.array(["a", "", "größer", "d", "e"], dtype=object)),
            "lag": (("time",), np.arange(n).astype("m8[s]").astype("m8[ns]")),
            "seen": (("time",), np.where(np.arange(n) % 4 == 1, np.datetime64("NaT"), when.to_numpy())),
            "one": ((), 3.5),
        },
        coords={
            "time": when, "lat": np.linspace(-60, 60, 5), "lon": np.arange(7.0) * 50, "station": 7, "area": (("lat", "lon"), r.random((5, 7))),
            "label": ("lon", np.array(list("abcdefg"), dtype=object)),
        },
        attrs={"title": "synthetic", "version": 3, "numbers": np.array([1.5, 2.5])},
    )
    ds["packed"].encoding = {"dtype": "i2", "scale_factor": 0.01, "add_offset": 280.0, "_FillValue": np.int16(-32768)}
    ds["filled"].encoding = {"_FillValue": np.float32(-999)}
    ds["whole"].encoding = {"dtype": "i4", "_FillValue": np.int32(-1)}
    ds["time"].encoding = {"units": "hours since 1990-01-01", "dtype": "i4"}
    ds["seen"].encoding = {"units": "days since 1990-01-01", "dtype": "f8"}
    return ds


def values_of(array):
    values = array.values
    if values.dtype.kind in "UT" or (values.dtype.kind == "O" and all(isinstance(v, str) for v in values.ravel())):
        return np.array([str(v) for v in values.ravel()], dtype=object).reshape(values.shape).astype("U")
    return values


def differences(wanted, found, loose_integers):
    if set(wanted.data_vars) != set(found.data_vars) or set(wanted.coords) != set(found.coords):
        yield f"names: {sorted(found.variables)} ({sorted(found.coords)}), expected {sorted(wanted.variables)} ({sorted(wanted.coords)})"
        return
    if not same_attrs(wanted.attrs, found.attrs):
        yield f"attributes: {found.attrs}, expected {wanted.attrs}"
    for name in wanted.variables:
        a, b = wanted[name], found[name]
        if a.dims != b.dims:
            yield f"{name} dims: {b.dims}, expected {a.dims}"
            continue
        x, y = values_of(a), values_of(b)
        kinds = {x.dtype.kind, y.dtype.kind}
        # xarray chooses the unit of times by what is stored.
        alike = x.dtype == y.dtype or kinds <= set("U") or kinds in ({"M"}, {"m"}) or (loose_integers and kinds <= set("iu"))
        # JSON has no 32-bit floats: a scale that was one gives 64-bit values from a Zarr store, with xarray's own writer too.
        sizes = [{np.asarray(v.encoding[k]).dtype.itemsize for k in ("scale_factor", "add_offset") if k in v.encoding} for v in (a, b)]
        wider = x.dtype == "f4" and y.dtype == "f8" and 4 in sizes[0] and sizes[1] == {8}
        if wider and np.allclose(x, y, rtol=1e-6, equal_nan=True):
            alike = True
        elif not alike:
            yield f"{name} dtype: {y.dtype}, expected {x.dtype}"
        elif x.shape != y.shape or not np.array_equal(x, y, equal_nan=x.dtype.kind in "fmM"):
            yield f"{name} values: {y.ravel()[:5]}, expected {x.ravel()[:5]}"
        if not same_attrs(a.attrs, b.attrs):
            yield f"{name} attributes: {dict(b.attrs)}, expected {dict(a.attrs)}"


def same_attrs(a, b):
    def plain(value):
        if isinstance(value, (np.ndarray, np.generic)):
            value = value.tolist()
        if isinstance(value, (list, tuple)) and len(value) == 1:
            value = value[0]
        return [float(np.float32(v)) if isinstance(v, float) else v for v in value] if isinstance(value, (list, tuple)) else (
            float(np.float32(value)) if isinstance(value, float) else value)
    return {k: plain(v) for k, v in a.items()} == {k: plain(v) for k, v in b.items()}


def check(what, differing):
    global n_checks
    n_checks += 1
    failures.extend(f"{what}: {difference}" for difference in differing)


def attempt(what, work):
    try:
        check(what, work() or [])
    except Exception as error:
        check(what, [f"{type(error).__name__}: {error}"])


def round_trips(work, sources):
    jobs = [(name, path, target, i) for name, path in sources for i, target in enumerate(TARGETS)]
    outputs = [work / f"{name.replace('.', '_')}-{i}{TARGETS[target][0]}" for name, _, target, i in jobs]

    def convert(job, output):
        try:
            run(job[1], output, *TARGETS[job[2]][1])
        except AssertionError as error:
            return str(error)

    with ThreadPoolExecutor(2) as pool:
        errors = list(pool.map(convert, jobs, outputs))
    decoded = {name: opened(path).load() for name, path in sources}
    # The reference cannot decode integers with a fill value in calendars other than the standard one.
    undecodable = {(name, "decoded v3"): ["days_nat"] for name, _ in sources if name in ("times_noleap.nc", "times_360_day.nc", "times_v3.zarr")}
    for (name, path, target, _), output, error in zip(jobs, outputs, errors):
        if error:
            check(f"{name} -> {target}", [error])
            continue
        for engine in TARGETS[target][2]:
            what = f"{name} -> {target} by {engine}"
            # scipy reads CDF-1 and CDF-2 only; the file is CDF-5 where it must be.
            if engine == "scipy" and output.read_bytes()[3] == 5:
                continue
            left_out = undecodable.get((name, target), [])
            found = lambda: opened(output, engine, drop_variables=left_out).load()
            attempt(what, lambda: list(differences(decoded[name].drop_vars(left_out), found(), "classic" in target)))


def stored_as_before(work, source):
    """Packed values are packed again: the same numbers in the same dtype, by zarr-python and netCDF4 themselves."""
    raw = netCDF4.Dataset(source)
    raw.set_auto_maskandscale(False)
    names = ["packed", "filled", "whole", "time"]
    v3, v2, nc = work / "again3.zarr", work / "again2.zarr", work / "again.nc"
    run(source, v3)
    run(source, v2, "--zarr", "2")
    run(source, nc)
    again = netCDF4.Dataset(nc)
    again.set_auto_maskandscale(False)
    readers = {"zarr v3": zarr.open_group(v3, mode="r"), "zarr v2": zarr.open_group(v2, mode="r"), "netCDF4": again}
    for reader, group in readers.items():
        for name in names:
            a, b = raw[name][:], group[name][:]
            attempt(f"stored {name} by {reader}", lambda: [] if a.dtype == b.dtype and np.array_equal(a, b) else [f"{b.dtype} {b.ravel()[:4]}, expected {a.dtype} {a.ravel()[:4]}"])


def appended(work, ds):
    """Halves appended to each other are the whole, in both versions, whatever the chunks; the epoch stays."""
    whole, first, second = work / "whole.nc", work / "first.nc", work / "second.nc"
    ds.to_netcdf(whole)
    ds.isel(time=slice(0, 4)).to_netcdf(first)
    ds.isel(time=slice(4, None)).to_netcdf(second)
    wanted = opened(whole).load()
    for i, options in enumerate([[], ["--chunks", "time=3,lon=2"], ["--zarr", "2", "--chunks", "time=3"], ["--chunks", "time=1", "--shards", "time=3"], ["--unconsolidated"]]):
        store = work / f"appended{i}.zarr"

        def work_():
            run(first, store, *options)
            units = opened(store)["time"].encoding["units"]
            run(second, store, "--append", "time")
            assert opened(store)["time"].encoding["units"] == units
            again = xr.open_dataset(store, engine="zarr", consolidated=False)
            return [*differences(wanted, opened(store).load(), False), *differences(wanted, again.load(), False)]
        attempt(f"append {options}", work_)
    store = work / "appended1.zarr"
    moved = work / "moved.nc"
    ds.isel(time=slice(0, 2)).assign_coords(lat=ds["lat"] + 1).to_netcdf(moved)
    attempt("append with other labels", lambda: must_say(run(moved, store, "--append", "time", ok=False), "labels of `lat`"))
    some = work / "some.nc"
    ds[["single"]].isel(time=slice(0, 2)).to_netcdf(some)
    attempt("append of some variables", lambda: must_say(run(some, store, "--append", "time", ok=False), "would not grow"))
    odd = work / "odd.nc"
    ds.isel(time=slice(0, 1)).assign_coords(time=[np.datetime64("2010-01-01T00:30")]).to_netcdf(odd)
    attempt("append of times that do not fit", lambda: must_say(run(odd, store, "--append", "time", ok=False), "no whole number of"))
    attempt("after refusals", lambda: list(differences(wanted, opened(store).load(), False)))


def regions(work, ds):
    """A region across chunks changes its positions and no others."""
    base, part = work / "region.nc", work / "part.nc"
    ds = ds[["packed", "single", "filled", "seen"]]
    ds.to_netcdf(base)
    where = {"time": slice(2, 9), "lon": slice(1, 4)}
    changed = ds.copy(deep=True)
    box = changed[["packed", "single", "filled"]].isel(where)
    for name in box:
        box[name].values[:] = np.round(box[name].values + 1, 2)
        box[name].encoding = ds[name].encoding
        changed[name][where] = box[name]
        changed[name].encoding = ds[name].encoding
    box = box.drop_vars(["area", "station", "label"])
    box.to_netcdf(part)
    expected = work / "changed.nc"
    changed.to_netcdf(expected)
    wanted = opened(expected).load()
    for i, options in enumerate([[], ["--chunks", "time=4,lon=3"], ["--zarr", "2", "--chunks", "time=4,lon=3"], ["--chunks", "time=1,lon=1", "--shards", "time=2,lon=2"]]):
        store = work / f"region{i}.zarr"

        def work_():
            run(base, store, *options)
            run(part, store, "--region", "time=2:9,lon=1:4")
            assert not list(work.glob(".*partial*")), "left over"
            return differences(wanted, opened(store).load(), False)
        attempt(f"region {options}", work_)
    attempt("a region past the end", lambda: must_say(run(part, store, "--region", "time=8:15,lon=1:4", ok=False), "long in the store"))
    attempt("a region of another size", lambda: must_say(run(part, store, "--region", "time=2:5,lon=1:4", ok=False), "has 7 positions"))


def must_say(text, part):
    if part not in text:
        yield f"{text.strip()!r} does not say {part!r}"


def killed(work):
    """A writer that is killed leaves the old store, or nothing that can be read, and does not keep the next one away."""
    n = 6_000_000
    big = work / "big.nc"
    xr.Dataset({"x": ("t", np.random.default_rng(0).random(n))}, coords={"t": np.arange(n)}).to_netcdf(big)
    small = work / "small.nc"
    xr.Dataset({"x": ("t", np.arange(5.0))}, coords={"t": np.arange(5)}).to_netcdf(small)
    kept = opened(small).load()
    slow = ["--chunks", "t=2000", "--codec", "gzip:9"]
    for mode in ("--overwrite", "--append", "new", "netcdf"):
        place = work / f"killed{mode}{'.nc' if mode == 'netcdf' else '.zarr'}"
        arguments = {"--overwrite": ["--overwrite"], "--append": ["--append", "t"], "new": [], "netcdf": ["--overwrite"]}[mode]
        if mode != "new":
            run(small, place)
        if mode == "netcdf":
            slow = ["--codec", "zlib:9"]
        if mode == "--append":
            shutil.rmtree(place)
            run(small, place, *slow)
        process = subprocess.Popen([TERRACUBE, "convert", str(big), str(place), *slow, *arguments], stderr=subprocess.DEVNULL)
        time.sleep(0.5)
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL, f"{mode}: it was done before it was killed"

        def work_():
            if mode == "new":
                return [] if not place.exists() else ["something is there"]
            found = opened(place).load()
            if mode == "--append":
                run(small, place, "--append", "t")
                twice = opened(place).load()
                return [*differences(kept, found, True), *differences(xr.concat([kept, kept], "t"), twice, True)]
            run(small, place, "--overwrite")
            return [*differences(kept, found, True), *differences(kept, opened(place).load(), True)]
        attempt(f"killed: {mode}", work_)


def main():
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        ds = synthetic()
        source = work / "synthetic.nc"
        ds.to_netcdf(source)
        sources = [("synthetic", source)] + [(name, GOLDEN / name) for name in FROM_GOLDEN if (GOLDEN / name).exists()]
        round_trips(work, sources)
        stored_as_before(work, source)
        appended(work, ds)
        regions(work, ds)
        killed(work)
    for failure in failures:
        print(failure)
    print(f"roundtrip: {n_checks} checks, {len(failures)} failures")
    return bool(failures)


sys.exit(main())
