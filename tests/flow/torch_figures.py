"""The figures of POST /gradient-flow by torch's autograd, for the networks of tests/flow/torch_networks.py.

``python -m tests.flow.torch_figures`` rewrites tests/data/torch_flow.json. It needs torch and numpy.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import torch

from tests.flow.torch_networks import REQUESTS, Json

Tensor = Any  # torch is absent where types are checked
F = torch.nn.functional

FILE = Path(__file__).parent.parent / "data" / "torch_flow.json"
LEARNING_RATE = 0.01
EPSILON = 1e-5

FUNCTIONS: Mapping[str, Callable[..., Tensor]] = {
    "elu": F.elu,
    "gelu": F.gelu,
    "hard_swish": F.hardswish,
    "identity": lambda x: x,
    "leaky_relu": F.leaky_relu,
    "mish": F.mish,
    "relu": F.relu,
    "selu": F.selu,
    "sigmoid": torch.sigmoid,
    "silu": F.silu,
    "softplus": lambda x: F.softplus(x, threshold=100.0),  # the default, 20, cuts off at 2e-9
    "tanh": torch.tanh,
}
NORMALIZATIONS: Mapping[str | None, Callable[[Tensor], Tensor]] = {
    "batch": lambda g: F.batch_norm(g, None, None, training=True, eps=EPSILON),
    "layer": lambda g: F.layer_norm(g, g.shape[1:], eps=EPSILON),
    "rms": lambda g: F.rms_norm(g, g.shape[1:], eps=EPSILON),
    None: lambda g: g,
}


@dataclass(eq=False)
class Record:
    """What one layer saw: its input, weights and bias, and the stages of h = f(norm(xW + b)).

    At the end of a block, h is what the layer hands on: the output of the block.
    """

    layer: Json
    x: Tensor
    weights: Tensor
    bias: Tensor | None
    g: Tensor
    normalized: Tensor
    h: Tensor


def figures(request: Json) -> Json:
    """The answer to a request, without its theory and findings."""
    x = _leaf(request["input"]["values"])
    records: list[Record] = []
    y = x
    for entry in _repeated(request["layers"]):
        y = _through_block(entry, y, records) if "block" in entry else _through_layer(entry, y, records)
    loss = _loss(request["loss"], y)
    loss.backward(retain_graph=True)
    rate = request.get("learning_rate", LEARNING_RATE)
    samples = request.get("jacobian", {"samples": 1})["samples"]
    return {
        "layers": [{"forward": _forward(record), "backward": _backward(record, rate)} for record in records],
        "loss": loss.item(),
        "input_gradient_norm": _norm(x.grad),
        "summary": {**_ratios(records), "jacobian": _jacobian(x, y, samples)},
    }


def _leaf(numbers: object) -> Tensor:
    return torch.tensor(numbers, dtype=torch.float64, requires_grad=True)


def _repeated(entries: list[Json]) -> Iterator[Json]:
    for entry in entries:
        yield from [entry] * entry.get("repeat", 1)


def _through_layer(layer: Json, x: Tensor, records: list[Record]) -> Tensor:
    """The gradient that x keeps includes what passes by a block that begins with the layer."""
    weights = _leaf(layer["weights"])
    bias = None if layer["bias"] is None else _leaf(layer["bias"])
    g = x @ weights if bias is None else x @ weights + bias
    normalized = NORMALIZATIONS[layer.get("normalization")](g)
    h = _function(layer)(normalized)
    for stage in (x, g):
        stage.retain_grad()
    records.append(Record(layer, x, weights, bias, g, normalized, h))
    return h


def _through_block(block: Json, x: Tensor, records: list[Record]) -> Tensor:
    y = NORMALIZATIONS[block.get("pre_normalization")](x)
    for layer in _repeated(block["block"]):
        y = _through_layer(layer, y, records)
    y = block.get("scale", 1.0) * y
    y = x + y if block.get("residual", True) else y
    records[-1].h = y
    return y


def _function(layer: Json) -> Callable[[Tensor], Tensor]:
    function, parameters = FUNCTIONS[layer["activation"]], layer.get("parameters", {})
    return lambda x: function(x, **parameters)


def _loss(loss: Json, y: Tensor) -> Tensor:
    match loss["name"]:
        case "sum":
            return y.sum()
        case "mean":
            return y.mean()
        case "mse":
            return F.mse_loss(y, _leaf(loss["targets"]).detach())
        case "cross_entropy":
            return F.cross_entropy(y, torch.tensor(loss["targets"]))
        case "upstream":
            return (y * _leaf(loss["gradient"]).detach()).sum()
        case name:
            raise ValueError(name)


def _forward(record: Record) -> Json:
    slope = _slope(_function(record.layer), record.normalized)
    inactive = slope == 0
    saturated = slope.abs() < 0.01 * _steepest(record.layer["activation"], **record.layer.get("parameters", {}))
    return {
        "preactivation": _moments(record.g),
        "activation": {**_moments(record.h), "min": record.h.min().item(), "max": record.h.max().item()},
        "saturated_fraction": saturated.double().mean().item(),
        "inactive_fraction": inactive.double().mean().item(),
        "dead_units": int(inactive.all(dim=0).sum()),
        "mean_derivative": slope.mean().item(),
        "mean_squared_derivative": (slope**2).mean().item(),
    }


def _backward(record: Record, learning_rate: float) -> Json:
    weight_gradient_norm = _norm(record.weights.grad)
    return {
        "preactivation_gradient_norm": _norm(record.g.grad),
        "weight_gradient_norm": weight_gradient_norm,
        "bias_gradient_norm": None if record.bias is None else _norm(record.bias.grad),
        "input_gradient_norm": _norm(record.x.grad),
        "sign_coherence": _sign_coherence(record.x, record.g.grad),
        "update_ratio": learning_rate * weight_gradient_norm / _norm(record.weights),
    }


def _slope(function: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    x = x.detach().requires_grad_()
    (slope,) = torch.autograd.grad(function(x).sum(), x)
    return slope


@cache
def _steepest(name: str, **parameters: float) -> float:
    """The supremum of |f′| over the real line: for these functions in [−20, 20], or beside a kink at −3, 0 or 3."""
    x = torch.linspace(-20.0, 20.0, 400_001, dtype=torch.float64)
    beside = torch.tensor([-3.0, 0.0, 3.0], dtype=torch.float64)
    x = torch.cat([x, beside - 1e-12, beside + 1e-12])
    steepest: float = _slope(lambda x: FUNCTIONS[name](x, **parameters), x).abs().max().item()
    return steepest


def _sign_coherence(x: Tensor, delta: Tensor) -> float | None:
    """The share of units and samples whose components δ_sj · x_si, where not zero, share one sign."""
    signs = torch.sign(delta)[:, :, None] * torch.sign(x)[:, None, :]
    positive, negative = (signs > 0).any(dim=2), (signs < 0).any(dim=2)
    some = positive | negative
    return None if not some.any() else ((positive ^ negative).sum() / some.sum().double()).item()


def _jacobian(x: Tensor, y: Tensor, samples: int) -> Json | None:
    """Singular values of ∂y_s/∂x_s, averaged over the first samples."""
    if samples == 0:
        return None
    rows = [_jacobian_of_sample(x, y, sample) for sample in range(samples)]
    values = [torch.linalg.svdvals(matrix) for matrix in rows]
    sizes = [len(singular) ** 0.5 for singular in values]
    return {
        "min": sum(singular.min().item() for singular in values) / samples,
        "max": sum(singular.max().item() for singular in values) / samples,
        "rms": sum(_norm(singular) / size for singular, size in zip(values, sizes, strict=True)) / samples,
    }


def _jacobian_of_sample(x: Tensor, y: Tensor, sample: int) -> Tensor:
    gradients = [torch.autograd.grad(output, x, retain_graph=True)[0][sample] for output in y[sample]]
    return torch.stack(gradients)


def _ratios(records: list[Record]) -> Json:
    first, last = records[0], records[-1]
    delta = _quotient(_norm(first.g.grad), _norm(last.g.grad))
    exponent = None if len(records) == 1 else 1 / (len(records) - 1)
    return {
        "gradient_ratio": _quotient(_norm(first.weights.grad), _norm(last.weights.grad)),
        "decay_per_layer": None if delta is None or exponent is None else delta**exponent,
    }


def _quotient(dividend: float, divisor: float) -> float | None:
    return dividend / divisor if divisor else None


def _norm(x: Tensor) -> float:
    """The Frobenius norm; scaled, so that no square overflows or vanishes."""
    size = x.abs().max().item()
    norm: float = size * torch.linalg.vector_norm(x / size).item() if size else 0.0
    return norm


def _moments(x: Tensor) -> Json:
    """The mean and, scaled likewise, the standard deviation of the population."""
    size = x.abs().max().item() or 1.0
    return {"mean": size * (x / size).mean().item(), "std": size * (x / size).std(correction=0).item()}


def main() -> None:
    """Rewrite the file: one network to a line."""
    torch.set_num_threads(1)
    lines = [f"{json.dumps(name)}:{_compact(figures(request))}" for name, request in REQUESTS.items()]
    FILE.write_text("{\n" + ",\n".join(lines) + "\n}\n")


def _compact(value: Json) -> str:
    return json.dumps(value, separators=(",", ":"), allow_nan=False)


if __name__ == "__main__":
    main()
