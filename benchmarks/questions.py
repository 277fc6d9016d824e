"""The same question, sigmoid of float64 numbers, in every contender's format, and how its answers are read."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from json import JSONDecoder

import numpy as np
import orjson
from numpy.typing import NDArray

from benchmarks.peers.npy_header import header_for

Array = NDArray[np.float64]

JSON = "application/json"
NPY = "application/x-npy"
BINARY = "application/octet-stream"


def post(path: str, media_type: str, length: int, *headers: str) -> bytes:
    """The head of a request."""
    lines = [
        f"POST {path} HTTP/1.1",
        "Host: 127.0.0.1",
        f"Content-Type: {media_type}",
        f"Content-Length: {length}",
        *headers,
    ]
    return "\r\n".join([*lines, "", ""]).encode()


def json_question(path: str, **fields: object) -> Callable[[Array], bytes]:
    """{"x": [numbers], …}."""

    def request(x: Array) -> bytes:
        body = orjson.dumps({**fields, "x": x}, option=orjson.OPT_SERIALIZE_NUMPY)
        return post(path, JSON, len(body)) + body

    return request


def json_answer(name: str) -> Callable[[bytes], Array]:
    """{name: [numbers]}."""
    return lambda body: np.array(orjson.loads(body)[name])


def protocol_question(path: str) -> Callable[[Array], bytes]:
    """Open Inference Protocol, numbers as JSON."""

    def request(x: Array) -> bytes:
        tensor = {"name": "x", "shape": x.shape, "datatype": "FP64", "data": x}
        body = orjson.dumps({"inputs": [tensor]}, option=orjson.OPT_SERIALIZE_NUMPY)
        return post(path, JSON, len(body)) + body

    return request


def protocol_answer(body: bytes) -> Array:
    """Its first output."""
    return np.array(orjson.loads(body)["outputs"][0]["data"])


def tensor_question(path: str, **parameters: object) -> Callable[[Array], bytes]:
    """Open Inference Protocol, numbers as bytes; the output y alone."""

    def request(x: Array) -> bytes:
        tensor = {"name": "x", "shape": x.shape, "datatype": "FP64", "parameters": {"binary_data_size": x.nbytes}}
        output = {"name": "y", "parameters": {"binary_data": True}}
        question: dict[str, object] = {"inputs": [tensor], "outputs": [output]}
        head = orjson.dumps(question | ({"parameters": parameters} if parameters else {}))
        length = f"Inference-Header-Content-Length: {len(head)}"
        return post(path, BINARY, len(head) + x.nbytes, length) + head + x.tobytes()

    return request


def tensor_answer(body: bytes) -> Array:
    """Its last output, the bytes at the end."""
    head, _ = JSONDecoder().raw_decode(body[:4096].decode("latin-1"))
    return np.frombuffer(body[-head["outputs"][-1]["parameters"]["binary_data_size"] :])


def npy_question(path: str) -> Callable[[Array], bytes]:
    """An NPY file."""

    def request(x: Array) -> bytes:
        body = header_for(x.size) + x.tobytes()
        return post(path, NPY, len(body), f"Accept: {NPY}") + body

    return request


def npy_answer(body: bytes) -> Array:
    """An NPY file."""
    array: Array = np.load(BytesIO(body), allow_pickle=False)
    return array


def sigmoid(x: Array) -> Array:
    """1 / (1 + e⁻ˣ)."""
    return np.asarray(1 / (1 + np.exp(-x)))


def slope(x: Array) -> Array:
    """Its derivative, true in both tails."""
    e = np.exp(-np.abs(x))
    return np.asarray(e / (1 + e) ** 2)
