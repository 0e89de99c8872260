"""Every figure function, every attribute: the query in the file gives exactly the number that Python found."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.storage.batch import AlertBatch
from pipeline.storage.connection import connect
from pipeline.storage.errors import UnknownAlert
from pipeline.storage.recompute import recompute_sql, verify
from pipeline.storage.rows import principal_roles
from tests.pipeline.storage.by_hand import (
    START,
    alert_over,
    canonical,
    events_of,
    growing_alerts,
    open_store,
    rows,
    run_info,
    with_keys,
)
from typologies.base import alerts as alerts_module
from typologies.base import figures
from typologies.base.alerts import Alert
from typologies.base.errors import ContractError
from typologies.base.events import ENUM_COLUMNS, Side
from typologies.base.figures import PLAIN_COLUMNS, SIDE_COLUMNS, Figure
from typologies.base.findings import Reason
from typologies.base.window import Event

ATTRIBUTES = sorted(SIDE_COLUMNS.keys() | PLAIN_COLUMNS)


def store(path: Path, alerts: list[Alert], cited: pl.DataFrame) -> None:
    with open_store(path) as opened:
        opened.begin_run(run_info())
        opened.write(AlertBatch(alerts, cited))
        opened.finish_run({})


def reasons_of(found: dict[str, Figure]) -> list[Reason]:
    return [Reason(code, f"about {code}", figure, "less", 0.5) for code, figure in found.items()]


def all_figures(events: list[Event], part: list[Event]) -> dict[str, Figure]:
    """Every figure that has a query, over every attribute it can be asked for."""
    first, last = events[0], events[-1]
    found = {
        "count": figures.count(events),
        "total_usd": figures.total_usd(events),
        "largest_usd": figures.largest_usd(events),
        "share_of_count": figures.share_of_count(part, events),
        "share_of_usd": figures.share_of_usd(part, events),
        "share_of_usd_back": figures.share_of_usd(events, part),
        "largest_day_usd": figures.largest_day_usd(events),
        "n_days": figures.n_days(events),
        "hours_between": figures.hours_between(first, last),
        "hours_back": figures.hours_between(last, first),
        **{f"distinct_{name}": figures.distinct(events, name, name) for name in ATTRIBUTES},
    }
    for currency in sorted({event.currency for event in events}):
        whole = [event for event in events if event.currency == currency]
        share = figures.share_of_amount([e for e in part if e.currency == currency], whole)
        found[f"share_of_amount_{currency}"] = share
    return found


NAMED = (
    *("debtor_account", "creditor_account", "debtor", "creditor", "debtor_agent", "creditor_agent", "conductor"),
    *("debtor_country", "creditor_country", "ultimate_debtor", "ultimate_creditor", "on_behalf_of", "ctr_conductor"),
    *("branch", "place", "merchant_category", "cardholder", "memo"),
)

names = st.sampled_from([None, "a", "b", "c'c", "陈\0x"])
maybe_flag = st.sampled_from([None, True, False])
amounts = st.one_of(st.integers(0, 10**6), st.integers(0, 10**30))
cents = st.one_of(st.none(), st.integers(0, 10**4), st.integers(0, 10**17))
row_of_any_kind = st.fixed_dictionaries(
    {
        "event_id": st.sampled_from([None, "x", "y"]),
        "event_time": st.integers(0, 10 * 86_400 * 10**6).map(lambda us: START + timedelta(microseconds=us)),
        **{
            name: st.sampled_from([None, *(member.name.lower() for member in enum)])
            for name, enum in ENUM_COLUMNS.items()
            if name != "kind"
        },
        "kind": st.sampled_from(["payment", "cash", "card"]),
        **dict.fromkeys(NAMED, names),
        "amount": amounts,
        "exponent": st.integers(0, 4),
        "currency": st.sampled_from(["USD", "EUR"]),
        "counter": st.sampled_from(
            [(None, None, None), (7, 2, "EUR"), (10**12, 0, "JPY"), (12345, 3, "USD"), (1, None, None)]
        ),
        "amount_usd": cents,
        "business_date": st.sampled_from([None, date(2024, 3, 1), date(2024, 3, 2)]),
        "ctr_filed": maybe_flag,
        "reduced_on_notice": maybe_flag,
    }
)


def unpacked(row: dict[str, Any]) -> dict[str, Any]:
    amount, exponent, currency = row.pop("counter")
    return {**row, "counter_amount": amount, "counter_exponent": exponent, "counter_currency": currency}


@settings(max_examples=10)
@given(
    st.lists(row_of_any_kind, min_size=1, max_size=8).map(lambda found: [unpacked(dict(row)) for row in found]),
    st.lists(st.sampled_from(list(Side)), min_size=8, max_size=8),
    st.integers(0, 8),
)
def test_every_figure_agrees_with_its_query(
    tmp_path_factory: pytest.TempPathFactory, given_rows: list[dict[str, Any]], sides: list[Side], n_part: int
) -> None:
    path = tmp_path_factory.mktemp("figures") / "alerts.duckdb"
    frame = canonical(given_rows)
    events = [events_of(frame, side)[i] for i, side in enumerate(sides[: frame.height])]
    # The first event from both sides as well, as a transfer to oneself is.
    events.append(events_of(frame, Side.DEBIT if events[0].side is not Side.DEBIT else Side.CREDIT)[0])
    found = all_figures(events, events[:n_part])
    alert = alert_over(events, reasons=reasons_of(found), baseline=events[:1])
    store(path, [alert], with_keys(frame))
    assert rows(path, "SELECT count(*) FROM alert_reasons WHERE recompute_sql IS NOT NULL") == [(len(found),)]
    assert verify(path) == []
    assert verify(path, alert.alert_id) == []


def test_figures_over_no_events_are_zero_in_both(tmp_path: Path) -> None:
    frame = canonical([{}])
    events = events_of(frame)
    found = {
        "count": figures.count([]),
        "total": figures.total_usd([]),
        "largest": figures.largest_usd([]),
        "branches": figures.distinct([], "branch", "branches"),
        "share": figures.share_of_usd([], []),
        "amount": figures.share_of_amount([], []),
        "day": figures.largest_day_usd([]),
        "days": figures.n_days([]),
    }
    store(tmp_path / "a.duckdb", [alert_over(events, reasons=reasons_of(found))], with_keys(frame))
    assert {value for (value,) in rows(tmp_path / "a.duckdb", "SELECT observed::DOUBLE FROM alert_reasons")} == {0.0}
    assert verify(tmp_path / "a.duckdb") == []


def test_shares_round_half_up_in_both(tmp_path: Path) -> None:
    frame = canonical([{"amount_usd": 5, "amount": 5}, {"amount_usd": 9_995, "amount": 9_995}])
    events = events_of(frame)
    found = {
        "usd": figures.share_of_usd(events[:1], events),
        "amount": figures.share_of_amount(events[:1], events),
    }
    assert {figure.value for figure in found.values()} == {Decimal("0.1")}
    store(tmp_path / "a.duckdb", [alert_over(events, reasons=reasons_of(found))], with_keys(frame))
    assert verify(tmp_path / "a.duckdb") == []


def test_amounts_in_wei_are_compared_to_the_last_unit(tmp_path: Path) -> None:
    wei = 123_456_789_012_345_678_901_234_567_891
    frame = canonical(
        [
            {"amount": wei, "exponent": 18, "currency": "ETH", "amount_usd": None},
            {"amount": 3 * 10**11, "exponent": 0, "currency": "ETH", "amount_usd": None},
        ]
    )
    events = events_of(frame)
    found = {"share": figures.share_of_amount(events[:1], events)}
    assert found["share"].value == Decimal("29.2")
    store(tmp_path / "a.duckdb", [alert_over(events, reasons=reasons_of(found))], with_keys(frame))
    assert verify(tmp_path / "a.duckdb") == []


def test_a_figure_that_cannot_be_computed_is_named_and_hides_no_other(tmp_path: Path) -> None:
    path = tmp_path / "a.duckdb"
    frame = canonical([{"amount": 2**125, "exponent": 0}, {"amount": 1, "exponent": 18}])
    events = events_of(frame)
    found = {"too_wide": figures.share_of_amount(events[:1], events), "count": figures.count(events)}
    good = alert_over(
        events[1:], subject="other", reasons=reasons_of({"s": figures.share_of_amount(events[1:], events[1:])})
    )
    bad = alert_over(events, reasons=reasons_of(found))
    store(path, [bad, good], with_keys(frame))
    for mismatches in (verify(path), verify(path, bad.alert_id)):
        (only,) = mismatches
        assert (only.alert_id, only.figure) == (bad.alert_id, "too_wide")
        assert "Out of Range" in str(only.recomputed)


def test_a_stated_figure_says_where_it_comes_from_and_has_no_query(tmp_path: Path) -> None:
    path = tmp_path / "a.duckdb"
    frame = canonical([{}])
    events = events_of(frame)
    income = figures.stated(1000, "USD", "party_profile p1, version abc")
    found = {"income": income, "multiple": figures.times(figures.total_usd(events), Decimal(1000), "times", "profile")}
    store(path, [alert_over(events, reasons=reasons_of(found))], with_keys(frame))
    assert rows(
        path, "SELECT code, observed, figure_sql, figure_source, recompute_sql FROM alert_reasons ORDER BY n"
    ) == [
        ("income", "1000", None, "party_profile p1, version abc", None),
        ("multiple", "9.0", None, "9000.00 USD / 1000: profile", None),
    ]
    assert verify(path) == []


def test_the_macro_and_the_function_write_the_same_query(tmp_path: Path) -> None:
    path = tmp_path / "a.duckdb"
    frame = canonical([{"creditor_account": "o'neil"}])
    events = events_of(frame)
    alert = alert_over(events, subject="o'neil", reasons=reasons_of({"it's": figures.count(events)}))
    store(path, [alert], with_keys(frame))
    ((text, figure_sql),) = rows(path, "SELECT recompute_sql, figure_sql FROM alert_reasons")
    assert text == recompute_sql(alert.alert_id, "it's", figure_sql)
    assert rows(path, text) == [(1,)]


@pytest.mark.parametrize(
    ("tampering", "figure"),
    [
        (
            "UPDATE core.event SET amount_usd = amount_usd + 0.01 WHERE event_id = 'e0'",
            ["amount_usd", "sum_above_line"],
        ),
        (
            "UPDATE core.event SET amount_usd = NULL WHERE event_id = 'e0'",
            ["amount_usd", "n_without_usd", "sum_above_line"],
        ),
        (
            "UPDATE core.event SET event_time = event_time - INTERVAL 1 MICROSECOND WHERE event_id = 'e0'",
            ["first_event_time"],
        ),
        (
            "UPDATE core.event SET event_time = event_time + INTERVAL 1 MICROSECOND WHERE event_id = 'e2'",
            ["last_event_time"],
        ),
        ("UPDATE core.alert_revision SET n_events = 4", ["n_events"]),
        (
            "DELETE FROM core.event WHERE event_id = 'e2'",
            ["amount_usd", "last_event_time", "many_deposits", "sum_above_line"],
        ),
        (
            "UPDATE core.alert_revision SET reasons = [struct_update(r, observed := '4') FOR r IN reasons]",
            ["many_deposits", "sum_above_line"],
        ),
    ],
)
def test_a_changed_file_is_found_out(tmp_path: Path, tampering: str, figure: list[str]) -> None:
    path = tmp_path / "a.duckdb"
    frame = canonical([{}, {"amount_usd": 1}, {}])
    alert = alert_over(events_of(frame))
    store(path, [alert], with_keys(frame))
    connection = connect(path, read_only=False)
    connection.execute(tampering)
    connection.close()
    found = [m for m in verify(path) if m.figure != "n_without_usd" or "n_without_usd" in figure]
    assert [m.figure for m in found] == figure
    assert [m.figure for m in verify(path, alert.alert_id) if m.figure in figure] == figure
    assert all(m.alert_id == alert.alert_id and m.observed != m.recomputed and m.sql for m in found)


def test_the_amount_is_computed_from_the_roles_that_carry_it(tmp_path: Path) -> None:
    path = tmp_path / "a.duckdb"
    frame = canonical([{"amount_usd": 100}, {"amount_usd": 30}, {"amount_usd": 7}])
    events = events_of(frame)
    alert = alert_over(events[:2], baseline=events[2:])
    only_baseline = alert_over(events[:2], subject="b", baseline=events[2:], principal=("baseline",))
    assert principal_roles(alert) == ("deposit",)
    assert principal_roles(only_baseline) == ("baseline",)
    store(path, [alert, only_baseline], with_keys(frame))
    assert rows(path, "SELECT amount_usd FROM alerts ORDER BY ALL") == [(Decimal("0.07"),), (Decimal("1.30"),)]
    assert verify(path) == []


def test_an_amount_that_no_roles_add_up_to_is_found_out(tmp_path: Path) -> None:
    frame = canonical([{"amount_usd": 100}])
    alert = alert_over(events_of(frame), amount_usd=Decimal("1.01"))
    assert principal_roles(alert) is None
    store(tmp_path / "a.duckdb", [alert], with_keys(frame))
    assert [m.figure for m in verify(tmp_path / "a.duckdb")] == ["amount_usd"]


def test_figures_of_a_list_that_was_cut_have_no_query(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.duckdb"
    monkeypatch.setattr(alerts_module, "EVIDENCE_CAP", 4)
    frame = canonical([{} for _ in range(9)])
    alert = alert_over(events_of(frame))
    assert (alert.n_events, alert.evidence_omitted) == (9, 5)
    store(path, [alert], with_keys(frame))
    assert rows(path, "SELECT n_events, evidence_omitted, principal_roles FROM alerts") == [(9, 5, None)]
    assert rows(path, "SELECT count(*) FROM alert_evidence") == [(4,)]
    assert {figure for (figure,) in rows(path, "SELECT figure FROM alert_figures WHERE recompute_sql IS NULL")} == {
        *("n_events", "amount_usd", "n_without_usd")
    }
    assert verify(path) == []


def test_verification_of_an_unknown_alert_says_so(tmp_path: Path) -> None:
    path = tmp_path / "a.duckdb"
    ((alerts, cited),) = growing_alerts(1)
    store(path, alerts, cited)
    with pytest.raises(UnknownAlert, match="no alert AL-none stands in"):
        verify(path, "AL-none")
    with pytest.raises(ContractError, match="no figure over the attribute 'memo'"):
        figures.distinct([], "memo", "memos")
