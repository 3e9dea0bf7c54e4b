"""What is asked of the operations of added_verbs.py. Each section yields (store, pipeline)."""
import numpy as np

from further_cases import BELT, COLUMN, FEW, LINE, b, between, v

POINT = [{"isel": ["lat", 1]}, {"isel": ["lon", 1]}]


def curves():
    """Interpolation by every method, at other labels, in gaps and between the labels of a resampling."""
    full = [{"fillna": 280.0}]
    for method in ("zero", "quadratic", "cubic", "pchip", "akima", "makima", "barycentric", "krogh"):
        for labels in ([45.0, -1.0, 30.0, 59.9], [-60.0, 12.5], [60.0]):
            yield b("p", FEW, BELT, {"interp": ["lat", labels], "method": method})
            yield b("t", *full, FEW, BELT, {"interp": ["lat", labels], "method": method})
    for method in ("zero", "quadratic", "pchip", "akima", "makima"):
        yield b("t", *COLUMN, {"interpolate_na": "time", "method": method})
        yield b("t", FEW, LINE, {"interpolate_na": "lon", "method": method})
        yield b("t", *POINT, {"interpolate_na": "time", "method": method, "limit": 1})
    for store, frequency in (("years.zarr", "12h"), ("years.zarr", "5D"), ("hours.nc", "2h"), ("hours.nc", "30min")):
        for method in ("zero", "nearest", "quadratic", "cubic", "slinear"):
            cut = [{"isel": ["time", between(0, 24)]}, {"isel": ["lat", 1]}, {"fillna": 280.0}]
            yield store, v("t", *cut, {"resample_by": ["time", frequency], "method": method})


def resampled_backwards():
    for store, frequencies in (("years.zarr", ("7D", "36h", "10D")), ("hours.nc", ("5h", "7h", "1D"))):
        for frequency in frequencies:
            for origin in ("end", "end_day"):
                for more in ({}, {"closed": "left"}, {"label": "left"}, {"closed": "left", "label": "left"}):
                    for reduce in ("mean", "max"):
                        cut = [{"isel": ["time", between(0, 60)]}, *POINT]
                        yield store, v("t", *cut, {"resample_from": ["time", frequency], "origin": origin, "reduce": reduce, **more})
                yield store, v("t", *POINT, {"resample_from": ["time", frequency], "origin": origin, "reduce": "mean"}, {"coord": "time"})
    for frequency in ("12h", "2D", "8h"):
        yield "years.zarr", v("t", {"isel": ["time", between(0, 20)]}, *POINT, {"asfreq": ["time", frequency]})
    for what in ("cumsum", "cumprod"):
        for key in ("time.month", "time.season", "time.year"):
            yield "years.zarr", v("t", {"isel": ["time", between(0, 90)]}, *POINT, {"mul": 0.0035}, {"group_running": key, "what": what})


def windows_and_order():
    for which in ("argmax", "argmin"):
        for options in ({}, {"min_periods": 1}, {"centered": True}, {"centered": True, "min_periods": 2}):
            for dim, n, cut in (("time", 4, [LINE, BELT]), ("time", 9, [LINE, BELT]), ("lon", 3, [FEW])):
                for name in ("t", "p", "n"):
                    yield b(name, *cut, {"rolling_place": [dim, n], "which": which, **options})
    for reduce in ("cov", "corr"):
        for alpha in (0.1, 0.5, 1.0):
            for other in ("p", "n"):
                if alpha < 1:
                    yield b("t", LINE, BELT, {"exp_pair": ["time", alpha], "with": v(other, LINE, BELT), "reduce": reduce})
                    yield b("t", FEW, {"exp_pair": ["lon", alpha], "with": v(other, FEW), "reduce": reduce})
            yield b("p", LINE, {"exp_pair": ["time", 0.3], "with": v("t", LINE, {"mean": ["lon"]}), "reduce": reduce})
    for name in ("t", "p", "n", "h", "u"):
        yield b(name, LINE, BELT, {"argsort": "time"})
        yield b(name, FEW, {"argsort": "lon"})
        yield b(name, FEW, {"argsort": "lat"})
    yield b("time", {"argsort": "time"})
    for name in ("t", "p", "n"):
        yield b(name, FEW, {"sum_of_squares": [v("weight"), ["lat", "lon"]]})
        yield b(name, FEW, {"sum_of_squares": [v("weight"), ["lat"]]})


def two_arrays_and_curves():
    for name in ("t", "p", "n"):
        for dim, cut in (("time", [LINE]), ("lon", [FEW]), ("lat", [FEW])):
            yield b(name, *cut, {"apply_with": v("p", *cut), "dim": dim})
        yield b(name, LINE, {"apply_with": v("t", LINE, {"isel": ["lon", 1]}), "dim": "time"})
    full = [{"fillna": 280.0}]
    for pick in ("coefficients", "covariance"):
        yield b("p", LINE, {"curvefit": "lon", "function": "line", "pick": pick})
        yield b("p", *full, LINE, {"curvefit": "lon", "function": "wave", "pick": pick})
        yield b("t", FEW, {"isel": ["lon", 2]}, {"curvefit": "lat", "function": "line", "pick": pick})
        yield b("p", FEW, {"isel": ["lon", 3]}, {"curvefit": "lat", "function": "hill", "pick": pick})


