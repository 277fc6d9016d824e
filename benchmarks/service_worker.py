"""The service's side of benchmarks/gradient_flow.py, and the bare matrix products that any side needs."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from benchmarks.worker import Case, Work, serve
from service.activations import lookup
from service.activations.parameters import bind
from service.flow.initializers import INPUTS, WEIGHTS, draw, drawn
from service.flow.measurement import measure
from service.flow.network import Experiment, Given, Layer, SampledInput
from service.flow.unrolled import cost, unroll

Matrix = NDArray[np.float32]


def figures(case: Case) -> Work:
    """All figures of the answer but the Jacobian's."""
    under_test = experiment(case)

    def work() -> None:
        measure(under_test)

    return work


def experiment(case: Case) -> Experiment:
    """He-normal layers with biases of zero, in float32, under normal inputs."""
    function = lookup(case.activation)
    rule = drawn("he_normal", {}, WEIGHTS)
    generator = np.random.default_rng(1)

    def layer() -> Layer:
        shape = case.units, case.units
        given = None if case.drawn else Given(draw(rule, generator, shape).astype(np.float32))
        return Layer(units=case.units, activation=function, parameters=bind(function, {}), weights=given or rule)

    return Experiment(
        input=SampledInput(drawn("normal", {}, INPUTS), case.units, case.batch),
        entries=tuple(layer() for _ in range(case.depth)),
        dtype="float32",
        jacobian_samples=0,
    )


def products(case: Case) -> Work:
    """The three products of each layer in the order of the service, into fresh memory."""
    generator = np.random.default_rng(1)
    size = np.float32(case.units**-0.5)
    weights = [size * _normal(generator, case.units, case.units) for _ in range(case.depth)]
    x = _normal(generator, case.batch, case.units)

    def work() -> None:
        passed = [x]
        for matrix in weights:
            passed.append(passed[-1] @ matrix)
        gradient = passed.pop()
        for matrix in reversed(weights):
            passed.pop().T @ gradient
            gradient = gradient @ matrix.T

    return work


def hot_products(case: Case) -> Work:
    """As many products of the same shapes, always of the same operands into the same memory: the sgemm rate."""
    generator = np.random.default_rng(1)
    weights = _normal(generator, case.units, case.units)
    x, y = _normal(generator, case.batch, case.units), _normal(generator, case.batch, case.units)
    like_x, like_weights = np.empty_like(x), np.empty_like(weights)

    def work() -> None:
        for _ in range(case.depth):
            np.matmul(x, weights, out=like_x)
            np.matmul(x.T, y, out=like_weights)
            np.matmul(y, weights.T, out=like_x)

    return work


def memory(case: Case) -> Work:
    """The peak of the memory that a measurement takes, and the estimate that the service admits requests by."""
    under_test = experiment(case)
    estimate = cost(unroll(under_test), under_test).bytes

    def work() -> Mapping[str, int]:
        tracemalloc.start()
        measure(under_test)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return {"peak": peak, "estimate": estimate}

    return work


def _normal(generator: np.random.Generator, *shape: int) -> Matrix:
    return generator.standard_normal(shape, dtype=np.float32)


WORKS: Mapping[str, Callable[[Case], Work]] = {
    "figures": figures,
    "products": products,
    "hot_products": hot_products,
    "memory": memory,
}

if __name__ == "__main__":
    serve(lambda case: WORKS[case.work](case))
