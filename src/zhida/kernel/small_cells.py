"""When a figure is about so few people that somebody could be recognised."""

from __future__ import annotations

# A count under this many people is not shown, nor its money.
SMALL_CELL = 10


def is_small(count: int) -> bool:
    """Say whether a count hides: nobody at all is no secret.

    >>> is_small(0), is_small(9), is_small(10)
    (False, True, False)
    """
    return 0 < count < SMALL_CELL
