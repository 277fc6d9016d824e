"""The activation functions inside a network: h = f(ĝ) with what its pullback needs, in float64 or float32."""

from dataclasses import dataclass

import numpy as np

from service.activations.model import AlongAxis, Elementwise, Reduction
from service.compute import along_axis, elementwise
from service.flow.network import Layer
from service.flow.normalization import Numbers


@dataclass(frozen=True, eq=False)
class Activated:
    """h = f(ĝ), of (batch, n), and its slopes f′(ĝ) where f is elementwise; others keep ĝ for their pullback."""

    layer: Layer
    h: Numbers
    slope: Numbers | None
    inner: Numbers | None = None

    def rows(self, samples: slice) -> "Activated":
        """Of these samples only."""
        slope, inner = (None if kept is None else kept[samples] for kept in (self.slope, self.inner))
        return Activated(self.layer, self.h[samples], slope, inner)

    def pullback(self, upstream: Numbers) -> Numbers:
        """∂L/∂ĝ for ∂L/∂h, both (…, batch, n)."""
        if self.slope is not None:
            return upstream * self.slope
        return _pulled(self.layer, self.inner, upstream)


def activate(layer: Layer, g: Numbers) -> Activated:
    """Apply the layer's function to g of (batch, n), sample by sample if it is one of vectors."""
    function, parameters = layer.activation, layer.parameters
    if isinstance(function, Elementwise):
        return Activated(
            layer, elementwise.value(function, g, parameters), elementwise.derivative(function, g, parameters)
        )
    assert isinstance(function, AlongAxis)  # noqa: S101  there are no other kinds
    h = along_axis.value(function, g.astype(np.float64), parameters).astype(g.dtype)
    return Activated(layer, h.reshape(len(g), -1), None, g)


def _pulled(layer: Layer, g: Numbers | None, upstream: Numbers) -> Numbers:
    function = layer.activation
    assert isinstance(function, AlongAxis) and g is not None  # noqa: S101, PT018  no other kind lacks slopes
    rows = np.broadcast_to(g, (*upstream.shape[:-1], g.shape[-1])).astype(np.float64)
    given = upstream.astype(np.float64)
    if isinstance(function, Reduction):
        given = given[..., 0]
    along_last = {**layer.parameters, "axis": -1}
    return along_axis.pullback(function, rows, given, along_last).astype(upstream.dtype)
