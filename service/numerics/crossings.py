"""Slopes next to their zeros x₀, where plain forms cancel: f′(x) = (x − x₀)·p(x − x₀), with a polynomial p.

`scripts/kernel_coefficients.py` computes the coefficients.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from service.numerics.blocks import constants, mended, polynomial
from service.numerics.double_double import DD, Array, two_product


class Crossing(NamedTuple):
    """A polynomial p, and how far from x₀ it holds."""

    reach: float
    coefficients: Sequence[Array]

    def mend(self, x: Array, out: Array, zero: DD, factor: float = 1.0) -> None:
        """Replace the slopes of the elements within reach of the zero, which is one of factor·x."""

        def slope(near: Array) -> Array:
            multiple, rest = two_product(near, factor)
            distance = ((multiple - zero.hi) + rest) - zero.lo
            return distance * polynomial(self.coefficients, distance, np.empty_like(near))

        mended(x, out, np.abs(x - zero.hi / factor) < self.reach / factor, slope)


SILU = Crossing(
    0.35,
    constants(
        0.2178117057198001,
        0.1466487969969469,
        0.018874814223782312,
        -0.015222655223188032,
        -0.006606589138356694,
        0.00012662741008111897,
        0.0007985218818395741,
        0.00018570724361211964,
        -4.090534236477084e-05,
        -2.9733542223959124e-05,
        -2.9426321147324267e-06,
        2.3460299347858425e-06,
        8.599726653015738e-07,
        -3.0515945056798495e-08,
        -9.2692463754304e-08,
        -1.8849354953333993e-08,
        4.7367872757378915e-09,
        2.7944251375880936e-09,
    ),
)
GELU_TANH = Crossing(
    0.35,
    constants(
        0.4304000910248585,
        0.38751844613578895,
        -0.01578285352184803,
        -0.11394448308095899,
        -0.016619328343052554,
        0.019682309459833118,
        0.005261059254921181,
        -0.0024227318458749864,
        -0.0009274420229817054,
        0.0002639276405209152,
        0.0001242522768402926,
        -3.495617151452514e-05,
        -1.5950874797820894e-05,
        5.918608366201437e-06,
        2.433296936444187e-06,
        -9.89826245880286e-07,
        -4.29242679911386e-07,
        1.4130674372812472e-07,
        6.824366395542588e-08,
        -1.5933815534284993e-08,
    ),
)
MISH = Crossing(
    0.3,
    constants(
        0.2669479140495345,
        0.20473126408010586,
        0.04190782104360985,
        -0.02027182271668426,
        -0.015821126561727152,
        -0.0033606849270206773,
        0.0010924055403910872,
        0.0009898181018984185,
        0.0002541293880140069,
        -4.1961485957233906e-05,
        -5.5829487828290225e-05,
        -1.7299510117446238e-05,
        9.502412496451256e-07,
        2.9119740163832066e-06,
        1.020476797017709e-06,
        5.149001375123007e-09,
    ),
)
