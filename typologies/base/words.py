"""Words of sentences that an analyst reads."""

from __future__ import annotations

from decimal import Decimal


def counted(n: Decimal | int, singular: str, plural: str | None = None) -> str:
    """Return a number with its noun; `plural` where an "s" is not enough.

    Examples
    --------
    >>> counted(1, "deposit"), counted(2, "deposit"), counted(3, "person", "people")
    ('1 deposit', '2 deposits', '3 people')
    """
    return f"{n} {singular if n == 1 else plural or singular + 's'}"
