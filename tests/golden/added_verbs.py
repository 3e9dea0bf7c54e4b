"""The reference's meaning of the steps that came after `later_verbs.py`.

  {"rolling_place": [DIM, N], "which": "argmax" | "argmin", "centered", "min_periods"}  {"exp_pair": [DIM, ALPHA], "with": PIPELINE, "reduce": "cov" | "corr"}
  {"argsort": DIM}  {"sum_of_squares": [WEIGHTS, DIMS]}  {"resample_by": [DIM, FREQUENCY], "method"}  {"asfreq": [DIM, FREQUENCY]}
  {"resample_from": [DIM, FREQUENCY], "origin", "closed", "label", "reduce"}  {"str": METHOD, "arguments": [...]}  {"str_cat": PIPELINE, "separator"}
  {"sel_level": [DIMS, {LEVEL: LABEL | LIST}]}  {"curvefit": DIM, "function", "pick"}  {"apply_with": PIPELINE, "dim"}  {"group_running": KEY, "what"}
  {"curvilinear_areas": [LATITUDES, LONGITUDES]}
"""
import numpy as np
import pandas as pd
import xarray as xr

from verbs import as_before, wide


def one(value, name, argument, options, run, dataset):
    function = STEPS.get(name)
    return None if function is None else function(value, argument, run, **options)


# ------------------------------------------------------------------ windows, order
def rolling_place(value, argument, run, which, centered=False, min_periods=None):
    """Missing values are left out, which xarray does at the ends only."""
    dim, n = argument
    windows = value.astype("f8").rolling({dim: n}, center=centered).construct("w")
    filled = windows.fillna(-np.inf if which == "argmax" else np.inf)
    return getattr(filled, which)("w").astype("f8").where(windows.count("w") >= (min_periods or n))


def exp_pair(value, argument, run, reduce, **options):
    dim, alpha = argument
    def line(x, y):
        return getattr(pd.Series(x).ewm(alpha=alpha, adjust=True, ignore_na=False), reduce)(pd.Series(y)).values
    a, b = xr.broadcast(wide(value).astype("f8"), wide(run(options["with"])).astype("f8"))
    return xr.apply_ufunc(line, a, b, input_core_dims=[[dim], [dim]], output_core_dims=[[dim]], vectorize=True).transpose(*a.dims)


def argsort(value, dim, run):
    def line(x):
        return np.argsort(x, kind="stable")
    return xr.apply_ufunc(line, value, input_core_dims=[[dim]], output_core_dims=[[dim]], vectorize=True).transpose(*value.dims)


def sum_of_squares(value, argument, run):
    weights, dims = argument
    return wide(value).weighted(wide(run(weights))).sum_of_squares(dims)


# ------------------------------------------------------------------ resampling
def resample_by(value, argument, run, method):
    dim, frequency = argument
    return as_before(wide(value).resample({dim: frequency}).interpolate(method), value).transpose(*value.dims)


def asfreq(value, argument, run):
    dim, frequency = argument
    return value.resample({dim: frequency}).asfreq().transpose(*value.dims)


def resample_from(value, argument, run, origin, reduce, **options):
    dim, frequency = argument
    result = getattr(wide(value).resample({dim: frequency}, origin=origin, **options), reduce)()
    return as_before(result, value).transpose(*value.dims)


def group_running(value, key, run, what):
    dim = key.split(".")[0]
    return as_before(wide(value).groupby(key).map(lambda part: getattr(part, what)(dim)).transpose(*value.dims), value)


# ------------------------------------------------------------------ strings
def of_numpy(value):
    """Strings in numpy's own dtype, which the accessor needs."""
    return value.copy(data=np.array([str(x) for x in value.values.ravel()], "U").reshape(value.shape))


def text(value, method, run, arguments):
    plain = of_numpy(value)
    if method == "part":
        parts = plain.str.split(dim="part", sep=arguments[0] or None)
        place = arguments[1]
        return parts.isel(part=place) if place < parts.sizes["part"] else plain.str.slice(0, 0)
    if method == "extract":
        return plain.str.extract(dim=None, pat=arguments[0])
    if method == "replace_pattern":
        return plain.str.replace(arguments[0], arguments[1].replace("$", "\\"), regex=True)
    if method == "replace":
        return plain.str.replace(*arguments, regex=False)
    name = {"matches": "match", "slice_by": "slice", "strip_of": "strip"}.get(method, method)
    result = getattr(plain.str, name)(*arguments)
    return result.astype("i8") if result.dtype.kind == "i" else result


def str_cat(value, other, run, separator):
    return of_numpy(value).str.cat(of_numpy(run(other)), sep=separator)


# ------------------------------------------------------------------ labels, curves, arrays
def sel_level(value, argument, run):
    dims, labels = argument
    result = value.stack(cell=dims).sel(labels)
    return result.transpose(..., result.dims[-1]) if result.dims else result


