"""Values and derivatives: `POST /evaluate` and `POST /derivative`."""

from collections.abc import Callable
from functools import partial
from typing import Literal, TypeVar

from anyio import to_thread
from fastapi import APIRouter, Request
from starlette.responses import Response

from service import compute
from service.activations import lookup
from service.activations.model import Activation, Array, Value
from service.activations.parameters import bind, canonical
from service.api import examples
from service.api.documentation import computed, json_body
from service.api.npy import NPY, is_npy, npy_response
from service.api.npy_documentation import FAILURES, answering_npy, taking_npy
from service.api.paces import pace_of
from service.api.plans import Plan, flat_plan
from service.api.requests import JSON, read_json_body, require_accepted, settings_of
from service.api.responses import json_response
from service.api.sizes import admit, admit_derivative, admit_values
from service.settings import Settings
from service.wire.evaluation import DerivativeRequest, DerivativeResponse, EvaluateRequest, EvaluateResponse
from service.wire.json import Body
from service.wire.numbers import read_flat

router = APIRouter(tags=["evaluation"])

SMALL_QUESTION = 128 * 2**10  # bytes that are parsed sooner than a thread takes over

Parts = tuple[bytes, ...]
AnyQuestion = TypeVar("AnyQuestion", EvaluateRequest, DerivativeRequest)


@router.post(
    "/evaluate",
    operation_id="evaluate",
    summary="Values of a function, or of a layer",
    openapi_extra=taking_npy(json_body("EvaluateRequest", examples.EVALUATE), derivative=False),
    responses=answering_npy(computed("EvaluateResponse", "/evaluate", examples.EVALUATE, FAILURES), "/evaluate"),
)
async def evaluate(request: Request) -> Response:
    """Evaluate an activation function at every number of `x`.

    With `weights`, and optionally `bias`, the answer is that of a layer: y = f(xW + b), with the preactivation xW + b.

    Numbers that are not finite are written `"NaN"`, `"Infinity"` and `"-Infinity"`, in requests and answers. Finite
    answers are the shortest decimals that read back to the same value of `dtype`. An alias (`swish`, `LeakyReLU`) picks
    the function only: the defaults are those of the catalogue, and the answer repeats all parameters that were used.
    """
    if is_npy(request):
        return await npy_response(request, derivative=False)
    return await _answer(EvaluateRequest, values, request)


@router.post(
    "/derivative",
    operation_id="differentiate",
    summary="Derivatives, gradients and Jacobians of a function",
    openapi_extra=taking_npy(json_body("DerivativeRequest", examples.DERIVATIVE), derivative=True),
    responses=answering_npy(
        computed("DerivativeResponse", "/derivative", examples.DERIVATIVE, FAILURES), "/derivative"
    ),
)
async def derivative(request: Request) -> Response:
    """Differentiate an activation function at every number of `x`.

    - `order` 1 to 4 answers `dy`, the derivative element by element; with `with_respect_to`, by a parameter.
    - `upstream` (∂L/∂y, in the shape of y) answers `dx` = upstream · ∂y/∂x, for every function.
    - `jacobian: true` answers the Jacobian ∂y_i/∂x_j of a function of vectors, which has no derivative element by
      element: such a function needs one of the last two.
    - `at_kink` says what counts as the derivative where it jumps; elsewhere it changes nothing.
    """
    if is_npy(request):
        return await npy_response(request, derivative=True)
    return await _answer(DerivativeRequest, derivatives, request)


HOT = {"/evaluate": evaluate, "/derivative": derivative}


