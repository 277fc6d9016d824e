"""What is published in words and lists: formulas, names, references, kinks, jumps and known problems."""

from __future__ import annotations

import re
from math import inf

import numpy as np
import pytest

from service.activations import catalogue, lookup
from service.activations.model import Activation, AlongAxis
from service.compute import Description, describe, output_shape
from tests.activations.cases import DEFAULTS, Case, sample

every_function = pytest.mark.parametrize("function", catalogue(), ids=lambda function: function.name)
every_case = pytest.mark.parametrize("case", DEFAULTS, ids=str)

LETTERS = {
    "σ": r"\sigma",
    "α": r"\alpha",
    "β": r"\beta",
    "λ": r"\lambda",
    "θ": r"\theta",
    "φ": r"\varphi",
    "τ": r"\tau",
}
COSTLY = re.compile(r"e\^|σ|tanh|ln|erf|Φ|sin|arctan|softmax|gelu")
# The threshold of sparsemax stands in the readable form only, and the deviation is spelled out there.
SPELLED_OUT = {("sparsemax", "τ"), ("standardize", "σ")}
# Beyond every knot of the defaults, and not so far that an exponential underflows.
BEYOND = 20.0


def codes(function: Activation) -> set[str]:
    return {problem.code for problem in describe(function).problems}


@every_function
def test_formulas_are_equations_that_can_be_read_and_typeset(function: Activation) -> None:
    for formula, opening in ((function.formula, "f("), (function.derivative, ("f′(", "∂f"))):
        assert formula.text.startswith(opening)
        assert "=" in formula.text
        assert "=" in formula.latex
        assert formula.latex.count("{") == formula.latex.count("}")
        assert formula.latex.count(r"\left") == formula.latex.count(r"\right")
        assert formula.latex.count(r"\begin{cases}") == formula.latex.count(r"\end{cases}")


@every_function
def test_both_forms_of_a_formula_use_the_same_letters(function: Activation) -> None:
    for formula in (function.formula, function.derivative):
        for letter, command in LETTERS.items():
            if (function.name, letter) in SPELLED_OUT:
                continue
            assert (letter in formula.text) == (
                re.search(re.escape(command) + "(?![a-z])", formula.latex) is not None
            ), letter


@every_function
def test_references_are_titles_with_an_address(function: Activation) -> None:
    assert len(function.reference.title) > 5
    assert re.fullmatch(r"https?://[\w.-]+\.[a-z]{2,}(/[\w.,~:/?#@!$&'()*+;=%-]*)?", function.reference.url)


@every_function
def test_every_name_and_alias_finds_its_function(function: Activation) -> None:
    for name in (function.name, *function.names.all()):
        for spelling in (name, name.lower(), name.upper()):
            assert lookup(spelling) is function


def test_no_alias_is_a_name_of_two_functions() -> None:
    owners: dict[str, set[str]] = {}
    for function in catalogue():
        for name in (function.name, *function.names.all()):
            owners.setdefault(name.lower().replace("_", ""), set()).add(function.name)
    assert {alias: names for alias, names in owners.items() if len(names) > 1} == {}


@every_function
def test_names_are_in_snake_case_and_families_are_words(function: Activation) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", function.name)
    assert re.fullmatch(r"[a-z]+", function.family)


@every_function
def test_the_description_repeats_the_object(function: Activation) -> None:
    description = describe(function)
    assert (description.name, description.kind, description.family) == (function.name, function.kind, function.family)
    assert (description.formula, description.derivative) == (function.formula, function.derivative)
    assert description.parameters == function.parameters
    assert description.stochastic == (function.name in {"rrelu", "gumbel_softmax"})
    published = description.aliases
    all_names = (published.pytorch, published.jax, published.keras, published.onnx, published.other)
    assert {name for names in all_names for name in names} == set(function.names.all())


@every_function
def test_shapes_say_what_the_function_does(function: Activation) -> None:
    shapes = describe(function).shapes
    expected = {
        "elementwise": ((4, 6), "any shape", "the shape of x"),
        "vector": ((4, 6), "(…, n, …), n along axis", "the shape of x"),
        "gated": ((4, 3), "(…, 2m, …), 2m along axis", "(…, m, …)"),
        "reduction": ((4,), "(…, n, …), n along axis", "the shape of x without axis"),
    }[function.kind]
    assert (output_shape(function, (4, 6), function.defaults()), shapes.input, shapes.output) == expected


