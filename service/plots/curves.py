"""Curves of functions and of their derivatives: points, breaks, extremes and asymptotes, all from the compute layer."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from math import inf, isfinite

import numpy as np

from service import compute
from service.activations.model import Activation, AlongAxis, Array, Elementwise, Extremum, Parameters, Reduction, Value
from service.compute.piecewise import breaking_order, sides

_POINTS = 1201  # of a curve, and as many again towards the edge of a domain
_LARGEST = 1e15  # what is larger is left out of pictures
_SAME = 1e-9  # of a curve's height: what is nearer is drawn as one
_STEEP = 0.02  # of a curve's height: between neighbouring points it may be a jump
_HALVINGS = 50


@dataclass(frozen=True)
class Shown:
    """A function with all its parameters, as it is drawn; functions of vectors are drawn along a line."""

    function: Activation
    settings: tuple[tuple[str, Value], ...]

    @cached_property
    def parameters(self) -> Parameters:
        """The parameters by name."""
        return dict(self.settings)

    @property
    def along(self) -> str:
        """What a function of vectors is drawn along; empty for elementwise functions."""
        if not isinstance(self.function, AlongAxis):
            return ""
        pair = "(x, 1)" if self.function.kind == "gated" and not _gated_by_second(self) else "(1, x)"
        return {"gated": f"of {pair}", "reduction": "of (x, 0)"}.get(self.function.kind, "of (x, 0), first element")

    def at(self, x: Array, order: int = 0) -> Array:
        """f⁽ⁿ⁾(x), as the service answers it; of functions of vectors up to order 1."""
        function, parameters = self.function, self.parameters
        if isinstance(function, AlongAxis):
            return _along(self, x, order, second=function.kind == "gated" and _gated_by_second(self))
        if order == 0:
            return compute.evaluate(function, x, parameters)
        return compute.derivative(function, x, parameters, order=order)


@dataclass(frozen=True)
class Dot:
    """A point where a curve breaks: filled if its value is what counts there."""

    x: float
    y: float
    filled: bool


@dataclass(frozen=True)
class Peak:
    """The smallest or largest slope, where it is in the picture, and whether it is reached on a whole stretch."""

    x: float
    y: float
    largest: bool
    stretched: bool


@dataclass(frozen=True)
class Curve:
    """One derivative of one function between two bounds; `strokes` are its unbroken parts."""

    shown: Shown
    order: int
    strokes: tuple[tuple[Array, Array], ...]
    dots: tuple[Dot, ...] = ()
    peaks: tuple[Peak, ...] = ()
    asymptotes: tuple[float, ...] = ()
    poles: tuple[float, ...] = field(default=())

    @property
    def heights(self) -> Array:
        """All y of the strokes."""
        return np.concatenate([y for _, y in self.strokes]) if self.strokes else np.zeros(0)


@dataclass(frozen=True)
class Functions:
    """What is asked: these functions and their derivatives up to an order, between two bounds."""

    shown: tuple[Shown, ...]
    order: int
    lower: float
    upper: float

    @property
    def title(self) -> str:
        """The picture in words."""
        names = ", ".join(shown.function.name for shown in self.shown)
        derivatives = ("", " and the derivative", " and two derivatives")[self.order]
        return f"{names}{derivatives} from {self.lower:g} to {self.upper:g}"


def curve_of(shown: Shown, order: int, lower: float, upper: float) -> Curve:
    """The curve of f⁽ⁿ⁾ from `lower` to `upper`."""
    function = shown.function
    if not isinstance(function, Elementwise):
        strokes, dots = _searched(shown, order, np.linspace(lower, upper, _POINTS))
        return Curve(shown, order, tuple(_visible(strokes)), tuple(dots))
    strokes, dots = _pieced(shown, function, order, lower, upper)
    poles = [x for x in function.pieces(**shown.parameters).domain if lower <= x <= upper]
    return Curve(
        shown,
        order,
        tuple(_visible(strokes)),
        tuple(dots),
        tuple(_peaks(shown, function, lower, upper)) if order == 1 else (),
        tuple(_asymptotes(shown, order, lower, upper)),
        tuple(poles),
    )


Strokes = list[tuple[Array, Array]]


def _pieced(shown: Shown, function: Elementwise, order: int, lower: float, upper: float) -> tuple[Strokes, list[Dot]]:
    """The strokes between the knots of the function, and dots where it breaks."""
    pieces = function.pieces(**shown.parameters)
    knots = [(index, knot.x) for index, knot in enumerate(pieces.knots) if lower <= knot.x <= upper]
    marks = [(None, lower), *knots, (None, upper)]
    strokes: Strokes = []
    dots: list[Dot] = []
    for (begun, left), (ended, right) in pairwise(marks):
        x = _places(left, right, pieces.domain)
        y = shown.at(x, order)
        if begun is not None:
            y[0] = sides(pieces, begun, order, x[:1])[1][0]
        if ended is not None:
            y[-1] = sides(pieces, ended, order, x[-1:])[0][0]
        if begun is not None and strokes:
            before = strokes[-1]
            dots += _break(shown, order, left, before[1][-1], y[0], broken=breaking_order(pieces, begun) <= order)
            if _near(before[1][-1], y[0], y):
                strokes[-1] = (np.append(before[0], x), np.append(before[1], y))
                continue
        strokes.append((x, y))
    return strokes, dots


def _searched(shown: Shown, order: int, x: Array) -> tuple[Strokes, list[Dot]]:
    """The strokes of a function whose jumps are not known, and dots where it jumps."""
    y = shown.at(x, order)
    strokes: Strokes = []
    dots: list[Dot] = []
    begun = 0
    start: tuple[float, float] | None = None
    steps = np.abs(np.diff(y))
    for index in np.flatnonzero(steps > _STEEP * max(float(np.ptp(y)), 1e-300)):
        found = _jump(shown, order, float(x[index]), float(x[index + 1]))
        if found is None:
            continue
        place, left, right = found
        dots += _break(shown, order, place, left, right, broken=True)
        strokes.append(_joined(start, x[begun : index + 1], y[begun : index + 1], (place, left)))
        begun, start = int(index) + 1, (place, right)
    strokes.append(_joined(start, x[begun:], y[begun:], None))
    return strokes, dots


def _jump(shown: Shown, order: int, left: float, right: float) -> tuple[float, float, float] | None:
    """Where between two places the function jumps, and its values on both sides; None if it is only steep."""

    def y(x: float) -> float:
        return float(shown.at(np.array([x]), order)[0])

    height = abs(y(right) - y(left))
    for _ in range(_HALVINGS):
        middle = (left + right) / 2
        if abs(y(middle) - y(left)) > abs(y(right) - y(middle)):
            right = middle
        else:
            left = middle
    if abs(y(right) - y(left)) < height / 2:
        return None
    return round((left + right) / 2, 9) + 0.0, y(left), y(right)


def _joined(
    first: tuple[float, float] | None, x: Array, y: Array, last: tuple[float, float] | None
) -> tuple[Array, Array]:
    ends = [[end] if end else [] for end in (first, last)]
    points = [*ends[0], *zip(x.tolist(), y.tolist(), strict=True), *ends[1]]
    return np.array([point[0] for point in points]), np.array([point[1] for point in points])


def _break(shown: Shown, order: int, x: float, left: float, right: float, *, broken: bool) -> Iterator[Dot]:
    """The dots where a curve breaks; one alone where only a lower derivative does."""
    if not broken:
        return
    at = float(shown.at(np.array([x]), order)[0])
    for y in dict.fromkeys((float(left), float(right))):
        if isfinite(y) and y != at:
            yield Dot(x, y, filled=False)
    if isfinite(at):
        yield Dot(x, at, filled=True)


def _places(left: float, right: float, domain: tuple[float, float]) -> Array:
    """Where a piece is asked for its values; closely at the edge of the domain, where it may have a pole."""
    x = np.linspace(left, right, _POINTS)
    edges = [edge for edge in domain if left <= edge <= right]
    close = [edge + sign * (right - left) * 2.0 ** -np.arange(10, 60) for edge in edges for sign in (-1, 1)]
    extra = np.concatenate([x, *close])
    return np.unique(extra[(extra >= left) & (extra <= right)]) if edges else x


def _near(left: float, right: float, heights: Array) -> bool:
    finite = heights[np.isfinite(heights)]
    return bool(abs(left - right) <= _SAME * max(float(np.ptp(finite)) if finite.size else 0.0, abs(left), 1e-300))


def _visible(strokes: Strokes) -> Iterator[tuple[Array, Array]]:
    """The parts of the strokes that can be drawn."""
    for x, y in strokes:
        good = np.isfinite(y) & (np.abs(y) < _LARGEST)
        edges = np.flatnonzero(np.diff(np.concatenate(([False], good, [False])).astype(int)))
        for start, end in zip(edges[::2], edges[1::2], strict=True):
            yield x[start:end], y[start:end]


def _peaks(shown: Shown, function: Elementwise, lower: float, upper: float) -> Iterator[Peak]:
    """The extremes of the derivative that lie in the picture; only one where they are the same."""
    smallest, largest = function.facts(**shown.parameters).slope
    for extreme in (largest,) if smallest == largest else (smallest, largest):
        place = _place(extreme, lower, upper)
        if place is not None and isfinite(extreme.value) and abs(extreme.value) < _LARGEST:
            yield Peak(place, extreme.value, extreme is largest, isinstance(extreme.at, tuple))


def _place(extreme: Extremum, lower: float, upper: float) -> float | None:
    """Where an extreme is in the picture: in the middle of what is seen of an interval."""
    at = extreme.at
    if isinstance(at, tuple):
        begin, end = max(at[0], lower), min(at[1], upper)
        return (begin + end) / 2 if begin < end else None
    return at if at is not None and lower <= at <= upper else None


def _asymptotes(shown: Shown, order: int, lower: float, upper: float) -> Iterator[float]:
    """What the curve tends to and has not reached at the bounds."""
    ends = shown.at(np.array([lower, upper]), order)
    limits = shown.at(np.array([-inf, inf]), order)
    for end, limit in zip(ends.tolist(), limits.tolist(), strict=True):
        if isfinite(limit) and end != limit:
            yield limit


def _along(shown: Shown, x: Array, order: int, *, second: bool) -> Array:
    """A function of two numbers along one of them; the other is 0, or 1 where it is gated."""
    function = shown.function
    other = np.full_like(x, 1.0 if function.kind == "gated" else 0.0)
    pairs = np.stack((other, x) if second else (x, other), axis=-1)
    with np.errstate(all="ignore"):
        if order == 0:
            y = compute.evaluate(function, pairs, shown.parameters)
            return y if isinstance(function, Reduction) else y[..., 0]
        slopes = compute.jacobian(function, pairs, shown.parameters)
        slopes = slopes if isinstance(function, Reduction) else slopes[..., 0, :]
        return slopes[..., int(second)]


def _gated_by_second(shown: Shown) -> bool:
    """Whether it is the second half that a gated function is not linear in."""
    first = _along(shown, np.array([0.0, 1.0, 2.0]), 0, second=False)
    return bool(abs(first[0] - 2 * first[1] + first[2]) < 1e-9)
