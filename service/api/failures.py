"""Examples of failures for the published contract; the tests provoke each of them."""

from dataclasses import dataclass

from service.wire.problems import ProblemFault, ProblemLimit


@dataclass(frozen=True)
class Failure:
    """What a problem document says beside what all of its type say."""

    code: str
    status: int
    detail: str
    errors: tuple[ProblemFault, ...] | None = None
    near: tuple[str, ...] | None = None
    limit: ProblemLimit | None = None
    reasons: dict[str, str] | None = None
    violated_policies: tuple[str, ...] | None = None
    request_id: str | None = None


def _field(pointer: str, detail: str, near: tuple[str, ...] | None = None, code: str = "invalid_input") -> Failure:
    told = f"{pointer}: {detail}" if code == "invalid_input" else detail
    return Failure(code, 422, told, errors=(ProblemFault(pointer=pointer, detail=detail),), near=near)


def _parameter(name: str, detail: str) -> Failure:
    return Failure("invalid_input", 422, f"{name}: {detail}", errors=(ProblemFault(parameter=name, detail=detail),))


def _limited(code: str, status: int, detail: str, name: str, value: int, pointer: str | None = None) -> Failure:
    setting = "ACTISCOPE_" + name.upper()
    limit = ProblemLimit(name=name, value=value, setting=setting)
    told = f"{detail} The setting is {setting}."
    errors = (ProblemFault(pointer=pointer, detail=told),) if pointer else None
    return Failure(code, status, told, errors=errors, limit=limit)


