"""A function with its parameters set: its pieces, limits and kernels, found once and kept for the next call."""

from dataclasses import dataclass, field
from functools import cached_property, lru_cache

import numpy as np

from service.activations.model import Array, Elementwise, Kernel, Parameters, Pieces
from service.compute.blocks import BlockTask

_KEPT = 256  # settings that are kept


@dataclass(frozen=True, eq=False)
class Bound:
    """What is known of a function at one setting of its parameters; `tasks` are those that were asked for so far."""

    function: Elementwise
    parameters: Parameters
    tasks: dict[object, BlockTask] = field(default_factory=dict)

    @cached_property
    def pieces(self) -> Pieces:
        """What the function is."""
        return self.function.pieces(**self.parameters)

    @cached_property
    def limits(self) -> Array:
        """At −∞ and +∞, if no parameter is drawn."""
        return np.array(self.function.facts(**self.parameters).limits)

    @cached_property
    def full(self) -> Kernel | None:
        """The accurate kernel, if there is one."""
        return self.function.full(**self.parameters) if self.function.full and not self.drawn else None

    @cached_property
    def fast(self) -> Kernel | None:
        """The fast kernel, if there is one."""
        return self.function.fast(**self.parameters) if self.function.fast and not self.drawn else None

    @cached_property
    def drawn(self) -> bool:
        """Whether a parameter is drawn for each element."""
        return any(map(is_drawn, self.parameters.values()))

    def local(self, part: slice) -> Parameters:
        """The parameters of a part of the flat array."""
        if not self.drawn:
            return self.parameters
        return {name: given.reshape(-1)[part] if is_drawn(given) else given for name, given in self.parameters.items()}

    def pieces_at(self, part: slice) -> Pieces:
        """The pieces for a part of the flat array."""
        return self.function.pieces(**self.local(part)) if self.drawn else self.pieces


def is_drawn(given: object) -> bool:
    """Whether a parameter has a value for each element."""
    return isinstance(given, np.ndarray)


def bound(function: Elementwise, parameters: Parameters) -> Bound:
    """The function with these parameters; the settings used last are kept, but for those with drawn parameters."""
    items = tuple(parameters.items())
    try:
        hash(items)
    except TypeError:  # arrays have no hash
        return Bound(function, parameters)
    # 0.0 and −0.0 are equal, but not the same parameter
    return _kept(function, items, repr(items) if 0.0 in parameters.values() else "")


@lru_cache(maxsize=_KEPT)
def _kept(function: Elementwise, items: tuple[tuple[str, object], ...], _: str) -> Bound:
    return Bound(function, dict(items))
