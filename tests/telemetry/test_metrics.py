"""What is counted, and by which labels."""

import asyncio

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openly
from prometheus_client.parser import text_string_to_metric_families as read_plainly

from service.activations import catalogue
from service.api.admission import Gate
from service.api.middleware import Envelope
from service.app import PATHS, create_app
from service.settings import Settings
from service.telemetry.exposition import expose
from service.telemetry.families import FAMILIES
from service.telemetry.metrics import METHODS, NO_ROUTE, REASONS, SECONDS, STATUSES, Metrics
from tests.client import JSON, Client

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]

RELU = {"activation": "relu", "x": [[-1.0, 2.0, "NaN"]]}
INFER = {"inputs": [{"name": "x", "shape": [2], "datatype": "FP64", "data": [0.5, -1]}]}
NETWORK = {
    "input": {"distribution": "normal", "features": 2, "batch": 1},
    "layers": [{"units": 1, "activation": "relu", "weights": "ones"}],
}


@pytest.fixture
def own(runner: asyncio.Runner) -> Client:
    """An application that has counted nothing yet."""
    return Client(runner, Settings(max_elements=100))


def samples(client: Client) -> Samples:
    return read(client.get("/metrics").text)


def read(text: str) -> Samples:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in read_plainly(text)
        for sample in family.samples
    }


def value(found: Samples, name: str, **labels: str) -> float | None:
    return found.get((name, frozenset(labels.items())))


def test_requests_are_counted_by_route_method_and_class_of_status(own: Client) -> None:
    own.post("/evaluate", RELU)
    own.post("/evaluate", RELU)
    own.post("/evaluate", b"{")
    own.get("/activations/relu")
    own.request("HEAD", "/activations/gelu")
    own.get("/evaluate")
    own.request("OPTIONS", "/evaluate")
    own.request("PROPFIND", "/evaluate")
    found = samples(own)
    name = "actiscope_requests_total"
    assert value(found, name, route="/evaluate", method="POST", status="2xx") == 2
    assert value(found, name, route="/evaluate", method="POST", status="4xx") == 1
    assert value(found, name, route="/evaluate", method="GET", status="4xx") == 1
    assert value(found, name, route="/evaluate", method="OPTIONS", status="4xx") == 1
    assert value(found, name, route="/evaluate", method="other", status="4xx") == 1
    assert value(found, name, route="/activations/{name}", method="GET", status="2xx") == 1
    assert value(found, name, route="/activations/{name}", method="HEAD", status="2xx") == 1
    assert value(found, "actiscope_request_seconds_count", route="/evaluate") == 6


def test_numbers_bytes_and_operations_are_counted(own: Client) -> None:
    own.post("/evaluate", RELU)
    upstream = {"activation": "softmax", "x": [1.0, 2.0], "upstream": [1.0, 1.0]}
    differentiated = [own.post("/derivative", asked) for asked in (RELU | {"activation": "ReLU"}, upstream)]
    own.post("/evaluate", {"activation": "gelu", "x": [[1.0, 2.0]], "weights": [[1.0], [2.0]]})
    own.post("/v2/models/SiLU/infer", INFER)
    own.post("/gradient-flow", NETWORK)
    own.post("/gradient-flow/training", NETWORK | {"data": "two_moons", "steps": 1, "learning_rate": 0.1})
    found = samples(own)
    elements = {function: value(found, "actiscope_elements_total", function=function) for function in ("relu", "gelu")}
    assert elements == {"relu": 6, "gelu": 2}
    assert value(found, "actiscope_elements_total", function="softmax") == 2
    assert value(found, "actiscope_elements_total", function="silu") == 2
    received = sum(len(each.request.content) for each in differentiated)
    sent = sum(len(each.content) for each in differentiated)
    assert value(found, "actiscope_request_body_bytes_total", route="/derivative") == received
    assert value(found, "actiscope_response_body_bytes_total", route="/derivative") == sent
    assert (value(found, "actiscope_operations_total", route="/gradient-flow") or 0) > 0
    assert (value(found, "actiscope_operations_total", route="/gradient-flow/training") or 0) > 0
    assert value(found, "actiscope_operations_total", route="/evaluate") is None


def test_refusals_are_counted_by_reason(own: Client) -> None:
    assert own.post("/evaluate", {"activation": "relu", "x": [0.0] * 101}).status_code == 413
    assert own.post("/evaluate", b"[" * 100).status_code == 400
    app = create_app(Settings(keys="a:" + "0" * 64, requests_per_address=1))
    guarded = Client(own.runner, app=app)
    assert [guarded.get("/limits").status_code for _ in range(2)] == [401, 429]
    assert value(samples(own), "actiscope_refusals_total", reason="limit") == 2
    counted = read(expose(app.observer.metrics, "", openly=False).decode())
    assert value(counted, "actiscope_refusals_total", reason="key") == 1
    assert value(counted, "actiscope_refusals_total", reason="rate") == 1
    assert value(counted, "actiscope_requests_total", route=NO_ROUTE, method="GET", status="4xx") == 2


