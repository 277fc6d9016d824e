"""Questions about the flow of gradients, and the answers."""

from typing import Literal, Self

from pydantic import Field, model_validator

from service.flow.report import Figures, LayerFigures, Summary
from service.flow.unrolled import Cost
from service.wire.evaluation import MAX_SEED
from service.wire.model import Part, Request, Wire, conflict
from service.wire.networks import Entries, Input, LossDescription, LossOrName, ModelDescription
from service.wire.remedies import FindingAnswer
from service.wire.theory import NotApplicableAnswer, TheoryAnswer

MAX_TRIALS = 1000


class JacobianSamples(Part):
    """Of how many samples the singular values of ∂output/∂input are averaged."""

    samples: int = Field(default=1, ge=0, le=2**24, description="The first so many of the batch; 0 leaves them out.")


class NetworkRequest(Request):
    """A network, and what flows through it."""

    layers: Entries | None = Field(default=None, description="Layers and blocks in order; give these or `model`.")
    model: ModelDescription | None = Field(default=None, description="A whole network from an upload.")
    loss: LossOrName = Field(
        default=LossDescription(name="sum"),
        description="What is differentiated; or its name.",
        json_schema_extra={"default": "sum"},
    )
    seed: int = Field(default=0, ge=0, le=MAX_SEED, description="Draws whatever is drawn; the same seed, the same.")
    dtype: Literal["float64", "float32"] = Field(default="float64", description="In which all is computed.")
    learning_rate: float = Field(default=0.01, ge=0, le=1e100, allow_inf_nan=False, description="For `update_ratio`.")

    @model_validator(mode="after")
    def _has_one_network(self) -> Self:
        if (self.layers is None) == (self.model is None):
            raise conflict("layers", "Give `layers`, or `model` with an upload: one of them.")
        return self


class GradientFlowRequest(NetworkRequest):
    """A network, its input and its loss: what travels forward, and what comes back."""

    input: Input = Field(
        description="A distribution (`normal`, `uniform`) with its parameters, `features` and `batch`; or `values`, an "
        "array of batch × features; or a tensor of the upload."
    )
    trials: int = Field(default=1, ge=1, le=MAX_TRIALS, description="How often the network is drawn.")
    jacobian: JacobianSamples = Field(default=JacobianSamples(), description="Of how many samples.")
    remedies: bool = Field(default=True, description="Whether to search for remedies, each of which is a run.")


class GradientFlowResponse(Wire):
    """The figures of every layer, what theory predicts, and the diagnosis; with several trials, means over them."""

    dtype: str
    seed: int
    trials: int
    layers: tuple[LayerFigures, ...] = Field(description="Every layer in order, blocks and repeats written out.")
    loss: float
    input_gradient_norm: float = Field(description="‖∂L/∂x‖ of the network's input.")
    summary: Summary
    standard_errors: Figures | None = Field(description="Of the means, in the same form; null for one trial.")
    theory: TheoryAnswer | NotApplicableAnswer = Field(description="What theory says, or why it does not apply.")
    findings: tuple[FindingAnswer, ...] = Field(description="What is wrong, the gravest first.")
    cost: Cost = Field(description="What one trial takes, as it was estimated from the shapes before it started.")
