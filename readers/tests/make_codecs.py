"""Writes data/numcodecs.json: small Zarr arrays of versions 2 and 3, one for each codec of numcodecs, as numcodecs and zarr-python write them.

    pip install zarr==3.1.6 numcodecs==0.16.6 google-crc32c && python make_codecs.py
"""
import base64, json, os
import numcodecs as nc, numpy as np, zarr
from numcodecs.compat import ensure_bytes
from zarr.codecs import numcodecs as n3

rows = []
ints = np.array([5, -7, 30000, 0, 1, 1, -9], "<i4"); floats = np.array([1.5, -2, 0.25, 0, 8, 8, -1], "<f8")
flags = np.array([1, 0, 0, 1, 1, 0, 1, 1, 0, 1, 1], bool); words = np.array(["red", "", "blue", "red", "green"], object)


def shown(values): return [str(v) if isinstance(v, str) else float(v) for v in values.ravel(order="C")]


def put(version, name, files, values):
    rows.append({"version": version, "name": name, "files": {k: base64.b64encode(bytes(v)).decode() for k, v in files.items()}, "values": shown(values)})


def two(name, values, filters=(), compressor=None, order="C", dtype=None, fill=None):
    """An array of version 2 in one chunk; what comes back is what numcodecs decodes."""
    chunk = np.asarray(values, order=order)
    for filter in filters: chunk = filter.encode(chunk)
    bytes_ = compressor.encode(chunk) if compressor else chunk
    bytes_ = bytes_.tobytes(order="A") if isinstance(bytes_, np.ndarray) else ensure_bytes(bytes_)
    described = {"zarr_format": 2, "shape": values.shape, "chunks": values.shape, "dtype": dtype or values.dtype.str, "fill_value": fill, "order": order,
                 "filters": [f.get_config() for f in filters] or None, "compressor": compressor.get_config() if compressor else None}
    key = ".".join("0" * values.ndim)
    put(2, name, {".zarray": json.dumps(described).encode(), key: bytes_}, values)


