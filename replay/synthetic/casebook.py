"""Planted cases: their truth, and the stage on which a scenario writes its scheme and its twins."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from replay.synthetic.clock import Array, Rng
from replay.synthetic.flows import Flows
from replay.synthetic.ledger import Tag

QUIET_DAYS_AT_END = 4
"""No planted event lies in the last days: the background outlives every case."""


@dataclass(slots=True)
class CaseRow:
    """One planted case. `subject` is a party's or an account's number, by `subject_kind`."""

    typology: str
    scenario: str
    is_illicit: bool
    twin_of: int | None
    subject_kind: str
    subject: int
    evasion: int


@dataclass(slots=True)
class CaseBook:
    """Truth, apart from the stream: the cases, and who plays which part in which."""

    cases: list[CaseRow] = field(default_factory=list)
    members: list[tuple[int, str, int]] = field(default_factory=list)


@dataclass(slots=True)
class Case:
    """One case being written: tags events and names members."""

    number: int
    book: CaseBook
    flows: Flows

    def cash_in(self, role: str, account: Any, day: Any, dollars: Array, conductor: Any, **more: Any) -> None:
        """Pay cash in as part of this case. `leg` may be given; default "cash_in"."""
        tag = Tag(self.number, role, more.pop("leg", "cash_in"))
        self.flows.cash_in(account, day, dollars, conductor, tag=tag, **more)

    def pay(self, role: str, leg: str, *args: Any, **more: Any) -> None:
        """Move money as part of this case: arguments as `Flows.pay`."""
        self.flows.pay(*args, tag=Tag(self.number, role, leg), **more)

    def member(self, role: str, *parties: Any) -> None:
        """Note the parts that parties play."""
        for party in np.concatenate([np.atleast_1d(p) for p in parties]):
            self.book.members.append((int(party), role, self.number))


@dataclass(slots=True)
class Stage:
    """What a scenario gets: its own random numbers, the world so far, and how hard the scheme tries to hide.

    `level`: 0 plain; 1 jittered amounts and times; 2 split over more accounts, branches and people.
    """

    flows: Flows
    book: CaseBook
    typology: str
    scenario: str
    level: int

    @property
    def rng(self) -> Rng:
        """Random numbers of this scenario alone."""
        return self.flows.rng

    def scheme(self, subject_kind: str, subject: int) -> Case:
        """Open the scheme."""
        return self._open(True, None, subject_kind, subject)

    def twin(self, scheme: Case, subject_kind: str, subject: int) -> Case:
        """Open a lawful look-alike of the scheme."""
        return self._open(False, scheme.number, subject_kind, subject)

    def _open(self, illicit: bool, twin_of: int | None, subject_kind: str, subject: int) -> Case:
        row = CaseRow(self.typology, self.scenario, illicit, twin_of, subject_kind, int(subject), self.level)
        self.book.cases.append(row)
        return Case(len(self.book.cases) - 1, self.book, self.flows)

    def first_day(self, length: int, earliest: int = 1) -> int:
        """Return a day from which `length` days fit before the quiet end (the earliest day, if they do not)."""
        latest = self.flows.clock.days - QUIET_DAYS_AT_END - length
        return int(self.rng.integers(earliest, max(latest, earliest) + 1))

    def banking_days(self, count: int, after: int = 4) -> Array:
        """Return `count` successive business days, with `after` more calendar days before the quiet end."""
        return self.flows.clock.business_days(self.first_day(count * 7 // 5 + 2 + after), count)

    def jitter(self, low: float, high: float, n: int) -> Array:
        """Return `(n,)` dollars in [low, high); from level 1 on, the range is wider at the lower end."""
        floor = low if self.level == 0 else low * 0.65
        return self.rng.uniform(floor, high, n)


Scenario = Callable[[Stage], None]
