"""What is demanded of a request before its content matters: media types, query items, the size of the body."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from starlette.datastructures import Headers, QueryParams
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.types import Receive, Scope

from service.api.admission import Gate, gate_of
from service.api.codings import Inflated, coding_of
from service.api.problems import invalid_parameters
from service.errors import Limit, LimitExceeded, QueryTooLong
from service.settings import Settings
from service.wire.faults import clip, near_names
from service.wire.json import Body
from service.wire.model import Request as Message

JSON = "application/json"
SMALL_BODY = 16 * 2**10  # bytes that are parsed sooner than a thread takes over
_LARGE = 100_000  # bytes: work for a thread, sooner refused than read

AnyMessage = TypeVar("AnyMessage", bound=Message)


def settings_of(request: Request) -> Settings:
    """The settings that the application was made with."""
    settings: Settings = request.scope["app"].settings
    return settings


async def read(model: type[AnyMessage], request: Request) -> AnyMessage:
    """The message in the body of a request for JSON."""
    require_accepted(request, JSON)
    return await read_json(model, request)


async def read_json(model: type[AnyMessage], request: Request) -> AnyMessage:
    """The message in a body of JSON; large ones are parsed beside the event loop."""
    body = await read_json_body(request)
    if len(body) <= SMALL_BODY:
        return model.read(body, settings_of(request))
    return await gate_of(request).read(model.read, body, settings_of(request))


async def read_json_body(request: Request, *others: str, items: tuple[str, ...] = ()) -> Body:
    """A body that is said to be JSON; `others` are the media types that the path takes besides, `items` its query's."""
    require_known_query(request, *items)
    require_json(request.headers, *others)
    return await read_body(request, settings_of(request).max_body_bytes)


def is_plain_json(scope: Scope) -> bool:
    """Whether the head says what nearly all clients say of JSON in and JSON out, which needs no closer look."""
    fields = fields_of(scope)
    return (
        fields.get(b"content-type") == b"application/json"
        and fields.get(b"accept", b"*/*") in (b"*/*", b"application/json")
        and b"content-encoding" not in fields
        and not scope["query_string"]
        and len(fields) == len(scope["headers"])
    )


def fields_of(scope: Scope) -> dict[bytes, bytes]:
    """The header fields by name, of each the last; found once for a request."""
    found: dict[bytes, bytes] | None = scope.get("actiscope.fields")
    if found is None:
        found = scope["actiscope.fields"] = dict(scope["headers"])
    return found


async def read_body(request: Request, at_most: int) -> Body:
    """The whole body, inflated; refused as soon as it is announced, or turns out, to be too large."""
    fields = fields_of(request.scope)
    announced = fields.get(b"content-length", b"")
    if announced.isdigit() and (len(announced) > 19 or int(announced) > at_most):
        raise _too_large(at_most)
    if len(announced) >= len(str(_LARGE)):
        gate_of(request).check()
    receive = request.receive
    if b"content-encoding" in fields and (coding := coding_of(request.headers)):
        settings = settings_of(request)
        receive, at_most = Inflated(receive, coding, settings).receive, settings.max_decoded_body_bytes
    first, more = await _piece(receive)
    if len(first) > at_most:
        raise _too_large(at_most)
    return await _all_of(bytearray(first), receive, at_most, gate_of(request)) if more else first


async def _all_of(body: bytearray, receive: Receive, at_most: int, gate: Gate) -> bytearray:
    """The body with what is still to come: its memory is counted, and no more of it is read than can be answered."""
    held, more = 0, True
    try:
        while more:
            piece, more = await _piece(receive)
            if len(body) > _LARGE:
                gate.check()
            gate.memory.take(len(piece))
            held += len(piece)
            body += piece
            if len(body) > at_most:
                raise _too_large(at_most)
    finally:
        gate.memory.give(held)
    return body


async def _piece(receive: Receive) -> tuple[bytes, bool]:
    message = await receive()
    if message["type"] == "http.disconnect":
        raise ClientDisconnect
    return message.get("body", b""), message.get("more_body", False)


def _too_large(at_most: int) -> LimitExceeded:
    return LimitExceeded(Limit("max_body_bytes", at_most), f"The body has more than {at_most} bytes.")


