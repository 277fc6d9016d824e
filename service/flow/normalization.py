"""Normalizations without affine parameters, and their pullbacks.

layer: (g − mean g)/√(var g + ε) over the units of each sample; batch: the same over the samples of each unit; rms:
g/√(mean g² + ε) over the units of each sample. Variances are those of the population, ε = 1e-5, as in PyTorch.
Sources: Ba et al. (2016), arXiv:1607.06450; Ioffe and Szegedy (2015), arXiv:1502.03167; Zhang and Sennrich (2019),
arXiv:1910.07467.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.flow.network import Normalization

EPSILON = 1e-5
Numbers = NDArray[np.floating[Any]]  # any: float64 or float32, as the experiment says


@dataclass(frozen=True, eq=False)
class Normalized:
    """The normalized numbers y, (…, batch, n), and what their pullback needs: the root by which g was divided."""

    kind: Normalization
    y: Numbers
    root: Numbers

    def rows(self, samples: slice) -> "Normalized":
        """Of these samples only; not for batch normalization, which mixes them."""
        return Normalized(self.kind, self.y[samples], self.root[samples])

    def pullback(self, upstream: Numbers) -> Numbers:
        """∂L/∂g for ∂L/∂y: (upstream − mean upstream − y·mean(upstream·y))/root; rms has no mean to take away."""
        axis = -2 if self.kind == "batch" else -1
        along = upstream - self.y * np.mean(upstream * self.y, axis=axis, keepdims=True)
        if self.kind != "rms":
            along -= np.mean(upstream, axis=axis, keepdims=True)
        return np.asarray(along / self.root)


def normalize(g: Numbers, kind: Normalization) -> Normalized:
    """g of (batch, n), normalized."""
    axis = -2 if kind == "batch" else -1
    centred = g if kind == "rms" else g - np.mean(g, axis=axis, keepdims=True)
    root = np.sqrt(np.mean(centred * centred, axis=axis, keepdims=True) + g.dtype.type(EPSILON))
    return Normalized(kind, centred / root, root)
