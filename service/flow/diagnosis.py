"""What is wrong with a network, in the field's terms: each trouble with the figures that prove it, and where it is.

The thresholds stand here and in docs/gradient-flow.md: a finding is a warning or critical only where one is passed.
"""

from collections.abc import Callable, Iterator, Sequence
from math import inf, isfinite, prod

import numpy as np

from service.activations.model import Elementwise
from service.compute import elementwise
from service.flow.findings import SEVERITIES, Case, Figure, Finding, Severity
from service.flow.measurement import Measurement
from service.flow.network import Experiment, Layer
from service.flow.statistics import steepest
from service.flow.unrolled import Dense, Join, Step, unroll

VANISHING = 1e-2, 1e-4  # ‖∂L/∂g‖ of a layer over that of the last layer: below is a warning, critical
EXPLODING = 1e2, 1e4  # likewise above
DEAD = 0.25, 0.9  # of the units of a layer
SATURATED = 0.5, 0.9  # of the entries of a layer whose function is flat on both sides
ONE_SIGNED = 0.99  # sign coherence
_ALIKE = 0.1  # ‖∂L/∂W‖ of the first layer over the last's, from which on both learn alike
_FEW = 8  # samples, on all of which a sound unit is inactive now and then


def diagnose(experiment: Experiment, measurement: Measurement) -> tuple[Finding, ...]:
    """All findings of an experiment, the gravest first; where numbers are not finite, nothing else can be told."""
    case = Case(experiment, unroll(experiment), measurement)
    found = list(_nonfinite(case))
    for look in () if found else _LOOKS:
        found.extend(look(case))
    if case.gradient_is_cut and any(finding.code in _CUTTING for finding in found):
        found = [finding for finding in found if finding.code != "vanishing_gradient"]
    return tuple(sorted(found, key=lambda finding: -SEVERITIES.index(finding.severity)))


def _severity(value: float, bounds: tuple[float, float]) -> Severity:
    """How grave a value is that lies beyond the first bound, in whichever direction the second one is."""
    warning, critical = bounds
    beyond = value >= critical if critical > warning else value <= critical
    return "critical" if beyond else "warning"


def _nonfinite(case: Case) -> Iterator[Finding]:
    observed = case.measurement.observed
    forward = [index for index, layer in enumerate(observed) if not layer.finite_forward]
    backward = [index for index, layer in enumerate(observed) if not layer.finite_backward]
    loss = case.measurement.figures.loss
    if not forward and not backward and not isfinite(case.measurement.figures.input_gradient_norm):
        backward = [0]  # behind the first layer, where the input is
    if not forward and not backward and isfinite(loss):
        return
    first = min(forward) if forward else max(backward, default=len(observed) - 1)
    where = "activations" if forward else "gradients" if backward else "loss"
    before = _largest_before(case, first) if forward else None
    yield Finding(
        "nonfinite",
        "critical",
        tuple(forward or backward or [first]),
        {"first_layer": first, "where": where, "largest_activation_before": before, "loss": loss},
        f"The {where} overflow {case.experiment.dtype}, first at layer {first}: nothing behind it means anything. "
        "Weights this large, repeated over the layers, multiply the signal beyond the largest number.",
    )


def _largest_before(case: Case, first: int) -> float | None:
    if first == 0:
        return None
    spread = case.layers[first - 1].forward.activation
    return max(abs(spread.min), abs(spread.max))


def _flat(layer: Layer) -> bool:
    """Whether no gradient ever passes the function."""
    if isinstance(layer.activation, Elementwise):
        return steepest(layer.activation, layer.parameters) == 0
    return "no_gradient" in layer.activation.problems


def _no_gradient(case: Case) -> Iterator[Finding]:
    flat = tuple(step.index for step in case.dense if _flat(step.layer))
    if not flat:
        return
    names = ", ".join(dict.fromkeys(case.layers[index].activation for index in flat))
    first_lost = case.layers[0].backward.weight_gradient_norm
    yield Finding(
        "no_gradient",
        "critical",
        flat,
        {"largest_slope": 0.0, "weight_gradient_norm_first_layer": first_lost},
        f"The derivative of {names} is 0 everywhere, so no gradient passes: the weights of these layers and of all "
        "before them stay as they are, whatever the loss.",
    )


