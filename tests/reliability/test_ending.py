"""The service is told to end while it works: what it has begun to read is answered, and it ends well."""

import asyncio
import json
import signal
from collections.abc import Iterator
from typing import Any

import pytest

from tests.live import PATIENCE, Service, started
from tests.reliability import SOAK_SECONDS
from tests.reliability.exchange import Answer, ask, connected, request
from tests.reliability.hostile import FLOW, JSON
from tests.reliability.load import Client, Tally, keeping
from tests.reliability.properties import assert_sound

CLIENTS = 16
BEFORE = 10_000 if SOAK_SECONDS else 500  # answers before it is told to end
SMALL = keeping("POST", "/evaluate", b'{"activation":"relu","x":[-1,2]}')
SOME = keeping("POST", "/gradient-flow", json.dumps(FLOW).encode())
LONG = json.dumps(FLOW | {"input": {"distribution": "normal", "features": 512, "batch": 512}, "trials": 300}).encode()
HUGE = json.dumps(FLOW | {"input": {"distribution": "normal", "features": 512, "batch": 4096}, "trials": 1000}).encode()
DIGITS = [{"units": 10, "activation": "identity", "weights": "glorot_normal"}]
ENDLESS = json.dumps({"layers": DIGITS, "data": "digits", "steps": 100_000, "learning_rate": 0.01}).encode()


@pytest.fixture(params=["1", "2"], ids=["one process", "two workers"])
def service(request: pytest.FixtureRequest) -> Iterator[Service]:
    with started("--port", "0", "--workers", request.param) as service:
        service.wait_for(int(request.param))
        yield service
        assert "Traceback" not in service.said()


def end(service: Service) -> None:
    service.process.send_signal(signal.SIGTERM)


def assert_ended_well(service: Service) -> None:
    assert service.process.wait(PATIENCE) == 0, service.said()


def test_no_request_is_lost_that_was_begun_to_be_read(service: Service) -> None:
    tally, stop = Tally(), asyncio.Event()

    async def go() -> None:
        clients = [Client(service.port, SMALL if number % 4 else SOME, tally, stop) for number in range(CLIENTS)]
        running = [asyncio.create_task(client.run()) for client in clients]
        while tally.answered.total() < BEFORE:  # noqa: ASYNC110  the clients count, and know of no event
            await asyncio.sleep(0.01)
        end(service)
        await asyncio.to_thread(assert_ended_well, service)
        stop.set()
        await asyncio.gather(*running)

    asyncio.run(go())
    assert tally.lost == []
    assert set(tally.answered) == {200}
    assert tally.refused


def test_an_answer_that_takes_long_is_brought_to_its_end(service: Service) -> None:
    async def go() -> None:
        answer = asyncio.create_task(ask(service.port, "POST", "/gradient-flow", LONG, JSON))
        await asyncio.sleep(0.3)
        end(service)
        assert (await answer).status == 200
        await asyncio.to_thread(assert_ended_well, service)

    asyncio.run(go())


def test_a_stream_ends_with_a_record_that_says_why(service: Service) -> None:
    async def go() -> list[Any]:  # any: records
        async with connected(service.port) as (reader, writer), asyncio.timeout(PATIENCE):
            writer.write(request("POST", "/gradient-flow/training", ENDLESS, JSON))
            text = await reader.readuntil(b'"step"')
            end(service)
            text += await reader.read()
        await asyncio.to_thread(assert_ended_well, service)
        head, _, body = text.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 ")
        assert body.endswith(b"\r\n0\r\n\r\n")
        return [json.loads(line) for line in _unchunked(body).splitlines()]

    *records, last = asyncio.run(go())
    assert records
    assert not any("problem" in record for record in records)
    assert (last["problem"]["type"], last["problem"]["status"]) == ("/problems/draining", 503)


def _unchunked(body: bytes) -> bytes:
    whole = b""
    while body:
        size, _, body = body.partition(b"\r\n")
        whole, body = whole + body[: int(size, 16)], body[int(size, 16) + 2 :]
    return whole


@pytest.mark.parametrize("workers", [1, 2])
def test_what_takes_too_long_is_refused_when_the_time_is_over(workers: int) -> None:
    async def go(service: Service) -> Answer:
        answer = asyncio.create_task(ask(service.port, "POST", "/gradient-flow", HUGE, JSON))
        await asyncio.sleep(0.5)
        end(service)
        await asyncio.to_thread(assert_ended_well, service)
        return await answer

    with started("--port", "0", "--workers", str(workers), ACTISCOPE_DRAIN_SECONDS="1") as service:
        service.wait_for(workers)
        answer = asyncio.run(go(service))
        assert service.said().count("An answer was given up, as the service ends.") == 1
    assert_sound(answer, {503})
    assert json.loads(answer.body)["limit"]["setting"] == "ACTISCOPE_DRAIN_SECONDS"
