"""The environments of the peers: each a virtual environment under .bench/, made from benchmarks/peers/<name>.txt."""

from __future__ import annotations

import subprocess
import sys
from functools import cache
from pathlib import Path

from benchmarks.machine import ROOT

BENCH = ROOT / ".bench"
REQUIREMENTS = Path(__file__).parent / "peers"
_INSTALLATION = 900  # seconds


class Missing(Exception):
    """A peer that is not there, and why."""


@cache
def environment(name: str) -> str:
    """The interpreter of a peer's environment, which is made at the first use and when its requirements change."""
    folder, wanted = BENCH / name, (REQUIREMENTS / f"{name}.txt").read_text()
    python, stamp = folder / "bin" / "python", folder / "requirements.txt"
    if not (stamp.exists() and stamp.read_text() == wanted):
        sys.stderr.write(f"installing {name} …\n")
        _run([sys.executable, "-m", "venv", "--clear", str(folder)])
        options = ["--quiet", "--disable-pip-version-check", "--requirement", str(REQUIREMENTS / f"{name}.txt")]
        _run([str(python), "-m", "pip", "install", *options])
        stamp.write_text(wanted)
    return str(python)


@cache
def versions(name: str, *packages: str) -> str:
    """The versions of packages that an environment has."""
    program = (
        "import sys; from importlib.metadata import version; "
        "print(' · '.join(f'{name} {version(name)}' for name in sys.argv[1:]))"
    )
    python = sys.executable if name == "service" else environment(name)
    return _run([python, "-c", program, *packages]).strip()


def _run(command: list[str]) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_INSTALLATION, check=False)  # noqa: S603  ours
    except subprocess.TimeoutExpired:
        raise Missing(f"not installed within {_INSTALLATION} s") from None
    if done.returncode:
        lines = done.stderr.strip().splitlines() or ["no reason given"]
        raise Missing(f"not installed: {lines[-1][:200]}")
    return done.stdout
