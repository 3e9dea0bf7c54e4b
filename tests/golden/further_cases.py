"""What is asked of the operations of verbs.py: one function for each row of the table of features. Each yields (store, pipeline)."""
import json

import numpy as np


def v(name, *steps):
    return [{"read": name}, *steps]


def between(a, b):
    return {"range": [a, b]}


FEW = {"isel": ["time", between(6, 9)]}
LINE = {"isel": ["lat", 2]}
COLUMN = [{"isel": ["lat", 1]}, {"isel": ["lon", 4]}]
BELT = {"isel": ["lon", between(2, 5)]}


def b(name, *steps):
    return "base.zarr", v(name, *steps)


def elementwise():
    cut = [FEW, LINE]
    for function in ("sin", "cos", "tan", "exp", "ln", "log1p", "expm1", "log2", "log10", "exp2", "sqrt", "cbrt", "abs", "sign", "square", "floor", "ceil", "trunc", "rint", "sinh", "cosh", "tanh", "asinh", "atan", "sin_deg", "cos_deg", "tan_deg", "deg2rad", "rad2deg", "is_finite", "is_infinite"):
        for name, scale in (("t", 0.01), ("p", 0.01)):
            yield b(name, *cut, {"sub": 280}, {"mul": scale * 10}, {"fn": function})
    for function in ("asin", "acos", "atanh"):
        yield b("p", *cut, {"sub": 280}, {"mul": 0.01}, {"fn": function})
    yield b("p", *cut, {"fn": "acosh"})
    for function in ("abs", "sign", "floor", "sqrt"):
        yield b("n", *cut, {"fn": function})
    for decimals in (0, 1, 2, -1):
        yield b("t", *cut, {"round": decimals})
        yield b("p", *cut, {"round": decimals})
    for limits in ([275, 285], [0, 280.5], [281.25, 400]):
        yield b("t", *cut, {"clip": limits})
        yield b("p", *cut, {"clip": limits})
    yield b("n", *cut, {"clip": [-100, 100]})
    for operation in ("maximum", "minimum", "hypot", "atan2", "rem", "floor_div", "pow"):
        yield b("p", *cut, {operation: 2.5})
        yield b("t", FEW, {operation: [{"read": "offset"}]} if operation != "pow" else {operation: 2})
    yield b("n", *cut, {"rem": 7})
    yield b("n", *cut, {"floor_div": 7})
    for values in ([3, 5], [0, 1, 2, 100]):
        yield b("u", *cut, {"isin": values})
        yield b("station", {"isin": [20, 70, 5]})


def missing():
    cut = [FEW, LINE]
    for step in ({"isnull": True}, {"notnull": True}, {"fillna": 0}, {"fillna": -1.5}, {"fillna": [{"read": "offset"}]}):
        yield b("t", *cut, step)
        yield b("p", *cut, step)
    yield b("t", FEW, {"fillna": [{"read": "p"}, {"cast": "float32"}]})
    yield b("t", FEW, {"fillna": [{"read": "t"}, {"mean": ["time"]}]}, LINE)
    yield b("t", *cut, {"combine_first": [{"read": "t"}, {"isel": ["time", between(8, 11)]}, LINE]})
    yield b("t", *cut, {"isel": ["lon", between(0, 3)]}, {"combine_first": [{"read": "t"}, *cut]})
    yield b("t", FEW, {"dropna": "lon", "how": "all"})
    yield b("t", *COLUMN, {"dropna": "time"})
    for dim in ("time", "lat", "lon"):
        for step in ("ffill", "bfill"):
            yield b("t", FEW if dim != "time" else BELT, {step: dim}, *([{"isel": ["time", between(0, 8)]}] if dim == "time" else []))
            yield b("t", FEW if dim != "time" else BELT, {step: dim, "limit": 1}, *([{"isel": ["time", between(0, 8)]}] if dim == "time" else []))
    yield b("n", *cut, {"ffill": "lon"})
    for method in ("linear", "nearest"):
        yield b("t", *COLUMN, {"interpolate_na": "time", "method": method})
        yield b("t", FEW, LINE, {"interpolate_na": "lon", "method": method})
    yield b("t", FEW, {"sortby": "lat"}, {"interpolate_na": "lat", "limit": 1}, LINE)


