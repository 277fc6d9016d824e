"""Compressed bodies, wherever there is a body: the same answers, and limits on what is sent and on what it holds."""

import asyncio
import gzip
import json
import tracemalloc
import zlib
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import httpx
import numpy as np
import pytest
from backports import zstd
from numpy.testing import assert_array_equal
from safetensors.numpy import save
from starlette.types import Message

from service.api.codings import Inflated
from service.errors import LimitExceeded
from service.settings import Settings
from service.wire.npy import write_header
from tests.api.test_inference import BYTES, INFER, LENGTH, announced
from tests.api.test_limits import assert_limit, limited
from tests.api.test_npy import NPY, file, load
from tests.api.test_npy_streams import Talk, said
from tests.client import JSON, Client, assert_problem

COMPRESS: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.compress, "X-GZip": gzip.compress, "zstd": zstd.compress}
QUESTION = b'{"activation":"gelu","x":[1,-2,"NaN"]}'
MEBI = 2**20
ZEROS = zlib.compressobj(9, zlib.DEFLATED, 31)
GZIP_START = ZEROS.compress(bytes(16 * MEBI)) + ZEROS.flush(zlib.Z_FULL_FLUSH)
GZIP_ZEROS = ZEROS.compress(bytes(16 * MEBI)) + ZEROS.flush(zlib.Z_FULL_FLUSH)  # may be repeated
BOMBS = {  # of 10 GB each
    "one member of gzip": ("gzip", GZIP_START + GZIP_ZEROS * 600),
    "many members of gzip": ("gzip", gzip.compress(bytes(16 * MEBI)) * 600),
    "frames of zstd": ("zstd", zstd.compress(bytes(64 * MEBI), 19) * 150),
}
FLOW = {
    "input": {"values": [[1.0, 2.0]]},
    "layers": [{"units": 2, "activation": "relu", "weights": "ones"}],
    "remedies": False,
}
FORM = {"Content-Type": "multipart/form-data; boundary=b"}
UPLOAD = FLOW | {"input": {"tensor": "x"}}
TENSORS = save({"x": np.ones((64, 64))})
PARTS = (
    b'--b\r\nContent-Disposition: form-data; name="request"\r\n\r\n%b\r\n'
    b'--b\r\nContent-Disposition: form-data; name="tensors"\r\n\r\n%b\r\n--b--\r\n'
) % (json.dumps(UPLOAD).encode(), TENSORS)
LONG = np.linspace(-3, 3, 100_000)
REQUESTS: list[tuple[str, bytes, dict[str, str]]] = [
    ("/evaluate", QUESTION, JSON),
    ("/evaluate", json.dumps({"activation": "relu", "x": LONG.tolist()}).encode(), JSON),
    ("/derivative", QUESTION, JSON),
    ("/gradient-flow", json.dumps(FLOW).encode(), JSON),
    ("/gradient-flow", PARTS, FORM),
    ("/gradient-flow/mean-field", b'{"activation": "tanh", "sigma_w": 1.5}', JSON),
    ("/gradient-flow/training", json.dumps(FLOW | {"steps": 2, "loss": "mean"}).encode(), JSON),
    (INFER, announced() + BYTES, {LENGTH: str(len(announced()))}),
    (INFER, LONG.tobytes(), {LENGTH: "0", "Content-Type": "application/octet-stream"}),
    ("/evaluate?activation=relu", file(LONG), {"Content-Type": NPY}),
    ("/evaluate?activation=softmax", file(LONG), {"Content-Type": NPY, "Accept": NPY}),
    ("/derivative?activation=relu", file(LONG[:9]), {"Content-Type": NPY, "Accept": NPY}),
    ("/derivative?activation=mish", file(LONG), {"Content-Type": NPY, "Accept": NPY}),
]


async def chunks(body: bytes, size: int) -> AsyncIterator[bytes]:
    for start in range(0, len(body), size):
        yield body[start : start + size]


