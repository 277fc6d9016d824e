"""Inflating: the same bytes however they are cut, never more than asked for, and nothing but what was compressed."""

import gzip
import zlib
from contextlib import suppress
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from backports import zstd
from hypothesis import given, settings
from hypothesis import strategies as st

from service.errors import LimitExceeded, MalformedCoding
from service.wire.codings import MAX_ZSTD_WINDOW, Coding, Inflater

TEXT = np.random.default_rng(0).bytes(3000) + bytes(40_000)
WINDOW = zstd.CompressionParameter.window_log
CODINGS: list[Coding] = ["gzip", "zstd"]
COMPRESS = {"gzip": lambda data: gzip.compress(data, mtime=0), "zstd": zstd.compress}
SKIPPED = b"\x50\x2a\x4d\x18\x05\x00\x00\x00hello"  # a frame of zstd that holds nothing


def framed(data: bytes, window: int, end: bool = True) -> bytes:
    """One frame that does not tell how long its content is."""
    compressor = zstd.ZstdCompressor(options={WINDOW: window})
    return compressor.compress(data) + (compressor.flush() if end else b"")


def inflate(coding: Coding, *parts: bytes, at_most: int = 1000) -> bytes:
    """All that the parts hold, taken in pieces."""
    inflater, found = Inflater(coding), b""
    for part in parts:
        inflater.feed(part)
        while not inflater.empty:
            piece = inflater.take(at_most)
            assert len(piece) <= at_most
            found += piece
            assert inflater.inflated == len(found)
        assert inflater.take(at_most) == b""
    inflater.end()
    return found


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("content", [b"", b"a", TEXT, TEXT * 30])
@pytest.mark.parametrize("at_most", [1000, 2**18])
def test_what_was_compressed_is_inflated(coding: Coding, content: bytes, at_most: int) -> None:
    body = COMPRESS[coding](content)
    assert inflate(coding, body, at_most=at_most) == content
    assert inflate(coding, body[:7], body[7:], b"", at_most=at_most) == content


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_it_may_be_cut_anywhere(data: Any) -> None:  # noqa: ANN401  hypothesis's own type
    coding = data.draw(st.sampled_from(CODINGS))
    contents = data.draw(st.lists(st.binary(max_size=300), min_size=1, max_size=4))
    body = b"".join(map(COMPRESS[coding], contents))
    places = [0, *sorted(data.draw(st.lists(st.integers(0, len(body)), max_size=8))), len(body)]
    parts = [body[start:end] for start, end in pairwise(places)]
    assert inflate(coding, *parts, at_most=data.draw(st.integers(1, 400))) == b"".join(contents)


@pytest.mark.parametrize("coding", CODINGS)
def test_several_members_are_one_content(coding: Coding) -> None:
    pieces = [b"one", b"", TEXT, b"three"]
    assert inflate(coding, b"".join(map(COMPRESS[coding], pieces))) == b"".join(pieces)


def test_frames_to_be_skipped_are_skipped() -> None:
    assert inflate("zstd", SKIPPED + zstd.compress(b"a") + SKIPPED + zstd.compress(b"b") + SKIPPED) == b"ab"


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("at_most", [100, 43_000])
def test_a_body_that_ends_early_is_told(coding: Coding, at_most: int) -> None:
    body = COMPRESS[coding](TEXT)
    for length in [*range(30), *range(len(body) - 30, len(body))]:
        with pytest.raises(MalformedCoding, match=rf"ends within its {coding} data, after \d+ inflated bytes"):
            inflate(coding, body[:length], at_most=at_most)
    with pytest.raises(MalformedCoding, match="ends within"):
        inflate(coding, COMPRESS[coding](b"a") + body[:-1])


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("garbage", [b"\0", b"\0" * 100, b"garbage", b"\x1f\x8b", b"\x28\xb5\x2f\xfd\xff", b"{}"])
def test_what_follows_is_refused(coding: Coding, garbage: bytes) -> None:
    with pytest.raises(MalformedCoding):
        inflate(coding, COMPRESS[coding](TEXT) + garbage)
    with pytest.raises(MalformedCoding):
        inflate(coding, COMPRESS[coding](TEXT), garbage)


@pytest.mark.parametrize("coding", CODINGS)
def test_damage_is_told(coding: Coding) -> None:
    body = (
        COMPRESS[coding](TEXT)
        if coding == "gzip"
        else zstd.compress(TEXT, options={zstd.CompressionParameter.checksum_flag: 1})
    )
    for place in [0, 1, 2, 3, len(body) // 2, len(body) - 1]:
        damaged = body[:place] + bytes([body[place] ^ 0x41]) + body[place + 1 :]
        with pytest.raises(MalformedCoding):
            inflate(coding, damaged)


@given(st.binary(max_size=200), st.sampled_from(CODINGS), st.binary(max_size=20))
@settings(max_examples=300, deadline=None)
def test_noise_is_refused_or_inflated(noise: bytes, coding: Coding, content: bytes) -> None:
    for body in (noise, COMPRESS[coding](content)[:10] + noise):
        with suppress(MalformedCoding, LimitExceeded):
            inflate(coding, body)


@pytest.mark.parametrize("body", [zlib.compress(TEXT), zlib.compress(TEXT)[2:-4], zstd.compress(TEXT)])
def test_gzip_is_gzip_only(body: bytes) -> None:
    with pytest.raises(MalformedCoding, match="cannot be read as gzip after 0 inflated bytes"):
        inflate("gzip", body)


def test_a_frame_with_a_dictionary_is_refused() -> None:
    dictionary = zstd.train_dict([b"%d times a sample of what comes" % i for i in range(2000)], 2000)
    with pytest.raises(MalformedCoding):
        inflate("zstd", zstd.compress(b"7 times a sample of what comes", zstd_dict=dictionary))


def test_a_window_may_be_as_large_as_allowed() -> None:
    assert inflate("zstd", framed(TEXT, 23)) == TEXT
    with pytest.raises(LimitExceeded, match=f"look back on more than {MAX_ZSTD_WINDOW} bytes"):
        inflate("zstd", framed(TEXT, 24))
    with pytest.raises(LimitExceeded):
        inflate("zstd", zstd.compress(b"a") + framed(b"", 31))


@pytest.mark.parametrize("coding", CODINGS)
def test_members_may_not_be_many_and_small(coding: Coding) -> None:
    empty, small, large = (COMPRESS[coding](content) for content in (b"", b"a", bytes(1024)))
    assert inflate(coding, small * 1001) == b"a" * 1001
    for body in (small * 1002, empty * 100_000):
        with pytest.raises(MalformedCoding, match="more than 1000 pieces, of less than 1024 bytes on average"):
            inflate(coding, body)
    assert inflate(coding, large * 3000) == bytes(1024 * 3000)
