"""Requests with a file of tensors beside them."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import orjson
from numpy.typing import ArrayLike
from safetensors import SafetensorError
from safetensors.numpy import save

from service.client.arrays import Given, given, written
from service.client.exchange import Ask, in_json
from service.errors import InvalidInput

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
        return _saved({name: given(array, name) for name, array in tensors.items()})
    return Path(tensors).read_bytes()


def _saved(arrays: Mapping[str, Given]) -> bytes:
    in_order = {name: np.asarray(array, order="C") for name, array in arrays.items()}  # the library looks at no strides
    try:
        return save(in_order)
    except SafetensorError as error:
        raise InvalidInput.at("tensors", detail=f"The arrays cannot be sent: {error}") from None