@pytest.mark.parametrize("coding", COMPRESS)
@pytest.mark.parametrize(("path", "body", "headers"), REQUESTS)
def test_a_compressed_body_is_answered_as_the_same_body_plain(
    client: Client, path: str, body: bytes, headers: dict[str, str], coding: str
) -> None:
    plain = client.post(path, body, headers=headers)
    coded = headers | {"Content-Encoding": coding}
    compressed = COMPRESS[coding](body)
    answers = [client.post(path, compressed, headers=coded)]
    for size in (1 + len(compressed) // 50, 2**16):
        answers += [client.request("POST", path, content=chunks(compressed, size), headers=coded)]
    for answer in answers:
        assert (plain.status_code, answer.status_code) == (200, 200)
        assert answer.content == plain.content


@pytest.mark.parametrize("coding", ["identity", "Identity", "", ",", "identity,"])
def test_a_body_may_be_said_to_be_as_it_is(client: Client, coding: str) -> None:
    assert client.post("/evaluate", QUESTION, headers=JSON | {"Content-Encoding": coding}).status_code == 200


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
@pytest.mark.parametrize(("path", "body", "headers"), REQUESTS)
def test_a_body_that_is_not_compressed_as_it_says_is_malformed(
    client: Client, path: str, body: bytes, headers: dict[str, str], coding: str
) -> None:
    other = COMPRESS["zstd" if coding == "gzip" else "gzip"](body)
    for wrong in (b"", body, other, COMPRESS[coding](body)[:12], COMPRESS[coding](body[:100]) + b"\0"):
        response = client.post(path, wrong, headers=headers | {"Content-Encoding": coding})
        assert_problem(response, 400, "malformed_coding")


def test_compressed_twice_is_not_understood(client: Client) -> None:
    twice = gzip.compress(gzip.compress(QUESTION))
    response = client.post("/evaluate", twice, headers=JSON | {"Content-Encoding": "gzip, gzip"})
    assert_problem(response, 415, "unsupported_media_type")
    response = client.post("/evaluate", twice, headers=JSON | {"Content-Encoding": "gzip"})
    assert_problem(response, 400, "malformed_json")


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
@pytest.mark.parametrize("size", [1000, 3 * MEBI])
def test_a_body_may_inflate_to_as_many_bytes_as_allowed(client: Client, coding: str, size: int) -> None:
    body = QUESTION.ljust(size)
    compressed, headers = COMPRESS[coding](body), JSON | {"Content-Encoding": coding}
    assert limited(client, max_decoded_body_bytes=size).post("/evaluate", compressed, headers=headers).is_success
    response = limited(client, max_decoded_body_bytes=size - 1).post("/evaluate", compressed, headers=headers)
    assert_limit(assert_problem(response, 413, "limit_exceeded"), "max_decoded_body_bytes", size - 1)


@pytest.mark.parametrize("announced", [True, False])
def test_a_compressed_body_may_have_as_many_bytes_as_allowed(client: Client, announced: bool) -> None:
    compressed, headers = gzip.compress(QUESTION.ljust(MEBI)), JSON | {"Content-Encoding": "gzip"}

    def send(most: int) -> httpx.Response:
        content: Any = compressed if announced else chunks(compressed, 7)  # any: bytes, or an iterator of them
        return limited(client, max_body_bytes=most).request("POST", "/evaluate", content=content, headers=headers)

    assert send(len(compressed)).status_code == 200
    refused = assert_problem(send(len(compressed) - 1), 413, "limit_exceeded")
    assert_limit(refused, "max_body_bytes", len(compressed) - 1)


@pytest.mark.parametrize("name", BOMBS)
@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/evaluate", JSON),
        ("/gradient-flow", FORM),
        (INFER, {LENGTH: "0"}),
        ("/evaluate?activation=softmax", {"Content-Type": NPY}),
    ],
)
def test_a_bomb_is_refused_before_it_takes_memory(
    client: Client, name: str, path: str, headers: dict[str, str]
) -> None:
    coding, bomb = BOMBS[name]
    small = limited(client, max_decoded_body_bytes=MEBI)
    tracemalloc.start()
    try:
        response = small.post(path, bomb, headers=headers | {"Content-Encoding": coding})
        assert tracemalloc.get_traced_memory()[1] < 6 * MEBI
    finally:
        tracemalloc.stop()
    assert_limit(assert_problem(response, 413, "limit_exceeded"), "max_decoded_body_bytes", MEBI)


@pytest.mark.parametrize("most", [1, 100, 2**14, 2**18 + 1])
@pytest.mark.parametrize("name", BOMBS)
def test_no_more_than_one_byte_too_many_is_inflated(client: Client, name: str, most: int) -> None:
    coding, bomb = BOMBS[name]
    found = 0

    async def receive() -> Message:
        return {"type": "http.request", "body": bomb, "more_body": True}

    async def read() -> None:
        nonlocal found
        inflated = Inflated(receive, coding, Settings(max_decoded_body_bytes=most))  # type: ignore[arg-type]  # a name
        while True:
            found += len((await inflated.receive())["body"])

    with pytest.raises(LimitExceeded):
        client.runner.run(read())
    assert found <= most


def test_a_window_beyond_what_is_allowed_is_refused(client: Client) -> None:
    compressor = zstd.ZstdCompressor(options={zstd.CompressionParameter.window_log: 27})
    body = compressor.compress(QUESTION) + compressor.flush()
    response = client.post("/evaluate", body, headers=JSON | {"Content-Encoding": "zstd"})
    document = assert_problem(response, 413, "limit_exceeded")
    assert document["limit"] == {"name": "max_zstd_window", "value": 8 * MEBI}


