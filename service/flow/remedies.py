"""What mends a network: concrete changes, each applied, measured again, and kept only if it helps.

A change helps if the finding that it is for goes away, becomes less grave, or is left to less than half of the layers,
and nothing as grave comes in its place.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from operator import itemgetter

from service.activations import lookup
from service.activations.model import Elementwise
from service.errors import ActiscopeError
from service.flow.diagnosis import diagnose
from service.flow.effort import effort
from service.flow.findings import SEVERITIES, Code, Figure, Finding
from service.flow.initializers import WEIGHTS, drawn
from service.flow.meanfield.solution import solve
from service.flow.measurement import Measurement, measure
from service.flow.network import Block, Drawn, Experiment, Given, Layer
from service.flow.unrolled import Cost, cost, unroll

MOST_RUNS = 12  # changes that are tried for one experiment
SMALL_BIAS = 0.01
_DEFAULT_GAIN = 1.0

Change = Callable[[Experiment], Experiment]


@dataclass(frozen=True)
class Verified:
    """The figures that the finding is about, before and after the change."""

    before: Mapping[str, Figure]
    after: Mapping[str, Figure]


@dataclass(frozen=True)
class Remedy:
    """A change in words, the experiment that it makes of this one, and what was measured of both."""

    change: str
    experiment: Experiment
    verified: Verified


@dataclass(frozen=True)
class _Candidate:
    """A change that may help against these findings; `depth`: 0 if it changes numbers, 1 structure, 2 functions."""

    text: str
    change: Change
    codes: tuple[Code, ...]
    depth: int


def remedies(
    experiment: Experiment, measurement: Measurement, findings: tuple[Finding, ...], at_most: Cost
) -> dict[Code, tuple[Remedy, ...]]:
    """For each finding the changes that were run and help, the best first; no more is taken than `at_most`."""
    wanted = {finding.code: finding for finding in findings}
    found: dict[Code, list[tuple[tuple[float, ...], Remedy]]] = {code: [] for code in wanted}
    once = effort(unroll(experiment), experiment)
    runs = min(MOST_RUNS, at_most.operations // once - 1)  # the experiment itself was the first
    for candidate in _CANDIDATES:
        codes = [code for code in candidate.codes if code in wanted]
        changed = _changed(candidate, experiment, at_most.bytes) if codes and runs > 0 else None
        if changed is None:
            continue
        runs -= 1
        after = measure(replace(changed, jacobian_samples=0))
        later = diagnose(changed, after)
        for code in codes:
            if _helps(code, findings, later):
                verified = Verified(_figures(code, measurement), _figures(code, after))
                remedy = Remedy(candidate.text, changed, verified)
                found[code].append((_rank(code, later, after, candidate.depth), remedy))
    return {code: tuple(remedy for _, remedy in sorted(ranked, key=itemgetter(0))) for code, ranked in found.items()}


def _changed(candidate: _Candidate, experiment: Experiment, most_bytes: int) -> Experiment | None:
    """The changed experiment, unless the change changes nothing or makes what cannot be or be run."""
    changed = candidate.change(experiment)
    if changed.entries == experiment.entries:
        return None
    try:
        steps = unroll(changed)
    except ActiscopeError:
        return None
    return changed if cost(steps, changed).bytes <= most_bytes else None


def _gravity(findings: tuple[Finding, ...], code: Code | None = None) -> int:
    """The gravest severity, of one code or of all; −1 if there is none."""
    grave = [SEVERITIES.index(finding.severity) for finding in findings if code in (None, finding.code)]
    return max(grave, default=-1)


def _helps(code: Code, before: tuple[Finding, ...], after: tuple[Finding, ...]) -> bool:
    mended = _gravity(before, code)
    others = {finding.code for finding in after} - {code}
    worse = any(_gravity(after, other) > max(_gravity(before, other), mended - 1) for other in others)
    return not worse and _extent(after, code) < _extent(before, code, share=0.5)


def _extent(findings: tuple[Finding, ...], code: Code, share: float = 1.0) -> tuple[int, float]:
    """How grave a finding is, and then how many layers have it."""
    layers = sum(len(finding.layers) for finding in findings if finding.code == code)
    return _gravity(findings, code), share * layers


def _rank(code: Code, after: tuple[Finding, ...], measurement: Measurement, depth: int) -> tuple[float, ...]:
    """What is left of troubles, then how deep the change goes, then how far the gradient is from keeping its size."""
    left = sum(4.0 ** SEVERITIES.index(finding.severity) for finding in after if finding.severity != "info")
    decay = measurement.figures.summary.decay_per_layer
    return float(_gravity(after, code)), left, depth, abs(1.0 - decay) if decay is not None else 1.0


def _figures(code: Code, measurement: Measurement) -> dict[str, Figure]:
    """The figures that a finding is about."""
    figures, summary = measurement.figures, measurement.figures.summary
    layers = figures.layers
    common: dict[str, Figure] = {
        "decay_per_layer": summary.decay_per_layer,
        "gradient_ratio": summary.gradient_ratio,
    }
    if code == "dead_units":
        common["dead_units"] = tuple(layer.forward.dead_units or 0.0 for layer in layers)
    elif code == "saturation":
        common["saturated_fraction"] = tuple(layer.forward.saturated_fraction or 0.0 for layer in layers)
    elif code == "not_zero_centered":
        common["sign_coherence"] = tuple(layer.backward.sign_coherence or 0.0 for layer in layers)
    elif code == "linear_collapse":
        common["mean_derivative"] = tuple(layer.forward.mean_derivative or 0.0 for layer in layers)
    elif code == "nonfinite":
        common["loss"] = figures.loss
    else:
        common["weight_gradient_norms"] = tuple(layer.backward.weight_gradient_norm for layer in layers)
    return common


def _of_layers(change: Callable[[Layer], Layer], *, all_layers: bool = False) -> Change:
    """The same change of every layer, but of the last one only if it says so."""

    def apply(experiment: Experiment) -> Experiment:
        entries = experiment.entries
        last = len(entries) - 1
        return replace(
            experiment,
            entries=tuple(
                _entry(entry, change)
                if all_layers or index < last or isinstance(entry, Block) or entry.repeat > 1
                else entry
                for index, entry in enumerate(entries)
            ),
        )

    return apply


def _entry(entry: Layer | Block, change: Callable[[Layer], Layer]) -> Layer | Block:
    if isinstance(entry, Layer):
        return change(entry)
    return replace(entry, layers=tuple(change(layer) for layer in entry.layers))


def _both(first: Change, second: Change) -> Change:
    return lambda experiment: second(first(experiment))


def _is_linear(layer: Layer) -> bool:
    return layer.activation.family == "linear"


def _with_function(name: str, *, linear_too: bool = False) -> Callable[[Layer], Layer]:
    """Another function in the place of every one, but of identities only where they are the trouble."""
    function = lookup(name)

    def change(layer: Layer) -> Layer:
        if _is_linear(layer) and not linear_too:
            return layer
        return replace(layer, activation=function, parameters=function.defaults())

    return change


def _critically_drawn(layer: Layer) -> Layer:
    """Weights at the critical σ_w of the layer's own function, where the gradient keeps its size, and no bias."""
    return replace(layer, weights=Drawn("mean_field", {"sigma_w": _critical_sigma_w(layer)}), bias=_zeros(layer))


