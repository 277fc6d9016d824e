"""Cross-origin requests: pages of which origins a browser lets read the answers (CORS)."""

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp

from service.settings import Settings

_SENT = (
    "Authorization",
    "Content-Encoding",
    "If-None-Match",
    "Inference-Header-Content-Length",
    "Traceparent",
    "Tracestate",
    "X-API-Key",
    "X-Request-ID",
)
_READ = (
    "ETag",
    "Inference-Header-Content-Length",
    "RateLimit",
    "RateLimit-Policy",
    "Retry-After",
    "WWW-Authenticate",
    "X-Request-ID",
)


class CrossOrigin(CORSMiddleware):
    """Starlette's, but for preflights: they are questions, so that none of them fails."""

    def preflight_response(self, request_headers: Headers) -> Response:
        """Say what may be asked; the browser compares."""
        told = super().preflight_response(request_headers).headers
        return Response(status_code=204, headers={name: told[name] for name in told if not name.startswith("content-")})


def cross_origin(app: ASGIApp, settings: Settings) -> ASGIApp:
    """The application as pages of other origins may ask it; itself, if there are none."""
    if not settings.cors_origins:
        return app
    return CrossOrigin(app, settings.cors_origins, ("GET", "HEAD", "POST"), _SENT, expose_headers=_READ)
