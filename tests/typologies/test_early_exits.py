"""Early exits on columns change no result: a necessary condition is false only where the judge has nothing to say."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.typologies import test_funnel_account, test_pass_through
from tests.typologies.cash_histories import cash_history
from tests.typologies.early_exits import WITHOUT, Twice, judged_twice
from typologies.base.cases import events_frame, load_cases
from typologies.base.catalogue import discover
from typologies.base.histories import pool_of, random_histories
from typologies.base.settings import EngineSettings
from typologies.base.trials import History, history

CATALOGUE = discover()
TYPOLOGIES = sorted(WITHOUT)
COLLAPSING = EngineSettings(lateness=timedelta(days=1), row_cap=12)

LOOSE: dict[str, dict[str, Any]] = {
    "bulk_cash": {"min_signals": 1, "mean_days": 2, "day_usd_cents": 20_000_00, "min_holders": 2},
    "funnel_account": {
        "min_total_usd_cents": 3_000_00,
        "min_far_credits": 2,
        "min_depositors": 1,
        "min_senders": 2,
        "min_senders_without_exit": 2,
        "signals_without_exit": 0,
        "history_days": 3,
        "onset_percent": 30,
        "onset_percent_without_exit": 30,
        "new_sender_percent": 40,
        "exit_percent": 40,
        "exit_floor_percent": 20,
    },
    "pass_through": {
        "min_inflow_usd_cents": 1_000_00,
        "min_counterparties": 2,
        "same_day_counterparties": 2,
        "running_payers": 2,
        "means_payees": 1,
        "means_inflow_usd_cents": 500_00,
        "relay_signals": 1,
        "ordinary_percent": 20,
        "history_days": 5,
        "first_seen_percent": 50,
    },
    "structuring": {"min_deposits_business": 3, "near_share_percent": 51},
}
"""Parameters under which random histories meet many findings."""


def check(typology: str, params: dict[str, Any], histories: list[History]) -> Twice:
    twice = judged_twice(CATALOGUE[typology].bind(params), histories)
    assert twice.different == []
    return twice


def differences(typology: str) -> list[str]:
    """Return what differs on the golden cases, in which every mode fires."""
    found: list[str] = []
    for case in load_cases(CATALOGUE[typology].folder):
        past = history(case.where, case.frame, case.facts)
        if case.clock_us is not None:
            past = dataclasses.replace(past, clock_us=case.clock_us)
        found += judged_twice(CATALOGUE[typology].bind(case.params), [past]).different
    return found


@pytest.mark.parametrize("typology", TYPOLOGIES)
def test_early_exits_change_nothing_on_the_golden_cases(typology: str) -> None:
    assert differences(typology) == []


@pytest.mark.parametrize("engine", [EngineSettings(), COLLAPSING], ids=["whole", "collapsed"])
@pytest.mark.parametrize("typology", TYPOLOGIES)
def test_early_exits_change_nothing_on_what_its_scenarios_show(typology: str, engine: EngineSettings) -> None:
    rng = np.random.default_rng(41)
    histories = random_histories(pool_of(CATALOGUE[typology], rng, 2), rng, 12, engine)
    for params in ({}, LOOSE[typology]):
        twice = check(typology, params, histories)
        assert twice.n_early > 50
        assert twice.n_results > 0


@pytest.mark.parametrize("typology", ["bulk_cash", "structuring"])
@pytest.mark.parametrize("seed", range(8))
def test_early_exits_change_nothing_on_random_cash(typology: str, seed: int) -> None:
    sizes = (1_000_00, 4_000_00, 8_500_00, 9_999_99, 10_000_01, 25_000_00, 49_999_99, 50_000_00)
    frame, facts = cash_history(np.random.default_rng(seed), 120, 40, sizes, with_payments=True)
    engine = COLLAPSING if seed % 3 == 0 else EngineSettings()
    for params in ({}, LOOSE[typology]):
        check(typology, params, [history("cash", frame, facts, engine)])


def test_random_cash_meets_findings_and_early_exits() -> None:
    frame, facts = cash_history(np.random.default_rng(1), 120, 40, (9_000_00, 12_000_00, 50_000_00))
    for typology in ("bulk_cash", "structuring"):
        twice = check(typology, LOOSE[typology], [history("cash", frame, facts)])
        assert min(twice.n_early, twice.n_results) > 0


@settings(max_examples=60)
@given(test_pass_through.histories(), st.booleans())
def test_early_exits_change_nothing_on_random_passages(drawn: Any, is_loose: bool) -> None:
    rows, facts = drawn
    params = LOOSE["pass_through"] if is_loose else {}
    check("pass_through", params, [history("passage", events_frame(rows), facts)])


@settings(max_examples=60)
@given(test_funnel_account.histories(), st.booleans())
def test_early_exits_change_nothing_on_random_gatherings(drawn: Any, is_loose: bool) -> None:
    rows, facts = drawn
    params = LOOSE["funnel_account"] if is_loose else {}
    check("funnel_account", params, [history("gathering", events_frame(rows), facts)])


@pytest.mark.parametrize(("typology", "name"), [(t, name) for t in TYPOLOGIES for name in WITHOUT[t]])
def test_an_early_exit_that_ends_too_much_is_noticed(typology: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    ends = {"detector.inflow_in_question": lambda *_: None, "detector._is_seen_by_beneficiary": lambda *_: True}
    monkeypatch.setattr(f"typologies.{typology}.{name}", ends.get(name, _Never))
    frame, facts = cash_history(np.random.default_rng(2), 60, 20, (9_000_00, 9_500_00))
    cash = [history("cash", frame, facts)]
    assert differences(typology) or judged_twice(CATALOGUE[typology].bind({}), cash).different


class _Never:
    """Nothing may be, however it is asked."""

    is_busy, may_pass = True, False

    def __init__(self, *_: Any, **__: Any) -> None:
        pass

    def __bool__(self) -> bool:
        return False
