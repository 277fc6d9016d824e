"""Functions by tables: in each of many narrow cells a polynomial, whose coefficients are looked up block by block.

The centres of the cells are low, low + w, low + 2w, … with a power of two w. The nearest to y is found by adding a
number so large that the sum is rounded to a multiple of w: its last bits say which centre it is, and without the large
number it is the centre itself, exactly, as is its distance from y.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from math import prod

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from service.numerics.double_double import DD, Array
from service.numerics.exponential import double_doubles
from service.numerics.passes import Block, Form, distance, parts
from service.numerics.scratch import scratch

_REACH = 6  # centres on either side whose values go into the polynomial of a cell
_DIGITS = {"f": 23, "d": 52}  # bits behind the leading one
_INTEGERS: dict[str, type[np.signedinteger]] = {"f": np.int32, "d": np.int64}


@dataclass(frozen=True)
class Cells:
    """Cells of width 2^−`fineness` with centres from `low` to `high`, and a polynomial of some degree in each."""

    low: float
    high: float
    fineness: int
    degree: int


@dataclass(frozen=True, eq=False)
class Table:
    """The coefficients in a dtype, from the highest power down, each in an array of its own."""

    columns: Sequence[Block]
    ends: tuple[Block, Block]
    shift: Block
    mask: Block

    def look_up(self, x: Block, y: Block, out: Block, work: Sequence[Block]) -> None:
        """The function at y, which is x, or the first or the last centre if x is beyond them; NaN for NaN."""
        offset, term = work[:2]
        cell = scratch(np.int64, x.size)[0]
        x.clip(*self.ends, y)  # numbers without axes let numpy do this in one pass
        np.add(y, self.shift, offset)
        if x.dtype.char == "f":
            short = out.view(np.int32)
            np.bitwise_and(offset.view(np.int32), self.mask, short)
            np.copyto(cell, short)
        else:
            np.bitwise_and(offset.view(np.int64), self.mask, cell)
        np.subtract(offset, self.shift, offset)
        np.subtract(y, offset, offset)
        self.columns[0].take(cell, None, out, "wrap")  # the quickest mode; only NaN may lead outside
        for column in self.columns[1:]:
            np.multiply(out, offset, out)
            column.take(cell, None, term, "wrap")
            np.add(out, term, out)


@dataclass(frozen=True, eq=False)
class Tables:
    """The tables of a function, by the letter of the dtype, each computed when it is first needed.

    `function` takes an even grid of points. Threads that come at once compute the same table.
    """

    function: Callable[[Array], DD]
    cells: dict[str, Cells]
    found: dict[str, Table] = field(default_factory=dict)

    def of(self, x: Block) -> Table:
        """The table for the dtype of x."""
        letter = x.dtype.char
        table = self.found.get(letter)
        if table is None:
            table = self.found[letter] = tabulated(self.function, self.cells[letter], letter)
        return table


def crossing(function: Callable[[Array], DD], zero: str, cells: dict[str, Cells]) -> Form:
    """A function as (x − x₀)·T(x), with its only zero x₀ by its digits: next to it no digit of the result is lost."""
    root, divisor = parts(zero), double_doubles([Decimal(zero)])
    tables = Tables(lambda x: function(x) / (x - divisor), cells)

    def form(x: Block, out: Block, work: Sequence[Block]) -> None:
        y = work[0]
        tables.of(x).look_up(x, y, out, work[1:])
        distance(y, root, y)
        np.multiply(out, y, out)

    return form


def tabulated(function: Callable[[Array], DD], cells: Cells, letter: str) -> Table:
    """The polynomials through Chebyshev's nodes of the cells, where the function is interpolated between centres."""
    width = 2.0**-cells.fineness
    first, last = round(cells.low / width), round(cells.high / width)
    values = function(np.arange(first - _REACH, last + _REACH + 1, dtype=np.float64) * width)
    high, low = (sliding_window_view(part, 2 * _REACH + 1) for part in (values.hi, values.lo))
    here = slice(_REACH, _REACH + 1)
    differences = (high - high[:, here]) + (low - low[:, here])
    coefficients = _weights(cells.degree) @ differences.T
    coefficients[0] += low[:, _REACH]
    coefficients[0] += high[:, _REACH]
    columns = np.ldexp(coefficients, cells.fineness * np.arange(cells.degree + 1)[:, None]).astype(letter)
    return Table(
        columns=[column.copy() for column in columns[::-1]],
        ends=(np.array(cells.low, letter), np.array(cells.high, letter)),
        shift=np.array(2.0 ** (_DIGITS[letter] - cells.fineness) - cells.low, letter),
        mask=np.array(2 ** (last - first).bit_length() - 1, _INTEGERS[letter]),
    )


def _weights(degree: int) -> Array:
    """What the values at the distances −`_REACH`, …, `_REACH` give to the coefficients; the unit is a cell's width."""
    nodes = np.cos(np.pi * (np.arange(degree + 1) + 0.5) / (degree + 1)) / 2
    steps = range(-_REACH, _REACH + 1)
    lagrange = [[prod((node - m) / (k - m) for m in steps if m != k) for k in steps] for node in nodes]
    return np.asarray(np.linalg.solve(np.vander(nodes, increasing=True), np.array(lagrange)))
