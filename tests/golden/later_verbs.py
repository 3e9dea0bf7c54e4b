"""The reference's meaning of the steps that came after `climate_verbs.py`.

  {"drop_isel": [DIM, LIST]}  {"drop_sel": [DIM, LIST]}  {"sel_side": [DIM, LABEL | LIST], "side": "ffill" | "bfill"}  {"where_drop": PIPELINE}
  {"isel_points": {DIM: LIST}}  {"pad_with": [DIM, BEFORE, AFTER, VALUE]}  {"construct": {DIM: N}, "centered"}  {"rolling_prod": [DIM, N], "min_periods"}
  {"rolling_square": {DIM: N}, "reduce", "centered", "min_periods"}  {"coarsen_construct": [DIM, N]}  {"coarsen_more": {DIM: N}, "reduce"}
  {"histogram": EDGES, "dims"}  {"argmax_over" | "argmin_over": DIMS, "pick": DIM}  {"split": DIM, "pick": NAME}  {"group_map": KEY, "function"}
  {"dt_round": [floor | ceil | round, FREQUENCY]}  {"dt_is": NAME}  {"exp_spread": [DIM, KIND, NUMBER], "reduce"}  {"two": NAME, "with": PIPELINE}
  {"pieces": {DIM: [CUTS]}}  {"same": NAME, "with": PIPELINE}  {"frequency": true}  {"table": COLUMN}  {"pivot": true}  {"cross": PIPELINE, "dim"}
  {"ds": METHOD, "arguments": [...], "var": NAME} (first step)  {"to_array": NAMES} (first step)
"""
import numpy as np
import pandas as pd
import xarray as xr

from verbs import as_before, wide


def one(value, name, argument, options, run, dataset):
    function = STEPS.get(name)
    return None if function is None else function(value, argument, run, **options)


def first(name, argument, options, dataset):
    """A step that needs no value before it; None if it is none."""
    if name == "ds":
        return of_dataset(dataset, argument, *options["arguments"])[options["var"]]
    if name == "to_array":
        return dataset[argument].to_dataarray("variable").drop_attrs(deep=False)
    return None


# ------------------------------------------------------------------ selection
def sel_side(value, argument, run, side):
    """By value, whatever the stored order."""
    dim, label = argument
    result = value.sortby(dim).sel({dim: np.array(label) if isinstance(label, list) else label}, method=side)
    return result


def isel_points(value, places, run):
    at = {dim: xr.DataArray(list_, dims="point") for dim, list_ in places.items()}
    first_dim = min(places, key=list(value.dims).index)
    dims = ["point" if dim == first_dim else dim for dim in value.dims if dim == first_dim or dim not in places]
    return value.isel(at).transpose(*dims)


def pad_with(value, argument, run):
    dim, before, after, fill = argument
    return value.pad({dim: (before, after)}, constant_values=fill)


# ------------------------------------------------------------------ windows, blocks
def construct(value, sizes, run, centered=False):
    return value.rolling(sizes, center=centered).construct({dim: f"w_{dim}" for dim in sizes})


def rolling_prod(value, argument, run, min_periods=None):
    dim, n = argument
    return wide(value).rolling({dim: n}, min_periods=min_periods).construct("w").prod("w", skipna=True, min_count=min_periods or n)


def rolling_square(value, sizes, run, reduce, centered=False, min_periods=None):
    names = {dim: f"w_{dim}" for dim in sizes}
    windows = wide(value).astype("f8").rolling(sizes, center=centered).construct(names)
    dims = list(names.values())
    result = windows.quantile(0.75, dims).drop_vars("quantile") if reduce == "quantile" else getattr(windows, reduce)(dims)
    least = min_periods or int(np.prod(list(sizes.values())))
    result = result.where(windows.count(dims) >= least)
    return result if reduce == "quantile" else as_before(result, value)


def coarsen_construct(value, argument, run):
    dim, n = argument
    return value.coarsen({dim: n}, boundary="pad" if value.sizes[dim] % n else "exact").construct({dim: ("block", "member")})


def coarsen_more(value, sizes, run, reduce):
    return as_before(getattr(wide(value).coarsen(sizes, boundary="trim"), reduce)(), value) if value.dtype.kind == "f" else getattr(value.coarsen(sizes, boundary="trim"), reduce)()


