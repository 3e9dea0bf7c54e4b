"""The protocol message by message: every message that the real kernel sends is held against the specification's schema, and
what each request brings about is looked at, with its parent and its busy and idle."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import stat
import time
import unittest
from pathlib import Path

import installed

installed.install()

import jsonschema  # noqa: E402
from jupyter_client import BlockingKernelClient  # noqa: E402
from jupyter_client.manager import start_new_kernel  # noqa: E402
from schemas import CONTENT, HEADER  # noqa: E402

TIMEOUT = 120
VALIDATORS = {kind: jsonschema.Draft202012Validator(schema) for kind, schema in CONTENT.items()}
HEADER_VALIDATOR = jsonschema.Draft202012Validator(HEADER)
seen: dict[str, int] = {}


def check(message):
    """One message against the schemas."""
    kind = message["header"]["msg_type"]
    header = {name: value.isoformat() if hasattr(value, "isoformat") else value for name, value in message["header"].items()}
    HEADER_VALIDATOR.validate(header)
    assert message["msg_type"] == kind, message
    assert kind in VALIDATORS, f"the specification has no message {kind}"
    VALIDATORS[kind].validate(message["content"])
    json.dumps(message["metadata"])
    seen[kind] = seen.get(kind, 0) + 1
    return message


class Messages(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.manager, cls.client = start_new_kernel(kernel_name=installed.NAME, startup_timeout=TIMEOUT)
        cls.client.get_iopub_msg(timeout=0.2) if cls.client.iopub_channel.msg_ready() else None

    @classmethod
    def tearDownClass(cls):
        cls.client.stop_channels()
        if cls.manager.has_kernel:
            cls.manager.shutdown_kernel()

    def ask(self, kind, content, channel="shell", reply=True, answer=None):
        """Sends a request. Returns the reply's content and the messages on iopub between its busy and its idle."""
        request = self.client.session.msg(kind, content)
        getattr(self.client, f"{channel}_channel").send(request)
        id, between, states, replied = request["header"]["msg_id"], [], [], None
        end = time.monotonic() + TIMEOUT
        while time.monotonic() < end and not (states[-1:] == ["idle"] and (replied or not reply)):
            if answer is not None and self.client.stdin_channel.msg_ready():
                question = check(self.client.get_stdin_msg(timeout=1))
                self.assertEqual(question["parent_header"]["msg_id"], id)
                self.client.input(answer)
            if getattr(self.client, f"{channel}_channel").msg_ready():
                message = check(getattr(self.client, f"get_{channel}_msg")(timeout=1))
                if message["parent_header"].get("msg_id") == id:
                    self.assertIsNone(replied, "two replies")
                    self.assertEqual(message["msg_type"], kind.replace("_request", "_reply"))
                    replied = message["content"]
            if self.client.iopub_channel.msg_ready():
                message = check(self.client.get_iopub_msg(timeout=1))
                if message["parent_header"].get("msg_id") != id:
                    continue
                if message["msg_type"] == "status":
                    states.append(message["content"]["execution_state"])
                else:
                    self.assertEqual(states, ["busy"], f"{message['msg_type']} outside of busy and idle")
                    between.append(message)
            time.sleep(0.001)
        self.assertEqual(states, ["busy", "idle"], kind)
        self.assertEqual(replied is not None, reply, kind)
        return replied, [(message["msg_type"], message["content"]) for message in between]

    def execute(self, code, answer=None, **options):
        content = {"code": code, "silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": answer is not None, "stop_on_error": True}
        return self.ask("execute_request", content | options, answer=answer)

    def test_kernel_info_on_both_channels(self):
        for channel in ("shell", "control"):
            reply, _ = self.ask("kernel_info_request", {}, channel)
            self.assertEqual(reply["language_info"]["file_extension"], ".rs")
            self.assertNotIn("debugger", reply.get("supported_features", []))

    def test_execute_of_every_kind(self):
        reply, between = self.execute("6 * 7")
        self.assertEqual([kind for kind, _ in between], ["execute_input", "execute_result"])
        self.assertEqual(between[0][1]["execution_count"], reply["execution_count"])
        reply, between = self.execute('println!("a"); eprintln!("b"); clear_output(true);')
        self.assertEqual({kind for kind, _ in between}, {"execute_input", "stream", "clear_output"})
        reply, between = self.execute("6 * 7", silent=True)
        self.assertEqual(between, [])
        reply, between = self.execute("let = 1;")
        self.assertEqual((reply["status"], [kind for kind, _ in between]), ("error", ["execute_input", "error"]))
        reply, _ = self.execute("let base = 4;", user_expressions={"good": "base + 1", "bad": "nothing"})
        self.assertEqual((reply["user_expressions"]["good"]["data"]["text/plain"], reply["user_expressions"]["bad"]["status"]), ("5", "error"))
        reply, _ = self.execute("?Vec")
        self.assertEqual(reply["payload"][0]["source"], "page")
        reply, between = self.execute('let name = input("Who? ")?; name', answer="Ada")
        self.assertEqual(between[-1][1]["data"]["text/plain"], '"Ada"')

    def test_counts_follow_store_history(self):
        first, _ = self.execute("1")
        unstored, between = self.execute("2", store_history=False)
        self.assertEqual(unstored["execution_count"], first["execution_count"])
        silent, _ = self.execute("3", silent=True, store_history=True)
        self.assertEqual(silent["execution_count"], first["execution_count"])
        following, _ = self.execute("4")
        self.assertEqual(following["execution_count"], first["execution_count"] + 1)
        history, _ = self.ask("history_request", {"hist_access_type": "tail", "n": 2, "output": False, "raw": True})
        self.assertEqual([entry[2] for entry in history["history"]], ["1", "4"])

    def test_an_error_aborts_what_was_sent_behind_it(self):
        for stop_on_error, expected in ((True, ["error", "aborted"]), (False, ["error", "ok"])):
            requests = []
            for code in ('"x".parse::<u8>()?;', "1"):
                content = {"code": code, "silent": False, "store_history": False, "user_expressions": {}, "allow_stdin": False, "stop_on_error": stop_on_error}
                requests.append(self.client.session.msg("execute_request", content))
                self.client.shell_channel.send(requests[-1])
            replies = [check(self.client.get_shell_msg(timeout=TIMEOUT)) for _ in requests]
            self.assertEqual([reply["parent_header"]["msg_id"] for reply in replies], [request["header"]["msg_id"] for request in requests])
            self.assertEqual([reply["content"]["status"] for reply in replies], expected)
            self.ask("kernel_info_request", {})

    def test_displays_and_updates(self):
        code = """
            struct Step(u8);
            impl terracube::display::RichDisplay for Step {
                fn mime_bundle(&self) -> terracube::display::MimeBundle {
                    use terracube::display::Data;
                    terracube::display::MimeBundle::text("step").with("image/png", Data::Bytes(vec![self.0])).with("application/json", Data::Json("{\\"a\\": [1]}".into()))
                }
            }
            display(&Step(1)); display_as("shown", &Step(2)); update_display("shown", &Step(3)); Step(4)
        """
        reply, between = self.execute(code)
        self.assertEqual([kind for kind, _ in between], ["execute_input", "display_data", "display_data", "update_display_data", "execute_result"], reply)
        self.assertEqual(between[1][1]["data"]["application/json"], {"a": [1]})

    def test_queries(self):
        self.execute("let known_length = 3;")
        reply, _ = self.ask("complete_request", {"code": "known_len", "cursor_pos": 9})
        self.assertIn("known_length", reply["matches"])
        for code, found in (("Vec", True), ("nothing_like_it", False)):
            reply, _ = self.ask("inspect_request", {"code": code, "cursor_pos": 2, "detail_level": 0})
            self.assertEqual(reply["found"], found)
        for code, state in (("1", "complete"), ("fn f() {", "incomplete"), ("let = ;", "invalid"), ("x" * 20_000, "unknown")):
            self.assertEqual(self.ask("is_complete_request", {"code": code})[0]["status"], state)
        for access in ({"hist_access_type": "tail", "n": 3}, {"hist_access_type": "range", "session": 0, "start": 1, "stop": 3},
                       {"hist_access_type": "search", "pattern": "*known*", "n": 2, "unique": True}):  # fmt: skip
            for output in (False, True):
                reply, _ = self.ask("history_request", access | {"output": output, "raw": True})
                self.assertTrue(reply["history"], access)

    def test_comms(self):
        reply, between = self.ask("comm_open", {"comm_id": "panel", "target_name": "terracube.variables", "data": {}}, reply=False)
        self.assertEqual([kind for kind, _ in between], ["comm_msg"])
        _, between = self.execute('let watched = DataArray::from_vec(["x"], &[2], vec![1.0, 2.0]);')
        told = [content["data"]["variables"] for kind, content in between if kind == "comm_msg"]
        entry = next(variable for variable in told[0] if variable["name"] == "watched")
        self.assertEqual(entry["type"], "DataArray")
        self.assertIn("x: 2", entry["summary"])
        reply, _ = self.ask("comm_info_request", {})
        self.assertEqual(reply["comms"]["panel"], {"target_name": "terracube.variables"})
        self.ask("comm_close", {"comm_id": "panel", "data": {}}, reply=False)
        _, between = self.ask("comm_open", {"comm_id": "w", "target_name": "nobody.knows", "data": {}}, reply=False)
        self.assertEqual(between, [("comm_close", {"comm_id": "w", "data": {}})])

    def comm_messages(self, n):
        found = []
        while len(found) < n:
            message = check(self.client.get_iopub_msg(timeout=TIMEOUT))
            if message["msg_type"].startswith("comm_"):
                found.append((message["msg_type"], message["content"]))
        return found

    def test_comms_of_cells(self):
        code = 'terracube::comm::on_open("test.echo", |comm, data| { comm.send(data).unwrap(); let back = comm.clone(); comm.on_message(move |data| back.send(data).unwrap()); })?;'
        reply, _ = self.execute(code)
        self.assertEqual(reply["status"], "ok", reply)
        # A cell that runs does not keep them from being answered.
        self.client.execute('println!("busy"); for _ in 0..600 { std::thread::sleep(std::time::Duration::from_millis(50)); terracube::interrupt::unwind_if_requested(); }')
        while True:
            message = check(self.client.get_iopub_msg(timeout=TIMEOUT))
            if message["msg_type"] == "stream":
                break
        for request in (("comm_open", {"comm_id": "e", "target_name": "test.echo", "data": {"n": 1}}), ("comm_msg", {"comm_id": "e", "data": {"n": 2}})):
            self.client.shell_channel.send(self.client.session.msg(*request))
        self.assertEqual(self.comm_messages(2), [("comm_msg", {"comm_id": "e", "data": {"n": 1}}), ("comm_msg", {"comm_id": "e", "data": {"n": 2}})])
        reply, _ = self.ask("comm_info_request", {"target_name": "test.echo"}, "control")
        self.assertEqual(list(reply["comms"]), ["e"])
        self.manager.interrupt_kernel()
        self.assertEqual(check(self.client.get_shell_msg(timeout=TIMEOUT))["content"]["ename"], "Interrupted")
        _, between = self.execute('let c = terracube::comm::Comm::open("test.view", r#"{"a": 1}"#)?; c.send(r#"{"b": 2}"#)?; let id = c.id().to_owned(); c.close();')
        kinds = [kind for kind, _ in between if kind.startswith("comm_")]
        self.assertEqual(kinds or [kind for kind, _ in self.comm_messages(3)], ["comm_open", "comm_msg", "comm_close"])

    def test_control_is_answered_while_a_cell_runs(self):
        self.client.execute('println!("stuck"); loop { std::thread::sleep(std::time::Duration::from_millis(20)); terracube::interrupt::unwind_if_requested(); }')
        while check(self.client.get_iopub_msg(timeout=TIMEOUT))["msg_type"] != "stream":
            pass
        for kind in ("kernel_info_request", "comm_info_request"):
            start = time.monotonic()
            self.ask(kind, {}, "control")
            self.assertLess(time.monotonic() - start, 1)
        reply, _ = self.ask("interrupt_request", {}, "control")
        self.assertEqual(reply, {"status": "ok"})
        self.assertEqual(check(self.client.get_shell_msg(timeout=TIMEOUT))["content"]["ename"], "Interrupted")

    def test_two_front_ends_at_once(self):
        other = BlockingKernelClient(connection_file=self.manager.connection_file)
        other.load_connection_file()
        other.start_channels()
        try:
            other.wait_for_ready(timeout=TIMEOUT)
            mine, theirs = self.client.execute('"mine"'), other.execute('"theirs"')
            for client, id in ((self.client, mine), (other, theirs)):
                reply = check(client.get_shell_msg(timeout=TIMEOUT))
                self.assertEqual((reply["parent_header"]["msg_id"], reply["parent_header"]["session"]), (id, client.session.session))
            results = {}
            while len(results) < 2:
                message = check(other.get_iopub_msg(timeout=TIMEOUT))
                if message["msg_type"] == "execute_result":
                    results[message["parent_header"]["msg_id"]] = message["content"]["data"]["text/plain"]
            self.assertEqual(results, {mine: '"mine"', theirs: '"theirs"'})
        finally:
            other.stop_channels()

    def test_garbage_on_every_socket_changes_nothing(self):
        info = self.client.get_connection_info()
        greeting = b"\xff\0\0\0\0\0\0\0\1\x7f\3\0NULL" + b"\0" * 48
        ready = bytes([4, 28]) + b"\5READY\x0bSocket-Type\0\0\0\6DEALER"
        # Frames longer than the machine's memory, before and after the handshake: memory must not be reserved for them.
        lengths = [length.to_bytes(8, "big") for length in (0x7F7F7F7F7F7F7F7F, 2**63 - 1, 2**64 - 1, 2**46, 2**40)]
        long_frames = [start + b"\2" + length for length in lengths for start in (greeting, greeting + ready)]
        for port in ("shell_port", "iopub_port", "stdin_port", "control_port", "hb_port"):
            for bytes_sent in (b"GET / HTTP/1.1\r\n\r\n", b"\xff" * 4096, b"", *long_frames):
                with socket.create_connection((info["ip"], info[port]), timeout=5) as connection:
                    connection.sendall(bytes_sent)
                    if bytes_sent in long_frames:
                        connection.settimeout(5)
                        with contextlib.suppress(ConnectionError):
                            while connection.recv(4096):  # until the kernel closes it
                                pass
        forged = self.client.session.msg("execute_request", {"code": "1"})
        frames = self.client.session.serialize(forged)
        frames[1] = b"0" * 64
        self.client.shell_channel.socket.send_multipart(frames)
        # A message that was heard is not heard a second time.
        good = self.client.session.serialize(self.client.session.msg("kernel_info_request", {}))
        for _ in range(3):
            self.client.shell_channel.socket.send_multipart(good)
        self.assertEqual(check(self.client.get_shell_msg(timeout=TIMEOUT))["msg_type"], "kernel_info_reply")
        time.sleep(0.5)
        self.assertFalse(self.client.shell_channel.msg_ready(), "a replayed or forged message was answered")
        self.ask("kernel_info_request", {})

    def test_the_connection_file_is_private(self):
        mode = stat.S_IMODE(os.stat(self.manager.connection_file).st_mode)
        self.assertEqual(mode & 0o077, 0, oct(mode))
        self.assertEqual(Path(self.manager.connection_file).stat().st_uid, os.getuid())

    def test_z_every_message_was_seen(self):
        reply, _ = self.ask("shutdown_request", {"restart": False}, "control")
        self.assertEqual(reply["restart"], False)
        # The welcome went to the client before it listened here: jupyter_client takes it while it starts.
        missing = set(CONTENT) - set(seen) - {"iopub_welcome"}
        self.assertFalse(missing, "never seen")
        print(f"{sum(seen.values())} messages of {len(seen)} kinds held against their schemas")


if __name__ == "__main__":
    unittest.main(verbosity=2)
