"""Prints the coefficients of the kernels, by mpmath in 50 digits: interpolated at Chebyshev's nodes, rounded.

For `service.numerics.normal_blocks`, with v = t/(t + 5) − ½ and Mills' ratio R, functions of v that vary little and are
smooth also towards t = ∞, so that polynomials of a moderate degree reach 2⁻⁵⁵ of them, for t up to 6.25 or up to 39:

    tail:   2(t + 1)R(t)/√(2π) − 1                for tΦ(−t) = ½e^{−t²/2} · t/(t + 1) · (1 + tail)
    slope:  2(R(t) − t)/((t₀ − t)√(2π)) − 1       for Φ(−t) − tφ(t) = ½e^{−t²/2} · (t₀ − t) · (1 + slope)

where t₀ is the zero of R(t) − t. For silu, mish and gelu_tanh, f′(x)/(x − x₀) as a function of x − x₀ around the zero
x₀ of f′.
"""

from collections.abc import Callable

import mpmath as mp

Function = Callable[[mp.mpf], mp.mpf]
NEAR, FARTHEST, CENTRE, HALF = mp.mpf(6.25), mp.mpf(39), mp.mpf(5), mp.mpf(0.5)


def mills_ratio(t: mp.mpf) -> mp.mpf:
    """Φ(−t)/φ(t)."""
    return mp.sqrt(mp.pi / 2) * mp.erfc(t / mp.sqrt(2)) * mp.exp(t * t / 2)


def silu_slope(x: mp.mpf) -> mp.mpf:
    """σ(x)(1 + x(1 − σ(x)))."""
    sigma = 1 / (1 + mp.exp(-x))
    return sigma * (1 + x * (1 - sigma))


def mish_slope(x: mp.mpf) -> mp.mpf:
    """t + x(1 − t²)σ(x), t = tanh(ln(1 + e^x))."""
    t = mp.tanh(mp.log1p(mp.exp(x)))
    return t + x * (1 - t * t) / (1 + mp.exp(-x))


def gelu_tanh_slope(x: mp.mpf) -> mp.mpf:
    """σ(w) + xw′σ(w)(1 − σ(w)), w = √(8/π)·(x + 0.044715x³)."""
    steep, cubic = mp.sqrt(8 / mp.pi), mp.mpf(44715) / 10**6
    sigma = 1 / (1 + mp.exp(-steep * (x + cubic * x**3)))
    return sigma + x * steep * (1 + 3 * cubic * x * x) * sigma * (1 - sigma)


def main() -> None:
    """Print the lists from the constant coefficient up."""
    mp.mp.dps = 50
    zero = mp.findroot(lambda t: mills_ratio(t) - t, 0.75)
    unit = 2 / mp.sqrt(2 * mp.pi)
    for farthest, degrees in ((NEAR, (17, 16)), (FARTHEST, (23, 20))):
        interval = (-HALF, farthest / (farthest + CENTRE) - HALF)
        show(f"tail to {farthest}", in_v(lambda t: unit * (t + 1) * mills_ratio(t)), degrees[0], interval)
        show(f"slope to {farthest}", in_v(lambda t: unit * (mills_ratio(t) - t) / (zero - t)), degrees[1], interval)
    show("silu", over_distance(silu_slope, -1.278), 17, (-0.35, 0.35), 0)
    show("gelu_tanh", over_distance(gelu_tanh_slope, -0.752), 19, (-0.35, 0.35), 0)
    show("mish", over_distance(mish_slope, -1.192), 15, (-0.3, 0.3), 0)


def in_v(function: Function) -> Function:
    """The same as a function of v."""
    return lambda v: function(CENTRE * (HALF + v) / (HALF - v))


def over_distance(slope: Function, guess: float) -> Function:
    """The slope divided by the distance to its zero, as a function of that distance."""
    zero = mp.findroot(slope, guess)
    return lambda distance: slope(zero + distance) / distance


def show(name: str, function: Function, degree: int, interval: tuple[float, float], split: int = 1) -> None:
    """Print the coefficients of function − split, and how far off the polynomial is relative to the function."""
    low, high = map(mp.mpf, interval)
    nodes = [
        (low + high - (high - low) * mp.cos(mp.pi * (2 * j + 1) / (2 * degree + 2))) / 2 for j in range(degree + 1)
    ]
    powers = mp.matrix([[node**j for j in range(degree + 1)] for node in nodes])
    solution = mp.lu_solve(powers, mp.matrix([function(node) - split for node in nodes]))
    coefficients = [float(coefficient) for coefficient in solution]
    places = [low + (high - low) * (j + mp.mpf(1) / 3) / 997 for j in range(997)]
    off = max(abs((split + mp.polyval(coefficients[::-1], v)) / function(v) - 1) for v in places)
    print(f"{name}: off by 2^{mp.nstr(mp.log(off, 2), 4)}")
    print(*(f"    {coefficient!r}," for coefficient in coefficients), sep="\n")


if __name__ == "__main__":
    main()
