"""Gradient flow: `POST /gradient-flow`, `POST /gradient-flow/mean-field`."""

from dataclasses import fields
from typing import NamedTuple

from fastapi import APIRouter, Request
from pydantic_core import to_json
from starlette.responses import Response

from service.activations import lookup
from service.activations.model import Array, Elementwise, Value
from service.activations.parameters import bind
from service.api import examples
from service.api.admission import Estimate, gate_of
from service.api.budgets import admit, at_most
from service.api.documentation import NETWORK, UPLOAD, computed, json_body, upload_body
from service.api.paces import Pace
from service.api.requests import JSON, read, require_accepted, settings_of
from service.api.responses import json_response
from service.api.uploads import read_with_tensors
from service.errors import InvalidInput
from service.flow.deviation import deviation
from service.flow.diagnosis import diagnose
from service.flow.effort import PER_SECOND
from service.flow.meanfield.diagram import diagram
from service.flow.meanfield.solution import solve
from service.flow.measurement import Measurement, measure
from service.flow.network import Experiment
from service.flow.remedies import remedies
from service.flow.theory import NotApplicable, theory_of
from service.flow.unrolled import Cost
from service.settings import Settings
from service.telemetry import account
from service.wire.experiments import Tensors, blamed_on_model, experiment_of
from service.wire.flow import GradientFlowRequest, GradientFlowResponse
from service.wire.mean_field import MeanFieldRequest, MeanFieldResponse, PhaseDiagramResponse, rows
from service.wire.remedies import finding_answer
from service.wire.theory import NotApplicableAnswer, TheoryAnswer, theory_answer

_POINTS_OF_A_COLUMN = 64  # of the diagram take as long as the critical points for one σ_b
_FEW = 64  # layers that are sooner looked at than a thread takes over
_PACE = Pace(1 / PER_SECOND)  # of operations
_PACE_OF_THEORY = Pace(0.005)  # of points

router = APIRouter(tags=["gradient flow"])


@router.post(
    "/gradient-flow",
    operation_id="gradient_flow",
    summary="Signals and gradients of a network, layer by layer, and what is wrong with it",
    openapi_extra=upload_body("GradientFlowRequest", examples.GRADIENT_FLOW, examples.UPLOADED_NETWORK),
    responses=computed("GradientFlowResponse", "/gradient-flow", examples.GRADIENT_FLOW, (*NETWORK, *UPLOAD)),
)
async def gradient_flow(request: Request) -> Response:
    """Send a batch through a network and the gradient of a loss back, and say what is wrong with it.

    - `layers` lists layers and blocks; weights are arrays, or drawn by an initializer with torch.nn.init's definitions.
    - The answer has the figures of every layer, forward and backward; `theory`: what mean-field theory predicts, and
      how far this network is from it; `findings`: what is wrong, with the figures that prove it and the layers it is
      in; and for each finding the `remedies` that were applied, run again and found to help.
    - With several `trials` the figures are means over as many drawings, with their `standard_errors`.
    - A network of one's own comes as `multipart/form-data` with the parts `request` (this JSON) and `tensors` (a
      .safetensors or .npz file): `{"tensor": name, "layout": "pytorch"}` stands wherever an array may, and `model`
      takes all of a state dict. Uploads are never stored or logged.
    """
    require_accepted(request, JSON)
    question, tensors = await read_with_tensors(GradientFlowRequest, request)
    gate, settings = gate_of(request), settings_of(request)
    prompt = not tensors and sum(entry.depth for entry in question.layers or ()) <= _FEW
    flow = flow_of(question, tensors, settings) if prompt else await gate.read(flow_of, question, tensors, settings)
    estimate = Estimate(flow.cost.bytes, flow.effort, _PACE)
    return json_response(await gate.run(request, analyse, question, flow, settings, estimate=estimate))


class Flow(NamedTuple):
    """A gradient flow that may be run, what one trial costs, and the operations that all of it amounts to."""

    experiment: Experiment
    cost: Cost
    effort: int


def flow_of(question: GradientFlowRequest, tensors: Tensors, settings: Settings) -> Flow:
    """What is asked for, if it may be run."""
    experiment = experiment_of(question, tensors)
    with blamed_on_model(question):
        return Flow(experiment, *admit(experiment, settings))


