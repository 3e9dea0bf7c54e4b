"""jupyter_kernel_test with every sample filled in. What it may skip is listed, with the reason; any other skip fails."""

from __future__ import annotations

import sys
import unittest

import installed

installed.install()

import jupyter_kernel_test  # noqa: E402  (after the kernel is there to be found)

# The suite waits 15 s for a reply; on a busy machine the first compilation may take longer.
TIMEOUT = 120
jupyter_kernel_test.TIMEOUT = TIMEOUT

# test -> why it may be skipped
PERMITTED_SKIPS: dict[str, str] = {}

DISPLAY = """
struct Bold(&'static str);
impl terracube::display::RichDisplay for Bold {
    fn mime_bundle(&self) -> terracube::display::MimeBundle {
        let html = terracube::display::Data::Text(format!("<b>{}</b>", self.0));
        terracube::display::MimeBundle::text(self.0).with("text/html", html)
    }
}
display(&Bold("shown"));
"""


class Conformance(jupyter_kernel_test.KernelTests):
    kernel_name = installed.NAME
    language_name = "rust"
    file_extension = ".rs"
    code_hello_world = 'println!("hello, world");'
    code_stderr = 'eprintln!("oh");'
    completion_samples = [{"text": "let known_name = 1; known_n", "matches": {"known_name"}}]
    complete_code_samples = ["1 + 1", 'println!("a");', "let x = 1;\nx", "fn f() -> u8 { 1 }", "// only a comment"]
    incomplete_code_samples = ["fn f() {", "let x =", "foo(1,", '"open', "/* open"]
    invalid_code_samples = ["let = 3;", "f(]", "1 1", "fn f() }"]
    code_page_something = "?Vec"
    code_generate_error = 'let number: i32 = "no number".parse()?;'
    code_execute_result = [
        {"code": "6 * 7", "result": "42"},
        {"code": 'format!("{}{}", 1, 2)', "result": '"12"'},
        {"code": "vec![1.5, 2.0]", "result": "[1.5, 2.0]"},
    ]
    code_display_data = [{"code": DISPLAY, "mime": "text/html"}]
    code_history_pattern = "6 ? 7"
    supported_history_operations = ("tail", "range", "search")
    code_inspect_sample = "Vec"
    code_clear_output = "clear_output(false);"

    def execute_helper(self, code, timeout=TIMEOUT, **options):
        return super().execute_helper(code, timeout=timeout, **options)

    def history_helper(self, execute_first, timeout=TIMEOUT, **arguments):
        return super().history_helper(execute_first, timeout=timeout, **arguments)


class Welcome(jupyter_kernel_test.IopubWelcomeTests):
    kernel_name = installed.NAME
    support_iopub_welcome = True


def main() -> int:
    loader = unittest.TestLoader()
    suite = unittest.TestSuite(loader.loadTestsFromTestCase(case) for case in (Conformance, Welcome))
    result = unittest.TextTestRunner(verbosity=2).run(suite)
    skipped = {test.id(): reason for test, reason in result.skipped}
    unexpected = {test: reason for test, reason in skipped.items() if test.split(".")[-1] not in PERMITTED_SKIPS}
    never = [name for name in PERMITTED_SKIPS if not any(test.endswith(name) for test in skipped)]
    for test, reason in unexpected.items():
        print(f"unexpected skip: {test}: {reason}")
    for name in never:
        print(f"permitted skip that does not happen any more, take it out of the list: {name}")
    print(f"jupyter_kernel_test: {result.testsRun} run, {len(skipped)} skipped, permitted skips: {PERMITTED_SKIPS or 'none'}")
    return 0 if result.wasSuccessful() and not unexpected and not never else 1


if __name__ == "__main__":
    sys.exit(main())
