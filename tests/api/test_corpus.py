"""JSONTestSuite, posted."""

from pathlib import Path

import pytest

from tests.client import Client, assert_problem

FILES = sorted((Path(__file__).parents[1] / "data" / "json_parsing").glob("*.json"))


@pytest.mark.parametrize("path", ["/evaluate", "/derivative"])
@pytest.mark.parametrize("file", [file for file in FILES if file.name.startswith("n_")], ids=lambda file: file.stem)
def test_what_is_not_json_is_malformed(client: Client, path: str, file: Path) -> None:
    response = client.post(path, file.read_bytes())
    assert assert_problem(response, 400, response.json()["type"].removeprefix("/problems/"))


@pytest.mark.parametrize("file", [file for file in FILES if file.name.startswith("y_")], ids=lambda file: file.stem)
def test_json_of_other_meaning_is_invalid_but_not_malformed(client: Client, file: Path) -> None:
    assert assert_problem(client.post("/evaluate", file.read_bytes()), 422, "invalid_input")


@pytest.mark.parametrize("file", [file for file in FILES if file.name.startswith("i_")], ids=lambda file: file.stem)
def test_what_json_leaves_open_is_one_or_the_other(client: Client, file: Path) -> None:
    response = client.post("/evaluate", file.read_bytes())
    assert response.status_code in {400, 422}
    assert assert_problem(response, response.status_code, response.json()["type"].removeprefix("/problems/"))


def test_the_corpus_is_here() -> None:
    assert len(FILES) == 318
