"""Commands as people run them: alone, or asking a live service."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.running import Run
from tests.live import serving

SIGMOIDS = """{
  "input": {"distribution": "normal", "features": 64, "batch": 64},
  "layers": [
    {"units": 32, "activation": "sigmoid", "weights": "glorot_normal", "repeat": 10},
    {"units": 10, "activation": "identity", "weights": "glorot_normal"}
  ],
  "loss": {"name": "cross_entropy", "targets": "random"}
}"""


@pytest.fixture(scope="session")
def address() -> Iterator[str]:
    """Where a live service listens."""
    with serving() as address:
        yield f"http://{address}"


@pytest.fixture(params=["in process", "live"])
def run(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs commands."""
    for name in ("ACTISCOPE_URL", "ACTISCOPE_KEY"):
        monkeypatch.delenv(name, raising=False)
    return Run(url=request.getfixturevalue("address") if request.param == "live" else None)


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs commands that ask nobody else."""
    for name in ("ACTISCOPE_URL", "ACTISCOPE_KEY"):
        monkeypatch.delenv(name, raising=False)
    return Run()


@pytest.fixture
def sigmoids(tmp_path: Path) -> str:
    """A description of a deep network of sigmoids, whose gradients vanish."""
    path = tmp_path / "sigmoids.json"
    path.write_text(SIGMOIDS)
    return str(path)
