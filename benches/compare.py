#!/usr/bin/env python3
"""Ours, the peers and the floor, side by side: values first, then times. Writes RESULTS.md (and RESULTS.svg) beside this file.

    compare.py DATA --ours BINARY [--rounds 3] [--only a,b] [--results FILE] [--no-peer]

Every measurement is a fresh process; the sides take turns within each round, so that a busy machine hits them alike. The files are
warm in the page cache (each side runs once before it is measured, when its values are compared). A variant of the peer that was more
than twice as slow then as its best variant is not run again: that one time is what the table says.
"""
import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np

import expected
import expected_along
import peer_along

HERE = Path(__file__).parent
# On some machines these slow a current numpy down; the peer is measured without them.
ENVIRONMENT = {k: v for k, v in os.environ.items() if k not in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")}
PACKAGES = ("xarray", "dask", "zarr", "flox", "numbagg", "bottleneck", "numpy", "tensorstore", "xclim", "xarray-regrid")
# Units of the last place that ours may be off the exact result; for float64 results numpy's distance is printed beside it.
MOST_ULPS = {"<f4": 1, "<f8": 4}


def call(*command):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, env=ENVIRONMENT)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def ulp_distance(a, b):
    """The largest number of floating-point steps between two arrays; NaN must meet NaN."""
    if a.shape != b.shape or a.dtype != b.dtype:
        return f"{a.dtype}{a.shape} against {b.dtype}{b.shape}"
    if not np.array_equal(np.isnan(a), np.isnan(b)):
        return "other values are missing"
    integer, lowest = ("i4", -(2**31)) if a.dtype.itemsize == 4 else ("i8", -(2**63))

    def order(x):
        bits = np.atleast_1d(np.nan_to_num(x)).view(integer).astype("i8")
        return np.where(bits < 0, lowest - bits, bits)
    return int(np.abs(order(a) - order(b)).max(initial=0))


def difference(a, b):
    """The largest absolute difference of two arrays whose missing values are the same."""
    return float(np.nanmax(np.abs(a - b), initial=0))


def exact_results(name, data):
    """From the cache beside the data if they are there: they take longer than all the rest."""
    folder = Path(data) / "exact"
    folder.mkdir(exist_ok=True)
    files = sorted(folder.glob(f"{name}.*.npy"))
    if not files:
        for number, values in enumerate((expected.WORKLOADS | expected_along.WORKLOADS)[name](data)):
            np.save(folder / f"{name}.{number}.npy", values)
        files = sorted(folder.glob(f"{name}.*.npy"))
    return [np.load(file, mmap_mode="r") for file in files]


def numpy_distance(name, data, exact):
    """How far numpy's float64 is off the exact result, in units of the last place and as a difference; kept beside it."""
    file = Path(data) / "exact" / f"{name}.numpy.json"
    if not file.is_file():
        wide, expected.WIDE = expected.WIDE, np.float64
        try:
            found = (expected.WORKLOADS | expected_along.WORKLOADS)[name](data)
        finally:
            expected.WIDE = wide
        file.write_text(json.dumps([max(of(a, b) for a, b in zip(found, exact, strict=True)) for of in (ulp_distance, difference)]))
    return json.loads(file.read_text())


def written(path):
    import zarr
    return zarr.open_array(f"{path}/t", mode="r")


def place(workload, side, data):
    """Where a side wrote its store."""
    name = workload["name"]
    return f"{data}/out/ours_{name}.zarr" if side == "ours" else f"{data}/out/{name.removeprefix('write_')}.zarr"


def distance(workload, side, data, folder, exact, of=ulp_distance):
    """The largest distance of any value of the whole results, or what is wrong with them."""
    if workload["writes"] == "netcdf" and side == "ours":
        found = [of(peer_along.read_netcdf(f"{data}/out/ours_{workload['name']}.nc3"), exact[0])]
    elif workload["writes"] == "zarr":
        array = written(place(workload, side, data))
        found = [of(array[i : i + 96], exact[0][i : i + 96]) for i in range(0, array.shape[0], 96)]
    else:
        found = [of(np.load(folder / f"{side}.{number}.npy"), values) for number, values in enumerate(exact)]
    return next((one for one in found if not isinstance(one, int | float)), None) or max(found)


