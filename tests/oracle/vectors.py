"""The textbook definition of every function of a row, its true values and its true Jacobian."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction

from flint import arb, arb_series

from tests.oracle.balls import enclose, starting_bits

Row = list[arb_series]


def _softmax(row: Row) -> Row:
    return _shares([x.exp() for x in row])


def _shares(weights: Row) -> Row:
    return [weight / sum(weights) for weight in weights]


def _sigmoid(x: arb_series) -> arb_series:
    return 1 / (1 + (-x).exp())


def _halves(row: Row) -> list[tuple[arb_series, arb_series]]:
    middle = len(row) // 2
    return list(zip(row[:middle], row[middle:], strict=True))


def _logsumexp(row: Row) -> arb_series:
    return _sum_of_exponentials(row).log()


def _sum_of_exponentials(row: Row) -> arb_series:
    return sum((x.exp() for x in row), 0 * row[0])


def _gelu(x: arb_series) -> arb_series:
    return x * (-x / arb(2).sqrt()).erfc() / 2


def _log_softmax(row: Row) -> Row:
    return [x - _logsumexp(row) for x in row]


def _gumbel_softmax(row: Row, tau: float = 1.0) -> Row:
    return _softmax([x / arb(tau) for x in row])


def _sparsemax(row: Row) -> Row:
    support = _support([_fraction(x[0]) for x in row])
    tau = (sum(row[i] for i in support) - 1) / len(support)
    return [x - tau if i in support else 0 * x for i, x in enumerate(row)]


def _support(row: list[Fraction]) -> list[int]:
    """The nonzero entries of the projection: the longest prefix in descending order with 1 + k z_k > sum."""
    order = sorted(range(len(row)), key=lambda i: -row[i])
    lengths = (k for k in range(1, len(row) + 1) if 1 + k * row[order[k - 1]] > sum(row[i] for i in order[:k]))
    return order[: max(lengths)]


def _first_maximum(row: Row) -> int:
    values = [_fraction(x[0]) for x in row]
    return values.index(max(values))


def _fraction(ball: arb) -> Fraction:
    mantissa, exponent = ball.man_exp()
    return Fraction(int(mantissa)) * Fraction(2) ** int(exponent)


def _hardmax(row: Row) -> Row:
    return [(i == _first_maximum(row)) + 0 * x for i, x in enumerate(row)]


def _standardize(row: Row, epsilon: float = 1e-5) -> Row:
    mean = sum(row) / len(row)
    variance = sum((x - mean) * (x - mean) for x in row) / len(row)
    return [(x - mean) / (variance + arb(epsilon)).sqrt() for x in row]


def _swiglu(row: Row, alpha: float = 1.0) -> Row:
    return [a * _sigmoid(arb(alpha) * a) * b for a, b in _halves(row)]


VECTOR_FORMULAS: dict[str, Callable[..., Row]] = {
    "softmax": _softmax,
    "log_softmax": _log_softmax,
    "softmin": lambda row: _softmax([-x for x in row]),
    "gumbel_softmax": _gumbel_softmax,
    "sparsemax": _sparsemax,
    "hardmax": _hardmax,
    "standardize": _standardize,
    "glu": lambda row: [a * _sigmoid(b) for a, b in _halves(row)],
    "swiglu": _swiglu,
    "geglu": lambda row: [a * _gelu(b) for a, b in _halves(row)],
    "logsumexp": lambda row: [_logsumexp(row)],
    "logmeanexp": lambda row: [(_sum_of_exponentials(row) / len(row)).log()],
    "maxout": lambda row: [row[_first_maximum(row)]],
}


def vector_truth(name: str, row: Sequence[float], **parameters: float) -> list[arb]:
    """The true values of a function of a row.

    Parameters
    ----------
    name
        A key of `VECTOR_FORMULAS`. gumbel_softmax is the one without noise.
    row
        The points, exactly these float64, finite.
    **parameters
        Those that differ from the defaults.

    Returns
    -------
    list of arb
        One ball for each output; a reduction has one.
    """
    return [series[0] for series in _outputs(name, row, None, parameters)]


def jacobian_truth(name: str, row: Sequence[float], **parameters: float) -> list[list[arb]]:
    """The true Jacobian: entry [i][j] is ∂y_i/∂x_j; where maxima tie, that of the first maximum."""
    columns = [[series[1] for series in _outputs(name, row, j, parameters)] for j in range(len(row))]
    return [list(entries) for entries in zip(*columns, strict=True)]


def _outputs(name: str, row: Sequence[float], variable: int | None, parameters: dict[str, float]) -> Row:
    """The outputs as series in one of the inputs (or in none), each coefficient settled."""
    formula = VECTOR_FORMULAS[name]
    inputs = [arb_series([arb(x), int(j == variable)], 2) for j, x in enumerate(row)]

    def expression() -> list[arb]:
        return [series[k] for series in formula(inputs, **parameters) for k in range(2)]

    balls = enclose(expression, max(map(starting_bits, row)))
    return [arb_series(balls[i : i + 2], 2) for i in range(0, len(balls), 2)]