def analyse(question: GradientFlowRequest, flow: Flow, settings: Settings) -> bytes:
    """Compute and write the answer to `POST /gradient-flow`."""
    experiment = flow.experiment
    account.spent(flow.cost.operations * experiment.trials)
    measured = measure(experiment)
    findings = diagnose(experiment, measured)
    budget = Cost(settings.max_flow_operations, settings.max_flow_bytes)
    found = remedies(experiment, measured, findings, budget) if question.remedies else {}
    figures, of_model = measured.figures, question.model is not None
    answer = GradientFlowResponse(
        dtype=experiment.dtype,
        seed=experiment.seed,
        trials=experiment.trials,
        layers=figures.layers,
        loss=figures.loss,
        input_gradient_norm=figures.input_gradient_norm,
        summary=figures.summary,
        standard_errors=measured.standard_errors,
        theory=_theory(experiment, measured),
        findings=tuple(
            finding_answer(finding, found.get(finding.code, ()), experiment, of_model=of_model) for finding in findings
        ),
        cost=flow.cost,
    )
    return to_json(answer, inf_nan_mode="strings")


def _theory(experiment: Experiment, measured: Measurement) -> TheoryAnswer | NotApplicableAnswer:
    theory = theory_of(experiment, measured.input_mean_square)
    if isinstance(theory, NotApplicable):
        return NotApplicableAnswer(not_applicable=theory.reason)
    return theory_answer(theory, deviation(theory, measured))


@router.post(
    "/gradient-flow/mean-field",
    operation_id="mean_field",
    summary="What mean-field theory says of a function: phases, depth scales, critical points",
    openapi_extra=json_body("MeanFieldRequest", examples.MEAN_FIELD),
    responses=computed(
        ("MeanFieldResponse", "PhaseDiagramResponse"),
        "/gradient-flow/mean-field",
        examples.MEAN_FIELD,
        ("vector_function", "too_many_points"),
    ),
)
async def mean_field(request: Request) -> Response:
    """Say what mean-field theory predicts of networks of one function, at one pair (σ_w, σ_b) or over a grid.

    Weights are drawn with variance σ_w²/fan-in and biases with variance σ_b². A figure that does not exist, such as a
    finite q*, is null, and `remarks` say why. With an axis, such as `{"linspace": [0.5, 4, 64]}`, in the place of
    σ_w or σ_b the answer is the phase diagram: arrays whose rows go with σ_w and whose columns go with σ_b.
    """
    question = await read(MeanFieldRequest, request)
    estimate = Estimate(amount=points_of(question), pace=_PACE_OF_THEORY)
    return json_response(
        await gate_of(request).run(request, theorize, question, settings_of(request), estimate=estimate)
    )


def points_of(question: MeanFieldRequest) -> int:
    """How many points of a diagram take as long as the answer."""
    if question.pair() is not None:
        return _POINTS_OF_A_COLUMN
    sigma_w, sigma_b = question.axes()
    return (sigma_w.size + _POINTS_OF_A_COLUMN) * sigma_b.size


def theorize(question: MeanFieldRequest, settings: Settings) -> bytes:
    """Compute and write the answer to `POST /gradient-flow/mean-field`."""
    function = lookup(question.activation)
    if not isinstance(function, Elementwise):
        detail = f"{function.name} is a {function.kind} function; mean-field theory is known of elementwise ones."
        raise InvalidInput.at("activation", detail=detail)
    parameters = bind(function, question.parameters)
    pair = question.pair()
    if pair is not None:
        return _at_pair(function, parameters, *pair)
    sigma_w, sigma_b = question.axes()
    points = points_of(question)
    at_most("max_grid_points", points, f"The grid counts as {points} points", settings, ("sigma_w",))
    return _over_grid(function, parameters, sigma_w, sigma_b)


def _at_pair(function: Elementwise, parameters: dict[str, Value], sigma_w: float, sigma_b: float) -> bytes:
    found = solve(function, parameters, sigma_w, sigma_b)
    members = {item.name: getattr(found, item.name) for item in fields(found)}
    answer = MeanFieldResponse(
        activation=function.name, parameters=parameters, sigma_w=sigma_w, sigma_b=sigma_b, **members
    )
    return to_json(answer, inf_nan_mode="strings")


def _over_grid(function: Elementwise, parameters: dict[str, Value], sigma_w: Array, sigma_b: Array) -> bytes:
    found = diagram(function, parameters, sigma_w, sigma_b)
    answer = PhaseDiagramResponse(
        activation=function.name,
        parameters=parameters,
        sigma_w=sigma_w.tolist(),
        sigma_b=sigma_b.tolist(),
        phase=[[phase or None for phase in row] for row in found.phase.tolist()],
        critical=found.critical,
        remarks=found.remarks,
        **{name: rows(getattr(found, name)) for name in ("q_star", "chi_1", "chi_parallel", "c_star", "xi_q", "xi_c")},
    )
    return to_json(answer, inf_nan_mode="strings")
