#!/usr/bin/env python3
"""Inputs of the workloads along axes, beside those of make_data.py (whose `era5` must be there for `raw`).

    make_more_data.py OUT [--only raw,points,quarter,long] [--seed 42]

raw/     t2m.nc: the array of era5/ as plain floats in one classic NetCDF file (64-bit offsets, records along time)
points/  points.csv: 100,000 places and times, in no order
quarter/ t float32 (time 96, lat 721, lon 1440), one field a chunk, zstd: the layout of ERA5 in the cloud
long/    t float32 (time daily 1941-01-01 to 2020-12-31, lat 73, lon 144), one field a chunk, zstd: 29,220 chunks
"""
import argparse
import os
import shutil

import numpy as np
import zarr
from numcodecs import Zstd
from zarr.codecs import ZstdCodec

from make_data import rng, smooth

UNITS = {"lat": ("degrees_north", "latitude"), "lon": ("degrees_east", "longitude")}


def raw(out, folder):
    import netCDF4
    source = zarr.open_group(f"{out}/era5/era5_v3_zstd.zarr", mode="r")
    with netCDF4.Dataset(f"{folder}/t2m.nc", "w", format="NETCDF3_64BIT_OFFSET") as file:
        for name in ("time", "lat", "lon"):
            values = source[name][:]
            file.createDimension(name, None if name == "time" else len(values))
            file.createVariable(name, values.dtype, (name,)).setncatts(dict(source[name].attrs))
            if name != "time":
                file[name][:] = values
        array = source["t2m"]
        file.createVariable("t2m", "f4", ("time", "lat", "lon")).setncatts(dict(array.attrs))
        for start in range(0, array.shape[0], 120):
            file["t2m"][start : start + 120] = array[start : start + 120]
            file["time"][start : start + 120] = source["time"][start : start + 120]


def points(out, folder, seed, n=100_000):
    """Never halfway between two labels: what is nearest is not in doubt."""
    n_hours = zarr.open_array(f"{out}/era5/era5_v3_zstd.zarr/time", mode="r").shape[0]
    random = rng(seed, 11)
    hour, second = random.integers(0, n_hours - 1, n), random.integers(0, 1800, n) + 1800 * random.integers(0, 2, n)
    second[second == 1800] = 1801
    times = np.datetime64("2019-01-01T00:00:00") + (hour * 3600 + second).astype("m8[s]")
    lat = np.round(random.uniform(-89.9, 89.9, n), 4) + 0.00001
    lon = np.round(random.uniform(-179.9, 179.9, n), 4) + 0.00001
    with open(f"{folder}/points.csv", "w") as file:
        file.write("time,lat,lon\n")
        file.writelines(f"{t},{y:.5f},{x:.5f}\n" for t, y, x in zip(times, lat, lon))


def store(path, n_times, unit, lat, lon):
    shutil.rmtree(path, ignore_errors=True)
    group = zarr.create_group(store=path, attributes={"Conventions": "CF-1.8"})
    for name, values in (("time", np.arange(n_times, dtype="i4")), ("lat", lat), ("lon", lon)):
        attributes = {"units": unit, "calendar": "standard", "standard_name": "time"} if name == "time" else dict(zip(("units", "standard_name"), UNITS[name]))
        group.create_array(name, shape=values.shape, dtype=values.dtype, chunks=values.shape, dimension_names=[name], attributes=attributes)[...] = values
    shape = (n_times, len(lat), len(lon))
    group.create_array("t", shape=shape, dtype="f4", chunks=(1, *shape[1:]), fill_value=np.float32("nan"), compressors=ZstdCodec(level=3),
                       dimension_names=["time", "lat", "lon"], attributes={"units": "K", "standard_name": "air_temperature"})
    return group["t"]


def fields(seed, tag, lat, lon, n_modes=8):
    """A climate and modes that travel round it; the field of a time is cheap."""
    random = rng(seed, tag)
    modes = np.stack([smooth(random.standard_normal((len(lat), len(lon))), 8) for _ in range(n_modes)])
    modes /= modes.std(axis=(1, 2), keepdims=True)
    climate = 243 + 57 * np.cos(np.deg2rad(lat))[:, None] ** 1.3
    periods = np.array([3.0, 5, 7, 11, 17, 31, 60, 365.25])[:n_modes]

    def at(t):
        noise = random.standard_normal((len(lat), 1)) * 0.2
        field = climate + np.tensordot(3 * np.cos(2 * np.pi * t / periods), modes, 1) + noise
        return (np.round(field * 64) / 64).astype("f4")
    return at


def quarter(folder, seed):
    lat, lon = np.linspace(90, -90, 721), np.arange(1440) * 0.25
    array, at = store(f"{folder}/quarter_v3.zarr", 96, "hours since 2020-01-01", lat, lon), fields(seed, 12, lat, lon)
    for t in range(array.shape[0]):
        array[t] = at(t / 24)


def long(folder, seed):
    """Chunk files are written directly: fast, and identical to zarr's."""
    lat, lon = np.linspace(90, -90, 73), np.arange(144) * 2.5
    n = (np.datetime64("2021-01-01") - np.datetime64("1941-01-01")).astype(int)
    array, at, codec = store(f"{folder}/long_v3.zarr", n, "days since 1941-01-01", lat, lon), fields(seed, 13, lat, lon), Zstd(3)
    for t in range(n):
        place = f"{folder}/long_v3.zarr/t/c/{t}/0"
        os.makedirs(place, exist_ok=True)
        with open(f"{place}/0", "wb") as file:
            values = at(t)
            file.write(codec.encode(values))
    np.testing.assert_array_equal(array[n - 1], values)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out")
    parser.add_argument("--only", default="raw,points,quarter,long")
    parser.add_argument("--seed", type=int, default=42)
    arguments = parser.parse_args()
    out, seed = arguments.out, arguments.seed
    for part in arguments.only.split(","):
        folder = f"{out}/{part}"
        os.makedirs(folder, exist_ok=True)
        {"raw": lambda: raw(out, folder), "points": lambda: points(out, folder, seed), "quarter": lambda: quarter(folder, seed), "long": lambda: long(folder, seed)}[part]()
        print(part, flush=True)


if __name__ == "__main__":
    main()
