#!/usr/bin/env python3
"""The table again under tight budgets: 1 GB, then one half and one quarter of what each workload says that it takes.

    budgets.py DATA --ours BINARY [--only a,b]

A run finishes with the same values, or is refused before it has read anything. Last line: `budgets: A finished, B refused, C wrong`.
"""
import argparse
import json
import os
import subprocess
import tempfile
from pathlib import Path

import numpy as np

MB = 1_000_000


def run(ours, name, data, budget, prefix):
    """What a run printed, or what it was refused with."""
    environment = os.environ | {"TERRACUBE_BUDGET": str(budget)}
    done = subprocess.run([ours, "ours", name, data, "--save", str(prefix)], capture_output=True, text=True, env=environment)
    if done.returncode == 0:
        return json.loads(done.stdout.splitlines()[-1]), ""
    return None, (done.stderr or done.stdout).strip().splitlines()[-1]


def same(first, second, folder):
    """Whether two saved results are: up to the order of sums."""
    files = sorted(folder.glob(f"{first}.*.npy"))
    pairs = [(np.load(file), np.load(folder / file.name.replace(first, second, 1))) for file in files]
    return all(a.shape == b.shape and np.allclose(a, b, rtol=1e-6, atol=0, equal_nan=True) for a, b in pairs)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data")
    parser.add_argument("--ours", required=True)
    parser.add_argument("--only", default="")
    arguments = parser.parse_args()
    listed = subprocess.run([arguments.ours, "list"], capture_output=True, text=True, check=True).stdout.splitlines()
    names = [json.loads(line)["name"] for line in listed]
    names = [name for name in names if not arguments.only or name in arguments.only.split(",")]
    finished = refused = wrong = 0
    for name in names:
        with tempfile.TemporaryDirectory() as folder:
            folder = Path(folder)
            whole, why = run(arguments.ours, name, arguments.data, 1000 * MB, folder / "whole")
            if whole is None:
                refused += 1
                print(f"{name}: refused at 1000 MB: {why}", flush=True)
                continue
            finished += 1
            claimed = whole["reserved"]
            line = f"{name}: claims {claimed / MB:.0f} MB, process peak {whole['peak_mb']} MB, {whole['wall']:.2f} s"
            for part in (2, 4):
                tight, why = run(arguments.ours, name, arguments.data, claimed // part, folder / "tight")
                if tight is None:
                    # Refused in the words of the budget, or it is a failure.
                    known = "budget" in why or "OverBudget" in why
                    refused, wrong = refused + known, wrong + (not known)
                    line += f"; 1/{part}: refused" if known else f"; 1/{part}: FAILED: {why}"
                    continue
                equal = same("whole", "tight", folder)
                held = tight["reserved"] <= claimed // part
                finished, wrong = finished + 1, wrong + (not (equal and held))
                line += f"; 1/{part}: {tight['wall']:.2f} s, {tight['passes']} passes" + ("" if equal and held else ", WRONG")
            print(line, flush=True)
    print(f"budgets: {finished} finished, {refused} refused, {wrong} wrong")


if __name__ == "__main__":
    main()
