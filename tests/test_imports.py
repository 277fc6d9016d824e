"""What the service needs is quick to import, and stays so."""

import subprocess
import sys

HEAVY = (
    "typer",
    "rich",
    "httpx",
    "matplotlib",
    "dask",
    "distributed",
    "flint",
    "mpmath",
    "scipy",
    "pandas",
    "torch",
    "tritonclient",
    "PIL",
)


def test_the_service_imports_nothing_heavy() -> None:
    code = "import sys, service, service.cli, service.app; service.app.application(); print(*sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    modules = {name.partition(".")[0] for name in found.stdout.split()}
    assert "numpy" in modules
    assert modules.isdisjoint(HEAVY)


def test_the_service_that_serves_imports_nothing_of_terminals_and_clients() -> None:
    code = (
        "import sys; from service.cli import main, operator; operator.run = lambda configured: None; "
        "main(['serve', '--port', '0']); print(*sys.modules)"
    )
    found = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    modules = {name.partition(".")[0] for name in found.stdout.split()}
    assert "uvicorn" in modules
    assert modules.isdisjoint(HEAVY)
