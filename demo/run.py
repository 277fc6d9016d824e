"""Starts the service, sends it networks and the digits they read, and prints what comes back.

First the trained networks, layer by layer: each layer is one POST /evaluate, with its weights, of the layer before, and
POST /derivative tells what a gradient would meet on its way back. Then every network as a whole, before and after
training, as one upload to POST /gradient-flow, whose diagnosis is printed.
"""

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from textwrap import fill
from typing import Any

import httpx
import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file, save

Array = NDArray[np.float64]
Answer = dict[str, Any]  # any: JSON is any of its types

DATA = Path(__file__).parent / "data"
DIGITS = Path(__file__).parents[1] / "service" / "flow" / "data" / "digits.npz"
NETWORKS = {
    "digits_relu": "relu",
    "digits_deep_tanh": "tanh",
    "digits_deep_sigmoid": "sigmoid",
    "digits_dying_relu": "relu",
}
IMAGES = 64
HEADER = f"{'layer':>5}  {'function':<8}  {'g = xW + b':<21}  {'h = f(g)':<21}  {'mean f′(g)':>10}  {'f′ = 0':>7}"


def main() -> int:
    """Run the four networks through a service of its own on a free port of this machine."""
    digits = np.load(DIGITS)
    images, labels = digits["test_x"][:IMAGES], digits["test_y"][:IMAGES]
    with running_service() as client:
        for name, function in NETWORKS.items():
            show(client, name, function, images, labels)
        for name, function in NETWORKS.items():
            for stage in ("initial", "trained"):
                tell(f"{name}, {stage}", diagnose(client, DATA / f"{name}.{stage}.safetensors", function, digits))
    return 0


@contextmanager
def running_service() -> Iterator[httpx.Client]:
    """A service that is stopped at the end, and a client for it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "service.cli", "serve", "--port", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
            wait_for(client, process)
            yield client
    finally:
        process.terminate()
        process.wait(timeout=10)


def wait_for(client: httpx.Client, process: subprocess.Popen[bytes]) -> None:
    """Return when the service answers; exit if it does not within ten seconds."""
    for _ in range(200):
        try:
            client.get("/healthz").raise_for_status()
        except httpx.TransportError:
            if process.poll() is not None:
                break
            time.sleep(0.05)
        else:
            return
    sys.exit("The service did not start.")


def show(client: httpx.Client, name: str, function: str, images: Array, labels: Array) -> None:
    """Send one network layer by layer and print a line for each."""
    tensors = load_file(DATA / f"{name}.trained.safetensors")
    depth = len(tensors) // 2
    print(f"\n{name}: {depth} layers, {len(images)} images of the test set\n{HEADER}")
    x, slope = images, 1.0
    for index in range(depth):
        activation = function if index < depth - 1 else "identity"
        weights, bias = tensors[f"layers.{index}.weight"].T, tensors[f"layers.{index}.bias"]
        g, x = layer(client, activation, x, weights, bias)
        derivative = ask(client, "/derivative", activation=activation, x=g.tolist())["dy"]
        slope *= float(np.mean(derivative))
        print(line(index + 1, activation, g, x, np.asarray(derivative)))
    correct = np.mean(np.argmax(x, axis=1) == labels)
    print(f"       reads {correct:.1%} of the digits; the mean slopes multiply to {slope:.2g}")


def layer(client: httpx.Client, activation: str, x: Array, weights: Array, bias: Array) -> tuple[Array, Array]:
    """The preactivations and the outputs of one layer, as the service computes them."""
    answer = ask(client, "/evaluate", activation=activation, x=x.tolist(), weights=weights.tolist(), bias=bias.tolist())
    return np.asarray(answer["preactivation"]), np.asarray(answer["y"])


def ask(client: httpx.Client, path: str, **request: object) -> dict[str, list[list[float]]]:
    """The service's answer to one request."""
    answer: dict[str, list[list[float]]] = client.post(path, json=request).raise_for_status().json()
    return answer


def line(number: int, activation: str, g: Array, h: Array, slope: Array) -> str:
    """One row of the table: means and standard deviations over images and units."""
    gradient = f"{slope.mean():>10.3g}  {np.mean(slope == 0):>7.1%}"
    return f"{number:>5}  {activation:<8}  {spread(g):<21}  {spread(h):<21}  {gradient}"


def spread(values: Array) -> str:
    """Mean ± standard deviation."""
    return f"{values.mean():>9.3g} ± {values.std():.3g}"


def diagnose(client: httpx.Client, weights: Path, function: str, digits: Mapping[str, Array]) -> Answer:
    """The gradient flow of a whole network: its state dict, with the images and their classes as two more tensors."""
    request = {
        "input": {"tensor": "images"},
        "model": {"layout": "pytorch", "activation": function, "output_activation": "identity"},
        "loss": {"name": "cross_entropy", "targets": {"tensor": "classes"}},
    }
    images, classes = digits["test_x"][:IMAGES], digits["test_y"][:IMAGES].astype(np.int64)
    tensors = save({**load_file(weights), "images": images, "classes": classes})
    parts = {"request": (None, json.dumps(request).encode()), "tensors": ("network.safetensors", tensors)}
    answer: Answer = client.post("/gradient-flow", files=parts).raise_for_status().json()
    return answer


def tell(title: str, answer: Answer) -> None:
    """Print a diagnosis: what is wrong, where, and the best remedies, each with what was measured."""
    summary = answer["summary"]
    shares = f"gradient ratio {short(summary['gradient_ratio'])}, factor per layer {short(summary['decay_per_layer'])}"
    print(f"\n{title}: loss {answer['loss']:.3g}, {shares}")
    for finding in answer["findings"]:
        layers = ", ".join(map(str, finding["layers"]))
        print(f"  {finding['severity']:<8}  {finding['code']} in layers {layers}")
        if finding["severity"] != "info":
            print(fill(finding["explanation"], 110, initial_indent=12 * " ", subsequent_indent=12 * " "))
            for remedy in finding["remedies"][:2]:
                before, after = (remedy["verified"][when]["decay_per_layer"] for when in ("before", "after"))
                print(f"          → {remedy['change']} Factor per layer {short(before)}, then {short(after)}.")


def short(figure: float | None) -> str:
    """Two digits, or a dash for a figure that is not defined."""
    return "–" if figure is None else f"{figure:.2g}"


if __name__ == "__main__":
    sys.exit(main())
