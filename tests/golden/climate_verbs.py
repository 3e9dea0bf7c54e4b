"""What CDO, xclim, gdalcubes and the like compute, worked out here by other means than ours (scipy, dense matrices, plain loops).

  {"area": "field_mean" | "field_std" | "zonal_mean" | "meridional_mean"}  {"running_days": N, "reduce" | "q"}  {"exceedance": PIPELINE, "frequency"}
  {"trend" | "theil_sen" | "mann_kendall": DIM, "pick"}  {"eofs": DIM, "n", "pick", "weights"}  {"runs": DIM, "what", "n", "frequency"}
  {"regrid": [LATITUDES, LONGITUDES], "method", "covered"}  {"view": [LATITUDES, LONGITUDES], "reduce"}  {"curvilinear": [LATITUDES, LONGITUDES], "method"}  {"solar_day": LONGITUDE, "reduce"}
  {"rotated": [POLE_LAT, POLE_LON, LATITUDES, LONGITUDES]}  {"projected": [PROJ, YS, XS]}  {"regions": [[NAME, RING]...], "what"}
"""
import numpy as np
import xarray as xr
from scipy import stats
from scipy.interpolate import RegularGridInterpolator

from verbs import as_before, wide


def one(value, name, argument, options, run, dataset):
    function = STEPS.get(name)
    return None if function is None else function(value, argument, run, **options)


def area(value, what, run):
    weights = np.cos(np.deg2rad(value.lat))
    if what == "zonal_mean":
        return as_before(wide(value).mean("lon"), value)
    if what == "meridional_mean":
        return wide(value).weighted(weights).mean("lat")
    weighted = wide(value).weighted(weights)
    return weighted.mean(["lat", "lon"]) if what == "field_mean" else weighted.std(["lat", "lon"])


