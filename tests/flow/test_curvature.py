"""The learning rate's limit is where gradient descent turns from settling to growing."""

import json
from math import cosh, log10, tanh
from pathlib import Path

import numpy as np
import pytest

from service.flow.network import Block, Experiment, Given, Loss
from service.flow.training import Plan
from tests.flow.plans import layer, regression, threshold_problem, trained

ORACLE = json.loads((Path(__file__).parents[1] / "data" / "flow_training.json").read_text())


@pytest.mark.parametrize("factor", ["0.5x", "0.99x", "1.00x", "1.01x", "1.05x"])
def test_a_linear_unit_converges_below_its_limit_and_diverges_above(factor: str) -> None:
    oracle = ORACLE["lr_threshold"]
    assert_lands(oracle["eta_crit_2_over_lmax"], factor, oracle["final_loss_after_2000"][factor], momentum=0.0)


@pytest.mark.parametrize("factor", ["0.99x", "1.01x"])
def test_momentum_moves_the_limit(factor: str) -> None:
    oracle = ORACLE["lr_threshold"]["momentum_0_9"]
    assert_lands(oracle["value"], factor, oracle["final_2000"][factor], momentum=0.9)


def assert_lands(critical: float, factor: str, expected: float, momentum: float) -> None:
    """The loss after 2000 steps is the expected one, to what rounding leaves of it where it is not 1."""
    share = float(factor[:-1])
    records, summary = trained(regression(*threshold_problem(), share * critical, 2000, momentum=momentum))
    limit = summary.learning_rate_limit
    assert limit.exact
    assert limit.value == pytest.approx(critical / 2, rel=1e-12)
    assert log10(summary.loss.end / 2) == pytest.approx(log10(expected), abs=0.3)
    if share != 1.0:
        assert limit.exceeded == (share > 1)
        assert (summary.diverged_at is not None) == (share > 1)
    first = next((record.step for record in records if record.diverged), None)
    assert summary.diverged_at == first


def test_the_fastest_rate_shrinks_the_error_as_the_oracle_says() -> None:
    oracle = ORACLE["lr_threshold"]
    records, _ = trained(regression(*threshold_problem(), oracle["eta_opt"], 25))
    assert records[0].loss / 2 == pytest.approx(oracle["loss0"], rel=1e-12)
    assert np.sqrt(records[-1].loss / records[-2].loss) == pytest.approx(oracle["rate_opt"], rel=1e-3)


def test_the_exact_curvature_counts_the_bias_and_the_outputs() -> None:
    x = np.random.default_rng(1).normal(1.0, 1.0, (30, 4))
    network = Experiment(input=Given(x), entries=(layer(3),), loss=Loss("mse", targets="random"))
    limit = trained(Plan(experiment=network, steps=1))[1].learning_rate_limit
    columns = np.column_stack([x, np.ones(30)])
    expected = np.linalg.eigvalsh(2 / 90 * columns.T @ columns)[-1]
    assert limit.exact
    assert limit.lambda_max == pytest.approx(expected, rel=1e-12)


def test_the_measured_curvature_agrees_with_the_exact_one() -> None:
    x, y = threshold_problem()
    plan = regression(x, y, 0.1, 1)
    block = Block(layers=(layer(1, weights=np.zeros((5, 1)), bias=None),), residual=False)
    network = Experiment(input=Given(x), entries=(block,), loss=plan.experiment.loss)
    exact, measured = (trained(Plan(experiment=e, steps=1))[1].learning_rate_limit for e in (plan.experiment, network))
    assert (exact.exact, measured.exact) == (True, False)
    assert measured.lambda_max == pytest.approx(exact.lambda_max, rel=1e-6)


def test_the_measured_curvature_is_the_second_derivative() -> None:
    w, x, y = 0.7, 1.3, -0.2
    unit = layer(1, "tanh", np.array([[w]]), bias=None)
    network = Experiment(input=Given(np.array([[x]])), entries=(unit,), loss=Loss("mse", targets=np.array([[y]])))
    limit = trained(Plan(experiment=network, steps=1))[1].learning_rate_limit
    h, slope = tanh(w * x), 1 / cosh(w * x) ** 2
    expected = 2 * x**2 * (slope**2 - 2 * (h - y) * h * slope)
    assert limit.lambda_max == pytest.approx(expected, rel=1e-5)


def test_a_loss_without_curvature_has_no_limit() -> None:
    network = Experiment(input=Given(np.ones((2, 2))), entries=(layer(1),), loss=Loss("sum"))
    limit = trained(Plan(experiment=network, steps=3))[1].learning_rate_limit
    assert (limit.value, limit.exceeded) == (None, None)
    assert "nowhere curved" in limit.remark


def test_a_curvature_that_overflows_is_not_told() -> None:
    limit = trained(regression(np.full((3, 2), 1e308), np.ones((3, 1)), 0.1, 1))[1].learning_rate_limit
    assert (limit.value, limit.lambda_max, limit.exceeded) == (None, None, None)
    assert "not finite" in limit.remark