@every_case
def test_kinks_and_jumps_are_all_that_a_search_finds(case: Case) -> None:
    description, step = describe(case.function), 2.0**-20
    places = np.arange(-10.0, 10.25, 0.25)
    places = places[places - step > case.pieces.domain[0]]
    before, after = (case.value(np.nextafter(places, end)) for end in (-inf, inf))
    jumping = np.abs(after - before) > 1e-6
    left = (before - case.value(places - step)) / step
    right = (case.value(places + step) - after) / step
    kinked = (np.abs(right - left) > 1e-4 * (1.0 + np.abs(left))) & ~jumping
    assert places[jumping].tolist() == [jump.x for jump in description.jumps]
    assert places[kinked].tolist() == [kink.x for kink in description.kinks]
    published = [(kink.left, kink.right) for kink in description.kinks]
    assert published == [pytest.approx(pair, abs=1e-5) for pair in zip(left[kinked], right[kinked], strict=True)]


@every_case
def test_the_convention_at_a_kink_is_what_the_derivative_answers(case: Case) -> None:
    for kink in describe(case.function).kinks:
        assert kink.convention == case.slope_at(kink.x)
        assert (kink.left, kink.right) == (case.slope_at(kink.x, "left"), case.slope_at(kink.x, "right"))
        assert kink.convention in {kink.left, kink.right, (kink.left + kink.right) / 2}
        assert np.isnan(case.slope_at(kink.x, "nan"))


@every_case
def test_the_facts_of_the_defaults_are_published(case: Case) -> None:
    description, facts = describe(case.function), case.facts
    assert description.derivative_extrema is not None
    assert description.limits is not None
    extrema = (description.derivative_extrema.minimum, description.derivative_extrema.maximum)
    assert [(e.value, e.at) for e in extrema] == [(e.value, e.at) for e in facts.slope]
    assert (description.range.lower, description.range.upper) == facts.range
    limits = (description.limits.minus_infinity, description.limits.plus_infinity)
    assert limits == tuple(None if np.isnan(limit) else limit for limit in facts.limits)
    assert (description.monotonic, description.zero_centered) == (facts.monotonic, facts.zero_centered)


@every_case
def test_no_two_points_are_further_apart_than_the_lipschitz_constant_allows(case: Case) -> None:
    x = sample(case)
    x = x[np.abs(x) <= 40.0]
    with np.errstate(over="ignore"):
        ratios = np.abs(np.diff(case.value(x))) / np.diff(x)
    description = describe(case.function)
    if description.lipschitz == inf:
        assert description.jumps or ratios.max() > 1e10
    else:
        assert 0.998 * description.lipschitz <= ratios[np.diff(x) > 1e-4].max() <= description.lipschitz * (1 + 1e-10)


@every_case
def test_problems_of_the_gradient_are_those_the_function_has(case: Case) -> None:
    x = sample(case)
    slopes = np.abs(case.derivative(x))
    ends = np.abs(case.derivative(np.array([-1e200, 1e200])))
    none = not slopes.any()
    flat = [
        (case.derivative(np.array([-2.0, -1.0, 1.0, 2.0]) * BEYOND) == 0.0)[half].all() for half in ([0, 1], [2, 3])
    ]
    found = codes(case.function)
    assert ("no_gradient" in found) == none
    assert ("vanishing_gradient" in found) == (not none and bool(slopes.max() < 1 or (ends < 1e-100).all()))
    assert ("dying_units" in found) == (not none and any(flat))


@every_case
def test_problems_of_the_signal_are_those_the_function_has(case: Case) -> None:
    x = sample(case)
    y, far = case.value(x), case.value(np.array([-1e300, 1e300]))
    found = codes(case.function)
    straight = np.ptp(case.derivative(x)) == 0.0 and not describe(case.function).jumps
    assert ("not_zero_centered" in found) == bool((y >= 0).all() or (y <= 0).all())
    assert ("linear_collapse" in found) == bool(straight)
    unbounded = bool((np.abs(far) > 1e200).any() or np.abs(case.derivative(x)).max() > 1e10)
    assert ("exploding_gradient" in found) == unbounded


@every_function
def test_an_exponential_costs_exactly_where_the_formula_has_one(function: Activation) -> None:
    assert ("exponential_cost" in codes(function)) == (COSTLY.search(function.formula.text) is not None)


@every_function
def test_discontinuous_functions_are_told(function: Activation) -> None:
    assert ("discontinuous" in codes(function)) == (describe(function).smoothness == "discontinuous")


@every_function
def test_every_problem_says_what_it_is_and_what_to_use_instead(function: Activation) -> None:
    problems = describe(function).problems
    assert len({problem.code for problem in problems}) == len(problems)
    for problem in problems:
        assert re.search(r"\b(Use|use|Put|help|Scale)\b", problem.text), problem.code
        assert problem.text.endswith(".")


@pytest.mark.parametrize(
    "description",
    [describe(f) for f in catalogue() if isinstance(f, AlongAxis)],
    ids=lambda description: description.name,
)
def test_functions_of_vectors_publish_no_facts_of_numbers(description: Description) -> None:
    assert (description.kinks, description.jumps, description.monotonic) == ((), (), None)
    assert (description.limits, description.derivative_extrema, description.gains) == (None, None, None)
