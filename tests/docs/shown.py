"""Holds what a page shows against what is true: the last digits may differ, and … stands for what was left out."""

import math
import re

# The last digits differ between processors, within the accuracy that is promised.
TOLERANCE = 1e-12
_INTEGER = r"-?\d+"
_NUMBER = rf"{_INTEGER}(?:\.\d+(?:[eE][+-]?\d+)?|[eE][+-]?\d+)"  # counts are shown exactly
_OTHER_DIGITS = r"[\d.]*+(?![eE][+-]?\d)"
_TOKEN = re.compile(
    rf"(?P<cut>(?:{_NUMBER}|{_INTEGER})…(?:e-?\d+)?)|(?P<number>{_NUMBER})|(?P<left_out>…)|(?P<other>\w+|.)", re.DOTALL
)


def assert_shown(shown: str, true: str, *, spaces: bool = True) -> None:
    """Fail at the first place where the two differ, of white space too unless that does not count."""
    shown, true = (_trimmed(text) if spaces else "".join(text.split()) for text in (shown, true))
    tokens = list(_TOKEN.finditer(shown))
    patterns = [_pattern(token) for token in tokens]
    match = re.fullmatch("".join(patterns), true, flags=re.DOTALL)
    assert match, _first_difference(tokens, patterns, true)
    numbers = [token[0] for token in tokens if token.lastgroup == "number"]
    for number, found in zip(numbers, match.groups(), strict=True):
        assert math.isclose(float(number), float(found), rel_tol=TOLERANCE), (
            f"{number} is shown, {found} is true:\n{true}"
        )


def _trimmed(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.strip().splitlines())


def _pattern(token: re.Match[str]) -> str:
    if token.lastgroup == "number":
        return f"({_NUMBER})"
    if token.lastgroup == "left_out":
        return ".*?"
    if token.lastgroup == "cut":  # the first digits, and the power of ten if there is one
        digits, _, exponent = token[0].partition("…")
        return re.escape(digits) + (rf"\d*{exponent}\b" if exponent else _OTHER_DIGITS)
    return re.escape(token[0])


def _first_difference(tokens: list[re.Match[str]], patterns: list[str], true: str) -> str:
    for count, token in enumerate(tokens, 1):
        if re.match("".join(patterns[:count]), true, flags=re.DOTALL) is None:
            return (
                f"The page shows {token[0]!r} after {token.string[: token.start()][-200:]!r}; in truth it is:\n{true}"
            )
    return f"The page shows less than there is:\n{true}"
