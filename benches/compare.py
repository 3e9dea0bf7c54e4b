#!/usr/bin/env python3
"""Ours, the peer and bare decoding, side by side: values first, then times. Writes RESULTS.md beside this file.

    compare.py DATA --ours BINARY [--rounds 5] [--only a,b] [--results FILE]

Every measurement is a fresh process; the three sides take turns within each round, so that a busy machine hits them alike.
The files are warm in the page cache (each side runs once before it is measured, when its values are compared).
"""
import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

import numpy as np

import expected

HERE = Path(__file__).parent
# On some machines these slow a current numpy down; the peer is measured without them.
ENVIRONMENT = {k: v for k, v in os.environ.items() if k not in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")}


def call(*command):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, env=ENVIRONMENT)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def ulp_distance(a, b):
    """The largest number of float32 steps between two arrays, and where; NaN must meet NaN."""
    if a.shape != b.shape or a.dtype != b.dtype:
        return f"{a.dtype}{a.shape} against {b.dtype}{b.shape}"
    if not np.array_equal(np.isnan(a), np.isnan(b)):
        return "other values are missing"

    def order(x):
        bits = np.nan_to_num(x).view("i4").astype("i8")
        return np.where(bits < 0, -(2**31) - bits, bits)
    return int(np.abs(order(a) - order(b)).max())


def compare_values(name, data, ours, folder):
    """Whole arrays: ours and the peer's against the exact result. Ours must be within one step of it."""
    exact_file = Path(data) / f"exact_{name}.npy"
    if not exact_file.exists():
        np.save(exact_file, expected.WORKLOADS[name](data))
    exact = np.load(exact_file)
    call(ours, "ours", name, data, "--save", folder / "ours.npy")
    call(sys.executable, HERE / "peer.py", data, "--one", name, "--save", folder / "peer.npy")
    call(ours, "decode", name, data)
    distances = {side: ulp_distance(np.load(folder / f"{side}.npy"), exact) for side in ("ours", "peer")}
    print(f"{name}: values {exact.dtype}{exact.shape}; largest distance from the exact result in units of the last place: {distances}", flush=True)
    if not isinstance(distances["ours"], int) or distances["ours"] > 1:
        sys.exit(f"{name}: ours is wrong: {distances['ours']}")
    return exact.shape, distances


def measure(name, data, ours, rounds):
    sides = {
        "decode": (ours, "decode", name, data),
        "ours": (ours, "ours", name, data),
        "peer": (sys.executable, HERE / "peer.py", data, "--one", name),
    }
    runs = {side: [] for side in sides}
    for _ in range(rounds):
        for side, command in sides.items():
            runs[side].append(call(*command))
    return runs


def spread(values):
    return f"{statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})"


def ratios(runs, above, below):
    """Of the same round each: what disturbs a round disturbs both."""
    return [a["wall"] / b["wall"] for a, b in zip(runs[above], runs[below])]


def report(rows, arguments, data):
    memory = int(next(line.split()[1] for line in open("/proc/meminfo") if line.startswith("MemTotal")))
    model = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), platform.processor())
    made = json.loads((Path(data) / "expected.json").read_text()) if (Path(data) / "expected.json").exists() else {}
    peers = ", ".join(f"{name} {version(name)}" for name in ("xarray", "dask", "zarr", "flox", "numbagg", "bottleneck", "numpy"))
    text = [
        "# Ours, the peer and bare decoding, side by side",
        "",
        f"Written by `make bench` (compare.py), {arguments.rounds} rounds, files warm in the page cache, a fresh process for every run, sides taking turns.",
        f"Machine: {model}, {os.cpu_count()} cores, {memory / 1e6:.0f} GB, load {os.getloadavg()[1]:.1f} at the end. Peer: {peers}, Python {platform.python_version()}.",
        f"Data: make_data.py, t2m float32 {made.get('era5', {}).get('shape', '?')} ({made.get('size_mb', '?')} MB unpacked), zstd level 3, chunks 24 x 121 x 240.",
        "`decode` is bare zarrs under rayon over the same chunks, as often as the result needs them (`passes`), nothing computed: the floor.",
        "Median (least to most). Ratios are taken within each round. Peak is the largest resident size of the process (VmHWM), MB.",
        "",
        "| workload | passes | decode s | ours s | peer s | ours / decode | ours / peer | ours CPU s | peer CPU s | ours peak | peer peak | ours ulp | peer ulp |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for name, (shape, distances, runs) in rows.items():
        wall = {side: spread([run["wall"] for run in runs[side]]) for side in runs}
        cpu = {side: statistics.median(run["cpu"] for run in runs[side]) for side in runs}
        peak = {side: max(run["peak_mb"] for run in runs[side]) for side in runs}
        text.append(
            f"| {name} | {runs['decode'][0]['passes']} | {wall['decode']} | {wall['ours']} | {wall['peer']} | {spread(ratios(runs, 'ours', 'decode'))} "
            f"| {spread(ratios(runs, 'ours', 'peer'))} | {cpu['ours']:.2f} | {cpu['peer']:.2f} | {peak['ours']} | {peak['peer']} | {distances['ours']} | {distances['peer']} |"
        )
    text += ["", "`ulp`: the largest distance of any value of the whole result from the exact one (sums in float64, rounded once), in float32 steps.", ""]
    return "\n".join(text)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data")
    parser.add_argument("--ours", required=True)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default="")
    parser.add_argument("--results", default=HERE / "RESULTS.md")
    arguments = parser.parse_args()
    have = subprocess.run([arguments.ours, "list"], capture_output=True, text=True, check=True).stdout.split()
    names = [name for name in have if not arguments.only or name in arguments.only.split(",")]
    rows = {}
    with tempfile.TemporaryDirectory() as folder:
        checked = {name: compare_values(name, arguments.data, arguments.ours, Path(folder)) for name in names}
    for name in names:
        rows[name] = (*checked[name], measure(name, arguments.data, arguments.ours, arguments.rounds))
    text = report(rows, arguments, arguments.data)
    Path(arguments.results).write_text(text)
    print(text)


if __name__ == "__main__":
    main()