def dates():
    fields = "year month day hour minute second dayofyear dayofweek quarter season days_in_month days_in_year is_leap_year decimal_year".split()
    for store in ("years.zarr", "hours.nc", "days360.nc"):
        cut = {"isel": ["time", {"range": [0, 800]}]} if store != "years.zarr" else {"isel": ["time", [0, 14, 15, 45, 46, 351, 352, 381, 382, 400, 799]]}
        for field in fields:
            if store == "days360.nc" and field in ("is_leap_year", "days_in_year", "decimal_year", "quarter"):
                continue
            yield store, v("time", cut, {"dt": field})
        for form in ("%Y-%m-%d", "%d %B %Y %H:%M:%S", "%j", "%y%m%dT%H%M"):
            yield store, v("time", cut, {"isel": ["time", between(0, 9)]}, {"strftime": form})
    for store in ("years.zarr", "hours.nc"):
        yield store, v("time", {"isel": ["time", between(0, 60)]}, {"dt": "week"})
    yield "years.zarr", v("time", {"isel": ["time", between(340, 360)]}, {"dt": "week"})
    yield "years.zarr", v("time", {"isel": ["time", between(700, 730)]}, {"dt": "week"})
    for calendar in ("noleap", "all_leap", "julian", "360_day"):
        for field in ("year", "month", "day", "dayofyear", "dayofweek", "season", "hour", "days_in_month"):
            yield f"times_{calendar}.nc", v("days_f8", {"dt": field})


def labels_and_shape():
    cut = [FEW, LINE]
    yield b("t", *cut, {"rename": {"lon": "x"}}, {"coord": "x"})
    yield b("t", *cut, {"rename": {"lon": "x", "time": "when"}}, {"mean": ["when"]})
    yield b("t", *cut, {"assign_coord": ["number", [{"read": "station"}]]}, {"coord": "number"})
    yield b("t", *cut, {"assign_coord": ["number", [{"read": "station"}]]}, {"swap_dims": {"lon": "number"}}, {"isel": ["number", 3]})
    yield b("t", *cut, {"assign_coord": ["number", [{"read": "station"}]]}, {"drop_vars": ["number"]})
    yield b("t", *cut, {"expand_dims": "member"})
    yield b("t", *cut, {"expand_dims": "lat"}, {"coord": "lat"})
    yield b("t", FEW, {"isel": ["lat", between(1, 2)]}, {"squeeze": True})
    for step in ("head", "tail", "thin"):
        for dim in ("time", "lat", "lon"):
            yield b("t", FEW if dim != "time" else LINE, {step: [dim, 2]}, *([BELT] if dim == "time" else [LINE]) if dim != "lat" else [])
    yield b("weight", {"broadcast_like": [{"read": "offset"}]})
    yield b("station", {"broadcast_like": [{"read": "l"}]})
    for coord in ("lat", "lon", "time"):
        yield b("t", FEW, LINE if coord != "lat" else BELT, {"sortby": coord})
        yield b("t", FEW, LINE if coord != "lat" else BELT, {"sortby": coord, "descending": True})
    yield b("t", *cut, {"isel": ["lon", [0, 3, 3, 0, 5]]}, {"drop_duplicates": "lon"})
    yield b("t", *cut, {"isel": ["lon", [0, 3, 3, 0, 5]]}, {"drop_duplicates": "lon"}, {"coord": "lon"})


