"""Tensors as bytes: little-endian numbers, row by row, read and written without an object or a copy for each."""

from typing import Any, Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

from service.activations.model import Array

Datatype = Literal["FP64", "FP32", "FP16", "BF16"]
Numbers = NDArray[Any]  # any: what the bytes hold is told by a datatype


class _Form(NamedTuple):
    """What we call the format of a datatype, and how numpy holds its bytes: the bits of bfloat16 as integers."""

    dtype: str
    held: np.dtype[Any]  # any: of floats, or of integers


_FORMS: dict[Datatype, _Form] = {
    "FP64": _Form("float64", np.dtype("<f8")),
    "FP32": _Form("float32", np.dtype("<f4")),
    "FP16": _Form("float16", np.dtype("<f2")),
    "BF16": _Form("bfloat16", np.dtype("<u2")),
}
DATATYPES: tuple[Datatype, ...] = get_args(Datatype)


def dtype_of(datatype: Datatype) -> str:
    """The format's name everywhere else in the service."""
    return _FORMS[datatype].dtype


def width(datatype: Datatype) -> int:
    """Bytes of a number."""
    return _FORMS[datatype].held.itemsize


def read_tensor(content: memoryview, shape: tuple[int, ...], datatype: Datatype) -> Array:
    """The numbers that the bytes hold: of FP64 and FP32 a view of them, of the 16-bit formats float64."""
    held: Numbers = np.frombuffer(content, _FORMS[datatype].held).reshape(shape)
    if datatype == "BF16":
        held = (held.astype(np.uint32) << 16).view(np.float32)
    if width(datatype) == 2:
        with np.errstate(invalid="ignore"):  # a signalling NaN
            return held.astype(np.float64)
    return held


def write_tensor(array: Array, datatype: Datatype) -> memoryview:
    """The bytes of values of the datatype; those of the array itself if it holds them so."""
    held = array if array.dtype == _FORMS[datatype].held else _converted(array, datatype)
    return np.ascontiguousarray(held).reshape(-1).view(np.uint8).data


def _converted(array: Numbers, datatype: Datatype) -> Numbers:
    with np.errstate(invalid="ignore"):  # a signalling NaN
        if datatype == "BF16":
            array = np.ascontiguousarray(array, np.float32).view(np.uint32) >> 16
        return array.astype(_FORMS[datatype].held)
