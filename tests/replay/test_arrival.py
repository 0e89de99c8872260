"""Shuffled arrival is a permutation in which nothing is late, and joined batches keep their texts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from replay.arrival import concat, in_batches, shuffled
from typologies.base.cases import events_frame
from typologies.base.codec import Codec
from typologies.base.encoding import RecordBatch, encode
from typologies.base.strings import Interner

START = datetime(2026, 1, 5, tzinfo=UTC)


def batches(hours: list[int], size: int, interner: Interner) -> list[RecordBatch]:
    """Return events at the given hours in batches."""
    rows = [
        {
            "event_id": f"id {i}",
            "memo": "m" * (i % 5) or None,
            "event_time": (START + timedelta(hours=h)).isoformat(),
            "creditor_account": f"a{i % 3}",
            "amount": 100 + i,
        }
        for i, h in enumerate(sorted(hours))
    ]
    return [encode(events_frame(rows[i : i + size]), interner) for i in range(0, len(rows), size)]


def ids(parts: list[RecordBatch], interner: Interner) -> list[str | None]:
    """Return the event ids in order."""
    found: list[str | None] = []
    for part in parts:
        codec = Codec(interner, part.texts)
        found += [codec.text(record, "event_id") for record in part.records.tolist()]
    return found


@given(st.lists(st.integers(0, 200), min_size=1, max_size=60), st.integers(1, 20), st.integers(0, 2**32 - 1))
def test_shuffled_events_are_the_same_events_and_none_is_later_than_the_lateness(
    hours: list[int], size: int, seed: int
) -> None:
    interner = Interner()
    given_batches = batches(hours, size, interner)
    lateness = 24 * 3_600_000_000
    arrived = list(shuffled(iter(given_batches), lateness, np.random.default_rng(seed)))
    assert sorted(map(str, ids(arrived, interner))) == sorted(map(str, ids(given_batches, interner)))
    times = np.concatenate([part.records["time"] for part in arrived])
    before = np.maximum.accumulate(times)
    assert (times >= before - lateness).all()


def test_shuffling_does_change_the_order() -> None:
    interner = Interner()
    given_batches = batches(list(range(40)), 10, interner)
    arrived = list(shuffled(iter(given_batches), 24 * 3_600_000_000, np.random.default_rng(1)))
    assert ids(arrived, interner) != ids(given_batches, interner)


@given(st.integers(1, 30), st.integers(1, 12), st.integers(1, 12))
def test_batches_of_any_size_hold_the_same_events_in_order(n: int, size: int, new_size: int) -> None:
    interner = Interner()
    given_batches = batches(list(range(n)), size, interner)
    cut = list(in_batches(given_batches, new_size))
    assert ids(cut, interner) == ids(given_batches, interner)
    assert max(map(len, cut)) <= new_size
    assert ids([concat(given_batches)], interner) == ids(given_batches, interner)
