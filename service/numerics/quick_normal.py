"""Fast forms with the normal distribution function Φ, for blocks in float32 or float64, like `service.numerics.quick`.

For t ≥ 0, s = t/(t + a) and z = 1 − fs, which is within ±1 as far as t = 11.9, where gelu has come to 1e−30:
    tΦ(−t) = e^{−t²/2}·s·P(z),    Φ(−t) − tφ(t) = e^{−t²/2}·(t − t₀)·Q(z),
with the zero t₀ of the latter; in float64 it is t/(t + 1)·(1/2 + P(z)), where the rounding of P hardly counts.
`scripts/quick_normal_coefficients.py` finds the polynomials P and Q. float32 is computed in float64, with
polynomials of fewer terms, since in float32 the roundings alone would be too many.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from service.numerics.passes import HALF, ONE, Block, at_least, at_most, distance, parts
from service.numerics.scratch import scratch


class _Fit(NamedTuple):
    a: Block
    minus_f: Block
    coefficients: tuple[Block, ...]


def _fit(a: float, f: float, *coefficients: float) -> _Fit:
    """The numbers as arrays without axes."""
    return _Fit(np.array(a), np.array(-f), tuple(map(np.array, coefficients)))


_FARTHEST = 40.0  # e^{−t²/2} is 0 in float64
_ZERO = parts("0.75179152469356445745790494677952")
_NEGATIVE_HALF_LOG2_E = np.array(-0.7213475204444817)
_MINUS_HALF, _EIGHTH = np.array(-0.5), np.array(0.125)
_LEADING_BITS = -(1 << 27)  # as an integer: 26 bits of a float64, whose square is exact
_SHORT_MOMENT = _fit(
    3.0,
    2.504201680672269,
    0.8413247245762717,
    0.4850314019491236,
    0.1629612505324302,
    0.0184566446718463,
    -0.0067484062027981335,
    -0.0016156945512085347,
    0.0005432690797210461,
    9.727523919784761e-05,
    -5.047394005952174e-05,
)
_SHORT_BEND = _fit(
    4.0,
    2.672268907563025,
    -0.49252879820473144,
    -0.10459983537805004,
    -0.04791457007016399,
    -0.016226073808741196,
    -0.003605740402829165,
    -0.00030423872991503696,
    8.062061673918932e-05,
    2.0667348513073202e-05,
)
_MOMENT = _fit(
    4.0,
    2.672268907563025,
    -0.003336501247651981,
    0.07175769421591549,
    -0.012859360268806644,
    -0.03096604952492401,
    -0.01855800366012547,
    -0.00574483935720368,
    -0.0005662782163230879,
    0.0002256056075173055,
    6.222728489073368e-05,
    -1.0933573801340755e-05,
    -4.674027740748212e-06,
    8.959882551958463e-07,
    3.2321630519060665e-07,
    -9.958530557253564e-08,
    -1.7073598489759584e-08,
    1.102032555934899e-08,
    6.127919753591273e-11,
    -9.984920950138324e-10,
    8.427839060588387e-11,
    5.520609711134626e-11,
)
_BEND = _fit(
    5.0,
    2.8403361344537816,
    -0.48437209712247137,
    -0.09652276265926456,
    -0.05134903912345062,
    -0.022461107909191546,
    -0.007881060460044277,
    -0.0021057971912909618,
    -0.00037504362620575054,
    -2.1905188806517093e-05,
    8.847433044197557e-06,
    2.187326740622465e-06,
    -1.1155576068207644e-07,
    -1.0912080956988366e-07,
    -1.3273591223851565e-09,
    5.539356567826074e-09,
    1.490887776536826e-10,
    -3.06473637980366e-10,
    -3.2054039154730478e-12,
    1.4669613723821974e-11,
)


def gelu(x: Block, out: Block, work: Sequence[Block]) -> None:
    """max(x, 0) − tΦ(−t), t = |x|."""
    t = work[0]
    np.abs(x, t)
    at_most(_FARTHEST, t, t)
    if x.dtype == np.float32:
        _short_moment(t, out)
    else:
        _moment(t, out, work[1:5])
    at_least(0.0, x, t)
    np.subtract(t, out, out)


def gelu_slope(x: Block, out: Block, work: Sequence[Block]) -> None:
    """p = Φ(−t) − tφ(t) for x ≤ 0, t = |x|, and 1 − p for x > 0, where it is the larger one."""
    t, p = work[:2]
    np.abs(x, t)
    at_most(_FARTHEST, t, t)
    if x.dtype == np.float32:
        _short_slope(t, p)
    else:
        _slope(t, p, work[2:5])
    np.subtract(ONE[x.dtype.char], p, out)
    at_most(0.0, x, t)
    np.add(t, t, t)
    np.add(out, t, out)  # less than p for x < 0, since p falls from 1/2 by less than t
    np.maximum(out, p, out=out)


def _moment(t: Block, out: Block, work: Sequence[Block]) -> None:
    share, z, rest, curved = work
    _variable(_MOMENT, t, share, z)
    _polynomial(_MOMENT, z, curved)
    _decay(t, out, z, rest)
    np.add(t, ONE["d"], z)
    np.divide(t, z, share)
    np.subtract(z, ONE["d"], z)
    np.subtract(z, t, z)  # what rounding has added to t + 1
    np.add(rest, z, rest)
    np.multiply(z, share, z)
    np.subtract(rest, z, rest)  # z/(t + 1) is z − z·share
    np.add(curved, HALF["d"], z)
    np.multiply(rest, z, rest)
    np.add(curved, rest, curved)
    np.multiply(curved, share, curved)
    np.multiply(share, HALF["d"], share)
    np.add(share, curved, share)
    np.multiply(out, share, out)


def _slope(t: Block, out: Block, work: Sequence[Block]) -> None:
    z, rest, bend = work
    _variable(_BEND, t, bend, z)
    _polynomial(_BEND, z, bend)
    distance(t, _ZERO, out)
    np.multiply(bend, out, bend)
    _decay(t, out, z, rest)
    np.multiply(rest, bend, rest)
    np.add(bend, rest, bend)
    np.multiply(out, bend, out)


def _short_moment(t: Block, out: Block) -> None:
    wide, share, z, found = scratch(np.float64, t.size)[:4]
    np.copyto(wide, t)
    _variable(_SHORT_MOMENT, wide, share, z)
    _polynomial(_SHORT_MOMENT, z, found)
    np.multiply(found, share, found)
    _short_decay(wide)
    np.multiply(found, wide, found)
    np.copyto(out, found, casting="same_kind")


def _short_slope(t: Block, out: Block) -> None:
    wide, z, found = scratch(np.float64, t.size)[:3]
    np.copyto(wide, t)
    _variable(_SHORT_BEND, wide, found, z)
    _polynomial(_SHORT_BEND, z, found)
    np.subtract(wide, _ZERO["d"][0], z)
    np.multiply(found, z, found)
    _short_decay(wide)
    np.multiply(found, wide, found)
    np.copyto(out, found, casting="same_kind")


def _variable(fit: _Fit, t: Block, share: Block, z: Block) -> None:
    np.add(t, fit.a, z)
    np.divide(t, z, share)
    np.multiply(share, fit.minus_f, z)
    np.add(z, ONE["d"], z)


def _polynomial(fit: _Fit, z: Block, out: Block) -> None:
    np.multiply(z, fit.coefficients[-1], out)
    for coefficient in fit.coefficients[-2:0:-1]:
        np.add(out, coefficient, out)
        np.multiply(out, z, out)
    np.add(out, fit.coefficients[0], out)


def _short_decay(t: Block) -> None:
    """e^{−t²/2} in place of t."""
    np.square(t, t)
    np.multiply(t, _NEGATIVE_HALF_LOG2_E, t)
    np.exp2(t, t)


def _decay(t: Block, out: Block, high: Block, rest: Block) -> None:
    """e^{−t²/2} as out·(1 + rest), the first of the leading bits of t, the second of the others: δ + δ²/2."""
    np.bitwise_and(t.view(np.int64), _LEADING_BITS, high.view(np.int64))
    np.subtract(t, high, rest)
    np.add(t, high, out)
    np.multiply(rest, out, rest)
    np.square(high, high)
    np.multiply(high, _MINUS_HALF, high)
    np.exp(high, out)
    np.multiply(rest, _EIGHTH, high)
    np.add(high, _MINUS_HALF, high)
    np.multiply(rest, high, rest)
