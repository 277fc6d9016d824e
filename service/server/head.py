"""The head of an answer, as bytes."""

from collections.abc import Iterable
from http import HTTPStatus

Fields = Iterable[tuple[bytes, bytes]]

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_END = b"\r\n"
_WITHOUT_CONTROL = bytes(code for code in range(256) if code >= 32 and code != 127) + b"\t"
_STATUS = {status.value: b"HTTP/1.1 %d %b\r\n" % (status, status.phrase.encode()) for status in HTTPStatus}


def fields(given: Fields) -> bytes:
    """Header fields as lines.

    Raises
    ------
    ValueError
        A name or a value would end its line, or holds another control character.
    """
    parts: list[bytes] = []
    for name, value in given:
        parts += (name, b": ", value, _END)
    lines = b"".join(parts)
    if lines.translate(None, _WITHOUT_CONTROL) != _END * (len(parts) // 4):
        raise ValueError("A header field holds a control character.")
    return lines


def head(status: int, *lines: bytes) -> bytes:
    """The head with these lines."""
    return b"".join((_STATUS[status], *lines, _END))


class Common:
    """The fields of every answer as lines, written anew only when there are others."""

    def __init__(self) -> None:
        self._given: Fields = ()
        self._lines = b""

    def lines(self, given: Fields) -> bytes:
        """The fields as lines."""
        if given is not self._given:
            self._given, self._lines = given, fields(given)
        return self._lines
