#!/usr/bin/env python3
"""Writes tests/golden/data and tests/golden/cases.json: small stores, and what xarray makes of them. Run by `make golden-cases`.

Each case: {"name", "store", "group"?, "steps" (see operations.py), "ulp" | "absolute" (the tolerance), "expect": {"dims", "shape",
"dtype", "values"}}. Floats are the shortest text that reads back as the same value; null is NaN or NaT; times are microseconds since
1970-01-01 in their own calendar. A case with "open" instead of "steps" expects the names, dimensions and attributes of a dataset.
"""
import json
import warnings
from pathlib import Path

import cftime
import numpy as np
import xarray as xr

import added_cases
import further_cases
import later_cases
import more_cases
import operations
import stores

warnings.filterwarnings("ignore")
HERE = Path(__file__).parent
xr.set_options(use_flox=False, use_bottleneck=False, use_numbagg=False)


# ------------------------------------------------------------------ what is asked
def v(name, *steps):
    return [{"read": name}, *steps]


def between(a, b):
    return {"range": [a, b]}


def decoding():
    """(store, variable) whose values are compared as they are decoded."""
    packed = list(stores.packed_variables())
    for store in ("packed.nc", "packed_v2.zarr", "packed_v3.zarr"):
        yield from ((store, v(name)) for name in packed)
    for store in sorted(path.name for path in (HERE / "data").iterdir() if path.name.startswith("times_")):
        calendar = store.removeprefix("times_").partition(".")[0]
        names = stores.time_variables("noleap" if calendar == "v3" else calendar)
        if calendar == "odd":
            names = "no_calendar milliseconds microseconds zone short_date third_of_day fill_i4 duration".split()
        yield from ((store, v(name)) for name in names)
    for store in ("text.nc", "characters.nc", "characters_classic.nc", "text_v3.zarr", "text_v2.zarr", "text_v2_fixed.zarr"):
        yield from ((store, v(name)) for name in ("name", "height"))
        yield store, v("name", {"isel": ["place", between(1, 3)]})
    for name in ("one", "land", "l", "station", "weight", "offset", "time", "lat"):
        yield "base.zarr", v(name)


def containers():
    """The same field in every container: whole, a piece across chunks, a reduction, the axes."""
    names = [path.name for path in (HERE / "data").iterdir()]
    kinds = ("v2_", "v3_", "nc4_", "classic", "offset64", "data64")
    for store in sorted(name for name in names if name.startswith(kinds)):
        yield store, v("t", {"isel": ["time", between(5, 9)]}, {"isel": ["lon", between(3, 7)]})
        yield store, v("t", {"mean": ["time"]})
        yield store, v("t", {"sum": "ALL"})
        yield store, v("time")
        yield store, v("lat")


