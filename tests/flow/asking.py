"""Questions to POST /gradient-flow in a few words, and the answers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from io import BytesIO
from typing import Any, Literal

import numpy as np
from safetensors.numpy import save

from tests.client import Client

Json = dict[str, Any]  # as JSON has it
Tensors = Mapping[str, "np.ndarray[Any, Any]"]  # any: of any shape and type


def layer(units: int, activation: str, weights: object = "glorot_normal", **others: object) -> Json:
    """A layer; biases are zeros if nothing else is said."""
    return {"units": units, "activation": activation, "weights": weights, **others}


def network(*entries: Json, features: int = 6, batch: int = 8, **others: object) -> Json:
    """Layers and blocks under a normal input; no remedies if nothing else is said."""
    drawn = {"distribution": "normal", "features": features, "batch": batch}
    return {"input": drawn, "layers": list(entries), "remedies": False, **others}


def answer(client: Client, request: Json) -> Json:
    """What is answered."""
    response = client.post("/gradient-flow", request)
    assert response.status_code == 200, response.text
    document: Json = response.json()
    return document


def upload(request: Json, tensors: Tensors, form: Literal["safetensors", "npz"] = "safetensors") -> Json:
    """The parts of a multipart body, as httpx takes them."""
    if form == "safetensors":
        content = save(dict(tensors))
    else:
        buffer = BytesIO()
        np.savez(buffer, **dict(tensors))  # type: ignore[arg-type]  # names of tensors, not of numpy's own options
        content = buffer.getvalue()
    return {"request": (None, json.dumps(request)), "tensors": (f"tensors.{form}", content)}


def answer_to_upload(client: Client, request: Json, tensors: Tensors) -> Json:
    """What is answered to a request whose tensors come with it."""
    response = client.request("POST", "/gradient-flow", files=upload(request, tensors))
    assert response.status_code == 200, response.text
    document: Json = response.json()
    return document


def findings(document: Json) -> dict[str, Json]:
    """The findings of an answer, by their codes."""
    return {finding["code"]: finding for finding in document["findings"]}


def verdicts(document: Json) -> dict[str, tuple[str, list[int]]]:
    """How grave each finding is, and in which layers."""
    return {code: (finding["severity"], finding["layers"]) for code, finding in findings(document).items()}
