"""Functions of the vectors along one axis: that axis is brought to the end, the function applied, and moved back."""

from collections.abc import Callable

import numpy as np

from service.activations.model import AlongAxis, Array, Parameters, Reduction
from service.errors import InvalidInput


def value(function: AlongAxis, x: Array, parameters: Parameters) -> Array:
    """f(x): in the shape of x, with half of it along the axis (gated), or without the axis (reductions)."""
    axis = _axis(function, x, parameters)
    return _restored(function, _applied(function.value, [np.moveaxis(x, axis, -1)], parameters), axis)


def jacobian(function: AlongAxis, x: Array, parameters: Parameters) -> Array:
    """∂y_i/∂x_j, the axis moved to the end: (…, m, n), or (…, n) for reductions."""
    axis = _axis(function, x, parameters)
    return _applied(function.jacobian, [np.moveaxis(x, axis, -1)], parameters)


def pullback(function: AlongAxis, x: Array, upstream: Array, parameters: Parameters) -> Array:
    """Σ_i upstream_i ∂y_i/∂x_j in the shape of x."""
    axis = _axis(function, x, parameters)
    moved = upstream if isinstance(function, Reduction) else np.moveaxis(upstream, axis, -1)
    return np.moveaxis(_applied(function.pullback, [np.moveaxis(x, axis, -1), moved], parameters), -1, axis)


def partial(function: AlongAxis, x: Array, parameters: Parameters, name: str) -> Array:
    """∂y/∂parameter in the shape of y."""
    axis = _axis(function, x, parameters)
    return _restored(function, _applied(function.partials[name], [np.moveaxis(x, axis, -1)], parameters), axis)


def output_shape(function: AlongAxis, shape: tuple[int, ...], parameters: Parameters) -> tuple[int, ...]:
    """The shape of f(x) for an x of that shape."""
    axis = checked_axis(function, shape, parameters)
    if isinstance(function, Reduction):
        return shape[:axis] + shape[axis + 1 :]
    length = shape[axis] // 2 if function.kind == "gated" else shape[axis]
    return (*shape[:axis], length, *shape[axis + 1 :])


def checked_axis(function: AlongAxis, shape: tuple[int, ...], parameters: Parameters) -> int:
    """The axis counted from the first, if x has it and it can be halved where it must be."""
    axis, rank = parameters["axis"], len(shape)
    if rank == 0:
        raise InvalidInput.at("x", detail=f"{function.name} works on vectors; x is a single number.")
    if not -rank <= axis < rank:
        raise InvalidInput.at(
            "parameters", "axis", detail=f"x has {rank} axes: axis must be from {-rank} to {rank - 1}."
        )
    if function.kind == "gated" and shape[axis] % 2:
        detail = f"{function.name} halves x along axis {axis}, whose length {shape[axis]} is odd."
        raise InvalidInput.at("x", detail=detail)
    return int(axis % rank)


def _axis(function: AlongAxis, x: Array, parameters: Parameters) -> int:
    return checked_axis(function, x.shape, parameters)


def _applied(formula: Callable[..., Array], arrays: list[Array], parameters: Parameters) -> Array:
    others = {name: value for name, value in parameters.items() if name != "axis"}
    with np.errstate(all="ignore"):
        return np.asarray(formula(*arrays, **others))


def _restored(function: AlongAxis, y: Array, axis: int) -> Array:
    return y if isinstance(function, Reduction) else np.moveaxis(y, -1, axis)
