#!/usr/bin/env python3
"""The peer's side of the benchmarks: xarray + dask (threads) on the stores of make_data.py.

    peer.py DATA                    every workload, one fresh process each; a JSON line each
    peer.py DATA --only a,b         some of them
    peer.py DATA --one NAME [--save PREFIX]  one, in this process; the results go to PREFIX.0.npy, ...

A workload has variants: `NAME_tuned` is how a skilled user writes it, `NAME_tensorstore` is tensorstore and numpy.

Fields: wall and cpu seconds of open + compute (imports excluded), peak_mb (largest resident size of the process), base_mb (after
imports), value (a checksum: the float64 mean of the result, to hold ours against). Needs numpy xarray dask zarr netCDF4 flox bottleneck.
Unset OPENBLAS_CORETYPE and OPENBLAS_L2_SIZE. `many_files` makes its 400 small files on first use; `write_*` writes under DATA/out.
"""
import peer_along
import argparse, glob, json, os, resource, shutil, subprocess, sys, time


def paths(d):
    return dict(zstd=f"{d}/era5/era5_v3_zstd.zarr", blosc=f"{d}/era5/era5_v2_blosc.zarr", shard=f"{d}/era5/era5_v3_sharded.zarr",
                nc=f"{d}/era5/nc/*.nc", s2=f"{d}/s2/s2_v3.zarr", ocean=f"{d}/ocean/ocean_v3.zarr", tiny=None, many=f"{d}/many")


def largest_resident():
    """VmHWM in MB. Not ru_maxrss: that begins with what the starting process held."""
    line = next(line for line in open("/proc/self/status") if line.startswith("VmHWM:"))
    return int(line.split()[1]) // 1024


def main_var(ds):
    return ds[max(ds.data_vars, key=lambda v: ds[v].size)]


def make_many(xr, d):
    """400 NetCDF files of 6 hours each on a coarse grid, as model output usually comes."""
    out = f"{d}/many"
    if os.path.isdir(out):
        return out
    os.makedirs(out + ".part", exist_ok=True)
    ds = xr.open_zarr(paths(d)["zstd"], chunks=None).isel(lat=slice(None, None, 4), lon=slice(None, None, 4))
    n = ds.sizes["time"]
    block = ds.isel(time=slice(0, min(n, 6))).load()
    import numpy as np
    t0 = block.time.values[0]
    for i in range(400):
        b = block.assign_coords(time=t0 + np.arange(6 * i, 6 * i + block.sizes["time"]).astype("timedelta64[h]"))
        b.drop_encoding().to_netcdf(f"{out}.part/f{i:04d}.nc", encoding={v: {"zlib": True} for v in b.data_vars})
    os.rename(out + ".part", out)
    return out


