"""Remedies as they travel: the change in words, and as operations on the request that anyone can apply (RFC 6902)."""

from collections.abc import Iterator
from typing import Any, Literal

from pydantic import Field

from service.activations.model import Array
from service.flow.findings import Finding
from service.flow.initializers import BIASES, WEIGHTS
from service.flow.network import Block, Drawn, Experiment, Given, Layer
from service.flow.remedies import Remedy, Verified
from service.wire.model import Wire

Json = Any  # any: JSON is any of its types
_MEMBERS = ("activation", "parameters", "weights", "bias", "normalization")


class Operation(Wire):
    """One operation of a JSON patch (RFC 6902) on the request."""

    op: Literal["add", "remove"] = Field(description="`add` replaces a member that is there.")
    path: str = Field(description="RFC 6901 pointer into the request.")
    value: Json = Field(default=None, description="What to put there; not with `remove`.")


class RemedyAnswer(Wire):
    """A change that was applied to the request, run, and found to help."""

    change: str = Field(description="In words.")
    patch: tuple[Operation, ...] = Field(description="The same as a JSON patch on the request.")
    verified: Verified = Field(description="The figures that the finding is about, before and after.")


class FindingAnswer(Wire):
    """A trouble, where it is, the figures that prove it, and what mends it, the best remedy first."""

    code: str
    severity: Literal["info", "warning", "critical"]
    layers: tuple[int, ...] = Field(description="Indices of the layers in the answer.")
    evidence: dict[str, Json] = Field(description="The figures that prove it.")
    explanation: str
    remedies: tuple[RemedyAnswer, ...]


def finding_answer(
    finding: Finding, remedies: tuple[Remedy, ...], before: Experiment, *, of_model: bool
) -> FindingAnswer:
    """A finding with its remedies; `of_model` says that the request names a whole uploaded model."""
    return FindingAnswer(
        code=finding.code,
        severity=finding.severity,
        layers=finding.layers,
        evidence=dict(finding.evidence),
        explanation=finding.explanation,
        remedies=tuple(
            RemedyAnswer(
                change=remedy.change,
                patch=tuple(_patch(before, remedy.experiment, of_model=of_model)),
                verified=remedy.verified,
            )
            for remedy in remedies
        ),
    )


def _patch(before: Experiment, after: Experiment, *, of_model: bool) -> Iterator[Operation]:
    """What makes the request of one experiment that of the other."""
    if of_model:
        yield Operation(op="remove", path="/model")
    if of_model or not _same_shape(before, after):
        yield Operation(op="add", path="/layers", value=[_entry(entry) for entry in after.entries])
        return
    for index, (old, new) in enumerate(zip(before.entries, after.entries, strict=True)):
        if isinstance(old, Layer) and isinstance(new, Layer):
            yield from _changes(old, new, f"/layers/{index}")
        elif isinstance(old, Block) and isinstance(new, Block):
            for position, (inner, other) in enumerate(zip(old.layers, new.layers, strict=True)):
                yield from _changes(inner, other, f"/layers/{index}/block/{position}")


def _same_shape(before: Experiment, after: Experiment) -> bool:
    return len(before.entries) == len(after.entries) and all(
        type(old) is type(new) and old.repeat == new.repeat
        for old, new in zip(before.entries, after.entries, strict=True)
    )


def _changes(old: Layer, new: Layer, path: str) -> Iterator[Operation]:
    """The members that differ; numbers of the caller's own are never changed, only replaced by a rule.

    Where weights told the number of units, it must be told once they are drawn.
    """
    if isinstance(old.weights, Given) and isinstance(new.weights, Drawn):
        yield Operation(op="add", path=f"{path}/units", value=new.units)
    for member in _MEMBERS:
        kept = getattr(old, member) == getattr(new, member)
        if not kept:
            yield Operation(op="add", path=f"{path}/{member}", value=_member(new, member))


def _entry(entry: Layer | Block) -> Json:
    if isinstance(entry, Layer):
        return _layer(entry)
    return {
        "block": [_layer(layer) for layer in entry.layers],
        "residual": entry.residual,
        "pre_normalization": entry.pre_normalization,
        "scale": entry.scale,
        "repeat": entry.repeat,
    }


def _layer(layer: Layer) -> Json:
    return {
        "units": layer.units,
        **{member: _member(layer, member) for member in _MEMBERS},
        "repeat": layer.repeat,
    }


def _member(layer: Layer, member: str) -> Json:
    match member:
        case "activation":
            return layer.activation.name
        case "parameters":
            return dict(layer.parameters)
        case "normalization":
            return layer.normalization
        case _:
            source: Drawn | Given | None = getattr(layer, member)
            return None if source is None else _drawn(source) if isinstance(source, Drawn) else _given(source)


def _drawn(source: Drawn) -> Json:
    defaults = (BIASES if source.rule not in WEIGHTS or "sigma_b" in source.parameters else WEIGHTS)[source.rule]
    if source.parameters == defaults.defaults:
        return source.rule
    return {"initializer": source.rule, **source.parameters}


def _given(source: Given) -> Json:
    if source.tensor is not None:
        return {"tensor": source.tensor, "layout": source.layout}
    values: Array = source.values
    return values.tolist()
