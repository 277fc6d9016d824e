"""What the documentation says is what the service does."""

import json
import math
import re
import shlex
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from flint import arb

from service.activations import catalogue, model, pieces
from service.compute import elementwise
from service.numerics import double_double, exponential
from service.reference import reference_page
from service.settings import Settings, setting_name
from tests.client import Client
from tests.oracle.ulp import ulp_error

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
REQUESTS = re.findall(r"\$ (curl .*?)\n(\{.*?\})\n```", README, flags=re.DOTALL)


def test_the_readme_shows_three_requests() -> None:
    assert len(REQUESTS) == 3


@pytest.mark.parametrize(("command", "answer"), REQUESTS)
def test_the_requests_of_the_readme_get_the_answers_shown(client: Client, command: str, answer: str) -> None:
    words = shlex.split(command.replace("\\\n", " "))
    path = words[1].removeprefix("http://127.0.0.1:8000")
    response = client.post(path, words[-1].encode())
    assert response.json() == json.loads(answer)


@pytest.mark.parametrize("name", [field.name for field in fields(Settings)])
def test_every_setting_is_in_the_readme(name: str) -> None:
    assert f"`{setting_name(name)}`" in README


def test_the_readme_counts_the_functions() -> None:
    assert f"for {len(catalogue())} functions" in README


def test_the_worked_example_is_as_accurate_as_it_says() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text()
    (block,) = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
    vocabulary = {**vars(math), **vars(model), **vars(pieces), **vars(double_double), **vars(exponential), "np": np}
    exec(block, vocabulary)  # noqa: S102  the text is ours
    x = np.array([-26.5, -1.5, -0.25, 0.75, 20.0])
    slopes = elementwise.derivative(vocabulary["gaussian"], x, {})
    for place, slope in zip(x, slopes, strict=True):
        true = -2 * arb(place) * (-(arb(place) ** 2)).exp()
        assert ulp_error(float(slope), true, "float64") < 4


def test_the_reference_is_up_to_date() -> None:
    assert (ROOT / "docs" / "reference.md").read_text() == reference_page(), "run `make reference`"
