"""Values and derivatives: `POST /evaluate` and `POST /derivative`."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from fastapi import APIRouter, Request
from starlette.responses import Response

from service import compute
from service.activations import lookup
from service.activations.model import Array
from service.activations.parameters import bind
from service.api import examples
from service.api.admission import Estimate, Gate, gate_of
from service.api.documentation import computed, json_body
from service.api.npy import NPY, is_npy, npy_response
from service.api.npy_documentation import FAILURES, answering_npy, taking_npy
from service.api.paces import HOP, Pace
from service.api.plans import flat_plan, plan_for
from service.api.requests import JSON, is_plain_json, read_body, read_json_body, require_accepted, settings_of
from service.api.responses import json_response
from service.api.sizes import MEMORY, admit, admit_layer, layer_outputs
from service.settings import Settings
from service.telemetry import account
from service.wire.evaluation import DerivativeRequest, DerivativeResponse, EvaluateRequest, EvaluateResponse
from service.wire.json import Body
from service.wire.numbers import read_flat
from service.wire.query import AnyQuestion

router = APIRouter(tags=["evaluation"])

SMALL_QUESTION = 128 * 2**10  # bytes that are parsed sooner than a thread takes over

_PACE = Pace()  # of bytes of a body that is parsed and answered
_PACE_OF_SMALL = Pace(HOP)  # of questions whose numbers take long, though they are few
_MEMORY = 4  # times the body: it, its numbers, those answered and their text

Parts = tuple[bytes, ...]


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
    return await _answer(EvaluateRequest, request)


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
    return await _answer(DerivativeRequest, request)


HOT = {"/evaluate": evaluate, "/derivative": derivative}


async def _answer(model: type[AnyQuestion], request: Request) -> Response:
    """Read, compute and write: beside the event loop unless it is done sooner than a thread takes over."""
    settings, gate = settings_of(request), gate_of(request)
    if is_plain_json(request.scope):
        body = await read_body(request, settings.max_body_bytes)
    elif is_npy(request):
        return await npy_response(request, derivative=model is DerivativeRequest)
    else:
        require_accepted(request, JSON)
        body = await read_json_body(request, NPY)
    if len(body) > SMALL_QUESTION:
        estimate = Estimate(_MEMORY * len(body), len(body), _PACE)
        return json_response(*await gate.run(request, _done, model, body, gate, settings, estimate=estimate))
    job = _job(model, body, settings)
    if job.quick:
        return json_response(*job.work())
    estimate = Estimate(job.bytes, pace=_PACE_OF_SMALL)
    return json_response(*await gate.run(request, job.work, estimate=estimate))


class _Job(NamedTuple):
    """What a body asks to be done, how many numbers are answered, and whether that is done sooner than in a thread."""

    work: Callable[[], Parts]
    numbers: int
    quick: bool = False

    @property
    def bytes(self) -> int:
        """Memory that the answer takes, estimated."""
        return MEMORY * self.numbers


def _done(model: type[AnyQuestion], body: Body, gate: Gate, settings: Settings) -> Parts:
    """The answer to a large body; memory beyond what was thought of, as for Jacobians, is counted once it is known."""
    job = _job(model, body, settings)
    with gate.memory.holding(max(0, job.bytes - _MEMORY * len(body))):
        return job.work()


def _job(model: type[AnyQuestion], body: Body, settings: Settings) -> _Job:
    """Of a body with one flat list of numbers, what stands beside the numbers is understood once and kept."""
    if (found := read_flat(body, settings)) and (plan := flat_plan(model, found[0], settings)):
        x = found[1]
    else:
        question = model.read(body, settings)
        if isinstance(question, EvaluateRequest) and question.weights is not None:
            admit_layer(question, question.weights, settings)
            numbers = 2 * layer_outputs(question, question.weights)
            return _Job(partial(_layer, question, question.weights), numbers)
        if isinstance(question, DerivativeRequest) and question.upstream is not None:
            admit(question.x.size, question.x.size, ("x",), question.dtype, settings)
            return _Job(partial(_gradient, question, question.upstream), question.x.size)
        plan, x = plan_for(question), question.x
    numbers = plan.admit(x.shape, plan.question.dtype, settings)
    quick = plan.question.plain and not plan.slow(x.size, plan.question.dtype)
    return _Job(partial(plan.answer, x), numbers, quick)


def _layer(question: EvaluateRequest, weights: Array) -> Parts:
    """The answer for a layer."""
    function = lookup(question.activation)
    parameters = bind(function, question.parameters)
    account.computed(function.name, question.x.size)
    x, bias, dtype, accuracy = question.x, question.bias, question.dtype, question.accuracy
    preactivation, y = compute.layer(
        function, x, weights, bias, parameters, dtype=dtype, accuracy=accuracy, seed=question.seed
    )
    return EvaluateResponse(
        activation=function.name,
        parameters=parameters,
        dtype=question.dtype,
        shape=y.shape,
        y=y,
        preactivation=preactivation,
    ).write()


def _gradient(question: DerivativeRequest, upstream: Array) -> Parts:
    """The answer for a gradient from above."""
    function = lookup(question.activation)
    parameters = bind(function, question.parameters)
    account.computed(function.name, question.x.size)
    x, at_kink, dtype, accuracy = question.x, question.at_kink, question.dtype, question.accuracy
    dx = compute.pullback(
        function, x, parameters, upstream, at_kink=at_kink, dtype=dtype, accuracy=accuracy, seed=question.seed
    )
    return DerivativeResponse(
        activation=function.name,
        parameters=parameters,
        dtype=question.dtype,
        order=question.order,
        with_respect_to=question.with_respect_to,
        shape=dx.shape,
        dx=dx,
    ).write()
