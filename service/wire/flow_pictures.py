"""Posted answers of gradient flow, read for what is drawn of them; whatever else they hold is passed over."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError

from service.activations import lookup
from service.errors import InvalidInput, Limit, LimitExceeded, within
from service.plots.flow_values import Band, FindingShown, FlowShown, LayerShown
from service.settings import Settings
from service.wire.faults import clip, explain
from service.wire.json import NON_FINITE, Body, loads
from service.wire.model import Number, PublishedAs

COMPARED = ("before", "after")
_MOST_FINDINGS = 100


def _number(value: object) -> object:
    return NON_FINITE.get(value, value) if isinstance(value, str) else value


Figure = Annotated[float, BeforeValidator(_number), PublishedAs(TypeAdapter(Number))]
Share = Annotated[float, Field(ge=0, le=1)]


class _Read(BaseModel):
    """A part of an answer; answers may have members of later versions."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)


class PictureMoments(_Read):
    """A mean and how far values spread about it."""

    mean: Figure
    std: Figure


class PictureForward(_Read):
    """The signal at a layer."""

    preactivation: PictureMoments
    activation: PictureMoments
    saturated_fraction: Share | None = None
    inactive_fraction: Share | None = None
    dead_units: Figure | None = None


class PictureBackward(_Read):
    """The gradient at a layer."""

    preactivation_gradient_norm: Figure
    weight_gradient_norm: Figure


class PictureLayer(_Read):
    """One layer of the answer."""

    units: int = Field(ge=1)
    activation: str
    forward: PictureForward
    backward: PictureBackward


class PictureFinding(_Read):
    """A trouble and the layers that have it."""

    code: str
    severity: Literal["info", "warning", "critical"]
    layers: list[int]


class PictureSummary(_Read):
    """Figures of the whole."""

    gradient_ratio: Figure | None = None
    decay_per_layer: Figure | None = None


class FlowPicture(_Read):
    """What is drawn of an answer of gradient flow; whatever else it holds is passed over."""

    layers: list[PictureLayer] = Field(min_length=1)
    findings: list[PictureFinding] = Field(default=[], max_length=_MOST_FINDINGS)
    summary: PictureSummary = PictureSummary()


def read_flows(body: Body, settings: Settings) -> tuple[FlowShown, ...]:
    """The flow of a posted answer, or those of two under `before` and `after`.

    Raises
    ------
    InvalidInput
        It is no answer of gradient flow.
    UnknownActivation
        A layer has a function that there is not.
    LimitExceeded
        It has too many layers.
    """
    posted: Any = loads(body, settings.max_depth, settings.max_members)
    if isinstance(posted, dict) and not any(label in posted for label in COMPARED):
        return (_read(posted, "", settings),)
    if not isinstance(posted, dict):
        raise InvalidInput.at(detail="Must be an answer of /gradient-flow, an object.")
    flows = []
    for label in COMPARED:
        if label not in posted:
            raise InvalidInput.at(label, detail="This field is required.")
        with within(label):
            flows.append(_read(posted[label], label, settings))
    return tuple(flows)


def _read(posted: object, label: str, settings: Settings) -> FlowShown:
    try:
        answer = FlowPicture.model_validate(posted)
    except ValidationError as error:
        raise explain(error, FlowPicture) from None
    if len(answer.layers) > (most := settings.max_layers):
        detail = f"There are {len(answer.layers)} layers; {most} are allowed."
        raise LimitExceeded(Limit("max_layers", most), detail, (*([label] if label else []), "layers"))
    with within("layers"):
        layers = tuple(_layer(index, layer) for index, layer in enumerate(answer.layers))
    with within("findings"):
        findings = tuple(_finding(index, each, len(layers)) for index, each in enumerate(answer.findings))
    summary = answer.summary
    return FlowShown(layers, findings, summary.gradient_ratio, summary.decay_per_layer, label)


def _layer(index: int, layer: PictureLayer) -> LayerShown:
    with within(index):
        name = lookup(clip(layer.activation)).name
    forward, backward = layer.forward, layer.backward
    return LayerShown(
        activation=name,
        weight_gradient=backward.weight_gradient_norm,
        preactivation_gradient=backward.preactivation_gradient_norm,
        preactivation=Band(forward.preactivation.mean, forward.preactivation.std),
        output=Band(forward.activation.mean, forward.activation.std),
        saturated=forward.saturated_fraction,
        inactive=forward.inactive_fraction,
        dead=None if forward.dead_units is None else forward.dead_units / layer.units,
    )


def _finding(index: int, finding: PictureFinding, layers: int) -> FindingShown:
    if any(not 0 <= layer < layers for layer in finding.layers):
        raise InvalidInput.at(index, "layers", detail=f"There are {layers} layers, counted from 0.")
    return FindingShown(clip(finding.code), finding.severity, tuple(finding.layers))
