"""What goes wrong around a kernel that works: a front end that goes away in the middle of a cell, a full disk, a kit, a folder or a compiler
that is deleted, a kernel that is killed. Each is told or survived."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

import installed

prefix = installed.install()

from jupyter_client import BlockingKernelClient  # noqa: E402
from jupyter_client.manager import KernelManager  # noqa: E402

TIMEOUT = 120


class Kernel:
    """A kernel with an environment of its own, and a front end."""

    def __init__(self, test, before=(), program=None, **env):
        self.manager = KernelManager(kernel_name=installed.NAME)
        for name in env:  # what the installation says is not to win
            self.manager.kernel_spec.env.pop(name, None)
        if program:
            self.manager.kernel_spec.argv = [str(program), *self.manager.kernel_spec.argv[1:]]
        if before:
            self.manager.kernel_spec.argv = [*before, *self.manager.kernel_spec.argv]
        self.manager.start_kernel(env=os.environ | env)
        self.client = self.connect()
        test.addCleanup(self.end)

    def connect(self):
        client = BlockingKernelClient(connection_file=self.manager.connection_file)
        client.load_connection_file()
        client.start_channels()
        client.wait_for_ready(timeout=TIMEOUT)
        return client

    def run(self, code):
        outputs = []
        reply = self.client.execute_interactive(code, timeout=TIMEOUT, output_hook=lambda message: outputs.append(message["content"]))["content"]
        return reply, [output["data"]["text/plain"] for output in outputs if "data" in output]

    def result(self, code):
        reply, results = self.run(code)
        assert reply["status"] == "ok", reply
        return results[-1]

    def end(self):
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


def folders(place):
    return sorted(place.glob("terracube-*"))


class BadDays(unittest.TestCase):
    def folder(self):
        path = Path(self.enterContext(tempfile.TemporaryDirectory(prefix="bad-days-")))
        path.chmod(0o755)
        return path

    def test_a_front_end_that_goes_away_in_the_middle_of_a_cell(self):
        kernel = Kernel(self)
        kernel.run("let kept = 20;")
        leaving = kernel.connect()
        leaving.execute('for n in 0..30 { println!("{n}"); std::thread::sleep(std::time::Duration::from_millis(50)); } let left_behind = kept + 1;')
        time.sleep(0.5)
        leaving.stop_channels()
        self.assertEqual(kernel.result("left_behind + kept"), "41")

    def test_a_kit_that_is_deleted(self):
        kit = self.folder() / "kit"
        built = Path(os.environ.get("CARGO_TARGET_DIR", installed.ROOT / "target")) / "release" / "kit"
        subprocess.run(["cp", "-rl", built, kit], check=True)
        kernel = Kernel(self, TERRACUBE_KIT=str(kit))
        kernel.run("let kept = 1;")
        moved = kit.with_name("moved")
        kit.rename(moved)
        reply, _ = kernel.run("let after = 2;")
        self.assertEqual(reply["status"], "error", reply)
        self.assertIn("terracube install", "\n".join(reply["traceback"]))
        moved.rename(kit)
        self.assertEqual(kernel.result("kept + 2"), "3")
        # From the start, where no other kit is near.
        alone = kit.with_name("terracube")
        shutil.copy(installed.program(), alone)
        shutil.rmtree(kit)
        kernel = Kernel(self, program=alone, TERRACUBE_KIT=str(kit), XDG_DATA_HOME=str(kit.parent))
        reply, _ = kernel.run("1")
        self.assertEqual(reply["ename"], "EvaluatorError")
        self.assertIn("terracube install", reply["evalue"])

    def test_a_session_whose_folder_was_swept_away(self):
        place = self.folder()
        kernel = Kernel(self, TERRACUBE_TMPDIR=str(place))
        kernel.run("let kept = 41;")
        [folder] = folders(place)
        shutil.rmtree(folder / "cells")
        reply, _ = kernel.run("kept + 1")
        self.assertEqual(reply["status"], "error", reply)
        self.assertIn("restart the kernel", "\n".join(reply["traceback"]))
        self.assertEqual(kernel.run("%restart")[0]["status"], "ok")
        self.assertEqual(kernel.result("40 + 1"), "41")

    def test_no_compiler(self):
        kernel = Kernel(self, PATH="/nowhere")
        reply, _ = kernel.run("1 + 1")
        self.assertEqual(reply["status"], "error")
        self.assertIn("terracube install --from", "\n".join(reply["traceback"]))
        kernel.client.kernel_info()
        self.assertEqual(kernel.client.get_shell_msg(timeout=TIMEOUT)["content"]["status"], "ok")

    def test_a_kernel_that_was_killed_leaves_nothing_for_long(self):
        place = self.folder()
        kernel = Kernel(self, TERRACUBE_TMPDIR=str(place))
        kernel.run("1")
        [left] = folders(place)
        os.kill(kernel.manager.provisioner.pid, signal.SIGKILL)
        kernel.manager.provisioner.process.wait()
        self.assertTrue(left.exists())
        follower = Kernel(self, TERRACUBE_TMPDIR=str(place))
        follower.run("1")
        self.assertFalse(left.exists())
        self.assertEqual(len(folders(place)), 1)

    @unittest.skipUnless(os.geteuid() == 0, "a disk of its own needs root")
    def test_a_disk_that_is_full(self):
        place = self.folder()
        # A small disk that only this kernel sees; the cell itself fills it and makes room again.
        script = f'mount -t tmpfs -o size=80m tmpfs {place} && exec "$@"'
        kernel = Kernel(self, before=["unshare", "-m", "/bin/sh", "-c", script, "sh"], TERRACUBE_TMPDIR=str(place))
        kernel.run("let kept = 41;")
        self.assertEqual(kernel.run(f"%%sh\ncat /dev/zero > {place}/ballast 2>/dev/null || true")[0]["status"], "ok")
        reply, _ = kernel.run("let more = kept + 1;")
        self.assertEqual(reply["status"], "error", reply)
        self.assertRegex("\n".join(reply["traceback"]).lower(), "no space left|disk is full")
        self.assertEqual(kernel.run(f"%%sh\nrm {place}/ballast")[0]["status"], "ok")
        self.assertEqual(kernel.result("kept + 1"), "42")


if __name__ == "__main__":
    unittest.main(verbosity=2)
