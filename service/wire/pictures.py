"""Questions for pictures: which functions, from where to where, how large and in which theme, in a query."""

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import get_args

from service.activations import lookup
from service.activations.model import Activation, Elementwise, Value
from service.errors import InvalidInput, UnknownActivation
from service.plots.curves import Functions, Shown
from service.plots.frame import MAX_HEIGHT, MAX_WIDTH, MIN_HEIGHT, MIN_WIDTH, Form, Frame
from service.plots.theme import ThemeName
from service.wire.faults import clip
from service.wire.query import Kind, kinds, read_parameters, value_of

MAX_NAMES = 8
MAX_BOUND = 1e6
FRAME = ("theme", "width", "height")
ITEMS = ("derivative", "lower", "upper", *FRAME)

_ORDERS = {"false": 0, "true": 1, "0": 0, "1": 1, "2": 2}
_NARROWEST = 1e-6  # of the larger bound: neighbouring points are to be different numbers


def read_frame(items: Mapping[str, str], form: Form, width: int, height: int) -> Frame:
    """How large the picture is to be, if it is not to have this width and height; raises InvalidInput."""
    theme = items.get("theme", "light")
    if theme not in get_args(ThemeName):
        raise InvalidInput.at("theme", detail=f"Must be {' or '.join(get_args(ThemeName))}.")
    return Frame(
        _pixels(items, "width", MIN_WIDTH, MAX_WIDTH, width),
        _pixels(items, "height", MIN_HEIGHT, MAX_HEIGHT, height),
        "dark" if theme == "dark" else "light",
        form,
    )


def read_functions(names: Sequence[str], items: Mapping[str, str]) -> Functions:
    """Which functions are to be drawn, and where.

    Raises
    ------
    InvalidInput
        There are no names, too many or one twice, or an item holds what it must not hold.
    UnknownActivation
        There is no such function.
    """
    functions = _named(names)
    order = _ORDERS.get(items.get("derivative", "0"))
    if order is None:
        raise InvalidInput.at("derivative", detail="Must be true, false, 0, 1 or 2.")
    flat = next((function.name for function in functions if not isinstance(function, Elementwise)), None)
    if order > 1 and flat:
        detail = f"Must be at most 1: {flat} is a function of vectors, which has first derivatives only."
        raise InvalidInput.at("derivative", detail=detail)
    lower, upper = _bounds(items)
    own = {name: text for name, text in items.items() if name not in ITEMS}
    shown = tuple(Shown(function, _settings(function, own)) for function in functions)
    return Functions(shown, order, lower, upper)


def parameter_kinds(names: Sequence[str]) -> dict[str, Kind]:
    """What parameters the functions take together, by all their names; raises UnknownActivation."""
    taken = {name: kind for function in map(_lookup, names[:MAX_NAMES]) for name, kind in kinds(function).items()}
    return {name: kind for name, kind in taken.items() if name not in (*ITEMS, "name", "axis", "dim")}


def _named(names: Sequence[str]) -> list[Activation]:
    if not 1 <= len(names) <= MAX_NAMES:
        raise InvalidInput.at("name", detail=f"From 1 to {MAX_NAMES} functions are drawn; {len(names)} are named.")
    functions = [_lookup(name) for name in names]
    if len(set(functions)) < len(functions):
        raise InvalidInput.at("name", detail="A function is named more than once.")
    return functions


def _lookup(name: str) -> Activation:
    try:
        return lookup(clip(name))
    except UnknownActivation as error:
        raise UnknownActivation(error.name, error.near, path=("name",)) from None


def _settings(function: Activation, items: Mapping[str, str]) -> tuple[tuple[str, Value], ...]:
    """All parameters; those of the items that the function has are its own."""
    taken = kinds(function)
    given = {name: text for name, text in items.items() if name in taken}
    return tuple(read_parameters(function, given).items())


def _bounds(items: Mapping[str, str]) -> tuple[float, float]:
    lower, upper = _number(items, "lower", -6.0), _number(items, "upper", 6.0)
    least = max(_NARROWEST * max(abs(lower), abs(upper)), 1e-9)
    if upper - lower < least:
        raise InvalidInput.at("upper", detail=f"Must exceed lower, which is {lower:g}, by {least:.1g} at least.")
    return lower, upper


def _number(items: Mapping[str, str], name: str, default: float) -> float:
    value = value_of(name, items[name], "number") if name in items else default
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise InvalidInput.at(name, detail="Must be a number.")
    if not isfinite(value) or abs(value) > MAX_BOUND:
        raise InvalidInput.at(name, detail=f"Must be from {-MAX_BOUND:g} to {MAX_BOUND:g}.")
    return float(value) + 0.0  # no negative zero


def _pixels(items: Mapping[str, str], name: str, least: int, most: int, default: int) -> int:
    value = value_of(name, items[name], "integer") if name in items else default
    if type(value) is not int:
        raise InvalidInput.at(name, detail="Must be an integer.")
    if not least <= value <= most:
        raise InvalidInput.at(name, detail=f"Must be from {least} to {most} pixels.")
    return value
