"""The reference's meaning of the further steps of a pipeline; `operations.py` has the first ones and says what a pipeline is.

  {"fn": NAME}  {"round": N}  {"clip": [A, B]}  {"pow" | "maximum" | "minimum" | "atan2" | "hypot" | "rem" | "floor_div": NUMBER | PIPELINE}
  {"fillna": NUMBER | PIPELINE}  {"isin": LIST}  {"combine_first": PIPELINE}  {"isnull" | "notnull" | "squeeze": true}  {"dropna": DIM, "how"}
  {"dt": FIELD}  {"strftime": FORMAT}
  {"rename" | "swap_dims": {OLD: NEW}}  {"expand_dims": DIM}  {"head" | "tail" | "thin": [DIM, N]}  {"broadcast_like": PIPELINE}
  {"assign_coord": [NAME, PIPELINE]}  {"drop_vars": [NAME]}
  {"concat": [PIPELINES], "dim"}  {"reindex": [DIM, LIST], "method", "tolerance", "fill"}  {"align": PIPELINE, "join", "pick": 0 | 1}
  {"resample": [DIM, FREQUENCY], "reduce" | "upsample", options}  {"group_bins": [COORD, EDGES], "reduce"}
  {"group_seasons": [DIM, SEASONS], "reduce"}  {"resample_seasons": [DIM, SEASONS], "reduce"}  {"group_key": PIPELINE, "reduce"}
  {"cumsum" | "cumprod": DIMS}  {"ffill" | "bfill": DIM, "limit"}  {"shift" | "roll": [DIM, N], "labels", "fill"}  {"diff": [DIM, N]}
  {"pad": [DIM, BEFORE, AFTER], "mode"}  {"sortby": COORD, "descending"}  {"drop_duplicates": DIM}
  {"rolling": [DIM, N], "reduce", "centered", "min_periods", "ddof"}  {"coarsen": {DIM: N}, "reduce", "boundary"}
  {"quantile": [Q | LIST, DIMS]}  {"median": DIMS}  {"prod" | "any" | "all": DIMS}  {"argmax" | "argmin" | "idxmax" | "idxmin": DIM}
  {"rank": DIM, "pct"}  {"dot" | "cov" | "corr": [PIPELINE, DIMS]}  {"polyfit": [DIM, DEGREE]}  {"polyval": PIPELINE}  {"detrend": DIM}
  {"differentiate" | "integrate" | "cumulative_integrate": DIM}  {"interp": [DIM, LIST], "method", "beyond"}
  {"points": {DIM: LIST}}  {"stack": [NAME, DIMS]}  {"unstack": [NAME, DIMS]}  {"group_all": KEYS, "reduce"}
  {"interpolate_na": DIM, "method", "limit", "max_gap"}  {"dataset": [METHOD, ARGUMENT], "var": NAME}
"""
import numpy as np
import pandas as pd
import xarray as xr
from scipy import stats
from xarray.groupers import SeasonGrouper, SeasonResampler

NUMPY = {
    "asin": np.arcsin, "acos": np.arccos, "atan": np.arctan, "asinh": np.arcsinh, "acosh": np.arccosh, "atanh": np.arctanh,
    "ln": np.log, "is_finite": np.isfinite, "is_infinite": np.isinf,
    "sin_deg": lambda x: np.sin(np.deg2rad(x)), "cos_deg": lambda x: np.cos(np.deg2rad(x)), "tan_deg": lambda x: np.tan(np.deg2rad(x)),
}  # fmt: skip
BINARY = {"pow": np.power, "maximum": np.maximum, "minimum": np.minimum, "atan2": np.arctan2, "hypot": np.hypot, "rem": np.mod, "floor_div": np.floor_divide}


def wide(value):
    """Sums and the like are taken in f64 and rounded once."""
    return value.astype("f8") if value.dtype.kind == "f" else value


def as_before(result, value):
    return result.astype(value.dtype) if value.dtype.kind == "f" and result.dtype.kind == "f" else result


