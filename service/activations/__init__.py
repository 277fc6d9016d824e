"""The catalogue: every activation function, by its name and by the names that the frameworks have for it."""

from difflib import get_close_matches
from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from service.activations.model import Activation
from service.errors import UnknownActivation


@cache
def catalogue() -> tuple[Activation, ...]:
    """All functions, in alphabetical order: every Activation that stands in a module of this package."""
    modules = (import_module(f"{__name__}.{module.name}") for module in iter_modules(__path__))
    found = {entry for module in modules for entry in vars(module).values() if isinstance(entry, Activation)}
    return tuple(sorted(found, key=lambda function: function.name))


def lookup(name: str) -> Activation:
    """The function of that name or alias, whatever its case and underscores.

    Raises
    ------
    UnknownActivation
        With the nearest names there are.
    """
    function = _index().get(_key(name))
    if function is None:
        raise UnknownActivation(name, _near(name))
    return function


def _key(name: str) -> str:
    return name.casefold().replace("_", "")


@cache
def _index() -> dict[str, Activation]:
    """By key; canonical names come last, so that no alias hides one."""
    aliases = {_key(alias): function for function in catalogue() for alias in function.names.all()}
    return aliases | {_key(function.name): function for function in catalogue()}


def _near(name: str) -> tuple[str, ...]:
    spelled = {_key(alias): alias for function in catalogue() for alias in function.names.all()}
    spelled |= {_key(function.name): function.name for function in catalogue()}
    return tuple(spelled[key] for key in get_close_matches(_key(name[:100]), spelled, n=3, cutoff=0.6))
