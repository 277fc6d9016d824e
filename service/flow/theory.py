"""What mean-field theory predicts of one given network, or why it predicts nothing.

Layers that are all alike have the phases, fixed points and depth scales of ``service.flow.meanfield.solution``. Of
every network whose weights are drawn with mean 0, theory tells how lengths and gradients change from layer to layer,
for gradients that enter at the top unrelated to the signals, and from sample to sample. All are limits of great width:
at width n, the logarithm of a gradient norm scatters by about √(5L/n)/2 over L relu layers.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import isfinite, isnan, log

import numpy as np

from service.activations.model import Elementwise
from service.flow.initializers import law, moments
from service.flow.meanfield.kernel import kernel_of
from service.flow.meanfield.recursion import forward, gradients, mean_squares, variances
from service.flow.meanfield.solution import MeanField, Phase, solve
from service.flow.network import Drawn, Experiment
from service.flow.unrolled import Dense, Fork, Step, unroll

_SAMPLES = 16  # below this batch normalization is not near its limit of many samples
_ALIKE = 1e-12  # relative difference of variances that are one and the same
_UNLIKE = "q_star: the hidden layers are not all alike, plain and unnormalized, so that no one map is iterated."


@dataclass(frozen=True)
class NotApplicable:
    """Theory says nothing of this network; `reason` is one sentence."""

    reason: str


@dataclass(frozen=True, kw_only=True)
class Theory:
    """What theory predicts; what does not exist is None, and `remarks` say why.

    `sigma_w` to `critical_sigma_w` are those of the hidden layers, if these are all alike: the last layer may differ,
    and the first may have another σ_w. `preactivation_mean_square` is predicted for every layer, and `gradient_decay`
    is (‖∂L/∂g¹‖/‖∂L/∂g^L‖)^(1/(L−1)), widths included.
    """

    sigma_w: float | None = None
    sigma_b: float | None = None
    q_star: float | None = None
    chi_1: float | None = None
    xi_q: float | None = None
    xi_c: float | None = None
    phase: Phase | None = None
    critical_sigma_w: tuple[float, ...] = ()
    preactivation_mean_square: tuple[float, ...]
    gradient_decay: float | None
    remarks: tuple[str, ...] = ()


def theory_of(experiment: Experiment, input_mean_square: float) -> Theory | NotApplicable:
    """What mean-field theory predicts of the network.

    Parameters
    ----------
    experiment : the network; given weights or biases, or such of a mean other than 0, are beyond theory.
    input_mean_square : mean of x² over samples and features.
    """
    steps = unroll(experiment)
    layers = [step for step in steps if isinstance(step, Dense)]
    reason = next(_obstacles(steps, layers, experiment.batch), None)
    if reason is not None:
        return NotApplicable(reason)
    passages = forward(steps, input_mean_square)
    squares = tuple(mean_squares(passages, steps).tolist())
    decay, remarks = _decay(layers, gradients(steps, passages))
    alike = _common(steps, layers)
    if alike is None:
        return Theory(preactivation_mean_square=squares, gradient_decay=decay, remarks=(_UNLIKE, *remarks))
    sigma_w, sigma_b, found = alike
    return Theory(
        sigma_w=sigma_w,
        sigma_b=sigma_b,
        q_star=found.q_star,
        chi_1=found.chi_1,
        xi_q=found.xi_q,
        xi_c=found.xi_c,
        phase=found.phase,
        critical_sigma_w=tuple(point.sigma_w for point in found.critical),
        preactivation_mean_square=squares,
        gradient_decay=decay,
        remarks=(*found.remarks, *remarks),
    )


def _obstacles(steps: Sequence[Step], layers: Sequence[Dense], batch: int) -> Iterator[str]:
    """Why theory does not apply, in one sentence each."""
    for step in layers:
        layer, name = step.layer, step.layer.activation.name
        if (reason := _of_numbers(step)) is not None:
            yield reason
        if layer.normalization == "batch" and batch < _SAMPLES:
            yield f"Theory of batch normalization is one of many samples; there are {batch}, fewer than {_SAMPLES}."
        if step is steps[-1]:
            continue
        if not isinstance(layer.activation, Elementwise):
            yield f"Layer {step.index} applies {name}, which is not a function of single numbers."
        elif kernel_of(layer.activation, layer.parameters) is None:
            yield f"Layer {step.index} applies {name}, which is not defined on the whole real line."


def _of_numbers(step: Dense) -> str | None:
    """What is wrong with the weights and biases of a layer, for theory."""
    weights, bias = step.layer.weights, step.layer.bias
    if not isinstance(weights, Drawn):
        return f"Layer {step.index} has given weights; theory is one of weights drawn at random."
    if law(weights) == "constant":
        return f"The weights of layer {step.index} are all equal; theory is one of weights drawn at random."
    if moments(weights, step.n_in, step.n_out)[0] != 0:
        return f"The weights of layer {step.index} have a mean other than 0, which theory takes to be 0."
    if bias is not None and not isinstance(bias, Drawn):
        return f"Layer {step.index} has given biases; theory is one of biases drawn at random."
    if bias is not None and moments(bias, 1, 1)[0] != 0:
        return f"The biases of layer {step.index} have a mean other than 0, which theory takes to be 0."
    return None


def _common(steps: Sequence[Step], layers: Sequence[Dense]) -> tuple[float, float, MeanField] | None:
    """σ_w, σ_b and the theory of the hidden layers, if they are all alike."""
    hidden = layers[:-1]
    if not hidden or any(isinstance(step, Fork) for step in steps):
        return None
    first = hidden[0].layer
    settings = {(step.layer.activation, *sorted(step.layer.parameters.items())) for step in hidden}
    if len(settings) > 1 or any(step.layer.normalization for step in hidden):
        return None
    inner = hidden[1:] or hidden
    pairs = [
        (step.n_in * weight, bias) for step in inner for weight, bias in [variances(step.layer, step.n_in, step.n_out)]
    ]
    for lowest, highest in ((min(each), max(each)) for each in zip(*pairs, strict=True)):
        if highest - lowest > _ALIKE * highest:
            return None
    sigma_w, sigma_b = (each**0.5 for each in pairs[0])
    if not isinstance(first.activation, Elementwise):
        return None
    return sigma_w, sigma_b, solve(first.activation, first.parameters, sigma_w, sigma_b)


def _decay(layers: Sequence[Dense], logarithms: Sequence[float]) -> tuple[float | None, tuple[str, ...]]:
    """(‖∂L/∂g¹‖/‖∂L/∂g^L‖)^(1/(L−1)) from ln of the mean squares, and a remark where there is none."""
    if len(layers) == 1:
        return None, ("gradient_decay: there is only one layer.",)
    jumping = [step for step in layers[:-1] if _jumps(step)]
    if jumping:
        return None, (f"gradient_decay: {jumping[0].layer.activation.name} jumps, and E f'^2 does not exist.",)
    if not isfinite(logarithms[-1]) or isnan(logarithms[0]):
        return None, ("gradient_decay: the gradients of this network are not followed by theory.",)
    widths = log(layers[0].n_out / layers[-1].n_out)
    with np.errstate(over="ignore"):
        return float(np.exp((widths + logarithms[0] - logarithms[-1]) / (2 * (len(layers) - 1)))), ()


def _jumps(step: Dense) -> bool:
    function = step.layer.activation
    kernel = kernel_of(function, step.layer.parameters) if isinstance(function, Elementwise) else None
    return kernel is not None and kernel.jumps
