"""The header of an NPY file, by numpy's own reader and writer."""

from io import BytesIO

import numpy as np


def shape_of(header: bytes) -> tuple[int, ...]:
    """The shape that the header of a version 1 file announces."""
    file = BytesIO(header)
    np.lib.format.read_magic(file)
    shape, _, _ = np.lib.format.read_array_header_1_0(file)
    return shape


def header_for(length: int, dtype: str = "<f8") -> bytes:
    """The header of a file with so many numbers in a row."""
    file = BytesIO()
    description = {"descr": dtype, "fortran_order": False, "shape": (length,)}
    np.lib.format.write_array_header_1_0(file, description)
    return file.getvalue()
