"""Triton with a Python function, by pytriton: `python pytriton_server.py PORT`. No batching."""

import sys

import numpy as np
from numpy.typing import NDArray
from pytriton.decorators import sample
from pytriton.model_config import ModelConfig, Tensor
from pytriton.triton import Triton, TritonConfig

Array = NDArray[np.float64]


@sample  # type: ignore[untyped-decorator]  # pytriton is absent where types are checked
def infer(x: Array) -> dict[str, Array]:
    """1 / (1 + e⁻ˣ)."""
    return {"y": 1 / (1 + np.exp(-x))}


def main() -> None:
    """Serve until told to stop."""
    port = int(sys.argv[1])
    config = TritonConfig(
        http_address="127.0.0.1",
        http_port=port,
        grpc_address="127.0.0.1",
        grpc_port=port + 1,
        allow_metrics=False,
    )
    tensors = {name: [Tensor(name=name, dtype=np.float64, shape=(-1,))] for name in ("x", "y")}
    with Triton(config=config) as triton:
        triton.bind("sigmoid", infer, inputs=tensors["x"], outputs=tensors["y"], config=ModelConfig(batching=False))
        triton.serve()


if __name__ == "__main__":
    main()
