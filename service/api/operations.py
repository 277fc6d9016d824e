"""The service about itself: where to begin, whether it is alive, its limits, its problems."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi import Path as PathItem
from pydantic_core import to_json
from starlette.responses import Response

from service.activations.model import MAX_ORDER
from service.api.documentation import fresh, page, problems
from service.api.kinds import KINDS
from service.api.problems import problem
from service.api.requests import JSON, accepts, only_query, settings_of
from service.api.responses import Page, json_response
from service.api.uploads import MAX_BOUNDARIES, MAX_PART_HEADER, MAX_PART_HEADERS
from service.api.version import VERSION
from service.settings import LimitInForce, Settings, limits
from service.wire.codings import MAX_ZSTD_WINDOW
from service.wire.evaluation import MAX_NAME, MAX_SEED
from service.wire.faults import clip, near_names
from service.wire.flow import MAX_TRIALS
from service.wire.inference import MAX_ID
from service.wire.json import MAX_CONTAINERS, MAX_FAULTS
from service.wire.networks import MAX_SIZE
from service.wire.npy import LONGEST_HEADER
from service.wire.operations import Health, Index, ServiceLimits
from service.wire.problems import Problems
from service.wire.tensors import MAX_SAFETENSORS_HEADER, MAX_TENSOR_NAME

LINKS = {
    "activations": "/activations",
    "evaluate": "/evaluate",
    "derivative": "/derivative",
    "gradient_flow": "/gradient-flow",
    "mean_field": "/gradient-flow/mean-field",
    "training": "/gradient-flow/training",
    "inference": "/v2",
    "documentation": "/docs",
    "reference": "/redoc",
    "openapi": "/openapi.json",
    "limits": "/limits",
    "problems": "/problems",
    "health": "/healthz",
    "ready": "/readyz",
    "metrics": "/metrics",
}
FIXED_LIMITS = (
    LimitInForce("max_containers", MAX_CONTAINERS, "entries", None, "Most arrays and objects in a JSON body."),
    LimitInForce("max_zstd_window", MAX_ZSTD_WINDOW, "bytes", None, "Largest window of a body in zstd (RFC 9659)."),
    LimitInForce("max_npy_header_bytes", LONGEST_HEADER, "bytes", None, "Longest header of an NPY file."),
    LimitInForce(
        "max_safetensors_header_bytes", MAX_SAFETENSORS_HEADER, "bytes", None, "Longest header of a safetensors file."
    ),
    LimitInForce("max_tensor_name_length", MAX_TENSOR_NAME, "characters", None, "Longest name of a tensor."),
    LimitInForce("max_boundaries", MAX_BOUNDARIES, "boundaries", None, "Most boundaries in an upload of two parts."),
    LimitInForce("max_part_headers", MAX_PART_HEADERS, "headers", None, "Most headers of a part of an upload."),
    LimitInForce("max_part_header_bytes", MAX_PART_HEADER, "bytes", None, "Longest header of a part of an upload."),
    LimitInForce("max_trials", MAX_TRIALS, "trials", None, "Most drawings of a network in one gradient flow."),
    LimitInForce("max_size", MAX_SIZE, "", None, "Most units, features, samples of a batch drawn, or repeats."),
    LimitInForce("max_order", MAX_ORDER, "orders", None, "Largest order of a derivative."),
    LimitInForce("max_name_length", MAX_NAME, "characters", None, "Longest name of a function or parameter."),
    LimitInForce("max_id_length", MAX_ID, "characters", None, "Longest `id` of an inference."),
    LimitInForce("max_seed", MAX_SEED, "", None, "Largest seed."),
    LimitInForce("max_faults", MAX_FAULTS, "faults", None, "Most faults that one problem document lists."),
)

router = APIRouter(tags=["operations"], dependencies=[Depends(accepts(JSON))])


@router.get(
    "/",
    operation_id="index",
    summary="Where to begin",
    dependencies=[Depends(only_query())],
    responses=page("Index") | problems("/", "not_acceptable", "no_query_items"),
)
async def index(request: Request) -> Response:
    """Link to the documentation and to the catalogue."""
    return index_page(request.scope.get("root_path", "")).answer(request)


@router.get(
    "/healthz",
    operation_id="health",
    summary="Whether the service is alive",
    dependencies=[Depends(only_query())],
    responses=fresh("Health", {"status": "ok"}) | problems("/healthz", "not_acceptable", "no_query_items"),
)
async def health() -> Response:
    """Answer as long as the service runs."""
    return json_response(to_json(Health()))


@router.get(
    "/limits",
    operation_id="limits",
    summary="Every limit in force",
    dependencies=[Depends(only_query())],
    responses=page("ServiceLimits") | problems("/limits", "not_acceptable", "no_query_items"),
)
async def list_limits(request: Request) -> Response:
    """List what this service allows: sizes, ranks, depths; and the settings by which an operator moves the limits."""
    return limits_page(settings_of(request)).answer(request)


@router.get(
    "/problems",
    operation_id="list_problems",
    summary="The types of problem there are",
    dependencies=[Depends(only_query())],
    responses=page("Problems") | problems("/problems", "not_acceptable", "no_query_items"),
)
async def list_problems(request: Request) -> Response:
    """Explain every type of problem that this service answers with."""
    return problems_page().answer(request)


@router.get(
    "/problems/{code}",
    operation_id="get_problem",
    summary="One type of problem",
    dependencies=[Depends(only_query())],
    responses=page("ProblemKind", KINDS["not_found"].model_dump(mode="json"))
    | problems("/problems/malformed", "unknown_problem", "not_acceptable", "no_query_items"),
)
async def get_problem(
    request: Request, code: Annotated[str, PathItem(description="The last part of a problem's `type`.")]
) -> Response:
    """Explain one type of problem: what the `type` of a problem document leads to."""
    if code not in KINDS:
        detail = f"There is no problem of the code {clip(code)!r}."
        return problem(request.scope, "unknown_problem", detail, near=tuple(near_names(code, list(KINDS))) or None)
    return Page(to_json(KINDS[code])).answer(request)


def index_page(prefix: str) -> Page:
    """The paths to begin with, under the prefix."""
    links = {name: prefix + path for name, path in LINKS.items()}
    return Page(to_json(Index(name="Actiscope", version=VERSION, links=links)))


def limits_page(settings: Settings) -> Page:
    """The limits that can be set, and those that cannot."""
    return Page(to_json(ServiceLimits(limits=limits(settings) + FIXED_LIMITS)))


def problems_page() -> Page:
    """All types of problem."""
    return Page(to_json(Problems(problems=tuple(KINDS.values()))))
