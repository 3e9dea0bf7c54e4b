#!/usr/bin/env python3
"""How the time goes with cores and with data: the curves as text.

    scaling.py DATA --ours BINARY [--rounds 3]

Cores are taken away by affinity, so that the engine starts as many workers as there are. Last line: `scaling: A at target, B short`.
"""
import argparse
import json
import os
import statistics
import subprocess

GATE = 1.85
BY_CORES = ("mean_time_zstd", "std_time", "climatology_hour", "three_results", "ocean_std", "mean_time_netcdf")
BY_DATA = (1, 2, 3, 4)


def wall(command, n_cores, rounds):
    cores = sorted(os.sched_getaffinity(0))[:n_cores]
    times = []
    for _ in range(rounds):
        done = subprocess.run(command, capture_output=True, text=True, check=True, preexec_fn=lambda: os.sched_setaffinity(0, cores))
        times.append(json.loads(done.stdout.splitlines()[-1])["wall"])
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
        gains = [times[0] / time for time in times]
        met += n_cores < 2 or gains[1] >= GATE
        print(f"{name}: " + ", ".join(f"{n + 1} cores {time:.2f} s ({gain:.2f}x)" for n, (time, gain) in enumerate(zip(times, gains))), flush=True)
    first = None
    for quarters in BY_DATA:
        time = wall([ours, "part", str(quarters), data], n_cores, rounds)
        first = first or time
        print(f"mean_time_zstd over {quarters}/4 of the data: {time:.2f} s, {time / first / quarters:.2f} of linear", flush=True)
    print(f"scaling: {met} at target, {len(BY_CORES) - met} short (1 to 2 cores at least {GATE}x)")


if __name__ == "__main__":
    main()
