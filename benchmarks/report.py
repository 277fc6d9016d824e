"""The page of results, and the picture of cost against size."""

from __future__ import annotations

import json
import platform
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.environments import BENCH, Missing, environment, versions
from benchmarks.findings import Part
from benchmarks.machine import ROOT, machine

_PACKAGES = {
    "service": ("actiscope", "fastapi", "starlette", "uvicorn", "uvloop", "httptools", "pydantic", "numpy", "orjson"),
    "mlserver": ("mlserver", "uvicorn", "uvloop", "numpy"),
    "litserve": ("litserve", "uvicorn", "numpy"),
    "pytriton": ("nvidia-pytriton", "numpy"),
    "torch": ("torch", "numpy"),
    "arrays": ("numpy", "scipy", "numexpr"),
}


def write(parts: Sequence[Part], rounds: int, folder: Path) -> str:
    """Write results.md and results.svg into the folder; the result is the page."""
    drawn = _draw(parts, folder)
    picture = ["![Cost against size](results.svg)\n"] if drawn else []
    bars = [bar for part in parts for bar in part.bars]
    count = [sum(bar.verdict == verdict for bar in bars) for verdict in ("pass", "FAIL", "not measured")]
    head = [
        "# Speed and memory against named peers\n",
        f"Written by `make bench` on {datetime.now(UTC).date()}; README.md says what is measured, and how.\n",
        f"- {machine()} ({platform.release()}), glibc {platform.libc_ver()[1]}, Python {platform.python_version()}\n"
        + "\n".join(f"- {name}: {_versions(name)}" for name in _PACKAGES)
        + "\n",
        f"Rounds: {rounds}, of which the medians are given. "
        f"Bars: {count[0]} met, {count[1]} missed, {count[2]} not measured.\n",
    ]
    page = "\n".join([*head, *picture, *[part.markdown() for part in parts]])
    (folder / "results.md").write_text(page)
    return page


def _versions(name: str) -> str:
    try:
        return versions(name, *_PACKAGES[name])
    except Missing as reason:
        return str(reason)


def _draw(parts: Sequence[Part], folder: Path) -> bool:
    curves: dict[str, dict[str, dict[int, float]]] = {}
    for part in parts:
        for panel, lines in part.curves.items():
            curves.setdefault(panel, {}).update(lines)
    if not any(curves.values()):
        return False
    file = BENCH / "curves.json"
    file.write_text(json.dumps(curves))
    pictures = [str(folder / "results.svg"), str(BENCH / "results.png")]
    try:
        command = [environment("arrays"), "-m", "benchmarks.plot", str(file), *pictures]
        subprocess.run(command, check=True, cwd=ROOT)  # noqa: S603  this benchmark
    except (Missing, subprocess.CalledProcessError) as error:
        parts[0].remarks.append(f"No picture: {error}.")
        return False
    return True
