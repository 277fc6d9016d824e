"""The quick reading of arrays agrees with the strict one to the last bit, or leaves the body to it."""

import json
from pathlib import Path
from threading import Thread

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from service.errors import ActiscopeError, Malformed
from service.settings import Settings
from service.wire.evaluation import EvaluateRequest
from service.wire.json import loads
from service.wire.model import Request
from service.wire.numbers import read_flat, read_object

CORPUS = sorted((Path(__file__).parents[1] / "data" / "json_parsing").glob("*.json"))
PADDING = b" " * 700  # makes a body long enough for the quick way
NUMBERS = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**70), 2**70) | st.just(-0.0)
ARRAYS = st.recursive(NUMBERS, lambda inner: st.lists(inner, max_size=12), max_leaves=60)


def strictly(body: bytes, settings: Settings) -> EvaluateRequest:
    """What a request is without the quick way."""
    return Request.read.__func__(EvaluateRequest, body, settings)  # type: ignore[attr-defined,no-any-return]  # a class method has it


def outcome(read: object, body: bytes, settings: Settings) -> tuple[object, ...]:
    """All of a request or of its refusal, comparable; arrays by their bits."""
    assert callable(read)
    try:
        request = read(body, settings)
    except ActiscopeError as error:
        return type(error), str(error), getattr(error, "faults", None)
    return tuple(
        (name, value.shape, value.dtype, value.tobytes()) if isinstance(value, np.ndarray) else (name, value)
        for name, value in request
    )


def assert_same(body: bytes, settings: Settings = Settings()) -> None:  # noqa: B008  it is frozen
    if flat := read_flat(body, settings):
        assert_flat(body, *flat)
    assert outcome(EvaluateRequest.read, body, settings) == outcome(strictly, body, settings)


def assert_flat(body: bytes, around: bytes, numbers: NDArray[np.float64]) -> None:
    """Put back into the place of the empty list, where it is one, the numbers make what the strict way reads."""

    def filled(value: object) -> object:
        if isinstance(value, list):
            return value or numbers.tolist()
        return {name: filled(item) for name, item in value.items()} if isinstance(value, dict) else value

    try:
        left = loads(around, 64)
    except Malformed:
        with pytest.raises(Malformed):
            loads(body, 64)
    else:
        if "[]" not in str(left).replace("'[]'", "") and not isinstance(left, list):
            return  # the brackets are part of a text
        assert str(filled(left)) == str(as_floats(loads(body, 64)))


def as_floats(value: object) -> object:
    """With the integers in lists as floats."""
    if isinstance(value, list):
        return [float(item) if isinstance(item, int) else item for item in value]
    return {name: as_floats(item) for name, item in value.items()} if isinstance(value, dict) else value


@pytest.mark.parametrize("file", CORPUS, ids=lambda file: file.stem)
def test_the_corpus_is_read_as_strictly(file: Path) -> None:
    text = file.read_bytes()
    assert_same(text + PADDING)
    assert_same(b'{"activation":"relu","x":' + text + b"}" + PADDING)


@given(ARRAYS)
def test_any_nested_numbers_are_read_as_strictly(value: object) -> None:
    assert_same(json.dumps({"activation": "relu", "x": value, "weights": [value]}).encode() + PADDING)


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1), st.integers(1, 5))
def test_floats_come_through_to_the_last_bit(row: list[float], rows: int) -> None:
    body = json.dumps({"activation": "relu", "x": [row] * rows}).encode() + PADDING
    assert EvaluateRequest.read(body, Settings()).x.tobytes() == np.array([row] * rows).tobytes()


@pytest.mark.parametrize(
    "text",
    [
        "[-0]",
        "[0, -0.5]",
        "[0, -0, 1e-0]",
        "[9007199254740993, 18446744073709551615, -9223372036854775808]",
        "[18446744073709551616]",
        "[5e-324, 2.4703282292062327208e-324, 1e-400, 1.7976931348623157e308]",
        "[1e309]",
        "[1, [2]]",
        "[[1, 2, 3, 4, 5, 6, 7, 8], 9]",
        "[[1, 2, 3, 4, 5, 6, 7, 8], [1, 2, 3, 4, 5, 6, 7]]",
        "[[1, 2, 3, 4, 5, 6, 7, 8], [[1, 2, 3, 4, 5, 6, 7, 8]]]",
        "[[1, 2, 3, 4, 5, 6, 7, [8]], [1, 2, 3, 4, 5, 6, 7, 8]]",
        '["NaN", 1]',
        '[1, "Infinity"]',
        "[true]",
        "[null]",
        "[{}]",
        "[]",
        "[[]]",
        "[[], []]",
        "1.5",
        '"["',
        "[" * 33 + "1" + "]" * 33,
    ],
)
def test_corners_are_read_as_strictly(text: str) -> None:
    for body in (f'{{"activation":"relu","x":{text}}}', f'{{"x":[1],"activation":"relu","x":{text},"seed":3}}'):
        assert_same(body.encode() + PADDING)


