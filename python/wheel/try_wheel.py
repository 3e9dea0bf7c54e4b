#!/usr/bin/env python3
"""Installs the newest wheel of a folder into a fresh virtual environment, and runs a notebook there as others do, by nbclient.

    try_wheel.py FOLDER
"""

import json
import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

NOTEBOOK = {
    "nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec": {"name": "terracube", "display_name": "Terracube (Rust)", "language": "rust"}},
    "cells": [{"cell_type": "code", "id": f"c{n}", "metadata": {}, "execution_count": None, "outputs": [], "source": source}
              for n, source in enumerate(['let cube = DataArray::from_vec(["x"], &[3], vec![1.0, 2.0, 6.0]);', 'cube.mean("x").to_f64()?[0]'])],
}  # fmt: skip


def main():
    wheel = max(Path(sys.argv[1]).glob("terracube_kernel-*.whl"), key=lambda path: path.stat().st_mtime)
    with tempfile.TemporaryDirectory(prefix="terracube-wheel-") as name:
        folder = Path(name)
        venv.create(folder / "venv", with_pip=True)
        bin = folder / "venv" / "bin"
        subprocess.run([bin / "pip", "install", "--quiet", "--disable-pip-version-check", wheel, "nbclient"], check=True)
        notebook = folder / "in.ipynb"
        notebook.write_text(json.dumps(NOTEBOOK))
        # Nothing of the build or of the user's own Jupyter is found.
        env = {name: value for name, value in os.environ.items() if not name.startswith(("JUPYTER", "TERRACUBE"))}
        env |= {"JUPYTER_NO_CONFIG": "1", "JUPYTER_DATA_DIR": str(folder / "data"), "PATH": f"{bin}:{os.environ['PATH']}"}
        subprocess.run([bin / "terracube", "--version"], check=True, env=env)
        subprocess.run([bin / "jupyter-execute", "--inplace", "--allow-errors", notebook], check=True, env=env, cwd=folder)
        outputs = json.loads(notebook.read_text())["cells"][1]["outputs"]
        shown = ["".join(output.get("data", {}).get("text/plain", output.get("evalue", ""))) for output in outputs]
        if shown != ["3.0"]:
            sys.exit(f"the notebook says {outputs}")
        panel = folder / "venv/share/jupyter/labextensions/terracube-variables/package.json"
        if not panel.is_file():
            sys.exit(f"{panel} is missing")
        print(f"{wheel.name}: a notebook ran in a fresh environment")


if __name__ == "__main__":
    main()
