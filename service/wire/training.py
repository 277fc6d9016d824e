"""Questions about training, and the lines of the answer."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal, NamedTuple, Self

import numpy as np
from pydantic import Discriminator, Field, RootModel, Tag, model_validator

from service.activations.model import Array
from service.errors import Path, within
from service.flow.datasets import Classes, Dataset, digits, two_moons
from service.flow.history import TrainingRecord, TrainingSummary
from service.flow.network import Experiment, Given, Loss, SampledInput
from service.flow.training import Plan
from service.wire.experiments import Tensors, array_of, entries_of, input_of, loss_of
from service.wire.faults import TAG
from service.wire.flow import MAX_TRIALS, JacobianSamples, NetworkRequest
from service.wire.model import Part, Wire, conflict
from service.wire.networks import NEEDS, ArrayOrTensor, GivenInputDescription, Input, LossDescription, LossOrName
from service.wire.problems import ProblemDocument

MAX_STEPS = 100_000
DATASETS: Mapping[str, Callable[[], Dataset]] = {"digits": digits, "two_moons": two_moons}
LossName = Literal["sum", "mean", "mse", "cross_entropy", "upstream"]


class GivenData(Part):
    """Samples of the caller's own, to train on."""

    values: ArrayOrTensor = Field(description="Inputs, of samples × features.")
    targets: ArrayOrTensor = Field(
        description="The class of each sample, counted from 0; or for mse an array of samples × n_out."
    )


def _name_or_given(value: object) -> str:
    return TAG + ("name" if isinstance(value, str) else "given")


Data = Annotated[
    Annotated[Literal["digits", "two_moons"], Tag(TAG + "name")] | Annotated[GivenData, Tag(TAG + "given")],
    Discriminator(_name_or_given),
]


def _without_default(published: dict[str, Any]) -> None:  # any: JSON is any of its types
    """The loss that is taken where none is given depends on the data."""
    del published["default"]


class TrainingRequest(NetworkRequest):
    """A network, what it is trained on, and how.

    The members of a gradient-flow request that mean nothing here (`trials`, `jacobian`, `remedies`) are taken and
    ignored, so that such a request can be trained as it is.
    """

    data: Data | None = Field(
        default=None,
        description="`digits`: images of 8×8 pixels in 10 classes, 1347 to train on and 450 held out; `two_moons`: two "
        "interleaved half circles in the plane, 1000 points and 1000 held out; or samples of one's own. Without data, "
        "`input` and the targets of `loss` are trained on; with data they are ignored.",
    )
    input: Input | None = Field(default=None, description="As for a gradient flow; needed where there is no `data`.")
    loss: LossOrName = Field(
        default=LossDescription(name="sum"),
        description="What is made small; or its name. With `data`, mse or cross_entropy, whose targets are those of "
        "the data; where none is given, cross_entropy for classes, mse for other targets. For mse, classes become rows "
        "of the identity, or with one output their own numbers.",
        json_schema_extra=_without_default,
    )
    learning_rate: float = Field(default=0.01, ge=0, le=1e100, allow_inf_nan=False, description="η in w ← w − ηv.")
    momentum: float = Field(default=0.0, ge=0, lt=1, description="μ in v ← μv + ∇L.")
    steps: int = Field(default=500, ge=1, le=MAX_STEPS, description="Number of mini-batches.")
    batch_size: int = Field(default=64, ge=1, le=2**24, description="Samples of a mini-batch; at most all there are.")
    shuffle: bool = Field(
        default=True, description="Whether each epoch takes the samples in a new order, drawn from the seed."
    )
    trials: int = Field(default=1, ge=1, le=MAX_TRIALS, description="Ignored: the network of the first is trained.")
    jacobian: JacobianSamples = Field(default=JacobianSamples(), description="Ignored.")
    remedies: bool = Field(default=False, description="Ignored.")

    @model_validator(mode="after")
    def _has_samples(self) -> Self:
        if self.data is None and self.input is None:
            raise conflict("data", "Give `data` to train on, or an `input` and the targets of the loss.")
        if self.data is not None and "loss" in self.model_fields_set and NEEDS.get(self.loss.name) != "targets":
            raise conflict("loss", f"The loss {self.loss.name} has no targets; with data, take cross_entropy or mse.")
        return self


class TrainingDone(Wire):
    """The last line: the training has ended."""

    done: Literal[True] = True
    summary: TrainingSummary


class TrainingBroken(Wire):
    """The last line if the service failed on the way."""

    problem: ProblemDocument


class TrainingLine(RootModel[TrainingRecord | TrainingDone | TrainingBroken]):
    """One line of the answer, or the data of one server-sent event: a record of each step, then one that ends it."""


def plan_of(request: TrainingRequest, tensors: Tensors) -> Plan:
    """The plan of the training; raises InvalidInput or UnknownActivation, which name the field."""
    samples = _samples(request, tensors)
    return Plan(
        experiment=Experiment(
            input=samples.input,
            entries=entries_of(request, tensors),
            loss=samples.loss,
            seed=request.seed,
            dtype=request.dtype,
            learning_rate=request.learning_rate,
        ),
        steps=request.steps,
        momentum=request.momentum,
        batch_size=request.batch_size,
        shuffle=request.shuffle,
        test=samples.test,
        targets_at=samples.targets_at,
    )


class _Samples(NamedTuple):
    input: SampledInput | Given
    loss: Loss
    test: tuple[Array, Classes] | None
    targets_at: Path


def _samples(request: TrainingRequest, tensors: Tensors) -> _Samples:
    if isinstance(request.data, str):
        found = DATASETS[request.data]()
        loss = Loss(_loss_name(request, found.classes), targets=found.classes.astype(np.float64))
        return _Samples(Given(found.x), loss, (found.test_x, found.test_classes), ("data",))
    if isinstance(request.data, GivenData):
        with within("data"):
            given = input_of(GivenInputDescription.model_construct(values=request.data.values), tensors)
        with within("data", "targets"):
            targets = array_of(request.data.targets, tensors).values
        return _Samples(given, Loss(_loss_name(request, targets), targets=targets), None, ("data", "targets"))
    assert request.input is not None  # noqa: S101  the request has samples
    with within("input"):
        given = input_of(request.input, tensors)
    return _Samples(given, loss_of(request.loss, tensors), None, ("loss", "targets"))


def _loss_name(request: TrainingRequest, targets: Array | Classes) -> LossName:
    if "loss" in request.model_fields_set:
        return request.loss.name
    return "cross_entropy" if targets.ndim == 1 else "mse"
