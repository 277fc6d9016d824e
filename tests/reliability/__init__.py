"""Attacks on the live service: hostile requests, more of them than it can do, slow clients, signals, missing places.

They run in a short form with all tests; `make soak` sets SOAK_SECONDS, for as long as each long form then goes on.
"""

import os
from typing import Final

SOAK_SECONDS: Final = float(os.environ.get("SOAK_SECONDS", "0"))
