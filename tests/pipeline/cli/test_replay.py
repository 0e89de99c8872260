"""`feiqian replay`: options, reports and exit codes."""

from __future__ import annotations

import csv
import io
import json
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from pipeline.cli import exits, report
from pipeline.cli.progress import ProgressMode, Reporter, as_json, line
from pipeline.storage.store import AlertStore
from replay.config import Progress, ReplayConfig, ReplayReport
from tests.pipeline.cli.conftest import Feiqian, write_by_hand
from typologies.base.errors import BrokenInvariant

HEADER = "event_time,kind,rail,debtor_account,creditor_account,amount,currency,event_id\n"
GOOD = "2026-01-05T10:00:00Z,payment,wire,a,b,10.00,USD,e1\n"
BAD = "2026-01-05T10:00:00Z,payment,wire,a,b,ten,USD,e2\n"


@pytest.fixture
def good(tmp_path: Path) -> Path:
    """A file of two good records."""
    path = tmp_path / "good.csv"
    path.write_text(HEADER + GOOD + GOOD.replace("e1", "e3"))
    return path


@pytest.fixture
def mixed(tmp_path: Path) -> Path:
    """A file with a good and a bad record."""
    path = tmp_path / "mixed.csv"
    path.write_text(HEADER + GOOD + BAD)
    return path


# What it reports


def test_the_report_counts_every_record(feiqian: Feiqian, mixed: Path, tmp_path: Path) -> None:
    result = feiqian("replay", mixed, "--db", "a.duckdb", "-o", "json")
    assert result.exit_code == exits.OK
    body = json.loads(result.stdout)
    assert body["schema"] == "feiqian.replay.v1"
    counted = ("accepted", "retraction", "rejected", "duplicate", "late", "context")
    assert body["counters"]["read"] == 2 == sum(body["counters"][name] for name in counted)
    assert body["rejected_reasons"][0]["n"] == 1
    assert "ten" in body["rejected_reasons"][0]["reason"]
    assert (tmp_path / "a.duckdb").is_file()


def test_the_report_as_a_table_says_what_was_wrong_and_what_comes_next(feiqian: Feiqian, mixed: Path) -> None:
    result = feiqian("replay", mixed, "--db", "a.duckdb")
    for heading in ("RECORDS", "WHY RECORDS WERE REJECTED", "ALERTS"):
        assert f"\n{heading}" in result.stdout
    assert "ten" in result.stdout
    assert "feiqian alerts list --db a.duckdb" in result.stderr


def test_the_report_as_csv_has_a_line_a_figure(feiqian: Feiqian, mixed: Path) -> None:
    text = feiqian("replay", mixed, "--db", "a.duckdb", "-o", "csv").stdout
    lines = {(row["part"], row["name"]): row["value"] for row in csv.DictReader(io.StringIO(text))}
    assert lines["counter", "read"] == "2"
    assert lines["counter", "rejected"] == "1"


def test_labels_in_the_files_are_compared_with_the_alerts_afterwards(feiqian: Feiqian, data: Path) -> None:
    folder = data / "amlworld-excerpt"
    files = (folder / "excerpt_Trans.csv", folder / "excerpt_Patterns.txt")
    body = json.loads(feiqian("replay", *files, "--db", "a.duckdb", "-o", "json").stdout)
    labels = body["labels"]
    assert labels["events"] == 39
    assert labels["patterns"] == 8
    assert 0 < labels["found_patterns"] <= labels["patterns"]
    assert 0 < labels["cited_events"] <= labels["events"]
    assert labels["alerts_on_labels"] == labels["alerts"] == sum(row["n_alerts"] for row in body["alerts"])


def test_labels_of_accounts_count_accounts(feiqian: Feiqian, data: Path) -> None:
    result = feiqian("replay", data / "amlsim-30acct", "--db", "a.duckdb")
    assert result.exit_code == exits.OK
    assert "of 4 accounts labelled illicit" in " ".join(result.stdout.split())
    assert "of 2 labelled patterns" in " ".join(result.stdout.split())


def test_the_same_replay_again_changes_nothing(feiqian: Feiqian, world: Path) -> None:
    again = ("replay", world, "--db", "a.duckdb", "--progress", "off")
    assert feiqian(*again).exit_code == exits.OK
    first = feiqian("runs", "list", "--db", "a.duckdb", "-o", "csv").stdout
    assert feiqian(*again).exit_code == exits.OK
    assert feiqian("runs", "list", "--db", "a.duckdb", "-o", "csv").stdout == first


