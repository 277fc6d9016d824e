"""The explorer's routes: the page at `/` for browsers, and the files that it loads."""

from fastapi import APIRouter, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response

from service.api.operations import index
from service.api.requests import JSON, quality, require_accepted, require_known_query
from service.web import files

HTML = "text/html"

router = APIRouter(include_in_schema=False)


@router.get("/")
async def explorer(request: Request) -> Response:
    """Answer the page to those that prefer HTML, and links to everybody else."""
    require_known_query(request)
    accepted = ",".join(request.headers.getlist("accept")) or "*/*"
    if quality(accepted, HTML) > quality(accepted, JSON):
        response = files.page().answer(request)
    else:
        require_accepted(request, JSON)
        response = await index(request)
    response.headers.add_vary_header("Accept")
    return response


@router.get("/static/explorer/{edition}/{path:path}")
async def asset(request: Request, edition: str, path: str) -> Response:
    """Answer a file that the page loads."""
    found = files.file(path, edition == files.edition())
    if found is None:
        raise HTTPException(404)
    return found.answer(request)
