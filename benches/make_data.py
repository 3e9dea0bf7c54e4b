#!/usr/bin/env python3
"""Reproducible synthetic benchmark inputs (needs numpy, zarr>=3, netCDF4).

    make_data.py OUT [--size-mb 1500] [--only era5,s2,tiny,ocean] [--seed 42] [--tiny-chunks 100000]

era5/  t2m float32 (time hourly from 2019-01-01, lat 361, lon 720), one logical array in four containers:
         era5_v3_zstd.zarr  era5_v2_blosc.zarr  era5_v3_sharded.zarr  nc/era5_YYYY[MM].nc (zlib 4 + shuffle, one file per year, or per month for less than a year)
       --size-mb is the uncompressed size of t2m.  Values are rounded to 1/64 K so that they compress like real ERA5.
s2/    Sentinel-2-like: refl uint16 (time, band, y, x), packed (scale 1e-4, offset -0.1, fill 0) + scl uint8 cloud classes,
         irregular acquisition times; s2_v3.zarr.  Size is about size-mb / 4.
ocean/ sst int16 (time daily 2019-01-01 to 2020-12-31, lat 360, lon 720), packed (scale 0.002, offset 20, fill -32768), 35 % land and so
         missing; ocean_v3.zarr, zstd, chunks 73 x 120 x 240. Of one size.
tiny/  100 000 chunks of 10x10 float32 in a v3 store (5000x2000 grid): stresses metadata, listing and scheduling.
Every block depends only on (seed, block index), so any size is a prefix of a larger one along time.
expected.json holds full-array statistics computed while writing (float64).
"""
import argparse, datetime, json, os, shutil, time, warnings
import numpy as np, zarr, numcodecs
from zarr.codecs import ZstdCodec, BloscCodec

NLAT, NLON = 361, 720
warnings.filterwarnings('ignore', message='Consolidated metadata')


def rng(seed, *k): return np.random.default_rng(np.random.SeedSequence([seed, *k]))


class Stats:
    def __init__(self): self.n = 0; self.s = 0.0; self.q = 0.0; self.lo = np.inf; self.hi = -np.inf
    def add(self, a):
        a = a[np.isfinite(a)].astype('float64')
        if a.size: self.n += a.size; self.s += a.sum(); self.q += (a * a).sum(); self.lo = min(self.lo, a.min()); self.hi = max(self.hi, a.max())
    def out(self):
        m = float(self.s / self.n)
        return {'count': int(self.n), 'mean': m, 'std': float(np.sqrt(max(self.q / self.n - m * m, 0))), 'min': float(self.lo), 'max': float(self.hi)}


# ------------------------------------------------------------------ ERA5-like
LAT = np.linspace(90, -90, NLAT); LON = np.arange(NLON) * 0.5
_base = None


def smooth(a, n):
    for _ in range(n):
        a = (a + np.roll(a, 1, -1) + np.roll(a, -1, -1)) / 3
        p = np.pad(a, ((1, 1), (0, 0)), mode='edge'); a = (p[:-2] + p[1:-1] + p[2:]) / 3
    return a


def base(seed):
    """Static fields: mean climate, land-like pattern, and a bank of smooth weather modes."""
    global _base
    if _base is None:
        r = rng(seed, 0)
        land = smooth(r.standard_normal((NLAT, NLON)), 25); land /= land.std()
        modes = np.stack([smooth(r.standard_normal((NLAT, NLON)), 12) for _ in range(12)]); modes /= modes.std(axis=(1, 2), keepdims=True)
        c = np.cos(np.deg2rad(LAT))[:, None]
        _base = (np.float32(243 + 57 * c ** 1.3 - 3 * np.maximum(land, 0)), np.float32(land > 0.2), np.float32(modes))
    return _base


