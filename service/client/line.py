"""How requests are made for httpx, and what is made of what comes back: the same for both clients."""

from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import contextmanager
from io import BytesIO

import httpx

from service.client.catalogue import Session
from service.client.exchange import Ask, Reply, Sink
from service.client.failures import NoAnswer, NotUnderstood

BASE_URL = "http://127.0.0.1:8000"
PATIENCE = httpx.Timeout(330, connect=10)  # seconds; by itself the service gives an answer up after 300
OK = 200


class _Pieces(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body that comes in pieces, for either client."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = pieces

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._pieces)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self._pieces:
            yield piece


class Line(Session):
    """Where the service is, and how requests are made for it."""

    def __init__(
        self, base_url: str | None, key: str | None, http: httpx.Client | httpx.AsyncClient, retries: int
    ) -> None:
        super().__init__(retries)
        self._sender = http
        self._base = base_url or ("" if str(http.base_url) else BASE_URL)
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}

    def _request(self, ask: Ask) -> httpx.Request:
        headers = {**self._headers, **ask.headers}
        if ask.pieces is not None:
            headers["Content-Length"] = str(ask.length)
        request = self._sender.build_request(
            ask.method,
            self._base.rstrip("/") + ask.path,
            params=ask.query or None,
            headers=headers,
            content=ask.content,
            files={name: BytesIO(content) for name, content in ask.parts.items()} if ask.parts else None,
        )
        if ask.pieces is not None:
            request.stream = _Pieces(ask.pieces)
        return request


@contextmanager
def heard(ask: Ask) -> Iterator[None]:
    """Say in words of ours that nothing came back."""
    try:
        yield
    except httpx.TransportError as error:
        raise NoAnswer(f"{ask.method} {ask.path} was not answered: {str(error) or type(error).__name__}.") from error
    except httpx.DecodingError as error:
        raise NotUnderstood(f"The answer to {ask.method} {ask.path} cannot be inflated: {error}.") from error


def sink_of(ask: Ask, response: httpx.Response) -> Sink:
    """What takes the body: the sink of the question if all is well."""
    return ask.sink if ask.sink is not None and response.status_code == OK else BytesIO()


def reply_of(response: httpx.Response, sink: Sink | None = None) -> Reply:
    """What came back; without a sink, the body is still to come."""
    body = sink.getvalue() if isinstance(sink, BytesIO) else b""
    return Reply(response.status_code, dict(response.headers), body, response if sink is None else None)
