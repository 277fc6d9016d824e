"""The published contract: the OpenAPI document of the application."""

from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any, get_args

import orjson
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema
from pydantic_core import from_json, to_json
from starlette.routing import BaseRoute

from service.activations.model import Kind
from service.api import examples, training
from service.api.catalogue import descriptor
from service.api.examples import Json
from service.api.flow import analyse, theorize
from service.api.operations import index_page, limits_page, problems_page
from service.api.requests import JSON
from service.api.responses import Page
from service.api.streams import EVENTS, NDJSON
from service.api.version import VERSION
from service.settings import Settings
from service.wire.catalogue import Catalogue
from service.wire.evaluation import DerivativeRequest, DerivativeResponse, EvaluateRequest, EvaluateResponse
from service.wire.flow import GradientFlowRequest, GradientFlowResponse
from service.wire.flow_pictures import FlowPicture
from service.wire.inference import (
    InferenceOptions,
    InferenceRequest,
    InferenceResponse,
    ModelMetadata,
    ModelReady,
    ServerLive,
    ServerMetadata,
    ServerReady,
)
from service.wire.mean_field import MeanFieldRequest, MeanFieldResponse, PhaseDiagramResponse
from service.wire.model import Part, Request
from service.wire.operations import Health, Index, Ready, ServiceLimits
from service.wire.problems import ProblemDocument, Problems
from service.wire.schema import Schema
from service.wire.training import TrainingLine, TrainingRequest

_MODELS = (
    Catalogue,
    DerivativeRequest,
    DerivativeResponse,
    EvaluateRequest,
    EvaluateResponse,
    FlowPicture,
    GradientFlowRequest,
    GradientFlowResponse,
    MeanFieldRequest,
    MeanFieldResponse,
    PhaseDiagramResponse,
    Health,
    Index,
    InferenceOptions,
    InferenceRequest,
    InferenceResponse,
    ModelMetadata,
    ModelReady,
    ServerLive,
    ServerMetadata,
    ServerReady,
    ServiceLimits,
    ProblemDocument,
    Problems,
    Ready,
    TrainingLine,
    TrainingRequest,
)
_WHOLE = ("Description", "Parameter", "Health", "Ready")  # every member is always sent
_CHOICES = {
    "kind": list(get_args(Kind)),
    "smoothness": ["discontinuous", "C0", "C1", "C2", "Cinf"],
}
_DESCRIPTION = """\
Values and derivatives of neural-network activation functions, true to the last digits, and the flow of gradients
through networks of them, as a web service.

Numbers are JSON numbers, or the strings `"NaN"`, `"Infinity"` and `"-Infinity"`; arrays are nested lists of them. Every
failure is a problem document (RFC 9457) whose `type` leads to an explanation. Every answer has an `X-Request-ID`: that
of the request if it is short and safe (letters, digits, `.`, `_`, `-`; at most 128), a new one otherwise. Every `GET`
may be asked as `HEAD`.
"""
_TAGS = [
    {"name": "evaluation", "description": "Values and derivatives."},
    {"name": "gradient flow", "description": "How signals and gradients travel through networks, and what mends them."},
    {"name": "inference", "description": "The Open Inference Protocol (KServe V2): every function as a model."},
    {"name": "catalogue", "description": "Which functions there are, and what is known of them."},
    {"name": "plots", "description": "Pictures of functions and of gradient flow, as SVG or PNG."},
    {"name": "operations", "description": "The service about itself."},
]
_REQUEST_ID = {
    "description": "Names the request in the logs of the service.",
    "schema": {"type": "string", "maxLength": 128},
}


