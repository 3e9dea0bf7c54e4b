#!/usr/bin/env python3
"""Means over a store, and over NetCDF files, behind a slow network: a proxy on loopback gives every request its latency and all of them one bandwidth.

    remote.py DATA --ours BINARY [--latency-ms 50] [--mbit 1000] [--rounds 3]

Prints the wall time against bytes / bandwidth, which no reader can beat (for NetCDF with the round trips of its opening). Last line:
`remote: R of 1.2, netcdf: R of 1.5`.
"""
import argparse
import asyncio
import json
import multiprocessing
import os
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

PIECE = 1 << 16
GATE = 1.2
GATE_NETCDF = 1.5
# One behind the other, until a file is open.
ROUND_TRIPS = 4


class Link:
    """One bandwidth for all connections: every piece waits for its turn on the wire."""

    def __init__(self, bytes_per_second):
        self.rate, self.free_at, self.sent, self.requests = bytes_per_second, 0.0, 0, 0

    async def carry(self, n_bytes):
        now = time.monotonic()
        # Up to 5 ms may be made up for, as timers are late.
        self.free_at = max(self.free_at, now - 0.005) + n_bytes / self.rate
        self.sent += n_bytes
        if self.free_at > now + 0.002:
            await asyncio.sleep(self.free_at - now)


async def answer(reader, writer, root, link, latency):
    try:
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            method, target, _ = head.split("\r\n", 1)[0].split(" ")
            fields = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:] if ": " in line)
            link.requests += 1
            await asyncio.sleep(latency)
            if target == "/counters":
                body = json.dumps({"bytes": link.sent, "requests": link.requests}).encode()
                status, extra = "200 OK", ""
            else:
                path = root / target.lstrip("/").split("?")[0]
                is_part = path.is_file() and "range" in fields
                body, status, extra = b"", "404 Not Found", ""
                if path.is_file() and not is_part:
                    body, status = path.read_bytes(), "200 OK"
                if is_part:
                    first, last = fields["range"].removeprefix("bytes=").split("-")
                    whole = path.stat().st_size
                    start = int(first) if first else max(whole - int(last), 0)
                    end = min(int(last) + 1, whole) if first and last else whole
                    with path.open("rb") as file:
                        file.seek(start)
                        body = file.read(end - start)
                    status, extra = "206 Partial Content", f"Content-Range: bytes {start}-{end - 1}/{whole}\r\n"
            writer.write(f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nAccept-Ranges: bytes\r\nLast-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n{extra}\r\n".encode())
            if method != "HEAD":
                for at in range(0, len(body), PIECE):
                    piece = body[at : at + PIECE]
                    await link.carry(len(piece))
                    writer.write(piece)
                    await writer.drain()
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


def serve(root, latency, bytes_per_second, port):
    async def run():
        link = Link(bytes_per_second)
        server = await asyncio.start_server(lambda r, w: answer(r, w, Path(root), link, latency), "127.0.0.1", 0)
        port.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()
    asyncio.run(run())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data")
    parser.add_argument("--ours", required=True)
    parser.add_argument("--latency-ms", type=float, default=50)
    parser.add_argument("--mbit", type=float, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    chunks = Path(arguments.data) / "era5/era5_v3_zstd.zarr/t2m/c"
    n_bytes = sum(file.stat().st_size for file in chunks.rglob("*") if file.is_file())
    least = n_bytes / (arguments.mbit / 8 * 1e6)
    ours, theirs = multiprocessing.Pipe(duplex=False)
    proxy = multiprocessing.Process(target=serve, args=(arguments.data, arguments.latency_ms / 1e3, arguments.mbit / 8 * 1e6, theirs), daemon=True)
    proxy.start()
    url = f"http://127.0.0.1:{ours.recv()}"
    environment = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
    ratios = []
    try:
        for _ in range(arguments.rounds):
            done = subprocess.run([arguments.ours, "ours", "mean_time_zstd", url], capture_output=True, text=True, check=True, env=environment)
            run = json.loads(done.stdout.splitlines()[-1])
            ratios.append(run["wall"] / least)
            print(f"mean_time_zstd over {arguments.mbit:.0f} Mbit/s and {arguments.latency_ms:.0f} ms: {run['wall']:.2f} s for {n_bytes / 1e6:.0f} MB, "
                  f"which take {least:.2f} s on the wire: {ratios[-1]:.2f}; CPU {run['cpu']:.2f} s, peak {run['peak_mb']} MB", flush=True)
        files = sorted((Path(arguments.data) / "era5/nc").glob("*.nc"))
        n_bytes = sum(file.stat().st_size for file in files)
        least = n_bytes / (arguments.mbit / 8 * 1e6) + ROUND_TRIPS * arguments.latency_ms / 1e3
        of_netcdf = []
        for _ in range(arguments.rounds):
            places = [f"{url}/era5/nc/{file.name}" for file in files]
            # Nothing is known of the files from an earlier run.
            with tempfile.TemporaryDirectory() as cache:
                done = subprocess.run([arguments.ours, "files", *places], capture_output=True, text=True, check=True, env=environment | {"TERRACUBE_CACHE": cache})
            run = json.loads(done.stdout.splitlines()[-1])
            of_netcdf.append(run["wall"] / least)
            print(f"mean of {len(files)} NetCDF files, opening included: {run['wall']:.2f} s for {n_bytes / 1e6:.0f} MB, "
                  f"which take {least:.2f} s with {ROUND_TRIPS} round trips: {of_netcdf[-1]:.2f}; CPU {run['cpu']:.2f} s, peak {run['peak_mb']} MB", flush=True)
    finally:
        proxy.terminate()
    print(f"remote: {statistics.median(ratios):.2f} of {GATE}, netcdf: {statistics.median(of_netcdf):.2f} of {GATE_NETCDF}")


if __name__ == "__main__":
    main()