def combine():
    early, late = {"isel": ["time", between(0, 3)]}, {"isel": ["time", between(3, 7)]}
    for name in ("t", "p", "n", "u"):
        yield b(name, early, LINE, {"concat": [v(name, late, LINE)], "dim": "time"})
    yield b("t", early, LINE, {"concat": [v("p", late, LINE)], "dim": "time"})
    yield b("t", early, LINE, {"concat": [v("t", late, LINE)], "dim": "time"}, {"coord": "time"})
    yield b("t", early, LINE, {"concat": [v("t", late, LINE), v("t", {"isel": ["time", between(7, 9)]}, LINE)], "dim": "time"}, {"isel": ["time", between(2, 8)]})
    yield b("t", {"concat": [v("p", {"cast": "float32"})], "dim": "member"}, FEW, LINE)
    yield b("t", {"concat": [v("t", {"mul": 2})], "dim": "member"}, {"mean": ["member"]}, FEW, LINE)
    yield b("t", FEW, {"isel": ["lat", 0]}, {"concat": [v("t", FEW, {"isel": ["lat", 3]})], "dim": "lat"})
    yield b("t", FEW, {"isel": ["lat", 0]}, {"concat": [v("t", FEW, {"isel": ["lat", 3]})], "dim": "lat"}, {"coord": "lat"})
    yield b("t", FEW, {"isel": ["lat", between(0, 2)]}, {"concat": [v("t", FEW, {"isel": ["lat", between(2, 5)]})], "dim": "lat"}, {"mean": ["lat"]})
    for name in ("t", "n", "u"):
        yield b(name, FEW, LINE, {"reindex": ["lon", [315.0, 10.0, 0.0]]})
        yield b(name, FEW, BELT, {"reindex": ["lat", [60.0, 0.0, 61.0]]})
        yield b(name, FEW, LINE, {"reindex": ["lon", [90.0, 45.0]]})
        yield b(name, FEW, LINE, {"reindex": ["lon", [90.0, 46.0]], "fill": 7})
    for method in ("nearest", "ffill", "bfill"):
        yield b("t", FEW, LINE, {"sortby": "lon"}, {"reindex": ["lon", [1.0, 100.0, 315.0, 320.0]], "method": method})
        yield b("t", FEW, BELT, {"sortby": "lat"}, {"reindex": ["lat", [-55.0, 1.0, 44.0, 70.0]], "method": method})
        yield b("t", FEW, LINE, {"reindex": ["lon", [44.0, 100.0]], "method": method, "tolerance": 5})
    for join in ("inner", "outer", "left", "right"):
        for pick in (0, 1):
            other = v("p", {"isel": ["time", between(8, 11)]}, {"isel": ["lon", between(3, 8)]}, {"isel": ["lat", 1]})
            yield b("t", FEW, {"isel": ["lon", between(0, 5)]}, {"isel": ["lat", 1]}, {"align": other, "join": join, "pick": pick})
    yield b("n", FEW, LINE, {"align": v("n", LINE, {"isel": ["time", between(8, 10)]}), "join": "outer", "pick": 1})


REDUCTIONS = ("mean", "sum", "min", "max", "std", "count")


def resampling():
    point = [{"isel": ["lat", 1]}, {"isel": ["lon", 1]}]
    for store, frequencies in {
        "years.zarr": ("7D", "W", "W-WED", "2W", "MS", "ME", "2MS", "3ME", "QS", "QE", "QS-DEC", "QE-NOV", "YS", "YE", "YS-JUL", "YE-JUN"),
        "hours.nc": ("h", "6h", "12h", "7h", "D", "2D", "W", "MS", "ME"),
        "days360.nc": ("MS", "ME", "QS", "QS-DEC", "QE", "YS", "YE", "2MS", "10D"),
    }.items():
        for frequency in frequencies:
            step = {"resample": ["time", frequency]}
            tight = [{"isel": ["time", between(0, 200)]}] if frequency in ("7D", "W", "W-WED") else [{"isel": ["time", between(0, 12)]}] if frequency == "h" else []
            yield store, v("t", *point, *tight, step | {"reduce": "mean"})
            yield store, v("t", *point, *tight, step | {"reduce": "mean"}, {"coord": "time"})
            for reduction in REDUCTIONS[1:]:
                if frequency in ("MS", "QS-DEC", "YS", "W", "D", "6h") and not (frequency == "h"):
                    yield store, v("t", *point, *tight, step | {"reduce": reduction})
    for frequency in ("MS", "YS", "QE"):
        step = {"resample": ["time", frequency]}
        yield "years.zarr", v("t", *point, step | {"reduce": "mean", "min_count": 27})
        yield "years.zarr", v("t", *point, step | {"reduce": "mean", "keep_nan": True})
        yield "years.zarr", v("t", *point, step | {"reduce": "std", "ddof": 1})
        for reduction in ("first", "last", "median"):
            yield "years.zarr", v("t", *point, step | {"reduce": reduction})
        yield "years.zarr", v("t", *point, step | {"reduce": "quantile", "q": 0.9})
        yield "years.zarr", v("t", step | {"reduce": "max"}, {"isel": ["time", between(0, 3)]})
    for method in ("ffill", "bfill", "nearest", "interpolate"):
        yield "hours.nc", v("t", *point, {"isel": ["time", between(0, 8)]}, {"resample": ["time", "2h"], "upsample": method})
        yield "years.zarr", v("t", *point, {"isel": ["time", between(0, 4)]}, {"resample": ["time", "12h"], "upsample": method})
    yield "years.zarr", v("t", *point, {"resample": ["time", "MS"], "reduce": "max"}, {"rolling": ["time", 3], "reduce": "mean"})


