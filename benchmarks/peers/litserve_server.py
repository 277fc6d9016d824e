"""LitServe's server for sigmoid: `python litserve_server.py PORT`. JSON in, JSON out, one worker, no batching."""

import sys
from typing import Any

import litserve
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


class Sigmoid(litserve.LitAPI):  # type: ignore[misc]  # LitServe is absent where types are checked
    """1 / (1 + e⁻ˣ) of `x`."""

    def setup(self, device: str) -> None:
        """There is nothing to load."""

    def decode_request(self, request: dict[str, Any], **_context: object) -> Array:
        """The numbers."""
        return np.array(request["x"])

    def predict(self, x: Array, **_context: object) -> Array:
        """The values."""
        return np.asarray(1 / (1 + np.exp(-x)))

    def encode_response(self, output: Array, **_context: object) -> dict[str, list[float]]:
        """The answer."""
        return {"y": output.tolist()}


if __name__ == "__main__":
    server = litserve.LitServer(Sigmoid(api_path="/evaluate"), accelerator="cpu", workers_per_device=1, timeout=120)
    server.run(
        host="127.0.0.1", port=int(sys.argv[1]), num_api_servers=1, generate_client_file=False, log_level="error"
    )
