"""Strict JSON."""

import gc
import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.errors import InvalidInput, LimitExceeded, Malformed, TooDeep
from service.wire.json import MAX_CONTAINERS, collection_paused, loads

DEPTH = 64
JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(), inner, max_size=5),
)


@given(JSON_VALUES)
def test_what_json_writes_is_read_back(value: object) -> None:
    read = loads(json.dumps(value).encode(), DEPTH)
    assert json.dumps(read) == json.dumps(value)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        (b"0.1", 0.1),
        (b"1e-400", 0.0),
        (b"5e-324", 5e-324),
        (b"2.4703282292062327208e-324", 0.0),
        (b"2.4703282292062328e-324", 5e-324),
        (b"1.7976931348623157e308", 1.7976931348623157e308),
        (b"18446744073709551616", 2.0**64),
        (b"-9223372036854775809", -(2.0**63)),
        (b"9" * 308, 1e308),
        (b"1" + b"0" * 300, 1e300),
        (b"0." + b"0" * 300 + b"1", 1e-301),
    ],
)
def test_a_number_is_rounded_to_the_nearest_float(text: bytes, number: float) -> None:
    assert float(loads(text, DEPTH)) == number


@given(st.integers(min_value=-(10**308), max_value=10**308))
def test_integers_of_any_length_are_rounded_correctly(number: int) -> None:
    assert float(loads(str(number).encode(), DEPTH)) == float(number)


@pytest.mark.parametrize("text", [b"-0", b"[-0]", b"[1,-0,2]", b'{"a":-0}', b"-0.0", b" -0 ", b"-0e5", b'["-0",-0]'])
def test_negative_zero_keeps_its_sign(text: bytes) -> None:
    value = loads(text, DEPTH)
    numbers = value.values() if isinstance(value, dict) else value if isinstance(value, list) else [value]
    assert [number for number in numbers if number == 0 and math.copysign(1, number) == -1]


@pytest.mark.parametrize("text", ['"-0"', '"\\"-0"', '["-0]"]', '{"-0": "-0 "}', "[1e-0]", "[1.5E-0]"])
def test_what_only_looks_like_negative_zero_is_left_alone(text: str) -> None:
    assert loads(text.encode(), DEPTH) == json.loads(text)


def test_of_duplicate_keys_the_last_wins() -> None:
    assert loads(b'{"a":1,"b":2,"a":3}', DEPTH) == {"a": 3, "b": 2}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"  ",
        b"NaN",
        b"[Infinity]",
        b"-Infinity",
        b"nul",
        b"[1,]",
        b"{'a':1}",
        b"[1]x",
        b"[1][2]",
        b"01",
        b"-01",
        b"1-0",
        b"+1",
        b".5",
        b"0x10",
        b"\xef\xbb\xbf1",
        b"\xff\xfe1\x00",
        b'"\xff"',
        b'"\xed\xa0\x80"',
        b'"\\ud800"',
        b'"\\udc00a"',
        b'"a\nb"',
        b"// x\n1",
        b"[1e999,",
        b"[1e999,NaN]",
        b'{"a":1e999',
    ],
)
def test_what_is_not_json_is_refused(body: bytes) -> None:
    with pytest.raises(Malformed, match="The body is not JSON"):
        loads(body, DEPTH)


@pytest.mark.parametrize(
    ("body", "paths"),
    [
        (b"1e999", [()]),
        (b"[0,-1e999]", [(1,)]),
        (b'{"x":[[1],[1e400]],"y":1e309}', [("x", 1, 0)]),
        ('{"é[\\"":"]","x":[["é"],{"a":[1, -1.5E+400, 2]}],"y":1e309}'.encode(), [("x", 1, "a", 1)]),
        (b'{"x":1,"y":[2],"x":1e309,"z":[3]}', [("x",)]),
        (b'[{"x":"\\u0000"},{"x":[[],[],{}, 1e309 ]}]', [(1, "x", 3)]),
        (b'{"x":' + b"1" * 400 + b"}", [("x",)]),
        (b"[" + b",".join([b"1e999"] * 100) + b"]", [(0,)]),
    ],
)
def test_numbers_beyond_float64_are_blamed(body: bytes, paths: list[tuple[str | int, ...]]) -> None:
    with pytest.raises(InvalidInput) as caught:
        loads(body, DEPTH)
    assert [fault.path for fault in caught.value.faults] == paths


