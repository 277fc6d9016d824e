"""Requests that are nearly right: valid ones of every format, and what becomes of them by chance."""

import gzip
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from io import BytesIO
from random import Random
from typing import Any

import numpy as np
import safetensors.numpy
from backports import zstd

from tests.reliability.exchange import request

Json = Any  # any of its types
Tensor = np.ndarray[Any, np.dtype[Any]]  # any shape and kind
JSON = "Content-Type: application/json"
NPY = "application/x-npy"
BOUNDARY = "0123456789"
LAYERS = [
    {"units": 4, "activation": "relu", "weights": "he_normal", "repeat": 2},
    {"units": 2, "activation": "identity", "weights": "glorot_normal"},
]
FLOW = {"input": {"distribution": "normal", "features": 3, "batch": 4}, "layers": LAYERS, "remedies": False}
MODEL = {"model": {"layout": "pytorch", "activation": "relu"}, "input": FLOW["input"]}
DATA = {"values": [[1.0, 0.5, 0.1], [0.5, 1.0, 0.2]], "targets": [[0.5, 1], [-0.5, 0]]}
TRAINING = {"layers": LAYERS, "data": DATA, "steps": 3, "learning_rate": 0.1, "batch_size": 1}
TENSOR = {"name": "x", "shape": [2, 2], "datatype": "FP32"}
EDGES = (
    b"",
    b"\0",
    b"\xff" * 8,
    b"-1",
    b"1e999",
    b"9" * 30,
    b"NaN",
    b"null",
    b'"\\ud800"',
    b"[" * 70,
    b"{}",
    b"\r\n",
    b"%s",
)
ODDITIES: tuple[Json, ...] = (
    None, True, "", "NaN", "-Infinity", "x" * 300, "\0", "\ud800", "relu", "softmax", "float16", "digits",
    0, -1, 1, 3, 2**31, 2**63, -(2**64), 10**400, 1e-320, 1e308, 0.5,
    [], {}, [[]], [[1], []], [1e308, "NaN"], [[[[[1]]]]], [None], {"x": 1}, {"linspace": [0, 1, 9]}, {"tensor": "x"},
)  # fmt: skip
NAMES = (
    "x",
    "axis",
    "dtype",
    "seed",
    "trials",
    "repeat",
    "normalization",
    "residual",
    "",
    "__proto__",
    "accuracy",
    "\n",
)
HEAD = (
    b"Transfer-Encoding: chunked\r\n",
    b"Content-Length: 5\r\n",
    b"Expect: 100-continue\r\n",
    b"Connection: upgrade\r\nUpgrade: h2c\r\n",
    b"Host: b\r\n",
    b"X: " + b"a" * 5000 + b"\r\n",
    b"X:\0\r\n",
    b" folded\r\n",
    b"Content-Encoding: gzip\r\n",
    b"Accept: text/html\r\n",
    b"\r\n",
    b"GET / HTTP/1.1\r\n",
)


@dataclass(frozen=True)
class Question:
    """A request: its operation in the contract, the path, the body and further header fields."""

    operation: str
    path: str
    body: bytes
    fields: tuple[str, ...] = (JSON,)

    def written(self) -> bytes:
        """The request as bytes."""
        return request("POST", self.path, self.body, *self.fields)


def valid() -> list[Question]:
    """One request of each format to each path that takes it."""
    asked = {
        "/evaluate": {"activation": "leaky_relu", "parameters": {"negative_slope": 0.2}, "x": [[1, -2.5], [3, 0]]},
        "/derivative": {"activation": "softmax", "x": [1, 2, 3], "upstream": [1, 0, 0]},
        "/gradient-flow": FLOW,
        "/gradient-flow/mean-field": {"activation": "tanh", "sigma_w": 1.5, "sigma_b": 0.3},
        "/gradient-flow/training": TRAINING,
    }
    questions = [Question(path, path, json.dumps(body).encode()) for path, body in asked.items()]
    return questions + _arrays() + _uploads() + _inferences()


_COMPRESS: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.compress, "zstd": zstd.compress}


def compressed(question: Question, coding: str) -> Question:
    """The same, its body in gzip or zstd."""
    body = _COMPRESS[coding](question.body)
    return replace(question, body=body, fields=(*question.fields, f"Content-Encoding: {coding}"))


def _arrays() -> list[Question]:
    file = _npy(np.linspace(-3, 3, 24, dtype=np.float32).reshape(4, 6))
    fields = (f"Content-Type: {NPY}", f"Accept: {NPY}")
    return [Question(path, f"{path}?activation=gelu", file, fields) for path in ("/evaluate", "/derivative")]


def _uploads() -> list[Question]:
    state = {"0.weight": np.ones((4, 3)), "0.bias": np.zeros(4), "2.weight": np.ones((2, 4)), "2.bias": np.zeros(2)}
    archive = BytesIO()
    np.savez_compressed(archive, allow_pickle=False, **state)
    return [_upload(safetensors.numpy.save(state)), _upload(archive.getvalue())]


def upload(state: dict[str, Tensor]) -> Question:
    """A gradient flow through the network of a file."""
    return _upload(safetensors.numpy.save(state))


