"""`list` and `show`."""

import json

import pytest

from service.activations import catalogue
from tests.cli.running import Run
from tests.client import Client


def test_every_function_is_listed(run: Run) -> None:
    names = [line.split()[0] for line in run("list").stdout.splitlines()[2:]]
    assert names == sorted(function.name for function in catalogue())


def test_a_family_and_a_text_narrow_the_list(run: Run) -> None:
    assert [line.split()[0] for line in run("list", "RELU", "--family", "shrinkage").stdout.splitlines()[2:]] == [
        "thresholded_relu"
    ]


def test_no_line_of_a_list_is_wider_than_the_terminal(alone: Run) -> None:
    for columns in (80, 120):
        lines = alone("list", COLUMNS=str(columns)).stdout.splitlines()
        assert max(map(len, lines)) <= columns


def test_an_unknown_family_is_told_with_those_there_are(run: Run) -> None:
    assert "The families are rectifier," in run("list", "--family", "relus", status=2).stderr


@pytest.mark.parametrize("name", ["gelu", "step", "leaky_relu", "softmax"])
def test_json_is_what_the_service_answers(run: Run, client: Client, name: str) -> None:
    assert json.loads(run("show", name, "--json").stdout) == client.get(f"/activations/{name}").json()


@pytest.mark.parametrize("name", [function.name for function in catalogue()])
def test_facts_and_plot_of_every_function_fit_the_terminal(alone: Run, name: str) -> None:
    shown = alone("show", name).stdout
    assert max(map(len, shown.splitlines())) <= 80
    assert "\x1b" not in shown
    assert ("┅┅ f′(x)" in shown) == (next(it for it in catalogue() if it.name == name).kind == "elementwise")


def test_facts_are_shown(run: Run) -> None:
    shown = " ".join(run("show", "LeakyReLU").stdout.split())
    assert shown.startswith("leaky_relu")
    assert "f(x) = x if x ≥ 0, else αx" in shown
    assert "slope 0.01 on the left, 1 on the right, 0.01 by convention" in shown
    assert "from 0.01 in (-∞, 0) to 1 in (0, ∞)" in shown


def test_parameters_and_the_ends_of_the_axis_are_those_given(run: Run) -> None:
    shown = run("show", "leaky_relu", "--set", "negative_slope=0.5", "--lower", "-2", "--upper", "4").stdout
    *_, ends = shown.splitlines()
    assert ends.split() == ["-2", "0", "4"]


def test_a_plot_can_be_left_out(alone: Run) -> None:
    assert "f′(x)   " not in alone("show", "tanh", "--no-plot").stdout


@pytest.mark.parametrize(("lower", "upper"), [("1", "1"), ("2", "1"), ("nan", "1"), ("-inf", "1")])
def test_an_axis_without_a_length_is_refused(alone: Run, lower: str, upper: str) -> None:
    assert "--lower must be less" in alone("show", "tanh", "--lower", lower, "--upper", upper, status=2).stderr


def test_an_unknown_name_is_told_with_names_like_it(run: Run) -> None:
    assert run("show", "sigmod", status=2).stderr == (
        "actiscope: There is no activation called 'sigmod'. Did you mean sigmoid, log_sigmoid or hard_sigmoid?\n"
    )
