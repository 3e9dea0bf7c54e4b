"""What is asked of the operations of later_verbs.py. Each section yields (store, pipeline)."""
import numpy as np

from further_cases import BELT, COLUMN, FEW, LINE, b, between, v

POINT = [{"isel": ["lat", 1]}, {"isel": ["lon", 1]}]


def further_selections():
    for name in ("t", "n", "p"):
        yield b(name, FEW, {"drop_isel": ["lat", [0, -1]]})
        yield b(name, FEW, LINE, {"drop_isel": ["lon", [2]]})
        yield b(name, FEW, {"drop_sel": ["lat", [0.0, 60.0]]})
        yield b(name, FEW, LINE, {"drop_sel": ["lon", [90.0, 45.0]]})
        yield b(name, FEW, {"isel_points": {"lat": [0, -1, 2, 2], "lon": [7, 3, 0, -2]}})
        yield b(name, LINE, {"isel_points": {"time": [0, 5, -1], "lon": [1, 2, 3]}})
        yield b(name, BELT, {"isel_points": {"time": [4, 4], "lat": [1, 2], "lon": [0, 2]}})
    for label in (10.0, 59.0, [1.0, -12.0, 60.0]):
        for side in ("ffill", "bfill"):
            yield b("t", FEW, BELT, {"sel_side": ["lat", label], "side": side})
            yield b("n", FEW, BELT, {"sel_side": ["lat", label], "side": side})
    for label in (13.0, [100.0, 226.0]):
        for side in ("ffill", "bfill"):
            yield b("p", FEW, LINE, {"sel_side": ["lon", label], "side": side})
    for limit in (281.0, 283.0, 275.0):
        yield b("t", FEW, {"where_drop": v("t", FEW, {"gt": limit})})
        yield b("p", LINE, {"where_drop": v("p", LINE, {"gt": limit})})
    yield b("t", FEW, {"where_drop": v("l", {"gt": 10})})
    for dims in (["lat", "lon"], ["time"], ["time", "lat", "lon"]):
        for name in ("p", "n"):
            for what in ("argmax_over", "argmin_over"):
                for pick in dims:
                    yield b(name, {what: dims, "pick": pick})


def further_blocks():
    for name in ("t", "n", "p"):
        yield b(name, LINE, BELT, {"construct": {"time": 3}})
        yield b(name, FEW, LINE, {"construct": {"lon": 4}, "centered": True})
        yield b(name, FEW, {"isel": ["lon", between(0, 4)]}, {"construct": {"lat": 2, "lon": 3}})
        yield b(name, LINE, BELT, {"coarsen_construct": ["time", 5]})
        yield b(name, LINE, BELT, {"coarsen_construct": ["time", 6]}, {"coord": "time"})
        yield b(name, FEW, LINE, {"coarsen_construct": ["lon", 3]})
        for value in (0, -7):
            yield b(name, FEW, LINE, {"pad_with": ["lon", 2, 1, value]})
        for reduction in ("var", "prod"):
            yield b(name, LINE, {"sub": 280}, {"mul": 0.5}, {"coarsen_more": {"lon": 2}, "reduce": reduction})
        for reduction in ("any", "all"):
            yield b(name, LINE, {"gt": 280}, {"coarsen_more": {"lon": 3}, "reduce": reduction})
            yield b(name, FEW, {"gt": 280}, {"coarsen_more": {"lon": 4, "lat": 2}, "reduce": reduction})
    for reduction in ("std", "var", "median", "quantile"):
        for sizes, options in (({"lat": 2, "lon": 3}, {"min_periods": 4}), ({"lat": 3, "lon": 3}, {"centered": True, "min_periods": 1}), ({"time": 4, "lon": 2}, {})):
            for name in ("t", "p", "n"):
                yield b(name, *([FEW] if "time" not in sizes else [LINE]), {"rolling_square": sizes, "reduce": reduction, **options})
    for n, least in ((3, None), (5, 2)):
        step = {"rolling_prod": ["time", n]} | ({"min_periods": least} if least else {})
        yield b("t", *COLUMN, {"mul": 0.01}, step)
        yield b("p", *COLUMN, {"mul": 0.01}, step)
    for kind, number in (("span", 3), ("halflife", 2.5), ("com", 1.5), ("alpha", 0.3)):
        for reduction in ("var", "std"):
            yield b("t", *COLUMN, {"exp_spread": ["time", kind, number], "reduce": reduction})
            yield b("p", FEW, LINE, {"exp_spread": ["lon", kind, number], "reduce": reduction})


