"""NPY files: what is read from honest ones, that dishonest ones are refused, and that numpy reads what is written."""

import struct
from contextlib import suppress
from io import BytesIO
from tokenize import TokenError
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.lib import format as numpy_format
from numpy.testing import assert_array_equal

from service.errors import ActiscopeError, InvalidInput, LimitExceeded, MalformedNpy
from service.wire import npy
from service.wire.npy import Header, Pieces

FLOATS = {f"{order}f{size}": f"float{8 * size}" for order in "<>" for size in (2, 4, 8)}
INTEGERS = {f"{order}{kind}{size}": "float64" for order in "<>" for kind in "iu" for size in (1, 2, 4, 8)}
TYPES = FLOATS | INTEGERS
SHAPES: list[tuple[int, ...]] = [(), (1,), (0,), (3, 0, 2), (12,), (3, 4), (2, 3, 2), (1,) * 32]
NUMBERS = np.array([0, 1, 2, 3, 100, 127, 7, 8, 9, 10, 11, 12])


def file(array: np.ndarray[Any, Any], version: tuple[int, int] = (1, 0)) -> bytes:
    """As numpy writes it."""
    written = BytesIO()
    numpy_format.write_array(written, array, version, allow_pickle=False)
    return written.getvalue()


def made(text: str, version: int = 1, length: int | None = None) -> bytes:
    """A header of that text; of another length than it is, if one is given."""
    width = "<H" if version == 1 else "<I"
    announced = struct.pack(width, len(text) if length is None else length)
    return b"\x93NUMPY" + bytes([version, 0]) + announced + text.encode("latin-1")


def said(descr: str, shape: str, order: str = "False") -> str:
    return f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}\n"


def header_of(body: bytes) -> Header:
    start = npy.measure(body[: npy.PREFIX], npy.BODY)
    assert start is not None
    return npy.parse_body(body[:start])


@pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0)])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.filterwarnings("ignore:Stored array in format:UserWarning")
def test_what_numpy_writes_is_read(dtype: str, shape: tuple[int, ...], version: tuple[int, int]) -> None:
    c = NUMBERS[: np.prod(shape, dtype=int)].reshape(shape).astype(dtype)
    for array in (c, np.asfortranarray(c) if c.ndim else c):
        body = file(array, version)
        header = header_of(body)
        assert (header.shape, header.float_dtype, header.end) == (shape, TYPES[dtype], len(body))
        numbers = npy.shaped(npy.read_numbers(body[header.start :], header), header)
        assert numbers.dtype == (np.float32 if header.float_dtype == "float32" else np.float64)
        assert_array_equal(numbers, array.astype(np.float64))


@pytest.mark.parametrize("fortran", [False, True])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", ["<f2", "<f4", "<f8"])
def test_numpy_reads_what_is_written(dtype: str, shape: tuple[int, ...], *, fortran: bool) -> None:
    array = NUMBERS[: np.prod(shape, dtype=int)].reshape(shape).astype(np.float64)
    head = npy.write_header(np.dtype(dtype), shape, fortran=fortran)
    body = head + bytes(npy.write_numbers(array, np.dtype(dtype), fortran=fortran))
    found = np.load(BytesIO(body), allow_pickle=False)
    assert (len(head) % 64, found.dtype, found.shape) == (0, np.dtype(dtype), shape)
    assert_array_equal(found, array)
    assert header_of(body).fortran is fortran


@pytest.mark.parametrize("length", range(npy.PREFIX))
def test_a_header_is_measured_as_soon_as_its_length_is_there(length: int) -> None:
    for version, needed in ((1, 10), (2, 12), (3, 12)):
        start = made(said("'<f8'", "()"), version)
        assert npy.measure(start[:length], npy.BODY) == (None if length < needed else len(start))


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"abc", "is not an NPY file"),
        (b"\x93NUMPX\x01\x00", "is not an NPY file"),
        (made("", 4), "is not an NPY file of version 1, 2 or 3"),
        (made(""), "cannot be read"),
        (made("{}"), "cannot be read"),
        (made("[" * 9000), "cannot be read"),
        (made("{'descr': __import__('os').abort(), 'fortran_order': False, 'shape': ()}"), "cannot be read"),
        (made(said("'<f8'", "(2,)").replace("False", "0")), "cannot be read"),
        (made(said("'<f8'", "(-2,)")), "cannot be read"),
        (made(said("'<f8'", "(2L,)")), "cannot be read"),
        (made(said("'<f8'", "(" + "9" * 20 + ",)")), "cannot be read"),
        (made(said("'<f8'", "(2,)")[:-2] + "'x': 1}"), "cannot be read"),
        (made("{'descr': '<f8', 'descr': '<f8', 'shape': (2,)}"), "lacks an item"),
        (made(said("'<f8'", "(" + "9" * 19 + ",)")), "a shape that no array has"),
        (made(said("'<f8'", f"(0, {2**62}, {2**62})")), "a shape that no array has"),
        (made(said("'<f8'", "(" + "1, " * 65 + ")")), "a shape that no array has"),
        (made(said("'<f8'", "(" + "9, " * 3000 + ")")), "a shape that no array has"),
    ],
)
def test_a_header_that_lies_is_refused(body: bytes, told: str) -> None:
    with pytest.raises(MalformedNpy, match=told):
        header_of(body)


