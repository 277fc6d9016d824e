"""The audit fails where something is to be mended, and says when it could not ask."""

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from scripts.audit import AcceptedAdvisory, judge, read_exceptions
from scripts.locks import lock_files, read_lock

ROOT = Path(__file__).parents[2]
TODAY = date(2026, 6, 1)
REASON = "The service never calls what is at fault."
CLEAN = {"name": "idna", "version": "3.20", "vulns": []}
UNKNOWN = {"name": "idna", "skip_reason": "not found"}
FAULTY = {
    "name": "h11",
    "version": "0.15.0",
    "vulns": [{"id": "PYSEC-1", "aliases": ["CVE-1"], "fix_versions": ["0.16.0"], "description": "Smuggling."}],
}


def accepted(advisory: str = "CVE-1", package: str = "h11", until: date = TODAY) -> AcceptedAdvisory:
    return AcceptedAdvisory(advisory, package, REASON, until)


def test_nothing_found_is_no_fault() -> None:
    verdict = judge({"dependencies": [CLEAN]}, [], TODAY)
    assert (verdict.asked, verdict.unknown, verdict.faults) == (1, (), ())


def test_a_finding_is_a_fault_that_says_where_it_is_fixed() -> None:
    (fault,) = judge({"dependencies": [CLEAN, FAULTY]}, [], TODAY).faults
    assert fault == "h11 0.15.0: PYSEC-1, CVE-1, fixed in 0.16.0: Smuggling."


@pytest.mark.parametrize("name", ["PYSEC-1", "CVE-1"])
def test_an_exception_by_any_of_the_names_passes_a_finding_over(name: str) -> None:
    assert judge({"dependencies": [FAULTY]}, [accepted(name)], TODAY).faults == ()


def test_an_exception_ends_with_its_day() -> None:
    (fault,) = judge({"dependencies": [FAULTY]}, [accepted(until=date(2026, 5, 31))], TODAY).faults
    assert "PYSEC-1" in fault


@pytest.mark.parametrize("exception", [accepted("CVE-2"), accepted(package="idna")])
def test_an_exception_for_something_else_helps_nothing_and_is_a_fault_itself(exception: AcceptedAdvisory) -> None:
    faults = judge({"dependencies": [CLEAN, FAULTY]}, [exception], TODAY).faults
    assert len(faults) == 2
    assert "take it out of audit-exceptions.toml" in faults[1]


def test_a_package_that_was_not_answered_for_is_not_taken_for_clean() -> None:
    verdict = judge({"dependencies": [UNKNOWN, FAULTY]}, [accepted(), accepted("CVE-3", "idna")], TODAY)
    assert (verdict.asked, verdict.unknown, verdict.faults) == (1, ("idna",), ())


def test_the_exceptions_of_the_repository_are_explained_and_about_what_is_locked() -> None:
    locked = {pin.name for path in lock_files() for pin in read_lock(path)}
    assert {it.package for it in read_exceptions()} <= locked


@pytest.mark.parametrize(
    "entry",
    [
        'advisory = "CVE-1"\npackage = "h11"\nreason = ""\nuntil = 2027-01-01',
        'advisory = "CVE-1"\npackage = "h11"\nreason = "Is not so bad."\nuntil = "soon"',
        'advisory = ""\npackage = "h11"\nreason = "Is not so bad."\nuntil = 2027-01-01',
    ],
)
def test_an_exception_without_a_reason_or_a_date_is_refused(tmp_path: Path, entry: str) -> None:
    file = tmp_path / "exceptions.toml"
    file.write_text(f"[[exception]]\n{entry}\n")
    with pytest.raises(ValueError, match="needs a package, a reason in words and a date"):
        read_exceptions(file)


@contextmanager
def advisories_of(package: str | None) -> Iterator[str]:
    """A source that answers as OSV does and knows one advisory, of this package; of none: it answers nothing."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            name = asked["package"]["name"]
            found: dict[str, Any] = {"id": "PYSEC-1", "affected": [{"package": asked["package"]}], "summary": "Bad."}
            body = json.dumps({"vulns": [found]} if name == package else {}).encode()
            self.send_response(200 if package else 503)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Be quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()


@pytest.mark.parametrize(
    ("package", "flags", "status", "told"),
    [
        ("h11", [], 1, ": PYSEC-1, not fixed yet: Bad.\n"),
        (None, [], 3, "COULD NOT ASK"),
        (None, ["--may-be-unreachable"], 0, "COULD NOT ASK"),
    ],
)
def test_pip_audit_itself_is_asked(package: str | None, flags: list[str], status: int, told: str) -> None:
    python = ROOT / ".venv-tools" / "bin" / "python"
    if not python.exists():
        pytest.skip("`make audit` installs pip-audit")
    with advisories_of(package) as address:
        source = {"PIP_AUDIT_VULNERABILITY_SERVICE": "osv", "PIP_AUDIT_OSV_URL": address, "NO_PROXY": "127.0.0.1"}
        command = [str(python), "-m", "scripts.audit", *flags]
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, cwd=ROOT, env={**os.environ, **source}, timeout=120
        )
    assert done.returncode == status
    assert told in done.stderr + done.stdout
    locked = {(pin.name, pin.version) for path in lock_files() for pin in read_lock(path)}
    assert package is None or f"{len(locked)} packages asked for, 1 faults" in done.stdout
