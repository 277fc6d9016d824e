"""What the catalogue publishes of a function: the facts it declares, and those that follow from its pieces."""

from dataclasses import dataclass
from functools import cache
from math import inf
from typing import TypedDict

import numpy as np

from service.activations.model import (
    Activation,
    AlongAxis,
    Elementwise,
    Formula,
    Parameter,
    Parameters,
    Pieces,
    Place,
    Reference,
)
from service.compute import elementwise
from service.compute.costs import RelativeCost, relative_cost
from service.compute.piecewise import breaking_order, sides
from service.compute.problems import Problem, problems_of
from service.numerics.quadrature import normal_expectation

_SMOOTHNESS = ("discontinuous", "C0", "C1", "C2", "Cinf", "Cinf")  # by the order of derivative that breaks first


@dataclass(frozen=True)
class Kink:
    """Where the slope changes at once: the one-sided slopes, and what counts as the derivative."""

    x: float
    left: float
    right: float
    convention: float


@dataclass(frozen=True)
class Jump:
    """Where the value changes at once: its one-sided limits, and what it is."""

    x: float
    left: float
    at: float
    right: float


@dataclass(frozen=True)
class Range:
    """The infimum and supremum of the values."""

    lower: float
    upper: float


@dataclass(frozen=True)
class Limits:
    """What the values tend to; None where there is no limit."""

    minus_infinity: float | None
    plus_infinity: float | None


@dataclass(frozen=True)
class Extreme:
    """An extreme of the derivative and where it is: a number, an interval, ±inf, or None (nowhere)."""

    value: float
    at: Place


@dataclass(frozen=True)
class DerivativeExtrema:
    """The infimum and supremum of the derivative."""

    minimum: Extreme
    maximum: Extreme


@dataclass(frozen=True)
class Gains:
    """1/√E f(z)² and 1/√E f′(z)² for z ~ N(0, 1): the weight scales that keep signals and gradients in size.

    None where the expectation is zero or does not exist.
    """

    forward: float | None
    backward: float | None


@dataclass(frozen=True)
class Shapes:
    """What goes in and what comes out."""

    input: str
    output: str


@dataclass(frozen=True)
class Aliases:
    """The names of the function in the frameworks."""

    pytorch: tuple[str, ...]
    jax: tuple[str, ...]
    keras: tuple[str, ...]
    onnx: tuple[str, ...]
    other: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Description:
    """The descriptor of GET /activations/{name}; facts are those at the default parameters."""

    name: str
    aliases: Aliases
    family: str
    kind: str
    stochastic: bool
    shapes: Shapes
    formula: Formula
    derivative: Formula
    parameters: tuple[Parameter, ...]
    kinks: tuple[Kink, ...] = ()
    jumps: tuple[Jump, ...] = ()
    range: Range
    limits: Limits | None = None
    monotonic: bool | None = None
    zero_centered: bool
    smoothness: str
    derivative_extrema: DerivativeExtrema | None = None
    lipschitz: float
    gains: Gains | None = None
    relative_cost: RelativeCost | None = None
    problems: tuple[Problem, ...]
    reference: Reference


@cache
def describe(function: Activation) -> Description:
    """All that is published of a function, at its default parameters."""
    return describe_at(function, function.defaults())


def describe_at(function: Activation, parameters: Parameters) -> Description:
    """All that is published of a function, at these parameters."""
    if isinstance(function, Elementwise):
        return _describe_elementwise(function, parameters)
    if isinstance(function, AlongAxis):
        return _describe_along_axis(function)
    raise TypeError(f"no description for {type(function).__name__}")


