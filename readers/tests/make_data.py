"""Writes the small files of readers/tests/data with netCDF4 and h5py, and what xarray makes of them (expected.json).

    python -m venv venv && venv/bin/pip install xarray netCDF4 h5py cftime hdf5plugin kerchunk fastparquet "icechunk<2" "zarr<3.2" && venv/bin/python make_data.py

filters.h5 (hdf5plugin), odd.h5, attributes.h5, small.h5, kerchunk.parq (kerchunk) and versions.icechunk (the Python package icechunk, format 1) are written by `filters`, `odd`,
`attributes`, `small`, `references` and `versions` below; their bytes differ from run to run.
"""
import json, os, shutil, sys
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


def filters(path):
    """One dataset for each filter; its attribute `expected` names the plain one with the values that libhdf5 reads."""
    import hdf5plugin as hp
    n = 500
    ints = (np.arange(n) * 37 % 1013).astype("i4"); floats = (np.arange(n) * 0.25 - 40).astype("f4")
    doubles = np.sin(np.arange(n) / 10).round(3); shorts = (np.arange(n) % 900).astype(">i2")
    with h5py.File(path, "w") as f:
        for name, values in (("ints", ints), ("floats", floats), ("doubles", doubles), ("shorts", shorts)):
            f.create_dataset(f"plain_{name}", data=values)
        def put(name, kind, **how):
            f.create_dataset(name, data=dict(ints=ints, floats=floats, doubles=doubles, shorts=shorts)[kind], chunks=(200,), **how).attrs["expected"] = f"plain_{kind}"
        for c in ("blosclz", "lz4", "lz4hc", "zlib", "zstd", "snappy"):
            for shuffle, label in ((hp.Blosc.NOSHUFFLE, "plain"), (hp.Blosc.SHUFFLE, "bytes"), (hp.Blosc.BITSHUFFLE, "bits")):
                put(f"blosc_{c}_{label}", "ints", **hp.Blosc(cname=c, clevel=5, shuffle=shuffle))
        put("blosc_doubles", "doubles", **hp.Blosc(cname="zstd", clevel=9, shuffle=2))
        for c, kind in (("none", "ints"), ("lz4", "floats"), ("zstd", "doubles")): put(f"bitshuffle_{c}", kind, **hp.Bitshuffle(cname=c))
        put("bitshuffle_shorts", "shorts", **hp.Bitshuffle(cname="lz4")); put("bitshuffle_blocks", "ints", **hp.Bitshuffle(nelems=64, cname="lz4"))
        put("lz4", "ints", **hp.LZ4()); put("lz4_blocks", "ints", **hp.LZ4(nbytes=256)); put("zstd", "doubles", **hp.Zstd()); put("bzip2", "ints", **hp.BZip2())
        put("zstd_shuffle_checksum", "floats", shuffle=True, fletcher32=True, **hp.Zstd(clevel=9))
        put("gzip_shuffle_checksum", "doubles", compression="gzip", shuffle=True, fletcher32=True); put("lzf", "shorts", compression="lzf", shuffle=True)
        for kind, digits in (("ints", 0), ("shorts", 11), ("floats", 2), ("doubles", 3)): put(f"scaleoffset_{kind}", kind, scaleoffset=digits)
        put("unread_blosc2", "ints", **hp.Blosc2(cname="zstd")); put("unread_zfp", "doubles", **hp.Zfp(reversible=True))
        for name, base, values, bits in (("nbit_ints", h5py.h5t.STD_I32LE, ints, 20), ("nbit_shorts", h5py.h5t.STD_I16BE, shorts.astype("i2"), 11)):
            t = base.copy(); t.set_precision(bits)
            p = h5py.h5p.create(h5py.h5p.DATASET_CREATE); p.set_chunk((200,)); p.set_filter(h5py.h5z.FILTER_NBIT, h5py.h5z.FLAG_MANDATORY, ())
            h5py.h5d.create(f.id, name.encode(), t, h5py.h5s.create_simple((n,)), p).write(h5py.h5s.ALL, h5py.h5s.ALL, values)
            f[name].attrs["expected"] = "plain_" + name[5:]
        # What loses digits is held against what libhdf5 makes of it.
        for name in [name for name in f if name.startswith("scaleoffset")]:
            if not np.array_equal(f[name][:], f[f[name].attrs["expected"]][:]):
                f.create_dataset(f"plain_{name}", data=f[name][:]); f[name].attrs["expected"] = f"plain_{name}"


