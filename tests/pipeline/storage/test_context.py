"""The store keeps the context versions that alerts cite, and no others."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from pipeline.storage.batch import AlertBatch
from pipeline.storage.errors import InvalidBatch
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
)
from typologies.base.facts import Fact, cash_values

PROFILE = Fact(
    "account_profile",
    "acc-1",
    START - timedelta(days=400),
    START - timedelta(days=399),
    {"occupation": "étudiant", "holders": ("p1", "p2"), "is_ctr_exempt": False, **cash_values(300)},
)
PLACE = Fact("place", "US-TX", START, START, {"name": "Texas"}, START + timedelta(days=9))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "alerts.duckdb"


def batch(*facts: Fact) -> AlertBatch:
    """An alert that used these versions, with all that belongs to it."""
    frame = canonical([{}, {}])
    alert = replace(alert_over(events_of(frame)), context=tuple(sorted(fact.content_hash() for fact in facts)))
    return AlertBatch([alert], with_keys(frame), context=facts)


def write(path: Path, *batches: AlertBatch) -> None:
    """Write a finished run."""
    with open_store(path) as store:
        store.begin_run(run_info())
        for one in batches:
            store.write(one)
        store.finish_run({})


def test_a_cited_version_is_kept_with_its_times_and_values(path: Path) -> None:
    write(path, batch(PROFILE, PLACE))
    columns = "version, context_table, key, valid_from, valid_to, known_at, content"
    found = rows(path, f"SELECT {columns} FROM alert_context ORDER BY context_table")
    assert [row[:6] for row in found] == [
        (f.content_hash(), f.table, f.key, f.valid_from, f.valid_to, f.known_at) for f in (PROFILE, PLACE)
    ]
    assert json.loads(found[0][6]) == {
        "occupation": "étudiant",
        "holders": ["p1", "p2"],
        "is_ctr_exempt": False,
        **cash_values(300),
    }
    assert rows(path, "SELECT content->>'occupation' FROM alert_context WHERE key = 'acc-1'") == [("étudiant",)]


def test_a_version_handed_over_twice_is_kept_once(path: Path) -> None:
    write(path, batch(PROFILE), batch(PROFILE, PROFILE, PLACE))
    assert rows(path, "SELECT count(*) FROM core.fact") == [(2,)]


def test_context_and_alert_are_written_together_or_not_at_all(path: Path) -> None:
    whole = batch(PROFILE)
    with open_store(path) as store:
        store.begin_run(run_info())
        with pytest.raises(InvalidBatch):
            store.write(replace(whole, cited=None))
    assert rows(path, "SELECT count(*) FROM core.fact") == [(0,)]


def test_a_rerun_keeps_what_is_cited_and_drops_what_no_alert_cites_any_more(path: Path) -> None:
    write(path, batch(PROFILE, PLACE))
    before = dump(path)
    write(path, batch(PROFILE, PLACE))
    assert dump(path) == before
    write(path, batch(PLACE))
    assert rows(path, "SELECT key FROM core.fact") == [("US-TX",)]


def test_a_withdrawn_alert_keeps_its_context_for_the_history(path: Path) -> None:
    given = batch(PROFILE)
    write(path, given, AlertBatch([withdrawn(given.alerts[0])]))
    assert rows(path, "SELECT count(*) FROM alert_context") == [(0,)]
    assert rows(path, "SELECT version FROM core.fact") == [(PROFILE.content_hash(),)]


def test_a_version_that_the_file_does_not_hold_is_shown_by_its_hash(path: Path) -> None:
    ((alerts, cited),) = growing_alerts(1)
    with open_store(path, Ticking()) as store:
        store.begin_run(run_info())
        store.write(AlertBatch(alerts, cited))
        store.finish_run({})
    assert rows(path, "SELECT version, context_table, content FROM alert_context") == [("c0ffee", None, None)]
    told = rows(path, "SELECT text FROM explain_alert((SELECT alert_id FROM alerts)) WHERE part = 'context'")
    assert told == [("c0ffee",)]


def test_an_explanation_names_values_and_since_when_they_are_valid(path: Path) -> None:
    write(path, batch(PROFILE))
    ((text, observed),) = rows(
        path, "SELECT text, observed FROM explain_alert((SELECT alert_id FROM alerts)) WHERE part = 'context'"
    )
    assert text.startswith("account_profile acc-1: {")
    assert '"occupation":"étudiant"' in text
    assert observed == f"valid from {PROFILE.valid_from:%Y-%m-%d}"
