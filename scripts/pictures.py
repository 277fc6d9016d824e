"""Draws the pictures of the README and the guide by asking the service, each in light and dark: `make pictures`."""

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx

from service.app import create_app
from service.settings import Settings

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "pictures"
THEMES = ("light", "dark")
COMPARISONS = {
    "step-sigmoid": "name=step&name=sigmoid",
    "sigmoid": "name=sigmoid",
    "sigmoid-tanh": "name=sigmoid&name=tanh",
    "relu": "name=relu",
    "relu-leaky-relu": "name=relu&name=leaky_relu&negative_slope=0.1",
    "relu-gelu-silu": "name=relu&name=gelu&name=silu",
}

Json = dict[str, Any]  # any: JSON is any of its types


def network(activation: str, weights: str) -> Json:
    """Ten layers of a function, and what is asked of them."""
    hidden = {"units": 48, "activation": activation, "weights": weights, "bias": "zeros", "repeat": 10}
    last = {"units": 10, "activation": "identity", "weights": "glorot_normal", "bias": "zeros"}
    return {
        "input": {"distribution": "normal", "features": 64, "batch": 256},
        "layers": [hidden, last],
        "loss": {"name": "cross_entropy", "targets": "random"},
        "remedies": False,
    }


async def pictures() -> dict[str, bytes]:
    """All pictures by the names of their files."""
    transport = httpx.ASGITransport(create_app(Settings()))
    async with httpx.AsyncClient(transport=transport, base_url="http://actiscope", timeout=60) as client:
        flows = {
            "before": await _answer(client, network("sigmoid", "glorot_normal")),
            "after": await _answer(client, network("leaky_relu", "he_normal")),
        }
        found = {}
        for theme in THEMES:
            for name, query in COMPARISONS.items():
                shown = await client.get(f"/plots/activations?{query}&derivative=true&theme={theme}")
                found[f"{name}-{theme}.svg"] = shown.raise_for_status().content
            shown = await client.post(f"/plots/gradient-flow?theme={theme}", json=flows)
            found[f"vanishing-gradient-{theme}.svg"] = shown.raise_for_status().content
        return found


async def _answer(client: httpx.AsyncClient, request: Json) -> Json:
    """The figures to six digits: the last ones may be others on other processors."""
    response = await client.post("/gradient-flow", json=request)
    answer: Json = json.loads(response.raise_for_status().content, parse_float=lambda text: float(f"{float(text):.6g}"))
    return answer


def main() -> None:
    """Write them."""
    FOLDER.mkdir(exist_ok=True)
    for name, picture in asyncio.run(pictures()).items():
        (FOLDER / name).write_bytes(picture)


if __name__ == "__main__":
    main()