def bins_and_maps():
    for edges in ([270.0, 275.0, 280.0, 285.0, 290.0], [279.5, 280.0], list(np.arange(250.0, 310.0, 2.5))):
        for dims in (["time"], ["lat", "lon"], ["lon"]):
            for name in ("t", "p"):
                yield b(name, *([FEW] if "time" not in dims else []), {"histogram": edges, "dims": dims})
    for edges in ([0, 10, 20, 50], [-5.0, 0.0, 5.0]):
        yield b("n", {"histogram": edges, "dims": ["time", "lon"]})
    for key in ("time.month", "time.season", "time.year"):
        for function in ("standard", "range"):
            yield "years.zarr", v("t", *POINT, {"group_map": key, "function": function})
            yield "years.zarr", v("t", {"isel": ["lat", 0]}, {"group_map": key, "function": function}, *([{"isel": ["time", between(0, 40)]}] if function == "standard" else []))
    for name in ("fmax", "fmin", "logaddexp"):
        for other in (v("p", FEW, {"mul": 0.001}), v("station")):
            if other[0]["read"] == "p":
                yield b("t", FEW, {"mul": 0.001}, {"two": name, "with": other})
            yield b("p", FEW, {"mul": 0.001}, {"two": name, "with": v("p", FEW, {"where": v("p", FEW, {"gt": 280})}, {"mul": 0.001})})
    yield b("p", FEW, {"isel": ["lat", between(0, 3)]}, {"cross": v("p", {"isel": ["time", 2]}, {"isel": ["lat", between(0, 3)]}), "dim": "lat"})
    yield b("p", FEW, {"isel": ["lat", between(1, 4)]}, {"cross": v("p", FEW, {"isel": ["lat", between(1, 4)]}, {"sub": 270}), "dim": "lat"})


def further_dates():
    for step in (["floor", "D"], ["ceil", "D"], ["round", "D"], ["floor", "7h"], ["ceil", "6h"], ["round", "6h"], ["round", "2h"]):
        yield "hours.nc", v("t", *POINT, {"coord": "time"}, {"dt_round": step})
    for name in ("is_month_start", "is_month_end", "is_quarter_start", "is_quarter_end", "is_year_start", "is_year_end"):
        for store in ("years.zarr", "days360.nc"):
            yield store, v("t", *POINT, {"coord": "time"}, {"dt_is": name})
    for store in ("base.zarr", "years.zarr", "hours.nc"):
        yield store, v("t", *POINT, {"coord": "time"}, {"frequency": True})
        yield store, v("t", *POINT, {"coord": "time"}, {"isel": ["time", [0, 1, 3, 4]]}, {"frequency": True})
    for frequency in ("MS", "ME", "QS", "YS", "YE"):
        yield "years.zarr", v("t", *POINT, {"resample": ["time", frequency], "reduce": "mean"}, {"coord": "time"}, {"frequency": True})


def pieces_and_tables():
    for name in ("t", "n", "p"):
        yield b(name, FEW, {"pieces": {"lat": [2]}})
        yield b(name, LINE, {"pieces": {"time": [3, 11, 20]}})
        yield b(name, FEW, {"pieces": {"lat": [1, 3], "lon": [4]}})
        yield b(name, {"isel": ["time", between(0, 6)]}, {"pieces": {"time": [2], "lat": [3], "lon": [2, 5]}}, LINE)
        for column in ("x", "lat", "lon"):
            yield b(name, FEW, {"table": column})
        yield b(name, {"isel": ["time", between(0, 4)]}, LINE, {"table": "time"})
        yield b(name, FEW, {"pivot": True})
        yield b(name, LINE, {"isel": ["time", between(0, 4)]}, {"pivot": True})
        for what in ("equals", "identical", "broadcast_equals"):
            yield b(name, FEW, {"same": what, "with": v(name, FEW)})
            yield b(name, FEW, {"same": what, "with": v(name, FEW, {"rename": {"lat": "y"}})})
            yield b(name, FEW, {"same": what, "with": v(name, FEW, {"add": 1})})
            yield b(name, LINE, {"same": what, "with": v(name, {"isel": ["lat", 3]})})
    yield b("t", FEW, {"isel": ["time", 0]}, {"same": "broadcast_equals", "with": v("t", FEW, {"isel": ["time", 0]}, {"expand_dims": "member"})})
    for pick in ("60.0", "-30.0"):
        yield b("t", FEW, {"split": "lat", "pick": pick})
        yield b("n", FEW, {"split": "lat", "pick": pick})
    yield "base.zarr", [{"to_array": ["t", "p"]}, FEW]
    yield "base.zarr", [{"to_array": ["t", "n", "weight"]}, FEW, LINE]
    yield "base.zarr", [{"to_array": ["weight", "station"]}]


