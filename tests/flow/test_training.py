"""Training takes the steps that it says, and tells truly what happens on them."""

import json
from itertools import islice, pairwise
from math import isfinite
from pathlib import Path

import numpy as np
import pytest

from service.errors import InvalidInput
from service.flow.datasets import digits
from service.flow.history import TrainingRecord, TrainingSummary
from service.flow.network import Dtype, Experiment, Given, Loss, Normalization
from service.flow.training import Plan, Trainer, budget
from tests.flow.plans import layer, linear, on_digits, regression, threshold_problem, trained

ORACLE = json.loads((Path(__file__).parents[1] / "data" / "flow_training.json").read_text())
POSITIVE = np.array([[1, 0.5], [0.5, 1], [0.9, 0.8], [0.6, 0.7]])
CENTRED = POSITIVE - POSITIVE.mean(axis=0)
UNIT_SCALE = CENTRED / np.sqrt(np.mean(CENTRED**2))
ZIGZAGS = {
    "positive_eta0_5_T400": (POSITIVE, 0.5, 400),
    "centred_eta0_5_T400": (CENTRED, 0.5, 400),
    "centred_unit_scale_eta0_5_T400": (UNIT_SCALE, 0.5, 400),
    "positive_eta1_2_T400": (POSITIVE, 1.2, 400),
    "fair_positive": (POSITIVE, 0.3 / np.mean(np.sum(POSITIVE**2, axis=1)), 1000),
    "fair_centred": (CENTRED, 0.3 / np.mean(np.sum(CENTRED**2, axis=1)), 1000),
}


@pytest.mark.parametrize("name", ZIGZAGS)
def test_the_zig_zag_of_a_linear_unit_is_that_of_the_oracle(name: str) -> None:
    x, rate, steps = ZIGZAGS[name]
    expected = ORACLE["zigzag"][name]
    trainer = Trainer(linear(x, rate, steps, batch_size=1))
    *records, summary = [item for item in trainer.run() if item]
    assert isinstance(summary, TrainingSummary)
    assert isinstance(records[-1], TrainingRecord)
    found = summary.zig_zag
    assert trainer.weights.vector == pytest.approx(expected["final_w"], rel=1e-9)
    assert found.path_length == pytest.approx(expected["path_length"], rel=1e-9)
    assert found.net_displacement == pytest.approx(expected["net_displacement"], rel=1e-9)
    assert found.path_ratio == records[-1].path_ratio == pytest.approx(expected["ratio"], rel=1e-9)
    assert found.mean_cosine == pytest.approx(expected["mean_cos_between_steps"], rel=1e-9)
    assert found.one_sign_fraction == pytest.approx(expected["frac_updates_one_sign"], rel=1e-9)


def test_momentum_is_that_of_pytorch() -> None:
    trainer = Trainer(regression(np.ones((1, 1)), np.ones((1, 1)), 0.2, 3, momentum=0.5))
    w, v = 0.0, 0.0
    for _ in range(3):
        trainer.step()
        v = 0.5 * v + 2 * (w - 1)
        w -= 0.1 * v
        assert trainer.weights.vector[0] == pytest.approx(w, rel=1e-15)


@pytest.mark.parametrize("normalization", [None, "layer", "batch"])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_network_learns_the_digits(normalization: Normalization | None, dtype: Dtype) -> None:
    data = digits()
    entries = (layer(32, "relu", "he_normal", normalization=normalization), layer(10))
    loss = Loss("cross_entropy", targets=data.classes.astype(np.float64))
    network = Experiment(input=Given(data.x), entries=entries, loss=loss, learning_rate=0.3, dtype=dtype)
    trainer = Trainer(Plan(experiment=network, steps=150, test=(data.test_x, data.test_classes)))
    summary = [item for item in trainer.run() if item][-1]
    assert isinstance(summary, TrainingSummary)
    assert trainer.weights.vector.dtype == dtype
    assert summary.accuracy is not None
    assert summary.accuracy > 0.85
    assert summary.accuracy_of == "test"
    assert summary.loss.end < summary.loss.first / 4


def test_relus_die_one_by_one_under_a_large_learning_rate() -> None:
    records, summary = trained(on_digits(32, 32, rate=2.0, steps=60))
    assert summary.learning_rate_limit.exceeded
    dead = summary.dead_units
    assert dead[0] is not None
    assert dead[0] > 10
    assert dead[2] == 0
    assert [sum(death.units for death in summary.died if death.layer == layer) for layer in range(3)] == list(dead)
    assert len({death.step for death in summary.died}) > 5
    assert list(summary.died) == sorted(summary.died, key=lambda death: (death.step, death.layer))
    assert sum(count or 0 for count in records[-1].dead_units) >= sum(count or 0 for count in records[0].dead_units)


def test_relus_live_under_a_small_learning_rate() -> None:
    _, summary = trained(on_digits(32, 32, rate=0.05, steps=60))
    assert not summary.learning_rate_limit.exceeded
    assert sum(count or 0 for count in summary.dead_units) <= 3