def grouping():
    for store in ("years.zarr", "days360.nc"):
        for seasons in (["DJF", "MAM", "JJA", "SON"], ["JJAS", "ONDJFM"], ["MAM", "NDJ"]):
            for reduction in ("mean", "max", "count"):
                yield store, v("t", {"group_seasons": ["time", seasons], "reduce": reduction})
                if reduction != "count":
                    yield store, v("t", {"isel": ["lon", 1]}, {"resample_seasons": ["time", seasons], "reduce": reduction})
        yield store, v("t", {"group_seasons": ["time", ["DJF", "MAM", "JJA", "SON"]], "reduce": "mean"}, {"coord": "season"})
    for edges in ([-90, -30, 0, 90], [0, 30, 60], [-60, 60]):
        for reduction in ("mean", "sum", "max", "count"):
            yield b("t", FEW, BELT, {"group_bins": ["lat", edges], "reduce": reduction})
    for name in ("station", "weight"):
        for reduction in ("mean", "sum", "max"):
            yield b("t", FEW, {"group_key": v(name, *([{"rem": 30}] if name == "station" else [{"round": 1}])), "reduce": reduction}, *([LINE] if name == "station" else [BELT]))
    for reduction in ("median", "first", "last"):
        yield "years.zarr", v("t", {"group_seasons": ["time", ["DJF", "MAM", "JJA", "SON"]], "reduce": reduction})
        yield b("t", FEW, BELT, {"group_bins": ["lat", [-90, 0, 90]], "reduce": reduction})


def windows():
    for reduction in ("mean", "sum", "min", "max", "std", "var", "count", "median"):
        for window, options in ((3, {}), (4, {"centered": True}), (5, {"centered": True, "min_periods": 2}), (7, {"min_periods": 1})):
            if reduction == "count" and not options.get("min_periods"):
                options = options | {"min_periods": 1}
            yield b("t", *COLUMN, {"rolling": ["time", window], "reduce": reduction, **options})
        yield b("p", FEW, LINE, {"rolling": ["lon", 3], "reduce": reduction, "min_periods": 1})
        yield b("n", FEW, LINE, {"rolling": ["lon", 2], "reduce": reduction})
        yield b("p", BELT, {"rolling": ["lat", 2], "reduce": reduction, "min_periods": 1}, {"isel": ["time", 3]})
    for window, options in ((24, {"min_periods": 3}), (30, {"min_periods": 1}), (11, {"centered": True, "min_periods": 1})):
        for reduction in ("mean", "max", "std"):
            yield b("p", *COLUMN, {"rolling": ["time", window], "reduce": reduction, **options})
            yield b("t", {"rolling": ["time", window], "reduce": reduction, **options}, FEW, LINE)
    yield b("p", *COLUMN, {"rolling": ["time", 5], "reduce": "std", "ddof": 1})
    for reduction in ("mean", "sum", "min", "max", "count"):
        for sizes, boundary in (({"time": 5}, "exact"), ({"time": 4}, "trim"), ({"lat": 2, "lon": 4}, "trim"), ({"lon": 3}, "pad"), ({"lat": 2, "lon": 3}, "pad")):
            yield b("t", *([LINE, BELT] if "time" in sizes else [FEW]), {"coarsen": sizes, "reduce": reduction, "boundary": boundary})
    for dim, n in (("time", 5), ("lon", 4)):
        yield b("p", *([LINE, BELT] if dim == "time" else [FEW]), {"coarsen": {dim: n}, "reduce": "mean"}, {"coord": dim})
        for reduction in ("median", "std"):
            yield b("p", *([LINE, BELT] if dim == "time" else [FEW]), {"coarsen": {dim: n}, "reduce": reduction})