@pytest.mark.parametrize("body", [made("", 1, 10_001), made("", 2, 2**32 - 1)])
def test_a_header_may_have_as_many_bytes_as_allowed(body: bytes) -> None:
    with pytest.raises(LimitExceeded, match="an NPY header of more than 10000 bytes"):
        header_of(body)
    longest = made(said("'<f8'", "(2,)").rstrip().ljust(10_000))
    assert header_of(longest).start == 10_010


@pytest.mark.parametrize(
    ("descr", "told"),
    [
        ("'|b1'", r"of the type '\|b1', which is not read; floats and integers"),
        ("'<c16'", "of the type '<c16'"),
        ("'<f16'", "of the type '<f16'"),
        ("'|O'", r"of the type '\|O'"),
        ("'<U3'", "of the type '<U3'"),
        ("'<M8[D]'", "of the type '<M8"),
        ("[('a', '<f8')]", "of the type 'structured'"),
        ("('<f8', (2,))", "of the type 'structured'"),
    ],
)
def test_a_type_that_cannot_be_used_is_named(descr: str, told: str) -> None:
    with pytest.raises(InvalidInput, match=told):
        header_of(made(said(descr, "(1,)")))


@pytest.mark.parametrize("dtype", ["<f8", ">f4", "<f2", "<i8", "|u1"])
@given(cuts=st.lists(st.integers(0, 96), max_size=8))
@settings(max_examples=30, deadline=None)
def test_numbers_that_are_cut_apart_are_put_together(dtype: str, cuts: list[int]) -> None:
    array = NUMBERS.astype(dtype)
    header, data = header_of(file(array)), array.tobytes()
    ends = sorted({min(cut, len(data)) for cut in cuts} | {len(data)})
    pieces = Pieces(header)
    found = [pieces.take(data[start:end]) for start, end in zip([0, *ends], ends, strict=False)]
    pieces.end()
    assert_array_equal(np.concatenate(found), array.astype(np.float64))


def test_pieces_of_another_length_than_announced_are_refused() -> None:
    header = header_of(file(np.zeros(3)))
    pieces = Pieces(header)
    pieces.take(bytes(23))
    with pytest.raises(MalformedNpy, match="needs 24 bytes of numbers by its NPY header, and has 23"):
        pieces.end()
    pieces.take(b"\0")
    pieces.end()
    with pytest.raises(MalformedNpy, match="goes on after the 24 bytes of numbers"):
        pieces.take(b"\0")


def tried(body: bytes) -> Header | None:
    """What is read; anything but our own refusals is raised."""
    try:
        start = npy.measure(body[: npy.PREFIX], npy.BODY)
        return npy.parse_body(body[:start]) if start is not None and start <= len(body) else None
    except ActiscopeError:
        return None


@given(st.sampled_from([b"", b"\x93NUMPY\x01\x00", b"\x93NUMPY\x02\x00"]), st.binary())
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_read_or_refused(start: bytes, rest: bytes) -> None:
    tried(start + rest)


@given(st.text(alphabet="{}'\"descrfotanhpFalsTue_:,()0123<>|8i [-]L\n", max_size=120), st.sampled_from([1, 2, 3]))
@settings(max_examples=300, deadline=None)
def test_any_header_is_read_or_refused(text: str, version: int) -> None:
    tried(made(text, version))


@given(st.integers(10, 127), st.text(alphabet="0123456789<>|=iuf8, ()", min_size=1, max_size=3))
@settings(max_examples=300, deadline=None)
def test_where_numpy_reads_a_changed_header_too_it_reads_the_same(place: int, put: str) -> None:
    body = file(NUMBERS.astype("<f8"))
    changed = body[:place] + put.encode() + body[place + len(put) :]
    header, there = tried(changed), BytesIO(changed)
    assert numpy_format.read_magic(there) == (1, 0)
    with suppress(ValueError, TypeError, SyntaxError, TokenError):  # numpy refuses in many ways
        found = numpy_format.read_array_header_1_0(there)
        assert header is None or found == (header.shape, header.fortran, header.dtype)
