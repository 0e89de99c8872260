"""Structuring (D01): what its golden cases cannot say as well."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.typologies.cash_histories import cash_history
from tests.typologies.screen_oracle import run_screened
from typologies.base.alerts import Alert
from typologies.base.cases import events_frame
from typologies.base.context import FactStore, JudgeContext
from typologies.base.detector import ACCOUNT, CONDUCTOR, ON_BEHALF_OF
from typologies.base.facts import Fact, FactValue, cash_values
from typologies.base.findings import Severity
from typologies.base.parameters import describe
from typologies.base.reference import ReferenceEngine
from typologies.base.settings import EngineSettings
from typologies.base.window import to_microseconds
from typologies.structuring import TYPOLOGY
from typologies.structuring.explain import severity
from typologies.structuring.lines import LineTable
from typologies.structuring.params import StructuringParams
from typologies.structuring.scenario import look_alike, positive
from typologies.structuring.shipped_lines import ORDER_1_ZIPS, SHIPPED
from typologies.structuring.signals import BRANCHES, CONDUCTORS, NEAR_LINE, REDUCED, UNREPORTED

SINCE = datetime(2020, 1, 1, tzinfo=UTC)
MONDAY = datetime(2026, 3, 2, 15, tzinfo=UTC)
SIZES = (3_000_00, 2_999_99, 5_500_00, 8_000_00, 9_400_00, 9_900_00, 10_000_00, 10_000_01, 900_00, 2_900_00)

Row = dict[str, Any]


def deposit(day: int, dollars: float, hour: float = 0, **columns: Any) -> Row:
    """Return a deposit `day` days after a Monday, into account A1 of ben unless said otherwise."""
    row: Row = {
        "event_time": MONDAY + timedelta(days=day, hours=hour),
        "kind": "cash",
        "amount": round(dollars * 100),
        "creditor_account": "A1",
        "creditor": "ben",
    }
    return {name: value for name, value in (row | columns).items() if value is not None}


def alerts_of(rows: Sequence[Row], facts: Sequence[Fact] = (), **params: Any) -> list[Alert]:
    """Return the alerts of some rows."""
    engine = ReferenceEngine([TYPOLOGY.bind(params)], EngineSettings(), facts)
    return engine.run(events_frame(rows))


def fact(table: str, key: str, since: datetime = SINCE, until: datetime | None = None, **values: FactValue) -> Fact:
    """Return a context version known since it holds."""
    return Fact(table, key, since, since, values, until)


INDIVIDUAL = fact("party_profile", "ben", party_class="individual", occupation="retired")
NEAR = [deposit(0, 9_400, branch="b1"), deposit(1, 9_100, branch="b2"), deposit(2, 9_700, branch="b3")]


def table_at(moment: datetime, *facts: Fact, **params: Any) -> LineTable:
    """Return the threshold table as one judgement sees it."""
    tables = TYPOLOGY.detector_type.context_tables
    context = JudgeContext(FactStore(facts), tables, "account", "A1", to_microseconds(moment))
    return LineTable(context, StructuringParams(**params))


def events_of(rows: Sequence[Row]) -> list[Any]:
    """Return rows as the events that a judge gets, in order."""
    seen: list[Any] = []

    class Spy(TYPOLOGY.detector_type):  # type: ignore[name-defined, misc]
        lenses = (ACCOUNT,)

        def judge(self, window: Any, context: Any) -> Any:
            seen.append(window.trigger)
            return ()

    bound = TYPOLOGY.bind()
    ReferenceEngine([type(bound)("spy", "1", Spy(bound.detector.params))], EngineSettings()).run(events_frame(rows))
    return seen


def test_party_person_and_account_see_the_same_deposits_and_one_alert_comes_of_it() -> None:
    rows = [row | {"conductor": "ben"} for row in NEAR]
    found = alerts_of(rows)
    assert [(a.subject_role, a.subject_id) for a in found] == [("on_behalf_of", "ben")]
    assert TYPOLOGY.detector_type.lenses == (ON_BEHALF_OF, CONDUCTOR, ACCOUNT)


def test_a_party_is_seen_across_its_accounts() -> None:
    rows = [row | {"creditor_account": f"A{i}"} for i, row in enumerate(NEAR)]
    assert [a.subject_id for a in alerts_of(rows)] == ["ben"]


def test_an_account_is_seen_where_the_holder_is_unknown() -> None:
    rows = [row | {"creditor": None} for row in NEAR]
    rows = [{k: v for k, v in row.items() if v is not None} for row in rows]
    assert [(a.subject_role, a.subject_id) for a in alerts_of(rows)] == [("account", "A1")]


def test_a_courier_for_three_holders_is_seen_and_staff_of_two_firms_is_not() -> None:
    def carried(*holders: str) -> list[Row]:
        return [
            deposit(i, 9_300, creditor=holder, creditor_account=f"A-{holder}", conductor="cy", branch="b1")
            for i, holder in enumerate(holders)
        ]

    assert [(a.subject_role, a.subject_id) for a in alerts_of(carried("p", "q", "r"))] == [("conductor", "cy")]
    assert alerts_of(carried("p", "q", "p")) == []


def test_money_of_two_firms_of_one_owner_is_not_one_sum() -> None:
    rows = [
        deposit(0, 6_000, creditor="firm-1", creditor_account="F1", conductor="owner", branch="b1", ctr_filed=False),
        deposit(0, 6_000, 1, creditor="firm-2", creditor_account="F2", conductor="owner", branch="b2", ctr_filed=False),
    ]
    assert alerts_of(rows) == []


def test_a_sum_without_a_sign_of_design_is_no_suspicion_however_large() -> None:
    rows = [deposit(day, 7_900, branch="b1", conductor="ben") for day in (0, 1, 2, 3, 4)]
    assert alerts_of(rows, [INDIVIDUAL]) == []


def test_floor_and_band_scale_with_the_line() -> None:
    params = {"lowest_line_usd_cents": 5_000_00, "highest_line_usd_cents": 5_000_00}
    line = fact("threshold", "bank|US|cash", line_usd_cents=5_000_00, comparison=">")
    half = [row | {"amount": row["amount"] // 2} for row in NEAR]
    assert [a.n_events for a in alerts_of(half, [line], **params)] == [3]
    assert alerts_of(NEAR, [line], **params) == []


def test_a_line_outside_the_range_of_the_parameters_is_not_used_and_the_alert_says_so() -> None:
    line = fact("threshold", "bank|US-NY|cash", line_usd_cents=5_000_00, comparison=">", source="a lower line")
    found = alerts_of([row | {"place": "US-NY-10001"} for row in NEAR], [line])
    assert [a.n_events for a in found] == [3]
    assert any("bank|US-NY|cash" in gap for gap in found[0].not_computed)


def test_a_line_holds_on_the_day_of_the_deposit_not_of_the_alert() -> None:
    """Three sums of 900 on the last days of the first order (line 200) and one on the first day of the second."""
    rows = [
        {
            "event_time": datetime(2025, 9, day, 15, tzinfo=UTC),
            "kind": "cash",
            "amount": 900_00,
            "creditor_account": "file",
            "creditor": "k",
            "branch": f"s{day}",
            "place": "US-TX-78040",
            "institution_type": "msb",
        }
        for day in (5, 8, 9, 10)
    ]
    assert alerts_of(rows) == []


def test_the_shipped_orders_cover_thirty_zip_areas_one_after_the_other_without_a_gap() -> None:
    zips = [f"US-{state}-{code}" for state, codes in ORDER_1_ZIPS.items() for code in codes.split()]
    assert len(set(zips)) == 30
    for place in zips:
        rows = SHIPPED["msb", place, "cash"]
        assert [row.cents for row in rows] == [200_00, 1_000_00, 1_000_00]
        assert all(before.after == after.first for before, after in pairwise(rows))
    assert SHIPPED["msb", "US-AZ-YUMA-COUNTY", "cash"][0].first == date(2025, 9, 10)
    assert SHIPPED["msb", "US-NM-DONA-ANA-COUNTY", "cash"][0].first == date(2026, 3, 7)


@pytest.mark.parametrize(
    ("day", "lines"),
    [
        (date(2025, 4, 13), [2_000_00, 10_000_00]),
        (date(2025, 4, 14), [200_00, 2_000_00, 10_000_00]),
        (date(2025, 9, 9), [200_00, 2_000_00, 10_000_00]),
        (date(2025, 9, 10), [1_000_00, 2_000_00, 10_000_00]),
        (date(2026, 3, 6), [1_000_00, 2_000_00, 10_000_00]),
        (date(2026, 9, 2), [1_000_00, 2_000_00, 10_000_00]),
        (date(2026, 9, 3), [2_000_00, 10_000_00]),
    ],
)
def test_lines_of_a_money_services_business_in_an_order_area(day: date, lines: list[int]) -> None:
    moment = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    row = deposit(0, 900, institution_type="msb", place="US-TX-78040") | {"event_time": moment}
    assert [line.cents for line in table_at(moment).lines_of(events_of([row])[0])] == lines


def test_a_county_of_an_order_is_reached_through_the_place_table() -> None:
    moment = datetime(2026, 4, 1, 12, tzinfo=UTC)
    row = deposit(0, 900, institution_type="msb", place="US-AZ-85364") | {"event_time": moment}
    (event,) = events_of([row])
    assert [line.cents for line in table_at(moment).lines_of(event)] == [2_000_00, 10_000_00]
    place = fact("place", "US-AZ-85364", areas=("US-AZ-YUMA-COUNTY",))
    assert [line.cents for line in table_at(moment, place).lines_of(event)] == [1_000_00, 2_000_00, 10_000_00]


def test_a_context_row_replaces_the_shipped_row_of_its_key_while_it_is_valid() -> None:
    (event,) = events_of([deposit(0, 900)])
    row = fact("threshold", "bank|US|cash", line_usd_cents=10_000_00, comparison=">=", source="another rule")
    (line,) = table_at(MONDAY, row).lines_of(event)
    assert (line.includes_line, line.source) == (True, "another rule")
    ended = fact("threshold", "bank|US|cash", until=SINCE + timedelta(days=1), line_usd_cents=10_000_00)
    (line,) = table_at(MONDAY, ended).lines_of(event)
    assert line.source == "31 CFR 1010.311"


def test_cash_for_a_transfer_has_the_recordkeeping_line_below_the_report() -> None:
    (event,) = events_of([deposit(0, 900, rail="remittance")])
    lines = table_at(MONDAY).lines_of(event)
    assert [(line.instrument, line.cents, line.includes_line) for line in lines] == [
        ("funds_transfer", 3_000_00, True),
        ("cash", 10_000_00, False),
    ]


def test_the_look_back_holds_ten_business_days_with_two_holidays_and_a_roll_over() -> None:
    assert TYPOLOGY.bind().detector.look_back == timedelta(days=20)
    assert TYPOLOGY.bind({"business_days": 5}).detector.look_back == timedelta(days=13)


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        ([NEAR_LINE], Severity.LOW),
        ([NEAR_LINE, CONDUCTORS], Severity.MEDIUM),
        ([NEAR_LINE, CONDUCTORS, BRANCHES], Severity.HIGH),
        ([REDUCED], Severity.HIGH),
        ([UNREPORTED], Severity.HIGH),
    ],
)
def test_severity_follows_the_number_of_signs_and_whether_the_split_is_recorded(
    codes: list[str], expected: Severity
) -> None:
    assert severity(codes) is expected


def test_what_a_source_does_not_say_is_named_in_the_alert() -> None:
    rows = [deposit(day, 9_300, creditor=None) for day in (0, 1, 2)]
    (alert,) = alerts_of(rows)
    text = " ".join(alert.not_computed)
    for word in (
        "branches on one day",
        "several conductors",
        "cut on notice",
        "without a report",
        "business day",
        "profile",
    ):
        assert word in text


def test_what_a_source_says_is_not_named_as_missing() -> None:
    rows = [
        row
        | {
            "conductor": "ben",
            "ctr_filed": False,
            "reduced_on_notice": False,
            "business_date": "2026-03-0" + str(i + 2),
        }
        for i, row in enumerate(NEAR)
    ]
    (alert,) = alerts_of(rows, [INDIVIDUAL])
    assert alert.not_computed == ()


def test_an_alert_shows_line_dates_and_figures_of_its_deposits() -> None:
    (alert,) = alerts_of(NEAR)
    reasons = {reason.code: reason for reason in alert.reasons}
    assert str(reasons["sum_above_line"].observed.value) == "28200.00"
    assert "31 CFR 1010.311" in reasons["sum_above_line"].text
    assert "open-ended" in reasons["sum_above_line"].text
    assert str(reasons["near_line"].observed.value) == "100.0"
    assert str(reasons["largest_day"].observed.value) == "9700.00"


def test_a_growing_series_keeps_its_fullest_figures() -> None:
    rows = [deposit(day, 9_000 + day, branch=f"b{day}", conductor=f"c{day}") for day in (0, 1, 2, 3, 4)]
    (alert,) = alerts_of(rows, [INDIVIDUAL])
    sums = {reason.code: reason.observed.value for reason in alert.reasons}
    assert str(sums["sum_above_line"]) == "45010.00"
    assert alert.n_findings == 3


def test_takings_that_pass_the_line_in_one_piece_are_not_kept_below_it() -> None:
    shop = fact("party_profile", "ben", party_class="business")
    sizes = (9_200, 8_800, 12_400, 9_000, 8_700, 9_100, 8_900, 9_300)
    days = (0, 1, 2, 3, 4, 7, 8, 9)
    rows = [deposit(day, size, branch="b1") for day, size in zip(days, sizes, strict=True)]
    assert alerts_of(rows, [shop]) == []
    capped = [row | {"amount": min(row["amount"], 9_900_00)} for row in rows]
    assert [a.n_events for a in alerts_of(capped, [shop])] == [8]


def test_expected_cash_on_file_answers_size_but_not_a_cut_on_notice() -> None:
    on_file = Fact("party_profile", "ben", SINCE, SINCE, {"party_class": "business", **cash_values(500_000)})
    cut = [
        deposit(0, 9_500, channel="teller", reduced_on_notice=True, branch="b1"),
        deposit(1, 4_500, channel="teller", reduced_on_notice=False, branch="b1"),
    ]
    assert [a.modes for a in alerts_of(cut, [on_file])] == [("cut_on_notice",)]
    assert alerts_of([deposit(day, 9_300, branch="b1") for day in (0, 1, 2, 3, 4, 7, 8)], [on_file]) == []


def test_expected_cash_that_is_exceeded_is_named_as_considered() -> None:
    (alert,) = alerts_of(
        NEAR, [Fact("party_profile", "ben", SINCE, SINCE, {"party_class": "individual", **cash_values(300)})]
    )
    assert any("exceed the expected USD 300.00" in text for text in alert.look_alikes)


def test_a_whole_deposit_that_was_not_reported_either_hints_at_an_exemption() -> None:
    pair = [
        deposit(2, 6_000, branch="b1", conductor="c1", ctr_filed=False),
        deposit(2, 6_000, 1, branch="b2", conductor="c2", ctr_filed=False),
    ]
    assert [a.modes for a in alerts_of(pair)] == [("unreported_day",)]
    assert alerts_of([deposit(0, 15_000, branch="b1", conductor="c1", ctr_filed=False), *pair]) == []


def test_a_split_that_was_reported_all_the_same_counts_where_its_pieces_are_near_the_line() -> None:
    def days(dollars: float) -> list[Row]:
        return [
            deposit(day, dollars, hour, branch=f"b{day}{hour}", conductor="ben", ctr_filed=True)
            for day in (0, 1)
            for hour in (0, 1)
        ]

    assert [a.n_events for a in alerts_of(days(9_000), [INDIVIDUAL])] == [4]
    assert alerts_of(days(6_000), [INDIVIDUAL]) == []


def test_a_subject_with_many_deposits_needs_the_share_near_the_line_over_the_whole_look_back() -> None:
    before = [deposit(day, 4_000, branch="b1", conductor="ben") for day in (-3, -2, -1, 0, 1, 2)]
    near = [deposit(day, 9_300, branch="b1", conductor="ben") for day in (14, 15, 16)]
    more = [deposit(day, 4_000, 5, branch="b1", conductor="ben") for day in (0, 1)]
    assert [a.trigger_key[0] for a in alerts_of([*before, *near], [INDIVIDUAL])] == [
        to_microseconds(MONDAY + timedelta(days=15))
    ]
    assert alerts_of([*before, *more, *near], [INDIVIDUAL]) == []


def test_above_the_row_cap_nothing_is_said() -> None:
    engine = ReferenceEngine([TYPOLOGY.bind()], EngineSettings(row_cap=2))
    assert engine.run(events_frame([*NEAR, deposit(9, 9_300, branch="b4")])) == []


def test_cash_paid_out_and_armoured_cars_are_not_looked_at() -> None:
    out = [row | {"debtor_account": "A1", "debtor": "ben"} for row in NEAR]
    for row in out:
        del row["creditor_account"], row["creditor"]
    assert alerts_of(out) == []
    assert alerts_of([row | {"channel": "armoured_car"} for row in NEAR]) == []


@pytest.mark.parametrize("seed", range(12))
def test_the_scheme_is_found_and_its_twin_is_not(seed: int) -> None:
    rng = np.random.default_rng(seed)
    engine = ReferenceEngine([TYPOLOGY.bind()], EngineSettings())
    (alert,) = engine.run(positive(rng).frame())
    assert (alert.subject_role, alert.subject_id) == ("on_behalf_of", "beneficiary")
    twin = look_alike(rng)
    assert ReferenceEngine([TYPOLOGY.bind()], EngineSettings(), twin.facts).run(twin.frame()) == []


def test_every_parameter_says_unit_grade_and_source() -> None:
    for name, info in describe(StructuringParams).items():
        assert info.unit, name
        assert len(info.why) > 30, name


@settings(max_examples=12)
@given(st.integers(0, 2**32 - 1))
def test_nothing_is_found_where_the_screen_is_false(seed: int) -> None:
    rng = np.random.default_rng(seed)
    frame, facts = cash_history(rng, int(rng.integers(8, 45)), int(rng.integers(3, 30)), SIZES)
    _, tally = run_screened(TYPOLOGY.bind().detector, frame, facts)
    assert tally.missed == []


@pytest.mark.parametrize("seed", range(20))
def test_the_cheap_bound_on_signs_loses_nothing(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(5_000 + seed)
    frame, facts = cash_history(rng, int(rng.integers(8, 60)), int(rng.integers(3, 30)), SIZES)

    def run() -> list[str]:
        return [alert.digest for alert in ReferenceEngine([TYPOLOGY.bind()], EngineSettings(), facts).run(frame)]

    with_bound = run()
    monkeypatch.setattr("typologies.structuring.detector.may_show_design", lambda window, params: True)
    assert run() == with_bound


def test_the_screen_property_has_something_to_show() -> None:
    fired = passed = triggers = 0
    for seed in range(6):
        rng = np.random.default_rng(seed)
        frame, facts = cash_history(rng, 30, 12, SIZES)
        _, tally = run_screened(TYPOLOGY.bind().detector, frame, facts)
        fired, passed, triggers = fired + tally.n_fired, passed + tally.n_passed, triggers + tally.n_triggers
    assert 0 < fired <= passed < triggers