def odd(path):
    """Numbers that no machine has, types without an array type, links, and a virtual dataset over another of the same file."""
    from h5py import h5d, h5s, h5t, h5z
    with h5py.File(path, "w", libver="latest") as f:
        signed = np.array([-3, -1, 0, 5, 1000]); unsigned = np.abs(signed)

        def put(name, t, values, filtered=False):
            p = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
            if filtered: p.set_chunk((2,)); p.set_filter(h5z.FILTER_NBIT, h5z.FLAG_MANDATORY, ())
            h5d.create(f.id, name.encode(), t, h5s.create_simple(values.shape), p).write(h5s.ALL, h5s.ALL, np.ascontiguousarray(values))

        def bits(base, precision, offset=0, size=None):
            t = base.copy(); t.set_precision(precision); t.set_offset(offset)
            if size: t.set_size(size)
            return t
        put("signed_20", bits(h5t.STD_I32LE, 20), signed.astype("i4")); put("signed_12_at_8", bits(h5t.STD_I32BE, 12, 8), signed.astype("i4"))
        put("unsigned_10_at_3", bits(h5t.STD_U16LE, 10, 3), unsigned.astype("u2")); put("signed_24", bits(h5t.STD_I32LE, 24, 0, 3), signed.astype("i4"))
        put("nbit_signed_20", bits(h5t.STD_I32LE, 20), signed.astype("i4"), True); put("nbit_signed_11", bits(h5t.STD_I16BE, 11), signed.astype("i2"), True)
        brain = h5t.IEEE_F32LE.copy(); brain.set_fields(15, 7, 8, 0, 7); brain.set_size(2); brain.set_ebias(127)
        put("brain", brain, np.array([1, -2.5, 0, 96], "f4")); f["extended"] = np.array([1.5, -3, 0, 1e300], "longdouble")
        f.create_dataset("state", data=[0, 1, 255], dtype=h5py.enum_dtype({"clear": 0, "cloud": 1, "none": 255}, "u1"))
        f["pair"] = np.zeros(2, [("when", "i4"), ("where", [("lat", "f4"), ("lon", "f4")]), ("bands", "i2", (3,))])
        f.create_dataset("sequence", (2,), h5py.vlen_dtype("i4")); f["blob"] = np.array([b"ab"], "V2")
        f["elsewhere"] = h5py.ExternalLink("other.h5", "/t"); f["numbers"] = np.arange(5)
        layout = h5py.VirtualLayout((10,), "i8"); layout[:5] = layout[5:] = h5py.VirtualSource(".", "numbers", (5,)); f.create_virtual_dataset("virtual", layout)


def attributes(path):
    """Numbers that no machine has in attributes, and more of them in datasets; text of a virtual dataset; enums of 64 bits."""
    from h5py import h5a, h5d, h5s, h5t, h5z
    with h5py.File(path, "w", libver="latest") as f:
        def put(name, t, values, filtered=False):
            p = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
            if filtered: p.set_chunk((2,)); p.set_filter(h5z.FILTER_NBIT, h5z.FLAG_MANDATORY, ())
            h5d.create(f.id, name.encode(), t, h5s.create_simple(values.shape), p).write(h5s.ALL, h5s.ALL, values)

        def attribute(name, key, t, value):
            space = h5s.create(h5s.SCALAR) if np.ndim(value) == 0 else h5s.create_simple(np.shape(value))
            h5a.create(f[name].id, key.encode(), t, space).write(np.ascontiguousarray(value).reshape(np.shape(value)))
        signed_20 = h5t.STD_I32LE.copy(); signed_20.set_precision(20)
        shifted = h5t.STD_I32BE.copy(); shifted.set_precision(12); shifted.set_offset(8)
        brain = h5t.IEEE_F32LE.copy(); brain.set_fields(15, 7, 8, 0, 7); brain.set_size(2); brain.set_ebias(127)
        huge = h5t.IEEE_F64LE.copy(); huge.set_size(20); huge.set_precision(160); huge.set_fields(159, 144, 15, 0, 144); huge.set_ebias(16383)
        named = signed_20.copy(); named.commit(f.id, b"signed_20")
        f["scaled"] = np.array([-4, -3, 2, 6], "i2")
        attribute("scaled", "valid_min", signed_20, np.int32(-3)); f["scaled"].attrs["scale_factor"] = np.longdouble(0.5)
        attribute("scaled", "brain", brain, np.array([1.5, -2], "f4")); attribute("scaled", "shifted", shifted, np.int32(-7))
        attribute("scaled", "named", named, np.int32(-9))
        f["many"] = np.arange(2)
        for n in range(12): attribute("many", f"a{n}", signed_20, np.int32(-n))
        f["unscaled"] = np.arange(2); attribute("unscaled", "scale_factor", huge, np.float64(0.5))
        f["other"] = np.arange(2); attribute("other", "note", huge, np.float64(0.5)); f["other"].attrs["title"] = "read"
        at_7 = h5t.IEEE_F32LE.copy(); at_7.set_fields(26, 20, 6, 7, 13); at_7.set_offset(7); at_7.set_precision(20); at_7.set_ebias(31)
        put("at_7", at_7, np.array([1, -2.5, 0, 96], "f4")); put("nbit_at_7", at_7, np.array([1, -2.5, 0, 96], "f4"), True)
        biased = h5t.IEEE_F64LE.copy(); biased.set_fields(15, 7, 8, 0, 7); biased.set_size(2); biased.set_ebias(63)
        put("biased", biased, np.array([1, -2.0**190, 0, 96]))
        limits = np.iinfo("i8"); members = {"least": int(limits.min), "most": int(limits.max)}
        f.create_dataset("limits", data=np.array([limits.max]), dtype=h5py.enum_dtype(members, "i8"))
        f["letters"] = np.array([b"ab", b"c"], "S4"); layout = h5py.VirtualLayout((2,), "S4"); layout[:] = h5py.VirtualSource(".", "letters", (2,))
        f.create_virtual_dataset("virtual_text", layout)


