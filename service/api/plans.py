"""What is asked of a function, apart from its numbers, in JSON or in a query: understood once, and kept."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property, lru_cache, partial
from math import prod
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray
from starlette.datastructures import QueryParams

from service import compute
from service.activations import lookup
from service.activations.model import Activation, Value
from service.activations.parameters import bind, canonical
from service.api.paces import Pace, pace_of
from service.api.problems import invalid_parameters
from service.api.requests import require_known_items
from service.api.sizes import admit, rows
from service.errors import ActiscopeError, InvalidInput
from service.settings import Settings
from service.telemetry import account
from service.wire.arrays import write_array
from service.wire.evaluation import DerivativeRequest, EvaluateRequest
from service.wire.model import by_name
from service.wire.npy import Numbers
from service.wire.query import IN_BODY, AnyQuestion, fields, kinds, read_parameters, read_question

_MOST_PLANS = 128

Result = NDArray[np.floating[Any]]  # any: float64, or float32


@dataclass(frozen=True, eq=False)
class Plan:
    """A question without its numbers."""

    question: AnyQuestion
    function: Activation
    parameters: Mapping[str, Value]
    by: str
    ask: partial[Result]
    heads: dict[str, tuple[bytes, bytes]] = field(default_factory=dict)
    paces: dict[str, Pace] = field(default_factory=dict)

    @property
    def elementwise(self) -> bool:
        """Whether the answer has the shape of x."""
        return self.function.kind == "elementwise"

    @property
    def piecewise(self) -> bool:
        """Whether each number can be answered without the others."""
        return self.elementwise and not (self.function.stochastic and self.question.seed is not None)

    def admit(self, shape: tuple[int, ...], dtype: str, settings: Settings) -> int:
        """How many numbers are answered for an x of that shape, at most; refuse an answer beyond the limits."""
        size, blamed = prod(shape), "x"
        if isinstance(self.question, DerivativeRequest) and self.question.jacobian:
            size, blamed = size * rows(self.function, self.parameters, shape), "jacobian"
        admit(size, size, (blamed,), dtype, settings)
        return size

    def slow(self, numbers: int, dtype: str) -> bool:
        """Whether so many numbers take so long that a thread should take over."""
        return self._pace(dtype).slow(numbers)

    def compute(self, x: Numbers, dtype: str) -> Result:
        """The answer's numbers, values of the dtype; raises InvalidInput with the paths of JSON."""
        if dtype == "float64" == x.dtype and self.direct is not None:
            return self._pace(dtype).of(x.size, self.direct, x)
        return self._pace(dtype).of(x.size, self.ask, x=x, dtype=dtype)

    @cached_property
    def direct(self) -> Callable[[Result], Result] | None:
        """What answers float64 numbers with fewer steps, if something does."""
        asked = self.question
        if asked.seed is not None or self.by != "x":
            return None
        if isinstance(asked, EvaluateRequest):
            return compute.asking(self.function, self.parameters, accuracy=asked.accuracy)
        if asked.jacobian:
            return None
        return compute.asking(
            self.function, self.parameters, order=asked.order, at_kink=asked.at_kink, accuracy=asked.accuracy
        )

    def _pace(self, dtype: str) -> Pace:
        """The pace of all questions that come to the same work, however they are asked."""
        if dtype not in self.paces:
            given = {**self.ask.keywords, "parameters": tuple(self.parameters.values()), "seed": self.piecewise}
            self.paces[dtype] = pace_of(self.ask.func, *given.values(), dtype)
        return self.paces[dtype]

    def answer(self, x: Numbers) -> tuple[bytes, ...]:
        """The answer in JSON to a request in JSON that was admitted."""
        dtype = self.question.dtype
        account.computed(self.function.name, x.size)
        return self.write(self.compute(x, dtype), dtype)

    def write(self, numbers: Result, dtype: str) -> tuple[bytes, ...]:
        """The answer in JSON."""
        head, tail = self.heads.get(dtype) or self._head(dtype)
        return head, orjson.dumps(numbers.shape), tail, write_array(numbers, dtype), b"}"

    def _head(self, dtype: str) -> tuple[bytes, bytes]:
        """What comes before the shape, and what comes between it and the numbers."""
        asked = self.question
        members: dict[str, Any] = {"activation": self.function.name, "parameters": by_name(self.parameters)}
        members["dtype"] = dtype
        name = "y"
        if isinstance(asked, DerivativeRequest):
            members |= {"order": asked.order, "with_respect_to": self.by}
            name = "jacobian" if asked.jacobian else "dy"
        self.heads[dtype] = orjson.dumps(members)[:-1] + b',"shape":', b',"%b":' % name.encode()
        return self.heads[dtype]


