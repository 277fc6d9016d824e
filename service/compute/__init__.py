"""Arrays in, arrays out: what the functions of the catalogue give at the caller's numbers, in the caller's dtype."""

from service.compute.blocks import cores, use_threads
from service.compute.calls import asking, derivative, evaluate, jacobian, layer, output_shape, pullback
from service.compute.description import Description, describe, describe_at
from service.compute.dtypes import DTYPES
from service.compute.piecewise import AtKink
from service.compute.tasks import Accuracy

__all__ = [
    "DTYPES",
    "Accuracy",
    "AtKink",
    "Description",
    "asking",
    "cores",
    "derivative",
    "describe",
    "describe_at",
    "evaluate",
    "jacobian",
    "layer",
    "output_shape",
    "pullback",
    "use_threads",
]
