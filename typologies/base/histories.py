"""Random histories that matter to one typology: what its scenarios and golden cases show, cut, mixed and disturbed.

A history starts from fragments of sequences on which the typology has something to decide, adds ordinary traffic made
of the same rows at other times, amounts and subjects, and then does what feeds do: ties in time, events exactly one
look-back or one lateness apart, missing rates, the same event again, other content under one id, retractions. All of
it follows from a seeded generator.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import polars as pl

from typologies.base.cases import events_frame, load_cases
from typologies.base.catalogue import Typology
from typologies.base.encoding import encode
from typologies.base.errors import CatalogueError
from typologies.base.facts import Fact, FactValue
from typologies.base.scenarios import scenarios_of
from typologies.base.settings import EngineSettings
from typologies.base.strings import Interner
from typologies.base.trials import History, history

N_EVENTS = (10, 200)
"""Fewest and most events of a history, before duplicates and retractions."""

_SUBJECT_COLUMNS = ("debtor_account", "creditor_account", "debtor", "creditor", "conductor", "on_behalf_of")

# Shares of rows that are disturbed in the wildest histories, judgement: often enough to meet each disturbance in a few
# histories, rare enough that what the typology looks for survives in some.
_NO_RATE, _OTHER_AMOUNT, _OTHER_SUBJECT = 0.08, 0.10, 0.05
_TIE, _LOOK_BACK_APART, _LATENESS_APART = 0.08, 0.05, 0.03
_DUPLICATE, _OTHER_CONTENT, _RETRACTED = 0.10, 0.03, 0.06
_OTHER_PROFILE = 0.3

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Material:
    """Rows on which a typology has something to decide, with their context; `fires`: undisturbed, they are found."""

    rows: tuple[Row, ...]
    facts: tuple[Fact, ...]
    fires: bool


@dataclass(frozen=True, slots=True)
class Pool:
    """What random histories of one typology are made of."""

    label: str
    sequences: tuple[Material, ...]
    look_back: timedelta


def pool_of(typology: Typology, rng: np.random.Generator, n_draws: int = 3) -> Pool:
    """Return the sequences of a typology: `n_draws` of each scenario, and every golden case.

    Raises
    ------
    CatalogueError
        The folder has neither scenarios nor cases.
    """
    positive, look_alike = scenarios_of(typology)
    sequences = [
        Material(_rows(scenario.frame()), tuple(scenario.facts), draw is positive)
        for draw in (positive, look_alike)
        for scenario in (draw(rng) for _ in range(n_draws))
    ]
    sequences += [
        Material(_rows(c.frame), c.facts, bool(c.expect) and not c.params) for c in load_cases(typology.folder)
    ]
    sequences = [s for s in sequences if s.rows]
    if not sequences:
        raise CatalogueError(f"{typology.id}: scenarios or golden cases with events are required, found none")
    return Pool(typology.id, tuple(sequences), typology.bind().detector.look_back)


def _rows(frame: pl.DataFrame) -> tuple[Row, ...]:
    return tuple(row for row in frame.to_dicts() if row["kind"] != "retraction")


def random_histories(
    pool: Pool, rng: np.random.Generator, n: int, settings: EngineSettings | None = None
) -> list[History]:
    """Return `n` random histories.

    Parameters
    ----------
    pool
        What they are made of.
    rng
        Seeded generator.
    n
        How many.
    settings
        Lateness and the rest; None: the defaults.
    """
    used = settings or EngineSettings()
    return [_history(pool, rng, f"{pool.label}, history {i}", used) for i in range(n)]


def _history(pool: Pool, rng: np.random.Generator, label: str, settings: EngineSettings) -> History:
    # Some histories are nearly as the scenario tells them, others hardly recognisable.
    wildness = float(rng.choice([0.1, 0.4, 1.0]))
    rows, facts = _fragments(pool, wildness, rng)
    n_events = max(N_EVENTS[0], round(len(rows) * (1 + 4 * wildness * rng.random())))
    while len(rows) < n_events:
        rows.append(_ordinary(rows, pool.look_back, wildness, rng))
    if len(rows) > N_EVENTS[1]:
        kept = sorted(rng.choice(len(rows), N_EVENTS[1], replace=False).tolist())
        rows = [rows[i] for i in kept]
    for i, row in enumerate(rows):
        row["event_id"] = f"h{i}"
    _disturb(rows, pool.look_back, settings.lateness, wildness, rng)
    deliveries = _deliveries(rows, rng)
    return history(label, events_frame(deliveries, label), [*facts, *_other_versions(facts, rows, rng)], settings)


def _fragments(pool: Pool, wildness: float, rng: np.random.Generator) -> tuple[list[Row], list[Fact]]:
    rows: list[Row] = []
    # Of two versions that begin and become known together the hash chooses: such a choice says nothing here.
    facts: dict[tuple[object, ...], Fact] = {}
    start: datetime | None = None
    firing = [s for s in pool.sequences if s.fires] or pool.sequences
    for i in range(1 + int(rng.integers(0, 3) * wildness + 0.5)):
        choices = firing if i == 0 and rng.random() < 0.8 else pool.sequences
        sequence = choices[int(rng.integers(len(choices)))]
        whole = sequence.rows
        first, last = 0, len(whole)
        if rng.random() < 0.5 * wildness:
            first, last = sorted(rng.integers(0, len(whole) + 1, 2).tolist())
        # Whole days keep weekdays apart from dates, and business days in step with times.
        days = 0
        if start is None:
            start = whole[0]["event_time"]
        else:
            days = (start - whole[0]["event_time"]).days + int(rng.integers(0, pool.look_back.days + 2))
        rows += [_later(row, days) for row in whole[first:last]]
        facts |= {(fact.table, fact.key, fact.valid_from, fact.known_at): fact for fact in sequence.facts}
    if not rows:
        rows = [dict(pool.sequences[0].rows[0])]
    return rows, list(facts.values())


def _later(row: Row, days: int) -> Row:
    moved = {**row, "event_time": row["event_time"] + timedelta(days=days)}
    if row["business_date"] is not None:
        moved["business_date"] = row["business_date"] + timedelta(days=days)
    return moved


def _ordinary(rows: Sequence[Row], look_back: timedelta, wildness: float, rng: np.random.Generator) -> Row:
    """Return a row like one that is there, at another time, for another amount, mostly between other subjects."""
    row = dict(rows[int(rng.integers(len(rows)))])
    times = [r["event_time"] for r in rows]
    begin, end = min(times) - look_back / 2, max(times) + look_back / 2
    moment = begin + timedelta(seconds=int(rng.integers(0, max(int((end - begin).total_seconds()), 1))))
    if row["business_date"] is not None:
        row["business_date"] += timedelta(days=(moment.date() - row["event_time"].date()).days)
    row["event_time"] = moment
    _rescale(row, float(rng.uniform(0.05, 1.2)))
    for name in _SUBJECT_COLUMNS:
        if row[name] is not None and rng.random() < 1 - wildness / 2:
            row[name] = _other_subject(rows, name, rng) if rng.random() < wildness else f"{name}-o{rng.integers(3)}"
    return row


def _rescale(row: Row, factor: float) -> None:
    """Change the amount; the USD value, where known, follows."""
    before = row["amount"]
    row["amount"] = max(1, int(before * factor))
    for name in ("counter_amount", "amount_usd"):
        if row[name] is not None:
            row[name] = max(1, row[name] * row["amount"] // max(before, 1))


def _other_subject(rows: Sequence[Row], name: str, rng: np.random.Generator) -> str:
    known = sorted({r[name] for r in rows if r[name] is not None})
    choices = [*known, f"{name}-o1", f"{name}-o2"]
    choice: str = choices[int(rng.integers(len(choices)))]
    return choice


def _disturb(
    rows: list[Row], look_back: timedelta, lateness: timedelta, wildness: float, rng: np.random.Generator
) -> None:
    for row in rows:
        if rng.random() < _NO_RATE * wildness:
            row["amount_usd"] = None
        if rng.random() < _OTHER_AMOUNT * wildness:
            _rescale(row, float(rng.uniform(0.3, 3.0)))
        if rng.random() < _OTHER_SUBJECT * wildness:
            name = _SUBJECT_COLUMNS[int(rng.integers(2))]
            row[name] = row[name] and _other_subject(rows, name, rng)
        other = rows[int(rng.integers(len(rows)))]["event_time"]
        draw = rng.random() / wildness
        if draw < _TIE:
            row["event_time"] = other
        elif draw < _TIE + _LOOK_BACK_APART:
            row["event_time"] = other + look_back
        elif draw < _TIE + _LOOK_BACK_APART + _LATENESS_APART:
            row["event_time"] = other + lateness


def _deliveries(rows: list[Row], rng: np.random.Generator) -> list[Row]:
    delivered = list(rows)
    for row in rows:
        draw = rng.random()
        if draw < _DUPLICATE:
            delivered.append(dict(row))
        elif draw < _DUPLICATE + _OTHER_CONTENT:
            delivered.append({**row, "amount": row["amount"] + 1})
        elif draw < _DUPLICATE + _OTHER_CONTENT + _RETRACTED:
            by_key = {"retracts_key": event_key(row)} if rng.random() < 0.5 else {}
            delivered.append({**row, "kind": "retraction", **by_key})
    return delivered


def event_key(row: Row) -> str:
    """Return the event key of a row, 32 hex digits."""
    record = encode(events_frame([row]), Interner()).records[0]
    return f"{int(record['key_hi']):016x}{int(record['key_lo']):016x}"


def _other_versions(facts: Sequence[Fact], rows: Sequence[Row], rng: np.random.Generator) -> list[Fact]:
    """Return later versions of some facts: numbers changed, known at some event's time."""
    versions: list[Fact] = []
    for fact in facts:
        if rng.random() < _OTHER_PROFILE and any(_is_number(v) for v in fact.values.values()):
            known = rows[int(rng.integers(len(rows)))]["event_time"]
            if known <= fact.known_at:
                continue  # two versions that begin and become known together: the hash would choose
            begin = known if rng.random() < 0.5 else fact.valid_from
            factor = int(rng.integers(2, 5))
            values: dict[str, FactValue] = {
                name: _other_number(fact.table, value, factor) if _is_number(value) else value
                for name, value in fact.values.items()
            }
            versions.append(Fact(fact.table, fact.key, begin, known, values, fact.valid_to))
    return versions


def _other_number(table: str, value: FactValue, factor: int) -> FactValue:
    # Coordinates must stay on the globe.
    return int(str(value)) // factor if table == "place" else int(str(value)) * factor


def _is_number(value: FactValue) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