FAILURES = {
    "not_ready": Failure(
        "not_ready", 503, "The service is about to end.", reasons={"draining": "The service is about to end."}
    ),
    "malformed_json": Failure(
        "malformed_json",
        400,
        "The body is not JSON: unexpected character, expected a JSON value: line 1 column 29 (char 28).",
    ),
    "too_deep": _limited("too_deep", 400, "Arrays and objects are nested more than 64 levels deep.", "max_depth", 64),
    "no_key": Failure(
        "unauthorized", 401, "The request needs an API key: Authorization: Bearer KEY, or X-API-Key: KEY."
    ),
    "wrong_key": Failure("unauthorized", 401, "The API key is none of this service."),
    "too_fast": Failure(
        "quota_exceeded",
        429,
        "Each key may send 100 requests in 60 s. The next one is answered in 1 s. "
        "The setting is ACTISCOPE_REQUESTS_PER_KEY.",
        limit=ProblemLimit(name="requests_per_key", value=100, setting="ACTISCOPE_REQUESTS_PER_KEY"),
        violated_policies=("key",),
    ),
    "unknown_name": Failure(
        "unknown_activation", 404, "There is no activation called 'mysh'. Did you mean mish?", near=("mish",)
    ),
    "unknown_problem": Failure(
        "unknown_problem",
        404,
        "There is no problem of the code 'malformed'.",
        near=("malformed_npy", "malformed_json", "malformed_http"),
    ),
    "not_acceptable": Failure("not_acceptable", 406, "This path answers with application/json, which Accept excludes."),
    "no_such_exposition": Failure(
        "not_acceptable",
        406,
        "This path answers with text/plain or application/openmetrics-text, which Accept excludes.",
    ),
    "no_such_stream": Failure(
        "not_acceptable",
        406,
        "This path answers with application/x-ndjson or text/event-stream, which Accept excludes.",
    ),
    "body_too_large": _limited(
        "limit_exceeded", 413, "The body has more than 67108864 bytes.", "max_body_bytes", 67108864
    ),
    "malformed_coding": Failure("malformed_coding", 400, "The body cannot be read as gzip after 0 inflated bytes."),
    "inflated_too_large": _limited(
        "limit_exceeded",
        413,
        "The body inflates to more than 67108864 bytes.",
        "max_decoded_body_bytes",
        67108864,
    ),
    "query_too_long": _limited("limit_exceeded", 414, "The query has more than 8192 bytes.", "max_query_bytes", 8192),
    "too_much_waiting": _limited("overloaded", 503, "32 requests wait already.", "max_waiting", 32),
    "too_many_streams": _limited(
        "overloaded", 503, "This service streams 32 answers at once, no more.", "max_streams", 32
    ),
    "unsupported_media_type": Failure(
        "unsupported_media_type", 415, "The Content-Type must be application/json in UTF-8, not 'text/plain'."
    ),
    "neither_json_nor_npy": Failure(
        "unsupported_media_type",
        415,
        "The Content-Type must be application/json in UTF-8 or application/x-npy, not 'text/plain'.",
    ),
    "ragged_array": _field("/x/1", "Expected 2 elements as in the arrays before it, found 1: the array is ragged."),
    "unknown_field": _field("/dtipe", "There is no field 'dtipe'. Did you mean 'dtype'?"),
    "unknown_activation": _field(
        "/activation", "There is no activation called 'mysh'. Did you mean mish?", ("mish",), "unknown_activation"
    ),
    "malformed_multipart": Failure("malformed_multipart", 400, "The body ends before the closing boundary."),
    "malformed_npy": Failure("malformed_npy", 400, "The body is not an NPY file of version 1, 2 or 3."),
    "wrong_item": _parameter("negative_slope", "Must be a number."),
    "malformed_tensors": Failure(
        "malformed_tensors",
        400,
        "The file of tensors is neither NPZ nor safetensors: it ends within its header.",
    ),
    "malformed_tensor_data": Failure("malformed_tensor_data", 400, "8 bytes follow the JSON text, which announces 16."),
    "no_such_version": Failure("not_found", 404, "leaky_relu has the version 1 only, not '2'."),
    "no_such_tensor_format": Failure(
        "not_acceptable",
        406,
        "This path answers with application/json or application/octet-stream, which Accept excludes.",
    ),
    "neither_json_nor_tensors": Failure(
        "unsupported_media_type",
        415,
        "The Content-Type must be application/json in UTF-8 or application/octet-stream, not 'text/plain'.",
    ),
    "no_such_datatype": _field("/inputs/0/datatype", "Must be 'FP64', 'FP32', 'FP16' or 'BF16'."),
    "no_such_parameter": _field("/parameters/slope", "leaky_relu has no such parameter; it has negative_slope."),
    "missing_part": _parameter("tensors", "This part is required: a .safetensors or .npz file."),
    "shapes_do_not_chain": _field(
        "/layers/0/weights", "Layer 0 takes 2 inputs to 1 units: weights must be 2×1 (n_in × n_out), not 1×1."
    ),
    "unknown_function_of_layer": _field(
        "/layers/0/activation",
        "There is no activation called 'mysh'. Did you mean mish?",
        ("mish",),
        "unknown_activation",
    ),
    "too_many_layers": _limited(
        "limit_exceeded",
        413,
        "The network has 1000000 layers; 10000 are allowed.",
        "max_layers",
        10000,
        "/layers/0",
    ),
    "vector_function": _field(
        "/activation", "softmax is a vector function; mean-field theory is known of elementwise ones."
    ),
    "too_many_points": _limited(
        "limit_exceeded",
        413,
        "The grid counts as 1000064 points; 131072 are allowed.",
        "max_grid_points",
        131072,
        "/sigma_w",
    ),
    "no_such_picture": Failure(
        "not_acceptable", 406, "This path answers with image/svg+xml or image/png, which Accept excludes."
    ),
    "no_layers": _field("/layers", "This field is required."),
    "unknown_picture_item": _parameter("widht", "There is no query item 'widht'. Did you mean 'width'?"),
    "plots_not_installed": Failure("plots_not_installed", 501, "Pictures need matplotlib: install actiscope[plots]."),
    "unknown_query_item": _parameter("familly", "There is no query item 'familly'. Did you mean 'family'?"),
    "not_a_parameter": _parameter("family", "There is no query item 'family'. There are alpha, a, negative_slope."),
    "no_query_items": _parameter("family", "There is no query item 'family'. This path takes none."),
    "internal_error": Failure(
        "internal_error",
        500,
        "The request could not be answered.",
        request_id="5f0c1de9e8f24b0b8a3d9a6f6d6c1f6e",
    ),
}
