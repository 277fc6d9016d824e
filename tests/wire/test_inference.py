"""Tensors of the Open Inference Protocol: bytes in, bytes out, and what their plans refuse."""

import json
from dataclasses import replace
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from service.activations import catalogue, lookup
from service.errors import InvalidInput, LimitExceeded, MalformedTensorData
from service.settings import Settings
from service.wire.binary import Datatype, dtype_of, read_tensor, width, write_tensor
from service.wire.inference import InferenceOptions, metadata, outputs_of
from service.wire.inference_plan import Plan, plan, raw_header

TYPES: dict[Datatype, Any] = {  # any: ml_dtypes brings a type of its own
    "FP64": np.float64,
    "FP32": np.float32,
    "FP16": np.float16,
    "BF16": ml_dtypes.bfloat16,
}
DATATYPES = list(TYPES)
SHAPES: list[tuple[int, ...]] = [(), (1,), (0,), (3, 0, 2), (12,), (3, 4), (2, 3, 2)]


def planned(name: str = "relu", shape: tuple[int, ...] = (2,), limits: Any = (), **members: Any) -> Plan:  # noqa: ANN401
    """The plan for a request whose tensor comes as bytes, with other members."""
    datatype = members.pop("datatype", "FP64")
    size = int(np.prod(shape)) * width(datatype)
    tensor = {"name": "x", "shape": shape, "datatype": datatype, "parameters": {"binary_data_size": size}}
    header = json.dumps({"inputs": [tensor | members.pop("input", {})]} | members)
    return plan(lookup(name), header.encode(), replace(Settings(), **dict(limits)))


@pytest.mark.parametrize("datatype", DATATYPES)
@pytest.mark.parametrize("shape", SHAPES)
def test_bytes_are_read_and_written_as_they_are(datatype: Datatype, shape: tuple[int, ...]) -> None:
    numbers = np.linspace(-3, 3, int(np.prod(shape))).reshape(shape).astype(TYPES[datatype])
    x = read_tensor(memoryview(numbers.tobytes()), shape, datatype)
    assert_array_equal(x, numbers.astype(np.float64))
    written = write_tensor(x, datatype)
    assert (bytes(written), len(written)) == (numbers.tobytes(), numbers.nbytes)


@pytest.mark.parametrize("datatype", ["FP16", "BF16"])
def test_all_16_bit_numbers_are_read(datatype: Datatype) -> None:
    bits = np.arange(2**16, dtype="<u2")
    numbers = bits.view(TYPES[datatype])
    x = read_tensor(memoryview(bits.tobytes()), (2**16,), datatype)
    with np.errstate(invalid="ignore"):
        assert_array_equal(x, numbers.astype(np.float64))
    assert_array_equal(np.signbit(x), bits >= 2**15)
    back = np.frombuffer(write_tensor(x, datatype), "<u2")
    assert_array_equal(back[~np.isnan(x)], bits[~np.isnan(x)])
    assert np.isnan(back.view(TYPES[datatype])[np.isnan(x)].astype(np.float64)).all()


@pytest.mark.parametrize("datatype", ["FP64", "FP32"])
@pytest.mark.parametrize("offset", [0, 3])
def test_numbers_are_not_copied(datatype: Datatype, offset: int) -> None:
    body = bytearray(offset + 8 * width(datatype))
    x = read_tensor(memoryview(body)[offset:], (8,), datatype)
    written = write_tensor(x, datatype)
    body[offset:] = np.ones(8, TYPES[datatype]).tobytes()
    assert x.tolist() == [1] * 8
    assert bytes(written) == bytes(body[offset:])


@pytest.mark.parametrize("datatype", DATATYPES)
def test_rows_of_an_array_that_lies_otherwise_are_written_in_order(datatype: Datatype) -> None:
    across = np.arange(6.0).reshape(3, 2).T
    assert bytes(write_tensor(across, datatype)) == across.astype(TYPES[datatype]).tobytes()


def test_no_option_of_the_protocol_has_the_name_of_a_parameter() -> None:
    named = {name for item in catalogue() for own in item.parameters for name in (own.name, *own.aliases)}
    assert not named & set(InferenceOptions.model_fields)