def running():
    for name in ("t", "p", "n", "u"):
        for step in ("cumsum", "cumprod"):
            scale = [{"div": 280}] if step == "cumprod" and name in "tp" else []
            yield b(name, FEW, LINE, *scale, {step: "lon"})
            yield b(name, *COLUMN, *scale, *([{"isel": ["time", between(0, 6)]}] if name in "nu" else []), {step: "time"})
    yield b("p", {"cumsum": ["lat", "lon"]}, FEW, LINE)
    yield b("t", {"gt": 280.0}, {"cumsum": "time"}, FEW, LINE)
    for name in ("t", "n"):
        for dim, cut in (("time", [LINE, BELT]), ("lat", [FEW, BELT]), ("lon", [FEW, LINE])):
            tail = [{"isel": ["time", between(0, 6)]}] if dim == "time" else []
            for n in (1, -2, 0, 40):
                yield b(name, *cut, {"shift": [dim, n]}, *tail)
                yield b(name, *cut, {"roll": [dim, n]}, *tail)
            yield b(name, *cut, {"shift": [dim, 1], "fill": 3}, *tail)
            yield b(name, *cut, {"roll": [dim, 2], "labels": True}, {"coord": dim})
            for n in (1, 2):
                yield b(name, *cut, {"diff": [dim, n]}, *tail)
            for mode in ("missing", "edge", "reflect", "symmetric", "wrap"):
                yield b(name, *cut, *tail, {"pad": [dim, 2, 1], "mode": mode})
    yield b("t", FEW, {"diff": ["lat", 1]}, {"coord": "lat"})


def order():
    for name in ("t", "p", "n"):
        for dims in (["time"], ["lat", "lon"], ["lon"], "ALL"):
            yield b(name, {"median": dims}, *([{"isel": ["time", between(0, 8)]}] if dims != ["time"] and dims != "ALL" else []))
        for q in (0.0, 0.1, 0.5, 0.975, 1.0, [0.25, 0.75]):
            yield b(name, {"quantile": [q, ["time"]]})
        yield b(name, {"quantile": [[0.1, 0.5], ["lat", "lon"]]}, {"isel": ["time", between(3, 7)]})
        yield b(name, FEW, {"fillna": 0}, {"argmax": "lon"})
        yield b(name, FEW, {"fillna": 0}, {"argmin": "lat"})
        yield b(name, FEW, {"idxmax": "lon"})
        yield b(name, FEW, {"idxmin": "lat"})
        yield b(name, {"idxmax": "time"})
        yield b(name, FEW, LINE, {"rank": "lon"})
        yield b(name, *COLUMN, {"rank": "time"})
        for reduction in ("any", "all"):
            yield b(name, {"gt": 290}, {reduction: ["time"]})
        yield b(name, *([{"div": 280}] if name != "n" else [FEW]), {"prod": ["lon"]}, FEW if name != "n" else LINE)
    yield b("t", FEW, LINE, {"rank": "lon", "pct": True})
    yield b("t", {"median": ["time"]}, {"sub": 273.15})


def two_arrays():
    other = v("p")
    for dims in (["time"], ["lat", "lon"]):
        for step in ("cov", "corr", "dot"):
            yield b("t", {step: [other, dims]})
            yield b("p", {step: [v("p", {"mul": 2}, {"add": [{"read": "offset"}]}), dims]})
    yield b("weight", {"dot": [v("offset"), ["lat"]]})


def along_labels():
    for dim, cut in (("lat", [FEW, BELT]), ("lon", [FEW, LINE]), ("time", COLUMN)):
        for name in ("p", "t"):
            for step in ("differentiate", "integrate", "cumulative_integrate"):
                yield b(name, *cut, *([{"fillna": 280}] if name == "t" else []), {step: dim})
    for dim, labels in (("lat", [50.0, 0.0, -45.0, 61.0]), ("lon", [10.0, 45.0, 300.5]), ("lat", [59.0])):
        for method in ("linear", "nearest"):
            yield b("p", FEW, *([BELT] if dim == "lat" else [LINE]), {"interp": [dim, labels], "method": method})
            # At a label whose neighbour is missing scipy gives NaN, we the value that is there.
            inside = [label + 0.25 if label < 60 else label for label in labels]
            yield b("t", FEW, *([BELT] if dim == "lat" else [LINE]), {"interp": [dim, inside], "method": method})
    yield b("p", FEW, BELT, {"interp": ["lat", [50.0, 0.0, -45.0]], "method": "cubic"})
    yield b("p", FEW, LINE, {"interp": ["lon", [330.0, 355.0]]})
    yield b("p", FEW, BELT, {"interp": ["lat", [80.0, -70.0]], "beyond": True})
    yield b("p", FEW, {"interp": ["lat", [10.0, 20.0]]}, {"interp": ["lon", [100.0, 200.0]]})
    for degree in (1, 2):
        yield b("p", FEW, BELT, {"polyfit": ["lat", degree]})
        yield b("t", FEW, LINE, {"polyfit": ["lon", degree]})
    yield b("t", FEW, LINE, {"detrend": "lon"})
    yield b("p", FEW, BELT, {"detrend": "lat"})


