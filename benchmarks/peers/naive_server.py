"""What one writes first: FastAPI, a pydantic model that comes in, and a dictionary with a list that goes out."""

import numpy as np
from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()


class Question(BaseModel):
    """The function's name, and numbers."""

    activation: str
    x: list[float]


@app.post("/evaluate", response_model=None)
async def evaluate(question: Question) -> dict[str, list[float]]:
    """1 / (1 + e⁻ˣ) of every number."""
    x = np.array(question.x)
    return {"y": (1 / (1 + np.exp(-x))).tolist()}
