"""Which entry a reversal takes back.

Two passes: the first collects what reversals refer to, the second keeps only originals that are referred to. Memory is
bounded by the number of reversals, wherever in the file they stand.
"""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.ingest.formats.camt.entry import Money, Movement
from pipeline.ingest.formats.iso20022.output import Row, frame_of
from pipeline.ingest.validate import validate
from typologies.base.identity import content_hashes, event_keys, key_text

Key = tuple[str, str, str, bool, Money]
"""Account, kind and value of a reference, direction of the original (true: into the account), its amount."""


class Reversals:
    """Originals of one file by what reversals say of them."""

    def __init__(self) -> None:
        self._wanted: set[Key] = set()
        self._originals: dict[Key, dict[str, Row]] = {}
        self._taken: dict[str, object] = {}

    def want(self, account: str, reversal: Movement) -> None:
        """Remember what a reversal refers to (first pass)."""
        self._wanted.update(_keys(account, reversal, not reversal.is_credit))

    def offer(self, account: str, movement: Movement, row: Row) -> None:
        """Keep an event if a reversal refers to it (second pass). `row` is the whole canonical row."""
        for key in _keys(account, movement, movement.is_credit):
            if key in self._wanted:
                # An entry that was delivered twice is one original.
                found = event_key_of(row)
                if found is not None:
                    self._originals.setdefault(key, {})[found] = row

    def take(self, account: str, reversal: Movement) -> tuple[str, Row] | None:
        """Return event key and row of the one event that a reversal takes back; None if none or several fit.

        An event is taken back once. The same reversal delivered again takes back the same event.
        """
        found: dict[str, Row] = {}
        for key in _keys(account, reversal, not reversal.is_credit):
            found |= self._originals.get(key, {})
        if len(found) != 1:
            return None
        event_key, row = next(iter(found.items()))
        identity = (reversal.row["event_id"], reversal.row["event_time"], reversal.row["memo"])
        return (event_key, row) if self._taken.setdefault(event_key, identity) == identity else None


def retraction_of(original: Row, key: str) -> Row:
    """Return the row that takes out `original`: its identity, time and subjects, in every column but the kind."""
    return {**original, "kind": "retraction", "retracts_key": key}


def event_key_of(row: Row) -> str | None:
    """Return the event key that a row with an id will have; None if it has no id or will not be accepted."""
    if row.get("event_id") is None:
        return None
    events, _ = validate(frame_of([row]))
    if not events.height:
        return None
    keys = event_keys(events, content_hashes(events))
    return key_text(keys[0, 0], keys[0, 1])


def _keys(account: str, movement: Movement, is_credit: bool) -> Iterator[Key]:
    for kind, value in movement.references:
        for amount in movement.amounts:
            yield account, kind, value, is_credit, amount