def one(value, name, argument, options, run, dataset):
    """The value after the step; None if there is no such step."""
    if name == "fn":
        function = NUMPY.get(argument) or getattr(np, argument)
        if value.dtype.kind == "f" and argument not in ("is_finite", "is_infinite"):
            return function(value.astype("f8")).astype(value.dtype)
        return function(value)
    if name in BINARY:
        return BINARY[name](value, run(argument))
    if name in SIMPLE:
        return SIMPLE[name](value, run(argument) if name in ("fillna", "combine_first", "broadcast_like") else argument, **options)
    if name in PIPED:
        return PIPED[name](value, argument, run, **options)
    if name == "dataset":
        return of_dataset(dataset, *argument).get(options["var"])
    return None


# ------------------------------------------------------------------ windows, order
def rolling(value, argument, reduce, centered=False, min_periods=None, ddof=0):
    dim, n = argument
    windows = wide(value).rolling({dim: n}, center=centered, min_periods=min_periods)
    more = {"ddof": ddof} if reduce in ("std", "var") else {}
    result = getattr(windows, reduce)(**more)
    return result if reduce == "count" else as_before(result, value)


def coarsen(value, argument, reduce, boundary="exact"):
    result = getattr(wide(value).coarsen(argument, boundary=boundary), reduce)()
    return result if reduce == "count" else as_before(result, value)


def quantile(value, argument):
    return wide(value).quantile(argument[0], argument[1])


def median(value, dims):
    return as_before(wide(value).median(None if dims == "ALL" else dims), value)


def rank(value, dim, pct=False):
    def one_line(x):
        out = np.full(x.shape, np.nan)
        held = ~np.isnan(x)
        out[held] = stats.rankdata(x[held])
        return out / held.sum() if pct else out
    return xr.apply_ufunc(one_line, value.astype("f8"), input_core_dims=[[dim]], output_core_dims=[[dim]], vectorize=True).transpose(*value.dims)


def reduced(groups, value, reduce, keep_nan=False, min_count=None, ddof=None, q=None):
    """As `operations.reduce`, group by group; sums and counts of bins without values are 0."""
    from operations import reduce as plain

    if reduce == "quantile":
        return groups.quantile(q).drop_vars("quantile")
    if reduce in ("first", "last"):
        return getattr(groups, reduce)()
    if reduce == "median":
        return as_before(groups.map(lambda part: wide(part).median(groups._group_dim)), value)
    result = groups.map(lambda part: plain(part, reduce, [groups._group_dim], keep_nan=keep_nan, min_count=min_count, ddof=ddof))
    if reduce in ("sum", "count") and min_count is None:
        result = result.fillna(0) if result.dtype.kind == "f" else result
        result = result.astype("i8") if reduce == "count" else result
    return result


def resample(value, argument, reduce=None, upsample=None, **options):
    dim, frequency = argument
    groups = value.resample({dim: frequency})
    if upsample == "interpolate":
        return as_before(wide(value).resample({dim: frequency}).interpolate("linear"), value).transpose(*value.dims)
    if upsample:
        return getattr(groups, upsample)()
    result = reduced(groups, value, reduce, **options)
    return result.transpose(*value.dims)


def group_bins(value, argument, reduce):
    coord, edges = argument
    (dim,) = value[coord].dims
    result = reduced(value.groupby_bins(coord, edges), value, reduce)
    return result.transpose(*[f"{coord}_bins" if name == dim else name for name in value.dims])


def group_seasons(value, argument, reduce):
    dim, seasons = argument
    result = reduced(value.groupby({dim: SeasonGrouper(seasons)}), value, reduce)
    return result.transpose(*["season" if name == dim else name for name in value.dims])


def resample_seasons(value, argument, reduce):
    dim, seasons = argument
    result = reduced(value.groupby({dim: SeasonResampler(seasons)}), value, reduce)
    return result.dropna(dim, how="all").transpose(*value.dims)


def filled(value, dim, how, limit):
    """xarray's own needs bottleneck; pandas has the same meaning."""
    def one_line(x):
        return getattr(pd.Series(x), how)(limit=limit).values
    return xr.apply_ufunc(one_line, value, input_core_dims=[[dim]], output_core_dims=[[dim]], vectorize=True).transpose(*value.dims)


