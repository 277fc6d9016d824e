"""A client that hides nothing: it sends bytes, and takes apart whatever comes back."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from tests.live import PATIENCE

HOST = "127.0.0.1"


class Unanswered(Exception):
    """The connection ended without a whole answer; `read`: the bytes of it that came."""

    def __init__(self, read: bytes) -> None:
        super().__init__(read[:200])
        self.read = read


@dataclass(frozen=True)
class Answer:
    """An answer as it came."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    whole: bool = True

    @property
    def closes(self) -> bool:
        """Whether the connection ends with it."""
        return self.headers.get("connection") == "close"


def request(method: str, path: str, body: bytes = b"", *fields: str, close: bool = True) -> bytes:
    """A request as bytes."""
    lines = [f"{method} {path} HTTP/1.1", "Host: a", *fields]
    if method == "POST":
        lines.append(f"Content-Length: {len(body)}")
    if close:
        lines.append("Connection: close")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


@asynccontextmanager
async def connected(port: int) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A connection, which is closed afterwards whatever it is in the midst of."""
    reader, writer = await asyncio.open_connection(HOST, port, limit=2**24)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()
        with suppress(ConnectionError):
            await writer.wait_closed()


async def send(port: int, data: bytes) -> list[Answer]:
    """All answers to these bytes, up to the end of the connection; TimeoutError if neither comes."""
    answers = []
    with suppress(ConnectionError):  # the service may refuse to read what it has answered already
        async with asyncio.timeout(PATIENCE), connected(port) as (reader, writer):
            writer.write(data)
            while (answer := await read(reader)) is not None:
                answers.append(answer)
    return answers


async def ask(port: int, method: str, path: str, body: bytes = b"", *fields: str) -> Answer:
    """The one answer to a request; raises Unanswered if there is none."""
    async with asyncio.timeout(PATIENCE), connected(port) as (reader, writer):
        writer.write(request(method, path, body, *fields))
        answer = await read(reader)
    if answer is None or not answer.whole:
        raise Unanswered(b"" if answer is None else answer.body)
    return answer


async def read(reader: asyncio.StreamReader) -> Answer | None:
    """The next answer; None if the connection ends before it begins."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as error:
        if error.partial:
            raise Unanswered(error.partial) from None
        return None
    first, *lines = head[:-4].decode("latin-1").split("\r\n")
    status = int(first.split(" ")[1])
    if status == 100:
        return await read(reader)
    headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
    body, whole = await _body(reader, headers)
    return Answer(status, headers, body, whole)


async def _body(reader: asyncio.StreamReader, headers: dict[str, str]) -> tuple[bytes, bool]:
    """What came of the body, and whether it is all."""
    try:
        if "content-length" in headers:
            return await reader.readexactly(int(headers["content-length"])), True
    except asyncio.IncompleteReadError as error:
        return error.partial, False
    except ConnectionError:
        return b"", False
    body = b""
    try:
        while "transfer-encoding" in headers:
            size = int(await reader.readuntil(b"\r\n"), 16)
            body += (await reader.readexactly(size + 2))[:-2]
            if not size:
                break
    except (asyncio.IncompleteReadError, ConnectionError):
        return body, False
    return body, True
