"""NPY in, and NPY or JSON out: the bodies of `POST /evaluate` and `POST /derivative` that are arrays as bytes.

Elementwise work that is answered in NPY streams: each piece of the body is answered when it has come. All other answers
need the whole body first. The order of checks is: what the headers say, the query, the header of the file, its numbers.
"""

import logging
from asyncio import sleep
from collections.abc import Iterator
from functools import lru_cache, partial
from typing import NamedTuple

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from service.api.admission import Estimate, Gate, gate_of
from service.api.codings import Inflated, coding_of
from service.api.paces import Pace
from service.api.pipes import CONNECTION, Piece, Pipe, Stalled
from service.api.plans import Plan, plan_of, told_of_items
from service.api.requests import JSON, admit_query, not_acceptable, quality, read_body, settings_of
from service.api.responses import Fresh, PartsResponse, json_response
from service.api.sizes import MEMORY
from service.api.slots import Streams
from service.errors import InvalidInput, Limit, LimitExceeded, Malformed
from service.settings import Settings, setting_name
from service.telemetry import account
from service.wire import npy
from service.wire.codings import Coding
from service.wire.npy import Buffer, Header, Numbers, Pieces

NPY = "application/x-npy"

_NPY, _JSON = NPY.encode(), JSON.encode()

_UNBUFFERED = {"X-Accel-Buffering": "no"}  # proxies are to pass each piece on at once
_SMALL_TEXT = 1000  # numbers that are written in JSON sooner than a thread takes over
_PACE = Pace()  # of bytes of a body that has to be there as a whole
_PIECE = 2**18  # bytes: what stays in the caches, and what a server hands over at once

logger = logging.getLogger(__name__)


def is_npy(request: Request) -> bool:
    """Whether the body is said to be an NPY file."""
    types = [value for name, value in request.scope["headers"] if name == b"content-type"]
    return len(types) == 1 and types[0] != _JSON and types[0].partition(b";")[0].strip().lower() == _NPY


async def npy_response(request: Request, derivative: bool) -> Response:
    """The answer to a body in NPY, of `/derivative` or of `/evaluate`; what is refused is raised, and nothing sent."""
    told, settings = _told(request), settings_of(request)
    binary = bool(told.accept) and _prefers_npy(told.accept)
    admit_query(request.scope["query_string"], settings)
    plan = plan_of(derivative, request.scope["query_string"])
    if not binary or not plan.piecewise:
        return await _whole(request, plan, settings, binary=binary)
    receive, length = request.receive, told.length
    if told.coding:
        receive, length = Inflated(receive, told.coding, settings, streamed=True).receive, None
    header, body, more = await _begin(receive, length, settings)
    gate = gate_of(request)
    if more:
        streams: Streams = request.scope["app"].streams
        streams.admit()
        return NpyStream(gate, plan, header, body, receive, settings)
    return _file(header.answer, await _work(gate, plan, header, npy.read_numbers(body, header)))


class _Told(NamedTuple):
    """What the headers say: what is accepted, how long the body is, and how it is compressed."""

    accept: str
    length: int | None
    coding: Coding | None


def _told(request: Request) -> _Told:
    accept, length, coding = "", None, None
    for name, value in request.scope["headers"]:
        if name == b"accept":
            accept = f"{accept},{value.decode('latin-1')}" if accept else value.decode("latin-1")
        elif name == b"content-length" and value.isdigit() and len(value) < 20:
            length = int(value)
        elif name == b"content-encoding":
            coding = coding_of(request.headers)
    return _Told(accept, length, coding)


@lru_cache(maxsize=128)
def _prefers_npy(accept: str) -> bool:
    """Whether the answer is to be NPY: it must be named, and no less welcome than JSON."""
    if not accept.strip():
        return False
    as_npy, as_json = quality(accept, NPY), quality(accept, JSON)
    if not as_npy and not as_json:
        raise not_acceptable(JSON, NPY)
    return as_npy > as_json or (as_npy == as_json and NPY in accept.lower())


async def _begin(receive: Receive, length: int | None, settings: Settings) -> tuple[Header, memoryview, bool]:
    """The header, the first of the numbers, and whether more is to come: all of a body that has come already."""
    data: bytes = b""
    header, more = None, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        body, more = message.get("body", b""), message.get("more_body", False)
        data = data + body if data else body
        if header is None and (header := _header(data)):
            _admit(header, length, settings)
        if header and len(data) < header.end and more:
            break
        if header and (len(data) > header.end or not more):
            _compare(header, len(data))
    if header is None:
        raise npy.cut_short(npy.BODY)
    return header, memoryview(data)[header.start :], more


def _header(data: Buffer) -> Header | None:
    """What a file begins with, if all of its header is there."""
    start = npy.measure(data[: npy.PREFIX], npy.BODY)
    return npy.parse_body(bytes(data[:start])) if start is not None and start <= len(data) else None


def _admit(header: Header, length: int | None, settings: Settings) -> None:
    """Refuse an array of too many dimensions, and a body of another length than its header announces."""
    if len(header.shape) > settings.max_rank:
        detail = f"has more than {settings.max_rank} dimensions, which {setting_name('max_rank')} allows"
        raise InvalidInput.at(detail=f"The array {detail}.")
    if length is not None:
        _compare(header, length)


