"""An installation with a compiler of its own where hubs put people: nothing on PATH, no network, another user's prefix, `/tmp` that is
noexec, full or read-only, a home on another device. Needs a gigabyte of disk; the parts with mounts and users need root and are left out (and said so) otherwise."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

import installed

NOTEBOOK = {
    "nbformat": 4, "nbformat_minor": 5, "metadata": {},
    "cells": [{"cell_type": "code", "id": f"c{n}", "metadata": {}, "execution_count": None, "outputs": [], "source": source}
              for n, source in enumerate(["let a = vec![1.5, 2.5];", 'DataArray::from_vec(["x"], &[2], a.clone()).mean("x").to_f64()?[0]'])],
}  # fmt: skip
IS_ROOT = os.geteuid() == 0


class Hubs(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = Path(tempfile.mkdtemp(prefix="terracube-hub-", dir="/var/tmp"))
        cls.folder.chmod(0o755)
        cls.prefix = cls.folder / "prefix"
        (cls.prefix / "bin").mkdir(parents=True)
        cls.program = cls.prefix / "bin" / "terracube"
        shutil.copy(installed.program(), cls.program)
        toolchain = subprocess.run(["rustc", "--print", "sysroot"], check=True, capture_output=True, text=True).stdout.strip()
        # The kit of the build, found as `terracube install` finds it.
        done = subprocess.run([installed.program(), "install", "--prefix", cls.prefix, "--from", toolchain], check=True, capture_output=True, text=True)
        print(done.stdout)
        cls.home = cls.folder / "home"
        cls.home.mkdir(mode=0o777)
        cls.home.chmod(0o777)
        (cls.folder / "in.ipynb").write_text(json.dumps(NOTEBOOK))

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.folder, ignore_errors=True)

    def run_notebook(self, before=(), env=None, code=0, out=None):
        """Runs the notebook with an environment of nothing but a home folder."""
        out = out or self.home / "out.ipynb"
        out.unlink(missing_ok=True)
        command = [*before, self.program, "run", self.folder / "in.ipynb", "-o", out, "-q"]
        done = subprocess.run(list(map(str, command)), env={"HOME": str(self.home)} | (env or {}), capture_output=True, text=True, timeout=300, cwd=self.home)
        self.assertEqual(done.returncode, code, done.stderr)
        if code == 0:
            outputs = json.loads(out.read_text())["cells"][1]["outputs"]
            self.assertEqual("".join(outputs[0]["data"]["text/plain"]), "2.0")
        return done

    def mounted(self, *mounts):
        """A command that runs another one with things mounted that others do not see."""
        if not IS_ROOT:
            self.skipTest("mounts need root")
        script = " && ".join([*mounts, 'exec "$@"'])
        return ["/usr/bin/unshare", "-m", "/bin/sh", "-c", script, "sh"]

    def test_nothing_on_path(self):
        self.run_notebook(env={"PATH": "/nowhere"})

    def test_no_network(self):
        if not IS_ROOT:
            self.skipTest("a network of its own needs root")
        self.run_notebook(before=["/usr/bin/unshare", "-n"])

    def test_tmp_that_is_noexec_full_or_read_only(self):
        for mount in ("mount -t tmpfs -o noexec tmpfs /tmp", "mount -t tmpfs -o size=64k tmpfs /tmp", "mount -t tmpfs -o ro tmpfs /tmp"):
            with self.subTest(mount):
                self.run_notebook(before=self.mounted(mount), env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"})

    def test_a_home_on_another_device(self):
        # Cells are compiled in ~/.cache then, far from the kit; hard links would not reach.
        mounts = ["mount -t tmpfs -o noexec tmpfs /tmp", f"mount -t tmpfs tmpfs {self.home}"]
        env = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
        self.run_notebook(before=self.mounted(*mounts), env=env, out=self.folder / "out.ipynb")

    def test_no_place_at_all_is_told(self):
        mounts = ["mount -t tmpfs -o noexec tmpfs /tmp", f"mount -t tmpfs -o noexec tmpfs {self.home}"]
        shutil.copy(self.folder / "in.ipynb", self.home)
        done = self.run_notebook(before=self.mounted(*mounts), env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}, code=1)
        self.assertIn("TERRACUBE_TMPDIR", done.stderr)
        self.assertIn("noexec", done.stderr)

    def test_another_user(self):
        if not IS_ROOT:
            self.skipTest("another user needs root")
        self.run_notebook(before=["/usr/bin/setpriv", "--reuid=1000", "--regid=1000", "--clear-groups"])

    def test_the_doctor_sees_it(self):
        done = subprocess.run([self.program, "doctor"], env={"HOME": str(self.home), "PATH": "/nowhere"}, capture_output=True, text=True, timeout=300)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("its own compiler", done.stdout)
        self.assertIn("a cell takes", done.stdout)
        print(done.stdout)

    def test_a_toolchain_that_does_not_fit_is_refused(self):
        fake = self.folder / "fake"
        (fake / "bin").mkdir(parents=True)
        rustc = fake / "bin" / "rustc"
        rustc.write_text("#!/bin/sh\nprintf 'rustc 1.0.0\\ncommit-hash: abc\\nhost: x\\n'\n")
        rustc.chmod(0o755)
        done = subprocess.run([self.program, "install", "--prefix", self.folder / "other", "--from", fake], capture_output=True, text=True)
        self.assertEqual(done.returncode, 1)
        self.assertIn("commit abc", done.stderr)
        self.assertFalse((self.folder / "other" / "share" / "terracube" / "kit").exists())


if __name__ == "__main__":
    unittest.main(verbosity=2)
