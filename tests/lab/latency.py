#!/usr/bin/env python3
"""How long cells take, through jupyter_client, as a notebook sees it; beside the kernels that people know, in the same run.

    latency.py DATA.nc [--kernel terracube --kernel python3 --kernel rust] [--rounds 50] [--assert] [--long 1000]

Each row is of so many *different* cells. Times are from sending the request to the kernel's `idle`, in milliseconds. Memory is the
resident size of the kernel and the process of its cells, after the start and after all cells; compilers stand apart: those that wait for
the next cell (mostly pages that they share), and the peak of one that works. `rust` is evcxr's own
kernel and `python3` is ipykernel; a kernel that is not installed is left out, and said so. --long runs so many more cells of all kinds
in one session of ours and prints the memory every hundred: it must not grow. --assert fails where a goal is missed. Meant for an idle machine.
"""
import argparse
import json
import os
import statistics
import sys
import threading
import time
from pathlib import Path

from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import KernelManager

GOALS = {"trivial": 180, "call": 200, "expression": 220, "first cell": 3000, "kernel_info": 300, "completion": 100, "inspection": 100, "interrupt": 200, "memory": 400}

# For each kernel: what prepares, and rows of cells ({i} is different each time).
RUST_ROWS = {
    "trivial": "let x{i} = {i} + {i};",
    "print": 'println!("line {i}");',
    "move": "let moved{i} = kept{i};",
    "first-use type": "let map{i}: std::collections::BTreeMap<[u8; {i}], Vec<f64>> = Default::default();",
    "compile error": "let wrong{i}: String = {i};",
    "loop": "let mut sum{i} = 0u64; for k in 0..{i}00 { sum{i} += k; }",
}
DIALECTS = {
    "terracube": {
        "setup": ["let ds = open({data})?;", 'let t = ds.var("air_temperature");'],
        "rows": RUST_ROWS
        | {
            "call": 'let m{i} = t.isel("time", {i}).mean("latitude") * {i}.0;',
            "expression": 't.isel("time", {i}).mean("longitude")',
            "chain": 'let c{i} = t.isel("time", {i}..{i} + 24).group_by("time.month").mean() * 2.0;',
        },
        "endless": 'println!("begun"); loop { t.mean("time").to_f64()?; }',
        "busy": "std::thread::spawn({ let t = t.clone(); move || loop { if t.mean(\"time\").to_f64().is_err() { break; } } });",
        "complete": "let a = t.me", "inspect": "ds",
    },
    "rust": {"setup": ["let t = vec![1.0, 2.0];"], "rows": RUST_ROWS | {"expression": "t[0] + {i}.0"}, "complete": "let a = t.le", "inspect": "t"},
    "python3": {
        "setup": ["t = [1.0, 2.0]"],
        "rows": {"trivial": "x{i} = {i} + {i}", "move": "moved{i} = t", "first-use type": "import collections; map{i} = collections.OrderedDict(a={i})", "print": "print('line {i}')", "compile error": "wrong{i} = (", "loop": "sum{i} = sum(range({i}00))", "expression": "t[0] + {i}.0"},
        "complete": "t.app", "inspect": "t",
    },
}  # fmt: skip


def family(root):
    parents = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                parents[int(folder.name)] = int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1])
            except (OSError, IndexError):
                continue
    found, grown = {root}, True
    while grown:
        more = {child for child, parent in parents.items() if parent in found} - found
        found |= more
        grown = bool(more)
    return found


def resident_mb(process):
    try:
        line = next(line for line in Path(f"/proc/{process}/status").read_text().splitlines() if line.startswith("VmRSS"))
        return int(line.split()[1]) / 1024
    except (OSError, StopIteration):
        return 0.0


COMPILERS = ("rustc", "rust-lld", "cargo", "ld", "collect2", "terracube-compi", "terracube-ld")


def is_compiler(process):
    try:
        return Path(f"/proc/{process}/comm").read_text().strip() in COMPILERS
    except OSError:
        return False


