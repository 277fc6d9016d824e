"""Values, slopes and conventions of torch, where torch is right: in float64 and away from the tails.

torch is no requirement of the tests; where it is missing they are skipped.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

from service.activations import catalogue, lookup
from service.activations.parameters import bind
from service.compute import derivative, evaluate, pullback
from tests.activations.cases import Case, Float64s

torch = pytest.importorskip("torch", reason="torch is an optional oracle (the extra torch-oracle)")
pytestmark = pytest.mark.oracle

Tensor = Any  # torch is absent where types are checked
F = torch.nn.functional

ELEMENTWISE: Mapping[str, tuple[Callable[..., Tensor], Mapping[str, Any]]] = {
    "abs": (torch.abs, {}),
    "atan": (torch.atan, {}),
    "celu": (lambda x: F.celu(x, 0.5), {"alpha": 0.5}),  # torch rounds 1/alpha to float32
    "clip": (lambda x: torch.clamp(x, -2.0, 3.0), {}),
    "elu": (lambda x: F.elu(x, 1.7), {"alpha": 1.7}),
    "erf": (torch.erf, {}),
    "exponential": (torch.exp, {}),
    "gelu": (F.gelu, {}),
    "gelu_tanh": (lambda x: F.gelu(x, approximate="tanh"), {}),
    "hard_shrink": (lambda x: F.hardshrink(x, 0.5), {}),
    "hard_sigmoid": (F.hardsigmoid, {}),
    "hard_swish": (F.hardswish, {}),
    "hard_tanh": (lambda x: F.hardtanh(x, -1.0, 2.0), {"max_val": 2.0}),
    "identity": (torch.nn.Identity(), {}),
    "leaky_relu": (lambda x: F.leaky_relu(x, 0.2), {"negative_slope": 0.2}),
    "log_sigmoid": (F.logsigmoid, {}),
    "mish": (F.mish, {}),
    "prelu": (lambda x: F.prelu(x, torch.tensor([0.3], dtype=torch.float64)), {"weight": 0.3}),
    "relu": (F.relu, {}),
    "relu6": (F.relu6, {}),
    "rrelu": (F.rrelu, {}),
    "selu": (F.selu, {}),
    "sigmoid": (torch.sigmoid, {}),
    "sign": (torch.sign, {}),
    "silu": (F.silu, {}),
    "sin": (torch.sin, {}),
    "soft_shrink": (lambda x: F.softshrink(x, 1.0), {"lambd": 1.0}),
    "softplus": (lambda x: F.softplus(x, 2.0), {"beta": 2.0}),
    "softsign": (F.softsign, {}),
    "tanh": (torch.tanh, {}),
    "tanh_shrink": (F.tanhshrink, {}),
    "threshold": (lambda x: F.threshold(x, 1.0, -2.0), {}),
}
ALONG_AXIS: Mapping[str, Callable[[Tensor], Tensor]] = {
    "glu": F.glu,
    "gumbel_softmax": lambda x: F.softmax(x, -1),  # without its noise
    "log_softmax": lambda x: F.log_softmax(x, -1),
    "logsumexp": lambda x: torch.logsumexp(x, -1),
    "softmax": lambda x: F.softmax(x, -1),
    "softmin": lambda x: F.softmin(x, -1),
}
# torch's slope of hard_sigmoid is a float32 constant, and it has no second derivative.
COARSE = {"hard_sigmoid": 1e-7}
NO_SECOND_DERIVATIVE = {"hard_sigmoid", "identity", "sign", "clip", "abs"}

X = np.concatenate([np.linspace(-8.0, 8.0, 129), [-0.75, 1.3, 1e-9, -1e-9]])


def slopes(f: Callable[[Tensor], Tensor], x: Float64s, order: int) -> Float64s:
    """The derivative by torch's autograd."""
    t = torch.tensor(x, requires_grad=True)
    y = f(t)
    for n in range(order):
        (y,) = torch.autograd.grad(y.sum(), t, create_graph=n + 1 < order)
    found: Float64s = y.detach().numpy()
    return found


def test_every_function_that_torch_has_is_compared() -> None:
    named = {function.name for function in catalogue() if function.names.pytorch}
    assert named - ELEMENTWISE.keys() - ALONG_AXIS.keys() == set()


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_values_are_those_of_torch(name: str) -> None:
    f, setting = ELEMENTWISE[name]
    assert Case(name, setting).value(X) == pytest.approx(f(torch.tensor(X)).numpy(), rel=1e-13, abs=1e-15)


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_slopes_are_those_of_torch_also_at_kinks(name: str) -> None:
    f, setting = ELEMENTWISE[name]
    case = Case(name, setting)
    x = np.concatenate([X, case.knots])
    tolerance = COARSE.get(name, 1e-13)
    assert case.derivative(x) == pytest.approx(slopes(f, x, 1), rel=tolerance, abs=1e-14)


@pytest.mark.parametrize("name", sorted(ELEMENTWISE.keys() - NO_SECOND_DERIVATIVE))
def test_second_derivatives_are_those_of_torch_also_at_kinks(name: str) -> None:
    f, setting = ELEMENTWISE[name]
    case = Case(name, setting)
    x = np.concatenate([X, case.knots])
    assert case.derivative(x, 2) == pytest.approx(slopes(f, x, 2), rel=1e-12, abs=1e-13)


@pytest.mark.parametrize("name", ALONG_AXIS)
def test_values_and_gradients_of_rows_are_those_of_torch(name: str) -> None:
    generator, function = np.random.default_rng(11), lookup(name)
    x, given = generator.normal(0.0, 4.0, (5, 12)), dict(bind(function, {}))
    t = torch.tensor(x, requires_grad=True)
    y = ALONG_AXIS[name](t)
    upstream = generator.normal(size=tuple(y.shape))
    y.backward(torch.tensor(upstream))
    assert evaluate(function, x, given) == pytest.approx(y.detach().numpy(), rel=1e-13, abs=1e-15)
    assert pullback(function, x, given, upstream) == pytest.approx(t.grad.numpy(), rel=1e-12, abs=1e-13)


@pytest.mark.parametrize(
    ("name", "parameter", "f"),
    [
        ("prelu", "weight", lambda x, p: torch.where(x > 0, x, p * x)),
        ("elu", "alpha", lambda x, p: torch.where(x > 0, x, p * torch.expm1(x))),
        ("softplus", "beta", lambda x, p: torch.log1p(torch.exp(p * x)) / p),
        ("silu", "beta", lambda x, p: x * torch.sigmoid(p * x)),
    ],
)
def test_derivatives_by_a_parameter_are_those_of_torch(
    name: str, parameter: str, f: Callable[[Tensor, Tensor], Tensor]
) -> None:
    function = lookup(name)
    p = torch.full(X.shape, 0.8, dtype=torch.float64, requires_grad=True)
    f(torch.tensor(X), p).sum().backward()
    found = derivative(function, X, dict(bind(function, {parameter: 0.8})), with_respect_to=parameter)
    assert found == pytest.approx(p.grad.numpy(), rel=1e-12, abs=1e-14)
