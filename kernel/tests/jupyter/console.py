"""jupyter_console, as a person types into it: a result, a question, an error, an interrupt, and the variables behind it."""

from __future__ import annotations

import re
import sys
import unittest

import installed

installed.install()

import pexpect  # noqa: E402

TIMEOUT = 120
# What a terminal is told about colours and the cursor.
CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[=>]|\r")


class Console(unittest.TestCase):
    def setUp(self):
        command = ["-m", "jupyter_console", "--kernel", installed.NAME, "--simple-prompt"]
        self.console = pexpect.spawn(sys.executable, command, timeout=TIMEOUT, encoding="utf-8", dimensions=(40, 160))
        self.addCleanup(self.console.close, force=True)
        self.console.expect(r"In \[1\]: ")

    def run_cell(self, code, prompt):
        self.console.sendline(code)
        self.console.expect(rf"In \[{prompt}\]: ")
        return CONTROL.sub("", self.console.before)

    def test_a_session(self):
        self.assertIn("42", self.run_cell("6 * 7", 2))
        self.console.sendline('let name = input("Station? ")?; name')
        self.console.expect(r"Station\? ")
        self.assertIn('"north"', self.run_cell("north", 3))
        said = self.run_cell("let n: u8 = 300;", 4)
        self.assertIn("literal out of range", said)
        said = self.run_cell('"x".parse::<f64>()?;', 5)
        self.assertIn("Error: invalid float literal", said)
        self.console.sendline('println!("begun"); loop { std::thread::sleep(std::time::Duration::from_millis(20)); terracube::interrupt::unwind_if_requested(); }')
        self.console.expect(r"begun\r")
        self.console.sendintr()
        self.console.expect(r"In \[6\]: ")
        self.assertIn("Interrupted", CONTROL.sub("", self.console.before))
        self.assertIn('"north"', self.run_cell("name", 7))


if __name__ == "__main__":
    unittest.main(verbosity=2)
