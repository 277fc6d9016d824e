"""MLServer's runtime for sigmoid, and `python mlserver_model.py FOLDER PORT`, which serves it.

The runtime works in the server's process (`parallel_workers` 0), which on one core is MLServer's best.
"""

import json
import os
import sys
from pathlib import Path

import numpy as np
from mlserver import MLModel
from mlserver.codecs import NumpyCodec
from mlserver.types import InferenceRequest, InferenceResponse


class Sigmoid(MLModel):  # type: ignore[misc]  # MLServer is absent where types are checked
    """1 / (1 + e⁻ˣ) of the input `x`."""

    async def load(self) -> bool:
        """There is nothing to load."""
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        """The output `y`."""
        x = NumpyCodec.decode_input(payload.inputs[0])
        y = 1 / (1 + np.exp(-x))
        return InferenceResponse(model_name=self.name, outputs=[NumpyCodec.encode_output("y", y)])


def main() -> None:
    """Write the two settings files and become the server."""
    folder, port = Path(sys.argv[1]), int(sys.argv[2])
    model = folder / "sigmoid"
    model.mkdir(parents=True, exist_ok=True)
    ports = {"http_port": port, "grpc_port": port + 1, "metrics_port": port + 2}
    settings = {"host": "127.0.0.1", "parallel_workers": 0, "debug": False, "metrics_endpoint": None, **ports}
    (folder / "settings.json").write_text(json.dumps(settings))
    (model / "model-settings.json").write_text(
        json.dumps({"name": "sigmoid", "implementation": "mlserver_model.Sigmoid"})
    )
    os.environ["PYTHONPATH"] = str(Path(__file__).parent)
    program = str(Path(sys.executable).with_name("mlserver"))
    os.execv(program, [program, "start", str(folder)])  # noqa: S606  of this environment


if __name__ == "__main__":
    main()
