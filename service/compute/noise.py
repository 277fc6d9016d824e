"""The noise of stochastic functions, drawn from a seed; without a seed there is none."""

import numpy as np

from service.activations.model import Activation, Array, Parameters


def perturbed(function: Activation, x: Array, parameters: Parameters, seed: int | None) -> tuple[Array, Parameters]:
    """x and the parameters as the function takes them for that seed: the same seed and shape, the same noise."""
    if seed is None or function.noise is None or x.size == 0:
        return x, parameters
    return function.noise(np.random.Generator(np.random.PCG64(seed)), x, parameters)