def _upload(file: bytes) -> Question:
    parts = (_part("request", json.dumps(MODEL).encode()), _part("tensors", file), f"--{BOUNDARY}--\r\n".encode())
    fields = (f"Content-Type: multipart/form-data; boundary={BOUNDARY}",)
    return Question("/gradient-flow", "/gradient-flow", b"".join(parts), fields)


def _part(name: str, content: bytes) -> bytes:
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"; filename="a"\r\n\r\n'
    return head.encode() + content + b"\r\n"


def _inferences() -> list[Question]:
    numbers = np.arange(4, dtype="<f4").tobytes()
    binary = {"inputs": [TENSOR | {"parameters": {"binary_data_size": 16}}], "parameters": {"binary_data_output": True}}
    text = json.dumps(binary).encode()
    operation, path = "/v2/models/{name}/infer", "/v2/models/silu/infer"
    octets = "Content-Type: application/octet-stream"
    return [
        Question(operation, path, json.dumps({"inputs": [TENSOR | {"data": [1, 2, 3, 4]}]}).encode()),
        Question(operation, path, text + numbers, (octets, f"Inference-Header-Content-Length: {len(text)}")),
        Question(operation, path, numbers * 2, (octets, "Inference-Header-Content-Length: 0")),
    ]


def _npy(array: Tensor) -> bytes:
    file = BytesIO()
    np.save(file, array)
    return file.getvalue()


def mutated(data: bytes, chance: Random, others: tuple[bytes, ...] = EDGES) -> bytes:
    """The bytes after one to four accidents."""
    for _ in range(chance.choice((1, 1, 1, 2, 4))):
        data = chance.choice(_ACCIDENTS)(data, chance, others)
    return data


def _flip(data: bytes, chance: Random, _others: tuple[bytes, ...]) -> bytes:
    at = chance.randrange(len(data) + 1)
    return data[:at] + bytes([chance.randrange(256)]) + data[at + 1 :]


def _cut(data: bytes, chance: Random, _others: tuple[bytes, ...]) -> bytes:
    return data[: chance.randrange(len(data) + 1)]


def _drop(data: bytes, chance: Random, _others: tuple[bytes, ...]) -> bytes:
    at = chance.randrange(len(data) + 1)
    return data[:at] + data[at + chance.randrange(1, 9) :]


def _insert(data: bytes, chance: Random, others: tuple[bytes, ...]) -> bytes:
    at = chance.randrange(len(data) + 1)
    return data[:at] + chance.choice(others) + data[at:]


def _insert_between(data: bytes, chance: Random, others: tuple[bytes, ...]) -> bytes:
    """At the border of two words, where it is more likely to be read."""
    borders = [at for at in range(1, min(len(data), 2000)) if data[at - 1 : at] in b'[{:, "\n='] or [0]
    at = chance.choice(borders)
    return data[:at] + chance.choice(others) + data[at + chance.choice((0, 0, 1, 3)) :]


def _repeat(data: bytes, chance: Random, _others: tuple[bytes, ...]) -> bytes:
    at = chance.randrange(len(data) + 1)
    end = at + chance.randrange(1, 65)
    return data[:end] + data[at:end] * chance.choice((1, 2, 50)) + data[end:]


_ACCIDENTS: tuple[Callable[[bytes, Random, tuple[bytes, ...]], bytes], ...] = (
    _flip,
    _cut,
    _drop,
    _insert,
    _insert_between,
    _insert_between,
    _repeat,
)


def odd(document: Json, chance: Random) -> Json:
    """The document with something odd in one place, which is likelier the deeper it lies."""
    if chance.random() < 0.1 or not (document and isinstance(document, dict | list)):
        return chance.choice(ODDITIES)
    if isinstance(document, list):
        at = chance.randrange(len(document))
        more = document[at : at + 1] * chance.choice((0, 1, 1, 1, 2))
        return document[:at] + [odd(item, chance) for item in more] + document[at + 1 :]
    name = chance.choice(list(document))
    if chance.random() < 0.1:
        return {**document, chance.choice(NAMES): document[name]}
    others = {key: value for key, value in document.items() if key != name}
    return others if chance.random() < 0.1 else {**others, name: odd(document[name], chance)}


def hostile(question: Question, chance: Random) -> Question:
    """A request whose body means something odd, or has suffered, before or after it was compressed."""
    if question.body[:1] == b"{" and question.fields == (JSON,) and chance.random() < 0.6:
        question = replace(question, body=json.dumps(odd(json.loads(question.body), chance)).encode())
    else:
        question = replace(question, body=mutated(question.body, chance))
    if (coding := chance.choice((None,) * 6 + ("gzip", "zstd"))) is None:
        return question
    question = compressed(question, coding)
    return replace(question, body=mutated(question.body, chance)) if chance.random() < 0.5 else question


def hostile_bytes(question: Question, chance: Random) -> bytes:
    """The bytes of a request that have suffered, mostly in the head."""
    head, end, body = question.written().partition(b"\r\n\r\n")
    if chance.random() < 0.3:
        size = chance.choice((b"%x" % len(body), b"0", b"-1", b"ffffffffffffffff", b"%x;a=b" % len(body)))
        head = head.replace(b"Content-Length: %d" % len(body), b"Transfer-Encoding: chunked")
        body = size + b"\r\n" + body + b"\r\n0\r\n\r\n"
    return mutated(head + b"\r\n", chance, HEAD) + end[2:] + body
