"""The two HTTP parts: JSON, and arrays as bytes; the service and its peers take turns."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack

from benchmarks import servers
from benchmarks.environments import Missing
from benchmarks.findings import Bar, Options, Part, Table, brief, duration
from benchmarks.http_load import Contender, Figures, figures
from benchmarks.questions import (
    json_answer,
    json_question,
    npy_answer,
    npy_question,
    protocol_answer,
    protocol_question,
    sigmoid,
    slope,
    tensor_answer,
    tensor_question,
)
from benchmarks.servers import Server

HUGE = 10**7
INFER = "/v2/models/sigmoid/infer"
NPY_PATH = "/evaluate?activation=sigmoid&accuracy=fast"

FAST, FULL, SLOPE = "service, fast", "service, full", "service, derivative"
NAIVE, RAW, MLSERVER, LITSERVE = "naive FastAPI", "raw ASGI", "MLServer", "LitServe"
NPY, TENSOR, RAW_NPY, RAW_TENSOR = "service, NPY", "service, V2", "raw ASGI, NPY", "raw ASGI, V2"
TRITON, TUNED = "Triton", "raw ASGI, NPY, tuned malloc"

JSON_SIZES = (10, 1_000, 100_000, 1_000_000)
BINARY_SIZES = (1_000, 1_000_000)
CURVE_SIZES = (1, 100, 10_000, HUGE)

NAIVE_BARS = {10: 3.0, 1_000: 14.0, 100_000: 22.0, 1_000_000: 15.0}
PEER_BARS = {10: 5.0, 1_000: 5.0, 100_000: 2.0, 1_000_000: 2.0}

Start = Callable[[], AbstractContextManager[Server]]


def json_part(options: Options) -> Part:
    """POST /evaluate and /derivative with JSON."""
    part = Part("JSON over HTTP")
    with ExitStack() as stack:
        running = start(stack, _JSON_SERVERS, part)
        contenders = _json_contenders(running)
        found = figures(contenders, JSON_SIZES, options.rounds, options.seconds)
        kept = [contender for contender in contenders if contender.name not in (FULL, SLOPE)]
        curve = figures(kept, CURVE_SIZES, 1, 1.0)
    part.bars += _json_bars(found)
    part.tables += tables(found, JSON_SIZES, FAST)
    finish(part, "json", [found, curve], {contender.name for contender in kept})
    return part


def binary_part(options: Options) -> Part:
    """NPY, and binary tensors of the Open Inference Protocol."""
    part = Part("Arrays as bytes over HTTP")
    with ExitStack() as stack:
        running = start(stack, _BINARY_SERVERS, part)
        contenders = _binary_contenders(running)
        found = figures(contenders, BINARY_SIZES, options.rounds, options.seconds)
        curve = figures(contenders, (*CURVE_SIZES, 10, 100_000), 1, 1.0)
    part.bars += _binary_bars(found)
    part.tables += tables(found, BINARY_SIZES, NPY)
    finish(part, "binary", [found, curve], {contender.name for contender in contenders})
    return part


_JSON_SERVERS: Mapping[str, Start] = {
    NAIVE: servers.naive,
    RAW: servers.raw,
    MLSERVER: servers.mlserver,
    LITSERVE: servers.litserve,
}
_BINARY_SERVERS: Mapping[str, Start] = {RAW: servers.raw, TUNED: servers.tuned_raw, TRITON: servers.triton}


def start(stack: ExitStack, wanted: Mapping[str, Start], part: Part) -> dict[str, Server]:
    """The servers that start, frozen; of the peers that do not the part tells why. Missing if the service is."""
    running = {"service": stack.enter_context(servers.service())}
    for name, begin in wanted.items():
        try:
            running[name] = stack.enter_context(begin())
        except Missing as reason:
            part.remarks.append(f"{name}: {reason}.")
    for server in running.values():
        with server.awake():
            pass
    return running


def _json_contenders(running: Mapping[str, Server]) -> list[Contender]:
    service, y, dy = running["service"], json_answer("y"), json_answer("dy")
    values, slopes = "/evaluate", "/derivative"
    fast = json_question(values, activation="sigmoid", accuracy="fast")
    full = json_question(values, activation="sigmoid", accuracy="full")
    derivative = json_question(slopes, activation="sigmoid", accuracy="fast")
    plain = json_question(values, activation="sigmoid")
    every = [
        Contender(FAST, service, fast, y, sigmoid, HUGE),
        Contender(FULL, service, full, y, sigmoid),
        Contender(SLOPE, service, derivative, dy, slope),
    ]
    if NAIVE in running:
        every.append(Contender(NAIVE, running[NAIVE], plain, y, sigmoid))
    if RAW in running:
        every.append(Contender(RAW, running[RAW], json_question("/json"), y, sigmoid, HUGE))
    if MLSERVER in running:
        every.append(Contender(MLSERVER, running[MLSERVER], protocol_question(INFER), protocol_answer, sigmoid))
    if LITSERVE in running:
        every.append(Contender(LITSERVE, running[LITSERVE], plain, y, sigmoid))
    return every


def _binary_contenders(running: Mapping[str, Server]) -> list[Contender]:
    service, asked = running["service"], tensor_question(INFER, accuracy="fast")
    every = [
        Contender(NPY, service, npy_question(NPY_PATH), npy_answer, sigmoid, HUGE),
        Contender(TENSOR, service, asked, tensor_answer, sigmoid, HUGE),
    ]
    if RAW in running:
        raw = running[RAW]
        every.append(Contender(RAW_NPY, raw, npy_question("/npy"), npy_answer, sigmoid, HUGE))
        every.append(Contender(RAW_TENSOR, raw, tensor_question("/v2"), tensor_answer, sigmoid, HUGE))
    if TUNED in running:
        every.append(Contender(TUNED, running[TUNED], npy_question("/npy"), npy_answer, sigmoid, HUGE))
    if TRITON in running:
        every.append(Contender(TRITON, running[TRITON], tensor_question(INFER), tensor_answer, sigmoid))
    return every


def _json_bars(found: Figures) -> list[Bar]:
    bars = [rate(found, FAST, NAIVE, size, bar) for size, bar in NAIVE_BARS.items()]
    bars += [rate(found, FAST, peer, size, bar) for peer in (MLSERVER, LITSERVE) for size, bar in PEER_BARS.items()]
    bars += [rate(found, SLOPE, FAST, size, 0.9) for size in JSON_SIZES]
    for size in JSON_SIZES:
        known = found.has(FAST, size) and found.has(FULL, size)
        figure = found.cheaper(FAST, FULL, size) if known else None
        bars.append(Bar(f"full / fast, server CPU, {size:,} numbers", figure, 1.3, at_least=False))
    return bars


def _binary_bars(found: Figures) -> list[Bar]:
    against_raw, against_triton = {1_000: 0.8, 1_000_000: 0.9}, {1_000: 5.0, 1_000_000: 2.5}
    bars = [
        rate(found, ours, raw, size, bar)
        for ours, raw in ((NPY, RAW_NPY), (TENSOR, RAW_TENSOR))
        for size, bar in against_raw.items()
    ]
    return bars + [rate(found, TENSOR, TRITON, size, bar) for size, bar in against_triton.items()]


def rate(found: Figures, ours: str, peer: str, size: int, bar: float) -> Bar:
    """Requests per second over the peer's."""
    figure = found.faster(ours, peer, size) if found.has(ours, size) and found.has(peer, size) else None
    return Bar(f"{ours} / {peer}, requests/s, {size:,} numbers", figure, bar)


