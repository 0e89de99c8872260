"""Files in, canonical frames out: by event time over all files, or file by file as they arrived."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow.parquet as pq

from pipeline.ingest.business_day import fill_business_dates
from pipeline.ingest.errors import UnusableInput
from pipeline.ingest.fx import FxTable
from pipeline.ingest.reader import MAX_RAW_BYTES, REJECTED_SCHEMA, ReadBatch, Reader, ReadOptions
from replay.config import ReplayConfig
from replay.spool import TIME, Spool, merge
from typologies.base.encoding import Prepared, prepare
from typologies.base.facts import Fact
from typologies.base.identity import content_hashes
from typologies.base.strings import Int64Array


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file and the reader that reads it."""

    path: Path
    reader: Reader


@dataclass(slots=True)
class Collected:
    """What reading gives beside events. Filled while events are read.

    Attributes
    ----------
    rows_read, rows_rejected, rows_events
        Data rows; what is neither event nor rejected is context or labels.
    n_refused
        Whole files that could not be used.
    """

    rows_read: int = 0
    rows_rejected: int = 0
    rows_events: int = 0
    n_refused: int = 0
    facts: list[Fact] = field(default_factory=list)
    labels: list[pl.DataFrame] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    rejected: list[pl.DataFrame] = field(default_factory=list)

    def take(self, batch: ReadBatch) -> None:
        """Count a batch and keep what is not an event."""
        self.rows_read += batch.rows_read
        self.rows_rejected += batch.rejected.height
        self.rows_events += batch.events.height
        self.facts += batch.facts
        if batch.labels is not None and batch.labels.height:
            self.labels.append(batch.labels)
        if batch.rejected.height:
            self.rejected.append(batch.rejected)
        for note in batch.notes:
            if note not in self.notes:
                self.notes.append(note)

    def refuse(self, path: Path, reason: str) -> None:
        """Keep a whole file that cannot be used among the rejected records; the run goes on with the others."""
        raw = path.open("rb").read(MAX_RAW_BYTES) if path.is_file() else b""
        row = {"source": path.name, "position": None, "reason": reason, "raw": raw}
        self.rejected.append(pl.DataFrame([row], schema=REJECTED_SCHEMA))
        self.n_refused += 1
        self.notes.append(f"{path.name} is left out: {reason}")

    def take_rejected(self) -> pl.DataFrame | None:
        """Return rejected rows gathered since the last call."""
        frames, self.rejected = self.rejected, []
        return pl.concat(frames) if frames else None


class Source:
    """The events of a replay.

    Files that are known to be in time order (canonical Parquet, checked on the time column alone) are read while the
    engine runs. All others are read first, into a spool, because only then their first event is known; their context
    is therefore complete before the first event is judged.

    Parameters
    ----------
    files
        What to read, with readers.
    config
        Time zones, memory and reader options.
    fx
        Rates.
    folder
        Existing folder for what does not fit into memory.
    """

    def __init__(self, files: Sequence[SourceFile], config: ReplayConfig, fx: FxTable, folder: Path) -> None:
        self.files = files
        self._config = config
        self._fx = fx
        self._folder = folder
        self._options = ReadOptions(
            timezone=config.timezone, source=config.source, mapping=config.mapping, extra=dict(config.extra)
        )
        self.collected = Collected()
        self.bytes_done = 0

    def read(self, file: SourceFile) -> Iterator[pl.DataFrame]:
        """Yield the canonical frames of one file, with USD values and business days."""
        try:
            for batch in file.reader.read(file.path, self._options):
                self.collected.take(batch)
                if batch.events.height:
                    yield fill_business_dates(self._fx.apply(batch.events), self._config.business_zone)
        except UnusableInput as error:
            if len(self.files) == 1:
                raise
            self.collected.refuse(file.path, str(error))
        self.bytes_done += file.path.stat().st_size

    def by_event_time(self) -> Iterator[pl.DataFrame]:
        """Yield all events by event time; rows of equal time stay in one frame."""
        streamed = [file for file in self.files if is_sorted_parquet(file.path)]
        spooled = [file for file in self.files if file not in streamed]
        with Spool(self._folder, self._config.memory_bytes) as spool:
            for file in spooled:
                for frame in self.read(file):
                    spool.add(frame)
            if not streamed:
                yield from spool.merged()
            else:
                runs = [self.read(file) for file in streamed]
                yield from merge([spool.merged(), *runs]) if spooled else merge(runs)

    def as_arrived(self) -> Iterator[tuple[str, pl.DataFrame]]:
        """Yield (input, frame) file by file, rows in file order; context files come first."""
        for file in sorted(self.files, key=lambda f: (f.path.suffix not in (".jsonl", ".ndjson"), f.path)):
            for frame in self.read(file):
                yield str(file.path), frame


def is_sorted_parquet(path: Path) -> bool:
    """Return whether the file is Parquet with a time column `event_time` that never goes back."""
    try:
        file = pq.ParquetFile(path)
    except Exception:  # not Parquet, or damaged: its reader says which
        return False
    schema = file.schema_arrow
    if TIME not in schema.names or not str(schema.field(TIME).type).startswith("timestamp"):
        return False
    last: int | None = None
    for batch in file.iter_batches(batch_size=1 << 20, columns=[TIME]):
        series = pl.Series(batch.column(0)).cast(pl.Datetime("us", "UTC")).dt.timestamp("us")
        if series.null_count() or not series.is_sorted():
            return False
        if len(series):
            if last is not None and int(series[0]) < last:
                return False
            last = int(series[-1])
    return True


class RowNumbers:
    """Running numbers among identical rows of one file, for rows without an id (design.md §3).

    Identical rows have the same event time. By event time they stand in one frame, so nothing has to be remembered;
    as they arrived they may stand anywhere, so every distinct row is.
    """

    def __init__(self, *, is_by_event_time: bool) -> None:
        self._is_by_event_time = is_by_event_time
        self._seen: dict[tuple[str, int, int], int] = {}

    def prepare(self, frame: pl.DataFrame) -> Prepared:
        """Return the frame as records, rows without an id numbered."""
        if not frame["event_id"].null_count():
            return prepare(frame)
        content = content_hashes(frame)
        keys = pl.DataFrame({"origin": frame["origin"], "hi": content[:, 0], "lo": content[:, 1]})
        if self._is_by_event_time:
            numbers = (
                keys.select(pl.int_range(pl.len(), dtype=pl.Int64).over("origin", "hi", "lo")).to_series().to_numpy()
            )
        else:
            numbers = self._remembered(keys)
        return prepare(frame, numbers, content)

    def _remembered(self, keys: pl.DataFrame) -> Int64Array:
        numbers = np.empty(keys.height, np.int64)
        for i, key in enumerate(keys.iter_rows()):
            numbers[i] = self._seen.get(key, 0)
            self._seen[key] = int(numbers[i]) + 1
        return numbers
