"""The catalogue as a page of Markdown, written from the same descriptors that the service publishes."""

from collections.abc import Iterable
from math import isinf

from service.activations import catalogue
from service.activations.model import Place
from service.compute import Description, describe

_HEAD = """# Reference

Every function of the catalogue, at its default parameters. `make reference` writes this page; the same facts, and
more, come from `GET /activations/{name}`. *Slope* is the infimum and supremum of f′ with where they are; *gains* are
1/√E f(z)² and 1/√E f′(z)² for z ~ N(0, 1); *cost* is the measured time of a value over relu's, in float64.
"""
_COLUMNS = (
    "function",
    "parameters",
    "formula",
    "derivative",
    "range",
    "slope",
    "smoothness",
    "gains",
    "cost",
    "known problems",
)


def reference_page() -> str:
    """All families, one table each, in alphabetical order."""
    descriptions = [describe(function) for function in catalogue()]
    families = sorted({description.family for description in descriptions})
    sections = [_section(family, [d for d in descriptions if d.family == family]) for family in families]
    return "\n".join([_HEAD, *sections])


def _section(family: str, descriptions: list[Description]) -> str:
    rows = [_row(_COLUMNS), _row("---" for _ in _COLUMNS), *(_row(_cells(description)) for description in descriptions)]
    return f"## {family.capitalize()}\n\n" + "\n".join(rows) + "\n"


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _cells(description: Description) -> tuple[str, ...]:
    return (
        f"`{description.name}`",
        ", ".join(f"{parameter.name} = {_value(parameter.default)}" for parameter in description.parameters),
        description.formula.text,
        description.derivative.text,
        f"{_number(description.range.lower)} to {_number(description.range.upper)}",
        _slope(description),
        description.smoothness,
        _gains(description),
        f"{description.relative_cost.float64:.2g}" if description.relative_cost else "",
        ", ".join(problem.code for problem in description.problems),
    )


def _slope(description: Description) -> str:
    extrema = description.derivative_extrema
    if extrema is None:
        return ""
    return "; ".join(f"{_number(end.value)} {_place(end.at)}" for end in (extrema.minimum, extrema.maximum))


def _place(place: Place) -> str:
    if place is None:
        return "(nowhere)"
    if isinstance(place, tuple):
        return f"on [{_number(place[0])}, {_number(place[1])}]"
    return f"at {_number(place)}"


def _gains(description: Description) -> str:
    if description.gains is None:
        return ""
    gains = (description.gains.forward, description.gains.backward)
    return " / ".join("–" if gain is None else f"{gain:.4g}" for gain in gains)


def _value(value: object) -> str:
    if isinstance(value, float):
        return _number(value)
    return str(value).lower() if isinstance(value, bool) else f"{value}"


def _number(number: float) -> str:
    if isinf(number):
        return "∞" if number > 0 else "−∞"
    return f"{number:.6g}".replace("-", "−")