def require_json(headers: Headers, *others: str) -> None:
    """Refuse a body that is not said to be JSON in UTF-8; `others` are told as what the path takes besides."""
    types = headers.getlist("content-type")
    media_type, _, parameters = types[0].partition(";") if len(types) == 1 else ("", "", "")
    if media_type.strip().lower() != JSON or not _in_utf8(parameters):
        found = f"not {clip(', '.join(types))!r}" if types else "and there is none"
        wanted = " or ".join([f"{JSON} in UTF-8", *others])
        raise HTTPException(415, f"The Content-Type must be {wanted}, {found}.", {"Accept": ", ".join([JSON, *others])})
    coding_of(headers)


def _in_utf8(parameters: str) -> bool:
    """Whether no charset is given, or UTF-8 once."""
    pairs = (parameter.partition("=") for parameter in parameters.split(";"))
    charsets = [value.strip().strip('"').lower() for name, _, value in pairs if name.strip().lower() == "charset"]
    return len(charsets) < 2 and set(charsets) <= {"", "utf-8", "utf8"}


def accepts(media_type: str) -> Callable[[Request], Awaitable[None]]:
    """A dependency: the path answers with this media type only."""

    async def check(request: Request) -> None:
        require_accepted(request, media_type)

    return check


def require_accepted(request: Request, media_type: str) -> None:
    """Refuse a request whose Accept excludes the only media type there is."""
    wanted = (
        b",".join([value for name, value in request.scope["headers"] if name == b"accept"]).decode("latin-1").strip()
    )
    if wanted and wanted not in ("*/*", media_type) and quality(wanted, media_type) == 0:
        raise not_acceptable(media_type)


def not_acceptable(*media_types: str) -> HTTPException:
    """The refusal of an Accept that excludes all that a path answers with."""
    return HTTPException(406, f"This path answers with {' or '.join(media_types)}, which Accept excludes.")


def quality(accept: str, media_type: str) -> float:
    """How welcome a media type is, from 0 to 1: the most specific range that covers it decides."""
    ranges = {"*/*": 0, media_type.partition("/")[0] + "/*": 1, media_type: 2}
    best, found = -1, 0.0
    for item in accept.split(","):
        name, *parameters = (part.strip().lower() for part in item.split(";"))
        rank = ranges.get(name, -1)
        if rank > best:
            best, found = rank, _q(parameters)
    return found


def _q(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return min(max(float(value), 0.0), 1.0)
            except ValueError:
                return 1.0
    return 1.0


def only_query(*known: str) -> Callable[[Request], Awaitable[None]]:
    """A dependency: the path has these query items only."""

    async def check(request: Request) -> None:
        require_known_query(request, *known)

    return check


def require_known_query(request: Request, *known: str) -> None:
    """Refuse query items that the path does not have, or that come twice."""
    query: bytes = request.scope["query_string"]
    if not query:
        return
    admit_query(query, settings_of(request))
    require_known_items(request.query_params, *known)


def require_known_items(items: QueryParams, *known: str) -> None:
    """Refuse items that are not among the known ones, or come twice."""
    faults: dict[str, str] = {}
    for name, _ in items.multi_items():
        if name not in known:
            faults[name] = _unknown_item(name, known)
        elif len(items.getlist(name)) > 1:
            faults[name] = f"The query item {name!r} is given more than once."
    if faults:
        raise invalid_parameters(faults)


def admit_query(query: bytes, settings: Settings) -> None:
    """Refuse a query that takes long to take apart."""
    if len(query) > (most := settings.max_query_bytes):
        raise QueryTooLong(Limit("max_query_bytes", most), f"The query has more than {most} bytes.")
    if query.count(b"&") >= (most := settings.max_query_items):
        raise QueryTooLong(Limit("max_query_items", most), f"The query has more than {most} items.")


def _unknown_item(name: str, known: tuple[str, ...]) -> str:
    near = near_names(name, list(known))
    hint = (
        f"Did you mean {near[0]!r}?" if near else f"There are {', '.join(known)}." if known else "This path takes none."
    )
    return f"There is no query item {clip(name)!r}. {hint}"
