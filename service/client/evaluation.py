"""Values and derivatives: the questions, and what is answered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from service.client.arrays import (
    NPY,
    Array,
    Given,
    NpyFile,
    NpySink,
    given,
    known_dtype,
    own_dtype,
    query_item,
    read_array,
    rounded,
    told_in_json,
)
from service.client.catalogue import Descriptor, Session, looked_up
from service.client.drawing import Curve, chart, figure
from service.client.exchange import Ask, Exchange, answered, in_json
from service.client.reading import Json, loads, numbers_by_name

Accuracy = Literal["full", "fast"]
DType = Literal["float64", "float32", "float16", "bfloat16"]
AtKink = Literal["convention", "left", "right", "nan"]
Parameters = Mapping[str, object]

PIECE = 2**24  # bytes of a request; the service keeps 64 MiB of an answer for who sends everything before reading
_FEW = 30  # points that are drawn one by one


@dataclass(frozen=True, eq=False, kw_only=True)
class Evaluation:
    """Values of a function: y = f(x), or y = f(xW + b) with the preactivation xW + b.

    `x` is what was given. Arrays of the dtype bfloat16, which numpy does not have, are of float32.
    """

    activation: str
    parameters: Parameters
    dtype: str
    x: Given
    y: Array
    preactivation: Array | None = None

    def _repr_html_(self) -> str:
        over = self.x if self.preactivation is None else self.preactivation
        return _picture(self.activation, over, [("y", self.y)], "x" if over is self.x else "preactivation")


@dataclass(frozen=True, eq=False, kw_only=True)
class Derivative:
    """Derivatives of a function: one of `dy` (element by element), `dx` (upstream · ∂y/∂x) and `jacobian`."""

    activation: str
    parameters: Parameters
    dtype: str
    x: Given
    order: int
    with_respect_to: str
    dy: Array | None = None
    dx: Array | None = None
    jacobian: Array | None = None

    @property
    def array(self) -> Array:
        """The one that is there."""
        return next(array for array in (self.dy, self.dx, self.jacobian) if array is not None)

    def _repr_html_(self) -> str:
        name = "dx" if self.dx is not None else "f" + "′" * self.order if self.with_respect_to == "x" else "∂f"
        return _picture(self.activation, self.x, [(name, self.array)], "x")


@dataclass(frozen=True)
class _Question:
    """What is asked of a function, whatever the numbers are and however they travel."""

    path: str
    activation: str
    parameters: Parameters
    options: Mapping[str, object]

    def given_options(self) -> dict[str, object]:
        """Those that are not None, which says nothing."""
        return {name: value for name, value in self.options.items() if value is not None}


def evaluate(
    session: Session,
    activation: str,
    x: ArrayLike,
    /,
    *,
    weights: ArrayLike | None = None,
    bias: ArrayLike | None = None,
    dtype: DType | None = None,
    accuracy: Accuracy = "full",
    parameters: Parameters | None = None,
    seed: int | None = None,
) -> Exchange[Evaluation]:
    """Evaluate a function at x, or a layer f(xW + b) if there are weights.

    Parameters
    ----------
    activation
        Name of the function, or what a framework calls it.
    x
        Array of any shape; of a layer (…, n_in).
    weights, bias
        Arrays of n_in × n_out and n_out.
    dtype
        To which x and the answer are rounded; by default that of x, float64 for integers.
    accuracy
        `fast` takes less time, and may be off by 4 units in the last place.
    parameters
        Of the function, by name or alias.
    seed
        Draws the random numbers of a stochastic function.
    """
    question = _Question("/evaluate", activation, parameters or {}, {"accuracy": accuracy, "seed": seed})
    array = given(x)
    if weights is None and bias is None and known_dtype(dtype) != "bfloat16":
        function, y = yield from _over_npy(session, question, rounded(array, dtype))
        return Evaluation(**_said(function, question, y), x=array, y=y)
    found = yield from _over_json(
        session, question, dtype or own_dtype(array), {"x": array, "weights": weights, "bias": bias}
    )
    return Evaluation(
        **_told(found), x=array, y=_array(found, "y"), preactivation=_preactivation(found, array, weights)
    )


def derivative(  # noqa: PLR0913  as many as the request has members
    session: Session,
    activation: str,
    x: ArrayLike,
    /,
    *,
    order: int = 1,
    with_respect_to: str = "x",
    at_kink: AtKink = "convention",
    upstream: ArrayLike | None = None,
    jacobian: bool = False,
    dtype: DType | None = None,
    accuracy: Accuracy = "full",
    parameters: Parameters | None = None,
    seed: int | None = None,
) -> Exchange[Derivative]:
    """Differentiate a function at x, or take a gradient back through it if `upstream` is given.

    Parameters
    ----------
    activation, x, dtype, accuracy, parameters, seed
        As for `evaluate`.
    order
        1 to 4.
    with_respect_to
        `x`, or the name of a parameter (order 1 only).
    at_kink
        What counts as the derivative where it jumps: PyTorch's convention, that from the left or right, or NaN.
    upstream
        ∂L/∂y, of the shape of y: the answer has `dx` = upstream · ∂y/∂x then.
    jacobian
        Of a function of vectors: the answer has `jacobian`, ∂y_i/∂x_j as (…, m, n).
    """
    options = {"order": order, "with_respect_to": with_respect_to, "at_kink": at_kink, "jacobian": jacobian or None}
    options |= {"accuracy": accuracy, "seed": seed}
    question = _Question("/derivative", activation, parameters or {}, options)
    array = given(x)
    if upstream is None and known_dtype(dtype) != "bfloat16":
        function, answer = yield from _over_npy(session, question, rounded(array, dtype))
        by = function.own_name(with_respect_to)
        which: dict[str, Json] = {"jacobian" if jacobian else "dy": answer}
        return Derivative(**_said(function, question, answer), x=array, order=order, with_respect_to=by, **which)
    found = yield from _over_json(session, question, dtype or own_dtype(array), {"x": array, "upstream": upstream})
    answers: dict[str, Json] = {name: _array(found, name) for name in ("dy", "dx", "jacobian") if name in found}
    by = found["with_respect_to"]
    return Derivative(**_told(found), x=array, order=order, with_respect_to=by, **answers)


def _over_npy(session: Session, question: _Question, x: Given) -> Exchange[tuple[Descriptor, Array]]:
    """Ask with the numbers as a file; where each number has an answer of its own, with piece after piece of them."""
    function = yield from looked_up(session, question.activation)
    function.bind(question.parameters)
    if function.kind != "elementwise" or {"seed", "jacobian"} & question.given_options().keys():
        return function, (yield from _file(session, question, x, NpySink()))
    fortran = x.flags.f_contiguous and not x.flags.c_contiguous
    order: Literal["C", "F"] = "F" if fortran else "C"
    numbers = x.reshape(-1, order=order)
    answers = np.empty(x.size, x.dtype.newbyteorder("=") if x.dtype.kind == "f" else np.float64)
    step = PIECE // x.dtype.itemsize
    for start in range(0, max(x.size, 1), step):  # nothing is asked too: the question may be wrong
        piece = slice(start, start + step)
        yield from _file(session, question, numbers[piece], NpySink(answers[piece]))
    return function, answers.reshape(x.shape, order=order)


def _file(session: Session, question: _Question, x: Given, sink: NpySink) -> Exchange[Array]:
    items = {**question.parameters, "activation": question.activation, **question.given_options()}
    file = NpyFile(x)
    ask = Ask(
        "POST",
        question.path,
        query={name: query_item(value) for name, value in items.items()},
        headers={"Content-Type": NPY, "Accept": NPY, "Accept-Encoding": "identity"},
        pieces=file,
        length=file.length,
        sink=sink,
    )
    yield from answered(ask, session.retries)
    return sink.array()


def _over_json(
    session: Session, question: _Question, dtype: str, numbers: Mapping[str, ArrayLike | None]
) -> Exchange[dict[str, Json]]:
    arrays = {name: told_in_json(given(values, name), name) for name, values in numbers.items() if values is not None}
    members: dict[str, object] = {"activation": question.activation, "parameters": question.parameters, "dtype": dtype}
    members |= question.given_options() | arrays
    reply = yield from answered(in_json(question.path, members), session.retries)
    return loads(reply.body)


def _said(function: Descriptor, question: _Question, answer: Array) -> dict[str, Json]:
    """What an answer in JSON would tell beside the numbers."""
    parameters = function.bind(question.parameters)
    return {"activation": function.name, "parameters": parameters, "dtype": answer.dtype.name}


def _told(found: Mapping[str, Json]) -> dict[str, Json]:
    """What an answer in JSON tells beside the numbers."""
    parameters = numbers_by_name(found["parameters"])
    return {"activation": found["activation"], "parameters": parameters, "dtype": found["dtype"]}


def _array(found: Mapping[str, Json], name: str) -> Array:
    return read_array(found[name], found["shape"], found["dtype"])


def _preactivation(found: Mapping[str, Json], x: Given, weights: ArrayLike | None) -> Array | None:
    if weights is None:
        return None
    return read_array(found["preactivation"], (*x.shape[:-1], np.shape(weights)[-1]), found["dtype"])


def _picture(function: str, x: Given, answers: Sequence[tuple[str, Array]], across: str) -> str:
    """Curves over x; of what has no answer for each number, the shape alone."""
    shapes = ", ".join(f"{name} {list(answer.shape)} {answer.dtype.name}" for name, answer in answers)
    curves = [Curve(x, answer, name, dots=x.size < _FEW) for name, answer in answers if answer.shape == x.shape]
    return figure(chart(curves, x=across, y=function) if curves else "", f"{function}: {shapes}")
