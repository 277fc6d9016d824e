"""The memory allocator of the C library, told to keep the memory of large arrays between requests.

By default glibc gives large blocks back to the system as soon as they are free; the next request then pays for every
page anew, which can cost more than the work on it.
"""

import ctypes

_MEBI = 2**20
# By the numbers of <malloc.h>: blocks below the first bound come from the heap, of whose end so much may stay free,
# and which grows by so much at once.
_M_MMAP_THRESHOLD, _M_TRIM_THRESHOLD, _M_TOP_PAD = -3, -1, -2
_KEPT = {_M_MMAP_THRESHOLD: 32 * _MEBI, _M_TRIM_THRESHOLD: 256 * _MEBI, _M_TOP_PAD: 16 * _MEBI}


def keep_large_blocks() -> bool:
    """Set the bounds for this process; False where the C library has no such bounds."""
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):  # another C library, or another system
        return False
    return all(mallopt(name, value) == 1 for name, value in _KEPT.items())
