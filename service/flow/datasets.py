"""Data to train on: handwritten digits, two moons, and targets in the form that a loss takes.

A data set has a part to train on and one that is held out, to tell what was learned from what was memorized.
"""

from dataclasses import dataclass
from functools import cache, lru_cache
from math import pi
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from service.activations.model import Array
from service.flow import losses
from service.flow.network import Loss

Classes = NDArray[np.intp]
AnyArray = TypeVar("AnyArray", bound=NDArray[Any])  # any: inputs or classes

_DIGITS = Path(__file__).parent / "data" / "digits.npz"


@dataclass(frozen=True, eq=False)
class Dataset:
    """Inputs of (samples, features) with the class of each sample, and as much that is held out."""

    x: Array
    classes: Classes
    test_x: Array
    test_classes: Classes


@cache
def digits() -> Dataset:
    """Images of handwritten digits, 8×8 pixels in [0, 1]: 1347 to train on, 450 held out; the classes are 0 to 9.

    Source: E. Alpaydin and C. Kaynak (1998), UCI machine learning repository, as shipped by scikit-learn, CC BY 4.0.
    """
    with np.load(_DIGITS, allow_pickle=False) as file:
        parts = {name: file[name] for name in ("train_x", "train_y", "test_x", "test_y")}
    return Dataset(
        _kept(parts["train_x"].astype(np.float64)),
        _kept(parts["train_y"].astype(np.intp)),
        _kept(parts["test_x"].astype(np.float64)),
        _kept(parts["test_y"].astype(np.intp)),
    )


def two_moons() -> Dataset:
    """Two interleaved half circles, 1000 points to train on and 1000 held out, with noise of 0.1; always the same."""
    return Dataset(*moons(1000, 0.1, 0), *moons(1000, 0.1, 1))


@lru_cache(maxsize=8)
def moons(samples: int, noise: float, seed: int) -> tuple[Array, Classes]:
    """Points of two interleaved half circles in the plane, in random order, and the half circle of each.

    With t evenly spaced in [0, π]: class 0 is the upper one, (cos t, sin t); class 1 the lower one that reaches into
    it, (1 − cos t, ½ − sin t); as in scikit-learn's make_moons.

    Parameters
    ----------
    samples
        Number of points, at least 2; of an odd number class 1 has one more.
    noise
        Standard deviation of the normal noise that is added to both coordinates.
    seed
        Draws noise and order.

    Returns
    -------
    x
        (samples, 2), float64; not to be written to.
    classes
        (samples,), 0 or 1; not to be written to.
    """
    generator = np.random.Generator(np.random.PCG64(seed))
    upper, lower = (np.linspace(0.0, pi, count) for count in (samples // 2, samples - samples // 2))
    x = np.concatenate(
        [
            np.stack([np.cos(upper), np.sin(upper)], axis=1),
            np.stack([1.0 - np.cos(lower), 0.5 - np.sin(lower)], axis=1),
        ]
    )
    x += noise * generator.standard_normal(x.shape)
    classes = np.repeat(np.arange(2), [upper.size, lower.size])
    order = generator.permutation(samples)
    return _kept(x[order]), _kept(classes[order])


def fitted(loss: Loss, n_out: int) -> Loss:
    """The loss with the class of each sample in the form that mse takes; every other loss as it is.

    Classes become the rows of the identity (1 at the class, 0 elsewhere), or for a single output their own numbers.

    Raises
    ------
    InvalidInput
        At ("loss", "targets", …), for classes that the outputs do not have.
    """
    targets = loss.targets
    if loss.name != "mse" or not isinstance(targets, np.ndarray) or targets.ndim != 1:
        return loss
    if n_out == 1:
        return Loss("mse", targets=targets[:, np.newaxis])
    losses.check(Loss("cross_entropy", targets=targets), len(targets), n_out)
    return Loss("mse", targets=np.eye(n_out)[targets.astype(np.intp)])


def _kept(array: AnyArray) -> AnyArray:
    """The array, which all requests share, safe from being written to."""
    array.flags.writeable = False
    return array
