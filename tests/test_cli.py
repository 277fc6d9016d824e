"""The command line."""

from pathlib import Path

import pytest

from service.api.version import VERSION
from service.cli import main


def test_the_contract_is_printed(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert main(["openapi"]) == 0
    assert capfdbinary.readouterr().out == (Path(__file__).parents[1] / "openapi" / "openapi.json").read_bytes()


def test_the_reference_is_printed(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert main(["reference"]) == 0
    assert "`leaky_relu`" in capfdbinary.readouterr().out.decode()


def test_the_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(["--version"])
    assert capsys.readouterr().out == f"actiscope {VERSION}\n"


@pytest.mark.parametrize(
    "arguments", [[], ["sing"], ["serve", "--port", "x"], ["serve", "--port", "65536"], ["serve", "--workers", "0"]]
)
def test_a_wrong_command_is_told(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(arguments)
    assert "usage: actiscope" in capsys.readouterr().err


def test_a_wrong_setting_is_told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("ACTISCOPE_MAX_RANK", "33")
    assert main(["serve"]) == 2
    assert "ACTISCOPE_MAX_RANK must be" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["--port", "abc"], ["--port", "65536"], ["--workers", "0"], ["--workers", "²"]])
def test_a_wrong_number_is_told_in_words(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["serve", *arguments])
    assert f"{arguments[1]!r} is not a whole number from" in capsys.readouterr().err