def test_what_a_stranger_chooses_makes_no_label(own: Client) -> None:
    for name in ("a", "b" * 5000, '"}# HELP x', "%0d%0aevil 1", "é", "{name}"):
        own.get(f"/{name}")
        own.get(f"/activations/{name}")
        own.post(f"/v2/models/{name}/infer", INFER)
        own.request(f"M{len(name)}", "/healthz")
        own.post("/evaluate", {"activation": name, "x": [1.0]})
        own.get("/healthz", headers={"Host": "evil", "X-Request-ID": "evil", "traceparent": "evil"})
    known = {
        "route": {NO_ROUTE, *PATHS},
        "method": set(METHODS),
        "status": set(STATUSES),
        "function": {function.name for function in catalogue()},
        "reason": set(REASONS),
        "le": {*map(repr, SECONDS), "+Inf"},
    }
    text = own.get("/metrics").text
    assert "evil" not in text
    for _, labels in read(text):
        assert all(text in known[name] for name, text in labels if name in known)
        assert {name for name, _ in labels} <= {*known, "pid", "version", "python", "numpy"}


def test_every_metric_is_exposed_as_it_is_described(own: Client) -> None:
    own.post("/evaluate", RELU)
    own.post("/gradient-flow", NETWORK)
    own.get("/metrics")
    plainly = own.get("/metrics").text
    openly = own.get("/metrics", headers={"Accept": "application/openmetrics-text;version=1.0.0"}).text
    for text, parse in ((plainly, read_plainly), (openly, read_openly)):
        families = {family.name: family for family in parse(text)}
        assert set(families) == {name.removesuffix("_total") for name in FAMILIES}
        for name, family in FAMILIES.items():
            found = families[name.removesuffix("_total")]
            assert (found.type, found.documentation) == (family.kind, family.help)
            assert found.samples
            assert all(set(sample.labels) - {"le"} == set(family.labels) for sample in found.samples)
    assert openly.endswith("# EOF\n")


def test_a_histogram_holds_what_took_no_longer(own: Client) -> None:
    own.get("/healthz")
    found = samples(own)
    name = "actiscope_request_seconds"
    within = [value(found, f"{name}_bucket", route="/healthz", le=f"{bound!r}") or 0 for bound in SECONDS]
    assert within == sorted(within)
    assert value(found, f"{name}_bucket", route="/healthz", le="+Inf") == value(
        found, f"{name}_count", route="/healthz"
    )
    assert (value(found, f"{name}_sum", route="/healthz") or 0) > 0


def test_requests_in_flight_end_however_they_end(own: Client) -> None:
    async def broken(*_: object) -> None:
        raise RuntimeError

    assert value(samples(own), "actiscope_requests_in_flight") == 1
    app = create_app(Settings())
    app.front = Envelope(broken, "", app.observer)
    assert Client(own.runner, app=app).get("/healthz").status_code == 500
    counted = read(expose(app.observer.metrics, "", openly=False).decode())
    assert value(counted, "actiscope_requests_in_flight") == 0
    assert value(counted, "actiscope_requests_total", route=NO_ROUTE, method="GET", status="5xx") == 1


def test_levels_are_those_that_were_set_last() -> None:
    metrics = Metrics()
    metrics.gauge("actiscope_queue_depth", 7)
    metrics.gauge("actiscope_queue_depth", 3)
    metrics.refused("overload")
    counted = read(expose(metrics, "", openly=False).decode())
    assert value(counted, "actiscope_queue_depth") == 3
    assert value(counted, "actiscope_refusals_total", reason="overload") == 1


def test_what_is_worked_on_and_what_waits_are_levels(own: Client) -> None:
    metrics = Metrics()
    gate = Gate(Settings(max_running=1), metrics)

    def levels() -> tuple[float | None, float | None]:
        found = read(expose(metrics, "", openly=False).decode())
        return value(found, "actiscope_work_running"), value(found, "actiscope_queue_depth")

    async def both() -> list[tuple[float | None, float | None]]:
        return list(await asyncio.gather(gate.step(levels), gate.step(levels)))

    first, second = own.runner.run(both())
    assert first in {(1, 0), (1, 1)}  # the second may have come by then, or not
    assert second == (1, 0)
    assert levels() == (0, 0)


def test_numbers_of_a_stream_are_counted_as_they_are_computed(own: Client) -> None:
    file = b"\x93NUMPY\x01\x00v\x00" + b"{'descr': '<f8', 'fortran_order': False, 'shape': (3,), }".ljust(117) + b"\n"
    headers = {"Content-Type": "application/x-npy", "Accept": "application/x-npy"}
    for accept in headers, JSON | headers | {"Accept": "application/json"}:
        asked = own.request("POST", "/evaluate?activation=tanh", content=file + bytes(24), headers=accept)
        assert asked.status_code == 200
    assert value(samples(own), "actiscope_elements_total", function="tanh") == 6
