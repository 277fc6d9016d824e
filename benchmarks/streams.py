"""NPY streams through POST /evaluate, made as they are sent, beside a bare server that echoes its input."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from statistics import median

import numpy as np

from benchmarks import client, processes, servers
from benchmarks.findings import Bar, Options, Part, Table, brief, duration
from benchmarks.http_load import numbers
from benchmarks.http_parts import NPY_PATH, RAW, start
from benchmarks.peers.npy_header import header_for
from benchmarks.questions import NPY, post, sigmoid
from benchmarks.servers import Server

BLOCK = numbers(2**17)  # a megabyte, sent again and again
LONG, SHORT, MANY = 4 * 10**9, 4 * 10**8, 10  # bytes, bytes, streams at once
_PATHS = {"service": NPY_PATH, RAW: "/echo"}


@dataclass(frozen=True)
class Streamed:
    """What streams at once did: bytes a second of all, when each was done, the wait for the first bytes, and memory."""

    rate: float
    cpu: float
    ends: tuple[float, ...]
    first: float
    growth: int


class Stream:
    """One stream: its request in pieces, and the parts of the answer that are checked."""

    def __init__(self, path: str, length: int) -> None:
        self._blocks = length // BLOCK.nbytes
        self._header = header_for(self._blocks * BLOCK.size)
        self._head = post(path, NPY, self.length, f"Accept: {NPY}")
        self._start, self._end = bytearray(), bytearray()

    @property
    def length(self) -> int:
        """Bytes of the file, sent and answered."""
        return len(self._header) + self._blocks * BLOCK.nbytes

    def pieces(self) -> Iterator[client.Piece]:
        """The request."""
        yield self._head
        yield self._header
        block = BLOCK.data.cast("B")
        for _ in range(self._blocks):
            yield block

    def take(self, data: memoryview) -> None:
        """Keep the first megabyte, and the last."""
        if len(self._start) < BLOCK.nbytes + 256:
            self._start += data
        self._end += data
        if len(self._end) > 4 * BLOCK.nbytes:
            del self._end[: -BLOCK.nbytes]

    def fault(self, reply: client.Reply, echo: bool) -> str | None:
        """What is wrong with the answer."""
        if reply.status != 200:
            return f"status {reply.status}: {bytes(self._start[:300]).decode(errors='replace')}"
        if reply.length != self.length:
            return f"{reply.length} bytes came, not {self.length}"
        truth = BLOCK if echo else sigmoid(BLOCK)
        begin = 10 + int.from_bytes(self._start[8:10], "little")
        first, last = self._start[begin : begin + BLOCK.nbytes], self._end[-BLOCK.nbytes :]
        right = all(np.allclose(np.frombuffer(part), truth, rtol=1e-13, atol=0) for part in (first, last))
        return None if right else "wrong numbers"


def streams_part(options: Options) -> Part:
    """One long stream, and ten at once."""
    part = Part("Streams of NPY")
    with ExitStack() as stack:
        running = {**start(stack, {RAW: servers.raw}, part)}
        single = _rounds(running, LONG, 1, options.rounds, part)
        several = _rounds(running, SHORT, MANY, 1, part)
    part.bars += _bars(single)
    part.tables += [
        _table(single, f"One stream of {LONG / 1e9:g} GB"),
        _table(several, f"{MANY} streams of {SHORT / 1e9:g} GB at once"),
    ]
    return part


def _rounds(running: dict[str, Server], length: int, number: int, rounds: int, part: Part) -> dict[str, list[Streamed]]:
    """The streams of both servers, in turns; a failure is told once and ends that server's."""
    found: dict[str, list[Streamed]] = {name: [] for name in running}
    failed = set()
    for turn in range(rounds):
        for name in [name for name in running if name not in failed]:
            sys.stderr.write(f"{name}: {number} × {length / 1e9:g} GB, round {turn + 1}\n")
            try:
                found[name].append(streamed(running[name], _PATHS[name], length, number))
            except OSError as error:
                part.remarks.append(f"{name}, {number} × {length / 1e9:g} GB: {error}.")
                failed.add(name)
    return {name: runs for name, runs in found.items() if runs and name not in failed}


def streamed(server: Server, path: str, length: int, number: int) -> Streamed:
    """Run so many streams at once, after a short one that does not count."""
    with server.awake() as found, processes.pinned(processes.LOAD_CORE):
        before = processes.resident(found)  # the first time, of a server that has streamed nothing
        _run(server.port, path, [Stream(path, 4 * BLOCK.nbytes)])
        cpu = processes.cpu_seconds(found)
        processes.forget_peak(found)
        streams = [Stream(path, length) for _ in range(number)]
        connections = _run(server.port, path, streams)
        growth = processes.peak_resident(found) - before
        cpu = processes.cpu_seconds(found) - cpu
    begun = min(connection.started for connection in connections)
    ends = tuple(connection.ended - begun for connection in connections)
    sent = sum(stream.length for stream in streams)
    first = max((connection.reply.first or connection.ended) - connection.started for connection in connections)
    return Streamed(sent / max(ends), cpu / sent, ends, first, growth)


def _run(port: int, path: str, streams: list[Stream]) -> list[client.Connection]:
    connections = [client.Connection(port) for _ in streams]
    for connection, stream in zip(connections, streams, strict=True):
        connection.begin(stream.pieces(), stream.take)
    client.drive(connections, lambda _: False)
    for connection, stream in zip(connections, streams, strict=True):
        if fault := stream.fault(connection.reply, path == _PATHS[RAW]):
            raise OSError(fault)
    return connections


def _bars(single: dict[str, list[Streamed]]) -> list[Bar]:
    ours, echo = single.get("service"), single.get(RAW)
    growth = max(run.growth for run in ours) / 1e6 if ours else None
    first = 1e3 * median(run.first for run in ours) if ours else None
    rate = median(one.rate / two.rate for one, two in zip(ours, echo, strict=False)) if ours and echo else None
    return [
        Bar("growth of memory, one stream", growth, 200, at_least=False, unit="MB"),
        Bar("first bytes of the answer", first, 100, at_least=False, unit="ms"),
        Bar("bytes per second over the echo's", rate, 0.6),
    ]


def _table(found: dict[str, list[Streamed]], caption: str) -> Table:
    def row(name: str, runs: list[Streamed]) -> list[str]:
        spread = max(max(run.ends) / min(run.ends) for run in runs)
        return [
            name,
            f"{brief(median(run.rate for run in runs) / 1e6)} MB/s",
            f"{duration(median(run.cpu for run in runs) * 1e9)}",
            duration(median(run.first for run in runs)),
            f"{max(run.growth for run in runs) / 1e6:.0f} MB",
            f"{spread:.2f}",
        ]

    head = ("", "rate", "server CPU per GB", "first bytes", "growth of memory", "last end / first end")
    return Table(head, [row(name, runs) for name, runs in found.items()], caption)
