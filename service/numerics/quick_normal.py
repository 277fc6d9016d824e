"""Fast forms with the normal distribution function Φ, for blocks in float32 or float64, like `service.numerics.quick`.

gelu = x·Φ(x) and its slope Φ(x) + xφ(x) by tables, as far as Φ has come to 0 on the left, and both to 1 on the right.
"""

from collections.abc import Sequence

import numpy as np

from service.numerics.double_double import DD, Array, total
from service.numerics.normal import density
from service.numerics.passes import Block
from service.numerics.tables import Cells, Tables, crossing

_CELLS = {"f": Cells(-15.0, 6.25, 10, 2), "d": Cells(-39.0, 9.25, 9, 5)}


def distribution(grid: Array) -> DD:
    """Φ on an even grid that begins where it is next to nothing: a running sum of φ's integrals between the points.

    From m − h to m + h that is 2hφ(m)·(1 + He₂(m)h²/3! + He₄(m)h⁴/5! + He₆(m)h⁶/7! + …), with Hermite's polynomials.
    """
    h = (grid[1] - grid[0]) / 2
    middle = grid - h
    m = middle * middle
    series = (m - 1) / 6 + h * h * ((m - 6) * m + 3) / 120 + h**4 * (((m - 15) * m + 45) * m - 15) / 5040
    sums = density(middle) * total(2 * h, 2 * h**3 * series)
    reach = 1
    while reach < grid.size:
        before = (np.concatenate([np.zeros(reach), part[:-reach]]) for part in (sums.hi, sums.lo))
        sums = sums + DD(*before)
        reach *= 2
    return sums


_SHARE = Tables(distribution, _CELLS)

gelu_slope = crossing(
    lambda grid: distribution(grid) + density(grid) * grid, "-0.75179152469356445745790494677952403966447", _CELLS
)


def gelu(x: Block, out: Block, work: Sequence[Block]) -> None:
    """xΦ(x), with an x that −∞ does not reach."""
    y = work[0]
    _SHARE.of(x).look_up(x, y, out, work[1:])
    np.maximum(x, y, out=y)
    np.multiply(out, y, out)
