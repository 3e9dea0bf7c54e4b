#!/usr/bin/env python3
"""Runs a notebook in a real JupyterLab with a real browser, as a person would: open, Run All, look, save.

    run_in_lab.py NOTEBOOK OUT.ipynb SHOT.png [--kernel terracube] [--timeout 600]

Fails if the saved notebook has a cell that did not run or an output that is an error. The screenshot is of the whole notebook.
JupyterLab listens on loopback only, with a token of its own; the browser is Debian's Chromium.
"""
import argparse
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from playwright.sync_api import sync_playwright

QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"]


# Every code cell has run, or one of them failed (then the ones behind it never run).
FINISHED = """() => {
    const notebook = window.jupyterapp.shell.currentWidget;
    const cells = notebook.content.widgets.filter(c => c.model.type === 'code' && c.model.sharedModel.source.trim());
    const outputs = cell => Array.from({length: cell.model.outputs.length}, (_, i) => cell.model.outputs.get(i));
    return notebook.sessionContext.session.kernel.status === 'idle'
        && (cells.every(c => c.model.executionCount) || cells.some(c => outputs(c).some(o => o.type === 'error')));
}"""


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def start_lab(folder, port, token, log, program="jupyterlab"):
    settings = folder.parent / "settings"
    notification = settings / "@jupyterlab/apputils-extension/notification.jupyterlab-settings"
    notification.parent.mkdir(parents=True, exist_ok=True)
    notification.write_text('{"fetchNews": "false", "checkForUpdates": false}')
    command = [
        sys.executable, "-m", program, "--no-browser", "--ip=127.0.0.1", f"--port={port}", f"--IdentityProvider.token={token}",
        f"--ServerApp.root_dir={folder}", "--ServerApp.port_retries=0", "--LabApp.expose_app_in_browser=True", "--JupyterNotebookApp.expose_app_in_browser=True", "--LabApp.collaborative=False",
        f"--LabApp.user_settings_dir={settings}", "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    ]  # fmt: skip
    if os.geteuid() == 0:
        command.append("--allow-root")
    lab = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)
    for _ in range(120):
        if lab.poll() is not None:
            sys.exit("JupyterLab ended at once:\n" + Path(log.name).read_text()[-2000:])
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/api/status?token={token}", timeout=2)
            return lab
        except (urllib.error.URLError, OSError):
            time.sleep(0.5)
    lab.terminate()
    sys.exit("JupyterLab did not answer within a minute")


def drive(url, name, kernel, shot, timeout):
    with sync_playwright() as playwright:
        program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
        if not program:
            sys.exit("no Chromium: `apt-get install chromium`")
        browser = playwright.chromium.launch(executable_path=program, args=QUIET)
        page = browser.new_page(viewport={"width": 1400, "height": 1000})
        page.goto(url)
        page.wait_for_function("window.jupyterapp && window.jupyterapp.started", timeout=60_000)
        page.evaluate("() => window.jupyterapp.started")
        page.evaluate(f"() => window.jupyterapp.commands.execute('docmanager:open', {{path: {json.dumps(name)}, kernel: {{name: {json.dumps(kernel)}}}}})")
        page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=60_000)
        page.wait_for_function(
            "() => { const s = window.jupyterapp.shell.currentWidget?.sessionContext; return s && s.session?.kernel?.status === 'idle'; }", timeout=120_000
        )
        start = time.monotonic()
        page.evaluate("() => window.jupyterapp.commands.execute('notebook:run-all-cells')", None)
        page.wait_for_function(FINISHED, timeout=timeout * 1000)
        seconds = time.monotonic() - start
        page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")
        page.wait_for_timeout(1500)
        # The notebook scrolls in its own panel: make the window as high as its content, so that the picture holds all of it.
        height = page.evaluate(
            "() => { const cells = [...document.querySelectorAll('.jp-Notebook .jp-Cell')]; return Math.round(cells.reduce((sum, c) => sum + c.getBoundingClientRect().height, 0)) + 400; }"
        )
        page.set_viewport_size({"width": 1400, "height": min(max(height, 1000), 12000)})
        page.evaluate("() => window.jupyterapp.shell.collapseLeft()")
        page.evaluate("() => { window.jupyterapp.shell.currentWidget.content.activeCellIndex = 0; }")
        page.evaluate("() => { const area = document.querySelector('.jp-WindowedPanel-outer') || document.querySelector('.jp-Notebook'); area.scrollTop = 0; }")
        page.wait_for_timeout(2000)
        page.screenshot(path=shot)
        browser.close()
        return seconds


def check(notebook):
    cells = [cell for cell in json.loads(Path(notebook).read_text())["cells"] if cell["cell_type"] == "code" and "".join(cell["source"]).strip()]
    problems = []
    for number, cell in enumerate(cells, 1):
        if not cell.get("execution_count"):
            problems.append(f"cell {number} did not run")
        for output in cell["outputs"]:
            if output["output_type"] == "error":
                problems.append(f"cell {number}: {output['ename']}: {output['evalue']}")
    kinds = sorted({kind for cell in cells for output in cell["outputs"] for kind in output.get("data", {})})
    return len(cells), kinds, problems


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("notebook")
    parser.add_argument("out")
    parser.add_argument("shot")
    parser.add_argument("--kernel", default="terracube")
    parser.add_argument("--timeout", type=int, default=600)
    arguments = parser.parse_args()
    token, port = secrets.token_hex(16), free_port()
    with tempfile.TemporaryDirectory() as folder, open(Path(folder) / "lab.log", "w") as log:
        work = Path(folder) / "work"
        work.mkdir()
        name = Path(arguments.notebook).name
        shutil.copy(arguments.notebook, work / name)
        lab = start_lab(work, port, token, log)
        try:
            seconds = drive(f"http://127.0.0.1:{port}/lab?token={token}", name, arguments.kernel, arguments.shot, arguments.timeout)
        except Exception as error:
            sys.exit(f"{error}\n--- JupyterLab's log ends:\n" + Path(log.name).read_text()[-3000:])
        finally:
            lab.terminate()
            lab.wait(30)
        Path(arguments.out).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(work / name, arguments.out)
    n_cells, kinds, problems = check(arguments.out)
    print(f"{n_cells} cells ran in {seconds:.1f} s; outputs: {', '.join(kinds)}")
    print(f"notebook: {arguments.out}\nscreenshot: {arguments.shot}")
    if problems:
        sys.exit("\n".join(problems))


if __name__ == "__main__":
    main()
