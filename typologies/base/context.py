"""As-of context: versions of facts, and the view of them that one judgement gets (semantics D1, D2)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from typologies.base.errors import ContractError
from typologies.base.facts import BROADCAST_TABLES, PROFILE_TABLES, Fact
from typologies.base.window import to_datetime


class FactStore:
    """All versions of all facts a partition holds."""

    def __init__(self, facts: Iterable[Fact] = ()) -> None:
        self._versions: dict[tuple[str, str], list[Fact]] = {}
        self._keys: dict[str, set[str]] = {}
        for fact in facts:
            self.add(fact)

    def add(self, fact: Fact) -> bool:
        """Take in a version; the same version again changes nothing. Return whether it was new."""
        if fact.table not in PROFILE_TABLES and fact.table not in BROADCAST_TABLES:
            known = ", ".join((*PROFILE_TABLES, *BROADCAST_TABLES))
            raise ContractError(f"context table must be one of {known}; found {fact.table!r}")
        versions = self._versions.setdefault((fact.table, fact.key), [])
        if versions:
            if any(v.content_hash() == fact.content_hash() for v in versions):
                return False
            versions.append(fact)
            versions.sort(key=_order)
        else:
            versions.append(fact)
        self._keys.setdefault(fact.table, set()).add(fact.key)
        return True

    def as_of(self, table: str, key: str, moment: datetime) -> Fact | None:
        """Return the version valid and known at `moment`.

        Of the versions known then and begun by then, the one that began last holds (at equal beginnings the one
        learnt last, then the greater content hash); if that one has ended, nothing is valid.
        """
        best: Fact | None = None
        for fact in self._versions.get((table, key), ()):
            if fact.known_at <= moment and fact.valid_from <= moment:
                best = fact
        if best is not None and best.valid_to is not None and best.valid_to <= moment:
            return None
        return best

    def rows(self, table: str, moment: datetime) -> tuple[Fact, ...]:
        """Return the valid and known version of every row of a table, ordered by key."""
        found = (self.as_of(table, key, moment) for key in sorted(self._keys.get(table, ())))
        return tuple(fact for fact in found if fact is not None)

    def versions(self, table: str, key: str) -> tuple[Fact, ...]:
        """Return every held version of a row, oldest beginning first."""
        return tuple(self._versions.get((table, key), ()))

    def evict(self, cutoff: datetime) -> None:
        """Forget versions that no trigger after `cutoff` can use: all that were replaced by then.

        A version is kept if it is the one that holds at `cutoff`, or if it begins or becomes known after it.
        """
        for versions in self._versions.values():
            if len(versions) > 1:
                holding = _latest(versions, cutoff)
                versions[:] = [v for v in versions if v is holding or v.valid_from > cutoff or v.known_at > cutoff]

    def __iter__(self) -> Iterator[Fact]:
        for key in sorted(self._versions):
            yield from self._versions[key]

    def __len__(self) -> int:
        return sum(map(len, self._versions.values()))


def _order(fact: Fact) -> tuple[datetime, datetime, str]:
    return fact.valid_from, fact.known_at, fact.content_hash()


def _latest(versions: Iterable[Fact], moment: datetime) -> Fact | None:
    best: Fact | None = None
    for fact in versions:
        if fact.known_at <= moment and fact.valid_from <= moment:
            best = fact
    return best


class JudgeContext:
    """What one judgement may ask: its own subject and broadcast tables, as of its trigger; it notes what was read."""

    def __init__(
        self, store: FactStore, allowed: frozenset[str], subject_kind: str, subject_id: str, moment_us: int
    ) -> None:
        self._store = store
        self._allowed = allowed
        self._subject_kind = subject_kind
        self._subject_id = subject_id
        self._moment = to_datetime(moment_us)
        self.read: set[str] = set()

    def profile(self, table: str) -> Fact | None:
        """Return this subject's version in a profile table."""
        self._check(table)
        if table != f"{self._subject_kind}_profile":
            raise ContractError(f"a {self._subject_kind} window may read {self._subject_kind}_profile, found {table}")
        return self._note(self._store.as_of(table, self._subject_id, self._moment))

    def lookup(self, table: str, key: str) -> Fact | None:
        """Return a row of a broadcast table."""
        self._check_broadcast(table)
        return self._note(self._store.as_of(table, key, self._moment))

    def rows(self, table: str) -> tuple[Fact, ...]:
        """Return all rows of a broadcast table, ordered by key."""
        self._check_broadcast(table)
        found = self._store.rows(table, self._moment)
        for fact in found:
            self._note(fact)
        return found

    def _check(self, table: str) -> None:
        if table not in self._allowed:
            raise ContractError(f"the detector must declare {table!r} in context_tables before it reads it")

    def _check_broadcast(self, table: str) -> None:
        self._check(table)
        if table not in BROADCAST_TABLES:
            raise ContractError(f"{table!r} is no broadcast table: only the window's own subject can be asked for it")

    def _note(self, fact: Fact | None) -> Fact | None:
        if fact is not None:
            self.read.add(fact.content_hash())
        return fact
