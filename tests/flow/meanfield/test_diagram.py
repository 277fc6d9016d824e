"""The phase diagram says what is said point by point."""

import numpy as np
import pytest

from service.activations import lookup
from service.activations.model import Elementwise
from service.errors import Unwanted
from service.flow.meanfield.diagram import diagram
from service.flow.meanfield.solution import solve
from service.flow.stopping import while_wanted

SIGMA_W, SIGMA_B = np.array([0.0, 0.9, 1.0, 1.5, 2.5, 4.0]), np.array([0.0, 0.1, 0.5])


@pytest.mark.parametrize("name", ["tanh", "relu", "gelu", "hard_shrink", "exponential", "selu", "log1mexp", "sin"])
def test_the_diagram_agrees_with_single_answers(name: str) -> None:
    function = lookup(name)
    assert isinstance(function, Elementwise)
    found = diagram(function, function.defaults(), SIGMA_W, SIGMA_B)
    for i, sigma_w in enumerate(SIGMA_W):
        for j, sigma_b in enumerate(SIGMA_B):
            single = solve(function, function.defaults(), float(sigma_w), float(sigma_b))
            for figure in ("q_star", "chi_1", "chi_parallel", "c_star", "xi_q", "xi_c"):
                expected = getattr(single, figure)
                expected = np.nan if expected is None else expected
                assert getattr(found, figure)[i, j] == pytest.approx(expected, rel=1e-9, abs=1e-12, nan_ok=True)
            assert found.phase[i, j] == (single.phase or "")
            assert found.critical[j] == single.critical
    assert bool(found.remarks) == (name == "log1mexp")


@pytest.mark.parametrize("name", ["tanh", "sin"])
def test_a_diagram_that_nobody_waits_for_any_more_stops_at_every_stage(name: str) -> None:
    function = lookup(name)
    assert isinstance(function, Elementwise)
    asked = 0

    def wanted(times: float) -> bool:
        nonlocal asked
        asked += 1
        return asked <= times

    def draw(times: float) -> int:
        nonlocal asked
        asked = 0
        with while_wanted(lambda: wanted(times)):
            diagram(function, function.defaults(), SIGMA_W, SIGMA_B)
        return asked

    draw(np.inf)  # fills what is kept of the function
    often = draw(np.inf)
    assert often > SIGMA_W.size * SIGMA_B.size
    for times in range(0, often, 10):
        with pytest.raises(Unwanted):
            draw(times)