class Deaf(Talk):
    """Keeps count of what is answered, and nothing else."""

    heard_bytes = 0

    async def hear(self, message: Message) -> None:
        self.heard = [*self.heard[:1], message]
        self.heard_bytes += len(message.get("body", b""))


def zeros(number: int) -> Iterator[Message]:
    """An NPY file of so many zeros, compressed on its way."""
    compressor = zlib.compressobj(1, zlib.DEFLATED, 31)
    yield from said(compressor.compress(write_header(np.dtype("<f8"), (number,))), end=False)
    for _ in range(number // 2**17):
        yield from said(compressor.compress(bytes(2**20)), end=False)
    yield from said(compressor.flush())


def test_a_compressed_stream_may_be_longer_than_other_bodies_and_takes_little_memory(client: Client) -> None:
    small, number = limited(client, max_decoded_body_bytes=1000, max_body_bytes=100_000), 2**23
    talk = Deaf(zeros(number))
    tracemalloc.start()
    try:
        client.runner.run(talk.run(small, coding="gzip"))
        assert tracemalloc.get_traced_memory()[1] < 8 * MEBI
    finally:
        tracemalloc.stop()
    assert (talk.complete, talk.heard_bytes) == (True, 128 + 8 * number)


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
def test_the_answer_to_a_compressed_stream_begins_before_the_question_ends(client: Client, coding: str) -> None:
    compressor: Any = zlib.compressobj(wbits=31) if coding == "gzip" else zstd.ZstdCompressor()  # any: of either kind
    flush: Any = zlib.Z_SYNC_FLUSH if coding == "gzip" else zstd.ZstdCompressor.FLUSH_BLOCK
    x, heard = np.arange(8.0), []

    def messages() -> Iterator[Message]:
        for part in [write_header(x.dtype, x.shape), *(number.tobytes() for number in x)]:
            yield from said(compressor.compress(part) + compressor.flush(flush), end=False)
            heard.append(len(talk.answered))
        yield from said(compressor.flush())

    talk = Talk(messages())
    client.runner.run(talk.run(client, coding=coding))
    assert heard == [128, *(128 + 8 * number for number in range(1, 8)), 128 + 56]
    assert_array_equal(load(talk.answered), x)


@pytest.mark.parametrize(
    ("parts", "told"),
    [
        ([b""], "ends within its gzip data"),
        ([b"garbage", b""], "cannot be read as gzip after 128 inflated bytes"),
        ([b"\0\0\0\xff\xff" * 30, *[b"\0\0\0\xff\xff" * 100] * 2], "more than 500 bytes longer than its content"),
    ],
)
def test_a_compressed_stream_that_breaks_breaks_the_answer_off(
    client: Client, parts: list[bytes], told: str, caplog: pytest.LogCaptureFixture
) -> None:
    compressor = zlib.compressobj(wbits=31)
    begun = compressor.compress(write_header(np.dtype("<f8"), (8,))) + compressor.flush(zlib.Z_SYNC_FLUSH)
    talk = Talk(said(begun, *parts))
    client.runner.run(talk.run(limited(client, max_body_bytes=500), coding="gzip"))
    assert (talk.heard[0]["status"], talk.complete) == (200, False)
    (record,) = caplog.records
    assert told in record.message


@pytest.mark.parametrize("number", [0, 1, 3])
def test_a_compressed_file_of_another_length_than_it_says_is_malformed(client: Client, number: int) -> None:
    talk = Talk(said(gzip.compress(write_header(np.dtype("<f8"), (2,)) + bytes(8 * number))))
    client.runner.run(talk.run(client, coding="gzip"))
    assert talk.heard[0]["status"] == 400
    assert b"malformed_npy" in talk.answered


def test_a_client_that_goes_away_is_let_go(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    for length in (5, 60):
        body = gzip.compress(file(LONG))[:length]
        client.runner.run(Talk(said(body, end=False)).run(client, coding="gzip"))
    assert not caplog.records


def test_others_are_answered_while_much_is_inflated(client: Client) -> None:
    body = gzip.compress(QUESTION.ljust(32 * MEBI), 1)

    async def talk() -> list[str]:
        ended: list[str] = []

        async def ask(name: str, method: str, path: str, **given: Any) -> None:  # noqa: ANN401  httpx knows them
            async with httpx.AsyncClient(transport=httpx.ASGITransport(client.app), base_url="http://a") as asking:
                assert (await asking.request(method, path, **given)).status_code == 200
            ended.append(name)

        much = asyncio.create_task(
            ask("much", "POST", "/evaluate", content=body, headers=JSON | {"Content-Encoding": "gzip"})
        )
        while not much.done() and len(ended) < 5:
            await ask("little", "GET", "/healthz")
        await much
        return ended

    assert client.runner.run(talk())[-1] == "much"
