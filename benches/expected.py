"""The exact results of the workloads, by plain numpy: sums in float64 (longdouble where the result is float64), rounded once. Held against both sides.
Every entry gives a list of arrays, in the order of the results."""
import datetime
import warnings

import numpy as np
import zarr

# What sums of float64 results are taken in. With np.float64 in its place the results are numpy's own, whose distance ours is held to.
WIDE = np.longdouble
BAND = 40  # rows of latitude at a time, so that it fits any machine


def array(data, store="era5/era5_v3_zstd.zarr", name="t2m"):
    return zarr.open_array(f"{data}/{store}/{name}", mode="r")


def axis(data, name, store="era5/era5_v3_zstd.zarr"):
    return array(data, store, name)[:]


def hours(data):
    return axis(data, "time") % 24  # hours since 1900-01-01 00:00


def by_band(a, of_band):
    return np.concatenate([of_band(a[:, i : i + BAND].astype("f8")) for i in range(0, a.shape[1], BAND)], axis=-2)


def era(data, of_band):
    return [by_band(array(data), of_band)]


def climatology(band, hour):
    return np.stack([np.nanmean(band[hour == h], axis=0) for h in range(24)]).astype("f4")


def anomaly_std(band, hour):
    clim = climatology(band, hour)
    anomaly = band.astype("f4") - clim[hour]
    return np.nanstd(anomaly.astype("f8"), axis=0).astype("f4")


def mean(band):
    return np.nanmean(band, axis=0).astype("f4")


def std(band):
    return np.nanstd(band, axis=0).astype("f4")


def global_weighted(data):
    a, lat = array(data), axis(data, "lat")
    weights = np.cos(np.deg2rad(lat)).astype(WIDE)
    rows = np.concatenate([np.nansum(a[:, i : i + BAND].astype("f8"), axis=2) for i in range(0, a.shape[1], BAND)], axis=1)
    return [((rows * weights).sum(axis=1) / (weights.sum() * a.shape[2])).astype("f8")]


def nearest(values, wanted):
    return int(np.abs(values - wanted).argmin())


def point_series(data):
    return [array(data)[:, nearest(axis(data, "lat"), 48.5), nearest(axis(data, "lon"), 2.5)]]


def box_mean(data):
    lat, lon = axis(data, "lat"), axis(data, "lon")
    rows, columns = np.flatnonzero((lat >= 35) & (lat <= 60)), np.flatnonzero(lon <= 30)
    part = array(data)[:, rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return [part.astype("f8").mean(axis=(1, 2)).astype("f4")]


# The packed sea surface temperatures, and what their attributes say.
MISSING, SCALE, OFFSET = -32768, 0.002, 20.0


def ocean(data, of_raw, of_values):
    """`of_raw` of the packed integers, which it takes exactly; numpy's own results unpack in float64 first, as xarray does."""
    a = array(data, "ocean/ocean_v3.zarr", "sst")
    parts = []
    for i in range(0, a.shape[1], BAND):
        raw = a[:, i : i + BAND]
        if WIDE is np.longdouble:
            parts.append(of_raw(raw.astype("i8"), raw != MISSING))
        else:
            parts.append(of_values(np.where(raw == MISSING, np.nan, raw.astype("f8") * SCALE + OFFSET)))
    return [np.concatenate(parts, axis=-2)]


def packed_mean(raw, present):
    """The mean of SCALE * x + OFFSET of integers x, rounded once: halves of the factor keep every product and the sum that may cancel exact."""
    counts = present.sum(axis=0)
    sums = np.where(present, raw, 0).sum(axis=0).astype(np.longdouble)
    high = np.longdouble(np.float32(SCALE))
    total = (sums * high + counts.astype(np.longdouble) * OFFSET) + sums * (np.longdouble(SCALE) - high)
    with np.errstate(invalid="ignore"):
        return (total / np.where(counts == 0, np.nan, counts)).astype("f8")


def packed_std(raw, present):
    """The sum of squared deviations of integers, times their number, is an integer."""
    counts = present.sum(axis=0)
    values = np.where(present, raw, 0)
    squares = counts * (values**2).sum(axis=0) - values.sum(axis=0) ** 2
    with np.errstate(invalid="ignore"):
        return (np.sqrt(squares.astype(np.longdouble)) / np.where(counts == 0, np.nan, counts) * SCALE).astype("f8")


def numpy_mean(values):
    with warnings.catch_warnings(action="ignore"):
        return np.nanmean(values, axis=0)


def numpy_std(values):
    with warnings.catch_warnings(action="ignore"):
        return np.nanstd(values, axis=0)


def days():
    return [datetime.date(2019, 1, 1) + datetime.timedelta(days=d) for d in range(731)]


def grouped(data, keys):
    keys = np.array(keys)
    each = [keys == key for key in np.unique(keys)]
    return ocean(
        data,
        lambda raw, present: np.stack([packed_mean(raw[group], present[group]) for group in each]),
        lambda values: np.stack([numpy_mean(values[group]) for group in each]),
    )


def many_files(data):
    """Every file holds the same six hours."""
    import netCDF4
    with netCDF4.Dataset(f"{data}/many/f0000.nc") as file:
        return [file["t2m"][:].filled(np.nan).astype("f8").mean(axis=0).astype("f4")]


WORKLOADS = {
    "mean_time_zstd": lambda data: era(data, mean),
    "mean_time_blosc": lambda data: era(data, mean),
    "mean_time_shard": lambda data: era(data, mean),
    "std_time": lambda data: era(data, std),
    "global_weighted": global_weighted,
    "climatology_hour": lambda data: era(data, lambda band: climatology(band, hours(data))),
    "three_results": lambda data: era(data, mean) + era(data, std) + era(data, lambda band: band.max(axis=0).astype("f4")),
    "anomaly_std": lambda data: era(data, lambda band: anomaly_std(band, hours(data))),
    "point_series": point_series,
    "box_mean": box_mean,
    "tiny_mean": lambda data: [np.array(array(data, "tiny/many_chunks_v3.zarr", "v")[:].astype("f8").mean(), dtype="f4")],
    "ocean_mean": lambda data: ocean(data, packed_mean, numpy_mean),
    "ocean_std": lambda data: ocean(data, packed_std, numpy_std),
    "ocean_climatology": lambda data: grouped(data, [day.month for day in days()]),
    "dayofyear_climatology": lambda data: grouped(data, [day.timetuple().tm_yday for day in days()]),
    "add_mean": lambda data: era(data, lambda band: np.nanmean(2 * band, axis=0).astype("f4")),
    "mean_time_netcdf": lambda data: era(data, mean),
    "many_files": many_files,
    "write_rechunk": lambda data: era(data, lambda band: band.astype("f4")),
    "write_rechunk_zstd": lambda data: era(data, lambda band: band.astype("f4")),
    "write_celsius": lambda data: era(data, lambda band: band.astype("f4") - np.float32(273.15)),
}
