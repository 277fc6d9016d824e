"""Files of tensors: what is read from honest ones, and that dishonest ones are refused without harm."""

import json
import math
import struct
import tracemalloc
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from safetensors.numpy import load, save

from service.errors import ActiscopeError, InvalidInput, LimitExceeded, MalformedTensors
from service.settings import Settings
from service.wire.tensors import read_tensors

ROOT = Path(__file__).parents[2]
NETWORKS = ROOT / "demo" / "data"
DIGITS = ROOT / "service" / "flow" / "data" / "digits.npz"
MEBI = 2**20
NUMBERS = np.arange(12)
TYPES = ["f8", "f4", "f2", "i8", "i4", "i2", "i1", "u8", "u4", "u2", "u1", "?"]
SHAPES: list[tuple[int, ...]] = [(), (1,), (0,), (3, 0, 2), (12,), (3, 4), (2, 3, 2)]


def read(file: bytes, **limits: Any) -> dict[str, Any]:  # noqa: ANN401  the settings check them
    return dict(read_tensors(file, replace(Settings(), **limits)))


def npz(**arrays: Any) -> bytes:  # noqa: ANN401  numpy takes anything
    file = BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def packed(**arrays: Any) -> bytes:  # noqa: ANN401  numpy takes anything
    file = BytesIO()
    np.savez_compressed(file, **arrays)
    return file.getvalue()


def npy(header: str, data: bytes = b"", version: int = 1, length: int | None = None) -> bytes:
    """An NPY file with that header; of another length than it is, if one is given."""
    width = "<H" if version == 1 else "<I"
    length = len(header) if length is None else length
    return b"\x93NUMPY" + bytes([version, 0]) + struct.pack(width, length) + header.encode("latin-1") + data


def said(descr: str, shape: str, order: str = "False") -> str:
    return f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}\n"


@dataclass(frozen=True)
class Member:
    """A member of a ZIP archive; what its directory says of it need not be true."""

    name: str
    content: bytes
    method: int = 0
    flags: int = 0
    size: int | None = None
    crc: int | None = None
    inflated: bytes | None = None

    def heads(self, place: int) -> tuple[bytes, bytes]:
        """Its local header and its entry in the directory."""
        inflated = self.content if self.inflated is None else self.inflated
        size = len(inflated) if self.size is None else self.size
        crc = zlib.crc32(inflated) if self.crc is None else self.crc
        name = self.name.encode()
        common = struct.pack("<5H3I2H", 20, self.flags, self.method, 0, 33, crc, len(self.content), size, len(name), 0)
        entry = b"PK\x01\x02" + struct.pack("<H", 20) + common + struct.pack("<3H2I", 0, 0, 0, 0, place) + name
        return b"PK\x03\x04" + common + name, entry


def archive(*members: Member) -> bytes:
    body, directory = b"", b""
    for member in members:
        local, entry = member.heads(len(body))
        body, directory = body + local + member.content, directory + entry
    end = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, len(members), len(members), len(directory), len(body), 0)
    return body + directory + end


def one(content: bytes) -> bytes:
    """An archive of one NPY file, called w."""
    return archive(Member("w.npy", content))


