"""`make overload`: three times the capacity, slow connections and a killed worker; writes overload.md.

One core is the service's and one the load's, so that neither takes the other's time; four workers have both.
`python -m benchmarks.overload --seconds 10` measures for shorter and writes into .bench/ instead.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import socket
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks import processes, servers
from benchmarks.environments import BENCH
from benchmarks.findings import Bar, Part, Table, duration
from benchmarks.machine import ROOT, machine, versions
from benchmarks.open_load import HOST, Outcome, beside, closed_loop, open_loop, quantile
from benchmarks.servers import Server

SECONDS = 60
TIMES = 3  # the capacity
SLOW = 500  # connections
WORKERS = 4
_CLIENTS = 8  # that use all the capacity, and make no queue
_PATIENT = {"ACTISCOPE_HEAD_SECONDS": "300", "ACTISCOPE_KEEP_ALIVE_SECONDS": "300"}
_HEALTH = b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"


def _post(path: str, body: Mapping[str, object]) -> bytes:
    text = json.dumps(body).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: {len(text)}\r\n\r\n"
    return head.encode() + text


QUESTIONS = {
    "a gradient flow of 5 layers": _post(
        "/gradient-flow",
        {
            "input": {"distribution": "normal", "features": 64, "batch": 64},
            "layers": [
                {"units": 48, "activation": "tanh", "weights": "glorot_normal", "repeat": 4},
                {"units": 10, "activation": "identity", "weights": "glorot_normal"},
            ],
            "loss": {"name": "cross_entropy", "targets": "random"},
        },
    ),
    "a phase diagram of 8 × 4 points": _post(
        "/gradient-flow/mean-field",
        {"activation": "tanh", "sigma_w": {"linspace": [0.5, 3, 8]}, "sigma_b": {"linspace": [0, 1, 4]}},
    ),
}
SMALL = _post("/evaluate", {"activation": "gelu", "x": [0.5, -1, 2]})


def overload(seconds: float) -> Part:
    """Three times as many requests as can be answered, for so long."""
    part = Part(f"{TIMES} times the capacity, for {seconds:g} s")
    rows = []
    for name, request in QUESTIONS.items():
        with servers.service(settings={}, freezes=False) as server:
            warm = asyncio.run(closed_loop(server.port, request, _CLIENTS, 3))
            before = asyncio.run(closed_loop(server.port, request, _CLIENTS, seconds / 3))
            capacity = before.count(200) / (seconds / 3)
            found, health = asyncio.run(_overloaded(server.port, request, capacity, seconds))
        share = found.count(200) / seconds / capacity
        refusals, alive = found.seconds.get(503, []), health.seconds.get(200, [])
        part.bars += [
            Bar(f"{name}: answered, of the capacity", share, 0.8),
            Bar(f"{name}: refusals, 99th percentile", 1e3 * quantile(refusals, 0.99), 100, False, "ms"),
            Bar(f"{name}: health, 99th percentile", 1e3 * quantile(alive, 0.99), 50, False, "ms"),
            Bar(
                f"{name}: lost, reset or refused without Retry-After", len(found.lost) + len(health.lost), 0, False, ""
            ),
        ]
        late = f"{duration(quantile(refusals, 0.5))}, {duration(quantile(refusals, 1))}"
        sent = sum(map(len, found.seconds.values())) + len(found.lost)
        rows.append([name, f"{capacity:.0f}/s", f"{sent}", f"{found.count(200)}", f"{found.count(503)}", late])
        part.remarks += [*sorted({*warm.lost, *before.lost, *found.lost, *health.lost})[:3]]
    head = ("", "capacity", "sent", "answered", "refused", "refusals, median and longest")
    part.tables.append(Table(head, rows))
    return part


async def _overloaded(port: int, request: bytes, capacity: float, seconds: float) -> tuple[Outcome, Outcome]:
    return await beside(port, _HEALTH, lambda: open_loop(port, request, TIMES * capacity, seconds))


def slow(seconds: float) -> Part:
    """Ordinary requests, alone and beside connections that send a byte now and then."""
    part = Part(f"{SLOW} slow connections")
    with servers.service(settings=_PATIENT, freezes=False) as server:
        asyncio.run(closed_loop(server.port, SMALL, 4, 2))
        alone = asyncio.run(open_loop(server.port, SMALL, 200, seconds / 4))
        with _dripping(server.port):
            found = asyncio.run(open_loop(server.port, SMALL, 200, seconds / 4))
    before, after = (quantile(outcome.seconds[200], 0.99) for outcome in (alone, found))
    part.bars.append(Bar("99th percentile beside them, over that without", after / before, 2, False))
    rows = [["alone", duration(before)], ["beside slow connections", duration(after)]]
    part.tables.append(Table(("200 small requests a second", "99th percentile"), rows))
    part.remarks += found.lost[:3]
    return part


@contextmanager
def _dripping(port: int) -> Iterator[None]:
    """Connections of which each has sent half a head and sends a byte more every second, from a process of its own."""
    child = os.fork()
    if not child:
        try:
            _drip(port)
        finally:
            os._exit(0)
    time.sleep(2)
    try:
        yield
    finally:
        os.kill(child, signal.SIGTERM)
        os.waitpid(child, 0)


def _drip(port: int) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    connections = [socket.create_connection((HOST, port)) for _ in range(SLOW)]
    for connection in connections:
        connection.sendall(b"POST /evaluate HTTP/1.1\r\nHost: a\r\nX-Slow: ")
    for number in range(300 * SLOW):
        connections[number % SLOW].sendall(b"a")
        time.sleep(1 / SLOW)


def killed(seconds: float) -> Part:
    """Answers a second before one of the workers is killed, and after it."""
    part = Part(f"One of {WORKERS} workers is killed")
    request = QUESTIONS["a gradient flow of 5 layers"]
    with servers.service(WORKERS, set(processes.CORES), {}, freezes=False) as server:
        asyncio.run(closed_loop(server.port, request, 2 * _CLIENTS, 3))
        before = asyncio.run(closed_loop(server.port, request, 2 * _CLIENTS, seconds / 6))
        workers = _workers(server)
        os.kill(workers[0], signal.SIGKILL)
        begun = time.perf_counter()
        struck = asyncio.run(closed_loop(server.port, request, 2 * _CLIENTS, 5))
        while len(_workers(server)) < WORKERS and time.perf_counter() < begun + 60:
            time.sleep(0.01)
        after = asyncio.run(closed_loop(server.port, request, 2 * _CLIENTS, seconds / 6))
    rates = [before.count(200) / (seconds / 6), struck.count(200) / 5, after.count(200) / (seconds / 6)]
    part.bars.append(Bar("answers a second from 5 s after it on, of those before", rates[2] / rates[0], 0.9))
    told = [f"{rate:.0f}/s" for rate in rates]
    part.tables.append(Table(("before", "in the 5 s after it", "then"), [told]))
    part.remarks += [*struck.lost[:1], *after.lost[:3]]
    return part


def _workers(server: Server) -> list[int]:
    return [pid for pid in server.processes[1:] if "spawn_main" in _command(pid)]


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text(errors="replace")
    except OSError:
        return ""


PARTS = {"overload": overload, "slow": slow, "killed": killed}


def main() -> int:
    """Measure; the result is the exit status, which says nothing of the bars."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=SECONDS, help=f"of the longest measurement ({SECONDS})")
    parser.add_argument("--only", default=",".join(PARTS), help="parts, with commas between")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))  # by way of every `finally`: servers are stopped too
    with processes.pinned(processes.LOAD_CORE):
        text = _page([PARTS[name](options.seconds) for name in options.only.split(",")])
    folder = ROOT / "benchmarks" if options.seconds == SECONDS and options.only == ",".join(PARTS) else BENCH
    folder.mkdir(exist_ok=True)
    (folder / "overload.md").write_text(text, encoding="utf-8")
    sys.stdout.write(text)
    return 0


def _page(parts: Sequence[Part]) -> str:
    about = f"Written by `make overload`. {machine()}; {versions('numpy')}. One core for the service, one for the load."
    return "\n".join(["# Under overload\n", f"{about}\n", *(part.markdown() for part in parts)])


if __name__ == "__main__":
    sys.exit(main())
