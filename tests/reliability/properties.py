"""What holds of every answer, whatever was asked, and what a process must not have ever more of."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from service.api.kinds import KINDS
from tests.client import REQUEST_ID
from tests.reliability.exchange import Answer

ROOT = Path(__file__).parents[2]
CONTRACT: dict[str, Any] = json.loads((ROOT / "openapi" / "openapi.json").read_bytes())

# What HTTP itself may be refused with, at any path: the contract describes operations.
OF_HTTP = {400, 404, 405, 408, 414, 431}
SECRETS = (
    b"Traceback",
    b'File "',
    b".py",
    b"site-packages",
    b"<class ",
    b" object at 0x",
    b"service.",
    str(ROOT).encode(),
)


def documented(path: str, method: str = "post") -> set[int]:
    """The statuses that the contract gives to an operation."""
    return {int(status) for status in CONTRACT["paths"][path][method]["responses"]}


def assert_sound(answer: Answer, statuses: Iterable[int] = ()) -> None:
    """Check an answer: its status is one of these or of HTTP, it tells no secret, and a failure is a problem."""
    assert answer.status in {*statuses, *OF_HTTP}, answer
    assert answer.status < 500 or answer.status == 503, answer
    assert REQUEST_ID.fullmatch(answer.headers["x-request-id"]), answer
    told = b"".join([answer.body, *(value.encode("latin-1") for value in answer.headers.values())])
    assert not [secret for secret in SECRETS if secret in told], answer
    if answer.status < 400:
        return
    assert answer.whole, answer
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["cache-control"] == "no-store"
    assert (answer.status == 503) == ("retry-after" in answer.headers), answer
    document = json.loads(answer.body)
    kind = KINDS[document["type"].removeprefix("/problems/")]
    assert answer.status == document["status"]
    assert answer.status in kind.statuses
    assert document["title"] == kind.title
    assert document["detail"]
    assert document["instance"]


@dataclass(frozen=True)
class Figures:
    """What a process holds."""

    resident: int  # KiB
    files: int
    threads: int

    @classmethod
    def of(cls, pid: int) -> "Figures":
        """Those of a process."""
        status = dict(
            line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if ":" in line
        )
        files = len(list(Path(f"/proc/{pid}/fd").iterdir()))
        return cls(int(status["VmRSS"].split()[0]), files, int(status["Threads"]))
