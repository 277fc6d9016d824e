"""Tables: right in every cell and at its borders, settled at both ends, and the same for whoever comes first."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import numpy as np
import pytest

from service.numerics.double_double import DD, Array
from service.numerics.exponential import exp
from service.numerics.normal import density, mills_ratio
from service.numerics.passes import Block
from service.numerics.quick_normal import distribution
from service.numerics.tables import Cells, Table, Tables, crossing

CELLS = {"f": Cells(-4.0, 2.5, 9, 2), "d": Cells(-4.0, 2.5, 8, 5)}
every_letter = pytest.mark.parametrize("letter", "fd")


def exponential(grid: Array) -> DD:
    return exp(DD.of(grid))


def looked_up(table: Table, x: Block) -> tuple[Block, Block]:
    """Where the function was looked up, and what was found, in arrays that are full of other numbers."""
    y, out, *work = (np.full_like(x, 7.0) for _ in range(4))
    table.look_up(x, y, out, work)
    return y, out


@every_letter
def test_numbers_anywhere_in_a_cell_and_at_its_borders_are_right_to_little_more_than_an_ulp(letter: str) -> None:
    cells = CELLS[letter]
    borders = (np.arange(cells.low, cells.high, 2.0**-cells.fineness) + 2.0 ** -(cells.fineness + 1)).astype(letter)
    inside = np.random.default_rng(4).uniform(cells.low, cells.high, 20_000).astype(letter)
    x = np.concatenate([inside, borders, np.nextafter(borders, -np.inf), np.nextafter(borders, np.inf)])
    y, found = looked_up(Tables(exponential, CELLS).of(x), x)
    true = exp(DD.of(x.astype(np.float64)))
    assert np.array_equal(y, x)
    errors = np.abs((found.astype(np.float64) - true.hi) - true.lo) / np.spacing(true.hi.astype(letter))
    assert errors.max() < 1.5


@every_letter
def test_beyond_the_ends_stands_what_is_at_the_ends(letter: str) -> None:
    x = np.array([-np.inf, -1e30, -4.0000005, -4.0, 2.5, 2.5000005, 1e30, np.inf, np.nan], letter)
    y, found = looked_up(Tables(exponential, CELLS).of(x), x)
    assert y.tolist()[:-1] == [-4.0] * 4 + [2.5] * 4
    assert np.allclose(found, np.exp([-4.0] * 4 + [2.5] * 4 + [np.nan]), rtol=1e-6, atol=0, equal_nan=True)


@every_letter
def test_next_to_its_zero_a_function_keeps_its_digits(letter: str) -> None:
    form = crossing(lambda x: exp(DD.of(x)) - 2.0, "0.693147180559945309417232121458176568075500134", CELLS)
    steps = np.geomspace(1e-17, 0.1, 60)
    x = (np.log(2.0) + np.concatenate([-steps, steps])).astype(letter)
    out, *work = (np.full_like(x, 7.0) for _ in range(7))
    form(x, out, work)
    true = (exp(DD.of(x.astype(np.float64))) - 2.0).value()
    assert (np.abs(out - true) <= 3.0 * np.spacing(np.abs(true).astype(letter))).all()


def test_threads_that_come_at_once_find_the_same_table() -> None:
    tables, x = Tables(exponential, CELLS), np.linspace(-4.0, 2.5, 1001)
    gate = Barrier(4)

    def ask(_: int) -> bytes:
        gate.wait()
        return looked_up(tables.of(x), x)[1].tobytes()

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(ask, range(4)))) == 1


def test_the_distribution_function_on_a_grid_is_right_from_the_far_tail_to_one() -> None:
    grid = np.arange(-39 * 512, 9 * 512 + 1) / 512
    found, t = distribution(grid), np.abs(grid)
    tail = density(t) * mills_ratio(t)
    left, right = np.abs((found - tail).value()), np.abs((found + tail - 1.0).value())
    assert (left <= 2.0**-56 * tail.hi)[(grid < 0) & (grid > -37.0)].all()
    assert (right <= 2.0**-60)[grid >= 0].all()
