"""What mean-field theory says of the network of a request."""

from typing import Literal

from pydantic import Field

from service.flow.deviation import Deviation
from service.flow.theory import Theory
from service.wire.model import Wire


class NotApplicableAnswer(Wire):
    """Theory says nothing of this network."""

    not_applicable: str = Field(description="Why, in one sentence.")


class Prediction(Wire):
    """What theory predicts of this very network, widths included."""

    preactivation_mean_square: tuple[float | None, ...] = Field(description="Mean of g², for each layer.")
    decay_per_layer: float | None = Field(description="What `summary.decay_per_layer` should be.")


class TheoryAnswer(Wire):
    """What theory says of networks with such layers, and how far this one is from it; what does not exist is null."""

    sigma_w: float | None = Field(description="Of the hidden layers, if they are all alike.")
    sigma_b: float | None
    q_star: float | None = Field(description="The length of preactivations (their variance) that the layers keep.")
    chi_1: float | None = Field(description="Growth of the squared gradient per layer at q*.")
    xi_q: float | None = Field(description="Depth scale of lengths, in layers.")
    xi_c: float | None = Field(description="Depth scale of correlations, in layers.")
    phase: Literal["ordered", "critical", "chaotic"] | None
    critical_sigma_w: float | None = Field(description="The critical σ_w for this σ_b that is nearest to σ_w.")
    all_critical_sigma_w: tuple[float, ...] = Field(description="Every critical σ_w for this σ_b.")
    prediction: Prediction
    deviation: Deviation
    remarks: tuple[str, ...] = Field(description="Why what is null does not exist.")


def theory_answer(theory: Theory, deviation: Deviation) -> TheoryAnswer:
    """Theory and the deviation from it, as they travel."""
    return TheoryAnswer(
        sigma_w=theory.sigma_w,
        sigma_b=theory.sigma_b,
        q_star=theory.q_star,
        chi_1=theory.chi_1,
        xi_q=theory.xi_q,
        xi_c=theory.xi_c,
        phase=theory.phase,
        critical_sigma_w=_nearest(theory),
        all_critical_sigma_w=theory.critical_sigma_w,
        prediction=Prediction(
            preactivation_mean_square=theory.preactivation_mean_square, decay_per_layer=theory.gradient_decay
        ),
        deviation=deviation,
        remarks=theory.remarks,
    )


def _nearest(theory: Theory) -> float | None:
    at = theory.sigma_w or 0.0
    return min(theory.critical_sigma_w, key=lambda sigma_w: abs(sigma_w - at), default=None)
