"""`GET /activations` and `GET /activations/{name}`."""

import pytest

from service.activations import catalogue
from service.activations.model import Activation
from tests.client import Client, assert_problem

FIELDS = {
    "name",
    "aliases",
    "family",
    "kind",
    "stochastic",
    "shapes",
    "formula",
    "derivative",
    "parameters",
    "kinks",
    "jumps",
    "range",
    "limits",
    "monotonic",
    "zero_centered",
    "smoothness",
    "derivative_extrema",
    "lipschitz",
    "gains",
    "relative_cost",
    "problems",
    "reference",
}
NAMES = [function.name for function in catalogue()]


def names(client: Client, query: str = "") -> list[str]:
    return [item["name"] for item in client.get(f"/activations{query}").json()["activations"]]


def test_every_function_is_listed_once(client: Client) -> None:
    assert names(client) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_every_function_is_described_as_in_the_list(client: Client, name: str) -> None:
    descriptor = client.get(f"/activations/{name}").json()
    assert set(descriptor) == FIELDS
    assert descriptor in client.get("/activations", params={"q": name}).json()["activations"]


@pytest.mark.parametrize("function", catalogue(), ids=lambda function: function.name)
def test_an_alias_leads_to_the_function_it_names(client: Client, function: Activation) -> None:
    for alias in function.names.all():
        assert client.get(f"/activations/{alias}").status_code == 200


def test_numbers_without_bound_have_names(client: Client) -> None:
    descriptor = client.get("/activations/relu").json()
    assert descriptor["range"] == {"lower": 0.0, "upper": "Infinity"}
    assert client.get("/activations/step").json()["lipschitz"] == "Infinity"


@pytest.mark.parametrize("family", sorted({function.family for function in catalogue()}))
def test_a_family_is_listed_alone(client: Client, family: str) -> None:
    expected = [function.name for function in catalogue() if function.family == family]
    assert names(client, f"?family={family}") == expected


def test_names_and_aliases_are_searched_in_either_case(client: Client) -> None:
    assert "leaky_relu" in names(client, "?q=LEAKY")
    assert "silu" in names(client, "?q=swish")
    assert names(client, "?q=") == NAMES
    assert names(client, "?q=no+such+function") == []


def test_family_and_search_are_both_applied(client: Client) -> None:
    family = client.get("/activations/relu").json()["family"]
    assert set(names(client, f"?q=relu&family={family}")) == set(names(client, "?q=relu")) & set(
        names(client, f"?family={family}")
    )


def test_an_unknown_family_is_answered_with_those_there_are(client: Client) -> None:
    document = assert_problem(client.get("/activations?family=recti"), 422, "invalid_input", parameter="family")
    assert all(function.family in document["detail"] for function in catalogue())


@pytest.mark.parametrize("name", ["reluu", "r%65luu", "rel%20u", "ρελυ", "%00", "x" * 5000, "relu%0d%0aX-Injected:1"])
def test_an_unknown_name_is_not_found(client: Client, name: str) -> None:
    response = client.get(f"/activations/{name}")
    assert_problem(response, 404, "unknown_activation")
    assert "x-injected" not in response.headers


def test_a_percent_encoded_name_is_decoded(client: Client) -> None:
    assert client.get("/activations/r%65lu").json()["name"] == "relu"


def test_near_names_are_listed(client: Client) -> None:
    assert "relu" in assert_problem(client.get("/activations/reluu"), 404, "unknown_activation")["near"]


@pytest.mark.parametrize("path", ["/activations", "/activations?q=relu", "/activations/relu", "/openapi.json", "/docs"])
def test_what_does_not_change_may_be_kept(client: Client, path: str) -> None:
    first = client.get(path)
    etag = first.headers["etag"]
    assert etag.startswith('"')
    assert "max-age" in first.headers["cache-control"]
    for condition in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        again = client.get(path, headers={"If-None-Match": condition})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)
    assert client.get(path, headers={"If-None-Match": '"other"'}).content == first.content


def test_different_pages_have_different_validators(client: Client) -> None:
    tags = {client.get(f"/activations/{name}").headers["etag"] for name in NAMES}
    assert len(tags) == len(NAMES)
