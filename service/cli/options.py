"""Arguments and options that several commands have, with the words that explain them."""

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import orjson
import typer

from service.cli.service import KEY, URL, Service
