"""What feeds do to events: send them twice, send them late. Same rates for everything, planted or not."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import polars as pl

from replay.synthetic.clock import Rng


def with_dirt(
    events: pl.DataFrame,
    rng: Rng,
    *,
    duplicates: float = 0.0,
    late: float = 0.0,
    late_by: timedelta = timedelta(hours=12),
) -> pl.DataFrame:
    """Return the events as a feed might deliver them, in order of arrival.

    Parameters
    ----------
    events
        Canonical frame with `received_at`.
    duplicates
        Share in [0, 1] of the rows that arrive a second time, up to an hour after the first.
    late
        Share in [0, 1] of the rows (repeated ones too) that are held up.
    late_by
        Longest hold-up; each is uniform below it.
    """
    for name, share in (("duplicates", duplicates), ("late", late)):
        if not 0 <= share <= 1:
            raise ValueError(f"{name} must lie in 0 to 1, was {share}")
    again = events.filter(pl.Series(rng.random(events.height) < duplicates))
    everything = pl.concat([events, _held_up(again, rng.uniform(0, 3_600e6, again.height))])
    delay = np.where(rng.random(everything.height) < late, rng.uniform(0, 1, everything.height), 0.0)
    return _held_up(everything, delay * late_by.total_seconds() * 1e6).sort("received_at", maintain_order=True)


def _held_up(events: pl.DataFrame, microseconds: np.ndarray[tuple[int], np.dtype[np.float64]]) -> pl.DataFrame:
    delay = pl.Series(microseconds.astype(np.int64), dtype=pl.Int64).cast(pl.Duration("us"))
    return events.with_columns(pl.col("received_at") + delay)