def selections():
    t = lambda *steps: ("base.zarr", v("t", *steps))  # noqa: E731
    yield t({"isel": ["time", 0]}, {"isel": ["lat", -1]})
    yield t({"isel": ["time", -1]})
    yield t({"isel": ["time", between(3, 12)]}, {"isel": ["lon", between(-3, -1)]}, {"isel": ["lat", 2]})
    yield t({"isel": ["time", [29, 0, 7, 7]]}, {"isel": ["lat", [1, 3]]})
    yield t({"isel": ["lat", between(1, 4)]}, {"isel": ["lat", between(1, 3)]}, {"isel": ["time", 4]})
    yield t({"isel": ["time", between(-5, 30)]}, {"isel": ["lon", 0]})
    for label in (between(30, -30), between(-30, 30), between(-29.5, 61), between(60, 60), between(0, None), between(None, 0)):
        yield t({"sel": ["lat", label]}, {"isel": ["time", 3]})
    for label in (30.0, [60.0, -60.0], {"near": 22.0, "within": 10}, {"near": -90, "within": 45}, {"near": 14.9, "within": 20}):
        yield t({"sel": ["lat", label]}, {"isel": ["time", 5]})
    longitudes = (90.0, -90.0, [0.0, 315.0], between(45, 180), between(-60, 60), between(270, 370), between(-180, -90), {"near": 350, "within": 30}, {"near": -50, "within": 30}, {"near": 80, "within": 20})
    for label in longitudes:
        yield t({"sel": ["lon", label]}, {"isel": ["time", 6]})
    yield t({"sel": ["lon", between(-60, 60)]}, {"sel": ["lat", between(0, 60)]}, {"mean": ["lat", "lon"]})
    yield t({"sel": ["lon", between(-90, -45)]}, {"count": ["time", "lat"]})
    dates = (between("2000-01-20", "2000-01-22"), between("2000-01-28", None), between(None, "2000-01-16"), between("2000", "2000"), "2000-01-16T12:00:00", between("2000-01-20T12", "2000-01-21T00"))
    for label in dates:
        yield t({"sel": ["time", label]}, {"isel": ["lat", 1]}, {"isel": ["lon", 4]})
    yield "years.zarr", v("t", {"sel": ["time", between("2001", "2001")]}, {"count": "ALL"})
    yield "years.zarr", v("t", {"sel": ["time", between("2000-12", "2001-01")]}, {"mean": ["time"]})
    yield "years.zarr", v("t", {"sel": ["time", between("2001-02-27", "2001-03-02")]}, {"coord": "time"})
    yield "days360.nc", v("t", {"sel": ["time", between("2000-02", "2000-03")]}, {"isel": ["lat", 1]})
    yield "days360.nc", v("t", {"sel": ["time", between("2001-02-29", "2001-03")]}, {"coord": "time"})
    yield "hours.nc", v("t", {"sel": ["time", between("2000-01-01", "2000-01-01")]})
    yield t({"sel": ["lat", between(45, 0)]}, {"coord": "lat"})
    yield t({"sel": ["lat", 30.0]}, {"coord": "lat"})
    yield "base.zarr", v("station", {"sel": ["lon", between(90, 135)]})
    yield t({"transpose": ["lon", "lat", "time"]}, {"isel": ["time", between(6, 9)]})
    yield t({"isel": ["time", between(0, 2)]}, {"transpose": ["lat", "time", "lon"]})
    yield t({"transpose": ["lat", "lon", "time"]}, {"sum": ["lat"]}, {"isel": ["time", between(0, 4)]})


def arithmetic():
    few = {"isel": ["time", between(6, 8)]}
    line = {"isel": ["lat", 2]}
    b = lambda *steps: ("base.zarr", list(steps))  # noqa: E731
    for name in ("t", "p", "n", "h", "u"):
        for operation, number in (("add", 1), ("mul", 2.0), ("mul", 1.5), ("div", 4), ("sub", 0.5), ("rsub", 100), ("rdiv", 2.0), ("mul", 3)):
            yield b({"read": name}, few, line, {operation: number})
    pairs = [("t", "p"), ("t", "n"), ("t", "h"), ("t", "u"), ("p", "n"), ("n", "h"), ("n", "u"), ("h", "u"), ("u", "u"), ("h", "h"), ("n", "l"), ("t", "weight"), ("t", "offset"), ("offset", "t"), ("t", "station"), ("h", "station"), ("t", "one"), ("weight", "offset"), ("u", "l")]
    for left, right in pairs:
        cut = [few] if operations_time(left) else []
        cut_right = [few] if operations_time(right) else []
        for operation in ("add", "mul", "sub", "div"):
            yield b({"read": left}, *cut, {operation: [{"read": right}, *cut_right]})
    for operation in ("gt", "ge", "lt", "le", "eq", "ne"):
        yield b({"read": "t"}, few, line, {operation: 280})
        yield b({"read": "n"}, few, line, {operation: [{"read": "h"}, few, line]})
        yield b({"read": "u"}, few, line, {operation: 100.5})
        yield b({"read": "t"}, few, {operation: [{"read": "offset"}, {"add": 280}]})
    warm = [{"read": "t"}, {"gt": 280.0}]
    dry = [{"read": "p"}, {"lt": 285}]
    for mask in (warm, [*warm, {"and": dry}], [*warm, {"or": dry}], [*warm, {"not": True}], [{"read": "land"}], [{"read": "land"}, {"not": True}]):
        for name in ("t", "n", "h", "u", "l"):
            yield b({"read": name}, {"where": mask}, *([few, line] if name != "l" or len(mask) > 2 or mask[0]["read"] != "land" else []))
        yield b({"read": "t"}, {"where": mask}, {"mean": ["time"]})
        yield b({"read": "p"}, {"where_else": [mask, -1.0]}, {"sum": ["time"]})
        yield b({"read": "t"}, {"where_else": [mask, [{"read": "offset"}]]}, few, line)
        yield b({"read": "t"}, {"where": mask}, {"count": "ALL"})
    for dtype in ("float32", "float64", "int32", "int64"):
        for name in ("n", "h", "u"):
            yield b({"read": name}, few, line, {"cast": dtype})
    yield b({"read": "p"}, few, line, {"cast": "float32"}, {"add": 0.1})
    yield b({"read": "p"}, few, line, {"cast": "int32"})
    yield b({"read": "t"}, few, line, {"cast": "float64"}, {"mul": 1.1})
    yield b({"read": "u"}, few, line, {"mul": 3}, {"add": 200})
    yield b({"read": "t"}, few, line, {"neg": True})
    yield b({"read": "t"}, few, line, {"sub": 273.15}, {"mul": 1.8}, {"add": 32})
    yield b({"read": "t"}, {"sub": [{"read": "t"}, {"mean": ["time"]}]}, few, line)
    yield b({"read": "t"}, {"sub": [{"read": "t"}, {"mean": ["lat", "lon"]}]}, {"std": ["lat", "lon"]})
    yield b({"read": "t"}, {"mul": [{"read": "weight"}]}, {"sum": ["lat", "lon"]}, {"div": [{"read": "weight"}, {"sum": "ALL"}]})
    yield b({"read": "t"}, {"gt": [{"read": "t"}, {"mean": "ALL"}]}, {"sum": ["lat", "lon"]})