@pytest.mark.parametrize("option", [("--batch", "1000"), ("--shuffle", "5"), ("--memory", "1MiB")])
def test_what_must_change_no_alert_changes_none(
    option: tuple[str, str], feiqian: Feiqian, world: Path, world_db: Path
) -> None:
    assert feiqian("replay", world, "--db", "a.duckdb", "--progress", "off", *option).exit_code == exits.OK
    result = feiqian("compare", world_db, "a.duckdb")
    assert result.stdout.startswith("identical: ")
    assert result.exit_code == exits.OK


# Options arrive where they belong


def test_every_option_reaches_the_engine(
    feiqian: Feiqian, good: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[ReplayConfig] = []

    def record(config: ReplayConfig, **_: Any) -> ReplayReport:
        taken.append(config)
        write_by_hand(config.db, 1)
        return ReplayReport("RUN-1", {"read": 1, "accepted": 1}, {}, [], 1.0, {}, None, None, None, [])

    monkeypatch.setattr("replay.engine.replay", record)
    (tmp_path / "p.toml").write_text("[structuring]\nmin_deposits = 4\n")
    options = (
        *("--format", "mapped", "--mapping", "m.toml", "--timezone", "Asia/Shanghai", "--business-zone", "UTC"),
        *("--source", "core", "-t", "structuring", "-t", "pass_through", "--params", "p.toml", "--rates", "r.csv"),
        *("--batch", "7", "--shuffle", "3", "--as-arrived", "--lateness", "2h", "--reversals", "3d"),
        *("--row-cap", "50", "--memory", "64MiB", "--option", "known_files=any", "--option", "a=b"),
    )
    assert feiqian("replay", good, "more", "--db", "a.duckdb", *options).exit_code == exits.OK
    (config,) = taken
    assert config.paths == (good, Path("more"))
    assert (config.format, config.mapping) == ("mapped", Path("m.toml"))
    assert (config.timezone, config.business_zone) == (ZoneInfo("Asia/Shanghai"), ZoneInfo("UTC"))
    assert (config.source, config.typologies) == ("core", ("structuring", "pass_through"))
    assert config.params == {"structuring": {"min_deposits": 4}}
    assert (config.rates, config.batch, config.shuffle, config.as_arrived) == (Path("r.csv"), 7, 3, True)
    assert config.settings.lateness == timedelta(hours=2)
    assert config.settings.reversals_within == timedelta(days=3)
    assert (config.settings.row_cap, config.memory_bytes) == (50, 64 << 20)
    assert config.extra == {"known_files": "any", "a": "b"}


def test_defaults_are_those_of_the_engine(feiqian: Feiqian, good: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[ReplayConfig] = []

    def record(config: ReplayConfig, **_: Any) -> ReplayReport:
        taken.append(config)
        write_by_hand(config.db, 1)
        return ReplayReport("RUN-1", {"read": 1, "accepted": 1}, {}, [], 1.0, {}, None, None, None, [])

    monkeypatch.setattr("replay.engine.replay", record)
    assert feiqian("replay", good, "--db", "a.duckdb").exit_code == exits.OK
    assert taken == [ReplayConfig(paths=(good,), db=Path("a.duckdb"))]


def test_a_mapping_alone_means_the_format_mapped(feiqian: Feiqian, data: Path) -> None:
    folder = data / "mapped"
    result = feiqian("replay", folder / "movements.csv", "--mapping", folder / "movements.toml", "--db", "a.duckdb")
    assert result.exit_code == exits.OK


# Exit codes


def test_bad_records_alone_are_no_failure_unless_it_is_strict(feiqian: Feiqian, mixed: Path) -> None:
    assert feiqian("replay", mixed, "--db", "a.duckdb").exit_code == exits.OK
    result = feiqian("replay", mixed, "--db", "a.duckdb", "--strict")
    assert result.exit_code == exits.UNUSABLE
    assert "1 records were rejected" in result.stderr


def test_input_without_a_single_usable_record_is_unusable(feiqian: Feiqian, tmp_path: Path) -> None:
    (tmp_path / "bad.csv").write_text(HEADER + BAD)
    result = feiqian("replay", "bad.csv", "--db", "a.duckdb")
    assert result.exit_code == exits.UNUSABLE
    assert "none of 1 records could be used" in result.stderr


def test_fail_on_counts_alerts_at_least_as_severe(feiqian: Feiqian, world: Path, good: Path) -> None:
    result = feiqian("replay", world, "--db", "a.duckdb", "--progress", "off", "--fail-on", "high")
    n = int(json.loads(feiqian("alerts", "list", "--db", "a.duckdb", "-s", "high", "-o", "json").stdout)["total"])
    assert result.exit_code == exits.ALERTS
    assert f"{n} alerts of severity high or above" in result.stderr
    assert feiqian("replay", good, "--db", "b.duckdb", "--fail-on", "low").exit_code == exits.OK


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("missing.csv", "--db", "a.duckdb"), exits.UNUSABLE, "missing.csv"),
        (("empty.csv", "--db", "a.duckdb"), exits.UNUSABLE, "empty.csv"),
        (("letter.txt", "--db", "a.duckdb"), exits.UNUSABLE, "--format mapped"),
        (("good.csv", "--db", "a.duckdb", "--format", "swift"), exits.UNUSABLE, "canonical"),
        (("good.csv", "--db", "a.duckdb", "--format", "saml-d"), exits.UNUSABLE, "good.csv"),
        (("good.csv", "--db", "nowhere/a.duckdb"), exits.UNUSABLE, "nowhere"),
        (("good.csv", "--db", "letter.txt"), exits.UNUSABLE, "letter.txt"),
        (("good.csv", "--db", "a.duckdb", "--typologies", "smurfs"), exits.USAGE, "structuring"),
        (("good.csv", "--db", "a.duckdb", "--lateness", "soon"), exits.USAGE, "--lateness"),
        (("good.csv", "--db", "a.duckdb", "--timezone", "Mars"), exits.USAGE, "--timezone"),
        (("good.csv", "--db", "a.duckdb", "--memory", "much"), exits.USAGE, "--memory"),
        (("good.csv", "--db", "a.duckdb", "--option", "x"), exits.USAGE, "--option"),
        (("good.csv", "--db", "a.duckdb", "--batch", "0"), exits.USAGE, "--batch"),
        (("good.csv",), exits.USAGE, "--db"),
    ],
)
def test_what_cannot_be_done_is_said_with_place_and_remedy(
    arguments: tuple[str, ...], code: int, message: str, feiqian: Feiqian, good: Path, tmp_path: Path
) -> None:
    (tmp_path / "empty.csv").write_text("")
    (tmp_path / "letter.txt").write_text("Dear Sir or Madam,\nplease find enclosed nothing.\n" * 100)
    result = feiqian("replay", *arguments)
    assert result.exit_code == code
    assert message in result.stderr
    assert "Traceback" not in result.output


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[structuring]\nmin_depots = 4\n", "params.toml [structuring]: no parameter 'min_depots'"),
        ("[structuring]\nmin_deposits = 1\n", "params.toml [structuring]: min_deposits must be at least 3"),
        ("[structuring]\nmin_deposits = 'four'\n", "params.toml [structuring]: min_deposits must be a whole number"),
        ("[smurfs]\nn = 1\n", "params.toml: [smurfs] is no typology"),
        ("n = 1\n", "params.toml: n must stand in the table of a typology"),
        ("[structuring\n", "params.toml: a parameter file must be TOML"),
    ],
)
def test_a_wrong_parameter_is_named_with_file_and_key(text: str, message: str, feiqian: Feiqian, good: Path) -> None:
    Path("params.toml").write_text(text)
    result = feiqian("replay", good, "--db", "a.duckdb", "--params", "params.toml")
    assert result.exit_code == exits.USAGE
    assert message in result.stderr
    assert not Path("a.duckdb").exists()


