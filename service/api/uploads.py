"""Uploads: multipart bodies of a request and a file of tensors, taken apart in memory, never stored or logged."""

import re
from collections.abc import Mapping

from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.datastructures import Headers
from starlette.requests import Request

from service.api.admission import gate_of
from service.api.codings import coding_of
from service.api.problems import invalid_parameters
from service.api.requests import (
    SMALL_BODY,
    AnyMessage,
    read_body,
    read_json,
    require_known_query,
    settings_of,
)
from service.errors import InvalidInput, Limit, LimitExceeded, MalformedMultipart
from service.settings import Settings
from service.wire.faults import clip
from service.wire.tensors import Array, read_tensors

MULTIPART = "multipart/form-data"
PARTS = {"request": "the JSON text of the request", "tensors": "a .safetensors or .npz file"}

_BOUNDARY = re.compile(rb"[0-9A-Za-z'()+_,./:=? -]{0,69}[0-9A-Za-z'()+_,./:=?-]")  # RFC 2046, 5.1.1
MAX_BOUNDARIES = 20
MAX_PART_HEADERS = 8
MAX_PART_HEADER = 4096

_HEADER_LIMITS = {  # by what the parser says
    "Maximum header count exceeded": (Limit("max_part_headers", MAX_PART_HEADERS), "headers"),
    "Maximum header size exceeded": (Limit("max_part_header_bytes", MAX_PART_HEADER), "bytes in a header"),
}
_AS_IT_IS = (b"binary", b"8bit", b"7bit")


def is_multipart(headers: Headers) -> bool:
    """Whether the body is said to be multipart/form-data."""
    types = headers.getlist("content-type")
    return len(types) == 1 and types[0].partition(";")[0].strip().lower() == MULTIPART


async def read_parts(request: Request) -> tuple[bytes, Mapping[str, Array]]:
    """The part `request` as it came, and the tensors of the part `tensors` by name.

    Raises
    ------
    MalformedMultipart, MalformedTensors
        The body, or the file in it, is not what it is said to be.
    RequestValidationError
        A part is missing, repeated or unknown, or holds a tensor that cannot be used.
    LimitExceeded
        The body or the tensors are larger than the settings allow.
    """
    coding_of(request.headers)
    boundary = _boundary(request.headers)
    settings = settings_of(request)
    body = bytes(await read_body(request, settings.max_body_bytes))
    if len(body) <= SMALL_BODY:
        return _read(body, boundary, settings)
    return await gate_of(request).read(_read, body, boundary, settings)


def _boundary(headers: Headers) -> bytes:
    boundary = parse_options_header(headers["content-type"])[1].get(b"boundary", b"")
    if not _BOUNDARY.fullmatch(boundary):
        raise MalformedMultipart("The Content-Type names no boundary of 1 to 70 characters that a boundary may have.")
    return boundary


def _read(body: bytes, boundary: bytes, settings: Settings) -> tuple[bytes, Mapping[str, Array]]:
    parts = _split(body, boundary)
    try:
        tensors = read_tensors(parts["tensors"], settings)
    except InvalidInput as error:
        raise invalid_parameters({"tensors": str(error)}, "part") from None
    return bytes(parts["request"]), tensors


def _split(body: bytes, boundary: bytes) -> dict[str, memoryview]:
    """The content of both parts, as views of the body."""
    # The parser takes long over boundaries that turn out to be none, so there must not be many.
    if body.count(b"\r\n--" + boundary) > MAX_BOUNDARIES:
        limit = Limit("max_boundaries", MAX_BOUNDARIES)
        raise LimitExceeded(limit, f"The boundary occurs more than {limit.value} times in the body.")
    found = _Found(body)
    parser = MultipartParser(
        boundary,
        {
            "on_part_begin": found.begin_part,
            "on_header_field": found.name_header,
            "on_header_value": found.take_header,
            "on_headers_finished": found.name_part,
            "on_part_data": found.take_data,
            "on_end": found.end,
        },
        max_header_count=MAX_PART_HEADERS,
        max_header_size=MAX_PART_HEADER,
    )
    parser.logger.disabled = True  # nobody may fill the log with malformed bodies
    try:
        parser.write(body)
    except MultipartParseError as error:
        if str(error) in _HEADER_LIMITS:
            limit, what = _HEADER_LIMITS[str(error)]
            raise LimitExceeded(limit, f"A part has more than {limit.value} {what}.") from None
        raise MalformedMultipart(f"The body cannot be read as {MULTIPART} from byte {error.offset} on.") from None
    if not found.complete:
        raise MalformedMultipart("The body ends before the closing boundary.")
    if missing := [name for name in PARTS if name not in found.parts]:
        raise invalid_parameters({name: f"This part is required: {PARTS[name]}." for name in missing}, "part")
    return found.parts


class _Found:
    """What the parser finds, in its order; as the body is given to it whole, each thing comes in one piece."""

    def __init__(self, body: bytes) -> None:
        self.body = memoryview(body)
        self.parts: dict[str, memoryview] = {}
        self.complete = False
        self._name = self._header = ""
        self._headers: dict[str, bytes] = {}

    def begin_part(self) -> None:
        self._headers = {}

    def name_header(self, data: bytes, start: int, end: int) -> None:
        self._header = data[start:end].decode("latin-1").lower()

    def take_header(self, data: bytes, start: int, end: int) -> None:
        if self._header in self._headers:
            raise MalformedMultipart(f"A part has more than one header {clip(self._header)!r}.")
        self._headers[self._header] = data[start:end]

    def name_part(self) -> None:
        self._name = name = _part_name(self._headers.get("content-disposition", b""))
        if name not in PARTS:
            known = " and ".join(PARTS)
            raise invalid_parameters({name: f"There is no part {clip(name)!r}; the parts are {known}."}, "part")
        if name in self.parts:
            raise invalid_parameters({name: "This part is given more than once."}, "part")
        coding = self._headers.get("content-transfer-encoding", b"binary").strip().lower()
        if coding not in _AS_IT_IS:
            told = clip(coding.decode("latin-1"))
            raise invalid_parameters({name: f"Send this part as it is, without the coding {told!r}."}, "part")
        self.parts[name] = self.body[:0]

    def take_data(self, _: bytes, start: int, end: int) -> None:
        self.parts[self._name] = self.body[start:end]

    def end(self) -> None:
        self.complete = True


def _part_name(disposition: bytes) -> str:
    kind, options = parse_options_header(disposition.decode("latin-1"))
    if kind != b"form-data" or b"name" not in options:
        raise MalformedMultipart("A part has no Content-Disposition of form-data with a name.")
    return options[b"name"].decode(errors="replace")


async def read_with_tensors(model: type[AnyMessage], request: Request) -> tuple[AnyMessage, Mapping[str, Array]]:
    """The message in a body of JSON, or in the part `request` of an upload, whose tensors come with it."""
    if not is_multipart(request.headers):
        return await read_json(model, request), {}
    require_known_query(request)
    text, tensors = await read_parts(request)
    return await gate_of(request).read(model.read, text, settings_of(request)), tensors
