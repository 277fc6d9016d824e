"""Builds the wheel, installs it into an environment of its own, starts the console command and asks it a question."""

import re
import socket
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

import httpx

ROOT = Path(__file__).resolve().parent.parent
QUESTION = {"activation": "leaky_relu", "parameters": {"negative_slope": 0.01}, "x": [-1.0, 0.0, 2.5]}
ANSWER = [-0.01, 0.0, 2.5]
TRAINING = {
    "layers": [{"units": 10, "activation": "identity", "weights": "glorot_normal"}],
    "data": "digits",
    "steps": 1,
}
START_SECONDS = 60
STOP_SECONDS = 20


def pip(python: Path, *arguments: str) -> None:
    """Run pip quietly for one interpreter."""
    subprocess.run([python, "-m", "pip", "--disable-pip-version-check", "--quiet", *arguments], cwd=ROOT, check=True)


def build_wheel(folder: Path) -> Path:
    """Build the project's wheel into a folder and return its path."""
    pip(Path(sys.executable), "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), ".")
    (wheel,) = folder.glob("actiscope-*.whl")
    return wheel


def install(wheel: Path, folder: Path) -> Path:
    """Install the locked dependencies and the wheel into a new environment and return its folder of commands."""
    venv.create(folder, with_pip=True)
    commands = folder / "bin"
    pip(commands / "python", "install", "--require-hashes", "-r", "requirements/service.txt")
    pip(commands / "python", "install", "--no-deps", str(wheel))
    pip(commands / "python", "check")
    return commands


def free_port() -> int:
    """Return a port of the loopback interface on which nobody listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def wait_until_alive(client: httpx.Client, server: subprocess.Popen[bytes]) -> None:
    """Ask for /healthz until it answers; give up when the server ends or the time is over."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        try:
            client.get("/healthz").raise_for_status()
        except httpx.TransportError:
            time.sleep(0.1)
        else:
            return
    raise SystemExit(f"the service did not answer /healthz (exit code {server.poll()})")


def ask(client: httpx.Client) -> None:
    """Send a question whose answer is known, train on packaged data, and open the pages that need packaged files."""
    answer = client.post("/evaluate", json=QUESTION).raise_for_status().json()
    if answer["y"] != ANSWER:
        raise SystemExit(f"/evaluate answered {answer}")
    lines = client.post("/gradient-flow/training", json=TRAINING).raise_for_status().text.splitlines()
    if len(lines) != 2:
        raise SystemExit(f"/gradient-flow/training answered {lines}")
    for path in ("/docs", "/redoc"):
        page = client.get(path).raise_for_status()
        for file in re.findall(r'(?:src|href)="([^"]+)"', page.text):
            address = page.url.join(file)
            if address.host != page.url.host:
                raise SystemExit(f"{path} needs {address}, which is not served from here")
            client.get(address).raise_for_status()


def main() -> None:
    """Go from the checkout to an answered request, in a folder that is removed afterwards."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        wheel = build_wheel(folder)
        commands = install(wheel, folder / "venv")
        port = free_port()
        # The working directory is not the checkout, so that only the installed package can be imported.
        server = subprocess.Popen([commands / "actiscope", "serve", "--port", str(port)], cwd=folder)
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
                wait_until_alive(client, server)
                ask(client)
        finally:
            server.terminate()
            server.wait(timeout=STOP_SECONDS)
        print(f"{wheel.name}: {wheel.stat().st_size / 1e6:.1f} MB, installs, serves and stops")


if __name__ == "__main__":
    main()
