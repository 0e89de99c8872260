"""Frames from several files merged by event time, in bounded memory (semantics A6).

Frames are gathered into *runs*, each in time order: a frame that begins where a run ends continues it, any other is
sorted and starts one. Runs live in memory until a budget is used up, then in Arrow files of a temporary folder, which
are mapped and read back slice by slice. Merging takes, again and again, everything before the earliest end of the
slices at hand, so rows of equal time always stay together.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import polars as pl

TIME = "event_time"


class _Run:
    """Frames in time order, in memory or on disk."""

    def __init__(self) -> None:
        self.frames: list[pl.DataFrame | Path] = []
        self.last: int | None = None
        self.n_bytes = 0

    def slices(self, rows: int) -> Iterator[pl.DataFrame]:
        """Yield the frames in order, at most `rows` at a time, letting go of each."""
        while self.frames:
            part = self.frames.pop(0)
            frame = part if isinstance(part, pl.DataFrame) else pl.read_ipc(part)
            for start in range(0, frame.height, rows):
                yield frame.slice(start, rows)
            if isinstance(part, Path):
                part.unlink(missing_ok=True)


def _times(frame: pl.DataFrame) -> pl.Series:
    return frame[TIME].dt.timestamp("us")


class Spool:
    """Collects frames in any order and gives them back by event time.

    Parameters
    ----------
    folder
        Existing folder for runs that do not fit.
    memory_bytes
        Budget of rows held in memory.
    slice_rows
        Rows of a run looked at together while merging.
    """

    def __init__(self, folder: Path, memory_bytes: int, slice_rows: int = 131_072) -> None:
        self._folder = folder
        self._budget = memory_bytes
        self._slice_rows = slice_rows
        self._runs: list[_Run] = []
        self._n_bytes = 0
        self._written_files: list[Path] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for path in self._written_files:
            path.unlink(missing_ok=True)

    @property
    def n_spilled(self) -> int:
        """Files written so far."""
        return len(self._written_files)

    def add(self, frame: pl.DataFrame) -> None:
        """Take in a frame; `event_time` must be known in every row."""
        if frame.height == 0:
            return
        times = _times(frame)
        if not times.is_sorted():
            frame = frame.sort(TIME, maintain_order=True)
            times = _times(frame)
        first, last = int(times[0]), int(times[-1])
        run = next((r for r in self._runs if r.last is not None and r.last <= first), None)
        if run is None:
            run = _Run()
            self._runs.append(run)
        size = int(frame.estimated_size())
        run.frames.append(frame)
        run.last = last
        run.n_bytes += size
        self._n_bytes += size
        if self._n_bytes > self._budget:
            self._spill()

    def _spill(self) -> None:
        """Write every frame held in memory to disk, each run's in its order."""
        for run in self._runs:
            run.frames = [self._written(part) for part in _joined(run.frames, self._slice_rows)]
            run.n_bytes = 0
        self._n_bytes = 0

    def _written(self, part: pl.DataFrame | Path) -> Path:
        if isinstance(part, Path):
            return part
        path = self._folder / f"run-{len(self._written_files):06d}.arrow"
        self._written_files.append(path)
        part.write_ipc(path, compression="lz4")
        return path

    def merged(self) -> Iterator[pl.DataFrame]:
        """Yield everything by event time; rows of equal time are never split between two frames."""
        yield from merge([run.slices(self._slice_rows) for run in self._runs])


def _joined(parts: Iterable[pl.DataFrame | Path], rows: int) -> Iterator[pl.DataFrame | Path]:
    """Join neighbouring small frames, so that a file with many small batches does not become many small files."""
    waiting: list[pl.DataFrame] = []
    for part in parts:
        if isinstance(part, pl.DataFrame):
            waiting.append(part)
            if sum(f.height for f in waiting) >= rows:
                yield pl.concat(waiting)
                waiting = []
        else:
            if waiting:
                yield pl.concat(waiting)
                waiting = []
            yield part
    if waiting:
        yield pl.concat(waiting)


class _Head:
    """The slice of one run that is being merged."""

    def __init__(self, slices: Iterator[pl.DataFrame]) -> None:
        self._slices = slices
        self.frame = next(slices, None)
        self._following = next(slices, None)

    @property
    def end(self) -> int | None:
        """Time up to which (excluded) this run's rows are all at hand; None: to the end."""
        if self.frame is None or self._following is None:
            return None
        return int(_times(self.frame)[-1])

    def before(self, limit: int | None) -> pl.DataFrame | None:
        """Take out the rows before `limit` (all rows for None)."""
        frame = self.frame
        if frame is None:
            return None
        if limit is None:
            self.frame = None
            return frame
        n = int(_times(frame).search_sorted(limit, side="left"))
        self.frame = frame.slice(n)
        return frame.slice(0, n) if n else None

    def refill(self) -> None:
        """Append the following slice when what is left cannot move the merge on."""
        if self._following is not None:
            self.frame = self._following if self.frame is None else pl.concat([self.frame, self._following])
            self._following = next(self._slices, None)


def merge(runs: Iterable[Iterator[pl.DataFrame]]) -> Iterator[pl.DataFrame]:
    """Yield the rows of several runs, each in time order, by event time."""
    heads = [head for head in map(_Head, runs) if head.frame is not None]
    while heads:
        ends = [end for head in heads if (end := head.end) is not None]
        limit = min(ends, default=None)
        parts = [part for head in heads if (part := head.before(limit)) is not None and part.height]
        for head in heads:
            if limit is not None and head.end == limit:
                head.refill()
        heads = [head for head in heads if head.frame is not None]
        if parts:
            joined = pl.concat(parts) if len(parts) > 1 else parts[0]
            yield joined.sort(TIME, maintain_order=True) if len(parts) > 1 else joined
