"""The textbook definition of every elementwise function, and its true value and derivatives at a point.

A definition is evaluated on the Taylor series x + h in ball arithmetic, which gives f, f', f'', … at once without
anybody deriving anything. Parameters mean the exact value of their float64, but the slope of hard_sigmoid, whose
float64 nearest to 1/6 means 1/6. Constants written in decimals (0.044715) mean that decimal.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from types import SimpleNamespace
from typing import Literal

from flint import arb, arb_series, fmpq

from tests.oracle.balls import enclose, exact, starting_bits
from tests.oracle.vectors import jacobian_truth, vector_truth

__all__ = ["jacobian_truth", "knots", "parameter_truth", "truth", "truths", "vector_truth"]

Side = Literal["left", "right"]
Piece = Callable[[arb_series, SimpleNamespace], arb_series]
Knots = tuple[tuple[Fraction | int, Side], ...]


@dataclass(frozen=True)
class Formula:
    """A definition by pieces.

    Attributes
    ----------
    pieces
        From left to right, each a function of the series x and the parameters.
    knots
        Where one piece ends and the next begins, with the side whose piece gives the value there.
    defaults
        The parameters; None is no bound.
    domain
        The open interval of definition.
    """

    pieces: tuple[Piece, ...]
    knots: Callable[[SimpleNamespace], Knots]
    defaults: Mapping[str, float | None] = field(default_factory=dict)
    domain: tuple[float, float] = (-math.inf, math.inf)


def _smooth(piece: Piece, domain: tuple[float, float] = (-math.inf, math.inf), **defaults: float) -> Formula:
    return Formula((piece,), lambda _: (), defaults, domain)


def _pieces(*pieces: Piece, knots: Callable[[SimpleNamespace], Knots], **defaults: float | None) -> Formula:
    return Formula(pieces, knots, defaults)


def _at(*knots: int) -> Callable[[SimpleNamespace], Knots]:
    return lambda _: tuple((knot, "left") for knot in knots)


def _constant(value: int) -> Piece:
    return lambda x, _: value + 0 * x


def _tanh(x: arb_series) -> arb_series:
    return (x.exp() - (-x).exp()) / (x.exp() + (-x).exp())


def _normal_cdf(x: arb_series) -> arb_series:
    return (-x / arb(2).sqrt()).erfc() / 2


def _tanh_argument(x: arb_series) -> arb_series:
    return (2 / arb.pi()).sqrt() * (x + x * x * x * arb(fmpq(44715, 1_000_000)))


_zero, _one, _identity = _constant(0), _constant(1), lambda x, _: x

FORMULAS: dict[str, Formula] = {
    "identity": _smooth(_identity),
    "step": _pieces(_zero, _one, knots=_at(0)),
    "sign": _pieces(_constant(-1), _zero, _one, knots=lambda _: ((0, "right"), (0, "left"))),
    "abs": _pieces(lambda x, _: -x, _identity, knots=_at(0)),
    "relu": _pieces(_zero, _identity, knots=_at(0)),
    "relu6": _pieces(_zero, _identity, _constant(6), knots=_at(0, 6)),
    "leaky_relu": _pieces(lambda x, p: p.negative_slope * x, _identity, knots=_at(0), negative_slope=0.01),
    "prelu": _pieces(lambda x, p: p.weight * x, _identity, knots=_at(0), weight=0.25),
    "rrelu": _pieces(lambda x, p: (p.lower + p.upper) / 2 * x, _identity, knots=_at(0), lower=1 / 8, upper=1 / 3),
    "generalized_relu": _pieces(
        lambda x, p: p.negative_slope * (x - p.threshold),
        _identity,
        lambda x, p: p.max_value + 0 * x,
        knots=lambda p: ((p.threshold, "left"),) + (() if p.max_value is None else ((p.max_value, "right"),)),
        negative_slope=0.0,
        max_value=None,
        threshold=0.0,
    ),
    "elu": _pieces(lambda x, p: p.alpha * (x.exp() - 1), _identity, knots=_at(0), alpha=1.0),
    "celu": _pieces(lambda x, p: p.alpha * ((x / p.alpha).exp() - 1), _identity, knots=_at(0), alpha=1.0),
    "selu": _pieces(
        lambda x, p: p.scale * p.alpha * (x.exp() - 1),
        lambda x, p: p.scale * x,
        knots=_at(0),
        alpha=1.6732632423543772,
        scale=1.0507009873554805,
    ),
    "gelu": _smooth(lambda x, _: x * _normal_cdf(x)),
    "gelu_tanh": _smooth(lambda x, _: x / (1 + (-2 * _tanh_argument(x)).exp())),
    "silu": _smooth(lambda x, p: x / (1 + (-p.beta * x).exp()), beta=1.0),
    "mish": _smooth(lambda x, _: x * ((1 + x.exp()) ** 2 - 1) / ((1 + x.exp()) ** 2 + 1)),
    "softplus": _smooth(lambda x, p: (1 + (p.beta * x).exp()).log() / p.beta, beta=1.0),
    "squareplus": _smooth(lambda x, p: (x + (x * x + p.b).sqrt()) / 2, b=4.0),
    "sparse_plus": _pieces(_zero, lambda x, _: (x + 1) * (x + 1) / 4, _identity, knots=_at(-1, 1)),
    "sigmoid": _smooth(lambda x, _: 1 / (1 + (-x).exp())),
    "log_sigmoid": _smooth(lambda x, _: -(1 + (-x).exp()).log()),
    "hard_sigmoid": _pieces(
        _zero,
        lambda x, p: p.six_slopes * x / 6 + p.offset,
        _one,
        knots=lambda p: ((-p.offset / p.slope, "left"), ((1 - p.offset) / p.slope, "left")),
        slope=1 / 6,
        offset=0.5,
    ),
    "sparse_sigmoid": _pieces(_zero, lambda x, _: (x + 1) / 2, _one, knots=_at(-1, 1)),
    "tanh": _smooth(lambda x, _: _tanh(x)),
    "scaled_tanh": _smooth(lambda x, p: p.alpha * _tanh(p.beta * x), alpha=1.7159, beta=2 / 3),
    "tanh_shrink": _smooth(lambda x, _: x - _tanh(x)),
    "affine": _smooth(lambda x, p: p.alpha * x + p.beta, alpha=2.0, beta=1.0),
    "hard_tanh": _pieces(
        lambda x, p: p.min_val + 0 * x,
        _identity,
        lambda x, p: p.max_val + 0 * x,
        knots=lambda p: ((p.min_val, "left"), (p.max_val, "left")),
        min_val=-1.0,
        max_val=1.0,
    ),
    "clip": _pieces(
        lambda x, p: p.lo + 0 * x,
        _identity,
        lambda x, p: p.hi + 0 * x,
        knots=lambda p: ((p.lo, "left"), (p.hi, "left")),
        lo=-2.0,
        hi=3.0,
    ),
    "soft_shrink": _pieces(
        lambda x, p: x + p.lambd,
        _zero,
        lambda x, p: x - p.lambd,
        knots=lambda p: ((-p.lambd, "right"), (p.lambd, "left")),
        lambd=0.5,
    ),
    "hard_shrink": _pieces(
        _identity, _zero, _identity, knots=lambda p: ((-p.lambd, "right"), (p.lambd, "left")), lambd=0.5
    ),
    "shrink": _pieces(
        lambda x, p: x + p.bias,
        _zero,
        lambda x, p: x - p.bias,
        knots=lambda p: ((-p.lambd, "right"), (p.lambd, "left")),
        lambd=0.5,
        bias=0.0,
    ),
    "threshold": _pieces(
        lambda x, p: p.value + 0 * x, _identity, knots=lambda p: ((p.threshold, "left"),), threshold=1.0, value=-2.0
    ),
    "thresholded_relu": _pieces(_zero, _identity, knots=lambda p: ((p.alpha, "left"),), alpha=1.0),
    "softsign": _pieces(lambda x, _: x / (1 - x), lambda x, _: x / (1 + x), knots=_at(0)),
    "hard_swish": _pieces(_zero, lambda x, _: x * (x + 3) / 6, _identity, knots=_at(-3, 3)),
    "exponential": _smooth(lambda x, _: x.exp()),
    "logcosh": _smooth(lambda x, _: ((x.exp() + (-x).exp()) / 2).log()),
    "lisht": _smooth(lambda x, _: x * _tanh(x)),
    "erf": _smooth(lambda x, _: x.erf()),
    "sin": _smooth(lambda x, _: x.sin()),
    "atan": _smooth(lambda x, _: x.atan()),
    "log1mexp": _smooth(lambda x, _: (1 - (-x).exp()).log(), domain=(0.0, math.inf)),
}


def defaults(name: str) -> dict[str, float | None]:
    """The parameters of a function and their defaults."""
    return dict(FORMULAS[name].defaults)


def domain(name: str) -> tuple[float, float]:
    """The open interval where a function is defined."""
    return FORMULAS[name].domain


def knots(name: str, **parameters: float | None) -> list[Fraction]:
    """Where the pieces of a function meet: its kinks, jumps and breaks of higher derivatives, from left to right."""
    return sorted({Fraction(knot) for knot, _ in FORMULAS[name].knots(_fractions(name, parameters))})


def segments(name: str, **parameters: float | None) -> list[tuple[int, float, float]]:
    """The index of each piece and the open interval where it is in force."""
    lower, upper = domain(name)
    ends = [lower, *(float(knot) for knot, _ in FORMULAS[name].knots(_fractions(name, parameters))), upper]
    return [(i, a, b) for i, (a, b) in enumerate(pairwise(ends))]


def truth(name: str, x: float, order: int, *, side: Side = "left", **parameters: float | None) -> arb:
    """The true f^(order)(x), as a ball of relative radius below 2^-150.

    Parameters
    ----------
    name
        A key of `FORMULAS`.
    x
        The point, exactly this float64.
    order
        0 for the value.
    side
        The piece whose derivative to take at a knot; the value there is always the definition's.
    **parameters
        Those that differ from the defaults.

    Raises
    ------
    ValueError
        If x lies outside the domain.
    PrecisionExhaustedError
        If the value cannot be settled.
    """
    return truths(name, x, order, side=side, **parameters)[order]


def truths(name: str, x: float, order: int, *, side: Side = "left", **parameters: float | None) -> list[arb]:
    """The true f(x), f'(x), … f^(order)(x), at the price of one; see `truth`."""
    lower, upper = domain(name)
    if not lower < x < upper:
        raise ValueError(f"{name} is not defined at {x}")
    owner, sided = (_piece_index(name, x, s, parameters) for s in (None, side))
    values = piece_truths(name, owner, arb(x), order, **parameters)
    if sided == owner:
        return values
    return [values[0], *piece_truths(name, sided, arb(x), order, **parameters)[1:]]