def run(name, d, save=None, variants=False):
    import numpy as np, xarray as xr, dask, dask.array  # noqa: F401
    import zarr, netCDF4  # noqa: F401
    p = paths(d)
    tiny = None
    for root, _, files in os.walk(f"{d}/tiny"):
        if "zarr.json" in files and root.endswith(".zarr"):
            tiny = root
            break
    if name.startswith("many_files"):
        make_many(xr, d)
    base, base_mb = resource.getrusage(resource.RUSAGE_SELF), largest_resident()
    w0, c0 = time.perf_counter(), base.ru_utime + base.ru_stime

    def era(kind="zstd", **chunks):
        return xr.open_zarr(p[kind], chunks=chunks)["t2m"]

    def plain():
        return xr.open_zarr(p["zstd"], chunks=None)["t2m"]

    def sst(**chunks):
        return xr.open_zarr(p["ocean"], chunks=chunks)["sst"]

    def weights(x):
        return np.cos(np.deg2rad(x.lat))

    def anomaly(x):
        return x.groupby("time.hour") - x.groupby("time.hour").mean()

    def three(x):
        return xr.Dataset({"a": x.mean("time"), "b": x.std("time"), "c": x.max("time")})

    def out(n):
        o = f"{d}/out/{n}.zarr"
        shutil.rmtree(o, ignore_errors=True)
        return o

    table = {
        "mean_time_zstd": lambda: era().mean("time"),
        "mean_time_blosc": lambda: era("blosc").mean("time"),
        "mean_time_shard": lambda: era("shard").mean("time"),
        "mean_time_netcdf": lambda: xr.open_mfdataset(p["nc"], chunks={}, combine="by_coords")["t2m"].mean("time"),
        "global_weighted": lambda: era().weighted(weights(era())).mean(("lat", "lon")),
        "std_time": lambda: era().std("time"),
        "climatology_hour": lambda: era().groupby("time.hour").mean(),
        "anomaly_std": lambda: anomaly(era()).std("time"),
        "resample_day_max": lambda: era().resample(time="1D").max(),
        "rolling_24_max": lambda: era().rolling(time=24).mean().max("time"),
        "quantile_time": lambda: era().chunk(time=-1, lat=32, lon=-1).quantile(0.9, "time"),
        "point_series": lambda: era().sel(lat=48.5, lon=2.5, method="nearest"),
        "box_mean": lambda: era().sel(lat=slice(60, 35), lon=slice(0, 30)).mean(("lat", "lon")),
        "three_results": lambda: three(era()),
        "tiny_mean": lambda: main_var(xr.open_zarr(tiny, chunks={}, consolidated=False)).mean(),
        "many_files": lambda: main_var(xr.open_mfdataset(p["many"] + "/*.nc", chunks={}, combine="by_coords")).mean("time"),
        # the same three as a skilled user would tune them; ours is held against the faster
        "tiny_mean_tuned": lambda: main_var(xr.open_zarr(tiny, chunks={d: -1 if i else 500 for i, d in enumerate(main_var(xr.open_zarr(tiny, chunks=None, consolidated=False)).dims)}, consolidated=False)).mean(),
        "rolling_24_max_tuned": lambda: xr.open_zarr(p["zstd"], chunks={"time": -1})["t2m"].rolling(time=24).mean().max("time"),
        "many_files_tuned": lambda: main_var(xr.open_mfdataset(sorted(glob.glob(p["many"] + "/*.nc")), chunks={}, combine="nested", concat_dim="time", data_vars="minimal", coords="minimal", compat="override", join="override")).mean("time"),
        # tuned: larger chunks where only scheduling costs, whole columns where groups then need no shuffle, no dask where little is read
        "mean_time_zstd_tuned": lambda: era(time=240).mean("time"),
        "mean_time_blosc_tuned": lambda: era("blosc", time=240).mean("time"),
        "mean_time_shard_tuned": lambda: era("shard", time=24, lat=365, lon=720).mean("time"),
        "mean_time_zstd_tensorstore": lambda: tensorstore_mean(p["zstd"], "zarr3"),
        "mean_time_blosc_tensorstore": lambda: tensorstore_mean(p["blosc"], "zarr"),
        "mean_time_shard_tensorstore": lambda: tensorstore_mean(p["shard"], "zarr3"),
        "global_weighted_tuned": lambda: (lambda x: x.mean("lon").weighted(weights(x)).mean("lat"))(era(time=240)),
        "std_time_tuned": lambda: era(time=-1).std("time"),
        "climatology_hour_tuned": lambda: era(time=240).groupby("time.hour").mean(method="map-reduce"),
        "three_results_tuned": lambda: three(era(time=-1)),
        "anomaly_std_tuned": lambda: anomaly(era(time=-1)).std("time"),
        "point_series_tuned": lambda: plain().sel(lat=48.5, lon=2.5, method="nearest"),
        "box_mean_tuned": lambda: plain().sel(lat=slice(60, 35), lon=slice(0, 30)).mean(("lat", "lon")),
        "ocean_mean": lambda: sst().mean("time"),
        "ocean_mean_tuned": lambda: sst(time=-1).mean("time"),
        "ocean_std": lambda: sst().std("time"),
        "ocean_std_tuned": lambda: sst(time=-1).std("time"),
        "ocean_climatology": lambda: sst().groupby("time.month").mean(),
        "ocean_climatology_tuned": lambda: sst(time=-1).groupby("time.month").mean(),
        "dayofyear_climatology": lambda: sst().groupby("time.dayofyear").mean(),
        "dayofyear_climatology_tuned": lambda: sst(time=-1).groupby("time.dayofyear").mean(method="map-reduce"),
        "add_mean": lambda: (era() + era("shard")).mean("time"),
        "add_mean_tuned": lambda: (era(time=24, lat=-1, lon=-1) + era("shard", time=24, lat=-1, lon=-1)).mean("time"),
        "ndvi_median": lambda: ndvi(xr, p["s2"]),
        "write_celsius": lambda: (era() - 273.15).to_dataset(name="t").drop_encoding().to_zarr(out("celsius"), mode="w", compute=True),
        "write_rechunk": lambda: era().chunk(time=-1, lat=19, lon=72).to_dataset(name="t").drop_encoding().to_zarr(out("rechunk"), mode="w", compute=True),
        # Its default is the codec that this row asks for.
        "write_rechunk_zstd": lambda: era().chunk(time=-1, lat=19, lon=72).to_dataset(name="t").drop_encoding().to_zarr(out("rechunk_zstd"), mode="w", compute=True),
    }
    table |= peer_along.table(xr, d, era, sst)
    if variants:
        return print(json.dumps([n for n in table if n == name or n.removeprefix(name + "_") in peer_along.TOOLS]))
    if name not in table:
        sys.exit("no such workload: " + name + "; have " + " ".join(table))
    r = table[name]()
    if hasattr(r, "compute"):
        r = r.compute()
    if isinstance(r, peer_along.Outside):
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        print(json.dumps(dict(workload=name, wall=round(r.wall, 3), cpu=round(used.ru_utime + used.ru_stime, 3), peak_mb=r.peak_mb)), flush=True)
        return np.save(f"{save}.0.npy", r.values()) if save else None
    w, u, peak_mb = time.perf_counter() - w0, resource.getrusage(resource.RUSAGE_SELF), largest_resident()
    if isinstance(r, xr.Dataset):
        value = float(np.mean([float(r[v].astype("f8").mean()) for v in r.data_vars]))
    elif isinstance(r, xr.DataArray):
        value = float(r.astype("f8").mean())
    else:
        value = None
    print(json.dumps(dict(workload=name, wall=round(w, 3), cpu=round(u.ru_utime + u.ru_stime - c0, 3),
                          peak_mb=peak_mb, base_mb=base_mb, value=value)), flush=True)
    if save:
        results = [r[v] for v in r.data_vars] if isinstance(r, xr.Dataset) else [r] if isinstance(r, xr.DataArray) else []
        for number, result in enumerate(results):
            np.save(f"{save}.{number}.npy", result.values)
    return table