def three(name, values, filters=(), compressors=(), serializer="auto", shards=None):
    store = zarr.storage.MemoryStore()
    shape = values.shape
    a = zarr.create_array(store, shape=shards or shape, chunks=shape if not shards else tuple(n // 2 for n in shards), shards=shards, dtype=values.dtype,
                          filters=filters, compressors=compressors, serializer=serializer, zarr_format=3, fill_value=values.dtype.type())
    a[...] = values
    assert np.array_equal(a[...], values), name
    put(3, name, {k: v.to_bytes() for k, v in store._store_dict.items()}, values)


for codec in (nc.Zlib(3), nc.GZip(3), nc.BZ2(3), nc.LZMA(), nc.LZMA(format=2), nc.LZMA(check=0, preset=1), nc.Blosc("lz4", 3, 1), nc.Zstd(3), nc.LZ4()):
    label = codec.codec_id + (" alone" if codec.get_config().get("format") == 2 else " unchecked" if codec.get_config().get("check") == 0 else "")
    two(label, ints, compressor=codec)
    two(label + " as a filter", ints, [codec])
for codec in (nc.CRC32(), nc.CRC32(location="end"), nc.CRC32C(), nc.CRC32C(location="start"), nc.Adler32(), nc.Adler32(location="end"), nc.Fletcher32(), nc.JenkinsLookup3(),
              nc.JenkinsLookup3(initval=7), nc.Base64(), nc.Shuffle(4)):
    label = codec.codec_id + {"end": " at the end", "start": " at the start"}.get(codec.get_config().get("location"), "") + (" from 7" if codec.get_config().get("initval") == 7 else "")
    two(label, ints, [codec])
    two(label + " and zlib", ints, [codec], nc.Zlib(1))
two("fletcher32 of an odd number of bytes", ints[:3].astype("i1"), [nc.Fletcher32()])
two("checksums on checksums", ints, [nc.Shuffle(4), nc.CRC32(), nc.Adler32(), nc.CRC32C()], nc.LZ4())
two("packbits", flags, [nc.PackBits()]); two("packbits of 8", flags[:8], [nc.PackBits()])
two("packbits and lz4", flags, [nc.PackBits()], nc.LZ4()); two("packbits in F order", flags[:10].reshape(2, 5), [nc.PackBits()], order="F")
labels = ["red", "green", "blue"]
two("categorize", words, [nc.Categorize(labels, "O")], dtype="|O", fill=""); two("categorize and zstd", words, [nc.Categorize(labels, "O")], nc.Zstd(1), dtype="|O")
two("categorize fixed", words.astype("<U5"), [nc.Categorize(labels, "<U5", "<u2")], fill="")
two("categorize big-endian", words.astype("<U5"), [nc.Categorize(labels, "<U5", ">i4")], fill="")
two("categorize beyond ASCII", np.array([["größer", "🌍"], ["", "größer"]], object), [nc.Categorize(["🌍", "größer"], "O")], order="F", dtype="|O")
two("categorize and shuffle", words.astype("<U5"), [nc.Categorize(labels, "<U5", "<u4"), nc.Shuffle(4)], fill="")
two("delta", ints, [nc.Delta("<i4")]); two("astype", floats, [nc.AsType("<f4", "<f8")]); two("fixedscaleoffset", floats, [nc.FixedScaleOffset(-2, 4, "<f8", "<i2")])
two("quantize", floats, [nc.Quantize(3, "<f8")]); two("bitround", floats, [nc.BitRound(30)])
two("vlen-utf8", words, [nc.VLenUTF8()], dtype="|O", fill=""); two("vlen-bytes", np.array([b"a", b"bc"], object), [nc.VLenBytes()], dtype="|O", fill="") if False else None
two("json2", words, [nc.JSON()], dtype="|O", fill=""); two("pickle", words, [nc.Pickle()], dtype="|O", fill="")

for name, codec, values in (("delta", n3.Delta(dtype="<i4"), ints), ("bitround", n3.BitRound(keepbits=30), floats), ("fixedscaleoffset", n3.FixedScaleOffset(offset=-2, scale=4, dtype="<f8", astype="<i2"), floats),
                            ("quantize", n3.Quantize(digits=3, dtype="<f8"), floats), ("packbits", n3.PackBits(), flags), ("packbits of 8", n3.PackBits(), flags[:8]),
                            ("packbits of two axes", n3.PackBits(), flags[:10].reshape(2, 5)), ("astype", n3.AsType(encode_dtype="float32", decode_dtype="float64"), floats)):
    try: three(name, values, [codec])
    except Exception as e: print("zarr-python itself:", name, repr(e)[:200])
for name, codec in (("blosc", n3.Blosc(cname="lz4", clevel=3, shuffle=1)), ("lz4", n3.LZ4()), ("zstd", n3.Zstd()), ("zlib", n3.Zlib()), ("gzip", n3.GZip()), ("bz2", n3.BZ2()), ("lzma", n3.LZMA()),
                    ("lzma alone", n3.LZMA(format=2)), ("shuffle", n3.Shuffle(elementsize=4)), ("crc32", n3.CRC32()), ("crc32c", n3.CRC32C()), ("crc32c at the start", n3.CRC32C(location="start")), ("adler32", n3.Adler32()), ("adler32 at the end", n3.Adler32(location="end")),
                    ("fletcher32", n3.Fletcher32()), ("jenkins_lookup3", n3.JenkinsLookup3())):
    try: three(name, ints, (), [codec])
    except Exception as e: print("zarr-python itself:", name, repr(e)[:200])
three("packbits, lz4 and a checksum", flags, [n3.PackBits()], [n3.LZ4(), n3.CRC32()])
three("lzma in shards", ints[:6], (), [n3.LZMA()], shards=(6,)); three("packbits in shards", flags[:10], [n3.PackBits()], [n3.LZ4()], shards=(10,))
here = os.path.join(os.path.dirname(os.path.abspath(__file__)), "data")
json.dump(rows, open(os.path.join(here, "numcodecs.json"), "w"), indent=0, ensure_ascii=False)
print(len(rows), "arrays")
