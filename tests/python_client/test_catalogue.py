"""The catalogue and the limits through the client; and whether it reads what the service publishes."""

import json
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from math import inf
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest

from service.client import Descriptor, GradientFlow, MeanField, PhaseDiagram, TrainingRecord, TrainingSummary
from service.client.catalogue import DerivativeExtrema, Extreme, Limits
from service.client.operations import Limit
from service.errors import InvalidInput, UnknownActivation
from tests.python_client.asking import Either

DOCUMENT = json.loads(Path("openapi/openapi.json").read_text())["components"]["schemas"]
READ = {
    Descriptor: "Description",
    GradientFlow: "GradientFlowResponse",
    MeanField: "MeanFieldResponse",
    PhaseDiagram: "PhaseDiagramResponse",
    TrainingRecord: "TrainingRecord",
    TrainingSummary: "TrainingSummary",
    Limit: "LimitInForce",
}


def test_every_function_is_described(ask: Either) -> None:
    found = ask.activations()
    assert len(found) > 50
    assert found == tuple(ask.activation(function.name) for function in found)
    assert all(function.name in function._repr_html_() for function in found)


def test_functions_are_found_by_family_and_by_name(ask: Either) -> None:
    assert {"hard_swish", "silu"} <= {function.name for function in ask.activations(q="SWISH")}
    assert {function.family for function in ask.activations("rectifier")} == {"rectifier"}
    with pytest.raises(InvalidInput):
        ask.activations("fruit")


def test_facts_are_numbers_also_where_they_are_not_finite(ask: Either) -> None:
    relu = ask.activation("ReLU")
    assert (relu.name, relu.range.upper, relu.limits) == ("relu", inf, Limits(0.0, inf))
    assert relu.derivative_extrema == DerivativeExtrema(Extreme(0.0, (-inf, 0.0)), Extreme(1.0, (0.0, inf)))
    assert (relu.kinks[0].left, relu.kinks[0].right) == (0, 1)
    assert ask.activation("softmax").derivative_extrema is None


@pytest.mark.parametrize("name", ["sigmod", "a/b", "../limits", "", ".", "..", " ", "é", "a?b#c", "%2F"])
def test_a_name_that_there_is_not_is_never_another_address(ask: Either, name: str) -> None:
    with pytest.raises(UnknownActivation) as failure:
        ask.activation(name)
    assert failure.value.name == name


def test_limits_are_told_by_name(ask: Either) -> None:
    limits = ask.limits()
    assert limits["max_body_bytes"].setting == "ACTISCOPE_MAX_BODY_BYTES"
    assert all(name == limit.name for name, limit in limits.items())


@pytest.mark.parametrize(("kind", "schema"), READ.items(), ids=lambda item: getattr(item, "__name__", item))
def test_what_is_read_is_what_is_published(kind: type, schema: str) -> None:
    assert list(_differences(kind, DOCUMENT[schema], schema)) == []


def _differences(kind: type, schema: dict[str, Any], where: str) -> Iterator[str]:
    """Members of the dataclass that the schema does not have, or the other way round; and of all inside."""
    names = {field.name for field in fields(kind)}
    if names != set(schema["properties"]):
        yield f"{where}: {names ^ set(schema['properties'])}"
        return
    hints = get_type_hints(kind)
    for name, member in schema["properties"].items():
        inside = [DOCUMENT[reference] for reference in _references(member) if "properties" in DOCUMENT[reference]]
        read = list(_classes(hints[name]))
        if len(inside) != len(read):
            yield f"{where}.{name}: {len(inside)} objects published, {len(read)} read"
        for part, other in zip(read, inside, strict=False):
            yield from _differences(part, other, f"{where}.{name}")


def _references(schema: Any) -> Iterator[str]:  # noqa: ANN401  any: JSON is any of its types
    if isinstance(schema, dict):
        if "$ref" in schema:
            yield schema["$ref"].rpartition("/")[2]
        for value in schema.values():
            yield from _references(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from _references(value)


def _classes(hint: Any) -> Iterator[type]:  # noqa: ANN401  any: a hint is any of its forms
    if is_dataclass(hint) and isinstance(hint, type):
        yield hint
    for part in get_args(hint):
        yield from _classes(part)