def operations_time(name):
    return name in ("t", "p", "n", "h", "u")


def reductions():
    b = lambda name, *steps: ("base.zarr", v(name, *steps))  # noqa: E731
    for name in ("t", "p", "n", "h", "u"):
        for reduction in operations.REDUCTIONS:
            for dims in (["time"], ["lat", "lon"], "ALL"):
                yield b(name, {reduction: dims})
    for reduction in operations.REDUCTIONS:
        for dims in (["lat"], ["lon"], ["lon", "time"], ["time", "lat"]):
            yield b("t", {reduction: dims})
        if reduction != "count":
            yield b("t", {reduction: ["time"], "keep_nan": True})
            yield b("t", {reduction: ["lat", "lon"], "keep_nan": True})
    for reduction in ("mean", "sum"):
        for n in (1, 27, 30):
            yield b("t", {reduction: ["time"], "min_count": n})
    for reduction in ("std", "var"):
        for dims in (["time"], ["lat", "lon"], "ALL"):
            yield b("t", {reduction: dims, "ddof": 1})
            yield b("p", {reduction: dims, "ddof": 1})
    yield b("land", {"sum": "ALL"})
    yield b("land", {"mean": ["lon"]})
    yield b("l", {"sum": ["lat"]})
    yield b("l", {"max": ["lon"]})
    yield b("time", {"min": "ALL"})
    yield b("time", {"max": ["time"]})
    yield b("t", {"mean": ["lon"]}, {"max": ["time"]})
    yield b("t", {"mean": ["time"]}, {"mean": "ALL"})
    yield b("t", {"max": ["time"]}, {"sub": [{"read": "t"}, {"min": ["time"]}]})
    yield b("t", {"mul": [{"read": "t"}]}, {"mean": ["time"]}, {"sub": [{"read": "t"}, {"mean": ["time"]}, {"mul": [{"read": "t"}, {"mean": ["time"]}]}]})
    for reduction in ("sum", "mean", "min", "std", "count"):
        yield b("t", {"isel": ["lat", 0]}, {"isel": ["lon", 0]}, {reduction: ["time"]})  # never a value
        yield b("t", {"isel": ["time", between(4, 5)]}, {reduction: ["time"]})
        yield b("t", {"transpose": ["lon", "time", "lat"]}, {reduction: ["time"]})