def points_and_stacks():
    places = {"lat": [59.0, -61.0, 2.0, 29.0], "lon": [-44.0, 300.0, 170.0, 359.0]}
    for name in ("t", "p", "n", "u"):
        yield b(name, FEW, {"points": places})
        yield b(name, {"points": places}, {"mean": ["time"]})
    yield b("t", FEW, {"points": {"lon": [1.0, 100.0, 350.0]}}, LINE)
    yield b("t", FEW, {"points": places}, {"coord": "lat"})
    yield b("l", {"points": places})
    yield b("t", {"points": places}, {"isel": ["time", 7]}, {"isel": ["station", [3, 0]]})
    for dims in (["lat", "lon"], ["lon", "lat"], ["time", "lon"]):
        yield b("t", FEW, BELT, {"stack": ["z", dims]})
        yield b("t", FEW, BELT, {"stack": ["z", dims]}, {"coord": "lon"})
        yield b("n", FEW, BELT, {"stack": ["z", dims]}, {"isel": ["z", between(2, 5)]})
        yield b("p", FEW, BELT, {"stack": ["z", dims]}, {"unstack": ["z", dims]})
    yield b("p", FEW, BELT, {"stack": ["z", ["lat", "lon"]]}, {"isel": ["z", [0, 3, 7, 10]]}, {"unstack": ["z", ["lat", "lon"]]})
    for store in ("years.zarr", "hours.nc"):
        for keys in (["time.year", "time.month"], ["time.season", "time.year"], ["time.month", "time.day"]):
            for reduction in ("mean", "max", "sum", "count"):
                cut = [{"isel": ["lat", 1]}, {"isel": ["lon", 1]}] + ([{"isel": ["time", between(0, 60)]}] if keys[1] == "time.day" else [])
                yield store, v("t", *cut, {"group_all": keys, "reduce": reduction})


def datasets():
    for method in ("mean", "sum", "max", "std"):
        for name in ("t", "p", "weight"):
            yield "base.zarr", [{"dataset": [method, "time"], "var": name}]
            yield "base.zarr", [{"dataset": [method, ["lat", "lon"]], "var": name}]
    for name in ("t", "n", "weight", "station"):
        yield "base.zarr", [{"dataset": ["isel", {"lat": 2}], "var": name}, *([FEW] if name in "tn" else [])]
        yield "base.zarr", [{"dataset": ["head", {"lon": 3}], "var": name}, *([FEW, LINE] if name in "tn" else [])]
        yield "base.zarr", [{"dataset": ["thin", {"lon": 3}], "var": name}, *([FEW, LINE] if name in "tn" else [])]
        yield "base.zarr", [{"dataset": ["rename", {"lat": "y"}], "var": name}, *([FEW, {"isel": ["y", 2]}] if name in "tn" else [])]
    yield "years.zarr", [{"dataset": ["groupby", ["time.month"]], "var": "t"}]
    yield "years.zarr", [{"dataset": ["resample", ["YS"]], "var": "t"}]


SECTIONS = (elementwise, missing, dates, labels_and_shape, combine, resampling, grouping, windows, running, order, two_arrays, along_labels, points_and_stacks, datasets)
EXACT = (dates, labels_and_shape, missing)


def tolerance(section, dataset, steps, result):
    """None for the sections of generate.py."""
    if section not in SECTIONS:
        return None
    if result.dtype.kind != "f":
        return {"ulp": 0}
    text = json.dumps(steps)
    if section in EXACT and not any(word in text for word in ("mean", "interpolate_na", "decimal_year")):
        return {"ulp": 0}
    largest = float(np.nanmax(np.abs(np.where(np.isfinite(result.values), result.values, 0)))) if result.size else 1.0
    eps = float(np.finfo(result.dtype).eps)
    if any(word in text for word in ('"std"', '"var"', "detrend", "polyfit", "cov", "corr", '"tan', "differentiate", "interp", "cum")):
        # Differences of nearly equal numbers: a few roundings of the largest value that takes part.
        return {"absolute": 64 * eps * max(largest, 1.0 if "corr" in text else 300.0 if result.dtype.kind == "f" else 1.0)}
    return {"ulp": 2 if result.dtype == np.float32 else 16}
