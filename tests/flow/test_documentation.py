"""What docs/gradient-flow.md shows is what the service does."""

import json
import re
from dataclasses import fields
from pathlib import Path

import pytest

from service.flow.diagnosis import DEAD, EXPLODING, ONE_SIGNED, SATURATED, VANISHING
from service.flow.initializers import BIASES, WEIGHTS
from service.flow.remedies import MOST_RUNS
from service.settings import Settings
from tests.client import Client

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "gradient-flow.md").read_text()


def test_relu_units_die_as_the_page_tells(client: Client) -> None:
    (request,) = re.findall(r'`(\{"layers".*?\})` kills', PAGE)
    lines = client.post("/gradient-flow/training", request.encode()).text.splitlines()
    *records, last = (json.loads(line) for line in lines)
    dead = [sum(record["dead_units"]) for record in records]
    assert f"{dead[0]} of 96 are dead on the first mini-batch, {dead[6]} on the seventh, nearly all on the last" in PAGE
    assert dead[-1] >= 80
    assert last["summary"]["accuracy"] < 0.2


@pytest.mark.parametrize("name", sorted(WEIGHTS.keys() | BIASES.keys()))
def test_every_initializer_is_on_the_page(name: str) -> None:
    stem = name.removesuffix("_normal").removesuffix("_uniform") if "_" in name else name
    assert f"`{name}`" in PAGE or f"`{stem}_…`" in PAGE


@pytest.mark.parametrize(
    ("code", "warning", "critical"),
    [
        ("vanishing_gradient", f"{VANISHING[0]:.0e}", f"{VANISHING[1]:.0e}"),
        ("exploding_gradient", f"{EXPLODING[0]:.0e}", f"{EXPLODING[1]:.0e}"),
        ("dead_units", f"{DEAD[0]:.0%}", f"{DEAD[1]:.0%}"),
        ("saturation", f"{SATURATED[0]:.0%}", f"{SATURATED[1]:.0%}"),
    ],
)
def test_every_threshold_is_on_the_page(code: str, warning: str, critical: str) -> None:
    ((shown, graver),) = re.findall(rf"^\| `{code}` \|.*\| (\S+ ?%?) \| (\S+ ?%?) \|$", PAGE, flags=re.MULTILINE)
    plain = str.maketrans({"+": None, "0": None, " ": None})  # 1e+02 is 1e2, 25% is 25 %
    assert shown.translate(plain) == warning.translate(plain)
    assert graver.translate(plain) == critical.translate(plain)


def test_the_other_bounds_are_on_the_page() -> None:
    assert f"at least {ONE_SIGNED}" in PAGE
    assert f"At most {MOST_RUNS} changes" in PAGE


def test_every_limit_on_the_page_is_a_setting() -> None:
    names = set(re.findall(r"ACTISCOPE_(MAX_\w+)", PAGE))
    assert names == {"MAX_LAYERS", "MAX_FLOW_BYTES", "MAX_FLOW_OPERATIONS"}
    assert {name.lower() for name in names} <= {field.name for field in fields(Settings)}
