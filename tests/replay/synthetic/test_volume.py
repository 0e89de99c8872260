"""Load for benchmarks: canonical columns, time order, heavy tails, the same for every batch size."""

from __future__ import annotations

import polars as pl
import pytest

from replay.synthetic.volume import BLOCK, volume_batches
from typologies.base.events import FRAME_SCHEMA


@pytest.fixture(scope="module")
def events() -> pl.DataFrame:
    return pl.concat(list(volume_batches(BLOCK + 60_000, 20_000, 10, seed=1)))


def test_batches_are_canonical_frames_in_time_order_with_ids(events: pl.DataFrame) -> None:
    assert dict(events.schema) == {name: pl.Series([], dtype=dtype).dtype for name, dtype in FRAME_SCHEMA.items()}
    assert events.height == BLOCK + 60_000
    assert events["event_time"].is_sorted()
    assert events["event_id"].n_unique() == events.height
    assert events["amount_usd"].null_count() == events.height


def test_the_batch_size_changes_nothing(events: pl.DataFrame) -> None:
    batches = list(volume_batches(BLOCK + 60_000, 20_000, 10, seed=1, batch_rows=50_000))
    assert {batch.height for batch in batches[:-1]} == {50_000}
    assert pl.concat(batches).equals(events)
    other = next(volume_batches(1_000, 20_000, 10, seed=2))
    assert not other.equals(next(volume_batches(1_000, 20_000, 10, seed=1)))


def test_activity_is_heavy_tailed_without_one_account_that_is_everything(events: pl.DataFrame) -> None:
    sides = pl.concat([events["debtor_account"].drop_nulls(), events["creditor_account"].drop_nulls()])
    counts = sides.value_counts(sort=True)["count"]
    assert int(counts[:200].sum()) > 0.3 * len(sides)
    assert int(counts[0]) < 0.03 * len(sides)


def test_rails_are_mixed_and_cash_has_one_account_and_a_place(events: pl.DataFrame) -> None:
    cash = events.filter(pl.col("kind") == "cash")
    assert 0.10 <= cash.height / events.height <= 0.25
    assert events["rail"].n_unique() == 6
    assert (cash["debtor_account"].is_null() != cash["creditor_account"].is_null()).all()
    assert (
        cash.select(pl.col("branch", "place", "channel", "conductor", "business_date").null_count()).row(0) == (0,) * 5
    )
    rest = events.filter(pl.col("kind") != "cash")
    assert rest.select(pl.col("debtor_account", "creditor_account").null_count()).row(0) == (0, 0)


def test_a_few_accounts_have_a_burst_of_cash_in_slices(events: pl.DataFrame) -> None:
    sliced = events.filter((pl.col("kind") == "cash") & pl.col("amount").is_between(500_000, 999_000))
    busy = sliced.group_by("creditor_account").agg(pl.len(), pl.col("branch").n_unique()).filter(pl.col("len") >= 8)
    assert busy.filter(pl.col("branch") >= 3).height >= 3


def test_arguments_outside_their_range_are_refused() -> None:
    with pytest.raises(ValueError, match="n_accounts must be at least 2, was 1"):
        next(volume_batches(10, 1, 1, seed=1))
