"""The learning rate beyond which gradient descent grows instead of settling, from the curvature of the loss.

On a quadratic loss with Hessian H, w ← w − η(μv + ∇L) shrinks the error along an eigenvector of eigenvalue λ as long as
η < 2(1 + μ)/λ; the largest λ decides. For one linear layer and mse, H is the same everywhere: 2/(N·n_out)·XᵀX for the
weights of each output, where X has a column of ones if there is a bias. Otherwise the largest eigenvalue of H at the
start, the sharpness, is measured: Lanczos iteration on Hv ≈ (∇L(w + εv) − ∇L(w − εv))/2ε. Sources: B. Polyak (1964),
doi:10.1016/0041-5553(64)90137-5; C. Lanczos (1950), doi:10.6028/jres.045.026; Y. LeCun, P. Simard and
B. Pearlmutter (1993), on the automatic learning rate by the largest eigenvalue.
"""

from collections.abc import Generator, Sequence
from math import isfinite

import numpy as np

from service.activations.model import Array
from service.flow.history import LearningRateLimit
from service.flow.norms import norm
from service.flow.unrolled import Dense, Step
from service.flow.weights import Samples, Weights, gradient

MOST_SAMPLES = 512  # on which the sharpness is measured
MOST_ITERATIONS = 20  # each of which sends the samples through twice
_LARGEST_EXACT = 1024  # rows and columns of the largest matrix whose eigenvalues are computed
_AGREED = 1e-3  # of λ: what an iteration must change at least for another one to follow
_STEP = 1e-3  # ε, of the norm of all weights: wide enough to average over kinks

_EXACT = "The loss is a quadratic function of the weights, so this holds everywhere, for steps over all samples."
_LOCAL = (
    "The curvature at the start, measured by differences of the gradient over {} samples; it changes as the weights "
    "do, and where functions have kinks it is an average across them. Steps over mini-batches are noisier."
)
_NONE = "The loss is nowhere curved upwards at the start, so that no learning rate is too large there."
_UNKNOWN = "The gradient near the start is not finite, so that there is no curvature to measure."


def rate_limit(
    steps: Sequence[Step], loss: str, start: Weights, samples: Samples, rate: float, momentum: float
) -> Generator[None, None, LearningRateLimit]:
    """The limit for a network at its start; pauses between the pieces of the work."""
    exact = _is_quadratic(steps, loss) and min(samples.x.shape) < _LARGEST_EXACT
    if exact:
        yield
        largest, remark = _quadratic(steps, samples), _EXACT
    else:
        some = samples.rows(_spread(len(samples.x)))
        largest = yield from _sharpness(steps, loss, start, some)
        remark = _LOCAL.format(len(some.x))
    if not isfinite(largest) or largest <= 0:
        remark = _NONE if isfinite(largest) else _UNKNOWN
        return LearningRateLimit(None, largest if isfinite(largest) else None, exact, None, remark)
    limit = 2 * (1 + momentum) / largest
    return LearningRateLimit(limit, largest, exact, rate > limit, remark)


def _is_quadratic(steps: Sequence[Step], loss: str) -> bool:
    if len(steps) != 1 or loss != "mse":
        return False
    step = steps[0]
    return isinstance(step, Dense) and step.layer.activation.name == "identity" and step.layer.normalization is None


def _quadratic(steps: Sequence[Step], samples: Samples) -> float:
    """The largest eigenvalue of 2/(N·n_out)·XᵀX, by the smaller of XᵀX and XXᵀ."""
    step = steps[0]
    assert isinstance(step, Dense)  # noqa: S101  the quadratic case is one layer
    x = samples.x.astype(np.float64)
    if step.layer.bias is not None:
        x = np.concatenate([x, np.ones((len(x), 1))], axis=1)
    with np.errstate(all="ignore"):
        square = x.T @ x if x.shape[1] <= x.shape[0] else x @ x.T
    if not np.isfinite(square).all():
        return float("nan")
    return 2 / (len(x) * step.n_out) * float(np.linalg.eigvalsh(square)[-1])


def _spread(count: int) -> slice | np.ndarray[tuple[int], np.dtype[np.intp]]:
    """Samples evenly spread over all, in case they stand in some order."""
    if count <= MOST_SAMPLES:
        return slice(None)
    return np.linspace(0, count - 1, MOST_SAMPLES).astype(np.intp)


def _sharpness(steps: Sequence[Step], loss: str, start: Weights, samples: Samples) -> Generator[None, None, float]:
    """The largest eigenvalue of the Hessian at the start, to about a percent; NaN if there is none."""
    center = start.vector.astype(np.float64)
    width = _STEP * max(norm(center), _STEP)
    wide = Samples(samples.x.astype(np.float64), samples.goal)
    ahead, behind = (start.like(np.empty_like(center)) for _ in range(2))
    direction, before, link = _random(center.size), np.zeros_like(center), 0.0
    diagonal, beside, largest = list[float](), list[float](), -np.inf
    for _ in range(MOST_ITERATIONS):
        gradient(steps, loss, start.like(center + width * direction), wide, ahead)
        yield
        gradient(steps, loss, start.like(center - width * direction), wide, behind)
        yield
        with np.errstate(all="ignore"):  # what overflows is found by what it leaves
            curved = (ahead.vector - behind.vector) / (2 * width)
            diagonal.append(float(curved @ direction))
            if not isfinite(diagonal[-1]):
                return float("nan")
            found = _largest(diagonal, beside)
            curved -= diagonal[-1] * direction + link * before
            link = norm(curved)
        if abs(found - largest) <= _AGREED * abs(found) or link <= 1e-8 * abs(found):
            return found
        largest, before, direction = found, direction, curved / link
        beside.append(link)
    return largest


def _random(size: int) -> Array:
    """A direction that has a part along every eigenvector, always the same."""
    numbers = np.random.Generator(np.random.PCG64(0)).standard_normal(size)
    return numbers / norm(numbers)


def _largest(diagonal: Sequence[float], beside: Sequence[float]) -> float:
    """The largest eigenvalue of a symmetric tridiagonal matrix."""
    matrix = np.diag(diagonal) + np.diag(beside, 1) + np.diag(beside, -1)
    return float(np.linalg.eigvalsh(matrix)[-1])
