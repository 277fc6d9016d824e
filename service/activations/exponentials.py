"""Functions made of exponentials and logarithms: elu and its kin, softplus and its kin, and the exponential itself."""

from math import inf, log

import numpy as np

from service.activations.model import (
    Array,
    Elementwise,
    Extremum,
    Facts,
    Formula,
    Knot,
    Names,
    Parameter,
    Piece,
    Pieces,
    Reference,
)
from service.activations.pieces import REACH, elementary, everywhere, joined, line, smooth
from service.numerics.double_double import DD, product, square_root, where
from service.numerics.exponential import exp_of, expm1
from service.numerics.jets import Jet
from service.numerics.logistic import log1p, sigmoid, sigmoid_jet, sigmoid_slope, softplus_jet, tanh_jet

_ALPHA = Parameter(
    "alpha",
    1.0,
    "Distance α of the lower asymptote from 0.",
    minimum=1e-100,
    maximum=1e100,
    defaults={"pytorch": 1.0, "jax": 1.0, "keras": 1.0, "onnx": 1.0},
)
_RISES_TO_ONE = (Extremum(0.0, -inf), Extremum(1.0, inf))


def _falling(height: float | DD, steepness: DD | float = 1.0) -> Piece:
    """height·(e^{steepness·x} − 1) for x ≤ 0; each derivative has one more factor `steepness`."""
    exact = DD.of(height)
    rate = DD.of(steepness)

    def value(x: Array) -> Array:
        grown = np.expm1(np.minimum((rate * np.maximum(x, -1e200)).value(), 0.0))
        return exact.hi * grown + exact.lo * grown

    def derivative(x: Array, order: int) -> Array:
        bounded = rate * np.clip(x, -1e200, 0.0)
        factor = exact
        for _ in range(order):
            factor = factor * rate
        return factor.value() * exp_of(DD(np.maximum(bounded.hi, -2 * REACH), bounded.lo))

    return Piece(value, derivative)


def _elu(alpha: float) -> Pieces:
    return joined(_falling(alpha), Knot(0.0, convention=("left", "right")), line(1.0))


elu = Elementwise(
    name="elu",
    family="exponential",
    formula=Formula(
        "f(x) = x if x > 0, else α(e^x − 1)", r"f(x) = \begin{cases}x & x > 0\\ \alpha(e^x - 1) & x \le 0\end{cases}"
    ),
    derivative=Formula("f′(x) = 1 if x > 0, else αe^x", r"f'(x) = \begin{cases}1 & x > 0\\ \alpha e^x & x \le 0\end{cases}"),
    parameters=(_ALPHA,),
    exponential=True,
    pieces=_elu,
    facts=lambda alpha: Facts(
        range=(-alpha, inf),
        limits=(-alpha, inf),
        slope=(Extremum(0.0, -inf), Extremum(1.0, (0.0, inf)) if alpha <= 1 else Extremum(alpha, 0.0)),
    ),
    partials={"alpha": lambda x, alpha: np.expm1(np.minimum(x, 0.0))},
    names=Names(pytorch=("ELU",), jax=("elu",), keras=("elu",), onnx=("Elu",)),
    reference=Reference(
        "D.-A. Clevert, T. Unterthiner and S. Hochreiter (2015). Exponential linear units",
        "https://arxiv.org/abs/1511.07289",
    ),
)


def _celu_partial(x: Array, alpha: float) -> Array:
    """∂f/∂α = e^u − 1 − ue^u with u = x/α, for x < 0."""
    u = np.clip(x / alpha, -REACH, 0.0)
    near = np.expm1(u) - u * np.exp(u)
    series = -u * u * (1 / 2 + u * (1 / 3 + u * (1 / 8 + u * (1 / 30 + u * (1 / 144 + u / 840)))))
    return np.where(u > -0.02, series, near)


celu = Elementwise(
    name="celu",
    family="exponential",
    formula=Formula(
        "f(x) = max(0, x) + min(0, α(e^(x/α) − 1))", r"f(x) = \max(0, x) + \min(0, \alpha(e^{x/\alpha} - 1))"
    ),
    derivative=Formula(
        "f′(x) = 1 if x > 0, else e^(x/α)", r"f'(x) = \begin{cases}1 & x > 0\\ e^{x/\alpha} & x \le 0\end{cases}"
    ),
    parameters=(_ALPHA,),
    exponential=True,
    pieces=lambda alpha: joined(
        _falling(alpha, 1.0 / DD.of(alpha)), Knot(0.0, convention=("left", "right")), line(1.0)
    ),
    facts=lambda alpha: Facts(
        range=(-alpha, inf), limits=(-alpha, inf), slope=(Extremum(0.0, -inf), Extremum(1.0, (0.0, inf)))
    ),
    partials={"alpha": _celu_partial},
    names=Names(pytorch=("CELU",), jax=("celu",), keras=("celu",), onnx=("Celu",)),
    reference=Reference(
        "J. T. Barron (2017). Continuously differentiable exponential linear units", "https://arxiv.org/abs/1704.07483"
    ),
)