def references(folder):
    from kerchunk.df import refs_to_dataframe
    from kerchunk.hdf import SingleHdf5ToZarr
    os.chdir(folder); shutil.rmtree("kerchunk.parq", ignore_errors=True)
    refs_to_dataframe(SingleHdf5ToZarr("four.nc", inline_threshold=30).translate(), "kerchunk.parq", record_size=2)


def versions(folder):
    import icechunk as ic, zarr
    out = os.path.join(folder, "versions.icechunk"); shutil.rmtree(out, ignore_errors=True)
    repository = ic.Repository.create(ic.local_filesystem_storage(out))

    def write(branch, n, value, message):
        session = repository.writable_session(branch); group = zarr.open_group(session.store, mode="a")
        if "t" not in group:
            group.attrs["title"] = "versions"
            group.create_array("t", shape=(n, 3), chunks=(2, 3), dtype="f4", dimension_names=("time", "x"), attributes={"units": "K"})[:] = np.arange(n * 3, dtype="f4").reshape(n, 3)
            group.create_array("x", shape=(3,), chunks=(3,), dtype="f8", dimension_names=("x",))[:] = [10.0, 20.0, 30.0]
        else:
            t = group["t"]; old = t.shape[0]; t.resize((old + n, 3)); t[old:] = value
        return session.commit(message)
    first = write("main", 3, 0, "three times")
    repository.create_tag("v1", snapshot_id=first); repository.create_branch("dev", snapshot_id=first)
    ids = {"main": write("main", 2, 7, "two more"), "v1": first, "dev": write("dev", 1, -1, "on a branch")}
    json.dump(ids, open(os.path.join(folder, "versions.json"), "w"))


def small(path):
    """Addresses and lengths of four bytes, groups and attributes in the old style."""
    from h5py import h5f, h5p
    fcpl = h5p.create(h5p.FILE_CREATE); fcpl.set_sizes(4, 4)
    fapl = h5p.create(h5p.FILE_ACCESS); fapl.set_libver_bounds(h5f.LIBVER_EARLIEST, h5f.LIBVER_V18)
    with h5py.File(h5f.create(path.encode(), h5f.ACC_TRUNC, fcpl, fapl)) as f:
        words = ["alpha", "", "größer 🌍", "d", "a longer one, of more than sixteen bytes"]
        f.create_dataset("words", data=words, dtype=h5py.string_dtype())
        f.create_dataset("chunked", data=words * 4, dtype=h5py.string_dtype(), chunks=(3,), compression="gzip", shuffle=True)
        grown = f.create_dataset("grown", (2,), maxshape=(None,), dtype=h5py.string_dtype(), chunks=(2,)); grown[:] = ["one", "two"]; grown.resize((5,)); grown[4] = "five"
        f.create_dataset("ascii", data=[b"ab", b"cde"], dtype=h5py.string_dtype("ascii"))
        f["scalar"] = "just one"
        f.create_dataset("never", (3,), dtype=h5py.string_dtype())
        f["fixed"] = np.array([b"ab", b"c", b"defg"], "S4")
        g = f.create_group("inner"); g.attrs["title"] = "within"; g.attrs["names"] = ["x", "yy", ""]; g.attrs["fixed"] = np.bytes_("fixed")
        n = g.create_dataset("numbers", data=np.arange(40, dtype="i4").reshape(8, 5), chunks=(3, 2), compression="gzip", fletcher32=True); n.attrs["units"] = "K"; n.attrs["long_name"] = "größer"
        deep = g.create_group("deeper"); deep["one"] = 7.5
        for i in range(20): deep[f"v{i}"] = i
        f["numbers"] = np.arange(6.); f["numbers"].attrs["note"] = "z" * 300
        t = f.create_dataset("time", data=np.arange(3, dtype="f8")); t.make_scale("time"); f["fixed"].dims[0].attach_scale(t)


filters(os.path.join(here, "filters.h5")); small(os.path.join(here, "small.h5")); odd(os.path.join(here, "odd.h5")); attributes(os.path.join(here, "attributes.h5")); references(here); versions(here)
