"""From the parameters that a caller names to the complete, checked parameters that a function takes."""

from collections.abc import Mapping
from math import isfinite

from service.activations.model import Activation, Parameter, Value
from service.errors import Fault, InvalidInput


def bind(function: Activation, given: Mapping[str, object]) -> dict[str, Value]:
    """Resolve aliases, check types and domains, and fill in the defaults.

    Raises
    ------
    InvalidInput
        With one fault for each unknown, repeated, mistyped or out-of-domain parameter, at ("parameters", name).
    """
    bound, faults = function.defaults(), []
    seen: set[str] = set()
    for name, value in given.items():
        parameter = _find(function, name)
        reason = _unknown(function) if parameter is None else _wrong(parameter, value, seen)
        if reason is not None or parameter is None:
            faults.append(Fault(("parameters", name), reason or ""))
            continue
        bound[parameter.name] = _converted(parameter, value)
        seen.add(parameter.name)
    faults = faults or _disordered(function, bound)
    if faults:
        raise InvalidInput(*faults)
    return bound


def canonical(function: Activation, name: str) -> str:
    """The parameter's own name, if `name` is an alias of it."""
    return next((parameter.name for parameter in function.parameters if name in parameter.aliases), name)


def _find(function: Activation, name: str) -> Parameter | None:
    """By its own name first: an alias of one parameter may be the name of another."""
    for parameter in function.parameters:
        if parameter.name == name:
            return parameter
    return next((parameter for parameter in function.parameters if name in parameter.aliases), None)


def _unknown(function: Activation) -> str:
    names = ", ".join(parameter.name for parameter in function.parameters)
    return f"{function.name} has no such parameter; it has {names or 'none'}."


def _wrong(parameter: Parameter, value: object, seen: set[str]) -> str | None:
    """Why the value cannot be taken, or None."""
    if parameter.name in seen:
        return f"{parameter.name} is given twice, under two names."
    if value is None:
        return None if parameter.nullable else "Must not be null."
    match parameter.type:
        case "choice":
            return None if value in parameter.choices else f"Must be one of {', '.join(parameter.choices)}."
        case "boolean":
            return None if isinstance(value, bool) else "Must be true or false."
        case "integer":
            return _outside(parameter, value) if type(value) is int else "Must be an integer."
        case "number":
            return _outside(parameter, value) if type(value) in {int, float} else "Must be a number."


def _outside(parameter: Parameter, value: object) -> str | None:
    if not isinstance(value, int | float) or not isfinite(value):
        return "Must be finite."
    if parameter.minimum is not None and value < parameter.minimum:
        return f"Must be at least {parameter.minimum:g}."
    if parameter.maximum is not None and value > parameter.maximum:
        return f"Must be at most {parameter.maximum:g}."
    return None


def _converted(parameter: Parameter, value: object) -> Value:
    if parameter.type == "number" and isinstance(value, int):
        return float(value)
    return value if isinstance(value, int | float | bool | str) else None


def _disordered(function: Activation, bound: Mapping[str, Value]) -> list[Fault]:
    faults = []
    for lower, upper in function.ordered:
        low, high = bound[lower], bound[upper]
        if isinstance(low, float) and isinstance(high, float) and low > high:
            faults.append(Fault(("parameters", upper), f"Must not be less than {lower}, which is {low:g}."))
    return faults
