"""Every measurement runs at a tiny size and its variants agree. No times are looked at."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from benchmarks import constant_rate, engine_batches, fx, hashing, readers, replay_end_to_end, startup, store_variants
from benchmarks.report import Report, exit_code, finish

Main = Callable[[Sequence[str]], Report]

SMALL: dict[str, tuple[Main, str]] = {
    "engine_batches": (
        engine_batches.main,
        "--events 20000 --accounts 3000 --days 40 --lead 3000 --single 60 --batches 5000,200,1 --profile",
    ),
    "constant_rate": (constant_rate.main, "--max 110000 --per-day 1000 --accounts 4000"),
    "fx": (fx.main, "--events 3000 --slice 40 --runs 1 --days 60"),
    "hashing": (hashing.main, "--events 3000 --slice 1000 --runs 1"),
    "readers": (readers.main, "--rows 1500 --runs 1"),
    "store_variants": (
        store_variants.main,
        "--events 4000 --slow 2500 --accounts 200 --days 30 --batches 100,1000",
    ),
}


@pytest.mark.parametrize("name", SMALL)
def test_a_measurement_runs_and_its_variants_agree(name: str, tmp_path: Path) -> None:
    main, arguments = SMALL[name]
    check(main([*arguments.split(), "--out", str(tmp_path / "out.json")]), tmp_path / "out.json")


def test_replay_end_to_end_runs_and_its_variants_agree(tmp_path: Path) -> None:
    small = "--events 20000 --accounts 3000 --days 40 --slice 6000 --runs 1 --same-process"
    out = tmp_path / "out.json"
    report = replay_end_to_end.main([*small.split(), "--work", str(tmp_path / "work"), "--out", str(out)])
    check(report, out)


def test_startup_runs_and_sees_the_first_alert_of_the_demo(tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    check(startup.main(["--runs", "0", "--demo-runs", "0", "--out", str(out)]), out)


def check(report: Report, out: Path) -> None:
    """All compared variants agree, something was compared, and the file says the same."""
    assert [c for c in report.checks if not c.is_equal] == []
    assert report.checks
    assert all(table.rows for table in report.tables)
    written = json.loads(out.read_text())
    assert [c["what"] for c in written["checks"]] == [c.what for c in report.checks]
    assert written["machine"]["packages"]


def test_variants_that_disagree_fail_the_measurement(tmp_path: Path) -> None:
    report = Report("none", {})
    report.table("none").add(seconds=0.0)
    report.check("two and two are four", 4, 4)
    assert exit_code(report) == 0
    report.check("two and two are five", 4, 5)
    assert exit_code(finish(report, tmp_path / "out.json")) == 1
    assert [c["equal"] for c in json.loads((tmp_path / "out.json").read_text())["checks"]] == [True, False]


def test_checkpoints_grow_by_one_two_five() -> None:
    assert constant_rate.checkpoints(1_500_000) == [100_000, 200_000, 500_000, 1_000_000, 1_500_000]
    assert constant_rate.checkpoints(1_000_000)[-2:] == [500_000, 1_000_000]
    assert constant_rate.checkpoints(30) == [30]