def _selu_facts(alpha: float, scale: float) -> Facts:
    steepest = Extremum(scale * alpha, 0.0) if alpha > 1 else Extremum(scale, (0.0, inf))
    return Facts(
        range=(-scale * alpha, inf), limits=(-scale * alpha, inf), slope=(Extremum(0.0, -inf), steepest)
    )


selu = Elementwise(
    name="selu",
    family="exponential",
    formula=Formula(
        "f(x) = λx if x > 0, else λα(e^x − 1)",
        r"f(x) = \lambda\begin{cases}x & x > 0\\ \alpha(e^x - 1) & x \le 0\end{cases}",
    ),
    derivative=Formula(
        "f′(x) = λ if x > 0, else λαe^x", r"f'(x) = \lambda\begin{cases}1 & x > 0\\ \alpha e^x & x \le 0\end{cases}"
    ),
    parameters=(
        Parameter(
            "alpha",
            1.6732632423543772,
            "Constant α that makes the fixed point (mean 0, variance 1) attractive.",
            minimum=1e-100,
            maximum=1e100,
            defaults={"pytorch": 1.6732632423543772, "onnx": 1.6732631921768188},
        ),
        Parameter(
            "scale",
            1.0507009873554805,
            "Constant λ.",
            minimum=1e-100,
            maximum=1e100,
            aliases=("gamma", "lambda"),
            defaults={"pytorch": 1.0507009873554805, "onnx": 1.0507010221481323},
        ),
    ),
    exponential=True,
    pieces=lambda alpha, scale: joined(
        _falling(product(scale, alpha)), Knot(0.0, convention=("left", "right")), line(scale)
    ),
    facts=_selu_facts,
    partials={
        "alpha": lambda x, alpha, scale: scale * np.expm1(np.minimum(x, 0.0)),
        "scale": lambda x, alpha, scale: np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0.0))),
    },
    names=Names(pytorch=("SELU",), jax=("selu",), keras=("selu",), onnx=("Selu",)),
    reference=Reference(
        "G. Klambauer, T. Unterthiner, A. Mayr and S. Hochreiter (2017). Self-normalizing neural networks",
        "https://arxiv.org/abs/1706.02515",
    ),
)

exponential = Elementwise(
    name="exponential",
    family="exponential",
    formula=Formula("f(x) = e^x", r"f(x) = e^x"),
    derivative=Formula("f′(x) = e^x", r"f'(x) = e^x"),
    exponential=True,
    pieces=lambda: everywhere(elementary(np.exp, np.exp, np.exp, np.exp, np.exp)),
    facts=lambda: Facts(range=(0.0, inf), limits=(0.0, inf), slope=(Extremum(0.0, -inf), Extremum(inf, inf))),
    names=Names(pytorch=("exp",), jax=("exp",), keras=("exponential", "exp"), onnx=("Exp",)),
    reference=Reference("ONNX operators: Exp", "https://onnx.ai/onnx/operators/onnx__Exp.html"),
)


def _softplus(beta: float) -> Piece:
    def value(x: Array) -> Array:
        return np.maximum(x, 0.0) + np.log1p(np.exp(-np.abs(x * beta))) / beta

    def jet(u: DD, order: int) -> Jet:
        return softplus_jet(u, order).stretched(beta) * (1.0 / DD.of(beta))

    return smooth(value, sigmoid, jet, beta=beta)


