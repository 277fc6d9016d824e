"""Inference (Open Inference Protocol, KServe V2): `POST /v2/models/{name}/infer`, in JSON and as bytes."""

from functools import lru_cache

import numpy as np
from fastapi import APIRouter, Request
from starlette.datastructures import Headers
from starlette.responses import Response

from service import compute
from service.activations.model import Array
from service.api.admission import Estimate, gate_of
from service.api.codings import coding_of
from service.api.inference_docs import LENGTH, OCTETS, answers, question
from service.api.models import Name, Version, model_of
from service.api.paces import Pace
from service.api.problems import invalid_parameters
from service.api.requests import (
    JSON,
    SMALL_BODY,
    not_acceptable,
    quality,
    read_body,
    require_json,
    require_known_query,
    settings_of,
)
from service.api.responses import PartsResponse, json_response
from service.errors import MalformedTensorData
from service.settings import Settings
from service.telemetry import account
from service.wire import inference as messages
from service.wire.inference_plan import Plan, plan, raw_header

_PACE = Pace()  # of bytes of a body
_MEMORY = 4  # times the body: it, and outputs of both kinds

router = APIRouter(prefix="/v2", tags=["inference"])

Body = bytes | bytearray | memoryview

_LONGEST_KEPT = 4096  # bytes of a JSON text whose plan is kept
_DIGITS = 19
_READ = frozenset({b"accept", b"content-encoding", b"content-type", LENGTH.lower().encode()})


@router.post(
    "/models/{name}/infer",
    operation_id="infer",
    summary="The outputs of a model",
    openapi_extra=question(),
    responses=answers("/v2/models/mysh/infer", "unknown_name"),
)
async def infer_route(request: Request, name: Name) -> Response:
    """Give the values `y` of a function and, if it is elementwise, its `derivative` at every number of `x`.

    The body is a JSON text, or a JSON text and the little-endian bytes of the tensor (the binary tensor data
    extension): then `Inference-Header-Content-Length` tells how long the text is, and `binary_data_size` in it how many
    bytes follow. Outputs go out as bytes if `binary_data` of an output says so, or else `binary_data_output` of the
    request. A length of 0 means that there is no text: all of the body is one vector in FP64, and the outputs are
    answered as bytes.

    Among the `parameters` stand those of the function, by name or alias, and those of InferenceOptions.
    """
    return await answer(request, name)


@router.post(
    "/models/{name}/versions/{version}/infer",
    operation_id="infer_version",
    summary="The outputs of a version of a model",
    openapi_extra=question(),
    responses=answers("/v2/models/mysh/versions/1/infer", "unknown_name", "no_such_version"),
)
async def infer_version_route(request: Request, name: Name, version: Version) -> Response:
    """Give the outputs of the only version of a model, as `/v2/models/{name}/infer` does."""
    return await answer(request, name, version)


def infer(name: str, version: str, header_length: str | None, body: Body, settings: Settings) -> Response:
    """Understand a request, compute, and write the answer.

    `header_length` is the value of Inference-Header-Content-Length, if there is one. The body must stay as it is until
    the answer is sent, which may hold views of it.

    Raises
    ------
    UnknownActivation, HTTPException
        There is no model of that name, or it has not that version.
    RequestValidationError, Malformed, InvalidInput, LimitExceeded
        The request cannot be answered.
    """
    header, content = _split(memoryview(body), header_length)
    understand = _kept if len(header) <= _LONGEST_KEPT else _plan
    planned = understand(name, version, header, settings)
    x = planned.read(content)
    account.computed(planned.function.name, x.size)
    with np.errstate(all="ignore"):  # bytes may hold signalling NaN
        arrays = [_computed(planned, x, output.name) for output in planned.outputs]
    parts = planned.write(arrays)
    if planned.binary:
        return PartsResponse(parts, OCTETS, {LENGTH: str(len(parts[0]))})
    return json_response(*parts)


async def answer(request: Request, name: str, version: str = messages.VERSION) -> Response:
    """Answer a request to a model, beside the event loop unless it is small."""
    require_known_query(request)
    length = _admitted(tuple(item for item in request.scope["headers"] if item[0] in _READ))
    settings = settings_of(request)
    body = await read_body(request, settings.max_body_bytes)
    if len(body) <= SMALL_BODY:
        return infer(name, version, length, body, settings)
    estimate = Estimate(_MEMORY * len(body), len(body), _PACE)
    return await gate_of(request).run(request, infer, name, version, length, body, settings, estimate=estimate)


@lru_cache(maxsize=64)
def _admitted(raw: tuple[tuple[bytes, bytes], ...]) -> str | None:
    """The length of the JSON text, as it is given, if the headers of the request allow an answer."""
    headers = Headers(raw=list(raw))
    _require_accepted(headers)
    _require_tensors(headers)
    return ", ".join(headers.getlist(LENGTH)) if LENGTH in headers else None


def _require_accepted(headers: Headers) -> None:
    """Refuse a request whose Accept excludes both forms of an answer: the body decides which it is."""
    wanted = ",".join(headers.getlist("accept")).strip()
    if wanted and not any(quality(wanted, media_type) for media_type in (JSON, OCTETS)):
        raise not_acceptable(JSON, OCTETS)


def _require_tensors(headers: Headers) -> None:
    """Refuse a body that is said to be something else; clients of the protocol need not say what it is."""
    types = headers.getlist("content-type")
    if types and [types[0].partition(";")[0].strip().lower(), *types[1:]] != [OCTETS]:
        require_json(headers, OCTETS)
    else:
        coding_of(headers)


async def _answer_by_path(request: Request) -> Response:
    return await answer(request, **request.path_params)


HOT = dict.fromkeys(("/v2/models/{name}/infer", "/v2/models/{name}/versions/{version}/infer"), _answer_by_path)


def _split(body: memoryview, header_length: str | None) -> tuple[bytes, memoryview]:
    """The JSON text, and the bytes that follow it."""
    if header_length is None:
        return bytes(body), body[:0]
    if not (header_length.isascii() and header_length.isdigit() and len(header_length) <= _DIGITS):
        raise invalid_parameters({LENGTH: "Must be a whole number: the bytes of the JSON text."}, "header")
    length = int(header_length)
    if length > len(body):
        raise MalformedTensorData(f"The JSON text should have {length} bytes; the body has {len(body)}.")
    return bytes(body[:length]) if length else raw_header(len(body)), body[length:]


def _plan(name: str, version: str, header: bytes, settings: Settings) -> Plan:
    return plan(model_of(name, version), header, settings)


_kept = lru_cache(maxsize=256)(_plan)


def _computed(planned: Plan, x: Array, output: messages.OutputName) -> Array:
    function, parameters, options = planned.function, planned.parameters, planned.options
    dtype, accuracy, seed = planned.dtype, options.accuracy, options.seed
    if output == "y":
        return compute.evaluate(function, x, parameters, dtype=dtype, accuracy=accuracy, seed=seed)
    return compute.derivative(
        function,
        x,
        parameters,
        order=options.order,
        at_kink=options.at_kink,
        dtype=dtype,
        accuracy=accuracy,
        seed=seed,
    )
