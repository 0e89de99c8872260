"""The contract: what the author of a typology writes, and nothing else.

A detector is a class with a frozen parameter object and four methods. It holds no state; everything it may know comes
in as arguments. See README.md in this folder for the fifteen-minute path and `checks` for what is verified.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar, Generic, Protocol, TypeVar

from typologies.base.events import Side
from typologies.base.expressions import ALWAYS, Expr, Past, Trailing, col
from typologies.base.facts import Fact
from typologies.base.findings import Deadline, Finding
from typologies.base.window import Window


@dataclass(frozen=True, slots=True)
class Position:
    """Where a lens finds its subject in an event.

    Attributes
    ----------
    columns
        The first of these columns that is known names the subject.
    side
        From which side the subject sees the event.
    where
        Only events that fulfil this; None: all.
    """

    columns: tuple[str, ...]
    side: Side
    where: Expr | None = None


@dataclass(frozen=True, slots=True)
class Lens:
    """A way of looking at events: whose events they are.

    An event belongs to every subject that a position of the lens names (a transfer: to both accounts).
    """

    name: str
    subject_kind: str
    positions: tuple[Position, ...]


_INTO_ACCOUNT = col.has_creditor_account == 1
_OUT_OF_ACCOUNT = (col.has_debtor_account == 1) & (col.has_creditor_account == 0)

ACCOUNT = Lens(
    "account",
    "account",
    (Position(("creditor_account",), Side.CREDIT), Position(("debtor_account",), Side.DEBIT)),
)
"""An account sees what comes in and what goes out."""

PARTY = Lens("party", "party", (Position(("creditor",), Side.CREDIT), Position(("debtor",), Side.DEBIT)))
"""A party sees the entries of all its accounts."""

ON_BEHALF_OF = Lens(
    "on_behalf_of",
    "party",
    (
        Position(("on_behalf_of", "creditor"), Side.CREDIT, _INTO_ACCOUNT),
        Position(("on_behalf_of", "debtor"), Side.DEBIT, _OUT_OF_ACCOUNT),
    ),
)
"""For whom cash is handled: the person named, else the holder of the account."""

CONDUCTOR = Lens(
    "conductor",
    "party",
    (
        Position(("conductor",), Side.CREDIT, _INTO_ACCOUNT),
        Position(("conductor",), Side.DEBIT, _OUT_OF_ACCOUNT),
    ),
)
"""Who stands at the counter; the side is that of the account."""


class Context(Protocol):
    """As-of knowledge at the trigger: valid and known then (semantics D1, D2).

    Only the window's own subject and broadcast tables can be asked for; anything else raises `ContractError`.
    Every version that is read is cited by the finding.
    """

    def profile(self, table: str) -> Fact | None:
        """Return the version of this subject's row in a profile table, None if nothing is known."""

    def lookup(self, table: str, key: str) -> Fact | None:
        """Return the version of a row in a broadcast table, None if there is none."""

    def rows(self, table: str) -> tuple[Fact, ...]:
        """Return all rows of a small broadcast table, ordered by key."""


P = TypeVar("P")


class Detector(ABC, Generic[P]):
    """One typology.

    Class attributes
    ----------------
    lenses
        By which roles subjects are seen, the most telling first: a finding whose evidence all carries one and the
        same subject in an earlier role is left to that subject (semantics C4).
    context_tables
        Context tables that `judge` reads.
    retrigger_tables
        Profile tables of which a new version is itself a trigger.
    """

    lenses: ClassVar[tuple[Lens, ...]] = (ACCOUNT,)
    context_tables: ClassVar[frozenset[str]] = frozenset()
    retrigger_tables: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, params: P) -> None:
        self.params = params

    @property
    @abstractmethod
    def look_back(self) -> timedelta:
        """W: how far before a trigger an event can matter, and how far one alert reaches."""

    @abstractmethod
    def relevant(self) -> Expr:
        """Return which events matter at all. Everything else never reaches `trailing`, `screen` or `judge`."""

    def trailing(self) -> Mapping[str, Trailing]:
        """Return the trailing figures that `screen` needs."""
        return {}

    def screen(self, past: Past) -> Expr:
        """Return a *necessary* condition for an event to be a trigger: it may pass too much, never too little."""
        return ALWAYS

    @abstractmethod
    def judge(self, window: Window, context: Context) -> Iterable[Finding | Deadline]:
        """Return findings (at most one a trigger) and deadlines.

        Pure: the same window and context give the same result. No clock but `window.end_time`.
        """
