"""Requests with a file of tensors beside them."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import orjson
from numpy.typing import ArrayLike
from safetensors.numpy import save

from service.client.arrays import written
from service.client.exchange import Ask, in_json

Tensors = str | Path | bytes | Mapping[str, ArrayLike]


def with_tensors(
    path: str, request: Mapping[str, object], tensors: Tensors | None, headers: Mapping[str, str] | None = None
) -> Ask:
    """A request in JSON, or a form of it and the file."""
    if tensors is None:
        return in_json(path, request, headers)
    parts = {"request": orjson.dumps(written(request)), "tensors": _file(tensors)}
    return Ask("POST", path, headers=headers or {}, parts=parts)


def _file(tensors: Tensors) -> bytes:
    if isinstance(tensors, bytes):
        return tensors
    if isinstance(tensors, Mapping):
        return save({name: np.ascontiguousarray(array) for name, array in tensors.items()})
    return Path(tensors).read_bytes()
