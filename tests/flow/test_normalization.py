"""Normalizations: what they promise of their values, and pullbacks that are the slopes of these."""

import numpy as np
import pytest

from service.flow.network import Normalization
from service.flow.normalization import EPSILON, normalize

KINDS: tuple[Normalization, ...] = ("layer", "batch", "rms")
G = np.random.default_rng(5).normal(1.0, 2.0, size=(5, 4))
UPSTREAM = np.random.default_rng(6).normal(size=(5, 4))
STEP = 1e-6


def axis_of(kind: Normalization) -> int:
    return 0 if kind == "batch" else 1


@pytest.mark.parametrize("kind", KINDS)
def test_the_mean_square_is_one_but_for_epsilon(kind: Normalization) -> None:
    axis = axis_of(kind)
    spread = np.mean(G**2, axis=axis) if kind == "rms" else np.var(G, axis=axis)
    found = np.mean(normalize(G, kind).y ** 2, axis=axis)
    assert found == pytest.approx(spread / (spread + EPSILON), rel=1e-12)


@pytest.mark.parametrize("kind", ["layer", "batch"])
def test_the_mean_is_zero(kind: Normalization) -> None:
    assert np.mean(normalize(G, kind).y, axis=axis_of(kind)) == pytest.approx(0.0, abs=1e-15)


def test_rms_keeps_the_direction_of_each_sample() -> None:
    ratio = normalize(G, "rms").y / G
    assert ratio == pytest.approx(np.broadcast_to(ratio[:, :1], G.shape), rel=1e-14)


@pytest.mark.parametrize("kind", KINDS)
def test_the_pullback_is_the_slope_of_the_values(kind: Normalization) -> None:
    found = normalize(G, kind).pullback(UPSTREAM)
    for place in np.ndindex(G.shape):
        above, below = G.copy(), G.copy()
        above[place] += STEP
        below[place] -= STEP
        rise = np.sum(UPSTREAM * (normalize(above, kind).y - normalize(below, kind).y))
        assert found[place] == pytest.approx(rise / (2 * STEP), rel=1e-6, abs=1e-8)


@pytest.mark.parametrize("kind", KINDS)
def test_many_gradients_are_pulled_back_at_once(kind: Normalization) -> None:
    normalized = normalize(G, kind)
    both = normalized.pullback(np.stack([UPSTREAM, 2 * UPSTREAM]))
    assert both[0] == pytest.approx(normalized.pullback(UPSTREAM), rel=1e-14)
    assert both[1] == pytest.approx(2 * both[0], rel=1e-14)


@pytest.mark.parametrize("kind", KINDS)
def test_equal_numbers_stay_finite(kind: Normalization) -> None:
    normalized = normalize(np.zeros((3, 2)), kind)
    assert (normalized.y == 0).all()
    assert np.isfinite(normalized.pullback(np.ones((3, 2)))).all()


@pytest.mark.parametrize("kind", ["layer", "rms"])
def test_samples_alone_are_normalized_as_in_the_batch(kind: Normalization) -> None:
    row = slice(2, 3)
    whole, alone = normalize(G, kind).rows(row), normalize(G[row], kind)
    assert (whole.y == alone.y).all()
    assert (whole.pullback(UPSTREAM[row]) == alone.pullback(UPSTREAM[row])).all()


@pytest.mark.parametrize("kind", KINDS)
def test_float32_stays_float32(kind: Normalization) -> None:
    normalized = normalize(G.astype(np.float32), kind)
    assert normalized.y.dtype == normalized.pullback(UPSTREAM.astype(np.float32)).dtype == np.float32
    assert normalized.y == pytest.approx(normalize(G, kind).y, rel=1e-5, abs=1e-6)