def groups():
    for store in ("years.zarr", "hours.nc", "days360.nc"):
        for key in ("month", "season", "year", "dayofyear", "hour"):
            if key == "dayofyear" and store == "years.zarr":
                few = [{"isel": ["time", between(0, 40)]}]
            else:
                few = []
            for reduction in operations.REDUCTIONS:
                if reduction in ("mean", "max", "count") or key in ("month", "season"):
                    yield store, v("t", *few, {"group": f"time.{key}", "reduce": reduction})
            yield store, v("t", *few, {"group": f"time.{key}", "reduce": "mean"}, {"coord": key})
            yield store, v("t", {"isel": ["lat", 0]}, {"isel": ["lon", 1]}, *few, {"group_sub": f"time.{key}", "reduce": "mean"}, *(few or [{"isel": ["time", between(0, 60)]}]))
            yield store, v("t", {"group_sub": f"time.{key}", "reduce": "mean"}, {"std": ["time"]})
    yield "years.zarr", v("t", {"group_div": "time.month", "reduce": "std"}, {"mean": ["time"]})
    yield "years.zarr", v("t", {"group_add": "time.season", "reduce": "max"}, {"max": ["time"]})
    yield "years.zarr", v("t", {"group_mul": "time.year", "reduce": "min"}, {"min": ["time"]})
    yield "years.zarr", v("t", {"mean": ["lat", "lon"]}, {"group": "time.month", "reduce": "mean"})
    yield "years.zarr", v("t", {"sub": 273.15}, {"group": "time.month", "reduce": "mean"}, {"max": ["month"]})
    yield "years.zarr", v("t", {"group": "time.month", "reduce": "mean", "min_count": 55})
    yield "years.zarr", v("t", {"group": "time.month", "reduce": "std", "ddof": 1})
    yield "years.zarr", v("t", {"group": "time.season", "reduce": "mean", "keep_nan": True})
    yield "years.zarr", v("t", {"gt": 285.0}, {"group": "time.month", "reduce": "sum"})
    yield "years.zarr", v("t", {"sel": ["time", between("2001", "2001")]}, {"group": "time.month", "reduce": "mean"}, {"isel": ["month", between(5, 8)]})
    yield "years.zarr", v("t", {"transpose": ["lon", "time", "lat"]}, {"group": "time.season", "reduce": "mean"})
    for reduction in ("mean", "sum", "max", "count"):
        for name in ("n", "h", "u", "p"):
            yield "base.zarr", v(name, {"group": "time.hour", "reduce": reduction}, {"isel": ["lat", 3]})


# ------------------------------------------------------------------ what is expected
def expectation(result):
    values = result.values
    out = {"dims": list(result.dims), "shape": list(result.shape)}
    flat = values.ravel()
    kind = values.dtype.kind
    if kind == "M":
        out |= {"dtype": "time", "calendar": "standard", "values": [None if np.isnat(x) else int(x.astype("M8[us]").astype("i8")) for x in flat]}
    elif kind == "O" and any(isinstance(x, cftime.datetime) for x in flat):
        calendar = next(x.calendar for x in flat if isinstance(x, cftime.datetime))
        out |= {"dtype": "time", "calendar": calendar, "values": [microseconds(x, calendar) for x in flat]}
    elif kind in "OUT":
        out |= {"dtype": "string", "values": [str(x) for x in flat]}
    else:
        out |= {"dtype": str(values.dtype), "values": [number(x) for x in flat]}
    return out


def microseconds(x, calendar):
    return int(cftime.date2num(x, "microseconds since 1970-01-01", calendar)) if isinstance(x, cftime.datetime) else None


def number(x):
    if isinstance(x, (np.bool_, np.integer)):
        return x.item()
    if np.isnan(x):
        return None
    return str(float(x)) if np.isinf(x) else float(str(x))


