"""The guide at `/guide`: the pages that `make docs` builds from `docs/`, where they have been built."""

from functools import cache
from importlib.resources import files
from pathlib import Path

from fastapi import APIRouter, Request
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from service.api.responses import Page

FOLDER = Path(str(files("service.api"))) / "site"
_MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ipynb": "application/x-ipynb+json",
    ".js": "text/javascript; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}
_POLICY = (
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'self'",  # of the field for a search
    "frame-ancestors 'none'",
)
_HEADERS = {
    "Cache-Control": "public, max-age=300",
    "Content-Security-Policy": "; ".join(_POLICY),
    "Cross-Origin-Opener-Policy": "same-origin",
}
_NOT_BUILT = "The guide has not been built here: `make docs` does. Its pages are the folder docs/ of the repository."

router = APIRouter(include_in_schema=False)


@router.get("/guide")
@router.get("/guide/")
async def front(request: Request) -> Response:
    """Lead to the first page, by an address that holds under any prefix."""
    if not contents():
        raise HTTPException(404, _NOT_BUILT)
    folder = "" if request.scope["path"].endswith("/") else "guide/"
    return RedirectResponse(f"{folder}docs/index.html")


@router.get("/guide/{path:path}")
def page(request: Request, path: str) -> Response:
    """Answer a page, or a file that pages need."""
    if path not in contents():
        raise HTTPException(404, None if contents() else _NOT_BUILT)
    return file(path).answer(request)


@cache
def contents() -> frozenset[str]:
    """What may be served, by paths relative to the folder; nothing where the guide has not been built."""
    found = (path for path in FOLDER.rglob("*") if path.suffix in _MEDIA_TYPES)
    return frozenset(path.relative_to(FOLDER).as_posix() for path in found)


@cache
def file(path: str) -> Page:
    """Give the file of this path."""
    return Page((FOLDER / path).read_bytes(), _MEDIA_TYPES[Path(path).suffix], _HEADERS)
