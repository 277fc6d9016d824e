"""How far a stream has come, shown where someone looks: a line in a terminal, or a curve that grows in a notebook."""

import sys
from collections.abc import Callable
from time import monotonic
from typing import Any

_EVERY = {"terminal": 0.1, "notebook": 0.5}  # seconds between two pictures
_BAR = 24


class Progress:
    """Shows the newest state now and then; with `wanted` None, if a terminal or a notebook is there to show it."""

    def __init__(self, of: int, wanted: bool | None) -> None:
        self._of = of
        self._where = _place(wanted)
        self._begun = self._told = monotonic()
        self._display: Any = None  # any: IPython's handle of what is displayed

    def show(self, done: int, words: str, picture: Callable[[], str], *, last: bool = False) -> None:
        """So much is done; the picture is only drawn if it is shown."""
        now = monotonic()
        if self._where is None or not (last or now - self._told > _EVERY[self._where]):
            return
        self._told = now
        if self._where == "terminal":
            left = (now - self._begun) * (self._of - done) / max(done, 1)
            bar = "█" * (_BAR * done // self._of)
            time = f"{now - self._begun:.1f} s" if last else f"{left:.0f} s left"
            sys.stderr.write(f"\r\x1b[K{bar:░<{_BAR}} {done}/{self._of}  {words}  {time}" + "\n" * last)
            sys.stderr.flush()
        else:
            self._draw(f"<div>{picture()}<p><small>{done}/{self._of} {words}</small></p></div>")

    def _draw(self, html: str) -> None:
        from IPython import display  # noqa: PLC0415  who runs in a notebook has it

        if self._display is None:
            self._display = display.display(display.HTML(html), display_id=True)
        else:
            self._display.update(display.HTML(html))


def _place(wanted: bool | None) -> str | None:
    """Where to show it, or None."""
    if wanted is not False and _notebook():
        return "notebook"
    return "terminal" if wanted or (wanted is None and sys.stderr is not None and sys.stderr.isatty()) else None


def _notebook() -> bool:
    """Whether a kernel of Jupyter runs this."""
    shell = sys.modules.get("IPython")
    return shell is not None and hasattr(shell.get_ipython(), "kernel")