def test_a_race_of_functions_is_the_same_again() -> None:
    runners = ("relu", "tanh", "sigmoid", "gelu")
    first, again = ([trained(on_digits(16, activation=name, steps=20)) for name in runners] for _ in range(2))
    assert first == again
    assert len({records[-1].loss for records, _ in first}) == len(runners)
    other = trained(on_digits(16, activation="relu", steps=20, seed=1))
    assert other[0][0].loss != first[0][0][0].loss


def test_a_rate_far_too_large_ends_with_the_first_loss_that_is_not_finite() -> None:
    records, summary = trained(regression(*threshold_problem(), 1e100, 50))
    assert not isfinite(records[-1].loss)
    assert (records[-1].diverged, summary.diverged_at) == (True, 2)
    assert len(records) == summary.steps < 50
    assert not isfinite(summary.loss.end)


def test_a_loss_without_a_lower_bound_does_not_diverge_by_falling() -> None:
    network = Experiment(input=Given(np.ones((2, 2))), entries=(layer(1),), loss=Loss("sum"), learning_rate=1.0)
    records, summary = trained(Plan(experiment=network, steps=50))
    assert all(later.loss < earlier.loss for earlier, later in pairwise(records))
    assert summary.diverged_at is None
    assert records[0].accuracy is summary.accuracy is None


def test_repeats_of_a_layer_each_train_weights_of_their_own() -> None:
    given = np.random.default_rng(2).standard_normal((3, 3))
    kept = given.copy()
    network = Experiment(
        input=Given(given), entries=(layer(3, "tanh", given, repeat=2),), loss=Loss("mse", targets=np.zeros((3, 3)))
    )
    trainer = Trainer(Plan(experiment=network, steps=2))
    trainer.step()
    first, second = trainer.weights.matrices
    assert not np.allclose(first, second)
    assert np.array_equal(given, kept)


def test_an_epoch_takes_every_sample_once_in_an_order_of_its_own() -> None:
    seen = [batches(shuffle=True, seed=seed) for seed in (0, 0, 1)]
    for epoch in range(2):
        assert sorted(number for batch in seen[0][3 * epoch : 3 * epoch + 3] for number in batch) == list(range(10))
    assert [len(batch) for batch in seen[0]] == [4, 4, 2, 4, 4, 2]
    assert seen[0][:3] != seen[0][3:]
    assert seen[0] == seen[1] != seen[2]


def test_without_shuffling_the_samples_come_in_their_order() -> None:
    assert batches(shuffle=False, seed=0) == 2 * [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]


def batches(*, shuffle: bool, seed: int) -> list[list[int]]:
    """Which samples each step takes: the slopes of a sum by the weights count the rows of the identity."""
    network = Experiment(input=Given(np.eye(10)), entries=(layer(1, bias=None),), seed=seed, learning_rate=0.1)
    trainer = Trainer(Plan(experiment=network, steps=6, batch_size=4, shuffle=shuffle))
    found = []
    for _ in range(6):
        before = trainer.weights.vector.copy()
        trainer.step()
        found.append([int(number) for number in np.nonzero(trainer.weights.vector != before)[0]])
    return found


def test_functions_of_vectors_have_no_dead_units() -> None:
    network = Experiment(input=Given(np.ones((2, 4))), entries=(layer(4, "softmax"), layer(2, "relu")))
    records, summary = trained(Plan(experiment=network, steps=1))
    assert records[0].dead_units[0] is summary.dead_units[0] is None
    assert isinstance(records[0].dead_units[1], int)


def test_no_step_is_taken_before_it_is_asked_for() -> None:
    trainer = Trainer(on_digits(8, steps=50))
    run = trainer.run()
    first = list(islice(run, 2))
    weights = trainer.weights.vector.copy()
    assert [record.step for record in first if isinstance(record, TrainingRecord)] == [1, 2]
    del run
    assert np.array_equal(trainer.weights.vector, weights)


def test_targets_that_do_not_fit_are_told_where_they_stand() -> None:
    data = digits()
    loss = Loss("cross_entropy", targets=data.classes.astype(np.float64))
    network = Experiment(input=Given(data.x), entries=(layer(5),), loss=loss)
    for given, told in ((("data",), ("data",)), (("data", "targets"), ("data", "targets", 0))):
        with pytest.raises(InvalidInput) as caught:
            Trainer(Plan(experiment=network, steps=1, targets_at=given))
        assert caught.value.faults[0].path == told


def test_the_budget_grows_with_the_steps_and_the_network() -> None:
    small, long, wide = (budget(on_digits(width, steps=steps)) for width, steps in ((16, 10), (16, 1000), (512, 10)))
    assert long.operations > 5 * small.operations
    assert long.bytes == small.bytes
    assert wide.operations > 5 * small.operations
    assert wide.bytes > small.bytes
