"""Training: the question, and what is told of every step and at the end."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from service.client.drawing import Curve, chart, figure
from service.client.exchange import Ask
from service.client.failures import NoAnswer, problem
from service.client.reading import Json, loads, parsed
from service.client.uploads import Tensors, with_tensors

PATH = "/gradient-flow/training"
NDJSON = "application/x-ndjson"
_STEPS = 500  # where the request says nothing


@dataclass(frozen=True)
class TrainingRecord:
    """One step: figures of the mini-batch before the weights are moved; `path_ratio` is that of all steps so far."""

    step: int
    loss: float
    accuracy: float | None
    gradient_norms: tuple[float, ...]
    dead_units: tuple[int | None, ...]
    path_ratio: float | None
    diverged: bool


@dataclass(frozen=True)
class Losses:
    """Of the first mini-batch before any step, of the last one before the last step, and of all samples at the end."""

    first: float
    last: float
    end: float


@dataclass(frozen=True)
class Death:
    """So many `units` of a layer, dead at the end, were last active on the batch of `step`; 0: they never were."""

    step: int
    layer: int
    units: int


@dataclass(frozen=True)
class ZigZag:
    """How straight the weights went: `path_ratio` is the length of the path over the distance of its ends."""

    path_length: float
    net_displacement: float
    path_ratio: float | None
    mean_cosine: float | None
    one_sign_fraction: float | None


@dataclass(frozen=True)
class LearningRateLimit:
    """Beyond which learning rate steps over all samples grow."""

    value: float | None
    lambda_max: float | None
    exact: bool
    exceeded: bool | None
    remark: str


@dataclass(frozen=True, kw_only=True)
class TrainingSummary:
    """What became of the training."""

    steps: int
    loss: Losses
    accuracy: float | None
    accuracy_of: str | None
    diverged_at: int | None
    dead_units: tuple[int | None, ...]
    died: tuple[Death, ...]
    zig_zag: ZigZag
    learning_rate_limit: LearningRateLimit


class Course:
    """A training as far as it has been told: the losses of all steps, and at the end the summary."""

    def __init__(self) -> None:
        self.losses: list[float] = []
        self._summary: TrainingSummary | None = None
        self._rest = b""

    @property
    def summary(self) -> TrainingSummary:
        """What became of it; raises NoAnswer as long as the last record has not come."""
        if self._summary is None:
            raise NoAnswer(f"Of the training, {len(self.losses)} steps were told, and no end.")
        return self._summary

    def hear(self, piece: bytes) -> Iterator[TrainingRecord]:
        """The records that these bytes complete; raises Problem where the service tells one in their place."""
        *lines, self._rest = (self._rest + piece).split(b"\n")
        for line in lines:
            told = loads(line)
            if "problem" in told:
                raise problem(told["problem"], {})
            if "done" in told:
                self._summary = parsed(TrainingSummary, told.get("summary"))
            else:
                yield self._noted(told)

    def _noted(self, told: Json) -> TrainingRecord:
        record = parsed(TrainingRecord, told)
        self.losses.append(record.loss)
        return record

    def drawn(self) -> str:
        """The losses as an inline SVG."""
        steps = range(1, len(self.losses) + 1)
        return chart([Curve(steps, self.losses, "loss")], x="step", y="loss of the mini-batch", log=True)

    def _repr_html_(self) -> str:
        return figure(self.drawn(), f"{len(self.losses)} steps")


def question(request: Mapping[str, object], tensors: Tensors | None) -> Ask:
    """The request whose answer is a stream of records."""
    ask = with_tensors(PATH, request, tensors, {"Accept": NDJSON, "Accept-Encoding": "identity"})
    return replace(ask, streamed=True)


def steps_of(request: Mapping[str, object]) -> int:
    """How many steps there will be, if all goes well."""
    steps = request.get("steps")
    return steps if isinstance(steps, int) and steps > 0 else _STEPS
