"""What goes wrong between a client and the service, as exceptions: what the service tells, and its silence.

ActiscopeError
├── Problem           the service told what is wrong; it is also the exception of `service.errors` for that, if any
├── NoAnswer          nothing listens there, or the connection ended before the answer did
└── NotUnderstood     what came back is no answer of this service
"""

from collections.abc import Mapping
from functools import cache
from typing import Any

import orjson

from service import errors
from service.errors import ActiscopeError, Fault, Limit, Path

PROBLEM = "application/problem+json"

Json = Any  # any: JSON is any of its types
Document = Mapping[str, Json]

_KINDS: Mapping[str, type[ActiscopeError]] = {
    "draining": errors.NotReady,
    "invalid_input": errors.InvalidInput,
    "limit_exceeded": errors.LimitExceeded,
    "malformed_coding": errors.MalformedCoding,
    "malformed_json": errors.Malformed,
    "malformed_multipart": errors.MalformedMultipart,
    "malformed_npy": errors.MalformedNpy,
    "malformed_tensor_data": errors.MalformedTensorData,
    "malformed_tensors": errors.MalformedTensors,
    "not_ready": errors.NotReady,
    "overloaded": errors.Overloaded,
    "quota_exceeded": errors.QuotaExceeded,
    "too_deep": errors.TooDeep,
    "took_too_long": errors.TookTooLong,
    "unauthorized": errors.Unauthorized,
    "unknown_activation": errors.UnknownActivation,
}
_TELLING = ("retry-after", "www-authenticate", "x-request-id")  # headers that say more than the document
_LONGEST_ECHO = 200


class NoAnswer(ActiscopeError):
    """The service cannot be reached, or the connection ended before the answer did."""


class NotUnderstood(ActiscopeError):
    """What came back is no answer of this service: perhaps that of a proxy."""


class Problem(ActiscopeError):
    """A failure as the service told it (RFC 9457).

    `code` is the last part of `type`; `faults` are the fields at fault, and `path` leads to the first of them; `near`
    are names like the unknown one, `limit` is the one that was exceeded, `reasons` are those of a service that is not
    ready. `request_id` finds the request in the logs of the service, `wait` is after how many seconds it may be sent
    again (0: it did not say), and `document` is all that was told.
    """

    def __init__(self, document: Document, headers: Mapping[str, str]) -> None:
        Exception.__init__(self, document["detail"])
        self._headers = headers
        self.document = document
        self.type = str(document["type"])
        self.title = str(document["title"])
        self.status = int(document["status"])
        self.detail = str(document["detail"])
        self.code = self.type.rpartition("/")[2]
        self.faults = tuple(_fault(item) for item in document.get("errors", ()))
        self.path: Path = self.faults[0].path if self.faults else ()
        self.near: tuple[str, ...] = tuple(document.get("near", ()))
        self.limit: Json = _limit(document)  # any: a Limit, or None
        self.reasons: Mapping[str, str] = document.get("reasons", {})
        self.request_id: str | None = document.get("request_id") or headers.get("x-request-id")
        self.wait = self.after = seconds(headers) or 0
        self.given = "invalid_token" in headers.get("www-authenticate", "")  # a key, though no valid one
        self.name: str | None = None  # what has no meaning, where that is the problem

    def __reduce__(self) -> tuple[object, ...]:
        return problem, (self.document, self._headers), {"name": self.name}


def problem(document: Document, headers: Mapping[str, str]) -> Problem:
    """The exception for a problem document; raises NotUnderstood if it is none."""
    kept = {name: text for name, text in headers.items() if name in _TELLING}
    try:
        return _class(str(document["type"]).rpartition("/")[2])(document, kept)
    except (LookupError, TypeError, ValueError, AttributeError):
        raise NotUnderstood("The document of a problem is not as this service writes it.") from None


def failure(status: int, headers: Mapping[str, str], body: bytes, path: str) -> Problem | NotUnderstood:
    """The exception for an answer to this path that is no success."""
    if headers.get("content-type", "").partition(";")[0] == PROBLEM:
        try:
            return problem(orjson.loads(body), headers)
        except (orjson.JSONDecodeError, NotUnderstood):
            pass  # some other service's idea of a problem document
    text = body[:_LONGEST_ECHO].decode(errors="replace").strip()
    return NotUnderstood(f"{path} was answered with status {status}, and not as this service answers: {text!r}")


def seconds(headers: Mapping[str, str]) -> int | None:
    """After how many seconds the service says that the request may be sent again; None if it does not."""
    told = headers.get("retry-after", "")
    return int(told) if told.isascii() and told.isdigit() and len(told) < 10 else None


@cache
def _class(code: str) -> type[Problem]:
    """A class that is caught as a problem, and as the exception that the service itself raised."""
    kind = _KINDS.get(code)
    return type(f"{kind.__name__}Problem", (Problem, kind), {"__doc__": kind.__doc__}) if kind else Problem


def _fault(item: Json) -> Fault:
    pointer = item.get("pointer")
    return Fault(_path(pointer) if pointer is not None else (item["parameter"],), item["detail"])


def _path(pointer: str) -> Path:
    """Member names and indices of an RFC 6901 pointer."""
    steps = (step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:])
    return tuple(int(step) if step.isascii() and step.isdigit() else step for step in steps)


def _limit(document: Document) -> Limit | None:
    limit = document.get("limit")
    return Limit(limit["name"], limit["value"]) if limit else None
