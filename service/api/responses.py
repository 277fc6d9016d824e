"""Answers as bytes: computed ones, and those that do not change, which a client may keep."""

from collections.abc import Mapping
from functools import cached_property
from hashlib import sha256

from starlette.requests import Request
from starlette.responses import Response

from service.api.requests import JSON

_KEEP = {"Cache-Control": "public, max-age=300"}


def json_response(body: bytes) -> Response:
    """An answer that is not to be kept."""
    return Response(body, media_type=JSON, headers={"Cache-Control": "no-store"})


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
