"""The contract to read: `/openapi.json`, and `/docs` and `/redoc`, which load nothing from elsewhere."""

from functools import cache
from importlib.resources import files

import orjson
from fastapi import APIRouter, Depends, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response

from service.api import openapi
from service.api.protection import protect
from service.api.requests import JSON, accepts, only_query
from service.api.responses import Page

_HTML = "text/html; charset=utf-8"
_SCRIPT = "text/javascript; charset=utf-8"
_STYLE = "text/css; charset=utf-8"
_MEDIA_TYPES = {
    "favicon-32x32.png": "image/png",
    "redoc.standalone.js": _SCRIPT,
    "swagger-ui-bundle.js": _SCRIPT,
    "swagger-ui.css": _STYLE,
}
_FOR_A_DAY = {"Cache-Control": "public, max-age=86400"}
# What Redoc puts into the document: empty elements, into which it then inserts rules, and one sheet (`.ps{…`).
_REDOC_STYLES = (
    "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=' 'sha256-QMIg+bpjm3JdElJ388KYke01izlUW0UoNOeKjpMxdgc='"
)

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
<link rel="stylesheet" href="docs/assets/margin.css">
<redoc spec-url="openapi.json"></redoc>
<script src="docs/assets/redoc.standalone.js"></script>
</html>
"""
_OURS = {
    "start.js": (_START_SWAGGER, _SCRIPT),
    "margin.css": (b"body { margin: 0 }\n", _STYLE),
}

router = APIRouter(include_in_schema=False)


@router.get("/openapi.json", dependencies=[Depends(accepts(JSON)), Depends(only_query())])
def contract(request: Request) -> Response:
    """Answer the OpenAPI document, in an order that reads well."""
    app, prefix = request.app, request.scope.get("root_path", "")
    pages: dict[str, Page] = app.state.contracts
    if prefix not in pages:
        servers = {"servers": [{"url": prefix}]} if prefix else {}
        pages[prefix] = Page(orjson.dumps(protect(openapi.build(app.routes), app.settings) | servers))
    return pages[prefix].answer(request)


@router.get("/docs", dependencies=[Depends(accepts("text/html"))])
async def documentation(request: Request) -> Response:
    """Answer the page of Swagger UI."""
    return Page(_SWAGGER, _HTML, _confined()).answer(request)


@router.get("/redoc", dependencies=[Depends(accepts("text/html"))])
async def reference(request: Request) -> Response:
    """Answer the page of Redoc."""
    return Page(_REDOC, _HTML, _confined(_REDOC_STYLES, "worker-src blob:")).answer(request)


@router.get("/docs/assets/{name}")
def asset(request: Request, name: str) -> Response:
    """Answer a file that the pages need."""
    if name not in _OURS and name not in _MEDIA_TYPES:
        raise HTTPException(404)
    return _asset(name).answer(request)


@router.get("/favicon.ico")
def favicon(request: Request) -> Response:
    """Answer the icon that browsers ask for."""
    return _asset("favicon-32x32.png").answer(request)


def _confined(styles: str = "", *more: str) -> dict[str, str]:
    """The headers of a page that takes scripts and styles from here only, and `styles` by their hashes."""
    policy = (
        "default-src 'none'",
        "script-src 'self'",
        f"style-src 'self' {styles}".rstrip(),
        "img-src 'self' data:",
        "font-src data:",
        "connect-src 'self'",
        *more,
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
    return {
        "Cache-Control": "public, max-age=300",
        "Content-Security-Policy": "; ".join(policy),
        "Cross-Origin-Opener-Policy": "same-origin",
    }


@cache
def _asset(name: str) -> Page:
    if name in _OURS:
        return Page(*_OURS[name], _FOR_A_DAY)
    return Page((files("service.api") / "assets" / name).read_bytes(), _MEDIA_TYPES[name], _FOR_A_DAY)
