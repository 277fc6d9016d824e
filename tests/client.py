"""A client of the application in the same process, and what every failure must look like."""

import asyncio
import re
from typing import Any
from urllib.parse import quote

import httpx
from fastapi import FastAPI

from service.api.kinds import KINDS
from service.app import create_app
from service.settings import Settings

JSON = {"Content-Type": "application/json"}
REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")


class Client:
    """Sends requests to an application without a network, one after the other."""

    def __init__(
        self,
        runner: asyncio.Runner,
        settings: Settings | None = None,
        app: FastAPI | None = None,
        address: str = "127.0.0.1",
    ) -> None:
        self.runner = runner
        self.address = address
        self.app = app or create_app(settings or Settings())

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:  # noqa: ANN401  httpx knows them
        """Send a request as httpx would."""
        return self.runner.run(self._request(method, path, **options))

    def get(self, path: str, **options: Any) -> httpx.Response:  # noqa: ANN401  httpx knows them
        """Send a GET request."""
        return self.request("GET", path, **options)

    def post(self, path: str, body: object, **options: Any) -> httpx.Response:  # noqa: ANN401  httpx knows them
        """Post bytes as they are, or anything else as JSON."""
        if not isinstance(body, bytes):
            return self.request("POST", path, json=body, **options)
        return self.request("POST", path, content=body, **{"headers": JSON, **options})

    async def _request(self, method: str, path: str, **options: Any) -> httpx.Response:  # noqa: ANN401  httpx knows them
        transport = httpx.ASGITransport(self.app, client=(self.address, 12345))
        async with httpx.AsyncClient(transport=transport, base_url="http://actiscope") as client:
            return await client.request(method, path, **options)


def assert_problem(
    response: httpx.Response, status: int, code: str, pointer: str | None = None, parameter: str | None = None
) -> dict[str, Any]:
    """Check the shape that every failure has, and return the document."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["cache-control"] == "no-store"
    assert REQUEST_ID.fullmatch(response.headers["x-request-id"])
    document: dict[str, Any] = response.json()
    members = {"type", "title", "status", "detail", "instance", "errors", "near", "limit", "request_id", "error"}
    assert set(document) <= members | {"violated-policies", "reasons"}
    of_inference = "/v2/" in document["instance"] + "/"
    assert document.get("error") == (document["detail"] if of_inference else None)
    assert document["type"] == f"/problems/{code}"
    assert (document["title"], document["status"]) == (KINDS[code].title, status)
    assert status in KINDS[code].statuses
    assert document["detail"]
    assert len(response.content) < 20_000
    assert quote(document["instance"], safe="/%:@!$&'()*+,;=~") == document["instance"]
    for error in document.get("errors", [{"detail": "…", "pointer": ""}]):
        assert error["detail"]
        assert ("pointer" in error) != ("parameter" in error)
    faults = document.get("errors", [])
    assert pointer is None or pointer in [error.get("pointer") for error in faults]
    assert parameter is None or parameter in [error.get("parameter") for error in faults]
    return document
