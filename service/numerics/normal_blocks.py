"""Tails of the normal distribution, block by block: tΦ(−t) and its negative slope, for t from 0 to 6.25, or to 39.

Both are e^{−t²/2} times a factor with Mills' ratio R, of which a simple part is split off, so that only a small rest is
left to a polynomial of v = t/(t + 5) − ½, whose own rounding then hardly counts:
    tΦ(−t) = ½e^{−t²/2}·t/(t + 1)·(1 + tail(v)),    Φ(−t) − tφ(t) = ½e^{−t²/2}·(t₀ − t)·(1 + slope(v)),
with the zero t₀ of R(t) − t. The variable is that of M. M. Shepherd and J. G. Laframboise, 'Chebyshev approximation of
(1 + 2x)exp(x²)erfc x in 0 ≤ x < ∞', Math. Comp. 36 (1981); `scripts/kernel_coefficients.py` computes the coefficients.
"""

from collections.abc import Sequence

import numpy as np

from service.numerics.blocks import constants, leading, polynomial, square
from service.numerics.double_double import Array

FAR = 6.25  # from here on, other polynomials: those for smaller t are good to 1e-10 up to `SETTLED`
SETTLED = 9.0  # tΦ(−t) and tφ(t) are below half an ulp of t or of 1 from here on
FARTHEST = 39.0  # Φ(−39) is below half the least number
_CENTRE = 5.0
_LN2_HIGH, _LN2_LOW = (
    0.6931471805598903,
    5.497923018708371e-14,
)  # the first has 42 bits, so that its multiples are exact
_ZERO_HIGH, _ZERO_LOW = 0.7517915246935645, -1.4956759177009883e-17
_TAIL = constants(
    -0.07696834029992446,
    -0.36620912733603495,
    0.24824294740773398,
    0.1600376381623298,
    -0.8448333749631874,
    1.5703656477820793,
    -1.9418131534661882,
    1.6696323627540388,
    -0.8581499286442101,
    0.007938761769156746,
    0.3729630803648,
    -0.222659224906268,
    -0.09506493347149123,
    0.10364440273347991,
    -0.10421564802874107,
    -0.24687036696185846,
    -0.1475696183488312,
    -0.03166553095978105,
)
_SLOPE = constants(
    -0.09712900947318918,
    -0.35918632107921483,
    0.4839025084309644,
    -0.5685619435072459,
    0.569850609810606,
    -0.4693958991261534,
    0.2946795243013824,
    -0.11277581993235636,
    -0.007781266153148863,
    0.041606191761108934,
    -0.018972719748264952,
    -0.008808741490157281,
    0.008927704391845643,
    -0.00491758179989754,
    -0.014075233364236897,
    -0.007963578549179699,
    -0.0015567817774833248,
)
_FAR_TAIL = constants(
    -0.07696834029992446,
    -0.3662091273360357,
    0.24824294740770622,
    0.16003763816349134,
    -0.8448333749213995,
    1.5703656476174204,
    -1.9418131715380995,
    1.6696321697138756,
    -0.8581490407155047,
    0.00797863407226516,
    0.37342036303965787,
    -0.21957736246237308,
    -0.08106980401875497,
    0.14844433390410253,
    -0.002290434307806695,
    -0.085742690255052,
    0.016630387094468378,
    0.051685393228928,
    -0.013088718716819747,
    -0.032842260446837516,
    0.005587121315476082,
    0.018060372485854417,
    0.00013669087522362114,
    -0.004647537412766398,
)
_FAR_SLOPE = constants(
    -0.09712900947318918,
    -0.35918632107921494,
    0.4839025084309679,
    -0.5685619435064908,
    0.5698506098202538,
    -0.4693958994552777,
    0.2946795166200889,
    -0.11277584007145258,
    -0.007780236779231431,
    0.04162252322287102,
    -0.018843971755544173,
    -0.008162623267854732,
    0.011142131366172318,
    0.0003544060581767956,
    -0.0055270692719361055,
    0.000794862086858717,
    0.002837857371429832,
    -0.0005669918519617071,
    -0.001426738341399841,
    0.00017049237847221758,
    0.00046117100657454724,
)


