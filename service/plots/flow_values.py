"""What is drawn of a gradient flow: the figures of its layers, its findings, and how it is called."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby


@dataclass(frozen=True)
class Band:
    """A mean and how far values spread about it."""

    mean: float
    std: float


@dataclass(frozen=True)
class LayerShown:
    """One layer; fractions that are not defined are None."""

    activation: str
    weight_gradient: float
    preactivation_gradient: float
    preactivation: Band
    output: Band
    saturated: float | None
    inactive: float | None
    dead: float | None


@dataclass(frozen=True)
class FindingShown:
    """A trouble and the layers that have it."""

    code: str
    severity: str
    layers: tuple[int, ...]


@dataclass(frozen=True)
class FlowShown:
    """A network with what flows through it; `label` says which of several it is."""

    layers: tuple[LayerShown, ...]
    findings: tuple[FindingShown, ...] = ()
    gradient_ratio: float | None = None
    decay_per_layer: float | None = None
    label: str = ""

    @property
    def described(self) -> str:
        """The layers in words: how many of which function, in their order."""
        runs = [(name, len(list(run))) for name, run in groupby(layer.activation for layer in self.layers)]
        told = [f"{count} × {name}" if count > 1 else name for name, count in runs]
        return ", ".join(told if len(told) <= 4 else [*told[:2], "…", told[-1]])

    @property
    def figures(self) -> str:
        """The figures of the whole network."""
        figures = (("gradient ratio", self.gradient_ratio), ("factor per layer", self.decay_per_layer))
        return ", ".join(f"{name} {value:.2g}" for name, value in figures if value is not None)


def runs(indices: Sequence[int], gap: int = 0) -> list[tuple[int, int]]:
    """Indices as stretches (first, last), which reach over gaps of so many."""
    found: list[tuple[int, int]] = []
    for index in sorted(set(indices)):
        if found and index - found[-1][1] <= 1 + gap:
            found[-1] = (found[-1][0], index)
        else:
            found.append((index, index))
    return found
