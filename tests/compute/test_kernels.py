"""The accurate kernels: as right as the pieces that they stand in for, at every place of an array."""

from __future__ import annotations

import numpy as np
import pytest

from service.activations.model import WORK, Kernel
from tests.activations.cases import CASES, LARGEST, Case, Float64s
from tests.oracle.bars import Result, judge
from tests.oracle.formulas import truths

BOUNDARIES = (-1500.0, -708.0, -700.0, -39.0, -37.0, -6.5, -6.25, 6.25, 6.5, 9.0, 37.0, 355.0, 700.0, 708.0)
ZEROS = (-1.2784645427610738, -1.1924312145154952, -0.7517915246935645, -0.7524614221071014, -1.5)
SPECIAL = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 5e-324, -5e-324, LARGEST, -LARGEST, -745.0, 745.0, -1e5])


def kernel_of(case: Case) -> Kernel | None:
    return case.function.full(**case.parameters) if case.function.full else None


WITH_KERNEL = [case for case in CASES if kernel_of(case)]
every_kernel = pytest.mark.parametrize("case", WITH_KERNEL, ids=str)
every_order = pytest.mark.parametrize("order", [0, 1])


def results(case: Case, x: Float64s, order: int) -> Float64s:
    """What the kernel gives, in arrays that are full of other numbers."""
    kernel, out = kernel_of(case), np.full(x.shape, 7.0)
    assert kernel is not None
    work = tuple(np.full(x.shape, np.nan) for _ in range(WORK))
    with np.errstate(all="ignore"):
        (kernel.slope if order else kernel.value)(x, out, work)
    return out


def places(case: Case) -> Float64s:
    """Where inputs usually are, both tails, and both sides of every boundary between formulas and of every zero."""
    draw = np.random.default_rng(2)
    usual = [draw.uniform(-6.5, 6.5, 250), draw.normal(size=80), draw.uniform(-40.0, 40.0, 60)]
    tails = [draw.uniform(-745.2, -30.0, 60), draw.uniform(-716.0, -700.0, 20), draw.uniform(30.0, 745.2, 30)]
    spread = [sign * np.geomspace(1e-308, 700.0, 60) for sign in (-1, 1)]
    edges = np.array([*BOUNDARIES, *case.knots])
    sides = [np.nextafter(edges, -np.inf), np.array(BOUNDARIES), np.nextafter(edges, np.inf)]
    around = [zero + sign * np.exp2(-np.arange(1.0, 52.0, 2.5)) for zero in ZEROS for sign in (-1, 1)]
    return np.setdiff1d(np.concatenate([*usual, *tails, *spread, *sides, *around]), case.knots)


@every_kernel
@every_order
def test_kernels_clear_the_bars(case: Case, order: int) -> None:
    name, setting = ("gelu_tanh", {}) if "approximate" in case.setting else (case.name, case.setting)
    x = places(case)
    true = [truths(name, t, order, **setting)[order] for t in x.tolist()]
    found = zip(x.tolist(), results(case, x, order).tolist(), true, strict=True)
    verdict = judge([Result(*each) for each in found], order, "float64")
    assert verdict.passed, verdict


@every_kernel
def test_kernels_reach_their_limits_and_give_nan_for_nan(case: Case) -> None:
    x = np.array([-np.inf, np.inf, np.nan])
    assert np.array_equal(results(case, x, 0), [*case.facts.limits, np.nan], equal_nan=True)
    ends = case.derivative(np.array([-LARGEST, LARGEST]))
    assert np.array_equal(results(case, x, 1), [*ends, np.nan], equal_nan=True)


@every_kernel
def test_slopes_at_kinks_keep_the_convention(case: Case) -> None:
    for index, knot in enumerate(case.pieces.knots):
        left, right = (case.slope_at(knot.x, side) for side in ("left", "right"))
        expected = {"left": left, "right": right, "mean": (left + right) / 2, "zero": 0.0}[knot.convention[0]]
        assert results(case, np.array([knot.x]), 1)[0] == expected, index


@every_kernel
@every_order
def test_zero_keeps_the_sign_that_the_function_gives_it(case: Case, order: int) -> None:
    zeros = np.array([0.0, -0.0])
    found = results(case, zeros, order)
    assert found[0] == found[1]
    if case.name in {"relu", "relu6"}:
        assert not np.signbit(found).any()
    elif case.name in {"elu", "selu", "celu", "tanh", "leaky_relu", "prelu", "rrelu", "hard_swish"} and order == 0:
        assert np.array_equal(np.signbit(found), np.signbit(zeros))


@every_kernel
@every_order
def test_an_element_has_one_result_wherever_it_stands(case: Case, order: int) -> None:
    x = np.concatenate([places(case), SPECIAL])
    x = np.random.default_rng(3).permutation(x)
    whole = results(case, x, order)
    for size in (1, 3, 7, 16):
        parts = np.concatenate([results(case, x[start : start + size], order) for start in range(0, x.size, size)])
        assert np.array_equal(parts.view(np.int64)[~np.isnan(whole)], whole.view(np.int64)[~np.isnan(whole)])
    assert np.array_equal(np.isnan(whole), np.isnan(x))


@every_kernel
@every_order
def test_the_input_stays_as_it_is(case: Case, order: int) -> None:
    x = np.concatenate([places(case), SPECIAL])
    kept = x.copy()
    results(case, x, order)
    assert np.array_equal(x.view(np.int64), kept.view(np.int64))


@every_kernel
@every_order
def test_a_block_of_nothing_but_rare_numbers_is_right_too(case: Case, order: int) -> None:
    pieces = case.pieces.pieces[0]
    for x in (np.linspace(-745.0, -700.0, 50), np.linspace(-39.0, -7.0, 50)):
        expected = pieces.derivative(x, order) if order else pieces.value(x)
        assert results(case, x, order) == pytest.approx(expected, rel=2e-15, abs=2e-323)
