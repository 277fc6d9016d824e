"""The logistic function σ, tanh, and their relatives: plain forms for double precision, jets beyond it.

With E = e^{−|u|}, q = 1/(1 + E) and T = tanh(u/2) = sgn(u)(1 − E)q:
    σ′ = E q²,   σ″ = −σ′T,   σ‴ = σ′(T² − 2σ′),   σ⁗ = σ′T(8σ′ − T²).
Every factor keeps its relative precision in both tails and at 0, where 1 − E comes from expm1.
"""

import numpy as np

from service.numerics.double_double import DD, Array, product, where
from service.numerics.exponential import exp, expm1
from service.numerics.jets import Jet

REACH = 1500.0  # beyond, e^{−|u|} is zero in double precision by a margin of 2^1000


def bounded(x: Array, reach: float = REACH) -> Array:
    """x brought into ±reach, where functions that have settled by then cannot overflow."""
    return np.clip(x, -reach, reach)


def sigmoid(x: Array) -> Array:
    """σ(x) = 1/(1 + e^{−x}), with what rounding takes from 1 + e^{−|x|} put back."""
    decay = np.exp(-np.abs(x))
    divisor = 1.0 + decay
    lost = decay - (divisor - 1.0)
    result = np.where(x >= 0, 1.0, decay) / divisor
    return result - result * (lost / divisor)


def sigmoid_slope(x: Array) -> Array:
    """σ′(x) = E/(1 + E)², the square exactly: an ordinary number up to |x| = 708, where σ(1 − σ) is zero from 37 on."""
    decay = np.exp(-np.abs(x))
    divisor = 1.0 + decay
    lost = decay - (divisor - 1.0)
    square = product(divisor, divisor)
    result = decay / square.hi
    return result - result * ((square.lo + 2.0 * divisor * lost) / square.hi)


def sigmoid_jet(u: DD, order: int) -> Jet:
    """σ and its derivatives to the given order (at most 4) at u, |u| ≤ 1500."""
    a = where(u.hi < 0, u, -u)  # −|u|
    scale = np.where(a.hi < -500, 512.0, 0.0)
    grown = exp(a, scale)
    decay = grown.scaled(np.exp2(-scale))
    q = 1.0 / (decay + 1.0)
    first = grown * q * q
    zeroth = where(u.hi < 0, grown * q, q.scaled(np.exp2(scale)))
    return Jet((zeroth, first, *_higher(u, a, q, first, decay, order))[: order + 1], scale)


def _higher(u: DD, a: DD, q: DD, first: DD, decay: DD, order: int) -> tuple[DD, ...]:
    if order < 2:
        return ()
    half = (-expm1(a) * q) * np.sign(u.hi)
    slope = decay * q * q
    square = half * half
    return (
        -(first * half),
        first * (square - slope.scaled(2.0)),
        first * half * (slope.scaled(8.0) - square),
    )


def tanh_jet(u: DD, order: int) -> Jet:
    """tanh and its derivatives, by tanh(u) = T at 2u and tanh⁽ⁿ⁾(u) = 2^{n+1}σ⁽ⁿ⁾(2u), settled beyond |u| = 750."""
    near = where(np.abs(u.hi) > REACH / 2, np.clip(u.hi, -REACH / 2, REACH / 2), u)
    logistic = sigmoid_jet(near.scaled(2.0), order)
    value = tanh(near).scaled(np.exp2(logistic.scale))
    slopes = [term.scaled(2.0 ** (n + 1)) for n, term in enumerate(logistic.orders) if n > 0]
    return Jet((value, *slopes), logistic.scale)


def tanh(u: DD) -> DD:
    """tanh(u) = −expm1(−2|u|)/(2 + expm1(−2|u|)), with the sign of u, for |u| ≤ 750."""
    decay = expm1(where(u.hi < 0, u, -u).scaled(2.0))
    return (decay / (decay + 2.0)) * -np.where(u.hi < 0, -1.0, 1.0)


def log1p(s: DD) -> DD:
    """ln(1 + s) for s > −1, right relative to itself, by one Newton step from the double-precision value."""
    guess = np.log1p(s.hi)
    back = expm1(DD.of(-guess))
    return (s + back + s * back) + guess


def softplus_jet(u: DD, order: int) -> Jet:
    """ln(1 + e^u) = max(u, 0) + ln(1 + e^{−|u|}) and its derivatives, which are those of σ."""
    slopes = sigmoid_jet(u, max(order - 1, 0))
    a = where(u.hi < 0, u, -u)
    unit = np.exp2(slopes.scale)
    curved = where(a.hi < -50, exp(a, slopes.scale), log1p(exp(a)).scaled(unit))  # ln(1 + E) = E below e⁻⁵⁰
    value = curved + where(u.hi < 0, 0.0, u).scaled(unit)
    return Jet((value, *slopes.orders)[: order + 1], slopes.scale)