def _zeros(layer: Layer) -> Drawn | None:
    return None if layer.bias is None else Drawn("zeros")


def _critical_sigma_w(layer: Layer) -> float:
    if not isinstance(layer.activation, Elementwise):
        return _DEFAULT_GAIN
    critical = solve(layer.activation, layer.parameters, 1.0, 0.0).critical
    return critical[0].sigma_w if critical else _DEFAULT_GAIN


def _glorot(layer: Layer) -> Layer:
    return replace(layer, weights=drawn("glorot_normal", {}, WEIGHTS), bias=_zeros(layer))


def _he(layer: Layer) -> Layer:
    return replace(layer, weights=drawn("he_normal", {}, WEIGHTS), bias=_zeros(layer))


def _small_bias(layer: Layer) -> Layer:
    return layer if _is_linear(layer) else replace(layer, bias=Drawn("constant", {"value": SMALL_BIAS}))


def _normalized(kind: str) -> Callable[[Layer], Layer]:
    def change(layer: Layer) -> Layer:
        return layer if _is_linear(layer) else replace(layer, normalization=kind)  # type: ignore[arg-type]  # two kinds

    return change


def _layers(experiment: Experiment) -> Iterator[Layer]:
    for entry in experiment.entries:
        yield from (entry,) if isinstance(entry, Layer) else entry.layers