def check(workload, data, ours, folder, peers):
    """Whole arrays, ours and the peers', against the exact results. Gives distances, and the first (warming) run of each side."""
    name = workload["name"]
    if workload["opens"]:
        # Nothing is computed: that what was opened is right is held by the row that computes with it.
        return {"ours": 0, **{peer: 0 for peer in peers}}, {side: call(ours, side, name, data) for side in ("ours", "floor")}
    exact = exact_results(name, data)
    first = {"ours": call(ours, "ours", name, data, "--save", folder / "ours"), "floor": call(ours, "floor", name, data)}
    distances = {"ours": distance(workload, "ours", data, folder, exact)}
    for peer in peers:
        first[peer] = call(sys.executable, HERE / "peer.py", data, "--one", peer, "--save", folder / peer)
        distances[peer] = distance(workload, peer, data, folder, exact)
    shapes = ", ".join(f"{values.dtype}{values.shape}" for values in exact)
    print(f"{name}: {shapes}; largest distance from the exact result in units of the last place: {distances}", flush=True)
    if not isinstance(distances["ours"], int) or distances["ours"] > MOST_ULPS[exact[0].dtype.str]:
        sys.exit(f"{name}: ours is wrong: {distances['ours']}")
    if workload["writes"] == "zarr":
        sizes = {side: sum(file.stat().st_size for file in Path(place(workload, side, data)).rglob("*") if file.is_file()) >> 20 for side in ("ours", *peers)}
        print(f"{name}: stored, in MiB: {sizes}", flush=True)
    if exact[0].dtype == "f8":
        ulps, most = numpy_distance(name, data, exact)
        ours = distance(workload, "ours", data, folder, exact, difference)
        print(f"{name}: largest difference from it {ours:.2g}, numpy's {most:.2g} ({ulps} units)", flush=True)
    return distances, first


def measure(name, data, ours, peers, rounds):
    sides = {"floor": (ours, "floor", name, data), "ours": (ours, "ours", name, data)}
    sides |= {peer: (sys.executable, HERE / "peer.py", data, "--one", peer) for peer in peers}
    runs = {side: [] for side in sides}
    for number in range(rounds):
        # Every other round backwards: what comes after what is not the same each time.
        for side, command in list(sides.items())[:: 1 if number % 2 == 0 else -1]:
            runs[side].append(call(*command))
    return runs


def median(runs, field="wall"):
    return statistics.median(run[field] for run in runs)


def spread(values):
    return f"{statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})"


def ratios(runs, above, below):
    """Of the same round each: what disturbs a round disturbs both."""
    return [a["wall"] / b["wall"] for a, b in zip(runs[above], runs[below])]


