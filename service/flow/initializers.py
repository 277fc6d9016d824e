"""How weights, biases and inputs are drawn: the definitions of torch.nn.init, by the field's names.

A rule has a law (constant, normal, uniform, orthogonal) and gives mean and standard deviation from the fans; normals
are not truncated. Glorot is torch's xavier, He its kaiming; `variance_scaling` is Keras'; `mean_field` is
N(0, σ_w²/fan-in) for weights and N(0, σ_b²) for biases.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from math import inf, isfinite, sqrt
from typing import Literal

import numpy as np

from service.activations.model import Array
from service.errors import InvalidInput
from service.flow.network import Drawn

Law = Literal["constant", "normal", "uniform", "orthogonal"]
Settings = Mapping[str, float | str | None]
Moments = Callable[[int, int, Settings], tuple[float, float]]

_MODES = ("fan_in", "fan_out")
_GAINS = {
    "linear": 1.0,
    "identity": 1.0,
    "sigmoid": 1.0,
    "tanh": 5 / 3,
    "relu": sqrt(2.0),
    "leaky_relu": sqrt(2.0),
    "selu": 0.75,
}
_LARGEST = 1e100


@dataclass(frozen=True)
class Rule:
    """A law, its parameters with their defaults, and the mean and standard deviation for (fan_in, fan_out)."""

    law: Law
    moments: Moments
    defaults: Settings = field(default_factory=dict)
    choices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    at_least: Mapping[str, float] = field(default_factory=dict)


def _number(settings: Settings, name: str) -> float:
    value = settings[name]
    return float(value) if isinstance(value, int | float) else 0.0


def _glorot(n_in: int, n_out: int, settings: Settings) -> tuple[float, float]:
    return 0.0, _number(settings, "gain") * sqrt(2.0 / (n_in + n_out))


def _he(n_in: int, n_out: int, settings: Settings) -> tuple[float, float]:
    gain = _GAINS[str(settings["nonlinearity"])]
    if settings["nonlinearity"] == "leaky_relu":
        gain /= sqrt(1.0 + _number(settings, "a") ** 2)
    return 0.0, gain / sqrt(n_in if settings["mode"] == "fan_in" else n_out)


def _scaled(n_in: int, n_out: int, settings: Settings) -> tuple[float, float]:
    fan = {"fan_in": n_in, "fan_out": n_out, "fan_avg": (n_in + n_out) / 2}[str(settings["mode"])]
    return 0.0, sqrt(_number(settings, "scale") / fan)


def _orthogonal(n_in: int, n_out: int, settings: Settings) -> tuple[float, float]:
    return 0.0, _number(settings, "gain") / sqrt(max(n_in, n_out))


def _bounds(n_in: int, n_out: int, settings: Settings) -> tuple[float, float]:
    low, high = _number(settings, "low"), _number(settings, "high")
    return low + (high - low) / 2, (high - low) / sqrt(12.0)


_NORMAL = Rule(
    "normal",
    lambda n_in, n_out, p: (_number(p, "mean"), _number(p, "std")),
    {"mean": 0.0, "std": 1.0},
    at_least={"std": 0.0},
)
_UNIFORM = Rule("uniform", _bounds, {"low": 0.0, "high": 1.0})
_CONSTANTS = {
    "zeros": Rule("constant", lambda n_in, n_out, p: (0.0, 0.0)),
    "ones": Rule("constant", lambda n_in, n_out, p: (1.0, 0.0)),
    "constant": Rule("constant", lambda n_in, n_out, p: (_number(p, "value"), 0.0), {"value": 0.0}),
}
_HE_DEFAULTS: Settings = {"a": 0.0, "mode": "fan_in", "nonlinearity": "leaky_relu"}
_HE_CHOICES = {"mode": _MODES, "nonlinearity": tuple(_GAINS)}

INPUTS = {"normal": _NORMAL, "uniform": _UNIFORM}
BIASES = {
    **_CONSTANTS,
    **INPUTS,
    "mean_field": Rule(
        "normal", lambda n_in, n_out, p: (0.0, _number(p, "sigma_b")), {"sigma_b": 0.0}, at_least={"sigma_b": 0.0}
    ),
}
WEIGHTS = {
    **_CONSTANTS,
    **INPUTS,
    "glorot_normal": Rule("normal", _glorot, {"gain": 1.0}),
    "glorot_uniform": Rule("uniform", _glorot, {"gain": 1.0}),
    "he_normal": Rule("normal", _he, _HE_DEFAULTS, _HE_CHOICES),
    "he_uniform": Rule("uniform", _he, _HE_DEFAULTS, _HE_CHOICES),
    "lecun_normal": Rule("normal", lambda n_in, n_out, p: (0.0, 1 / sqrt(n_in))),
    "lecun_uniform": Rule("uniform", lambda n_in, n_out, p: (0.0, 1 / sqrt(n_in))),
    "orthogonal": Rule("orthogonal", _orthogonal, {"gain": 1.0}),
    "variance_scaling": Rule(
        "normal",
        _scaled,
        {"scale": 1.0, "mode": "fan_in", "distribution": "normal"},
        {"mode": (*_MODES, "fan_avg"), "distribution": ("normal", "uniform")},
        at_least={"scale": 0.0},
    ),
    "mean_field": Rule(
        "normal",
        lambda n_in, n_out, p: (0.0, _number(p, "sigma_w") / sqrt(n_in)),
        {"sigma_w": 1.0},
        at_least={"sigma_w": 0.0},
    ),
}
ALIASES = {
    "xavier_normal": "glorot_normal",
    "xavier_uniform": "glorot_uniform",
    "kaiming_normal": "he_normal",
    "kaiming_uniform": "he_uniform",
}


def drawn(name: str, given: Mapping[str, object], rules: Mapping[str, Rule], member: str = "initializer") -> Drawn:
    """The rule of that name with all of its parameters.

    Raises
    ------
    InvalidInput
        An unknown rule (at `member`), or an unknown, mistyped or impossible parameter (at its name).
    """
    plain = name.removesuffix("_")  # torch.nn.init's names end in an underscore
    canonical = ALIASES.get(plain, plain)
    if canonical not in rules:
        near = get_close_matches(plain[:64], [*rules, *ALIASES], n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise InvalidInput.at(member, detail=f"There is no {name[:64]!r} here; there are {', '.join(rules)}.{hint}")
    rule = rules[canonical]
    for parameter, value in given.items():
        if (reason := _wrong(rule, canonical, parameter, value)) is not None:
            raise InvalidInput.at(parameter, detail=reason)
    settings = {**rule.defaults, **{key: value for key, value in given.items() if isinstance(value, int | float | str)}}
    if {"low", "high"} <= set(settings) and _number(settings, "low") > _number(settings, "high"):
        raise InvalidInput.at("high", detail="Must not be less than low.")
    return Drawn(canonical, settings)


def _wrong(rule: Rule, name: str, parameter: str, value: object) -> str | None:
    if parameter not in rule.defaults:
        return f"{name} has no such parameter; it has {', '.join(rule.defaults) or 'none'}."
    if parameter in rule.choices:
        choices = rule.choices[parameter]
        return None if value in choices else f"Must be one of {', '.join(choices)}."
    if type(value) not in (int, float) or not isinstance(value, int | float):
        return "Must be a number."
    if not isfinite(value) or abs(value) > _LARGEST:
        return f"Must be finite and within ±{_LARGEST:g}."
    least = rule.at_least.get(parameter, -inf)
    return None if value >= least else f"Must be at least {least:g}."


def law(source: Drawn) -> Law:
    """What kind of numbers the rule draws."""
    if source.rule == "variance_scaling" and source.parameters["distribution"] == "uniform":
        return "uniform"
    return (WEIGHTS | BIASES)[source.rule].law


def moments(source: Drawn, n_in: int, n_out: int) -> tuple[float, float]:
    """Mean and standard deviation of one number, for weights of (n_in, n_out)."""
    rules = BIASES if "sigma_b" in source.parameters else WEIGHTS
    return rules[source.rule].moments(n_in, n_out, source.parameters)


def weight_variance(source: Drawn, n_in: int, n_out: int) -> float:
    """Variance of one weight."""
    return moments(source, n_in, n_out)[1] ** 2


def bias_variance(source: Drawn) -> float:
    """Variance of one bias."""
    return moments(source, 1, 1)[1] ** 2


def draw(source: Drawn, generator: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Numbers of the rule: (n_in, n_out) for weights, (n,) for biases, (batch, features) for inputs."""
    n_in, n_out = (shape[0], shape[-1]) if len(shape) > 1 else (1, shape[0])
    mean, std = moments(source, n_in, n_out)
    match law(source):
        case "constant":
            return np.full(shape, mean)
        case "normal":
            return mean + std * generator.standard_normal(shape)
        case "uniform":
            return mean + std * sqrt(3.0) * generator.uniform(-1.0, 1.0, shape)
        case "orthogonal":
            return std * sqrt(max(n_in, n_out)) * _rotation(generator, n_in, n_out)


def _rotation(generator: np.random.Generator, n_in: int, n_out: int) -> Array:
    """Random orthonormal rows or columns, whichever are fewer: Q of a normal matrix, with the signs of R."""
    tall = generator.standard_normal((max(n_in, n_out), min(n_in, n_out)))
    q, r = np.linalg.qr(tall)
    q = q * np.where(np.diagonal(r) < 0, -1.0, 1.0)
    return np.asarray(q if n_in >= n_out else q.T)
