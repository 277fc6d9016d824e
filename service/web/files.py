"""The files of the explorer as answers: plain or gzipped, under a name that changes with their content."""

import gzip
from functools import cache
from hashlib import sha256
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import PurePosixPath

from starlette.requests import Request
from starlette.responses import Response

from service.api import guide
from service.api.requests import quality
from service.api.responses import Page

_MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}
_COMPRESSED = frozenset({".woff2"})  # as they are
_KEPT = {"Cache-Control": "public, max-age=31536000, immutable"}
_ASKED_AGAIN = {"Cache-Control": "no-cache"}
# Pictures are saved by way of addresses that begin with blob: and data:, which lead to what the page made itself.
_POLICY = {
    "Content-Security-Policy": "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self' data: blob:",
            "font-src 'self'",
            "connect-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        )
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
}


class Served:
    """A file, and the same gzipped if that makes it shorter."""

    def __init__(self, body: bytes, suffix: str, headers: dict[str, str]) -> None:
        media_type, varied = _MEDIA_TYPES[suffix], headers | {"Vary": "Accept-Encoding"}
        self.plain = Page(body, media_type, varied)
        self.zipped = None
        if suffix not in _COMPRESSED:
            # Without a time in it, so that the same file has the same validator in every process.
            self.zipped = Page(gzip.compress(body, 9, mtime=0), media_type, varied | {"Content-Encoding": "gzip"})

    def answer(self, request: Request) -> Response:
        """The form that the client takes, or 304 if it has it."""
        accepted = ",".join(request.headers.getlist("accept-encoding"))
        if self.zipped and accepted and quality(accepted, "gzip") > 0:
            return self.zipped.answer(request)
        return self.plain.answer(request)


def _tree(folder: Traversable, path: PurePosixPath) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for item in folder.iterdir():
        if item.is_dir():
            found |= _tree(item, path / item.name)
        elif PurePosixPath(item.name).suffix in _MEDIA_TYPES:
            found[str(path / item.name)] = item.read_bytes()
    return found


@cache
def contents() -> dict[str, bytes]:
    """What may be served, by path."""
    return _tree(files("service.web") / "assets", PurePosixPath())


@cache
def edition() -> str:
    """A name of all the files together: pages of different editions never mix scripts."""
    digest = sha256()
    for name, body in sorted(contents().items()):
        digest.update(f"{name} {len(body)} ".encode() + body)
    return digest.hexdigest()[:16]


@cache
def file(path: str, present: bool) -> Served | None:
    """The file of this path; under the name of another edition it is not to be kept."""
    body = contents().get(path)
    if body is None or path == "index.html":
        return None
    return Served(body, PurePosixPath(path).suffix, _KEPT if present else _ASKED_AGAIN)


@cache
def page() -> Served:
    """The page, which names the edition that it belongs to."""
    body = contents()["index.html"].replace(b"EDITION", edition().encode())
    if not guide.contents():  # it has not been built
        body = body.replace(b'    <a class="quiet" href="guide">Guide</a>\n', b"")
    return Served(body, ".html", _ASKED_AGAIN | _POLICY)