def verdict(workload, runs, fastest):
    """(what was held against the gate, what falls short of it)."""
    gate, short = workload["gate"], []
    if "faster" in gate:
        times = statistics.median(ratios(runs, fastest, "ours")) if fastest else 0
        held = f"{times:.2f} of {gate['faster']} x the peer" if fastest else "no peer here"
        if fastest and times < gate["faster"]:
            short.append(f"{times:.2f} x the peer")
    elif "times" in gate:
        ratio = statistics.median(ratios(runs, "ours", "floor"))
        held = f"{ratio:.2f} of {gate['times']}"
        if ratio > gate["times"]:
            short.append(f"{ratio / gate['times'] - 1:.0%} over")
    elif "seconds" in gate:
        seconds = median(runs["ours"])
        held = f"{seconds:.2f} of {gate['seconds']} s"
        if seconds > gate["seconds"]:
            short.append(f"{seconds / gate['seconds'] - 1:.0%} over")
    elif "of_peer" in gate:
        times = statistics.median(ratios(runs, fastest, "ours")) if fastest else 0
        held = f"{times:.1f} of {gate['of_peer']:.0f} times the peer"
        if fastest and times < gate["of_peer"]:
            short.append(f"{1 - times / gate['of_peer']:.0%} short")
    elif "chunks" in gate:
        chunks = runs["ours"][0]["chunks_read"]
        held = f"{chunks} of {gate['chunks']} chunks"
        if chunks != gate["chunks"]:
            short.append(f"{chunks} chunks read")
    else:
        extra = (median(runs["ours"], "cpu") - median(runs["floor"], "cpu")) / gate["n_chunks"] * 1e6
        held = f"{extra:.1f} of {gate['microseconds']:.0f} us/chunk"
        if extra > gate["microseconds"]:
            short.append(f"{extra - gate['microseconds']:.1f} us a chunk over")
    # A named variant is held against even where another is faster.
    against = next((side for side in runs if gate.get("peer") and side.endswith(f"_{gate['peer']}")), fastest)
    if against and (part := gate.get("part", 1)) is not None:
        ours, peer = (max(run["peak_mb"] for run in runs[side]) for side in ("ours", against))
        if ours > peer * part:
            short.append(f"{ours} MB, {part} of the peer's {peer} allowed")
    if fastest:
        if median(runs["ours"]) > median(runs[fastest]):
            short.append("slower than the peer")
    return held, "; ".join(short)


def row(workload, distances, runs, fastest, others):
    wall = {side: spread([run["wall"] for run in runs[side]]) for side in runs}
    peak = {side: max(run["peak_mb"] for run in runs[side]) for side in runs}
    held, short = verdict(workload, runs, fastest)
    against = spread(ratios(runs, fastest, "ours")) if fastest else ""
    label = fastest.removeprefix(workload["name"]).lstrip("_") or "as written" if fastest else ""
    slower = ", ".join(f"{peer.removeprefix(workload['name']).lstrip('_') or 'as written'} {seconds:.2f}" for peer, seconds in others.items())
    peer = f"{wall[fastest]} | {label} | {slower} | {against}" if fastest else " | | | "
    cpu = f"{median(runs['floor'], 'cpu'):.2f} / {median(runs['ours'], 'cpu'):.2f}" + (f" / {median(runs[fastest], 'cpu'):.2f}" if fastest else "")
    memory = f"{peak['floor']} / {peak['ours']}" + (f" / {peak[fastest]}" if fastest else "")
    ulps = f"{distances['ours']}" + (f" / {distances[fastest]}" if fastest else "")
    return f"| {workload['name']} | {workload['floor']} | {wall['floor']} | {wall['ours']} | {spread(ratios(runs, 'ours', 'floor'))} | {held} | {short or 'yes'} | {peer} | {cpu} | {memory} | {ulps} |", not short


def installed(name):
    try:
        return f"{name} {version(name)}"
    except PackageNotFoundError:
        return f"{name} not installed"


