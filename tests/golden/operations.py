"""The reference's meaning of a pipeline, with our own where SEMANTICS differ on purpose (label ranges, cyclic longitude, exact sums).

A pipeline is a list of steps; the first names a variable, each further one works on the value so far:
  {"read": NAME}  {"coord": NAME}  {"isel": [DIM, INT | {"range": [A, B]} | LIST]}  {"transpose": DIMS}  {"cast": DTYPE}
  {"sel": [DIM, LABEL | {"range": [A, B]} | {"near": X, "within": TOLERANCE} | LIST]}
  {"mean" | "sum" | "min" | "max" | "std" | "var" | "count": DIMS | "ALL", "keep_nan", "min_count", "ddof": ...}
  {"group": "time.month", "reduce": "mean", ...options}  {"group_sub" | "group_add" | "group_mul" | "group_div": "time.month", "reduce": "mean"}
  {"add" | "sub" | "mul" | "div" | "rsub" | "rdiv" | "gt" | "ge" | "lt" | "le" | "eq" | "ne": NUMBER | PIPELINE}  {"neg": true}
  and those of verbs.py, more_verbs.py, climate_verbs.py, later_verbs.py and added_verbs.py
  {"and" | "or": PIPELINE}  {"not": true}  {"where": PIPELINE}  {"where_else": [PIPELINE, NUMBER | PIPELINE]}
"""
import operator

import numpy as np
import xarray as xr

import added_verbs
import climate_verbs
import later_verbs
import more_verbs
import verbs

REDUCTIONS = ("mean", "sum", "min", "max", "std", "var", "count")
BINARY = {
    "add": operator.add, "sub": operator.sub, "mul": operator.mul, "div": operator.truediv,
    "rsub": lambda a, b: b - a, "rdiv": lambda a, b: b / a,
    "gt": operator.gt, "ge": operator.ge, "lt": operator.lt, "le": operator.le, "eq": operator.eq, "ne": operator.ne,
    "and": operator.and_, "or": operator.or_,
}  # fmt: skip


def run(dataset, pipeline):
    if not isinstance(pipeline, list):
        return pipeline
    value = None
    for step in pipeline:
        value = one(dataset, value, step)
    return value


def one(dataset, value, step):
    (name, argument), *_ = step.items()
    options = {k: v for k, v in step.items() if k != name}
    if name == "read":
        return dataset[argument]
    if value is None and (found := later_verbs.first(name, argument, options, dataset)) is not None:
        return found
    if value is None and (found := more_verbs.first(name, argument, options, dataset.encoding.get("source"))) is not None:
        return found
    if name == "coord":
        return value[argument]
    if name == "isel":
        dim, where = argument
        return value.isel({dim: slice(*where["range"]) if isinstance(where, dict) else where})
    if name == "sel":
        return select(value, *argument)
    if name == "transpose":
        return value.transpose(*argument)
    if name == "cast":
        return value.astype(argument)
    if name in REDUCTIONS:
        return reduce(value, name, None if argument == "ALL" else argument, **options)
    if name == "group":
        return grouped(value, argument, **options)
    if name in ("group_add", "group_sub", "group_mul", "group_div"):
        return BINARY[name[6:]](value.groupby(argument), grouped(value, argument, **options))
    if name == "neg":
        return -value
    if name == "not":
        return ~value
    if name == "where":
        return value.where(run(dataset, argument))
    if name == "where_else":
        return value.where(run(dataset, argument[0]), run(dataset, argument[1]))
    if name in BINARY:
        return BINARY[name](value, run(dataset, argument))
    for further in (verbs, more_verbs, climate_verbs, later_verbs, added_verbs):
        result = further.one(value, name, argument, options, lambda pipeline: run(dataset, pipeline), dataset)
        if result is not None:
            return result
    raise KeyError(name)


# ------------------------------------------------------------------ reductions
def reduce(value, name, dims, keep_nan=False, min_count=None, ddof=None):
    """Sums are taken in extended precision and rounded once to the dtype of the result."""
    skip = {} if name == "count" or value.dtype.kind not in "f" else {"skipna": not keep_nan}
    if name in ("min", "max", "count"):
        result = getattr(value, name)(dims, **skip)
    elif name == "sum" and value.dtype.kind != "f":
        result = value.sum(dims)
    else:
        more = {} if ddof is None else {"ddof": ddof}
        dtype = value.dtype if value.dtype.kind == "f" else np.dtype("f8")
        result = getattr(value.astype(np.longdouble), name)(dims, skipna=not keep_nan, **more).astype(dtype)
    if min_count is not None:
        result = result.where(value.count(dims) >= min_count)
    return result


def grouped(value, key, reduce, **options):
    dim, what = key.split(".")
    return value.groupby(key).map(lambda part: globals()["reduce"](part, reduce, [dim], **options))


# ------------------------------------------------------------------ selection by label
def select(value, dim, label):
    if isinstance(label, dict) and "range" in label:
        a, b = label["range"]
        if value[dim].dtype.kind in "MO":
            return value.sel({dim: slice(a, b)})
        return value.isel({dim: positions_between(value[dim].values.astype("f8"), a, b, dim == "lon")})
    if isinstance(label, dict):
        x = label["near"] % 360 if dim == "lon" else label["near"]
        axis = value[dim].values
        distance = np.abs(axis - x)
        if dim == "lon":
            distance = np.minimum(distance, 360 - distance)
        assert distance.min() <= label.get("within", np.inf)
        return value.isel({dim: int(distance.argmin())})
    if dim == "lon":
        label = [x % 360 for x in label] if isinstance(label, list) else label % 360
    return value.sel({dim: label})


def positions_between(axis, a, b, cyclic):
    """Both ends included, in either direction; across the seam of a longitude: the western part first."""
    if cyclic:
        distance = (axis - a) % 360
        inside = np.flatnonzero(distance <= (b - a) % 360)
        return inside[np.argsort(distance[inside], kind="stable")]
    low, high = (-np.inf if a is None else a), (np.inf if b is None else b)
    if a is not None and b is not None:
        low, high = min(a, b), max(a, b)
    elif axis[0] > axis[-1] and (a is None or b is None):
        pass  # an open end means "from this value up" or "down to", whatever the stored order
    return np.flatnonzero((axis >= low) & (axis <= high))
