"""Pictures that the service draws, of functions and of gradient flows."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Literal

from service.client.arrays import query_item
from service.client.catalogue import Session
from service.client.exchange import Ask, Exchange, answered, in_json
from service.client.flow import GradientFlow

Form = Literal["svg", "png"]
Theme = Literal["light", "dark"]

_TYPES = {"svg": "image/svg+xml", "png": "image/png"}


class Picture(bytes):
    """The bytes of an SVG or a PNG, which a notebook shows."""

    def _repr_mimebundle_(self, **_wanted: object) -> dict[str, str | bytes]:
        if self.startswith(b"\x89PNG"):
            return {_TYPES["png"]: bytes(self)}
        return {_TYPES["svg"]: self.decode()}


def plot(  # noqa: PLR0913  as many as the query has items
    session: Session,
    names: str | Sequence[str],
    /,
    *,
    derivative: Literal[0, 1, 2] = 0,
    lower: float = -6,
    upper: float = 6,
    form: Form = "svg",
    theme: Theme = "light",
    width: int | None = None,
    height: int | None = None,
    parameters: Mapping[str, object] | None = None,
) -> Exchange[Picture]:
    """Draw one function or several, with their derivatives up to the second.

    Parameters
    ----------
    names
        Name of a function, or of up to eight.
    derivative
        The order up to which derivatives are drawn.
    lower, upper
        From where to where.
    form, theme, width, height
        SVG or PNG, for light or dark pages, in pixels.
    parameters
        Those of the functions; each counts for every function that has it.
    """
    items = dict(parameters or {}) | {"derivative": derivative, "lower": lower, "upper": upper}
    query = _query(items | {"theme": theme, "width": width, "height": height})
    query["name"] = [names] if isinstance(names, str) else list(names)
    reply = yield from answered(Ask("GET", "/plots/activations", query, {"Accept": _TYPES[form]}), session.retries)
    return Picture(reply.body)


def plot_gradient_flow(
    session: Session,
    flow: GradientFlow,
    /,
    *,
    after: GradientFlow | None = None,
    form: Form = "svg",
    theme: Theme = "light",
    width: int | None = None,
    height: int | None = None,
) -> Exchange[Picture]:
    """Draw what a gradient flow answered, or two side by side: before a remedy and `after` it.

    Parameters
    ----------
    flow, after
        Answers of `gradient_flow`.
    form, theme, width, height
        As for `plot`.
    """
    told: dict[str, object] = asdict(flow) if after is None else {"before": asdict(flow), "after": asdict(after)}
    ask = in_json("/plots/gradient-flow", told, {"Accept": _TYPES[form]})
    sized = replace(ask, query=_query({"theme": theme, "width": width, "height": height}))
    reply = yield from answered(sized, session.retries)
    return Picture(reply.body)


def _query(items: Mapping[str, object]) -> dict[str, str | Sequence[str]]:
    """Those that say something."""
    return {name: query_item(value) for name, value in items.items() if value is not None}
