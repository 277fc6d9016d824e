"""What the documentation says is what the service does."""

import re
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from service.activations import catalogue, pieces, rectifiers
from service.api.kinds import KINDS
from service.compute import derivative, describe, evaluate
from service.reference import reference_page
from service.settings import Settings, setting_name
from service.telemetry.families import FAMILIES
from service.telemetry.metrics import REASONS

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


@pytest.mark.parametrize("name", [field.name for field in fields(Settings)])
def test_every_setting_is_in_the_readme(name: str) -> None:
    assert f"`{setting_name(name)}`" in README


@pytest.mark.parametrize(
    "file", ["README.md", "docs/run.md", "docs/security.md", "docs/settings.md", "docs/reliability.md", "Dockerfile"]
)
def test_every_setting_that_is_named_exists(file: str) -> None:
    named = re.findall(r"\b(ACTISCOPE_[A-Z_]+[A-Z])\b", (ROOT / file).read_text())
    assert named
    assert set(named) <= {setting_name(field.name) for field in fields(Settings)}


def test_the_image_serves_without_keys_and_is_published_on_this_machine_only() -> None:
    assert "ENV ACTISCOPE_ALLOW_NO_KEYS=true" in (ROOT / "Dockerfile").read_text()
    published = re.findall(r"ports: \[(.*)\]", (ROOT / "docker-compose.yml").read_text())
    assert published == ['"127.0.0.1:8000:8000"']


def test_every_metric_is_documented_and_no_other() -> None:
    text = (ROOT / "docs" / "observability.md").read_text()
    rows = re.findall(r"^\| `((?:actiscope|process)_\w+)` \|([^|]*)\|", text, flags=re.MULTILINE)
    documented = {name: tuple(re.findall(r"`(\w+)`", labels)) for name, labels in rows}
    assert documented == {name: family.labels for name, family in FAMILIES.items()}
    assert all(f"`{reason}`" in text for reason in REASONS)
    mentioned = {name.removesuffix("_bucket") for name in re.findall(r"\bactiscope_\w+", text)}
    assert mentioned <= set(FAMILIES)


def test_every_kind_of_problem_is_documented_and_no_other() -> None:
    text = (ROOT / "docs" / "problems.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \| ([\d, ]+) \| (.*) \|$", text, flags=re.MULTILINE)
    kinds = [(kind.code, ", ".join(map(str, kind.statuses)), kind.title) for kind in KINDS.values()]
    assert sorted(rows) == sorted(kinds)


def test_the_readme_counts_the_functions() -> None:
    assert f"for {len(catalogue())} functions" in README


def test_the_worked_example_works_as_written() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text()
    (block,) = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
    vocabulary = {**vars(rectifiers), "elementary": pieces.elementary}
    exec(block, vocabulary)  # noqa: S102  the text is ours
    function = vocabulary["squared_relu"]
    x = np.array([-3.0, 0.0, 0.5, 3.0])
    assert evaluate(function, x, {}).tolist() == [0.0, 0.0, 0.25, 9.0]
    assert derivative(function, x, {}).tolist() == [0.0, 0.0, 1.0, 6.0]
    assert describe(function).smoothness == "C1"


def test_the_reference_is_up_to_date() -> None:
    assert (ROOT / "docs" / "reference.md").read_text() == reference_page(), "run `make reference`"
