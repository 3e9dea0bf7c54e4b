"""What is asked of the operations of more_verbs.py and climate_verbs.py. Each section yields (store, pipeline)."""
import numpy as np

from further_cases import BELT, COLUMN, FEW, LINE, b, between, v

POINT = [{"isel": ["lat", 1]}, {"isel": ["lon", 1]}]


def queries():
    rows = (
        ("lat > 0", {"lat": "lat > 0"}),
        ("-30 <= lat < 60 and lon in [45, 90, 315]", {"lat": "(-30 <= lat) & (lat < 60)", "lon": "np.isin(lon, [45, 90, 315])"}),
        ("lon % 90 == 0 and not lat == 0", {"lon": "lon % 90 == 0", "lat": "lat != 0"}),
        ("lat < -20 or lat > 40", {"lat": "(lat < -20) | (lat > 40)"}),
        ("(lon + 45) / 2 > 100 & lon != 270", {"lon": "((lon + 45) / 2 > 100) & (lon != 270)"}),
        ("time > '2000-01-20' and time <= '2000-01-22'", {"time": "(time >= np.datetime64('2000-01-21')) & (time < np.datetime64('2000-01-23'))"}),
        ("time == '2000-01-17'", {"time": "(time >= np.datetime64('2000-01-17')) & (time < np.datetime64('2000-01-18'))"}),
        ("time.hour == 12 and time.day in [15, 16, 20]", {"time": "(hour == 12) & np.isin(day, [15, 16, 20])"}),
        ("lon not in [0, 45] and lat >= 1e1", {"lon": "~np.isin(lon, [0, 45])", "lat": "lat >= 10"}),
    )
    for text, where in rows:
        for name in ("t", "n"):
            tail = [] if "time" in where else [FEW]
            cut = [LINE] if "lat" not in where else [BELT] if "lon" not in where else []
            yield b(name, *cut, {"query": text, "where": where}, *tail)
    yield "years.zarr", v("t", {"query": "time.month in [6, 7] and time.day < 3", "where": {"time": "np.isin(month, [6, 7]) & (day < 3)"}})
    yield "years.zarr", v("t", *POINT, {"query": "time.season == 'DJF' and time.day == 1", "where": {"time": "(season == 'DJF') & (day == 1)"}})


def curvilinear_points():
    places = [[10.0, 44.0, 52.5, 30.2, 61.0], [0.0, 372.0, -3.0, 20.0, 5.5]]
    for name in ("t", "n"):
        yield "curvilinear.nc", v(name, {"on_grid": places})
        yield "curvilinear.nc", v(name, {"on_grid": places}, {"mean": ["station"]})
    yield "curvilinear.nc", v("t", {"isel": ["time", 1]}, {"on_grid": [[40.0], [10.0]]})


def further_windows():
    for decay in (["span", 3], ["halflife", 2.5], ["com", 1.5], ["alpha", 0.3]):
        for reduction in ("mean", "sum"):
            yield b("t", *COLUMN, {"rolling_exp": "time", "decay": decay, "reduce": reduction})
            yield b("p", FEW, LINE, {"rolling_exp": "lon", "decay": decay, "reduce": reduction})
    for reduction in ("mean", "sum", "min", "max", "std", "count"):
        yield b("t", *COLUMN, {"cumulative": "time", "reduce": reduction})
        yield b("p", FEW, BELT, {"cumulative": "lat", "reduce": reduction})
        yield b("n", FEW, LINE, {"cumulative": "lon", "reduce": reduction})
    for reduction in ("mean", "sum", "min", "max"):
        for sizes, options in (({"lat": 2, "lon": 3}, {"min_periods": 4}), ({"lat": 3, "lon": 3}, {"centered": True, "min_periods": 1}), ({"time": 4, "lon": 2}, {})):
            yield b("t" if options else "p", *([FEW] if "time" not in sizes else [LINE]), {"rolling_box": sizes, "reduce": reduction, **options})
    for reduction in ("median", "std", "mean", "count"):
        yield b("t", FEW, {"coarsen": {"lat": 2, "lon": 4}, "reduce": reduction, "boundary": "trim"})
        yield b("p", {"coarsen": {"time": 5, "lon": 2}, "reduce": reduction}, LINE)
        yield b("n", {"coarsen": {"time": 6, "lat": 5, "lon": 4}, "reduce": reduction})
    for q in (0.1, 0.5, 0.75):
        yield b("t", *COLUMN, {"rolling_own": ["time", 5], "q": q, "min_periods": 3})
        yield b("p", FEW, LINE, {"rolling_own": ["lon", 4], "q": q, "centered": True, "min_periods": 1})