class CompilerPeak(threading.Thread):
    """Looks for compilers among the kernel's children."""

    def __init__(self, root):
        super().__init__(daemon=True)
        self.root, self.peak, self.over = root, 0.0, threading.Event()

    def run(self):
        while not self.over.wait(0.02):
            for process in family(self.root):
                if is_compiler(process):
                    self.peak = max(self.peak, resident_mb(process))


class Kernel:
    def __init__(self, name):
        self.manager = KernelManager(kernel_name=name)
        self.begin = time.perf_counter()
        self.manager.start_kernel()
        self.client = self.manager.blocking_client()
        self.client.start_channels()
        while True:  # the first answer, not the first that comes after a poll of a second
            self.client.kernel_info()
            try:
                self.client.get_shell_msg(timeout=0.05)
                break
            except Exception:
                if time.perf_counter() - self.begin > 120:
                    sys.exit(f"{name} does not answer")
        self.answered = (time.perf_counter() - self.begin) * 1000
        while self.client.shell_channel.msg_ready():
            self.client.get_shell_msg(timeout=1)

    def run(self, code, may_fail=False):
        start = time.perf_counter()
        reply = self.client.execute_interactive(code, timeout=300, output_hook=lambda _: None, allow_stdin=False)["content"]
        milliseconds = (time.perf_counter() - start) * 1000
        if (reply["status"] != "ok") != may_fail:
            sys.exit(f"the cell should {'fail' if may_fail else 'run'}: {code}\n{reply}")
        return milliseconds

    def ask(self, kind, code):
        start = time.perf_counter()
        if kind == "completion":
            self.client.complete(code, len(code))
        else:
            self.client.inspect(code, len(code))
        self.client.get_shell_msg(timeout=60)
        return (time.perf_counter() - start) * 1000

    def interrupt(self, code):
        """From the interrupt to the cell's reply, for a cell that prints when it has begun."""
        message = self.client.execute(code, allow_stdin=False)
        while True:
            said = self.client.get_iopub_msg(timeout=60)
            if said["msg_type"] == "stream" and said["parent_header"].get("msg_id") == message:
                break
        time.sleep(0.3)
        start = time.perf_counter()
        self.manager.interrupt_kernel()
        while True:
            reply = self.client.get_shell_msg(timeout=60)
            if reply["parent_header"].get("msg_id") == message:
                break
        milliseconds = (time.perf_counter() - start) * 1000
        while self.client.get_iopub_msg(timeout=60)["content"].get("execution_state") != "idle":
            pass
        if reply["content"].get("ename") != "Interrupted":
            sys.exit(f"the cell was not interrupted: {reply['content']}")
        return milliseconds

    def memory(self, compilers=False):
        """What the kernel and the process of its cells hold; or the compilers that wait for the next cell."""
        return sum(resident_mb(process) for process in family(self.manager.provisioner.pid) if is_compiler(process) == compilers)

    def end(self):
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


def p95(values):
    return sorted(values)[min(len(values) - 1, round(0.95 * (len(values) - 1)))]


