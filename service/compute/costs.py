"""What each function costs, as measured by `make bench`: its time over relu's."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

MEASURED = Path(__file__).with_name("relative_cost.json")


@dataclass(frozen=True)
class RelativeCost:
    """Time of a value over relu's, by dtype, on large arrays in the caches; where and when that was measured."""

    float64: float
    float32: float
    machine: str
    measured: str


def relative_cost(name: str) -> RelativeCost | None:
    """The cost of the function of that name, or None until it is measured."""
    found = _measured()
    costs = found["costs"].get(name)
    return RelativeCost(**costs, machine=found["machine"], measured=found["measured"]) if costs else None


@cache
def _measured() -> dict[str, Any]:  # any: JSON is any of its types
    if not MEASURED.exists():
        return {"costs": {}}
    found: dict[str, Any] = json.loads(MEASURED.read_text())
    return found
