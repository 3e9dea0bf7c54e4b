"""The peers of the workloads of along.rs: xarray as written and tuned, xclim, xarray-regrid, and CDO where it is installed."""
import os
import shutil
import subprocess
import time

TOOLS = ("tuned", "tensorstore", "xclim", "scipy", "cdo")


class Outside:
    """What a process of another program took, and the file that it wrote."""

    def __init__(self, command, file):
        start = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        self.peak_mb = 0
        while process.poll() is None:
            self.peak_mb = max(self.peak_mb, largest_resident(process.pid))
            time.sleep(0.002)
        self.wall, self.file = time.perf_counter() - start, file
        if process.returncode != 0:
            raise SystemExit(process.stderr.read().decode())

    def values(self):
        return read_netcdf(self.file)


def largest_resident(pid):
    try:
        return next((int(line.split()[1]) // 1024 for line in open(f"/proc/{pid}/status") if line.startswith("VmHWM:")), 0)
    except OSError:
        return 0


def read_netcdf(file, name="t2m"):
    import netCDF4
    import numpy as np
    with netCDF4.Dataset(file) as dataset:
        dataset.set_auto_mask(False)
        return np.squeeze(np.asarray(dataset[name][...]))


def cdo(data, operators, name):
    def run():
        out = f"{data}/out/{name}.nc"
        os.makedirs(f"{data}/out", exist_ok=True)
        return Outside(["cdo", "-s", "-O", "-P", str(os.cpu_count()), *operators, f"{data}/raw/t2m.nc", out], out)
    return run


def table(xr, data, era, sst):
    """Workload (and variant) -> what to run; no variant of a tool that is not there."""
    import numpy as np

    def opened(store, **options):
        return xr.open_zarr(f"{data}/{store}", **options)

    def points():
        import pandas as pd
        table = pd.read_csv(f"{data}/points/points.csv", parse_dates=["time"])
        columns = {name: xr.DataArray(table[name].to_numpy(), dims="row") for name in ("time", "lat", "lon")}
        return columns | {"lon": columns["lon"] % 360}

    def series(**options):
        return opened("long/long_v3.zarr", **options)["t"].sel(lat=48.5, lon=2.5, method="nearest")

    def grid():
        return xr.Dataset(coords={"lat": np.arange(-89.5, 90), "lon": np.arange(0.5, 360)})

    def blended():
        """As xESMF does it: one sparse matrix, times every field."""
        import scipy.sparse as sparse
        from expected_along import overlaps
        field = opened("quarter/quarter_v3.zarr", chunks={})["t"]
        rows, columns = overlaps(field.lat.values, field.lon.values)
        matrix = sparse.kron(sparse.csr_array(rows), sparse.csr_array(columns), format="csr")
        one = lambda block: (matrix @ block.reshape(-1, matrix.shape[1]).T).T.reshape(*block.shape[:-2], 180, 360).astype(block.dtype)
        return xr.apply_ufunc(one, field, input_core_dims=[["lat", "lon"]], output_core_dims=[["y", "x"]], dask="parallelized",
                              output_dtypes=[field.dtype], dask_gufunc_kwargs={"output_sizes": {"y": 180, "x": 360}})

    def regridded():
        import xarray_regrid  # noqa: F401
        field = opened("quarter/quarter_v3.zarr", chunks={})
        return field.regrid.conservative(grid(), latitude_coord="lat", skipna=False)["t"]

    def tx90p(tuned):
        """A window of 5 days around each day of the year, of all years; shares of days above, by year."""
        t = sst(time=-1, lat=60, lon=120)
        if tuned:
            from xclim.core.calendar import percentile_doy, resample_doy
            limit = percentile_doy(t, window=5, per=90, alpha=1, beta=1).isel(percentiles=0, drop=True)
            above = (t > resample_doy(limit, t)).where(t.notnull())
        else:
            windows = t.rolling(time=5, center=True, min_periods=1).construct("window")
            limit = windows.groupby("time.dayofyear").quantile(0.9, dim=["time", "window"], skipna=True).drop_vars("quantile")
            above = ((t.groupby("time.dayofyear") - limit) > 0).where(t.notnull()).drop_vars("dayofyear")
        return above.astype("f8").resample(time="YS").mean()

    rows = {
        "tx90p": lambda: tx90p(False),
        "match_up": lambda: era().sel(points(), method="nearest"),
        "match_up_tuned": lambda: era(time=240).load().sel(points(), method="nearest"),
        "regrid_conservative_scipy": blended,
        "point_80_years": lambda: series(chunks={}),
        "point_80_years_tuned": lambda: series(chunks=None),
        "quantile_time_tuned": lambda: era(time=-1).quantile(0.9, "time"),
        "resample_day_max_tuned": lambda: era().resample(time="1D").max(method="cohorts"),
    }
    if importable("xclim"):
        rows["tx90p_xclim"] = lambda: tx90p(True)
    if importable("xarray_regrid"):
        rows["regrid_conservative"] = regridded
    if shutil.which("cdo"):
        rows |= {
            "cdo_dhourmean_cdo": cdo(data, ["dhourmean"], "dhourmean"),
            "cdo_daymax_cdo": cdo(data, ["daymax"], "daymax"),
            "cdo_fldmean_cdo": cdo(data, ["fldmean"], "fldmean"),
            "cdo_timmax_runmean_cdo": cdo(data, ["timmax", "-runmean,24"], "timmax_runmean"),
        }
    return rows


def importable(name):
    import importlib.util
    return importlib.util.find_spec(name) is not None