def shift(value, argument, fill=None):
    dim, n = argument
    return value.shift({dim: n}) if fill is None else value.shift({dim: n}, fill_value=fill)


def roll(value, argument, labels=False):
    dim, n = argument
    return value.roll({dim: n}, roll_coords=labels)


def pad(value, argument, mode):
    dim, before, after = argument
    return value.pad({dim: (before, after)}, mode="constant" if mode == "missing" else mode)


def reindex(value, argument, method=None, tolerance=None, fill=None):
    dim, labels = argument
    more = {} if fill is None else {"fill_value": fill}
    return value.reindex({dim: labels}, method=method, tolerance=tolerance, **more)


def interp(value, argument, method="linear", beyond=False):
    dim, labels = argument
    more = {"fill_value": "extrapolate"} if beyond else {}
    if dim == "lon":
        west = value.assign_coords(lon=value.lon - 360)
        east = value.assign_coords(lon=value.lon + 360)
        value = xr.concat([west, value, east], "lon")
    return as_before(wide(value).interp({dim: labels}, method=method, kwargs=more), value)


def interpolate_na(value, dim, method="linear", limit=None, max_gap=None):
    return as_before(wide(value).interpolate_na(dim, method=method, limit=limit, max_gap=max_gap), value)


def clip(value, argument):
    return value.clip(*argument)


SIMPLE = {
    "round": lambda value, n: as_before(np.round(value, n), value),
    "clip": clip,
    "fillna": lambda value, other: value.fillna(other),
    "isin": lambda value, values: value.isin(values),
    "combine_first": lambda value, other: value.combine_first(other),
    "isnull": lambda value, _: value.isnull(),
    "notnull": lambda value, _: value.notnull(),
    "squeeze": lambda value, _: value.squeeze(),
    "dropna": lambda value, dim, how="any": value.dropna(dim, how=how),
    "dt": lambda value, field: value.dt.isocalendar().week.astype("i8") if field == "week" else getattr(value.dt, field),
    "strftime": lambda value, form: value.dt.strftime(form),
    "rename": lambda value, names: value.rename(names),
    "swap_dims": lambda value, names: value.swap_dims(names),
    "expand_dims": lambda value, dim: value.expand_dims(dim),
    "head": lambda value, argument: value.head({argument[0]: argument[1]}),
    "tail": lambda value, argument: value.tail({argument[0]: argument[1]}),
    "thin": lambda value, argument: value.thin({argument[0]: argument[1]}),
    "broadcast_like": lambda value, other: value.broadcast_like(other),
    "drop_vars": lambda value, names: value.drop_vars(names),
    "reindex": reindex,
    "resample": resample,
    "group_bins": group_bins,
    "group_seasons": group_seasons,
    "resample_seasons": resample_seasons,
    "cumsum": lambda value, dims: as_before(wide(value).cumsum(dims), value),
    "cumprod": lambda value, dims: as_before(wide(value).cumprod(dims), value),
    "ffill": lambda value, dim, limit=None: filled(value, dim, "ffill", limit),
    "bfill": lambda value, dim, limit=None: filled(value, dim, "bfill", limit),
    "shift": shift,
    "roll": roll,
    "diff": lambda value, argument: value.diff(argument[0], argument[1]),
    "pad": pad,
    "sortby": lambda value, coord, descending=False: value.sortby(coord, ascending=not descending),
    "drop_duplicates": lambda value, dim: value.drop_duplicates(dim),
    "rolling": rolling,
    "coarsen": coarsen,
    "quantile": quantile,
    "median": median,
    "prod": lambda value, dims: as_before(wide(value).prod(None if dims == "ALL" else dims), value),
    "any": lambda value, dims: value.any(None if dims == "ALL" else dims),
    "all": lambda value, dims: value.all(None if dims == "ALL" else dims),
    "argmax": lambda value, dim: value.argmax(dim),
    "argmin": lambda value, dim: value.argmin(dim),
    "idxmax": lambda value, dim: value.idxmax(dim),
    "idxmin": lambda value, dim: value.idxmin(dim),
    "rank": rank,
    "polyfit": lambda value, argument: wide(value).polyfit(*argument).polyfit_coefficients,
    "differentiate": lambda value, dim: as_before(wide(value).differentiate(dim, datetime_unit="s" if dim == "time" else None), value),
    "integrate": lambda value, dim: as_before(wide(value).integrate(dim, datetime_unit="s" if dim == "time" else None), value),
    "cumulative_integrate": lambda value, dim: as_before(wide(value).cumulative_integrate(dim, datetime_unit="s" if dim == "time" else None), value),
    "interp": interp,
    "interpolate_na": interpolate_na,
    "detrend": lambda value, dim: detrend(value, dim),
    "points": lambda value, labels: points(value, labels),
    "stack": lambda value, argument: value.stack({argument[0]: argument[1]}).reset_index(argument[0]),
    "unstack": lambda value, argument: value.set_index({argument[0]: argument[1]}).unstack(argument[0]),
    "group_all": lambda value, keys, reduce: group_all(value, keys, reduce),
}  # fmt: skip


