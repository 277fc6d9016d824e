"""What a client needs, and what it looks like to who explores it."""

import inspect
import subprocess
import sys

from service.client import AsyncClient, Client, Evaluation

LOADED = "import sys, service.client; print(*sys.modules)"


def test_the_client_needs_no_server() -> None:
    loaded = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, check=True, text=True).stdout.split()
    parts = {name.partition(".")[0] for name in loaded}
    assert not parts & {"fastapi", "starlette", "uvicorn", "uvloop", "httptools", "IPython", "matplotlib"}
    inside = {name.split(".")[1] for name in loaded if name.startswith("service.")}
    assert inside == {"client", "errors", "settings", "variables", "wire"}


def test_both_clients_have_the_same_methods() -> None:
    assert {name.removeprefix("a") if name == "aclose" else name for name in _public(AsyncClient)} == set(
        _public(Client)
    )


def test_methods_tell_their_members_and_their_result() -> None:
    signature = inspect.signature(Client(retries=0).evaluate)
    assert list(signature.parameters)[:3] == ["activation", "x", "weights"]
    assert signature.return_annotation is Evaluation
    assert all(inspect.getdoc(getattr(kind, name)) for kind in (Client, AsyncClient) for name in _public(kind))


def _public(kind: type) -> list[str]:
    return [name for name in dir(kind) if not name.startswith("_")]