def piece_truths(name: str, index: int, x: arb, order: int, **parameters: float | None) -> list[arb]:
    """The true derivatives 0 to `order` of one piece at an exact ball x, wherever the piece is in force."""
    piece = FORMULAS[name].pieces[index]
    exact_parameters = _fractions(name, parameters)

    def expression() -> list[arb]:
        series = piece(arb_series([x, 1], order + 1), _balls(exact_parameters))
        return [series[k] * math.factorial(k) for k in range(order + 1)]

    return enclose(expression, starting_bits(float(x)))


def parameter_truth(name: str, parameter: str, x: float, *, side: Side = "left", **parameters: float | None) -> arb:
    """The true derivative of f(x) with respect to a parameter, of the piece on `side` if x is a knot."""
    piece = FORMULAS[name].pieces[_piece_index(name, x, side, parameters)]
    exact_parameters = _fractions(name, parameters)

    def expression() -> list[arb]:
        balls = _balls(exact_parameters, variable=parameter)
        return [piece(arb_series([arb(x)], 2), balls)[1]]

    return enclose(expression, starting_bits(x))[0]


def _piece_index(name: str, x: float, side: Side | None, parameters: Mapping[str, float | None]) -> int:
    """The number of knots x has passed.

    Without a side it is for the value: a knot belongs to the piece that gives the value there. With one it is for a
    derivative, where the float64 nearest to a knot counts as the knot.
    """
    passed = 0
    for knot, owner in FORMULAS[name].knots(_fractions(name, parameters)):
        place, point = (knot, Fraction(x)) if side is None else (float(knot), x)
        passed += point > place or (point == place and (side or owner) == "right")
    return passed


def _fractions(name: str, parameters: Mapping[str, float | None]) -> SimpleNamespace:
    settings = defaults(name) | dict(parameters)
    if settings.keys() != FORMULAS[name].defaults.keys():
        raise TypeError(f"{name} has the parameters {sorted(FORMULAS[name].defaults)}, not {sorted(parameters)}")
    values = {key: None if v is None or math.isinf(v) else Fraction(v) for key, v in settings.items()}
    if settings.get("slope") == 1 / 6:
        values["slope"] = Fraction(1, 6)
    return SimpleNamespace(**values)


def _balls(parameters: SimpleNamespace, variable: str | None = None) -> SimpleNamespace:
    """The parameters as balls, the variable one as a series; the slope as six slopes, for a sixth is no exact ball."""
    lifted = SimpleNamespace()
    for key, value in vars(parameters).items():
        name, factor = ("six_slopes", 6) if key == "slope" else (key, 1)
        if value is not None:
            ball = exact(value * factor)
            setattr(lifted, name, arb_series([ball, factor], 2) if key == variable else ball)
    return lifted