def tolerance(store, dataset, steps, result):
    """Exact for decoding, selection and arithmetic; one rounding for sums of f32; a few for f64; where a reduction is subtracted,
    one rounding of what is subtracted."""
    text = json.dumps(steps)
    reduced = any(f'"{name}"' in text for name in ("mean", "sum", "std", "var"))
    if "third_of_day" in text:
        return {"absolute": 1}
    if not reduced or result.dtype.kind != "f":
        return {"ulp": 0}
    if "group_" in text or '"sub": [' in text or '"gt": [' in text:
        largest = float(np.nanmax(np.abs(dataset[steps[0]["read"]].values)))
        squared = largest**2 if '"mul": [{"read": "t"' in text else largest
        return {"absolute": 2 * float(np.finfo(result.dtype).eps) * squared}
    n_steps = sum(f'"{name}"' in text for name in ("mean", "sum", "std", "var", "div", "mul"))
    return {"ulp": max(1, n_steps) if result.dtype == np.float32 else 8}


def describe_steps(steps):
    return " | ".join(" ".join(f"{key} {describe_argument(value)}" for key, value in step.items()) for step in steps).removeprefix("read ")


def describe_argument(value):
    if isinstance(value, dict):
        return " ".join(f"{key} {describe_argument(x)}" for key, x in value.items())
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return f"({describe_steps(value)})"
    if isinstance(value, list):
        return "[" + " ".join(describe_argument(x) for x in value) + "]"
    return "open" if value is None else str(value)


def opened(path, group=None):
    return xr.open_dataset(path, group=group, chunks=None, engine="zarr" if path.suffix == ".zarr" else "netcdf4").load()


def open_expectation(dataset):
    attributes = {name: str(value) for name, value in dataset.attrs.items()}
    return {
        "variables": sorted(map(str, dataset.data_vars)),
        "coords": sorted(map(str, dataset.coords)),
        "dims": {str(name): int(size) for name, size in dataset.sizes.items()},
        "attributes": attributes,
        "variable_attributes": {str(n): {k: str(x) for k, x in a.attrs.items() if isinstance(x, str)} for n, a in sorted(dataset.variables.items())},
    }


def main():
    folder = HERE / "data"
    stores.write_all(folder)
    datasets = {path.name: opened(path) for path in sorted(folder.iterdir())}
    cases = [{"name": f"{store}: open", "store": store, "open": True, "expect": open_expectation(dataset)} for store, dataset in datasets.items()]
    inner = opened(folder / "groups.nc", "inner")
    cases.append({"name": "groups.nc inner: open", "store": "groups.nc", "group": "inner", "open": True, "expect": open_expectation(inner)})
    seen = set()
    for section in (decoding, containers, selections, arithmetic, reductions, groups, *further_cases.SECTIONS, *more_cases.SECTIONS, *later_cases.SECTIONS, *added_cases.SECTIONS):
        for store, steps in section():
            name = f"{store}: {describe_steps(steps)}"
            if name in seen:
                continue
            seen.add(name)
            try:
                result = operations.run(datasets[store], steps)
            except Exception as error:
                raise SystemExit(f"{name}: {type(error).__name__}: {error}") from error
            if not isinstance(result, xr.DataArray):
                raise SystemExit(f"{name}: {type(result)}")
            if result.size == 0:
                raise SystemExit(f"{name}: an empty result")
            expect = expectation(result)
            if steps == v("days_nat") and expect["calendar"] != "standard":
                # xarray makes the epoch of a missing time in calendars that numpy does not know; to us it is missing.
                expect["values"] = [None if i in stores.MISSING_TIMES else x for i, x in enumerate(expect["values"])]
            cases.append({"name": name, "section": section.__name__, "store": store, "steps": steps, **(added_cases.tolerance(section, steps, result) or more_cases.tolerance(section, steps, result) or later_cases.tolerance(section, steps, result) or further_cases.tolerance(section, datasets[store], steps, result) or tolerance(store, datasets[store], steps, result)), "expect": expect})
    with open(HERE / "cases.json", "w") as file:
        file.write("[\n" + ",\n".join(json.dumps(case, separators=(",", ":"), ensure_ascii=False) for case in cases) + "\n]\n")
    print(f"{len(cases)} cases over {len(datasets)} stores")


if __name__ == "__main__":
    main()