def weighted():
    weights = {"weight": [["lat"], ["lat", "lon"], ["lat", "time"]], "station": [["lon"], ["lon", "lat"]]}
    for name in ("t", "p", "n"):
        for weight, all_dims in weights.items():
            for dims in all_dims:
                # Weights and values that are both f32 or smaller would be f32 in xarray's sums too.
                by = v(weight, {"cast": "float64"})
                for reduction in ("mean", "sum", "std", "var", "sum_of_weights"):
                    yield b(name, {"weighted": [by, dims], "reduce": reduction}, *([FEW] if "time" not in dims else []))
                for q in (0.25, 0.5, [0.1, 0.9]):
                    yield b(name, *([FEW] if "time" not in dims else [BELT]), {"weighted": [by, dims], "reduce": "quantile", "q": q})


def own_functions():
    for name in ("t", "p", "n", "u"):
        for dims in (["time"], ["lat", "lon"], ["lon"]):
            tail = [FEW] if "time" not in dims else []
            for function in ("range", "mean_square"):
                yield b(name, {"own": function, "dims": dims}, *tail)
            if name in "pn":
                yield b(name, *tail, {"apply": "span", "dims": dims})
                yield b(name, *tail, {"apply": "excess", "dims": dims})
        yield b(name, FEW, {"blocks": "root"})
    yield b("t", {"own": "range", "dims": ["time"], "keep_nan": True})
    yield b("t", {"own": "mean_square", "dims": ["time"], "keep_nan": True})


def resampling_options():
    for store, frequencies in {
        "years.zarr": ("5D", "MS", "ME", "QS-DEC", "QE", "YS", "YE-JUN", "W", "2MS", "2W"),
        "hours.nc": ("6h", "12h", "7h", "D", "2D", "W", "MS"),
        "days360.nc": ("MS", "QS-DEC", "YS", "10D"),
    }.items():
        for frequency in frequencies:
            cut = [{"isel": ["time", between(0, 150)]}] if store == "years.zarr" and frequency in ("5D", "W", "2W") else []
            for closed in ("left", "right"):
                for label in ("left", "right"):
                    step = {"resample_with": ["time", frequency], "closed": closed, "label": label}
                    yield store, v("t", *POINT, *cut, step | {"reduce": "mean"})
                    yield store, v("t", *POINT, *cut, step | {"reduce": "mean"}, {"coord": "time"})
    for frequency in ("6h", "7h", "2D"):
        for origin in ("start", "start_day", "epoch", "1999-12-25T03"):
            for offset in (None, "2h", "-90min"):
                more = {"origin": origin} | ({"offset": offset} if offset else {})
                yield "hours.nc", v("t", *POINT, {"isel": ["time", between(0, 40)]}, {"resample_with": ["time", frequency], "reduce": "max", **more})
                yield "hours.nc", v("t", *POINT, {"isel": ["time", between(0, 40)]}, {"resample_with": ["time", frequency], "reduce": "max", **more}, {"coord": "time"})


def calendars():
    for calendar in ("noleap", "360_day", "all_leap", "julian", "standard"):
        for align in ("date", "year"):
            if align == "year" and calendar == "julian":
                continue
            step = {"convert_calendar": calendar, "align": align}
            yield "years.zarr", v("t", *POINT, {"isel": ["time", between(30, 120)]}, step)
            yield "years.zarr", v("t", *POINT, {"isel": ["time", between(30, 120)]}, step, {"coord": "time"})
            if calendar != "360_day":
                yield "days360.nc", v("t", *POINT, step)
                yield "days360.nc", v("t", *POINT, step, {"coord": "time"})
    for calendar in ("noleap", "360_day"):
        yield "years.zarr", v("t", *POINT, {"isel": ["time", between(30, 120)]}, {"convert_calendar": calendar, "align": "date", "frequency": "D"})
        yield "years.zarr", v("t", *POINT, {"isel": ["time", between(30, 120)]}, {"convert_calendar": calendar, "align": "date", "frequency": "D"}, {"coord": "time"})
    for target in (["2000-02-01", 20, "3D", "noleap"], ["2000-01-20", 12, "7D", "360_day"], ["2000-02-10", 10, "2D", "standard"]):
        yield "years.zarr", v("t", *POINT, {"isel": ["time", between(0, 120)]}, {"interp_calendar": target})
        yield "days360.nc", v("t", *POINT, {"interp_calendar": [target[0], target[1], target[2], "noleap"]})
    for start, end, frequency in (("2000-01-15", "2000-03-10", "5D"), ("1999-12-31", 14, "D"), ("2000-01-15", 7, "MS"), ("2000-01-01", 7, "2MS"), ("2000-01-31", 6, "ME"), ("1999-05-05", 5, "QS-DEC"), ("1999-05-05", 5, "QE"), ("1990-07-01", 4, "YS"), ("1990-07-01", 4, "YE"), ("2000-01-01T06", 9, "6h"), ("2000-02-28T22:30", 6, "45min")):
        for calendar in ("standard", "noleap", "360_day", "all_leap", "julian"):
            if calendar == "360_day" and str(start).endswith("-31"):
                continue
            yield "base.zarr", [{"date_range": [start, end, frequency, calendar]}]


