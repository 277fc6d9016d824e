"""What goes wrong: problems as exceptions, silence, strangers, and when a question is put again."""

import asyncio
import pickle
import socket
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from service import errors
from service.client import AsyncClient, Client, NoAnswer, NotUnderstood, Problem, failures
from service.errors import ActiscopeError, Fault
from service.settings import Settings
from tests.python_client.asking import Awaited, Either, answering, in_process

BUSY = {"type": "/problems/overloaded", "title": "Busy", "status": 503, "detail": "Busy.", "instance": "/limits"}
LIMITS = {"limits": [{"name": "a", "value": 1, "unit": "", "setting": None, "description": ""}]}


def busy(status: int = 503, **headers: str) -> httpx.Response:
    """A refusal."""
    told = {
        "content-type": "application/problem+json",
        **{name.replace("_", "-"): text for name, text in headers.items()},
    }
    return httpx.Response(status, json=BUSY | {"status": status}, headers=told)


def well(_request: httpx.Request) -> httpx.Response:
    """A success."""
    return httpx.Response(200, json=LIMITS)


class Counting:
    """Refuses so many times, then answers."""

    def __init__(self, times: int, refusal: Callable[[], httpx.Response]) -> None:
        self.times, self.refusal, self.asked = times, refusal, 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked += 1
        return well(request) if self.asked > self.times else self.refusal()


@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize("status", [429, 503])
def test_it_asks_again_when_it_is_told_after_how_long(runner: asyncio.Runner, which: int, status: int) -> None:
    service = Counting(3, lambda: busy(status, retry_after="0"))
    assert answering(runner, service)[which].limits()["a"].value == 1
    assert service.asked == 4


@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize(
    "refusal",
    [
        lambda: busy(503),
        lambda: busy(429, retry_after="soon"),
        lambda: busy(429, retry_after="-1"),
        lambda: busy(429, retry_after="3600"),
        lambda: busy(503, retry_after="9" * 5000),
        lambda: busy(503, retry_after="Wed, 21 Oct 2015 07:28:00 GMT"),
        lambda: busy(500, retry_after="0"),
        lambda: busy(422, retry_after="0"),
        lambda: busy(413, retry_after="0"),
    ],
)
def test_it_does_not_ask_again_otherwise(
    runner: asyncio.Runner, which: int, refusal: Callable[[], httpx.Response]
) -> None:
    service = Counting(1, refusal)
    with pytest.raises(Problem):
        answering(runner, service)[which].limits()
    assert service.asked == 1


@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize("retries", [0, 2])
def test_it_asks_again_so_often_and_no_more(runner: asyncio.Runner, which: int, retries: int) -> None:
    service = Counting(99, lambda: busy(retry_after="0"))
    with pytest.raises(errors.Overloaded) as failure:
        answering(runner, service, retries=retries)[which].limits()
    assert service.asked == retries + 1
    assert isinstance(failure.value, Problem)


