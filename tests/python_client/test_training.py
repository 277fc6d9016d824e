"""Trainings as iterators, to their end and broken off on the way."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator

import httpx
import numpy as np
import pytest

from service.client import Client, NoAnswer, NotUnderstood, Problem
from service.errors import InvalidInput, NotReady
from tests.client import Client as Application
from tests.live import started
from tests.python_client.asking import Either, answering

REQUEST = {
    "layers": [
        {"units": 8, "activation": "relu", "weights": "he_normal"},
        {"units": 10, "activation": "identity", "weights": "glorot_normal"},
    ],
    "data": "digits",
    "steps": 20,
    "learning_rate": 0.1,
}
RECORD = {
    "step": 1,
    "loss": 2.5,
    "accuracy": None,
    "gradient_norms": ["Infinity", 1.0],
    "dead_units": [0, None],
    "path_ratio": None,
    "diverged": False,
    "a member of tomorrow": 1,
}
DRAINING = {
    "problem": {
        "type": "/problems/draining",
        "title": "The service is ending",
        "status": 503,
        "detail": "The service ends before this stream.",
        "instance": "/gradient-flow/training",
    }
}


def lines(*records: object) -> bytes:
    """Records as they travel."""
    return b"".join(json.dumps(record).encode() + b"\n" for record in records)


def test_every_step_is_told_and_then_the_summary(ask: Either, client: Application) -> None:
    with ask.train(REQUEST) as training:
        records = list(training)
    told = client.post("/gradient-flow/training", REQUEST).text.splitlines()
    assert [record.step for record in records] == list(range(1, 21))
    assert [record.loss for record in records] == [json.loads(line)["loss"] for line in told[:-1]]
    assert training.summary.loss.end == json.loads(told[-1])["summary"]["loss"]["end"]
    assert training.losses == [record.loss for record in records]
    assert list(training) == []


def test_who_looks_at_a_few_steps_and_leaves_stops_it(live: Either) -> None:
    with live.train(REQUEST | {"steps": 100_000}) as training:
        assert next(training).step == 1
        assert next(training).step == 2
        with pytest.raises(NoAnswer, match="2 steps"):
            _ = training.summary
    assert list(training) == []


def test_nothing_is_asked_before_the_first_step_is_wanted(ask: Either) -> None:
    with ask.train({}):
        pass
    with pytest.raises(InvalidInput):
        next(ask.train({}))


def test_data_of_ones_own_may_be_uploaded(ask: Either) -> None:
    x = np.random.default_rng(0).normal(size=(20, 3))
    data = {"values": {"tensor": "x"}, "targets": {"tensor": "classes"}}
    request = {"layers": [{"units": 2, "activation": "identity", "weights": "glorot_normal"}], "data": data, "steps": 3}
    with ask.train(request, {"x": x, "classes": (x[:, 0] > 0).astype(int)}) as training:
        assert len(list(training)) == 3


@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_records_are_put_together_wherever_they_are_cut(runner: asyncio.Runner, which: int, size: int) -> None:
    body = lines(RECORD, RECORD | {"step": 2})
    client = answering(runner, lambda _: httpx.Response(200, stream=_Cut(body, size)))[which]
    training = client.train(REQUEST)
    first = next(training)
    assert (first.gradient_norms, first.dead_units) == ((np.inf, 1.0), (0, None))
    assert next(training).step == 2
    with pytest.raises(NoAnswer, match="2 steps were told, and no end"):
        next(training)


class _Cut(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body in pieces of this size."""

    def __init__(self, body: bytes, size: int) -> None:
        self._pieces = [body[start : start + size] for start in range(0, len(body), size)]

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._pieces)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self._pieces:
            yield piece


@pytest.mark.parametrize("which", [0, 1])
def test_a_problem_in_place_of_a_record_is_raised(runner: asyncio.Runner, which: int) -> None:
    client = answering(runner, lambda _: httpx.Response(200, content=lines(RECORD, DRAINING)))[which]
    training = client.train(REQUEST)
    next(training)
    with pytest.raises(NotReady, match="ends before this stream") as failure:
        next(training)
    assert isinstance(failure.value, Problem)


@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize(
    "body", [b"<html>\n", b"[]\n", lines({"step": 1}), lines({"done": True}), lines({"problem": 1})]
)
def test_records_of_another_kind_are_not_understood(runner: asyncio.Runner, which: int, body: bytes) -> None:
    with pytest.raises(NotUnderstood):
        next(answering(runner, lambda _: httpx.Response(200, content=body))[which].train(REQUEST))


@pytest.mark.parametrize("which", [0, 1])
def test_a_training_waits_for_its_turn(runner: asyncio.Runner, which: int) -> None:
    refusals = iter([httpx.Response(503, headers={"retry-after": "0"}, text="wait")])
    client = answering(runner, lambda _: next(refusals, None) or httpx.Response(200, content=lines(RECORD)))[which]
    assert next(client.train(REQUEST)).step == 1


def test_a_service_that_is_killed_on_the_way_gives_no_answer() -> None:
    with started() as service, Client(f"http://{service.address}") as client:
        training = client.train(REQUEST | {"steps": 100_000})
        assert next(training).step == 1
        service.process.kill()
        with pytest.raises(NoAnswer):
            for _ in training:
                pass


def test_a_service_that_is_told_to_end_says_so() -> None:
    with started(ACTISCOPE_DRAIN_SECONDS="1") as service, Client(f"http://{service.address}") as client:
        training = client.train(REQUEST | {"steps": 100_000})
        next(training)
        service.process.terminate()
        with pytest.raises(NotReady):
            for _ in training:
                pass


def test_progress_is_shown_where_it_is_wanted(ask: Either, capsys: pytest.CaptureFixture[str]) -> None:
    for wanted in (None, False):
        list(ask.train(REQUEST, progress=wanted))
        assert capsys.readouterr() == ("", "")
    list(ask.train(REQUEST, progress=True))
    shown = capsys.readouterr().err
    assert shown.endswith("\n")
    assert "████████████████████████ 20/20  loss" in shown
    assert max(map(len, shown.split("\r"))) < 80


def test_a_training_is_drawn(ask: Either) -> None:
    training = ask.train(REQUEST)
    assert "0 steps" in training._repr_html_()
    list(training)
    assert "<polyline" in training._repr_html_()
