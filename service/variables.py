"""What an environment variable may hold: how its text is read, and what is wanted, in words."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_network


@dataclass(frozen=True)
class Kind:
    """A way to read a text, which raises ValueError unless the text is what is `wanted`."""

    read: Callable[[str], object]
    wanted: str


def whole(at_least: int, at_most: int) -> Kind:
    """Whole numbers within bounds."""

    def read(text: str) -> int:
        if not (text.isascii() and text.isdigit() and len(text) <= 20 and at_least <= int(text) <= at_most):
            raise ValueError
        return int(text)

    return Kind(read, f"a whole number from {at_least} to {at_most}")


def one_of(*words: str) -> Kind:
    """One of these words."""

    def read(text: str) -> str:
        if text not in words:
            raise ValueError
        return text

    return Kind(read, f"{', '.join(words[:-1])} or {words[-1]}")


def _listed(read: Callable[[str], object], wanted: str) -> Kind:
    """Items between commas, each kept as it was given once it was read."""

    def read_all(text: str) -> tuple[str, ...]:
        items = tuple(item.strip() for item in text.split(",")) if text else ()
        for item in items:
            read(item)
        return items

    return Kind(read_all, f"{wanted}, separated by commas")


def _flag(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError
    return text == "true"


def _file(text: str) -> str:
    if not text:
        raise ValueError
    return text


def _mount(text: str) -> str:
    if text and not (text.startswith("/") and not text.endswith("/") and text.isascii() and text.isprintable()):
        raise ValueError
    return text


def _origin(text: str) -> None:
    if not re.fullmatch(r"\*|[a-z][a-z0-9+.-]*://[a-z0-9.:\[\]-]+", text, re.ASCII):
        raise ValueError


TEXT = Kind(str, "text")
FLAG = Kind(_flag, "true or false")
FILE = Kind(_file, "the path of a file")
MOUNT = Kind(_mount, "empty, or a path that starts with / and does not end with it")
NETWORKS = _listed(ip_network, "addresses or networks (10.0.0.0/8)")
ORIGINS = _listed(_origin, "origins as browsers send them (https://example.org) or *")
