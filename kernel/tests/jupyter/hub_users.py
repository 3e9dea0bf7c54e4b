#!/usr/bin/env python3
"""Four users of a JupyterHub, each of whom runs a notebook in JupyterLab's server at the same time; the first has two kernels that compute
at once. Prints what each user's processes hold, and fails if a cell fails or two kernels and JupyterLab do not fit 4 GB.

    hub_users.py PROXY            (the program configurable-http-proxy)
"""

from __future__ import annotations

import json
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
import uuid
from pathlib import Path

import installed

installed.install(own_compiler=True)

import psutil  # noqa: E402
import websocket  # noqa: E402

USERS = ["ada", "bela", "chen", "dora"]
# The first cell, then work that the engine does in chunks, then a figure; names are the user's own.
CELLS = [
    'let cube = DataArray::from_vec(["time", "lat", "lon"], &[200, 180, 360], (0..200 * 180 * 360).map(|n| f64::from(n % 997)).collect::<Vec<_>>());',
    'let spread = cube.std("time");',
    'spread.mean(["lat", "lon"]).to_f64()?[0] > 0.0',
    'cube.mean(["lat", "lon"]).plot()',
    "let mut total = 0.0; for step in 0..20 { total += (&cube * f64::from(step)).mean([\"time\", \"lat\", \"lon\"]).to_f64()?[0]; } total > 0.0",
]
LIMIT_MB = 4000
PATIENCE = 300


def free_ports(n):
    listeners = [socket.socket() for _ in range(n)]
    for listener in listeners:
        listener.bind(("127.0.0.1", 0))
    ports = [listener.getsockname()[1] for listener in listeners]
    for listener in listeners:
        listener.close()
    return ports


