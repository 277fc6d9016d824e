"""The catalogue as a client reads it: what each function is."""

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from urllib.parse import quote

from service.client.drawing import shown, table
from service.client.exchange import Ask, Exchange, answered
from service.client.reading import Value, Values, read
from service.errors import InvalidInput, UnknownActivation

Place = float | tuple[float, float] | None


@dataclass(frozen=True)
class Formula:
    """A formula for reading (`text`) and for typesetting (`latex`)."""

    text: str
    latex: str


@dataclass(frozen=True)
class Aliases:
    """The names of the function in the frameworks."""

    pytorch: tuple[str, ...]
    jax: tuple[str, ...]
    keras: tuple[str, ...]
    onnx: tuple[str, ...]
    other: tuple[str, ...]


@dataclass(frozen=True)
class Shapes:
    """What goes in and what comes out."""

    input: str
    output: str


@dataclass(frozen=True)
class Parameter:
    """A parameter: its default, its domain (an interval, or `choices`), and what the frameworks call and set it."""

    name: str
    default: Value
    description: str
    minimum: float | None
    maximum: float | None
    choices: tuple[str, ...]
    nullable: bool
    aliases: tuple[str, ...]
    defaults: Values


@dataclass(frozen=True)
class Kink:
    """Where the slope changes at once: the one-sided slopes, and what counts as the derivative."""

    x: float
    left: float
    right: float
    convention: float


@dataclass(frozen=True)
class Jump:
    """Where the value changes at once: its one-sided limits, and what it is."""

    x: float
    left: float
    at: float
    right: float


@dataclass(frozen=True)
class Range:
    """The infimum and supremum of the values."""

    lower: float
    upper: float


@dataclass(frozen=True)
class Limits:
    """What the values tend to; None where there is no limit."""

    minus_infinity: float | None
    plus_infinity: float | None


@dataclass(frozen=True)
class Extreme:
    """An extreme of the derivative and where it is: a number, an interval, ±inf, or None (nowhere)."""

    value: float
    at: Place


@dataclass(frozen=True)
class DerivativeExtrema:
    """The infimum and supremum of the derivative."""

    minimum: Extreme
    maximum: Extreme


@dataclass(frozen=True)
class Gains:
    """1/√E f(z)² and 1/√E f′(z)² for z ~ N(0, 1): the weight scales that keep signals and gradients in size."""

    forward: float | None
    backward: float | None


@dataclass(frozen=True)
class RelativeCost:
    """Time of a value over relu's, by dtype; where and when that was measured."""

    float64: float
    float32: float
    machine: str
    measured: str


@dataclass(frozen=True)
class KnownProblem:
    """A trouble by its code, and one or two sentences about it."""

    code: str
    text: str


@dataclass(frozen=True)
class Reference:
    """The publication or page that defines the function."""

    title: str
    url: str


@dataclass(frozen=True, kw_only=True)
class Descriptor:
    """What a function is; facts are those at the default parameters, None where they make no sense."""

    name: str
    aliases: Aliases
    family: str
    kind: str
    stochastic: bool
    shapes: Shapes
    formula: Formula
    derivative: Formula
    parameters: tuple[Parameter, ...]
    kinks: tuple[Kink, ...]
    jumps: tuple[Jump, ...]
    range: Range
    limits: Limits | None
    monotonic: bool | None
    zero_centered: bool
    smoothness: str
    derivative_extrema: DerivativeExtrema | None
    lipschitz: float
    gains: Gains | None
    relative_cost: RelativeCost | None
    problems: tuple[KnownProblem, ...]
    reference: Reference

    def own_name(self, parameter: str) -> str:
        """The name of a parameter here, from any of its names; any other name as it is."""
        return self._names().get(parameter, parameter)

    def bind(self, given: Mapping[str, object]) -> dict[str, object]:
        """All parameters by their own names, those given by any of their names; raises InvalidInput for others."""
        own = self._names()
        for name in given:
            if name not in own:
                has = f"Its parameters are {', '.join(own)}." if own else "It has none."
                raise InvalidInput.at("parameters", name, detail=f"{self.name} has no parameter {name!r}. {has}")
        return {parameter.name: parameter.default for parameter in self.parameters} | {
            own[name]: value for name, value in given.items()
        }

    def _repr_html_(self) -> str:
        extrema = self.derivative_extrema
        slopes = extrema and f"{shown(extrema.minimum.value)} to {shown(extrema.maximum.value)}"
        rows = {
            "f": self.formula.text,
            "f′": self.derivative.text,
            "parameters": ", ".join(f"{item.name} = {shown(item.default)}" for item in self.parameters) or None,
            "range": f"{shown(self.range.lower)} to {shown(self.range.upper)}",
            "slopes": slopes,
            "kinks": ", ".join(shown(kink.x) for kink in self.kinks) or None,
            "gains": self.gains and f"{shown(self.gains.forward)} forward, {shown(self.gains.backward)} backward",
            **{item.code.replace("_", " "): item.text for item in self.problems},
        }
        return f"<b>{escape(self.name)}</b>{table(rows.items())}"

    def _names(self) -> dict[str, str]:
        return {name: parameter.name for parameter in self.parameters for name in (parameter.name, *parameter.aliases)}


@dataclass(frozen=True)
class _Catalogue:
    activations: tuple[Descriptor, ...]


class Session:
    """What a client keeps between its questions: how often to ask again, and the functions that it has looked up."""

    def __init__(self, retries: int) -> None:
        self.retries = retries
        self.known: dict[str, Descriptor] = {}


def activations(session: Session, family: str | None = None, q: str | None = None) -> Exchange[tuple[Descriptor, ...]]:
    """Describe the functions of the catalogue, of a family, or with `q` in one of their names."""
    query = {name: value for name, value in {"family": family, "q": q}.items() if value is not None}
    reply = yield from answered(Ask("GET", "/activations", query), session.retries)
    return read(_Catalogue, reply.body).activations


def activation(session: Session, name: str) -> Exchange[Descriptor]:
    """Describe the function of this name or alias."""
    if not name.strip(".") or "/" in name:  # would be another address
        raise UnknownActivation(name, path=())
    reply = yield from answered(Ask("GET", f"/activations/{quote(name, safe='')}"), session.retries)
    return read(Descriptor, reply.body)


def looked_up(session: Session, name: str) -> Exchange[Descriptor]:
    """The same, asked for once."""
    if name not in session.known:
        session.known[name] = yield from activation(session, name)
    return session.known[name]