# ------------------------------------------------------------------ climatologies
def pools(value, n):
    """For every day of the year the positions within the window around it."""
    days = value.time.dt.dayofyear.values
    for day in np.unique(days):
        members = [p + k for p in np.flatnonzero(days == day) for k in range(-(n // 2), n // 2 + 1) if 0 <= p + k < len(days)]
        yield day, value.isel(time=members)


def running_days(value, n, run, reduce=None, q=None):
    days, parts = zip(*pools(wide(value), n))
    done = [part.quantile(q, "time").drop_vars("quantile") if q is not None else part.mean("time") for part in parts]
    result = xr.concat(done, xr.DataArray(list(days), dims="dayofyear", name="dayofyear"))
    order = ["dayofyear" if dim == "time" else dim for dim in value.dims]
    return result.transpose(*order) if q is not None else as_before(result.transpose(*order), value)


def exceedance(value, pipeline, run, frequency):
    limits = run(pipeline)
    above = value.groupby("time.dayofyear") - limits
    hot = (above > 0).astype("f8").where(above.notnull())
    return hot.drop_vars("dayofyear").resample(time=frequency).mean().transpose(*value.dims)


# ------------------------------------------------------------------ trends
def labels_of(value, dim):
    labels = value[dim].values
    return labels.astype("M8[s]").astype("f8") if labels.dtype.kind == "M" else labels.astype("f8")


def lines(value, dim, function):
    return xr.apply_ufunc(function, wide(value).astype("f8"), input_core_dims=[[dim]], vectorize=True)


def trend(value, dim, run, pick):
    x = labels_of(value, dim)
    def line(y):
        held = ~np.isnan(y)
        if held.sum() < 2:
            return np.nan
        fit = stats.linregress(x[held], y[held])
        return getattr(fit, pick)
    return lines(value, dim, line)


def theil_sen(value, dim, run, pick):
    x = labels_of(value, dim)
    def line(y):
        held = ~np.isnan(y)
        if held.sum() < 2:
            return np.nan
        fit = stats.theilslopes(y[held], x[held])
        return fit[0] if pick == "slope" else fit[1]
    return lines(value, dim, line)


def mann_kendall(value, dim, run, pick):
    def line(y):
        y = y[~np.isnan(y)]
        n = len(y)
        if n < 2:
            return np.nan
        s = np.sign(y[None, :] - y[:, None])[np.triu_indices(n, 1)].sum()
        _, ties = np.unique(y, return_counts=True)
        variance = (n * (n - 1) * (2 * n + 5) - (ties * (ties - 1) * (2 * ties + 5)).sum()) / 18
        z = 0.0 if s == 0 or variance <= 0 else (s - np.sign(s)) / np.sqrt(variance)
        return {"s": s, "z": z, "p": 2 * stats.norm.sf(abs(z))}[pick]
    return lines(value, dim, line)


def eofs(value, dim, run, n, pick, weights=None):
    order = [dim, *(name for name in value.dims if name != dim)]
    values = wide(value).transpose(*order)
    values = values.where(values.notnull().all(dim))
    anomalies = values - values.mean(dim)
    if weights:
        anomalies = (anomalies * run(weights)).transpose(*order)
    flat = anomalies.values.reshape(anomalies.shape[0], -1)
    held = ~np.isnan(flat).any(0)
    u, s, vt = np.linalg.svd(flat[:, held], full_matrices=False)
    signs = np.where(vt[:n].sum(1) < 0, -1, 1)
    if pick == "variance_fraction":
        return xr.DataArray((s**2 / (s**2).sum())[:n], dims="mode")
    if pick == "component":
        return xr.DataArray((u * s)[:, :n].T * signs[:, None], dims=("mode", dim))
    patterns = np.full((n, flat.shape[1]), np.nan)
    patterns[:, held] = vt[:n] * signs[:, None]
    return xr.DataArray(patterns.reshape(n, *anomalies.shape[1:]), dims=("mode", *order[1:]))


# ------------------------------------------------------------------ runs
def runs(value, dim, run, what, n=1, frequency=None):
    def of_line(holds):
        lengths, held = [], 0
        for one in [*holds, False]:
            if one:
                held += 1
            elif held:
                lengths.append(held)
                held = 0
        if what == "longest":
            return max(lengths, default=0)
        long = [length for length in lengths if length >= n]
        return len(long) if what == "count" else sum(long)

    def reached(holds):
        out, held = [], 0
        for one in holds:
            held = held + 1 if one else 0
            out.append(held)
        return np.array(out)
    if what == "reached":
        return xr.apply_ufunc(reached, value, input_core_dims=[[dim]], output_core_dims=[[dim]], vectorize=True).transpose(*value.dims)
    if frequency:
        return value.resample({dim: frequency}).map(lambda part: runs(part, dim, run, what, n)).transpose(*value.dims).astype("i8")
    return xr.apply_ufunc(of_line, value, input_core_dims=[[dim]], vectorize=True)


# ------------------------------------------------------------------ grids
def edges(labels):
    labels = np.asarray(labels, "f8")
    middle = (labels[1:] + labels[:-1]) / 2
    return np.concatenate([[labels[0] - (labels[1] - labels[0]) / 2], middle, [labels[-1] + (labels[-1] - labels[-2]) / 2]])


def overlaps(old, new, measure, turns=(0,)):
    """A dense matrix: which part of each new cell lies on each old one."""
    out = np.zeros((len(new) - 1, len(old) - 1))
    for i in range(len(new) - 1):
        a, b = sorted((new[i], new[i + 1]))
        for j in range(len(old) - 1):
            c, d = sorted((old[j], old[j + 1]))
            for turn in turns:
                low, high = max(a, c + turn), min(b, d + turn)
                if high > low:
                    out[i, j] += (measure(high) - measure(low)) / (measure(b) - measure(a))
    return out


def around(value):
    return xr.concat([value.assign_coords(lon=value.lon - 360), value, value.assign_coords(lon=value.lon + 360)], "lon")


def regrid(value, argument, run, method, covered=0.0):
    lats, lons = argument
    values = wide(value)
    if method == "conservative":
        sine = lambda x: np.sin(np.deg2rad(x))  # noqa: E731
        of_lat = overlaps(np.clip(edges(value.lat), -90, 90), np.clip(edges(lats), -90, 90), sine)
        of_lon = overlaps(edges(value.lon), edges(lons), lambda x: x, (-360, 0, 360))
        def matrix(a):
            return np.einsum("il,jm,...lm->...ij", of_lat, of_lon, a)
        moved = values.transpose(..., "lat", "lon")
        part = matrix(moved.notnull().values.astype("f8"))
        result = np.where(part >= max(covered, 1e-9) * (1 - 1e-9), matrix(moved.fillna(0).values) / np.where(part > 0, part, np.nan), np.nan)
        out = xr.DataArray(result, dims=moved.dims, coords={"lat": lats, "lon": lons})
        return as_before(out.transpose(*value.dims), value)
    if method == "nearest":
        return around(value).sel(lon=lons, method="nearest").sel(lat=lats, method="nearest").transpose(*value.dims)
    return as_before(around(values).interp(lat=lats, lon=lons), value)


def view(value, argument, run, reduce):
    """Cell by cell: the values whose place lies in it, the lower end within, the upper one only at the end of the grid."""
    lats, lons = argument
    def members(labels, places, turn):
        ends = np.sort(edges(labels))
        places = ends[0] + (places - ends[0]) % 360 if turn else places
        def inside(label):
            k = np.searchsorted(ends, label) - 1
            return np.flatnonzero((places >= ends[k]) & ((places < ends[k + 1]) | ((k == len(ends) - 2) & (places == ends[-1]))))
        return [inside(label) for label in labels]
    of_lat, of_lon = members(lats, value.lat.values, False), members(lons, value.lon.values, True)
    def cell(i, j):
        part = wide(value).isel(lat=of_lat[i], lon=of_lon[j])
        if not part.sizes["lat"] or not part.sizes["lon"]:
            return xr.full_like(value.isel(lat=0, lon=0, drop=True), 0 if reduce in ("sum", "count") else np.nan, dtype="i8" if reduce == "count" else "f8")
        return getattr(part, reduce)(["lat", "lon"]).drop_vars(["lat", "lon"], errors="ignore")
    rows = [xr.concat([cell(i, j) for j in range(len(lons))], "lon") for i in range(len(lats))]
    result = xr.concat(rows, "lat").transpose(*value.dims)
    return result if reduce == "count" else as_before(result, value)


def curvilinear(value, argument, run, method):
    """Nearest: by angles. Bilinear: on the plane that touches the sphere at each new point, the cell found by trying all of them."""
    lats, lons = argument
    old_lat, old_lon = np.deg2rad(value.lat2.values), np.deg2rad(value.lon2.values)
    data = wide(value).transpose(..., "y", "x").values
    out = np.full((*data.shape[:-2], len(lats), len(lons)), np.nan)
    for i, lat in enumerate(np.deg2rad(lats)):
        for j, lon in enumerate(np.deg2rad(lons)):
            cosine = np.sin(lat) * np.sin(old_lat) + np.cos(lat) * np.cos(old_lat) * np.cos(old_lon - lon)
            if method == "nearest":
                k, m = np.unravel_index(np.argmax(cosine), cosine.shape)
                out[..., i, j] = data[..., k, m]
                continue
            x = np.cos(old_lat) * np.sin(old_lon - lon) / cosine
            y = (np.cos(lat) * np.sin(old_lat) - np.sin(lat) * np.cos(old_lat) * np.cos(old_lon - lon)) / cosine
            found = False
            for k in range(cosine.shape[0] - 1):
                for m in range(cosine.shape[1] - 1):
                    corners = [(k, m), (k, m + 1), (k + 1, m), (k + 1, m + 1)]
                    if found or any(cosine[c] < 0.05 for c in corners):
                        continue
                    weights = inside([(x[c], y[c]) for c in corners])
                    if weights is not None:
                        found = True
                        out[..., i, j] = sum(w * data[(..., *c)] for w, c in zip(weights, corners))
    result = xr.DataArray(out, dims=(*[dim for dim in value.dims if dim not in ("y", "x")], "lat", "lon"))
    return as_before(result, value)


def inside(p):
    from scipy.optimize import fsolve
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = p
    def f(w):
        u, v = w
        return [ax * (1 - u) * (1 - v) + bx * u * (1 - v) + cx * (1 - u) * v + dx * u * v, ay * (1 - u) * (1 - v) + by * u * (1 - v) + cy * (1 - u) * v + dy * u * v]
    u, v = fsolve(f, (0.5, 0.5), xtol=1e-13)
    if np.abs(f((u, v))).max() > 1e-12 or not (-1e-9 <= u <= 1 + 1e-9 and -1e-9 <= v <= 1 + 1e-9):
        return None
    return (1 - u) * (1 - v), u * (1 - v), (1 - u) * v, u * v


def rotated(value, argument, run):
    """A rotated grid brought to latitudes and longitudes; the rotation is a product of matrices."""
    pole_lat, pole_lon, lats, lons = argument
    lat, lon = (np.deg2rad(a) for a in np.meshgrid(lats, lons, indexing="ij"))
    vectors = np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], -1)
    a, b = np.deg2rad(pole_lon), np.deg2rad(pole_lat)
    about_z = np.array([[np.cos(a), np.sin(a), 0], [-np.sin(a), np.cos(a), 0], [0, 0, 1]])
    about_y = np.array([[np.sin(b), 0, -np.cos(b)], [0, 1, 0], [np.cos(b), 0, np.sin(b)]])
    turned = vectors @ (about_y @ about_z).T
    new_lat = np.rad2deg(np.arcsin(turned[..., 2]))
    # The meridian of rotated longitude 0 lies on the far side of the pole.
    new_lon = np.rad2deg(np.arctan2(-turned[..., 1], -turned[..., 0]))
    data = wide(value).transpose(..., "lat", "lon")
    grid = RegularGridInterpolator((value.lat.values[::-1], value.lon.values), np.moveaxis(data.values[..., ::-1, :], (-2, -1), (0, 1)), bounds_error=False, fill_value=np.nan)
    places = np.stack([new_lat, np.where(new_lon < value.lon.values[0], new_lon + 360, new_lon)], -1)
    result = np.moveaxis(grid(places), (0, 1), (-2, -1))
    return as_before(xr.DataArray(result, dims=(*data.dims[:-2], "lat", "lon")), value)


def mercator(value, argument, run):
    """A grid of the spherical Mercator projection (metres): its formula is written out here (Snyder, 1987, p. 41)."""
    _, ys, xs = argument
    radius = 6378137.0
    lat = np.rad2deg(np.arctan(np.sinh(np.array(ys) / radius)))
    lon = np.rad2deg(np.array(xs) / radius)
    return as_before(around(wide(value)).interp(lat=lat, lon=lon).rename(lat="y", lon="x"), value)


# ------------------------------------------------------------------ regions, days
def contains(ring, x, y):
    """Winding number of a ring about a point."""
    angle = 0.0
    for (ax, ay), (bx, by) in zip(ring, [*ring[1:], ring[0]]):
        angle += np.arctan2((ax - x) * (by - y) - (ay - y) * (bx - x), (ax - x) * (bx - x) + (ay - y) * (by - y))
    return abs(angle) > np.pi


def regions(value, polygons, run, what):
    numbers = np.full((value.lat.size, value.lon.size), -1)
    for i, lat in enumerate(value.lat.values):
        for j, lon in enumerate(value.lon.values):
            for k, (_, ring) in enumerate(polygons):
                if numbers[i, j] < 0 and any(contains(ring, lon + turn, lat) for turn in (0, 360, -360)):
                    numbers[i, j] = k
    numbers = xr.DataArray(numbers, dims=("lat", "lon"), coords={"lat": value.lat, "lon": value.lon})
    if what == "inside":
        return numbers >= 0
    if what == "clip":
        return value.where(numbers >= 0)
    names = sorted({name for k, (name, _) in enumerate(polygons) if (numbers == k).any()})
    weights = np.cos(np.deg2rad(value.lat)) if what == "weighted" else xr.ones_like(value.lat)
    parts = []
    for name in names:
        held = wide(value).where(numbers == [k for k, (n, _) in enumerate(polygons) if n == name][0])
        parts.append(held.weighted(weights).mean(["lat", "lon"]))
    return as_before(xr.concat(parts, xr.DataArray(names, dims="region", name="region")).transpose(..., "region"), value)


def solar_day(value, longitude, run, reduce):
    moved = value.time + np.timedelta64(int(round(((longitude + 180) % 360 - 180) * 240)), "s")
    days = moved.dt.floor("D").values
    result = getattr(wide(value.drop_vars("time")).assign_coords(day=("time", days)).groupby("day"), reduce)()
    return as_before(result.rename(day="time").transpose(*value.dims), value)


STEPS = {
    "area": area, "running_days": running_days, "exceedance": exceedance, "trend": trend, "theil_sen": theil_sen,
    "mann_kendall": mann_kendall, "eofs": eofs, "runs": runs, "regrid": regrid, "view": view, "curvilinear": curvilinear, "rotated": rotated,
    "projected": mercator, "regions": regions, "solar_day": solar_day,
}  # fmt: skip