def detrend(value, dim):
    trend = xr.polyval(value[dim], wide(value).polyfit(dim, 1).polyfit_coefficients)
    return (wide(value) - trend).transpose(*value.dims)


def points(value, labels):
    at = {dim: xr.DataArray(values, dims="station") for dim, values in labels.items()}
    if "lon" in at:  # around the circle
        distance = np.abs((at["lon"] - value.lon + 180) % 360 - 180)
        at["lon"] = value.lon[distance.argmin("lon")].variable
    return value.sel(at, method="nearest")


def group_all(value, keys, reduce):
    keyed = value.assign_coords({key.split(".")[1]: value.time.dt.__getattribute__(key.split(".")[1]) for key in keys})
    names = [key.split(".")[1] for key in keys]
    result = getattr(wide(keyed).groupby(names), reduce)()
    if reduce in ("sum", "count"):
        result = result.fillna(0).astype("i8" if reduce == "count" else "f8")
    order = [name for dim in value.dims for name in (names if dim == "time" else [dim])]
    return result.transpose(*order) if reduce == "count" else as_before(result.transpose(*order), value)


# ------------------------------------------------------------------ steps with pipelines in their arguments
def concat(value, pipelines, run, dim):
    return xr.concat([value, *(run(pipeline) for pipeline in pipelines)], dim)


def align(value, pipeline, run, join, pick):
    return xr.align(value, run(pipeline), join=join)[pick]


def assign_coord(value, argument, run):
    return value.assign_coords({argument[0]: run(argument[1]).drop_vars(value.coords, errors="ignore").variable})


def group_key(value, pipeline, run, reduce):
    key = run(pipeline)
    (dim,) = key.dims
    result = reduced(value.groupby(key), value, reduce)
    return result.transpose(*[key.name if name == dim else name for name in value.dims])


def two(function):
    def of(value, argument, run):
        return function(value.astype("f8"), run(argument[0]).astype("f8"), argument[1])
    return of


PIPED = {
    "concat": concat,
    "align": align,
    "assign_coord": assign_coord,
    "group_key": group_key,
    "cov": two(lambda a, b, dims: xr.cov(a, b, dims)),
    "corr": two(lambda a, b, dims: xr.corr(a, b, dims)),
    "dot": two(lambda a, b, dims: (a * b).sum(dims)),
    "polyval": lambda value, pipeline, run: xr.polyval(value, run(pipeline)),
}  # fmt: skip


def of_dataset(dataset, method, argument):
    """Methods of datasets: the variable that the step asks for is looked at."""
    numbers = dataset[[name for name, variable in dataset.variables.items() if name in dataset.data_vars and variable.dtype.kind == "f"]]
    numbers = numbers.astype("f8")
    if method in ("isel", "head", "tail", "thin"):
        return getattr(dataset, method)(argument)
    if method == "rename":
        return dataset.rename(argument)
    if method == "groupby":
        return numbers[["t"]].groupby(argument[0]).mean()
    if method == "resample":
        return numbers[["t"]].resample(time=argument[0]).mean()
    return getattr(numbers, method)(argument)
