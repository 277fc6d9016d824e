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


def test_facts_are_those_at_the_parameters_asked_for(client: Client) -> None:
    asked = client.get("/activations/LeakyReLU?alpha=0.2").json()
    assert asked["kinks"] == [{"x": 0.0, "left": 0.2, "right": 1.0, "convention": 0.2}]
    assert asked["derivative_extrema"]["minimum"]["value"] == 0.2
    assert asked["parameters"] == client.get("/activations/leaky_relu").json()["parameters"]
    tanh = client.get("/activations/hard_tanh?min_val=-3").json()
    assert (tanh["range"], tanh["kinks"][0]["x"]) == ({"lower": -3.0, "upper": 1.0}, -3.0)
    steep = {problem["code"] for problem in client.get("/activations/scaled_tanh?alpha=0.1").json()["problems"]}
    assert "vanishing_gradient" in steep


@pytest.mark.parametrize("query", ["negative_slope=x", "negative_slope=1e101", "slope=1", "alpha=1&negative_slope=2"])
def test_parameters_that_are_none_are_refused(client: Client, query: str) -> None:
    name = "slope" if query == "slope=1" else "negative_slope"
    assert_problem(client.get(f"/activations/leaky_relu?{query}"), 422, "invalid_input", parameter=name)


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
