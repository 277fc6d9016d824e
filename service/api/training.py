"""Training: `POST /gradient-flow/training`."""

from collections.abc import Generator

from fastapi import APIRouter, Request
from starlette.responses import Response

from service.api.admission import gate_of
from service.api.budgets import admit, admit_cost, at_most
from service.api.documentation import BODY, NETWORK, UPLOAD, Responses, problems, upload_body
from service.api.examples import Example, Json
from service.api.requests import settings_of
from service.api.slots import Streams
from service.api.streams import EVENTS, NDJSON, RecordStream, accepted_stream
from service.api.uploads import read_with_tensors
from service.flow.history import TrainingRecord, TrainingSummary
from service.flow.training import Trainer, budget, sketch
from service.settings import Settings
from service.telemetry import account
from service.wire.experiments import Tensors, blamed_on_model
from service.wire.training import TrainingDone, TrainingRequest, plan_of

router = APIRouter(tags=["gradient flow"])

PATH = "/gradient-flow/training"
EXAMPLES = {
    "dying_relu": Example(
        "A learning rate that kills relu units one by one, on handwritten digits",
        {
            "layers": [
                {"units": 32, "activation": "relu", "weights": "he_normal", "repeat": 2},
                {"units": 10, "activation": "identity", "weights": "glorot_normal"},
            ],
            "data": "digits",
            "steps": 20,
            "learning_rate": 2.0,
        },
    ),
    "zig_zag": Example(
        "One linear unit whose inputs are all positive: its weights move up together or down together",
        {
            "layers": [{"activation": "identity", "weights": [[0.0], [0.0]], "bias": None}],
            "data": {
                "values": [[1.0, 0.5], [0.5, 1.0], [0.9, 0.8], [0.6, 0.7]],
                "targets": [[0.5], [-0.5], [0.1], [-0.1]],
            },
            "steps": 8,
            "learning_rate": 0.25,
            "batch_size": 1,
            "shuffle": False,
        },
    ),
}
UPLOADED: Json = {
    "model": {"layout": "pytorch", "activation": "relu", "output_activation": "identity"},
    "data": {"values": {"tensor": "x"}, "targets": {"tensor": "classes"}},
    "steps": 100,
    "learning_rate": 0.1,
}
_FAILURES = (*BODY, "no_such_stream", "unsupported_media_type", "too_many_streams", "no_query_items")


def _streamed(schema: str) -> Responses:
    """The answer of an operation that sends record by record."""
    record = {"$ref": f"#/components/schemas/{schema}"}
    sent = "One record a line, or one server-sent event each; a record is sent as soon as it exists."
    events = {"type": "string", "description": "`id:` is the number of the record from 0, `data:` the record."}
    return {200: {"description": sent, "content": {NDJSON: {"schema": record}, EVENTS: {"schema": events}}}}


@router.post(
    PATH,
    operation_id="train",
    summary="Training of a network, step by step",
    openapi_extra=upload_body("TrainingRequest", EXAMPLES, UPLOADED),
    response_class=Response,
    responses=_streamed("TrainingLine") | problems(PATH, *_FAILURES, *NETWORK, *UPLOAD),
)
async def training(request: Request) -> Response:
    """Train a network by stochastic gradient descent, and tell of every step as it is taken.

    - The request is that of a gradient flow with `data` to train on (`digits`, `two_moons`, or samples of one's own;
      else its `input` and targets), `steps`, `learning_rate`, `momentum`, `batch_size` and `shuffle`.
    - Each record has the loss, accuracy, gradient norms and dead units of the mini-batch, and `path_ratio`: how much
      longer the way of the weights is than the distance they came. `diverged` tells when the loss runs away; the first
      loss or gradient that is not finite ends the training.
    - The last record is `{"done": true, "summary": …}`: accuracy on samples that were not trained on, when units died,
      how the weights went to and fro, and the learning rate beyond which gradient descent cannot settle.
    - As lines of JSON (`application/x-ndjson`), or for `Accept: text/event-stream` as server-sent events. Whoever hangs
      up stops the training. If the service fails or ends on the way, the last record is `{"problem": …}`.
    """
    media_type = accepted_stream(request)
    streams: Streams = request.app.streams
    streams.admit()  # a request that would be refused later need not be read
    question, tensors = await read_with_tensors(TrainingRequest, request)
    trainer, size = await gate_of(request).run(request, trainer_of, question, tensors, settings_of(request))
    streams.admit()
    return RecordStream(_lines(trainer), media_type, size)


def trainer_of(question: TrainingRequest, tensors: Tensors, settings: Settings) -> tuple[Trainer, int]:
    """What trains, and the bytes that it will take: all that can be refused is refused before the first record."""
    at_most("max_steps", question.steps, f"The training has {question.steps} steps", settings, ("steps",))
    plan = plan_of(question, tensors)
    with blamed_on_model(question):
        admit(sketch(plan, plan.batch), settings)
        estimate = budget(plan)
        admit_cost(estimate, "training", settings, ("steps",), "max_training_operations")
        account.spent(estimate.operations)
        return Trainer(plan), estimate.bytes


def _lines(trainer: Trainer) -> Generator[TrainingRecord | TrainingDone | None, None, None]:
    for told in trainer.run():
        yield TrainingDone(summary=told) if isinstance(told, TrainingSummary) else told
