"""What a comparison of two stores results in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Literal

Match = Literal["exact", "overlap"]


@dataclass(frozen=True, slots=True)
class RunRef:
    """The run that a file shows; None where it shows none."""

    path: Path
    run_id: str | None
    is_finished: bool
    n_alerts: int


@dataclass(frozen=True, slots=True)
class AlertRef:
    """One alert in few words."""

    alert_id: str
    typology: str
    subject_kind: str
    subject_id: str
    severity: str
    triggered_at: datetime
    n_events: int
    amount_usd: Decimal


@dataclass(frozen=True, slots=True)
class FieldDifference:
    """A field in which two alerts differ, values as text; None where a side has none.

    `field` is a column of `alerts`, `reasons[code].observed` and the like, or `evidence`: then the values are the
    numbers of rows, and how many of them only this side has.
    """

    field: str
    a: str | None
    b: str | None


@dataclass(frozen=True, slots=True)
class Difference:
    """An alert of A and one of B, matched, and what differs. Ids are equal in an exact comparison."""

    a: AlertRef
    b: AlertRef
    fields: tuple[FieldDifference, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """Alerts of one kind: how many, their amount, and the largest of them by amount."""

    n: int
    amount_usd: Decimal
    sample: tuple[AlertRef, ...] = ()


@dataclass(frozen=True, slots=True)
class Changed:
    """Matched alerts that differ: how many pairs, the amounts on both sides (each alert once), and samples."""

    n: int
    amount_usd_a: Decimal
    amount_usd_b: Decimal
    sample: tuple[Difference, ...] = ()


@dataclass(frozen=True, slots=True)
class Comparison:
    """Result of `compare`.

    Attributes
    ----------
    match
        How alerts were matched.
    a, b
        The runs compared.
    n_same
        Pairs without a difference.
    only_a, only_b
        Alerts without a counterpart; in an overlap comparison `lost` and `gained`.
    changed
        Pairs with a difference.
    by_typology
        Typology to (same, only in A, only in B, changed).
    """

    match: Match
    a: RunRef
    b: RunRef
    n_same: int
    only_a: Group
    only_b: Group
    changed: Changed
    by_typology: Mapping[str, tuple[int, int, int, int]] = field(default_factory=dict)

    @property
    def identical(self) -> bool:
        """Nothing is only on one side and nothing differs. Of an unfinished run it says nothing about the whole."""
        return not (self.only_a.n or self.only_b.n or self.changed.n)

    @property
    def lost(self) -> Group:
        """Alerts of A without a counterpart in B."""
        return self.only_a

    @property
    def gained(self) -> Group:
        """Alerts of B without a counterpart in A."""
        return self.only_b
