"""Random histories are reproducible, disturbed in every way they promise, and on time however they are shuffled."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.typologies.base.nasty import SETTINGS, arrival_orders, histories
from typologies.base.catalogue import Typology, discover
from typologies.base.histories import Pool, pool_of, random_histories
from typologies.base.ordinary_life import ordinary_life
from typologies.base.settings import EngineSettings
from typologies.base.swaps import MARK, renamed, shapes, unmarked, without_ties
from typologies.base.trials import (
    Deliver,
    History,
    Idle,
    Schedule,
    arrival_order,
    delays_us,
    in_batches,
    in_time_order,
    with_idle_marks,
)

CATALOGUE = discover()


@pytest.fixture(scope="module")
def typology() -> Typology:
    return next(iter(CATALOGUE.values()))


@pytest.fixture(scope="module")
def pool(typology: Typology) -> Pool:
    return pool_of(typology, np.random.default_rng(1))


def _is_on_time(past: History, schedule: Schedule) -> bool:
    """Whether every row lies at or above the floor that held before its batch and before itself."""
    times, clock = past.times_us, 0
    for step in schedule:
        if isinstance(step, Idle):
            clock = max(clock, step.clock_us)
        elif isinstance(step, Deliver):
            for row in step.rows:
                if times[row] < clock - past.settings.lateness_us:
                    return False
                clock = max(clock, int(times[row]))
    return True


def test_equal_seeds_give_equal_histories_and_other_seeds_do_not(typology: Typology) -> None:
    def draw(seed: int) -> list[History]:
        rng = np.random.default_rng(seed)
        return random_histories(pool_of(typology, rng), rng, 4)

    first, again, other = draw(3), draw(3), draw(4)
    assert all(a.frame.equals(b.frame) and a.facts == b.facts for a, b in zip(first, again, strict=True))
    assert not all(a.frame.equals(b.frame) for a, b in zip(first, other, strict=True))


def test_histories_show_ties_duplicates_other_contents_retractions_and_missing_rates(pool: Pool) -> None:
    drawn = random_histories(pool, np.random.default_rng(5), 60)
    sizes = [past.frame.height for past in drawn]
    assert min(sizes) >= 10
    assert max(sizes) <= 300
    frames = [past.frame for past in drawn]
    events = [frame.filter(pl.col("kind") != "retraction") for frame in frames]
    assert any(frame["amount_usd"].null_count() for frame in frames)
    assert any((frame["kind"] == "retraction").any() for frame in frames)
    assert any(frame["retracts_key"].null_count() < frame.height for frame in frames)
    assert any(frame.select("event_id", "amount").is_duplicated().any() for frame in events)
    assert any(frame["event_id"].n_unique() < frame.select("event_id", "amount").n_unique() for frame in events)
    assert any(frame.unique("event_id")["event_time"].is_duplicated().any() for frame in events)
    gaps = {int(gap) for past in drawn for gap in np.abs(np.subtract.outer(past.times_us, past.times_us)).ravel()}
    assert {pool.look_back // timedelta(microseconds=1), EngineSettings().lateness_us} <= gaps


def test_a_history_ends_with_its_last_event_or_fact(pool: Pool) -> None:
    for past in random_histories(pool, np.random.default_rng(6), 10):
        assert past.clock_us >= past.times_us.max()
        assert list(past.times_us) == sorted(past.times_us)


@given(data=st.data(), past=histories(SETTINGS, with_facts=False))
def test_orders_of_arrival_are_on_time(data: st.DataObject, past: History) -> None:
    assert _is_on_time(past, in_batches(data.draw(arrival_orders(past)), 1))


def test_shuffled_arrivals_with_idle_marks_are_on_time_and_not_in_order(pool: Pool) -> None:
    rng = np.random.default_rng(7)
    moved = 0
    for past in random_histories(pool, rng, 20):
        order = arrival_order(past, delays_us(past, rng), rng)
        assert sorted(order) == list(range(past.frame.height))
        moved += order != sorted(order)
        assert _is_on_time(past, in_batches(order, 1))
        assert _is_on_time(past, with_idle_marks(past, in_batches(order, 3), rng))
    assert moved > 10


def test_an_order_that_is_too_late_is_not_on_time() -> None:
    frame = ordinary_life(np.random.default_rng(8), 2, 1, 20).frame()
    past = History("reversed", frame, (), EngineSettings(), 0)
    assert not _is_on_time(past, in_batches(list(range(frame.height))[::-1], 1))


def test_batches_hold_every_row_once(pool: Pool) -> None:
    (past,) = random_histories(pool, np.random.default_rng(9), 1)
    for schedule in (in_time_order(past), in_time_order(past, 7), in_batches(range(past.frame.height), [1, 2, 3])):
        rows = [row for step in schedule if isinstance(step, Deliver) for row in step.rows]
        assert rows == list(range(past.frame.height))


def test_renaming_marks_every_id_and_keeps_their_order(pool: Pool) -> None:
    (past,) = random_histories(pool, np.random.default_rng(10), 1)
    plain = without_ties(past)
    other = renamed(plain)
    assert plain.frame["event_time"].is_unique().all()
    for name in ("creditor_account", "debtor_account", "event_id"):
        before, after = plain.frame[name].to_list(), other.frame[name].to_list()
        assert [None if a is None else unmarked(a) for a in after] == before
        assert all(a is None or a.startswith(MARK) for a in after)
    assert shapes({}) == []


def test_ordinary_life_is_large_enough_to_say_something() -> None:
    scenario = ordinary_life(np.random.default_rng(11), 20, 5, 60)
    frame = scenario.frame()
    assert frame.height > 1_000
    assert {"payment", "cash", "card"} == set(frame["kind"].to_list())
    assert {"payroll", "rent", "sales", "supplier"} <= set(frame["purpose"].drop_nulls().to_list())
    assert len(scenario.facts) == 25
