"""The reference's meaning of the steps that came after `verbs.py`.

  {"query": EXPRESSION, "where": {DIM: PYTHON}}  {"rolling_exp": DIM, "decay": [KIND, NUMBER], "reduce"}  {"cumulative": DIM, "reduce"}
  {"rolling_box": {DIM: N}, "reduce", "centered", "min_periods"}  {"rolling_own": [DIM, N], "q", "centered", "min_periods"}  {"weighted": [PIPELINE, DIMS], "reduce", "q"}  {"own": NAME, "dims", "keep_nan"}
  {"apply": NAME, "dims"}  {"blocks": NAME}  {"resample_with": [DIM, FREQUENCY], "reduce", "closed", "label", "origin", "offset"}
  {"convert_calendar": CALENDAR, "align", "frequency"}  {"interp_calendar": [START, N, FREQUENCY, CALENDAR]}
  {"date_range": [START, END | N, FREQUENCY, CALENDAR]} (first step)  {"interp_points": {DIM: LIST}}  {"on_grid": [LATITUDES, LONGITUDES]}
  {"group_over": PIPELINE, "reduce", "arithmetic"}  {"tree": [METHOD, DIMS], "group", "var"} (first step)
"""
import numpy as np
import pandas as pd
import xarray as xr

import verbs
from verbs import as_before, wide


def one(value, name, argument, options, run, dataset):
    function = STEPS.get(name)
    return None if function is None else function(value, argument, run, **options)


def first(name, argument, options, path):
    """A step that needs no value before it; None if it is none."""
    if name == "date_range":
        start, end, frequency, calendar = argument
        more = {"periods": end} if isinstance(end, int) else {"end": end}
        times = xr.date_range(start, freq=frequency, calendar=calendar, use_cftime=True, **more)
        return xr.DataArray(times, dims="time", name="time")
    if name == "tree":
        method, dims = argument
        tree = xr.open_datatree(path, engine="netcdf4")
        reduced = tree.map_over_datasets(lambda ds: getattr(ds, method)([dim for dim in dims if dim in ds.dims]) if ds.data_vars else ds)
        return reduced[options["group"]].to_dataset()[options["var"]].load()
    return None


# ------------------------------------------------------------------ selection
def query(value, expression, run, where):
    for dim, condition in where.items():
        names = {name: coord.values for name, coord in value.coords.items()}
        if "time" in value.coords:
            fields = value.time.dt
            names |= {"month": fields.month.values, "day": fields.day.values, "hour": fields.hour.values, "season": fields.season.values}
        value = value.isel({dim: np.flatnonzero(eval(condition, {"np": np}, names))})
    return value


def interp_points(value, labels, run):
    at = {dim: xr.DataArray(places, dims="point") for dim, places in labels.items()}
    if "lon" in at:
        value = xr.concat([value.assign_coords(lon=value.lon - 360), value, value.assign_coords(lon=value.lon + 360)], "lon")
    result = wide(value).interp(at)
    dims = [dim for dim in value.dims if dim not in labels or dim == min(labels, key=list(value.dims).index)]
    return as_before(result.transpose(*["point" if dim in labels else dim for dim in dims]), value)


def on_grid(value, places, run):
    """The nearest by the angle between vectors, one point after the other."""
    def vectors(lat, lon):
        lat, lon = np.deg2rad(lat), np.deg2rad(lon)
        return np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], -1)
    old = vectors(value.lat2.values, value.lon2.values)
    nearest = [int(np.argmax((old * point).sum(-1))) for point in vectors(np.array(places[0]), np.array(places[1]))]
    stacked = value.stack(z=("y", "x")).reset_index("z")
    return stacked.isel(z=xr.DataArray(nearest, dims="station"))


# ------------------------------------------------------------------ windows
def rolling_exp(value, dim, run, decay, reduce):
    kind, number = decay
    def line(x):
        return getattr(pd.Series(x).ewm(**{kind: number}, adjust=True, ignore_na=False), reduce)().values
    return as_before(xr.apply_ufunc(line, wide(value), input_core_dims=[[dim]], output_core_dims=[[dim]], vectorize=True).transpose(*value.dims), value)


def cumulative(value, dim, run, reduce):
    result = getattr(wide(value).cumulative(dim), reduce)()
    return result if reduce == "count" else as_before(result, value)


def rolling_box(value, sizes, run, reduce, centered=False, min_periods=None):
    result = getattr(wide(value).rolling(sizes, center=centered, min_periods=min_periods), reduce)()
    return result if reduce == "count" else as_before(result, value)


def rolling_own(value, argument, run, q, centered=False, min_periods=None):
    dim, n = argument
    windows = wide(value).rolling({dim: n}, center=centered).construct("window")
    result = windows.quantile(q, "window", skipna=True).drop_vars("quantile")
    return result.where(windows.count("window") >= (n if min_periods is None else min_periods))


def weighted(value, argument, run, reduce, q=None):
    weights = run(argument[0])
    if reduce == "quantile":
        return wide(value).weighted(weights.astype("f8")).quantile(q, dim=argument[1])
    result = getattr(wide(value).weighted(wide(weights)), reduce)(argument[1])
    return as_before(result, value * weights)


# ------------------------------------------------------------------ functions of the user's
def own(value, name, run, dims, keep_nan=False):
    values = value.astype("f8")
    skip = {"skipna": not keep_nan}
    if name == "range":
        return values.max(dims, **skip) - values.min(dims, **skip)
    return (values**2).sum(dims, **skip) / values.count(dims) if not keep_nan else (values**2).mean(dims, skipna=False)


def applied(value, name, run, dims):
    values = value.astype("f8")
    if name == "span":
        return values.max(dims) - values.min(dims)
    return np.maximum(values - 280, 0).sum(dims)


# ------------------------------------------------------------------ time
def resample_with(value, argument, run, reduce, **options):
    dim, frequency = argument
    groups = value.resample({dim: frequency}, **options)
    return verbs.reduced(groups, value, reduce).transpose(*value.dims)


def convert_calendar(value, calendar, run, align="date", frequency=None):
    if frequency is None:
        return value.convert_calendar(calendar, align_on=align, use_cftime=True)
    return value.convert_calendar(calendar, align_on=align, use_cftime=True, missing=np.nan)


def interp_calendar(value, argument, run):
    start, n, frequency, calendar = argument
    target = xr.date_range(start, periods=n, freq=frequency, calendar=calendar, use_cftime=True)
    return as_before(wide(value).interp_calendar(xr.DataArray(target, dims="time", name="time")), value)


# ------------------------------------------------------------------ groups over several dimensions
def group_over(value, pipeline, run, reduce, arithmetic=None):
    key = run(pipeline)
    groups = wide(value).groupby(key)
    means = getattr(groups, reduce)()
    if arithmetic:
        return as_before((groups - means).transpose(*value.dims).drop_vars(key.name), value)
    return means.astype("i8") if reduce == "count" else as_before(means, value)


STEPS = {
    "query": query, "interp_points": interp_points, "on_grid": on_grid, "rolling_exp": rolling_exp, "cumulative": cumulative,
    "rolling_own": rolling_own, "rolling_box": rolling_box, "weighted": weighted, "own": own, "apply": applied, "resample_with": resample_with,
    "blocks": lambda value, name, run: np.sqrt(np.abs(value.astype("f8"))), "convert_calendar": convert_calendar,
    "interp_calendar": interp_calendar, "group_over": group_over,
}  # fmt: skip
