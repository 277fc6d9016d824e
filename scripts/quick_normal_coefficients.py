"""Print the coefficients of `service.numerics.quick_normal`: python scripts/quick_normal_coefficients.py.

Interpolation at Chebyshev's nodes in 60-digit arithmetic, whose largest error is next to the least possible one. The
variable is z = 1 − f·t/(t + a), which is 1 at t = 0 and −1 at the farthest point.
"""

from collections.abc import Callable

from mpmath import cos as cosine
from mpmath import erfc, exp, mp, mpf, pi, sqrt

Form = Callable[[mpf, mpf], mpf]

mp.dps = 60
FARTHEST = mpf("11.9")
ZERO = mpf("0.75179152469356445745790494677952403966447115342345471816")


def mills(t: mpf) -> mpf:
    """Φ(−t)·e^{t²/2}."""
    return erfc(t / sqrt(2)) * exp(t * t / 2) / 2


def moment(t: mpf, a: mpf) -> mpf:
    """What tΦ(−t) has besides e^{−t²/2} and t/(t + a)."""
    return mills(t) * (t + a)


def flat_moment(t: mpf, _: mpf) -> mpf:
    """What tΦ(−t) has besides e^{−t²/2} and t/(t + 1), less 1/2, which it is near to."""
    return mills(t) * (t + 1) - mpf(1) / 2


def bend(t: mpf, _: mpf) -> mpf:
    """What the slope Φ(−t) − tφ(t) has besides e^{−t²/2} and the distance from its zero."""
    return (mills(t) - t / sqrt(2 * pi)) / (t - ZERO)


def coefficients(form: Form, a: mpf, degree: int) -> tuple[mpf, list[mpf]]:
    """f of the variable, and the coefficients from z⁰ up."""
    f = 2 * (FARTHEST + a) / FARTHEST
    nodes = [cosine(pi * (2 * k + 1) / (2 * degree + 2)) for k in range(degree + 1)]
    shares = [(1 - z) / f for z in nodes]
    return f, interpolated(nodes, [form(a * share / (1 - share), a) for share in shares])


def interpolated(nodes: list[mpf], values: list[mpf]) -> list[mpf]:
    """Newton's divided differences, multiplied out."""
    differences = list(values)
    for level in range(1, len(nodes)):
        for k in range(len(nodes) - 1, level - 1, -1):
            differences[k] = (differences[k] - differences[k - 1]) / (nodes[k] - nodes[k - level])
    result = [mpf(0)]
    for node, difference in zip(reversed(nodes), reversed(differences), strict=True):
        shifted = [mpf(0), *result]
        result = [up - node * low for up, low in zip(shifted, [*result, mpf(0)], strict=True)]
        result[0] += difference
    return result[: len(nodes)]


def main() -> None:
    """Print all of them, for float32 and for float64."""
    fits = {"float32": ((moment, 3, 8), (bend, 4, 7)), "float64": ((flat_moment, 4, 19), (bend, 5, 17))}
    for dtype, forms in fits.items():
        for form, a, degree in forms:
            f, found = coefficients(form, mpf(a), degree)
            print(dtype, form.__name__, f"a = {a}, f = {float(f)!r}", *map(float, found), sep="\n    ")


if __name__ == "__main__":
    main()
