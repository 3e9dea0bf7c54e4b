"""The exact results of the workloads of along.rs, by plain numpy; see expected.py."""
import csv

import numpy as np
import zarr

import expected
from expected import BAND, array, axis, climatology, era, global_weighted, hours, days


def running_max(band):
    """The greatest mean of 24 values in a row: sums of float64, rounded once."""
    sums = np.cumsum(np.concatenate([np.zeros((1, *band.shape[1:])), band]).astype(expected.WIDE), axis=0)
    return ((sums[24:] - sums[:-24]) / 24).astype("f8").astype("f4").max(axis=0)


def day_max(band):
    return band.reshape(-1, 24, *band.shape[1:]).max(axis=1).astype("f4")


def ndvi_median(data):
    refl, scl = (zarr.open_array(f"{data}/s2/s2_v3.zarr/{name}", mode="r") for name in ("refl", "scl"))
    bands = list(zarr.open_array(f"{data}/s2/s2_v3.zarr/band", mode="r")[:])
    out = []
    for i in range(0, refl.shape[2], 128):
        def unpacked(band):
            raw = refl[:, bands.index(band), i : i + 128]
            return np.where(raw == 0, np.nan, raw.astype("f8") * 1e-4 + -0.1)
        red, nir = unpacked(4), unpacked(8)
        with np.errstate(invalid="ignore", divide="ignore"):
            values = (nir - red) / (nir + red)
        values[~np.isin(scl[:, i : i + 128], (4, 5, 6))] = np.nan
        out.append(np.nanmedian(values, axis=0))
    return [np.concatenate(out)]


def tx90p(data):
    """Quantiles of the values within two positions of every day of the year; shares of the days above them, by year."""
    packed = array(data, "ocean/ocean_v3.zarr", "sst")
    day_of_year = np.array([day.timetuple().tm_yday for day in days()])
    year = np.array([day.year for day in days()])
    parts = []
    for i in range(0, packed.shape[1], BAND):
        raw = packed[:, i : i + BAND]
        t = np.where(raw == -32768, np.nan, raw.astype("f8") * 0.002 + 20.0)
        above = np.full(t.shape, np.nan)
        for day in np.unique(day_of_year):
            at = np.flatnonzero(day_of_year == day)
            pool = np.concatenate([np.arange(max(p - 2, 0), min(p + 3, len(t))) for p in at])
            # No value is missing here but where all are.
            limit = np.quantile(t[pool], 0.9, axis=0)
            above[at] = np.where(np.isnan(t[at]), np.nan, t[at] > limit)
        parts.append(np.stack([above[year == y].mean(axis=0) for y in np.unique(year)]))
    return [np.concatenate(parts, axis=-2)]


def match_up(data):
    values = array(data)
    with open(f"{data}/points/points.csv") as file:
        rows = list(csv.DictReader(file))
    seconds = (np.array([row["time"] for row in rows], dtype="M8[s]") - np.datetime64("2019-01-01")).astype("i8")
    time = (seconds + 1800) // 3600
    lat = np.rint((90 - np.array([float(row["lat"]) for row in rows])) * 2).astype("i8")
    lon = np.rint((np.array([float(row["lon"]) for row in rows]) % 360) * 2).astype("i8") % values.shape[2]
    out = np.empty(len(rows), "f4")
    for start in range(0, values.shape[0], 240):
        inside = np.flatnonzero((time >= start) & (time < start + 240))
        out[inside] = values[start : start + 240][time[inside] - start, lat[inside], lon[inside]]
    return [out]


def edges(labels):
    middles = (labels[1:] + labels[:-1]) / 2
    return np.concatenate([[labels[0] - (middles[0] - labels[0])], middles, [labels[-1] + (labels[-1] - middles[-1])]])


def overlaps(lat, lon):
    """The parts of the cells of one degree that old cells cover: (180 x latitudes), (360 x longitudes)."""
    sines = np.sin(np.deg2rad(np.clip(edges(lat), -90, 90)))
    low, high = np.minimum(sines[:-1], sines[1:]), np.maximum(sines[:-1], sines[1:])
    new = np.sin(np.deg2rad(np.arange(-90.0, 91)))
    rows = np.maximum(np.minimum(high[None], new[1:, None]) - np.maximum(low[None], new[:-1, None]), 0)
    west, east = edges(lon)[:-1], edges(lon)[1:]
    left = np.arange(0.0, 360)[:, None]
    columns = sum(np.maximum(np.minimum(east + turn, left + 1) - np.maximum(west + turn, left), 0) for turn in (-360, 0, 360))
    return rows / rows.sum(axis=1, keepdims=True), columns / columns.sum(axis=1, keepdims=True)


def regrid(data):
    store = "quarter/quarter_v3.zarr"
    rows, columns = overlaps(axis(data, "lat", store), axis(data, "lon", store))
    values = array(data, store, "t")
    return [np.stack([(rows @ values[i].astype("f8") @ columns.T).astype("f4") for i in range(values.shape[0])])]


def point_80_years(data):
    store = "long/long_v3.zarr"
    lat, lon = axis(data, "lat", store), axis(data, "lon", store)
    return [array(data, store, "t")[:, int(np.abs(lat - 48.5).argmin()), int(np.abs(lon - 2.5).argmin())]]


WORKLOADS = {
    "resample_day_max": lambda data: era(data, day_max),
    "rolling_24_max": lambda data: era(data, running_max),
    "quantile_time": lambda data: era(data, lambda band: np.quantile(band, 0.9, axis=0)),
    "ndvi_median": ndvi_median,
    "tx90p": tx90p,
    "match_up": match_up,
    "regrid_conservative": regrid,
    "point_80_years": point_80_years,
    "cdo_dhourmean": lambda data: era(data, lambda band: climatology(band, hours(data))),
    "cdo_daymax": lambda data: era(data, day_max),
    "cdo_fldmean": global_weighted,
    "cdo_timmax_runmean": lambda data: era(data, running_max),
}
