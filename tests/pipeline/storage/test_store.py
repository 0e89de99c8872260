"""Writing: revisions, withdrawals, cited events, rejected records; reruns that change nothing; runs told apart."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.ingest.reader import REJECTED_SCHEMA
from pipeline.storage.batch import LATE_SCHEMA, AlertBatch, merge
from pipeline.storage.buffer import Buffer
from pipeline.storage.errors import InvalidBatch, StoreError
from tests.pipeline.storage.by_hand import (
    START,
    Ticking,
    alert_over,
    canonical,
    dump,
    events_of,
    growing_alerts,
    open_store,
    rows,
    run_info,
    with_keys,
    withdrawn,
    without_clock,
)
from typologies.base.alerts import Alert
from typologies.base.findings import Severity

COUNTERS = {"read": 12, "accepted": 9, "rejected": 1, "duplicate": 1, "late": 1, "ignored": 4}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "alerts.duckdb"


def rejected_rows(*reasons: str) -> pl.DataFrame:
    return pl.DataFrame(
        [("a.csv", i + 1, reason, b"raw \x00\xff bytes") for i, reason in enumerate(reasons)],
        schema=REJECTED_SCHEMA,
        orient="row",
    )


@cache
def whole_run() -> list[AlertBatch]:
    """Batches of a run with growth, withdrawal, a rejected record and a late event."""
    grown = growing_alerts(4)
    batches = [AlertBatch(alerts[:1], cited) for alerts, cited in grown]
    batches.append(AlertBatch([a for alerts, _ in grown for a in alerts[1:]], rejected=rejected_rows("no amount")))
    gone = grown[0][0][-1]
    batches.append(AlertBatch([withdrawn(gone, grown[1][0][0].alert_id)]))
    batches.append(AlertBatch(late=late_rows(2)))
    return batches


def late_rows(n: int) -> pl.DataFrame:
    frame = canonical([{"event_id": f"late-{i}"} for i in range(n)])
    return frame.with_columns(accepted_from=pl.lit(START + timedelta(days=2)))


def write(
    path: Path,
    batches: list[AlertBatch],
    clock: Callable[[], datetime],
    *,
    name: str = "a.csv",
    finish: bool = True,
) -> None:
    with open_store(path, clock) as store:
        store.begin_run(run_info(name))
        for batch in batches:
            store.write(batch)
        if finish:
            store.finish_run(COUNTERS)


def test_an_alert_is_stored_with_every_field(path: Path) -> None:
    frame = canonical([{"amount": 1234, "exponent": 3, "currency": "BHD", "amount_usd": 327}, {"amount_usd": None}])
    events = events_of(frame)
    alert = alert_over(events, severity=Severity.HIGH, predecessor="AL-before", is_settled=True)
    write(path, [AlertBatch([alert], with_keys(frame))], Ticking())
    (found,) = rows(
        path,
        "SELECT alert_id, digest, status, typology, typology_version, subject_kind, subject_id, subject_role, "
        "trigger_event_id, trigger_kind, trigger_key, triggered_at, window_start, window_end, first_event_time, "
        "last_event_time, n_events, n_without_usd, amount_usd, severity, rank_score, red_flags, modes, explanation, "
        "counter_evidence, look_alikes, not_computed, is_retroactive, context, evidence_omitted, principal_roles, "
        "n_findings, predecessor, is_settled, params_hash, run_id, revision FROM alerts",
    )
    expected = (
        *(alert.alert_id, alert.digest, "standing", "cash_line", "1.0.0", "account", "acc-1", "account"),
        *("e1", "event", f"{events[1].event_key}1", START + timedelta(hours=1), alert.window_start, alert.window_end),
        *(START, START + timedelta(hours=1), 2, 1, Decimal("3.27"), "high", None, ["A003-6"], ["with_exit"]),
        *(alert.explanation, ["The account is a shop's."], ["Takings of a shop: too round."]),
        *(["branches: the source has none"], False, ["c0ffee"], 0, ["deposit"], 1, "AL-before", True),
        *(run_info().params_hash, run_info().run_id, 1),
    )
    assert found == expected
    (reasons,) = rows(path, "SELECT reasons FROM alerts")
    assert reasons[0][0] == {
        "code": "sum_above_line",
        "text": "The deposits add up.",
        "observed": "3.27",
        "expected": "<= 10000.00",
        "unit": "USD",
        "weight": 0.6,
    }


def test_evidence_names_record_and_place(path: Path) -> None:
    frame = canonical(
        [{"event_id": None, "origin": "b.csv", "position": 77}, {"event_time": START - timedelta(days=1)}]
    )
    events = events_of(frame)
    keyed = with_keys(frame)
    alert = alert_over(events[:1], baseline=events[1:])
    write(path, [AlertBatch([alert], keyed)], Ticking())
    found = rows(
        path,
        "SELECT event_key, event_id, role, side, event_time, amount_usd, source, position FROM alert_evidence "
        "ORDER BY event_time",
    )
    usd = Decimal("9000.00")
    assert found == [
        (events[1].event_key, "e1", "baseline", "credit", START - timedelta(days=1), usd, "a.csv", 2),
        (events[0].event_key, f"row-{events[0].event_key}", "deposit", "credit", START, usd, "b.csv", 77),
    ]
    assert rows(path, "SELECT DISTINCT code, mark, side, event_key FROM alert_citations ORDER BY code") == [
        ("many_deposits", "all", "credit", events[0].event_key),
        ("sum_above_line", "all", "credit", events[0].event_key),
    ]


def test_cited_events_keep_all_columns_and_exact_money(path: Path) -> None:
    wei = 2**125 + 1
    frame = canonical(
        [
            {
                "amount": wei,
                "exponent": 18,
                "currency": "ETH",
                "amount_usd": 2**62,
                "memo": "rent",
                "debtor_name": "陈",
            },
            {"amount": 5, "exponent": 0, "currency": "JPY", "counter_amount": 3, "counter_exponent": 3, "chain": "btc"},
            {"amount": 7, "exponent": 2, "business_date": START.date(), "ctr_filed": False, "received_at": START},
        ]
    )
    events = events_of(frame)
    write(path, [AlertBatch([alert_over(events)], with_keys(frame))], Ticking())
    for name in frame.columns:
        stored = {"amount": "amount_minor", "counter_amount": "counter_amount_minor"}.get(name, name)
        column = [value for (value,) in rows(path, f"SELECT {stored} FROM events ORDER BY event_id")]
        expected = frame[name].to_list()
        if name == "amount_usd":
            expected = [Decimal(value).scaleb(-2) for value in expected]
        assert column == expected, name
    exact = rows(path, "SELECT amount, counter_amount FROM events ORDER BY event_id")
    assert exact == [
        (Decimal("42535295865117307932.921825928971026433"), None),
        (Decimal(5), Decimal("0.003")),
        (Decimal("0.07"), None),
    ]


def test_an_amount_that_no_decimal_holds_is_null_beside_its_exact_integer(path: Path) -> None:
    frame = canonical([{"amount": 2**125, "exponent": 0}, {"amount": 1, "exponent": 24}])
    write(path, [AlertBatch([alert_over(events_of(frame))], with_keys(frame))], Ticking())
    assert rows(path, "SELECT amount, amount_minor FROM events ORDER BY event_id") == [(None, 2**125), (None, 1)]


def test_two_contents_of_one_id_are_both_kept_and_flagged(path: Path) -> None:
    frame = canonical([{}, {"event_id": "same", "memo": "a"}, {"event_id": "same", "memo": "b"}, {"event_id": "e9"}])
    other = frame.with_columns(source=pl.lit("other bank"))
    keyed = [with_keys(frame)[:2], pl.concat([with_keys(frame)[2:], with_keys(other)[:1]])]
    events = [*events_of(frame), *events_of(other)[:1]]
    write(path, [AlertBatch([alert_over(events[:2])], keyed[0]), AlertBatch([alert_over(events)], keyed[1])], Ticking())
    flagged = rows(path, "SELECT event_id, source, has_id_conflict FROM events ORDER BY ALL")
    assert flagged == [
        ("e0", "bank", False),
        ("e0", "other bank", False),
        ("e9", "bank", False),
        ("same", "bank", True),
        ("same", "bank", True),
    ]


def test_growth_makes_revisions_and_the_last_one_stands(path: Path) -> None:
    ((alerts, cited),) = growing_alerts(1)
    write(path, [AlertBatch(alerts[:2], cited), AlertBatch(alerts[2:])], Ticking())
    assert rows(path, "SELECT revision, digest FROM alert_history ORDER BY revision") == [
        (i + 1, alert.digest) for i, alert in enumerate(alerts)
    ]
    assert rows(path, "SELECT revision, digest, n_events FROM alerts") == [(3, alerts[-1].digest, 4)]
    raised = rows(path, "SELECT DISTINCT raised_at FROM alert_history")
    assert len(raised) == 1
    assert raised < rows(path, "SELECT max(recorded_at) FROM alert_history")


def test_an_alert_repeated_unchanged_makes_no_revision(path: Path) -> None:
    ((alerts, cited),) = growing_alerts(1)
    write(path, [AlertBatch([alerts[0], alerts[0]], cited), AlertBatch([alerts[0]])], Ticking())
    assert rows(path, "SELECT revision FROM alert_history") == [(1,)]


def test_settling_is_a_revision_with_the_same_digest(path: Path) -> None:
    ((alerts, cited),) = growing_alerts(1)
    settled = replace(alerts[0], is_settled=True)
    write(path, [AlertBatch([alerts[0], settled], cited)], Ticking())
    assert rows(path, "SELECT revision, is_settled, digest FROM alerts") == [(2, True, alerts[0].digest)]


def test_a_withdrawn_alert_leaves_the_views_and_keeps_its_content_in_history(path: Path) -> None:
    (first, cited), (second, more) = growing_alerts(2)
    gone = withdrawn(first[-1], second[-1].alert_id)
    write(path, [AlertBatch([*first, *second], pl.concat([cited, more])), AlertBatch([gone])], Ticking())
    assert rows(path, "SELECT alert_id FROM alerts") == [(second[-1].alert_id,)]
    assert rows(path, "SELECT DISTINCT alert_id FROM alert_evidence") == [(second[-1].alert_id,)]
    (last,) = rows(
        path,
        "SELECT status, superseded_by, digest, n_events, len(evidence), len(reasons) FROM alert_history "
        f"WHERE alert_id = '{gone.alert_id}' ORDER BY revision DESC LIMIT 1",
    )
    assert last == ("withdrawn", [second[-1].alert_id], gone.digest, 4, 4, 2)


def test_a_withdrawn_alert_can_stand_again(path: Path) -> None:
    ((alerts, cited),) = growing_alerts(1)
    write(path, [AlertBatch([alerts[0], withdrawn(alerts[0]), alerts[0]], cited)], Ticking())
    assert rows(path, "SELECT revision, status FROM alerts") == [(3, "standing")]


def test_rejected_records_keep_their_bytes_and_late_events_their_columns(path: Path) -> None:
    write(path, [AlertBatch(rejected=rejected_rows("no amount", "no amount"), late=late_rows(1))], Ticking())
    raw = b"raw \x00\xff bytes"
    assert rows(path, "SELECT source, position, reason, raw FROM rejected ORDER BY position") == [
        ("a.csv", 1, "no amount", raw),
        ("a.csv", 2, "no amount", raw),
    ]
    assert rows(path, "SELECT event_id, amount, accepted_from FROM late_events") == [
        ("late-0", Decimal(9000), START + timedelta(days=2))
    ]
    full = pl.DataFrame(schema=LATE_SCHEMA)
    assert AlertBatch(late=full).n_rows == 0


def test_a_run_without_alerts_is_a_run(path: Path) -> None:
    write(path, [], Ticking())
    assert rows(path, "FROM alerts") == []
    assert rows(path, "SELECT is_current, is_finished, n_alerts, n_read, n_ignored FROM runs") == [
        (True, True, 0, 12, 4)
    ]
    assert rows(path, "SELECT count(*) FROM explain_alert('AL-none')") == [(0,)]


def test_counts_of_a_run_are_shown_by_name(path: Path) -> None:
    write(path, [], Ticking())
    assert rows(path, "SELECT n_read, n_accepted, n_rejected, n_duplicate, n_late FROM runs") == [(12, 9, 1, 1, 1)]
    assert dict(rows(path, "SELECT name, value FROM counters")) == COUNTERS


def test_an_alert_whose_events_never_came_is_refused_and_nothing_is_written(path: Path) -> None:
    ((alerts, cited),) = growing_alerts(1)
    with open_store(path, Ticking()) as store:
        store.begin_run(run_info())
        with pytest.raises(InvalidBatch, match=rf"missing: .*\({alerts[-1].alert_id}\)"):
            store.write(AlertBatch(alerts, cited[:3], rejected_rows("x")))
        store.write(AlertBatch(alerts[:1], cited))
        store.finish_run({})
    assert rows(path, "SELECT revision FROM alert_history") == [(1,)]
    assert rows(path, "FROM rejected") == []


def test_frames_with_other_columns_are_refused_by_name(path: Path) -> None:
    ((alerts, cited),) = growing_alerts(1)
    with open_store(path, Ticking()) as store:
        store.begin_run(run_info())
        with pytest.raises(InvalidBatch, match=r"missing: \['memo'\], unknown: \['label'\]"):
            store.write(AlertBatch(alerts, cited.drop("memo").with_columns(label=pl.lit(1))))
        with pytest.raises(InvalidBatch, match="column position of cited events must be Int64, found String"):
            store.write(AlertBatch(alerts, cited.with_columns(pl.col("position").cast(pl.String))))
        with pytest.raises(InvalidBatch, match="needs its event_key; 1 rows lack it"):
            store.write(AlertBatch(alerts, cited.with_columns(event_key=pl.lit(None, pl.String)).head(1)))


def test_nothing_is_written_outside_a_run_and_runs_do_not_overlap(path: Path) -> None:
    with open_store(path, Ticking()) as store:
        with pytest.raises(StoreError, match="a run must be begun"):
            store.write(AlertBatch(rejected=rejected_rows("x")))
        with pytest.raises(StoreError, match="a run must be begun"):
            store.finish_run({})
        store.begin_run(run_info("a.csv"))
        with pytest.raises(StoreError, match=f"run {run_info('a.csv').run_id} is open"):
            store.begin_run(run_info("b.csv"))


def test_rerunning_a_finished_run_changes_nothing(path: Path) -> None:
    clock = Ticking()
    write(path, whole_run(), clock)
    before = dump(path)
    assert len(before["alert_revision"]) == 13
    write(path, whole_run(), clock)
    assert dump(path) == before


def test_a_run_broken_off_anywhere_is_completed_by_a_rerun(path: Path, tmp_path: Path) -> None:
    whole = tmp_path / "whole.duckdb"
    write(whole, whole_run(), Ticking())
    expected = without_clock(whole)
    for n_written in range(len(whole_run()) + 1):
        broken = tmp_path / f"broken-{n_written}.duckdb"
        clock = Ticking()
        write(broken, whole_run()[:n_written], clock, finish=False)
        assert rows(broken, "SELECT is_current, is_finished, finished_at FROM runs") == [(True, False, None)]
        kept = dict(rows(broken, "SELECT alert_id, raised_at FROM alert_history WHERE revision = 1"))
        write(broken, whole_run(), clock)
        assert without_clock(broken) == expected
        assert rows(broken, "SELECT is_current, is_finished FROM runs") == [(True, True)]
        raised = dict(rows(broken, "SELECT alert_id, raised_at FROM alert_history WHERE revision = 1"))
        assert kept.items() <= raised.items()


def sliced(batches: list[AlertBatch], sizes: list[int]) -> Iterator[AlertBatch]:
    """The same run after other batches: alerts and frames cut elsewhere."""
    whole = merge(batches)
    assert whole.cited is not None
    yield AlertBatch(cited=whole.cited)
    done = 0
    alerts = list(whole.alerts)
    for size in sizes:
        yield AlertBatch(alerts[done : done + size])
        done += size
    yield AlertBatch(alerts[done:], rejected=whole.rejected, late=whole.late)


def last_only(batches: list[AlertBatch]) -> AlertBatch:
    """The same run in one batch, which publishes each alert once, as it is at the end."""
    whole = merge(batches)
    last: dict[str, Alert] = {alert.alert_id: alert for alert in whole.alerts}
    return AlertBatch(list(last.values()), whole.cited, whole.rejected, whole.late)


def test_a_rerun_after_other_batches_ends_with_its_own_history(path: Path, tmp_path: Path) -> None:
    fine, coarse = whole_run(), [last_only(whole_run())]
    for first, second in ((fine, coarse), (coarse, fine)):
        path = tmp_path / f"{len(first)}-first.duckdb"
        once = tmp_path / f"{len(second)}-once.duckdb"
        clock = Ticking()
        write(path, first, clock)
        raised = dict(rows(path, "SELECT DISTINCT alert_id, raised_at FROM alert_history"))
        standing = rows(path, "SELECT alert_id, digest FROM alerts ORDER BY ALL")
        write(path, second, clock)
        write(once, second, Ticking())
        assert without_clock(path) == without_clock(once)
        assert rows(path, "SELECT alert_id, digest FROM alerts ORDER BY ALL") == standing
        assert dict(rows(path, "SELECT DISTINCT alert_id, raised_at FROM alert_history")) == raised


def test_a_rerun_that_says_something_else_is_marked_unfinished_until_it_ends(path: Path) -> None:
    clock = Ticking()
    write(path, [last_only(whole_run())], clock)
    write(path, whole_run()[:2], clock, finish=False)
    assert rows(path, "SELECT is_current, is_finished FROM runs") == [(True, False)]
    write(path, whole_run(), clock)
    assert rows(path, "SELECT is_current, is_finished FROM runs") == [(True, True)]


def test_what_a_rerun_no_longer_says_goes_with_its_events(path: Path) -> None:
    clock = Ticking()
    write(path, [*whole_run(), AlertBatch(rejected=rejected_rows("a", "b"))], clock)
    kept = growing_alerts(4)[2]
    write(path, [AlertBatch(*kept)], clock)
    assert {key for (key,) in rows(path, "SELECT DISTINCT alert_id FROM alert_history")} == {kept[0][0].alert_id}
    assert rows(path, "SELECT count(*) FROM events") == [(4,)]
    assert rows(path, "SELECT count(*) FROM rejected") == rows(path, "SELECT count(*) FROM late_events") == [(0,)]


@settings(max_examples=6)
@given(st.lists(st.integers(0, 4), max_size=4), st.integers(0, 5))
def test_a_run_cut_and_broken_off_anyhow_ends_the_same(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int], broken_after: int
) -> None:
    folder = tmp_path_factory.mktemp("runs")
    batches = list(sliced(whole_run(), sizes))
    write(folder / "broken.duckdb", batches[:broken_after], Ticking(), finish=False)
    write(folder / "broken.duckdb", whole_run(), Ticking(datetime(2026, 2, 1, tzinfo=UTC)))
    write(folder / "whole.duckdb", whole_run(), Ticking())
    assert without_clock(folder / "broken.duckdb") == without_clock(folder / "whole.duckdb")


def test_another_run_becomes_current_when_it_ends_and_the_earlier_stays_in_history(path: Path) -> None:
    clock = Ticking()
    first, second = growing_alerts(2)
    write(path, [AlertBatch(*first)], clock, name="a.csv")
    with open_store(path, clock) as store:
        store.begin_run(run_info("b.csv"))
        store.write(AlertBatch(*second))
    assert rows(path, "SELECT alert_id FROM alerts") == [(first[0][0].alert_id,)]
    assert rows(path, "SELECT is_current, is_finished FROM runs ORDER BY started_at") == [(True, True), (False, False)]
    write(path, [AlertBatch(*second)], clock, name="b.csv")
    assert rows(path, "SELECT alert_id, run_id FROM alerts") == [(second[0][0].alert_id, run_info("b.csv").run_id)]
    assert rows(path, "SELECT is_current, is_finished, n_alerts FROM runs ORDER BY started_at") == [
        (False, True, 1),
        (True, True, 1),
    ]
    for view in ("alert_evidence", "events"):
        assert rows(path, f"SELECT count(*) FROM {view}") == [(4,)]
    assert rows(path, "SELECT run_id, count(*) FROM alert_history GROUP BY run_id ORDER BY ALL") == sorted(
        [(run_info("a.csv").run_id, 3), (run_info("b.csv").run_id, 3)]
    )
    write(path, [AlertBatch(*first)], clock, name="a.csv")
    assert rows(path, "SELECT alert_id FROM alerts") == [(first[0][0].alert_id,)]


def test_two_runs_over_one_event_keep_its_value_apart(path: Path) -> None:
    frame = canonical([{"amount_usd": 100}])
    other = canonical([{"amount_usd": 200}])
    clock = Ticking()
    write(path, [AlertBatch([alert_over(events_of(frame))], with_keys(frame))], clock, name="rates 1")
    write(path, [AlertBatch([alert_over(events_of(other))], with_keys(other))], clock, name="rates 2")
    assert rows(path, "SELECT amount_usd FROM events") == [(Decimal("2.00"),)]
    assert rows(path, "SELECT run_id, amount_usd FROM alert_history ORDER BY amount_usd") == [
        (run_info("rates 1").run_id, Decimal("1.00")),
        (run_info("rates 2").run_id, Decimal("2.00")),
    ]


def test_the_id_of_a_run_follows_from_inputs_parameters_and_versions() -> None:
    one, two = run_info("a.csv"), run_info("b.csv")
    assert one.run_id == run_info("a.csv").run_id
    assert len({one.run_id, two.run_id, run_info("a.csv", line=9000).run_id}) == 3
    assert one.of([*one.inputs, *two.inputs], {}, {}).run_id == one.of([*two.inputs, *one.inputs], {}, {}).run_id
    assert one.of(one.inputs, {}, {"feiqian": "0.2.0"}).run_id != one.of(one.inputs, {}, {"feiqian": "0.1.0"}).run_id


def test_inputs_parameters_and_versions_of_a_run_are_recorded(path: Path) -> None:
    with open_store(path, Ticking()) as store:
        assert store.begin_run(run_info("a.csv", line=9000)) is False
        store.finish_run({})
        assert store.begin_run(run_info("a.csv", line=9000)) is True
    assert rows(path, "SELECT inputs, params, versions FROM runs") == [
        (
            [{"name": "a.csv", "fingerprint": "hash of a.csv", "n_bytes": 100}],
            '{"line":9000}',
            [{"name": "cash_line", "version": "1.0.0"}, {"name": "feiqian", "version": "0.1.0"}],
        )
    ]


def test_a_buffer_writes_when_it_is_full_and_at_the_end(path: Path) -> None:
    with open_store(path, Ticking()) as store:
        store.begin_run(run_info())
        with Buffer(store, max_rows=10) as buffer:
            for alerts, cited in growing_alerts(4):
                buffer.add(AlertBatch(alerts, cited))
        store.finish_run(COUNTERS)
    assert rows(path, "SELECT count(DISTINCT recorded_at), count(*) FROM alert_history") == [(2, 12)]


def test_a_buffer_does_not_write_after_an_error(path: Path) -> None:
    with open_store(path, Ticking()) as store:
        store.begin_run(run_info())
        with pytest.raises(RuntimeError), Buffer(store) as buffer:  # noqa: PT012 (the block is what is tested)
            buffer.add(AlertBatch(rejected=rejected_rows("x")))
            raise RuntimeError
        store.finish_run({})
    assert rows(path, "FROM rejected") == []
