#!/usr/bin/env python3
"""The wheel `terracube-kernel`: the command, the kernel for Jupyter, and the kit that cells are compiled against.

    make_wheel.py RELEASE_FOLDER OUT_FOLDER

Packs what `make cells` built, so nothing is compiled again (a build backend would select one package, and compile all dependencies
anew with its features). After `pip install` Jupyter knows the kernel; cells need the rustc of the version that the wheel names, or
a compiler of the kernel's own: `terracube install --sys-prefix --from TOOLCHAIN`.
"""

import base64
import csv
import hashlib
import io
import json
import os
import platform
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

NAME = "terracube_kernel"
ROOT = Path(__file__).resolve().parents[2]


def version(program):
    return subprocess.run([program, "--version"], check=True, capture_output=True, text=True).stdout.split()[1]


def platform_tag():
    library, number = platform.libc_ver()
    machine = sysconfig.get_platform().split("-", 1)[1].replace("-", "_").replace(".", "_")
    if library == "glibc":
        # The C library of the machine that builds it is the oldest that is known to do.
        return f"manylinux_{number.replace('.', '_')}_{platform.machine()}"
    return sysconfig.get_platform().replace("-", "_").replace(".", "_") if machine else "any"


def metadata(number, rustc):
    return (
        f"Metadata-Version: 2.4\nName: terracube-kernel\nVersion: {number}\nSummary: A Jupyter kernel in Rust for lazy, chunked, labelled datacubes\n"
        "License-Expression: MIT OR Apache-2.0\nRequires-Python: >=3.9\nKeywords: jupyter,kernel,rust,datacube\n"
        f"Description-Content-Type: text/markdown\n\nThe kernel `terracube` for Jupyter, and the command `terracube`.\n\nCells are compiled by {rustc}.\n"
    )


def kernelspec():
    # The command is on PATH where the wheel is installed; it finds its kit beside itself.
    spec = {"argv": ["terracube", "kernel", "-f", "{connection_file}"], "display_name": "Terracube (Rust)", "language": "rust",
            "interrupt_mode": "message", "metadata": {"debugger": False}}  # fmt: skip
    return json.dumps(spec, indent=2) + "\n"


def main():
    release, out = Path(sys.argv[1]), Path(sys.argv[2])
    program, kit = release / "terracube", release / "kit"
    if not (kit / "kit.json").is_file():
        sys.exit(f"{kit} is no kit; run `make cells`")
    number = version(program)
    rustc = subprocess.run(["rustc", "--version"], check=True, capture_output=True, text=True).stdout.strip()
    info, share = f"{NAME}-{number}.dist-info", f"{NAME}-{number}.data/data/share"
    tag = f"py3-none-{platform_tag()}"
    out.mkdir(parents=True, exist_ok=True)
    wheel = out / f"{NAME}-{number}-{tag}.whl"
    records = []

    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:

        def add(name, content, executable=False):
            entry = zipfile.ZipInfo(name, date_time=(2020, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = (0o100755 if executable else 0o100644) << 16
            archive.writestr(entry, content)
            digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
            records.append((name, f"sha256={digest}", len(content)))

        add(f"{NAME}-{number}.data/scripts/terracube", program.read_bytes(), True)
        for path in sorted(kit.rglob("*")):
            if path.is_file() and "toolchain" not in path.relative_to(kit).parts[:1]:
                add(f"{share}/terracube/kit/{path.relative_to(kit)}", path.read_bytes(), os.access(path, os.X_OK))
        spec = f"{share}/jupyter/kernels/terracube"
        add(f"{spec}/kernel.json", kernelspec().encode())
        for logo in sorted((ROOT / "cli/assets").glob("logo-*")):
            add(f"{spec}/{logo.name}", logo.read_bytes())
        panel = ROOT / "cli/assets/labextension"
        for path in sorted(panel.rglob("*")):
            if path.is_file():
                add(f"{share}/jupyter/labextensions/terracube-variables/{path.relative_to(panel)}", path.read_bytes())
        add(f"{info}/METADATA", metadata(number, rustc).encode())
        add(f"{info}/WHEEL", f"Wheel-Version: 1.0\nGenerator: terracube\nRoot-Is-Purelib: false\nTag: {tag}\n".encode())
        for licence in ("LICENSE-MIT", "LICENSE-APACHE"):
            add(f"{info}/licenses/{licence}", (ROOT / licence).read_bytes())
        table = io.StringIO()
        csv.writer(table, lineterminator="\n").writerows([*records, (f"{info}/RECORD", "", "")])
        archive.writestr(f"{info}/RECORD", table.getvalue())
    unpacked = sum(size for _, _, size in records)
    print(f"{wheel}\n{wheel.stat().st_size / 1e6:.0f} MB to download, {unpacked / 1e6:.0f} MB on disk")


if __name__ == "__main__":
    main()
