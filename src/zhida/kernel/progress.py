"""Progress of long work, on stderr: a line that is redrawn on a terminal, a line every few seconds in a log."""

from __future__ import annotations

import sys
import time


class Progress:
    """Counts steps of one stage and shows how far it is.

    >>> Progress("demo", 3, quiet=True).step()
    """

    def __init__(self, label: str, total: int, quiet: bool = False) -> None:
        self.label, self.total, self.done = label, max(total, 1), 0
        self._quiet = quiet
        self._terminal = sys.stderr.isatty()
        self._shown_at = 0.0

    def step(self, amount: int = 1, note: str = "") -> None:
        """Add finished steps; ``note`` names what was just done."""
        self.done += amount
        finished = self.done >= self.total
        if self._quiet or not (finished or time.monotonic() - self._shown_at > (0.1 if self._terminal else 5)):
            return
        self._shown_at = time.monotonic()
        end = "\n" if finished or not self._terminal else ""
        start = "\r\x1b[K" if self._terminal else ""
        sys.stderr.write(f"{start}  {self.label}: {self.done:,} / {self.total:,} {note}{end}")
        sys.stderr.flush()