def tail_moment(t: Array, high: Array, low: Array, work: Sequence[Array], power: Array | None = None) -> None:
    """tΦ(−t) as high + low, right to little more than an ulp of the exponential; t is overwritten.

    Divided by the powers of two given, if there are any: see `far`.
    """
    share, decay, rest, error = work
    _small_part(_TAIL if power is None else _FAR_TAIL, t, rest, high, far=power is not None)
    _share(t, share, low, high, decay)
    _decay(t, decay, error, high, power)
    decay *= 0.5
    np.add(rest, 1.0, out=high)
    error *= high
    rest -= error
    np.add(share, low, out=high)
    rest *= high
    low += rest
    leading(decay, high)
    np.subtract(decay, high, out=t)
    low *= decay
    t *= share
    low += t
    high *= share


def tail_slope(t: Array, out: Array, work: Sequence[Array], power: Array | None = None) -> None:
    """Φ(−t) − tφ(t), right to a few ulps also next to its zero; t is overwritten. `power` as in `tail_moment`."""
    rest, error, spare, distance = work
    _small_part(_SLOPE if power is None else _FAR_SLOPE, t, rest, spare, far=power is not None)
    np.subtract(_ZERO_HIGH, t, out=distance)
    distance += _ZERO_LOW
    distance *= 0.5
    _decay(t, out, error, spare, power)
    np.add(rest, 1.0, out=spare)
    error *= spare
    rest -= error
    out *= distance
    rest *= out
    out += rest


def far_moment(t: Array) -> Array:
    """tΦ(−t) in a new array, scaled on the way: exp loses nothing there, and subnormal results are rounded once."""
    power, (copy, high, low, *work) = _power(t), _arrays(t)
    tail_moment(copy, high, low, work, power)
    high += low
    return np.ldexp(high, power.astype(np.int32))


def far_slope(t: Array) -> Array:
    """Φ(−t) − tφ(t) in a new array, scaled on the way."""
    power, (copy, out, *work) = _power(t), _arrays(t)
    tail_slope(copy, out, work[:4], power)
    return np.ldexp(out, power.astype(np.int32))


def _power(t: Array) -> Array:
    return np.rint(t * t * (-0.5 / _LN2_HIGH))


def _arrays(t: Array) -> list[Array]:
    return [t.copy(), *(np.empty_like(t) for _ in range(6))]


def _small_part(coefficients: Sequence[Array], t: Array, out: Array, spare: Array, *, far: bool) -> None:
    """The polynomial of v, which is rounded least as t/(t + 5) − ½ near t = 0, and as ½ − 5/(t + 5) far out."""
    np.add(t, _CENTRE, out=spare)
    if far:
        np.divide(_CENTRE, spare, out=spare)
        np.subtract(0.5, spare, out=spare)
    else:
        np.divide(t, spare, out=spare)
        spare -= 0.5
    polynomial(coefficients, spare, out)


def _share(t: Array, high: Array, low: Array, spare: Array, other: Array) -> None:
    """t/(t + 1) as high + low, of which high has 26 bits."""
    divisor, inverse = spare, other
    np.add(t, 1.0, out=divisor)
    np.divide(1.0, divisor, out=inverse)
    np.multiply(t, inverse, out=low)
    leading(low, high)
    leading(divisor, divisor)
    np.multiply(high, divisor, out=low)
    np.subtract(t, low, out=low)
    divisor -= 1.0
    np.subtract(t, divisor, out=divisor)  # 1 + t less its leading part
    divisor *= high
    low -= divisor
    low *= inverse


def _decay(t: Array, out: Array, error: Array, spare: Array, power: Array | None) -> None:
    """e^{−t²/2}/2^power = out·(1 − error); t is overwritten."""
    square(t, out, error, spare)
    error *= 0.5
    out *= -0.5
    if power is None:
        np.exp(out, out=out)
        return
    out -= power * _LN2_HIGH
    error += power * _LN2_LOW
    grown = np.expm1(out)
    np.add(grown, 1.0, out=out)
    grown -= out - 1.0
    error -= grown / out
