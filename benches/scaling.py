#!/usr/bin/env python3
"""How the time goes with cores and with data: the curves as text.

    scaling.py DATA --ours BINARY [--rounds 3]

Cores are taken away by affinity, so that the engine starts as many workers as there are. NetCDF-4 files of many and of one chunk, by deflate and
by szip, are made from the first hours of `era5` and measured by `terracube stats`: one chunk is one stream, which the formats let nobody split.
Last line: `scaling: A at target, B short`.
"""
import argparse
import json
import os
import statistics
import subprocess
import time
from pathlib import Path

GATE = 1.85
BY_CORES = ("mean_time_zstd", "std_time", "climatology_hour", "three_results", "ocean_std", "mean_time_netcdf")
BY_DATA = (1, 2, 3, 4)
# By codec: the arguments of netCDF4.
CODECS = {"deflate": {"compression": "zlib", "complevel": 4}, "szip": {"compression": "szip", "szip_coding": "nn", "szip_pixels_per_block": 16}}


def wall(command, n_cores, rounds):
    cores = sorted(os.sched_getaffinity(0))[:n_cores]
    times = []
    for _ in range(rounds):
        done = subprocess.run(command, capture_output=True, text=True, check=True, preexec_fn=lambda: os.sched_setaffinity(0, cores))
        times.append(json.loads(done.stdout.splitlines()[-1])["wall"])
    return statistics.median(times)


def files(data):
    """Names and paths of NetCDF-4 files, which are made once."""
    import netCDF4
    import zarr
    folder = Path(data) / "codecs"
    folder.mkdir(exist_ok=True)
    for codec, arguments in CODECS.items():
        for count in ("many", "one"):
            path = folder / f"{codec}_{count}.nc"
            if not path.exists():
                values = zarr.open_array(f"{data}/era5/era5_v3_zstd.zarr/t2m", mode="r")[:240]
                chunks = values.shape if count == "one" else (10, *values.shape[1:])
                beside = path.with_suffix(".new")
                with netCDF4.Dataset(beside, "w") as file:
                    dims = ("time", "lat", "lon")
                    for name, length in zip(dims, values.shape):
                        file.createDimension(name, length)
                    file.createVariable("t2m", "f4", dims, chunksizes=chunks, **arguments)[:] = values
                beside.rename(path)
            yield f"{codec}, {count} chunk{'s' if count == 'many' else ''}", path


def seconds(command, n_cores, rounds):
    cores = sorted(os.sched_getaffinity(0))[:n_cores]
    times = []
    for _ in range(rounds):
        begun = time.perf_counter()
        subprocess.run(command, stdout=subprocess.DEVNULL, check=True, preexec_fn=lambda: os.sched_setaffinity(0, cores))
        times.append(time.perf_counter() - begun)
    return statistics.median(times)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data")
    parser.add_argument("--ours", required=True)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    ours, data, rounds = arguments.ours, arguments.data, arguments.rounds
    n_cores = len(os.sched_getaffinity(0))
    met = 0
    for name in BY_CORES:
        # Once to warm the page cache.
        wall([ours, "ours", name, data], n_cores, 1)
        times = [wall([ours, "ours", name, data], n, rounds) for n in range(1, n_cores + 1)]
        gains = [times[0] / each for each in times]
        met += n_cores < 2 or gains[1] >= GATE
        print(f"{name}: " + ", ".join(f"{n + 1} cores {each:.2f} s ({gain:.2f}x)" for n, (each, gain) in enumerate(zip(times, gains))), flush=True)
    stats = str(Path(ours).with_name("terracube"))
    for name, path in files(data):
        times = [seconds([stats, "stats", str(path)], n, rounds) for n in range(1, n_cores + 1)]
        print(f"stats of {name}: " + ", ".join(f"{n + 1} cores {each:.2f} s ({times[0] / each:.2f}x)" for n, each in enumerate(times)), flush=True)
    first = None
    for quarters in BY_DATA:
        taken = wall([ours, "part", str(quarters), data], n_cores, rounds)
        first = first or taken
        print(f"mean_time_zstd over {quarters}/4 of the data: {taken:.2f} s, {taken / first / quarters:.2f} of linear", flush=True)
    print(f"scaling: {met} at target, {len(BY_CORES) - met} short (1 to 2 cores at least {GATE}x)")


if __name__ == "__main__":
    main()
