"""What a caller can ask of a function: its values, layers, derivatives, gradients and Jacobians, in any dtype.

Arrays come in as float64 or float32; each is rounded to the dtype when it comes in and once more when it goes out.
Those of 'float32' go out as float32, all others as float64 that hold values of the dtype.
"""

from collections.abc import Callable

import numpy as np

from service.activations.model import MAX_ORDER, Activation, AlongAxis, Block, Elementwise, Parameters
from service.compute import along_axis, elementwise
from service.compute.dtypes import round_to
from service.compute.noise import perturbed
from service.compute.piecewise import AtKink
from service.compute.tasks import Accuracy
from service.errors import InvalidInput


def evaluate(
    function: Activation,
    x: Block,
    parameters: Parameters,
    *,
    dtype: str = "float64",
    seed: int | None = None,
    accuracy: Accuracy = "full",
) -> Block:
    """f(x), correctly rounded or within 2 ulp (see docs/accuracy.md).

    Parameters
    ----------
    function
        An object of the catalogue.
    x
        Any shape for elementwise functions; with the axis of the parameters for the others.
    parameters
        All of the function's parameters, as ``service.activations.parameters.bind`` returns them.
    dtype
        'float64', 'float32', 'float16' or 'bfloat16': what x is rounded to first, and the result last.
    seed
        Draws the noise of a stochastic function; without it the function is deterministic.
    accuracy
        'fast' lets elementwise functions compute in the dtype itself, within 4 ulp, where they have a form for that.

    Returns
    -------
    ndarray
        float32 for that dtype, else float64 numbers that are values of the dtype.

    Raises
    ------
    InvalidInput
        If x has no such axis, or an odd length where it must be halved.
    """
    return _value(function, _entering(x, dtype), parameters, dtype, seed, accuracy)


def asking(
    function: Activation,
    parameters: Parameters,
    *,
    order: int = 0,
    at_kink: AtKink = "convention",
    accuracy: Accuracy = "full",
) -> Callable[[Block], Block] | None:
    """What `evaluate` (order 0) or `derivative` answers in float64 to any float64 x, with fewer steps.

    None if the function is not elementwise.
    """
    if not isinstance(function, Elementwise):
        return None
    return elementwise.asking(function, parameters, order, at_kink, accuracy)


def layer(
    function: Activation,
    x: Block,
    weights: Block,
    bias: Block | None,
    parameters: Parameters,
    *,
    dtype: str = "float64",
    seed: int | None = None,
    accuracy: Accuracy = "full",
) -> tuple[Block, Block]:
    """A dense layer: the preactivation xW + b and y = f(xW + b), each rounded once from the unrounded preactivation.

    Parameters
    ----------
    x
        (…, n_in).
    weights
        (n_in, n_out).
    bias
        (n_out,), or None for none.

    Raises
    ------
    InvalidInput
        If the shapes do not fit together.
    """
    _check_layer(x, weights, bias)
    with np.errstate(all="ignore"):
        preactivation = round_to(x, dtype) @ round_to(weights, dtype)
        if bias is not None:
            preactivation = preactivation + round_to(bias, dtype)
    return _leaving(preactivation, dtype), _value(function, preactivation, parameters, dtype, seed, accuracy)


def derivative(
    function: Activation,
    x: Block,
    parameters: Parameters,
    *,
    order: int = 1,
    with_respect_to: str = "x",
    at_kink: AtKink = "convention",
    dtype: str = "float64",
    seed: int | None = None,
    accuracy: Accuracy = "full",
) -> Block:
    """f⁽ⁿ⁾(x) elementwise, or ∂y/∂parameter in the shape of y.

    Parameters
    ----------
    order
        1 to 4.
    with_respect_to
        'x', or the name of a parameter (order 1 only).
    at_kink
        What counts where the derivative differs between the sides: the catalogue's convention (PyTorch's), one side,
        or NaN.

    Raises
    ------
    InvalidInput
        If the function has no such derivative: of functions of vectors there are only those by parameters.
    """
    if not 1 <= order <= MAX_ORDER:
        raise InvalidInput.at("order", detail=f"Must be from 1 to {MAX_ORDER}.")
    if with_respect_to != "x":
        return _partial(function, x, parameters, with_respect_to, order, dtype, seed)
    scalar = _elementwise(function)
    x, parameters = perturbed(scalar, _entering(x, dtype), parameters, seed)
    return elementwise.derivative(scalar, x, parameters, order, at_kink, dtype, accuracy)


def _partial(
    function: Activation, x: Block, parameters: Parameters, name: str, order: int, dtype: str, seed: int | None
) -> Block:
    if name not in function.partials:
        names = ", ".join(["x", *function.partials])
        raise InvalidInput.at("with_respect_to", detail=f"{function.name} has derivatives by {names}.")
    if order != 1:
        raise InvalidInput.at("order", detail="Derivatives by a parameter are of order 1 only.")
    x, parameters = perturbed(function, round_to(x, dtype), parameters, seed)
    if isinstance(function, AlongAxis):
        return _leaving(along_axis.partial(function, x, parameters, name), dtype)
    return _leaving(elementwise.partial(_elementwise(function), x, parameters, name), dtype)


