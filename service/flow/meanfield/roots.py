"""Roots of many functions at once, each between two points of opposite sign."""

from collections.abc import Callable

import numpy as np

from service.activations.model import Array
from service.flow.stopping import go_on

_ROUNDS = 100


def bracketed(f: Callable[[Array], Array], lower: Array, upper: Array) -> Array:
    """x in (n,) with f(x) = 0 to rounding, one in each interval: f maps (n,) to (n,) and changes sign in each.

    References
    ----------
    T. R. Chandrupatla, A new hybrid quadratic/bisection algorithm for finding the zero of a nonlinear function without
    using derivatives, Advances in Engineering Software 28 (1997).
    """
    a, b = upper.astype(float), lower.astype(float)
    fa, fb = f(a), f(b)
    best, step = a, np.full_like(a, 0.5)
    for _ in range(_ROUNDS):
        go_on()
        x = a + step * (b - a)
        fx = f(x)
        same = np.sign(fx) == np.sign(fa)
        c, fc = np.where(same, a, b), np.where(same, fa, fb)
        b, fb = np.where(same, b, a), np.where(same, fb, fa)
        a, fa = x, fx
        closer = np.abs(fa) < np.abs(fb)
        best, value = np.where(closer, a, b), np.where(closer, fa, fb)
        width = 2 * np.finfo(float).eps * np.abs(best) / np.maximum(np.abs(b - a), np.finfo(float).tiny)
        if np.all((width > 0.5) | (value == 0) | (a == b)):
            break
        step = np.clip(_inverse_quadratic(a, b, c, fa, fb, fc), np.minimum(width, 0.5), np.maximum(1 - width, 0.5))
    return best


def _inverse_quadratic(a: Array, b: Array, c: Array, fa: Array, fb: Array, fc: Array) -> Array:
    """The next point as a fraction of b − a, or half where the inverse parabola is not to be trusted."""
    with np.errstate(all="ignore"):
        xi, phi = (a - b) / (c - b), (fa - fb) / (fc - fb)
        alpha = (c - a) / (b - a)
        step = fa / (fb - fa) * fc / (fb - fc) + alpha * fa / (fc - fa) * fb / (fc - fb)
        trusted = (phi**2 < xi) & ((1 - phi) ** 2 < 1 - xi) & np.isfinite(step)
    return np.where(trusted, step, 0.5)