def _compare(header: Header, length: int) -> None:
    if length > header.end:
        raise npy.too_long(header)
    if length < header.end:
        raise npy.too_short(header, max(length - header.start, 0))


async def _work(gate: Gate, plan: Plan, header: Header, numbers: Numbers) -> memoryview:
    """The bytes of the answers to some numbers; beside the event loop if they take long."""
    if plan.slow(numbers.size, header.float_dtype):
        return await gate.step(_answers, plan, header, numbers)
    return _answers(plan, header, numbers)


def _answers(plan: Plan, header: Header, numbers: Numbers) -> memoryview:
    account.computed(plan.function.name, numbers.size)
    return npy.write_numbers(plan.compute(numbers, header.float_dtype), header.written)


async def _whole(request: Request, plan: Plan, settings: Settings, *, binary: bool) -> Response:
    """The answer to a body that has to be there as a whole."""
    body = await read_body(request, settings.max_body_bytes)
    header = _header(body)
    if header is None:
        raise npy.cut_short(npy.BODY)
    _admit(header, len(body), settings)
    numbers = _admit_answer(plan, header, settings)
    work = partial(_complete, plan, header, memoryview(body)[header.start :], binary=binary)
    slow = plan.slow(header.size, header.float_dtype) or not plan.elementwise
    if slow or not (binary or header.size <= _SMALL_TEXT):
        estimate = Estimate(len(body) + MEMORY * numbers, len(body), _PACE)
        return await gate_of(request).run(request, work, estimate=estimate)
    return work()


def _admit_answer(plan: Plan, header: Header, settings: Settings) -> int:
    """How many numbers are answered; refuse arrays, and answers, beyond the limits."""
    if (size := header.extent) > settings.max_elements:
        limit = Limit("max_elements", settings.max_elements)
        raise LimitExceeded(limit, f"The array has {size} elements; {limit.value} are allowed.")
    try:
        return plan.admit(header.shape, header.float_dtype, settings)
    except LimitExceeded as error:
        raise LimitExceeded(error.limit, str(error)) from None  # the path is one in JSON


def _complete(plan: Plan, header: Header, body: Buffer, *, binary: bool) -> Response:
    x = npy.shaped(npy.read_numbers(body, header), header)
    account.computed(plan.function.name, x.size)
    with told_of_items():
        result = plan.compute(x, header.float_dtype)
    if not binary:
        return json_response(*plan.write(result, header.float_dtype))
    fortran = header.fortran and plan.elementwise
    head = npy.write_header(header.written, result.shape, fortran=fortran)
    return _file(head, npy.write_numbers(result, header.written, fortran=fortran))


def _file(head: bytes, numbers: memoryview) -> Response:
    return PartsResponse((head, numbers), NPY, _UNBUFFERED)


class NpyStream(Fresh):
    """An answer that is sent while its question still comes in; where that fails, the answer stays incomplete."""

    def __init__(
        self, gate: Gate, plan: Plan, header: Header, first: memoryview, receive: Receive, settings: Settings
    ) -> None:
        super().__init__(NPY, len(header.answer) + header.size * header.written.itemsize, _UNBUFFERED)
        self.gate = gate
        self.plan = plan
        self.header = header
        self.first = first
        self.receive = receive
        self.settings = settings

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        """Send it; return before its end if the body is not what it was said to be, or if nothing moves."""
        with scope["app"].streams.one():
            await self._stream(scope, send)

    async def _stream(self, scope: Scope, send: Send) -> None:
        try:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            unsent = scope.get("extensions", {}).get(CONNECTION, {}).get("unsent")
            await Pipe(self.receive, send, self.settings, unsent).run(self._transform)
        except (ClientDisconnect, OSError):
            logger.info("the client of a stream went away")
        except (Malformed, LimitExceeded, Stalled) as error:
            name = Headers(raw=self.raw_headers).get("x-request-id", "")  # put there when it was sent
            logger.warning("request %s: the stream of %r was broken off: %s", name, scope["path"], error)
            if abort := scope.get("extensions", {}).get(CONNECTION, {}).get("abort"):
                abort()
                await sleep(0)  # the server learns that the connection is gone, and has nothing to complain of

    async def _transform(self, pipe: Pipe) -> Piece:
        """Answer the body piece by piece; the last answer is held back until the body has ended."""
        pieces, last = Pieces(self.header), memoryview(b"")
        body: Buffer = self.first
        more = True
        await pipe.put(self.header.answer)
        while True:
            for part in _parts(body):
                numbers = pieces.take(part)
                answer = await _work(self.gate, self.plan, self.header, numbers)
                if not pieces.missing:
                    last = answer
                elif numbers.size:
                    await pipe.put(answer)
            if not more:
                pieces.end()
                return last
            body, more = await pipe.receive()


def _parts(body: Buffer) -> Iterator[Buffer]:
    """A piece of the body in pieces that are worked on at once."""
    if len(body) <= _PIECE:
        return iter((body,) if body else ())
    view = memoryview(body)
    return (view[start : start + _PIECE] for start in range(0, len(view), _PIECE))