def measure(name, data, rounds):
    dialect = DIALECTS[name]
    kernel = Kernel(name)
    peak = CompilerPeak(kernel.manager.provisioner.pid)
    peak.start()
    rows, single = {}, {"kernel_info": kernel.answered}
    try:
        for code in dialect["setup"]:
            kernel.run(code.replace("{data}", json.dumps(data)))
            single.setdefault("first cell", (time.perf_counter() - kernel.begin) * 1000)
        time.sleep(2)
        single["memory at rest, MB"] = kernel.memory()
        for row, code in dialect["rows"].items():
            if row == "move" and name != "python3":
                kernel.run(" ".join(f"let kept{i} = vec![{i}];" for i in range(1, rounds + 1)))
            fails = row == "compile error"
            if row != "move":
                kernel.run(code.replace("{i}", str(rounds + 1)), fails)  # the first of its kind
            rows[row] = [kernel.run(code.replace("{i}", str(i)), fails) for i in range(1, rounds + 1)]
        for kind, code in (("completion", dialect["complete"]), ("inspection", dialect["inspect"])):
            kernel.ask(kind, code)
            rows[kind] = [kernel.ask(kind, code) for _ in range(10)]
        single["memory after cells, MB"] = kernel.memory()
        time.sleep(1)
        single["compilers that wait, MB"] = kernel.memory(compilers=True)
        if "endless" in dialect:
            rows["interrupt"] = [kernel.interrupt(dialect["endless"]) for _ in range(10)]
        if "busy" in dialect:
            kernel.run(dialect["busy"])
            rows["trivial, computing"] = [kernel.run(f"let y{i} = {i} + {i};") for i in range(1, max(rounds // 2, 5))]
            kernel.end()
            kernel = None
        single["the compiler's peak, MB"] = peak.peak
    finally:
        peak.over.set()
        if kernel:
            kernel.end()
    return rows, single


# What one session may grow by between its hundredth cell and its last: a cell's library stays loaded, some 20 kB each.
MOST_GROWTH = 40


def long_session(data, n_cells):
    """Cells of all kinds in one session; what it missed."""
    dialect = DIALECTS["terracube"]
    kinds = {row: code for row, code in dialect["rows"].items() if row != "move"}
    kernel, settled, last = Kernel("terracube"), 0.0, 0.0
    try:
        for code in dialect["setup"]:
            kernel.run(code.replace("{data}", json.dumps(data)))
        for n in range(1, n_cells + 1):
            row = list(kinds)[n % len(kinds)]
            # The same fifty names again and again: what a notebook keeps does not grow for ever.
            kernel.run(kinds[row].replace("{i}", str(n % 50 + 1)), row == "compile error")
            if n in (1, 50) or n % 100 == 0:
                last = kernel.memory()
                settled = max(settled, last) if n <= 100 else settled
                print(f"{last:.0f} MB after {n} cells of {len(kinds)} kinds", flush=True)
    finally:
        kernel.end()
    grown = last - settled
    return [f"memory grew by {grown:.0f} MB after the hundredth cell, at most {MOST_GROWTH}"] if grown > MOST_GROWTH else []


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data")
    parser.add_argument("--kernel", action="append", choices=DIALECTS)
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--long", type=int, default=0)
    parser.add_argument("--assert", dest="hold", action="store_true")
    arguments = parser.parse_args()
    installed = KernelSpecManager().find_kernel_specs()
    wanted = arguments.kernel or list(DIALECTS)
    for name in wanted:
        if name not in installed:
            print(f"{name} is not installed here" + (": `cargo install --locked evcxr_jupyter && evcxr_jupyter --install`" if name == "rust" else ""))
    found = {name: measure(name, arguments.data, arguments.rounds) for name in wanted if name in installed}
    print(f"load {os.getloadavg()[0]:.1f} over the last minute; {arguments.rounds} different cells a row; milliseconds, median (95th percentile)")
    print(f"{'':<24}" + "".join(f"{name:>18}" for name in found) + f"{'goal':>8}")
    for row in dict.fromkeys(row for rows, _ in found.values() for row in rows):
        cells = [f"{statistics.median(rows[row]):.0f} ({p95(rows[row]):.0f})" if row in rows else "" for rows, _ in found.values()]
        print(f"{row:<24}" + "".join(f"{cell:>18}" for cell in cells) + f"{GOALS.get(row, ''):>8}")
    for row in dict.fromkeys(row for _, single in found.values() for row in single):
        cells = [f"{single[row]:.0f}" if row in single else "" for _, single in found.values()]
        print(f"{row:<24}" + "".join(f"{cell:>18}" for cell in cells) + f"{GOALS.get(row.split(' a')[0], GOALS.get(row, '')):>8}")
    if "terracube" not in found:
        return
    rows, single = found["terracube"]
    values = {row: statistics.median(times) for row, times in rows.items()} | single | {"memory": single["memory after cells, MB"]}
    missed = long_session(arguments.data, arguments.long) if arguments.long else []
    missed += [f"{row}: {values[row]:.0f}, goal {goal}" for row, goal in GOALS.items() if values[row] > goal]
    print("missed: " + "; ".join(missed) if missed else "all goals met")
    if missed and arguments.hold:
        sys.exit(1)


if __name__ == "__main__":
    main()
