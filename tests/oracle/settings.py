"""The settings every accuracy claim is tried at: the defaults and, of a parametric function, two others."""

from __future__ import annotations

from tests.oracle.formulas import FORMULAS

Setting = dict[str, float]

OTHERS: dict[str, tuple[Setting, Setting]] = {
    "leaky_relu": ({"negative_slope": 0.2}, {"negative_slope": 1e-3}),
    "prelu": ({"weight": -0.3}, {"weight": 1.5}),
    "rrelu": ({"lower": 0.1, "upper": 0.7}, {"lower": 0.01, "upper": 0.02}),
    "generalized_relu": (
        {"negative_slope": 0.1, "max_value": 5.0, "threshold": 1.0},
        {"negative_slope": 0.3, "max_value": 6.0, "threshold": 0.0},
    ),
    "elu": ({"alpha": 1.7}, {"alpha": 0.1}),
    "celu": ({"alpha": 2.0}, {"alpha": 0.3}),
    "selu": ({"alpha": 1.5, "scale": 1.1}, {"alpha": 0.7, "scale": 2.0}),
    "silu": ({"beta": 1.702}, {"beta": 0.3}),
    "softplus": ({"beta": 2.0}, {"beta": 0.3}),
    "squareplus": ({"b": 1.3}, {"b": 0.01}),
    "hard_sigmoid": ({"slope": 0.2, "offset": 0.5}, {"slope": 0.3, "offset": 0.4}),
    "scaled_tanh": ({"alpha": 1.0, "beta": 3.0}, {"alpha": 0.7, "beta": 0.1}),
    "affine": ({"alpha": 1.3, "beta": -0.6}, {"alpha": -0.5, "beta": 3.0}),
    "hard_tanh": ({"min_val": -2.0, "max_val": 0.7}, {"min_val": 0.0, "max_val": 6.0}),
    "clip": ({"lo": 0.0, "hi": 1.0}, {"lo": -1.5, "hi": 0.7}),
    "soft_shrink": ({"lambd": 1.1}, {"lambd": 0.01}),
    "hard_shrink": ({"lambd": 1.1}, {"lambd": 0.01}),
    "shrink": ({"lambd": 1.1, "bias": 0.3}, {"lambd": 0.5, "bias": 0.5}),
    "threshold": ({"threshold": 0.2, "value": 7.0}, {"threshold": 0.0, "value": 0.1}),
    "thresholded_relu": ({"alpha": 0.7}, {"alpha": 3.0}),
}


def settings(name: str) -> list[Setting]:
    """The parameters that differ from the defaults, none first."""
    return [{}, *OTHERS.get(name, ())]


SETTINGS: list[tuple[str, Setting]] = [(name, setting) for name in FORMULAS for setting in settings(name)]
