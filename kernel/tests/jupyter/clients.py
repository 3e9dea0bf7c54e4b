"""The same notebooks under the programs that people have already: nbclient, papermill and nbconvert; and what `terracube run`
makes of them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import installed

installed.install()

import nbclient  # noqa: E402
import nbformat  # noqa: E402
import papermill  # noqa: E402
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook  # noqa: E402
from terracube_papermill import RustTranslator, with_type_of_default  # noqa: E402

TIMEOUT = 300


def notebook(*cells):
    tags = {"tags": []}
    made = []
    for cell in cells:
        code, tag = cell if isinstance(cell, tuple) else (cell, None)
        made.append(new_code_cell(code, metadata=tags | {"tags": [tag] if tag else []}))
    metadata = {"kernelspec": {"name": installed.NAME, "display_name": "Terracube", "language": "rust"}, "language_info": {"name": "rust"}}
    return new_notebook(cells=[new_markdown_cell("# A run"), *made], metadata=metadata)


PARAMETERS = ("let days: u64 = 30;\nlet scale = 0.5;\nlet place = String::from(\"here\");\nlet mut on = false;", "parameters")
USES = 'let text: String = format!("{} {} {} {}", days + (u64::MAX - u64::MAX), scale + 0.25, place.clone() + "!", on); text'


def results(book):
    return [output["data"]["text/plain"] for cell in book.cells for output in cell.get("outputs", []) if output["output_type"] == "execute_result"]


class Clients(unittest.TestCase):
    def setUp(self):
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))

    def write(self, book, name="in.ipynb"):
        nbformat.write(book, self.folder / name)
        return self.folder / name

    def run_terracube(self, *arguments, code=0):
        command = [installed.program(), "run", *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT, cwd=self.folder)
        self.assertEqual(done.returncode, code, done.stderr)
        return done

    def test_nbclient_obeys_what_may_fail(self):
        book = notebook("1 + 1", ('"x".parse::<i32>()?;', "raises-exception"), "2 + 2")
        nbclient.NotebookClient(book, timeout=TIMEOUT, kernel_name=installed.NAME).execute()
        self.assertEqual(results(book), ["2", "4"])
        self.assertEqual(book.cells[2].outputs[0].ename, "Error")
        with self.assertRaises(nbclient.exceptions.CellExecutionError):
            nbclient.NotebookClient(notebook('panic!("no");'), timeout=TIMEOUT, kernel_name=installed.NAME).execute()

    def test_papermill_gives_parameters(self):
        path, out = self.write(notebook(PARAMETERS, USES)), self.folder / "out.ipynb"
        values = {"days": 400, "scale": 2, "place": 'a "b" é', "on": True}
        papermill.execute_notebook(path, out, values, kernel_name=installed.NAME, engine_name="terracube", progress_bar=False)
        self.assertEqual(results(nbformat.read(out, 4)), [json.dumps('400 2.25 a "b" é! true', ensure_ascii=False)])
        # The same from our own runner.
        own = self.folder / "own.ipynb"
        self.run_terracube(path, "-o", own, "-q", *(f"-p{name}={str(value).lower()}" for name, value in values.items()))
        self.assertEqual(results(nbformat.read(own, 4)), results(nbformat.read(out, 4)))

    def test_values_as_rust(self):
        for value, expected in [
            (3, "3"), (3_000_000_000, "3000000000_i64"), (1.5, "1.5"), (1e300, "1e+300"), (float("nan"), "f64::NAN"), (float("-inf"), "f64::NEG_INFINITY"), (True, "true"),
            ('a"b\\\n', '"a\\"b\\\\\\n"'), ([1, 2], "vec![1, 2]"), ({"a": 1}, 'std::collections::BTreeMap::from([("a", 1)])'), (None, "None::<f64>"),
        ]:  # fmt: skip
            self.assertEqual(RustTranslator.translate(value), expected)
        for value, type_name, default, expected in [
            ("3", "u8", "1", "3_u8"), ("3", None, "1u16", "3_u16"), ("3", None, "0.5", "3.0"), ('"a"', None, '"b".to_string()', 'String::from("a")'), ("3", None, "1", "3"), ("4000000000_i64", "u64", "1", "4000000000_u64"),
        ]:  # fmt: skip
            self.assertEqual(with_type_of_default(value, type_name, default), expected)

    def test_nbconvert_executes(self):
        path = self.write(notebook('println!("from nbconvert"); 6 * 7'))
        command = [sys.executable, "-m", "nbconvert", "--execute", "--to", "html", f"--ExecutePreprocessor.kernel_name={installed.NAME}", path]
        subprocess.run(command, check=True, capture_output=True, timeout=TIMEOUT)
        page = path.with_suffix(".html").read_text()
        self.assertIn("from nbconvert", page)
        self.assertIn("42", page)

    def test_several_notebooks_with_reports_pages_and_resume(self):
        good = self.write(notebook('println!("good"); 1 + 1'), "good.ipynb")
        bad = self.write(notebook("let a = 1;", '"x".parse::<i32>()?;', "3"), "bad.ipynb")
        arguments = (good, bad, "--output-dir", "out", "-j2", "--budget", "1GB", "--html", "--report", "report.json", "--junit", "junit.xml", "--resume", "-q")
        done = self.run_terracube(*arguments, code=1)
        self.assertIn("bad.ipynb: cell 3 of 4", done.stderr)
        report = json.loads((self.folder / "report.json").read_text())
        self.assertEqual([(n["status"], len(n["cells"])) for n in report["notebooks"]], [("passed", 1), ("failed", 2)])
        self.assertIn('failures="1"', (self.folder / "junit.xml").read_text())
        page = (self.folder / "out" / "good.html").read_text()
        self.assertIn("<pre>2</pre>", page)
        self.assertIn("good", page)
        self.run_terracube(*arguments, code=1)
        report = json.loads((self.folder / "report.json").read_text())
        self.assertEqual([n["status"] for n in report["notebooks"]], ["skipped", "failed"])

    def test_a_notebook_is_printed(self):
        path = self.write(notebook('%html <h2>printed</h2>', "6 * 7"))
        empty = self.folder / "empty"
        empty.mkdir()
        command = [installed.program(), "run", path, "-o", "out.ipynb", "-q", "--pdf"]
        # Before anything runs.
        done = subprocess.run(command, capture_output=True, text=True, cwd=self.folder, env=os.environ | {"PATH": str(empty)})
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn("install Chromium", done.stderr)
        if not any(shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome")):
            self.skipTest("no Chromium here")
        self.run_terracube(*command[2:])
        self.assertTrue((self.folder / "out.pdf").read_bytes().startswith(b"%PDF"))

    def test_a_cell_that_fails_is_told_before_a_page_that_does(self):
        path = self.write(notebook("1", 'panic!("on purpose");'))
        command = [installed.program(), "run", path, "-o", "out.ipynb", "-q", "--pdf"]
        done = subprocess.run(command, capture_output=True, text=True, cwd=self.folder, env=os.environ | {"TERRACUBE_BROWSER": "/bin/false"}, timeout=TIMEOUT)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertLess(done.stderr.index("on purpose"), done.stderr.index("printed nothing"), done.stderr)

    def test_limits_of_time_and_output(self):
        path = self.write(notebook('println!("begun"); loop { std::thread::sleep(std::time::Duration::from_millis(10)); terracube::interrupt::check()?; }'))
        done = self.run_terracube(path, "-o", "out.ipynb", "--timeout", "20", "--log-output", code=1)
        self.assertIn("begun", done.stdout)
        self.assertIn("longer than 20 s", done.stderr)
        self.assertEqual(nbformat.read(self.folder / "out.ipynb", 4).cells[1].outputs[-1].ename, "Timeout")

    def test_a_check_runs_nothing(self):
        good, bad = self.write(notebook("let a = 1;"), "good.ipynb"), self.write(notebook("let a = (1;"), "bad.ipynb")
        self.assertIn("1 cells can be run", self.run_terracube("--check", good).stdout)
        self.assertIn("bad.ipynb: cell 2", self.run_terracube("--check", good, bad, code=1).stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
