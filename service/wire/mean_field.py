"""Questions to mean-field theory: one pair (σ_w, σ_b), or a grid of them; and the answers."""

from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Discriminator, Field, Tag

from service.activations.model import Array as Numbers
from service.compute.description import Gains
from service.flow.meanfield.criticality import CriticalPoint
from service.flow.meanfield.fixed_points import FixedPoint
from service.wire.evaluation import MAX_NAME
from service.wire.faults import TAG
from service.wire.model import GivenParameters, Parameters, Part, Request, Wire

MAX_SIGMA = 1e6
_Sigma = Annotated[float, Field(ge=0, le=MAX_SIGMA, allow_inf_nan=False)]


class Linspace(Part):
    """Equally spaced values: `[first, last, number]`."""

    linspace: tuple[_Sigma, _Sigma, Annotated[int, Field(ge=1, le=2**20)]] = Field(strict=False)

    def numbers(self) -> Numbers:
        """The values themselves."""
        return np.linspace(*self.linspace)


class Values(Part):
    """Values of the caller's own."""

    values: Annotated[list[_Sigma], Field(min_length=1)]

    def numbers(self) -> Numbers:
        """The values themselves."""
        return np.array(self.values)


def _which(value: object) -> str:
    if isinstance(value, dict):
        return TAG + ("values" if "values" in value else "linspace")
    return TAG + "number"


Axis = Annotated[
    Annotated[_Sigma, Tag(TAG + "number")]
    | Annotated[Linspace, Tag(TAG + "linspace")]
    | Annotated[Values, Tag(TAG + "values")],
    Discriminator(_which),
]


class MeanFieldRequest(Request):
    """Theory of one function, for weights of variance σ_w²/fan-in and biases of variance σ_b²."""

    activation: str = Field(min_length=1, max_length=MAX_NAME, description="Name or alias of an elementwise function.")
    parameters: GivenParameters = Field(default={}, description="Parameters of the function, by name or alias.")
    sigma_w: Axis = Field(description='σ_w: a number, `{"linspace": [first, last, number]}` or `{"values": […]}`.')
    sigma_b: Axis = Field(default=0.0, description="σ_b, likewise. With either an axis, the answer is a grid.")

    def axes(self) -> tuple[Numbers, Numbers]:
        """The values of σ_w and of σ_b; a single number is an axis of one."""
        return _numbers(self.sigma_w), _numbers(self.sigma_b)

    def pair(self) -> tuple[float, float] | None:
        """The one σ_w and the one σ_b; None if either is an axis."""
        if isinstance(self.sigma_w, float | int) and isinstance(self.sigma_b, float | int):
            return float(self.sigma_w), float(self.sigma_b)
        return None


def _numbers(axis: Any) -> Numbers:  # noqa: ANN401  any: one of the three forms of an axis
    return np.array([float(axis)]) if isinstance(axis, float | int) else axis.numbers()


class MeanFieldResponse(Wire):
    """What theory says at one pair; what does not exist is null, and `remarks` say why."""

    activation: str
    parameters: Parameters
    sigma_w: float
    sigma_b: float
    q_star: float | None = Field(description="The length of preactivations (their variance) that the layers keep.")
    fixed_points: tuple[FixedPoint, ...] = Field(description="All lengths that the layers keep.")
    chi_1: float | None = Field(description="σ_w² E f′(u)², u ~ N(0, q*): growth of the squared gradient per layer.")
    chi_parallel: float | None = Field(description="Slope of the length map at q*.")
    c_star: float | None = Field(description="The correlation that two inputs end with.")
    xi_q: float | None = Field(description="Depth scale of lengths, −1/ln χ_∥, in layers.")
    xi_c: float | None = Field(description="Depth scale of correlations, −1/ln χ at c*, in layers.")
    phase: Literal["ordered", "critical", "chaotic"] | None
    critical: tuple[CriticalPoint, ...] = Field(description="Every critical σ_w for this σ_b.")
    gains: Gains
    remarks: tuple[str, ...] = Field(description="Why what is null does not exist.")


class PhaseDiagramResponse(Wire):
    """What theory says over a grid: rows go with σ_w, columns with σ_b; null where a figure does not exist."""

    activation: str
    parameters: Parameters
    sigma_w: list[float]
    sigma_b: list[float]
    q_star: list[list[float | None]]
    chi_1: list[list[float | None]]
    chi_parallel: list[list[float | None]]
    c_star: list[list[float | None]]
    xi_q: list[list[float | None]]
    xi_c: list[list[float | None]]
    phase: list[list[str | None]]
    critical: tuple[tuple[CriticalPoint, ...], ...] = Field(description="For each σ_b, every critical σ_w.")
    remarks: tuple[str, ...]


def rows(array: Numbers) -> list[list[float | None]]:
    """An array as nested lists, with null for NaN."""
    return [[None if number != number else number for number in row] for row in array.tolist()]  # noqa: PLR0124  NaN