def exp_spread(value, argument, run, reduce):
    dim, kind, number = argument
    def line(x):
        return getattr(pd.Series(x).ewm(**{kind: number}, adjust=True, ignore_na=False), reduce)().values
    return as_before(xr.apply_ufunc(line, wide(value), input_core_dims=[[dim]], output_core_dims=[[dim]], vectorize=True).transpose(*value.dims), value)


# ------------------------------------------------------------------ order, bins
def histogram(value, edges, run, dims):
    def counts(x):
        flat = x[~np.isnan(x)] if x.dtype.kind == "f" else x.ravel()
        return np.histogram(flat.astype("f8"), edges)[0]
    others = [dim for dim in value.dims if dim not in dims]
    stacked = value.stack(z=dims).transpose(..., "z")
    result = xr.apply_ufunc(counts, stacked, input_core_dims=[["z"]], output_core_dims=[[f"{value.name}_bin"]], vectorize=True)
    return result.transpose(f"{value.name}_bin", *others)


def over(name):
    return lambda value, dims, run, pick: getattr(value, name)(dim=dims)[pick]


def group_map(value, key, run, function):
    dim = key.split(".")[0]
    def apply(part):
        part = wide(part)
        if function == "standard":
            return (part - part.mean(dim)) / part.std(dim)
        return part.max(dim) - part.min(dim)
    return as_before(value.groupby(key).map(apply).transpose(*([dim] if function == "standard" else [key.split(".")[1]]), ...).transpose(*(dim_of(d, dim, key, function) for d in value.dims)), value)


def dim_of(name, dim, key, function):
    return key.split(".")[1] if function == "range" and name == dim else name


# ------------------------------------------------------------------ times
def dt_is(value, name, run):
    """By the parts of dates, so that it holds in every calendar."""
    dt = value.dt
    holds = {
        "is_month_start": lambda: dt.day == 1, "is_month_end": lambda: dt.day == dt.days_in_month,
        "is_quarter_start": lambda: (dt.day == 1) & (dt.month % 3 == 1), "is_quarter_end": lambda: (dt.day == dt.days_in_month) & (dt.month % 3 == 0),
        "is_year_start": lambda: dt.dayofyear == 1, "is_year_end": lambda: (dt.month == 12) & (dt.day == dt.days_in_month),
    }  # fmt: skip
    return holds[name]().rename(name)


# ------------------------------------------------------------------ two arrays
def two(value, name, run, **options):
    other = run(options["with"])
    if name != "logaddexp":
        return getattr(np, name)(value, other)
    return as_before(np.logaddexp(wide(value), wide(other)), value)


def pieces(value, cuts, run):
    """Cut, shuffled and put together again."""
    parts = [value.to_dataset(name="x")]
    for dim, ends in cuts.items():
        edges = [0, *ends, value.sizes[dim]]
        parts = [part.isel({dim: slice(a, b)}) for part in parts for a, b in zip(edges, edges[1:])]
    return xr.combine_by_coords(parts[::-1])["x"]


def same(value, name, run, **options):
    other = run(options["with"])
    return xr.DataArray(getattr(value, name)(other))


def frequency(value, _, run):
    found = xr.infer_freq(value)
    return xr.DataArray(str(found))


# ------------------------------------------------------------------ tables
def table(value, column, run):
    frame = value.drop_vars([name for name in value.coords if name not in value.dims]).to_dataset(name="x").to_dataframe(dim_order=list(value.dims)).reset_index()
    return xr.DataArray(frame[column].values, dims="row")


def pivot(value, _, run):
    bare = value.drop_vars([name for name in value.coords if name not in value.dims])
    frame = bare.to_dataset(name="x").to_dataframe(dim_order=list(value.dims)).reset_index()
    frame = frame.iloc[::-1].iloc[1:]
    result = frame.set_index(list(value.dims)).to_xarray()["x"].transpose(*value.dims)
    return result.astype("f8") if value.dtype.kind in "iu" else result


