"""The bill of materials says what is locked."""

import json
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from scripts.locks import FOLDER, read_lock
from scripts.sbom import ASSETS, GUIDE, IN_THE_GUIDE

ROOT = Path(__file__).parents[2]


def printed() -> bytes:
    return subprocess.run([sys.executable, "-m", "scripts.sbom"], check=True, capture_output=True, cwd=ROOT).stdout


@pytest.fixture(scope="module")
def bill() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(printed())
    return document


def libraries(bill: dict[str, Any], kind: str) -> dict[str, dict[str, Any]]:
    return {item["purl"]: item for item in bill["components"] if item["purl"].startswith(f"pkg:{kind}/")}


def test_it_holds_every_locked_package_with_its_hashes_and_its_licence(bill: dict[str, Any]) -> None:
    packages = libraries(bill, "pypi")
    pins = read_lock(FOLDER / "image.txt")
    of_the_guide = {purl for purl in packages if purl.split("/")[1].split("@")[0] in IN_THE_GUIDE}
    assert len(of_the_guide) == (len(IN_THE_GUIDE) if GUIDE.exists() else 0)
    assert packages.keys() - of_the_guide == {f"pkg:pypi/{pin.name}@{pin.version}" for pin in pins}
    for pin in pins:
        package = packages[f"pkg:pypi/{pin.name}@{pin.version}"]
        (archives,) = (it for it in package["externalReferences"] if it["type"] == "distribution")
        assert archives["hashes"] == [{"alg": "SHA-256", "content": digest} for digest in pin.hashes]
        assert all(licence["expression"] for licence in package["licenses"])
        assert len(package["licenses"]) == 1


def test_it_holds_every_file_that_was_copied_from_elsewhere(bill: dict[str, Any]) -> None:
    files = [file for item in libraries(bill, "npm").values() for file in item["components"]]
    copied = {path for path in ASSETS.iterdir() if path.suffix not in {".md", ".txt"}}
    assert {ROOT / file["name"] for file in files} == copied
    for file in files:
        digest = sha256((ROOT / file["name"]).read_bytes()).hexdigest()
        assert file["hashes"] == [{"alg": "SHA-256", "content": digest}]


def test_everything_in_it_is_needed_by_the_service(bill: dict[str, Any]) -> None:
    needs = {entry["ref"]: entry.get("dependsOn", []) for entry in bill["dependencies"]}
    reached, waiting = set(), ["actiscope"]
    while waiting:
        ref = waiting.pop()
        if ref not in reached:
            reached.add(ref)
            waiting += needs[ref]
    assert reached == needs.keys()
    assert reached == {"actiscope", *(item["bom-ref"] for item in bill["components"])}
    assert "pkg:pypi/h11@" in " ".join(needs[next(ref for ref in needs if "/uvicorn@" in ref)])


def test_the_same_lock_gives_the_same_bytes() -> None:
    text = printed()
    assert text == printed()
    assert b"timestamp" not in text
    assert b"serialNumber" not in text