def pullback(
    function: Activation,
    x: Block,
    parameters: Parameters,
    upstream: Block,
    *,
    at_kink: AtKink = "convention",
    dtype: str = "float64",
    seed: int | None = None,
    accuracy: Accuracy = "full",
) -> Block:
    """∂L/∂x = upstream · ∂y/∂x in the shape of x, for an upstream gradient ∂L/∂y in the shape of y.

    Raises
    ------
    InvalidInput
        If upstream has not the shape of y.
    """
    _check_upstream(upstream, output_shape(function, x.shape, parameters))
    if isinstance(function, AlongAxis):
        x, parameters = perturbed(function, round_to(x, dtype), parameters, seed)
        return _leaving(along_axis.pullback(function, x, round_to(upstream, dtype), parameters), dtype)
    x, parameters = perturbed(function, _entering(x, dtype), parameters, seed)
    upstream = _entering(upstream, dtype)
    return elementwise.pullback(_elementwise(function), x, parameters, upstream, at_kink, dtype, accuracy)


def jacobian(
    function: Activation, x: Block, parameters: Parameters, *, dtype: str = "float64", seed: int | None = None
) -> Block:
    """∂y_i/∂x_j along the axis, which is moved to the end: (…, m, n), or (…, n) for reductions.

    Raises
    ------
    InvalidInput
        If the function is elementwise: its derivative says it all.
    """
    if not isinstance(function, AlongAxis):
        detail = f"{function.name} is elementwise: its Jacobian is diagonal, and dy without jacobian is that diagonal."
        raise InvalidInput.at("jacobian", detail=detail)
    x, parameters = perturbed(function, round_to(x, dtype), parameters, seed)
    return _leaving(along_axis.jacobian(function, x, parameters), dtype)


def output_shape(function: Activation, shape: tuple[int, ...], parameters: Parameters) -> tuple[int, ...]:
    """The shape of f(x) for an x of that shape."""
    return along_axis.output_shape(function, shape, parameters) if isinstance(function, AlongAxis) else shape


def _value(
    function: Activation, x: Block, parameters: Parameters, dtype: str, seed: int | None, accuracy: Accuracy
) -> Block:
    if isinstance(function, AlongAxis):
        along_axis.checked_axis(function, x.shape, parameters)
        x, parameters = perturbed(function, x.astype(np.float64, copy=False), parameters, seed)
        return _leaving(along_axis.value(function, x, parameters), dtype)
    if seed is not None:
        x, parameters = perturbed(function, x, parameters, seed)
    return elementwise.value(_elementwise(function), x, parameters, dtype, accuracy)


def _entering(x: Block, dtype: str) -> Block:
    """The numbers rounded to the dtype, as elementwise functions take them."""
    if dtype == "float64" and x.dtype == np.float64:
        return x
    return _leaving(x, dtype) if dtype == "float32" else round_to(np.asarray(x, dtype=np.float64), dtype)


def _leaving(y: Block, dtype: str) -> Block:
    """The numbers rounded to the dtype, as the caller gets them."""
    if dtype != "float32":
        return round_to(y, dtype)
    if y.dtype == np.float32:
        return y
    with np.errstate(over="ignore", under="ignore"):
        return y.astype(np.float32)


def _elementwise(function: Activation) -> Elementwise:
    if not isinstance(function, Elementwise):
        detail = (
            f"{function.name} is a {function.kind} function: give the upstream gradient (the answer is dx), "
            'or ask for the Jacobian with "jacobian": true.'
        )
        raise InvalidInput.at("activation", detail=detail)
    return function


def _check_upstream(upstream: Block, shape: tuple[int, ...]) -> None:
    if upstream.shape != shape:
        detail = f"Must have the shape of y, {list(shape)}; it has {list(upstream.shape)}."
        raise InvalidInput.at("upstream", detail=detail)


def _check_layer(x: Block, weights: Block, bias: Block | None) -> None:
    if weights.ndim != 2:
        raise InvalidInput.at("weights", detail=f"Must have 2 axes (n_in × n_out); it has {weights.ndim}.")
    if x.ndim == 0 or x.shape[-1] != weights.shape[0]:
        found = "x is a single number" if x.ndim == 0 else f"the last axis of x has {x.shape[-1]}"
        raise InvalidInput.at("weights", detail=f"Has {weights.shape[0]} rows (n_in), but {found}.")
    if bias is not None and bias.shape != weights.shape[1:]:
        detail = f"Must have the shape [{weights.shape[1]}] (n_out); it has {list(bias.shape)}."
        raise InvalidInput.at("bias", detail=detail)
