"""Mean-field theory: the question, and what is answered."""

from collections.abc import Mapping
from dataclasses import dataclass

from service.client.catalogue import Gains, Session
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
