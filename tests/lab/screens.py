#!/usr/bin/env python3
"""What an analyst sees in JupyterLab, as pictures: a bar that moves, an interrupt and the variables behind it, an error, completion by
Tab, inspection, the panel of variables, a restart; then a notebook in Notebook 7.

    screens.py FOLDER [--kernel terracube]

Each step is looked for on the page before its picture is taken; a step that does not come fails the run.
"""
import argparse
import json
import secrets
import shutil
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import sync_playwright
from run_in_lab import QUIET, free_port, start_lab

CELLS = {
    "variables": "let kept = 41;\nlet temperature = DataArray::from_vec([\"time\", \"latitude\"], &[4, 3], (0..12).map(f64::from).collect::<Vec<_>>());\ntemperature",
    "long": "let work = Progress::new(\"reading\", 400);\nfor _ in 0..400 {\n    std::thread::sleep(std::time::Duration::from_millis(100));\n    work.advance(1);\n    terracube::interrupt::check()?;\n}",
    "after": "kept + 1",
    "error": "let anomaly = temperature - &temperature.maen(\"time\");",
    "question": "let n: f64 = \"twelve\".parse()?;",
    "complete": "temperature.mean(\"la",
    "inspect": "temperature",
    "more": "let later = \"told to the panel\";",
}


class Lab:
    def __init__(self, page, folder):
        self.page, self.folder, self.n_pictures = page, folder, 0

    def idle(self, timeout=120):
        self.page.wait_for_function(
            "() => { const k = window.jupyterapp.shell.currentWidget?.sessionContext?.session?.kernel; return k && k.status === 'idle'; }", timeout=timeout * 1000
        )

    def select(self, name, edit=False):
        index = list(CELLS).index(name)
        self.page.evaluate(f"() => {{ const n = window.jupyterapp.shell.currentWidget.content; n.activeCellIndex = {index}; n.mode = '{'edit' if edit else 'command'}'; n.activeCell.node.scrollIntoView(); }}")

    def run(self, name):
        self.select(name)
        self.page.evaluate("() => { void window.jupyterapp.commands.execute('notebook:run-cell'); }")

    def text(self, name):
        return self.page.locator(".jp-Notebook .jp-Cell").nth(list(CELLS).index(name)).locator(".jp-OutputArea")

    def expect(self, name, words, timeout=120):
        self.text(name).get_by_text(words).first.wait_for(timeout=timeout * 1000)

    def picture(self, name, whole=True):
        if whole:  # from the first cell on
            self.page.evaluate("() => { for (const area of document.querySelectorAll('.jp-WindowedPanel-outer')) area.scrollTop = 0; }")
        self.page.wait_for_timeout(300)
        self.n_pictures += 1
        path = self.folder / f"lab-{self.n_pictures}-{name}.png"
        self.page.screenshot(path=path)
        print(path)