softplus = Elementwise(
    name="softplus",
    family="softplus",
    formula=Formula("f(x) = ln(1 + e^(βx))/β", r"f(x) = \tfrac{1}{\beta}\ln(1 + e^{\beta x})"),
    derivative=Formula("f′(x) = σ(βx)", r"f'(x) = \sigma(\beta x)"),
    parameters=(
        Parameter(
            "beta",
            1.0,
            "Steepness β; softplus comes closer to relu as it grows. There is no threshold: the formula holds everywhere.",
            minimum=1e-100,
            maximum=1e100,
            defaults={"pytorch": 1.0},
        ),
    ),
    exponential=True,
    pieces=lambda beta: everywhere(_softplus(beta)),
    facts=lambda beta: Facts(range=(0.0, inf), limits=(0.0, inf), slope=_RISES_TO_ONE),
    partials={"beta": lambda x, beta: _softplus_partial(x, beta)},
    names=Names(pytorch=("Softplus",), jax=("softplus",), keras=("softplus",), onnx=("Softplus",)),
    reference=Reference(
        "C. Dugas, Y. Bengio, F. Bélisle, C. Nadeau and R. Garcia (2000). Incorporating second-order functional knowledge",
        "https://papers.nips.cc/paper/1920-incorporating-second-order-functional-knowledge-for-better-option-pricing",
    ),
)


def _softplus_partial(x: Array, beta: float) -> Array:
    """∂f/∂β = (uσ(u) − ln(1 + e^u))/β² with u = βx: the same for u and −u, and negative."""
    a = -np.abs(np.clip(x * beta, -REACH, REACH))
    jet = softplus_jet(DD.of(a), 1)
    return np.ldexp((jet.orders[1] * a - jet.orders[0]).value(), -np.asarray(jet.scale, dtype=np.int32)) / beta / beta


log_sigmoid = Elementwise(
    name="log_sigmoid",
    family="softplus",
    formula=Formula("f(x) = ln σ(x) = −ln(1 + e^(−x))", r"f(x) = \ln\sigma(x) = -\ln(1 + e^{-x})"),
    derivative=Formula("f′(x) = σ(−x)", r"f'(x) = \sigma(-x)"),
    exponential=True,
    pieces=lambda: everywhere(
        smooth(
            value=lambda x: np.minimum(x, 0.0) - np.log1p(np.exp(-np.abs(x))),
            slope=lambda x: sigmoid(-x),
            jet=lambda u, order: -softplus_jet(-u, order).stretched(-1.0),
        )
    ),
    facts=lambda: Facts(
        range=(-inf, 0.0), limits=(-inf, 0.0), slope=(Extremum(0.0, inf), Extremum(1.0, -inf))
    ),
    names=Names(pytorch=("LogSigmoid", "logsigmoid"), jax=("log_sigmoid",), keras=("log_sigmoid",)),
    reference=Reference(
        "PyTorch: LogSigmoid", "https://docs.pytorch.org/docs/stable/generated/torch.nn.LogSigmoid.html"
    ),
)


def _root(x: Array, b: float) -> Array:
    """√(x² + b)."""
    return np.hypot(x, np.sqrt(b))


def _lower(x: Array, b: float) -> DD:
    """√(x² + b) + |x|, of which half is f(|x|), and b over its double f(−|x|)."""
    near = np.minimum(np.abs(x), 1e120)
    exact = square_root(product(near, near) + b) + near
    return where(np.abs(x) > 1e120, 2 * np.abs(x), exact)


def _squareplus(b: float) -> Piece:
    """With r = √(x² + b) and w = √b/r: f′ = (1 + x/r)/2, f″ = w²/(2r), f‴ = −3w²x/(2r³), f⁗ = 3w²(4x² − b)/(2r⁵)."""

    def value(x: Array) -> Array:
        lower = _lower(x, b)
        return np.where(x > 0, lower.value(), DD.of(b).ratio(lower)) / 2

    def slope(x: Array) -> Array:
        small = DD.of(b).ratio(_lower(x, b)) / _root(x, b) / 2
        return np.where(x > 0, 1 - small, small)

    def second(x: Array) -> Array:
        return np.square(np.sqrt(b) / _root(x, b)) / _root(x, b) / 2

    def third(x: Array) -> Array:
        return -3 * second(x) * (x / _root(x, b)) / _root(x, b)

    def fourth(x: Array) -> Array:
        r = _root(x, b)
        near = np.clip(x, -1e100, 1e100)
        numerator = (product(near, near).scaled(4.0) - b).value() / np.square(_root(near, b))
        return 3 * second(x) * numerator / r / r

    return elementary(value, slope, second, third, fourth)