def _dead_units(case: Case) -> Iterator[Finding]:
    shares = {
        step.index: figures.forward.dead_units / figures.units
        for step, figures in zip(case.dense, case.layers, strict=True)
        if figures.forward.dead_units and not _flat(step.layer)
    }
    dead = {index: share for index, share in shares.items() if share >= DEAD[0]}
    if not dead:
        return
    worst = max(dead, key=lambda index: dead[index])
    units = case.layers[worst].units
    yield Finding(
        "dead_units",
        _severity(dead[worst], DEAD),
        tuple(dead),
        {
            "dead_units": tuple(float(case.layers[index].forward.dead_units or 0) for index in dead),
            "units": tuple(float(case.layers[index].units) for index in dead),
            "share": tuple(dead.values()),
            "samples": case.experiment.batch,
        },
        f"At worst {case.layers[worst].forward.dead_units:g} of {units} units (layer {worst}) have derivative 0 on "
        f"every one of the {case.experiment.batch} samples, so their weights get no gradient from this batch."
        + (" With so few samples that may be chance: take more." if case.experiment.batch < _FEW else ""),
    )


def _symmetry(case: Case) -> Iterator[Finding]:
    hidden = zip(case.dense[:-1], case.measurement.observed, strict=False)
    equal = tuple(step.index for step, observed in hidden if observed.equal_units)
    if equal:
        yield Finding(
            "symmetry",
            "critical",
            equal,
            {"distinct_units": 1, "units": tuple(float(case.layers[index].units) for index in equal)},
            "All units of these layers have equal weights and equal gradients: they compute the same number and are "
            "changed alike for ever, so each layer is worth one unit. Weights must be drawn at random.",
        )


def _vanishing(case: Case) -> Iterator[Finding]:
    relative, waiting = case.relative_gradients, case.behind_zero_weights
    if waiting:
        yield Finding(
            "vanishing_gradient",
            "info",
            waiting,
            {"relative_gradients": relative},
            "No gradient reaches these layers yet, because weights behind them are all 0. Those weights have a gradient"
            " themselves, and let it pass once they have moved.",
        )
    small = tuple(i for i, value in enumerate(relative) if value < VANISHING[0] and i not in waiting)
    if not small:
        return
    least = min(relative[index] for index in small)
    bound, bounds = _bounds(case)
    told = (
        f" With weights that neither stretch nor shrink a vector, {len(case.dense) - 1} layers whose f′ is at most "
        f"{bound:.4g} would pass at most {bounds:.3g} of it."
        if bound and bounds and bounds < 1
        else ""
    )
    yield Finding(
        "vanishing_gradient",
        _severity(least, VANISHING),
        small,
        {**_gradient_evidence(case), "largest_slope": bound, "product_of_largest_slopes": bounds},
        f"{_fall(case, least)}{_learning(case)}{told}",
    )


def _learning(case: Case) -> str:
    """What a vanishing gradient means for the weights: their own gradients also depend on the signal."""
    shares = case.measurement.figures.summary.gradient_ratio
    if shares is None or shares < _ALIKE:
        return ", so the first layers learn next to nothing."
    return "; the signal fades as well, so that the weights of all layers get small gradients of about one size."


def _fall(case: Case, least: float) -> str:
    if case.gradient_is_cut:
        return "The gradient is lost at once, behind a layer that passes exactly none"
    decay = case.measurement.figures.summary.decay_per_layer or 0
    return f"The gradient falls to {least:.3g} of what it is at the last layer, by a factor of {decay:.3g} per layer"


def _exploding(case: Case) -> Iterator[Finding]:
    relative = case.relative_gradients
    large = tuple(index for index, value in enumerate(relative) if value > EXPLODING[0])
    if large:
        yield Finding(
            "exploding_gradient",
            _severity(max(relative), EXPLODING),
            large,
            _gradient_evidence(case),
            f"The gradient grows to {max(relative):.3g} times what it is at the last layer, by a factor of "
            f"{case.measurement.figures.summary.decay_per_layer or 0:.3g} per layer: a step that suits the last "
            "layers throws the first ones far away.",
        )


