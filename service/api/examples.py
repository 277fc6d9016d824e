"""Examples of the published contract: requests and their true answers."""

from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]  # any: JSON is any of its types


@dataclass(frozen=True)
class Example:
    """A request and its answer; where there is none, the document asks the service for it."""

    summary: str
    request: Json
    response: Json | None = None


EVALUATE = {
    "leaky_relu": Example(
        "An array, with a value that is not a number",
        {
            "activation": "leaky_relu",
            "parameters": {"negative_slope": 0.01},
            "x": [[-1.0, 0.0], [2.5, "NaN"]],
            "dtype": "float64",
        },
        {
            "activation": "leaky_relu",
            "parameters": {"negative_slope": 0.01},
            "dtype": "float64",
            "shape": [2, 2],
            "y": [[-0.01, 0.0], [2.5, "NaN"]],
        },
    ),
    "number": Example(
        "One number",
        {"activation": "sigmoid", "x": -700},
        {"activation": "sigmoid", "parameters": {}, "dtype": "float64", "shape": [], "y": 9.859676543759771e-305},
    ),
    "layer": Example(
        "A layer, y = f(xW + b)",
        {"activation": "relu", "x": [[1.0, -2.0]], "weights": [[1.0, 0.5], [0.25, -1.0]], "bias": [-2.0, 0.0]},
        {
            "activation": "relu",
            "parameters": {},
            "dtype": "float64",
            "shape": [1, 2],
            "y": [[0.0, 2.5]],
            "preactivation": [[-1.5, 2.5]],
        },
    ),
    "softmax": Example(
        "A function of vectors, under the name of one of the frameworks",
        {"activation": "Softmax", "x": [[0.0, 0.0], [1.0, "-Infinity"]], "dtype": "float32"},
        {
            "activation": "softmax",
            "parameters": {"axis": -1},
            "dtype": "float32",
            "shape": [2, 2],
            "y": [[0.5, 0.5], [1.0, 0.0]],
        },
    ),
}

DERIVATIVE = {
    "sigmoid": Example(
        "The first derivative",
        {"activation": "sigmoid", "x": [0.0, 800.0], "order": 1},
        {
            "activation": "sigmoid",
            "parameters": {},
            "dtype": "float64",
            "order": 1,
            "with_respect_to": "x",
            "shape": [2],
            "dy": [0.25, 0.0],
        },
    ),
    "kink": Example(
        "From the right, where the derivative jumps",
        {"activation": "relu", "x": [-1.0, 0.0, 1.0], "at_kink": "right"},
        {
            "activation": "relu",
            "parameters": {},
            "dtype": "float64",
            "order": 1,
            "with_respect_to": "x",
            "shape": [3],
            "dy": [0.0, 1.0, 1.0],
        },
    ),
    "parameter": Example(
        "By a parameter",
        {"activation": "leaky_relu", "x": [-2.0, 3.0], "with_respect_to": "negative_slope"},
        {
            "activation": "leaky_relu",
            "parameters": {"negative_slope": 0.01},
            "dtype": "float64",
            "order": 1,
            "with_respect_to": "negative_slope",
            "shape": [2],
            "dy": [-2.0, 0.0],
        },
    ),
    "upstream": Example(
        "A gradient passed back through a function of vectors",
        {"activation": "softmax", "x": [0.0, 0.0], "upstream": [1.0, 0.0]},
        {
            "activation": "softmax",
            "parameters": {"axis": -1},
            "dtype": "float64",
            "order": 1,
            "with_respect_to": "x",
            "shape": [2],
            "dx": [0.25, -0.25],
        },
    ),
    "jacobian": Example(
        "The Jacobian of a function of vectors",
        {"activation": "softmax", "x": [0.0, 0.0], "jacobian": True},
        {
            "activation": "softmax",
            "parameters": {"axis": -1},
            "dtype": "float64",
            "order": 1,
            "with_respect_to": "x",
            "shape": [2, 2],
            "jacobian": [[0.25, -0.25], [-0.25, 0.25]],
        },
    ),
}

GRADIENT_FLOW = {
    "chain": Example(
        "The scalar chain σ(σ(σ(x))): its gradient is at most (1/4)³",
        {
            "input": {"values": [[0.0]]},
            "layers": [{"activation": "sigmoid", "weights": [[1.0]], "bias": [0.0], "repeat": 3}],
            "loss": {"name": "sum"},
        },
    ),
    "initialization": Example(
        "A network about to be trained: figures of each layer, theory, diagnosis",
        {
            "input": {"distribution": "normal", "features": 8, "batch": 16},
            "layers": [
                {"units": 8, "activation": "sigmoid", "weights": "glorot_normal", "bias": "zeros", "repeat": 4},
                {"units": 3, "activation": "identity", "weights": "glorot_normal", "bias": "zeros"},
            ],
            "loss": {"name": "cross_entropy", "targets": "random"},
            "seed": 0,
            "remedies": False,
        },
    ),
}
UPLOADED_NETWORK: Json = {
    "input": {"tensor": "x"},
    "model": {"layout": "pytorch", "activation": "relu", "output_activation": "identity"},
    "loss": {"name": "cross_entropy", "targets": {"tensor": "classes"}},
}
MEAN_FIELD = {
    "pair": Example(
        "Networks of tanh at one pair (σ_w, σ_b): chaotic",
        {"activation": "tanh", "parameters": {}, "sigma_w": 1.5, "sigma_b": 0.3},
    ),
    "diagram": Example(
        "A phase diagram: relu over a grid",
        {"activation": "relu", "sigma_w": {"linspace": [1.0, 2.0, 2]}, "sigma_b": {"values": [0.0, 0.5]}},
    ),
}