squareplus = Elementwise(
    name="squareplus",
    family="softplus",
    formula=Formula("f(x) = (x + √(x² + b))/2", r"f(x) = \tfrac12\left(x + \sqrt{x^2 + b}\right)"),
    derivative=Formula("f′(x) = (1 + x/√(x² + b))/2", r"f'(x) = \tfrac12\left(1 + \frac{x}{\sqrt{x^2 + b}}\right)"),
    parameters=(
        Parameter(
            "b", 4.0, "Curvature b: how round the bend at 0 is.", minimum=1e-100, maximum=1e100, defaults={"jax": 4, "keras": 4}
        ),
    ),
    pieces=lambda b: everywhere(_squareplus(b)),
    facts=lambda b: Facts(range=(0.0, inf), limits=(0.0, inf), slope=_RISES_TO_ONE),
    partials={"b": lambda x, b: 1 / _root(x, b) / 4},
    names=Names(jax=("squareplus",), keras=("squareplus",)),
    reference=Reference("J. T. Barron (2021). Squareplus", "https://arxiv.org/abs/2112.11687"),
)


def _logcosh_value(x: Array) -> Array:
    """½·ln(1 + sinh²x) up to |x| = 20, then |x| − ln 2."""
    near = DD.of(np.clip(np.abs(x), 0.0, 20.0))
    grown = expm1(near)
    sinh = (grown + grown / (grown + 1.0)).scaled(0.5)
    return np.where(np.abs(x) < 20, log1p(sinh * sinh).value() / 2, np.abs(x) - log(2))


def _logcosh_jet(u: DD, order: int) -> Jet:
    slopes = tanh_jet(DD(np.clip(u.hi, -REACH / 2, REACH / 2), u.lo), order - 1)
    return Jet((slopes.orders[0], *slopes.orders), slopes.scale)


logcosh = Elementwise(
    name="logcosh",
    family="softplus",
    formula=Formula("f(x) = ln cosh(x) = |x| + ln(1 + e^(−2|x|)) − ln 2", r"f(x) = \ln\cosh x"),
    derivative=Formula("f′(x) = tanh(x)", r"f'(x) = \tanh x"),
    exponential=True,
    pieces=lambda: everywhere(smooth(_logcosh_value, np.tanh, _logcosh_jet, tail=None)),
    facts=lambda: Facts(
        range=(0.0, inf),
        limits=(inf, inf),
        slope=(Extremum(-1.0, -inf), Extremum(1.0, inf)),
        monotonic=False,
    ),
    names=Names(other=("log_cosh",)),
    reference=Reference("Flux: NNlib.logcosh", "https://fluxml.ai/NNlib.jl/stable/reference/"),
)


def _reciprocal_expm1(x: Array) -> Array:
    """f′ = 1/(e^x − 1) = E/(1 − E) with E = e^{−x}; NaN for x < 0, where the function is not defined."""
    defined = np.where(x >= 0, x, np.nan)
    return np.exp(-defined) / -np.expm1(-defined)


def _log1mexp_value(x: Array) -> Array:
    defined = np.where(x >= 0, x, np.nan)
    return np.where(x < log(2), np.log(-np.expm1(-defined)), np.log1p(-np.exp(-defined)))


def _log1mexp() -> Piece:
    """With p = 1/(e^x − 1): f″ = −p(1 + p), f‴ = p(1 + p)(1 + 2p), f⁗ = −p(1 + p)(1 + 6p(1 + p))."""

    def derivative(x: Array, order: int) -> Array:
        p = _reciprocal_expm1(x)
        both = p * (1 + p)
        return (p, -both, both * (1 + 2 * p), -both * (1 + 6 * both))[order - 1]

    return Piece(_log1mexp_value, derivative)


log1mexp = Elementwise(
    name="log1mexp",
    family="exponential",
    formula=Formula("f(x) = ln(1 − e^(−x)), x ≥ 0", r"f(x) = \ln(1 - e^{-x}),\quad x \ge 0"),
    derivative=Formula("f′(x) = 1/(e^x − 1)", r"f'(x) = \frac{1}{e^x - 1}"),
    exponential=True,
    pieces=lambda: Pieces((_log1mexp(),), domain=(0.0, inf)),
    facts=lambda: Facts(
        range=(-inf, 0.0), limits=(float("nan"), 0.0), slope=(Extremum(0.0, inf), Extremum(inf, 0.0))
    ),
    names=Names(jax=("log1mexp",)),
    reference=Reference(
        "M. Mächler (2012). Accurately computing log(1 − exp(−|a|))",
        "https://cran.r-project.org/web/packages/Rmpfr/vignettes/log1mexp-note.pdf",
    ),
)

EXPONENTIALS = (elu, celu, selu, exponential, softplus, log_sigmoid, squareplus, logcosh, log1mexp)
