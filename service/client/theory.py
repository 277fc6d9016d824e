"""Mean-field theory: the question, and what is answered."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from service.client.catalogue import Gains, Session
from service.client.drawing import figure, heat_map, shown, table
from service.client.exchange import Exchange, answered, in_json
from service.client.reading import Grid, Values, read

PATH = "/gradient-flow/mean-field"


@dataclass(frozen=True)
class FixedPoint:
    """A length that the layers keep, and whether they lead back to it from both sides."""

    q: float
    stable: bool


@dataclass(frozen=True)
class CriticalPoint:
    """A critical σ_w: the fixed point there, None if every q is one, and whether lengths stay near it."""

    sigma_w: float
    q_star: float | None
    stable: bool


@dataclass(frozen=True, kw_only=True)
class MeanField:
    """What theory says at one pair (σ_w, σ_b); what does not exist is None, and `remarks` say why."""

    activation: str
    parameters: Values
    sigma_w: float
    sigma_b: float
    q_star: float | None
    fixed_points: tuple[FixedPoint, ...]
    chi_1: float | None
    chi_parallel: float | None
    c_star: float | None
    xi_q: float | None
    xi_c: float | None
    phase: str | None
    critical: tuple[CriticalPoint, ...]
    gains: Gains
    remarks: tuple[str, ...]

    def _repr_html_(self) -> str:
        names = ("sigma_w", "sigma_b", "phase", "q_star", "chi_1", "chi_parallel", "c_star", "xi_q", "xi_c")
        rows = [("activation", self.activation), *((name, getattr(self, name)) for name in names)]
        return table([*rows, ("critical sigma_w", ", ".join(shown(point.sigma_w) for point in self.critical))])


@dataclass(frozen=True, kw_only=True, eq=False)
class PhaseDiagram:
    """What theory says over a grid: rows go with σ_w, columns with σ_b; NaN where a figure does not exist."""

    activation: str
    parameters: Values
    sigma_w: Grid
    sigma_b: Grid
    q_star: Grid
    chi_1: Grid
    chi_parallel: Grid
    c_star: Grid
    xi_q: Grid
    xi_c: Grid
    phase: tuple[tuple[str | None, ...], ...]
    critical: tuple[tuple[CriticalPoint, ...], ...]
    remarks: tuple[str, ...]

    def _repr_html_(self) -> str:
        line = [
            (point.sigma_w, sigma_b)
            for sigma_b, points in zip(self.sigma_b, self.critical, strict=True)
            for point in points
        ]
        with np.errstate(divide="ignore"):
            growth = np.log10(self.chi_1)
        picture = heat_map(self.sigma_w, self.sigma_b, growth, ("σ_w", "σ_b"), line)
        return figure(picture, f"{self.activation}: gradients fade where it is blue, and explode where it is red")


def mean_field(session: Session, request: Mapping[str, object]) -> Exchange[MeanField | PhaseDiagram]:
    """Ask mean-field theory about one pair (σ_w, σ_b), or about a grid of them if either is an axis.

    Parameters
    ----------
    request
        The members of the request: `activation`, `sigma_w`, and perhaps `parameters` and `sigma_b`. An axis is
        `{"linspace": [first, last, number]}` or `{"values": […]}`.
    """
    reply = yield from answered(in_json(PATH, request), session.retries)
    grid = any(isinstance(request.get(name), Mapping) for name in ("sigma_w", "sigma_b"))
    return read(PhaseDiagram, reply.body) if grid else read(MeanField, reply.body)
