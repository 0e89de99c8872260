"""What small histories cannot reach: many subjects, long windows, crowded instants, amounts wider than 63 bits."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from tests.typologies.base.nasty import DETECTORS, START, moment
from typologies.base import runner as runner_module
from typologies.base.cases import events_frame
from typologies.base.settings import EngineSettings
from typologies.base.trials import (
    Drive,
    History,
    Idle,
    arrival_order,
    delays_us,
    differences,
    drive,
    history,
    in_batches,
    reference,
    with_restarts,
)

NAMES = ("the runner", "the reference")


@pytest.fixture(autouse=True)
def _compacts_early(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner_module, "_COMPACT_ABOVE", 200)


def _random(n: int, n_accounts: int, days: int, rng: np.random.Generator) -> list[dict[str, Any]]:
    """Return payments whose busiest account has about a third of them."""
    shares = 1 / np.arange(1, n_accounts + 1) ** 1.2
    ends = rng.choice(n_accounts, (n, 2), p=shares / shares.sum())
    minutes = rng.integers(0, days * 24 * 60, n)
    return [
        {
            "event_id": f"e{i}",
            "event_time": START + timedelta(minutes=int(minutes[i])),
            "debtor_account": f"konto-{ends[i, 0]}-é",
            "creditor_account": f"account {ends[i, 1]} with a rather long name",
            "amount": int(rng.integers(1, 6)) * 100_00,
            "memo": None if i % 3 else f"memo {i}",
        }
        for i in range(n)
    ]


def _agree(past: History, names: tuple[str, ...], rng: np.random.Generator, batch: int) -> None:
    bound = [DETECTORS[name] for name in names]
    schedule = with_restarts(in_batches(arrival_order(past, delays_us(past, rng), rng), batch), rng, 0.05)
    expected = reference(bound, past)
    assert expected
    assert differences(drive(bound, past, schedule, fresh=True), expected, NAMES) == []


def test_hundreds_of_subjects_and_thousands_of_events_agree() -> None:
    rng = np.random.default_rng(1)
    past = history("growth", events_frame(_random(1_500, 600, 40, rng)))
    _agree(past, ("counted", "largest", "summed"), rng, batch=97)


def test_windows_longer_than_any_first_guess_agree() -> None:
    rng = np.random.default_rng(2)
    past = history("hub", events_frame(_random(620, 2, 3, rng)))
    _agree(past, ("hub_total", "counted"), rng, batch=211)


def test_hubs_above_the_cap_agree() -> None:
    rng = np.random.default_rng(3)
    settings = EngineSettings(lateness=timedelta(hours=20), row_cap=60)
    past = history("capped", events_frame(_random(500, 5, 8, rng)), settings=settings)
    _agree(past, ("hub_total", "everything"), rng, batch=53)


def test_a_retraction_finds_its_event_among_hundreds_of_the_same_instant() -> None:
    rows = [
        {
            "event_id": f"e{i}",
            "event_time": moment(0),
            "creditor_account": "hub",
            "debtor_account": f"x{i}",
            "amount": 1_00,
        }
        for i in range(700)
    ]
    gone = [{"kind": "retraction", "event_id": f"e{i}"} for i in range(0, 700, 7)]
    past = history("crowd", events_frame([*rows, *gone]))
    bound = [DETECTORS["hub_total"]]
    expected = reference(bound, past)
    found = drive(bound, past, in_batches(range(800), [700]), fresh=True)
    assert differences(found, expected, NAMES) == []
    (alert,) = [a for a in found.values() if a.subject_id == "hub"]
    assert alert.n_events == 600


def test_amounts_wider_than_63_bits_agree() -> None:
    wide = 340_282_366_920_938_463_463_374_607
    rows = [
        {
            "event_id": f"e{i}",
            "event_time": moment(i),
            "creditor_account": "a",
            "debtor_account": "b",
            "currency": "ETH",
            "exponent": 18,
            "amount": wide + i,
            "amount_usd": None if i % 2 else 400_00,
        }
        for i in range(12)
    ]
    past = history("wide", events_frame(rows))
    _agree(past, ("everything", "arithmetic"), np.random.default_rng(4), batch=3)


def test_memory_follows_what_is_retained_not_what_was_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner_module, "_COMPACT_ABOVE", 1)
    rng = np.random.default_rng(5)
    past = history("year", events_frame(_random(6_000, 50, 360, rng)))
    run = Drive([DETECTORS["counted"]], past, fresh=True)
    sizes: list[int] = []
    for step in in_batches(range(past.frame.height), 200):
        run.step(step)
        sizes.append(len(run.runner.snapshot()))
    assert run.runner.n_retained < past.frame.height / 10
    assert max(sizes[15:]) < 1.5 * max(sizes[5:15])
    held = run.runner.n_bytes
    run.step(Idle(past.clock_us + 10**13))
    run.step(Idle(past.clock_us + 2 * 10**13))
    assert run.runner.n_retained == 0
    assert run.runner.n_bytes < held
