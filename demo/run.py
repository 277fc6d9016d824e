"""Starts the service, sends it trained networks and the digits they read, and prints what comes back.

Each layer is one POST /evaluate, with its weights, of the layer before; POST /derivative then tells what a gradient
would meet on its way back.
"""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file

Array = NDArray[np.float64]

DATA = Path(__file__).parent / "data"
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
    digits = np.load(DATA / "digits.npz")
    images, labels = digits["test_x"][:IMAGES], digits["test_y"][:IMAGES]
    with running_service() as client:
        for name, function in NETWORKS.items():
            show(client, name, function, images, labels)
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


if __name__ == "__main__":
    sys.exit(main())