def build(routes: Sequence[BaseRoute]) -> dict[str, Any]:
    """The OpenAPI document, without the prefix at which a proxy may serve it."""
    document = get_openapi(
        title="Actiscope",
        version=VERSION,
        summary="True values and derivatives of activation functions",
        description=_DESCRIPTION,
        license_info={"name": "MIT", "identifier": "MIT"},
        tags=_TAGS,
        routes=routes,
    )
    for path, answer in _answers().items():
        document["paths"][path]["get"]["responses"]["200"]["content"][JSON]["example"] = answer
    for path, (asked, ask) in _COMPUTED.items():
        shown = document["paths"][path]["post"]["responses"]["200"]["content"][JSON]["examples"]
        for name, example in asked.items():
            shown[name]["value"] = _shown(orjson.loads(ask(orjson.dumps(example.request))))
    streamed = document["paths"]["/gradient-flow/training"]["post"]["responses"]["200"]["content"]
    record = _first_record()
    streamed[NDJSON]["example"] = record
    streamed[EVENTS]["example"] = f"id: 0\ndata: {orjson.dumps(record).decode()}\n\n"
    document["components"] = {
        "schemas": _schemas(),
        "headers": {"X-Request-ID": _REQUEST_ID},
    }
    for operation in _operations(document):
        for response in operation["responses"].values():
            response.setdefault("headers", {})["X-Request-ID"] = {"$ref": "#/components/headers/X-Request-ID"}
    return document


def write(document: dict[str, Any]) -> bytes:
    """The document as it is committed: sorted, indented, ended by a newline."""
    return orjson.dumps(document, option=orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def _answers() -> dict[str, Json]:
    """True answers to the operations that ask for nothing in particular."""
    described = _shown(orjson.loads(descriptor("leaky_relu").body))
    pages = {
        "/": index_page(""),
        "/limits": limits_page(Settings()),
        "/problems": problems_page(),
        "/activations/{name}": described,
        "/activations": {"activations": [described]},
    }
    return {path: orjson.loads(page.body) if isinstance(page, Page) else page for path, page in pages.items()}


def _flow(request: bytes) -> bytes:
    return analyse(GradientFlowRequest.read(request, Settings()), {}, Settings(), lambda _: nullcontext())


def _theory(request: bytes) -> bytes:
    return theorize(MeanFieldRequest.read(request, Settings()), Settings())


def _first_record() -> Json:
    """What the training of the example with few numbers begins with."""
    asked = orjson.dumps(training.EXAMPLES["zig_zag"].request)
    trainer = training.trainer_of(TrainingRequest.read(asked, Settings()), {}, Settings())
    record: Json = _shown(from_json(to_json(trainer.step())))
    return record


_COMPUTED = {
    "/gradient-flow": (examples.GRADIENT_FLOW, _flow),
    "/gradient-flow/mean-field": (examples.MEAN_FIELD, _theory),
}


def _shown(value: Any) -> Any:  # noqa: ANN401  JSON is any of its types
    """Six digits of every number: the last ones may be others on other processors."""
    if isinstance(value, dict):
        return {name: _shown(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_shown(item) for item in value]
    return float(f"{value:.6g}") if isinstance(value, float) else value


def _schemas() -> Json:
    models: list[tuple[type[BaseModel], JsonSchemaMode]] = [(model, "validation") for model in _MODELS]
    _, schema = models_json_schema(models, ref_template="#/components/schemas/{model}", schema_generator=Schema)
    schemas: Json = schema["$defs"]
    closed = closed_models()
    for name, published in schemas.items():
        if name not in closed and published.get("additionalProperties") is False:
            del published["additionalProperties"]  # answers may gain members; clients ignore those they do not know
        if "description" in published:
            published["description"] = published["description"].replace("None", "null")
        if name in _WHOLE:
            published["required"] = list(published["properties"])
    for name, values in _CHOICES.items():
        schemas["Description"]["properties"][name]["enum"] = values
    return schemas


def closed_models() -> set[str]:
    """The names of requests and of the objects in them, which refuse members that they do not know."""
    found, models = set[str](), [Request, Part]
    while models:
        model = models.pop()
        found.add(model.__name__)
        models.extend(model.__subclasses__())
    return found


def _operations(document: dict[str, Any]) -> list[Json]:
    return [operation for path in document["paths"].values() for operation in path.values()]
