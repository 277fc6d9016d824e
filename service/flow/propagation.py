"""Forward and back: what each layer makes of the signal, and of the gradient of the loss, by the chain rule.

Forward: g = xW + b, ĝ = norm(g), h = f(ĝ). Back: ∂L/∂ĝ = ∂L/∂h · f′(ĝ), ∂L/∂g by the pullback of the normalization,
∂L/∂W = xᵀ ∂L/∂g, ∂L/∂b = Σ ∂L/∂g over the samples, ∂L/∂x = ∂L/∂g Wᵀ. A residual connection adds the gradient that
passes by the block. Source: D. Rumelhart, G. Hinton and R. Williams (1986), doi:10.1038/323533a0.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from service.flow.functions import Activated, activate
from service.flow.normalization import Normalized, Numbers, normalize
from service.flow.stopping import go_on
from service.flow.unrolled import OUTPUTS_AT_ONCE, Dense, Fork, Join, Step, mixes_samples


@dataclass(frozen=True, eq=False)
class Passed:
    """What the way back needs of a layer: its input x, the normalized preactivation if it is, and what f left."""

    x: Numbers
    normalized: Normalized | None
    activated: Activated

    def rows(self, samples: slice) -> "Passed":
        """Of these samples only."""
        normalized = self.normalized and self.normalized.rows(samples)
        return Passed(self.x[samples], normalized, self.activated.rows(samples))

    def pullback(self, upstream: Numbers) -> Numbers:
        """∂L/∂g for ∂L/∂h."""
        gradient = self.activated.pullback(upstream)
        return self.normalized.pullback(gradient) if self.normalized else gradient


@dataclass(frozen=True, eq=False)
class Forked:
    """What the way back needs of a block's beginning: the normalized signal, if it is."""

    normalized: Normalized | None

    def rows(self, samples: slice) -> "Forked":
        """Of these samples only."""
        return Forked(self.normalized and self.normalized.rows(samples))


Trace = dict[int, Passed | Forked]  # by the position of the step
SeenForward = Callable[[Dense, Numbers, Passed, Numbers], None]
SeenBackward = Callable[[Dense, Passed, Numbers, Numbers], None]


def forward(
    steps: Sequence[Step],
    weights: Sequence[Numbers],
    biases: Sequence[Numbers | None],
    x: Numbers,
    seen: SeenForward | None = None,
) -> tuple[Numbers, Trace]:
    """The outputs of (batch, n_out), and what the way back needs.

    `seen` is called for each layer with g, what the way back needs, and what the layer hands on: h, or at the end of a
    block the block's output.

    Parameters
    ----------
    weights, biases
        By the index of the layer: (n_in, n_out), and (n_out,) or None.
    x
        (batch, features), float64 or float32.
    """
    trace: Trace = {}
    kept: list[Numbers] = []
    pending: Callable[[Numbers], None] | None = None
    for position, step in enumerate(steps):
        if isinstance(step, Join):
            x = _joined(step, kept.pop(), x)
            continue
        _tell(pending, x)
        pending = None
        if isinstance(step, Fork):
            kept.append(x)
            normalized = normalize(x, step.normalization) if step.normalization else None
            trace[position] = Forked(normalized)
            x = normalized.y if normalized else x
        else:
            g, passed = _through(step, weights[step.index], biases[step.index], x)
            trace[position] = passed
            x = passed.activated.h
            pending = partial(seen, step, g, passed) if seen else None
    _tell(pending, x)
    return x, trace


def _through(step: Dense, weights: Numbers, bias: Numbers | None, x: Numbers) -> tuple[Numbers, Passed]:
    go_on()
    g = x @ weights
    if bias is not None:
        g += bias
    normalized = normalize(g, step.layer.normalization) if step.layer.normalization else None
    return g, Passed(x, normalized, activate(step.layer, normalized.y if normalized else g))


def backward(
    steps: Sequence[Step],
    weights: Sequence[Numbers],
    trace: Trace,
    upstream: Numbers,
    seen: SeenBackward | None = None,
) -> Numbers:
    """∂L/∂x of the network's input for ∂L/∂y of its outputs, both (…, batch, n).

    `seen` is called for each layer, the last one first, with ∂L/∂g and ∂L/∂x of its input x, which includes what passes
    by the block where x is what the block begins with.
    """
    passing: list[Numbers | None] = []
    pending: Callable[[Numbers], None] | None = None
    for position in reversed(range(len(steps))):
        step, left = steps[position], trace.get(position)
        if isinstance(left, Forked):
            if left.normalized:
                _tell(pending, upstream)
                pending = None
                upstream = left.normalized.pullback(upstream)
            skipped = passing.pop()
            upstream = upstream if skipped is None else upstream + skipped
            continue
        _tell(pending, upstream)
        pending = None
        if isinstance(step, Join):
            passing.append(upstream if step.residual else None)
            upstream = _scaled(upstream, step.scale)
        elif isinstance(left, Passed) and isinstance(step, Dense):
            go_on()
            gradient = left.pullback(upstream)
            upstream = gradient @ weights[step.index].T
            pending = partial(seen, step, left, gradient) if seen else None
    _tell(pending, upstream)
    return upstream


def _tell(pending: Callable[[Numbers], None] | None, numbers: Numbers) -> None:
    """Hand on what an observer waits for: the whole output of a layer, or the whole gradient by its input."""
    if pending:
        pending(numbers)


def _joined(step: Join, skipped: Numbers, x: Numbers) -> Numbers:
    return skipped + _scaled(x, step.scale) if step.residual else _scaled(x, step.scale)


def _scaled(x: Numbers, scale: float) -> Numbers:
    return x if scale == 1.0 else x * x.dtype.type(scale)


def jacobian(steps: Sequence[Step], weights: Sequence[Numbers], trace: Trace, sample: int, n_out: int) -> Numbers:
    """∂output/∂input of one sample, (n_out, n_in), by one way back for each output, a few at a time."""
    outputs = np.eye(n_out, dtype=weights[0].dtype)
    some = [outputs[start : start + OUTPUTS_AT_ONCE] for start in range(0, n_out, OUTPUTS_AT_ONCE)]
    if not mixes_samples(steps):
        rows = {position: left.rows(slice(sample, sample + 1)) for position, left in trace.items()}
        return np.concatenate([backward(steps, weights, rows, upstream) for upstream in some])
    batch = next(left for left in trace.values() if isinstance(left, Passed)).x.shape[0]
    return np.concatenate(
        [backward(steps, weights, trace, _at(sample, batch, upstream))[:, sample] for upstream in some]
    )


def _at(sample: int, batch: int, upstream: Numbers) -> Numbers:
    """Upstream gradients (n, n_out) of one sample as those of a batch, (n, batch, n_out)."""
    spread = np.zeros((len(upstream), batch, upstream.shape[-1]), dtype=upstream.dtype)
    spread[:, sample] = upstream
    return spread
