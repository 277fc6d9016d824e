"""The published catalogue."""

from pydantic import Field

from service.compute import Description
from service.wire.model import Wire


class Catalogue(Wire):
    """Functions and what is known of them."""

    activations: tuple[Description, ...] = Field(description="The functions, in the order of the catalogue.")