def _residual(experiment: Experiment) -> Experiment:
    """Every drawn layer that takes as many numbers as it makes becomes a block with a residual connection."""
    if any(isinstance(layer.weights, Given) for layer in _layers(experiment)):
        return experiment  # weights that were trained without the connection are not those of a network with it
    width, entries = experiment.features, list[Layer | Block]()
    for entry in experiment.entries:
        if isinstance(entry, Block) or _is_linear(entry):
            entries.append(entry)
            width = entry.layers[-1].units if isinstance(entry, Block) else entry.units
            continue
        first = 0 if entry.units == width else 1
        if first:
            entries.append(replace(entry, repeat=1))
        if entry.repeat > first:
            entries.append(Block(layers=(replace(entry, repeat=1),), repeat=entry.repeat - first))
        width = entry.units
    return replace(experiment, entries=tuple(entries))


_TOO_SMALL: tuple[Code, ...] = ("vanishing_gradient", "no_gradient", "saturation", "linear_collapse")
_CANDIDATES = (
    _Candidate(
        "Draw the weights of every layer at the critical σ_w of its function (mean_field), with biases of 0.",
        _of_layers(_critically_drawn, all_layers=True),
        ("vanishing_gradient", "exploding_gradient", "saturation", "symmetry", "nonfinite", "dead_units"),
        0,
    ),
    _Candidate("Put a bias of 0.01 in the hidden layers.", _of_layers(_small_bias), ("dead_units",), 0),
    _Candidate(
        "Use leaky_relu in the hidden layers: its slope is nowhere 0.",
        _of_layers(_with_function("leaky_relu")),
        ("dead_units",),
        2,
    ),
    _Candidate(
        "Use tanh in the hidden layers, with glorot_normal weights and biases of 0.",
        _both(_of_layers(_with_function("tanh", linear_too=True)), _of_layers(_glorot, all_layers=True)),
        (*_TOO_SMALL, "not_zero_centered", "dead_units"),
        2,
    ),
    _Candidate(
        "Use relu in the hidden layers, with he_normal weights and biases of 0.",
        _both(_of_layers(_with_function("relu", linear_too=True)), _of_layers(_he, all_layers=True)),
        _TOO_SMALL,
        2,
    ),
    _Candidate(
        "Use leaky_relu in the hidden layers, with he_normal weights and biases of 0.",
        _both(_of_layers(_with_function("leaky_relu", linear_too=True)), _of_layers(_he, all_layers=True)),
        (*_TOO_SMALL, "dead_units"),
        2,
    ),
    _Candidate(
        "Draw the weights with glorot_normal, with biases of 0.",
        _of_layers(_glorot, all_layers=True),
        ("exploding_gradient", "saturation", "symmetry", "nonfinite"),
        0,
    ),
    _Candidate(
        "Draw the weights with he_normal, with biases of 0.",
        _of_layers(_he, all_layers=True),
        ("vanishing_gradient", "symmetry", "dead_units"),
        0,
    ),
    _Candidate(
        "Normalize the preactivations of the hidden layers (layer).",
        _of_layers(_normalized("layer")),
        ("vanishing_gradient", "exploding_gradient", "saturation", "nonfinite", "dead_units"),
        1,
    ),
    _Candidate(
        "Normalize the preactivations of the hidden layers (batch).",
        _of_layers(_normalized("batch")),
        ("vanishing_gradient", "saturation", "dead_units", "nonfinite"),
        1,
    ),
    _Candidate("Put a residual connection around every hidden layer.", _residual, ("vanishing_gradient",), 1),
)
