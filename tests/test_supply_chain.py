"""What the service is made of: locked by hash, newer than known faults, and nothing that runs what it is sent."""

import ast
import csv
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from scripts.locks import APART, lock_files, read_lock

ROOT = Path(__file__).parents[1]
LOCKS = {path.stem: {pin.name: pin.version for pin in read_lock(path)} for path in lock_files()}
SOURCES = sorted((ROOT / "service").rglob("*.py"))
with (ROOT / "tests" / "data" / "advisories.tsv").open(newline="") as file:
    ADVISORIES = list(csv.DictReader(file, delimiter="\t"))
with (ROOT / "pyproject.toml").open("rb") as project_file:
    PROJECT = tomllib.load(project_file)["project"]


def test_every_lock_file_is_known() -> None:
    assert LOCKS.keys() == {"build", "dev", "docs", "generator", "image", "service", "tools"}


@pytest.mark.parametrize("path", lock_files(), ids=lambda path: path.stem)
def test_a_lock_pins_each_package_once_by_hash_and_names_no_address(path: Path) -> None:
    pins = read_lock(path)
    assert len({pin.name for pin in pins}) == len(pins) > 0
    assert "://" not in path.read_text()
    assert "\n-" not in path.read_text()


def test_the_locks_agree_on_every_version() -> None:
    versions: dict[str, set[str]] = {}
    for lock in LOCKS.keys() - APART:
        for name, version in LOCKS[lock].items():
            versions.setdefault(name, set()).add(version)
    assert {name: found for name, found in versions.items() if len(found) > 1} == {}


def test_the_lock_holds_what_the_project_asks_for() -> None:
    needed, extras = PROJECT["dependencies"], PROJECT["optional-dependencies"]
    image = [*needed, *extras["plots"]]
    for lock, texts in (("service", needed), ("image", image), ("dev", [*image, *extras["test"], *extras["check"]])):
        for requirement in map(Requirement, texts):
            assert LOCKS[lock][canonicalize_name(requirement.name)] in requirement.specifier


@pytest.mark.parametrize("row", ADVISORIES, ids=lambda row: f"{row['package']}-{row['fixed']}")
def test_nothing_is_older_than_the_mending_of_a_known_fault(row: dict[str, str]) -> None:
    found = [lock[row["package"]] for lock in LOCKS.values() if row["package"] in lock]
    assert found, "no lock holds it: take the row out, or mend its name"
    assert all(Version(version) >= Version(row["fixed"]) for version in found), row["what"]


@pytest.mark.parametrize("requirement", [Requirement(text) for text in PROJECT["dependencies"]], ids=str)
def test_an_installation_without_the_lock_is_not_older_either(requirement: Requirement) -> None:
    fixed = [row["fixed"] for row in ADVISORIES if row["package"] == requirement.name]
    (lower,) = (it.version for it in requirement.specifier if it.operator == ">=")
    assert all(Version(lower) >= Version(version) for version in fixed)


def installs(text: str) -> list[str]:
    """The commands of a text that install by pip, continued lines joined."""
    commands = re.split(r"\n|&&", text.replace("\\\n", " "))
    return [
        it.strip() for it in commands if re.search(r"(pip\S*\)?|PIP\)) .*\binstall\b", it) and "uninstall" not in it
    ]


@pytest.mark.parametrize("name", ["Dockerfile", "Makefile"])
def test_what_comes_from_a_registry_is_installed_by_hash(name: str) -> None:
    commands = installs((ROOT / name).read_text())
    assert len(commands) >= 3
    for command in commands:
        if "--require-hashes" in command:
            assert not re.search(r"\s(?!-r)\S+==", command)
        else:
            assert "--no-deps" in command, command
            assert re.search(r"(--editable \.|/wheels/actiscope-\*\.whl)$", command), command


def names_called(tree: ast.AST) -> set[str]:
    return {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}


def modules_imported(tree: ast.AST) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


RUNS_CODE = {"eval", "exec", "compile", "__import__", "os.system", "os.popen", "yaml.load", "np.lib.format.read_array"}
UNSAFE_MODULES = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal", "code", "pty", "yaml"}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_module_of_the_service_can_run_what_it_is_sent(path: Path) -> None:
    tree = ast.parse(path.read_text())
    roots = {name.partition(".")[0] for name in modules_imported(tree)}
    assert not roots & (UNSAFE_MODULES | {"subprocess"})
    assert not names_called(tree) & RUNS_CODE
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in {"np.load", "numpy.load"}:
            assert "allow_pickle=False" in ast.unparse(node)
        if isinstance(node, ast.keyword) and node.arg == "allow_pickle":
            assert ast.unparse(node.value) == "False"


NETWORK_CLIENTS = {
    "httpx",
    "httpcore",
    "requests",
    "urllib3",
    "aiohttp",
    "urllib.request",
    "ftplib",
    "smtplib",
    "xmlrpc",
}


def test_the_service_loads_no_network_client() -> None:
    code = "import sys, service.cli, service.app; service.app.application(); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
    assert "service.app" in loaded
    assert NETWORK_CLIENTS.isdisjoint(loaded)
