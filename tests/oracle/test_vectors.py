"""The functions of a row, and their Jacobians, against mpmath's formulas and differentiation."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import mpmath
import pytest
from flint import arb, ctx
from mpmath import mp, mpf

from tests.oracle.formulas import jacobian_truth, vector_truth
from tests.oracle.vectors import VECTOR_FORMULAS

ROWS = [(0.3, -1.2, 2.5, 0.9), (0.1, 0.35, -0.2, 0.2), (-4.0, 3.0, 0.5, -0.25, 2.75, 1.5)]

Numbers = Sequence[mpf]
RowFunction = Callable[[Numbers], list[mpf]]


def softmax(row: Numbers) -> list[mpf]:
    return [1 / mpmath.fsum(mpmath.exp(b - a) for b in row) for a in row]


def sparsemax(row: Numbers) -> list[mpf]:
    """The projection onto the simplex, its threshold by bisection."""
    low, high = min(row) - 1, max(row)
    for _ in range(250):
        middle = (low + high) / 2
        total = mpmath.fsum(max(x - middle, 0) for x in row)
        low, high = (middle, high) if total > 1 else (low, middle)
    return [max(x - low, mpf(0)) for x in row]


def standardize(row: Numbers, epsilon: float) -> list[mpf]:
    mean = mpmath.fsum(row) / len(row)
    variance = mpmath.fsum(x * x for x in row) / len(row) - mean**2
    return [(x - mean) / mpmath.sqrt(variance + mpf(epsilon)) for x in row]


def gated(row: Numbers, product: Callable[[mpf, mpf], mpf]) -> list[mpf]:
    middle = len(row) // 2
    return [product(a, b) for a, b in zip(row[:middle], row[middle:], strict=True)]


def sigmoid(x: mpf) -> mpf:
    return (1 + mpmath.tanh(x / 2)) / 2


def logsumexp(row: Numbers) -> mpf:
    return max(row) + mpmath.log(mpmath.fsum(mpmath.exp(x - max(row)) for x in row))


REFERENCES: dict[str, tuple[dict[str, float], RowFunction]] = {
    "softmax": ({}, softmax),
    "log_softmax": ({}, lambda row: [mpmath.log(y) for y in softmax(row)]),
    "softmin": ({}, lambda row: softmax([-x for x in row])),
    "gumbel_softmax": ({"tau": 0.3}, lambda row: softmax([x / mpf(0.3) for x in row])),
    "sparsemax": ({}, sparsemax),
    "hardmax": ({}, lambda row: [mpf(x == max(row)) for x in row]),
    "standardize": ({"epsilon": 1e-3}, lambda row: standardize(row, 1e-3)),
    "glu": ({}, lambda row: gated(row, lambda a, b: a * sigmoid(b))),
    "swiglu": ({"alpha": 1.702}, lambda row: gated(row, lambda a, b: a * b * sigmoid(mpf(1.702) * a))),
    "geglu": ({}, lambda row: gated(row, lambda a, b: a * b * mpmath.ncdf(b))),
    "logsumexp": ({}, lambda row: [logsumexp(row)]),
    "logmeanexp": ({}, lambda row: [logsumexp(row) - mpmath.log(len(row))]),
    "maxout": ({}, lambda row: [max(row)]),
}


@pytest.fixture(autouse=True)
def _fifty_digits() -> Iterator[None]:
    with mpmath.workdps(50):
        yield


def assert_agrees(balls: Sequence[arb], references: Numbers) -> None:
    with ctx.workprec(200):
        for ball, reference in zip(balls, references, strict=True):
            assert abs(ball - arb(mpf(reference))) < (1 + abs(ball)) * arb("1e-35")


def partial(function: RowFunction, row: Sequence[float], i: int, j: int) -> mpf:
    """∂y_i/∂x_j by mpmath."""
    return mp.diff(lambda t: function([t if k == j else mpf(x) for k, x in enumerate(row)])[i], mpf(row[j]))


def test_every_function_has_a_reference() -> None:
    assert REFERENCES.keys() == VECTOR_FORMULAS.keys()


@pytest.mark.parametrize("row", ROWS)
@pytest.mark.parametrize("name", REFERENCES)
def test_values_are_those_of_mpmath(name: str, row: Sequence[float]) -> None:
    parameters, reference = REFERENCES[name]
    assert_agrees(vector_truth(name, row, **parameters), reference([mpf(x) for x in row]))


@pytest.mark.parametrize("row", ROWS)
@pytest.mark.parametrize("name", sorted(REFERENCES.keys() - {"hardmax", "sparsemax"}))
def test_jacobians_are_those_of_mpmath(name: str, row: Sequence[float]) -> None:
    parameters, reference = REFERENCES[name]
    for i, entries in enumerate(jacobian_truth(name, row, **parameters)):
        assert_agrees(entries, [partial(reference, row, i, j) for j in range(len(row))])


def test_the_jacobian_of_a_projection_spreads_over_its_support() -> None:
    assert jacobian_truth("sparsemax", [1.0, 0.5, -3.0]) == [[0.5, -0.5, 0], [-0.5, 0.5, 0], [0, 0, 0]]
    assert jacobian_truth("hardmax", [1.0, 1.0]) == [[0, 0], [0, 0]]


def test_ties_go_to_the_first_maximum() -> None:
    assert vector_truth("hardmax", [1.0, 2.0, 2.0]) == [0, 1, 0]
    assert jacobian_truth("maxout", [1.0, 2.0, 2.0]) == [[0, 1, 0]]


def test_a_share_far_below_the_others_keeps_its_digits() -> None:
    small, large = vector_truth("softmax", [-700.0, 0.0])
    assert abs(small / arb(-700).exp() - 1) < 1e-14
    assert large < 1
