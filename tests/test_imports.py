"""What the service needs is quick to import, and stays so."""

import subprocess
import sys

HEAVY = ("matplotlib", "dask", "distributed", "flint", "mpmath", "scipy", "pandas", "torch", "tritonclient", "PIL")


def test_the_service_imports_nothing_heavy() -> None:
    code = "import sys, service, service.cli, service.app; service.app.application(); print(*sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    modules = {name.partition(".")[0] for name in found.stdout.split()}
    assert "numpy" in modules
    assert modules.isdisjoint(HEAVY)
