"""How the routes of the Open Inference Protocol describe themselves: what is sent and answered, with examples."""

from service.api.documentation import BODY, Responses, json_body, problems
from service.api.examples import Example, Json
from service.api.requests import JSON

OCTETS = "application/octet-stream"
LENGTH = "Inference-Header-Content-Length"

EXAMPLES = {
    "json": Example(
        "Numbers in JSON, and a parameter of the function",
        {
            "id": "42",
            "parameters": {"negative_slope": 0.2},
            "inputs": [{"name": "x", "shape": [2, 2], "datatype": "FP32", "data": [[-1.0, 0.0], [2.5, "NaN"]]}],
        },
        {
            "model_name": "leaky_relu",
            "model_version": "1",
            "id": "42",
            "parameters": {"negative_slope": 0.2},
            "outputs": [
                {"name": "y", "datatype": "FP32", "shape": [2, 2], "data": [-0.2, 0.0, 2.5, "NaN"]},
                {"name": "derivative", "datatype": "FP32", "shape": [2, 2], "data": [0.2, 0.2, 1.0, "NaN"]},
            ],
        },
    ),
    "one_output": Example(
        "One output, whose derivative at the kink is that from the right",
        {
            "parameters": {"at_kink": "right"},
            "inputs": [{"name": "x", "shape": [3], "datatype": "FP64", "data": [-1, 0, 1]}],
            "outputs": [{"name": "derivative"}],
        },
        {
            "model_name": "leaky_relu",
            "model_version": "1",
            "parameters": {"negative_slope": 0.01},
            "outputs": [{"name": "derivative", "datatype": "FP64", "shape": [3], "data": [0.01, 1.0, 1.0]}],
        },
    ),
}
SERVER: Json = {"name": "actiscope", "version": "1.2.3", "extensions": ["binary_tensor_data"]}
_BYTES = {"schema": {"type": "string", "format": "binary"}}
_FAILURES = (
    *BODY,
    "malformed_tensor_data",
    "no_such_tensor_format",
    "neither_json_nor_tensors",
    "no_such_datatype",
    "no_such_parameter",
    "no_query_items",
)
_LENGTH: Json = {
    "description": "Bytes of the JSON text, which those of the tensors follow.",
    "schema": {"type": "integer", "minimum": 0},
}


def question() -> Json:
    """What an inference takes beside the items of its path."""
    asked = json_body("InferenceRequest", EXAMPLES)
    example = "(the JSON text, then the bytes of the tensor)"
    asked["requestBody"]["content"][OCTETS] = _BYTES | {"example": example}
    text = "Bytes of the JSON text at the start of the body; without it, all of the body is that. 0: there is none. "
    text += "In a compressed body inflated bytes count."
    asked["parameters"] = [{"name": LENGTH, "in": "header", "required": False, **_LENGTH, "description": text}]
    return asked


def answers(path: str, *failures: str) -> Responses:
    """What an inference answers, of whose further failures these are the examples."""
    shown = {name: {"summary": example.summary, "value": example.response} for name, example in EXAMPLES.items()}
    schema = {"$ref": "#/components/schemas/InferenceResponse"}
    content = {JSON: {"schema": schema, "examples": shown}}
    example = "(the JSON text, then the bytes of the outputs)"
    answer = {
        "description": "The outputs: as JSON if none of them goes out as bytes.",
        "headers": {LENGTH: _LENGTH},
        "content": content | {OCTETS: _BYTES | {"example": example}},
    }
    return {200: answer} | problems(path, *_FAILURES, *failures)