def curvefit(value, dim, run, function, pick):
    form, guess = CURVES[function]
    fit = value.astype("f8").curvefit(dim, form, p0=guess, kwargs={"maxfev": 5000, "ftol": 1e-14, "xtol": 1e-14})
    result = fit[f"curvefit_{pick}"]
    order = ["param"] if pick == "coefficients" else ["cov_i", "cov_j"]
    return result.drop_vars([name for name in result.coords if name in order]).transpose(..., *order)


CURVES = {
    "line": (lambda x, a, b: a + b * x, {"a": 1.0, "b": 0.0}),
    "wave": (lambda x, mean, high, low: mean + high * np.cos(np.deg2rad(x)) + low * np.sin(np.deg2rad(x)), {"mean": 200.0, "high": 1.0, "low": 1.0}),
    "hill": (lambda x, top, middle, width: top * np.exp(-((x - middle) ** 2) / (2 * width**2)), {"top": 250.0, "middle": 1.0, "width": 100.0}),
}


def apply_with(value, other, run, dim):
    def line(x, y):
        return np.nansum(x * y) - np.nanmax(y)
    return xr.apply_ufunc(line, value.astype("f8"), run(other).astype("f8"), input_core_dims=[[dim], [dim]], vectorize=True)


# ------------------------------------------------------------------ grids
def curvilinear_areas(value, argument, run):
    """Means by area over points that lie close together: which old cell each lies in, by the signs of triple products."""
    lats, lons = (np.array(x) for x in argument)
    lat2, lon2 = value.lat2.values, value.lon2.values
    points = np.stack([np.cos(np.deg2rad(lat2)) * np.cos(np.deg2rad(lon2)), np.cos(np.deg2rad(lat2)) * np.sin(np.deg2rad(lon2)), np.sin(np.deg2rad(lat2))], -1)
    wider = np.concatenate([2 * points[:1] - points[1:2], points, 2 * points[-1:] - points[-2:-1]])
    wider = np.concatenate([2 * wider[:, :1] - wider[:, 1:2], wider, 2 * wider[:, -1:] - wider[:, -2:-1]], axis=1)
    corners = wider[:-1, :-1] + wider[1:, :-1] + wider[:-1, 1:] + wider[1:, 1:]
    quads = np.stack([corners[:-1, :-1], corners[:-1, 1:], corners[1:, 1:], corners[1:, :-1]], 2).reshape(-1, 4, 3)
    normals = np.cross(quads, np.roll(quads, -1, axis=1))

    def edges(x):
        middles = (x[:-1] + x[1:]) / 2
        return np.concatenate([[x[0] - (x[1] - x[0]) / 2], middles, [x[-1] + (x[-1] - x[-2]) / 2]])

    n = 240
    row_edges, column_edges = edges(lats), edges(lons)
    flat = value.astype("f8").transpose(..., "y", "x").values.reshape(-1, lat2.size)
    out = np.full((flat.shape[0], lats.size, lons.size), np.nan)
    for i in range(lats.size):
        for j in range(lons.size):
            sines = np.sin(np.deg2rad(row_edges[i])) + (np.arange(n) + 0.5) / n * (np.sin(np.deg2rad(row_edges[i + 1])) - np.sin(np.deg2rad(row_edges[i])))
            angles = np.deg2rad(column_edges[j] + (np.arange(n) + 0.5) / n * (column_edges[j + 1] - column_edges[j]))
            s, a = (x.ravel() for x in np.meshgrid(sines, angles, indexing="ij"))
            places = np.stack([np.sqrt(1 - s**2) * np.cos(a), np.sqrt(1 - s**2) * np.sin(a), s], -1)
            signs = np.einsum("pk,qek->pqe", places, normals) > 0
            inside = signs.all(-1) | (~signs).all(-1) & (np.einsum("pk,qk->pq", places, quads.sum(1)) > 0)
            counts = inside.sum(0)
            for k in range(flat.shape[0]):
                held = counts * ~np.isnan(flat[k])
                out[k, i, j] = np.nansum(np.where(held > 0, flat[k], 0) * held) / held.sum() if held.sum() else np.nan
    others = [dim for dim in value.dims if dim not in ("y", "x")]
    shape = [value.sizes[dim] for dim in others]
    result = xr.DataArray(out.reshape(*shape, lats.size, lons.size), dims=[*others, "lat", "lon"])
    return as_before(result, value)


STEPS = {
    "rolling_place": rolling_place, "exp_pair": exp_pair, "argsort": argsort, "sum_of_squares": sum_of_squares, "resample_by": resample_by,
    "asfreq": asfreq, "resample_from": resample_from, "group_running": group_running, "str": text, "str_cat": str_cat, "sel_level": sel_level,
    "curvefit": curvefit, "apply_with": apply_with, "curvilinear_areas": curvilinear_areas,
}  # fmt: skip
