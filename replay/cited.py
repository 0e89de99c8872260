"""Context versions by what alerts say of them: the store keeps those that are cited, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable

from typologies.base.alerts import Alert
from typologies.base.facts import PROFILE_TABLES, Fact


class CitedContext:
    """All versions a replay has met, and which of them the store was given.

    An alert names versions by content hash. A judge reads its own subject's profiles and the broadcast tables, so
    profiles are kept by subject and hashed only when an alert about that subject is written: there are as many as
    accounts, and few are ever cited.
    """

    def __init__(self) -> None:
        self._profiles: dict[str, list[Fact]] = {}
        self._broadcast: list[Fact] = []
        self._by_version: dict[str, Fact] = {}
        self._given: set[str] = set()

    def add(self, facts: Iterable[Fact]) -> None:
        """Take in versions, before the engine gets them."""
        for fact in facts:
            if fact.table in PROFILE_TABLES:
                self._profiles.setdefault(fact.key, []).append(fact)
            else:
                self._broadcast.append(fact)

    def take(self, alerts: Iterable[Alert]) -> list[Fact]:
        """Return the versions that these alerts are the first to cite, in the order of the alerts and their hashes."""
        taken: list[Fact] = []
        for alert in alerts:
            new = [version for version in alert.context if version not in self._given]
            if not new:
                continue
            own = {fact.content_hash(): fact for fact in self._profiles.get(alert.subject_id, ())}
            self._by_version |= {fact.content_hash(): fact for fact in self._broadcast}
            self._broadcast.clear()
            for version in new:
                fact = own.get(version) or self._by_version.get(version)
                if fact is not None:
                    taken.append(fact)
                    self._given.add(version)
        return taken
