"""Merging by event time equals sorting everything at once, in memory or not."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from replay.spool import TIME, Spool


def frame(times: list[int], first: int) -> pl.DataFrame:
    """Return rows at the given microseconds, numbered from `first`."""
    when = pl.Series(TIME, times, dtype=pl.Int64).cast(pl.Datetime("us", "UTC"))
    return pl.DataFrame({TIME: when, "row": np.arange(first, first + len(times))})


FRAMES = st.lists(st.lists(st.integers(0, 20), min_size=1, max_size=12), min_size=1, max_size=8)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(FRAMES, st.integers(1, 6), st.sampled_from([1, 200, 10**9]))
def test_merged_rows_are_all_rows_by_time_whatever_the_budget(
    tmp_path: Path, parts: list[list[int]], slice_rows: int, budget: int
) -> None:
    frames: list[pl.DataFrame] = []
    for times in parts:
        frames.append(frame(times, sum(f.height for f in frames)))
    with Spool(tmp_path, budget, slice_rows) as spool:
        for part in frames:
            spool.add(part)
        merged = list(spool.merged())
    rows = pl.concat(merged)
    assert rows[TIME].is_sorted()
    assert sorted(rows["row"].to_list()) == list(range(sum(f.height for f in frames)))
    ends = [(part[TIME][0], part[TIME][-1]) for part in merged]
    assert all(before[1] < after[0] for before, after in pairwise(ends))
    assert list(tmp_path.iterdir()) == []


def test_a_small_budget_writes_files_and_removes_them(tmp_path: Path) -> None:
    with Spool(tmp_path, 1_000, 50) as spool:
        for i in range(40):
            spool.add(frame(list(range(i * 10, i * 10 + 100)), i * 100))
        assert spool.n_spilled > 0
        assert any(tmp_path.iterdir())
        assert sum(part.height for part in spool.merged()) == 4_000
    assert list(tmp_path.iterdir()) == []


def test_files_are_removed_when_reading_stops_half_way(tmp_path: Path) -> None:
    def stop_half_way() -> None:
        with Spool(tmp_path, 10, 5) as spool:
            for i in range(10):
                spool.add(frame(list(range(20, 0, -1)), i * 20))
            next(iter(spool.merged()))
            assert any(tmp_path.iterdir())
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stop_half_way()
    assert list(tmp_path.iterdir()) == []


def test_an_empty_spool_gives_nothing(tmp_path: Path) -> None:
    with Spool(tmp_path, 10) as spool:
        spool.add(frame([], 0))
        assert list(spool.merged()) == []
