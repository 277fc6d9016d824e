"""The diagnosis: silent on healthy networks, and on the others each code at its threshold, in the right layers."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest

from tests.client import Client
from tests.flow.asking import Json, answer, findings, layer, network, verdicts

RELUS = ("relu", "leaky_relu", "prelu", "elu", "celu", "gelu", "silu", "mish", "rrelu", "hard_swish")
CENTRED = ("tanh", "softsign", "atan", "hard_tanh", "erf", "selu", "scaled_tanh", "sin", "soft_shrink")
BENT = ("softplus", "sigmoid", "hard_sigmoid", "softmax", "glu", "swiglu")  # healthy where there are few of them
LOSSES = ("sum", "mean", {"name": "mse", "targets": "random"}, {"name": "cross_entropy", "targets": "random"})


def healthy(number: int) -> Json:
    """One of many networks that would learn: of its kind of function, drawn as its kind is drawn."""
    random = Random(number)  # noqa: S311  not for secrets
    width = random.choice([16, 24, 48, 64])
    kind = ("relu", "centred", "bent", "block", "normalized")[number % 5]
    if kind == "relu":
        drawn = random.choice(["he_normal", "he_uniform", {"initializer": "variance_scaling", "scale": 2.0}])
        hidden = [layer(width, random.choice(RELUS), drawn, repeat=random.randint(1, 4))]
    elif kind == "centred":
        drawn = random.choice(["glorot_normal", "glorot_uniform", "lecun_normal", "orthogonal"])
        hidden = [layer(width, random.choice(CENTRED), drawn, repeat=random.randint(1, 6))]
    elif kind == "bent":
        hidden = [layer(width, random.choice(BENT), random.choice(["glorot_normal", "lecun_uniform"]))]
    elif kind == "block":
        inside = [layer(2 * width, random.choice(RELUS), "he_normal"), layer(width, "identity", "glorot_normal")]
        block = {"block": inside, "repeat": random.randint(2, 8), "scale": random.choice([0.2, 0.5])}
        hidden = [
            layer(width, "identity", "lecun_normal"),
            block | {"pre_normalization": random.choice(["layer", "rms"])},
        ]
    else:
        normalization = random.choice(["layer", "batch", "rms"])
        function = random.choice(["relu", "tanh", "gelu", "silu", "elu"])
        hidden = [layer(width, function, "he_normal", normalization=normalization, repeat=random.randint(1, 5))]
    output = layer(random.choice([2, 10]), "identity", random.choice(["glorot_normal", "lecun_normal"]))
    others = {"loss": random.choice(LOSSES), "seed": number, "dtype": random.choice(["float64", "float32"])}
    return network(*hidden, output, features=random.choice([8, 32]), batch=64, **others)


@pytest.mark.parametrize("number", range(50))
def test_a_healthy_network_gets_no_warning(client: Client, number: int) -> None:
    found = verdicts(answer(client, healthy(number)))
    assert {code for code, (severity, _) in found.items() if severity != "info"} == set()


@pytest.mark.parametrize(
    "hidden",
    [
        layer(64, "tanh", {"initializer": "mean_field", "sigma_w": 1.05}, repeat=30),
        layer(128, "leaky_relu", "he_normal", repeat=15),
        layer(64, "selu", "lecun_normal", repeat=20),
        layer(64, "tanh", "orthogonal", repeat=50),
    ],
)
def test_depth_alone_is_no_trouble(client: Client, hidden: Json) -> None:
    found = verdicts(answer(client, network(hidden, layer(10, "identity"), features=64, batch=64)))
    assert {severity for severity, _ in found.values()} <= {"info"}


def chain(*weights: float, activation: str = "tanh", x: float = 0.0, **others: object) -> Json:
    """One unit per layer; at x = 0 the slopes of tanh are 1, so that the gradient is the product of the weights."""
    layers = [{"activation": activation, "weights": [[weight]]} for weight in weights]
    return {"input": {"values": [[x]]}, "layers": layers, "remedies": False, **others}


@pytest.mark.parametrize(
    ("weights", "verdict"),
    [
        ([1.0, 1.01e-2], None),
        ([1.0, 0.99e-2], ("warning", [0])),
        ([1.0, 1.01e-4], ("warning", [0])),
        ([1.0, 0.99e-4], ("critical", [0])),
        ([1.0, 0.5, 0.5, 0.05, 1.0], None),
        ([1.0, 0.2, 0.5, 0.05, 0.5], ("warning", [0])),
        ([1.0, 0.1, 0.1, 0.1, 0.05], ("critical", [0, 1, 2])),
        ([0.0, 1.0], None),
        ([1.0, 0.0], ("critical", [0])),
    ],
)
def test_the_gradient_vanishes_below_its_thresholds(
    client: Client, weights: list[float], verdict: tuple[str, list[int]] | None
) -> None:
    assert verdicts(answer(client, chain(*weights))) == ({} if verdict is None else {"vanishing_gradient": verdict})


@pytest.mark.parametrize(
    ("weights", "verdict"),
    [
        ([1.0, 99.0], None),
        ([1.0, 101.0], ("warning", [0])),
        ([1.0, 9.9e3], ("warning", [0])),
        ([1.0, 1.01e4], ("critical", [0])),
        ([1.0, 0.1, 50.0, 30.0], ("warning", [1, 0])),
        ([1e6, 1.0], None),
    ],
)
def test_the_gradient_explodes_above_its_thresholds(
    client: Client, weights: list[float], verdict: tuple[str, list[int]] | None
) -> None:
    found = verdicts(answer(client, chain(*weights)))
    assert found == ({} if verdict is None else {"exploding_gradient": (verdict[0], sorted(verdict[1]))})


def of_units(activation: str, kinds: tuple[float, float], count: int) -> Json:
    """A hidden layer of 100 units, so many of them with the first bias, the others with the second one."""
    bias = [kinds[0]] * count + [kinds[1]] * (100 - count)
    small = {"initializer": "normal", "std": 0.01}
    return network(layer(100, activation, small, bias=bias), layer(5, "identity"))


@pytest.mark.parametrize(
    ("count", "severity"), [(0, None), (24, None), (25, "warning"), (89, "warning"), (90, "critical")]
)
@pytest.mark.parametrize("activation", ["relu", "relu6", "hard_tanh", "soft_shrink"])
def test_dead_units_are_told_from_a_quarter_on(
    client: Client, activation: str, count: int, severity: str | None
) -> None:
    alive = {"relu": 1.0, "relu6": 3.0, "hard_tanh": 0.0, "soft_shrink": 2.0}[activation]
    dead = {"soft_shrink": 0.0}.get(activation, -10.0)
    document = answer(client, of_units(activation, (dead, alive), count))
    assert document["layers"][0]["forward"]["dead_units"] == count
    assert verdicts(document).get("dead_units") == ((severity, [0]) if severity else None)
    if severity:
        evidence = findings(document)["dead_units"]["evidence"]
        assert (evidence["dead_units"], evidence["units"], evidence["samples"]) == ([count], [100], 8)


def test_units_that_one_sample_keeps_alive_are_not_dead(client: Client) -> None:
    values = [[-1.0]] * 9 + [[1.0]]
    hidden = {"activation": "relu", "weights": [[1.0] * 4], "bias": [0.0] * 4}
    request = {"input": {"values": values}, "layers": [hidden, layer(2, "identity", "normal")], "remedies": False}
    document = answer(client, request)
    assert document["layers"][0]["forward"]["inactive_fraction"] == 0.9
    assert "dead_units" not in verdicts(document)


@pytest.mark.parametrize(
    ("count", "severity"), [(0, None), (49, None), (50, "warning"), (89, "warning"), (90, "critical")]
)
@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "erf"])
def test_saturation_is_told_from_half_of_the_entries_on(
    client: Client, activation: str, count: int, severity: str | None
) -> None:
    bias = 8.0 if activation == "sigmoid" else 4.0
    document = answer(client, of_units(activation, (bias, 0.0), count))
    assert document["layers"][0]["forward"]["saturated_fraction"] == count / 100
    assert verdicts(document).get("saturation") == ((severity, [0]) if severity else None)


@pytest.mark.parametrize("activation", ["relu", "leaky_relu", "elu", "softplus", "identity", "exponential"])
def test_what_is_flat_on_one_side_only_does_not_saturate(client: Client, activation: str) -> None:
    assert "saturation" not in verdicts(answer(client, of_units(activation, (-30.0, 0.0), 95)))


@pytest.mark.parametrize(("positive", "told"), [(98, False), (99, True), (100, True)])
def test_inputs_of_one_sign_are_told_from_99_samples_in_100_on(client: Client, positive: int, told: bool) -> None:
    values = [[1.0, 0.5]] * positive + [[1.0, -0.5]] * (100 - positive)
    request = {"input": {"values": values}, "layers": [layer(3, "tanh"), layer(2, "identity")], "remedies": False}
    document = answer(client, request)
    assert document["layers"][0]["backward"]["sign_coherence"] == positive / 100
    assert verdicts(document).get("not_zero_centered") == (("info", [0]) if told else None)


@pytest.mark.parametrize(
    "values", [[[-1.0, -2.0]], [[0.0, 3.0]], [[0.0, -3.0]], [[1.0, 2.0], [-1.0, -2.0]], [[0.0, 0.0], [1.0, 1.0]]]
)
def test_one_sign_is_told_sample_by_sample_whichever_it_is(client: Client, values: list[list[float]]) -> None:
    request = {"input": {"values": values}, "layers": [layer(3, "identity")], "remedies": False}
    assert verdicts(answer(client, request)) == {"not_zero_centered": ("info", [0])}


def test_sigmoids_hand_on_one_sign(client: Client) -> None:
    document = answer(client, network(layer(8, "sigmoid", repeat=3), layer(3, "identity")))
    assert verdicts(document)["not_zero_centered"] == ("info", [1, 2, 3])


@pytest.mark.parametrize("flat", ["step", "sign"])
def test_a_function_without_slope_passes_no_gradient(client: Client, flat: str) -> None:
    document = answer(client, network(layer(8, "tanh"), layer(8, flat), layer(8, "tanh"), layer(2, "identity")))
    assert verdicts(document)["no_gradient"] == ("critical", [1])
    assert "vanishing_gradient" not in verdicts(document)
    assert "dead_units" not in verdicts(document)
    assert [figures["backward"]["weight_gradient_norm"] == 0 for figures in document["layers"]] == [
        True,
        True,
        False,
        False,
    ]


def test_a_flat_output_is_told_too(client: Client) -> None:
    assert verdicts(answer(client, network(layer(4, "tanh"), layer(3, "step"))))["no_gradient"] == ("critical", [1])


def test_a_flat_straight_line_is_no_linear_layer(client: Client) -> None:
    flat = layer(4, "affine", parameters={"alpha": 0.0})
    found = verdicts(answer(client, network(flat, layer(3, "identity"))))
    assert found["no_gradient"] == ("critical", [0])
    assert "linear_collapse" not in found


@pytest.mark.parametrize("weights", ["zeros", "ones", {"initializer": "constant", "value": 0.3}])
@pytest.mark.parametrize("batch", [1, 7, 333])
def test_equal_weights_stay_equal(client: Client, weights: object, batch: int) -> None:
    layers = [layer(7, "tanh", weights, repeat=2), layer(3, "identity", weights)]
    assert verdicts(answer(client, network(*layers, batch=batch)))["symmetry"] == ("critical", [0, 1])


@pytest.mark.parametrize(
    "layers",
    [
        [layer(7, "tanh"), layer(3, "identity", "zeros")],
        [layer(7, "tanh"), layer(3, "identity", "ones")],
        [layer(7, "tanh", "ones"), layer(3, "identity")],
        [layer(7, "tanh", "ones", bias="normal"), layer(3, "identity", "ones")],
        [layer(1, "tanh", "ones"), layer(3, "identity", "ones")],
        [{"activation": "tanh", "weights": [[0.5, 0.5, 0.2]] * 6}, layer(3, "identity", "ones")],
    ],
)
def test_what_breaks_the_symmetry_is_seen(client: Client, layers: list[Json]) -> None:
    assert "symmetry" not in verdicts(answer(client, network(*layers)))


LINEAR = layer(4, "identity", "orthogonal")
TANH = layer(4, "tanh", "orthogonal")


@pytest.mark.parametrize(
    ("layers", "collapsed"),
    [
        ([LINEAR, LINEAR], [0, 1]),
        ([LINEAR | {"repeat": 5}], [0, 1, 2, 3, 4]),
        ([LINEAR, TANH], [0, 1]),
        ([layer(4, "affine", parameters={"alpha": 2.0}), LINEAR], [0, 1]),
        ([layer(4, "leaky_relu", parameters={"negative_slope": 1.0}), LINEAR], [0, 1]),
        ([TANH, LINEAR, LINEAR, LINEAR], [1, 2, 3]),
        ([TANH, LINEAR, LINEAR, TANH, LINEAR], [1, 2, 3]),
        ([TANH, LINEAR, LINEAR], None),
        ([TANH, LINEAR, TANH, LINEAR], None),
        ([LINEAR], None),
        ([LINEAR | {"normalization": "layer"}, LINEAR], None),
        ([LINEAR, {"block": [LINEAR]}, LINEAR], None),
        ([LINEAR, {"block": [TANH, LINEAR]}, LINEAR], None),
        ([layer(4, "leaky_relu", parameters={"negative_slope": 0.99}), LINEAR], None),
    ],
)
def test_layers_in_a_row_without_a_bend_collapse(
    client: Client, layers: list[Json], collapsed: list[int] | None
) -> None:
    found = verdicts(answer(client, network(*layers, features=4)))
    assert found.get("linear_collapse") == (("warning", collapsed) if collapsed else None)


@pytest.mark.parametrize(("dtype", "large"), [("float64", 1e200), ("float32", 1e30)])
def test_the_first_layer_that_overflows_is_found(client: Client, dtype: str, large: float) -> None:
    document = answer(client, chain(1.0, large, large, 1.0, activation="identity", x=1.0, dtype=dtype))
    assert verdicts(document) == {"nonfinite": ("critical", [2, 3])}
    evidence = findings(document)["nonfinite"]["evidence"]
    assert (evidence["first_layer"], evidence["where"]) == (2, "activations")
    assert evidence["largest_activation_before"] == pytest.approx(large, rel=1e-6)
    assert evidence["loss"] == "Infinity"


@pytest.mark.parametrize(("dtype", "large"), [("float64", 1e200), ("float32", 1e30)])
def test_the_first_layer_whose_gradient_overflows_is_found(client: Client, dtype: str, large: float) -> None:
    document = answer(client, chain(1.0, 1.0, large, large, 1.0, dtype=dtype))
    assert verdicts(document) == {"nonfinite": ("critical", [0, 1])}
    evidence = findings(document)["nonfinite"]["evidence"]
    assert (evidence["first_layer"], evidence["where"]) == (1, "gradients")


def test_a_loss_that_overflows_is_found(client: Client) -> None:
    loss = {"name": "mse", "targets": [[0.0]]}
    request = chain(1.0, 1.0, activation="identity", loss=loss)
    request["layers"][1]["bias"] = [1e200]
    document = answer(client, request)
    assert verdicts(document) == {"nonfinite": ("critical", [1])}
    assert findings(document)["nonfinite"]["evidence"]["where"] == "loss"


def test_weights_beyond_float32_are_found_where_they_are(client: Client) -> None:
    document = answer(client, chain(1.0, 1e300, x=1.0, dtype="float32"))
    assert verdicts(document)["nonfinite"] == ("critical", [1])


def test_figures_that_overflow_are_written_by_name(client: Client) -> None:
    document = answer(client, chain(1e200, 1e200, activation="identity", x=1.0, trials=2))
    assert document["layers"][1]["forward"]["activation"]["max"] == "Infinity"
    assert document["loss"] == "Infinity"


def test_no_upstream_gradient_is_no_finding(client: Client) -> None:
    loss = {"name": "upstream", "gradient": np.zeros((8, 2)).tolist()}
    document = answer(client, network(layer(4, "tanh"), layer(2, "identity"), loss=loss))
    assert document["findings"] == []
    assert document["summary"] == document["summary"] | {"gradient_ratio": None, "decay_per_layer": None}


def test_the_gravest_finding_comes_first(client: Client) -> None:
    document = answer(client, network(layer(16, "sigmoid", repeat=6), layer(3, "identity"), batch=32))
    severities = [finding["severity"] for finding in document["findings"]]
    assert severities == sorted(severities, key=["critical", "warning", "info"].index)
    assert len(severities) > 1


@pytest.mark.parametrize(
    ("code", "severity", "layers", "request_"),
    [
        ("vanishing_gradient", "critical", 0, network(layer(32, "sigmoid", repeat=10), layer(5, "identity"), batch=32)),
        (
            "exploding_gradient",
            "critical",
            0,
            network(layer(64, "relu", "normal", repeat=8), layer(5, "identity"), batch=32),
        ),
        (
            "dead_units",
            "critical",
            1,
            network(
                layer(64, "relu"),
                layer(64, "relu", bias={"initializer": "constant", "value": -5.0}),
                layer(5, "identity"),
            ),
        ),
        (
            "saturation",
            "critical",
            0,
            network(layer(64, "tanh", "normal", repeat=2), layer(5, "identity"), features=5000),
        ),
        ("symmetry", "critical", 0, network(layer(8, "relu", "ones"), layer(5, "identity", "zeros"), batch=16)),
        ("linear_collapse", "warning", 0, network(layer(8, "identity", repeat=3), batch=16)),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_network_made_to_have_a_trouble_has_it(
    client: Client, code: str, severity: str, layers: int, request_: Json
) -> None:
    found_severity, found_layers = verdicts(answer(client, request_))[code]
    assert found_severity == severity
    assert layers in found_layers
    assert findings(answer(client, request_))[code]["explanation"]


def test_weights_of_0_hold_the_gradient_back_only_until_they_have_moved(client: Client) -> None:
    outputs = network(layer(6, "relu", "he_normal", repeat=3), layer(2, "identity", "zeros"))
    assert verdicts(answer(client, outputs))["vanishing_gradient"] == ("info", [0, 1, 2])
    branch = {"block": [layer(6, "tanh"), layer(6, "identity", "zeros")], "repeat": 2}
    assert verdicts(answer(client, network(branch, layer(2, "identity"))))["vanishing_gradient"] == ("info", [0, 2])


def test_a_signal_that_fades_with_the_gradient_is_told_as_such(client: Client) -> None:
    fading = network(layer(64, "gelu", repeat=10), layer(4, "identity"), features=64, batch=32)
    told = findings(answer(client, fading))["vanishing_gradient"]["explanation"]
    assert "the signal fades as well" in told
    assert "learn next to nothing" not in told


def test_small_residual_branches_are_no_vanishing_gradient(client: Client) -> None:
    branch = {"block": [layer(32, "tanh")], "scale": 1e-3, "repeat": 10}
    healthy = network(branch, layer(4, "identity"), features=32, batch=16)
    assert "vanishing_gradient" not in verdicts(answer(client, healthy))


def test_dead_units_of_few_samples_may_be_chance(client: Client) -> None:
    few = network(layer(16, "relu", "he_normal", repeat=2), layer(4, "identity"), features=16, batch=1)
    assert "may be chance" in findings(answer(client, few))["dead_units"]["explanation"]


def test_hardmax_passes_no_gradient(client: Client) -> None:
    found = verdicts(answer(client, network(layer(6, "hardmax"), layer(2, "identity"))))
    assert found["no_gradient"] == ("critical", [0])
