"""Files of tensors, safetensors or NPZ, read into arrays by name.

Both formats say of each tensor its name, type, shape and place. All of it is checked against the bytes that are there,
and against what is allowed, before a number is read: no memory is taken on the word of a header.
"""

import json
import struct
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from math import prod
from typing import Any
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, deserialize

from service.errors import InvalidInput, Limit, LimitExceeded, MalformedNpy, MalformedTensors
from service.settings import Settings, setting_name
from service.wire import npy
from service.wire.faults import clip

Array = NDArray[np.float64]

_BFLOAT16 = np.dtype("V2")  # numpy has no such type: two bytes, the upper half of a float32
_SAFETENSORS = {
    "BOOL": np.dtype("?"),
    "BF16": _BFLOAT16,
    **{f"F{8 * size}": np.dtype(f"<f{size}") for size in (2, 4, 8)},
    **{f"I{8 * size}": np.dtype(f"<i{size}") for size in (1, 2, 4, 8)},
    **{f"U{8 * size}": np.dtype(f"<u{size}") for size in (1, 2, 4, 8)},
}

MAX_SAFETENSORS_HEADER = 2**20
MAX_TENSOR_NAME = 400

_ZIP_STARTS = (b"PK\x03\x04", b"PK\x05\x06")  # the second is that of an archive without members
_ZIP_ENTRY = b"PK\x01\x02"
_ZIP_ENCRYPTED = 1
_PIECE = 2**18  # bytes inflated at a time
# What the standard library raises, according to where an archive is damaged.
_ZIP_DAMAGE = (BadZipFile, EOFError, OSError, OverflowError, RuntimeError, ValueError, struct.error, zlib.error)


@dataclass(frozen=True)
class _Tensor:
    """What a file says of a tensor; `start` is where its numbers begin in the data, or in the member of the archive."""

    name: str
    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    start: int
    fortran: bool = False

    @property
    def size(self) -> int:
        return prod(self.shape)

    @property
    def nbytes(self) -> int:
        return self.size * self.dtype.itemsize


def read_tensors(body: bytes | memoryview, settings: Settings) -> Mapping[str, Array]:
    """Read all tensors of a file, in its order, as float64: floats without loss, integers and booleans as numbers.

    Raises
    ------
    MalformedTensors
        The file is neither safetensors nor NPZ, or does not hold what it says.
    InvalidInput
        A tensor is of a type that is not read, or has more dimensions than allowed; the fault's path is empty.
    LimitExceeded
        More tensors, elements or bytes than the settings allow.
    """
    if body[:4] in _ZIP_STARTS:
        return _read_npz(bytes(body), settings)
    return _read_safetensors(memoryview(body), settings)


def _read_safetensors(file: memoryview, settings: Settings) -> dict[str, Array]:
    header, data = _split(file)
    metadata = header.pop("__metadata__", {})
    if not (isinstance(metadata, dict) and all(isinstance(text, str) for text in metadata.values())):
        raise MalformedTensors("The __metadata__ of the safetensors file must be an object of strings.")
    _admit_number(len(header), settings)
    tensors = [_entry(name, said, settings) for name, said in header.items()]
    _check_places(tensors, len(data))
    _admit_bytes(tensors, settings)
    contents = _contents(file)
    return {item.name: _shaped(item, _numbers(memoryview(contents[item.name]), item.dtype)) for item in tensors}


def _contents(file: memoryview) -> dict[str, bytearray]:
    """The bytes of each tensor; the library has the last word on what a safetensors file is."""
    try:
        return {name: said["data"] for name, said in deserialize(bytes(file))}  # type: ignore[no-untyped-call]  # it is Rust
    except SafetensorError:
        raise MalformedTensors("The safetensors file does not hold what its header says.") from None


