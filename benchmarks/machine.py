"""What a benchmark ran on, and the one thread that it is given."""

import os
import platform
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ONE_THREAD = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
_VERSIONS = "import platform, {0}; print('Python', platform.python_version(), '· {0}', {0}.__version__)"


def machine() -> str:
    """The processor, its cores, and the system."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    names = [line.split(":")[1].strip() for line in lines if "model name" in line]
    return f"{names[0]}, {os.cpu_count()} cores, {platform.system()}"


def versions(module: str, python: str = sys.executable) -> str:
    """Of an interpreter, and of a module that it has."""
    command = [python, "-c", _VERSIONS.format(module)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()  # noqa: S603  the caller's
