"""Parameters: what the catalogue says of them, and what is made of those that a caller names."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from math import inf, nan
from typing import Any

import pytest

from service.activations import catalogue, lookup
from service.activations.model import Activation, Parameter
from service.activations.parameters import bind
from service.errors import InvalidInput
from tests.activations.conventions import ROWS, VECTOR_ROWS, Row

PAIRS = [(function, parameter) for function in catalogue() for parameter in function.parameters]
every_parameter = pytest.mark.parametrize(
    ("function", "parameter"), PAIRS, ids=[f"{function.name}-{parameter.name}" for function, parameter in PAIRS]
)
every_function = pytest.mark.parametrize("function", catalogue(), ids=lambda function: function.name)

# The columns of the table, and what the catalogue calls the frameworks; a part of Keras may differ from the whole.
FRAMEWORKS = {
    "torch": "pytorch",
    "jax": "jax",
    "keras": "keras",
    "keras3": "keras",
    "keras.activations": "keras.activations",
    "keras.ops": "keras.ops",
    "keras.layers.LeakyReLU": "keras.layers",
    "onnx": "onnx",
    "onnx opset>=13": "onnx",
}
# Arguments that are not parameters of the function: torch's threshold, how layers are made, and ONNX's bias.
NO_PARAMETERS = {
    "threshold of softplus",
    "training of rrelu",
    "num_parameters of prelu",
    "where of softmax",
    "bias of soft_shrink",
    "bias of hard_shrink",
    "slope of prelu",
}


def faults(function: Activation, given: Mapping[str, object]) -> list[tuple[tuple[str | int, ...], str]]:
    """Where and why these parameters are refused."""
    with pytest.raises(InvalidInput) as caught:
        bind(function, given)
    return [(fault.path, fault.detail) for fault in caught.value.faults]


@every_function
def test_nothing_given_means_the_defaults(function: Activation) -> None:
    assert bind(function, {}) == function.defaults() == {p.name: p.default for p in function.parameters}


@every_parameter
def test_the_default_and_that_of_every_framework_lie_in_the_domain(function: Activation, parameter: Parameter) -> None:
    for value in (parameter.default, *parameter.defaults.values()):
        others = {name: bind(function, {})[name] for pair in function.ordered for name in pair if name in pair}
        assert bind(function, others | {parameter.name: value})[parameter.name] == value


@every_parameter
def test_every_alias_of_a_parameter_is_answered_canonically(function: Activation, parameter: Parameter) -> None:
    for alias in parameter.aliases:
        assert bind(function, {alias: parameter.default}) == function.defaults()


@every_function
def test_no_alias_of_a_parameter_means_two(function: Activation) -> None:
    names = [name for parameter in function.parameters for name in (parameter.name, *parameter.aliases)]
    assert len(names) == len(set(names))


@every_parameter
def test_descriptions_are_sentences(function: Activation, parameter: Parameter) -> None:
    assert function.name
    assert parameter.description.endswith(".")
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", parameter.name)
    assert set(parameter.defaults) <= {*FRAMEWORKS.values()}


@every_parameter
def test_values_at_the_ends_of_the_domain_are_taken_and_beyond_refused(
    function: Activation, parameter: Parameter
) -> None:
    if parameter.choices or isinstance(parameter.default, bool) or function.ordered:
        return
    step = 1 if parameter.type == "integer" else 0.5
    for end, beyond in ((parameter.minimum, -1), (parameter.maximum, 1)):
        if end is not None:
            inside = int(end) if parameter.type == "integer" else end
            outside = inside + beyond * max(step, abs(inside) / 2 if parameter.type == "number" else step)
            assert bind(function, {parameter.name: inside})[parameter.name] == end
            assert [path for path, _ in faults(function, {parameter.name: outside})] == [("parameters", parameter.name)]


@every_parameter
@pytest.mark.parametrize("value", ["1", [1.0], {}, nan, inf, -inf, None, True, object()])
def test_values_of_other_types_are_refused(function: Activation, parameter: Parameter, value: object) -> None:
    if (value is None and parameter.nullable) or (value is True and parameter.type == "boolean"):
        return
    assert [path for path, _ in faults(function, {parameter.name: value})] == [("parameters", parameter.name)]


@every_function
def test_unknown_parameters_are_refused_with_the_list_of_those_that_exist(function: Activation) -> None:
    ((path, detail),) = faults(function, {"no_such": 1.0})
    assert path == ("parameters", "no_such")
    assert all(parameter.name in detail for parameter in function.parameters)
    assert function.parameters or "none" in detail


def test_a_parameter_given_under_two_names_is_refused() -> None:
    ((path, detail),) = faults(lookup("leaky_relu"), {"negative_slope": 0.1, "alpha": 0.2})
    assert path == ("parameters", "alpha")
    assert "twice" in detail


def test_all_faults_are_told_at_once() -> None:
    assert [path[-1] for path, _ in faults(lookup("selu"), {"alpha": "1", "bias": 1, "scale": -1.0})] == [
        "alpha",
        "bias",
        "scale",
    ]


@pytest.mark.parametrize(
    ("name", "lower", "upper"),
    [("clip", "lo", "hi"), ("hard_tanh", "min_val", "max_val"), ("rrelu", "lower", "upper")],
)
def test_bounds_in_the_wrong_order_are_refused_and_equal_ones_taken(name: str, lower: str, upper: str) -> None:
    assert bind(lookup(name), {lower: 0.25, upper: 0.25}) == {lower: 0.25, upper: 0.25}
    ((path, detail),) = faults(lookup(name), {lower: 0.5, upper: 0.25})
    assert path == ("parameters", upper)
    assert lower in detail


def test_no_largest_value_is_beyond_every_threshold() -> None:
    relu = lookup("generalized_relu")
    assert bind(relu, {"threshold": 7.0})["max_value"] is None
    assert [path for path, _ in faults(relu, {"threshold": 7.0, "max_value": 6.0})] == [("parameters", "max_value")]


def test_whole_numbers_become_floats_where_numbers_are_meant_and_only_there() -> None:
    slope = bind(lookup("leaky_relu"), {"negative_slope": 1})["negative_slope"]
    assert (slope, type(slope)) == (1.0, float)
    assert type(bind(lookup("softmax"), {"axis": 1})["axis"]) is int
    assert faults(lookup("softmax"), {"axis": 1.0}) == [(("parameters", "axis"), "Must be an integer.")]


def test_names_that_frameworks_use_reach_the_parameter_they_mean() -> None:
    assert bind(lookup("clip"), {"min": 0, "max": 1}) == {"lo": 0.0, "hi": 1.0}
    assert bind(lookup("softmax"), {"dim": 0}) == {"axis": 0}
    assert bind(lookup("shrink"), {"threshold": 1, "bias": 2}) == {"lambd": 1.0, "bias": 2.0}
    assert bind(lookup("HardSigmoid"), {"alpha": 0.2, "beta": 0.5}) == {"slope": 0.2, "offset": 0.5}
    assert bind(lookup("Swish"), {"alpha": 1.702}) == {"beta": 1.702}


def stated() -> Iterator[tuple[Row, str, Parameter, Any]]:
    """The defaults of the frameworks as the table states them."""
    for row in (*ROWS, *VECTOR_ROWS):
        function = lookup(row.cells["variant_of"] or row.name)
        for library, given in json.loads(row.cells["defaults_by_library"] or "{}").items():
            if library in FRAMEWORKS and isinstance(given, dict):
                yield from _of_library(row, function, FRAMEWORKS[library], given)


def _of_library(
    row: Row, function: Activation, framework: str, given: Mapping[str, Any]
) -> Iterator[tuple[Row, str, Parameter, Any]]:
    for name, value in given.items():
        parameter = next((p for p in function.parameters if name in (p.name, *p.aliases)), None)
        if parameter is None:
            assert f"{name} of {row.name}" in NO_PARAMETERS or row.name == "relu", name
        elif not isinstance(value, str) or parameter.choices or value.endswith(" fixed"):
            yield row, framework, parameter, _meant(parameter, value)


def _meant(parameter: Parameter, value: Any) -> Any:  # noqa: ANN401  # a cell of the table
    if isinstance(value, bool) and parameter.choices:
        return parameter.choices[value]
    return 1 / 6 if value == "1/6 fixed" else value


STATED = list(stated())


@pytest.mark.parametrize(
    ("row", "framework", "parameter", "value"),
    STATED,
    ids=[f"{row}-{framework}-{parameter.name}" for row, framework, parameter, _ in STATED],
)
def test_the_defaults_of_the_frameworks_are_those_of_the_table(
    row: Row, framework: str, parameter: Parameter, value: object
) -> None:
    assert row.name
    published = {**parameter.defaults}
    found = published.get(framework, published.get(framework.partition(".")[0], "missing"))
    assert found == value


def test_the_defaults_are_those_of_torch_where_torch_has_the_function() -> None:
    differing = [
        (function.name, parameter.name)
        for function, parameter in PAIRS
        if parameter.defaults.get("pytorch", parameter.default) != parameter.default
    ]
    assert differing == []
