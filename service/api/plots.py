"""Plots by URL: `GET /activations/{name}/plot`, `GET /plots/activations`, `POST /plots/gradient-flow`."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Request
from fastapi import Path as PathItem
from starlette.datastructures import QueryParams
from starlette.responses import Response

from service.api.admission import gate_of
from service.api.picture_docs import FLOW_BODY, FLOW_FAILURES, FRAME_ITEMS, FUNCTION_ITEMS, NAMES, picture
from service.api.pictures import HEADERS, MEDIA_TYPES, drawn, form_of, kept
from service.api.plans import told_of_items
from service.api.requests import admit_query, read_json_body, require_known_items, settings_of
from service.api.responses import PartsResponse
from service.plots.curves import Functions
from service.plots.flow_values import FlowShown
from service.plots.frame import Frame
from service.wire.flow_pictures import read_flows
from service.wire.pictures import FRAME, ITEMS, parameter_kinds, read_frame, read_functions

_WIDTHS = (640, 900, 1200)  # for as many panels
_HEIGHT = 420
_FLOW_WIDTHS = (720, 1100)
_FLOW_HEIGHT = 720

router = APIRouter(tags=["plots"])


@router.get(
    "/activations/{name}/plot",
    operation_id="plot_activation",
    summary="The picture of a function",
    response_class=Response,
    openapi_extra={"parameters": FUNCTION_ITEMS},
    responses=picture("/activations/mysh/plot", "unknown_name"),
)
async def plot_activation(
    request: Request,
    name: Annotated[
        str,
        PathItem(description="Name of the function, or what PyTorch, JAX, Keras or ONNX call it.", examples=["relu"]),
    ],
) -> Response:
    """Draw a function, and its derivatives if asked to, as SVG or PNG.

    Curves break where the function jumps: a filled dot is the value there, open dots are the limits that it is not. The
    extremes of the first derivative are marked, and what the curves tend to is dashed. Parameters of the function are
    query items of their own names: `/activations/leaky_relu/plot?negative_slope=0.2&derivative=true&theme=dark`.
    Functions of vectors are drawn along one of two numbers: softmax of (x, 0), glu of (1, x).
    """
    return await _functions(request, [name], request.query_params.multi_items())


@router.get(
    "/plots/activations",
    operation_id="plot_activations",
    summary="The picture of several functions",
    response_class=Response,
    openapi_extra={"parameters": [NAMES, *FUNCTION_ITEMS]},
    responses=picture("/plots/activations"),
)
async def plot_activations(request: Request) -> Response:
    """Draw up to eight functions in one picture, and their derivatives if asked to, as SVG or PNG.

    `/plots/activations?name=step&name=sigmoid&derivative=true&lower=-6&upper=6`; a parameter counts for every function
    that has it.
    """
    items = request.query_params.multi_items()
    names = [text for item, text in items if item == "name"]
    return await _functions(request, names, [(item, text) for item, text in items if item != "name"], "name")


@router.post(
    "/plots/gradient-flow",
    operation_id="plot_gradient_flow",
    summary="The picture of an answer of gradient flow",
    response_class=Response,
    openapi_extra=FLOW_BODY | {"parameters": FRAME_ITEMS},
    responses=picture("/plots/gradient-flow", *FLOW_FAILURES, keeps=False),
)
async def plot_gradient_flow(request: Request) -> Response:
    """Draw an answer of `POST /gradient-flow`: findings at their layers, gradients, signals, dead and saturated units.

    Two answers under `before` and `after` are drawn side by side, with the same scales.
    """
    form = form_of(request)
    body = await read_json_body(request, items=FRAME)
    flows = await gate_of(request).read(read_flows, body, settings_of(request))
    with told_of_items():
        frame = read_frame(dict(request.query_params), form, _FLOW_WIDTHS[len(flows) - 1], _FLOW_HEIGHT)
    return PartsResponse((await drawn(request, lambda: _draw_flows(flows, frame), frame),), MEDIA_TYPES[form], HEADERS)


async def _functions(request: Request, names: Sequence[str], items: Sequence[tuple[str, str]], *more: str) -> Response:
    admit_query(request.scope["query_string"], settings_of(request))
    form = form_of(request)
    with told_of_items():
        require_known_items(QueryParams(list(items)), *ITEMS, *more, *parameter_kinds(names))
        asked = read_functions(names, dict(items))
        frame = read_frame(dict(items), form, _WIDTHS[asked.order], _HEIGHT)
    page = await kept(request, asked, lambda: _draw_functions(asked, frame), frame)
    return page.answer(request)


def _draw_functions(asked: Functions, frame: Frame) -> bytes:
    from service.plots.functions import draw_functions  # noqa: PLC0415  matplotlib is an extra

    return draw_functions(asked, frame)


def _draw_flows(flows: Sequence[FlowShown], frame: Frame) -> bytes:
    from service.plots.flows import draw_flows  # noqa: PLC0415  likewise

    return draw_flows(flows, frame)
