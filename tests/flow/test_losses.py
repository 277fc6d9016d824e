"""Losses: their gradients are the slopes of their values, and stay right where probabilities reach 0 and 1."""

from math import exp, inf, isnan, log

import numpy as np
import pytest

from service.activations.model import Array
from service.errors import InvalidInput
from service.flow.losses import Goal, check, value_and_gradient
from service.flow.network import Loss

BATCH, OUTPUTS, STEP = 4, 3, 1e-6
Y = np.random.default_rng(3).normal(size=(BATCH, OUTPUTS))
REALS = np.random.default_rng(4).normal(size=(BATCH, OUTPUTS))
CLASSES = np.array([0.0, 2.0, 1.0, 2.0])
LOSSES: list[tuple[str, Goal]] = [
    ("sum", None),
    ("mean", None),
    ("mse", REALS),
    ("cross_entropy", CLASSES),
    ("upstream", REALS),
]


@pytest.mark.parametrize(("name", "goal"), LOSSES)
def test_the_gradient_is_the_slope_of_the_value(name: str, goal: Goal) -> None:
    _, gradient = value_and_gradient(name, Y, goal)
    for place in np.ndindex(Y.shape):
        above, below = Y.copy(), Y.copy()
        above[place] += STEP
        below[place] -= STEP
        rise = value_and_gradient(name, above, goal)[0] - value_and_gradient(name, below, goal)[0]
        assert gradient[place] == pytest.approx(rise / (2 * STEP), rel=1e-7, abs=1e-8)


@pytest.mark.parametrize(("name", "goal"), LOSSES)
def test_the_gradient_keeps_the_dtype_of_the_outputs(name: str, goal: Goal) -> None:
    loss, gradient = value_and_gradient(name, Y.astype(np.float32), goal)
    exact, _ = value_and_gradient(name, Y, goal)
    assert gradient.dtype == np.float32
    assert loss == pytest.approx(exact, rel=1e-5, abs=1e-6)


@pytest.mark.parametrize(
    ("name", "goal", "value"),
    [
        ("sum", None, Y.sum()),
        ("mean", None, Y.mean()),
        ("mse", REALS, np.square(Y - REALS).mean()),
        ("upstream", REALS, (Y * REALS).sum()),
        (
            "cross_entropy",
            CLASSES,
            -np.mean([y[int(k)] - log(np.exp(y).sum()) for y, k in zip(Y, CLASSES, strict=True)]),
        ),
    ],
)
def test_the_value_is_that_of_the_formula(name: str, goal: Goal, value: float) -> None:
    assert value_and_gradient(name, Y, goal)[0] == pytest.approx(value, rel=1e-14)


@pytest.mark.parametrize("margin", [1.0, 20.0, 40.0, 300.0, 700.0])
def test_a_confident_cross_entropy_keeps_all_digits(margin: float) -> None:
    loss, gradient = value_and_gradient("cross_entropy", np.array([[margin, 0.0]]), np.array([0.0]))
    wrong = exp(-margin) / (1 + exp(-margin))
    assert gradient[0].tolist() == pytest.approx([-wrong, wrong], rel=1e-14)
    assert loss == pytest.approx(np.log1p(exp(-margin)), rel=1e-14, abs=0)


@pytest.mark.parametrize("logits", [[1e300, -1e300, 0.0], [800.0, 0.0, -800.0], [-1e308, -1e308, -1e308]])
def test_huge_logits_do_not_overflow(logits: list[float]) -> None:
    with np.errstate(over="ignore"):
        loss, gradient = value_and_gradient("cross_entropy", np.array([logits]), np.array([1.0]))
    assert not isnan(loss)
    assert np.isfinite(gradient).all()
    assert gradient.sum() == pytest.approx(0.0, abs=1e-15)


def test_the_distance_to_far_targets_is_infinite_where_its_square_overflows() -> None:
    with np.errstate(over="ignore"):
        loss, gradient = value_and_gradient("mse", np.array([[1e200]]), np.array([[0.0]]))
    assert loss == inf
    assert gradient[0, 0] == 2e200


def test_one_class_has_nothing_to_learn() -> None:
    loss, gradient = value_and_gradient("cross_entropy", np.array([[5.0]]), np.array([0.0]))
    assert (loss, gradient[0, 0]) == (0.0, 0.0)


@pytest.mark.parametrize(
    "loss",
    [
        Loss("sum"),
        Loss("mse", targets="random"),
        Loss("mse", targets=REALS),
        Loss("cross_entropy", targets="random"),
        Loss("cross_entropy", targets=CLASSES),
        Loss("cross_entropy", targets=np.array([-0.0, 0.0, 1.0, 2.0])),
        Loss("upstream", gradient=REALS),
    ],
)
def test_what_fits_is_taken(loss: Loss) -> None:
    check(loss, BATCH, OUTPUTS)


NO_CLASSES: list[tuple[Array, int]] = [
    (np.array([0.0, 3.0, 1.0, 2.0]), 1),
    (np.array([0.0, 1.0, -1.0, 3.0]), 2),
    (np.array([0.0, 1.0, 1.0, 0.5]), 3),
    (np.array([1e300, 1.0, 1.0, 0.5]), 0),
]


@pytest.mark.parametrize(("classes", "place"), NO_CLASSES)
def test_the_first_class_that_does_not_exist_is_blamed(classes: Array, place: int) -> None:
    with pytest.raises(InvalidInput) as caught:
        check(Loss("cross_entropy", targets=classes), BATCH, OUTPUTS)
    assert [fault.path for fault in caught.value.faults] == [("loss", "targets", place)]


@pytest.mark.parametrize(
    ("loss", "member"),
    [
        (Loss("mse", targets=REALS[:3]), "targets"),
        (Loss("mse", targets=REALS.T), "targets"),
        (Loss("mse", targets=CLASSES), "targets"),
        (Loss("cross_entropy", targets=REALS), "targets"),
        (Loss("cross_entropy", targets=CLASSES[:3]), "targets"),
        (Loss("cross_entropy", targets=np.array(1.0)), "targets"),
        (Loss("upstream", gradient=REALS[:, :2]), "gradient"),
    ],
)
def test_the_wrong_shape_is_told_beside_the_right_one(loss: Loss, member: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        check(loss, BATCH, OUTPUTS)
    (fault,) = caught.value.faults
    assert fault.path == ("loss", member)
    assert str([BATCH] if loss.name == "cross_entropy" else [BATCH, OUTPUTS]) in fault.detail