@pytest.mark.parametrize("depth", [1, 2, 64, 200])
@pytest.mark.parametrize(("opening", "closing"), [(b"[", b"]"), (b'{"a":', b"}")])
def test_nesting_is_allowed_up_to_the_limit(depth: int, opening: bytes, closing: bytes) -> None:
    body = opening * depth + b"1" + closing * depth
    assert loads(body, depth) is not None
    with pytest.raises(TooDeep, match=str(depth - 1)):
        loads(body, depth - 1)


@pytest.mark.parametrize(
    "body", [b"[" * 100_000, b'{"":' * 100_000, b"[" * 3_000_000 + b"]" * 3_000_000, b'["\\"",' + b"[" * 200]
)
def test_hopeless_nesting_is_refused_without_parsing(body: bytes) -> None:
    with pytest.raises(TooDeep):
        loads(body, DEPTH)


@pytest.mark.parametrize(
    "body",
    [
        b'"' + b"[" * 500 + b'"',
        b'["' + b"{[" * 500 + b'","\\"' + b"[" * 500 + b'"]',
        b'["\\\\","' + b"[" * 500 + b'"]',
        b"[" + b"[1]," * 2_000_000 + b"[1]]",
    ],
)
def test_brackets_in_strings_and_side_by_side_are_not_nesting(body: bytes) -> None:
    assert loads(body, 3) is not None


@pytest.mark.parametrize("piece", [b"[],", b'{"a":1},', b'[[[[]]]],{"a":[]},', b'["\\\\\\"",{}],'])
@pytest.mark.parametrize("last", [b"1", b"1e999", b"}"])
def test_too_many_arrays_and_objects_are_refused_without_parsing(piece: bytes, last: bytes) -> None:
    with pytest.raises(LimitExceeded, match=str(MAX_CONTAINERS)):
        loads(b"[" + piece * MAX_CONTAINERS + last + b"]", DEPTH, 2**30, 2**30)


def test_objects_may_have_as_many_members_as_allowed() -> None:
    body = b'{"a": [{"b": 1}, {"c": "::"}]}'
    assert loads(body, DEPTH, 5) == {"a": [{"b": 1}, {"c": "::"}]}
    with pytest.raises(LimitExceeded, match="more than 4 members"):
        loads(body, DEPTH, 4)
    assert loads(b"[1]", DEPTH, 1) == [1]
    assert loads(b'"::"', DEPTH, 2) == "::"
    with pytest.raises(LimitExceeded, match="more than 1 members"):
        loads(b'{"a":1,"b":1}', 2, 1)


@given(st.lists(st.sampled_from(["-0", "1e-0", '"-0"', r'"\\"', r'"\"-0\\"', "-0.5", "[-0]", '{"-0":-0}'])))
def test_only_the_zeros_that_are_numbers_are_signed(items: list[str]) -> None:
    whole = "[" + ",".join("-0.0" if item == "-0" else item for item in items) + "]"
    expected = json.loads(whole.replace("[-0]", "[-0.0]").replace(":-0}", ":-0.0}"))
    assert repr(loads(("[" + ",".join(items) + "]").encode(), DEPTH)) == repr(expected)


def test_the_collector_runs_again_after_the_last_pause() -> None:
    with collection_paused():
        with collection_paused():
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    try:
        value = loads(body, 3)
    except (Malformed, InvalidInput):
        return
    assert json.loads(body) is not None or value is None


def test_what_is_not_utf8_is_told_in_plain_words() -> None:
    with pytest.raises(Malformed, match=r"^The body is not JSON: it is not in UTF-8\.$"):
        loads(b'{"a":"\xff"}', DEPTH)
