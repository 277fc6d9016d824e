"""The operator tests of the ONNX standard, which its package carries, for every operator that is in the catalogue.

The standard's inputs are drawn anew in every run, and its expected outputs come from plain numpy in the dtype of the
inputs, so they are right to a few units of that dtype.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from service.activations import catalogue, lookup
from service.activations.model import Activation
from service.activations.parameters import bind
from service.compute import evaluate
from tests.activations.cases import Float64s

onnx = pytest.importorskip("onnx", reason="the operator tests of ONNX come with its package")
pytestmark = pytest.mark.oracle

_CASES = "onnx.backend.test.case.node"
# Their modules are called like the operators, but for this one.
_MODULES = {"ReduceLogSumExp": "reduce_log_sum_exp"}
# Activations inside recurrent networks, without an operator and a test of their own.
_WITHOUT_TESTS = {"Affine", "ScaledTanh"}
# Bounds in the wrong order (refused here), sequences, optional values and integers.
_OTHER = {"test_clip_min_greater_than_max", "test_identity_sequence", "test_identity_opt"}
_TOLERANCES = {"float64": 1e-13, "float32": 2e-6, "float16": 4e-3, "bfloat16": 2e-2}


def operators() -> list[str]:
    return sorted({name for function in catalogue() for name in function.names.onnx} - _WITHOUT_TESTS)


def collected() -> Iterator[Any]:
    """Only the modules that are needed: to import all of them computes the tests of all operators."""
    with np.errstate(all="ignore"):
        for operator in operators():
            importlib.import_module(f"{_CASES}.{_MODULES.get(operator, operator.lower())}")
    for case in importlib.import_module(_CASES)._NodeTestCases:
        plain = case.model.graph.node[0].op_type in operators() and "_expanded" not in case.name
        if plain and case.name not in _OTHER and "int8" not in case.name:
            yield case


CASES = list(collected())


def parameters(function: Activation, node: Any) -> dict[str, Any]:  # noqa: ANN401  # onnx has no types
    """ONNX's defaults where it has some, and what the node sets."""
    given = {p.name: p.defaults["onnx"] for p in function.parameters if "onnx" in p.defaults}
    for attribute in node.attribute:
        value = onnx.helper.get_attribute_value(attribute)
        if attribute.name != "keepdims":
            parameter = attribute.name
            named = next(p.name for p in function.parameters if parameter in (p.name, *p.aliases))
            given[named] = value.decode() if isinstance(value, bytes) else value
    return dict(bind(function, given))


def ours(node: Any, inputs: dict[str, Float64s], dtype: str) -> Float64s:  # noqa: ANN401  # onnx has no types
    """The node's output by our function; what ONNX takes as further inputs are parameters or halves here."""
    function = lookup(node.op_type)
    given = parameters(function, node)
    x, *others = inputs.values()
    if node.op_type == "Clip":
        lowest = np.finfo(np.float64).min
        given |= {"lo": float(inputs.get("min", lowest)), "hi": float(inputs.get("max", -lowest))}
    if node.op_type == "PRelu":
        slopes = np.broadcast_to(others[0], x.shape)
        pairs = zip(np.ravel(x), np.ravel(slopes), strict=True)
        found = [evaluate(function, np.array(t), {"weight": float(slope)}, dtype=dtype) for t, slope in pairs]
        return np.reshape(found, x.shape)
    if node.op_type == "SwiGLU":
        x = np.concatenate([x, others[0]], axis=-1)
    if node.op_type == "ReduceLogSumExp":
        x, axis = (x, int(others[0][0])) if others[0].size else (x.ravel(), 0)
        given["axis"] = axis
    return evaluate(function, x, given, dtype=dtype)


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_operators_give_what_the_standard_expects(case: Any) -> None:  # noqa: ANN401  # onnx has no types
    node = case.model.graph.node[0]
    names = [name for name in node.input if name]
    for inputs, (expected,) in case.data_sets:
        dtype = str(inputs[0].dtype)
        exact = {name: np.asarray(x, dtype=np.float64) for name, x in zip(names, inputs, strict=True)}
        y = ours(node, exact, dtype)
        wanted = np.asarray(expected, dtype=np.float64).reshape(y.shape)
        assert y == pytest.approx(wanted, rel=_TOLERANCES[dtype], abs=_TOLERANCES[dtype] / 10)


def test_every_operator_of_the_catalogue_is_tested() -> None:
    assert {case.model.graph.node[0].op_type for case in CASES} == set(operators())
