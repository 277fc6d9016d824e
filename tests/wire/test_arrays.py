"""Arrays as nested lists."""

import json
from math import inf, nan, prod
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.testing import assert_array_equal

from service.errors import InvalidInput, LimitExceeded
from service.settings import Settings
from service.wire.arrays import Array, read_array, write_array

SHAPES = array_shapes(min_dims=0, max_dims=5, min_side=0, max_side=4)
ARRAYS = arrays(np.float64, SHAPES)


def same_bits(a: Array, b: Array) -> bool:
    """Equal in shape and value, zeros in their sign; all NaN are one."""
    return a.shape == b.shape and bool(
        np.all((np.isnan(a) & np.isnan(b)) | ((a == b) & (np.signbit(a) == np.signbit(b))))
    )


def shape_in_json(array: Array) -> tuple[int, ...]:
    """Nested lists lose what stands behind an axis of no length."""
    return array.shape[: array.shape.index(0) + 1] if 0 in array.shape else array.shape


@given(ARRAYS)
def test_what_is_written_is_read_back(array: Array) -> None:
    read = read_array(json.loads(write_array(array, "float64")), Settings())
    assert same_bits(read, array.reshape(shape_in_json(array)))


@given(arrays(np.float32, SHAPES))
def test_float32_is_written_as_its_shortest_decimals(array: np.ndarray[Any, np.dtype[np.float32]]) -> None:
    wide = array.astype(np.float64)
    text = write_array(wide, "float32")
    read = read_array(json.loads(text), Settings())
    assert same_bits(read.astype(np.float32).astype(np.float64), wide.reshape(shape_in_json(wide)))
    assert len(text) <= len(write_array(wide, "float64"))


@pytest.mark.parametrize(
    ("array", "dtype", "text"),
    [
        (np.array(0.1), "float64", b"0.1"),
        (np.array(-0.0), "float64", b"-0.0"),
        (np.array(nan), "float64", b'"NaN"'),
        (np.array([inf, -inf, -0.0]), "float32", b'["Infinity","-Infinity",-0.0]'),
        (np.array([[1.0, nan], [inf, 2.0]]), "float64", b'[[1.0,"NaN"],["Infinity",2.0]]'),
        (np.array([[1.0, nan], [inf, 2.0]]), "float16", b'[[1.0,"NaN"],["Infinity",2.0]]'),
        (np.float64(np.float32(0.1)).reshape(()), "float32", b"0.1"),
        (np.float64(np.float16(0.1)).reshape(()), "float16", b"0.1"),
        (np.zeros((2, 0, 3)), "float64", b"[[],[]]"),
        (np.zeros((2, 0, 3)), "bfloat16", b"[[],[]]"),
        (np.zeros(0), "float16", b"[]"),
        (np.arange(6.0).reshape(2, 3).T, "float64", b"[[0.0,3.0],[1.0,4.0],[2.0,5.0]]"),
        (np.arange(4.0).astype(">f8"), "float64", b"[0.0,1.0,2.0,3.0]"),
    ],
)
def test_arrays_are_written_in_their_shape(array: Array, dtype: str, text: bytes) -> None:
    assert write_array(array, dtype) == text


@pytest.mark.parametrize(
    ("value", "array"),
    [
        (3, np.array(3.0)),
        ("Infinity", np.array(inf)),
        ([], np.zeros(0)),
        ([[], []], np.zeros((2, 0))),
        ([[[]], [[]]], np.zeros((2, 1, 0))),
        ([1, 2.5, "NaN", "-Infinity"], np.array([1, 2.5, nan, -inf])),
        ([[1, 2], [3, 4]], np.array([[1.0, 2.0], [3.0, 4.0]])),
        ([2**53 + 1, -(2**63), 2**64 - 1], np.array([2.0**53, -(2.0**63), 2.0**64])),
    ],
)
def test_nested_lists_are_read_in_their_shape(value: object, array: Array) -> None:
    read = read_array(value, Settings())
    assert_array_equal(read, array, strict=True)


@pytest.mark.parametrize(
    ("value", "path", "word"),
    [
        (None, (), "null"),
        (True, (), "a boolean"),
        ({}, (), "an object"),
        ("1", (), "another string"),
        ("nan", (), "another string"),
        ([1, True], (1,), "a boolean"),
        ([False, 1.5], (0,), "a boolean"),
        ([1, None, "x"], (1,), "null"),
        ([1, "inf"], (1,), "another string"),
        ([1, {"a": 1}], (1,), "an object"),
        ([[1, 2], [3]], (1,), "ragged"),
        ([[1, 2], [3, 4], []], (2,), "ragged"),
        ([[], [1]], (1,), "ragged"),
        ([1, [2]], (1,), "ragged"),
        ([[1], 2], (1,), "a number"),
        ([[1], "NaN"], (1,), "a string"),
        ([[[1], [2]], [[3], [4, 5]]], (1, 1), "ragged"),
        ([[[1, 2], [3, 4]], [[5, 6], [7, None]]], (1, 1, 1), "null"),
        ([[1, 2], [3, [4]]], (1, 1), "ragged"),
    ],
)
def test_the_first_fault_is_pointed_at(value: object, path: tuple[int, ...], word: str) -> None:
    with pytest.raises(InvalidInput, match=word) as caught:
        read_array(value, Settings())
    assert caught.value.faults[0].path == path


@pytest.mark.parametrize("rank", [0, 1, 31, 32])
def test_ranks_up_to_the_limit_are_read(rank: int) -> None:
    value: object = 1.0
    for _ in range(rank):
        value = [value]
    assert read_array(value, Settings()).ndim == rank
    with pytest.raises(InvalidInput, match="ACTISCOPE_MAX_RANK"):
        read_array([value], Settings(max_rank=max(rank, 1)) if rank else Settings(max_rank=0))


@given(st.integers(1, 40), SHAPES)
def test_elements_up_to_the_limit_are_read(most: int, shape: tuple[int, ...]) -> None:
    value = np.zeros(shape).tolist()
    if prod(shape) <= most and not any(prod(shape[:axis]) > most for axis in range(len(shape))):
        assert read_array(value, Settings(max_elements=most)).size == prod(shape)
    else:
        with pytest.raises(LimitExceeded) as caught:
            read_array(value, Settings(max_elements=most))
        assert caught.value.limit.value == most