def _gradient_evidence(case: Case) -> dict[str, Figure]:
    summary = case.measurement.figures.summary
    return {
        "decay_per_layer": summary.decay_per_layer,
        "gradient_ratio": summary.gradient_ratio,
        "relative_gradients": case.relative_gradients,
    }


def _bounds(case: Case) -> tuple[float | None, float | None]:
    """The largest slope of any hidden function, and the product of those of all layers but the last: (1/4)ⁿ."""
    slopes = [steepest(step.layer.activation, step.layer.parameters) for step in case.dense[:-1]]
    if not slopes or inf in slopes or 0 in slopes:
        return None, None
    return max(slopes), prod(slopes)


def _saturation(case: Case) -> Iterator[Finding]:
    shares = {
        step.index: figures.forward.saturated_fraction or 0.0
        for step, figures in zip(case.dense, case.layers, strict=True)
        if _flat_at_both_ends(step.layer)
    }
    saturated = {index: share for index, share in shares.items() if share >= SATURATED[0]}
    if saturated:
        worst = max(saturated, key=lambda index: saturated[index])
        yield Finding(
            "saturation",
            _severity(saturated[worst], SATURATED),
            tuple(saturated),
            {
                "saturated_fraction": tuple(saturated.values()),
                "preactivation_std": tuple(case.layers[index].forward.preactivation.std for index in saturated),
            },
            f"At worst {saturated[worst]:.0%} of the entries of a layer (layer {worst}) lie where the function is flat,"
            " with less than a hundredth of its largest slope: hardly any gradient passes.",
        )


def _flat_at_both_ends(layer: Layer) -> bool:
    function = layer.activation
    if not isinstance(function, Elementwise) or _flat(layer):
        return False
    ends = elementwise.derivative(function, np.array([-inf, inf]), layer.parameters)
    return bool((ends == 0).all())


def _linear_collapse(case: Case) -> Iterator[Finding]:
    runs = _linear_runs(case.steps)
    everything = len(case.dense)
    whole = [run for run in runs if len(run) == everything > 1]
    long = [run for run in runs if len(run) > 2]
    for run in whole or long:
        yield Finding(
            "linear_collapse",
            "warning",
            tuple(run),
            {"layers_in_a_row": len(run), "linear_maps_they_amount_to": 1},
            f"Layers {run[0]} to {run[-1]} have no non-linear function between them, so together they compute one "
            "linear map: they add parameters, but nothing that a single layer could not do.",
        )


def _linear_runs(steps: Sequence[Step]) -> list[list[int]]:
    """Layers in a row with nothing but straight lines between them; normalizations and blocks end a row."""
    runs: list[list[int]] = [[]]
    for step in steps:
        if isinstance(step, Dense):
            runs[-1].append(step.index)
            if not _linear(step.layer):
                runs.append([])
        elif isinstance(step, Join) or step.normalization:
            runs.append([])
    return runs


def _linear(layer: Layer) -> bool:
    if not isinstance(layer.activation, Elementwise) or layer.normalization:
        return False
    lowest, highest = layer.activation.facts(**layer.parameters).slope
    return lowest.value == highest.value != 0


def _not_zero_centered(case: Case) -> Iterator[Finding]:
    coherent = {
        step.index: figures.backward.sign_coherence or 0.0
        for step, figures in zip(case.dense, case.layers, strict=True)
        if step.n_in > 1 and (figures.backward.sign_coherence or 0.0) >= ONE_SIGNED
    }
    if coherent:
        yield Finding(
            "not_zero_centered",
            "info",
            tuple(coherent),
            {"sign_coherence": tuple(coherent.values())},
            "The inputs of these layers have one sign, so on each sample all weight gradients of a unit share one sign "
            "too: the weights can only move up or down together, and training zig-zags.",
        )


_LOOKS: tuple[Callable[[Case], Iterator[Finding]], ...] = (
    _no_gradient,
    _dead_units,
    _symmetry,
    _vanishing,
    _exploding,
    _saturation,
    _linear_collapse,
    _not_zero_centered,
)
_CUTTING = ("no_gradient", "dead_units", "symmetry")
