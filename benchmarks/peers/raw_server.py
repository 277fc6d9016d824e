"""A bare ASGI callable: the same numpy work with no framework, no check and no error message, for one function.

- `POST /json`: orjson reads the body, `np.array` converts the list, orjson prints the result from its memory.
- `POST /npy`: the header is parsed once for each distinct header and then looked up by its bytes; the numbers are a
  view of the body; the answer is the request's own header, and a view of the result.
- `POST /v2`: Open Inference Protocol; the JSON part is read and written by orjson, the numbers are views.
- `POST /echo`: sends every piece of the body back as it comes.

The sigmoid is exp(−x), 1 + and 1 / in turn, each in place in one array of the result's size.
"""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from benchmarks.peers.npy_header import shape_of

Message = MutableMapping[str, Any]  # any: as ASGI has it
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Array = NDArray[np.float64]

_JSON = b"application/json"
_BINARY = b"application/octet-stream"
_SHAPES: dict[bytes, tuple[int, ...]] = {}


async def app(scope: Message, receive: Receive, send: Send) -> None:
    """Answer one request."""
    if scope["type"] != "http":
        return
    if scope["path"] == "/echo":
        await echo(receive, send)
        return
    body = await read(receive)
    if scope["path"] == "/json":
        x = np.array(orjson.loads(body)["x"])
        written = orjson.dumps({"y": sigmoid(x)}, option=orjson.OPT_SERIALIZE_NUMPY)
        await answer(send, _JSON, (written,), len(written))
    elif scope["path"] == "/npy":
        await npy(body, send)
    else:
        await infer(scope, body, send)


async def npy(body: bytes, send: Send) -> None:
    """NPY in, NPY out."""
    start = 10 + int.from_bytes(body[8:10], "little")
    header = body[:start]
    shape = _SHAPES.get(header)
    if shape is None:
        shape = _SHAPES[header] = shape_of(header)
    y = sigmoid(np.frombuffer(body, np.float64, offset=start)).reshape(shape)
    await answer(send, b"application/x-npy", (header, y.data.cast("B")), start + y.nbytes)


async def infer(scope: Message, body: bytes, send: Send) -> None:
    """A binary tensor in, a binary tensor out."""
    length = int(next(value for name, value in scope["headers"] if name == b"inference-header-content-length"))
    question = orjson.loads(memoryview(body)[:length])
    y = sigmoid(np.frombuffer(body, np.float64, offset=length))
    output = {
        "name": "y",
        "shape": question["inputs"][0]["shape"],
        "datatype": "FP64",
        "parameters": {"binary_data_size": y.nbytes},
    }
    head = orjson.dumps({"model_name": "sigmoid", "outputs": [output]})
    extra = (b"inference-header-content-length", b"%d" % len(head))
    await answer(send, _BINARY, (head, y.data.cast("B")), len(head) + y.nbytes, extra)


async def echo(receive: Receive, send: Send) -> None:
    """The body, piece by piece."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", _BINARY)]})
    more = True
    while more:
        message = await receive()
        more = message.get("more_body", False)
        await send({"type": "http.response.body", "body": message.get("body", b""), "more_body": more})


def sigmoid(x: Array) -> Array:
    """1 / (1 + e⁻ˣ) in one array."""
    y = np.negative(x)
    np.exp(y, out=y)
    y += 1
    return np.divide(1, y, out=y)


async def read(receive: Receive) -> bytes:
    """The whole body; one piece is taken as it is."""
    message = await receive()
    if not message["more_body"]:
        whole: bytes = message["body"]
        return whole
    pieces = [message["body"]]
    while message["more_body"]:
        message = await receive()
        pieces.append(message["body"])
    return b"".join(pieces)


async def answer(
    send: Send, media_type: bytes, pieces: tuple[bytes | memoryview, ...], length: int, *extra: tuple[bytes, bytes]
) -> None:
    """A response of known length."""
    headers = [(b"content-type", media_type), (b"content-length", b"%d" % length), *extra]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    for piece in pieces[:-1]:
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": pieces[-1], "more_body": False})
