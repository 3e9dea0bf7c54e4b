"""What a user of a notebook relies on and jupyter_kernel_test does not ask for, with the real kernel."""

from __future__ import annotations

import shutil
import tempfile
import time
import unittest
from pathlib import Path

import installed

installed.install()

from jupyter_client.manager import start_new_kernel  # noqa: E402

TIMEOUT = 120


class Session(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.manager, cls.client = start_new_kernel(kernel_name=installed.NAME, startup_timeout=TIMEOUT)

    @classmethod
    def tearDownClass(cls):
        cls.client.stop_channels()
        cls.manager.shutdown_kernel()

    def run_cell(self, code, on_output=None, **options):
        """Runs a cell; returns its reply and its outputs as (type, content)."""
        outputs = []

        def hook(message):
            if message["msg_type"] not in ("status", "execute_input"):
                outputs.append((message["msg_type"], message["content"]))
                if on_output:
                    on_output(*outputs[-1])

        reply = self.client.execute_interactive(code, output_hook=hook, timeout=TIMEOUT, **options)
        return reply["content"], outputs

    def result(self, code):
        reply, outputs = self.run_cell(code)
        self.assertEqual(reply["status"], "ok", reply)
        return [content["data"]["text/plain"] for kind, content in outputs if kind == "execute_result"]

    def test_an_interrupt_keeps_the_variables(self):
        self.run_cell("let kept = 41;")
        interrupted = []

        def interrupt(kind, content):
            if not interrupted and "started" in content.get("text", ""):
                interrupted.append(time.monotonic())
                self.manager.interrupt_kernel()

        # The check that every loop of the engine makes for each chunk.
        code = """
            println!("started");
            for _ in 0..600 {
                std::thread::sleep(std::time::Duration::from_millis(100));
                terracube::interrupt::unwind_if_requested();
            }
        """
        reply, outputs = self.run_cell(code, on_output=interrupt)
        self.assertTrue(interrupted, outputs)
        self.assertLess(time.monotonic() - interrupted[0], 20)
        self.assertEqual((reply["status"], reply["ename"]), ("error", "Interrupted"))
        self.assertEqual(self.result("kept + 1"), ["42"])

    def test_errors_and_panics_keep_the_variables(self):
        self.run_cell("let before = vec![1, 2, 3];")
        for code, name in [
            ('"x".parse::<i32>()?;', "Error"),
            ('panic!("on purpose");', "Panic"),
            ("before[7]", "Panic"),
            ("let y: String = 5;", "CompileError"),
        ]:
            reply, outputs = self.run_cell(code)
            self.assertEqual((reply["status"], reply["ename"]), ("error", name), code)
            self.assertEqual([kind for kind, _ in outputs], ["error"], outputs)
            self.assertTrue(reply["evalue"] and reply["traceback"], reply)
        self.assertEqual(self.result("before.len()"), ["3"])

    def test_output_streams_while_the_cell_runs(self):
        seen = {}

        def note(kind, content):
            for word in ("early", "late"):
                if word in content.get("text", ""):
                    seen[word] = time.monotonic()

        pause = "std::thread::sleep(std::time::Duration::from_secs(2));"
        self.run_cell(f'println!("early"); {pause} println!("late");', on_output=note)
        self.assertGreater(seen["late"] - seen["early"], 1.5)

    def test_displays_are_updated_in_place(self):
        code = """
            struct Step(u8);
            impl terracube::display::RichDisplay for Step {
                fn mime_bundle(&self) -> terracube::display::MimeBundle {
                    terracube::display::MimeBundle::text(format!("step {}", self.0))
                }
            }
            display_as("steps", &Step(1));
            update_display("steps", &Step(2));
        """
        reply, outputs = self.run_cell(code)
        self.assertEqual(reply["status"], "ok", reply)
        found = [(kind, c["data"]["text/plain"], c["transient"]["display_id"]) for kind, c in outputs]
        expected = [("display_data", "step 1", "steps"), ("update_display_data", "step 2", "steps")]
        self.assertEqual(found, expected)

    def test_positions_of_completion_count_code_points(self):
        self.run_cell("let température_de_surface = 1;")
        text = 'let é = "😀"; temp'
        self.client.complete(text)
        reply = self.client.get_shell_msg(timeout=TIMEOUT)["content"]
        self.assertIn("température_de_surface", reply["matches"])
        self.assertEqual(text[reply["cursor_start"] : reply["cursor_end"]], "temp")

    def ask(self, code, answer, allow_stdin=True):
        """Runs a cell that asks; returns the question (None if there was none), the reply, and what was printed."""
        questions, printed = [], []

        def on_question(message):
            questions.append(message["content"])
            self.client.input(answer)

        def on_output(message):
            printed.append(message["content"].get("text", ""))

        reply = self.client.execute_interactive(
            code, allow_stdin=allow_stdin, stdin_hook=on_question, output_hook=on_output, timeout=TIMEOUT
        )
        return (questions or [None])[0], reply["content"], "".join(printed)

    def test_a_cell_asks_the_user(self):
        code = 'let name = input("Station? ")?; println!("hello {name}");'
        question, reply, printed = self.ask(code, "Å 7")
        self.assertEqual(question, {"prompt": "Station? ", "password": False})
        self.assertEqual((reply["status"], printed), ("ok", "hello Å 7\n"))
        self.assertEqual(self.result("name.chars().count()"), ["3"])
        question, _, _ = self.ask('let secret = password("Key: ")?;', "s")
        self.assertEqual(question, {"prompt": "Key: ", "password": True})
        question, reply, _ = self.ask(code, "", allow_stdin=False)
        self.assertEqual((question, reply["status"], reply["ename"]), (None, "error", "Error"))
        self.assertIn("nobody can answer", reply["evalue"])

    def test_an_interrupt_ends_a_question(self):
        def interrupt(_):
            self.manager.interrupt_kernel()

        self.run_cell("let kept_while_asking = 5;")
        reply = self.client.execute_interactive(
            'let never = input("? ")?;', allow_stdin=True, stdin_hook=interrupt, output_hook=lambda _: None, timeout=TIMEOUT
        )
        self.assertEqual((reply["content"]["status"], reply["content"]["ename"]), ("error", "Interrupted"))
        self.assertEqual(self.result("kept_while_asking"), ["5"])

    def complete(self, text):
        self.client.complete(text)
        reply = self.client.get_shell_msg(timeout=TIMEOUT)["content"]
        return reply["matches"], text[reply["cursor_start"] : reply["cursor_end"]]

    def test_names_of_dimensions_are_completed_inside_strings(self):
        self.run_cell('let cube = DataArray::from_vec(["tide", "lat"], &[1, 2], vec![1.0, 2.0]);')
        self.assertEqual(self.complete('cube.mean("la'), (["lat"], "la"))
        self.assertEqual(self.complete('let m = (&cube * 2.0).sel("'), (["lat", "tide"], ""))

    def test_magics(self):
        self.run_cell('let cube = DataArray::from_vec(["tide", "lat"], &[1, 2], vec![1.0, 2.0]); let n = 3;')
        _, outputs = self.run_cell("%who")
        shown = [content["data"] for kind, content in outputs if kind == "display_data"]
        self.assertRegex(shown[0]["text/plain"], r"cube +DataArray +.*tide: 1, lat: 2")
        self.assertRegex(shown[0]["text/html"], "<td><code>n</code></td><td><code>i32</code></td>")
        reply, outputs = self.run_cell("%%time\nstd::thread::sleep(std::time::Duration::from_millis(300));\nn * 2")
        text = "".join(content.get("text", "") for _, content in outputs)
        self.assertRegex(text, r"took [\d.]+ (m?s): 3\d\d\.\d ms to run")
        self.assertEqual([c["data"]["text/plain"] for kind, c in outputs if kind == "execute_result"], ["6"])
        _, outputs = self.run_cell("%timeit (1..1000_u64).fold(0, |a, b| a ^ b)")
        self.assertRegex(outputs[0][1]["text"], "for one run")
        _, outputs = self.run_cell("%%bash\necho from the shell")
        self.assertEqual(outputs, [("stream", {"name": "stdout", "text": "from the shell\n"})])
        _, outputs = self.run_cell("%budget 1.5GB")
        self.assertEqual(outputs[0][1]["text"], "computations may hold 1.50 GB\n")
        reply, _ = self.run_cell("%budget much")
        self.assertEqual((reply["status"], reply["ename"]), ("error", "Error"))
        reply, _ = self.run_cell("%tim 1")
        self.assertEqual((reply["status"], reply["ename"]), ("error", "UnknownMagic"))
        self.assertEqual(self.complete("%tim"), (["%time", "%timeit"], "%tim"))

    def test_magics_that_show(self):
        _, outputs = self.run_cell("%html <b>bold</b>")
        self.assertEqual(outputs[0][1]["data"]["text/html"], "<b>bold</b>")
        _, outputs = self.run_cell("%config")
        self.assertIn("output_limit", outputs[0][1]["text"])
        _, outputs = self.run_cell("%config progress = line\n%sh echo from sh")
        self.assertEqual(outputs[-1], ("stream", {"name": "stdout", "text": "from sh\n"}))
        self.run_cell("%config progress = gone")
        reply, _ = self.run_cell("?DataArray")
        page = reply["payload"][0]["data"]
        self.assertIn("DataArray", page["text/plain"])
        self.assertIn("<p>", page["text/html"])

    def test_inspection_says_what_a_variable_holds(self):
        self.run_cell('let held = DataArray::from_vec(["tide", "lat"], &[1, 2], vec![1.0, 2.0]);')
        self.client.inspect("held", 4)
        data = self.client.get_shell_msg(timeout=TIMEOUT)["content"]["data"]
        self.assertIn("DataArray", data["text/plain"])
        self.assertIn("(tide: 1, lat: 2)", data["text/plain"])
        self.assertIn("(tide: 1, lat: 2)", data["text/html"])
        # A method is not the variable that has its name.
        self.run_cell('let mean = DataArray::from_vec(["swell"], &[3], vec![1.0, 2.0, 3.0]);')
        self.client.inspect("mean", 4)
        self.assertIn("(swell: 3)", self.client.get_shell_msg(timeout=TIMEOUT)["content"]["data"]["text/plain"])
        self.client.inspect("held.mean", 9)
        self.assertNotIn("(swell: 3)", self.client.get_shell_msg(timeout=TIMEOUT)["content"]["data"].get("text/plain", ""))
        # Names, without parameters that would have to be replaced.
        self.assertIn("mean", self.complete("held.me")[0])

    def test_cells_that_are_linked_in_full(self):
        # 128-bit division is in no library that is loaded; a function of C's is.
        self.assertEqual(self.result("10_u128.pow(30) / 3"), ["333333333333333333333333333333"])
        self.assertEqual(self.result('unsafe extern "C" { fn abs(n: i32) -> i32; } unsafe { abs(-7) }'), ["7"])
        self.run_cell("let kept_by_a_cell_that_is_not_loaded = 6;")
        reply, _ = self.run_cell('unsafe extern "C" { fn nowhere_at_all(); } unsafe { nowhere_at_all() }')
        # Nothing panicked.
        self.assertEqual((reply["status"], reply["ename"]), ("error", "Error"), reply)
        self.assertIn("nowhere_at_all", reply["evalue"])
        self.assertEqual(self.result("kept_by_a_cell_that_is_not_loaded"), ["6"])

    def test_the_environment_of_the_build(self):
        self.assertEqual(self.result("1 + 1"), ["2"])  # from here on compilers wait
        for station in ("north", "south"):
            self.assertEqual(self.result(f':build_env STATION={station}\nenv!("STATION")'), [f'"{station}"'])

    def test_x_a_crate_of_ones_own(self):
        with tempfile.TemporaryDirectory() as folder:
            crate = Path(folder) / "tiny"
            (crate / "src").mkdir(parents=True)
            (crate / "Cargo.toml").write_text('[package]\nname = "tiny"\nversion = "0.1.0"\nedition = "2021"\n')
            (crate / "src" / "lib.rs").write_text("pub fn answer() -> u8 { 42 }\n")
            self.run_cell("let before = 1;")
            reply, _ = self.run_cell(f'%dep tiny = {{ path = "{crate}" }}')
            self.assertEqual(reply["status"], "ok", reply)
            self.assertEqual(self.result("i32::from(tiny::answer()) + before"), ["43"])
            # By evcxr's own command, with code below it that keeps its places.
            second = Path(folder) / "second"
            shutil.copytree(crate, second)
            (second / "Cargo.toml").write_text('[package]\nname = "second"\nversion = "0.1.0"\nedition = "2021"\n')
            command = f':dep second = {{ path = "{second}" }}\n'
            self.assertEqual(self.result(command + "second::answer() + 1"), ["43"])
            reply, _ = self.run_cell(command + "\nlet wrong: String = second::answer();")
            self.assertEqual((reply["status"], reply["ename"]), ("error", "CompileError"), reply)
            self.assertIn("3", "\n".join(reply["traceback"]))

    def test_y_restart_by_magic(self):
        self.run_cell("let gone_by_magic = 1;")
        reply, _ = self.run_cell("%restart")
        self.assertEqual(reply["status"], "ok", reply)
        reply, _ = self.run_cell("gone_by_magic")
        self.assertEqual((reply["status"], reply["ename"]), ("error", "CompileError"))
        self.assertEqual(self.result('DataArray::from_vec(["x"], &[1], vec![1.5]).to_f64()?[0]'), ["1.5"])

    def test_a_silent_cell_is_not_seen(self):
        reply, outputs = self.run_cell('println!("quiet");', silent=True)
        self.assertEqual((reply["status"], outputs), ("ok", []))

    def test_user_expressions_are_evaluated(self):
        reply, _ = self.run_cell("let base = 20;", user_expressions={"twice": "base * 2", "bad": "nothing"})
        self.assertEqual(reply["user_expressions"]["twice"]["data"]["text/plain"], "40")
        self.assertEqual(reply["user_expressions"]["bad"]["status"], "error")

    def test_z_a_restart_begins_anew(self):  # last: it ends what the other tests share
        self.run_cell("let gone = 1;")
        self.manager.restart_kernel()
        self.client.wait_for_ready(timeout=TIMEOUT)
        reply, _ = self.run_cell("gone")
        self.assertEqual((reply["status"], reply["ename"], reply["execution_count"]), ("error", "CompileError", 1))
        self.assertEqual(self.result("1 + 1"), ["2"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