@pytest.mark.parametrize("function", catalogue(), ids=lambda function: function.name)
def test_a_model_has_the_outputs_that_its_function_has(function: Any) -> None:  # noqa: ANN401  any kind of them
    has = outputs_of(function)
    assert has == (("y", "derivative") if function.kind == "elementwise" else ("y",))
    assert [output.name for output in metadata(function).outputs] == list(has)
    assert metadata(function).parameters == function.defaults()


def test_a_plan_holds_what_was_asked() -> None:
    found = planned("LeakyReLU", (2, 3), id="a", datatype="FP32", parameters={"alpha": 1, "seed": 7, "order": 2})
    assert (found.function.name, found.parameters, found.id) == ("leaky_relu", {"negative_slope": 1.0}, "a")
    assert (found.shape, found.datatype, found.dtype, found.given) == ((2, 3), "FP32", dtype_of("FP32"), None)
    assert (found.options.seed, found.options.order, found.options.accuracy) == (7, 2, "full")
    assert [output.name for output in found.outputs] == ["y", "derivative"]
    assert not found.binary


@pytest.mark.parametrize(
    ("general", "own", "binary"),
    [(None, None, False), (True, None, True), (False, True, True), (True, False, False), (None, True, True)],
)
def test_an_output_overrides_what_the_request_says(general: bool | None, own: bool | None, binary: bool) -> None:
    parameters = {} if general is None else {"binary_data_output": general}
    output = {"name": "y"} | ({} if own is None else {"parameters": {"binary_data": own}})
    assert planned(parameters=parameters, outputs=[output]).binary is binary


def test_an_answer_holds_its_bytes_in_the_order_asked_for() -> None:
    outputs = [{"name": name, "parameters": {"binary_data": True}} for name in ("derivative", "y")]
    head, *contents = planned(outputs=outputs).write([np.array([0.0, 1.0]), np.array([0.0, 2.0])])
    document = json.loads(bytes(head))
    assert [output["name"] for output in document["outputs"]] == ["derivative", "y"]
    assert [output["parameters"] for output in document["outputs"]] == [{"binary_data_size": 16}] * 2
    assert [np.frombuffer(content).tolist() for content in contents] == [[0, 1], [0, 2]]


@given(st.lists(st.integers(0, 9), max_size=4), st.integers(-20, 20))
def test_bytes_must_be_as_many_as_announced(shape: list[int], more: int) -> None:
    found = planned(shape=tuple(shape))
    size = 8 * int(np.prod(shape))
    content = memoryview(bytes(max(size + more, 0)))
    if len(content) == size:
        assert found.read(content).shape == tuple(shape)
    else:
        with pytest.raises(MalformedTensorData, match=f"which announces {size}"):
            found.read(content)


def test_a_body_without_text_is_a_vector() -> None:
    found = plan(lookup("relu"), raw_header(16), Settings())
    assert (found.shape, found.datatype, found.binary) == ((2,), "FP64", True)
    with pytest.raises(MalformedTensorData, match="it has 15 bytes"):
        raw_header(15)


