"""Pictures that the service draws of functions."""

from collections.abc import Mapping, Sequence
from typing import Literal

from service.client.arrays import query_item
from service.client.catalogue import Session
from service.client.exchange import Ask, Exchange, answered

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
    form: Literal["svg", "png"] = "svg",
    theme: Literal["light", "dark"] = "light",
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
    size = {"width": width, "height": height}
    items = dict(parameters or {}) | {"derivative": derivative, "lower": lower, "upper": upper, "theme": theme}
    items |= {name: pixels for name, pixels in size.items() if pixels is not None}
    every = [names] if isinstance(names, str) else list(names)
    query = {"name": every, **{name: query_item(value) for name, value in items.items()}}
    reply = yield from answered(Ask("GET", "/plots/activations", query, {"Accept": _TYPES[form]}), session.retries)
    return Picture(reply.body)