def deflated(header: str, zeros: int, **lies: Any) -> Member:  # noqa: ANN401  fields of Member
    """An NPY file of a great many zero bytes, made without ever holding them."""
    start = npy(header)
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    first = packer.compress(start) + packer.flush(zlib.Z_FULL_FLUSH)
    block = packer.compress(bytes(MEBI)) + packer.flush(zlib.Z_FULL_FLUSH)
    content = first + block * (zeros // MEBI) + packer.compress(bytes(zeros % MEBI)) + packer.flush()
    return Member("w.npy", content, method=8, **{"size": len(start) + zeros, "crc": 0, **lies})


def tensor(dtype: object = "F32", shape: object = (1,), offsets: object = (0, 4)) -> dict[str, object]:
    return {"dtype": dtype, "shape": shape, "data_offsets": offsets}


def safe(header: object, data: bytes = bytes(4), length: int | None = None) -> bytes:
    """A safetensors file with that header; of another length than it is, if one is given."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data


@contextmanager
def memory_of(most: int) -> Iterator[None]:
    """No more memory may be taken meanwhile."""
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < most
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", TYPES)
def test_every_type_and_shape_is_read_from_either_format(dtype: str, shape: tuple[int, ...]) -> None:
    array = NUMBERS[: math.prod(shape)].reshape(shape).astype(dtype)
    for file in (save({"a": array}), npz(a=array), packed(a=array), npz(a=np.array(array, order="F"))):
        (found,) = read(file).values()
        assert (found.dtype, found.shape) == (np.dtype(np.float64), shape)
        assert_array_equal(found, array.astype(np.float64))
        assert found.flags.c_contiguous
        assert found.flags.aligned


@pytest.mark.parametrize("network", ["relu", "deep_tanh", "deep_sigmoid", "dying_relu"])
def test_real_networks_are_read(network: str) -> None:
    file = (NETWORKS / f"digits_{network}.trained.safetensors").read_bytes()
    read_here, read_there = read(file), load(file)
    assert set(read_here) == set(read_there)
    assert all(np.array_equal(read_here[name], read_there[name]) for name in read_here)
    assert read_here["layers.0.weight"].shape[1] == 64
    assert read_here["layers.2.bias"].shape == read_here["layers.2.weight"].shape[:1]


def test_real_data_are_read() -> None:
    found = read(DIGITS.read_bytes())
    assert {name: array.shape for name, array in found.items()} == {
        "train_x": (1347, 64),
        "train_y": (1347,),
        "test_x": (450, 64),
        "test_y": (450,),
    }


def test_a_view_of_a_body_is_read_and_not_kept() -> None:
    for file in (save({"w": np.ones(3)}), npz(w=np.ones(3))):
        body = bytearray(b"---" + file)
        found = read_tensors(memoryview(body)[3:], Settings())
        body[:] = bytes(len(body))
        assert found["w"].tolist() == [1, 1, 1]


def test_tensors_are_named_as_in_the_file() -> None:
    names = ["layers.10.weight", "layers.2.weight", "x.npy", "μ", ""]
    arrays = {name: np.full(1, float(index)) for index, name in enumerate(names)}
    assert read(save(arrays)) == arrays
    assert list(read(npz(**arrays))) == names


def test_a_file_may_hold_no_tensors() -> None:
    assert read(save({})) == read(npz()) == read(safe({"__metadata__": {"format": "pt"}}, b"")) == {}


def test_a_tensor_without_elements_may_stand_anywhere() -> None:
    empty = tensor(shape=[0], offsets=[0, 0])
    for header in (
        {"a": tensor(), "b": empty},
        {"b": empty, "a": tensor()},
        {"a": tensor(), "b": empty | {"data_offsets": [4, 4]}},
    ):
        assert {name: array.tolist() for name, array in read(safe(header)).items()} == {"a": [0], "b": []}


def test_bfloat16_is_read_without_loss() -> None:
    bits = np.arange(2**16, dtype=np.uint16)
    found = read(safe({"w": tensor("BF16", [2**16], [0, 2**17])}, bits.tobytes()))["w"]
    for code, number in zip(bits.tolist(), found.tolist(), strict=True):
        sign, exponent, fraction = (-1) ** (code >> 15), code >> 7 & 255, code & 127
        if exponent == 255:
            assert math.isnan(number) if fraction else number == sign * math.inf
        else:
            significand = fraction + 128 * (exponent > 0)
            assert number == sign * math.ldexp(significand, max(exponent, 1) - 134)
            assert math.copysign(1, number) == sign


@pytest.mark.parametrize("form", ["<f2", ">f2", "<f4", ">f4"])
def test_floats_of_every_kind_are_read_without_loss(form: str) -> None:
    """All bits of float16; of float32 the upper half, with all signalling NaN among them."""
    bits = np.arange(2**16) << (16 if "4" in form else 0)
    raw = bits.astype(form.replace("f", "u")).tobytes()
    expected = struct.unpack(f"{form[0]}65536{'e' if '2' in form else 'f'}", raw)
    found = read(one(npy(said(f"'{form}'", "(65536,)"), raw)))["w"]
    assert_array_equal(found, np.array(expected))
    assert_array_equal(np.signbit(found), bits >> (15 if "2" in form else 31) == 1)


@pytest.mark.parametrize("dtype", ["i8", "u8"])
def test_integers_are_exact_to_2_53_and_rounded_to_even_beyond(dtype: str) -> None:
    numbers = np.array([2**53 - 1, 2**53, 2**53 + 1, 2**53 + 3, 2**63 - 1], dtype)
    for file in (save({"w": numbers}), npz(w=numbers)):
        assert read(file)["w"].tolist() == [float(number) for number in numbers.tolist()]


def test_every_byte_but_zero_is_true() -> None:
    assert read(safe({"w": tensor("BOOL", [4], [0, 4])}, b"\0\1\2\xff"))["w"].tolist() == [0, 1, 1, 1]
    assert read(one(npy(said("'|b1'", "(4,)"), b"\0\1\2\xff")))["w"].tolist() == [0, 1, 1, 1]


@pytest.mark.parametrize("version", [1, 2, 3])
@pytest.mark.parametrize(
    "header",
    [
        "{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }",
        '{"shape": (2,), "fortran_order": False, "descr": "<f8"}',
        " {'fortran_order':False,'descr':'=f8','shape':( 2 , )} \n\n",
        "{'descr': '<f8', 'fortran_order': True, 'shape': (2,), }" + " " * 9000 + "\n",
    ],
)
def test_npy_headers_are_read_however_they_are_written(version: int, header: str) -> None:
    assert read(one(npy(header, np.array([1.5, -2.0]).tobytes(), version)))["w"].tolist() == [1.5, -2.0]


@pytest.mark.parametrize("order", ["C", "F"])
def test_large_tensors_are_inflated_in_pieces(order: Any) -> None:  # noqa: ANN401  numpy's own type
    array = np.random.default_rng(0).standard_normal((513, 511)).astype(np.float32, order=order)
    assert_array_equal(read(packed(w=array))["w"], array)


TWO = {"a": tensor(offsets=[0, 4]), "b": tensor(offsets=[4, 8])}
DOUBLE = b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"I32","shape":[1],"data_offsets":[0,4]}}'


@pytest.mark.parametrize(
    ("file", "told"),
    [
        (b"", "neither NPZ nor safetensors"),
        (bytes(7), "neither NPZ nor safetensors"),
        (b"\x89HDF\r\n\x1a\n" + bytes(100), "ends within its header"),
        (safe({}, b"", length=3), "ends within its header"),
        (safe({}, b"", length=2**64 - 1), "ends within its header"),
        (safe(b"", b""), "not JSON"),
        (safe(b'{"\xff": {}}'), "not JSON in UTF-8"),
        (safe(b'{"a": '), "not JSON"),
        (safe(b'{"a":' * 50_000), "not JSON"),
        (safe(b'{"a": ' + b"9" * 5000 + b"}"), "not JSON"),
        (safe([]), "must be an object"),
        (safe({"__metadata__": {"a": 1}}, b""), "__metadata__"),
        (safe({"__metadata__": []}, b""), "__metadata__"),
        (safe(DOUBLE), "names 'a' more than once"),
        (safe(b'{"a": {"dtype": "F32", "dtype": "F32"}}'), "names 'dtype' more than once"),
        (safe({"a": None}), "The tensor 'a' must have a dtype"),
        (safe({"a": {"dtype": "F32", "shape": [1]}}), "The tensor 'a' must have"),
        (safe({"a": tensor() | {"scale": 1}}), "and nothing else"),
        (safe({"a": tensor(dtype=1)}), "The tensor 'a' must have"),
        (safe({"a": tensor(shape=1)}), "The tensor 'a' must have"),
        (safe({"a": tensor(offsets=[0, 2, 4])}), "two data_offsets"),
        (safe({"a": tensor(shape=[-1])}), "whole numbers from 0 on"),
        (safe({"a": tensor(shape=[1.0])}), "whole numbers from 0 on"),
        (safe({"a": tensor(shape=[True])}), "whole numbers from 0 on"),
        (safe({"a": tensor(shape=[0, 2**63], offsets=[0, 0])}, b""), "whole numbers from 0 on"),
        (safe({"a": tensor(offsets=[-4, 0])}), "whole numbers from 0 on"),
        (safe({"a": tensor(offsets=[4, 0])}), "needs 4 bytes by its shape and type, and has -4"),
        (safe({"a": tensor(shape=[2])}), "The tensor 'a' needs 8 bytes by its shape and type, and has 4"),
        (safe({"a": tensor(shape=[2**40, 2**40])}), "The tensor 'a' needs"),
        (safe({"a": tensor(shape=[2**32, 2**32], offsets=[0, 0])}, b""), "The tensor 'a' needs"),
        (safe({"a": tensor()}, bytes(2)), "should have 4 bytes of data, and has 2"),
        (safe({"a": tensor()}, bytes(6)), "should have 4 bytes of data, and has 6"),
        (safe({}, bytes(1)), "should have 0 bytes of data, and has 1"),
        (safe({"a": tensor(offsets=[4, 8])}), "The tensor 'a' begins at byte 4 of the data, where byte 0 is the next"),
        (safe(TWO | {"b": tensor(offsets=[2, 6])}, bytes(6)), "The tensor 'b' begins at byte 2"),
        (safe(TWO | {"b": tensor(offsets=[0, 4])}), "The tensor 'b' begins at byte 0"),
        (safe(TWO | {"b": tensor(offsets=[6, 10])}, bytes(10)), "The tensor 'b' begins at byte 6"),
    ],
)
def test_a_safetensors_file_that_lies_is_refused(file: bytes, told: str) -> None:
    with pytest.raises(MalformedTensors) as caught:
        read(file)
    assert told in str(caught.value)


def named(length: int) -> dict[str, Any]:
    return {"n" * length: np.ones(1)}


@pytest.mark.parametrize(
    ("file", "limit", "told"),
    [
        (safe(b"{" + b" " * MEBI + b"}", b""), "max_safetensors_header_bytes", "has 1048578 bytes; at most 1048576"),
        (one(npy(said("'<f8'", "()"), length=10_001)), "max_npy_header_bytes", "more than 10000 bytes"),
        (one(npy(said("'<f8'", "()"), version=2, length=2**32 - 1)), "max_npy_header_bytes", "more than 10000 bytes"),
        (save(named(401)), "max_tensor_name_length", "has a name of 401 characters; 400 are allowed"),
        (npz(**named(401)), "max_tensor_name_length", "has a name of 401 characters; 400 are allowed"),
    ],
)
def test_headers_and_names_beyond_a_limit_are_refused(file: bytes, limit: str, told: str) -> None:
    with pytest.raises(LimitExceeded) as caught:
        read(file)
    assert (caught.value.limit.name, told in str(caught.value)) == (limit, True)
    assert len(str(caught.value)) < 200


def test_headers_and_names_may_be_as_long_as_allowed() -> None:
    assert read(safe(b"{}".ljust(MEBI), b"")) == {}
    assert list(read(save(named(400)))) == list(read(npz(**named(400)))) == ["n" * 400]


GOOD = npy(said("'<f8'", "(2,)"), bytes(16))
ZERO_LENGTHS = "(" + "0, " * 40 + ")"


@pytest.mark.parametrize(
    ("file", "told"),
    [
        (b"PK\x03\x04", "The NPZ file is damaged"),
        (b"PK\x05\x06" + bytes(5), "The NPZ file is damaged"),
        (npz(w=NUMBERS)[:-30], "The NPZ file is damaged"),
        (b"PK\x03\x04" + bytes(30) + npz(w=NUMBERS).replace(b"PK\x03\x04", b"QK\x03\x04"), "'w' is damaged"),
        (archive(Member("w.npy", GOOD, crc=1)), "The tensor 'w' is damaged"),
        (archive(Member("w", GOOD)), "holds 'w', which is not an .npy file"),
        (archive(Member("w.npy", GOOD), Member("w.npy", GOOD)), "holds the tensor 'w' more than once"),
        (archive(Member("w.npy", GOOD, flags=1)), "The tensor 'w' must be stored or deflated, and not encrypted"),
        (archive(Member("w.npy", GOOD, method=12)), "The tensor 'w' must be stored or deflated"),
        (archive(Member("w.npy", GOOD, method=99)), "The tensor 'w' must be stored or deflated"),
        (archive(Member("w.npy", GOOD, method=8)), "The tensor 'w' is damaged"),
        (archive(Member("w.npy", GOOD, flags=0x40)), "The tensor 'w' is damaged"),
        (archive(Member("w.npy", GOOD, size=len(GOOD) + 8)), "needs 16 bytes by its shape and type, and has 24"),
        (archive(Member("w.npy", GOOD, size=2**32 - 2)), "needs 16 bytes by its shape and type, and has"),
        (archive(Member("w.npy", GOOD[:-8], size=len(GOOD))), "The tensor 'w' is damaged"),
        (one(b""), "The tensor 'w' is not an NPY file"),
        (one(GOOD[:7]), "The tensor 'w' is not an NPY file"),
        (one(b"\x93NUMPX" + GOOD[6:]), "The tensor 'w' is not an NPY file"),
        (one(npy("", version=4)), "The tensor 'w' is not an NPY file"),
        (one(npy(said("'<f8'", "()"), length=200)), "needs 8 bytes by its shape and type, and has"),
        (one(npy("")), "an NPY header that cannot be read"),
        (one(npy("{}")), "an NPY header that cannot be read"),
        (one(npy("[" * 9000)), "an NPY header that cannot be read"),
        (one(npy(said("'<f8'", "(2,)").replace("False", "0"), bytes(16))), "cannot be read"),
        (one(npy(said("'<f8'", "(-2,)"), bytes(16))), "cannot be read"),
        (one(npy(said("'<f8'", "(True,)"), bytes(16))), "cannot be read"),
        (one(npy(said("'<f8'", "(2L,)"), bytes(16))), "cannot be read"),
        (one(npy(said("'<f8'", "[2]"), bytes(16))), "cannot be read"),
        (one(npy(said("'<f8'", "(" + "9" * 20 + ",)"), bytes(16))), "cannot be read"),
        (one(npy(said("'<f8'", "(2,)")[:-2] + "'x': 1}", bytes(16))), "cannot be read"),
        (one(npy("{'descr': '<f8', 'descr': '<f8', 'shape': (2,)}", bytes(16))), "lacks an item"),
        (one(npy(said("'<f8'", "(3,)"), bytes(16))), "needs 24 bytes by its shape and type, and has 16"),
        (one(npy(said("'<f8'", "(1,)"), bytes(16))), "needs 8 bytes by its shape and type, and has 16"),
        (one(npy(said("'<f8'", f"({2**32}, {2**32})"))), "The tensor 'w' needs"),
    ],
)
def test_an_npz_file_that_lies_is_refused(file: bytes, told: str) -> None:
    with pytest.raises(MalformedTensors) as caught:
        read(file)
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("file", "told"),
    [
        (safe({"w": tensor("F8_E4M3", [4])}), "The tensor 'w' is of the type 'F8_E4M3', which is not read; BOOL, BF16"),
        (safe({"w": tensor("F4", [8])}), "of the type 'F4'"),
        (safe({"w": tensor("C64", [1], [0, 8])}, bytes(8)), "of the type 'C64'"),
        (safe({"w": tensor("x" * 1000)}), "of the type 'xxx"),
        (npz(w=np.array([1j])), "of the type '<c16', which is not read; floats, integers and booleans"),
        (npz(w=np.array(["a"])), "of the type '<U1'"),
        (npz(w=np.array([b"a"])), "of the type '|S1'"),
        (npz(w=np.array([{}])), "of the type '|O'"),
        (npz(w=np.array(["2024-01-01"], "M8[D]")), "of the type '<M8[D]'"),
        (one(npy(said("'<f16'", "(1,)"), bytes(16))), "of the type '<f16'"),
        (npz(w=np.zeros(2, "V4")), "of the type '|V4'"),
        (npz(w=np.zeros(2, [("a", "f8"), ("b", [("c", "f4")])])), "of the type 'structured'"),
        (one(npy(said("'|V0'", f"({10**18},)"))), "of the type '|V0'"),
        (one(npy(said("('<f8', (2,))", "(1,)"), bytes(16))), "of the type 'structured'"),
    ],
)
def test_a_type_that_cannot_be_used_is_blamed_on_its_tensor(file: bytes, told: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        read(file)
    assert told in str(caught.value)
    assert len(str(caught.value)) < 300


def test_pickles_are_never_loaded() -> None:
    file = one(npy(said("'|O'", "(1,)"), b"cos\nabort\n(tR."))
    with pytest.raises(InvalidInput, match=r"'\|O'"):
        read(file)


def exceeded(file: bytes, name: str, **limits: int) -> LimitExceeded:
    with pytest.raises(LimitExceeded) as caught:
        read(file, **limits)
    assert caught.value.limit.name == name
    assert str(caught.value.limit.value) in str(caught.value)
    return caught.value


@pytest.mark.parametrize("write", [save, lambda arrays: npz(**arrays)])
def test_limits_are_allowed_and_no_more(write: Any) -> None:  # noqa: ANN401  a function from arrays to a file
    file = write({"a": np.zeros((2, 3), np.int8), "b": np.zeros(2, np.float32)})
    assert len(read(file, max_tensors=2, max_tensor_bytes=64, max_elements=6, max_rank=2)) == 2
    exceeded(file, "max_tensors", max_tensors=1)
    exceeded(file, "max_tensor_bytes", max_tensor_bytes=63)
    assert "'a'" in str(exceeded(file, "max_elements", max_elements=5))
    with pytest.raises(InvalidInput, match="The tensor 'a' has more than 1 dimensions, which ACTISCOPE_MAX_RANK"):
        read(file, max_rank=1)


def test_an_array_without_elements_may_not_have_countless_others() -> None:
    exceeded(one(npy(said("'<f8'", f"(0, {2**62}, {2**62})"))), "max_elements")
    exceeded(safe({"a": tensor(shape=[2**62, 0, 2**62], offsets=[0, 0])}, b""), "max_elements")


def test_a_great_many_lengths_are_refused_before_they_are_multiplied() -> None:
    with pytest.raises(InvalidInput, match="dimensions"):
        read(safe({"a": tensor(shape=[2**62] * 40_000)}))
    with pytest.raises(InvalidInput, match="dimensions"):
        read(one(npy(said("'<f8'", "(" + "9, " * 3000 + ")"))))


def test_a_bomb_of_zeros_is_refused_before_it_is_inflated() -> None:
    file = archive(deflated(said("'<f8'", f"({2**27},)"), 2**30))
    assert len(file) < 2 * MEBI
    with memory_of(MEBI):
        exceeded(file, "max_elements")
    with memory_of(MEBI):
        exceeded(file, "max_tensor_bytes", max_elements=2**30)


def test_many_small_bombs_are_refused_together() -> None:
    bomb = deflated(said("'|i1'", f"({2**24},)"), 2**24)
    file = archive(*(Member(f"{index}.npy", bomb.content, 8, size=bomb.size, crc=0) for index in range(3)))
    with memory_of(MEBI):
        exceeded(file, "max_tensor_bytes")


def test_a_member_is_inflated_no_further_than_its_directory_says() -> None:
    header = said("'<f8'", "(4,)")
    size = len(npy(header)) + 32
    honest_so_far = zlib.crc32(npy(header, bytes(32)))
    bomb, honest_bomb = (archive(deflated(header, 2**30, size=size, crc=crc)) for crc in (0, honest_so_far))
    with memory_of(MEBI):
        assert read(honest_bomb)["w"].tolist() == [0.0] * 4
    with memory_of(MEBI), pytest.raises(MalformedTensors, match="The tensor 'w' is damaged"):
        read(bomb)


def test_a_directory_is_not_read_if_it_has_too_many_entries() -> None:
    _, entry = Member("w.npy", b"").heads(0)
    file = b"PK\x03\x04" + entry * 100_000
    end = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 0, 0, len(file) - 4, 4, 0)
    body = file + end
    with memory_of(MEBI):
        exceeded(body, "max_tensors")


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("write", [save, lambda arrays: npz(**arrays), lambda arrays: packed(**arrays)])
def test_reading_takes_little_more_than_the_numbers_and_the_file(write: Any, dtype: Any) -> None:  # noqa: ANN401  as numpy has them
    file = write({name: np.ones(2**19, dtype) for name in "abcd"})
    with memory_of(17 * MEBI + len(file)):
        read(file)


def tried(file: bytes) -> dict[str, Any] | None:
    """What is read, or nothing if the file is refused; anything but our own refusals is raised."""
    try:
        return read(file)
    except ActiscopeError:
        return None


SAFE = save({"a": np.ones((2, 2), np.float32), "b": np.zeros(3, np.int64)}, metadata={"format": "pt"})
FILES = [SAFE, npz(a=np.ones((2, 2)), b=NUMBERS), packed(a=np.ones((2, 2)))]
many = settings(max_examples=300, deadline=None)
EDITS = st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 3), st.binary(max_size=3)), min_size=1, max_size=4)


def edited(file: bytes, edits: list[tuple[int, int, bytes]]) -> bytes:
    """With some bytes replaced by others."""
    for place, removed, put in edits:
        start = place % (len(file) + 1)
        file = file[:start] + put + file[start + removed :]
    return file


@many
@given(st.sampled_from([b"", b"PK\x03\x04", b"PK\x05\x06", struct.pack("<Q", 20), b"\x93NUMPY"]), st.binary())
def test_any_bytes_are_read_or_refused(start: bytes, rest: bytes) -> None:
    tried(start + rest)


@many
@given(st.sampled_from(FILES), EDITS)
def test_any_change_to_a_file_is_read_or_refused(file: bytes, edits: list[tuple[int, int, bytes]]) -> None:
    tried(edited(file, edits))


@many
@given(EDITS, st.sampled_from([1, 2, 3]))
def test_any_change_to_an_npy_file_is_read_or_refused(edits: list[tuple[int, int, bytes]], version: int) -> None:
    file = npy(said("'<f8'", "(2, 1)"), bytes(16), version)
    tried(one(edited(file, edits)))


@many
@given(st.text(alphabet="{}'\"descrfotanhpFalsTue_:,()0123<>|8i [-]L\n", max_size=120))
def test_any_npy_header_is_read_or_refused(header: str) -> None:
    tried(one(npy(header, bytes(8))))


@many
@given(EDITS)
def test_what_is_read_as_safetensors_is_what_the_library_reads(edits: list[tuple[int, int, bytes]]) -> None:
    file = edited(SAFE, edits)
    found = tried(file)
    if found is not None:
        there = dict(safetensors.deserialize(file))  # type: ignore[no-untyped-call]  # its stub says nothing
        assert {name: list(array.shape) for name, array in found.items()} == {
            name: item["shape"] for name, item in there.items()
        }