def levels():
    for name in ("t", "n", "p"):
        cut = [FEW] if name != "u" else []
        yield b(name, *cut, {"sel_level": [["lat", "lon"], {"lat": 30.0}]})
        yield b(name, *cut, {"sel_level": [["lat", "lon"], {"lon": 90.0}]})
        yield b(name, *cut, {"sel_level": [["lon", "lat"], {"lon": 315.0, "lat": 0.0}]})
        yield b(name, *cut, {"sel_level": [["lat", "lon"], {"lat": -60.0, "lon": 45.0}]})
        yield b(name, LINE, BELT, {"sel_level": [["time", "lon"], {"lon": 90.0}]})
        yield b(name, FEW, {"sel_level": [["time", "lat", "lon"], {"lon": 45.0, "lat": 30.0}]})


def strings():
    calls = [
        ("len", []), ("upper", []), ("lower", []), ("title", []), ("capitalize", []), ("swapcase", []), ("strip", []), ("isalpha", []), ("isalnum", []),
        ("isdigit", []), ("islower", []), ("isupper", []), ("isspace", []), ("contains", ["a"]), ("contains", ["^[A-M].*"]), ("contains", ["(?:e|i)n$"]), ("matches", ["[A-Z][a-z]+"]),
        ("count", ["[aeiou]"]), ("count", ["."]), ("startswith", ["B"]), ("endswith", ["n"]), ("find", ["n"]), ("rfind", ["n"]), ("find", ["xyz"]), ("slice", [1, 3]), ("slice", [-3, None]),
        ("slice", [None, -1]), ("slice_by", [None, None, -1]), ("slice_by", [0, 9, 2]), ("get", [0]), ("get", [-1]), ("get", [30]), ("replace", ["n", "$1"]), ("replace", [".", "-"]), ("replace_pattern", ["([aeiou])", "<$1>"]),
        ("replace_pattern", ["[^a-z]", ""]), ("extract", ["([A-Z])", 1]), ("extract", ["([a-z]+)", 1]), ("part", [" ", 0]), ("part", ["e", 1]), ("part", ["", 0]), ("rjust", [12, "."]), ("ljust", [12, "."]), ("center", [11, "*"]),
        ("center", [12, "*"]), ("zfill", [9]), ("repeat", [2]), ("strip_of", ["BaNn"]),
    ]  # fmt: skip
    for store in ("text_v3.zarr", "text.nc", "characters.nc"):
        for method, arguments in calls:
            yield store, v("name", {"str": method, "arguments": arguments})
    yield "text_v3.zarr", v("name", {"str_cat": v("name"), "separator": "/"})
    yield "text_v3.zarr", v("name", {"str": "upper", "arguments": []}, {"str_cat": v("name"), "separator": ""})
    for store in ("years.zarr", "base.zarr"):
        few = {"isel": ["time", between(0, 20)]}
        yield store, v("time", few, {"strftime": "%d %B %Y"}, {"str": "slice", "arguments": [3, None]})
        yield store, v("time", few, {"strftime": "%d %B %Y"}, {"str": "contains", "arguments": ["January|May"]})


def areas():
    for places in ([[35.0, 42.0, 49.0], [-1.0, 5.0, 11.0]], [[50.5, 41.0], [3.0, 12.0]], [[38.0, 44.0], [0.0, 9.0, 18.0, 27.0]]):
        yield "curvilinear.nc", v("t", {"curvilinear_areas": places})
        yield "curvilinear.nc", v("t", {"fillna": 280.0}, {"curvilinear_areas": places})
        yield "curvilinear.nc", v("n", {"curvilinear_areas": places})


SECTIONS = (curves, resampled_backwards, windows_and_order, two_arrays_and_curves, levels, strings, areas)


def tolerance(section, steps, result):
    """None for the sections of other files."""
    if section not in SECTIONS:
        return None
    if result.dtype.kind != "f" or section is levels or "asfreq" in str(steps) or "rolling_place" in str(steps):
        return {"ulp": 0}
    values = np.abs(np.where(np.isfinite(result.values), result.values, 0))
    largest = max(float(values.max()), 1.0)
    if section is areas:
        # The reference counts 57,600 points in each cell.
        return {"absolute": 5e-3 * (float(np.nanmax(result.values)) - float(np.nanmin(result.values)) + 1.0)}
    if "curvefit" in str(steps):
        # Where the minimum is flat, two ways down end a little apart; scipy's covariances come from one-sided differences, ours from central ones.
        return {"absolute": (1e-2 if "covariance" in str(steps) else 1e-6) * largest}
    if result.dtype == np.float32:
        return {"absolute": 2 * float(np.finfo("f4").eps) * largest}
    if "corr" in str(steps):
        return {"absolute": 1e-10}
    return {"absolute": 1e-11 * max(largest, 300.0) if "cov" in str(steps) else 1e-12 * max(largest, 300.0)}
