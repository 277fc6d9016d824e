"""The command line."""

import logging
from pathlib import Path

import httpx
import pytest

from service.api.keys import key_ring
from service.api.memory import most
from service.api.version import VERSION
from service.cli import main, operator
from service.settings import Settings
from tests import live

ANYWHERE = "0.0.0.0"  # noqa: S104  nothing listens in these tests


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
    assert "usage: actiscope" in capsys.readouterr().err.casefold()


def test_a_wrong_setting_is_told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("ACTISCOPE_MAX_RANK", "33")
    assert main(["serve"]) == 2
    assert "ACTISCOPE_MAX_RANK must be" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["--port", "abc"], ["--port", "65536"], ["--workers", "0"], ["--workers", "²"]])
def test_a_wrong_number_is_told_in_words(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["serve", *arguments])
    assert f"{arguments[1]!r} is not a whole number from" in capsys.readouterr().err


def test_a_key_is_printed_with_the_line_that_knows_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["key", "alice"]) == 0
    key, line = (text.strip() for text in capsys.readouterr().out.splitlines() if text.startswith(" "))
    assert key not in line
    ring = key_ring(Settings(keys=line))
    assert ring is not None
    assert ring.owner(key.encode()) == "alice"


@pytest.mark.parametrize("name", ["", "a b", "a:b", "é", "x" * 65, "a\n"])
def test_the_owner_of_a_key_has_a_plain_name(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["key", name])
    assert "letters, digits" in capsys.readouterr().err


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The addresses at which a server was told to listen, instead of one that does."""
    hosts: list[str] = []
    monkeypatch.setattr(logging.root, "handlers", list(logging.root.handlers))  # serving configures them
    monkeypatch.setattr(operator, "run", lambda configured: hosts.append(configured.host))
    return hosts


@pytest.mark.parametrize(
    "host", [ANYWHERE, "::", "", "10.1.2.3", "fd00::1", "example.org", "0", "localhost.example.org"]
)
def test_strangers_are_not_served_without_keys(
    host: str, started: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["serve", "--host", host]) == 2
    assert "ACTISCOPE_KEYS_FILE" in (told := capsys.readouterr().err)
    assert "ACTISCOPE_ALLOW_NO_KEYS=true" in told
    assert not started


@pytest.mark.parametrize("host", ["127.0.0.1", "127.3.2.1", "::1", "localhost"])
def test_this_machine_is_served_without_keys(host: str, started: list[str]) -> None:
    assert main(["serve", "--host", host]) == 0
    assert started == [host]


@pytest.mark.parametrize(
    ("setting", "value"), [("ACTISCOPE_ALLOW_NO_KEYS", "true"), ("ACTISCOPE_KEYS", "alice:" + "0" * 64)]
)
def test_strangers_are_served_with_keys_or_on_purpose(
    setting: str, value: str, started: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(setting, value)
    assert main(["serve", "--host", ANYWHERE]) == 0
    assert started == [ANYWHERE]


def test_a_file_of_keys_that_cannot_be_read_is_told(
    started: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ACTISCOPE_KEYS_FILE", "/nowhere/keys")
    assert main(["serve"]) == 2
    assert "ACTISCOPE_KEYS_FILE names /nowhere/keys, which cannot be read" in capsys.readouterr().err
    assert not started


def test_workers_divide_the_memory_that_there_is() -> None:
    with live.started("--port", "0", "--workers", "2") as service:
        service.wait_for(workers=2)
        limits = {each["name"]: each for each in httpx.get(f"http://{service.address}/limits").json()["limits"]}
    assert limits["max_memory_bytes"]["value"] == most(Settings()) // 2