def interpolation_at_points():
    places = {"lat": [59.0, -44.0, 2.0, 30.0], "lon": [10.0, 300.0, 170.0, 359.0]}
    for name in ("p", "n", "u"):
        yield b(name, FEW, {"interp_points": places})
        yield b(name, {"interp_points": places}, {"mean": ["time"]})
    yield b("t", FEW, {"fillna": 280.0}, {"interp_points": places})
    yield b("p", FEW, {"interp_points": {"lon": [1.0, 100.0, 350.0]}}, LINE)
    yield b("p", FEW, {"interp_points": {"lat": [12.0, -59.0], "lon": [45.0, 46.0]}}, {"isel": ["point", 1]})
    yield b("p", FEW, {"interp_points": {"lat": [61.0, 0.0], "lon": [45.0, 46.0]}})


def groups_over_cells():
    for key in (v("land", {"cast": "int64"}), v("l", {"rem": 3}), v("station", {"rem": 30}), v("offset", {"round": 0})):
        for name in ("t", "p", "n"):
            for reduction in ("mean", "max", "count"):
                yield b(name, FEW, {"group_over": key, "reduce": reduction})
    yield b("p", FEW, {"group_over": v("l", {"rem": 3}), "reduce": "mean", "arithmetic": "sub"})


def trees():
    for method in ("mean", "sum", "max", "std"):
        for dims in (["x"], ["y"], ["x", "y"]):
            if dims != ["y"]:
                yield "groups.nc", [{"tree": [method, dims], "group": "/", "var": "top"}]
            yield "groups.nc", [{"tree": [method, dims], "group": "/inner", "var": "v"}]


# ------------------------------------------------------------------ climate
def fields():
    for name in ("t", "p", "n"):
        for what in ("field_mean", "field_std", "zonal_mean", "meridional_mean"):
            yield b(name, {"area": what}, *([FEW] if what != "field_mean" else []))


def climatologies():
    for n in (1, 5, 31):
        for options in ({"reduce": "mean"}, {"q": 0.9}, {"q": 0.5}):
            yield "years.zarr", v("t", *POINT, {"running_days": n, **options})
            yield "years.zarr", v("t", {"running_days": n, **options}, {"isel": ["dayofyear", [0, 100, 365]]})
    for frequency in ("YS", "QS-DEC"):
        yield "years.zarr", v("t", {"exceedance": v("t", {"running_days": 5, "q": 0.9}), "frequency": frequency})
    for n in (25, 31):
        yield "years.zarr", v("t", {"resample": ["time", "MS"], "reduce": "mean", "min_count": n}, {"isel": ["lon", 1]})
        yield "years.zarr", v("t", {"resample": ["time", "MS"], "reduce": "sum", "min_count": n}, {"isel": ["lon", 1]})


def trends():
    for store, cut in (("base.zarr", [LINE]), ("hours.nc", [])):
        for pick in ("slope", "intercept"):
            yield store, v("t", *cut, {"trend": "time", "pick": pick})
            yield store, v("t", *cut, {"theil_sen": "time", "pick": pick})
        for pick in ("s", "z", "p"):
            yield store, v("t", *cut, {"mann_kendall": "time", "pick": pick})
            yield store, v("t", *cut, {"round": -1}, {"mann_kendall": "time", "pick": pick})
    for name in ("p", "n"):
        for dim, cut in (("lat", [FEW, BELT]), ("lon", [FEW, LINE])):
            for pick in ("slope", "intercept"):
                yield b(name, *cut, {"trend": dim, "pick": pick})
                yield b(name, *cut, {"theil_sen": dim, "pick": pick})


def patterns():
    for name in ("p", "t"):
        for pick in ("variance_fraction", "component", "pattern"):
            yield b(name, *([] if name == "p" else [{"isel": ["lat", between(0, 2)]}, {"ffill": "time"}, {"bfill": "time"}]), {"eofs": "time", "n": 3, "pick": pick})
    for pick in ("variance_fraction", "component", "pattern"):
        yield b("p", {"eofs": "time", "n": 2, "pick": pick, "weights": v("weight")})


def spells():
    for limit in (275.0, 280.0, 285.0):
        for dim, cut in (("time", []), ("lon", [FEW])):
            for what, n in (("longest", 1), ("count", 2), ("count", 3), ("positions", 2), ("reached", 1)):
                yield b("t", {"gt": limit}, {"runs": dim, "what": what, "n": n}, *(cut or ([FEW, LINE] if what == "reached" else [])))
    for frequency in ("MS", "YS", "QS-DEC"):
        for what, n in (("longest", 1), ("count", 3), ("positions", 3)):
            yield "years.zarr", v("t", *POINT, {"gt": 281.0}, {"runs": "time", "what": what, "n": n, "frequency": frequency})


