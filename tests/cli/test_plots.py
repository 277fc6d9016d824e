"""`plot`."""

from pathlib import Path

import pytest

from service import app
from service.api import plots
from service.cli import commands
from tests.cli.running import Run


def test_functions_are_drawn_into_a_file(run: Run, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="matplotlib, which draws, is an extra")
    for ending, start in ((".svg", b"<?xml"), (".png", b"\x89PNG")):
        path = tmp_path / f"picture{ending}"
        run("plot", "step", "sigmoid", "--derivative", "1", "--lower", "-3", "-o", str(path))
        assert path.read_bytes().startswith(start)


def test_a_service_that_draws_nothing_is_told(alone: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    routers = tuple(router for router in app.ROUTERS if router is not plots.router)
    monkeypatch.setattr(app, "ROUTERS", routers)
    path = tmp_path / "picture.svg"
    assert "This service draws no plots" in alone("plot", "gelu", "-o", str(path), status=3).stderr
    assert not path.exists()


def test_the_ending_says_what_to_draw(alone: Run) -> None:
    assert "should end with .svg or .png" in alone("plot", "gelu", "-o", "picture.jpeg", status=2).stderr


def test_every_command_is_in_the_help() -> None:
    names = {command.name for command in commands.app.registered_commands}
    assert names == {
        *("list", "show", "evaluate", "derivative", "plot", "flow", "train"),
        *("serve", "key", "openapi", "reference"),
    }
