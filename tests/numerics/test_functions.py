"""Jets, the logistic function, the normal distribution and expectations over it, against ball arithmetic."""

from __future__ import annotations

from collections.abc import Callable
from math import inf, pi, sqrt

import numpy as np
import pytest
from flint import arb, arb_series, ctx
from numpy.typing import NDArray

from service.numerics.double_double import DD
from service.numerics.jets import Jet
from service.numerics.logistic import bounded, sigmoid, sigmoid_jet, sigmoid_slope, softplus_jet, tanh_jet
from service.numerics.normal import density, mills_ratio
from service.numerics.quadrature import normal_expectation
from tests.oracle.formulas import truths

Float64s = NDArray[np.float64]

X = np.array([-740.0, -300.5, -36.7, -2.1, -0.3, -1e-12, 1e-12, 0.4, 1.9, 17.3, 39.0, 650.0])


def value(x: DD) -> list[arb]:
    with ctx.workprec(400):
        return [arb(float(hi)) + arb(float(lo)) for hi, lo in zip(x.hi, x.lo, strict=True)]


@pytest.mark.parametrize(
    ("jet", "name", "x"),
    [(sigmoid_jet, "sigmoid", X), (softplus_jet, "softplus", X), (tanh_jet, "tanh", X / 2)],
)
@pytest.mark.parametrize("order", range(5))
def test_jets_hold_all_derivatives_to_ninety_bits(
    jet: Callable[[DD, int], Jet], name: str, x: Float64s, order: int
) -> None:
    found = jet(DD.of(x), order)
    scales = np.broadcast_to(found.scale, x.shape)
    assert len(found.orders) == order + 1
    for index, t in enumerate(x.tolist()):
        true = truths(name, t, order)[order]
        with ctx.workprec(400):
            scaled = true * arb(2) ** int(scales[index])
            assert abs(value(found.orders[order])[index] / scaled - 1) < 2.0**-88, t


def test_jets_are_composed_multiplied_and_stretched_by_the_rules_of_calculus() -> None:
    """For f(3x)·x and f(x³), against the Taylor series of σ in ball arithmetic."""
    t = 0.7
    cases = [
        (sigmoid_jet(DD.of(np.array([3 * t])), 4).stretched(3.0).times_variable(DD.of(np.array([t]))), _stretched),
        (sigmoid_jet(DD.of(np.array([t])) * t * t, 4).composed(_cube(t)), _cubed),
        (-(sigmoid_jet(DD.of(np.array([t])), 4) * 2.0), _doubled),
    ]
    for jet, series in cases:
        with ctx.workprec(400):
            true = series(arb_series([arb(t), 1], 5))
            for order, factor in enumerate([1, 1, 2, 6, 24]):
                found = value(jet.orders[order])[0]
                assert abs(found - true[order] * factor) <= 1e-15 * (1 + abs(true[order] * factor))


def _logistic(x: arb_series) -> arb_series:
    return 1 / (1 + (-x).exp())


def _stretched(x: arb_series) -> arb_series:
    return x * _logistic(3 * x)


def _cubed(x: arb_series) -> arb_series:
    return _logistic(x * x * x)


def _doubled(x: arb_series) -> arb_series:
    return -2 * _logistic(x)


def _cube(t: float) -> tuple[DD, ...]:
    return tuple(DD.of(np.array([d])) for d in (3 * t * t, 6 * t, 6.0, 0.0))


def test_the_logistic_function_and_its_slope_are_right_in_plain_doubles() -> None:
    for x, y, slope in zip(X.tolist(), sigmoid(X).tolist(), sigmoid_slope(X).tolist(), strict=True):
        true = [float(ball) for ball in truths("sigmoid", x, 1)]
        if abs(x) < 700:
            assert (y, slope) == pytest.approx(tuple(true), rel=1e-15, abs=0)
    assert bounded(np.array([-inf, -2000.0, 3.0, inf])).tolist() == [-1500.0, -1500.0, 3.0, 1500.0]


def test_the_normal_density_and_tail_keep_their_digits_as_far_as_they_go() -> None:
    t = np.concatenate([np.linspace(0.0, 38.0, 400), [1e-300, 1 / 32, 3.0, 39.99]])
    scale = np.full(t.shape, 512.0)
    densities, ratios = density(t, scale), mills_ratio(t)
    tails = densities * ratios
    with ctx.workprec(400):
        for i, x in enumerate(t.tolist()):
            tail = (arb(x) / arb(2).sqrt()).erfc() / 2
            phi = (-(arb(x) ** 2) / 2).exp() / (2 * arb.pi()).sqrt()
            for found, true, bits in (
                (tails, tail * arb(2) ** 512, 60),
                (densities, phi * arb(2) ** 512, 94),
                (ratios, tail / phi, 60),
            ):
                assert abs(value(found)[i] / true - 1) < 2.0**-bits, x


@pytest.mark.parametrize(
    ("f", "kinks", "expected"),
    [
        (np.ones_like, [], 1.0),
        (np.square, [], 1.0),
        (lambda z: z**8, [], 105.0),
        (np.abs, [0.0], sqrt(2 / pi)),
        (lambda z: np.maximum(z, 0.0) ** 2, [0.0], 0.5),
        (lambda z: np.where(z > 1.96, 1.0, 0.0), [1.96], 0.024997895148220435),
        (np.cos, [], 0.6065306597126334),
        (lambda z: np.exp(-z * z), [], 0.5773502691896258),
        (lambda z: np.maximum(z, 20.0), [20.0, 1e9], 20.0),
    ],
)
def test_expectations_are_exact_to_rounding_also_with_kinks(
    f: Callable[[Float64s], Float64s], kinks: list[float], expected: float
) -> None:
    assert normal_expectation(f, kinks) == pytest.approx(expected, rel=4e-15)
