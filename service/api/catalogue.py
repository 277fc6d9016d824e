"""The catalogue of functions: `GET /activations` and `GET /activations/{name}`."""

from functools import cache
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi import Path as PathItem
from pydantic_core import to_json
from starlette.responses import Response

from service.activations import catalogue, lookup
from service.activations.model import Activation, Value
from service.api.admission import gate_of
from service.api.documentation import page, problems
from service.api.plans import told_of_items
from service.api.problems import invalid_parameters
from service.api.requests import JSON, accepts, only_query, require_known_query
from service.api.responses import Page
from service.compute import describe, describe_at
from service.wire.faults import clip
from service.wire.query import kinds, read_parameters

router = APIRouter(tags=["catalogue"], dependencies=[Depends(accepts(JSON))])


@router.get(
    "/activations",
    operation_id="list_activations",
    summary="All functions, or those of a family or like a name",
    dependencies=[Depends(only_query("family", "q"))],
    responses=page("Catalogue") | problems("/activations", "not_acceptable", "unknown_query_item"),
)
def list_activations(
    request: Request,
    family: Annotated[str | None, Query(description="Only functions of this family.", examples=["rectifier"])] = None,
    q: Annotated[
        str | None,
        Query(description="Only functions whose name or one of whose aliases contains this, in either case."),
    ] = None,
) -> Response:
    """Describe the functions of the catalogue: formula, derivative, parameters, and facts about them."""
    families = list(dict.fromkeys(function.family for function in catalogue()))
    if family is not None and family not in families:
        detail = f"There is no family {clip(family)!r}. The families are {', '.join(families)}."
        raise invalid_parameters({"family": detail})
    names = tuple(function.name for function in catalogue() if family in (None, function.family) and _has(function, q))
    return _listing(names).answer(request)


@router.get(
    "/activations/{name}",
    operation_id="get_activation",
    summary="One function",
    responses=page("Description") | problems("/activations/mysh", "unknown_name", "not_acceptable", "not_a_parameter"),
)
async def get_activation(
    request: Request,
    name: Annotated[
        str,
        PathItem(description="Name of the function, or what PyTorch, JAX, Keras or ONNX call it.", examples=["relu"]),
    ],
) -> Response:
    """Describe one function: formula, derivative, parameters, and facts about it.

    The facts are those at the default parameters, or at what query items of the parameters' names say, such as
    `/activations/leaky_relu?negative_slope=0.2`.
    """
    function = lookup(clip(name))
    if not request.query_params:
        return descriptor(function.name).answer(request)
    require_known_query(request, *kinds(function))
    with told_of_items():
        parameters = read_parameters(function, dict(request.query_params))
    return (await gate_of(request).run(request, _described, function, parameters)).answer(request)


@cache
def descriptor(name: str) -> Page:
    """The descriptor of the function of this canonical name."""
    return Page(to_json(describe(lookup(name)), inf_nan_mode="strings"))


def _described(function: Activation, parameters: dict[str, Value]) -> Page:
    return Page(to_json(describe_at(function, parameters), inf_nan_mode="strings"))


@cache
def _whole() -> Page:
    return _join(tuple(function.name for function in catalogue()))


def _listing(names: tuple[str, ...]) -> Page:
    """The functions of these names; all of them are asked for most often."""
    return _whole() if len(names) == len(catalogue()) else _join(names)


def _join(names: tuple[str, ...]) -> Page:
    return Page(b'{"activations":[' + b",".join(descriptor(name).body for name in names) + b"]}")


def _has(function: Activation, text: str | None) -> bool:
    return text is None or any(text.lower() in name.lower() for name in (function.name, *function.names.all()))
