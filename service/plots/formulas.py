"""Formulas of the catalogue in the part of TeX that mathtext typesets."""

import re

_REWRITTEN = (
    (r"\\tfrac|\\frac", r"\\dfrac"),
    (r"\\(dfrac|sqrt)(\d|\\pi\b)", r"\\\1{\2}"),  # arguments without braces
    (r"\\dfrac(\{[^{}]*\})(\w)", r"\\dfrac\1{\2}"),
    (r"\\le\b", r"\\leq"),
    (r"\\ge\b", r"\\geq"),
)
_CASES = re.compile(r"\\begin\{cases\}(.*?)\\end\{cases\}")


def mathtext(latex: str) -> str:
    """A formula as mathtext, between dollar signs."""
    for pattern, replacement in _REWRITTEN:
        latex = re.sub(pattern, replacement, latex)
    return f"${_CASES.sub(_stacked, latex)}$"


def _stacked(cases: re.Match[str]) -> str:
    """Cases one above the other, behind a brace."""
    *rows, last = (row.strip().replace(" & ", r"\quad ") for row in cases[1].split(r"\\"))
    for row in reversed(rows):
        last = rf"\genfrac{{}}{{}}{{0}}{{0}}{{{row}}}{{{last}}}"
    return rf"\left\{{{last}\right."
