"""One subject under one typology: its changeable findings, deadlines and episodes (semantics C2, C3).

Nothing here knows about rows or kernels. A findings list in trigger order goes in, changes of alerts come out.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from typologies.base import state
from typologies.base.alerts import AlertHead, Standing, TriggerKey, alert_id, build_alert, content_hash
from typologies.base.changes import AlertChange, Published, Settled, Withdrawn
from typologies.base.facts import Fact
from typologies.base.window import DeadlineTrigger, to_datetime, to_microseconds


@dataclass(frozen=True, slots=True)
class PendingDeadline:
    """A deadline and the trigger that set it."""

    trigger: DeadlineTrigger
    set_by: TriggerKey


@dataclass(slots=True)
class _Episode:
    alert_id: str
    anchor: int
    last: int
    members: tuple[Standing, ...]
    predecessor: str | None
    content: str


@dataclass(slots=True)
class SubjectState:
    """State of one subject under one typology and lens.

    Attributes
    ----------
    standing
        Findings of episodes that are not settled, in trigger order.
    deadlines
        (due in microseconds, name) to deadline, passed or not, as long as it can change.
    judged
        Keys of `deadlines` that were judged.
    facts
        Context versions that are triggers, by trigger key; and which of them were judged.
    closed
        Anchor time and alert id of the last settled episode, for naming a predecessor.
    """

    head: AlertHead
    look_back: int
    code: int
    standing: list[Standing] = field(default_factory=list)
    deadlines: dict[tuple[int, str], PendingDeadline] = field(default_factory=dict)
    judged: set[tuple[int, str]] = field(default_factory=set)
    facts: dict[TriggerKey, Fact] = field(default_factory=dict)
    judged_facts: set[TriggerKey] = field(default_factory=set)
    closed: tuple[int, str] | None = None
    episodes: list[_Episode] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is left that a new event could change or name."""
        return not (self.standing or self.deadlines or self.facts or self.episodes or self.closed)

    def latest(self) -> TriggerKey | None:
        """Return the greatest trigger that a row in front of it would change."""
        keys = [s.anchor.key for s in self.standing[-1:]]
        keys += [(due, 0, name) for due, name in self.judged]
        keys += list(self.judged_facts)
        keys += [pending.set_by for pending in self.deadlines.values()]
        return max(keys, default=None)

    def forget_from(self, key: TriggerKey) -> None:
        """Drop what triggers at or after `key` found and set; deadlines and facts there must be judged again."""
        place = bisect_left(self.standing, key, key=lambda s: s.anchor.key)
        del self.standing[place:]
        for due in [d for d, pending in self.deadlines.items() if pending.set_by >= key]:
            del self.deadlines[due]
            self.judged.discard(due)
        self.judged = {(due, name) for due, name in self.judged if (due, 0, name) < key}
        self.judged_facts = {k for k in self.judged_facts if k < key}

    def add(self, standing: Standing) -> None:
        """Take in a finding at its place in trigger order."""
        insort(self.standing, standing, key=lambda s: s.anchor.key)

    def due(self, clock: int) -> list[tuple[int, str]]:
        """Return deadlines that have passed and were not judged, in order."""
        return sorted(key for key in self.deadlines if key[0] <= clock and key not in self.judged)

    def due_facts(self, clock: int) -> list[TriggerKey]:
        """Return context triggers that have passed and were not judged, in order."""
        return sorted(key for key in self.facts if key[0] <= clock and key not in self.judged_facts)

    def episode_changes(self) -> list[AlertChange]:
        """Return what has changed since the last call; findings are grouped greedily from the first."""
        groups: list[list[Standing]] = []
        for standing in self.standing:
            if groups and standing.anchor.time <= groups[-1][0].anchor.time + self.look_back:
                groups[-1].append(standing)
            else:
                groups.append([standing])
        old = {episode.alert_id: episode for episode in self.episodes}
        changes: list[AlertChange] = []
        episodes: list[_Episode] = []
        before = self.closed
        for group in groups:
            anchor = group[0].anchor
            predecessor = None
            if before is not None and anchor.time - before[0] <= 2 * self.look_back:
                predecessor = before[1]
            head = self.head
            identity = alert_id(head.typology, head.role, head.subject_kind, head.subject_id, anchor.key)
            before = (anchor.time, identity)
            members = tuple(group)
            known = old.pop(identity, None)
            if known is not None and _same(known.members, members) and known.predecessor == predecessor:
                episodes.append(known)
                continue
            alert = build_alert(head, group, self.look_back, predecessor, is_settled=False)
            content = content_hash(alert)
            if known is None or known.content != content:
                changes.append(Published(alert))
            episodes.append(_Episode(identity, anchor.time, group[-1].anchor.time, members, predecessor, content))
        for gone in old.values():
            changes.append(Withdrawn(gone.alert_id, self._successors(gone, episodes)))
        self.episodes = episodes
        return changes

    def _successors(self, gone: _Episode, episodes: Iterable[_Episode]) -> tuple[str, ...]:
        """Return the alerts that now reach into the time the withdrawn one covered."""
        return tuple(
            e.alert_id
            for e in episodes
            if e.anchor <= gone.anchor + self.look_back and gone.anchor <= e.anchor + self.look_back
        )

    def settle(self, floor: int) -> list[AlertChange]:
        """Let go of what lies wholly below the floor; return which alerts are settled."""
        changes: list[AlertChange] = []
        while self.episodes and self.episodes[0].anchor + self.look_back < floor:
            episode = self.episodes.pop(0)
            del self.standing[: len(episode.members)]
            self.closed = (episode.anchor, episode.alert_id)
            changes.append(Settled(episode.alert_id))
        if self.closed is not None and not self.episodes and self.closed[0] + 2 * self.look_back < floor:
            self.closed = None
        for due in [d for d in self.deadlines if d[0] < floor]:
            del self.deadlines[due]
            self.judged.discard(due)
        for key in [k for k in self.facts if k[0] < floor]:
            del self.facts[key]
            self.judged_facts.discard(key)
        return changes

    def to_json(self) -> dict[str, Any]:
        """Return the state as JSON values; events by reference to pins."""
        return {
            "code": self.code,
            "standing": [state.standing_to_json(s) for s in self.standing],
            "deadlines": [
                [*due, to_microseconds(p.trigger.time), p.trigger.event_key, p.trigger.name, list(p.set_by)]
                for due, p in sorted(self.deadlines.items())
            ],
            "judged": sorted(map(list, self.judged)),
            "facts": [[list(key), state.fact_to_json(fact)] for key, fact in sorted(self.facts.items())],
            "judged_facts": sorted(map(list, self.judged_facts)),
            "closed": list(self.closed) if self.closed else None,
            "episodes": [
                [e.alert_id, e.anchor, e.last, len(e.members), e.predecessor, e.content] for e in self.episodes
            ],
        }

    def load_json(self, value: dict[str, Any], table: state.EventTable) -> None:
        """Take over the state written by `to_json`."""
        self.standing = [state.standing_from_json(s, table) for s in value["standing"]]
        self.deadlines = {
            (due, key): PendingDeadline(DeadlineTrigger(to_datetime(at), event, name), state.trigger_key(set_by))
            for due, key, at, event, name, set_by in value["deadlines"]
        }
        self.judged = {(due, name) for due, name in value["judged"]}
        self.facts = {state.trigger_key(key): state.fact_from_json(fact) for key, fact in value["facts"]}
        self.judged_facts = {state.trigger_key(key) for key in value["judged_facts"]}
        self.closed = (value["closed"][0], value["closed"][1]) if value["closed"] else None
        self.episodes = []
        at = 0
        for identity, anchor, last, n, predecessor, content in value["episodes"]:
            members = tuple(self.standing[at : at + n])
            self.episodes.append(_Episode(identity, anchor, last, members, predecessor, content))
            at += n

    def settles_at(self) -> int | None:
        """Return the first time at which `settle` has something to do once the floor is beyond it."""
        times = [e.anchor + self.look_back for e in self.episodes[:1]]
        times += [due for due, _ in self.deadlines]
        times += [key[0] for key in self.facts]
        if self.closed is not None and not self.episodes:
            times.append(self.closed[0] + 2 * self.look_back)
        return min(times, default=None)


def _same(a: Sequence[Standing], b: Sequence[Standing]) -> bool:
    """Whether two episodes consist of the same finding objects (a finding judged again is another one)."""
    return len(a) == len(b) and all(x is y for x, y in zip(a, b, strict=True))


__all__ = ["PendingDeadline", "SubjectState"]
