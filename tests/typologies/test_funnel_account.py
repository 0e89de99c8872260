"""D02 funnel account: golden cases, must-not-fire accounts, places, missing fields, and what plain files give."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.typologies.screen_oracle import run_screened
from typologies.base.alerts import Alert
from typologies.base.cases import Case, differences, events_frame, load_cases
from typologies.base.context import FactStore, JudgeContext
from typologies.base.errors import InvalidEvent
from typologies.base.facts import Fact
from typologies.base.findings import Severity
from typologies.base.reference import ReferenceEngine
from typologies.base.settings import EngineSettings
from typologies.base.window import to_microseconds
from typologies.funnel_account import TYPOLOGY
from typologies.funnel_account.places import Atlas, great_circle_m
from typologies.funnel_account.scenario import look_alike, positive

Row = dict[str, Any]
T0 = datetime(2026, 3, 2, 15, tzinfo=UTC)
SINCE = datetime(2020, 1, 1, tzinfo=UTC)
CASES = load_cases(TYPOLOGY.folder)
HOME, ATLANTA, CHICAGO, NEW_YORK = "US-TX-78040", "US-GA-30303", "US-IL-60616", "US-NY-10001"
POSITIONS: dict[str, tuple[int | str, int | str]] = {
    HOME: (27_515_600, -99_498_600),
    ATLANTA: (33_752_500, -84_391_500),
    CHICAGO: (41_844_900, -87_630_800),
    NEW_YORK: (40_750_600, -73_997_200),
}
"""Latitude and longitude in millionths of a degree."""


def fact(table: str, key: str, **values: Any) -> Fact:
    """Return a context version that has always been known."""
    return Fact(table, key, SINCE, SINCE, values)


MAP = [fact("place", code, latitude=a, longitude=b) for code, (a, b) in POSITIONS.items()]
NEW_ACCOUNT = fact("account_profile", "F", opened_on="2026-02-01", place=HOME)


def deposit(hours: float, place: str | None, conductor: str | None, dollars: float = 4_000, **columns: Any) -> Row:
    """Return cash paid into account F."""
    row = {"event_time": T0 + timedelta(hours=hours), "kind": "cash", "rail": "cash", "creditor_account": "F"}
    return (
        row | {"creditor": "holder", "amount": round(dollars * 100), "place": place, "conductor": conductor} | columns
    )


def pay(hours: float, debtor: str, creditor: str, dollars: float, **columns: Any) -> Row:
    """Return a payment some hours after T0."""
    row = {"event_time": T0 + timedelta(hours=hours), "debtor_account": debtor, "creditor_account": creditor}
    return row | {"amount": round(dollars * 100)} | columns


def funnel() -> list[Row]:
    """Return three deposits by strangers at three far places, and cheques that take most of it away."""
    rows = [deposit(0, ATLANTA, "ann"), deposit(20, CHICAGO, "bob"), deposit(26, NEW_YORK, "cyd")]
    return [*rows, pay(50, "F", "firm", 6_000, rail="cheque"), pay(60, "F", "firm", 5_000, rail="cheque")]


def run(
    rows: Sequence[Mapping[str, Any]],
    facts: Sequence[Fact] = (),
    engine: EngineSettings | None = None,
    clock_hours: float = 400,
    **params: Any,
) -> list[Alert]:
    """Return the alerts of the slow engine, deadlines up to `clock_hours` after T0 passed."""
    clock = to_microseconds(T0 + timedelta(hours=clock_hours))
    bound = TYPOLOGY.bind(params)
    return ReferenceEngine([bound], engine or EngineSettings(), facts).run(events_frame(list(rows)), clock)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.where)
def test_a_golden_case_gives_what_it_says(case: Case) -> None:
    alerts = ReferenceEngine([TYPOLOGY.bind(case.params)], EngineSettings(), case.facts).run(case.frame, case.clock_us)
    assert differences(case.expect, alerts) == []


def test_both_modes_and_every_red_flag_fire_in_a_golden_case() -> None:
    expected = [alert for case in CASES for alert in case.expect]
    modes = {mode for alert in expected for mode in alert.get("modes", ())}  # type: ignore[attr-defined]
    flags = {flag for alert in expected for flag in alert.get("red_flags", ())}  # type: ignore[attr-defined]
    assert modes == {"with_exit", "gathering_only"}
    assert flags == {flag.id for flag in TYPOLOGY.meta.red_flags}


@pytest.mark.parametrize("seed", range(8))
def test_the_scheme_fires_and_its_lawful_twin_does_not(seed: int) -> None:
    scheme, twin = positive(np.random.default_rng(seed)), look_alike(np.random.default_rng(seed))
    assert {alert.subject_id for alert in run(scheme.events, scheme.facts, clock_hours=800)} == {"subject"}
    assert run(twin.events, twin.facts, clock_hours=800) == []


def test_the_alert_counts_what_gathered_and_names_who_brought_it() -> None:
    (alert,) = run(funnel(), [NEW_ACCOUNT, *MAP])
    assert alert.amount_usd == Decimal("12000.00")
    assert alert.modes == ("gathering_only", "with_exit")
    assert {item.role for item in alert.evidence} == {"deposit", "out"}
    observed = {reason.code: reason.observed.value for reason in alert.reasons}
    assert observed["unknown_depositors"] == 3
    assert observed["quick_exit"] == Decimal("91.7")
    assert alert.severity is Severity.HIGH


def test_positions_are_read_from_the_table_of_places() -> None:
    context = JudgeContext(FactStore(MAP), frozenset({"place"}), "account", "F", to_microseconds(T0))
    atlas = Atlas(context)
    assert atlas.position(ATLANTA) == (33_752_500, -84_391_500)
    assert atlas.position(CHICAGO) == (41_844_900, -87_630_800)
    assert atlas.position(NEW_YORK) == (40_750_600, -73_997_200)
    assert atlas.position("US-XX") is None
    assert atlas.position(None) is None


def test_a_place_without_a_position_is_unknown() -> None:
    store = FactStore([fact("place", "X", name="somewhere")])
    assert Atlas(JudgeContext(store, frozenset({"place"}), "account", "F", to_microseconds(T0))).position("X") is None


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"latitude": "33.7525", "longitude": "-84.3915"}, "latitude must be whole millionths .* found '33.7525'"),
        ({"latitude": 33_752_500, "longitude": "-84391500"}, "longitude must be whole millionths"),
        ({"latitude": 90_000_001, "longitude": 0}, "latitude must be whole millionths"),
        ({"latitude": True, "longitude": 0}, "latitude must be whole millionths"),
        ({"latitude": 1}, "must come together; found latitude"),
    ],
)
def test_a_position_in_any_other_form_is_refused(values: dict[str, Any], problem: str) -> None:
    with pytest.raises(InvalidEvent, match=f"place X: .*{problem}"):
        fact("place", "X", **values)


def test_distances_follow_the_great_circle() -> None:
    # New York to London: 5,570 km (any table of distances).
    assert great_circle_m((40_712_800, -74_006_000), (51_507_400, -127_800)) == pytest.approx(5_570_000, rel=0.002)
    assert great_circle_m((0, 179_900_000), (0, -179_900_000)) == pytest.approx(22_239, abs=2)
    assert great_circle_m((90_000_000, 0), (-90_000_000, 0)) == pytest.approx(20_015_115, abs=2)
    assert great_circle_m((5, 5), (5, 5)) == 0


def test_without_a_map_or_places_cash_is_silence() -> None:
    assert run(funnel(), [NEW_ACCOUNT]) == []
    assert run([row | {"place": None} for row in funnel()], [NEW_ACCOUNT, *MAP]) == []


def test_without_conductors_an_old_account_needs_the_exit() -> None:
    old = fact("account_profile", "F", opened_on="2010-01-01", place=HOME)
    rows = [row | {"conductor": None} for row in funnel()]
    assert run(rows[:3], [old, *MAP]) == []
    (alert,) = run(rows, [old, *MAP])
    assert alert.modes == ("with_exit",)
    assert "people at the counter" in " ".join(alert.not_computed)
    assert "F14-3" not in alert.red_flags


def test_without_a_home_the_usual_place_stands_in_and_the_alert_says_so() -> None:
    usual = [deposit(-24 * day, HOME, "holder", 600) for day in (1, 2, 3, 4)]
    (alert,) = run([*usual, *funnel()], MAP)
    assert "no home place on file" in " ".join(alert.not_computed)
    assert "F19-5" not in alert.red_flags


def test_what_leaves_in_the_same_country_is_no_flag_of_another_area() -> None:
    rows = [row | {"creditor_country": "US"} if row.get("rail") == "cheque" else row for row in funnel()]
    (alert,) = run(rows, [NEW_ACCOUNT, *MAP])
    assert not {"F14-1", "F14-6"} & set(alert.red_flags)


def test_bills_that_come_after_the_deposits_take_the_exit_back() -> None:
    bills = [pay(28, "F", "staff", 4_000, purpose="payroll"), pay(30, "F", "mall", 3_000, purpose="rent")]
    old = fact("account_profile", "F", opened_on="2010-01-01", place=HOME, holder_class="business")
    assert len(run(funnel(), [old, *MAP])) == 1
    assert run([*funnel(), *bills], [old, *MAP]) == []


def senders(count: int, dollars: float = 2_500, step: float = 8) -> list[Row]:
    """Return one credit each of senders never seen before."""
    return [pay(step * i, f"sender-{i}", "F", dollars + 20 * i) for i in range(count)]


def test_an_unknown_past_is_confirmed_by_silence() -> None:
    scheme = [*senders(6), pay(50, "F", "taker", 14_000)]
    (alert,) = run(scheme)
    assert alert.triggered_at == T0 + timedelta(hours=122)
    assert "confirmed" in {reason.code for reason in alert.reasons}
    assert run([*scheme, pay(90, "sender-9", "F", 3_200)]) == []


def test_a_known_past_needs_no_confirmation() -> None:
    (alert,) = run([pay(-24 * 30, "shop", "F", 650), *senders(6), pay(50, "F", "taker", 14_000)])
    assert alert.triggered_at == T0 + timedelta(hours=50)
    assert alert.red_flags == ()
    assert "cash far from home" in " ".join(alert.not_computed)


def test_many_payees_are_no_narrow_end() -> None:
    outs = [pay(50 + i, "F", f"taker-{i}", 1_900) for i in range(6)]
    assert run([pay(-24 * 30, "shop", "F", 650), *senders(7), *outs]) == []


def test_the_own_money_of_the_holder_is_no_sender() -> None:
    own = [row | {"debtor": "holder", "creditor": "holder"} for row in senders(6)]
    assert run([pay(-24 * 30, "shop", "F", 650), *own, pay(50, "F", "taker", 14_000)]) == []


def test_merchants_never_fire_on_plain_data() -> None:
    fired = []
    for seed in range(8):
        rng = np.random.default_rng(seed)
        rows = [
            pay(
                float(h),
                *(("F", f"supplier-{int(rng.integers(0, 30))}") if rng.random() < 0.4 else (f"customer-{i}", "F")),
                float(d),
            )
            for i, (h, d) in enumerate(
                zip(np.sort(rng.uniform(0, 24 * 30, 200)), rng.lognormal(7, 0.7, 200), strict=True)
            )
        ]
        fired += [seed] * len(run(rows, clock_hours=24 * 40))
    assert fired == []


def test_a_missing_rate_does_not_hide_a_gathering_in_one_currency() -> None:
    rows = [
        row | {"currency": "XAU"}
        for row in [pay(-24 * 30, "shop", "F", 650), *senders(6), pay(50, "F", "taker", 14_000)]
    ]
    (alert,) = run(rows)
    assert "no rate" in " ".join(alert.not_computed)


def test_several_currencies_without_rates_are_silence() -> None:
    rows = [
        row | {"currency": ("XAU", "XAG")[i % 2]} for i, row in enumerate([*senders(8), pay(60, "F", "taker", 18_000)])
    ]
    assert run([pay(-24 * 30, "shop", "F", 650), *rows]) == []


def test_above_the_row_cap_an_account_is_not_judged() -> None:
    small = EngineSettings(lateness=timedelta(hours=1), row_cap=2)
    assert run(funnel(), [NEW_ACCOUNT, *MAP], small) == []


def test_weights_of_a_finding_add_up_to_one() -> None:
    (alert,) = run([*senders(6), pay(50, "F", "taker", 14_000)])
    assert sum(reason.weight for reason in alert.reasons) == pytest.approx(1, abs=0.01)


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[Row], list[Fact]]:
    """Histories around the rules' edges: cash near and far, senders old and new, exits, missing rates and purposes."""
    rows: list[Row] = []
    for i in range(draw(st.integers(3, 18))):
        hours = draw(st.sampled_from([-900, -700, -400, -200, 0, 5, 20, 47, 71, 72, 100, 167])) + i / 50
        dollars = draw(st.sampled_from([499, 500, 1_990, 2_000, 2_100, 4_000, 9_000]))
        what = draw(st.sampled_from(["cash", "cash", "in", "in", "out"]))
        if what == "cash":
            place = draw(st.sampled_from([HOME, ATLANTA, CHICAGO, None]))
            row = deposit(hours, place, draw(st.sampled_from(["ann", "bob", "holder", None])), dollars)
            row["channel"] = draw(st.sampled_from([None, "teller", "armoured_car"]))
        else:
            other = f"c{draw(st.integers(0, 9))}"
            row = pay(hours, *((other, "F") if what == "in" else ("F", other)), dollars)
            row["purpose"] = draw(st.sampled_from([None, None, None, "rent", "family_support"]))
        if draw(st.integers(0, 3)) == 0:
            row |= {
                "currency": "EUR",
                "amount_usd": draw(st.sampled_from([None, row["amount"], row["amount"] * 11 // 10])),
            }
        rows.append(row | {"event_id": f"e{i}"})
    opened = draw(st.sampled_from(["2010-01-01", "2026-02-25"]))
    facts = [fact("account_profile", "F", opened_on=opened, place=HOME)] if draw(st.booleans()) else []
    return rows, [*facts, *MAP]


@settings(max_examples=40)
@given(histories())
def test_the_screen_stops_nothing_that_judge_would_find(drawn: tuple[list[Row], list[Fact]]) -> None:
    rows, facts = drawn
    loose = {
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
    }
    _, tally = run_screened(TYPOLOGY.bind(loose).detector, events_frame(rows), facts)
    assert tally.missed == []


def test_the_screen_property_meets_findings_and_silence() -> None:
    _, tally = run_screened(TYPOLOGY.bind().detector, events_frame(funnel()), [NEW_ACCOUNT, *MAP])
    assert 0 < tally.n_fired <= tally.n_passed < tally.n_triggers


def test_the_aml_world_excerpt_has_no_fan_wide_enough(data: Path) -> None:
    from tests.typologies.test_pass_through import aml_world

    rows = aml_world(data / "amlworld-excerpt" / "excerpt_Trans.csv")
    clock = (datetime(2022, 9, 18, tzinfo=UTC) - T0) / timedelta(hours=1)
    assert run(rows, clock_hours=clock) == []
