"""Why a figure of mean-field theory does not exist, or does not mean what it seems to, in one sentence each."""

from collections.abc import Iterator
from dataclasses import dataclass

from service.flow.meanfield.criticality import TOLERANCE, CriticalPoint
from service.flow.meanfield.fixed_points import Course

HALF_LINE = "Theory does not apply: the activation is not defined on the whole real line, on which preactivations lie."


@dataclass(frozen=True)
class Findings:
    """The figures that remarks speak of."""

    course: Course
    q_star: float | None
    chi_1: float | None
    chi_parallel: float | None
    c_star: float | None
    chi_c: float | None
    critical: tuple[CriticalPoint, ...]
    jumps: bool
    backward_gain: float | None


def remarks_on(findings: Findings) -> tuple[str, ...]:
    """One sentence for each figure that does not exist."""
    return (
        *_on_length(findings),
        *_on_gradients(findings),
        *_on_correlations(findings),
        *_on_critical(findings),
    )


def _on_length(findings: Findings) -> Iterator[str]:
    chi = findings.chi_parallel
    if findings.course is Course.STAYS:
        yield "q_star and xi_q: every q is a fixed point: the length map keeps any length."
    elif findings.course is Course.EXPLODES and chi is None:
        yield "q_star and xi_q: from q = 1 lengths grow beyond q = 1e24, further than they are followed."
    elif findings.course is Course.EXPLODES and abs(chi or 0.0) <= 1 + TOLERANCE:
        yield "q_star and xi_q: there are none: from q = 1 lengths grow without end, as a power of the depth."
    elif findings.course is Course.EXPLODES:
        yield "q_star and xi_q: there are none: from q = 1 lengths explode; chi_1 and chi_parallel are for large q."
    elif findings.course is Course.COLLAPSES:
        yield "q_star: from q = 1 lengths fall towards 0; chi_1 and chi_parallel are the limits for small q."
    if findings.q_star is not None and chi is not None and abs(chi - 1) <= TOLERANCE:
        yield "xi_q: chi_parallel is 1: lengths approach q_star as a power of the depth, not exponentially."
    elif findings.q_star is not None and chi is not None and chi > 1:
        yield "xi_q: the length map is unstable at q_star: lengths that start a little off run away from it."


def _on_gradients(findings: Findings) -> Iterator[str]:
    if findings.jumps:
        yield "chi_1: E f'^2 does not exist, because the activation jumps; nor do the phase and the backward gain."
    elif findings.backward_gain is None:
        yield "gains: the activation is constant where signals of q = 1 are, and hands back no gradient."
    if findings.chi_1 is None and not findings.jumps:
        yield "chi_1 and the phase: the slope of the activation has no mean square in the limit that lengths tend to."


def _on_correlations(findings: Findings) -> Iterator[str]:
    if findings.c_star is None and findings.q_star is None:
        yield "c_star and xi_c: correlations have no fixed point to settle at, because lengths have none."
    elif findings.c_star is None:
        yield "c_star and xi_c: signals vanish, and with them what correlation means."
    elif findings.chi_c is not None and abs(findings.chi_c) >= 1 - TOLERANCE:
        yield "xi_c: correlations approach c_star as a power of the depth, not exponentially."


def _on_critical(findings: Findings) -> Iterator[str]:
    if not findings.critical and not findings.jumps:
        yield "critical: no critical point exists for this sigma_b: no fixed point of the length map has chi_1 = 1."
    for point in findings.critical:
        if point.q_star is None:
            yield f"critical: at sigma_w = {point.sigma_w:.6g} every q is a fixed point."
        elif not point.stable:
            yield f"critical: the length map is unstable at the critical point of sigma_w = {point.sigma_w:.6g}."