def era5_day(seed, d):
    """24 hourly fields for day index d (0 = 2019-01-01)."""
    mean, land, modes = base(seed)
    r = rng(seed, 1, d)
    season = np.float32(-np.cos(2 * np.pi * (d - 15) / 365.25)) * np.sin(np.deg2rad(LAT))[:, None].astype('f4') * (6 + 12 * land)
    ph = 2 * np.pi * (d / np.array([3., 4, 5, 6, 7, 9, 11, 13, 17, 23, 31, 60]) + np.arange(12) * .37)
    w = np.einsum('k,kyx->yx', (np.cos(ph) * 2.2).astype('f4'), modes)
    out = np.empty((24, NLAT, NLON), 'f4')
    for h in range(24):
        sun = np.cos(np.deg2rad(LON + 15 * (h - 14)))[None, :].astype('f4')
        out[h] = mean + season + np.roll(w, h // 3, axis=1) + sun * (1 + 5 * land) * np.cos(np.deg2rad(LAT))[:, None].astype('f4')
    out += r.standard_normal((24, 1, NLON), dtype='f4') * 0.2
    return np.round(out * 64) / 64


def era5(out, mb, seed, split):
    import netCDF4
    days = max(2, round(mb * 1e6 / (24 * NLAT * NLON * 4))); nt = days * 24
    os.makedirs(out + '/nc', exist_ok=True)
    cattr = {'time': {'units': 'hours since 1900-01-01 00:00:00', 'calendar': 'proleptic_gregorian', 'standard_name': 'time', 'axis': 'T'},
             'lat': {'units': 'degrees_north', 'standard_name': 'latitude', 'axis': 'Y'}, 'lon': {'units': 'degrees_east', 'standard_name': 'longitude', 'axis': 'X'}}
    vattr = {'long_name': '2 metre temperature', 'standard_name': 'air_temperature', 'units': 'K', 'cell_methods': 'time: point'}
    t0 = (datetime.date(2019, 1, 1) - datetime.date(1900, 1, 1)).days * 24
    tv = t0 + np.arange(nt, dtype='i4')
    dims = ('time', 'lat', 'lon')

    def store(name, fmt, **kw):
        p = f'{out}/{name}'; shutil.rmtree(p, ignore_errors=True)
        g = zarr.create_group(store=p, zarr_format=fmt, attributes={'Conventions': 'CF-1.8', 'title': 'synthetic ERA5-like 2 m temperature'})
        for n, v in (('time', tv), ('lat', LAT), ('lon', LON)):
            k = dict(dimension_names=[n]) if fmt == 3 else {}
            at = dict(cattr[n], **({'_ARRAY_DIMENSIONS': [n]} if fmt == 2 else {}))
            g.create_array(n, shape=v.shape, dtype=v.dtype, chunks=v.shape, attributes=at, **k)[...] = v
        k = dict(dimension_names=dims) if fmt == 3 else {}
        at = dict(vattr, **({'_ARRAY_DIMENSIONS': list(dims)} if fmt == 2 else {}))
        return p, g.create_array('t2m', shape=(nt, NLAT, NLON), dtype='f4', fill_value=np.float32('nan'), attributes=at, **kw, **k)
    ck = (24, 121, 240)
    stores = [store('era5_v3_zstd.zarr', 3, chunks=ck, compressors=ZstdCodec(level=3)),
              store('era5_v2_blosc.zarr', 2, chunks=ck, compressors=numcodecs.Blosc('lz4', 5, numcodecs.Blosc.SHUFFLE)),
              store('era5_v3_sharded.zarr', 3, chunks=(24, 73, 90), shards=(24, 365, 720), compressors=BloscCodec(cname='zstd', clevel=3, shuffle='shuffle'))]
    st, nc, year = Stats(), None, None
    for d in range(days):
        a = era5_day(seed, d); st.add(a)
        for _, z in stores: z[d * 24:(d + 1) * 24] = a
        day = datetime.date(2019, 1, 1) + datetime.timedelta(days=d); y = f'{day:%Y}' if split == 'year' else f'{day:%Y%m}'
        if y != year:
            if nc: nc.close()
            year, first = y, d
            nc = netCDF4.Dataset(f'{out}/nc/era5_{y}.nc', 'w'); nc.Conventions = 'CF-1.8'
            nc.createDimension('time', None); nc.createDimension('lat', NLAT); nc.createDimension('lon', NLON)
            for n, t in (('time', 'i4'), ('lat', 'f8'), ('lon', 'f8')): nc.createVariable(n, t, (n,), **({'chunksizes': (8784,)} if n == 'time' else {})).setncatts(cattr[n])
            nc['lat'][:] = LAT; nc['lon'][:] = LON
            nc.createVariable('t2m', 'f4', dims, zlib=True, complevel=4, shuffle=True, chunksizes=ck).setncatts(vattr)
        i = (d - first) * 24
        nc['time'][i:i + 24] = tv[d * 24:(d + 1) * 24]; nc['t2m'][i:i + 24] = a
    nc.close()
    for p, _ in stores: zarr.consolidate_metadata(p)
    return {'shape': [nt, NLAT, NLON], 'days': days, 't2m': st.out()}


# ------------------------------------------------------------------ Sentinel-2-like
def s2(out, mb, seed):
    n = 1024; bands = ['B02', 'B03', 'B04', 'B08']
    nt = max(3, round(mb * 1e6 / 4 / (len(bands) * n * n * 2)))
    p = f'{out}/s2_v3.zarr'; shutil.rmtree(p, ignore_errors=True)
    g = zarr.create_group(store=p, attributes={'Conventions': 'CF-1.8', 'title': 'synthetic Sentinel-2-like L2A stack', 'crs': 'EPSG:32633'})
    z = ZstdCodec(level=3)
    days = np.cumsum(rng(seed, 2).choice([2, 3, 5], nt)).astype('i4')
    x = 500005.0 + 10 * np.arange(n); y = 5099995.0 - 10 * np.arange(n)
    for k, v, at in (('time', days, {'units': 'days since 2020-01-01', 'calendar': 'standard'}), ('y', y, {'units': 'm', 'standard_name': 'projection_y_coordinate'}), ('x', x, {'units': 'm', 'standard_name': 'projection_x_coordinate'})):
        g.create_array(k, shape=v.shape, dtype=v.dtype, chunks=v.shape, dimension_names=[k], attributes=at)[...] = v
    g.create_array('band', shape=(4,), dtype='i4', chunks=(4,), dimension_names=['band'], attributes={'flag_meanings': ' '.join(bands), 'flag_values': [2, 3, 4, 8]})[...] = [2, 3, 4, 8]
    refl = g.create_array('refl', shape=(nt, 4, n, n), dtype='u2', chunks=(1, 1, 256, 256), shards=(1, 4, 1024, 1024), fill_value=0, compressors=z, dimension_names=['time', 'band', 'y', 'x'],
                          attributes={'scale_factor': 1e-4, 'add_offset': -0.1, '_FillValue': 0, 'units': '1', 'standard_name': 'surface_bidirectional_reflectance'})
    scl = g.create_array('scl', shape=(nt, n, n), dtype='u1', chunks=(1, 256, 256), fill_value=0, compressors=z, dimension_names=['time', 'y', 'x'],
                         attributes={'flag_values': [0, 3, 4, 5, 6, 8, 9], 'flag_meanings': 'no_data cloud_shadow vegetation not_vegetated water cloud_medium_probability cloud_high_probability'})
    r = rng(seed, 3)
    def field(k, m):
        c = k.standard_normal((m, m)); i = np.linspace(0, m - 1.001, n); j = i.astype(int); f = (i - j)
        c = c[j] * (1 - f)[:, None] + c[j + 1] * f[:, None]; return c[:, j] * (1 - f) + c[:, j + 1] * f
    veg = field(r, 40); water = field(r, 9) < -1.2; plot = np.kron(r.standard_normal((64, 64)), np.ones((16, 16)))
    st, clear = Stats(), 0
    for t in range(nt):
        k = rng(seed, 4, t); season = np.sin(2 * np.pi * (days[t] - 100) / 365)
        ndvi = np.clip(0.35 + 0.2 * season + 0.15 * veg + 0.08 * plot, 0, .95); ndvi[water] = -.1
        red = np.clip(0.14 - 0.11 * ndvi, .02, None) + .01 * k.standard_normal((n, n)); nir = red * (1 + ndvi) / np.maximum(1 - ndvi, .08)
        q = np.stack([red * .7, red * .9, red, np.minimum(nir, .7)])
        cl = field(k, 8) + 0.3 * field(k, 60); cloud = cl > 0.6; shadow = np.roll(cloud, (25, -30), (0, 1)) & ~cloud
        q[:, cloud] = .5 + .2 * (cl[cloud] - .6); q[:, shadow] *= .4
        s = np.where(water, 6, np.where(ndvi > .4, 4, 5)).astype('u1'); s[shadow] = 3; s[cloud] = 8; s[cl > 1] = 9
        nod = np.zeros((n, n), bool)
        if t % 3 == 1: nod[:, : n // 4 + 37 * (t % 5)] = True       # swath edge
        v = np.clip(np.round((q + .1) / 1e-4), 1, 65535).astype('u2'); v[:, nod] = 0; s[nod] = 0
        refl[t] = v; scl[t] = s
        st.add(np.where(v == 0, np.nan, v * 1e-4 - .1)); clear += int(np.isin(s, (4, 5, 6)).sum())
    zarr.consolidate_metadata(p)
    return {'shape': [nt, 4, n, n], 'refl_decoded': st.out(), 'clear_pixels': clear}


# ------------------------------------------------------------------ ocean, packed and a third missing
def ocean(out, seed):
    nlat, nlon, nt = 360, 720, 731
    p = f'{out}/ocean_v3.zarr'; shutil.rmtree(p, ignore_errors=True)
    g = zarr.create_group(store=p, attributes={'Conventions': 'CF-1.8', 'title': 'synthetic packed sea surface temperature'})
    lat = np.linspace(-89.75, 89.75, nlat); lon = np.arange(nlon) * 0.5 + 0.25
    for n, v, at in (('time', np.arange(nt, dtype='i4'), {'units': 'days since 2019-01-01', 'calendar': 'standard', 'standard_name': 'time'}),
                     ('lat', lat, {'units': 'degrees_north', 'standard_name': 'latitude'}), ('lon', lon, {'units': 'degrees_east', 'standard_name': 'longitude'})):
        g.create_array(n, shape=v.shape, dtype=v.dtype, chunks=v.shape, dimension_names=[n], attributes=at)[...] = v
    z = g.create_array('sst', shape=(nt, nlat, nlon), dtype='i2', chunks=(73, 120, 240), fill_value=np.int16(-32768), compressors=ZstdCodec(level=3), dimension_names=['time', 'lat', 'lon'],
                       attributes={'scale_factor': 0.002, 'add_offset': 20.0, '_FillValue': -32768, 'units': 'degC', 'standard_name': 'sea_surface_temperature'})
    r = rng(seed, 6)
    h = smooth(r.standard_normal((nlat, nlon)), 40); land = h > np.quantile(h, 0.65)
    eddies = np.stack([smooth(r.standard_normal((nlat, nlon)), 6) for _ in range(8)]); eddies /= eddies.std(axis=(1, 2), keepdims=True)
    mean = -1.5 + 29.5 * np.cos(np.deg2rad(lat))[:, None] ** 2
    st = Stats()
    for a in range(0, nt, 73):
        d = np.arange(a, min(a + 73, nt))
        v = np.empty((len(d), nlat, nlon), 'f4')
        for i, day in enumerate(d):
            k = rng(seed, 7, int(day))
            v[i] = mean + 4 * np.sin(np.deg2rad(lat))[:, None] * -np.cos(2 * np.pi * (day - 45) / 365.25) + np.tensordot(np.cos(day / np.array([9, 13, 17, 23, 31, 45, 60, 90]) + np.arange(8)), eddies, 1) * .4
            v[i] += k.standard_normal((nlat, 1)) * .1
        raw = np.clip(np.round((v - 20) / 0.01) * 5, -32000, 32000).astype('i2'); raw[:, land] = -32768   # steps of 0.01 degrees, as real products have
        z[a:a + len(d)] = raw
        st.add(np.where(raw == -32768, np.nan, raw * 0.002 + 20))
    zarr.consolidate_metadata(p)
    return {'shape': [nt, nlat, nlon], 'missing': float(land.mean()), 'sst': st.out()}


# ------------------------------------------------------------------ many small chunks
def tiny(out, nchunks, seed):
    c = 10; rows = max(1, int(round((nchunks * 2.5) ** 0.5))); cols = max(1, nchunks // rows)
    p = f'{out}/many_chunks_v3.zarr'; shutil.rmtree(p, ignore_errors=True)
    g = zarr.create_group(store=p, attributes={'title': 'many small chunks'})
    z = g.create_array('v', shape=(rows * c, cols * c), dtype='f4', chunks=(c, c), fill_value=np.float32(-1), compressors=None, dimension_names=['y', 'x'])
    st = Stats()
    for i in range(rows):                                             # chunk files written directly: fast, and identical to zarr's
        a = rng(seed, 5, i).random((c, cols * c), dtype='f4').round(3); st.add(a)
        d = f'{p}/v/c/{i}'; os.makedirs(d, exist_ok=True)
        for j in range(cols):
            with open(f'{d}/{j}', 'wb') as f: f.write(np.ascontiguousarray(a[:, j * c:(j + 1) * c]).astype('<f4').tobytes())
    np.testing.assert_array_equal(z[-c:], a)
    zarr.consolidate_metadata(p)
    return {'chunks': rows * cols, 'shape': [rows * c, cols * c], 'v': st.out()}


def main():
    ap = argparse.ArgumentParser(); ap.add_argument('out'); ap.add_argument('--size-mb', type=float, default=1500); ap.add_argument('--only', default='era5,s2,tiny')
    ap.add_argument('--seed', type=int, default=42); ap.add_argument('--tiny-chunks', type=int, default=100_000)
    ap.add_argument('--nc-split', choices=['year', 'month', 'auto'], default='auto', help='auto: yearly files above 366 days, else monthly'); a = ap.parse_args()
    split = a.nc_split if a.nc_split != 'auto' else ('year' if a.size_mb * 1e6 / (24 * NLAT * NLON * 4) > 366 else 'month')
    file = f'{a.out}/expected.json'
    exp = json.load(open(file)) if os.path.exists(file) else {}   # parts can be made one after the other
    exp |= {'seed': a.seed, 'size_mb': a.size_mb, 'numpy': np.__version__, 'zarr': zarr.__version__}
    for k, f in (('era5', lambda d: era5(d, a.size_mb, a.seed, split)), ('s2', lambda d: s2(d, a.size_mb, a.seed)), ('tiny', lambda d: tiny(d, a.tiny_chunks, a.seed)), ('ocean', lambda d: ocean(d, a.seed))):
        if k not in a.only.split(','): continue
        d = f'{a.out}/{k}'; os.makedirs(d, exist_ok=True); t = time.time(); exp[k] = f(d); print(k, exp[k], f'{time.time() - t:.1f} s', flush=True)
        json.dump(exp, open(file, 'w'), indent=1)


if __name__ == '__main__': main()
