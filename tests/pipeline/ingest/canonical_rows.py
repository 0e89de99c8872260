"""Canonical rows for tests: readable single rows, and random frames that are valid in every column."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
from hypothesis import strategies as st

from pipeline.ingest.formats.canonical import READER
from pipeline.ingest.reader import ReadBatch, ReadOptions
from pipeline.ingest.typed import READABLE
from pipeline.ingest.validate import LATEST, conform
from typologies.base.events import ENUM_COLUMNS, FRAME_SCHEMA

Row = dict[str, Any]

DAY = datetime(2024, 3, 1, 9, 30, tzinfo=UTC)


def row(**changes: Any) -> Row:
    """Return one plain payment of 10.50 US dollars from A to B, with changes."""
    return {
        "source": "core",
        "event_id": "e1",
        "event_time": DAY,
        "kind": "payment",
        "rail": "wire",
        "debtor_account": "A",
        "creditor_account": "B",
        "amount": 1050,
        "exponent": 2,
        "currency": "USD",
        **changes,
    }


def frame(rows: Sequence[Row]) -> pl.DataFrame:
    """Return rows as a canonical frame; absent columns are null."""
    names = [name for name in FRAME_SCHEMA if any(name in each for each in rows)]
    columns = [pl.Series(name, [each.get(name) for each in rows], dtype=FRAME_SCHEMA[name]) for name in names]
    return conform(pl.DataFrame(columns))


# Text that needs care: quotes, delimiters, other scripts, leading blanks and zeros. No line breaks: ids have none.
IDS = st.text(st.sampled_from("0019 ,;\"'éЖ张#-/|{}\\"), min_size=1, max_size=8).filter(lambda text: text.strip() != "")
TEXTS = st.text(st.sampled_from("ab \n\r\t,\"'é张{}"), min_size=1, max_size=12).filter(lambda text: text.strip() != "")
TIMES = st.integers(0, (LATEST - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)).map(
    lambda micros: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=micros)
)


def _values(name: str) -> st.SearchStrategy[Any]:
    kind = FRAME_SCHEMA[name]
    if name in ENUM_COLUMNS:
        known = [member.name.lower() for member in ENUM_COLUMNS[name] if member.name != "RETRACTION"]
        return st.sampled_from(known)
    if name.endswith("_country"):
        return st.sampled_from(["US", "GB", "CN"])
    if name in {"memo", "debtor_name", "creditor_name"}:
        return TEXTS
    if kind == pl.Boolean:
        return st.booleans()
    if kind == pl.Date:
        return st.dates(date(1970, 1, 1), date(2200, 1, 1))
    return TIMES if isinstance(kind, pl.Datetime) else IDS


_OPTIONAL = [
    name
    for name in READABLE
    if "amount" not in name
    and "exponent" not in name
    and "currency" not in name
    and name not in {"event_time", "kind", "source", "debtor_account", "retracts_key"}
]


@st.composite
def rows(draw: st.DrawFn) -> Row:
    """Draw one valid row with any subset of the optional columns."""
    exponent = draw(st.integers(0, 18))
    made: Row = {
        "source": draw(IDS),
        "event_time": draw(TIMES),
        "kind": draw(_values("kind")),
        "debtor_account": draw(IDS),
        "amount": draw(st.integers(1, 10 ** (15 + exponent))),
        "exponent": exponent,
        "currency": draw(st.sampled_from(["USD", "EUR", "JPY", "BTC", "LTL"])),
    }
    for name in draw(st.lists(st.sampled_from(_OPTIONAL), unique=True, max_size=10)):
        made[name] = draw(_values(name))
    if draw(st.booleans()):
        counter = draw(st.integers(0, 18))
        made["counter_amount"] = draw(st.integers(1, 10 ** (15 + counter)))
        made["counter_exponent"] = counter
        made["counter_currency"] = draw(st.sampled_from(["USD", "EUR"]))
    if draw(st.integers(0, 9)) == 0:
        made["kind"], made["retracts_key"] = "retraction", draw(IDS)
    return made


FRAMES = st.lists(rows(), min_size=1, max_size=6).map(frame)


def read(path: Path, **options: Any) -> ReadBatch:
    """Return all batches of a canonical file as one."""
    return merged(READER.read(path, ReadOptions(**options)))


def merged(batches: Iterable[ReadBatch]) -> ReadBatch:
    """Return batches as one; each must account for its rows."""
    whole = list(batches)
    for batch in whole:
        assert batch.rows_read == batch.events.height + batch.rejected.height + len(batch.facts)
        assert dict(batch.events.schema) == FRAME_SCHEMA
    return ReadBatch(
        events=pl.concat([batch.events for batch in whole]) if whole else pl.DataFrame(schema=FRAME_SCHEMA),
        rejected=pl.concat([batch.rejected for batch in whole]) if whole else pl.DataFrame(),
        rows_read=sum(batch.rows_read for batch in whole),
        facts=[fact for batch in whole for fact in batch.facts],
        notes=[note for batch in whole for note in batch.notes],
    )


def content(events: pl.DataFrame) -> pl.DataFrame:
    """Return events without their places, which belong to the file they came from."""
    return events.drop("origin", "position")
