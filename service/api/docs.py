"""The contract to read: `/openapi.json`, and `/docs` and `/redoc`, which load nothing from elsewhere."""

from functools import cache
from importlib.resources import files

import orjson
from fastapi import APIRouter, Depends, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response

from service.api import openapi
from service.api.requests import JSON, accepts, only_query
from service.api.responses import Page

_HTML = "text/html; charset=utf-8"
_SCRIPT = "text/javascript; charset=utf-8"
_MEDIA_TYPES = {
    "favicon-32x32.png": "image/png",
    "redoc.standalone.js": _SCRIPT,
    "swagger-ui-bundle.js": _SCRIPT,
    "swagger-ui.css": "text/css; charset=utf-8",
}
_FOR_A_DAY = {"Cache-Control": "public, max-age=86400"}
_CONFINED = {
    "Cache-Control": "public, max-age=300",
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; font-src data:; connect-src 'self'; worker-src blob:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
}

# Addresses are relative to the page, so that they hold under any prefix.
_START_SWAGGER = b"""\
SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#contract",
  deepLinking: true,
  tryItOutEnabled: true,
  validatorUrl: null,
});
"""
_SWAGGER = b"""\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Actiscope: documentation</title>
<link rel="icon" href="docs/assets/favicon-32x32.png">
<link rel="stylesheet" href="docs/assets/swagger-ui.css">
<div id="contract"></div>
<script src="docs/assets/swagger-ui-bundle.js"></script>
<script src="docs/assets/start.js"></script>
</html>
"""
_REDOC = b"""\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Actiscope: reference</title>
<link rel="icon" href="docs/assets/favicon-32x32.png">
<style>body { margin: 0 }</style>
<redoc spec-url="openapi.json"></redoc>
<script src="docs/assets/redoc.standalone.js"></script>
</html>
"""

router = APIRouter(include_in_schema=False)


@router.get("/openapi.json", dependencies=[Depends(accepts(JSON)), Depends(only_query())])
def contract(request: Request) -> Response:
    """Answer the OpenAPI document, in an order that reads well."""
    app, prefix = request.app, request.scope.get("root_path", "")
    pages: dict[str, Page] = app.state.contracts
    if prefix not in pages:
        servers = {"servers": [{"url": prefix}]} if prefix else {}
        pages[prefix] = Page(orjson.dumps(openapi.build(app.routes) | servers))
    return pages[prefix].answer(request)


@router.get("/docs", dependencies=[Depends(accepts("text/html"))])
async def documentation(request: Request) -> Response:
    """Answer the page of Swagger UI."""
    return Page(_SWAGGER, _HTML, _CONFINED).answer(request)


@router.get("/redoc", dependencies=[Depends(accepts("text/html"))])
async def reference(request: Request) -> Response:
    """Answer the page of Redoc."""
    return Page(_REDOC, _HTML, _CONFINED).answer(request)


@router.get("/docs/assets/{name}")
def asset(request: Request, name: str) -> Response:
    """Answer a file that the pages need."""
    if name != "start.js" and name not in _MEDIA_TYPES:
        raise HTTPException(404)
    return _asset(name).answer(request)


@router.get("/favicon.ico")
def favicon(request: Request) -> Response:
    """Answer the icon that browsers ask for."""
    return _asset("favicon-32x32.png").answer(request)


@cache
def _asset(name: str) -> Page:
    if name == "start.js":
        return Page(_START_SWAGGER, _SCRIPT, _FOR_A_DAY)
    return Page((files("service.api") / "assets" / name).read_bytes(), _MEDIA_TYPES[name], _FOR_A_DAY)