def test_a_missing_parameter_file_is_named(feiqian: Feiqian, good: Path) -> None:
    result = feiqian("replay", good, "--db", "a.duckdb", "--params", "none.toml")
    assert result.exit_code == exits.USAGE
    assert "none.toml" in result.stderr


def test_a_store_that_another_one_writes_is_a_failure_not_a_wrong_input(feiqian: Feiqian, good: Path) -> None:
    with AlertStore.open(Path("a.duckdb")):
        result = feiqian("replay", good, "--db", "a.duckdb")
    assert result.exit_code == exits.FAILURE
    assert "a.duckdb" in result.stderr


def test_an_interrupted_replay_says_what_is_left(feiqian: Feiqian, good: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: Any, **__: Any) -> ReplayReport:
        raise KeyboardInterrupt

    monkeypatch.setattr("replay.engine.replay", interrupt)
    result = feiqian("replay", good, "--db", "a.duckdb")
    assert result.exit_code == exits.INTERRUPTED
    assert "the same command completes it" in result.stderr


def test_a_replay_can_be_interrupted_and_completed(
    feiqian: Feiqian, world: Path, world_db: Path, tmp_path: Path
) -> None:
    db = tmp_path / "a.duckdb"
    command = [sys.executable, "-m", "pipeline", "replay", str(world), "--db", str(db), "--progress", "json"]
    with subprocess.Popen([*command, "--batch", "1"], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL) as process:
        assert process.stderr is not None
        assert process.stderr.readline().startswith(b"{")
        process.send_signal(signal.SIGINT)
        said = process.stderr.read().decode()
    assert process.returncode == exits.INTERRUPTED
    assert "the same command completes it" in said
    assert "Traceback" not in said
    assert "no" in feiqian("runs", "list", "--db", db).stdout.split()
    assert feiqian("replay", world, "--db", db, "--progress", "off").exit_code == exits.OK
    assert feiqian("compare", world_db, db).exit_code == exits.OK