def tables(found: Figures, sizes: Sequence[int], ours: str) -> list[Table]:
    """Requests per second, the server's seconds per request, and both as ratios to ours."""
    names = list(dict.fromkeys(name for name, _ in found.samples))
    head = ["", *[f"{size:,}" for size in sizes]]

    def cells(cell: Callable[[str, int], str]) -> list[list[str]]:
        return [[name, *[cell(name, size) if found.has(name, size) else "–" for size in sizes]] for name in names]

    def relative(name: str, size: int) -> str:
        if not found.has(ours, size):
            return "–"
        return f"{brief(found.faster(ours, name, size))} · {brief(found.cheaper(ours, name, size))}"

    return [
        Table(head, cells(lambda name, size: brief(found.rate(name, size))), "Requests per second"),
        Table(head, cells(lambda name, size: duration(found.cost(name, size))), "Server CPU per request"),
        Table(
            head, cells(relative), f"How many times faster than each is *{ours}*: requests/s · server CPU per request"
        ),
    ]


def finish(part: Part, panel: str, all_found: Sequence[Figures], drawn: set[str]) -> None:
    """Who was left out, the spread of the rounds, and the curves of those that are drawn."""
    curves = part.curves.setdefault(panel, {})
    for found in all_found:
        for name, size in found.samples:
            if name in drawn:
                curves.setdefault(name, {})[size] = found.cost(name, size)
    faults = {name: fault for found in reversed(all_found) for name, fault in found.faults.items()}
    part.remarks += [f"{name}: {fault}." for name, fault in faults.items()]
    rates = [[sample.rate for sample in samples] for samples in all_found[0].samples.values()]
    spread = max((max(rate) / min(rate) for rate in rates), default=1.0)
    part.remarks.append(f"Between rounds the requests/s of one contender differ by a factor of {spread:.2f} at most.")