@pytest.mark.parametrize(
    "members",
    [
        '"x":[1],"parameters":{"a":[1]}',
        '"x":[1],"parameters":{"a":1,"a":2}',
        '"x":[1],"parameters":{"a":{"b":[[1]]}}',
        '"x":[1],"parameters":' + '{"a":' * 70 + "1" + "}" * 70,
        '"x":[1],"\\u0078":[2]',
        '"x":[1],"x\\u0000":[2]',
        '"x":[1],"dtype":"[float32"',
        '"x":[[1.5,2,3,4,5,6,7,8]],"parameters":{"value":-0}',
        '"x":[[1.5,2,3,4,5,6,7,8]],"seed":-0',
        '"x":[1],"bias":[[1]]',
        ",".join(f'"{i}":{i}' for i in range(40)),
    ],
)
def test_other_members_are_read_as_strictly(members: str) -> None:
    assert_same((f'{{"activation":"relu",{members}}}').encode() + PADDING)


@pytest.mark.parametrize(
    "limits", [Settings(max_elements=7), Settings(max_rank=1), Settings(max_depth=1), Settings(max_depth=2)]
)
def test_limits_are_those_of_the_strict_way(limits: Settings) -> None:
    for x in ([1.5] * 8, [[1.5] * 8], [[[1.5] * 8] * 2]):
        assert_same(json.dumps({"activation": "relu", "x": x}).encode() + PADDING, limits)


def test_plain_arrays_take_the_quick_way() -> None:
    rows = np.linspace(-3, 3, 48).reshape(2, 3, 8)
    found = read_object(
        json.dumps({"x": rows.tolist(), "seed": 1, "parameters": {"a": 1}}).encode() + PADDING, Settings()
    )
    assert found is not None
    assert np.array_equal(found["x"], rows)
    assert (found["seed"], found["parameters"]) == (1, {"a": 1})


LONG = ("0.123456789012345678," * 40_000).rstrip(",")


@pytest.mark.parametrize(
    "text",
    [
        LONG,
        f"{LONG},",
        f",{LONG}",
        f"{LONG},,{LONG}",
        f"{LONG},[1]",
        f"{LONG},-0,{LONG}",
        f'{LONG},"1,2",{LONG}',
        f"{LONG},null",
        f"{LONG} {LONG}",
        f"{LONG}]",
        f"{LONG} , 1e400",
        " " * 600_000,
        " " * 600_000 + "1",
        "1" + " " * 600_000 + ", 2",
    ],
    ids=range(14),
)
def test_long_arrays_are_read_as_strictly(text: str) -> None:
    assert_same(f'{{"activation":"relu","x":[{text}],"seed":1}}'.encode())


def test_brackets_in_texts_are_no_arrays() -> None:
    assert_same(f'{{"activation":"[","x":1,"dtype":"{LONG}]"}}'.encode())
    assert_same(f'{{"activation":"relu","x":1,"parameters":{{"a":[{LONG}]}}}}'.encode())


def test_short_and_odd_bodies_do_not() -> None:
    for body in (b'{"x":[1]}', b"[1]" + PADDING, b'{"x":[NaN]}' + PADDING, b'{"x":[1],"x":[2]}' + PADDING):
        assert read_object(body, Settings()) is None


def test_threads_and_failures_between_do_no_harm() -> None:
    good = json.dumps({"x": [0.5] * 300}).encode()
    seen: list[bool] = []

    def read() -> None:
        for _ in range(50):
            assert read_object(b'{"x":[1,true]}' + PADDING, Settings()) is None
            found = read_object(good, Settings())
            seen.append(found is not None and bool((found["x"] == 0.5).all()))

    threads = [Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [True] * 200


def test_the_numbers_of_one_list_are_taken_out() -> None:
    found = read_flat(b'{"activation":"relu","x":[1,-2.5e3 , 0.1],"seed":1}', Settings())
    assert found is not None
    assert found[0] == b'{"activation":"relu","x":[],"seed":1}'
    assert found[1].tolist() == [1.0, -2500.0, 0.1]


@pytest.mark.parametrize(
    "body",
    [b"", b"{}", b"[]", b'{"x":[]}', b"[1][2]", b"]1[", b'{"x":[[1]]}', b'{"x":[-0]}', b'{"x":[1,]}', b'{"x":["NaN"]}'],
)
def test_other_bodies_are_left_whole(body: bytes) -> None:
    assert read_flat(body, Settings()) is None