@pytest.mark.parametrize(
    ("members", "path"),
    [
        ({"input": {"name": "X"}}, ("inputs", 0, "name")),
        ({"input": {"datatype": "INT8"}}, ("inputs", 0, "datatype")),
        ({"input": {"datatype": "float64"}}, ("inputs", 0, "datatype")),
        ({"input": {"datatype": None}}, ("inputs", 0, "datatype")),
        ({"input": {"shape": [-1]}}, ("inputs", 0, "shape", 0)),
        ({"input": {"shape": [1.0]}}, ("inputs", 0, "shape", 0)),
        ({"input": {"shape": [True]}}, ("inputs", 0, "shape", 0)),
        ({"input": {"shape": 2}}, ("inputs", 0, "shape")),
        ({"input": {"shape": [1] * 33}}, ("inputs", 0, "shape", 32)),
        ({"input": {"shape": [3]}}, ("inputs", 0, "parameters", "binary_data_size")),
        ({"input": {"parameters": {"binary_data_size": 15}}}, ("inputs", 0, "parameters", "binary_data_size")),
        ({"input": {"parameters": {"binary_data_size": -1}}}, ("inputs", 0, "parameters", "binary_data_size")),
        ({"input": {"parameters": {"binary_data_size": 16.0}}}, ("inputs", 0, "parameters", "binary_data_size")),
        ({"input": {"parameters": {"shared_memory_region": "a"}}}, ("inputs", 0, "parameters", "shared_memory_region")),
        ({"input": {"parameters": {}}}, ("inputs", 0, "data")),
        ({"input": {"data": [1, 2]}}, ("inputs", 0, "data")),
        ({"input": {"data": [1, True], "parameters": {}}}, ("inputs", 0, "data", 1)),
        ({"input": {"data": [1, 2, 3], "parameters": {}}}, ("inputs", 0, "data")),
        ({"input": {"data": [[1, 2]], "parameters": {}}}, ("inputs", 0, "data")),
        ({"input": {"contents": [1]}}, ("inputs", 0, "contents")),
        ({"inputs": []}, ("inputs",)),
        ({"inputs": None}, ("inputs",)),
        ({"outputs": [{"name": "z"}]}, ("outputs", 0, "name")),
        ({"outputs": [{"name": "y"}, {"name": "y"}]}, ("outputs", 1, "name")),
        ({"outputs": [{"name": "y", "parameters": {"binary_data": 1}}]}, ("outputs", 0, "parameters", "binary_data")),
        (
            {"outputs": [{"name": "y", "parameters": {"classification": 1}}]},
            ("outputs", 0, "parameters", "classification"),
        ),
        ({"outputs": ["y"]}, ("outputs", 0)),
        ({"outputs": [{"name": "y"}] * 3}, ("outputs", 2)),
        ({"id": 1}, ("id",)),
        ({"id": "x" * 1001}, ("id",)),
        ({"model_name": "relu"}, ("model_name",)),
        ({"parameters": {"slope": 1}}, ("parameters", "slope")),
        ({"parameters": {"headers": {}}}, ("parameters", "headers")),
        ({"parameters": {"binary_data_output": 1}}, ("parameters", "binary_data_output")),
        ({"parameters": {"accuracy": "certified"}}, ("parameters", "accuracy")),
        ({"parameters": {"at_kink": "middle"}}, ("parameters", "at_kink")),
        ({"parameters": {"order": 5}}, ("parameters", "order")),
        ({"parameters": {"seed": -1}}, ("parameters", "seed")),
        ({"parameters": {"priority": "high"}}, ("parameters", "priority")),
        ({"name": "softmax", "outputs": [{"name": "derivative"}]}, ("outputs", 0, "name")),
        ({"name": "softmax", "parameters": {"axis": 1}}, ("parameters", "axis")),
        ({"name": "softmax", "shape": ()}, ("inputs", 0, "shape")),
        ({"name": "glu", "shape": (3,)}, ("inputs", 0, "shape")),
    ],
)
def test_what_cannot_be_is_blamed_on_its_field(members: dict[str, Any], path: tuple[str | int, ...]) -> None:
    with pytest.raises(InvalidInput) as caught:
        planned(**members)
    assert path in [fault.path for fault in caught.value.faults]


def test_several_inputs_are_refused() -> None:
    tensor = {"name": "x", "shape": [1], "datatype": "FP64", "data": [1]}
    with pytest.raises(InvalidInput, match="one input") as caught:
        planned(inputs=[tensor, tensor])
    assert caught.value.faults[0].path == ("inputs", 1)


@pytest.mark.parametrize(
    ("members", "limit"),
    [
        ({"shape": (3,), "limits": {"max_elements": 2}}, "max_elements"),
        ({"input": {"shape": [0, 2**62]}}, "max_elements"),
        ({"input": {"shape": [2**62] * 30}}, "max_elements"),
        ({"limits": {"max_response_bytes": 95}}, "max_response_bytes"),
        ({"limits": {"max_response_bytes": 31}, "parameters": {"binary_data_output": True}}, "max_response_bytes"),
    ],
)
def test_what_is_too_large_is_refused_before_it_is_computed(members: dict[str, Any], limit: str) -> None:
    with pytest.raises(LimitExceeded) as caught:
        planned(**members)
    assert (caught.value.limit.name, caught.value.path) == (limit, ("inputs", 0, "shape"))
    raised = {limit: getattr(Settings(), limit)} if "limits" not in members else {limit: members["limits"][limit] + 1}
    if "input" not in members:
        assert planned(**members | {"limits": raised}).shape == members.get("shape", (2,))


@pytest.mark.parametrize("name", ["sequence_id", "sequence_start", "sequence_end", "priority", "timeout"])
def test_hints_of_the_protocol_change_nothing(name: str) -> None:
    value: object = True if name in {"sequence_start", "sequence_end"} else 1
    assert planned(parameters={name: value}).parameters == {}
