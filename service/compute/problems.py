"""The troubles that a function is known for, told from its own facts, and what to use instead."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import inf

import numpy as np

from service.activations.model import Activation, AlongAxis, Elementwise, Facts, Parameters
from service.compute import elementwise
from service.compute.piecewise import breaking_order


@dataclass(frozen=True)
class Problem:
    """A trouble by its code, and one or two sentences about it."""

    code: str
    text: str


def problems_of(function: Activation, parameters: Parameters) -> tuple[Problem, ...]:
    """All known problems of a function at these parameters, the gravest first."""
    own = [Problem(code, text) for code, text in function.problems.items()]
    derived: Iterator[Problem] = iter(())
    if isinstance(function, Elementwise):
        derived = _elementwise(function, parameters)
    elif isinstance(function, AlongAxis):
        derived = _along_axis(function)
    return (*own, *(problem for problem in derived if problem.code not in function.problems))


def _elementwise(function: Elementwise, parameters: Parameters) -> Iterator[Problem]:
    facts = function.facts(**parameters)
    if function.family == "linear":
        yield _linear(function)
    if "no_gradient" not in function.problems:
        yield from _vanishing(function, parameters, facts)
        yield from _dying(function, parameters)
    yield from _exploding(facts)
    yield from _discontinuous(function, parameters)
    if facts.range[0] >= 0 or facts.range[1] <= 0:
        yield _one_signed(facts)
    if function.exponential:
        yield _costly("Where that counts, use relu, hard_swish or another piecewise polynomial.")


def _along_axis(function: AlongAxis) -> Iterator[Problem]:
    if function.smoothness == "discontinuous":
        yield Problem(
            "discontinuous", "The value jumps where the order of the inputs changes. Use softmax or sparsemax."
        )
    if function.range[0] >= 0 or function.range[1] <= 0:
        text = "Outputs never change sign. Use it for outputs, losses and attention weights, not between hidden layers."
        yield Problem("not_zero_centered", text)
    if function.exponential:
        yield _costly("Where that counts, use it on few numbers, or in a smaller dtype.")


def _linear(function: Activation) -> Problem:
    return Problem(
        "linear_collapse",
        f"{function.name.capitalize()} is a straight line, so any number of layers with it compute one linear map. "
        "Put a non-linear function, such as relu or tanh, between them.",
    )


def _vanishing(function: Elementwise, parameters: Parameters, facts: Facts) -> Iterator[Problem]:
    lowest, highest = facts.slope
    steepest = max(abs(lowest.value), abs(highest.value))
    ends = np.abs(elementwise.derivative(function, np.array([-inf, inf]), parameters))
    if steepest < 1:
        yield Problem(
            "vanishing_gradient",
            f"f′ is nowhere above {steepest:.4g}, so n layers multiply a gradient by at most {steepest:.4g}ⁿ: ten "
            f"leave {steepest**10:.2g} of it at best. Use relu, leaky_relu or gelu in hidden layers.",
        )
    elif (ends == 0).all():
        yield Problem(
            "vanishing_gradient",
            f"f′ is at most {steepest:.4g} and falls to 0 on both sides, so gradients vanish where units saturate. "
            "Use relu, leaky_relu or gelu in deep networks, or keep preactivations small by normalisation.",
        )


def _dying(function: Elementwise, parameters: Parameters) -> Iterator[Problem]:
    knots = function.pieces(**parameters).knots
    if not knots:
        return
    first, last = knots[0].x, knots[-1].x
    left, right = elementwise.derivative(function, np.array([first - 1, last + 1]), parameters)
    ends = elementwise.derivative(function, np.array([first, last]), parameters)
    dead = [f"x {'≤' if ends[0] == 0 else '<'} {first:g}"] if left == 0 else []
    dead += [f"x {'≥' if ends[1] == 0 else '>'} {last:g}"] if right == 0 else []
    if dead:
        yield Problem(
            "dying_units",
            f"f′ is exactly 0 for {' and for '.join(dead)}: a unit whose preactivations all lie there gets no gradient "
            "and stays dead. A small positive bias such as 0.01 and a lower learning rate help; leaky_relu, elu and "
            "gelu do not die.",
        )


def _exploding(facts: Facts) -> Iterator[Problem]:
    if facts.slope[1].value == inf:
        yield Problem(
            "exploding_gradient",
            f"f′ grows without bound towards x = {facts.slope[1].at:g}, so one preactivation there is enough to make "
            "gradients overflow. Use softplus or elu.",
        )
    elif inf in map(abs, facts.range) and not np.isnan(facts.limits).any():
        yield Problem(
            "exploding_gradient",
            "Outputs have no bound and large signals pass undamped, so weights or a learning rate that are too large "
            "make signals and gradients grow from layer to layer. Scale the weights by the gain, or normalise.",
        )


def _discontinuous(function: Elementwise, parameters: Parameters) -> Iterator[Problem]:
    pieces = function.pieces(**parameters)
    places = [knot.x for index, knot in enumerate(pieces.knots) if breaking_order(pieces, index) == 0]
    if places:
        yield Problem(
            "discontinuous",
            f"The value jumps at x = {', '.join(f'{x:g}' for x in places)}, and no gradient tells of the jump. "
            "Use a continuous function of the same shape, such as sigmoid for step or soft_shrink for hard_shrink.",
        )


def _one_signed(facts: Facts) -> Problem:
    sign = "negative" if facts.range[0] >= 0 else "positive"
    return Problem(
        "not_zero_centered",
        f"Outputs are never {sign}, so the gradients of all weights of a neuron behind it have one sign and training "
        "zig-zags. Use a zero-centred function such as tanh, or normalise the activations.",
    )


def _costly(instead: str) -> Problem:
    return Problem(
        "exponential_cost",
        f"Every value costs an exponential or a function of its kind, where relu costs a comparison. {instead}",
    )
