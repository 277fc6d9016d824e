"""What an activation function is: the declarative objects that the catalogue is made of."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from service.numerics.double_double import DD

Value = float | int | bool | str | None
Convention = Literal["left", "right", "mean", "zero"]
Kind = Literal["elementwise", "vector", "gated", "reduction"]
Array = NDArray[np.float64]
Parameters = Mapping[str, Any]  # values as the functions take them: checked and complete
Place = float | tuple[float, float] | None

MAX_ORDER = 4
LARGE = 1e100  # bounds of thresholds and slopes: products with them neither overflow nor vanish
WORK = 6  # arrays that a kernel may work in
STEEP = 1e9  # bounds of steepness and scale, whose powers count


@dataclass(frozen=True)
class Formula:
    """A formula for reading (`text`) and for typesetting (`latex`)."""

    text: str
    latex: str


@dataclass(frozen=True)
class Reference:
    """The publication or page that defines the function."""

    title: str
    url: str


@dataclass(frozen=True)
class Names:
    """What the frameworks call the function; every name is accepted as an alias."""

    pytorch: tuple[str, ...] = ()
    jax: tuple[str, ...] = ()
    keras: tuple[str, ...] = ()
    onnx: tuple[str, ...] = ()
    other: tuple[str, ...] = ()

    def all(self) -> tuple[str, ...]:
        """Every alias, in the order of the frameworks, without repetition."""
        return tuple(dict.fromkeys(self.pytorch + self.jax + self.keras + self.onnx + self.other))


@dataclass(frozen=True)
class Parameter:
    """One parameter of a function: its default, its domain, and what the frameworks call and set it.

    The domain is the closed interval from `minimum` to `maximum` for numbers, or `choices`.
    `nullable` parameters may be None, which means 'none'.
    """

    name: str
    default: Value
    description: str
    minimum: float | None = -LARGE
    maximum: float | None = LARGE
    choices: tuple[str, ...] = ()
    nullable: bool = False
    aliases: tuple[str, ...] = ()
    defaults: Mapping[str, Value] = field(default_factory=dict)

    @property
    def type(self) -> Literal["number", "integer", "boolean", "choice"]:
        """What kind of value the parameter takes."""
        if self.choices:
            return "choice"
        if isinstance(self.default, bool):
            return "boolean"
        return "integer" if isinstance(self.default, int) else "number"


@dataclass(frozen=True)
class Extremum:
    """An infimum or supremum, and where it is reached: a number, an interval, ±inf, or None (nowhere)."""

    value: float
    at: Place


@dataclass(frozen=True)
class Facts:
    """What is true of a function at one setting of its parameters; every entry is tested against the function.

    `limits` are those at −∞ and +∞ (NaN: there is none); `slope` holds the infimum and supremum of the derivative
    over the smooth pieces and one-sidedly at the kinks.
    """

    range: tuple[float, float]
    limits: tuple[float, float]
    slope: tuple[Extremum, Extremum]
    monotonic: bool = True
    zero_centered: bool = False


@dataclass(frozen=True)
class Piece:
    """A smooth function on one interval: ``value(x)`` and ``derivative(x, order)`` for orders 1 to 4.

    Both take and return float64 arrays of one shape, for finite x; what they return outside the interval is not used.
    ``exact(x, order)``, if there is one, gives f⁽ⁿ⁾(x) beyond double precision, and the sign of what even that does not
    show: it decides how a result that lies midway between two numbers of a smaller dtype is rounded.
    ``times(x, order, factor)``, if there is one, gives factor·f⁽ⁿ⁾(x) also where f⁽ⁿ⁾(x) alone would underflow.
    """

    value: Callable[[Array], Array]
    derivative: Callable[[Array, int], Array]
    exact: Callable[[Array, int], tuple[DD, Array]] | None = None
    times: Callable[[Array, int, Array], Array] | None = None


Block = NDArray[Any]  # any: float64, or float32 where a kernel takes it
BlockFunction = Callable[[Block, Block, Sequence[Block]], None]


@dataclass(frozen=True)
class Kernel:
    """f and f′ for a block of numbers that stays in the caches: ``value(x, out, work)`` and ``slope(x, out, work)``.

    Both write their results into `out`, and may use the arrays of `work` (`WORK` of them) as they like. All arrays have
    one shape (n,) and one dtype, and none shares memory with another; x is not changed. Unlike a piece, a kernel takes
    what is not finite too: at ±inf it gives the limits, for NaN it gives NaN. At kinks its slope keeps the convention.
    """

    value: BlockFunction
    slope: BlockFunction


@dataclass(frozen=True)
class Knot:
    """Where two pieces meet: `owner` says whose value counts at x.

    `convention` says what counts as the derivative there when it differs between the sides: for the first order, then
    for the higher ones.
    """

    x: float
    owner: Convention = "left"
    convention: tuple[Convention, Convention] = ("left", "left")


@dataclass(frozen=True)
class Pieces:
    """A function on the real line: pieces from left to right, and the knots between them."""

    pieces: tuple[Piece, ...]
    knots: tuple[Knot, ...] = ()
    domain: tuple[float, float] = (-inf, inf)


@dataclass(frozen=True, kw_only=True, eq=False)
class Activation:
    """What all functions of the catalogue publish, whatever their kind.

    `ordered` lists pairs of parameters of which the first must not exceed the second; `noise` turns x and the
    parameters into those of one random draw, which makes a function stochastic; `exponential` says that an
    evaluation costs an exponential or a function of its kind; `problems` hold what no fact tells; `partials` hold
    ∂f/∂parameter by the parameter's name, as functions of x and, as keywords, of the parameters.
    """

    kind: ClassVar[Kind]
    name: str
    family: str
    formula: Formula
    derivative: Formula
    reference: Reference
    names: Names = Names()
    parameters: tuple[Parameter, ...] = ()
    ordered: tuple[tuple[str, str], ...] = ()
    noise: Callable[[np.random.Generator, Array, Parameters], tuple[Array, Parameters]] | None = None
    exponential: bool = False
    problems: Mapping[str, str] = field(default_factory=dict)
    partials: Mapping[str, Callable[..., Array]] = field(default_factory=dict)

    @property
    def stochastic(self) -> bool:
        """Whether a seed changes what the function does."""
        return self.noise is not None

    def defaults(self) -> dict[str, Value]:
        """The parameters as they are when the caller says nothing."""
        return {parameter.name: parameter.default for parameter in self.parameters}


@dataclass(frozen=True, kw_only=True, eq=False)
class Elementwise(Activation):
    """A function of one number, applied to every element.

    `pieces`, `facts`, `full` and `fast` take the parameters as keywords. The pieces say what the function is, for every
    order; the kernels, where there are any, give the same faster: `full` in float64 and as accurately, `fast` in
    float64 and in float32, within 4 ulp. For parameters without a kernel they give None.
    """

    kind: ClassVar[Kind] = "elementwise"
    pieces: Callable[..., Pieces]
    facts: Callable[..., Facts]
    full: Callable[..., Kernel | None] | None = None
    fast: Callable[..., Kernel | None] | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class AlongAxis(Activation):
    """A function of the vectors that lie along one axis.

    The callables take arrays whose *last* axis is that axis, and the parameters without `axis`, as keywords:
    ``value(x)`` maps (…, n) to (…, m), or to (…) for a reduction; ``jacobian(x)`` gives ∂y_i/∂x_j as (…, m, n), or
    (…, n) for a reduction; ``pullback(x, upstream)`` gives Σ_i upstream_i ∂y_i/∂x_j as (…, n).
    """

    value: Callable[..., Array]
    jacobian: Callable[..., Array]
    pullback: Callable[..., Array]
    shapes: tuple[str, str]
    range: tuple[float, float]
    lipschitz: float
    smoothness: str = "Cinf"
    zero_centered: bool = False


@dataclass(frozen=True, kw_only=True, eq=False)
class Vector(AlongAxis):
    """A function from vectors to vectors of the same length."""

    kind: ClassVar[Kind] = "vector"


@dataclass(frozen=True, kw_only=True, eq=False)
class Gated(AlongAxis):
    """A function that halves the vector: one half is passed through, gated by the other."""

    kind: ClassVar[Kind] = "gated"


@dataclass(frozen=True, kw_only=True, eq=False)
class Reduction(AlongAxis):
    """A function from vectors to numbers."""

    kind: ClassVar[Kind] = "reduction"
