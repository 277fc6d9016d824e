"""PyTorch's side of benchmarks/gradient_flow.py: forward and backward, with hooks that collect the same figures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

import torch
from torch import nn

from benchmarks.worker import Case, Work, serve

Tensor = Any  # torch is absent where types are checked
Module = Any
Figures = dict[str, Any]  # numbers by the names of the answer

ACTIVATIONS: Mapping[str, Callable[[], Module]] = {"relu": nn.ReLU, "tanh": nn.Tanh}
SLOPES: Mapping[str, Callable[[Tensor], Tensor]] = {"relu": lambda h: (h > 0).to(h.dtype), "tanh": lambda h: 1 - h * h}
LEARNING_RATE = 0.01


def figures(case: Case) -> Work:
    """All figures of the answer but the Jacobian's."""
    model, x = _network(case)
    slope = SLOPES[case.activation]
    collected: list[Figures] = [{} for _ in range(case.depth)]
    for index, (linear, activation) in enumerate(_layers(model)):
        _observe(linear, activation, slope, collected[index])

    def work() -> None:
        _forward_and_backward(case, model, x)
        for (linear, _), found in zip(_layers(model), collected, strict=True):
            weight_gradient_norm = linear.weight.grad.norm().item()
            found["weight_gradient_norm"] = weight_gradient_norm
            found["bias_gradient_norm"] = linear.bias.grad.norm().item()
            found["update_ratio"] = LEARNING_RATE * weight_gradient_norm / linear.weight.norm().item()

    return work


def gradients(case: Case) -> Work:
    """Forward and backward alone."""
    model, x = _network(case)
    return lambda: _forward_and_backward(case, model, x)


def _network(case: Case) -> tuple[Module, Tensor]:
    """He-normal layers with biases of zero, in float32, and normal inputs."""
    layers: list[Module] = []
    for _ in range(case.depth):
        layers += [nn.Linear(case.units, case.units), ACTIVATIONS[case.activation]()]
        nn.init.zeros_(layers[-2].bias)
    model = nn.Sequential(*layers)
    _draw(model)
    return model, torch.randn(case.batch, case.units, requires_grad=True)


def _draw(model: Module) -> None:
    for linear, _ in _layers(model):
        nn.init.kaiming_normal_(linear.weight)


def _layers(model: Module) -> list[tuple[Module, Module]]:
    return list(pairwise(model))[::2]


def _forward_and_backward(case: Case, model: Module, x: Tensor) -> None:
    if case.drawn:
        _draw(model)
    with torch.no_grad():
        x.normal_()
    model.zero_grad()
    x.grad = None
    model(x).sum().backward()
    x.grad.norm().item()


def _observe(linear: Module, activation: Module, slope: Callable[[Tensor], Tensor], found: Figures) -> None:
    """Hook the collection of a layer's figures into it."""
    kept: list[Tensor] = []

    def after_linear(_module: Module, inputs: tuple[Tensor], g: Tensor) -> None:
        kept[:] = [inputs[0].detach()]
        found["preactivation"] = _moments(g.detach())

    def after_activation(_module: Module, _inputs: tuple[Tensor], h: Tensor) -> None:
        found.update(_of_activation(h.detach(), slope))

    def after_backward(_module: Module, to_input: tuple[Tensor], to_output: tuple[Tensor]) -> None:
        found["preactivation_gradient_norm"] = to_output[0].norm().item()
        found["input_gradient_norm"] = to_input[0].norm().item()
        found["sign_coherence"] = _sign_coherence(kept[0], to_output[0])

    linear.register_forward_hook(after_linear)
    activation.register_forward_hook(after_activation)
    linear.register_full_backward_hook(after_backward)


def _moments(x: Tensor) -> tuple[float, float]:
    std, mean = torch.std_mean(x, correction=0)
    return mean.item(), std.item()


def _of_activation(h: Tensor, slope: Callable[[Tensor], Tensor]) -> Figures:
    slopes = slope(h)
    inactive = slopes == 0
    least, most = torch.aminmax(h)
    return {
        "activation": (*_moments(h), least.item(), most.item()),
        "saturated_fraction": (slopes.abs() < 0.01).float().mean().item(),
        "inactive_fraction": inactive.float().mean().item(),
        "dead_units": inactive.all(dim=0).sum().item(),
        "mean_derivative": slopes.mean().item(),
        "mean_squared_derivative": slopes.square().mean().item(),
    }


def _sign_coherence(x: Tensor, delta: Tensor) -> float:
    """A sample's inputs share one sign for all units or for none: the units with a gradient are counted."""
    least, most = torch.aminmax(x, dim=1)
    counted = (delta != 0).sum(dim=1)
    some = (least < 0) | (most > 0)
    one_sign = some & ((least >= 0) | (most <= 0))
    share: float = (counted[one_sign].sum() / counted[some].sum()).item()
    return share


WORKS: Mapping[str, Callable[[Case], Work]] = {"figures": figures, "gradients": gradients}

if __name__ == "__main__":
    torch.set_num_threads(1)
    torch.set_num_interop_threads(1)
    serve(lambda case: WORKS[case.work](case))