@pytest.mark.parametrize("which", [0, 1])
def test_the_same_is_sent_each_time(runner: asyncio.Runner, which: int) -> None:
    bodies: list[bytes] = []

    def refuse(request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return httpx.Response(404, json=BUSY)
        bodies.append(request.content)
        return busy(retry_after="0")

    client = answering(runner, refuse, retries=1)[which]
    for tensors in (None, b"bytes", {"w": [1.0]}):
        with pytest.raises(Problem):
            client.gradient_flow({"layers": []}, tensors)
    assert len(bodies) == 6
    for first, second in zip(bodies[::2], bodies[1::2], strict=True):
        assert len(first) == len(second) > 10


def test_every_kind_of_problem_is_an_exception_of_the_domain() -> None:
    for code, kind in failures._KINDS.items():
        document = {"type": f"/prefix/problems/{code}", "title": "", "status": 400, "detail": "So.", "instance": "/"}
        raised = failures.problem(document, {"X-Request-ID": "a"})
        assert isinstance(raised, Problem)
        assert isinstance(raised, kind)
        assert (str(raised), raised.code, raised.detail) == ("So.", code, "So.")


def test_problems_survive_the_way_between_processes() -> None:
    document = BUSY | {"errors": [{"pointer": "/a~1b/0", "detail": "x"}], "limit": {"name": "n", "value": 3}}
    raised = failures.problem(document, {"retry-after": "4", "x-request-id": "abc", "authorization": "secret"})
    copied = pickle.loads(pickle.dumps(raised))  # noqa: S301  it is ours
    assert isinstance(copied, errors.Overloaded)
    assert (copied.after, copied.limit, vars(copied)["request_id"]) == (4, errors.Limit("n", 3), "abc")
    assert vars(copied)["faults"] == (Fault(("a/b", 0), "x"),)
    assert b"secret" not in pickle.dumps(raised)


def test_faults_of_a_request_are_told_by_their_paths(ask: Either) -> None:
    with pytest.raises(errors.InvalidInput) as failure:
        ask.gradient_flow({"input": {"distribution": "normal"}, "layers": [{"units": "many", "activation": "relu"}]})
    assert ("input", "features") in [fault.path for fault in failure.value.faults]
    assert isinstance(failure.value, Problem)
    assert failure.value.status == 422
    assert failure.value.request_id


def test_a_limit_is_named(runner: asyncio.Runner) -> None:
    with pytest.raises(errors.LimitExceeded) as failure:
        in_process(runner, Settings(max_body_bytes=1000)).gradient_flow({"input": "x" * 2000})
    assert failure.value.limit == errors.Limit("max_body_bytes", 1000)


def test_a_quota_is_kept_to_and_told(runner: asyncio.Runner) -> None:
    client = in_process(runner, Settings(requests_per_address=1, request_window_seconds=300))
    client.limits()
    with pytest.raises(errors.QuotaExceeded) as failure:
        client.limits()
    assert failure.value.wait > 60  # too long to be waited for


def test_a_key_is_sent(runner: asyncio.Runner, keys: tuple[str, str]) -> None:
    key, line = keys
    assert in_process(runner, Settings(keys=line), key=key).limits()
    for wrong in (None, "wrong"):
        with pytest.raises(errors.Unauthorized) as failure:
            in_process(runner, Settings(keys=line), key=wrong).limits()
        assert failure.value.given == (wrong is not None)


@pytest.mark.parametrize(
    "answer",
    [
        {"status_code": 200, "text": "<html>Welcome</html>"},
        {"status_code": 200, "json": []},
        {"status_code": 200, "json": {"limits": [{"name": 1}]}},
        {"status_code": 200, "json": {"limits": None}},
        {"status_code": 502, "text": "<html>Bad gateway \x00</html>"},
        {"status_code": 302, "headers": {"location": "/login"}},
        {"status_code": 503, "json": {"message": "unavailable"}},
        {"status_code": 400, "json": {"title": "x"}, "headers": {"content-type": "application/problem+json"}},
        {"status_code": 400, "json": [1], "headers": {"content-type": "application/problem+json"}},
        {"status_code": 400, "json": BUSY | {"errors": [{}]}, "headers": {"content-type": "application/problem+json"}},
        {"status_code": 400, "json": BUSY | {"limit": 7}, "headers": {"content-type": "application/problem+json"}},
        {"status_code": 400, "text": "{", "headers": {"content-type": "application/problem+json"}},
        {"status_code": 204},
    ],
)
@pytest.mark.parametrize("which", [0, 1])
def test_who_answers_otherwise_is_not_understood(runner: asyncio.Runner, which: int, answer: dict[str, Any]) -> None:
    with pytest.raises(NotUnderstood):
        answering(runner, lambda _: httpx.Response(**answer))[which].limits()


@pytest.mark.parametrize(
    "body",
    [
        b"<html>",
        b"",
        b"\x93NUMPY\x01\x00",
        b"\x93NUMPY\x01\x00v\x00{'descr': '<f8', 'fortran_order': False, 'shape': (3,), }".ljust(127)
        + b"\n"
        + bytes(24),
        b"\x93NUMPY\x01\x00v\x00{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }".ljust(127)
        + b"\n"
        + bytes(8),
        b"\x93NUMPY\x01\x00v\x00{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }".ljust(127)
        + b"\n"
        + bytes(15),
        b"\x93NUMPY\x01\x00v\x00{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }".ljust(127)
        + b"\n"
        + bytes(17),
        b"\x93NUMPY\x01\x00v\x00{'descr': '|O', 'fortran_order': False, 'shape': (2,), }".ljust(127)
        + b"\n"
        + bytes(16),
    ],
)
@pytest.mark.parametrize("which", [0, 1])
def test_an_array_that_is_another_than_was_asked_for_is_refused(
    ask: Either, runner: asyncio.Runner, which: int, body: bytes
) -> None:
    client = answering(runner, lambda _: httpx.Response(200, content=body))[which]
    session = client.client if isinstance(client, Awaited) else client
    session.known["relu"] = ask.activation("relu")
    with pytest.raises(NotUnderstood):
        client.evaluate("relu", [1.0, 2.0])


def test_where_nothing_listens_there_is_no_answer(runner: asyncio.Runner) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        for client in (Client(address), Awaited(runner, AsyncClient(address))):
            with pytest.raises(NoAnswer, match="/limits") as failure:
                client.limits()
            assert isinstance(failure.value, ActiscopeError)
            assert isinstance(failure.value.__cause__, httpx.ConnectError)


@pytest.mark.parametrize("which", [0, 1])
def test_who_does_not_answer_in_time_gives_no_answer(runner: asyncio.Runner, which: int) -> None:
    def late(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("", request=request)

    with pytest.raises(NoAnswer, match="ReadTimeout"):
        answering(runner, late)[which].limits()
