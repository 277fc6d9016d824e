"""Questions to a function: its values, those of a layer, its derivatives; and the answers."""

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from service.settings import Settings
from service.wire.json import Body
from service.wire.model import Answer, Array, GivenParameters, Request, conflict
from service.wire.numbers import read_object

MAX_NAME = 100
MAX_SEED = 2**63 - 1


def _reserved(what: str) -> PydanticCustomError:
    return PydanticCustomError("reserved", "{detail}", {"detail": f"{what} is reserved and not available yet."})


def _refuse_expression(value: object) -> object:
    if isinstance(value, dict) and "expression" in value:
        raise _reserved("A function of the caller's own ('expression')")
    return value


def _refuse_certified(value: object) -> object:
    if value == "certified":
        raise _reserved("The accuracy 'certified'")
    return value


class Question(Request):
    """What evaluations and derivatives have in common: much is read of them in a moment."""

    @classmethod
    def read(cls, body: Body, settings: Settings) -> Self:
        """Parse and validate; raises Malformed, InvalidInput or LimitExceeded."""
        members = read_object(body, settings)
        if members is not None:
            try:
                return cls.model_validate(members, context=settings)
            except ValidationError:
                pass  # the strict way explains it
        return super().read(body, settings)

    activation: Annotated[str, BeforeValidator(_refuse_expression)] = Field(
        min_length=1, max_length=MAX_NAME, description="Name or alias of a function of the catalogue."
    )
    parameters: GivenParameters = Field(
        default={},
        description="Parameters of the function by name or alias; those left out have the defaults of the catalogue.",
    )
    x: Array = Field(description="Where to evaluate: a number, or rectangular nested lists of numbers.")
    dtype: Literal["float64", "float32", "float16", "bfloat16"] = Field(
        default="float64",
        description="Format of the numbers: arrays are rounded to it, once when given and once when answered. "
        "Parameters stay float64.",
    )
    accuracy: Annotated[Literal["full", "fast"], BeforeValidator(_refuse_certified)] = Field(
        default="full",
        description="`full` keeps the bounds of docs/accuracy.md. `fast` computes at the hardware's speed, float32 in "
        "float32, within 4 ulp where the size of the result is between 1e-30 and 1e30. `certified` is reserved.",
    )
    seed: int | None = Field(
        default=None,
        ge=0,
        le=MAX_SEED,
        description="Draws the random numbers of a stochastic function; without it (or null) such a function answers "
        "deterministically. Other functions ignore it.",
    )


class EvaluateRequest(Question):
    """Values of a function, or of a layer if `weights` are given."""

    weights: Array | None = Field(
        default=None, description="The layer's weights, n_in × n_out; `x` is then (…, n_in). Null means none."
    )
    bias: Array | None = Field(default=None, description="The layer's bias, n_out. Null means none.")

    @model_validator(mode="after")
    def _bias_needs_weights(self) -> Self:
        if self.bias is not None and self.weights is None:
            raise conflict("bias", "A bias is part of a layer: give `weights` too.")
        return self

    @property
    def plain(self) -> bool:
        """Whether x is all that there is of numbers."""
        return self.weights is None


class EvaluateResponse(Answer):
    """Values of a function: y = f(x), or y = f(xW + b) with the preactivation xW + b."""

    shape: tuple[int, ...] = Field(description="Shape of `y`; a bare number has none.")
    y: Array = Field(description="The values.")
    preactivation: Array | None = Field(default=None, description="xW + b; only for a layer.")


class DerivativeRequest(Question):
    """Derivatives of a function at `x`, or their product with an upstream gradient, or the Jacobian."""

    order: int = Field(default=1, ge=1, le=4, description="Which derivative: the first to the fourth.")
    with_respect_to: str = Field(
        default="x", min_length=1, max_length=MAX_NAME, description="`x`, or the name of a parameter (order 1 only)."
    )
    at_kink: Literal["convention", "left", "right", "nan"] = Field(
        default="convention",
        description="What to answer where the derivative jumps: the convention of the catalogue (PyTorch's), the "
        "derivative from the left or from the right, or NaN.",
    )
    upstream: Array | None = Field(
        default=None, description="∂L/∂y, of the shape of y: asks for `dx` = ∂L/∂x (order 1, by x). Null means none."
    )
    jacobian: bool = Field(
        default=False, description="Asks a vector function for its Jacobian ∂y_i/∂x_j along `axis` (order 1, by x)."
    )

    @model_validator(mode="after")
    def _products_are_of_first_order_by_x(self) -> Self:
        asked = "upstream" if self.upstream is not None else "jacobian" if self.jacobian else None
        if self.upstream is not None and self.jacobian:
            raise conflict("jacobian", "Give `upstream` or ask for the Jacobian, not both.")
        if asked and self.order != 1:
            raise conflict(asked, "This goes with order 1 only.")
        if asked and self.with_respect_to != "x":
            raise conflict(asked, "This goes with the derivative by x only.")
        return self

    @property
    def plain(self) -> bool:
        """Whether x is all that there is of numbers, and there is one answer for each of them."""
        return self.upstream is None and not self.jacobian


class DerivativeResponse(Answer):
    """Derivatives of a function; exactly one of `dy`, `dx` and `jacobian` is there."""

    order: int = Field(description="Which derivative.")
    with_respect_to: str = Field(description="`x`, or the canonical name of the parameter.")
    shape: tuple[int, ...] = Field(description="Shape of the numbers that follow.")
    dy: Array | None = Field(default=None, description="The derivative, element by element.")
    dx: Array | None = Field(default=None, description="upstream · ∂y/∂x, of the shape of x.")
    jacobian: Array | None = Field(default=None, description="∂y_i/∂x_j as (…, m, n): `axis` moved last, then twice.")
