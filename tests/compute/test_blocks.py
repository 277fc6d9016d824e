"""Blocks, threads, given memory and dtypes: none of them changes a result."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import inf, nan
from pathlib import Path

import numpy as np
import pytest

from service.activations import lookup
from service.activations.model import Array, Block, Elementwise, Kernel
from service.compute import Accuracy, elementwise, evaluate, pullback
from service.compute.blocks import blockwise, cores, use_threads
from service.compute.bound import bound
from service.numerics.scratch import LARGEST as BLOCK

LONG = np.concatenate([np.random.default_rng(5).normal(0.0, 3.0, 2**20 + 12_345), [-inf, inf, nan, -0.0, 0.0]])


def _value(x: Block, out: Block, work: Sequence[Block]) -> None:
    out[...] = nan  # what a kernel must not do if it read x later from the same memory
    np.tanh(x, out=work[0])
    np.copyto(out, work[0])


def _slope(x: Block, out: Block, work: Sequence[Block]) -> None:
    _value(x, out, work)
    np.subtract(1.0, np.square(out), out=out)


def _function(name: str) -> Elementwise:
    function = lookup(name)
    assert isinstance(function, Elementwise)
    return function


QUICK = replace(_function("tanh"), fast=lambda: Kernel(_value, _slope))
PIECES = _function("softplus")


@pytest.fixture
def _one_thread_afterwards() -> Iterator[None]:
    yield
    use_threads(1)


def results(x: Array, dtype: str = "float64") -> list[Block]:
    given = x.astype(np.float32) if dtype == "float32" else x
    return [
        elementwise.value(QUICK, given, {}, dtype, accuracy="fast"),
        elementwise.derivative(QUICK, given, {}, dtype=dtype, accuracy="fast"),
        elementwise.value(PIECES, given, {"beta": 1.0}, dtype),
    ]


@pytest.mark.usefixtures("_one_thread_afterwards")
@pytest.mark.parametrize("dtype", ["float64", "float32", "float16"])
def test_the_number_of_threads_changes_nothing(dtype: str) -> None:
    alone = results(LONG, dtype)
    for threads in (2, 3):
        use_threads(threads)
        for one, many in zip(alone, results(LONG, dtype), strict=True):
            assert np.array_equal(one, many, equal_nan=True)


@pytest.mark.parametrize("size", [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK + 7])
def test_the_place_in_a_block_changes_nothing(size: int) -> None:
    whole = results(LONG[: size + 3])
    for all_of_them, later in zip(whole, results(LONG[3 : size + 3]), strict=True):
        assert np.array_equal(all_of_them[3:], later, equal_nan=True)


@pytest.mark.usefixtures("_one_thread_afterwards")
def test_an_error_in_a_thread_reaches_the_caller() -> None:
    def task(_: Block, __: Block, part: slice) -> None:
        if part.start > 0:
            raise OverflowError

    use_threads(2)
    with pytest.raises(OverflowError):
        blockwise(task, LONG, np.empty_like(LONG))


def test_a_forked_process_starts_threads_of_its_own() -> None:
    told = (
        "import os, numpy as np; from service.activations import lookup;"
        "from service.compute import evaluate, use_threads;"
        "use_threads(2); f = lambda: evaluate(lookup('relu'), np.ones(2**20), {}).sum(); f(); child = os.fork();"
        "print(f()) if child == 0 else os.waitpid(child, 0)"
    )
    command = [sys.executable, "-W", "ignore", "-c", told]
    printed = subprocess.run(command, capture_output=True, text=True, check=True, env=os.environ, timeout=60).stdout
    assert printed.strip() == str(2.0**20)


@pytest.mark.parametrize("function", [QUICK, PIECES], ids=["kernel", "pieces"])
def test_numbers_that_lie_askew_are_computed_alike(function: Elementwise) -> None:
    x, parameters = LONG[: 2 * BLOCK + 5], function.defaults()
    askew = np.frombuffer(b"." + x.tobytes(), offset=1)
    assert not askew.flags.aligned
    expected = elementwise.value(function, x, parameters, accuracy="fast")
    assert np.array_equal(elementwise.value(function, askew, parameters, accuracy="fast"), expected, equal_nan=True)


def test_what_is_fast_is_computed_in_the_dtype_of_the_argument() -> None:
    x = LONG[:1000]
    narrow = x.astype(np.float32)
    assert np.array_equal(evaluate(QUICK, x, {}, dtype="float32", accuracy="fast"), np.tanh(narrow))
    assert evaluate(QUICK, narrow, {}, accuracy="fast").dtype == np.float64
    assert np.array_equal(evaluate(QUICK, narrow, {}, accuracy="fast"), np.tanh(narrow.astype(np.float64)))


@pytest.mark.parametrize("accuracy", ["full", "fast"])
def test_float32_goes_in_and_out_as_float32(accuracy: Accuracy) -> None:
    x = LONG[:1000]
    for function in (QUICK, lookup("softmax")):
        given = function.defaults()
        found = evaluate(function, x.astype(np.float32), given, dtype="float32", accuracy=accuracy)
        assert found.dtype == np.float32
        assert np.array_equal(found, evaluate(function, x, given, dtype="float32", accuracy=accuracy))


@pytest.mark.parametrize("dtype", ["float64", "float32", "bfloat16"])
def test_a_fast_gradient_is_the_fast_slope_times_what_comes_from_above(dtype: str) -> None:
    x = evaluate(lookup("identity"), np.linspace(-3.0, 3.0, 25), {}, dtype=dtype)
    upstream = evaluate(lookup("identity"), np.linspace(1.0, 2.0, 25), {}, dtype=dtype)
    slope = elementwise.derivative(QUICK, x, {}, accuracy="fast")
    expected = evaluate(lookup("identity"), upstream * slope, {}, dtype=dtype)
    assert np.array_equal(pullback(QUICK, x, {}, upstream, dtype=dtype, accuracy="fast"), expected)


def test_settings_that_are_kept_tell_negative_zero_from_zero() -> None:
    function = _function("leaky_relu")
    zero, negative = (bound(function, {"negative_slope": slope}) for slope in (0.0, -0.0))
    assert zero is bound(function, {"negative_slope": 0.0})
    assert zero is not negative


@pytest.mark.parametrize(
    ("told", "expected"),
    [("150000 100000", 2), ("100000 100000", 1), ("5000 100000", 1), ("99900000 100000", 64), ("max 100000", 64)],
)
def test_a_container_has_no_more_cores_than_its_quota(
    told: str, expected: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    quota = tmp_path / "cpu.max"
    monkeypatch.setattr("service.compute.blocks.QUOTA", quota)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: range(64), raising=False)
    assert cores() == 64
    quota.write_text(told + "\n")
    assert cores() == expected
