"""Corners of the domain: scalars, infinities, empty pieces, and parameters at their bounds."""

from math import inf, isnan, nan

import numpy as np
import pytest

from service.activations import catalogue, lookup
from service.activations.model import Elementwise, Parameter
from service.activations.parameters import bind
from service.compute import derivative, evaluate, jacobian, pullback
from tests.oracle.formulas import vector_truth

SCALARS = [function for function in catalogue() if isinstance(function, Elementwise)]
X = np.array([-1e300, -745.0, -1.0, -1e-300, 0.0, 1e-300, 1.0, 745.0, 1e300])


@pytest.mark.parametrize("function", SCALARS, ids=lambda function: function.name)
@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "bfloat16"])
def test_a_single_number_stays_an_array_of_rank_0(function: Elementwise, dtype: str) -> None:
    x, parameters = np.array(0.5), function.defaults()
    for result in (
        evaluate(function, x, parameters, dtype=dtype),
        derivative(function, x, parameters, dtype=dtype),
        pullback(function, x, parameters, np.array(2.0), dtype=dtype),
    ):
        assert isinstance(result, np.ndarray)
        assert result.shape == ()


def _bounds() -> list[tuple[Elementwise, Parameter, float]]:
    pairs = [(function, parameter) for function in SCALARS for parameter in function.parameters]
    return [
        (function, parameter, bound)
        for function, parameter in pairs
        for bound in (parameter.minimum, parameter.maximum)
        if bound is not None and parameter.type == "number"
    ]


@pytest.mark.parametrize(("function", "parameter", "bound"), _bounds(), ids=lambda value: getattr(value, "name", None))
def test_no_parameter_within_its_domain_gives_nan(function: Elementwise, parameter: Parameter, bound: float) -> None:
    setting = {parameter.name: bound}
    for lower, upper in function.ordered:
        if parameter.name in {lower, upper} and function.name != "generalized_relu":  # its bound may be none
            setting |= {lower: bound, upper: bound}
    parameters = bind(function, setting)
    x = X[X >= 0] if function.name == "log1mexp" else X
    assert not np.isnan(evaluate(function, x, parameters)).any()
    for order in range(1, 5):
        assert not np.isnan(derivative(function, x, parameters, order=order)).any(), order


@pytest.mark.parametrize(
    ("name", "parameter", "x", "expected"),
    [
        ("leaky_relu", "negative_slope", -inf, -inf),
        ("affine", "alpha", inf, inf),
        ("squareplus", "b", inf, 0.0),
        ("scaled_tanh", "alpha", inf, 1.0),
        ("elu", "alpha", -inf, -1.0),
    ],
)
def test_derivatives_by_a_parameter_reach_their_limits(name: str, parameter: str, x: float, expected: float) -> None:
    function = lookup(name)
    result = derivative(function, np.array([x]), function.defaults(), with_respect_to=parameter)
    assert result.tolist() == [expected]


def test_the_derivative_by_a_bound_of_rrelu_is_that_of_the_draw() -> None:
    function, x = lookup("rrelu"), np.full(5, -1.0)
    low, high = bind(function, {"lower": 0.25, "upper": 0.5}), bind(function, {"lower": 0.26, "upper": 0.5})
    slope = (evaluate(function, x, high, seed=3) - evaluate(function, x, low, seed=3)) / 0.01
    assert derivative(function, x, low, with_respect_to="lower", seed=3) == pytest.approx(slope)


@pytest.mark.parametrize(
    ("name", "setting", "x", "side", "expected"),
    [
        ("hard_shrink", {"lambd": 0.0}, 0.0, "left", 1.0),
        ("clip", {"lo": 0.0, "hi": 0.0}, 0.0, "left", 0.0),
        ("generalized_relu", {"max_value": 1.0, "threshold": 1.0}, 1.0, "right", 0.0),
    ],
)
def test_a_piece_without_width_has_no_slope(
    name: str, setting: dict[str, float], x: float, side: str, expected: float
) -> None:
    function = lookup(name)
    parameters = bind(function, setting)
    assert derivative(function, np.array([x]), parameters, at_kink=side).tolist() == [expected]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "x", "expected"),
    [
        ("sparsemax", [-1e301, -inf], [1.0, 0.0]),
        ("sparsemax", [inf, 1.0], [1.0, 0.0]),
        ("geglu", [1.0, inf], [inf]),
        ("swiglu", [-inf, 1.0], [0.0]),
        ("standardize", [1e308, -1e308], [1.0, -1.0]),
        ("softmax", [inf, 1.0], [1.0, 0.0]),
    ],
)
def test_vectors_with_a_limit_reach_it(name: str, x: list[float], expected: list[float]) -> None:
    function = lookup(name)
    assert evaluate(function, np.array(x), function.defaults()).tolist() == expected


@pytest.mark.parametrize("name", ["sparsemax", "softmax", "maxout"])
def test_the_jacobian_of_a_vector_without_a_limit_is_nan(name: str) -> None:
    function = lookup(name)
    assert np.isnan(jacobian(function, np.array([float("nan"), 1.0]), function.defaults())).any()


@pytest.mark.parametrize(
    ("name", "parameter", "x"),
    [
        ("gumbel_softmax", "tau", [1.0, 2.5, -0.5]),
        ("swiglu", "alpha", [0.7, -1.3, 2.0, 3.0]),
        ("standardize", "epsilon", [1.0, 2.5, -0.5]),
    ],
)
def test_functions_of_vectors_have_derivatives_by_parameters(name: str, parameter: str, x: list[float]) -> None:
    function = lookup(name)
    parameters = bind(function, {})
    at, step = float(parameters[parameter]), 2.0**-20  # type: ignore[arg-type]  # these three are numbers
    step *= at
    above, below = (vector_truth(name, x, **{parameter: at + sign * step}) for sign in (1, -1))
    slopes = [float(((a - b) / (2 * step)).mid()) for a, b in zip(above, below, strict=True)]
    assert derivative(function, np.array(x), parameters, with_respect_to=parameter) == pytest.approx(slopes, rel=1e-9)


def test_a_large_upstream_gradient_does_not_overflow() -> None:
    function = lookup("softmax")
    slopes = pullback(function, np.array([0.0, 0.0]), function.defaults(), np.array([1e308, -1e308]))
    assert not any(isnan(slope) for slope in slopes)
    assert slopes == pytest.approx([5e307, -5e307])


@pytest.mark.parametrize("name", [function.name for function in catalogue() if not isinstance(function, Elementwise)])
@pytest.mark.parametrize("x", [[1.0, nan], [nan, 1.0], [nan, nan], [inf, nan], [nan, -inf]])
def test_functions_of_vectors_answer_nan_for_nan(name: str, x: list[float]) -> None:
    function = lookup(name)
    y = evaluate(function, np.array(x), function.defaults())
    assert np.isnan(y).any()
    assert jacobian(function, np.array(x), function.defaults()).shape[-1] == 2
    assert pullback(function, np.array(x), function.defaults(), np.ones_like(y)).shape == (2,)