def _split(file: memoryview) -> tuple[dict[str, Any], memoryview]:
    """The header of a safetensors file, and the data behind it."""
    length = int.from_bytes(file[:8], "little")
    if len(file) < 8 or length > len(file) - 8:
        raise MalformedTensors("The file of tensors is neither NPZ nor safetensors: it ends within its header.")
    if length > (limit := Limit("max_safetensors_header_bytes", MAX_SAFETENSORS_HEADER)).value:
        detail = f"has {length} bytes; at most {limit.value} are read"
        raise LimitExceeded(limit, f"The header of the safetensors file {detail}.")
    try:
        header = json.loads(file[8 : 8 + length].tobytes().decode(), object_pairs_hook=_without_doubles)
    except (ValueError, RecursionError):
        raise MalformedTensors("The header of the safetensors file is not JSON in UTF-8.") from None
    if not isinstance(header, dict):
        raise MalformedTensors("The header of the safetensors file must be an object.")
    return header, file[8 + length :]


def _without_doubles(members: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(members)
    if len(found) < len(members):
        double = Counter(name for name, _ in members).most_common(1)[0][0]
        raise MalformedTensors(f"The header of the safetensors file names {clip(double)!r} more than once.")
    return found


def _entry(name: str, said: object, settings: Settings) -> _Tensor:
    """What the header of a safetensors file says of a tensor, if that can be."""
    _admit_name(name)
    match said:
        case {"dtype": str(code), "shape": list(shape), "data_offsets": [start, end], **others} if not others:
            pass
        case _:
            raise MalformedTensors(f"{_called(name)} must have a dtype, a shape, two data_offsets, and nothing else.")
    if code not in _SAFETENSORS:
        raise npy.unreadable(_called(name), code, ", ".join(_SAFETENSORS))
    if not all(type(number) is int and 0 <= number < 2**63 for number in (*shape, start, end)):
        raise MalformedTensors(f"{_called(name)} must have whole numbers from 0 on as shape and data_offsets.")
    tensor = _Tensor(name, _SAFETENSORS[code], tuple(shape), start)
    _admit_shape(tensor, end - start, settings)
    return tensor


def _check_places(tensors: list[_Tensor], available: int) -> None:
    """Refuse tensors that do not fill the data one after the other."""
    in_order = sorted(tensors, key=lambda tensor: (tensor.start, tensor.nbytes))
    ends = [0, *(tensor.start + tensor.nbytes for tensor in in_order)]
    for tensor, before in zip(in_order, ends, strict=False):
        if tensor.start != before:
            detail = f"begins at byte {tensor.start} of the data, where byte {before} is the next"
            raise MalformedTensors(f"{_called(tensor.name)} {detail}.")
    if ends[-1] != available:
        raise MalformedTensors(f"The safetensors file should have {ends[-1]} bytes of data, and has {available}.")


def _read_npz(file: bytes, settings: Settings) -> dict[str, Array]:
    # The entries are counted before the directory is read, which takes much more memory than they do.
    _admit_number(file.count(_ZIP_ENTRY), settings)
    with _damage_told("The NPZ file"):
        archive = ZipFile(BytesIO(file))
    members = _members(archive)
    tensors = [_header(archive, info, name, settings) for name, info in members.items()]
    _admit_bytes(tensors, settings)
    return {item.name: _shaped(item, _inflate(archive, members[item.name], item)) for item in tensors}


@contextmanager
def _damage_told(what: str) -> Iterator[None]:
    try:
        yield
    except _ZIP_DAMAGE:
        raise MalformedTensors(f"{what} is damaged.") from None


def _members(archive: ZipFile) -> dict[str, ZipInfo]:
    """The members of an archive, by the names of their tensors."""
    members: dict[str, ZipInfo] = {}
    for info in archive.infolist():
        name = info.filename.removesuffix(".npy")
        _admit_name(name)
        if name == info.filename:
            raise MalformedTensors(f"The NPZ file holds {clip(name)!r}, which is not an .npy file.")
        if name in members:
            raise MalformedTensors(f"The NPZ file holds {_called(name, start=False)} more than once.")
        if info.flag_bits & _ZIP_ENCRYPTED or info.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
            raise MalformedTensors(f"{_called(name)} must be stored or deflated, and not encrypted.")
        members[name] = info
    return members


def _header(archive: ZipFile, info: ZipInfo, name: str, settings: Settings) -> _Tensor:
    """What the header of an NPY file says of its tensor, if that can be."""
    with _damage_told(_called(name)), archive.open(info) as member:
        head = member.read(npy.PREFIX)
        try:
            start = npy.measure(head, _called(name))
            if start is None:
                raise npy.cut_short(_called(name))
            header = npy.parse(head[:start] + member.read(max(start - len(head), 0)), start, _called(name))
        except MalformedNpy as error:
            raise MalformedTensors(str(error)) from None
    tensor = _Tensor(name, header.dtype, header.shape, start, header.fortran)
    _admit_shape(tensor, info.file_size - start, settings)
    return tensor


def _inflate(archive: ZipFile, info: ZipInfo, tensor: _Tensor) -> Array:
    """The numbers of an NPY file, piece by piece, so that its bytes never stand beside all of them."""
    numbers = np.empty(tensor.size)
    step = _PIECE // tensor.dtype.itemsize
    with _damage_told(_called(tensor.name)), archive.open(info) as member:
        member.read(tensor.start)
        for first in range(0, tensor.size, step):
            piece = numbers[first : first + step]
            length = piece.size * tensor.dtype.itemsize
            raw = member.read(length)
            if len(raw) < length:
                raise EOFError
            piece[:] = _numbers(raw, tensor.dtype)
    return numbers


def _numbers(raw: bytes | memoryview, dtype: np.dtype[Any]) -> Array:
    """A copy of the numbers, as float64."""
    with np.errstate(invalid="ignore"):  # a signalling NaN becomes a quiet one
        if dtype is _BFLOAT16:
            bits = np.frombuffer(raw, "<u2").astype(np.uint32)
            return (bits << 16).view(np.float32).astype(np.float64)
        return np.frombuffer(raw, dtype).astype(np.float64)


def _shaped(tensor: _Tensor, numbers: Array) -> Array:
    return numbers.reshape(tensor.shape, order="F").copy() if tensor.fortran else numbers.reshape(tensor.shape)


def _admit_number(number: int, settings: Settings) -> None:
    if number > settings.max_tensors:
        limit = Limit("max_tensors", settings.max_tensors)
        raise LimitExceeded(limit, f"The file holds {number} tensors; {limit.value} are allowed.")


def _admit_name(name: str) -> None:
    if len(name) > (limit := Limit("max_tensor_name_length", MAX_TENSOR_NAME)).value:
        detail = f"{_called(name)} has a name of {len(name)} characters; {limit.value} are allowed."
        raise LimitExceeded(limit, detail)


def _admit_shape(tensor: _Tensor, available: int, settings: Settings) -> None:
    """Refuse a shape that does not fit the bytes, or is larger than allowed."""
    if len(tensor.shape) > settings.max_rank:  # first: the product of a great many lengths takes long
        detail = f"has more than {settings.max_rank} dimensions, which {setting_name('max_rank')} allows"
        raise InvalidInput.at(detail=f"{_called(tensor.name)} {detail}.")
    if tensor.nbytes != available:
        detail = f"needs {tensor.nbytes} bytes by its shape and type, and has {available}"
        raise MalformedTensors(f"{_called(tensor.name)} {detail}.")
    # An array without elements is held to the limit too: its other lengths may be beyond what numpy can count.
    if (size := prod(length or 1 for length in tensor.shape)) > settings.max_elements:
        limit = Limit("max_elements", settings.max_elements)
        raise LimitExceeded(limit, f"{_called(tensor.name)} has {size} elements; {limit.value} are allowed.")


def _admit_bytes(tensors: list[_Tensor], settings: Settings) -> None:
    total = 8 * sum(tensor.size for tensor in tensors)
    if total > settings.max_tensor_bytes:
        limit = Limit("max_tensor_bytes", settings.max_tensor_bytes)
        raise LimitExceeded(limit, f"The tensors have {total} bytes as float64; {limit.value} are allowed.")


def _called(name: str, *, start: bool = True) -> str:
    return f"{'The' if start else 'the'} tensor {clip(name)!r}"
