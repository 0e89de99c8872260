"""In which order encoded events reach the engine: as they come, cut into batches, or shuffled within the lateness."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from typologies.base.encoding import RecordBatch
from typologies.base.rowarrays import concatenate

PIECE = 65_536
"""Events a batch: large enough that triggers of a busy subject share what they look up, small enough for memory."""


def in_batches(batches: Iterable[RecordBatch], n: int | None) -> Iterator[RecordBatch]:
    """Yield the events in batches of `n` (None: of `PIECE`)."""
    n = PIECE if n is None else n
    for batch in batches:
        if len(batch) <= n:
            yield batch
            continue
        for start in range(0, len(batch), n):
            yield batch.part(start, min(start + n, len(batch)))


def shuffled(batches: Iterable[RecordBatch], lateness_us: int, rng: np.random.Generator) -> Iterator[RecordBatch]:
    """Yield events in an order in which each arrives up to the lateness after it happened.

    Event e arrives at its time plus a random delay in [0, lateness): whatever arrives before it happened less than
    the lateness after it, so nothing becomes late. Input must come in time order; only events whose arrival may still
    be overtaken are held back.
    """
    waiting: list[RecordBatch] = []
    arrivals: list[np.ndarray] = []
    for batch in batches:
        delay = rng.integers(0, max(1, lateness_us), len(batch))
        waiting.append(batch)
        arrivals.append(batch.records["time"] + delay)
        reached = int(batch.records["time"][-1]) if len(batch) else None
        if reached is not None:
            yield from _release(waiting, arrivals, reached)
    yield from _release(waiting, arrivals, None)


def _release(waiting: list[RecordBatch], arrivals: list[np.ndarray], reached: int | None) -> Iterator[RecordBatch]:
    """Yield what has arrived by `reached` in order of arrival; keep the rest."""
    if not waiting:
        return
    batch = concat(waiting)
    when = np.concatenate(arrivals)
    waiting.clear()
    arrivals.clear()
    ready = np.ones(len(batch), np.bool_) if reached is None else when <= reached
    index = np.flatnonzero(ready)
    if index.shape[0]:
        yield batch.take(index[np.argsort(when[index], kind="stable")])
    rest = np.flatnonzero(~ready)
    if rest.shape[0]:
        waiting.append(batch.take(rest))
        arrivals.append(when[rest])


def concat(batches: list[RecordBatch]) -> RecordBatch:
    """Return several batches of one dictionary as one; texts are joined and offsets moved."""
    if len(batches) == 1:
        return batches[0]
    records = concatenate([b.records for b in batches])
    at = 0
    text_at = 0
    deliveries: dict[int, str] = {}
    retracts: dict[int, str] = {}
    for b in batches:
        records["text_at"][at : at + len(b)] += text_at
        deliveries |= {at + i: d for i, d in b.deliveries.items()}
        retracts |= {at + i: k for i, k in b.retracts.items()}
        at += len(b)
        text_at += b.texts.shape[0]
    texts = np.concatenate([b.texts for b in batches])
    return RecordBatch(records, texts, deliveries, retracts, batches[0].generation)