def dataset_verbs():
    rows = (
        ("sel", ["lat", [30.0, -30.0]]), ("quantile", [0.25, "time"]), ("quantile", [[0.1, 0.9], ["lat", "lon"]]), ("shift", ["time", 2]), ("roll", ["lon", 3]), ("ffill", ["time"]),
        ("bfill", ["lat"]), ("interpolate_na", ["time"]), ("diff", ["lon"]), ("cumsum", ["time"]), ("rank", ["time"]), ("sortby", ["lat"]), ("sortby_descending", ["lon"]),
        ("round", [1]), ("clip", [275, 285]), ("isnull", []), ("notnull", []), ("idxmax", ["lat"]), ("argmax", ["time"]), ("differentiate", ["lat"]), ("integrate", ["lat"]),
        ("rolling_mean", ["time", 4]), ("rolling_max", ["lon", 3]), ("coarsen", ["lon", 3]), ("weighted", ["lat"]), ("reindex", ["lat", [60.0, 10.0, -30.0]]),
        ("interp", ["lat", [12.0, -7.0]]), ("pad", ["lon", 1, 2]), ("drop_isel", ["lat", [1, 2]]), ("drop_sel", ["lon", [45.0]]), ("expand_dims", ["member"]), ("add", [1.5]),
        ("minus_mean", ["time"]), ("div_array", ["weight"]), ("stack", ["z", ["lat", "lon"]]), ("polyfit", ["lat", 1]), ("neg", []),
    )  # fmt: skip
    for method, arguments in rows:
        for name in ("t", "n", "p", "weight", "station"):
            dims = {"t": ["time", "lat", "lon"], "n": ["time", "lat", "lon"], "p": ["time", "lat", "lon"], "weight": ["lat"], "station": ["lon"]}[name]
            needs = {"idxmax": "lat", "argmax": "time", "differentiate": "lat", "integrate": "lat", "coarsen": "lon", "weighted": "lat", "interp": "lat", "pad": "lon", "polyfit": "lat"}.get(method)
            if (needs and needs not in dims) or (method == "stack" and len(dims) == 1) or (method == "rank" and (name == "n" or "time" not in dims)) or (method, name) == ("argmax", "t"):
                continue
            cut = [] if method in ("quantile", "weighted", "integrate", "idxmax", "argmax", "minus_mean", "polyfit") or len(dims) == 1 else [FEW]
            if method in ("cumsum", "rolling_mean", "interpolate_na", "ffill", "shift", "rank"):
                cut = [LINE, BELT] if len(dims) == 3 else []
            var = f"{name}_polyfit_coefficients" if method == "polyfit" else name
            yield "base.zarr", [{"ds": method, "arguments": arguments, "var": var}, *cut]
    for key in ("time.month", "time.season"):
        yield "years.zarr", [{"ds": "anomaly", "arguments": [key], "var": "t"}, *POINT, {"isel": ["time", between(0, 50)]}]


SECTIONS = (further_selections, further_blocks, bins_and_maps, further_dates, pieces_and_tables, dataset_verbs)


def tolerance(section, steps, result):
    """None for the sections of other files. f64: 1e-12 of the largest value; f32: one rounding."""
    if section not in SECTIONS:
        return None
    if result.dtype.kind != "f":
        return {"ulp": 0}
    text = str(steps)
    if section in (further_selections, pieces_and_tables) and "mean" not in text:
        return {"ulp": 0}
    values = np.abs(np.where(np.isfinite(result.values), result.values, 0))
    largest = float(values.max()) if result.size else 1.0
    if result.dtype == np.float32:
        # Spreads are differences of nearly equal numbers.
        return {"absolute": 64 * float(np.finfo("f4").eps) * max(largest, 1.0)} if any(word in text for word in ("standard", "var", "std")) else {"ulp": 1}
    scale = 300.0 if any(word in text for word in ("var", "std", "minus_mean", "differentiate", "diff", "anomaly", "polyfit", "cumsum", "integrate")) else largest
    return {"absolute": 1e-12 * max(largest, scale)}