# ------------------------------------------------------------------ datasets
def of_dataset(dataset, method, *arguments):
    """Variables of numbers, floats in f64."""
    numbers = dataset[[name for name in ("t", "n", "p", "weight", "station") if name in dataset.data_vars]]
    numbers = numbers.map(lambda x: x.astype("f8") if x.dtype.kind == "f" else x)
    a = list(arguments)
    table = {
        "sel": lambda: numbers.sel({a[0]: a[1]}), "quantile": lambda: numbers.quantile(a[0], a[1]), "shift": lambda: numbers.shift({a[0]: a[1]}),
        "roll": lambda: numbers.roll({a[0]: a[1]}), "ffill": lambda: filled(numbers, a[0], "ffill"), "bfill": lambda: filled(numbers, a[0], "bfill"),
        "interpolate_na": lambda: numbers.interpolate_na(a[0]), "diff": lambda: numbers.diff(a[0]), "cumsum": lambda: numbers.cumsum(a[0]),
        "rank": lambda: numbers.rank(a[0]), "sortby": lambda: numbers.sortby(a[0]), "sortby_descending": lambda: numbers.sortby(a[0], ascending=False),
        "round": lambda: numbers.round(a[0]), "clip": lambda: numbers.clip(a[0], a[1]), "isnull": lambda: numbers.isnull(), "notnull": lambda: numbers.notnull(),
        "idxmax": lambda: with_dim(numbers, a[0]).idxmax(a[0]), "argmax": lambda: with_dim(numbers, a[0]).drop_vars("t").argmax(a[0]), "differentiate": lambda: with_dim(numbers, a[0]).differentiate(a[0]),
        "integrate": lambda: with_dim(numbers, a[0]).integrate(a[0]), "rolling_mean": lambda: numbers.rolling({a[0]: a[1]}, min_periods=1).mean(),
        "rolling_max": lambda: numbers.rolling({a[0]: a[1]}, center=True).max(), "coarsen": lambda: with_dim(numbers, a[0]).coarsen({a[0]: a[1]}, boundary="trim").mean(),
        "weighted": lambda: with_dim(numbers, a[0]).weighted(np.cos(np.deg2rad(dataset.lat))).mean(a[0]), "reindex": lambda: numbers.reindex({a[0]: a[1]}),
        "interp": lambda: with_dim(numbers, a[0]).interp({a[0]: a[1]}), "pad": lambda: with_dim(numbers, a[0]).pad({a[0]: (a[1], a[2])}, mode="edge"),
        "drop_isel": lambda: numbers.drop_isel({a[0]: a[1]}), "drop_sel": lambda: numbers.drop_sel({a[0]: a[1]}), "expand_dims": lambda: numbers.expand_dims(a[0]),
        "add": lambda: numbers + a[0], "minus_mean": lambda: numbers - numbers.mean(a[0]), "div_array": lambda: numbers / dataset[a[0]],
        "anomaly": lambda: with_dim(numbers, a[0].split(".")[0]).groupby(a[0]) - with_dim(numbers, a[0].split(".")[0]).groupby(a[0]).mean(),
        "stack": lambda: with_dims(numbers, a[1]).stack({a[0]: a[1]}), "polyfit": lambda: with_dim(numbers, a[0]).polyfit(a[0], a[1]), "neg": lambda: -numbers,
    }  # fmt: skip
    return table[method]()


def filled(dataset, dim, method):
    def line(x):
        return getattr(pd.Series(x), method)().values
    return dataset.map(lambda x: xr.apply_ufunc(line, x, input_core_dims=[[dim]], output_core_dims=[[dim]], vectorize=True).transpose(*x.dims) if dim in x.dims else x)


def with_dim(dataset, dim):
    return dataset[[name for name in dataset.data_vars if dim in dataset[name].dims]]


def with_dims(dataset, dims):
    return dataset[[name for name in dataset.data_vars if set(dims) <= set(dataset[name].dims)]]


STEPS = {
    "drop_isel": lambda value, a, run: value.drop_isel({a[0]: a[1]}), "drop_sel": lambda value, a, run: value.drop_sel({a[0]: a[1]}), "sel_side": sel_side,
    "where_drop": lambda value, a, run: value.where(run(a), drop=True), "isel_points": isel_points, "pad_with": pad_with, "construct": construct,
    "rolling_prod": rolling_prod, "rolling_square": rolling_square, "coarsen_construct": coarsen_construct, "coarsen_more": coarsen_more, "histogram": histogram,
    "argmax_over": over("argmax"), "argmin_over": over("argmin"), "split": lambda value, dim, run, pick: value.to_dataset(dim=dim)[float(pick)], "group_map": group_map,
    "dt_round": lambda value, a, run: getattr(value.dt, a[0])(a[1]), "dt_is": dt_is, "exp_spread": exp_spread, "two": two, "pieces": pieces, "same": same,
    "frequency": frequency, "table": table, "pivot": pivot, "cross": lambda value, a, run, dim: xr.cross(value, run(a), dim=dim),
}  # fmt: skip
