"""Answers as bytes: computed ones, and those that do not change, which a client may keep."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from hashlib import sha256

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from service.api.requests import JSON

Buffer = bytes | memoryview  # a view is of single bytes

_KEEP = {"Cache-Control": "public, max-age=300"}


_NONE: Mapping[str, str] = {}
_SMALL = 2**16  # bytes that are joined sooner than sent one by one


def json_response(*parts: Buffer) -> Response:
    """An answer that is not to be kept, in one piece or in several that belong together."""
    return PartsResponse(parts, JSON)


class Fresh(Response):
    """The head of an answer that is not to be kept, of a length that is known; what sends its body is a class of it."""

    status_code = 200
    background = None

    def __init__(self, media_type: str, size: int, headers: Mapping[str, str] = _NONE) -> None:
        self.raw_headers = [
            (b"content-type", media_type.encode()),
            (b"content-length", b"%d" % size),
            (b"cache-control", b"no-store"),
        ]
        if headers:
            self.raw_headers += [(name.lower().encode(), value.encode()) for name, value in headers.items()]


class PartsResponse(Fresh):
    """Several buffers as one body, large ones without joining them first."""

    def __init__(self, parts: Sequence[Buffer], media_type: str, headers: Mapping[str, str] = _NONE) -> None:
        size = sum(map(len, parts))
        self.parts = parts if size > _SMALL else (b"".join(parts),)
        super().__init__(media_type, size, headers)

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        """Send them."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        for part in self.parts[:-1]:
            await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body", "body": self.parts[-1], "more_body": False})


class Page:
    """Bytes that do not change while the service runs."""

    def __init__(self, body: bytes, media_type: str = JSON, headers: Mapping[str, str] = _KEEP) -> None:
        self.body = body
        self.media_type = media_type
        self.headers = headers

    @cached_property
    def etag(self) -> str:
        """A strong validator."""
        return f'"{sha256(self.body).hexdigest()[:32]}"'

    def answer(self, request: Request) -> Response:
        """The page, or 304 if the client has it."""
        headers = {**self.headers, "ETag": self.etag}
        if _matches(request.headers.getlist("if-none-match"), self.etag):
            return Response(status_code=304, headers=headers)
        return Response(self.body, media_type=self.media_type, headers=headers)


def _matches(conditions: list[str], etag: str) -> bool:
    tags = {tag.strip().removeprefix("W/") for condition in conditions for tag in condition.split(",")}
    return etag in tags or "*" in tags
