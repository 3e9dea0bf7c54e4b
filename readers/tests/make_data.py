"""Writes the small files of readers/tests/data with netCDF4 and h5py, and what xarray makes of them (expected.json).

    python -m venv venv && venv/bin/pip install xarray netCDF4 h5py cftime && venv/bin/python make_data.py
"""
import json, os
import h5py, netCDF4, numpy as np, xarray as xr

here = os.path.join(os.path.dirname(os.path.abspath(__file__)), "data")
os.makedirs(here, exist_ok=True)


def fill(path, kind):
    with netCDF4.Dataset(path, "w", format=kind) as f:
        f.title = "små data"
        f.createDimension("time", None); f.createDimension("x", 3); f.createDimension("bnds", 2); f.createDimension("strlen", 5)
        packing = {"zlib": True, "shuffle": True, "fletcher32": True, "chunksizes": (2, 2)} if kind == "NETCDF4" else {}
        t = f.createVariable("time", "f8", ("time",)); t.units = "days since 1850-01-01"; t.calendar = "noleap"; t.bounds = "time_bnds"
        b = f.createVariable("time_bnds", "i4", ("time", "bnds"))
        x = f.createVariable("x", "f4", ("x",)); x.units = "degrees_east"
        p = f.createVariable("packed", "i2", ("time", "x"), fill_value=-99, **packing)
        p.set_auto_maskandscale(False); p.scale_factor = np.float32(0.5); p.coordinates = "label height"
        q = f.createVariable("wide", "i2", ("time", "x"), **packing); q.set_auto_maskandscale(False)
        q.scale_factor = 0.01; q.add_offset = 273.15; q.missing_value = np.int16(7)
        u = f.createVariable("unsigned", "i1", ("x",), fill_value=-1); u.set_auto_maskandscale(False); u._Unsigned = "true"
        m = f.createVariable("masked", "i4", ("x",), fill_value=2)
        m.set_auto_maskandscale(False)
        c = f.createVariable("label", "S1", ("x", "strlen"))
        h = f.createVariable("height", "f4", ()); h.units = "m"
        d = f.createVariable("lag", "i4", ("x",)); d.units = "days"
        bad = f.createVariable("odd", "f4", ("x",)); bad.units = "months since 1850-01-01"
        t[:] = [0.5, 31.0, 59.0, 90.25, 120.0]; b[:] = [[0, 1], [31, 32], [59, 60], [90, 91], [120, 121]]
        x[:] = [0, 120, 240]; p[:] = np.arange(15).reshape(5, 3); p[1, 1] = -99; q[:] = np.arange(15).reshape(5, 3) - 3
        u[:] = [0, -2, -1]; m[:] = [1, 2, 3]; c[:] = np.array([list("ab\0\0\0"), list("cde\0\0"), list("fghij")], "S1"); h[:] = 2; d[:] = [1, 2, 3]; bad[:] = [0, 1, 2]
        if kind == "NETCDF4":
            s = f.createVariable("name", str, ("x",)); s[:] = np.array(["α", "", "gamma"], dtype=object)
            w = f.createVariable("never", "f4", ("time", "x"), chunksizes=(1, 3)); w[3, :] = 1
            short = f.createVariable("short", "f8", ("time",)); short[:2] = [1, 2]
            for name, how in (("zstd", {"compression": "zstd"}), ("bzip2", {"compression": "bzip2"})):
                try: v = f.createVariable(name, "f8", ("x",), chunksizes=(3,), **how); v[:] = [1, 2, 3]
                except RuntimeError: pass
            g = f.createGroup("inner"); v = g.createVariable("v", "i8", ("x",)); v[:] = [2**60, -1, 0]
    return path


expected = {}
for kind, name in (("NETCDF3_CLASSIC", "classic.nc"), ("NETCDF3_64BIT_DATA", "cdf5.nc"), ("NETCDF4", "four.nc")):
    path = fill(os.path.join(here, name), kind)
    with xr.open_dataset(path, engine="netcdf4", drop_variables=["odd"]) as ds:
        variables = {}
        for n, v in ds.variables.items():
            a = v.values
            if a.dtype.kind == "O" and a.size and hasattr(a.flat[0], "isoformat"): values = [t.isoformat() for t in a.flat]
            elif a.dtype.kind in "SOU": values = [x.decode() if isinstance(x, bytes) else str(x) for x in a.flat]
            else: values = [None if x != x else float(x) for x in a.astype("f8").flat]
            variables[str(n)] = {"dims": list(v.dims), "dtype": str(a.dtype), "n_attrs": len(v.attrs), "values": values}
        expected[name] = {"coords": sorted(map(str, ds.coords)), "variables": variables}

with h5py.File(os.path.join(here, "plain.h5"), "w", userblock_size=512) as f:
    f.create_dataset("lzf", data=np.arange(60, dtype=">i4").reshape(10, 6), chunks=(4, 4), compression="lzf", shuffle=True)
    f.create_dataset("scaled", data=np.arange(40, dtype="i4"), chunks=(16,), scaleoffset=0)
    f.create_dataset("flag", data=np.array([True, False, True]))
    f.create_dataset("half", data=np.array([0.5, 2, -1], "f2"))
    f.create_dataset("text", data=np.array([b"ab", b"c"], "S4"))
    f.create_dataset("pair", data=np.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f8")]))
    f["lzf"].attrs["flags"] = np.array([1, 2], "u1")
json.dump(expected, open(os.path.join(here, "expected.json"), "w"), indent=0, ensure_ascii=False)
