"""Reads the lock files in requirements/: which version of each package, by which hashes, for whom."""

import re
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "requirements"

APART = {"generator"}  # it takes an older Typer than the service

# A package, perhaps a marker, at least one hash, and for whom it is there: addresses and options do not match.
_PIN = re.compile(
    r"(?P<name>[a-z0-9-]+)==(?P<version>[^\s;]+)(?: ; (?P<marker>[^\\\n]+))? \\\n"
    r"(?P<hashes>(?: {4}--hash=sha256:[0-9a-f]{64} \\\n)* {4}--hash=sha256:[0-9a-f]{64}\n)"
    r"(?P<via>(?: {4}#.*\n)*)"
)
_VIA = re.compile(r"^ {4}# (?:via|  ) *([a-z0-9][a-z0-9-]*)", re.MULTILINE)


@dataclass(frozen=True)
class Pin:
    """One package of a lock file; `via` names those that need it."""

    name: str
    version: str
    hashes: tuple[str, ...]
    via: tuple[str, ...]


def lock_files() -> list[Path]:
    """Every lock file, in the order of the names."""
    return sorted(FOLDER.glob("*.txt"))


def lock_groups() -> list[list[Path]]:
    """The lock files that agree on every version, and each of those that stand apart."""
    together = [path for path in lock_files() if path.stem not in APART]
    return [together, *([path] for path in lock_files() if path.stem in APART)]


def read_lock(path: Path) -> tuple[Pin, ...]:
    """The pins of a lock file; a line that is anything else raises ValueError."""
    pins = re.sub(r"^(?:#.*)?\n", "", path.read_text(), flags=re.MULTILINE)  # remarks between the pins
    return tuple(_read_pin(path.name, block) for block in re.split(r"(?<=\n)(?=\S)", pins))


def _read_pin(file: str, block: str) -> Pin:
    match = _PIN.fullmatch(block)
    if match is None:
        raise ValueError(f"{file}: not a package with an exact version and its hashes: {block!r}")
    return Pin(
        name=match["name"],
        version=match["version"],
        hashes=tuple(re.findall(r"sha256:([0-9a-f]+)", match["hashes"])),
        # An extra makes a package need itself.
        via=tuple(name for name in _VIA.findall(match["via"]) if name != match["name"]),
    )
