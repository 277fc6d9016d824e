"""Generates a client from the contract, imports all of it, and calls a live service through it.

usage: python -m scripts.check_client COMMAND      in the environment of the tools; COMMAND starts the service
"""

import importlib
import json
import pkgutil
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
CONTRACT = ROOT / "openapi" / "openapi.json"
WEIGHTS = ROOT / "demo" / "data" / "digits_relu.trained.safetensors"
PACKAGE = "generated_actiscope"
START_SECONDS = STOP_SECONDS = 60
OPTIONS = {
    # What the generator has no name for is bytes or text to it.
    "content_type_overrides": {
        "application/x-npy": "application/octet-stream",
        "text/event-stream": "text/plain",
        "image/png": "application/octet-stream",
        "image/svg+xml": "application/octet-stream",
    },
    "post_hooks": [],
}
FLOW = {
    "input": {"distribution": "normal", "features": 4, "batch": 8},
    "layers": [{"units": 4, "activation": "sigmoid", "weights": "glorot_normal", "repeat": 8}],
    "loss": "sum",
}
MODEL = {
    "input": {"distribution": "normal", "features": 64, "batch": 8},
    "model": {"activation": "relu"},
    "loss": "cross_entropy",
}
TRAINING = {
    "layers": [{"units": 10, "activation": "identity", "weights": "glorot_normal"}],
    "data": "digits",
    "steps": 2,
}
TENSOR = {"name": "x", "shape": [2], "datatype": "FP64", "data": [-1.0, 2.0]}

Generated = Any  # what is generated has no types before it is


def readable(contract: Path) -> dict[str, Any]:
    """The contract without what the generator cannot say: a type that refers to itself, and records line by line."""
    document: dict[str, Any] = json.loads(contract.read_text())
    document["components"]["schemas"]["NestedNumbers"] = {}
    for methods in document["paths"].values():
        for operation in methods.values():
            operation["responses"]["200"].get("content", {}).pop("application/x-ndjson", None)
    return document


def generate(document: dict[str, Any], folder: Path) -> None:
    """Write the client into a package in the folder; a warning is a failure."""
    contract, options = folder / "contract.json", folder / "options.json"
    contract.write_text(json.dumps(document))
    options.write_text(json.dumps(OPTIONS))
    done = subprocess.run(
        [
            Path(sys.executable).with_name("openapi-python-client"),
            *("generate", "--meta", "none", "--fail-on-warning"),
            *("--path", contract, "--config", options, "--output-path", folder / PACKAGE),
        ],
        check=False,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise SystemExit(f"{done.stdout}{done.stderr}\nThe contract cannot be read by openapi-python-client.")
    for module in (folder / PACKAGE / "api").rglob("*.py"):  # version 0.29 forgets a name where a body has two forms
        module.write_text(module.read_text().replace("import Response, UNSET\n", "import Response, UNSET, Unset\n"))


def import_all(folder: Path) -> dict[str, Generated]:
    """Import every module; the result are those of the operations, by their ids."""
    sys.path.insert(0, str(folder))
    package = importlib.import_module(PACKAGE)
    modules = [importlib.import_module(found.name) for found in pkgutil.walk_packages(package.__path__, f"{PACKAGE}.")]
    return {module.__name__.rpartition(".")[2]: module for module in modules if hasattr(module, "sync_detailed")}


@contextmanager
def serving(command: str, folder: Path) -> Iterator[str]:
    """The address of a service that the command starts, until it is told to end."""
    log = folder / "service.log"
    with log.open("wb") as written:
        service = subprocess.Popen([command, "serve", "--port", "0"], stdout=written, stderr=written)
    try:
        yield _address(service, log)
    finally:
        service.terminate()
        service.wait(STOP_SECONDS)


def _address(service: "subprocess.Popen[bytes]", log: Path) -> str:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and service.poll() is None:
        if found := re.search(r"http://127\.0\.0\.1:\d+", log.read_text(errors="replace")):
            return found[0]
        time.sleep(0.05)
    raise SystemExit(f"The service does not listen: {log.read_text(errors='replace')}")


def call(operations: dict[str, Generated], address: str) -> None:
    """Ask what has known answers, once with every form of request and of answer."""
    models, types = (importlib.import_module(f"{PACKAGE}.{name}") for name in ("models", "types"))
    client = importlib.import_module(PACKAGE).Client(base_url=address)

    def ask(operation: str, *arguments: object, **options: object) -> Generated:
        return operations[operation].sync_detailed(*arguments, client=client, **options)

    assert ask("health").parsed.status == "ok"
    assert len(ask("list_activations", family="rectifier").parsed.activations) > 5
    assert ask("get_activation", "ReLU").parsed.name == "relu"
    assert ask("limits").parsed.limits[0].value > 0
    question = {"activation": "leaky_relu", "parameters": {"negative_slope": 0.2}, "x": [[-1, "-Infinity"]]}
    assert ask("evaluate", body=models.EvaluateRequest.from_dict(question)).parsed.y == [[-0.2, "-Infinity"]]
    slopes = ask(
        "differentiate", body=models.DerivativeRequest.from_dict({"activation": "sigmoid", "x": 0, "order": 1})
    )
    assert slopes.parsed.dy == 0.25
    flow = ask("gradient_flow", body=models.GradientFlowRequest.from_dict(FLOW)).parsed
    assert flow.findings[0].code == "vanishing_gradient"
    assert flow.layers[7].backward.weight_gradient_norm > flow.layers[0].backward.weight_gradient_norm
    with WEIGHTS.open("rb") as payload:
        file = types.File(payload, WEIGHTS.name)
        upload = models.GradientFlowFilesBody(models.GradientFlowRequest.from_dict(MODEL), file)
        answer = ask("gradient_flow", body=upload)
    assert [layer.units for layer in answer.parsed.layers] == [128, 128, 10], answer.content
    point = models.MeanFieldRequest.from_dict({"activation": "tanh", "sigma_w": 1.5, "sigma_b": 0.3})
    assert ask("mean_field", body=point).parsed.phase == "chaotic"
    lines = ask("train", body=models.TrainingRequest.from_dict(TRAINING)).content.splitlines()
    assert json.loads(lines[-1])["done"]
    inferred = ask("infer", "relu", body=models.InferenceRequest.from_dict({"inputs": [TENSOR]})).parsed
    assert inferred.outputs[0].data == [0.0, 2.0]
    wrong = ask("evaluate", body=models.EvaluateRequest(activation="sigmod", x=1))
    assert (wrong.status_code, wrong.parsed.near[0]) == (422, "sigmoid")


def main() -> None:
    """Go from the contract to answers, in a folder that is removed afterwards."""
    (command,) = sys.argv[1:]
    with tempfile.TemporaryDirectory() as name:
        folder, document = Path(name), readable(CONTRACT)
        generate(document, folder)
        operations = import_all(folder)
        published = {item["operationId"] for methods in document["paths"].values() for item in methods.values()}
        if missing := published - set(operations):
            raise SystemExit(f"No code was generated for {', '.join(sorted(missing))}.")
        with serving(command, folder) as address:
            call(operations, address)
    print(f"a client of {len(operations)} operations was generated, and what was called answers as published")


if __name__ == "__main__":
    main()
