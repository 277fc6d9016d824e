"""The service as a server of models (Open Inference Protocol, KServe V2): which there are, which are ready."""

from functools import cache
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi import Path as PathItem
from pydantic_core import to_json
from starlette.exceptions import HTTPException
from starlette.responses import Response

from service.activations import lookup
from service.activations.model import Activation
from service.api.documentation import fresh, page, problems
from service.api.inference_docs import SERVER
from service.api.monitoring import accepts_work
from service.api.requests import JSON, accepts, only_query
from service.api.responses import Page, json_response
from service.api.version import VERSION
from service.errors import UnknownActivation
from service.wire import inference as messages
from service.wire.faults import clip

router = APIRouter(prefix="/v2", tags=["inference"], dependencies=[Depends(accepts(JSON)), Depends(only_query())])

Name = Annotated[
    str,
    PathItem(description="Name of the function, or what PyTorch, JAX, Keras or ONNX call it.", examples=["leaky_relu"]),
]
Version = Annotated[str, PathItem(description="Version of the model: `1`.", examples=["1"])]

_REFUSALS = ("not_acceptable", "no_query_items")
_MODEL = page("ModelMetadata", messages.metadata(lookup("leaky_relu")).model_dump(mode="json"))
_READY = fresh("ModelReady", {"name": "leaky_relu", "ready": True})


@router.get(
    "",
    operation_id="inference_server",
    summary="The service as a server of models",
    responses=page("ServerMetadata", SERVER) | problems("/v2", *_REFUSALS),
)
async def server(request: Request) -> Response:
    """Name the server, its version and the extensions of the Open Inference Protocol that it speaks.

    Every failure under `/v2` is a problem document with a member `error`, the message that the protocol wants.
    """
    return _server().answer(request)


@router.get(
    "/health/live",
    operation_id="inference_live",
    summary="Whether the server is alive",
    responses=fresh("ServerLive", {"live": True}) | problems("/v2/health/live", *_REFUSALS),
)
async def live() -> Response:
    """Answer as long as the service runs."""
    return json_response(to_json(messages.ServerLive()))


@router.get(
    "/health/ready",
    operation_id="inference_ready",
    summary="Whether the server accepts work",
    dependencies=[Depends(accepts_work)],
    responses=fresh("ServerReady", {"ready": True}) | problems("/v2/health/ready", "not_ready", *_REFUSALS),
)
async def ready() -> Response:
    """Answer as long as the service accepts work; 503 otherwise, as `/readyz` does."""
    return json_response(to_json(messages.ServerReady()))


@router.get(
    "/models/{name}",
    operation_id="inference_model",
    summary="A model: one function",
    responses=_MODEL | problems("/v2/models/mysh", "unknown_name", *_REFUSALS),
)
async def model(request: Request, name: Name) -> Response:
    """Describe a model: the input `x`, the outputs `y` and `derivative` (of elementwise functions), its parameters.

    The protocol has room for one datatype and one shape. What is published is the input of one dimension in FP64;
    FP32, FP16 and BF16 are taken too, in any shape, and answered in kind.
    """
    return _metadata(model_of(name).name).answer(request)


@router.get(
    "/models/{name}/versions/{version}",
    operation_id="inference_model_version",
    summary="A version of a model",
    responses=_MODEL | problems("/v2/models/mysh/versions/1", "unknown_name", "no_such_version", *_REFUSALS),
)
async def model_version(request: Request, name: Name, version: Version) -> Response:
    """Describe the only version of a model, as `/v2/models/{name}` does."""
    return _metadata(model_of(name, version).name).answer(request)


@router.get(
    "/models/{name}/ready",
    operation_id="inference_model_ready",
    summary="Whether a model accepts work",
    dependencies=[Depends(accepts_work)],
    responses=_READY | problems("/v2/models/mysh/ready", "unknown_name", "not_ready", *_REFUSALS),
)
async def model_ready(name: Name) -> Response:
    """Answer for every function of the catalogue."""
    return json_response(to_json(messages.ModelReady(name=model_of(name).name)))


@router.get(
    "/models/{name}/versions/{version}/ready",
    operation_id="inference_model_version_ready",
    summary="Whether a version of a model accepts work",
    dependencies=[Depends(accepts_work)],
    responses=_READY
    | problems("/v2/models/mysh/versions/1/ready", "unknown_name", "no_such_version", "not_ready", *_REFUSALS),
)
async def model_version_ready(name: Name, version: Version) -> Response:
    """Answer for the only version of every function of the catalogue."""
    return json_response(to_json(messages.ModelReady(name=model_of(name, version).name)))


def model_of(name: str, version: str = messages.VERSION) -> Activation:
    """The function whose model it is."""
    try:
        function = lookup(clip(name))
    except UnknownActivation as error:
        raise UnknownActivation(error.name, error.near, path=()) from None
    if version != messages.VERSION:
        raise HTTPException(404, f"{function.name} has the version {messages.VERSION} only, not {clip(version)!r}.")
    return function


@cache
def _server() -> Page:
    return Page(to_json(messages.ServerMetadata(name="actiscope", version=VERSION, extensions=("binary_tensor_data",))))


@cache
def _metadata(name: str) -> Page:
    return Page(to_json(messages.metadata(lookup(name)), inf_nan_mode="strings"))
