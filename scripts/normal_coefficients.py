"""Prints the coefficients of `service.numerics.normal_blocks`, computed in 50 digits by mpmath.

With v = t/(t + 5) − ½ for 0 ≤ t ≤ 39 and Mills' ratio R, these functions of v vary little and are smooth also towards
t = ∞, so that polynomials of a moderate degree reach 2⁻⁵⁶ of them:

    tail:   2(t + 1)R(t)/√(2π) − 1                for tΦ(−t) = ½e^{−t²/2} · t/(t + 1) · (1 + tail)
    slope:  2(R(t) − t)/((t₀ − t)√(2π)) − 1       for Φ(−t) − tφ(t) = ½e^{−t²/2} · (t₀ − t) · (1 + slope)

where t₀ is the zero of R(t) − t. Interpolated at Chebyshev's nodes, which comes close to minimax.
"""

from collections.abc import Callable

import mpmath as mp

FARTHEST, CENTRE, HALF = mp.mpf(39), mp.mpf(5), mp.mpf(0.5)
DEGREES = {"tail": 23, "slope": 20}


def mills_ratio(t: mp.mpf) -> mp.mpf:
    """Φ(−t)/φ(t)."""
    return mp.sqrt(mp.pi / 2) * mp.erfc(t / mp.sqrt(2)) * mp.exp(t * t / 2)


def main() -> None:
    """Print both lists from the constant coefficient up, and how far the rounded polynomials are off."""
    mp.mp.dps = 50
    zero = mp.findroot(lambda t: mills_ratio(t) - t, 0.75)
    unit = 2 / mp.sqrt(2 * mp.pi)
    functions: dict[str, Callable[[mp.mpf], mp.mpf]] = {
        "tail": lambda t: unit * (t + 1) * mills_ratio(t) - 1,
        "slope": lambda t: unit * (mills_ratio(t) - t) / (zero - t) - 1,
    }
    for name, function in functions.items():
        coefficients = interpolated(function, DEGREES[name])
        print(f"{name}: off by 2^{mp.nstr(mp.log(deviation(function, coefficients), 2), 4)}")
        print(*(f"    {coefficient!r}," for coefficient in coefficients), sep="\n")


def interpolated(function: Callable[[mp.mpf], mp.mpf], degree: int) -> list[float]:
    """Coefficients of powers of v, rounded to doubles."""
    end = FARTHEST / (FARTHEST + CENTRE)
    nodes = [end / 2 * (1 + mp.cos(mp.pi * (2 * j + 1) / (2 * degree + 2))) - HALF for j in range(degree + 1)]
    powers = mp.matrix([[v**j for j in range(degree + 1)] for v in nodes])
    values = mp.matrix([function(CENTRE * (HALF + v) / (HALF - v)) for v in nodes])
    return [float(coefficient) for coefficient in mp.lu_solve(powers, values)]


def deviation(function: Callable[[mp.mpf], mp.mpf], coefficients: list[float]) -> mp.mpf:
    """The largest error relative to 1 + function, at 997 places off the nodes."""
    places = [FARTHEST * mp.mpf(j) ** 2 / 997**2 + mp.mpf(1) / 12345 for j in range(997)]
    return max(
        abs(mp.polyval(coefficients[::-1], t / (t + CENTRE) - HALF) - function(t)) / (1 + function(t)) for t in places
    )


if __name__ == "__main__":
    main()
