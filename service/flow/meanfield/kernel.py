"""All that mean-field theory needs to know of one activation: its moments for every q, and its correlation map.

A kernel is built once for an activation and its parameters and then kept: moments at the Chebyshev points of 52 decades
of q, where roots are looked for, and tables of the correlation map, where they are asked for.
"""

from functools import lru_cache

import numpy as np

from service.activations.model import Array, Elementwise, Parameters, Value
from service.compute.elementwise import derivative, value
from service.flow.meanfield.closed import Exponential, Sine
from service.flow.meanfield.correlations import RATIOS, Curve, SampledCorrelations
from service.flow.meanfield.expectations import HIGHEST, LOWEST, Moments, Sampled
from service.flow.meanfield.interpolation import ORDER, cardinals, chebyshev, decade
from service.flow.stopping import go_on

_FIRST, _LAST = round(np.log10(LOWEST)), round(np.log10(HIGHEST)) - 1
_CLOSED: dict[str, Sine | Exponential] = {"sin": Sine(), "exponential": Exponential()}
_NEAR, _FAR = 1e-300, np.inf
_KEPT = 64  # kernels: about a megabyte each with the tables of six decades


class Kernel:
    """One activation with its parameters, defined on the whole real line.

    Attributes
    ----------
    nodes : (k,) the q of the table, ascending.
    start : the index of q = 1 among them.
    table : the moments there, exact.
    jumps : whether f jumps somewhere, so that E f′² does not exist.
    origin_square, origin_slope : means of f(0±)² and f′(0±)²: the limits of E f² and E f′² for q → 0.
    outer_slope : mean of f′(±∞)², the limit of E f′² for q → ∞; NaN where there is none.
    """

    def __init__(self, function: Elementwise, parameters: Parameters) -> None:
        self._closed = _CLOSED.get(function.name)
        self._sampled = Sampled(function, parameters)
        self._correlations = SampledCorrelations(function, parameters)
        decades = 10.0 ** (np.arange(_FIRST, _LAST + 1)[:, None] + chebyshev()[:-1])
        self.nodes = np.append(decades.reshape(-1), HIGHEST)
        self.start = -_FIRST * (ORDER - 1)
        self.table = self.moments(self.nodes)
        self.jumps = self._sampled.jumps
        sides = np.array([-_NEAR, _NEAR])
        with np.errstate(over="ignore"):  # slopes may be as large as 1e100
            self.origin_square = float(np.mean(value(function, sides, parameters) ** 2))
            self.origin_slope = float(np.mean(derivative(function, sides, parameters) ** 2))
            self.outer_slope = float(np.mean(derivative(function, np.array([-_FAR, _FAR]), parameters) ** 2))

    def moments(self, q: Array) -> Moments:
        """The expectations at each q > 0 of (n,), exact to rounding."""
        return (self._closed or self._sampled).moments(q)

    def interpolated(self, q: Array) -> Moments:
        """The expectations at each q of (n,) from LOWEST to HIGHEST, within 1e-12 and faster."""
        if self._closed:
            return self._closed.moments(q)
        numbers, places = decade(q, _FIRST, _LAST)
        around = (numbers - _FIRST)[:, None] * (ORDER - 1) + np.arange(ORDER)
        return Moments.from_rows(np.einsum("fnk,nk->fn", self.table.rows()[:, around], cardinals(places)))

    def curves(self, q: Array) -> Curve:
        """Δ/(q(1 − c)) and E f′f′ along the ratios (1 − c)/(1 + c), for each q of (n,) from LOWEST to HIGHEST."""
        if self._closed:
            return self._closed.differences(q[:, None, None], RATIOS)
        return self._correlations.curves(q)


def kernel_of(function: Elementwise, parameters: Parameters) -> Kernel | None:
    """The kernel, from memory if it was asked for lately; None where f is not defined on the whole real line."""
    go_on()
    return _kernel(function, tuple(sorted(parameters.items())))


@lru_cache(maxsize=_KEPT)
def _kernel(function: Elementwise, parameters: tuple[tuple[str, Value], ...]) -> Kernel | None:
    lower, upper = function.pieces(**dict(parameters)).domain
    return Kernel(function, dict(parameters)) if (lower, upper) == (-np.inf, np.inf) else None
