"""Asks pip-audit for known vulnerabilities of everything that is locked, and judges its answer.

pip-audit passes a package over that its source does not know, so a source that answers nothing looks like a clean bill.
Here every package must have been answered for. Exit status: 0 nothing found, 1 something to mend, 3 could not ask.
With PIP_AUDIT_VULNERABILITY_SERVICE=osv, pip-audit asks OSV instead of the package registry.
Needs requirements/tools.txt.
"""

import json
import subprocess
import sys
import tomllib
from argparse import ArgumentParser
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from scripts.locks import FOLDER, lock_groups

EXCEPTIONS = FOLDER / "audit-exceptions.toml"
COULD_NOT_ASK = 3
_AUDIT_SECONDS = 300


@dataclass(frozen=True)
class AcceptedAdvisory:
    """An advisory that is passed over, why, and until when."""

    advisory: str
    package: str
    reason: str
    until: date

    def __post_init__(self) -> None:
        if not (self.advisory and self.package and len(self.reason.split()) >= 4 and type(self.until) is date):
            raise ValueError(f"{EXCEPTIONS.name}: an exception needs a package, a reason in words and a date: {self}")


@dataclass(frozen=True)
class Verdict:
    """How many packages were answered for, which were not, and what is to be mended."""

    asked: int
    unknown: tuple[str, ...]
    faults: tuple[str, ...]


def read_exceptions(path: Path = EXCEPTIONS) -> list[AcceptedAdvisory]:
    """The exceptions of a file."""
    return [AcceptedAdvisory(**entry) for entry in tomllib.loads(path.read_text()).get("exception", [])]


def judge(report: Mapping[str, Any], accepted: Sequence[AcceptedAdvisory], today: date) -> Verdict:
    """Hold the report of pip-audit against the exceptions."""
    packages = report["dependencies"]
    unknown = tuple(package["name"] for package in packages if "vulns" not in package)
    used: set[AcceptedAdvisory] = set()
    faults = []
    for package in packages:
        for found in package.get("vulns", ()):
            names = {found["id"], *found["aliases"]}
            exceptions = [it for it in accepted if it.package == package["name"] and it.advisory in names]
            used.update(exceptions)
            if not any(today <= it.until for it in exceptions):
                faults.append(_told(package, found))
    faults += [
        f"{it.advisory} in {it.package} is no longer found: take it out of {EXCEPTIONS.name}"
        for it in accepted
        if it not in used and it.package not in unknown
    ]
    return Verdict(len(packages) - len(unknown), unknown, tuple(faults))


def _told(package: Mapping[str, Any], found: Mapping[str, Any]) -> str:
    names = ", ".join(dict.fromkeys([found["id"], *found["aliases"]]))
    fixed = f"fixed in {', '.join(found['fix_versions'])}" if found["fix_versions"] else "not fixed yet"
    return f"{package['name']} {package['version']}: {names}, {fixed}: {found['description']:.200}"


def run_pip_audit(paths: Sequence[Path], *options: str) -> subprocess.CompletedProcess[str]:
    """Run pip-audit over lock files that agree."""
    files = [option for path in paths for option in ("--requirement", str(path))]
    command = [sys.executable, "-m", "pip_audit", "--require-hashes", "--disable-pip", "--progress-spinner=off"]
    return subprocess.run(
        [*command, *files, *options], capture_output=True, text=True, check=False, timeout=_AUDIT_SECONDS
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the locks, ask, and print the verdict; the result is the exit status."""
    parser = ArgumentParser("audit", description="Ask for known vulnerabilities of everything that is locked.")
    parser.add_argument(
        "--may-be-unreachable", action="store_true", help="succeed if the source cannot be asked at all"
    )
    options = parser.parse_args(arguments)
    accepted = read_exceptions()
    packages: list[Mapping[str, Any]] = []
    for paths in lock_groups():
        read = run_pip_audit(paths, "--dry-run")
        if read.returncode != 0:  # the lock files themselves are at fault: nobody was asked yet
            print(read.stderr, file=sys.stderr)
            return 1
        answer = run_pip_audit(paths, "--format=json", "--output=stdout")
        if not answer.stdout.strip():
            return _could_not_ask((answer.stderr.strip() or "no answer").splitlines()[-1], options.may_be_unreachable)
        packages += [found for found in json.loads(answer.stdout)["dependencies"] if found not in packages]
    verdict = judge({"dependencies": packages}, accepted, datetime.now(UTC).date())
    if verdict.asked == 0:
        return _could_not_ask(f"it knows none of {len(verdict.unknown)} packages", options.may_be_unreachable)
    return _report(verdict, accepted)


def _report(verdict: Verdict, accepted: Sequence[AcceptedAdvisory]) -> int:
    faults = [*verdict.faults, *(f"{name}: the source of advisories does not know it" for name in verdict.unknown)]
    for fault in faults:
        print(fault, file=sys.stderr)
    print(f"audit: {verdict.asked} packages asked for, {len(faults)} faults, {len(accepted)} exceptions")
    return 1 if faults else 0


def _could_not_ask(why: str, may_be_unreachable: bool) -> int:
    print(f"audit: COULD NOT ASK the source of advisories, so nothing is known of new ones: {why}")
    return 0 if may_be_unreachable else COULD_NOT_ASK


if __name__ == "__main__":
    sys.exit(main())