GRIDS = ([[45.0, 15.0, -15.0, -45.0], [22.5, 112.5, 202.5, 292.5]], [[-50.0, -10.0, 30.0, 55.0], [5.0, 100.0, 355.0]], [[57.5, 52.5, 47.5], [10.0, 20.0, 30.0, 40.0, 50.0]])


def regridding():
    for grid in GRIDS:
        for name in ("p", "n", "u"):
            for method in ("bilinear", "nearest", "conservative"):
                yield b(name, FEW, {"regrid": grid, "method": method})
        for covered in (0.0, 0.5, 0.9, 1.0):
            yield b("t", FEW, {"regrid": grid, "method": "conservative", "covered": covered})
        yield b("t", FEW, {"fillna": 280.0}, {"regrid": grid, "method": "bilinear"})
    for grid in ([[45.0, 0.0, -45.0], [30.0, 120.0, 210.0, 300.0]], [[-60.0, 60.0], [-45.0, 90.0, 225.0]]):
        for reduction in ("mean", "sum", "min", "max", "count"):
            yield b("t", FEW, {"view": grid, "reduce": reduction})
            yield b("p", {"view": grid, "reduce": reduction}, FEW)
    for method in ("bilinear", "nearest"):
        yield "curvilinear.nc", v("t", {"fillna": 280.0}, {"curvilinear": [[30.0, 41.0, 50.5], [3.0, 12.0]], "method": method})
        yield "curvilinear.nc", v("n", {"curvilinear": [[35.0, 44.4], [0.5, 7.0, 14.0]], "method": method})
    for pole in ([39.25, -162.0], [60.0, 20.0]):
        yield b("p", FEW, {"rotated": [*pole, [10.0, 20.0, 33.0], [-40.0, 0.0, 25.0, 100.0]]})
        yield b("p", {"mean": ["time"]}, {"rotated": [*pole, [-5.0, 5.0], [10.0, 20.0]]})
    yield b("p", FEW, {"projected": ["+proj=merc +a=6378137 +b=6378137 +lat_ts=0 +lon_0=0 +x_0=0 +y_0=0 +k=1 +units=m +no_defs", [5e6, 0.0, -3e6], [-1e6, 1e6, 4e6]]})


POLYGONS = [["east", [[10, -40], [140, -40], [140, 40], [100, 70], [10, 40]]], ["west", [[-140, -70], [-20, -70], [-20, 65], [-100, 10]]], ["seam", [[-10, -35], [5, -35], [5, 35], [-10, 35]]]]


def zones():
    for what in ("inside", "clip", "mean", "weighted"):
        for polygons in (POLYGONS, POLYGONS[:1], POLYGONS[1:]):
            yield b("t", FEW, {"regions": polygons, "what": what})
            if what in ("mean", "weighted"):
                yield b("p", {"regions": polygons, "what": what}, FEW)
    for longitude in (0.0, 150.0, -100.0, 300.0):
        for reduction in ("mean", "max"):
            yield "hours.nc", v("t", *POINT, {"solar_day": longitude, "reduce": reduction})
            yield "hours.nc", v("t", *POINT, {"solar_day": longitude, "reduce": reduction}, {"coord": "time"})


SECTIONS = (queries, curvilinear_points, further_windows, weighted, own_functions, resampling_options, calendars, interpolation_at_points, groups_over_cells, trees, fields, climatologies, trends, patterns, spells, regridding, zones)
EXACT = (queries, curvilinear_points, trees)


def tolerance(section, steps, result):
    """None for the sections of other files. f64: 1e-12 of the largest value; f32: one rounding."""
    if section not in SECTIONS:
        return None
    if result.dtype.kind in "fc":
        values = np.abs(np.where(np.isfinite(result.values), result.values, 0))
        largest = float(values.max()) if result.size else 1.0
        if result.dtype == np.float32:
            return {"absolute": 64 * float(np.finfo("f4").eps) * max(largest, 300.0)} if "std" in str(steps) or section in (climatologies,) and "exceedance" in str(steps) else {"ulp": 1}
        if section in (patterns, trends, regridding) or any(word in str(steps) for word in ("'std'", "'var'", "interp", "field_std")):
            # Differences of nearly equal numbers: of the values that go in.
            return {"absolute": 1e-12 * max(largest, 1.0 if section is patterns else 300.0 if section is not trends else largest) * (1e3 if "curvilinear" in str(steps) else 1)}
        return {"absolute": 1e-12 * largest}
    return {"ulp": 0}