def walk(lab):
    page = lab.page
    lab.run("variables")
    lab.idle()
    lab.run("long")
    page.locator("progress").first.wait_for(timeout=60_000)
    before = int(page.locator("progress").first.get_attribute("value"))
    page.wait_for_timeout(1500)
    after = int(page.locator("progress").first.get_attribute("value"))
    if after <= before:
        sys.exit(f"the bar does not move: {before}, then {after}")
    lab.picture("progress")
    start = time.monotonic()
    page.evaluate("() => { void window.jupyterapp.commands.execute('notebook:interrupt-kernel'); }")
    lab.expect("long", "Interrupted")
    print(f"interrupted within {(time.monotonic() - start) * 1000:.0f} ms")
    lab.idle()
    lab.run("after")
    lab.expect("after", "42")
    lab.picture("after-an-interrupt")
    for name, words in (("error", "maen"), ("question", "invalid float literal")):
        lab.run(name)
        lab.expect(name, words)
        lab.idle()
    lab.picture("errors")
    lab.select("complete", edit=True)
    page.locator(".jp-Notebook .jp-Cell").nth(list(CELLS).index("complete")).locator(".cm-content").click()
    page.keyboard.press("End")
    page.keyboard.press("Tab")
    # One candidate is put in at once; more are listed.
    page.wait_for_function(
        f"() => document.querySelector('.jp-Completer:not(.lm-mod-hidden)') || window.jupyterapp.shell.currentWidget.content.widgets[{list(CELLS).index('complete')}].model.sharedModel.source.includes('latitude')",
        timeout=60_000,
    )
    lab.picture("completion-in-a-string")
    page.keyboard.press("Escape")
    lab.select("inspect", edit=True)
    page.locator(".jp-Notebook .jp-Cell").nth(list(CELLS).index("inspect")).locator(".cm-content").click()
    page.keyboard.press("End")
    page.keyboard.type(".me")
    page.keyboard.press("Tab")
    page.locator(".jp-Completer:not(.lm-mod-hidden)").wait_for(timeout=60_000)
    lab.picture("completion")
    page.keyboard.press("Escape")
    for _ in range(3):
        page.keyboard.press("Backspace")
    page.keyboard.press("Shift+Tab")
    page.locator(".jp-Tooltip").wait_for(timeout=60_000)
    lab.picture("inspection")
    page.keyboard.press("Escape")
    page.evaluate("() => window.jupyterapp.commands.execute('terracube-variables:show')")
    panel = page.locator("#terracube-variables")
    panel.get_by_text("temperature").first.wait_for(timeout=60_000)
    lab.run("more")
    panel.get_by_text("later").first.wait_for(timeout=60_000)
    lab.picture("variables")
    page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()")
    lab.idle()
    panel.get_by_text("no variables").first.wait_for(timeout=60_000)
    lab.run("after")
    lab.expect("after", "cannot find value")
    lab.picture("after-a-restart")


def walk_notebook(page, folder):
    """The same kernel in Notebook 7, which has one notebook to a page."""
    page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=60_000)
    page.wait_for_function("() => window.jupyterapp.shell.currentWidget?.sessionContext?.session?.kernel?.status === 'idle'", timeout=120_000)
    page.evaluate("() => { void window.jupyterapp.commands.execute('notebook:run-all-cells'); }")
    page.locator(".jp-OutputArea").get_by_text("42").first.wait_for(timeout=120_000)
    page.wait_for_timeout(300)
    path = folder / "notebook-7.png"
    page.screenshot(path=path)
    print(path)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--kernel", default="terracube")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    cells = [{"cell_type": "code", "id": name, "metadata": {}, "execution_count": None, "outputs": [], "source": source} for name, source in CELLS.items()]
    metadata = {"kernelspec": {"name": arguments.kernel, "display_name": "Terracube (Rust)", "language": "rust"}}
    token, port = secrets.token_hex(16), free_port()
    with tempfile.TemporaryDirectory() as folder, open(Path(folder) / "lab.log", "w") as log, sync_playwright() as playwright:
        work = Path(folder) / "work"
        work.mkdir()
        short = [cell for cell in cells if cell["id"] in ("variables", "after")]
        for name, some in (("screens", cells), ("short", short)):
            (work / f"{name}.ipynb").write_text(json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": some}))
        server = start_lab(work, port, token, log)
        program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(executable_path=program, args=QUIET)
        page = browser.new_page(viewport={"width": 1300, "height": 1200})
        try:
            page.goto(f"http://127.0.0.1:{port}/lab?token={token}")
            page.wait_for_function("window.jupyterapp && window.jupyterapp.started", timeout=60_000)
            page.evaluate("() => window.jupyterapp.started")
            page.evaluate(f"() => window.jupyterapp.commands.execute('docmanager:open', {{path: 'screens.ipynb', kernel: {{name: '{arguments.kernel}'}}}})")
            page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=60_000)
            page.evaluate("() => window.jupyterapp.shell.collapseLeft()")
            lab = Lab(page, arguments.folder)
            lab.idle()
            walk(lab)
            server.terminate()
            server.wait(30)
            server = start_lab(work, port, token, log, "notebook")
            page.goto(f"http://127.0.0.1:{port}/notebooks/short.ipynb?token={token}&kernel_name={arguments.kernel}")
            walk_notebook(page, arguments.folder)
        except Exception as error:
            page.screenshot(path=arguments.folder / "lab-failed.png")
            sys.exit(f"{error}\n--- JupyterLab's log ends:\n" + Path(log.name).read_text()[-3000:])
        finally:
            browser.close()
            server.terminate()
            server.wait(30)


if __name__ == "__main__":
    main()
