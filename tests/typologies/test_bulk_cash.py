"""Bulk cash placement (D05): what its golden cases cannot say as well."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.typologies.cash_histories import cash_history
from tests.typologies.screen_oracle import run_screened
from typologies.base.alerts import Alert
from typologies.base.cases import events_frame
from typologies.base.facts import Fact, FactValue, cash_values
from typologies.base.findings import Severity
from typologies.base.parameters import describe
from typologies.base.reference import ReferenceEngine
from typologies.base.settings import EngineSettings
from typologies.bulk_cash import TYPOLOGY
from typologies.bulk_cash.params import BulkCashParams
from typologies.bulk_cash.scenario import look_alike, positive

SINCE = datetime(2020, 1, 1, tzinfo=UTC)
MONDAY = datetime(2026, 3, 2, 14, tzinfo=UTC)
SIZES = (1_000_00, 4_000_00, 9_999_99, 10_000_01, 12_000_00, 25_000_00, 49_999_99, 50_000_00, 120_000_00)

Row = dict[str, Any]


def deposit(day: int, dollars: float, hour: float = 0, **columns: Any) -> Row:
    """Return a deposit `day` days after a Monday, into account A1 unless said otherwise."""
    row: Row = {
        "event_time": MONDAY + timedelta(days=day, hours=hour),
        "kind": "cash",
        "amount": round(dollars * 100),
        "creditor_account": "A1",
    }
    return row | columns


def payment(day: int, dollars: float, to: str, **columns: Any) -> Row:
    """Return a wire out of account A1."""
    row: Row = {
        "event_time": MONDAY + timedelta(days=day, hours=1),
        "kind": "payment",
        "rail": "wire",
        "amount": round(dollars * 100),
        "debtor_account": "A1",
        "creditor_account": to,
    }
    return row | columns


def alerts_of(rows: Sequence[Row], facts: Sequence[Fact] = (), *, row_cap: int = 2_000, **params: Any) -> list[Alert]:
    """Return the alerts of some rows."""
    engine = ReferenceEngine([TYPOLOGY.bind(params)], EngineSettings(row_cap=row_cap), facts)
    return engine.run(events_frame(rows))


def fact(table: str, key: str, **values: FactValue) -> Fact:
    """Return a context version known since it holds."""
    return Fact(table, key, SINCE, SINCE, values)


def profile(**values: FactValue) -> Fact:
    """Return what is on file about account A1."""
    return fact("account_profile", "A1", **values)


STUDENT = profile(holders=("stu",), holder_class="individual", opened_on="2022-09-01", **cash_values(300))
COURIER = [
    deposit(0, 30_000, creditor="firm", conductor="c1", branch="b1"),
    deposit(0, 30_000, 2, creditor="firm", conductor="c2", branch="b2"),
]


def codes(alert: Alert) -> set[str]:
    """Return the reason codes of an alert."""
    return {reason.code for reason in alert.reasons}


def test_size_alone_is_no_suspicion_however_large() -> None:
    assert alerts_of([deposit(day, 900_000, creditor="firm", conductor="firm", branch="b1") for day in range(4)]) == []


def test_one_sign_is_not_enough_and_two_are() -> None:
    young = profile(holders=("firm",), opened_on="2026-02-01")
    assert alerts_of([deposit(0, 60_000, creditor="firm", conductor="firm", branch="b1")], [young]) == []
    (alert,) = alerts_of([deposit(0, 60_000, creditor="firm", conductor="c1", branch="b1")], [young])
    assert codes(alert) == {"large_day", "conductor_not_holder", "young_account"}


@pytest.mark.parametrize("reported", ["nominee", "c2"])
def test_a_report_that_names_another_is_enough_alone(reported: str) -> None:
    row = deposit(0, 60_000, creditor="firm", conductor="firm", branch="b1", ctr_filed=True, ctr_conductor=reported)
    (alert,) = alerts_of([row])
    assert codes(alert) == {"large_day", "report_names_another"}
    assert alert.severity is Severity.HIGH
    assert alerts_of([row | {"ctr_conductor": "firm"}]) == []


def test_a_report_that_names_another_is_not_answered_by_expected_cash() -> None:
    on_file = profile(holders=("firm",), holder_class="business", **cash_values(10_000_000))
    row = deposit(0, 60_000, conductor="c1", ctr_conductor="firm", branch="b1")
    assert [codes(a) >= {"report_names_another"} for a in alerts_of([row], [on_file])] == [True]
    assert alerts_of([row | {"ctr_conductor": "c1"}], [on_file]) == []


def test_somebody_who_has_paid_in_on_three_days_is_no_stranger() -> None:
    young = profile(holders=("firm",), opened_on="2026-02-01", holder_class="business")
    before = [deposit(day, 2_000, conductor="c1", branch="b1") for day in (0, 1, 2, 3)]
    assert alerts_of([*before, deposit(7, 60_000, conductor="c1", branch="b1")], [young]) == []
    assert [a.n_events for a in alerts_of([*before, deposit(7, 60_000, conductor="c9", branch="b1")], [young])] == [1]


def test_a_holder_on_file_and_the_party_of_the_entry_are_both_owners() -> None:
    rows = [deposit(0, 30_000, creditor="p1", conductor="p2", branch="b1"), deposit(0, 30_000, 1, conductor="p1")]
    young = {"opened_on": "2026-02-01"}
    assert alerts_of(rows, [profile(holders=("p1", "p2"), **young)]) == []
    assert len(alerts_of(rows, [profile(holders=("p1",), **young)])) == 1


def test_without_a_known_holder_nobody_is_a_stranger_and_the_alert_says_so() -> None:
    rows = [row | {"ctr_conductor": "x"} for row in COURIER]
    for row in rows:
        del row["creditor"]
    (alert,) = alerts_of(rows)
    assert "conductor_not_holder" not in codes(alert)
    assert any("neither entry nor profile names the holder" in gap for gap in alert.not_computed)


def test_a_person_with_two_holders_is_not_a_courier_and_with_three_is() -> None:
    def carried(n: int) -> list[Row]:
        return [
            deposit(0, 90_000 / n, i, creditor=f"firm-{i}", creditor_account=f"F{i}", conductor="cy", branch=f"b{i}")
            for i in range(n)
        ]

    assert alerts_of(carried(2)) == []
    assert [(a.subject_role, a.subject_id) for a in alerts_of(carried(3))] == [("conductor", "cy")]


def test_account_and_person_see_the_same_deposits_and_one_alert_comes_of_it() -> None:
    rows = [row | {"conductor": "c1", "ctr_conductor": "firm"} for row in COURIER]
    assert [(a.subject_role, a.subject_id) for a in alerts_of(rows)] == [("account", "A1")]


def test_the_mean_is_per_day_with_cash_not_per_deposit() -> None:
    """Five days of 2 x 2,000: the mean is 4,000, so 11,999.99 is not three times it, though six times a deposit."""
    zero = profile(holders=("stu",), **cash_values(0))
    before = [deposit(day, 2_000, hour) for day in range(5) for hour in (0, 1)]
    assert alerts_of([*before, deposit(7, 11_999.99)], [zero]) == []
    assert [a.modes for a in alerts_of([*before, deposit(7, 12_000)], [zero])] == [("above_own_mean",)]


def test_cash_older_than_the_look_back_does_not_enter_the_mean() -> None:
    zero = profile(holders=("stu",), **cash_values(0))
    old = [deposit(day - 95, 40_000, conductor="stu") for day in range(5)]
    recent = [deposit(day, 1_000) for day in range(5)]
    (alert,) = [a for a in alerts_of([*old, *recent, deposit(7, 12_000)], [zero]) if a.triggered_at > MONDAY]
    assert "5 earlier days with cash have a mean of USD 1,000.00" in next(
        reason.text for reason in alert.reasons if reason.code == "above_own_mean"
    )


@pytest.mark.parametrize(
    "holder",
    [
        profile(holders=("firm",), holder_class="msb", **cash_values(1)),
        profile(holders=("firm",), holder_class="bank", **cash_values(1)),
        profile(holders=("firm",), holder_class="exchange", **cash_values(1)),
        profile(holders=("firm",), account_type="correspondent", **cash_values(1)),
        profile(holders=("firm",), is_ctr_exempt=True, **cash_values(1)),
    ],
)
def test_who_handles_cash_by_trade_or_is_exempt_stays_silent(holder: Fact) -> None:
    assert alerts_of(COURIER, [holder]) == []


def test_a_casino_is_known_by_the_table_of_institutions() -> None:
    off = profile(holders=("firm",), holder_class="business", **cash_values(1))
    assert len(alerts_of(COURIER, [off])) == 1
    assert alerts_of(COURIER, [off, fact("institution", "firm", institution_type="casino")]) == []


def test_an_allowlist_row_for_another_typology_changes_nothing() -> None:
    assert len(alerts_of(COURIER, [fact("allowlist", "A1", typologies=("structuring",))])) == 1
    assert alerts_of(COURIER, [fact("allowlist", "A1", reason="vault")]) == []


def test_armoured_cars_are_not_looked_at() -> None:
    assert alerts_of([row | {"channel": "armoured_car"} for row in COURIER], [STUDENT]) == []


def test_a_small_wire_or_a_card_payment_is_no_next_use() -> None:
    placed = deposit(0, 60_000, conductor="stu")
    rows = [placed, *(payment(1, 2_999.99, f"P{i}") for i in range(12))]
    assert ["exit_next_days" in codes(a) for a in alerts_of(rows, [STUDENT])] == [False]
    by_card = payment(1, 50_000, "P1", kind="card", rail="card")
    assert ["exit_next_days" in codes(a) for a in alerts_of([placed, by_card], [STUDENT])] == [False]


def test_flags_are_cited_only_where_the_legs_are_there() -> None:
    placed = deposit(0, 60_000, conductor="stu")
    check = {"kind": "instrument", "rail": "instrument", "debtor_agent": "bank-1"}

    def flags(*rows: Row) -> list[tuple[str, ...]]:
        return [a.red_flags for a in alerts_of([placed, *rows], [STUDENT])]

    assert flags() == [()]
    assert flags(payment(1, 50_000, "P1")) == [()]
    assert flags(*(payment(1, 18_000, f"P{i}") for i in range(3))) == [("A003-6",)]
    assert flags(payment(1, 50_000, "P1", **check, creditor_agent="bank-2")) == [("A003-8",)]
    assert flags(payment(1, 50_000, "P1", **check, creditor_agent="bank-1")) == [()]
    assert flags(payment(1, 50_000, "P1", **check)) == [()]


def test_the_exit_is_not_part_of_the_amount() -> None:
    (alert,) = alerts_of([deposit(0, 60_000, conductor="stu"), payment(1, 50_000, "P1")], [STUDENT])
    assert (str(alert.amount_usd), alert.n_events) == ("60000.00", 2)


def test_a_payment_alone_never_starts_an_alert() -> None:
    assert alerts_of([payment(0, 500_000, "P1")], [STUDENT]) == []
    small = [deposit(0, 20_000, conductor="stu"), payment(1, 20_000, "P1")]
    assert alerts_of(small, [STUDENT]) == []


def test_what_a_source_does_not_say_is_named_in_the_alert() -> None:
    (alert,) = alerts_of([deposit(0, 60_000), deposit(0, 9_000, 1, currency="MXN")], [STUDENT])
    text = " ".join(alert.not_computed)
    for word in (
        "conductor against holder",
        "branches on a day",
        "report with another conductor",
        "business day",
        "no USD",
    ):
        assert word in text
    assert "age of the account" not in text


def test_above_the_row_cap_the_mean_uses_the_sums_of_days_and_faces_cannot_be_told() -> None:
    zero = profile(holders=("stu",), **cash_values(0))
    before = [deposit(day, 1_000, hour, conductor="stu") for day in range(6) for hour in (0, 1)]
    (alert,) = alerts_of([*before, deposit(9, 30_000, conductor="x")], [zero], row_cap=5)
    assert "above_own_mean" in codes(alert)
    assert "conductor_not_holder" not in codes(alert)
    assert any("as sums only" in gap for gap in alert.not_computed)


def test_figures_of_an_alert_are_those_of_its_deposits() -> None:
    (alert,) = alerts_of(COURIER, [profile(holders=("firm",), opened_on="2026-02-01", **cash_values(1_000))])
    observed = {reason.code: str(reason.observed.value) for reason in alert.reasons}
    assert observed == {
        "large_day": "60000.00",
        "conductor_not_holder": "2",
        "branches_same_day": "2",
        "young_account": "29",
        "off_profile": "60000.00",
    }


@pytest.mark.parametrize(
    ("dollars", "expected"), [(25_000, Severity.MEDIUM), (49_999, Severity.MEDIUM), (50_000, Severity.HIGH)]
)
def test_severity_is_high_from_the_size_of_published_visits_on(dollars: float, expected: Severity) -> None:
    rows = [row | {"amount": round(dollars * 100)} for row in COURIER]
    assert [a.severity for a in alerts_of(rows)] == [expected]


@pytest.mark.parametrize("seed", range(12))
def test_the_scheme_is_found_and_its_twin_is_not(seed: int) -> None:
    rng = np.random.default_rng(seed)
    for draw, found in ((positive(rng), ["shell"]), (look_alike(rng), [])):
        engine = ReferenceEngine([TYPOLOGY.bind()], EngineSettings(), draw.facts)
        assert [a.subject_id for a in engine.run(draw.frame())] == found


def test_every_parameter_says_unit_grade_and_source() -> None:
    for name, info in describe(BulkCashParams).items():
        assert info.unit, name
        assert len(info.why) > 30, name


@settings(max_examples=12)
@given(st.integers(0, 2**32 - 1))
def test_nothing_is_found_where_the_screen_is_false(seed: int) -> None:
    rng = np.random.default_rng(seed)
    frame, facts = cash_history(rng, int(rng.integers(8, 45)), int(rng.integers(3, 120)), SIZES, with_payments=True)
    _, tally = run_screened(TYPOLOGY.bind().detector, frame, facts)
    assert tally.missed == []


def test_the_screen_property_has_something_to_show() -> None:
    fired = passed = triggers = 0
    for seed in range(6):
        rng = np.random.default_rng(seed)
        frame, facts = cash_history(rng, 30, 60, SIZES, with_payments=True)
        _, tally = run_screened(TYPOLOGY.bind().detector, frame, facts)
        fired, passed, triggers = fired + tally.n_fired, passed + tally.n_passed, triggers + tally.n_triggers
    assert 0 < fired <= passed < triggers
