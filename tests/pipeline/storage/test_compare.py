"""Two stores side by side: identical or not and why; what a change of a threshold won, lost and changed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from pipeline.storage.batch import AlertBatch
from pipeline.storage.compare import compare
from pipeline.storage.comparison import FieldDifference
from pipeline.storage.errors import StoreNotFound
from tests.pipeline.storage.by_hand import (
    START,
    Ticking,
    alert_over,
    canonical,
    dump,
    events_of,
    growing_alerts,
    open_store,
    run_info,
    with_keys,
    withdrawn,
)
from typologies.base import figures
from typologies.base.alerts import Alert
from typologies.base.findings import Reason, Severity

FRAME = canonical([{"event_time": START + timedelta(days=i), "amount_usd": 1000 * (i + 1)} for i in range(12)])
EVENTS = events_of(FRAME)
CITED = with_keys(FRAME)


def store(
    path: Path, alerts: list[Alert], name: str = "a.csv", *, cited: pl.DataFrame = CITED, finish: bool = True
) -> Path:
    with open_store(path, Ticking()) as opened:
        opened.begin_run(run_info(name))
        opened.write(AlertBatch(alerts, cited))
        if finish:
            opened.finish_run({})
    return path


def test_the_same_alerts_in_other_runs_at_other_times_are_identical(tmp_path: Path) -> None:
    grown = growing_alerts(3)
    cited = pl.concat([frame for _, frame in grown])
    every = [alert for alerts, _ in grown for alert in alerts]
    last = [replace(alerts[-1], is_settled=True, predecessor="AL-x") for alerts, _ in reversed(grown)]
    a = store(tmp_path / "a.duckdb", every, cited=cited)
    b = store(tmp_path / "b.duckdb", last, "b.csv", cited=cited)
    before = dump(a)
    result = compare(a, b)
    assert result.identical
    assert (result.n_same, result.only_a.n, result.only_b.n, result.changed.n) == (3, 0, 0, 0)
    assert (result.a.run_id, result.b.run_id) == (run_info("a.csv").run_id, run_info("b.csv").run_id)
    assert result.a.is_finished
    assert result.by_typology == {"cash_line": (3, 0, 0, 0)}
    assert dump(a) == before


def test_a_file_is_identical_to_itself_and_two_empty_ones_are(tmp_path: Path) -> None:
    a = store(tmp_path / "a.duckdb", [alert_over(EVENTS[:3])])
    assert compare(a, a).identical
    assert compare(a, a).n_same == 1
    one, two = tmp_path / "e1.duckdb", tmp_path / "e2.duckdb"
    for path in (one, two):
        open_store(path).close()
    result = compare(one, two)
    assert result.identical
    assert result.a.run_id is None


def test_missing_alerts_are_listed_with_their_amounts(tmp_path: Path) -> None:
    both, only_a, only_b = (alert_over(EVENTS[:n], subject=f"s{n}") for n in (2, 3, 4))
    a = store(tmp_path / "a.duckdb", [both, only_a])
    b = store(tmp_path / "b.duckdb", [both, only_b])
    result = compare(a, b)
    assert not result.identical
    assert (result.n_same, result.only_a.n, result.only_b.n) == (1, 1, 1)
    assert (result.only_a.amount_usd, result.only_b.amount_usd) == (Decimal("60.00"), Decimal("100.00"))
    (listed,) = result.only_a.sample
    assert (listed.alert_id, listed.subject_id, listed.severity) == (only_a.alert_id, "s3", "medium")
    assert listed.triggered_at == START + timedelta(days=2)


def test_a_withdrawn_alert_is_missing(tmp_path: Path) -> None:
    alert = alert_over(EVENTS[:2])
    a = store(tmp_path / "a.duckdb", [alert])
    b = store(tmp_path / "b.duckdb", [alert, withdrawn(alert)])
    assert (compare(a, b).only_a.n, compare(a, b).only_b.n) == (1, 0)


def test_another_digest_is_explained_field_by_field(tmp_path: Path) -> None:
    one = alert_over(EVENTS[:3])
    reasons = [
        Reason("sum_above_line", "The deposits add up.", figures.total_usd(EVENTS[:3]), "<= 9000.00", 0.6),
        Reason("new_reason", "Something else.", figures.count(EVENTS[:3]), "<= 1", 0.1),
    ]
    two = alert_over(EVENTS[:3], reasons=reasons, baseline=EVENTS[3:5], severity=Severity.HIGH)
    assert one.alert_id == two.alert_id
    result = compare(store(tmp_path / "a.duckdb", [one]), store(tmp_path / "b.duckdb", [two]))
    assert (result.identical, result.n_same, result.changed.n) == (False, 0, 1)
    (difference,) = result.changed.sample
    assert difference.a.alert_id == difference.b.alert_id == one.alert_id
    assert difference.fields == (
        FieldDifference("severity", "medium", "high"),
        FieldDifference("reasons[many_deposits].observed", "3", None),
        FieldDifference("reasons[new_reason].observed", None, "3"),
        FieldDifference("reasons[sum_above_line].expected", "<= 10000.00", "<= 9000.00"),
        FieldDifference("evidence", "3 rows, 0 only here", "5 rows, 2 only here"),
    )


def test_texts_outside_the_digest_make_no_difference(tmp_path: Path) -> None:
    a = store(tmp_path / "a.duckdb", [alert_over(EVENTS[:3])])
    b = store(tmp_path / "b.duckdb", [alert_over(EVENTS[:3], explanation="In other words.")])
    assert compare(a, b).identical


def test_samples_are_bounded_and_counts_are_not(tmp_path: Path) -> None:
    alerts = [alert_over(EVENTS[: n + 1], subject=f"s{n}") for n in range(12)]
    result = compare(store(tmp_path / "a.duckdb", alerts), store(tmp_path / "b.duckdb", []), sample=3)
    assert result.only_a.n == 12
    assert [ref.subject_id for ref in result.only_a.sample] == ["s11", "s10", "s9"]
    assert result.only_a.amount_usd == sum((alert.amount_usd for alert in alerts), Decimal(0))


def test_overlap_matches_what_a_threshold_moved(tmp_path: Path) -> None:
    """A found days 0-2 and 6-8 of s1, s2 whole, and s3; B, with a lower line, found s1 earlier and s4."""
    reasons = [Reason("sum_above_line", "The deposits add up.", figures.total_usd(EVENTS[4:6]), "<= 9000.00", 0.6)]
    unmoved_a = alert_over(EVENTS[4:6], subject="s2", reasons=[replace(reasons[0], expected="<= 10000.00")])
    unmoved_b = alert_over(EVENTS[4:6], subject="s2", reasons=reasons)
    earlier_a = alert_over(EVENTS[1:4], subject="s1")
    earlier_b = alert_over(EVENTS[0:3], subject="s1")
    lost = alert_over(EVENTS[:2], subject="s3")
    gained = alert_over(EVENTS[:2], subject="s4")
    a = store(tmp_path / "a.duckdb", [unmoved_a, earlier_a, lost])
    b = store(tmp_path / "b.duckdb", [unmoved_b, earlier_b, gained])
    assert compare(a, b).n_same == 0
    result = compare(a, b, match="overlap")
    assert (result.n_same, result.changed.n) == (1, 1)
    assert [ref.subject_id for ref in result.lost.sample] == ["s3"]
    assert [ref.subject_id for ref in result.gained.sample] == ["s4"]
    assert (result.lost.amount_usd, result.gained.amount_usd) == (Decimal("30.00"), Decimal("30.00"))
    assert (result.changed.amount_usd_a, result.changed.amount_usd_b) == (Decimal("90.00"), Decimal("60.00"))
    (difference,) = result.changed.sample
    assert (difference.a.alert_id, difference.b.alert_id) == (earlier_a.alert_id, earlier_b.alert_id)
    assert FieldDifference("evidence", "3 rows, 1 only here", "3 rows, 1 only here") in difference.fields
    assert FieldDifference("amount_usd", "90.00", "60.00") in difference.fields
    assert result.by_typology == {"cash_line": (1, 1, 1, 1)}


def test_overlap_needs_the_same_subject_and_typology_and_a_common_time(tmp_path: Path) -> None:
    here = alert_over(EVENTS[:3])
    for other in (
        alert_over(EVENTS[:3], subject="someone else"),
        alert_over(EVENTS[:3], typology="another"),
        alert_over(EVENTS[3:5]),
        alert_over(EVENTS[3:5], baseline=EVENTS[:1], first_event_time=START + timedelta(days=3)),
    ):
        a = store(tmp_path / f"a-{other.alert_id}{other.first_event_time}.duckdb", [here])
        b = store(tmp_path / f"b-{other.alert_id}{other.first_event_time}.duckdb", [other])
        result = compare(a, b, match="overlap")
        assert (result.n_same, result.changed.n, result.lost.n, result.gained.n) == (0, 0, 1, 1)


def test_an_alert_that_was_split_is_changed_not_same(tmp_path: Path) -> None:
    whole = alert_over(EVENTS[:6])
    halves = [alert_over(EVENTS[:3]), alert_over(EVENTS[3:6])]
    a = store(tmp_path / "a.duckdb", [whole])
    b = store(tmp_path / "b.duckdb", halves)
    result = compare(a, b, match="overlap")
    assert (result.n_same, result.changed.n, result.lost.n, result.gained.n) == (0, 2, 0, 0)
    assert (result.changed.amount_usd_a, result.changed.amount_usd_b) == (whole.amount_usd, whole.amount_usd)


def test_alerts_that_did_not_change_are_the_same_even_if_they_overlap_each_other(tmp_path: Path) -> None:
    unmoved = [alert_over(EVENTS[:4]), alert_over(EVENTS[2:6])]
    a = store(tmp_path / "a.duckdb", [*unmoved, alert_over(EVENTS[3:7])])
    b = store(tmp_path / "b.duckdb", unmoved)
    result = compare(a, b, match="overlap")
    assert (result.n_same, result.changed.n, result.lost.n, result.gained.n) == (2, 0, 1, 0)


def test_an_unfinished_run_is_told(tmp_path: Path) -> None:
    a = store(tmp_path / "a.duckdb", [alert_over(EVENTS[:3])], finish=False)
    b = store(tmp_path / "b.duckdb", [alert_over(EVENTS[:3])])
    result = compare(a, b)
    assert result.identical
    assert (result.a.is_finished, result.b.is_finished) == (False, True)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    a = store(tmp_path / "a.duckdb", [])
    with pytest.raises(StoreNotFound, match=r"no file .*none\.duckdb"):
        compare(a, tmp_path / "none.duckdb")