def values(question: EvaluateRequest, settings: Settings) -> Parts:
    """Compute and write the answer to `POST /evaluate`."""
    function = lookup(question.activation)
    parameters = bind(function, question.parameters)
    admit_values(question, settings)
    x, dtype, accuracy, seed = question.x, question.dtype, question.accuracy, question.seed
    preactivation = None
    if question.weights is None:
        y = compute.evaluate(function, x, parameters, dtype=dtype, accuracy=accuracy, seed=seed)
    else:
        preactivation, y = compute.layer(
            function, x, question.weights, question.bias, parameters, dtype=dtype, accuracy=accuracy, seed=seed
        )
    return EvaluateResponse(
        activation=function.name,
        parameters=parameters,
        dtype=dtype,
        shape=y.shape,
        y=y,
        preactivation=preactivation,
    ).write()


def derivatives(question: DerivativeRequest, settings: Settings) -> Parts:
    """Compute and write the answer to `POST /derivative`."""
    function = lookup(question.activation)
    parameters = bind(function, question.parameters)
    admit_derivative(function, parameters, question, settings)
    by = canonical(function, question.with_respect_to)
    name, numbers = _differentiate(function, parameters, by, question)
    return DerivativeResponse(
        activation=function.name,
        parameters=parameters,
        dtype=question.dtype,
        order=question.order,
        with_respect_to=by,
        shape=numbers.shape,
        **{name: numbers},
    ).write()


def _differentiate(
    function: Activation, parameters: dict[str, Value], by: str, question: DerivativeRequest
) -> tuple[Literal["dy", "dx", "jacobian"], Array]:
    """What was asked for, and the name it has in the answer."""
    x, dtype, accuracy, at_kink = question.x, question.dtype, question.accuracy, question.at_kink
    seed = question.seed
    if question.jacobian:
        return "jacobian", compute.jacobian(function, x, parameters, dtype=dtype, seed=seed)
    if question.upstream is not None:
        upstream = question.upstream
        return "dx", compute.pullback(
            function, x, parameters, upstream, at_kink=at_kink, dtype=dtype, accuracy=accuracy, seed=seed
        )
    order = question.order
    return "dy", compute.derivative(
        function,
        x,
        parameters,
        order=order,
        with_respect_to=by,
        at_kink=at_kink,
        dtype=dtype,
        accuracy=accuracy,
        seed=seed,
    )


async def _answer(
    model: type[AnyQuestion], work: Callable[[AnyQuestion, Settings], Parts], request: Request
) -> Response:
    """Read, compute and write: beside the event loop unless it is done sooner than a thread takes over."""
    require_accepted(request, JSON)
    body, settings = await read_json_body(request, NPY), settings_of(request)
    if len(body) > SMALL_QUESTION:
        return json_response(*await to_thread.run_sync(_done, model, work, body, settings))
    quick, job = _job(model, work, body, settings)
    return json_response(*(job() if quick else await to_thread.run_sync(job)))


def _done(
    model: type[AnyQuestion], work: Callable[[AnyQuestion, Settings], Parts], body: Body, settings: Settings
) -> Parts:
    return _job(model, work, body, settings)[1]()


def _job(
    model: type[AnyQuestion], work: Callable[[AnyQuestion, Settings], Parts], body: Body, settings: Settings
) -> tuple[bool, Callable[[], Parts]]:
    """What a body asks to be done, and whether that is soon done.

    Of a body with one flat list of numbers, what stands beside the numbers is understood once and kept.
    """
    if (found := read_flat(body, settings)) and (plan := flat_plan(model, found[0], settings)):
        x, dtype = found[1], plan.question.dtype
        return not plan.slow(x.size, dtype), partial(_planned, plan, x, settings)
    question = model.read(body, settings)
    pace = pace_of(question.activation, getattr(question, "order", 0), question.dtype, question.accuracy)
    if not question.plain:
        return False, partial(work, question, settings)
    return not pace.slow(question.x.size), partial(pace.of, question.x.size, work, question=question, settings=settings)


def _planned(plan: Plan, x: Array, settings: Settings) -> Parts:
    dtype = plan.question.dtype
    admit(x.size, x.size, ("x",), dtype, settings)
    return plan.write(plan.compute(x, dtype), dtype)