def report(rows, arguments, data):
    memory = int(next(line.split()[1] for line in open("/proc/meminfo") if line.startswith("MemTotal")))
    model = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), platform.processor())
    made = json.loads((Path(data) / "expected.json").read_text()) if (Path(data) / "expected.json").exists() else {}
    text = [
        "# Ours, the peer and the floor, side by side",
        "",
        f"Written by `make bench` (compare.py), {arguments.rounds} rounds, files warm in the page cache, a fresh process for every run, sides taking turns.",
        "What limits the rows that are short, and cores, network, budgets and cubes larger than memory: NOTES.md.",
        f"Machine: {model}, {os.cpu_count()} cores, {memory / 1e6:.0f} GB, load {os.getloadavg()[1]:.1f} at the end. Peer: {', '.join(map(installed, PACKAGES))}, Python {platform.python_version()}.",
        f"Data: make_data.py, t2m float32 {made.get('era5', {}).get('shape', '?')} ({made.get('size_mb', '?')} MB unpacked) in three stores, sst int16 {made.get('ocean', {}).get('shape', '?')} with {made.get('ocean', {}).get('missing', 0):.0%} missing, {made.get('tiny', {}).get('chunks', '?')} tiny chunks.",
        "The floor is bare zarrs under rayon over the same chunks, as often as the result needs them (or what the column says). The peer is its fastest variant; the others are named with their seconds.",
        "Median (least to most), seconds. Ratios are taken within each round. CPU seconds and peak memory (VmHWM, MB): floor / ours / peer. Distance of the worst value from the exact result in units of the last place: ours / peer.",
        "",
        "| workload | floor | floor s | ours s | ours / floor | gate | at target | peer s | fastest peer | other peers s | peer / ours | CPU s | peak MB | ulp |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    met = 0
    for values in rows:
        line, good = row(*values)
        met += good
        text.append(line)
    return "\n".join(text + ["", f"bench: {met} rows at target, {len(rows) - met} short", ""])


def plot(rows, file):
    """Times of each row over the floor's, ours and the peer's; nothing where matplotlib is missing."""
    try:
        import matplotlib
    except ImportError:
        return
    matplotlib.use("svg")
    import matplotlib.pyplot as plt
    matplotlib.rcParams["svg.hashsalt"] = "bench"
    figure, axes = plt.subplots(figsize=(9, 0.42 * len(rows) + 1.4), layout="constrained")
    places = np.arange(len(rows))[::-1]
    for shift, side, colour in ((0.2, "ours", "#1b7f79"), (-0.2, "peer", "#c9a13b")):
        keys = [side if side == "ours" else fastest for *_, fastest, _ in rows]
        times = [median(runs[key]) / median(runs["floor"]) if key else 0 for key, (_, _, runs, _, _) in zip(keys, rows)]
        bars = axes.barh(places + shift, times, 0.38, color=colour, label=side)
        axes.bar_label(bars, [f"{time:.2f}" if time else "" for time in times], padding=3, fontsize=7)
    axes.axvline(1, color="black", linewidth=0.8)
    axes.set_yticks(places, [workload["name"] for workload, *_ in rows])
    axes.set_xscale("log")
    axes.set_xlabel("wall time / floor (decoding the same chunks), log scale")
    axes.legend(loc="lower right")
    figure.savefig(file, metadata={"Date": None})


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data")
    parser.add_argument("--ours", required=True)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default="")
    parser.add_argument("--results", default=HERE / "RESULTS.md")
    parser.add_argument("--no-peer", action="store_true", help="only ours and the floor")
    arguments = parser.parse_args()
    data = arguments.data
    listed = subprocess.run([arguments.ours, "list"], capture_output=True, text=True, check=True).stdout.splitlines()
    workloads = [json.loads(line) for line in listed]
    workloads = [one for one in workloads if not arguments.only or one["name"] in arguments.only.split(",")]
    rows = []
    for workload in workloads:
        name = workload["name"]
        peers = [] if arguments.no_peer or workload["opens"] else call(sys.executable, HERE / "peer.py", data, "--variants", name)
        with tempfile.TemporaryDirectory() as folder:
            distances, first = check(workload, data, arguments.ours, Path(folder), peers)
        best = min((first[peer]["wall"] for peer in peers), default=0)
        again = [peer for peer in peers if first[peer]["wall"] <= 2 * best or peer.endswith(f"_{workload['gate'].get('peer')}")]
        runs = measure(name, data, arguments.ours, again, arguments.rounds)
        fastest = min(again, key=lambda peer: median(runs[peer]), default=None)
        others = {peer: median(runs[peer]) if peer in runs else first[peer]["wall"] for peer in peers if peer != fastest}
        rows.append((workload, distances, runs, fastest, others))
        print(row(*rows[-1])[0], flush=True)
    text = report(rows, arguments, data)
    Path(arguments.results).write_text(text)
    if not arguments.no_peer:
        plot(rows, Path(arguments.results).with_suffix(".svg"))
    print(text, end="")


if __name__ == "__main__":
    main()