def tensorstore_mean(path, driver):
    """A mean over time with tensorstore: slabs of chunks read ahead, sums in numpy."""
    import numpy as np, tensorstore as ts, xarray as xr
    store = ts.open({"driver": driver, "kvstore": {"driver": "file", "path": f"{path}/t2m"}}, open=True, read=True).result()
    sums, counts, ahead, step = 0.0, 0, [], 24
    for start in range(0, store.shape[0], step):
        ahead.append(store[start : start + step].read())
        if len(ahead) > 2:
            sums, counts = added(np, ahead.pop(0).result(), sums, counts)
    for slab in ahead:
        sums, counts = added(np, slab.result(), sums, counts)
    return xr.DataArray((sums / counts).astype("f4"), dims=("lat", "lon"))


def added(np, slab, sums, counts):
    present = ~np.isnan(slab)
    return sums + np.where(present, slab, 0).sum(axis=0, dtype="f8"), counts + present.sum(axis=0)


def ndvi(xr, path):
    """Cloud-masked NDVI, median over time: the usual satellite composite."""
    ds = xr.open_zarr(path, chunks={})
    refl = ds["refl"]
    red, nir = refl.sel(band=4), refl.sel(band=8)
    v = (nir - red) / (nir + red)
    if "scl" in ds:
        v = v.where(ds["scl"].isin([4, 5, 6]))
    return v.chunk(time=-1).median("time")


NAMES = ("mean_time_zstd mean_time_blosc mean_time_shard mean_time_netcdf global_weighted std_time climatology_hour anomaly_std resample_day_max rolling_24_max "
         "ocean_mean ocean_std ocean_climatology dayofyear_climatology add_mean rolling_24_max_tuned quantile_time point_series box_mean three_results tiny_mean tiny_mean_tuned many_files many_files_tuned ndvi_median write_celsius write_rechunk write_rechunk_zstd").split()

if __name__ == "__main__":
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("data"); a.add_argument("--only"); a.add_argument("--one"); a.add_argument("--save", help="with --one: the results as PREFIX.0.npy, ..."); a.add_argument("--variants", help="the names of the variants of a workload")
    o = a.parse_args()
    if o.variants:
        run(o.variants, o.data, variants=True)
    elif o.one:
        run(o.one, o.data, o.save)
    else:
        for n in (o.only.split(",") if o.only else NAMES):
            r = subprocess.run([sys.executable, __file__, o.data, "--one", n], capture_output=True, text=True)
            print(r.stdout.strip() or json.dumps(dict(workload=n, error=r.stderr.strip().splitlines()[-1:])), flush=True)
