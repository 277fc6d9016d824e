"""The catalogue: every activation function, by its name and by the names that the frameworks have for it."""

from difflib import get_close_matches
from functools import cache

from service.activations.exponentials import EXPONENTIALS
from service.activations.gated import GATED
from service.activations.gates import GATES
from service.activations.model import Activation
from service.activations.rectifiers import RECTIFIERS
from service.activations.reductions import REDUCTIONS
from service.activations.shrinkers import SHRINKERS
from service.activations.sigmoids import SIGMOIDS
from service.activations.vectors import VECTORS
from service.errors import UnknownActivation

_ALL: tuple[Activation, ...] = (
    *RECTIFIERS,
    *SIGMOIDS,
    *EXPONENTIALS,
    *GATES,
    *SHRINKERS,
    *VECTORS,
    *GATED,
    *REDUCTIONS,
)


def catalogue() -> tuple[Activation, ...]:
    """All functions, in alphabetical order."""
    return tuple(sorted(_ALL, key=lambda function: function.name))


def lookup(name: str) -> Activation:
    """The function of that name or alias, whatever its case and underscores.

    Raises
    ------
    UnknownActivation
        With the nearest names there are.
    """
    index = _index()
    function = index.get(_key(name))
    if function is None:
        raise UnknownActivation(name, _near(name))
    return function


def _key(name: str) -> str:
    return name.casefold().replace("_", "")


@cache
def _index() -> dict[str, Activation]:
    """Canonical names last, so that no alias hides one."""
    aliases = {_key(alias): function for function in _ALL for alias in function.names.all()}
    return aliases | {_key(function.name): function for function in _ALL}


def _near(name: str) -> tuple[str, ...]:
    spelled = {_key(alias): alias for function in _ALL for alias in function.names.all()}
    spelled |= {_key(function.name): function.name for function in _ALL}
    return tuple(spelled[key] for key in get_close_matches(_key(name[:100]), spelled, n=3, cutoff=0.6))