class Hub:
    def __init__(self, folder, proxy):
        self.token = secrets.token_hex(16)
        ports = free_ports(3)
        self.url = f"http://127.0.0.1:{ports[0]}"
        for user in USERS:
            (folder / user).mkdir()
        names = dict(zip(("HUB_PORT", "HUB_INNER_PORT", "HUB_PROXY_PORT"), map(str, ports)))
        env = os.environ | names | {"HUB_FOLDER": str(folder), "HUB_TOKEN": self.token, "HUB_PROXY": str(Path(proxy).resolve()), "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
        self.log = open(folder / "hub.log", "w")
        config = Path(__file__).with_name("hub_config.py")
        self.process = subprocess.Popen([sys.executable, "-m", "jupyterhub", "-f", config], cwd=folder, env=env, stdout=self.log, stderr=subprocess.STDOUT)

    def ask(self, method, path, body=None, accept=(200, 201, 202, 204)):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data=data, method=method, headers={"Authorization": f"token {self.token}", "Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                status, text = answer.status, answer.read()
        except urllib.error.HTTPError as error:
            status, text = error.code, error.read()
        if status not in accept:
            raise RuntimeError(f"{method} {path}: {status} {text[:300]!r}")
        return json.loads(text) if text else None

    def wait(self):
        end = time.monotonic() + PATIENCE
        while True:
            try:
                return self.ask("GET", "/hub/api/")
            except (OSError, RuntimeError):
                if self.process.poll() is not None or time.monotonic() > end:
                    raise RuntimeError("the hub did not start") from None
                time.sleep(0.5)

    def server(self, user):
        """Starts a user's server and waits until it is ready."""
        self.ask("POST", f"/hub/api/users/{user}", accept=(201, 409))
        self.ask("POST", f"/hub/api/users/{user}/server")
        end = time.monotonic() + PATIENCE
        while not (self.ask("GET", f"/hub/api/users/{user}").get("servers") or {}).get("", {}).get("ready"):
            if time.monotonic() > end:
                raise RuntimeError(f"the server of {user} did not start")
            time.sleep(0.5)

    def run(self, user, results):
        """Starts a kernel for the user and runs all cells over its websocket."""
        kernel = self.ask("POST", f"/user/{user}/api/kernels", {"name": installed.NAME})["id"]
        address = self.url.replace("http", "ws") + f"/user/{user}/api/kernels/{kernel}/channels"
        channel = websocket.create_connection(address, header=[f"Authorization: token {self.token}"], timeout=PATIENCE)
        begin = time.monotonic()
        for cell in CELLS:
            header = {"msg_id": uuid.uuid4().hex, "username": user, "session": uuid.uuid4().hex, "msg_type": "execute_request", "version": "5.4"}
            content = {"code": cell, "silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": False, "stop_on_error": True}
            channel.send(json.dumps({"header": header, "parent_header": {}, "metadata": {}, "content": content, "channel": "shell"}))
            while True:
                message = json.loads(channel.recv())
                if message["parent_header"].get("msg_id") == header["msg_id"] and message["msg_type"] == "execute_reply":
                    break
            if message["content"]["status"] != "ok":
                raise RuntimeError(f"{user}: {cell}: {message['content']}")
        results.append((user, time.monotonic() - begin))

    def end(self):
        self.process.terminate()
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
        self.log.close()


def family(user_folder):
    """Processes whose home is this folder: a user's server, its kernels and their children."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("HOME") == str(user_folder):
                found.append(process)
        except psutil.Error:
            continue
    return found


def command_line(process):
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def megabytes(processes):
    total = 0
    for process in processes:
        try:
            total += process.memory_full_info().pss  # what is shared counts once
        except psutil.Error:
            continue
    return total / 1e6


class Watch(threading.Thread):
    """The most that each user's processes held."""

    def __init__(self, folder):
        super().__init__(daemon=True)
        self.folder, self.most, self.over = folder, dict.fromkeys(USERS, 0.0), threading.Event()

    def run(self):
        while not self.over.wait(0.5):
            for user in USERS:
                self.most[user] = max(self.most[user], megabytes(family(self.folder / user)))


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    with tempfile.TemporaryDirectory(prefix="terracube-users-") as name:
        folder = Path(name)
        hub = Hub(folder, sys.argv[1])
        failures, results = [], []
        try:
            hub.wait()
            for user in USERS:
                hub.server(user)
            watch = Watch(folder)
            watch.start()

            def guarded(user):
                try:
                    hub.run(user, results)
                except Exception as error:  # told below, for all users
                    failures.append(f"{user}: {error}")

            # The first user has two kernels.
            threads = [threading.Thread(target=guarded, args=(user,)) for user in [USERS[0], *USERS]]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(PATIENCE * 2)
            time.sleep(2)
            print(f"{'user':<8}{'kernels':>8}{'after, MB':>12}{'most, MB':>12}   (proportional set size: server, kernels, compilers)")
            for user in USERS:
                processes = family(folder / user)
                kernels = sum("kernel" in command_line(process) for process in processes)
                print(f"{user:<8}{kernels:>8}{megabytes(processes):>12.0f}{watch.most[user]:>12.0f}")
                expected = 2 if user == USERS[0] else 1
                if kernels != expected:
                    failures.append(f"{user}: {kernels} kernels were found, not {expected}")
                if watch.most[user] <= 0:
                    failures.append(f"{user}: no memory was measured")
            watch.over.set()
            if watch.most[USERS[0]] > LIMIT_MB:
                failures.append(f"two kernels and JupyterLab held {watch.most[USERS[0]]:.0f} MB, more than {LIMIT_MB}")
            if len(results) != len(threads) and not failures:
                failures.append("not every notebook came to its end")
            for user, seconds in sorted(results):
                print(f"{user}: {len(CELLS)} cells in {seconds:.1f} s, the kernel's start among them")
        except RuntimeError as error:
            failures.append(str(error))
        finally:
            for user in USERS:
                try:
                    hub.ask("DELETE", f"/hub/api/users/{user}/server")
                except (RuntimeError, OSError):
                    continue
            hub.end()
        if failures:
            sys.exit("\n".join(failures) + "\n--- the hub's log ends:\n" + (folder / "hub.log").read_text()[-3000:])


if __name__ == "__main__":
    main()