def test_a_broken_invariant_is_a_failure(feiqian: Feiqian, good: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> ReplayReport:
        raise BrokenInvariant("an accepted change acts below the floor")

    monkeypatch.setattr("replay.engine.replay", fail)
    assert feiqian("replay", good, "--db", "a.duckdb").exit_code == exits.FAILURE


# Progress

STATE = Progress(
    events=1_500_000,
    event_time=datetime(2026, 2, 3, 4, 5, tzinfo=UTC),
    alerts=12,
    seconds=2.0,
    done_bytes=50,
    total_bytes=200,
)


def test_progress_tells_rate_clock_and_alerts() -> None:
    assert line(STATE).split(" · ") == [
        "  1,500,000 events",
        "750,000/s",
        "at 2026-02-03 04:05",
        "12 alerts",
        "25% read",
    ]
    assert as_json(STATE) == {
        "events": 1_500_000,
        "events_per_second": 750_000,
        "event_time": "2026-02-03T04:05:00Z",
        "alerts": 12,
        "seconds": 2.0,
        "done_bytes": 50,
        "total_bytes": 200,
    }


def test_json_progress_is_one_object_a_line(feiqian: Feiqian, good: Path) -> None:
    result = feiqian("replay", good, "--db", "a.duckdb", "--progress", "json")
    states = [json.loads(text) for text in result.stderr.splitlines() if text.startswith("{")]
    assert states[-1]["events"] == 2
    assert states[-1]["done_bytes"] == states[-1]["total_bytes"]


def test_nothing_is_animated_without_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with Reporter(ProgressMode.AUTO) as reporter:
        for seconds in (1.0, 5.0, 11.0, 12.0, 22.0):
            reporter(Progress(1, None, 0, seconds, 0, 0))
    written = capsys.readouterr().err
    assert "\r" not in written
    assert len(written.splitlines()) == 2


def test_on_a_terminal_one_line_is_written_over_and_cleared(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.cli.progress.is_terminal", lambda _: True)
    with Reporter(ProgressMode.AUTO) as reporter:
        reporter(STATE)
        reporter(STATE)
    written = capsys.readouterr().err
    assert "\n" not in written
    assert written.endswith("\r\x1b[K")


def test_every_counter_of_the_engine_is_explained(feiqian: Feiqian, good: Path) -> None:
    body = json.loads(feiqian("replay", good, "--db", "a.duckdb", "-o", "json").stdout)
    assert set(report.COUNTERS) <= set(body["counters"])


def test_a_folder_is_read_without_its_truth(feiqian: Feiqian, tmp_path: Path, good: Path) -> None:
    (tmp_path / "in" / "truth").mkdir(parents=True)
    good.rename(tmp_path / "in" / "good.csv")
    pl.DataFrame({"event_id": ["e1"], "case_id": ["C1"]}).write_parquet(tmp_path / "in" / "truth" / "events.parquet")
    body = json.loads(feiqian("replay", "in", "--db", "a.duckdb", "-o", "json").stdout)
    assert body["counters"]["read"] == 2
    assert body["counters"]["refused_files"] == 0
