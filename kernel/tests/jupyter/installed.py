"""Installs our kernel into a folder of its own, so that no test touches the user's Jupyter."""

from __future__ import annotations

import atexit
import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
NAME = "terracube"


def program() -> Path:
    """The `terracube` command: TERRACUBE, or what `make build` left in the target folder."""
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    found = Path(os.environ.get("TERRACUBE", target / "release" / "terracube"))
    if not found.is_file():
        raise SystemExit(f"{found} is missing; run `make build` or set TERRACUBE")
    return found.resolve()


def install(own_compiler: bool = False) -> Path:
    """Installs the kernel, lets jupyter_client find it, and returns the prefix. The prefix goes when Python ends."""
    prefix = Path(tempfile.mkdtemp(prefix="terracube-jupyter-"))
    atexit.register(shutil.rmtree, prefix, ignore_errors=True)
    command = [program(), "install", "--prefix", prefix, "--name", NAME]
    if own_compiler:  # other users have other home folders, where rustup's shims find nothing
        toolchain = subprocess.run(["rustc", "--print", "sysroot"], check=True, capture_output=True, text=True).stdout.strip()
        command += ["--from", toolchain]
    else:
        command.append("--kit-in-place")
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    for variable, folder in {
        "JUPYTER_PATH": prefix / "share" / "jupyter",
        "JUPYTER_RUNTIME_DIR": prefix / "runtime",
        "JUPYTER_DATA_DIR": prefix / "data",
        "JUPYTER_CONFIG_DIR": prefix / "config",
        "IPYTHONDIR": prefix / "ipython",
    }.items():
        os.environ[variable] = str(folder)
    spec = json.loads((prefix / "share" / "jupyter" / "kernels" / NAME / "kernel.json").read_text())
    assert spec["interrupt_mode"] == "message", spec
    return prefix