def plan_for(question: AnyQuestion) -> Plan:
    """The plan for a question in JSON that has no numbers but x; raises UnknownActivation or InvalidInput."""
    function = lookup(question.activation)
    return _ready(question, function, bind(function, question.parameters))


@lru_cache(maxsize=_MOST_PLANS)
def flat_plan(model: type[AnyQuestion], text: bytes, settings: Settings) -> Plan | None:
    """The plan for JSON that has an empty list in the place of its numbers; None if x is not that list alone."""
    try:
        plan = plan_for(model.read(text, settings))
    except ActiscopeError:
        return None  # the whole body is to tell what is wrong
    return plan if plan.question.plain and plan.question.x.shape == (0,) else None


@lru_cache(maxsize=_MOST_PLANS)
def plan_of(derivative: bool, query: bytes) -> Plan:
    """The plan for a query of `/derivative`, or of `/evaluate`.

    Raises
    ------
    RequestValidationError
        Items are unknown, come twice, or hold what they must not hold.
    UnknownActivation
        There is no such function.
    """
    items = QueryParams(query)
    model: type[AnyQuestion] = DerivativeRequest if derivative else EvaluateRequest
    with told_of_items():
        question = read_question(model, dict(items))
        function = lookup(question.activation)
        _require_known(items, (*fields(model), *kinds(function)))
        plan = _ready(question, function, read_parameters(function, items))
        if plan.piecewise:  # what it refuses, it refuses before the first answer is sent
            plan.compute(np.zeros(1), "float64")
    return plan


def _ready(question: AnyQuestion, function: Activation, parameters: dict[str, Value]) -> Plan:
    options: dict[str, Any] = {"function": function, "parameters": parameters, "seed": question.seed}  # any: keywords
    accurate: dict[str, Any] = {"accuracy": question.accuracy}
    if isinstance(question, EvaluateRequest):
        return Plan(question, function, parameters, "x", partial(compute.evaluate, **options, **accurate))
    by = canonical(function, question.with_respect_to)
    if question.jacobian:
        return Plan(question, function, parameters, by, partial(compute.jacobian, **options))
    options |= accurate | {"order": question.order, "with_respect_to": by, "at_kink": question.at_kink}
    return Plan(question, function, parameters, by, partial(compute.derivative, **options))


@contextmanager
def told_of_items() -> Iterator[None]:
    """Faults are those of query items, or of the body if it is x that cannot be."""
    try:
        yield
    except InvalidInput as error:
        if any(fault.path[:1] in ((), ("x",)) for fault in error.faults):
            raise InvalidInput.at(detail=str(error)) from None
        raise invalid_parameters({str(fault.path[-1]): fault.detail for fault in error.faults}) from None


def _require_known(items: QueryParams, known: tuple[str, ...]) -> None:
    misplaced = {name: f"There is no query item {name!r}. {IN_BODY[name]}" for name in IN_BODY if name in items}
    if faults := {name: detail for name, detail in misplaced.items() if name not in known}:
        raise invalid_parameters(faults)
    require_known_items(items, *known)
