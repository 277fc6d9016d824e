"""Prints the bill of materials of the image (CycloneDX, JSON): what its lock pins and what the package brings along.

Names, versions, hashes and who needs whom come from the lock, licences from the packages as they are installed.
The same lock gives the same bytes: there is no time and no serial number.
"""

import json
import re
import sys
from hashlib import sha256
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

from scripts.locks import FOLDER, Pin, read_lock

ROOT = FOLDER.parent
ASSETS = ROOT / "service" / "api" / "assets"
GUIDE = ROOT / "service" / "api" / "site"  # where it has been built
# Whose scripts and styles the pages of the guide bring along.
IN_THE_GUIDE = {"furo": "MIT", "sphinx": "BSD-2-Clause"}
NAME = "actiscope"
# What the licence files say of packages that do not declare theirs as an SPDX expression.
# (That of matplotlib is an agreement of its own, worded as the one of Python.)
CONCLUDED = {
    "certifi": "MPL-2.0",
    "charset-normalizer": "MIT",
    "contourpy": "BSD-3-Clause",
    "cycler": "BSD-3-Clause",
    "fonttools": "MIT",
    "h11": "MIT",
    "httpx": "BSD-3-Clause",
    "kiwisolver": "BSD-3-Clause",
    "markdown-it-py": "MIT",
    "matplotlib": "PSF-2.0",
    "mdurl": "MIT",
    "protobuf": "BSD-3-Clause",
    "pysimdjson": "MIT",
    "requests": "Apache-2.0",
    "rich": "MIT",
    "safetensors": "Apache-2.0",
    "shellingham": "ISC",
    "tzdata": "Apache-2.0",
    "uvloop": "MIT OR Apache-2.0",
}
_ASSET_ROW = re.compile(
    r"^\| (?P<files>`.+?) \| (?P<name>[\w-]+) \| (?P<version>[\d.]+) \| (?P<licence>[\w.-]+):", re.M
)

Json = dict[str, Any]


def bill_of_materials() -> Json:
    """The whole document."""
    pins = read_lock(FOLDER / "image.txt")
    packages = [_package(pin) for pin in pins]
    assets = [_asset(row) for row in _ASSET_ROW.finditer((ASSETS / "README.md").read_text())]
    if GUIDE.exists():
        assets += [_in_the_guide(pin) for pin in read_lock(FOLDER / "docs.txt") if pin.name in IN_THE_GUIDE]
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "lifecycles": [{"phase": "build"}],
            "component": _service(),
            "properties": [{"name": "cdx:reproducible", "value": "true"}],
        },
        "components": [*packages, *assets],
        "dependencies": _dependencies(pins, [asset["bom-ref"] for asset in assets]),
    }


def _service() -> Json:
    installed = distribution(NAME)
    return {
        "type": "application",
        "bom-ref": NAME,
        "name": NAME,
        "version": installed.version,
        "description": installed.metadata["Summary"],
        "licenses": _licences(NAME, installed),
    }


def _package(pin: Pin) -> Json:
    installed = _installed(pin)
    archives = {
        "type": "distribution",
        "url": _purl(pin),
        "comment": "the archives that the lock allows",
        "hashes": [{"alg": "SHA-256", "content": digest} for digest in pin.hashes],
    }
    # PEP 770: what a wheel has compiled in, for instance the crates of a Rust extension.
    inner = [str(file) for file in installed.files or () if ".dist-info/sboms/" in str(file)]
    return {
        "type": "library",
        "bom-ref": _purl(pin),
        "name": pin.name,
        "version": pin.version,
        "licenses": _licences(pin.name, installed),
        "purl": _purl(pin),
        "externalReferences": [archives, *({"type": "bom", "url": file} for file in sorted(inner))],
    }


def _installed(pin: Pin) -> Distribution:
    try:
        installed = distribution(pin.name)
    except PackageNotFoundError:
        raise SystemExit(f"{pin.name} is locked but not installed") from None
    if installed.version != pin.version:
        raise SystemExit(f"{pin.name} {installed.version} is installed, {pin.version} is locked")
    return installed


def _licences(name: str, installed: Distribution) -> list[Json]:
    (declared,) = installed.metadata.get_all("License-Expression") or [None]
    if (declared is None) != (name in CONCLUDED):
        raise SystemExit(
            f"{name} declares no licence expression: read its licence files and add it to CONCLUDED"
            if declared is None
            else f"{name} declares its licence, {declared}: take it out of CONCLUDED"
        )
    if declared is None:
        return [{"expression": CONCLUDED[name], "acknowledgement": "concluded"}]
    return [{"expression": declared, "acknowledgement": "declared"}]


def _asset(row: re.Match[str]) -> Json:
    """One package of which files are copied into the service, with these files."""
    purl = f"pkg:npm/{row['name']}@{row['version']}"
    return {
        "type": "library",
        "bom-ref": purl,
        "name": row["name"],
        "version": row["version"],
        "licenses": [{"expression": row["licence"], "acknowledgement": "declared"}],
        "purl": purl,
        "components": [_file(ASSETS / name) for name in re.findall(r"`([\w.-]+\.(?:js|css|png))`", row["files"])],
    }


def _in_the_guide(pin: Pin) -> Json:
    return {
        "type": "library",
        "bom-ref": _purl(pin),
        "name": pin.name,
        "version": pin.version,
        "licenses": [{"expression": IN_THE_GUIDE[pin.name], "acknowledgement": "declared"}],
        "purl": _purl(pin),
    }


def _file(path: Path) -> Json:
    name = path.relative_to(ROOT).as_posix()
    digest = sha256(path.read_bytes()).hexdigest()
    return {"type": "file", "bom-ref": name, "name": name, "hashes": [{"alg": "SHA-256", "content": digest}]}


def _dependencies(pins: tuple[Pin, ...], assets: list[str]) -> list[Json]:
    needs: dict[str, list[str]] = {NAME: list(assets)}
    for pin in pins:
        for parent in pin.via:
            needs.setdefault(parent, []).append(_purl(pin))
    refs = {NAME: NAME, **{pin.name: _purl(pin) for pin in pins}}
    return [{"ref": ref, "dependsOn": sorted(needs.get(name, []))} for name, ref in refs.items()] + [
        {"ref": asset} for asset in assets
    ]


def _purl(pin: Pin) -> str:
    return f"pkg:pypi/{pin.name}@{pin.version}"


if __name__ == "__main__":
    json.dump(bill_of_materials(), sys.stdout, indent=2, ensure_ascii=False)
    print()
