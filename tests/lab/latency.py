#!/usr/bin/env python3
"""How long cells take, through jupyter_client, as a notebook sees it.

    latency.py DATA.nc [--kernel terracube] [--rounds 20] [--assert]

Times are from sending the request to the kernel's `idle`, in milliseconds. Memory is the resident size of the kernel and all its
children after warm cells. --assert fails where a goal is missed: trivial 300 ms, a cell that calls the cube 350 ms, first cell 8 s,
memory 600 MB. Meant for an idle machine.
"""
import argparse
import json
import os
import statistics
import sys
import time
from pathlib import Path

from jupyter_client.manager import KernelManager

GOALS = {"trivial": 300, "call": 350, "first cell": 8000, "memory MB": 600}


def run(client, code, timeout=120):
    start = time.perf_counter()
    errors = []

    def hook(message):
        if message["msg_type"] == "error":
            errors.append(message["content"]["evalue"])
    reply = client.execute_interactive(code, timeout=timeout, output_hook=hook, allow_stdin=False)
    milliseconds = (time.perf_counter() - start) * 1000
    if reply["content"]["status"] != "ok" or errors:
        sys.exit(f"the cell failed: {code}\n{errors or reply['content']}")
    return milliseconds


def resident_mb(root):
    parents = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                parents[int(folder.name)] = int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1])
            except (OSError, IndexError):
                continue
    family, grown = {root}, True
    while grown:
        more = {child for child, parent in parents.items() if parent in family} - family
        family |= more
        grown = bool(more)
    total = 0
    for process in family:
        try:
            line = next(line for line in Path(f"/proc/{process}/status").read_text().splitlines() if line.startswith("VmRSS"))
            total += int(line.split()[1])
        except (OSError, StopIteration):
            continue
    return total / 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data")
    parser.add_argument("--kernel", default="terracube")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--assert", dest="hold", action="store_true")
    arguments = parser.parse_args()

    manager = KernelManager(kernel_name=arguments.kernel)
    begin = time.perf_counter()
    manager.start_kernel()
    client = manager.blocking_client()
    try:
        client.start_channels()
        client.wait_for_ready(timeout=120)
        ready = (time.perf_counter() - begin) * 1000
        run(client, f"let ds = open({json.dumps(arguments.data)})?;")
        first = (time.perf_counter() - begin) * 1000
        run(client, 'let t = ds.var("air_temperature");')
        run(client, 't.mean("time")')  # the first display
        time.sleep(2)
        cells = {
            "trivial": "let x{i} = {i} + 1;",
            "trivial shown": "{i} + 1",
            "call": 'let m{i} = t.mean("time");',
            "call shown": 't.mean("time")',
            "chain": 'let c{i} = t.isel("time", 0..12).group_by("time.month").mean() * 2.0;',
        }
        rows = {}
        for name, code in cells.items():
            rows[name] = [run(client, code.replace("{i}", str(i))) for i in range(arguments.rounds)]
        memory = resident_mb(manager.provisioner.pid)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)

    print(f"load {os.getloadavg()[0]:.1f} over the last minute; {arguments.rounds} rounds")
    print(f"{'':<16} {'median':>8} {'least':>8} {'most':>8}  ms")
    for name, values in rows.items():
        print(f"{name:<16} {statistics.median(values):>8.0f} {min(values):>8.0f} {max(values):>8.0f}")
    print(f"{'kernel answers':<16} {ready:>8.0f}\n{'first cell':<16} {first:>8.0f}   from the start of the kernel\n{'memory MB':<16} {memory:>8.0f}   kernel and children")
    found = {"trivial": statistics.median(rows["trivial"]), "call": statistics.median(rows["call"]), "first cell": first, "memory MB": memory}
    missed = [f"{name}: {value:.0f}, goal {GOALS[name]}" for name, value in found.items() if value > GOALS[name]]
    print("missed: " + "; ".join(missed) if missed else "all goals met")
    if missed and arguments.hold:
        sys.exit(1)


if __name__ == "__main__":
    main()
