"""Every notebook runs from its first cell to its last against a live service, and shows what its text promises."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from tests.live import serving

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "examples").glob("*.ipynb"))

pytestmark = [  # of Jupyter's own packages among themselves
    pytest.mark.filterwarnings("ignore::DeprecationWarning:jupyter_client"),
]


@pytest.fixture(scope="module", params=NOTEBOOKS, ids=lambda path: path.stem)
def executed(request: pytest.FixtureRequest) -> Iterator[Any]:
    """A notebook with what its cells put out."""
    with serving() as address:
        text = request.param.read_text().replace("127.0.0.1:8000", address)
        notebook = nbformat.reads(text, as_version=4)
        NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(ROOT)}}).execute()
        yield notebook


def shown(notebook: Any, code: str) -> dict[str, str]:  # noqa: ANN401  a cell is any JSON
    """What the cell that begins with this code has put out, by kind."""
    (cell,) = [cell for cell in notebook.cells if cell.cell_type == "code" and code in cell.source]
    found: dict[str, str] = {}
    for output in cell.outputs:
        for kind, text in output.get("data", {output.get("name"): output.get("text")}).items():
            found[kind] = found.get(kind, "") + text
    return found


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_kept_without_outputs(path: Path) -> None:
    cells = json.loads(path.read_text())["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in code)
    assert path.stat().st_size < 20_000


def test_no_cell_complains(executed: Any) -> None:  # noqa: ANN401  a notebook is any JSON
    assert not [
        output for cell in executed.cells for output in cell.get("outputs", ()) if output.get("name") == "stderr"
    ]


def test_the_tour_shows_what_it_says(executed: Any) -> None:  # noqa: ANN401  a notebook is any JSON
    assert "20 layers: at most 9.1e-13" in shown(executed, "for layers in")["stdout"]
    assert "vanishing_gradient" in shown(executed, 'flow = client.gradient_flow(network("sigmoid"')["text/html"]
    assert shown(executed, "client.mean_field")["text/html"].count("<rect") == 32 * 24
    race = shown(executed, 'race("relu")')
    assert "dead units by layer: (0, 0, 0)" not in race["stdout"]
    assert "silent for good" in race["stdout"]
    assert "100/100" in race["text/html"]
    assert "dead units by layer: (0, 0, 0)" in shown(executed, 'race("leaky_relu")')["stdout"]
    assert shown(executed, 'client.gradient_flow(network("step"')["stdout"].startswith("no_gradient [0.0, 0.0, 0.0]")
    assert "vanishing_gradient" in shown(executed, "diagnosis = ")["text/html"]
    assert "per layer, then" in shown(executed, "for remedy in")["stdout"]
