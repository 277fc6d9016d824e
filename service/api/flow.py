"""Gradient flow: `POST /gradient-flow`, `POST /gradient-flow/mean-field`."""

from anyio import to_thread
from fastapi import APIRouter, Request
from pydantic_core import to_json
from starlette.responses import Response

from service.api.budgets import admit
from service.api.requests import settings_of
from service.api.responses import json_response
from service.api.uploads import read_with_tensors
from service.flow.diagnosis import diagnose
from service.flow.measurement import measure
from service.flow.remedies import remedies
from service.settings import Settings
from service.wire.experiments import Tensors, experiment_of
from service.wire.flow import GradientFlowRequest, GradientFlowResponse
from service.wire.remedies import finding_answer

router = APIRouter(tags=["gradient flow"])


@router.post(
    "/gradient-flow", operation_id="gradient_flow", summary="Signals and gradients of a network, layer by layer"
)
async def gradient_flow(request: Request) -> Response:
    """Send a batch through a network and the gradient of a loss back, and say what is wrong with it."""
    question, tensors = await read_with_tensors(GradientFlowRequest, request)
    return json_response(await to_thread.run_sync(analyse, question, tensors, settings_of(request)))


def analyse(question: GradientFlowRequest, tensors: Tensors, settings: Settings) -> bytes:
    """Compute and write the answer to `POST /gradient-flow`."""
    experiment = experiment_of(question, tensors)
    estimate = admit(experiment, settings)
    measured = measure(experiment)
    findings = diagnose(experiment, measured)
    found = remedies(experiment, measured, findings, settings.max_flow_operations) if question.remedies else {}
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
        findings=tuple(
            finding_answer(finding, found.get(finding.code, ()), experiment, of_model=of_model) for finding in findings
        ),
        cost=estimate,
    )
    return to_json(answer, inf_nan_mode="strings")