def _describe_elementwise(function: Elementwise, parameters: Parameters) -> Description:
    pieces, facts = function.pieces(**parameters), function.facts(**parameters)
    lowest, highest = facts.slope
    breaks = [breaking_order(pieces, index) for index in range(len(pieces.knots))]
    return Description(
        **_common(function, parameters),
        shapes=Shapes("any shape", "the shape of x"),
        kinks=tuple(_kink(function, parameters, pieces, index) for index, order in enumerate(breaks) if order == 1),
        jumps=tuple(_jump(function, parameters, pieces, index) for index, order in enumerate(breaks) if order == 0),
        range=Range(*facts.range),
        limits=Limits(*(None if np.isnan(limit) else limit for limit in facts.limits)),
        monotonic=facts.monotonic,
        zero_centered=facts.zero_centered,
        smoothness=_SMOOTHNESS[min(breaks, default=5)],
        derivative_extrema=DerivativeExtrema(Extreme(lowest.value, lowest.at), Extreme(highest.value, highest.at)),
        lipschitz=lipschitz(function, parameters),
        gains=_gains(function, parameters, pieces),
    )


def _describe_along_axis(function: AlongAxis) -> Description:
    return Description(
        **_common(function, function.defaults()),
        shapes=Shapes(*function.shapes),
        range=Range(*function.range),
        zero_centered=function.zero_centered,
        smoothness=function.smoothness,
        lipschitz=function.lipschitz,
    )


class _Common(TypedDict):
    name: str
    aliases: Aliases
    family: str
    kind: str
    stochastic: bool
    formula: Formula
    derivative: Formula
    parameters: tuple[Parameter, ...]
    relative_cost: RelativeCost | None
    problems: tuple[Problem, ...]
    reference: Reference


def _common(function: Activation, parameters: Parameters) -> _Common:
    names = function.names
    return {
        "name": function.name,
        "aliases": Aliases(names.pytorch, names.jax, names.keras, names.onnx, names.other),
        "family": function.family,
        "kind": function.kind,
        "stochastic": function.stochastic,
        "formula": function.formula,
        "derivative": function.derivative,
        "parameters": function.parameters,
        "relative_cost": relative_cost(function.name),
        "problems": problems_of(function, parameters),
        "reference": function.reference,
    }


def lipschitz(function: Elementwise, parameters: Parameters) -> float:
    """sup |f(a) − f(b)|/|a − b|: the largest slope, or infinite where there is a jump."""
    pieces = function.pieces(**parameters)
    if any(breaking_order(pieces, index) == 0 for index in range(len(pieces.knots))):
        return inf
    return max(abs(extremum.value) for extremum in function.facts(**parameters).slope)


def _at(function: Elementwise, parameters: Parameters, x: float, order: int) -> float:
    place = np.array([x])
    if order == 0:
        return float(elementwise.value(function, place, parameters)[0])
    return float(elementwise.derivative(function, place, parameters, order)[0])


def _kink(function: Elementwise, parameters: Parameters, pieces: Pieces, index: int) -> Kink:
    x = pieces.knots[index].x
    left, right = sides(pieces, index, 1, np.array([x]))
    return Kink(x, float(left[0]), float(right[0]), _at(function, parameters, x, 1))


def _jump(function: Elementwise, parameters: Parameters, pieces: Pieces, index: int) -> Jump:
    x = pieces.knots[index].x
    left, right = sides(pieces, index, 0, np.array([x]))
    return Jump(x, float(left[0]), _at(function, parameters, x, 0), float(right[0]))


def _gains(function: Elementwise, parameters: Parameters, pieces: Pieces) -> Gains:
    kinks = [knot.x for knot in pieces.knots]
    if pieces.domain != (-inf, inf):
        return Gains(None, None)
    forward = normal_expectation(lambda z: elementwise.value(function, z, parameters) ** 2, kinks)
    if lipschitz(function, parameters) == inf and kinks:
        return Gains(_gain(forward), None)  # a jump has no finite E f′²
    backward = normal_expectation(lambda z: elementwise.derivative(function, z, parameters) ** 2, kinks)
    return Gains(_gain(forward), _gain(backward))


def _gain(mean_square: float) -> float | None:
    return float(mean_square**-0.5) if mean_square > 0 else None
